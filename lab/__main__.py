"""The local cloud's command line: ``python -m lab up | down | status | exec | logs``."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lab import cleanup, root, settings
from lab.machine import read_pid

REPOSITORY = Path(__file__).resolve().parent.parent
# A host takes eight (systemd five; logind, dbus, containerd), and the kernel's own 128 are for all
# of a user: from the seventeenth host on, systemd and Docker would not start as they should.
INOTIFY_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH_INSTANCES = 128 + 8 * 112
UP_TIMEOUT_SECONDS = 300  # seconds, as a rule; an emulated machine imports for minutes

# What the lab runs, and the Debian package that has it.
PROGRAMS = {
    "conntrack": "conntrack",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nc": "netcat-openbsd",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the local cloud (does nothing when it is up)")
    commands.add_parser("down", help="remove it with all hosts, whatever state it is in")
    commands.add_parser("status", help="list its hosts")
    run = commands.add_parser("exec", help="run a command on a host")
    run.add_argument("host", help="name, instance id or address")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD")
    logs = commands.add_parser("logs", help="show a host's console")
    logs.add_argument("host", help="name, instance id or address")
    args = parser.parse_args()
    config = settings.load()
    match args.command:
        case "up":
            return up(config)
        case "down":
            return down(config)
        case "status":
            return status(config)
        case "exec":
            return execute(config, args.host, args.argv)
        case _:
            print((config.hosts / find(config, args.host)["instance"] / "console").read_text())
            return 0


def up(config: settings.Settings) -> int:
    from lab import cloud  # noqa: PLC0415  # boto3 takes a second to import, which `exec` need not wait for

    if os.geteuid() != 0:
        raise SystemExit("lab: making hosts needs root; run as root or with sudo")
    _require_programs()
    if config.pid_file.exists() and cloud.is_up(config):
        return 0
    if cleanup.traces(config):
        print("lab: clearing what a cloud that was killed left behind", flush=True)
        cleanup.clean(config)
    _raise_the_limit_of_hosts()
    root.build(config.engine)
    config.state.mkdir(mode=0o700, parents=True)
    config.hosts.mkdir()
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", config.name]
    subprocess.run([*keygen, "-f", str(config.identity)], check=True)
    with config.log_file.open("ab") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "lab.daemon"],
            cwd=REPOSITORY,
            env={**os.environ, "SWARM_LAB": config.name, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + UP_TIMEOUT_SECONDS
    while not (config.status_file.exists() and cloud.is_up(config)):
        if daemon.poll() is not None or time.monotonic() > deadline:
            print(config.log_file.read_text(encoding="utf-8"), file=sys.stderr)
            print("lab: the cloud did not start; its log is above", file=sys.stderr)
            cleanup.clean(config)
            return 1
        time.sleep(0.05)
    print(f"lab: the API listens at {config.endpoint}", flush=True)
    return 0


def _raise_the_limit_of_hosts() -> None:
    """For the whole machine, until it boots anew: other clouds may count on it by then."""
    limit = int(INOTIFY_INSTANCES.read_text(encoding="ascii"))
    if limit >= ENOUGH_INSTANCES:
        return
    try:
        INOTIFY_INSTANCES.write_text(f"{ENOUGH_INSTANCES}\n", encoding="ascii")
    except OSError as error:
        print(
            f"lab: fs.inotify.max_user_instances is {limit} and cannot be raised ({error}): "
            f"more than {limit // 8} hosts at a time will not work",
            file=sys.stderr,
            flush=True,
        )


def down(config: settings.Settings) -> int:
    cleanup.clean(config)
    left = cleanup.traces(config)
    for trace in left:
        print(f"lab: could not remove {trace}", file=sys.stderr)
    return 1 if left else 0


def hosts(config: settings.Settings) -> list[dict[str, Any]]:
    if not config.status_file.exists():
        raise SystemExit(
            f"lab: no local cloud called {config.name} is up; start it: python -m lab up"
        )
    found: list[dict[str, Any]] = json.loads(config.status_file.read_text(encoding="utf-8"))
    return found


def find(config: settings.Settings, name: str) -> dict[str, Any]:
    known = hosts(config)
    for host in known:
        if name in (host["name"], host["instance"], host["address"]):
            return host
    names = ", ".join(h["name"] for h in known) or "none"
    raise SystemExit(f"lab: no host is called {name!r}; there are: {names}")


def status(config: settings.Settings) -> int:
    for host in hosts(config):
        print(
            f"{host['instance']}  {host['state']:<10}  {host['address']:<15}  {host['name']}",
            flush=True,
        )
    return 0


def execute(config: settings.Settings, name: str, argv: list[str]) -> int:
    host = find(config, name)
    if argv[:1] == ["--"]:
        argv = argv[1:]
    if not argv:
        raise SystemExit("lab: exec needs a command: python -m lab exec HOST -- CMD")
    pid = read_pid(config.hosts / host["instance"]) if host["state"] == "running" else None
    if pid is None:
        raise SystemExit(f"lab: {name} is {host['state']}, so nothing can run there")
    namespaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root"]
    enter = ["nsenter", f"--target={pid}", *namespaces, "--", "env", "-i", "-C", "/"]
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run([*enter, path, "HOME=/root", *argv], check=False).returncode


def _require_programs() -> None:
    missing = sorted({PROGRAMS[p] for p in PROGRAMS if shutil.which(p) is None})
    if missing:
        raise SystemExit(
            f"lab: missing programs; install them: apt-get install {' '.join(missing)}"
        )


if __name__ == "__main__":
    sys.exit(main())
