"""Each mistake has a sentence: which input, what was given, what is allowed, what to do."""

from typing import Any

import pytest

from pulumi_swarm.plan.problems import Problems
from tests.unit.inputs import GOOD, KEY, PEM, read

SUBNET = {"name": "a", "subnet": "10.210.0.0/24"}


PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "vpc_cidr": "10.0.0.0/16"}


def network(**changes: Any) -> dict[str, Any]:
    return {"networks": [{**SUBNET, **changes}]}


def bridge(**changes: Any) -> dict[str, Any]:
    return {"docker_gwbridge": changes}


def pools(*given: dict[str, Any]) -> dict[str, Any]:
    return {"default_address_pools": list(given)}


def pool(**changes: Any) -> dict[str, Any]:
    found = {"name": "web", "max_size": 3, **changes}
    return {"worker_pools": [{k: v for k, v in found.items() if v is not None}]}


def daemon_log(**given: Any) -> dict[str, Any]:
    return {"daemon_log_driver": given}


def part(**given: Any) -> dict[str, Any]:
    return {"user_data_parts": [given]}


def node_address(key: str, address: str) -> dict[str, Any]:
    return {"node_advertise_addrs": {key: address}}


def several(*subnets: dict[str, Any]) -> dict[str, Any]:
    return {"networks": [{"name": "a", "subnets": list(subnets)}]}


BASTION = {"host": "bastion.example.com", "user": "ec2-user", "host_key": KEY}


def bastion(**changes: Any) -> dict[str, Any]:
    return {"access": "bastion", "ssh_bastion": {**BASTION, **changes}}


ADVERTISED = "nodeAdvertiseAddrs"
LOG = "daemonLogDriver.options"
OPTIONS = "networks[0].driverOptions"


# (changes, path of the input that is wrong, a part of what is allowed or of the remedy)
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"manager_count": 2}, "managerCount", "must be odd"),
    ({"manager_count": 0}, "managerCount", "from 1 to 7"),
    ({"manager_count": 9}, "managerCount", "from 1 to 7"),
    ({"manager_count": "three"}, "managerCount", "whole number"),
    ({"manager_count": 3.5}, "managerCount", "whole number"),
    ({"manager_count": True}, "managerCount", "whole number"),
    ({"worker_count": -1}, "workerCount", "from 0 to 1000"),
    ({"worker_cuont": 3}, "workerCuont", "did you mean workerCount?"),
    ({"vpc_cidr": "10.20.0.0"}, "vpcCidr", "CIDR notation"),
    ({"vpc_cidr": "10.20.0.0/33"}, "vpcCidr", "CIDR notation"),
    ({"vpc_cidr": "10.20.0.1/16"}, "vpcCidr", "write 10.20.0.0/16"),
    ({"vpc_cidr": "10.0.0.0/8"}, "vpcCidr", "from /16 to /25"),
    ({"vpc_cidr": "10.20.0.0/27"}, "vpcCidr", "from /16 to /25"),
    ({"vpc_cidr": "8.8.0.0/16"}, "vpcCidr", "private range"),
    ({"vpc_cidr": "10.210.0.0/16"}, "networks[1].subnet", "must not overlap vpcCidr"),
    ({"default_addr_pool": ["10.0.0.0/8"]}, "defaultAddrPool[0]", "must not overlap vpcCidr"),
    ({"default_addr_pool": ["10.210.0.0/16"]}, "networks[1].subnet", "defaultAddrPool[0]"),
    ({"default_addr_pool": ["10.200.0.0/26"]}, "defaultAddrPool[0]", "at least one network"),
    ({"default_addr_pool": ["11.0.0.0/8"]}, "defaultAddrPool[0]", "private range"),
    ({"default_addr_pool": "10.200.0.0/14"}, "defaultAddrPool", "must be a list"),
    ({"default_addr_pool": ["10.200.0.1/14"]}, "defaultAddrPool[0]", "host bits"),
    ({"subnet_size": 30}, "subnetSize", "from 8 to 29"),
    ({"avoid_cidrs": ["10.20.128.0/17"]}, "vpcCidr", "must not overlap avoidCidrs[0]"),
    ({"avoid_cidrs": ["10.210.0.0/20"]}, "networks[1].subnet", "avoidCidrs[0]"),
    ({"data_path_port": 80}, "dataPathPort", "from 1024 to 49151"),
    ({"data_path_port": 50000}, "dataPathPort", "from 1024 to 49151"),
    ({"data_path_port": 7789}, "dataPathPort", "older engines send them in clear"),
    ({"data_path_port": 7789, "engine_version": "20.10.24"}, "dataPathPort", "in clear"),
    (
        {"data_path_port": 7789, "engine_version": "24.0.2"},
        "dataPathPort",
        "at least 24.0.3",
    ),  # ES-4
    ({"data_path_port": 7946}, "dataPathPort", "gossip"),
    ({"engine_version": "20.10.23"}, "engineVersion", "CVE-2023-28840"),  # ES-13
    ({"engine_version": "23.0.2"}, "engineVersion", "CVE-2023-28840"),  # ES-13
    ({"access": "vpn"}, "access", "public, private, bastion, ssm"),
    ({"admin_cidrs": ["0.0.0.0/0"]}, "adminCidrs[0]", "part of the world"),
    ({"admin_cidrs": ["128.0.0.0/1"]}, "adminCidrs[0]", "part of the world"),
    ({"admin_cidrs": ["10.9.0.0/16", "10.9.0.0/16"]}, "adminCidrs", "each value once"),
    (
        {"extra_policy_arns": dict.fromkeys(("a", "b"), "arn:aws:iam::aws:policy/P")},
        "extraPolicyArns",
        "each value once",
    ),
    ({"admin_cidrs": None}, "adminCidrs", "must be given with access: private"),
    ({"access": "ssm", "operating_system": "ubuntu-24.04"}, "adminCidrs", "no use"),
    ({"access": "ssm", "admin_cidrs": None}, "operatingSystem", "SSM agent"),
    ({"ssh_authorized_keys": []}, "sshAuthorizedKeys", "at least one public key"),
    ({"ssh_authorized_keys": ["-----BEGIN X"]}, "sshAuthorizedKeys[0]", "OpenSSH public key"),
    ({"ssh_authorized_keys": [f"ssh-dss {KEY.split()[1]}"]}, "sshAuthorizedKeys[0]", "public key"),
    ({"operating_system": "windows"}, "operatingSystem", "debian-12"),
    ({"manager_instance_type": "large"}, "managerInstanceType", "such as t3.small"),
    ({"engine_version": "latest"}, "engineVersion", "such as 29.1"),
    ({"root_volume_size_gib": 4}, "rootVolumeSizeGib", "from 8 to 16384"),
    ({"boot_timeout_seconds": 5}, "bootTimeoutSeconds", "from 60 to 3600"),
    ({"manager_availability": "drained"}, "managerAvailability", "did you mean drain?"),
    ({"node_labels": {"worker-7": {"a": "b"}}}, "nodeLabels.worker-7", "must name a node"),
    ({"node_labels": {"worker-1": {"a": 1}}}, "nodeLabels.worker-1.a", "must be a string"),
    (
        {"node_labels": {"worker-1": {"io.docker.x": "y"}}},
        "nodeLabels.worker-1.io.docker.x",
        "Docker keeps",
    ),
    ({"worker_labels": {"com.docker.x": "y"}}, "workerLabels.com.docker.x", "Docker keeps"),
    ({"node_generations": {"worker-1": 0}}, "nodeGenerations.worker-1", "from 1"),
    (
        {
            "user_data_parts": [
                {"content_type": "text/cloud-boothook", "content": "#cloud-boothook\nsleep 1\n"}
            ]
        },
        "userDataParts[0].content",
        "must name its interpreter in the second line",
    ),
    ({"reap_after_seconds": 5}, "reapAfterSeconds", "from 30 to 86400"),
    (
        {**pool(labels={"disk": "fast"}), "daemon_options": '{"labels": ["disk=slow"]}'},
        "workerPools[0].labels.disk",
        "every node's daemon has it",
    ),
    ({"daemon_options": '{"labels": ["swarm.pool=x"]}'}, "daemonOptions.labels", "swarm.pool"),
    ({"daemon_options": '{"labels": ["swarm.leaving=x"]}'}, "daemonOptions.labels", "drain them"),
    ({"daemon_options": '{"labels": "a=b"}'}, "daemonOptions.labels", "a list of strings"),
    ({"daemon_options": '{"labels": ["a"]}'}, "daemonOptions.labels", "list of key=value"),
    ({"probe_networks": ["ap"]}, "probeNetworks[0]", "must be one of the networks (app, secure)"),
    ({"probe_networks": ["app", "app"]}, "probeNetworks", "each value once"),
    ({"probe_image": "busy box"}, "probeImage", "name of an image"),
    (pool(max_size=None), "workerPools[0].maxSize", "must be given"),
    (pool(name="Web"), "workerPools[0].name", "lower-case letters"),
    (pool(name="a" * 21), "workerPools[0].name", "at most 20"),
    (pool(min_size=4), "workerPools[0].minSize", "must be at most maxSize, 3"),
    (pool(max_size=1001), "workerPools[0].maxSize", "from 0 to 1000"),
    (pool(instance_types=["large"]), "workerPools[0].instanceTypes[0]", "EC2 instance type"),
    (
        pool(instance_types=["m7i.large", "m7g.large"]),
        "workerPools[0].instanceTypes",
        "one processor",
    ),
    (
        pool(instance_types=["m7i.large", "m7i.large"]),
        "workerPools[0].instanceTypes",
        "each value once",
    ),
    (
        pool(on_demand_percentage_above_base_capacity=101),
        "workerPools[0].onDemandPercentageAboveBaseCapacity",
        "from 0 to 100",
    ),
    (
        pool(min_healthy_percentage=-1),
        "workerPools[0].minHealthyPercentage",
        "from 0 to 100",
    ),
    (pool(labels={"a b": "c"}), "workerPools[0].labels.a b", "without spaces"),
    (
        pool(labels={"swarm.pool": "x"}),
        "workerPools[0].labels.swarm.pool",
        "the pool's name already",
    ),
    (pool(generation=0), "workerPools[0].generation", "from 1 to 1000000"),
    (pool(spot=True), "workerPools[0].spot", "is not an input here"),
    (
        {"worker_pools": [{"name": "a", "max_size": 1}, {"name": "a", "max_size": 1}]},
        "workerPools",
        "each value once",
    ),
    # Ingress needs an address for each machine that may ever be.
    (
        {**pool(max_size=1000), "ingress": {"subnet": "10.99.0.0/24"}},
        "ingress.subnet",
        "nodes 1005 + services 1 + tasks 1005 = 2011 addresses",
    ),
    (
        {**pool(instance_types=["m7g.large"]), "ami": "ami-1"},
        "workerInstanceType",
        "those of all pools",
    ),
    ({"manager_generation": 0}, "managerGeneration", "from 1 to 1000000"),
    ({"worker_generation": "2"}, "workerGeneration", "whole number of generations"),
    ({"worker_parallelism": -1}, "workerParallelism", "from 0 to 1000"),
    ({"availability_zones": ["a", "a"]}, "availabilityZones", "different zones"),
    ({"nat": "yes"}, "nat", "none, single, per-zone"),
    ({"access": "public", "nat": "single"}, "nat", "has no use with access: public"),
    ({**PLACE, "vpc_cidr": "10.0.0.0/12"}, "vpcCidr", "from /16 to /28"),
    ({"vpc_id": "vpc-1"}, "subnetIds", "must be given with vpcId"),
    ({"subnet_ids": ["subnet-1"]}, "subnetIds", "needs vpcId"),
    (
        {**PLACE, "manager_security_group_id": "sg-1"},
        "workerSecurityGroupId",
        "must be given with managerSecurityGroupId",
    ),
    (
        {**PLACE, "worker_security_group_id": "sg-1"},
        "managerSecurityGroupId",
        "must be given with workerSecurityGroupId",
    ),
    (
        {**PLACE, "manager_security_group_id": "sg-1", "worker_security_group_id": "sg-1"},
        "workerSecurityGroupId",
        "another group than the managers'",
    ),
    (
        {"manager_security_group_id": "sg-1", "worker_security_group_id": "sg-2"},
        "managerSecurityGroupId",
        "needs vpcId",
    ),
    ({"tags": {"aws:x": "y"}}, "tags.aws:x", "AWS keeps"),
    ({"tags": {"owner": "ops, platform"}}, "tags.owner", "IAM takes no other"),
    ({"tags": {"a" * 129: "x"}}, f"tags.{'a' * 129}", "1 to 128"),
    ({"tags": {"team": "a", "Team": "b"}}, "tags.Team", "differ from team in more than case"),
    ({"tags": {"a": 1}}, "tags.a", "must be a string"),
    ({"networks": [{"name": "a"}, {"name": "a"}]}, "networks[1].name", "must be unique"),
    ({"networks": [{}]}, "networks[0].name", "must be given"),
    ({"networks": ["app"]}, "networks[0]", "must be an object"),
    ({"networks": {"name": "app"}}, "networks", "must be a list"),
    (network(name="ingress"), "networks[0].name", "Docker's own"),
    (network(name="host"), "networks[0].name", "Docker's own"),
    (network(name="Ingress"), "networks[0].name", "in whatever case"),
    (network(name="container"), "networks[0].name", "Docker's own"),
    (
        {"ami": "ami-1", "engine_version": "24.0", "data_path_port": 7789},
        "dataPathPort",
        "at least 24.0.3",
    ),
    ({"ami": "ami-1", "engine_version": "20.10"}, "engineVersion", "CVE-2023-28840"),
    ({"subnet_size": 8, "default_addr_pool": []}, "subnetSize", "from 14"),
    (daemon_log(name="gelf"), f"{LOG}.gelf-address", "must be given"),
    (
        daemon_log(name="splunk", options={"splunk-url": "https://s"}),
        f"{LOG}.splunk-token",
        "must be given",
    ),
    ({"daemon_options": '{"http-proxy": "http://p"}'}, "daemonOptions.http-proxy", "in proxies"),
    ({"networks": [{"name": "App"}, {"name": "app"}]}, "networks[1].name", "whatever the case"),
    (
        network(labels={"com.docker.swarm.predefined": ""}),
        "networks[0].labels.com.docker.swarm.predefined",
        "cannot be given here",
    ),
    (network(name="-x"), "networks[0].name", "letter or digit at both ends"),
    (network(name="x_"), "networks[0].name", "letter or digit at both ends"),
    (network(name="a.b"), "networks[0].name", "letters, digits, _ and -"),
    (network(name="a" * 64), "networks[0].name", "at most 63"),
    (network(subnet="10.210.0.0/30"), "networks[0].subnet", "/28 or larger"),
    (network(subnet="10.210.0.9/24"), "networks[0].subnet", "write 10.210.0.0/24"),  # KD-5
    (network(subnet="9.9.9.0/24"), "networks[0].subnet", "private range"),
    (network(subnet="0.0.0.0/0"), "networks[0].subnet", "private range"),
    (network(gateway="10.211.0.1"), "networks[0].gateway", "host address of the subnet"),
    (network(gateway="10.210.0.255"), "networks[0].gateway", "host address of the subnet"),
    (network(gateway="first"), "networks[0].gateway", "IPv4 address"),
    (network(subnet=None, gateway="10.210.0.1"), "networks[0].gateway", "needs a subnet"),
    (network(mtu=100), "networks[0].mtu", "from 576 to 9216"),
    (network(encrypted="yes"), "networks[0].encrypted", "true or false"),
    (network(attachable=1), "networks[0].attachable", "true or false"),
    (network(scope="swarm"), "networks[0].scope", "cannot be set here"),
    (network(driver="bridge"), "networks[0].driver", "docker.Network itself"),
    (network(ingress=True), "networks[0].ingress", "made with the swarm"),
    (network(encryptd=True), "networks[0].encryptd", "did you mean encrypted?"),
    (network(labels=["a"]), "networks[0].labels", "named strings"),
    # Ports and the swarm's own settings (sections 5, 6, 10, 11)
    ({"data_path_port": 80, "networks": []}, "dataPathPort", "from 1024 to 49151"),  # OF-2
    ({"data_path_port": "4789"}, "dataPathPort", "whole number"),
    (
        {"ingress": {"encrypted": True}, "networks": [], "data_path_port": 7789},
        "dataPathPort",
        "at least 24.0.3",
    ),
    (
        {"subnet_size": 12, "default_addr_pool": ["10.96.0.0/16"]},
        "defaultAddrPool[0]",
        "/12",
    ),  # AP-6
    ({"subnet_size": 7}, "subnetSize", "from 8 to 29"),  # AP-6
    (
        {"subnet_size": 16, "networks": [{"name": n} for n in "abcde"]},
        "defaultAddrPool",
        "room for 4 of /16",
    ),  # AP-11
    ({"subnet_size": 12}, "subnetSize", "from 14 while no defaultAddrPool is given"),  # AP-6
    ({"subnet_size": 29}, "networks[0].subnet", "must be given: it must hold nodes 5"),  # AP-9
    ({"default_addr_pool": ["10.0.0.0/8"], "vpc_cidr": "10.0.0.0/16"}, "defaultAddrPool[0]", "vpc"),
    ({"default_addr_pool": ["10.96.0.0/16", "10.96.1.0/24"]}, "defaultAddrPool[1]", "overlap"),
    ({"cert_expiry_hours": 0}, "certExpiryHours", "from 1 to 87600"),
    ({"cert_expiry_hours": "90d"}, "certExpiryHours", "whole number of hours"),
    ({"task_history_limit": -1}, "taskHistoryLimit", "from 0 to 1000"),
    (
        {"default_addr_pool": ["10.96.0.0/23"], "networks": [{"name": n} for n in "abc"]},
        "defaultAddrPool",
        "room for 2 of /24",
    ),
    ({"dispatcher_heartbeat_seconds": 0}, "dispatcherHeartbeatSeconds", "from 1 to 60"),
    ({"snapshot_interval": 10}, "snapshotInterval", "from 100"),
    ({"max_snapshots": 101}, "maxSnapshots", "from 0 to 100"),
    ({"autolock": "yes"}, "autolock", "true or false"),
    ({"worker_token_rotation": -1}, "workerTokenRotation", "raising it by one"),
    ({"ca_rotation": 1.5}, "caRotation", "whole number"),
    ({"log_driver": {"name": "local"}}, "logDriver", "set daemonLogDriver"),
    ({"daemon_log_driver": "local"}, "daemonLogDriver", "named values"),
    ({"daemon_log_driver": {"options": {}}}, "daemonLogDriver.name", "must be given"),
    ({"external_cas": [{"url": "http://ca"}]}, "externalCas[0].url", "https URL"),
    ({"external_cas": [{"url": "https://ca:8888/"}]}, "externalCas[0].url", "at port 443"),
    ({"external_cas": [{"url": "https://ca:x"}]}, "externalCas[0].url", "at port 443"),
    ({"external_cas": [{"url": "https://ca"}]}, "externalCas[0].caCert", "in PEM"),
    ({"ca_cert": "ca.pem"}, "caCert", "in PEM"),
    (
        {"ca_cert": PEM, "external_cas": [{"url": "https://ca", "ca_cert": PEM}]}
        | {"cert_expiry_hours": 720},
        "certExpiryHours",
        "not told how long",
    ),
    ({"ca_cert": PEM.replace("AAAA", "AAA")}, "caCert", "in PEM"),
    ({"ca_cert": PEM}, "caCert", "nobody could sign"),
    ({"join_token": "SWMTKN-1-x"}, "joinToken", "fetch tokens by themselves"),
    ({"advertise_addr": "public"}, "advertiseAddr", "nodeAdvertiseAddrs"),  # NW-2
    ({"docker_host": "tcp://10.0.1.10:2376"}, "dockerHost", "pinned host key"),  # PD-13, NW-8
    ({"manager_spot": True}, "managerSpot", "lose the quorum together"),  # QR-12
    ({"security_group_ids": ["sg-1"]}, "securityGroupIds", "beside the groups"),  # SG-1
    ({"worker_spot": "yes"}, "workerSpot", "true or false"),
    # Addresses of nodes (section 9)
    (
        node_address("manager-0", "3.5.140.2"),
        f"{ADVERTISED}.manager-0",
        "passes a NAT",
    ),  # NW-2, NW-4
    (node_address("worker-0", "eth1"), f"{ADVERTISED}.worker-0", "IPv4 address"),
    (node_address("manager-9", "10.20.0.9"), f"{ADVERTISED}.manager-9", "must name a node"),
    (
        {"node_advertise_addrs": {"manager-0": "10.20.0.9", "worker-0": "10.20.0.9"}},
        f"{ADVERTISED}.worker-0",
        "another than that of manager-0",
    ),
    (node_address("worker-0", "10.20.0.9"), f"{ADVERTISED}.worker-0", "has no key"),  # ES-12
    ({"data_path_addr": "eth1"}, "dataPathAddr", "leaves in clear"),  # ES-12
    ({"listen_addr": "10.0.0.1"}, "listenAddr", "name of a network interface"),
    ({"listen_addr": "eth0:2378"}, "listenAddr", "port is always 2377"),
    ({"data_path_addr": "10.0.0.1"}, "dataPathAddr", "cannot be an address"),
    # Every node's daemon
    ({"underlay_mtu": 9002}, "underlayMtu", "at most 9001"),
    ({"underlay_mtu": 9001, "worker_instance_type": "m1.small"}, "underlayMtu", "at most 1500"),
    ({"underlay_mtu": 100}, "underlayMtu", "from 576 to 9216"),
    ({"underlay_mtu": 1350}, "networks[1].mtu", "at most underlayMtu, 1350"),  # MT-3
    ({"network_control_plane_mtu": 9100}, "networkControlPlaneMtu", "at most underlayMtu"),  # MT-4
    ({"bip": "172.17.0.0/16"}, "bip", "write 172.17.0.1/16"),
    ({"bip": "172.17.0.1"}, "bip", "prefix length"),
    ({"bip": "10.20.0.1/24"}, "bip", "must not overlap vpcCidr"),
    ({"bip": "11.0.0.1/16"}, "bip", "private range"),
    ({"bip": "192.168.7.1/28"}, "bip", "/26 or larger"),
    (bridge(subnet="10.20.0.0/24"), "dockerGwbridge.subnet", "must not overlap vpcCidr"),  # GW-5
    (bridge(subnet="10.210.0.0/24"), "networks[1].subnet", "dockerGwbridge.subnet"),
    (bridge(subnet="192.168.7.0/28"), "dockerGwbridge.subnet", "/26 or larger"),
    (bridge(subnet="192.168.7.9/24"), "dockerGwbridge.subnet", "write 192.168.7.0/24"),
    (bridge(gateway="192.168.7.1"), "dockerGwbridge.gateway", "needs a subnet"),
    (bridge(mtu=9002), "dockerGwbridge.mtu", "at most underlayMtu"),
    (bridge(icc="no"), "dockerGwbridge.icc", "true or false"),
    (bridge(ip_masq=True), "dockerGwbridge.ipMasq", "did you mean ipMasquerade?"),
    (bridge(name="gw"), "dockerGwbridge.name", "swarm looks for"),
    (bridge(encrypted=True), "dockerGwbridge.encrypted", "does not leave its node"),
    ({"docker_gwbridge": True}, "dockerGwbridge", "named values"),
    (pools({"base": "10.20.0.0/16", "size": 24}), "defaultAddressPools[0].base", "vpcCidr"),
    (pools({"base": "192.168.0.0/16", "size": 15}), "defaultAddressPools[0].size", "from 16 to 26"),
    (pools({"base": "192.168.0.0/16"}), "defaultAddressPools[0].size", "must be given"),
    (pools({"size": 24}), "defaultAddressPools[0].base", "must be given"),
    (pools({"base": "11.0.0.0/16", "size": 24}), "defaultAddressPools[0].base", "private range"),
    (
        pools({"base": "192.168.0.0/16", "size": 24}, {"base": "192.168.4.0/22", "size": 24}),
        "defaultAddressPools[1].base",
        "must not overlap defaultAddressPools[0].base",
    ),
    (daemon_log(name="jsonfile"), "daemonLogDriver.name", "does not start"),
    (daemon_log(name="local", options={"max-sise": "1m"}), f"{LOG}.max-sise", "max-size"),
    (daemon_log(name="local", options={"max-size": "ten"}), f"{LOG}.max-size", "such as 10m"),
    (daemon_log(name="local", options={"max-file": "0"}), f"{LOG}.max-file", "from 1"),
    (daemon_log(name="local", options={"max-file": 3}), f"{LOG}.max-file", "must be a string"),
    (daemon_log(name="local", options={"tag": "x"}), f"{LOG}.tag", "not an option of local"),
    (
        daemon_log(name="json-file", options={"max-buffer-size": "4m"}),
        f"{LOG}.max-buffer-size",
        "needs mode non-blocking",
    ),
    (daemon_log(name="local", options={"max-size": "0"}), f"{LOG}.max-size", "such as 10m"),
    (daemon_log(name="local", options={"max-file": "1"}), f"{LOG}.max-file", "at least 2 unless"),
    (daemon_log(name="json-file", options={"max-file": "3"}), f"{LOG}.max-file", "needs max-size"),
    (
        daemon_log(name="json-file", options={"max-size": "1m", "compress": "true"}),
        f"{LOG}.compress",
        "max-file of at least 2",
    ),
    (daemon_log(name="syslog", options={"foo": "x"}), f"{LOG}.foo", "is not an option of syslog"),
    (
        daemon_log(name="awslogs", options={"awslogs-group": "g", "awslogs-stram": "s"}),
        f"{LOG}.awslogs-stram",
        "awslogs-stream",
    ),
    (daemon_log(name="awslogs"), f"{LOG}.awslogs-group", "must be given"),
    (daemon_log(name="journald", options={"mode": "later"}), f"{LOG}.mode", "non-blocking"),
    ({"registry_mirrors": ["https://mirror:abc"]}, "registryMirrors[0]", "URL of a host"),
    ({"registry_mirrors": ["http://["]}, "registryMirrors[0]", "URL of a host"),
    ({"insecure_registries": ["r:99999"]}, "insecureRegistries[0]", "host:port"),
    ({"metrics_addr": "999.1.1.1:9323"}, "metricsAddr", "such as 0.0.0.0:9323"),
    ({"metrics_addr": "0.0.0.0:99999"}, "metricsAddr", "such as 0.0.0.0:9323"),
    ({"metrics_addr": "0.0.0.0:7946"}, "metricsAddr", "a port of the swarm's"),
    ({"daemon_options": '{"foo": 1}'}, "daemonOptions.foo", "is no option of dockerd"),
    ({"daemon_options": '{"debug": "yes"}'}, "daemonOptions.debug", "must be true or false"),
    ({"daemon_options": '{"mtu": true}'}, "daemonOptions.mtu", "must be a whole number"),
    ({"daemon_options": '{"dns": "10.0.0.2"}'}, "daemonOptions.dns", "a list of strings"),
    ({"daemon_options": '{"group": "admin"}'}, "daemonOptions.group", "a member of docker"),
    (
        {"daemon_options": '{"fixed-cidr": "10.20.0.0/24"}'},
        "daemonOptions.fixed-cidr",
        "must lie in the range of docker0, 172.17.0.0/16",
    ),
    (
        {"daemon_options": '{"bridge": "none"}', "bip": "192.168.12.1/24"},
        "daemonOptions.bridge",
        "cannot stand beside bip",
    ),
    ({"registry_mirrors": ["mirror.example.com"]}, "registryMirrors[0]", "URL of a host"),
    ({"registry_mirrors": ["https://u:p@mirror"]}, "registryMirrors[0]", "password"),
    ({"registry_mirrors": ["https://mirror/path"]}, "registryMirrors[0]", "without path"),
    ({"insecure_registries": ["http://r:5000"]}, "insecureRegistries[0]", "without scheme"),
    ({"metrics_addr": "9323"}, "metricsAddr", "such as 0.0.0.0:9323"),
    ({"daemon_options": "{"}, "daemonOptions", "JSON object"),
    ({"daemon_options": "[]"}, "daemonOptions", "JSON object"),
    ({"daemon_options": '{"live-restore": true}'}, "daemonOptions.live-restore", "refuses it"),
    ({"daemon_options": '{"ip-forward": false}'}, "daemonOptions.ip-forward", "routed"),
    (
        {"daemon_options": '{"firewall-backend": "nftables"}'},
        "daemonOptions.firewall-backend",
        "iptables alone",
    ),
    (
        {"daemon_options": '{"default-network-opts": {"overlay": {"encrypted": ""}}}'},
        "daemonOptions.default-network-opts",
        "the networks' own inputs",
    ),
    (
        {"operating_system": "amazon-linux-2023"}
        | {"daemon_options": '{"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 9}}}'},
        "daemonOptions.default-ulimits",
        "OPTIONS in /etc/sysconfig/docker",
    ),
    ({"daemon_options": '{"bip": "10.0.0.1/24"}'}, "daemonOptions.bip", "set bip"),
    ({"daemon_options": '{"hosts": ["tcp://0.0.0.0"]}'}, "daemonOptions.hosts", "reached by ssh"),
    ({"daemon_options": '{"iptables": false}'}, "daemonOptions.iptables", "no published port"),
    ({"engine_version": "19.03.15"}, "engineVersion", "at least 20.10"),
    (part(content="echo"), "userDataParts[0].content", "must start with #!"),
    (part(content_type="text/plain", content="x"), "userDataParts[0].contentType", "one of"),
    (part(content="#!/bin/sh\nSWMTKN-1-x"), "userDataParts[0].content", "no join token"),  # JN-10
    (
        {"extra_policy_arns": {"images": "AmazonECRReadOnly"}},
        "extraPolicyArns.images",
        "ARN of a managed",
    ),  # IA-2
    (
        {"extra_policy_arns": {f"p{i}": f"arn:aws:iam::aws:policy/P{i}" for i in range(11)}},
        "extraPolicyArns",
        "10",
    ),
    (
        {"extra_policy_arns": {"a name": "arn:aws:iam::aws:policy/P"}},
        "extraPolicyArns",
        "letters, digits and hyphens",
    ),
    (
        {"extra_policy_arns": ["arn:aws:iam::aws:policy/P"]},
        "extraPolicyArns",
        "named strings",
    ),
    # ingress (section 7)
    ({"ingress": {"subnet": "10.20.1.0/24"}}, "ingress.subnet", "must not overlap vpcCidr"),
    ({"ingress": {"subnet": "10.210.0.0/20"}}, "networks[1].subnet", "must not overlap ingress"),
    ({"ingress": {"subnet": "10.99.0.0/29"}}, "ingress.subnet", "/28 or larger"),
    (
        {"ingress": {"subnet": "10.99.0.0/28"}, "worker_count": 4},
        "ingress.subnet",
        "= 15 addresses",
    ),
    ({"ingress": {"subnet": "10.99.0.0/24", "gateway": "10.98.0.1"}}, "ingress.gateway", "host"),
    ({"ingress": {"mtu": 9100}}, "ingress.mtu", "at most underlayMtu"),
    ({"ingress": {"encrypted": "no"}}, "ingress.encrypted", "true or false"),
    ({"ingress": {"attachable": True}}, "ingress.attachable", "nothing but published"),  # GW-2
    # The path to the managers
    ({"access": "bastion"}, "sshBastion", "must be given with access: bastion"),
    ({"ssh_bastion": BASTION}, "sshBastion", "no use without access: bastion"),
    (bastion(host_key=None), "sshBastion.hostKey", "must be given"),
    (bastion(host_key="-----BEGIN"), "sshBastion.hostKey", "OpenSSH public key"),
    (bastion(host="ec2-user@b"), "sshBastion.host", "user and port beside it"),
    (bastion(user="a b"), "sshBastion.user", "name of a user"),
    (bastion(port=0), "sshBastion.port", "from 1 to 65535"),
    # Networks (sections 2, 3, 6, 8)
    (network(name="docker_gwbridge"), "networks[0].name", "set dockerGwbridge"),  # KD-14
    (network(name="none"), "networks[0].name", "Docker's own"),  # VI-7
    (network(name=7), "networks[0].name", "must be a string"),
    (network(ipv6=True), "networks[0].ipv6", "no released engine"),  # NW-7
    (network(ip_range="10.211.0.0/25"), "networks[0].ipRange", "must lie in the subnet"),  # AP-10
    (network(ip_range="10.210.0.0/23"), "networks[0].ipRange", "must lie in the subnet"),
    (network(subnet=None, ip_range="10.210.0.0/25"), "networks[0].ipRange", "needs a subnet"),
    (network(ip_range="10.210.0.8/29"), "networks[0].ipRange", "= 11 addresses"),  # AP-9
    (network(subnet="10.210.0.0/28", planned_tasks=20), "networks[0].subnet", "has 13"),  # AP-9
    (network(planned_tasks=0), "networks[0].plannedTasks", "from 1"),
    (network(planned_services=-1), "networks[0].plannedServices", "from 0"),
    (network(aux_address={"a": "10.210.0.9"}), "networks[0].auxAddress", "no auxiliary addresses"),
    (network(subnets=[{"subnet": "10.211.0.0/24"}]), "networks[0].subnet", "beside subnets"),
    (several({"gateway": "10.211.0.1"}), "networks[0].subnets[0].subnet", "must be given"),
    (
        several({"subnet": "10.211.0.0/24"}, {"subnet": "10.211.0.0/25"}),
        "networks[0].subnets[1].subnet",
        "must not overlap networks[0].subnets[0].subnet",
    ),
    (several({"subnet": "10.211.0.0/24", "aux": 1}), "networks[0].subnets[0].aux", "not an input"),
    (
        network(driver_options={"encrypted": "false"}),
        f"{OPTIONS}.encrypted",
        "set encrypted",
    ),  # ES-6
    (
        network(driver_options={"com.docker.network.driver.mtu": "1500"}),
        f"{OPTIONS}.com.docker.network.driver.mtu",
        "set mtu",
    ),
    (
        network(driver_options={"com.docker.network.driver.overlay.vxlanid_list": "5000"}),
        f"{OPTIONS}.com.docker.network.driver.overlay.vxlanid_list",
        "swarm numbers networks",
    ),
    (network(driver_options={"mtu": "1400"}), f"{OPTIONS}.mtu", "would ignore it"),
    (network(driver_options={"dsr": "no"}), f"{OPTIONS}.dsr", "must be true, or empty"),
    (
        network(driver_options={"com.docker.network.advertise_addr_nmsgs": "9"}),
        f"{OPTIONS}.com.docker.network.advertise_addr_nmsgs",
        "from 0 to 3",
    ),
    (network(config_only=True), "networks[0].configOnly", "no networks of single nodes"),
    (network(mtu=9100), "networks[0].mtu", "at most underlayMtu, 9001"),
    (network(mtu="large"), "networks[0].mtu", "whole number"),
    ({"vpc_cidr": "172.31.0.0/16", "avoid_cidrs": ["172.16.0.0/12"]}, "vpcCidr", "avoidCidrs[0]"),
    (
        {
            "avoid_cidrs": ["10.0.0.0/8", "172.16.0.0/12", "100.64.0.0/10"],
            "vpc_cidr": "192.168.0.0/20",
        },
        "defaultAddrPool",
        "must be given: none of",
    ),  # AP-2
    (
        {"avoid_cidrs": ["10.8.0.0/16"], "default_addr_pool": ["10.8.0.0/14"]},
        "defaultAddrPool[0]",
        "must not overlap avoidCidrs[0]",
    ),  # AP-2
]


def test_the_args_that_tests_spoil_are_good() -> None:
    _, problems = read()
    assert problems == []


@pytest.mark.parametrize(("changes", "path", "sentence"), WRONG)
def test_mistake_has_a_sentence(changes: dict[str, Any], path: str, sentence: str) -> None:
    _, problems = read(**changes)
    about = [str(p) for p in problems if p.path == path]
    assert any(sentence in text for text in about), [str(p) for p in problems]
    for problem in problems:
        assert problem.allowed
        assert problem.remedy


def test_there_are_at_least_150_and_no_two_are_the_same() -> None:
    assert len({repr(row) for row in WRONG}) == len(WRONG) >= 150


def test_all_mistakes_of_a_run_come_together() -> None:
    _, found = read(manager_count=2, vpc_cidr="10.20.0.1/16", access="vpn", nonsense=1)
    assert {p.path for p in found} >= {"managerCount", "vpcCidr", "access", "nonsense"}
    text = str(Problems(found))
    assert text.startswith(f"{len(found)} inputs are wrong; nothing was made:")
    assert len(text.splitlines()) == len(found) + 1


def test_a_private_key_given_by_mistake_is_not_shown() -> None:
    private = "-----BEGIN OPENSSH PRIVATE KEY----- c2VjcmV0"
    _, found = read(ssh_authorized_keys=[private])
    assert found
    assert "c2VjcmV0" not in str(Problems(found))


def test_numbers_that_come_as_floats_from_other_languages_are_whole() -> None:
    plan, problems = read(manager_count=5.0, data_path_port=4789.0)
    assert problems == []
    assert len([n for n in plan.nodes if n.role == "manager"]) == 5
    assert isinstance(plan.swarm.data_path_port, int)


def test_camel_case_keys_are_the_same_inputs() -> None:
    _, problems = read(manager_count=None, managerCount=5)
    assert problems == []
    assert GOOD["manager_count"] == 3
