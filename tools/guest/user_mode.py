"""A guest whose kernel is a program of this machine, User Mode Linux, from Debian's source."""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lab import settings
from tools.guest import kernels
from tools.guest.initramfs import Start, write

MEMORY = Path("/dev/shm")  # noqa: S108  # the guest's memory is a file, which must not go to a disk


@contextmanager
def started(
    script: str, disk: Path, folder: Path, memory_mib: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """A guest that runs the script; its console is the process's output."""
    kernel = kernels.user_mode()
    free_mib = shutil.disk_usage(MEMORY).free >> 20
    if free_mib < memory_mib:
        raise kernels.KernelError(
            f"a guest takes {memory_mib} MiB of {MEMORY}, which has {free_mib}: make it larger "
            f"(mount -o remount,size=…), or give less by GUEST_MEMORY_MIB"
        )
    start = Start(files="-r -t hostfs -o / machine", disk="/dev/ubda", script=script)
    with _processor() as processor:
        process = subprocess.Popen(
            [
                *("taskset", "--cpu-list", str(processor)),
                *(str(kernel), f"mem={memory_mib}M", f"initrd={write(start, folder / 'uml')}"),
                *(f"ubda={disk}", f"uml_dir={folder}", "con=null", "con0=null,fd:1", "ssl=null"),
                *("quiet", "panic=-1"),
            ],
            env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(MEMORY)},
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


@contextmanager
def _processor() -> Iterator[int]:
    """A processor that no other guest has.

    Kernel and programs take turns at every system call. On one processor that takes 12
    microseconds, on two, which wake each other, 50.
    """
    folder = settings.cache() / "guest"
    for number in sorted(os.sched_getaffinity(0)):
        with (folder / f"processor-{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
    raise kernels.KernelError(
        "every processor of this machine has a guest already; wait until one has ended"
    )
