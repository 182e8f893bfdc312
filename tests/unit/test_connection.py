"""ssh options: pinned, quiet, and in a form that ssh itself accepts."""

import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pulumi_swarm.plan import reach
from pulumi_swarm.plan.access import Bastion
from pulumi_swarm.plan.connection import (
    SSH_HOST,
    Connection,
    control_path,
    proxy_command,
    ssh_options,
)
from tests.unit.inputs import KEY

OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1cJhCfqTq3UJ9TeMnMPZXZiyPW5pF7pYpZ0lY5Nf2z x"
SOCKET_BYTES = 104  # macOS; Linux has 108
LONG_HOME_BYTES = 60
BASTION = Bastion(host="bastion.example.com", user="ec2-user", port=2222, host_key=KEY)


def connection(region: str = "", bastion: Bastion | None = None) -> Connection:
    return Connection(
        managers=["10.0.0.10", "10.0.1.10"],
        host_public_key=KEY,
        identity_file="",
        through="",
        session_manager_region=region,
        bastion=bastion,
    )


@pytest.mark.parametrize(
    "given",
    [connection(), connection("eu-central-1"), connection(bastion=BASTION)],
    ids=["direct", "ssm", "bastion"],
)
def test_ssh_accepts_the_options_and_reads_no_known_hosts_pd_6(given: Connection) -> None:
    options = ssh_options(given)
    shown = subprocess.run(
        ["ssh", "-T", "-F", "/dev/null", "-G", *options, SSH_HOST],
        text=True,
        capture_output=True,
        check=False,
    )
    assert shown.stderr == ""
    settings = dict(line.split(" ", 1) for line in shown.stdout.splitlines() if " " in line)
    assert settings["stricthostkeychecking"] == "true"
    assert settings["userknownhostsfile"] == "/dev/null"
    assert settings["globalknownhostsfile"] == "/dev/null"
    assert settings["batchmode"] == "yes"
    assert settings["controlmaster"] == "false"  # or a connection to another cluster may be shared


def test_shared_connection_is_one_for_each_cluster_and_fits_into_a_socket_s_address() -> None:
    one, other = connection(), replace(connection(), host_public_key=OTHER_KEY)
    assert control_path(one) == control_path(replace(one, managers=["10.9.9.9"]))
    assert control_path(one) != control_path(other)
    shown = subprocess.run(
        ["ssh", "-T", "-F", "/dev/null", "-G", *ssh_options(one, shared=True), SSH_HOST],
        text=True,
        capture_output=True,
        check=True,
    )
    within_home = control_path(one).removeprefix("%d")
    assert f"controlpath {Path.home()}{within_home}\n" in shown.stdout
    # ssh makes it under another name first, with sixteen letters and a dot more.
    assert LONG_HOME_BYTES + len(within_home) + 17 <= SOCKET_BYTES
    assert "controlmaster false" in shown.stdout


def test_host_key_is_pinned_without_its_comment() -> None:
    options = ssh_options(connection())
    (pin,) = [option for option in options if option.startswith("KnownHostsCommand=")]
    kind, key, _ = KEY.split()
    assert pin == f"KnownHostsCommand=/bin/echo {SSH_HOST} {kind} {key}"


def test_program_of_the_proxy_holds_no_quote_that_ssh_cannot_parse() -> None:
    assert "'" not in Path(reach.__file__).read_text(encoding="utf-8").partition('"""\n\n')[2]


def test_dead_manager_is_passed_over_for_the_next_that_answers() -> None:
    """127.0.0.2 refuses, 127.0.0.3 accepts and says nothing, 127.0.0.4 speaks."""
    silent = socket.create_server(("127.0.0.3", 0))
    port = silent.getsockname()[1]
    speaking = socket.create_server(("127.0.0.4", port))

    def serve() -> None:
        accepted, _ = speaking.accept()
        accepted.sendall(b"SSH-2.0-test\r\n")
        accepted.sendall(accepted.recv(100))
        accepted.close()

    threading.Thread(target=serve, daemon=True).start()
    managers = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    program = Path(reach.__file__).read_text(encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-c", program, str(port), *managers],
        input=b"hello",
        capture_output=True,
        check=True,
        timeout=20,
    )
    silent.close()
    speaking.close()
    assert result.stdout == b"SSH-2.0-test\r\nhello"


def test_bastion_is_pinned_too_and_connects_to_each_manager_in_turn_pd_8(tmp_path: Path) -> None:
    """A bastion that reaches only the second manager; its ssh is a script that says how it runs."""
    fake = tmp_path / "ssh"
    fake.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/argv-$$\n'
        'for last; do :; done\n[ "$last" = 10.0.1.10:22 ] || exit 1\necho SSH-2.0-test\ncat\n'
    )
    fake.chmod(0o755)
    result = subprocess.run(
        ["sh", "-c", proxy_command(connection(bastion=BASTION)).replace("%%", "%")],
        input=b"hello",
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert result.stdout == b"SSH-2.0-test\nhello"
    runs = [path.read_text().splitlines() for path in tmp_path.glob("argv-*")]
    assert sorted(run[-1] for run in runs) == ["10.0.0.10:22", "10.0.1.10:22"]
    for run in runs:
        assert "StrictHostKeyChecking=yes" in run
        assert "HostKeyAlias=swarm-bastion" in run
        kind, key, _ = KEY.split()
        assert f"KnownHostsCommand=/bin/echo swarm-bastion {kind} {key}" in run
        assert run[-5:-1] == ["-p", "2222", "ec2-user@bastion.example.com", "-W"]


FAKE_AWS = """#!/bin/sh
[ "$AWS_REGION" = eu-north-1 ] || exit 9
for last; do :; done
case "$1 $2" in
"ec2 describe-network-interfaces")
  while [ "$1" != --network-interface-ids ]; do shift; done
  [ "$2" != eni-gone ] || exit 254
  echo "i-of-$2" ;;
"ssm get-connection-status")
  [ "$last" = i-of-eni-live ] && echo connected || echo notconnected ;;
"ssm start-session")
  printf "%s\n" "$@" >"$ARGV"
  echo SSH-2.0-test
  cat ;;
esac
"""


@pytest.mark.parametrize("live", [True, False])
def test_session_manager_passes_over_managers_that_are_gone_or_silent_pd_8(
    tmp_path: Path, live: bool
) -> None:
    fake = tmp_path / "aws"
    fake.write_text(FAKE_AWS)
    fake.chmod(0o755)
    managers = ["eni-gone", "eni-silent", *(["eni-live"] if live else [])]
    given = replace(connection("eu-north-1"), managers=managers)
    result = subprocess.run(
        ["sh", "-c", proxy_command(given).replace("%%", "%")],
        input=b"hello",
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "ARGV": f"{tmp_path}/argv"},
        capture_output=True,
        check=False,
        timeout=20,
    )
    if not live:
        assert result.returncode == 1
        assert b"no manager is connected to Session Manager: eni-gone eni-silent" in result.stderr
        return
    assert result.stdout == b"SSH-2.0-test\nhello"
    started = (tmp_path / "argv").read_text().splitlines()
    assert started[started.index("--target") + 1] == "i-of-eni-live"
    assert started[started.index("--document-name") + 1] == "AWS-StartSSHSession"


def test_no_answer_names_every_manager() -> None:
    program = Path(reach.__file__).read_text(encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-c", program, "1", "127.0.0.2", "127.0.0.3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "127.0.0.2, 127.0.0.3" in result.stderr


def test_proxy_runs_through_the_given_command() -> None:
    given = Connection(
        managers=["10.0.0.10"],
        host_public_key=KEY,
        identity_file="",
        through="nsenter --net=/run/netns/x",
        session_manager_region="",
        bastion=None,
    )
    assert proxy_command(given).startswith("nsenter --net=/run/netns/x python3 -I -S -c ")
