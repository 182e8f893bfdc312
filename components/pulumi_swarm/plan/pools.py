"""Worker pools that size themselves: auto-scaling groups."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .daemon import LEAVING_LABEL, POOL_LABEL, DaemonPlan, labels_of
from .images import INSTANCE_TYPE_PATTERN, Architecture, architecture
from .machines import DEFAULT_INSTANCE_TYPE
from .nodes import MAX_GENERATION
from .reader import Reader

# It names the group, its template and a label of its nodes, beside the cluster's own name.
POOL_NAME_PATTERN = r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?"
MAX_POOL_SIZE = 1000
MAX_INSTANCE_TYPES = 40  # overrides of a mixed instances policy (EC2 Auto Scaling quotas)
DEFAULT_MIN_HEALTHY_PERCENTAGE = 90  # of an instance refresh, as EC2 Auto Scaling has it
_LABEL_VALUE = re.compile(r"[^\s=]+")

POOL_INPUTS = (
    "name",
    "min_size",
    "max_size",
    "instance_types",
    "on_demand_base_capacity",
    "on_demand_percentage_above_base_capacity",
    "min_healthy_percentage",
    "labels",
    "generation",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """One pool. ``labels`` are the engine labels of its nodes."""

    name: str
    min_size: int
    max_size: int
    instance_types: tuple[str, ...]
    on_demand_base_capacity: int
    on_demand_percentage_above_base_capacity: int
    min_healthy_percentage: int
    labels: Mapping[str, str]
    generation: int

    @property
    def architecture(self) -> Architecture:
        """The processor of all its types."""
        return architecture(self.instance_types[0])

    @property
    def engine_labels(self) -> list[str]:
        """As daemon.json takes them."""
        return [f"{key}={value}" for key, value in self.labels.items()]


def read_pools(reader: Reader) -> tuple[PoolPlan, ...]:
    """The pools, with no name twice."""
    pools = tuple(read_pool(item) for item in reader.each("worker_pools", POOL_INPUTS))
    reader.refuse_repeated("worker_pools", [pool.name for pool in pools])
    return pools


def check_pool_labels(reader: Reader, pools: Sequence[PoolPlan], daemon: DaemonPlan) -> None:
    """A key that every daemon has too: dockerd refuses to start with two values of it."""
    taken = {label.partition("=")[0] for label in labels_of(daemon)}
    for i, pool in enumerate(pools):
        for key in sorted(taken & pool.labels.keys()):
            reader.problems.add(
                f"{reader.path('worker_pools')}[{i}].labels.{key}",
                pool.labels[key],
                "must have another key: every node's daemon has it by daemonOptions, and dockerd "
                "takes it once",
                "choose another key",
            )


def read_pool(reader: Reader) -> PoolPlan:
    """One pool; AWS's own defaults for what is not given, on-demand machines alone among them."""
    name = reader.text(
        "name",
        "",
        pattern=POOL_NAME_PATTERN,
        allowed="must be at most 20 lower-case letters, digits and hyphens, a letter first",
        remedy="choose another name: it names the group and a label of its nodes",
    )
    reader.require(("name", "max_size"), "a pool has a name and an upper bound")
    minimum = _count(reader, "min_size", 0, "machines", "the group never has fewer")
    maximum = _count(reader, "max_size", max(minimum, 1), "machines", "the group never has more")
    if minimum > maximum:
        reader.wrong(
            "min_size",
            f"must be at most maxSize, {maximum}",
            "lower it, or raise maxSize",
            minimum,
        )
    return PoolPlan(
        name=name,
        min_size=minimum,
        max_size=maximum,
        instance_types=_instance_types(reader),
        on_demand_base_capacity=_count(
            reader, "on_demand_base_capacity", 0, "machines", "the first ones, which are no spot"
        ),
        on_demand_percentage_above_base_capacity=_percentage(
            reader, "on_demand_percentage_above_base_capacity", 100, "0 has only spot machines"
        ),
        min_healthy_percentage=_percentage(
            reader,
            "min_healthy_percentage",
            DEFAULT_MIN_HEALTHY_PERCENTAGE,
            "what must stay in service while machines are replaced",
        ),
        labels={POOL_LABEL: name, **_labels(reader)},
        generation=reader.integer(
            "generation",
            1,
            low=1,
            high=MAX_GENERATION,
            unit="generations",
            why="a counter: raising it by one replaces the machines once",
        ),
    )


def _count(reader: Reader, name: str, default: int, unit: str, why: str) -> int:
    return reader.integer(name, default, low=0, high=MAX_POOL_SIZE, unit=unit, why=why)


def _percentage(reader: Reader, name: str, default: int, why: str) -> int:
    return reader.integer(name, default, low=0, high=100, unit="percent", why=why)


def _instance_types(reader: Reader) -> tuple[str, ...]:
    types = reader.strings("instance_types") or (DEFAULT_INSTANCE_TYPE,)
    reader.check_items(
        "instance_types",
        types,
        lambda kind: re.fullmatch(INSTANCE_TYPE_PATTERN, kind) is not None,
        "must be an EC2 instance type, such as t3.small or m7g.large",
        "write family and size with a dot between them",
    )
    reader.refuse_repeated("instance_types", types)
    if len(types) > MAX_INSTANCE_TYPES:
        reader.wrong(
            "instance_types",
            f"must be at most {MAX_INSTANCE_TYPES}, which is what a group takes",
            "leave some out",
            len(types),
        )
    if len({architecture(kind) for kind in types}) > 1:
        reader.wrong(
            "instance_types",
            "must have one processor, since one image serves the pool",
            "make a pool for each",
            list(types),
        )
    return types


def _labels(reader: Reader) -> dict[str, str]:
    labels = reader.string_map("labels")
    taken = {
        POOL_LABEL: "it is the pool's name already",
        LEAVING_LABEL: "managers drain machines that have it",
    }
    reader.refuse_entries("labels", labels, taken)
    for key, value in labels.items():
        if not _LABEL_VALUE.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            reader.problems.add(
                f"{reader.path('labels')}.{key}",
                value,
                "must be key and value without spaces and equals signs: dockerd takes key=value",
                "choose others",
            )
    return labels
