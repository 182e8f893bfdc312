"""Run a command of this folder in a guest, on a kernel with ESP and IPVS.

Usage: python -m tools.guest.guest COMMAND [ARGUMENT ...]

The guest sees this machine's files read-only, below a disk of its own that is
removed afterwards; so it needs nothing installed, and changes nothing. It has
no network but its own loopback. The exit code is the command's. It is no
boundary: root in the guest may become root of this machine.

QEMU runs Debian's kernel for clouds where KVM works. Where it does not, a newer
one of Debian's is built as a program (User Mode Linux), two to four times
slower than this machine. ``GUEST_ACCELERATOR`` chooses: ``kvm``, ``uml``, or
``tcg``, which emulates the former, about ten times slower.
"""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

from tools import cache
from tools.guest import qemu, user_mode
from tools.guest.kernels import KernelError
from tools.toolchain import TOOLS, ToolchainError, run

PROJECT = Path(__file__).resolve().parent.parent.parent

ACCELERATORS = ("kvm", "uml", "tcg")
MEMORY_MIB = int(os.environ.get("GUEST_MEMORY_MIB", "6144"))  # eight hosts and Pulumi twice
KEPT = ("HOME", "PATH", "LANG", "TERM", "XDG_CACHE_HOME", "SWARM_TEST_ENGINE")
SYSTEM_PACKAGES = ("busybox-static", "cpio", "kmod")  # for what any guest starts with
DISK_GIB = 24  # sparse
KVM_PROOF_SECONDS = 30  # a kernel that KVM runs says its first word in two
ENDED = re.compile(rb"guest: ended with (\d+)")
BEGUN = b"guest: begins"


def main() -> int:
    """Build what is missing, boot, run the command and end with its code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    command = parser.parse_args().command
    if not command:
        parser.error("name the command to run")
    # So that what is below ends and is cleared away, as on an interrupt from the keyboard.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    base = cache.folder() / "guest"
    base.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="guest-", dir=base) as folder:
            return _run(Path(folder), command)
    except (KernelError, ToolchainError) as error:
        print(f"guest: {error}", file=sys.stderr)
        return 2


def _run(folder: Path, command: list[str]) -> int:
    run([str(TOOLS / "system-packages"), *SYSTEM_PACKAGES])
    for accelerator in _accelerators():
        disk = folder / "disk.img"
        disk.unlink(missing_ok=True)
        run(["truncate", f"--size={DISK_GIB}G", str(disk)])
        run(["mkfs.ext4", "-q", "-F", str(disk)])
        with _started(accelerator, _script(command, accelerator), disk, folder) as process:
            code = _follow(process, accelerator)
        if code is not None:
            return code
        print(f"guest: no word from a kernel under {accelerator}", flush=True)
    raise KernelError("the guest did not boot; its console is above")


def _accelerators() -> list[str]:
    chosen = os.environ.get("GUEST_ACCELERATOR")
    if not chosen:
        return ["kvm", "uml"] if os.access("/dev/kvm", os.W_OK) else ["uml"]
    if chosen not in ACCELERATORS:
        raise KernelError(f"GUEST_ACCELERATOR is {chosen!r}; it takes {', '.join(ACCELERATORS)}")
    return [chosen]


def _script(command: list[str], accelerator: str) -> str:
    """The command as one line of shell, in this folder, told what it runs on."""
    told = [f"{key}={os.environ[key]}" for key in KEPT if key in os.environ]
    told += ["REAL_KERNEL=1", f"GUEST_ACCELERATOR={accelerator}"]
    return (
        f"echo {BEGUN.decode()}; cd {shlex.quote(str(PROJECT))} && "
        f"{shlex.join(['env', '-i', *told, *command])}"
    )


def _started(
    accelerator: str, script: str, disk: Path, folder: Path
) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    if accelerator == "uml":
        return user_mode.started(script, disk, folder, MEMORY_MIB)
    return qemu.started(accelerator, script, disk, folder, MEMORY_MIB)


def _follow(process: "subprocess.Popen[bytes]", accelerator: str) -> int | None:
    """Print what the command prints; its exit code, or None when it never began."""
    assert process.stdout is not None  # noqa: S101  # it is a pipe, as asked for
    deadline = time.monotonic() + KVM_PROOF_SECONDS
    os.set_blocking(process.stdout.fileno(), accelerator != "kvm")
    begun, code = False, None
    while code is None:
        line = process.stdout.readline()
        if not line:
            if process.poll() is not None or (not begun and time.monotonic() > deadline):
                break
            time.sleep(0.1)
            continue
        text = line.rstrip(b"\r\n")
        begun = begun or text == BEGUN
        ended = ENDED.search(text)
        code = int(ended[1]) if ended else None
        print(text.decode(errors="replace"), flush=True)
    if begun and code is None:
        raise KernelError("the guest ended in the middle of the command; its console is above")
    return code


if __name__ == "__main__":
    sys.exit(main())
