"""Workers are replaced in turn and made side by side: what Rollout answers (QR-11)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.provider import CreateRequest, UpdateRequest

from pulumi_swarm.plan.ports import Role
from pulumi_swarm.provider.resources import SwarmResources
from pulumi_swarm.provider.values import plain_map, property_map
from pulumi_swarm.turns import in_turn, once_done
from tests.unit.inputs import read

URN = "urn:pulumi:s::p::swarm:index:WorkerPool$swarm:index:Rollout::swarm"
FIRST = {"worker-0": "generation 1.1, t3.small", "worker-1": "generation 1.1, t3.small"}
RAISED = {key: text.replace("1.1", "2.1") for key, text in FIRST.items()}


def updated(old: dict[str, Any], machines: dict[str, str], *, preview: bool = False) -> list[str]:
    news = property_map({"machines": machines})
    request = UpdateRequest(URN, "rollout", property_map(old), news, 0.0, [], preview)
    response = asyncio.run(SwarmResources().update(request))
    return list(plain_map(response.properties)["replaced"])


def test_new_workers_wait_for_nobody_also_in_a_preview() -> None:
    for preview in (True, False):
        request = CreateRequest(URN, property_map({"machines": FIRST}), 0.0, preview)
        response = asyncio.run(SwarmResources().create(request))
        assert plain_map(response.properties)["replaced"] == []


def test_those_that_change_are_replaced_in_turn_and_a_preview_knows_qr_11() -> None:
    old = {"machines": FIRST, "replaced": []}
    both = {**RAISED, "worker-2": "generation 2.1, t3.small"}
    assert updated(old, both) == updated(old, both, preview=True) == ["worker-0", "worker-1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"worker_generation": 2},
        {"node_generations": {"worker-0": 2, "worker-1": 2}},
        {"worker_instance_type": "m5.large"},
        {"worker_spot": True},
    ],
)
def test_all_that_replaces_machines_has_them_replaced_in_turn_qr_11(
    changes: dict[str, Any],
) -> None:
    before, after = (read(**c)[0].group(Role.WORKER).machines_by_node for c in ({}, changes))
    assert updated({"machines": before, "replaced": []}, after) == ["worker-0", "worker-1"]


def test_rollout_that_did_not_come_to_its_end_goes_on_in_turn() -> None:
    old = {"machines": RAISED, "replaced": ["worker-0", "worker-1"]}
    again = {**RAISED, "worker-0": "generation 3.1, t3.small"}
    assert updated(old, again) == ["worker-0", "worker-1"]


def test_one_that_is_gone_is_waited_for_by_nobody() -> None:
    old = {"machines": RAISED, "replaced": ["worker-0", "worker-1"]}
    assert updated(old, {"worker-1": RAISED["worker-1"]}) == ["worker-1"]


def test_order_is_that_of_the_workers_whatever_order_the_wire_has() -> None:
    keys = [f"worker-{i}" for i in (10, 2, 0, 11, 1)]
    before = {"machines": dict.fromkeys(keys, "generation 1.1"), "replaced": []}
    after = updated(before, dict.fromkeys(keys, "generation 2.1"))
    assert after == [f"worker-{i}" for i in (0, 1, 2, 10, 11)]


@pytest.mark.parametrize(
    ("parallelism", "follows"),
    [
        (1, {"worker-0": None, "worker-1": "worker-0", "worker-3": "worker-1"}),
        (2, {"worker-0": None, "worker-1": None, "worker-3": "worker-0", "worker-4": "worker-1"}),
        (0, {"worker-3": None, "worker-4": None}),
    ],
)
def test_as_many_are_away_at_once_as_is_said_and_new_ones_wait_for_nobody_qr_11(
    parallelism: int, follows: dict[str, str | None]
) -> None:
    replaced = ["worker-0", "worker-1", "worker-3", "worker-4"]

    async def waits_for(key: str) -> list[str]:
        rollout = SimpleNamespace(replaced=pulumi.Output.from_input(replaced))
        made = {key: key for key in [*replaced, "worker-2"]}
        found = in_turn(rollout, key, parallelism, made)  # type: ignore[arg-type]  # by their names
        return await found.future() or []  # type: ignore[return-value]

    for key, before in {**follows, "worker-2": None}.items():
        assert asyncio.run(waits_for(key)) == ([] if before is None else [before])


def test_nobody_follows_a_node_that_has_not_come_back() -> None:
    """As with --continue-on-error, which lets the program go on without its id."""

    def output(value: Any, *, known: bool = True) -> pulumi.Output[Any]:
        def future(result: Any) -> asyncio.Future[Any]:
            made = asyncio.get_running_loop().create_future()
            made.set_result(result)
            return made

        return pulumi.Output(set(), future(value), future(known))

    async def follows(*, known: bool) -> str | None:
        node = SimpleNamespace(node_id=output("n1", known=known))
        return await once_done(output([node]), "t3.small").future()

    assert asyncio.run(follows(known=True)) == "t3.small"
    with pytest.raises(RuntimeError, match="no other is taken away"):
        asyncio.run(follows(known=False))
