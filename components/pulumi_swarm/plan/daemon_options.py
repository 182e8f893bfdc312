"""Further options of daemon.json: which there are, and of what kind each is."""

from collections.abc import Mapping

from .reader import Reader

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    str: "a string",
    list: "a list of strings",
    dict: "an object",
}
_BY_KIND: Mapping[type, str] = {
    bool: """
        allow-direct-routing cri-containerd debug experimental icc init ip-forward
        ip-forward-no-drop ip-masq ip6tables ipv6 no-new-privileges raw-logs rootless
        selinux-enabled tls tlsverify userland-proxy
    """,
    int: """
        cpu-rt-period cpu-rt-runtime default-stop-timeout max-concurrent-downloads
        max-concurrent-uploads max-download-attempts mtu network-diagnostic-port oom-score-adjust
        shutdown-timeout
    """,
    str: """
        api-cors-header apparmor-profile bip6 bridge bridge-accept-fwmark cgroup-parent containerd
        containerd-namespace containerd-plugins-namespace data-root default-cgroupns-mode
        default-gateway default-gateway-v6 default-ipc-mode default-runtime default-shm-size
        deprecated-key-path exec-root firewall-backend fixed-cidr fixed-cidr-v6 graph group
        host-gateway-ip init-path ip log-level min-api-version pidfile seccomp-profile
        storage-driver tlscacert tlscert tlskey userland-proxy-path userns-remap
    """,
    list: """
        allow-nondistributable-artifacts authorization-plugins cdi-spec-dirs dns dns-opts
        dns-search exec-opts extension-dirs host-gateway-ips labels node-generic-resources
        storage-opts
    """,
    dict: """
        builder default-network-opts default-ulimits extension-config features nri-opts proxies
        runtimes
    """,
}
# moby daemon/config and daemon/command, 20.10 to 29: dockerd does not start with another key, nor
# with a value of another kind. Some came or went between; which engine will read them is not known
# here, so all are taken.
OPTIONS: Mapping[str, type] = {
    name: kind for kind, names in _BY_KIND.items() for name in names.split()
}
# dockerd starts with these, and reads none of them.
IGNORED = dict.fromkeys(
    ("http-proxy", "https-proxy", "no-proxy"),
    'write it in proxies, such as {"proxies": {"http-proxy": "http://..."}}',
)


def check_known(reader: Reader, found: Mapping[str, object], elsewhere: Mapping[str, str]) -> None:
    """Refuse what no dockerd knows. ``elsewhere`` are options that are refused with a reason."""
    reader.refuse_entries("daemon_options", found, IGNORED)
    for key in sorted(found.keys() - elsewhere.keys() - IGNORED.keys()):
        path, kind = f"{reader.path('daemon_options')}.{key}", OPTIONS.get(key)
        if kind is None:
            reader.problems.add(
                path,
                found[key],
                "is no option of dockerd, which does not start with one that it does not know",
                "correct the name: see 'Daemon configuration file' of Docker's reference",
            )
        elif not _is_of(kind, found[key]):
            reader.problems.add(
                path,
                found[key],
                f"must be {_KINDS[kind]}: dockerd does not start with another",
                "correct the value",
            )


def _is_of(kind: type, value: object) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
