"""Faults while a swarm is being made: whatever fails, there is one swarm and nobody twice."""

import random
import time
from functools import partial

import pytest

from lab.faults import Fault
from tests.faults.conftest import Table
from tests.faults.machines import Machines, Site, machines
from tests.lab.cloud import eventually

ONE = "one swarm, nobody twice"


def boot_in_any_order(swarm: Machines, count: int, seed: int) -> None:
    """Start managers within three seconds, in an order and with pauses that the seed decides."""
    chance = random.Random(seed)  # noqa: S311  # an order, no secret
    keys = [f"manager-{i}" for i in range(count)]
    chance.shuffle(keys)
    for key in keys:
        swarm.boot(key)
        time.sleep(chance.uniform(0, 3 / count))


@pytest.mark.parametrize("managers", [2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_managers_that_boot_at_once_make_one_swarm_jn_6(
    site: Site, table: Table, managers: int, seed: int
) -> None:
    with (
        machines(site, 3) as swarm,
        table.row(f"{managers} managers boot at once, order {seed}", holds=ONE),
    ):
        boot_in_any_order(swarm, managers, seed)
        swarm.settle()


def test_first_manager_that_dies_before_it_made_the_swarm_is_replaced(
    site: Site, table: Table
) -> None:
    with machines(site, 3) as swarm, table.row("manager 0 dies before init", holds=ONE) as row:
        swarm.boot("manager-0", hook="sleep 30")
        swarm.boot("manager-1")
        time.sleep(5)
        swarm.terminate("manager-0")
        row.injected()
        swarm.boot("manager-0")
        swarm.settle()


def test_first_manager_that_dies_while_it_makes_the_swarm_goes_on(site: Site, table: Table) -> None:
    with (
        machines(site, 3) as swarm,
        table.row("manager 0 loses power during init", holds=ONE) as row,
    ):
        swarm.boot("manager-0")
        key_of_the_root = swarm.swarm_folder("manager-0") / "certificates/swarm-root-ca.crt"
        # Docker is through with init within a second.
        eventually(key_of_the_root.exists, 60, "init has begun", pause_seconds=0.002)
        swarm.cut_power("manager-0")
        row.injected()
        assert not swarm.has_token()
        swarm.boot("manager-1")
        swarm.settle()


def test_first_manager_that_dies_before_it_handed_the_token_over_makes_no_second_swarm(
    site: Site, table: Table
) -> None:
    """The swarm that nobody could join goes with it; its successor makes the only one."""
    with (
        machines(site, 3) as swarm,
        table.row("manager 0 dies between init and writing the secret", holds=ONE) as row,
    ):
        denied = Fault(action="PutSecretValue", code="AccessDeniedException")
        with swarm.api(denied):
            swarm.boot("manager-0")
            swarm.boot("manager-1")
            eventually(lambda: swarm.state("manager-0") == "active", 60, "it has made the swarm")
            time.sleep(3)
            assert not swarm.has_token()
            assert swarm.state("manager-1") == "inactive"
            swarm.terminate("manager-0")
        row.injected()
        swarm.boot("manager-0")
        swarm.settle()


def test_first_manager_that_comes_back_to_a_swarm_of_others_joins_them_jn_5(
    site: Site, table: Table
) -> None:
    with (
        machines(site, 3) as swarm,
        table.row("manager 0 is lost after init", holds="its successor joins the others") as row,
    ):
        for key in ("manager-0", "manager-1", "manager-2"):
            swarm.boot(key)
        swarm.settle()
        (before,) = swarm.swarms()
        swarm.terminate("manager-0")
        row.injected()
        swarm.boot("manager-0")
        eventually(lambda: swarm.state("manager-0") == "active", 90, "it has joined")
        assert swarm.swarms() == {before}


def test_only_manager_that_is_lost_is_not_quietly_made_anew_qr_3(site: Site, table: Table) -> None:
    with (
        machines(site, 1) as swarm,
        table.row("the only manager is lost", holds="no new swarm by itself; it says why"),
    ):
        swarm.boot("manager-0")
        swarm.settle()
        eventually(swarm.has_token, 30, "the token is handed over")
        swarm.terminate("manager-0")
        swarm.boot("manager-0")
        swarm.has_said("manager-0", "no manager answers on tcp 2377")
        assert swarm.state("manager-0") == "inactive"


BUT_MANAGEMENT = (
    {"IpProtocol": "udp", "FromPort": 0, "ToPort": 65535},
    {"IpProtocol": "tcp", "FromPort": 7946, "ToPort": 7946},
)


def test_join_that_is_shut_out_happens_once_when_the_port_opens_jn_1(
    site: Site, table: Table
) -> None:
    with (
        machines(site, 1, 2) as swarm,
        table.row("2377 is closed while two workers join", holds=ONE) as row,
    ):
        swarm.boot("manager-0")
        eventually(swarm.has_token, 60, "the token is handed over")
        with swarm.closed(*BUT_MANAGEMENT):
            for key in ("worker-0", "worker-1"):
                swarm.boot(key)
            time.sleep(15)
            assert [name for name, _, _ in swarm.listed()] == [swarm.host("manager-0")]
        row.injected()
        swarm.settle()


# In the first of its lives alone; rules outlive a reboot here, where a machine's would not.
NO_WAY_BACK = """
rule="INPUT -p tcp --dport 2377 -j DROP"
if [ -e /srv/once ]; then iptables -D $rule; else touch /srv/once && iptables -I $rule; fi
"""


def test_reboot_in_the_middle_of_a_join_leaves_nobody_twice_jn_8(site: Site, table: Table) -> None:
    """The leader cannot dial back, so the join stays pending until then.

    Docker joins anew after it, as another node; what is left of the first goes with ``Node``.
    """
    with machines(site, 3) as swarm, table.row("reboot while a join is pending", holds=ONE) as row:
        swarm.boot("manager-0")
        eventually(swarm.has_token, 60, "the token is handed over")
        swarm.boot("manager-1", hook=NO_WAY_BACK)
        eventually(lambda: swarm.state("manager-1") == "pending", 60, "its join is pending")
        swarm.cloud.reboot(swarm.host("manager-1"))
        row.injected()
        ready = (swarm.host("manager-1"), "Ready", "Reachable")
        eventually(lambda: ready in swarm.listed(), 90, "it has joined")
        swarm.forget_lives_before("manager-1")
        swarm.settle()


@pytest.mark.parametrize("text", [" ", "SWMTKN-1-not-a-token"])
def test_secret_with_nothing_of_use_in_it_is_waited_for_jn_3(
    site: Site, table: Table, text: str
) -> None:
    with (
        machines(site, 1, 1) as swarm,
        table.row(f"the worker secret holds {text!r}", holds=ONE) as row,
    ):
        swarm.boot("manager-0")
        eventually(swarm.has_token, 60, "the token is handed over")
        secrets, where = swarm.cloud.aws("secretsmanager"), swarm.ids["worker"]
        good = secrets.get_secret_value(SecretId=where)["SecretString"]
        secrets.put_secret_value(SecretId=where, SecretString=text)
        swarm.boot("worker-0")
        time.sleep(10)
        assert len(swarm.listed()) == 1
        secrets.put_secret_value(SecretId=where, SecretString=good)
        row.injected()
        swarm.settle()


API_FAULTS = {
    "throttled": Fault(code="ThrottlingException"),
    "denied, as with a role that is not there yet": Fault(code="AccessDeniedException"),
    "slower than the patience for one call": Fault(seconds=16),
}


@pytest.mark.parametrize("what", API_FAULTS)
def test_api_that_fails_for_a_while_is_asked_again(site: Site, table: Table, what: str) -> None:
    with machines(site, 3) as swarm, table.row(f"AWS's API is {what}", holds=ONE) as row:
        with swarm.api(API_FAULTS[what]):
            swarm.boot("manager-0")
            swarm.boot("manager-1")
            time.sleep(20)
            assert not swarm.has_token()
        row.injected()
        swarm.settle()


# Every process of the bootstrap reads this clock, which a file sets; all but Docker's own, which
# ask the kernel itself, and which the bootstrap comes to when AWS has taken its signature.
CLOCK = """
mkdir -p /etc/systemd/system/swarm-bootstrap.service.d
cat >/etc/systemd/system/swarm-bootstrap.service.d/clock.conf <<'UNIT'
[Service]
Environment=LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=/srv/clock
Environment=FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
UNIT
"""


@pytest.mark.parametrize(
    ("key", "offset", "told"),
    [("manager-0", "-1h", "Signature expired"), ("worker-0", "+1h", "Signature not yet current")],
)
def test_machine_whose_clock_is_off_waits_until_it_is_right(
    site: Site, table: Table, key: str, offset: str, told: str
) -> None:
    with (
        machines(site, 1, 1) as swarm,
        table.row(f"the clock of {key} is off by {offset}", holds=ONE) as row,
    ):
        swarm.boot(key, hook=f"{CLOCK}echo {offset} >/srv/clock")
        (other,) = {"manager-0", "worker-0"} - {key}
        swarm.boot(other)
        swarm.has_said(key, told)
        swarm.has_said(key, "this machine's clock is off")
        assert swarm.state(key) == "inactive"
        swarm.on(key, "sh", "-c", "echo +0 >/srv/clock")
        row.injected()
        swarm.settle()


def test_api_that_is_slow_is_borne(site: Site, table: Table) -> None:
    with (
        machines(site, 3) as swarm,
        table.row("each call of AWS's API takes 2 s", holds=ONE),
        swarm.api(Fault(seconds=2)),
    ):
        for key in ("manager-0", "manager-1"):
            swarm.boot(key)
        swarm.settle()


def test_api_that_cannot_be_reached_is_waited_for(site: Site, table: Table) -> None:
    ec2, group = site.cloud.aws("ec2"), site.group
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    with machines(site, 3) as swarm, table.row("AWS cannot be reached", holds=ONE) as row:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
        try:
            swarm.boot("manager-0")
            swarm.has_said("manager-0", "cannot be read (HTTP status 000)")
        finally:
            ec2.authorize_security_group_egress(GroupId=group, IpPermissions=everything)
        row.injected()
        swarm.boot("manager-1")
        swarm.settle()


def test_image_with_another_engine_than_the_declared_one_does_not_join_es_4(
    site: Site, table: Table
) -> None:
    with (
        machines(site, 1) as swarm,
        table.row("the image holds another engine", holds="it does not join, and says why"),
    ):
        swarm.boot("manager-0", engine_version="99.1")
        swarm.has_said("manager-0", "and engineVersion is 99.1: take an ami with that")
        assert swarm.state("manager-0") == "inactive"
        assert not swarm.has_token()


# Debian's archive cannot be had inside the local cloud: the machine packs its own Docker anew and
# loses it; it then comes back through the real apt-get, dpkg and their lock.
NO_DOCKER = r"""
mkdir -p /srv/packages && cd /srv/packages
dpkg -L docker.io | while read -r file; do
  [ -d "$file" ] || cp -a --parents "$file" . 2>/dev/null
done
mkdir docker.io && mv etc lib usr docker.io/ 2>/dev/null
mkdir docker.io/DEBIAN
cat >docker.io/DEBIAN/control <<'CONTROL'
Package: docker.io
Version: 99
Architecture: all
Maintainer: nobody <nobody@example.com>
Description: as it was
CONTROL
dpkg-deb -Znone --build docker.io docker.io.deb
{
  cat docker.io/DEBIAN/control
  echo "Filename: ./docker.io.deb"
  echo "Size: $(stat -c %s docker.io.deb)"
  echo "SHA256: $(sha256sum docker.io.deb | cut -d' ' -f1)"
} >Packages
rm -f "$(command -v dockerd)" /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
"""
LOCK = """
cat >/usr/local/sbin/hold-lock <<'HOLD'
import fcntl, time
with open("/var/lib/dpkg/lock-frontend", "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    time.sleep(25)
HOLD
setsid python3 /usr/local/sbin/hold-lock >/dev/null 2>&1 &
"""


def test_package_lock_that_is_held_is_waited_for(site: Site, table: Table) -> None:
    with machines(site, 1) as swarm, table.row("the package lock is held for 25 s", holds=ONE):
        swarm.boot("manager-0", hook=NO_DOCKER + LOCK)
        time.sleep(10)
        assert not swarm.on("manager-0", "sh", "-c", "command -v dockerd")
        swarm.settle()


BROKEN_DOCKER = """
drop_in=/etc/systemd/system/docker.service.d
mkdir -p $drop_in
printf '[Service]\\nExecStartPre=/usr/bin/test -e /run/may-start\\n' >$drop_in/broken.conf
systemctl daemon-reload
systemctl stop docker
"""


def test_docker_that_does_not_start_is_started_when_it_can(site: Site, table: Table) -> None:
    with machines(site, 1) as swarm, table.row("dockerd does not start", holds=ONE) as row:
        swarm.boot("manager-0", hook=BROKEN_DOCKER)
        swarm.has_said("manager-0", "docker does not start yet")
        swarm.on("manager-0", "touch", "/run/may-start")
        row.injected()
        swarm.settle()


FULL_DISK = """
mkdir -p /var/lib/docker/swarm
mount -t tmpfs -o size=4k tmpfs /var/lib/docker/swarm
"""


def test_full_disk_is_said_and_joined_from_when_it_is_not(site: Site, table: Table) -> None:
    with machines(site, 1, 1) as swarm, table.row("the disk is full at the join", holds=ONE) as row:
        swarm.boot("manager-0")
        eventually(swarm.has_token, 60, "the token is handed over")
        swarm.boot("worker-0", hook=FULL_DISK)
        swarm.has_said("worker-0", "no space left on device", 120)
        swarm.on("worker-0", "mount", "-o", "remount,size=64m", "/var/lib/docker/swarm")
        row.injected()
        swarm.settle()


# What the machine did on which the image was made; before this machine's own bootstrap.
BAKED = """
cat >/etc/systemd/system/baked.service <<'UNIT'
[Unit]
After=docker.service
Requires=docker.service
Before=swarm-bootstrap.service
[Service]
Type=oneshot
# What it prints holds its join token, and is not for the journal of a machine that is tested.
StandardOutput=null
ExecStart=/usr/bin/docker swarm init
ExecStart=/usr/bin/mkdir -p /etc/swarm
ExecStart=/usr/bin/touch /etc/swarm/joined /etc/swarm/published
UNIT
systemctl daemon-reload
systemctl start --no-block baked
"""


@pytest.mark.parametrize("key", ["manager-0", "worker-0"])
def test_swarm_that_an_image_brought_is_left(site: Site, table: Table, key: str) -> None:
    with (
        machines(site, 1, 1) as swarm,
        table.row(f"{key} boots an image that was in a swarm", holds=ONE),
    ):
        for each in ("manager-0", "worker-0"):
            swarm.boot(each, hook=BAKED if each == key else "")
        swarm.settle()


def test_user_data_that_runs_twice_changes_nothing(site: Site, table: Table) -> None:
    with (
        machines(site, 3) as swarm,
        table.row("user-data runs twice", holds="the same swarm, the same nodes"),
    ):
        for key in ("manager-0", "manager-1"):
            swarm.boot(key)
        swarm.settle()
        before = swarm.swarms(), swarm.node_ids()
        for key in ("manager-0", "manager-1"):
            swarm.on(key, "cloud-init", "clean")
            swarm.cloud.reboot(swarm.host(key))
            eventually(partial(swarm.is_configured, key), 90, "cloud-init is done")
        swarm.settle()
        assert (swarm.swarms(), swarm.node_ids()) == before
