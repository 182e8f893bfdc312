"""What the cluster constructs of its args."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pytest
from pulumi.runtime import mocks

from pulumi_swarm import SwarmCluster, SwarmClusterArgs, SwarmInputError
from pulumi_swarm.join import policy_document
from pulumi_swarm.managers import WIRING, ManagerSet, ManagerSetArgs
from pulumi_swarm.plan import guard
from pulumi_swarm.plan.ports import Role
from pulumi_swarm.plan.reader import camel
from pulumi_swarm.vpc import SwarmVpc, SwarmVpcArgs
from tests.unit.construction import (
    ARN,
    BOTH,
    COMPONENT_TYPES,
    Recorder,
    build,
    run,
    secret_of,
)
from tests.unit.inputs import EVERYTHING, GOOD, IN_A_GIVEN_VPC, IN_CHOSEN_ZONES, KEY, POOLS

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


@BOTH
def test_cluster_makes_what_the_args_ask_for(recorder: Recorder, how: str) -> None:
    build(how, GOOD)
    assert len(recorder.of("aws:ec2/instance:Instance")) == 5
    assert len(recorder.of("aws:ec2/networkInterface:NetworkInterface")) == 3
    names = [m.inputs["name"] for m in recorder.of("docker:index/network:Network")]
    assert sorted(names) == ["app", "secure"]


WORDS = {
    "everything": EVERYTHING,
    "in-a-given-vpc": IN_A_GIVEN_VPC,
    "in-chosen-zones": {**IN_CHOSEN_ZONES, **POOLS},
}


def test_no_word_is_forgotten_in_these_tests() -> None:
    assert set().union(*WORDS.values()) == set(SwarmClusterArgs.__annotations__)


@pytest.mark.parametrize("args", [GOOD, *WORDS.values()], ids=["good", *WORDS])
def test_both_ways_make_the_same(recorder: Recorder, args: dict[str, Any]) -> None:
    def made() -> dict[tuple[str, str], Any]:
        # A component's own inputs are the args as the caller spelled them.
        return {(m.kind, m.name): m.inputs for m in recorder.made if m.kind not in COMPONENT_TYPES}

    build("import", args)
    imported = made()
    recorder.made.clear()
    build("package", args)
    packaged = made()
    assert packaged.keys() == imported.keys()
    for key, inputs in imported.items():
        assert packaged[key] == inputs, key


def test_stack_files_spelling_is_the_same_in_a_python_program(recorder: Recorder) -> None:
    def made(args: dict[str, Any]) -> dict[tuple[str, str], Any]:
        recorder.made.clear()
        build("import", args)
        return {(m.kind, m.name): m.inputs for m in recorder.made}

    snake = {**EVERYTHING, **POOLS}
    spelled_otherwise = {camel(key): value for key, value in snake.items()}
    spelled_otherwise["networks"] = [
        {camel(k): v for k, v in network.items()} for network in snake["networks"]
    ]
    spelled_otherwise["workerPools"] = [
        {camel(k): v for k, v in pool.items()} for pool in snake["worker_pools"]
    ]
    parts = {key: v for key, v in made(snake).items() if key[0] not in COMPONENT_TYPES}
    others = made(spelled_otherwise)
    assert {key: others.get(key) for key in parts} == parts


def test_every_word_reaches_what_it_is_about(recorder: Recorder) -> None:
    build("import", EVERYTHING)
    policies = {m.name: m.inputs for m in recorder.of(ATTACHMENT)}
    assert {p["policyArn"] for p in policies.values()} == set(
        EVERYTHING["extra_policy_arns"].values()
    )
    assert set(policies) == {"swarm-manager-images", "swarm-worker-images"}
    nodes = {m.name: m.inputs["address"] for m in recorder.of("swarm:index:Node")}
    assert nodes["swarm-manager-1"] == "10.20.77.1"
    # A worker is listed by where its connections come from, not by what it advertises.
    assert nodes["swarm-worker-0"] != "10.20.77.2"
    (book,) = recorder.of("aws:ssm/parameter:Parameter")
    assert secret_of(book.inputs["value"]).split(",")[1] == "10.20.77.1"
    (network,) = recorder.of("docker:index/network:Network")
    assert network.inputs["ipamConfigs"] == [
        {"subnet": "10.210.0.0/24", "gateway": "10.210.0.1", "ipRange": "10.210.0.128/25"},
        {"subnet": "10.211.0.0/24", "gateway": "10.211.0.9"},
    ]
    assert network.inputs["options"] == {"dsr": "", "com.docker.network.driver.mtu": "1400"}
    (swarm_spec,) = recorder.of("swarm:index:SwarmSpec")
    assert swarm_spec.inputs["certExpiryHours"] == 720
    assert swarm_spec.inputs["connection"]["bastion"]["host"] == "bastion.example.com"


def test_every_word_reaches_the_machines(recorder: Recorder) -> None:
    build("import", EVERYTHING)
    text = {m.name: m.inputs["userData"] for m in recorder.of("aws:ec2/instance:Instance")}
    for name, data in text.items():
        for word in ("eth0:2377", "DATA_PATH_ADDR=eth1", "mirror.example.com", "max-concurrent"):
            assert word in data, (name, word)
        assert "touch /var/tmp/mine" in data
        assert '"com.docker.network.bridge.enable_icc": "true"' in data
        assert '"bip": "192.168.12.1/24"' in data
        assert '"network-control-plane-mtu": 1450' in data
    assert "ADVERTISE_ADDR=10.20.77.1" in text["swarm-manager-1"]
    assert "ADVERTISE_ADDR=''" in text["swarm-manager-2"]
    with_ingress = {name for name, data in text.items() if '"Ingress": true' in data}
    assert with_ingress == {"swarm-manager-0"}


def test_spot_is_for_workers_only_qr_12(recorder: Recorder) -> None:
    build("import", {**GOOD, "worker_spot": True})
    spot = {
        m.name
        for m in recorder.of("aws:ec2/instance:Instance")
        if m.inputs.get("instanceMarketOptions") == {"marketType": "spot"}
    }
    assert spot == {"swarm-worker-0", "swarm-worker-1"}


def test_unlock_key_is_kept_in_a_secret_that_managers_alone_read_qr_8(recorder: Recorder) -> None:
    build("import", {**GOOD, "autolock": True})
    versions = {
        m.name: m.inputs for m in recorder.of("aws:secretsmanager/secretVersion:SecretVersion")
    }
    assert secret_of(versions["swarm-unlock-key"]["secretString"]) == "key-of-swarm"
    policies = {m.name: m.inputs["policy"] for m in recorder.of("aws:iam/rolePolicy:RolePolicy")}
    secret = f"{ARN}:swarm-unlock-key"
    assert secret in policies["swarm-manager"]
    assert secret not in policies["swarm-worker"]
    data = {m.name: m.inputs["userData"] for m in recorder.of("aws:ec2/instance:Instance")}
    assert f"UNLOCK_KEY_SECRET={secret}" in data["swarm-manager-2"]
    assert secret not in data["swarm-worker-0"]


def test_managers_know_where_the_key_will_be_before_there_is_one_qr_8(recorder: Recorder) -> None:
    def user_data(args: Mapping[str, Any]) -> dict[str, str]:
        recorder.made.clear()
        build("import", args)
        return {m.name: m.inputs["userData"] for m in recorder.of("aws:ec2/instance:Instance")}

    assert user_data({**GOOD, "autolock": True}) == user_data(GOOD)
    versions = recorder.of("aws:secretsmanager/secretVersion:SecretVersion")
    assert [m.name for m in versions if "unlock-key" in m.name] == []


def test_two_swarms_in_one_program_each_have_their_provider_pd_9_py_10(
    recorder: Recorder,
) -> None:
    def program() -> None:
        for name in ("red", "blue"):
            SwarmCluster(name, cast("SwarmClusterArgs", GOOD))

    run(program)
    providers = {m.name for m in recorder.of("pulumi:providers:docker")}
    assert providers == {"red", "blue"}
    names = [m.name for m in recorder.made if m.kind == "docker:index/network:Network"]
    assert sorted(names) == ["blue-app", "blue-secure", "red-app", "red-secure"]


def test_user_data_that_ec2_would_not_take_makes_nothing_ud_4(recorder: Recorder) -> None:
    long = f"#!/bin/sh\n# {'x' * 20_000}"
    with pytest.raises(SwarmInputError, match=r"userDataParts is '\d+ bytes of user-data': must"):
        build("import", {**GOOD, "user_data_parts": [{"content": long}]})
    assert recorder.made == []


@pytest.mark.usefixtures("recorder")
def test_managers_alone_end_with_their_address_book_the_last_one_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A provider that is asked to delete the last manager refuses; so the engine must not ask."""
    ends_with: dict[str, str] = {}
    register: Any = mocks.MockMonitor.RegisterResource

    def recording(self: Any, request: Any) -> Any:
        ends_with[f"{request.type} {request.name}"] = request.deletedWith
        return register(self, request)

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", recording)
    wired = dict.fromkeys(ManagerSetArgs.__annotations__.keys() & set(WIRING) - {"ami"}, "x")
    kept = {k: v for k, v in GOOD.items() if k in ManagerSetArgs.__annotations__}

    def program() -> None:
        args = {**kept, **wired, "subnet_ids": ["subnet-1"], "host_public_key": KEY}
        ManagerSet("alone", cast("ManagerSetArgs", args))

    run(program)
    nodes = {name: urn for name, urn in ends_with.items() if name.startswith("swarm:index:Node ")}
    assert len(nodes) == 3
    assert all(urn.endswith("::alone-addresses") for urn in nodes.values())


@BOTH
def test_wrong_args_make_nothing_and_say_why(recorder: Recorder, how: str) -> None:
    with pytest.raises(Exception, match="managerCount is 2: must be odd") as caught:
        build(how, {**GOOD, "manager_count": 2})
    if how == "import":
        assert isinstance(caught.value, SwarmInputError)
        assert isinstance(caught.value, pulumi.RunError)
    assert recorder.made == []


def test_labels_and_generations_of_single_nodes_go_to_their_role(recorder: Recorder) -> None:
    labels = {"manager-0": {"a": "1"}, "worker-1": {"b": "2"}}
    build("import", {**GOOD, "node_labels": labels, "node_generations": {"worker-0": 4}})
    nodes = {m.name: m.inputs["labels"] for m in recorder.of("swarm:index:Node")}
    assert nodes["swarm-manager-0"] == {"a": "1"}
    assert nodes["swarm-worker-1"] == {"b": "2"}


@pytest.mark.parametrize("name", ["my_swarm", "a b", "9lives", "x" * 49, "a\nruncmd: [reboot]"])
def test_name_that_no_host_could_have_is_refused(recorder: Recorder, name: str) -> None:
    with pytest.raises(SwarmInputError, match="host names start with it"):
        build("import", GOOD, name)
    assert recorder.made == []


# What a package's machinery would mangle: numbers and objects that come as one output.
COMPUTED = {
    "manager_count": pulumi.Output.from_input(3),
    "ingress": pulumi.Output.from_input({"subnet": "10.99.0.0/24"}),
    "networks": pulumi.Output.from_input([{"name": "a", "plannedTasks": 3}]),
    "node_labels": {"manager-0": {"a": pulumi.Output.from_input("b")}},
}


@BOTH
@pytest.mark.parametrize("word", COMPUTED)
def test_output_where_the_plan_needs_a_value_is_refused_py_8(
    recorder: Recorder, how: str, word: str
) -> None:
    with pytest.raises(Exception, match=rf"{camel(word)}\S* is 'an output of a resource'"):
        build(how, {**GOOD, word: COMPUTED[word]})
    assert recorder.made == []


def test_rules_and_policies_are_named_by_what_they_are_not_by_their_place(
    recorder: Recorder,
) -> None:
    def made(cidrs: list[str], arns: dict[str, Any]) -> dict[tuple[str, str], Any]:
        recorder.made.clear()
        build("import", {**GOOD, "admin_cidrs": cidrs, "extra_policy_arns": arns})
        found = [m for m in recorder.made if m.kind == ATTACHMENT or "cidrIpv4" in m.inputs]
        return {(m.kind, m.name): m.inputs for m in found}

    two = {"two": pulumi.Output.from_input("arn:aws:iam::aws:policy/Two")}
    both = made(["10.8.0.0/24", "10.9.0.0/24"], {"one": "arn:aws:iam::aws:policy/One", **two})
    second = made(["10.9.0.0/24"], two)
    assert second.items() <= both.items()  # when the first goes, nothing happens to the second


def test_no_rule_is_open_to_the_world_but_what_leaves_sg_7(recorder: Recorder) -> None:
    build("import", GOOD)
    incoming = recorder.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    open_to = {m.inputs["cidrIpv4"] for m in incoming if "cidrIpv4" in m.inputs}
    assert open_to == {"203.0.113.10/32"}
    by_port = {m.inputs["fromPort"] for m in incoming if "cidrIpv4" in m.inputs}
    assert by_port == {22}


def test_descriptions_of_rules_use_the_characters_that_ec2_allows(recorder: Recorder) -> None:
    build("import", GOOD)
    described = [m.inputs["description"] for m in recorder.made if "description" in m.inputs]
    assert described
    # EC2 API reference, AuthorizeSecurityGroupIngress, IpRange.Description
    allowed = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
    assert [text for text in described if not allowed.fullmatch(text)] == []


def test_groups_hold_no_rule_themselves_and_each_rule_is_one_resource_sg_1_sg_2_sg_4(
    recorder: Recorder,
) -> None:
    build("import", GOOD)
    groups = recorder.of("aws:ec2/securityGroup:SecurityGroup")
    assert len(groups) == 2
    assert not any("ingress" in m.inputs or "egress" in m.inputs for m in groups)
    assert all(m.inputs["revokeRulesOnDelete"] is True for m in groups)


def test_managers_let_in_what_docker_for_aws_let_in_and_no_more_sg_6(recorder: Recorder) -> None:
    """Its template: protocol 50, 2377, 4789 and 7946 from nodes; Docker's own port from nobody."""
    build("import", GOOD)
    rules = [
        m.inputs
        for m in recorder.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if m.inputs["securityGroupId"] == "swarm-managers-id"
        and "referencedSecurityGroupId" in m.inputs
    ]
    assert {(rule["ipProtocol"], rule.get("fromPort")) for rule in rules} == {
        ("50", None),
        ("tcp", 2377),
        ("udp", 4789),
        ("tcp", 7946),
        ("udp", 7946),
    }


def test_private_machines_have_no_public_address_sg_8(recorder: Recorder) -> None:
    build("import", GOOD)
    homes = {m.name: m.inputs["mapPublicIpOnLaunch"] for m in recorder.of("aws:ec2/subnet:Subnet")}
    machines = recorder.of("aws:ec2/instance:Instance")
    used = {m.inputs["subnetId"].removesuffix("-id") for m in machines if "subnetId" in m.inputs}
    assert used
    assert not any(homes[name] for name in used)
    assert not any(m.inputs.get("associatePublicIpAddress") for m in machines)
    assert {m.name for m in recorder.of("aws:ec2/eip:Eip")} == {"swarm-nat-0"}


def test_no_rule_lets_every_protocol_through_es_11(recorder: Recorder) -> None:
    """What AWS writes as -1 and others as all; neither is ever needed."""
    build("import", {**GOOD, "networks": [{"name": "a", "encrypted": True}]})
    rules = [made.inputs for made in recorder.made if "SecurityGroup" in made.kind]
    assert {r["ipProtocol"] for r in rules if "ipProtocol" in r} == {"tcp", "udp", "50"}


def test_esp_rule_has_no_ports_es_10(recorder: Recorder) -> None:
    build("import", GOOD)
    incoming = recorder.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    esp = [m.inputs for m in incoming if m.inputs["ipProtocol"] == "50"]
    assert len(esp) == 4  # from both roles, to both roles
    assert not any("fromPort" in rule or "toPort" in rule for rule in esp)


def test_no_esp_rule_without_an_encrypted_network_es_1(recorder: Recorder) -> None:
    build("import", {**GOOD, "networks": [{"name": "app"}]})
    rules = [m for m in recorder.made if "securityGroup" in m.kind and "Rule" in m.kind]
    assert rules
    assert not [m for m in rules if m.inputs["ipProtocol"] == "50"]


def test_every_ingress_rule_has_its_egress_twin(recorder: Recorder) -> None:
    build("import", GOOD)

    def between(kind: str) -> list[tuple[Any, ...]]:
        rules = [m.inputs for m in recorder.of(kind) if "referencedSecurityGroupId" in m.inputs]
        ends = ("securityGroupId", "referencedSecurityGroupId")
        ends = ends if "Ingress" in kind else (ends[1], ends[0])
        return sorted(
            (r["ipProtocol"], r.get("fromPort", 0), r[ends[0]], r[ends[1]]) for r in rules
        )

    incoming = between("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert incoming == between("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_session_manager_opens_no_ssh_port(recorder: Recorder) -> None:
    args = {**GOOD, "access": "ssm", "operating_system": "ubuntu-24.04"}
    del args["admin_cidrs"]
    build("import", args)
    incoming = recorder.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert not [m for m in incoming if m.inputs.get("fromPort") == 22]
    policies = {m.name: m.inputs["policy"] for m in recorder.of("aws:iam/rolePolicy:RolePolicy")}
    assert "ssmmessages:OpenDataChannel" in policies["swarm-manager"]
    assert "ssmmessages" not in policies["swarm-worker"]
    (provider,) = recorder.of("pulumi:providers:docker")
    assert "swarm-manager-0-id" in provider.inputs["sshOpts"]


@BOTH
@pytest.mark.parametrize("access", ["private", "public"])
def test_what_is_made_keeps_to_what_the_policies_ask_of_programs(
    recorder: Recorder, how: str, access: str
) -> None:
    build(how, {**GOOD, **POOLS, "access": access})
    rules = recorder.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [m.name for m in rules if guard.opened_to_the_world(m.inputs)] == []
    instances = recorder.of("aws:ec2/instance:Instance")
    templates = recorder.of("aws:ec2/launchTemplate:LaunchTemplate")
    assert instances
    assert templates
    for made in [*instances, *templates]:
        assert not guard.takes_old_metadata_requests(made.inputs)
        assert not guard.holds_secret(made.inputs["userData"])
    assert [guard.clear_volumes(m.inputs) for m in instances] == [[]] * len(instances)
    found = [guard.clear_volumes_of_template(m.inputs) for m in templates]
    assert found == [[]] * len(templates)


def test_machines_ask_for_tokens_and_encrypt_their_disks_im_2(recorder: Recorder) -> None:
    build("import", GOOD)
    for made in recorder.of("aws:ec2/instance:Instance"):
        assert made.inputs["metadataOptions"]["httpTokens"] == "required"
        assert made.inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
        assert made.inputs["rootBlockDevice"]["encrypted"] is True
        assert made.inputs["tags"]["Name"] == made.name


@BOTH
def test_tags_of_the_callers_reach_machines_and_their_disks(recorder: Recorder, how: str) -> None:
    build(how, {**GOOD, **POOLS, "tags": {"team": "web"}})
    machines = recorder.of("aws:ec2/instance:Instance")
    assert all(made.inputs["tags"]["team"] == "web" for made in machines)
    disks = [made.inputs["rootBlockDevice"]["tags"] for made in machines]
    assert disks == [made.inputs["tags"] for made in machines]
    templates = {m.name: m.inputs for m in recorder.of("aws:ec2/launchTemplate:LaunchTemplate")}
    for group in recorder.of("aws:autoscaling/group:Group"):
        of_machines = {tag["key"]: tag["value"] for tag in group.inputs["tags"]}
        assert of_machines["team"] == "web"
        (of_disks,) = templates[group.name]["tagSpecifications"]
        assert of_disks == {"resourceType": "volume", "tags": of_machines}


def test_public_access_gives_each_manager_an_elastic_address(recorder: Recorder) -> None:
    build("import", {**GOOD, "access": "public"})
    elastic = recorder.of("aws:ec2/eip:Eip")
    assert {m.inputs["networkInterface"] for m in elastic} == {
        f"swarm-manager-{i}-id" for i in range(3)
    }


def test_nat_per_zone_gives_each_zone_its_own_way_out(recorder: Recorder) -> None:
    build("import", {**GOOD, "nat": "per-zone"})
    gateways = {m.name for m in recorder.of("aws:ec2/natGateway:NatGateway")}
    routes = [m.inputs for m in recorder.of("aws:ec2/route:Route") if "natGatewayId" in m.inputs]
    assert len(gateways) == 3
    assert len({r["natGatewayId"] for r in routes}) == len({r["routeTableId"] for r in routes}) == 3


def test_other_nat_changes_what_a_subnets_table_is_and_makes_no_second_for_it(
    recorder: Recorder,
) -> None:
    """AWS refuses one: Resource.AlreadyAssociated."""
    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    tables: list[dict[str, str]] = []
    for nat in ("single", "per-zone"):
        recorder.made.clear()
        build("import", {**GOOD, "nat": nat})
        of_machines = [m for m in recorder.of(kind) if "private" in m.name]
        assert len({m.inputs["subnetId"] for m in of_machines}) == len(of_machines) == 3
        tables.append(
            {f"{m.name} of {m.inputs['subnetId']}": m.inputs["routeTableId"] for m in of_machines}
        )
    single, each = tables
    assert single.keys() == each.keys()
    assert (len(set(single.values())), len(set(each.values()))) == (1, 3)


@pytest.mark.parametrize(
    ("args", "waited_for"),
    [
        ({"access": "public"}, ["public-{i}", "public", "public-{i}"]),
        ({"nat": "single"}, ["private-{i}", "private-0", "private-{i}"]),
        ({"nat": "per-zone"}, ["private-{i}", "private-{i}", "private-{i}"]),
        ({"nat": "none"}, ["private-{i}"]),
    ],
)
@pytest.mark.usefixtures("recorder")
def test_machines_wait_for_the_way_out_of_their_own_subnet_and_no_other(
    args: SwarmVpcArgs, waited_for: list[str]
) -> None:
    found: list[set[str]] = []

    async def program() -> None:
        vpc = SwarmVpc("net", {"access": "private", **args})
        found.extend(
            [
                {f"{type(r).__name__} {r._name}" for r in await subnet_id.resources()}
                for subnet_id in vpc.machine_subnet_ids
            ]
        )

    run(program)
    kinds = ["Subnet", "Route", "RouteTableAssociation"]
    assert found == [
        {f"{k} net-{name.format(i=i)}" for k, name in zip(kinds, waited_for, strict=False)}
        for i in range(3)
    ]


@BOTH
def test_own_subnets_are_used_and_no_vpc_is_made(recorder: Recorder, how: str) -> None:
    subnets = ["subnet-1", pulumi.Output.from_input("subnet-2")]
    build(how, {**GOOD, "vpc_id": pulumi.Output.from_input("vpc-1"), "subnet_ids": subnets})
    assert recorder.of("aws:ec2/vpc:Vpc") == []
    used = {m.inputs["subnetId"] for m in recorder.of("aws:ec2/networkInterface:NetworkInterface")}
    assert used == {"subnet-1", "subnet-2"}


@BOTH
def test_given_groups_get_the_rules_and_no_group_is_made(recorder: Recorder, how: str) -> None:
    place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1"]}
    groups = {
        "manager_security_group_id": "sg-m",
        "worker_security_group_id": pulumi.Output.from_input("sg-w"),
    }
    build(how, {**GOOD, **place, **groups})
    assert recorder.of("aws:ec2/securityGroup:SecurityGroup") == []
    rules = recorder.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    into = {m.inputs["securityGroupId"] for m in rules}
    between = {m.inputs["referencedSecurityGroupId"] for m in rules if "cidrIpv4" not in m.inputs}
    assert into == between == {"sg-m", "sg-w"}
    interfaces = recorder.of("aws:ec2/networkInterface:NetworkInterface")
    assert {tuple(m.inputs["securityGroups"]) for m in interfaces} == {("sg-m",)}


def test_worker_may_read_its_own_token_and_nothing_more_jn_11() -> None:
    names: dict[str, Any] = {
        "worker_secret": f"{ARN}:worker",
        "manager_secret": f"{ARN}:manager",
        "host_key_secret": f"{ARN}:host-key",
        "unlock_key_secret": f"{ARN}:unlock-key",
        "parameter": "/p",
        "session_manager": False,
    }
    worker = json.loads(policy_document(Role.WORKER, **names))["Statement"]
    assert {(s["Action"], *s["Resource"]) for s in worker} == {
        ("secretsmanager:GetSecretValue", f"{ARN}:worker"),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/p"),
    }
    manager = json.loads(policy_document(Role.MANAGER, **names))["Statement"]
    writable = [s["Resource"] for s in manager if s["Action"] == "secretsmanager:PutSecretValue"]
    assert writable == [[f"{ARN}:worker", f"{ARN}:manager"]]
    assert {s["Effect"] for s in [*worker, *manager]} == {"Allow"}


@BOTH
def test_pools_are_groups_with_templates_and_a_hook_before_the_end(
    recorder: Recorder, how: str
) -> None:
    build(how, {**GOOD, **POOLS})
    web, batch = recorder.of("aws:autoscaling/group:Group")
    assert (web.name, batch.name) == ("swarm-web", "swarm-batch")
    assert web.inputs["name"] == "swarm/test/swarm-web"
    assert (web.inputs["minSize"], web.inputs["maxSize"]) == (1, 4)
    assert (web.inputs["capacityRebalance"], batch.inputs["capacityRebalance"]) == (False, True)
    leave, join = web.inputs["initialLifecycleHooks"]
    assert leave["lifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert join["lifecycleTransition"] == "autoscaling:EC2_INSTANCE_LAUNCHING"
    assert join["defaultResult"] == "ABANDON"  # what never joins is no machine of the group
    overrides = web.inputs["mixedInstancesPolicy"]["launchTemplate"]["overrides"]
    assert [o["instanceType"] for o in overrides] == ["m7i.large", "m7a.large"]
    template = recorder.of("aws:ec2/launchTemplate:LaunchTemplate")[0]
    assert template.inputs["metadataOptions"]["httpTokens"] == "required"
    assert template.inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
    (volume,) = template.inputs["blockDeviceMappings"]
    assert volume["ebs"]["encrypted"] == "true"
    assert len(recorder.of("aws:ec2/instance:Instance")) == 5  # beside them, and none for the pools


@BOTH
def test_worker_may_speak_to_groups_of_its_own_swarm_and_only_where_there_are_pools(
    recorder: Recorder, how: str
) -> None:
    build(how, {**GOOD, **POOLS})
    policies = {m.name: m.inputs["policy"] for m in recorder.of("aws:iam/rolePolicy:RolePolicy")}
    assert "autoScalingGroupName/swarm/test/swarm-*" in policies["swarm-worker"]
    assert "autoscaling:" not in policies["swarm-manager"]


def test_worker_without_pools_may_speak_to_no_group(recorder: Recorder) -> None:
    build("import", GOOD)
    policies = [m.inputs["policy"] for m in recorder.of("aws:iam/rolePolicy:RolePolicy")]
    assert not any("autoscaling:" in policy for policy in policies)


@BOTH
def test_outputs_by_name_are_maps_also_when_there_is_nothing_in_them(
    recorder: Recorder, how: str
) -> None:
    build(how, {**GOOD, "networks": []})
    seen: list[object] = []

    def program() -> pulumi.Output[None]:
        cluster = SwarmCluster("other", cast("SwarmClusterArgs", {**GOOD, "networks": []}))
        both = pulumi.Output.all(cluster.network_ids, cluster.autoscaling_groups)
        return both.apply(seen.extend)

    run(program)
    assert seen == [{}, {}]
    assert recorder.of("docker:index/network:Network") == []
