"""What happens to a swarm that lives: it grows, is replaced and loses machines, and comes back."""

import json
from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest

from lab.settings import BUSYBOX_IMAGE
from tests.lab.asking import SERVE, asked_from_outside, site_on_workers
from tests.lab.cloud import LocalCloud, Stack, boothook, eventually, slow_boot
from tests.lab.containers import MANAGER, container, inspect, networks, pings, ready, stopped

NODE = "swarm:index:Node"
LOST = ("swarm-manager-1", "swarm-manager-2")


EVERYONE = sorted([MANAGER, *LOST, "swarm-worker-0", "swarm-worker-1"])


def listed(cloud: LocalCloud) -> list[str]:
    names = cloud.on(MANAGER, "docker", "node", "ls", "--format", "{{.Hostname}}")
    return sorted(names.split())


def test_quorum_lost_for_good_is_mended_as_the_message_says_qr_2(
    stack: Stack, swarm: LocalCloud
) -> None:
    before = networks(swarm, MANAGER)
    hosts = swarm.hosts()
    swarm.aws("ec2").terminate_instances(InstanceIds=[hosts[name]["instance"] for name in LOST])
    eventually(lambda: not swarm.succeeds(MANAGER, "docker", "node", "ls"), 60, "it is noticed")
    refused = stack.attempt("refresh")
    assert "the swarm has lost its quorum" in refused.stdout + refused.stderr
    stack.login(MANAGER, "docker", "swarm", "init", "--force-new-cluster")
    stack.refresh()
    stack.up()
    assert stack.preview() == {}
    assert networks(swarm, MANAGER) == before
    eventually(lambda: sorted(ready(swarm)) == EVERYONE, 60, "all are ready")
    assert listed(swarm) == EVERYONE  # and nobody else is on the list
    with container(swarm, "swarm-worker-1", "far", "shared") as address:
        ping = ("ping", "-c1", "-w20", address)
        run = ("docker", "run", "--rm", "--network", "shared", BUSYBOX_IMAGE, *ping)
        swarm.on("swarm-manager-2", *run)


def test_machines_that_aws_ended_are_made_again_by_refresh_and_up_and_nobody_stays_listed_qr_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    ended = (LOST[0], "swarm-worker-0")
    before, overlays = stack.outputs()["node_ids"], networks(swarm, MANAGER)
    hosts = swarm.hosts()
    swarm.aws("ec2").terminate_instances(InstanceIds=[hosts[name]["instance"] for name in ended])
    eventually(lambda: not set(ended) & swarm.hosts().keys(), 30, "their machines are gone")
    eventually(lambda: len(ready(swarm)) == len(EVERYONE) - 2, 60, "managers have noticed")
    stack.refresh()
    stack.up()
    assert stack.preview() == {}
    eventually(lambda: sorted(ready(swarm)) == EVERYONE, 60, "all are ready")
    assert listed(swarm) == EVERYONE
    assert reachable_managers(swarm) == 3
    assert networks(swarm, MANAGER) == overlays
    after = stack.outputs()["node_ids"]
    assert {key for key in before if before[key] != after[key]} == {"manager-1", "worker-0"}


def test_fewer_managers_are_refused_at_preview_while_one_that_stays_is_away_qr_2(
    stack: Stack, swarm: LocalCloud
) -> None:
    """Without it, the two that answer would leave the swarm to the one that does not."""
    with stopped(swarm, "docker.socket", "docker", hosts=[MANAGER]):
        by_another = ("docker", "node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}")
        eventually(
            lambda: f"{MANAGER} Unreachable" in swarm.on(LOST[0], *by_another, check=False),
            60,
            "the others have noticed",
        )
        stack.configure(managerCount=1)
        refused = stack.pulumi("preview", "--stack", stack.name, check=False)
        said = refused.stdout + refused.stderr
        assert refused.returncode != 0, said
        assert "managerCount cannot be 1 now" in said
        assert "The safe way: raise nodeGenerations" in said
    stack.configure()
    assert stack.preview() == {}


def test_machine_that_is_late_is_finished_by_the_next_update_qr_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    stack.configure(workerCount=3, bootTimeoutSeconds=60, userDataParts=slow_boot(80))
    failed = stack.attempt("up")
    text = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "was not a ready worker after 60 s" in text
    (late,) = [
        r for r in stack.resources() if r["urn"].endswith("swarm:index:Node::swarm-worker-2")
    ]
    assert late["outputs"]["nodeId"] == ""
    assert stack.preview()[NODE, "swarm-worker-2"] == "update"
    stack.up()
    assert stack.preview() == {}
    assert listed(swarm).count("swarm-worker-2") == 1
    stack.configure()
    stack.up()
    assert listed(swarm) == EVERYONE


def test_machine_that_is_late_and_not_wanted_any_more_leaves_nothing_qr_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    stack.configure(workerCount=3, bootTimeoutSeconds=60, userDataParts=slow_boot(80))
    stack.attempt("up")
    # By now it joins, with nobody waiting for it.
    eventually(lambda: "swarm-worker-2" in ready(swarm), 60, "it joins late")
    stack.configure()
    stack.up()
    assert listed(swarm) == EVERYONE
    assert stack.preview() == {}


def reachable_managers(cloud: LocalCloud) -> int:
    listing = cloud.on(MANAGER, "docker", "node", "ls", "--format", "{{.ManagerStatus}}")
    return sum(line in ("Leader", "Reachable") for line in listing.splitlines())


@pytest.mark.parametrize(("managers", "workers"), [(5, 0), (3, 4), (1, 2), (3, 2)], ids=str)
def test_swarm_grows_and_shrinks_in_one_update_and_keeps_its_quorum_qr_2(
    stack: Stack, swarm: LocalCloud, managers: int, workers: int
) -> None:
    before = networks(swarm, MANAGER)
    stack.configure(managerCount=managers, workerCount=workers)
    stack.up()
    wanted = [f"swarm-manager-{i}" for i in range(managers)]
    wanted += [f"swarm-worker-{i}" for i in range(workers)]
    assert listed(swarm) == wanted
    eventually(lambda: sorted(ready(swarm)) == wanted, 30, "all are ready")
    assert reachable_managers(swarm) == managers
    assert networks(swarm, MANAGER) == before
    assert stack.preview() == {}
    stack.keep(managerCount=managers, workerCount=workers)


# Asks by name as clients do, each address that it leads to until one answers, and again when none
# does. For a moment names lead to a task that has ended: until Docker's gossip has reached a node.
GET = r"""
addresses() {
  nslookup tasks.web 127.0.0.11 | awk '/^Name:/ { named = 1 } named && /^Address/ { print $NF }'
}
get() {
  found=$(addresses)
  for address in $found; do
    printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 "$address" 80 | grep -q here && return
  done
  return 1
}
"""
ASK = """
try() {
  get && return
  echo "$(date +%T) request $asked: no answer from" $found >>/failed
  sleep 1
  return 1
}
asked=0 lost=0
while [ ! -e /stop ] && [ $asked -lt 3000 ]; do
  asked=$((asked + 1))
  try || try || try || lost=$((lost + 1))
  echo "$asked $lost" >/count
  sleep 0.1
done
"""


def gossip(cloud: LocalCloud) -> str:
    """Whom the client's node took for lost or back, of late: names go and come with them."""
    since = ("journalctl", "--unit=docker", "--since=-5min", "--output=short", "--no-pager")
    return cloud.on(MANAGER, *since, "--grep=memberlist|node .* (join|left|fail)", check=False)


@pytest.fixture
def published_port(stack: Stack, swarm: LocalCloud) -> Iterator[int]:
    """A port that each worker's own task of a service answers at, and that the firewall opens."""
    with site_on_workers(stack, swarm) as port:
        yield port


def test_services_answer_while_every_worker_is_replaced_in_turn_qr_11(
    stack: Stack, swarm: LocalCloud, published_port: int
) -> None:
    """By name from inside, and at a published port from outside."""
    stack.configure(workerCount=3)
    stack.up()
    options = ("--network", "shared", "--endpoint-mode", "dnsrr", "--replicas", "2")
    place = ("--constraint", "node.role==worker", "--update-order", "start-first")
    create = ("docker", "service", "create", "-d", "--name", "web", *options, *place)
    swarm.on(MANAGER, *create, BUSYBOX_IMAGE, "sh", "-c", SERVE)
    with container(swarm, MANAGER, "client", "shared"):
        ask = ("docker", "exec", "client", "sh", "-c", f"{GET}\nget")
        eventually(lambda: swarm.succeeds(MANAGER, *ask), 30, "it answers")
        swarm.on(MANAGER, "docker", "exec", "-d", "client", "sh", "-c", GET + ASK)
        stack.configure(workerCount=3, workerGeneration=2)
        with asked_from_outside(swarm, published_port) as outside:
            eventually(lambda: outside.asked > 3, 30, "it is asked")
            assert outside.lost == 0
            said = stack.up()
        swarm.on(MANAGER, "docker", "exec", "client", "touch", "/stop")
        count = swarm.on(MANAGER, "docker", "exec", "client", "cat", "/count")
        show = ("docker", "exec", "client", "cat", "/failed")
        failed = swarm.on(MANAGER, *show, check=False)
    swarm.on(MANAGER, "docker", "service", "rm", "web")
    asked, lost = map(int, count.split())
    assert lost == 0, f"{lost} of {asked} requests were lost: {failed}{gossip(swarm)}"
    assert asked > 50
    assert outside.asked > 50
    assert 0 < outside.asked_again < outside.asked  # a node that is replaced does not answer
    assert outside.lost == 0, outside
    # One is not touched before the one before has its successor in the swarm.
    for before, after in (("worker-0", "worker-1"), ("worker-1", "worker-2")):
        assert said.index(f"Node swarm-{before} created") < said.index(
            f"Node swarm-{after} deleting"
        )
    # They waited, but do not depend on each other: a destroy need not go one by one.
    (second,) = [r for r in stack.resources() if r["urn"].endswith(":Instance::swarm-worker-1")]
    assert not [d for d in second["dependencies"] if d.endswith("swarm-worker-0")]
    stack.keep(workerGeneration=2)
    stack.up()
    assert listed(swarm) == EVERYONE
    assert stack.preview() == {}


def test_workers_are_replaced_all_at_once_when_that_is_asked_for(
    stack: Stack, swarm: LocalCloud
) -> None:
    stack.configure(workerGeneration=3, workerParallelism=0)
    said = stack.up()
    both = [said.index(f"Node swarm-worker-{i} deleted") for i in (0, 1)]
    assert max(both) < min(said.index(f"Node swarm-worker-{i} created") for i in (0, 1))
    assert listed(swarm) == EVERYONE
    stack.keep(workerGeneration=3)


def node(cloud: LocalCloud, name: str) -> Any:
    return json.loads(cloud.on(MANAGER, "docker", "node", "inspect", name))[0]["Spec"]


@pytest.mark.parametrize(
    ("name", "by_hand", "key", "put_back"),
    [
        ("swarm-worker-0", ("update", "--availability", "drain"), "Availability", "active"),
        ("swarm-manager-2", ("demote",), "Role", "manager"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_node_changed_by_hand_is_named_by_refresh_and_mended_in_place(
    stack: Stack, swarm: LocalCloud, name: str, by_hand: tuple[str, ...], key: str, put_back: str
) -> None:
    before = stack.outputs()["node_ids"]
    swarm.on(MANAGER, "docker", "node", *by_hand, name)
    stack.refresh()
    assert stack.preview() == {(NODE, name): "update"}
    stack.up()
    assert node(swarm, name)[key] == put_back
    assert stack.outputs()["node_ids"] == before
    eventually(lambda: reachable_managers(swarm) == 3, 60, "there are three managers")
    assert stack.preview() == {}


@pytest.mark.parametrize("name", ["swarm-worker-1", "swarm-manager-2"])
def test_node_removed_by_hand_is_named_by_refresh_and_let_in_again_by_up_qr_4(
    stack: Stack, swarm: LocalCloud, name: str
) -> None:
    before, machine = stack.outputs()["node_ids"], swarm.hosts()[name]["instance"]
    if "manager" in name:
        swarm.on(MANAGER, "docker", "node", "demote", name)
        eventually(lambda: reachable_managers(swarm) == 2, 60, "it is demoted")
    swarm.on(MANAGER, "docker", "node", "rm", "--force", name)
    stack.refresh()
    assert stack.preview() == {(NODE, name): "update"}
    stack.up()
    assert listed(swarm) == EVERYONE
    after = stack.outputs()["node_ids"]
    changed = {key for key in before if before[key] != after[key]}
    assert {f"swarm-{key}" for key in changed} == {name}
    assert swarm.hosts()[name]["instance"] == machine
    eventually(lambda: reachable_managers(swarm) == 3, 60, "there are three managers")
    assert swarm.on(MANAGER, "docker", "config", "ls", "--quiet") == ""
    assert stack.preview() == {}


def test_node_removed_by_hand_stays_out_until_its_machine_is_replaced_when_that_is_asked_qr_4(
    stack: Stack, swarm: LocalCloud
) -> None:
    name, rotate = "swarm-worker-1", ("swarm", "join-token", "--rotate", "--quiet", "worker")
    swarm.on(MANAGER, "docker", "node", "rm", "--force", name)
    # As somebody does who no longer trusts it, and its role reads the new token.
    token = swarm.on(MANAGER, "docker", *rotate).strip()
    eventually(lambda: swarm.kept("worker-token") == token, 90, "the new token is handed over")
    swarm.on(name, "systemctl", "start", "swarm-upkeep")  # which ends when it is through
    assert name not in listed(swarm)
    generations = stack.raised("worker-1")
    stack.configure(nodeGenerations=generations)
    stack.up()
    assert listed(swarm) == EVERYONE
    stack.keep(nodeGenerations=generations)
    assert stack.preview() == {}


def test_promotion_by_hand_is_named_by_refresh_and_taken_back_in_place(
    stack: Stack, swarm: LocalCloud
) -> None:
    """Managers must reach a new manager's raft, which the firewall of workers does not let them."""
    outputs = stack.outputs()
    raft = {"IpProtocol": "tcp", "FromPort": 2377, "ToPort": 2377}
    raft["IpRanges"] = [{"CidrIp": stack.base("vpcCidr")}]
    ec2 = swarm.aws("ec2")
    into = {"GroupId": outputs["worker_security_group_id"], "IpPermissions": [raft]}
    out_of = {"GroupId": outputs["manager_security_group_id"], "IpPermissions": [raft]}
    ec2.authorize_security_group_ingress(**into)
    ec2.authorize_security_group_egress(**out_of)
    swarm.on(MANAGER, "docker", "node", "promote", "swarm-worker-0")
    eventually(lambda: reachable_managers(swarm) == 4, 60, "it is a manager")
    stack.refresh()
    assert stack.preview() == {(NODE, "swarm-worker-0"): "update"}
    stack.up()
    assert node(swarm, "swarm-worker-0")["Role"] == "worker"
    ec2.revoke_security_group_ingress(**into)
    ec2.revoke_security_group_egress(**out_of)
    eventually(lambda: sorted(ready(swarm)) == EVERYONE, 60, "all are ready")
    assert stack.preview() == {}


def test_promotion_by_hand_that_the_firewall_stops_is_mended_by_a_new_machine(
    stack: Stack, swarm: LocalCloud
) -> None:
    swarm.on(MANAGER, "docker", "node", "promote", "swarm-worker-0")
    stack.refresh()
    failed = stack.attempt("up")
    assert "is to be a manager, but has not become one" in failed.stdout
    generations = stack.raised("worker-0")
    stack.configure(nodeGenerations=generations)
    stack.up()
    assert listed(swarm) == EVERYONE
    stack.keep(nodeGenerations=generations)
    assert stack.preview() == {}


RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def let_in(rules: list[dict[str, Any]]) -> list[str]:
    """What rules of EC2 let in, without their ids."""
    keys = ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIpv4", "ReferencedGroupInfo")
    return sorted(str([r.get(key) for key in keys]) for r in rules if not r["IsEgress"])


def test_rule_removed_by_hand_is_named_by_refresh_and_comes_back(
    stack: Stack, swarm: LocalCloud
) -> None:
    ec2 = swarm.aws("ec2")
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    (gossip, *_) = [r for r in rules if r.get("FromPort") == 7946 and not r["IsEgress"]]
    ec2.revoke_security_group_ingress(
        GroupId=gossip["GroupId"], SecurityGroupRuleIds=[gossip["SecurityGroupRuleId"]]
    )
    stack.refresh()
    changes = stack.preview()
    assert [kind for kind, _ in changes] == [RULE]
    assert set(changes.values()) == {"create"}
    stack.up()
    assert let_in(ec2.describe_security_group_rules()["SecurityGroupRules"]) == let_in(rules)
    assert stack.preview() == {}


def test_all_managers_rebooted_at_once_are_the_same_swarm_again_qr_6(
    stack: Stack, swarm: LocalCloud
) -> None:
    before = stack.outputs()["node_ids"]
    swarm.reboot(MANAGER, *LOST, seconds=60)
    eventually(lambda: sorted(ready(swarm)) == EVERYONE, 90, "all are ready")
    assert stack.outputs()["node_ids"] == before
    stack.refresh()
    assert stack.preview() == {}


def with_second_address(first: str, second: str) -> list[dict[str, str]]:
    """User-data by which the machine with the first address sends under the second."""
    return boothook(f"""\
ip -4 -o address show dev eth0 | grep -q ' {first}/' || exit 0
ip address add {second}/32 dev eth0
ip -4 route show dev eth0 | sed 's/ src [0-9.]*//' | while read -r route; do
	ip route replace $route dev eth0 src {second}
done""")


@pytest.fixture
def second_address(stack: Stack, swarm: LocalCloud) -> Iterator[tuple[str, str]]:
    """The address of the second manager, and another of its interface, which outlives machines."""
    ec2 = swarm.aws("ec2")
    first = swarm.hosts()[LOST[0]]["address"]
    by_address = [{"Name": "addresses.private-ip-address", "Values": [first]}]
    (found,) = ec2.describe_network_interfaces(Filters=by_address)["NetworkInterfaces"]
    second = str(IPv4Address(first) + 50)
    both = {"NetworkInterfaceId": found["NetworkInterfaceId"], "PrivateIpAddresses": [second]}
    ec2.assign_private_ip_addresses(**both)
    yield first, second
    stack.keep(nodeGenerations=stack.raised("manager-1"))  # or it would go on advertising that
    stack.up()
    ec2.unassign_private_ip_addresses(**both)
    assert inspect(swarm, MANAGER, LOST[0])["ManagerStatus"]["Addr"] == f"{first}:2377"
    assert listed(swarm) == EVERYONE


def test_manager_is_reached_by_the_address_that_it_advertises_nw_3_nw_9(
    stack: Stack, swarm: LocalCloud, second_address: tuple[str, str]
) -> None:
    first, second = second_address
    host = LOST[0]
    in_clear = [each for each in stack.base("networks") if not each.get("encrypted")]
    stack.keep(nodeGenerations=stack.raised("manager-1"))
    stack.configure(
        networks=in_clear,
        nodeAdvertiseAddrs={"manager-1": second},
        userDataParts=with_second_address(first, second),
    )
    stack.up()
    assert stack.preview() == {}
    assert inspect(swarm, MANAGER, host)["ManagerStatus"]["Addr"] == f"{second}:2377"
    assert reachable_managers(swarm) == 3
    worker = "swarm-worker-0"
    with container(swarm, host, "s1", "shared"), container(swarm, worker, "s2", "shared"):
        eventually(lambda: pings(swarm, worker, "s2", "s1"), 30, "the worker reaches it by name")
        assert pings(swarm, host, "s1", "s2")
        assert second in {peer["IP"] for peer in inspect(swarm, worker, "shared")["Peers"]}
