"""A swarm with every word said: what each node is told, and what the swarm itself is told."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from tests.lab.authority import Authority
from tests.lab.cloud import LocalCloud, Stack, eventually, running_cloud
from tests.lab.containers import container, inspect, ready, service, task_container

pytestmark = pytest.mark.own_cloud

MANAGER, WORKERS = "swarm-manager-0", ("swarm-worker-0", "swarm-worker-1")
ALL = (MANAGER, *WORKERS)
SPEC = ("swarm:index:SwarmSpec", "swarm")
POLICY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
SCRIPT = {"contentType": "text/x-shellscript", "content": "#!/bin/sh\ntouch /srv/script\n"}
CLOUD_CONFIG = {
    "contentType": "text/cloud-config",
    "content": "#cloud-config\nwrite_files:\n  - path: /srv/written\n    content: mine\n",
}
SAID: dict[str, Any] = {
    "managerCount": 1,
    "workerCount": 2,
    "managerAvailability": "drain",
    "managerLabels": {"rack": "a"},
    "workerLabels": {"rack": "b", "disk": "slow"},
    "nodeLabels": {"worker-1": {"disk": "fast"}},
    "defaultAddrPool": ["10.220.0.0/18"],
    "subnetSize": 26,
    "dataPathPort": 7789,
    "networks": [{"name": "app", "attachable": True}],
    "ingress": {"subnet": "10.99.0.0/24", "gateway": "10.99.0.9"},
    "underlayMtu": 1400,
    "dockerGwbridge": {"subnet": "192.168.8.0/22", "icc": True, "ipMasquerade": False},
    "networkControlPlaneMtu": 1200,
    "bip": "192.168.12.1/24",
    "defaultAddressPools": [{"base": "192.168.64.0/18", "size": 24}],
    "daemonLogDriver": {"name": "local", "options": {"max-size": "5m"}},
    "registryMirrors": ["https://mirror.swarm.test"],
    "insecureRegistries": ["insecure.swarm.test:5000"],
    "metricsAddr": "127.0.0.1:9323",
    "daemonOptions": '{"max-concurrent-downloads": 5}',
    "listenAddr": "eth0",
    "dataPathAddr": "eth0",
    "userDataParts": [SCRIPT, CLOUD_CONFIG],
    "extraPolicyArns": {"images": POLICY},
    "workerSpot": True,
    "autolock": True,
    "certExpiryHours": 720,
    "taskHistoryLimit": 2,
    "dispatcherHeartbeatSeconds": 7,
    "snapshotInterval": 5000,
    "maxSnapshots": 3,
}


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[LocalCloud]:
    with running_cloud("swarm-test-words", 5103) as made:
        yield made


@pytest.fixture(scope="module")
def said(own_cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    made = Stack(tmp_path_factory.mktemp("words"), own_cloud)
    made.keep(**SAID)
    made.up()
    return made


@pytest.fixture
def cloud(said: Stack, own_cloud: LocalCloud) -> LocalCloud:
    """The cloud with the swarm on it."""
    assert said
    return own_cloud


@pytest.fixture
def stack(said: Stack) -> Iterator[Stack]:
    yield said
    said.configure()


def test_all_of_it_is_quiet(stack: Stack) -> None:
    assert stack.preview() == {}
    stack.refresh()
    assert stack.preview() == {}


@pytest.mark.parametrize("host", ALL)
def test_daemon_of_every_node_is_as_declared(cloud: LocalCloud, host: str) -> None:
    info = json.loads(cloud.on(host, "docker", "info", "--format", "{{json .}}"))
    assert info["LoggingDriver"] == "local"
    assert info["RegistryConfig"]["Mirrors"] == ["https://mirror.swarm.test/"]
    assert info["RegistryConfig"]["IndexConfigs"]["insecure.swarm.test:5000"]["Secure"] is False
    assert inspect(cloud, host, "bridge")["IPAM"]["Config"][0]["Subnet"] == "192.168.12.0/24"
    assert "engine_daemon_engine_info" in cloud.on(host, "curl", "-s", "127.0.0.1:9323/metrics")
    daemon = json.loads(cloud.on(host, "cat", "/etc/docker/daemon.json"))
    assert daemon["network-control-plane-mtu"] == 1200
    assert daemon["max-concurrent-downloads"] == 5
    cloud.on(host, "docker", "network", "create", "one-host")
    local = inspect(cloud, host, "one-host")["IPAM"]["Config"][0]["Subnet"]
    cloud.on(host, "docker", "network", "rm", "one-host")
    assert IPv4Network(local).subnet_of(IPv4Network("192.168.64.0/18"))


@pytest.mark.parametrize("host", ALL)
def test_docker_gwbridge_of_every_node_is_as_declared_gw_5(cloud: LocalCloud, host: str) -> None:
    bridge = inspect(cloud, host, "docker_gwbridge")
    assert bridge["IPAM"]["Config"] == [{"Subnet": "192.168.8.0/22", "Gateway": "192.168.8.1"}]
    assert bridge["Options"]["com.docker.network.bridge.enable_icc"] == "true"
    assert bridge["Options"]["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    assert bridge["Options"]["com.docker.network.driver.mtu"] == "1400"


@pytest.mark.parametrize("host", ALL)
def test_ingress_of_every_node_is_as_declared_ap_5(cloud: LocalCloud, host: str) -> None:
    ingress = inspect(cloud, host, "ingress")
    assert ingress["Ingress"] is True
    assert ingress["IPAM"]["Config"] == [{"Subnet": "10.99.0.0/24", "Gateway": "10.99.0.9"}]
    assert ingress["Options"]["com.docker.network.driver.mtu"] == "1400"


def test_every_interface_of_a_container_has_the_mtu_of_the_plan_mt_2_mt_4(
    cloud: LocalCloud,
) -> None:
    with container(cloud, WORKERS[0], "sized", "app"):
        links = cloud.on(WORKERS[0], "docker", "exec", "sized", "ip", "link")
    found = dict(re.findall(r"(eth\d)\S* .*? mtu (\d+)", links))
    assert found == {"eth0": "1350", "eth1": "1400"}


def test_traffic_goes_to_the_other_port_and_a_megabyte_arrives_of_2_mt_3(cloud: LocalCloud) -> None:
    one, two = WORKERS
    narrow(cloud)
    with container(cloud, one, "c1", "app"), container(cloud, two, "c2", "app") as address:
        serve = "head -c 1048576 /dev/zero >/blob; while nc -l -p 9000 </blob; do :; done"
        cloud.on(two, "docker", "exec", "-d", "c2", "sh", "-c", serve)
        fetch = f"sleep 3 | nc {address} 9000 | wc -c"  # nc ends when its own input does
        eventually(
            lambda: cloud.on(one, "docker", "exec", "c1", "sh", "-c", fetch).strip() == "1048576",
            30,
            "all bytes arrive",
        )
        listening = cloud.on(one, "ss", "-lun")
    assert ":7789 " in listening
    assert ":4789 " not in listening


def narrow(cloud: LocalCloud) -> None:
    """Make the links of the workers carry 1400 bytes and no more, as other clouds' do."""
    enter = ["nsenter", f"--net=/run/netns/{cloud.config.fabric}", "ip", "-json"]
    for host in WORKERS:
        address = cloud.hosts()[host]["address"]
        shown = subprocess.run([*enter, "route", "get", address], capture_output=True, check=True)
        link = json.loads(shown.stdout)[0]["dev"]
        subprocess.run([*enter[:3], "link", "set", link, "mtu", "1400"], check=True)
        cloud.on(host, "ip", "link", "set", "eth0", "mtu", "1400")


def test_parts_of_the_caller_run_beside_the_packages_own(cloud: LocalCloud) -> None:
    for host in ALL:
        cloud.on(host, "test", "-e", "/srv/script")
        assert cloud.on(host, "cat", "/srv/written") == "mine"


def test_workers_are_spot_and_managers_are_not_qr_12(cloud: LocalCloud) -> None:
    listed = cloud.aws("ec2").describe_instances()["Reservations"]
    kinds = {
        next(tag["Value"] for tag in i["Tags"] if tag["Key"] == "Name"): i.get("InstanceLifecycle")
        for reservation in listed
        for i in reservation["Instances"]
    }
    assert {name for name, kind in kinds.items() if kind == "spot"} == set(WORKERS)


def test_roles_have_the_policies_of_the_caller_ia_2(cloud: LocalCloud) -> None:
    iam = cloud.aws("iam")
    for role in iam.list_roles()["Roles"]:
        listed = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in listed] == [POLICY]


def test_swarm_itself_is_as_declared(cloud: LocalCloud) -> None:
    spec = swarm_spec(cloud)
    assert spec["CAConfig"]["NodeCertExpiry"] == 720 * 3600 * 10**9
    assert spec["Orchestration"] == {"TaskHistoryRetentionLimit": 2}
    assert spec["Dispatcher"]["HeartbeatPeriod"] == 7 * 10**9
    assert (spec["Raft"]["SnapshotInterval"], spec["Raft"]["KeepOldSnapshots"]) == (5000, 3)
    assert spec["EncryptionConfig"] == {"AutoLockManagers": True}
    cluster = json.loads(cloud.on(MANAGER, "docker", "info", "--format", "{{json .}}"))["Swarm"]
    assert cluster["Cluster"]["DefaultAddrPool"] == ["10.220.0.0/18"]
    assert cluster["Cluster"]["SubnetSize"] == 26
    subnet = IPv4Network(inspect(cloud, MANAGER, "app")["IPAM"]["Config"][0]["Subnet"])
    assert subnet.subnet_of(IPv4Network("10.220.0.0/18"))
    assert subnet.prefixlen == 26


def test_nodes_are_as_declared(cloud: LocalCloud) -> None:
    shown = ("docker", "node", "inspect", "--format", "{{json .Spec}}")
    found = {host: json.loads(cloud.on(MANAGER, *shown, host)) for host in ALL}
    assert {host: (spec["Availability"], spec["Labels"]) for host, spec in found.items()} == {
        MANAGER: ("drain", {"rack": "a"}),
        WORKERS[0]: ("active", {"rack": "b", "disk": "slow"}),
        WORKERS[1]: ("active", {"rack": "b", "disk": "fast"}),
    }


def test_tasks_log_where_the_daemons_do(cloud: LocalCloud) -> None:
    """The swarm's own default is dropped by the Engine API (moby#53396), and so refused here."""
    with service(cloud, "logs", "--constraint", f"node.hostname=={WORKERS[0]}"):
        task = inspect(cloud, WORKERS[0], task_container(cloud, WORKERS[0], "logs"))
    assert task["HostConfig"]["LogConfig"] == {"Type": "local", "Config": {"max-size": "5m"}}


def test_setting_changed_by_hand_is_drift_that_up_takes_back(
    stack: Stack, cloud: LocalCloud
) -> None:
    cloud.on(MANAGER, "docker", "swarm", "update", "--task-history-limit", "9")
    stack.refresh()
    assert stack.preview() == {SPEC: "update"}
    stack.up()
    assert swarm_spec(cloud)["Orchestration"] == {"TaskHistoryRetentionLimit": 2}


def test_setting_changes_in_place_and_alone(stack: Stack, cloud: LocalCloud) -> None:
    stack.configure(dispatcherHeartbeatSeconds=6)
    assert stack.preview() == {SPEC: "update"}
    stack.up()
    assert swarm_spec(cloud)["Dispatcher"]["HeartbeatPeriod"] == 6 * 10**9
    stack.configure()
    stack.up()


def test_rotated_token_lets_a_new_worker_in_by_the_same_update_jn_9(
    stack: Stack, cloud: LocalCloud
) -> None:
    before, of_managers = token(cloud, "worker"), token(cloud, "manager")
    stack.configure(workerTokenRotation=1, workerCount=3)
    stack.up()
    after = token(cloud, "worker")
    assert after != before
    assert token(cloud, "manager") == of_managers
    assert len(ready(cloud)) == 4
    eventually(lambda: cloud.kept("worker-token") == after, 90, "the new token is handed over")
    stack.configure(workerTokenRotation=0, workerCount=3)
    refused = stack.pulumi("preview", "--stack", stack.name, check=False)
    assert "can only be raised" in refused.stdout + refused.stderr
    stack.keep(workerTokenRotation=1, managerTokenRotation=1)
    stack.up()
    assert token(cloud, "worker") == after
    assert token(cloud, "manager") != of_managers


def test_rotated_authority_gives_every_node_a_new_certificate_and_every_role_a_new_token(
    stack: Stack, cloud: LocalCloud
) -> None:
    authority, tokens = root_of(cloud), (token(cloud, "worker"), token(cloud, "manager"))
    stack.keep(caRotation=1)
    assert stack.preview() == {SPEC: "update"}
    stack.up()
    eventually(lambda: root_of(cloud) not in ("", authority), 60, "the authority is another")
    eventually(lambda: len(ready(cloud)) == 3, 60, "all nodes are Ready with it")
    assert token(cloud, "worker") != tokens[0]
    for kind in ("worker", "manager"):
        eventually(partial(is_kept, cloud, kind), 90, f"{kind} token kept")
    assert stack.preview() == {}


def test_key_of_the_lock_is_kept_as_a_secret_and_nowhere_else_qr_8(
    said: Stack, cloud: LocalCloud
) -> None:
    key = unlock_key(cloud)
    assert key.startswith("SWMKEY-")
    assert cloud.kept("unlock-key") == key
    assert key not in said.export()
    assert key not in said.pulumi("stack", "output", "--stack", said.name, "--json").stdout


def test_locked_manager_opens_itself_with_the_key_that_is_kept_qr_8(cloud: LocalCloud) -> None:
    cloud.reboot(MANAGER)
    eventually(lambda: len(ready(cloud)) == 3, 90, "the swarm is back")
    said_on_boot = cloud.on(MANAGER, "journalctl", "-b", "-u", "swarm-bootstrap", "--no-pager")
    assert "unlocked the swarm" in said_on_boot
    assert unlock_key(cloud) not in said_on_boot


def test_locked_manager_without_its_key_says_so_and_opens_by_hand_qr_8(
    stack: Stack, cloud: LocalCloud
) -> None:
    key = unlock_key(cloud)
    secrets = cloud.aws("secretsmanager")
    arn = cloud.secret_arn("unlock-key")
    secrets.put_secret_value(SecretId=arn, SecretString="SWMKEY-1-wrong")
    cloud.reboot(MANAGER)
    state = ("docker", "info", "--format", "{{.Swarm.LocalNodeState}}")
    eventually(lambda: cloud.on(MANAGER, *state, check=False).strip() == "locked", 60, "locked")
    refresh = stack.attempt("refresh")
    assert (
        "the swarm is locked: run python -m pulumi_swarm.login" in refresh.stdout + refresh.stderr
    )
    assert "locked" in stack.login(MANAGER, "docker", "info")
    stack.login(MANAGER, "docker", "swarm", "unlock", given=f"{key}\n")
    secrets.put_secret_value(SecretId=arn, SecretString=key)
    eventually(lambda: len(ready(cloud)) == 3, 90, "the swarm is back")
    assert stack.preview() == {}


def test_lock_that_comes_later_opens_as_well_qr_8(stack: Stack, cloud: LocalCloud) -> None:
    first = unlock_key(cloud)
    stack.configure(autolock=False)
    stack.up()
    stack.configure()
    stack.up()
    assert unlock_key(cloud) not in ("", first)
    cloud.reboot(MANAGER)
    eventually(lambda: len(ready(cloud)) == 3, 90, "the swarm is back")
    assert stack.preview() == {}


def test_login_runs_nothing_but_dockers_own_words(stack: Stack) -> None:
    assert MANAGER in stack.login(MANAGER, "docker", "node", "ls")
    for words in (("id",), ("docker", "run", "x"), ("docker", "info;", "id")):
        with pytest.raises(AssertionError) as refused:
            stack.login(MANAGER, *words)
        assert "uid=" not in str(refused.value)
    # The words reach Docker as words: no shell reads them. (Engines put it differently.)
    with pytest.raises(AssertionError, match=r"No such node: \$\(id\)|node \$\(id\) not found"):
        stack.login(MANAGER, "docker", "node", "inspect", "';'", "id", "$(id)")


def test_dockers_own_command_line_has_a_way_in_by_sshs_configuration(
    stack: Stack, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(stack.login("--ssh-config", "words", MANAGER), encoding="utf-8")
    dial = ("ssh", "-F", str(config), "-T", "--", "words", "docker", "system", "dial-stdio")
    ping = "GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"
    said = subprocess.run(dial, input=ping, text=True, capture_output=True, check=True).stdout
    assert said.splitlines()[-1] == "OK"


def test_ingress_that_is_in_use_is_not_changed_and_the_way_is_told_gw_1(
    stack: Stack, cloud: LocalCloud
) -> None:
    with service(cloud, "web", "--publish", "8080:80"):
        stack.configure(ingress={"subnet": "10.98.0.0/24"})
        result = stack.pulumi("preview", "--stack", stack.name, check=False)
    text = result.stdout + result.stderr
    assert result.returncode != 0
    assert "property ingress value" in text
    assert "remove the services that publish ports" in text


def test_ingress_changed_by_hand_is_taken_over_as_the_message_says_gw_1(
    stack: Stack, cloud: LocalCloud
) -> None:
    cloud.on(MANAGER, "sh", "-c", "echo y | docker network rm ingress")
    create = (
        *("docker", "network", "create", "--ingress", "--driver", "overlay"),
        *("--subnet", "10.98.0.0/24", "--opt", "com.docker.network.driver.mtu=1400", "ingress"),
    )
    eventually(lambda: cloud.succeeds(MANAGER, *create), 30, "the old one is gone")
    stack.refresh()
    stack.keep(ingress={"subnet": "10.98.0.0/24"})
    stack.up()
    assert stack.preview() == {}
    assert inspect(cloud, MANAGER, "ingress")["IPAM"]["Config"][0]["Subnet"] == "10.98.0.0/24"


def test_ingress_that_is_gone_is_made_again_gw_1(stack: Stack, cloud: LocalCloud) -> None:
    cloud.on(MANAGER, "sh", "-c", "echo y | docker network rm ingress")
    stack.refresh()
    assert stack.preview() == {SPEC: "update"}
    stack.up()
    assert inspect(cloud, MANAGER, "ingress")["IPAM"]["Config"][0]["Subnet"] == "10.98.0.0/24"
    assert stack.preview() == {}


def test_bridge_is_not_changed_while_a_node_keeps_its_own_gw_6(stack: Stack) -> None:
    changed = {"subnet": "192.168.16.0/22"}
    stack.configure(dockerGwbridge=changed)
    refused = stack.pulumi("preview", "--stack", stack.name, check=False)
    assert "raise managerGeneration, workerGeneration and" in refused.stdout + refused.stderr
    # The workers alone: replacing the only manager is refused, for it would take the swarm along.
    stack.configure(
        dockerGwbridge=changed, nodeGenerations={f"{role}-0": 2 for role in ("manager", "worker")}
    )
    refused = stack.pulumi("preview", "--stack", stack.name, check=False)
    assert "(not raised: worker-1" in refused.stdout + refused.stderr


def test_custom_ingress_is_made_every_time_gw_4(cloud: LocalCloud) -> None:
    """The script's own functions, twenty times, on a machine that is in no swarm."""
    instance = made_bare(cloud)
    script = cloud.on(MANAGER, "cat", "/usr/local/sbin/swarm-bootstrap").partition("\numask 077")[0]
    conf = cloud.on(MANAGER, "cat", "/etc/swarm/node.conf")
    try:
        for name, text in (("node.conf", conf), ("functions", script + ALONE)):
            encoded = base64.b64encode(text.encode()).decode()
            write = f"mkdir -p /etc/swarm; echo {encoded} | base64 -d >/etc/swarm/{name}"
            cloud.on("bare", "sh", "-c", write)
        rounds = cloud.on("bare", "sh", "/etc/swarm/functions").split()
        assert rounds == ["10.99.0.0/24"] * 20
    finally:
        cloud.aws("ec2").terminate_instances(InstanceIds=[instance])


# No swarm has been handed over, and a fresh machine each time.
ALONE = """
get_secret() { return 3; }
mkdir -p "$work"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	rm -f /etc/swarm/ingress
	docker swarm init --advertise-addr eth0 >/dev/null
	make_ingress
	for try in 1 2 3 4 5 6 7 8 9 10; do # the old one is listed for a moment longer
		docker network inspect --format '{{(index .IPAM.Config 0).Subnet}}' ingress && break
		sleep 1
	done
	docker swarm leave --force >/dev/null
done
"""


def made_bare(cloud: LocalCloud) -> str:
    """A machine with Docker beside the swarm's; its instance id."""
    ec2 = cloud.aws("ec2")
    manager = cloud.hosts()[MANAGER]["instance"]
    shown = ec2.describe_instances(InstanceIds=[manager])["Reservations"][0]["Instances"][0]
    made = cloud.launch("bare", shown["SubnetId"])
    eventually(
        lambda: "bare" in cloud.hosts() and cloud.succeeds("bare", "docker", "info"), 60, "it is up"
    )
    return str(made["InstanceId"])


def test_authority_outside_signs_for_every_node_and_the_swarms_own_takes_over_again(
    stack: Stack, cloud: LocalCloud
) -> None:
    outside = Authority()
    outside.serve(cloud, MANAGER)
    added = {"externalCas": [{"url": outside.url, "caCert": outside.ca_cert}], "workerCount": 3}
    given = {**added, "caCert": outside.ca_cert, "certExpiryHours": None}
    stack.configure(**{**given, "workerCount": 2})
    assert stack.preview() == {SPEC: "update"}
    stack.up()
    eventually(lambda: all(outside.signed(c) for c in certificates(cloud)), 90, "it signed all")
    eventually(lambda: root_of(cloud) == outside.ca_cert.strip(), 60, "the rotation has ended")
    # A machine that comes later gets its certificate there too, by the new token.
    stack.configure(**given)
    stack.up()
    assert len(certificates(cloud)) == len(ready(cloud)) == 4
    assert all(outside.signed(c) for c in certificates(cloud))
    assert stack.preview() == {}
    stack.refresh()
    assert stack.preview() == {}

    stack.configure(**added)
    refused = stack.pulumi("preview", "--stack", stack.name, check=False)
    assert "raise caRotation in the same update" in refused.stdout + refused.stderr
    stack.configure(**added, caRotation=2)
    stack.up()
    eventually(lambda: not any(outside.signed(c) for c in certificates(cloud)), 90, "its own again")
    assert len(ready(cloud)) == 4
    assert stack.preview() == {}


def test_encrypted_ingress_is_made_at_bootstrap_and_opens_esp_es_8(
    cloud: LocalCloud, said: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said.destroy()
    stack = Stack(tmp_path_factory.mktemp("encrypted"), cloud)
    stack.keep(managerCount=1, workerCount=0, networks=[], ingress={"encrypted": True})
    stack.up()

    template = "{{json .Options}}"
    ask = ("docker", "network", "inspect", "--format", template, "ingress")
    eventually(
        lambda: "encrypted" in cloud.on(MANAGER, *ask, check=False),
        30,
        "ingress is the declared one",
    )
    rules = cloud.aws("ec2").describe_security_group_rules()["SecurityGroupRules"]
    assert [rule for rule in rules if rule["IpProtocol"] == "50" and not rule["IsEgress"]]
    assert stack.preview() == {}
    stack.destroy()


def swarm_spec(cloud: LocalCloud) -> Any:
    url = "http://docker/swarm"
    shown = cloud.on(MANAGER, "curl", "-s", "--unix-socket", "/var/run/docker.sock", url)
    return json.loads(shown)["Spec"]


def is_kept(cloud: LocalCloud, kind: str) -> bool:
    return cloud.kept(f"{kind}-token") == token(cloud, kind)


def token(cloud: LocalCloud, role: str) -> str:
    return cloud.on(MANAGER, "docker", "swarm", "join-token", "-q", role).strip()


def unlock_key(cloud: LocalCloud) -> str:
    return cloud.on(MANAGER, "docker", "swarm", "unlock-key", "-q").strip()


def certificates(cloud: LocalCloud) -> list[str]:
    """Of every node, its own certificate."""
    path = "/var/lib/docker/swarm/certificates/swarm-node.crt"
    return [cloud.on(host, "cat", path) for host in cloud.hosts()]


def root_of(cloud: LocalCloud) -> str:
    template = "{{.Swarm.Cluster.TLSInfo.TrustRoot}}"
    return cloud.on(MANAGER, "docker", "info", "--format", template, check=False).strip()
