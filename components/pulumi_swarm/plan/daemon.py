"""What the Docker daemon of every node is told before it joins: daemon.json and docker_gwbridge."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from urllib.parse import urlsplit

from .daemon_options import check_known
from .images import OperatingSystem
from .logs import read_log_driver
from .mtu import read_mtu_within
from .overlay import MTU_OPTION
from .ports import GOSSIP_PORT, MANAGEMENT_PORT
from .ranges import DOCKER_BRIDGE, Ranges, gwbridge_of
from .reader import Reader
from .subnets import Subnet

# Engine label of the machines of a pool; placement: engine.labels.swarm.pool==NAME
POOL_LABEL = "swarm.pool"
# Engine label of a machine of a pool that is about to go; managers drain it.
LEAVING_LABEL = "swarm.leaving"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # security groups decide who reaches it
_REGISTRY = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]*(:\d{1,5})?")
INTERFACE_PATTERN = r"[a-zA-Z][a-zA-Z0-9_.-]{0,14}"  # IFNAMSIZ: 15 characters and a zero

# Options of dockerd that have an input of their own here, or that break a swarm's node.
OWN_OPTIONS = {
    "bip": "set bip",
    "default-address-pools": "set defaultAddressPools",
    "network-control-plane-mtu": "set networkControlPlaneMtu",
    "log-driver": "set daemonLogDriver",
    "log-opts": "set daemonLogDriver",
    "registry-mirrors": "set registryMirrors",
    "insecure-registries": "set insecureRegistries",
    "metrics-addr": "set metricsAddr",
    "live-restore": "leave it out: dockerd refuses it in a swarm",
    "hosts": "leave it out: Docker's API is reached by ssh, and is open to no network",
    "cluster-store": "leave it out: it belongs to the swarm before 2016, and dockerd refuses it",
    "cluster-advertise": "set nodeAdvertiseAddrs",
    "swarm-default-advertise-addr": "set nodeAdvertiseAddrs",
    "log-format": "leave it out: machines of pools read what dockerd says of itself",
    "iptables": "leave it out: without its rules no published port and no encryption works",
}
# Those that break it only with a value: {option: (the value that is well, why not another)}.
SAFE_VALUES = {
    "group": ("docker", "the login reaches Docker as a member of docker"),
    "firewall-backend": ("iptables", "swarm works with iptables alone, and no node would join"),
    "ip-forward": (True, "nothing would be routed to or from containers"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GwbridgePlan:
    """The bridge between a node's overlays and its host; made before the node joins (GW-5)."""

    subnet: Subnet
    mtu: int
    icc: bool
    ip_masquerade: bool

    @property
    def options(self) -> dict[str, str]:
        """The bridge driver's options; the first three are those that swarm itself sets."""
        bridge = "com.docker.network.bridge"
        return {
            f"{bridge}.name": "docker_gwbridge",
            f"{bridge}.enable_icc": str(self.icc).lower(),
            f"{bridge}.enable_ip_masquerade": str(self.ip_masquerade).lower(),
            MTU_OPTION: str(self.mtu),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonPlan:
    """What the daemon of every node is told. ``config`` goes into daemon.json."""

    config: Mapping[str, object]
    gwbridge: GwbridgePlan
    listen_addr: str
    data_path_addr: str


def read_daemon(reader: Reader, ranges: Ranges, underlay_mtu: int) -> DaemonPlan:
    """All of it; what is not given is left to Docker, addresses and MTU aside."""
    return DaemonPlan(
        config=_config(reader, ranges, underlay_mtu),
        gwbridge=_gwbridge(reader, ranges, underlay_mtu),
        listen_addr=_listen_addr(reader),
        data_path_addr=reader.text(
            "data_path_addr",
            "",
            pattern=INTERFACE_PATTERN,
            allowed="must be the name of a network interface, such as eth1: it is the same for "
            "all nodes, so it cannot be an address",
            remedy="name the interface, or leave it out for the advertised address",
        ),
    )


def labels_of(daemon: DaemonPlan) -> list[str]:
    """The engine labels of ``daemon_options``."""
    held = daemon.config.get("labels", [])
    return held if isinstance(held, list) else []


def with_labels(daemon: DaemonPlan, labels: Sequence[str]) -> DaemonPlan:
    """The same with these engine labels besides."""
    return replace(daemon, config={**daemon.config, "labels": [*labels_of(daemon), *labels]})


def _config(reader: Reader, ranges: Ranges, underlay_mtu: int) -> dict[str, object]:
    config: dict[str, object] = {
        "network-control-plane-mtu": read_mtu_within(
            reader, "network_control_plane_mtu", underlay_mtu
        )
    }
    if ranges.bip != DOCKER_BRIDGE:
        config["bip"] = str(ranges.bip)
    if ranges.local_pools:
        config["default-address-pools"] = [pool.as_given for pool in ranges.local_pools]
    log_driver = read_log_driver(reader, "daemon_log_driver")
    if log_driver is not None:
        config["log-driver"] = log_driver.name
        config["log-opts"] = dict(log_driver.options)
    lists = {
        "registry-mirrors": _mirrors(reader),
        "insecure-registries": _insecure_registries(reader),
    }
    config |= {name: list(values) for name, values in lists.items() if values}
    metrics = _metrics_addr(reader)
    if metrics:
        config["metrics-addr"] = metrics
    return {**_further(reader, ranges), **config}


def _gwbridge(reader: Reader, ranges: Ranges, underlay_mtu: int) -> GwbridgePlan:
    nested = gwbridge_of(reader)
    return GwbridgePlan(
        subnet=ranges.gwbridge,
        mtu=read_mtu_within(nested, "mtu", underlay_mtu),
        icc=nested.boolean("icc", default=False),
        ip_masquerade=nested.boolean("ip_masquerade", default=True),
    )


def _listen_addr(reader: Reader) -> str:
    """An interface or address, with Docker's port: the firewall opens no other."""
    found = reader.text(
        "listen_addr",
        EVERYWHERE,
        pattern=rf"(0\.0\.0\.0|{INTERFACE_PATTERN})(:{MANAGEMENT_PORT})?",
        allowed="must be 0.0.0.0 or the name of a network interface, such as eth0: it is the same "
        f"for all nodes, and its port is always {MANAGEMENT_PORT}",
        remedy="name the interface, or leave it out",
    )
    return f"{found.partition(':')[0]}:{MANAGEMENT_PORT}"


def _mirrors(reader: Reader) -> tuple[str, ...]:
    """URLs of hosts: on a path or a password dockerd ends at once (moby registry/config.go)."""
    mirrors = reader.strings("registry_mirrors")
    reader.check_items(
        "registry_mirrors",
        mirrors,
        _is_url_of_a_host,
        "must be the URL of a host, such as https://mirror.example.com, without path or password",
        "write scheme, host and port only",
    )
    return mirrors


def _is_url_of_a_host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # no port, or no address in its brackets
        return False
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    return bool(plain) and bare and "@" not in parts.netloc


def _insecure_registries(reader: Reader) -> tuple[str, ...]:
    registries = reader.strings("insecure_registries")
    reader.check_items(
        "insecure_registries",
        registries,
        lambda text: _is_registry(text) or _is_range(text),
        "must be a host, host:port or range, such as registry.internal:5000",
        "write it without scheme and path",
    )
    return registries


def _metrics_addr(reader: Reader) -> str:
    found = reader.text("metrics_addr", "")
    address, _, port = found.rpartition(":")
    if found and not (_is_address(address) and _is_port(port)):
        reader.wrong(
            "metrics_addr",
            "must be an address and port to listen on, such as 0.0.0.0:9323",
            "open the port to your monitoring in the nodes' security groups",
        )
    elif port in (str(MANAGEMENT_PORT), str(GOSSIP_PORT)):
        reader.wrong(
            "metrics_addr",
            f"must not have a port of the swarm's ({MANAGEMENT_PORT}, {GOSSIP_PORT}): one of "
            "the two would not start",
            "choose another port, such as 9323",
        )
    return found


def _further(reader: Reader, ranges: Ranges) -> dict[str, object]:
    if not reader.has("daemon_options"):
        return {}
    text = reader.text("daemon_options", "{}")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        reader.wrong(
            "daemon_options",
            "must be a JSON object, as daemon.json holds it",
            'write it like {"max-concurrent-downloads": 5}',
        )
        return {}
    reader.refuse_entries("daemon_options", found, OWN_OPTIONS)
    check_known(reader, found, OWN_OPTIONS)
    _check_bridge(reader, found, ranges)
    _check_values(reader, found)
    _check_labels(reader, found.get("labels", []))
    return found


def _check_values(reader: Reader, found: Mapping[str, object]) -> None:
    """Options that are well with one value, or on another system, or for other networks."""
    refused = {
        key: f"leave it out: {why}"
        for key, (safe, why) in SAFE_VALUES.items()
        if isinstance(found.get(key), type(safe)) and found[key] != safe
    }
    if reader.text("operating_system", "") == OperatingSystem.AMAZON_LINUX_2023:
        refused["default-ulimits"] = (
            "change OPTIONS in /etc/sysconfig/docker by userDataParts: Amazon Linux has it on "
            "dockerd's command line, which does not start with both"
        )
    defaults = found.get("default-network-opts")
    if isinstance(defaults, dict) and "overlay" in defaults:
        refused["default-network-opts"] = (
            "set the networks' own inputs: each node would make overlays otherwise than declared"
        )
    reader.refuse_entries("daemon_options", found, refused)


def _check_bridge(reader: Reader, found: Mapping[str, object], ranges: Ranges) -> None:
    """What is said of docker0 besides its address, which is part of the address plan."""
    part = found.get("fixed-cidr")
    if isinstance(part, str) and part and "bridge" not in found and not _lies_in(part, ranges.bip):
        reader.problems.add(
            f"{reader.path('daemon_options')}.fixed-cidr",
            part,
            f"must lie in the range of docker0, {ranges.bip.network}",
            "choose a part of it, or set bip",
        )
    if "bridge" in found and ranges.bip != DOCKER_BRIDGE:
        reader.problems.add(
            f"{reader.path('daemon_options')}.bridge",
            found["bridge"],
            f"cannot stand beside bip, which is {ranges.bip}: dockerd does not start with both",
            "leave it out",
        )


def _check_labels(reader: Reader, labels: object) -> None:
    path = f"{reader.path('daemon_options')}.labels"
    if not isinstance(labels, list):
        return  # check_known has said so
    if not all(isinstance(x, str) and "=" in x for x in labels):
        reader.problems.add(
            path, labels, "must be a list of key=value", 'write it like ["disk=fast"]'
        )
    elif {label.partition("=")[0] for label in labels} & {POOL_LABEL, LEAVING_LABEL}:
        reader.problems.add(
            path,
            labels,
            f"must not have {POOL_LABEL} or {LEAVING_LABEL}: managers take nodes with them off the "
            "list when they are down, or drain them",
            "choose another key",
        )


def _lies_in(text: str, bip: IPv4Interface) -> bool:
    try:
        return IPv4Network(text, strict=False).subnet_of(bip.network)
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16


def _is_registry(text: str) -> bool:
    found = _REGISTRY.fullmatch(text)
    return found is not None and _is_port((found[1] or ":443")[1:])


def _is_range(text: str) -> bool:
    try:
        IPv4Network(text)
    except ValueError:
        return False
    return "/" in text
