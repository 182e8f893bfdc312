"""Remove every trace of a local cloud, whatever state it was killed in.

Nothing here trusts what the cloud wrote down: namespaces, processes and
cgroups are found by the names that carry the cloud's own.
"""

import os
import shutil
import signal
import time
from pathlib import Path

from lab import namespace, settings
from lab.machine import remove_cgroups

KILL_ROUNDS = 50
KILL_PAUSE_SECONDS = 0.1


def traces(config: settings.Settings) -> list[str]:
    """What is left of a cloud, in words; empty when there is nothing."""
    left = [f"network namespace {name}" for name in _namespaces(config)]
    left += [f"process {pid}" for pid in _processes(config)]
    groups = Path("/sys/fs/cgroup")
    left += [
        f"cgroup {group}" for group in (*groups.glob(config.name), *groups.glob(f"*/{config.name}"))
    ]
    if config.state.exists():
        left.append(f"folder {config.state}")
    return left


def clean(config: settings.Settings) -> None:
    """End every process of the cloud and remove its namespaces, cgroups and folder."""
    for _ in range(KILL_ROUNDS):
        pids = _processes(config)
        if not pids:
            break
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(KILL_PAUSE_SECONDS)
    for name in _namespaces(config):
        namespace.ip("netns", "delete", name, check=False)
    remove_cgroups(config.name)
    # Mounts lived in the hosts' own mount namespaces and ended with them.
    shutil.rmtree(config.state, ignore_errors=True)


def _namespaces(config: settings.Settings) -> list[str]:
    folder = namespace.path("")
    if not folder.is_dir():
        return []
    return sorted(
        p.name
        for p in folder.iterdir()
        if p.name == config.fabric or p.name.startswith(f"{config.name}-i-")
    )


def _processes(config: settings.Settings) -> list[int]:
    """Every process of the cloud: those in its network namespaces, and its daemon.

    Containers have network namespaces of their own, but live in the PID
    namespace of their host, whose first process is in this list.
    """
    inodes = set()
    for name in _namespaces(config):
        try:
            inodes.add(namespace.path(name).stat().st_ino)
        except OSError:
            continue
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            in_cloud = (entry / "ns/net").stat().st_ino in inodes
            is_daemon = _is_daemon(entry, config)
        except OSError:
            continue
        if in_cloud or is_daemon:
            found.append(int(entry.name))
    return found


def _is_daemon(entry: Path, config: settings.Settings) -> bool:
    if b"lab.daemon" not in (entry / "cmdline").read_bytes().split(b"\0"):
        return False
    environment = (entry / "environ").read_bytes().split(b"\0")
    named = [v for v in environment if v.startswith(b"SWARM_LAB=")]
    name = named[0].removeprefix(b"SWARM_LAB=").decode() if named else settings.DEFAULT_NAME
    return name == config.name
