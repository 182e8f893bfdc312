"""User-data: byte-stable, small, free of secrets, and correct shell."""

import base64
import bz2
import json
import subprocess
from collections.abc import Mapping
from email import message_from_string
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from pulumi_swarm.autoscaled import AutoscaledWorkerPoolArgs
from pulumi_swarm.autoscaled import user_data as pool_user_data
from pulumi_swarm.bootstrap import MAX_USER_DATA_BYTES, NodeSettings, render
from pulumi_swarm.node_settings import LONGEST_IDS, node_settings
from pulumi_swarm.plan.groups import read_pool_group
from pulumi_swarm.plan.nodes import NodePlan
from pulumi_swarm.plan.ports import Role
from pulumi_swarm.plan.problems import Problems
from tests.unit.inputs import KEY, read

IDS: Mapping[str, str] = {
    "worker": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:swarm-worker-token-1-AbCdEf",
    "manager": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:swarm-manager-token-1-AbCdEf",
    "host_key": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:swarm-host-key-1-AbCdEf",
    "unlock_key": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:swarm-unlock-key-1-AbCdEf",
    "parameter": "/pulumi-swarm/swarm/dev/swarm/managers",
}
SCRIPT = Path("components/pulumi_swarm/bootstrap/swarm-bootstrap.sh")
PACKED = "/etc/swarm/swarm-bootstrap.bz2"


def user_data(role: Role, index: int = 0, ids: Mapping[str, str] = IDS, **changes: object) -> str:
    plan, problems = read(**changes)
    assert problems == []
    node: NodePlan = next(n for n in plan.nodes if n.role is role and n.index == index)
    return render(node_settings(f"swarm-{node.key}", node, plan.group(role), ids))


def parts(text: str) -> dict[str, str]:
    message = message_from_string(text)
    return {
        p.get_content_type(): str(p.get_payload()) for p in message.walk() if not p.is_multipart()
    }


def files(text: str) -> dict[str, str]:
    """The files that the cloud-config writes, the script unpacked."""
    config = yaml.safe_load(parts(text)["text/cloud-config"])
    found = {f["path"]: f["content"] for f in config["write_files"]}
    found[PACKED] = bz2.decompress(base64.b64decode(found[PACKED])).decode()
    return found


@pytest.mark.parametrize("role", list(Role))
def test_user_data_of_a_role(role: Role, snapshot: SnapshotAssertion) -> None:
    text = user_data(role)
    packed = next(line for line in text.splitlines() if line.startswith("    content: Q"))
    assert text.replace(packed, f"    content: (packed)\n{files(text)[PACKED]}") == snapshot


def test_user_data_of_a_pool_has_its_labels_its_group_and_no_name_of_one_machine() -> None:
    text = of_pool(labels={"disk": "fast"})
    found = files(text)
    assert json.loads(found["/etc/swarm/daemon.json"])["labels"] == ["swarm.pool=web", "disk=fast"]
    assert "AUTOSCALING_GROUP=swarm/test/swarm-web\n" in found["/etc/swarm/node.conf"]
    assert "hostname" not in yaml.safe_load(parts(text)["text/cloud-config"])
    assert parts(text)["text/x-shellscript"].endswith(
        "--no-block swarm-bootstrap.service swarm-group.service\n"
    )
    assert len(text.encode()) < MAX_USER_DATA_BYTES


def of_pool(**changes: object) -> str:
    problems = Problems()
    values = {"name": "web", "max_size": 3, **changes}
    known = (*AutoscaledWorkerPoolArgs.__annotations__,)
    plan, _ = read_pool_group(values, known, problems)
    assert problems.found == []
    return pool_user_data("swarm/test/swarm-web", plan, LONGEST_IDS)


@pytest.mark.parametrize("role", list(Role))
def test_user_data_is_the_same_twice_and_for_other_counts_of_nodes(role: Role) -> None:
    first = user_data(role)
    assert user_data(role) == first
    assert user_data(role, manager_count=7, worker_count=100) == first


def test_user_data_of_two_nodes_differs_by_name_alone() -> None:
    first, second = user_data(Role.WORKER, 0), user_data(Role.WORKER, 1)
    assert second == first.replace("swarm-worker-0", "swarm-worker-1")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("system", ["debian-12", "debian-13", "ubuntu-24.04", "amazon-linux-2023"])
def test_user_data_is_below_the_limit_of_ec2_ud_4(role: Role, system: str) -> None:
    text = user_data(role, ids=LONGEST_IDS, operating_system=system, engine_version="29.1.3")
    assert len(text.encode()) < MAX_USER_DATA_BYTES


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("system", ["debian-13", "ubuntu-24.04", "amazon-linux-2023"])
def test_one_text_serves_every_system_and_processor(role: Role, system: str) -> None:
    """So the snapshots of this file are those of all systems, also of those not booted here."""
    arm: dict[str, Any] = {
        "manager_instance_type": "t4g.small",
        "worker_instance_type": "t4g.small",
    }
    assert user_data(role, operating_system=system, **arm) == user_data(role)


def test_bridge_is_made_after_the_daemon_is_told_and_before_the_node_joins_gw_5() -> None:
    script = files(user_data(Role.WORKER))[PACKED]
    run = script[script.index("trap ") :]
    steps = ("ensure_engine", "make_gwbridge", "enter_swarm", "make_ingress", "publish_tokens")
    places = [run.index(step) for step in steps]
    assert places == sorted(places)
    ensure = script[script.index("ensure_engine() {") :]
    assert ensure.index("configure_engine") < ensure.index("swarm_state)")


def test_no_token_is_handed_over_before_ingress_is_made() -> None:
    """A node that joins earlier would know the ingress that swarm made itself."""
    script = files(user_data(Role.MANAGER))[PACKED]
    upkeep = script[script.index("upkeep() {") :].splitlines()
    assert upkeep[1].strip() == '[ -e "$joined" ] || return 0'
    run = script[script.index("trap ") :]
    assert run.index("make_ingress") < run.index(': >"$joined"') < run.index("publish_tokens")


def test_only_the_first_manager_may_make_a_swarm_jn_4() -> None:
    assert "MAY_INIT=yes" in user_data(Role.MANAGER, 0)
    for role, index in ((Role.MANAGER, 1), (Role.MANAGER, 2), (Role.WORKER, 0)):
        assert "MAY_INIT=no" in user_data(role, index)


def test_worker_is_told_of_no_secret_but_its_own() -> None:
    text = user_data(Role.WORKER)
    assert IDS["worker"] in text
    assert IDS["manager"] not in text
    assert IDS["host_key"] not in text
    assert KEY not in text


def without_comments(script: str) -> str:
    """A script as bash itself writes it down: as the body of a function."""
    program = f"script() {{\n{script}\n}}\ndeclare -f script"
    return subprocess.check_output(["bash", "-c", program], text=True)


def test_script_travels_without_comments_and_is_otherwise_as_it_was_written() -> None:
    packed = files(user_data(Role.MANAGER))[PACKED]
    source = SCRIPT.read_text(encoding="utf-8")
    assert packed.startswith("#!/bin/sh\n")
    assert len(packed) < 0.85 * len(source)
    assert without_comments(packed) == without_comments(source)


def test_cloud_config_is_yaml_with_the_login_confined() -> None:
    config = yaml.safe_load(parts(user_data(Role.MANAGER))["text/cloud-config"])
    # Whatever sshd reads besides.
    confined = f'restrict,command="/usr/local/bin/swarm-dial" {KEY}'
    assert config["users"][1]["ssh_authorized_keys"] == [confined]


@pytest.mark.parametrize("role", list(Role))
def test_rendered_scripts_are_clean_shell(role: Role, tmp_path: Path) -> None:
    rendered = user_data(role)
    found = parts(rendered)
    conf = tmp_path / "node.conf"
    conf.write_text(files(rendered)["/etc/swarm/node.conf"])
    script = tmp_path / "swarm-bootstrap"
    text = files(rendered)[PACKED]
    script.write_text(text.replace("/etc/swarm/node.conf", str(conf)))
    start = tmp_path / "start"
    start.write_text(found["text/x-shellscript"])
    scripts = [script, start]
    dial = files(rendered).get("/usr/local/bin/swarm-dial")
    assert (dial is not None) is (role is Role.MANAGER)
    if dial is not None:
        scripts.append(tmp_path / "swarm-dial")
        scripts[-1].write_text(dial)
    checked = subprocess.run(
        # SC1091: /etc/os-release is not here to follow.
        [".venv/bin/shellcheck", "--external-sources", "--exclude=SC1091", *map(str, scripts)],
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.stdout == ""
    assert checked.returncode == 0


@pytest.mark.parametrize("hostile", ["a'b", 'a"b', "a$(reboot)b", "a`id`b", "a;b"])
def test_values_cannot_break_out_of_the_configuration(hostile: str) -> None:
    settings = NodeSettings(
        hostname="swarm-worker-0",
        role="worker",
        may_init=False,
        worker_secret=hostile,
        manager_secret="",
        host_key_secret="",
        unlock_key_secret="",
        addresses_parameter="/p",
        default_addr_pool=[IPv4Network("10.200.0.0/14")],
        subnet_size=24,
        data_path_port=4789,
        listen_addr="0.0.0.0:2377",
        advertise_addr="",
        data_path_addr="",
        gwbridge={},
        ingress={},
        daemon_config={},
        engine_version="",
        reap_after_seconds=900,
        boot_timeout_seconds=600,
        authorized_keys=[],
        further_parts=[],
    )
    config = yaml.safe_load(parts(render(settings))["text/cloud-config"])
    conf = next(f["content"] for f in config["write_files"] if f["path"].endswith("node.conf"))
    shown = subprocess.run(
        ["sh", "-c", f'{conf}\nprintf %s "$WORKER_SECRET"'],
        text=True,
        capture_output=True,
        check=True,
    )
    assert shown.stdout == hostile
