"""What can change while the swarm lives: Docker's ``docker swarm update``, and rotations."""

import base64
import binascii
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from .ports import HTTPS_PORT
from .reader import Reader

# Docker's own defaults (docker swarm init --help).
DEFAULT_CERT_EXPIRY_HOURS = 90 * 24
DEFAULT_TASK_HISTORY_LIMIT = 5
DEFAULT_DISPATCHER_HEARTBEAT_SECONDS = 5
DEFAULT_MAX_SNAPSHOTS = 0
# Not Docker's 10000: a new manager takes in what was agreed on since the last snapshot, some 64 KiB
# of it a second (provider/keeping_up.py), and until then another must not go.
DEFAULT_SNAPSHOT_INTERVAL = 1000

# swarmkit ca/config.go: "minimum certificate expiration"; its root certificate lives for 20 years.
MIN_CERT_EXPIRY_HOURS = 1
MAX_CERT_EXPIRY_HOURS = 10 * 365 * 24
MAX_ROTATION = 1_000_000

_CERTIFICATE = re.compile(
    r"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*"
)


def one_spelling(certificate: str) -> str:
    """A certificate in PEM as Go and OpenSSL write it; empty when it is none.

    Docker takes what it cannot read for no certificate at all, such as one whose lines YAML has
    folded into one.
    """
    found = _CERTIFICATE.fullmatch(certificate)
    if found is None:
        return ""
    try:
        body = base64.b64decode("".join(found[1].split()), validate=True)
    except binascii.Error:
        return ""
    return ssl.DER_cert_to_PEM_cert(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalCa:
    """A certificate authority outside the swarm that signs its nodes' certificates."""

    url: str
    ca_cert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecPlan:
    """What can change while the swarm lives."""

    autolock: bool
    cert_expiry_hours: int
    task_history_limit: int
    dispatcher_heartbeat_seconds: int
    snapshot_interval: int
    max_snapshots: int
    external_cas: tuple[ExternalCa, ...]
    ca_cert: str
    worker_token_rotation: int
    manager_token_rotation: int
    ca_rotation: int

    @property
    def inputs(self) -> dict[str, object]:
        """As SwarmSpec takes it."""
        return {
            "autolock": self.autolock,
            "certExpiryHours": self.cert_expiry_hours,
            "taskHistoryLimit": self.task_history_limit,
            "dispatcherHeartbeatSeconds": self.dispatcher_heartbeat_seconds,
            "snapshotInterval": self.snapshot_interval,
            "maxSnapshots": self.max_snapshots,
            "externalCas": [{"url": ca.url, "caCert": ca.ca_cert} for ca in self.external_cas],
            **({"caCert": self.ca_cert} if self.ca_cert else {}),
            "workerTokenRotation": self.worker_token_rotation,
            "managerTokenRotation": self.manager_token_rotation,
            "caRotation": self.ca_rotation,
        }


def read_spec(reader: Reader) -> SpecPlan:
    """All of it; Docker's defaults for what is not given."""
    external_cas = _external_cas(reader)
    cert_expiry_hours = reader.integer(
        "cert_expiry_hours",
        DEFAULT_CERT_EXPIRY_HOURS,
        low=MIN_CERT_EXPIRY_HOURS,
        high=MAX_CERT_EXPIRY_HOURS,
        unit="hours",
        why="swarm takes no less than one; its own authority lives for twenty years",
    )
    # swarmkit ca/certificates.go: what is asked of an authority outside names no time. (The default
    # may be said: the program's configuration always says it.)
    if reader.has("ca_cert") and cert_expiry_hours != DEFAULT_CERT_EXPIRY_HOURS:
        reader.wrong(
            "cert_expiry_hours",
            "cannot be had with caCert: an authority outside is not told how long",
            "leave it out, and set the expiry of the authority's own profile",
        )
    return SpecPlan(
        autolock=reader.boolean("autolock", default=False),
        cert_expiry_hours=cert_expiry_hours,
        task_history_limit=reader.integer(
            "task_history_limit",
            DEFAULT_TASK_HISTORY_LIMIT,
            low=0,
            high=1000,
            unit="tasks",
            why="each old task stays in the managers' memory",
        ),
        dispatcher_heartbeat_seconds=reader.integer(
            "dispatcher_heartbeat_seconds",
            DEFAULT_DISPATCHER_HEARTBEAT_SECONDS,
            low=1,
            high=60,
            unit="seconds",
            why="a node counts as down after three of them",
        ),
        snapshot_interval=reader.integer(
            "snapshot_interval",
            DEFAULT_SNAPSHOT_INTERVAL,
            low=100,
            high=1_000_000,
            unit="raft entries",
            why="fewer write snapshots all the time, more make managers slow to start",
        ),
        max_snapshots=reader.integer(
            "max_snapshots",
            DEFAULT_MAX_SNAPSHOTS,
            low=0,
            high=100,
            unit="old snapshots",
            why="each is a copy of the swarm's state on the managers' disks",
        ),
        external_cas=external_cas,
        ca_cert=_ca_cert(reader, external_cas),
        worker_token_rotation=_rotation(reader, "worker_token_rotation"),
        manager_token_rotation=_rotation(reader, "manager_token_rotation"),
        ca_rotation=_rotation(reader, "ca_rotation"),
    )


def _rotation(reader: Reader, name: str) -> int:
    return reader.integer(
        name,
        0,
        low=0,
        high=MAX_ROTATION,
        unit="rotations",
        why="a counter: raising it by one rotates once",
    )


def _external_cas(reader: Reader) -> tuple[ExternalCa, ...]:
    found = []
    for item in reader.each("external_cas", ("url", "ca_cert")):
        url = item.text("url", "")
        if not _is_reachable(url):
            item.wrong(
                "url",
                "must be the https URL of a CFSSL signing endpoint at port 443, which nodes may "
                "reach",
                "write it like https://ca.example.com/api/v1/cfssl/sign",
            )
        found.append(ExternalCa(url=url, ca_cert=_certificate(item)))
    return tuple(found)


def _is_reachable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port in (None, HTTPS_PORT)
    except ValueError:  # no number, or no address
        return False


def _ca_cert(reader: Reader, external_cas: tuple[ExternalCa, ...]) -> str:
    """The root certificate whose key is outside; empty when the swarm makes its own."""
    if not reader.has("ca_cert"):
        return ""
    certificate = _certificate(reader)
    if certificate and certificate not in [ca.ca_cert for ca in external_cas]:
        reader.wrong(
            "ca_cert",
            "must be the caCert of one of externalCas, or nobody could sign with it",
            "add its authority to externalCas",
            "(a certificate)",
        )
    return certificate


def _certificate(reader: Reader) -> str:
    """A certificate in one spelling; empty after a mistake."""
    certificate = one_spelling(reader.text("ca_cert", ""))
    if not certificate:
        reader.wrong(
            "ca_cert",
            "must be the authority's certificate in PEM, with its first and last line",
            "give the contents of its .pem file, never its key",
            "(no certificate)",  # it may be a private key: an error must not show it
        )
    return certificate
