"""One host: its folder, its namespaces and its life, as EC2 has them.

A stop and a reboot keep the disk, a termination removes it. A host that powers
itself off stays stopped; one that reboots itself comes back.
"""

import os
import queue
import shutil
import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from lab import namespace, root, settings
from lab.fabric import Fabric
from lab.model import Instance

SCRIPTS = Path(__file__).resolve().parent / "host"

# reboot(2), RB_AUTOBOOT in a PID namespace: init dies of SIGHUP, and unshare dies as it did.
EXIT_REBOOT = -signal.SIGHUP
SYSTEMD_POWER_OFF = signal.SIGRTMIN + 4  # systemd(1), SIGNALS
SYSTEMD_REBOOT = signal.SIGRTMIN + 5
GRACE_SECONDS = 20  # how long a stop waits for the host's own shutdown


class Machine:
    """A host that stands for one instance.

    An actor: its own thread carries out, one after the other, what the methods
    ask for. ``on_change`` is called when the host went up or down.
    """

    def __init__(
        self,
        config: settings.Settings,
        fabric: Fabric,
        instance: Instance,
        on_change: Callable[[], None],
    ) -> None:
        self.instance = instance
        self.boots = 0
        self._config = config
        self._fabric = fabric
        self._on_change = on_change
        self._folder = config.hosts / instance.instance_id
        self._namespace = config.namespace(instance.instance_id)
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = ""
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._act, name=instance.instance_id, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The machine's number of the host's PID 1, while it runs."""
        running = self._process is not None and self._process.poll() is None
        return read_pid(self._folder) if running else None

    @property
    def has_ended(self) -> bool:
        """Whether it is off though it should run: it powered itself off, or lost its power."""
        code = None if self._process is None else self._process.poll()
        return self._wanted == "running" and code not in (None, EXIT_REBOOT)

    def want(self, state: str) -> None:
        """Ask for one of EC2's states: running, stopped, terminated."""
        if state == self._wanted:
            return
        self._wanted = state
        self._work.put(
            {"running": self._start, "stopped": self._stop, "terminated": self._terminate}[state]
        )

    def reboot(self) -> None:
        self._work.put(lambda: self._signal(SYSTEMD_REBOOT))

    def join(self) -> None:
        """Wait until a termination is done."""
        self._thread.join()

    def _act(self) -> None:
        finished = False
        while not finished:
            work = self._work.get()
            try:
                work()
            except Exception:  # noqa: BLE001  # the host is lost, the cloud is not
                traceback.print_exc()
            finished = work == self._terminate
            self._on_change()

    def _start(self) -> None:
        for part in ("upper", "work", "root", "docker", "containerd", "sysfs"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        self._boot()

    def _stop(self) -> None:
        """Shut the host down; after a grace period, cut its power."""
        self._signal(SYSTEMD_POWER_OFF)
        if self._process is not None:
            try:
                self._process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._cut_power()
        self._clear_network()

    def _terminate(self) -> None:
        """Cut the power and remove the disk."""
        self._cut_power()
        self._clear_network()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _boot(self) -> None:
        image = root.build(self.instance.engine)
        self._clear_network()
        namespace.ip("netns", "add", self._namespace)
        namespace.ip("link", "set", "lo", "up", namespace=self._namespace)
        self._fabric.attach(self.instance, self._namespace)
        (self._folder / "pid").unlink(missing_ok=True)
        (self._folder / "console").touch()
        self.boots += 1
        with (self._folder / "start.log").open("ab") as log:
            process = subprocess.Popen(
                [*namespace.enter(self._namespace), "sh", str(SCRIPTS / "start.sh")],
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "LAB_NAME": self._config.name,
                    "LAB_INSTANCE": self.instance.instance_id,
                    "LAB_HOSTNAME": self.instance.host_name,
                    "LAB_HOST": str(self._folder),
                    "LAB_ROOT": str(image),
                    "LAB_SCRIPTS": str(SCRIPTS),
                    "LAB_AUTHORITY": str(self._config.authority),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._process = process
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        code = process.wait()
        self._work.put(lambda: self._ended(process, code))

    def _ended(self, process: "subprocess.Popen[bytes]", code: int) -> None:
        """A life of the host is over: boot again when it only rebooted itself."""
        if process is not self._process:
            return
        remove_cgroups(self._config.name, self.instance.instance_id)
        if code == EXIT_REBOOT and self._wanted == "running":
            self._boot()

    def _signal(self, number: int) -> None:
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)

    def _cut_power(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()  # `unshare --kill-child` takes PID 1, and so the host, with it
            process.wait()
        remove_cgroups(self._config.name, self.instance.instance_id)

    def _clear_network(self) -> None:
        """Remove what a life before left; a reboot loses all network state, as EC2's does."""
        self._fabric.detach(self.instance)
        namespace.ip("netns", "delete", self._namespace, check=False)


def read_pid(folder: Path) -> int | None:
    """The machine's number of a host's PID 1, from the host's folder."""
    try:
        return int((folder / "pid").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def remove_cgroups(*parts: str) -> None:
    """Remove a group and all below it, in every hierarchy of the machine."""
    base = Path("/sys/fs/cgroup")
    for hierarchy in (base, *(p for p in base.iterdir() if p.is_dir())):
        group = hierarchy.joinpath(*parts)
        if not group.is_dir():
            continue
        folders = [Path(folder) for folder, _, _ in os.walk(group, topdown=False)]
        for folder in folders:
            for _ in range(50):  # the last process of a group leaves it a moment after its end
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)
