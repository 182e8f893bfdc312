"""An overlay network as declared: reading, checking, and the options Docker gets."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .mtu import MIN_MTU, inside_overlay, is_left_to_us, read_mtu, read_mtu_within
from .problems import Problems
from .reader import Reader
from .subnets import AUX_REFUSED, SUBNET_KEYS, Need, Subnet, check_room, read_subnet

# moby daemon/network: names that the engine keeps for its own networks (VI-7).
RESERVED_NAMES = {
    "bridge": "set bip for the default bridge",
    "container": "choose another name",
    "default": "choose another name",
    "docker_gwbridge": "set dockerGwbridge, which is made on every node before it joins",
    "host": "choose another name",
    "ingress": "set ingress, which is made with the swarm",
    "none": "choose another name",
}
# These are in swarmkit's store, which compares names without their case.
NAMES_IN_STORE = ("bridge", "host", "ingress")
# swarmkit manager/controlapi: "name must be valid as a DNS name component"; found by asking it.
NAME_PATTERN = r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?"

MTU_OPTION = "com.docker.network.driver.mtu"
ENCRYPTED_OPTION = "encrypted"
# What else moby's libnetwork reads of an overlay: direct server return, and how often and how far
# apart (ms) a container's address is announced (network_unix.go).
# {option: (the form of its value, the same in words)}
FURTHER_OPTIONS = {
    "dsr": ("|true", "true, or empty: it is on by being there"),
    "com.docker.network.advertise_addr_nmsgs": ("[0-3]", "a number of messages from 0 to 3"),
    "com.docker.network.advertise_addr_ms": (
        r"[1-9]\d\d|1\d\d\d|2000",
        "a number of milliseconds from 100 to 2000",
    ),
}
VNI_OPTION = "com.docker.network.driver.overlay.vxlanid_list"

PREDEFINED_LABEL = "com.docker.swarm.predefined"

OWN_OPTIONS = {
    MTU_OPTION: "set mtu",
    ENCRYPTED_OPTION: "set encrypted",
    "secure": "set encrypted",
    VNI_OPTION: "leave it out: swarm numbers networks, and a chosen number can be taken twice",
}

KNOWN = (
    "name",
    "attachable",
    "internal",
    "encrypted",
    *SUBNET_KEYS,
    "subnets",
    "ipv6",
    "mtu",
    "labels",
    "driver_options",
    "planned_services",
    "planned_tasks",
)

REFUSED = {
    "driver": "every network here is an overlay; for another driver use docker.Network itself",
    "scope": "an overlay of a swarm always has scope swarm; leave it out",
    "ingress": "the ingress network is made with the swarm: set ingress of the cluster",
    "aux_address": AUX_REFUSED,
    "aux_addresses": AUX_REFUSED,
    "config_only": "swarm has no networks of single nodes; make it on the nodes themselves",
    "config_from": "swarm has no networks of single nodes; make it on the nodes themselves",
}

MAX_PLANNED = 1 << 16  # what a /16 holds; swarm manages no larger network well


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """A user-defined overlay network. ``mtu`` is that of the path below it, as Docker takes it."""

    name: str
    attachable: bool
    internal: bool
    encrypted: bool
    subnets: tuple[Subnet, ...]
    mtu: int | None
    labels: Mapping[str, str]
    driver_options: Mapping[str, str]

    @property
    def options(self) -> dict[str, str]:
        """The driver's options. Docker tests ``encrypted`` for presence, not value (ES-6)."""
        return driver_options(encrypted=self.encrypted, mtu=self.mtu, further=self.driver_options)

    @property
    def options_fingerprint(self) -> str:
        """The options in one canonical spelling, to tell a change from swarm's own additions."""
        return json.dumps(self.options, sort_keys=True)

    @property
    def container_mtu(self) -> int | None:
        """What a container on it gets; None when Docker's default applies (MT-1)."""
        return None if self.mtu is None else inside_overlay(self.mtu, encrypted=self.encrypted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a network's checks need to know of the swarm it is in."""

    nodes: int
    underlay_mtu: int
    subnet_size: int


def driver_options(
    *, encrypted: bool, mtu: int | None, further: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The overlay driver's options in Docker's words."""
    options = dict(further or {})
    if encrypted:
        options[ENCRYPTED_OPTION] = ""
    if mtu is not None:
        options[MTU_OPTION] = str(mtu)
    return options


def read_overlay(
    values: object, problems: Problems, prefix: str = "", swarm: Surroundings | None = None
) -> Overlay:
    """Read one declaration; mistakes go to ``problems``.

    With a ``swarm`` around it, the network gets the path's MTU and is held
    against the number of nodes; alone, it gets Docker's default of 1500.
    """
    reader = Reader(values, KNOWN, problems, prefix, REFUSED)
    subnets = _subnets(reader)
    if swarm is not None:
        mtu: int | None = read_mtu_within(reader, "mtu", swarm.underlay_mtu)
        _check_room(reader, subnets, swarm)
    else:
        mtu = None if is_left_to_us(reader, "mtu") else read_mtu(reader, "mtu", MIN_MTU)
    if reader.boolean("ipv6", default=False):
        reader.wrong(
            "ipv6",
            "must be false: no released engine, up to 29.9, carries IPv6 on an overlay "
            "(moby/moby#52469, #52981)",
            "leave it out, and let a proxy at the edge speak IPv6",
        )
    return Overlay(
        name=_name(reader),
        attachable=reader.boolean("attachable", default=False),
        internal=reader.boolean("internal", default=False),
        encrypted=reader.boolean("encrypted", default=False),
        subnets=subnets,
        mtu=mtu,
        labels=_labels(reader),
        driver_options=_driver_options(reader),
    )


def _name(reader: Reader) -> str:
    if not reader.require(("name",), "name the network"):
        return ""
    name = reader.text(
        "name",
        "",
        pattern=NAME_PATTERN,
        allowed="must be at most 63 letters, digits, _ and -, with a letter or digit at both ends",
        remedy="choose another name",
    )
    taken = name.lower() if name.lower() in NAMES_IN_STORE else name
    if taken in RESERVED_NAMES:
        reserved = ", ".join(sorted(RESERVED_NAMES))
        reader.wrong(
            "name",
            f"must not be one of Docker's own ({reserved}), and {', '.join(NAMES_IN_STORE)} in "
            "whatever case",
            RESERVED_NAMES[taken],
        )
    return name


def _subnets(reader: Reader) -> tuple[Subnet, ...]:
    """One subnet by itself, or several in a list."""
    for name in SUBNET_KEYS:
        if reader.has("subnets") and reader.has(name):
            reader.wrong(name, "cannot stand beside subnets", "move it into the list")
            return ()
    if not reader.has("subnets"):
        subnet = read_subnet(reader)
        return () if subnet is None else (subnet,)
    found = []
    for item in reader.each("subnets", SUBNET_KEYS, REFUSED):
        item.require(("subnet",), "write the range, such as 10.210.0.0/24")
        subnet = read_subnet(item)
        if subnet is not None:
            found.append(subnet)
    return tuple(found)


def _check_room(reader: Reader, subnets: tuple[Subnet, ...], swarm: Surroundings) -> None:
    tasks = reader.integer(
        "planned_tasks",
        max(swarm.nodes, 1),
        low=1,
        high=MAX_PLANNED,
        unit="tasks and containers",
        why="at the same time, on this network",
    )
    services = reader.integer(
        "planned_services",
        1,
        low=0,
        high=MAX_PLANNED,
        unit="services",
        why="each takes a virtual IP",
    )
    need = Need(nodes=swarm.nodes, services=services, tasks=tasks)
    if subnets:
        single = "ip_range" if reader.has("ip_range") else "subnet"
        check_room(
            reader,
            "subnets" if reader.has("subnets") else single,
            subnets,
            need,
            "choose a larger range, or say in plannedServices and plannedTasks that less is needed",
        )
        return
    free = (1 << (32 - swarm.subnet_size)) - 3  # network address, broadcast, gateway
    if free < need.total:
        reader.wrong(
            "subnet",
            f"must be given: it must hold {need}, and a network of /{swarm.subnet_size} from the "
            f"pool has {free}",
            "give the network a larger subnet of its own, or a shorter subnetSize",
        )


def _labels(reader: Reader) -> dict[str, str]:
    labels = reader.string_map("labels")
    reader.refuse_entries(
        "labels", labels, {PREDEFINED_LABEL: "swarm keeps it for networks of its own"}
    )
    return labels


def _driver_options(reader: Reader) -> dict[str, str]:
    found = reader.string_map("driver_options")
    reader.refuse_entries("driver_options", found, OWN_OPTIONS)
    for key in sorted(found.keys() - OWN_OPTIONS.keys()):
        path = f"{reader.path('driver_options')}.{key}"
        form, in_words = FURTHER_OPTIONS.get(key, ("", ""))
        if not in_words:
            reader.problems.add(
                path,
                found[key],
                "is not an option of Docker's overlay driver, which would ignore it",
                f"leave it out; there are {', '.join(FURTHER_OPTIONS)}, and what else the driver "
                "reads has an input of its own",
            )
        elif not re.fullmatch(form, found[key]):
            reader.problems.add(
                path,
                found[key],
                f"must be {in_words}",
                "correct the value",
            )
    return found
