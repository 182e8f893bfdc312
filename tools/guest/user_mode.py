"""A guest whose kernel is a program of this machine: User Mode Linux."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools import cache
from tools.guest import kernels
from tools.guest.initramfs import Start, write

# Run with the guest's folder and the size of its memory, in a mount namespace of its own: memory is
# a file, which no other guest's may crowd out, and nothing of this machine is the guest's to write.
ENCLOSED = """
set -e
mount --bind "$1" "$1"
mount -t tmpfs -o size="$2",nr_inodes=64 memory "$1/memory"
mount -o remount,bind,ro /
shift 2
exec "$@"
"""


@contextmanager
def started(
    script: str, disk: Path, folder: Path, memory_mib: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """A guest that runs the script; its console is the process's output."""
    _require_memory(memory_mib)
    memory = folder / "memory"
    memory.mkdir()
    start = Start(files="-r -t hostfs -o / machine", disk="/dev/ubda", script=script)
    with _processor() as processor:
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL"),
                *("unshare", "--mount", "--propagation", "private", "sh", "-c", ENCLOSED, "sh"),
                *(str(folder), f"{memory_mib + 64}m", "taskset", "--cpu-list", str(processor)),
                *(str(kernels.user_mode()), f"mem={memory_mib}M"),
                *(f"initrd={write(start, folder / 'uml')}", f"ubda={disk}", f"uml_dir={folder}"),
                # Not traced. "auto" would do that, too, where the host forbids this.
                "seccomp=on",
                *("con=null", "con0=null,fd:1", "ssl=null", "loglevel=2", "panic=-1"),
            ],
            env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(memory)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # each of its processes is one of this machine
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _require_memory(memory_mib: int) -> None:
    told = Path("/proc/meminfo").read_text(encoding="ascii")
    free_mib = int(told.partition("MemAvailable:")[2].split()[0]) >> 10
    if free_mib < memory_mib:
        raise kernels.KernelError(
            f"a guest takes {memory_mib} MiB of memory, and {free_mib} are free; end something, or "
            "give it less by GUEST_MEMORY_MIB"
        )


@contextmanager
def _processor() -> Iterator[int]:
    """A processor that no other guest has; waits for one when each has a guest.

    Kernel and programs take turns at every system call. On one processor that takes 7
    microseconds (traced 12), on two, which wake each other, 50.
    """
    folder = cache.folder() / "guest"
    numbers = sorted(os.sched_getaffinity(0))
    for number in numbers:
        with (folder / f"processor-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if number != numbers[-1]:
                    continue
                print("guest: each processor has a guest; waiting for one to end", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield number
            return
