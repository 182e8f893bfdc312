"""Log drivers: those of the daemons, and that of the swarm's tasks."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .machines import engine_is_at_least
from .reader import Reader

# Docker, "Configure logging drivers". A plugin has an owner or a tag in its name.
BUILT_IN_DRIVERS = (
    "none",
    "local",
    "json-file",
    "syslog",
    "journald",
    "gelf",
    "fluentd",
    "awslogs",
    "splunk",
    "gcplogs",
)
_PLUGIN = r"[a-z0-9][a-z0-9._-]*(/[a-z0-9._-]+)+(:[\w.-]+)?|[a-z0-9][a-z0-9._-]*:[\w.-]+"

_DELIVERY_OPTIONS = {"mode", "max-buffer-size"}
_NAMING_OPTIONS = {"tag", "labels", "labels-regex", "env", "env-regex"}
_FILE_OPTIONS = {*_DELIVERY_OPTIONS, "max-size", "max-file", "compress"}
_SENDING_OPTIONS = {*_DELIVERY_OPTIONS, *_NAMING_OPTIONS}


def _named(prefix: str, *names: str) -> set[str]:
    return {f"{prefix}-{name}" for name in names}


# moby daemon/logger: ValidateLogOpt of each, of all engines to 29. What they keep of their logs to
# be read on the node (cache-...) is no driver's own.
_OPTIONS = {
    "json-file": {*_NAMING_OPTIONS, *_FILE_OPTIONS},
    "local": _FILE_OPTIONS,
    "journald": _SENDING_OPTIONS,
    "syslog": {
        *_SENDING_OPTIONS,
        *_named("syslog", "address", "facility", "format"),
        *_named("syslog-tls", "ca-cert", "cert", "key", "skip-verify"),
    },
    "gelf": {
        *_SENDING_OPTIONS,
        *_named("gelf", "address", "compression-level", "compression-type"),
        *_named("gelf-tcp", "max-reconnect", "reconnect-delay"),
    },
    "fluentd": {
        *_SENDING_OPTIONS,
        *_named("fluentd", "address", "async", "async-connect", "async-reconnect-interval"),
        *_named("fluentd", "buffer-limit", "max-retries", "request-ack", "retry-wait"),
        *_named("fluentd", "sub-second-precision", "read-timeout", "write-timeout"),
    },
    "awslogs": {
        *_DELIVERY_OPTIONS,
        "tag",
        *_named(
            "awslogs", "region", "endpoint", "group", "stream", "create-group", "create-stream"
        ),
        *_named("awslogs", "datetime-format", "multiline-pattern", "credentials-endpoint"),
        *_named("awslogs", "force-flush-interval-seconds", "max-buffered-events", "format"),
        *_named("awslogs-entity", "service-name", "environment", "attributes"),
    },
    "splunk": {
        *_SENDING_OPTIONS,
        *_named("splunk", "url", "token", "source", "sourcetype", "index", "capath", "caname"),
        *_named("splunk", "insecureskipverify", "format", "verify-connection", "gzip"),
        *_named("splunk", "gzip-level", "index-acknowledgment"),
    },
    "gcplogs": {
        *_DELIVERY_OPTIONS,
        *(_NAMING_OPTIONS - {"tag"}),
        *_named("gcp", "project", "log-cmd", "meta-zone", "meta-name", "meta-id"),
    },
}
_CACHE_OPTION = re.compile(r"cache-(disabled|max-size|max-file|compress)")
# Without these dockerd, or no container, starts.
_NEEDED = {
    "awslogs": ("awslogs-group",),
    "gelf": ("gelf-address",),
    "splunk": ("splunk-url", "splunk-token"),
}
_LOCAL_NAMES_ENGINE = (29,)  # from it on, local takes what json-file takes
_OPTION_FORMS = {
    "max-size": (
        r"(?=.*[1-9])\d+(\.\d+)? ?[kmgtKMGT]?[bB]?",
        "a number of bytes, or of k, m, g or t, such as 10m",
    ),
    "max-file": (r"[1-9]\d*", "a whole number from 1"),
    "compress": (r"true|false", "true or false"),
    "mode": (r"(non-)?blocking|", "blocking or non-blocking"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogDriver:
    """A log driver with its options."""

    name: str
    options: Mapping[str, str]


def read_log_driver(reader: Reader, name: str) -> LogDriver | None:
    """A driver and its options; None when it is not given."""
    if not reader.has(name):
        return None
    nested = reader.nested(name, ("name", "options"))
    nested.require(("name",), f"name one of {', '.join(BUILT_IN_DRIVERS)}")
    driver = nested.text("name", "")
    if nested.has("name") and driver not in BUILT_IN_DRIVERS and not re.fullmatch(_PLUGIN, driver):
        nested.wrong(
            "name",
            f"must be one of {', '.join(BUILT_IN_DRIVERS)}, or a plugin such as owner/name:tag",
            "choose one of them: dockerd does not start with a driver it does not know",
        )
    options = nested.string_map("options")
    known = _OPTIONS.get(driver)
    if driver == "local" and engine_is_at_least(
        reader.text("engine_version", ""), _LOCAL_NAMES_ENGINE
    ):
        known = _OPTIONS["json-file"]
    if known is not None:
        _check_each(nested, driver, options, known)
    _check_together(nested, driver, options)
    return LogDriver(name=driver, options=options)


def _check_each(
    nested: Reader, driver: str, options: Mapping[str, str], known: Collection[str]
) -> None:
    """By name and value; dockerd does not start with another name."""
    for key, value in options.items():
        path = f"{nested.path('options')}.{key}"
        form, allowed = _OPTION_FORMS.get(key, ("(?s:.*)", ""))
        if key not in known and not _CACHE_OPTION.fullmatch(key):
            remedy = f"choose one of {', '.join(sorted(known))}"
            nested.problems.add(path, value, f"is not an option of {driver}", remedy)
        elif not re.fullmatch(form, value):
            nested.problems.add(path, value, f"must be {allowed}", "correct the value")
    for needed in _NEEDED.get(driver, ()):
        if not options.get(needed):
            path = f"{nested.path('options')}.{needed}"
            nested.problems.add(
                path, None, f"must be given: {driver} does not log without", "set it"
            )


def _check_together(nested: Reader, driver: str, options: Mapping[str, str]) -> None:
    """Options that are well alone; together nothing starts with them, or no file is rotated."""
    path = f"{nested.path('options')}.{{}}".format
    if "max-buffer-size" in options and options.get("mode") != "non-blocking":
        nested.problems.add(
            path("max-buffer-size"),
            options["max-buffer-size"],
            "needs mode non-blocking: dockerd does not start without",
            "set mode to non-blocking, or leave it out",
        )
    one_file = options.get("max-file", "1") == "1"
    if driver == "json-file":
        if "max-file" in options and "max-size" not in options:
            nested.problems.add(
                path("max-file"),
                options["max-file"],
                "needs max-size: without one no file is ever full",
                "give max-size, such as 10m",
            )
        if options.get("compress") == "true" and (one_file or "max-size" not in options):
            nested.problems.add(
                path("compress"),
                "true",
                "needs max-size, and max-file of at least 2: no container would start",
                "give both, or leave compress out",
            )
    unpacked = options.get("compress") == "false"
    if driver == "local" and "max-file" in options and one_file and not unpacked:
        nested.problems.add(
            path("max-file"),
            options["max-file"],
            "must be at least 2 unless compress is false: no container would start",
            "raise it, or set compress to false",
        )
