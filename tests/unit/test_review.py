"""The report over a preview: what a manager says is attached, and previews that failed."""

import io
from typing import Any

import pytest

from pulumi_swarm.review import attached
from pulumi_swarm.review.__main__ import main, markdown
from pulumi_swarm.review.attached import count
from pulumi_swarm.review.sentences import INSTANCE, NETWORK, Live, review
from pulumi_swarm.review.steps import LATER

URN = "urn:pulumi:dev::swarm::swarm:index:SwarmCluster$"


def step(op: str, kind: str, name: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {"op": op, "urn": f"{URN}{kind}::{name}"}
    if before is not None:
        found["oldState"] = {"custom": True, "inputs": before}
    if after is not None:
        found["newState"] = {"custom": True, "inputs": after}
    return found


def node(op: str, index: int, before: str | None, after: str | None) -> dict[str, Any]:
    sides = [None if role is None else {"role": role} for role in (before, after)]
    return step(op, "swarm:index:Node", f"swarm-node-{index}", *sides)


def test_services_and_standalone_containers_are_counted_by_network() -> None:
    services = [
        {"Spec": {"TaskTemplate": {"Networks": [{"Target": "n1"}, {"Target": "n2"}]}}},
        {"Spec": {"TaskTemplate": {"Networks": [{"Target": "n1"}]}}},
        {"Spec": {"TaskTemplate": {}}},
    ]
    containers = [
        {"NetworksAttachments": [{"Network": {"ID": "n2"}}]},
        {"NetworksAttachments": [{"Network": {"ID": "other"}}]},
    ]
    vni = "com.docker.network.driver.overlay.vxlanid_list"
    networks = [
        {"Id": "n1", "Name": "app", "Options": {vni: "4097,4098"}},
        {"Id": "n2", "Name": "data", "Options": None},
    ]
    assert count(networks, services, containers) == {
        "app": Live(services=2, containers=0, vnis=(4097, 4098)),
        "data": Live(services=1, containers=1),
    }


def test_promotion_and_demotion_are_called_so() -> None:
    found = review(
        {
            "steps": [
                node("update", 0, "worker", "manager"),
                node("update", 1, "manager", "worker"),
            ]
        },
        None,
    )
    assert found.nodes == (
        "worker `swarm-node-0` is promoted to manager",
        "manager `swarm-node-1` is demoted to worker",
    )
    assert not found.destructive


GROUP = "aws:autoscaling/group:Group"


def pool(op: str, before: Any, after: Any) -> dict[str, Any]:
    sides = [
        None if s is None else dict(zip(("minSize", "maxSize"), s, strict=True))
        for s in (before, after)
    ]
    return step(op, GROUP, "swarm-web", *sides)


@pytest.mark.parametrize(
    ("op", "before", "after", "said", "destructive"),
    [
        ("create", None, (2, 9), "pool `swarm-web` is added: 2 to 9 workers join", False),
        ("update", (2, 9), (2, 20), "has 2 to 20 workers, where it had 2 to 9", False),
        ("delete", (2, 9), None, "is removed: its 2 to 9 workers leave", True),
    ],
)
def test_pool_is_told_by_its_bounds(
    op: str, before: Any, after: Any, said: str, destructive: bool
) -> None:
    found = review({"steps": [pool(op, before, after)]}, None)
    assert len(found.nodes) == 1
    assert said in found.nodes[0]
    assert found.destructive is destructive
    assert found.others == ()


def test_pool_with_another_template_has_its_machines_replaced() -> None:
    template = step("replace", "aws:ec2/launchTemplate:LaunchTemplate", "swarm-web", {}, {})
    found = review({"steps": [template, pool("update", (2, 9), (2, 9))]}, None)
    assert found.nodes == ("pool `swarm-web` has its machines replaced by an instance refresh",)


def test_pool_of_other_machines_has_them_replaced_and_that_is_destructive() -> None:
    def of(kind: str, least: int, most: int) -> dict[str, Any]:
        template = {"overrides": [{"instanceType": kind}]}
        bounds = {"minSize": least, "maxSize": most}
        return {**bounds, "mixedInstancesPolicy": {"launchTemplate": template}}

    found = review(
        {"steps": [step("update", GROUP, "p", of("t3.small", 1, 9), of("m7i.large", 1, 9))]}, {}
    )
    assert found.nodes == (
        "pool `p` has its machines replaced by an instance refresh (t3.small → m7i.large)",
    )
    assert found.destructive
    emptied = review({"steps": [step("update", GROUP, "p", of("a", 5, 50), of("a", 0, 0))]}, {})
    assert emptied.destructive
    assert emptied.costs == ("pool `p`: 0 to 0 machines, where it had 5 to 50",)


def managers(cluster: str, *ops: str) -> list[dict[str, Any]]:
    role = {"role": "manager"}
    return [
        step(op, "swarm:index:Node", f"{cluster}-manager-{i}", role, role)
        for i, op in enumerate(ops)
    ]


def test_quorum_of_each_swarm_is_told_by_itself() -> None:
    steps = [*managers("blue", "replace"), *managers("green", "same", "same", "same")]
    assert review({"steps": steps}, {}).quorum == (
        "`blue`, before: 1 manager, 1 must agree, 0 losses can be survived",
        "`blue`, at the fewest: no manager, so the swarm and all it holds is lost",
        "`blue`, after: 1 manager, 1 must agree, 0 losses can be survived",
    )


RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OURS = f"swarm:index:SwarmFirewall${RULE}"


@pytest.mark.parametrize(
    ("kind", "rule", "said"),
    [
        (OURS, {"fromPort": 2377, "toPort": 2377}, "2377/tcp {own} from the swarm's own nodes"),
        (
            OURS,
            {"ipProtocol": "50", "referencedSecurityGroupId": "sg-1"},
            "ESP {own} from the swarm's own nodes",
        ),
        (
            RULE,
            {"fromPort": 8000, "toPort": 9000, "cidrIpv6": "::/0"},
            "8000-9000/tcp {db} from ::/0",
        ),
        (
            RULE,
            {"fromPort": 80, "toPort": 80, "referencedSecurityGroupId": "sg-alb"},
            "80/tcp {db} from the security group sg-alb",
        ),
        (
            RULE,
            {"fromPort": 80, "toPort": 80, "prefixListId": "pl-1"},
            "80/tcp {db} from the prefix list pl-1",
        ),
        (
            RULE,
            {"fromPort": LATER, "toPort": LATER, "cidrIpv4": LATER},
            "?/tcp {db} from (known after the update)",
        ),
        (
            RULE,
            {"ipProtocol": "icmp", "fromPort": -1, "toPort": -1, "cidrIpv4": "10.0.0.0/8"},
            "icmp {db} from 10.0.0.0/8",
        ),
    ],
)
def test_opened_port_is_told_to_whom(kind: str, rule: dict[str, Any], said: str) -> None:
    full = {"ipProtocol": "tcp", "securityGroupId": "sg-db", **rule}
    found = review({"steps": [step("create", kind, "r", None, full)]}, {})
    places = {"own": "into the nodes", "db": "into the security group sg-db"}
    expected = said.format(**{key: f"{place} is opened" for key, place in places.items()})
    assert found.ports[0].startswith(f"{expected} (")


def test_changed_rule_says_what_it_was() -> None:
    sides = [
        {"ipProtocol": "tcp", "fromPort": 22, "cidrIpv4": cidr}
        for cidr in ("10.0.0.0/8", "10.1.0.0/16")
    ]
    found = review({"steps": [step("update", OURS, "ssh", *sides)]}, {})
    assert found.ports == (
        "22/tcp into the nodes is changed from 10.1.0.0/16 (ssh; before: 22/tcp from 10.0.0.0/8)",
    )


def test_replaced_network_says_what_was_declared_otherwise() -> None:
    """Its own inputs keep the options as they were, so that swarm's additions show nothing."""
    name = {"name": "secure"}
    declared = [
        {**name, "mtu": 1400, "encrypted": True},
        {**name, "mtu": 1500.0, "encrypted": False},
    ]
    steps = [
        step("replace", NETWORK, "swarm-secure", name, name),
        step("update", "swarm:index:OverlayNetwork", "swarm-secure", *declared),
    ]
    (sentence,) = review({"steps": steps}, {"swarm-secure": Live()}).networks
    assert sentence.startswith(
        "network `secure` is replaced (mtu 1400 → 1500, encrypted true → false): nothing is cut off"
    )


def test_network_that_gets_another_name_is_looked_up_by_the_one_it_has() -> None:
    steps = [step("replace", NETWORK, "swarm-app", {"name": "old"}, {"name": "new"})]
    (sentence,) = review({"steps": steps}, {"swarm-app": Live(services=4)}).networks
    assert "4 services and 0 containers are cut off" in sentence


def test_networks_of_two_swarms_are_asked_for_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both call theirs app; the managers of green do not answer."""
    steps = []
    for name in ("blue", "green"):
        here = {"sshOpts": ["-o", f"Host={name}"], "host": f"ssh://swarm@{name}"}
        steps.append(step("same", "pulumi:providers:docker", name, here, here))
        network = step("delete", NETWORK, f"{name}-app", {"name": "app"})
        network["oldState"]["provider"] = f"urn:pulumi:s::p::pulumi:providers:docker::{name}::id"
        steps.append(network)

    def asked(argv: list[str], names: list[str]) -> dict[str, Live] | None:
        assert names == ["app"]
        return {"app": Live(services=3)} if "Host=blue" in argv else None

    monkeypatch.setattr(attached, "_asked", asked)
    found = attached.attached_to_networks({"steps": steps})
    assert found == {"blue-app": Live(services=3), "green-app": None}
    said = review({"steps": steps}, found)
    assert "3 services" in said.networks[0]
    assert "whatever is attached" in said.networks[1]
    assert said.unknown


def test_network_whose_way_is_known_later_is_not_called_changed() -> None:
    found = review(
        {"steps": [step("update", NETWORK, "swarm-app", {"name": "app"}, {"name": "app"})]}, {}
    )
    assert found.networks == ()
    assert "network `app` stays as it is" in found.unknown[0]


def test_ranges_of_vpc_and_bridge_are_told() -> None:
    def settings(subnet: str) -> dict[str, Any]:
        return {"dockerGwbridge": {"IPAM": {"Config": [{"Subnet": subnet}]}}}

    steps = [
        step(
            "replace",
            "aws:ec2/vpc:Vpc",
            "swarm",
            {"cidrBlock": "10.0.0.0/16"},
            {"cidrBlock": "10.9.0.0/16"},
        ),
        step(
            "update",
            "swarm:index:SwarmSettings",
            "swarm",
            settings("172.18.0.0/16"),
            settings("192.168.8.0/22"),
        ),
    ]
    found = review({"steps": steps}, {})
    assert found.ranges == (
        "VPC `swarm`: 10.0.0.0/16 → 10.9.0.0/16",
        "docker_gwbridge: 172.18.0.0/16 → 192.168.8.0/22",
    )
    assert found.destructive


def test_comment_of_many_changes_is_short_enough_for_one() -> None:
    nodes = [node("replace", i, "worker", "worker") for i in range(700)]
    text = markdown(review({"steps": nodes}, {}))
    assert "- and 680 more" in text
    assert len(text) < 65536 / 9


@pytest.mark.parametrize("given", ["", "error: no stack", "{}", "[]"])
def test_preview_that_said_nothing_is_a_failure(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    assert main(["--offline"]) == 1
    assert "failed before it could say anything" in capsys.readouterr().out


def test_swarm_that_is_lost_is_called_so() -> None:
    found = review({"steps": [node("replace", 0, "manager", "manager")]}, None)
    assert "at the fewest: no manager, so the swarm and all it holds is lost" in found.quorum


def test_preview_that_failed_says_why_in_the_report() -> None:
    message = (
        "SwarmCluster: 1 input is wrong; nothing was made:\n  - managerCount is 2: must be odd"
    )
    found = review({"steps": [], "diagnostics": [{"severity": "error", "message": message}]}, {})
    assert found.unknown == (message,)
    assert "managerCount is 2" in markdown(found)


@pytest.mark.parametrize("op", ["same", "read", "create-replacement", "delete-replaced"])
def test_steps_that_are_no_change_of_their_own_are_left_out(op: str) -> None:
    found = review({"steps": [node(op, 0, "worker", "worker")]}, {})
    assert found.nodes == ()


RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SSH = {"protocol": "tcp", "fromPort": 22, "toPort": 22}


def test_rule_of_the_older_kind_is_told_for_each_of_its_peers() -> None:
    rule = {"type": "ingress", "securityGroupId": "sg-1", **SSH}
    before = {**rule, "cidrBlocks": ["10.0.0.0/8", "192.0.2.0/24"]}
    after = {**rule, "cidrBlocks": ["10.0.0.0/8"], "sourceSecurityGroupId": "sg-2"}
    found = review({"steps": [step("replace", RULE, "site", before, after)]}, None)
    assert found.ports == (
        "22/tcp into the security group sg-1 is closed from 192.0.2.0/24 (site)",
        "22/tcp into the security group sg-1 is opened from the security group sg-2 (site)",
    )
    assert found.others == ()


def test_rules_inside_a_group_are_told_where_they_changed() -> None:
    world = {**SSH, "cidrBlocks": ["0.0.0.0/0"], "description": "ssh"}
    among = {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}
    before, after = {"ingress": [among]}, {"ingress": [among, world], "egress": [among]}
    found = review({"steps": [step("update", SECURITY_GROUP, "mine", before, after)]}, None)
    assert found.ports == (
        "22/tcp into the security group mine is opened from 0.0.0.0/0 (ssh)",
        "everything out of the security group mine is opened to the security group mine (mine)",
    )


def test_rules_that_are_known_after_the_update_are_told_as_that() -> None:
    after = {"ingress": LATER, "egress": [LATER, {**SSH, "cidrBlocks": LATER}]}
    found = review({"steps": [step("update", SECURITY_GROUP, "mine", {}, after)]}, None)
    assert found.ports == (
        "traffic into the security group mine is opened from (known after the update) (mine)",
        "traffic out of the security group mine is opened to (known after the update) (mine)",
        "22/tcp out of the security group mine is opened to (known after the update) (mine)",
    )


def test_rule_that_moves_to_another_group_is_closed_in_the_first() -> None:
    rule = {"type": "ingress", **SSH, "cidrBlocks": ["10.0.0.0/8"]}
    sides = {**rule, "securityGroupId": "sg-1"}, {**rule, "securityGroupId": "sg-2"}
    found = review({"steps": [step("replace", RULE, "site", *sides)]}, None)
    assert found.ports == (
        "22/tcp into the security group sg-1 is closed from 10.0.0.0/8 (site)",
        "22/tcp into the security group sg-2 is opened from 10.0.0.0/8 (site)",
    )


def test_another_description_opens_and_closes_nothing() -> None:
    rule = {"type": "ingress", **SSH, "cidrBlocks": ["10.0.0.0/8"]}
    sides = {**rule, "description": "a"}, {**rule, "description": "b"}
    assert review({"steps": [step("update", RULE, "site", *sides)]}, None).ports == ()


def test_ranges_of_ingress_and_of_subnets_are_told_before_and_after() -> None:
    def ingress(subnet: str) -> dict[str, Any]:
        return {"ingress": {"Name": "ingress", "IPAM": {"Config": [{"Subnet": subnet}]}}}

    spec = step(
        "update",
        "swarm:index:SwarmSpec",
        "swarm",
        ingress("10.0.0.0/24"),
        ingress("10.9.0.0/24"),
    )
    subnet = step("create", "aws:ec2/subnet:Subnet", "a", None, {"cidrBlock": "10.20.0.0/20"})
    found = review({"steps": [spec, subnet]}, None)
    assert found.ranges == (
        "ingress: 10.0.0.0/24 → 10.9.0.0/24",
        "subnet `a`: none → 10.20.0.0/20",
    )


def test_network_whose_subnet_is_left_out_later_keeps_it() -> None:
    sides = {"name": "app", "ipamConfigs": [{"subnet": "10.9.0.0/24"}]}, {"name": "app"}
    found = review({"steps": [step("same", NETWORK, "swarm-app", *sides)]}, {})
    assert found.ranges == ()


def test_instance_tells_all_that_makes_its_price_another() -> None:
    def instance(kind: str, gib: int, **market: Any) -> dict[str, Any]:
        return {"instanceType": kind, "rootBlockDevice": {"volumeSize": gib}, **market}

    before = instance("t3.small", 20)
    spot = {"instanceMarketOptions": {"marketType": "spot"}}
    after = instance("t3.small", 40, **spot)
    found = review({"steps": [step("replace", INSTANCE, "w", before, after)]}, None)
    assert found.costs == ("`w`: on demand → spot, 20 GiB → 40 GiB",)
