"""Run a command of this folder in a QEMU guest with Debian's stock kernel.

Usage: python -m tools.guest.guest COMMAND [ARGUMENT ...]

The guest sees this machine's files read-only, below a disk of its own that is
removed afterwards; so it needs nothing installed, and changes nothing. It has
no network but its own loopback. The exit code is the command's.

KVM is used where it works; software emulation, about ten times slower, where
it does not.
"""

import argparse
import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab import settings

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent

KERNEL_PACKAGE = "linux-image-cloud-amd64"  # what Debian's own AMIs boot
# What stands between the kernel and this machine's files; all else it loads by itself later.
MODULES = ("virtio_pci", "virtio_blk", "virtio_rng", "virtiofs", "overlay")
VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
DOWNLOAD = ("apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root")
MEMORY_MIB = int(os.environ.get("GUEST_MEMORY_MIB", "8192"))  # eight hosts and Pulumi twice
KEPT = ("HOME", "PATH", "LANG", "TERM", "XDG_CACHE_HOME", "SWARM_TEST_ENGINE")
DISK_GIB = 24  # sparse
KVM_PROOF_SECONDS = 30  # a kernel that KVM runs says its first word in two
ENDED = re.compile(rb"guest: ended with (\d+)")
BEGUN = b"guest: begins"


class GuestError(Exception):
    """The guest cannot be had; the message says why and what to do."""


def main() -> int:
    """Build what is missing, boot, run the command and end with its code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    command = parser.parse_args().command
    if not command:
        parser.error("name the command to run")
    try:
        kernel = _kernel()
        with tempfile.TemporaryDirectory(prefix="guest-", dir=_cache("guest")) as folder:
            return _run(kernel, Path(folder), command)
    except GuestError as error:
        print(f"guest: {error}", file=sys.stderr)
        return 2


def _cache(name: str) -> Path:
    made = settings.cache() / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def _kernel() -> Path:
    """The folder of the newest kernel of this machine's release, unpacked once per version."""
    shown = _output("apt-cache", "depends", "--no-recommends", "--no-suggests", KERNEL_PACKAGE)
    found = re.search(r"Depends: (linux-image-\S+)", shown)
    if found is None:
        raise GuestError(f"apt knows no {KERNEL_PACKAGE}; run apt-get update on a Debian machine")
    version = re.search(r"Candidate: (\S+)", _output("apt-cache", "policy", found[1]))
    final = _cache("kernels") / f"{found[1]}_{version[1] if version else ''}".replace(":", "-")
    if not final.is_dir():
        with tempfile.TemporaryDirectory(dir=final.parent) as folder:
            subprocess.run([*DOWNLOAD, found[1]], cwd=folder, check=True)
            (package,) = Path(folder).glob("*.deb")
            unpacked = Path(folder) / "unpacked"
            subprocess.run(["dpkg-deb", "--extract", package, unpacked], check=True)
            modules = next((unpacked / "lib/modules").iterdir())
            subprocess.run(["depmod", "--basedir", unpacked, modules.name], check=True)
            unpacked.rename(final)
    return final


def _output(*argv: str) -> str:
    return subprocess.run(argv, text=True, capture_output=True, check=True).stdout


def _load_order(modules: Path) -> list[str]:
    """The files of MODULES and of all they need, in the order that they are loaded in."""
    needs: dict[str, list[str]] = {}
    for line in (modules / "modules.dep").read_text(encoding="ascii").splitlines():
        path, _, rest = line.partition(":")
        needs[path] = rest.split()
    built_in = (modules / "modules.builtin").read_text(encoding="ascii")
    order: list[str] = []
    for name in MODULES:
        if f"/{name}.ko" in built_in:
            continue
        (path,) = [p for p in needs if Path(p).name.partition(".")[0].replace("-", "_") == name]
        order += [*reversed(needs[path]), path]
    return list(dict.fromkeys(order))


def _initramfs(kernel: Path, folder: Path, script: str) -> Path:
    """What the kernel starts with: busybox, a few modules, and what to do."""
    tree = folder / "initramfs"
    for part in ("bin", "proc", "sys", "dev", "modules"):
        (tree / part).mkdir(parents=True)
    shutil.copy("/usr/bin/busybox", tree / "bin/busybox")
    shutil.copy(HERE / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    modules = next((kernel / "lib/modules").iterdir())
    order = _load_order(modules)
    for path in order:
        shutil.copy(modules / path, tree / "modules" / Path(path).name)
    names = [Path(path).name for path in order]
    (tree / "modules/order").write_text("\n".join(names) + "\n", encoding="ascii")
    (tree / "modules/folder").write_text(f"{kernel}/lib/modules\n", encoding="utf-8")
    (tree / "command").write_text(f"{script}\n", encoding="utf-8")
    listed = "\n".join(str(p.relative_to(tree)) for p in sorted(tree.rglob("*")))
    packed = subprocess.run(
        ["cpio", "--quiet", "--create", "--format=newc"],
        cwd=tree,
        input=listed.encode(),
        capture_output=True,
        check=True,
    ).stdout
    made = folder / "initramfs.gz"
    made.write_bytes(gzip.compress(packed, 1))
    return made


def _script(command: list[str], accelerator: str) -> str:
    """The command as one line of shell, in this folder, told what it runs on."""
    told = [f"{key}={os.environ[key]}" for key in KEPT if key in os.environ]
    told += ["REAL_KERNEL=1", f"GUEST_ACCELERATOR={accelerator}"]
    return (
        f"echo {BEGUN.decode()}; cd {shlex.quote(str(PROJECT))} && "
        f"{shlex.join(['env', '-i', *told, *command])}"
    )


def _run(kernel: Path, folder: Path, command: list[str]) -> int:
    for accelerator in _accelerators():
        initramfs = _initramfs(kernel, folder / accelerator, _script(command, accelerator))
        disk = folder / "disk.img"
        disk.unlink(missing_ok=True)
        subprocess.run(["truncate", f"--size={DISK_GIB}G", disk], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", disk], check=True)
        with _files(folder) as socket:
            code = _boot(kernel, initramfs, disk, socket, accelerator)
        if code is not None:
            return code
        print(f"guest: no word from a kernel under {accelerator}", flush=True)
    raise GuestError("the guest did not boot; its console is above")


def _accelerators() -> list[str]:
    chosen = os.environ.get("GUEST_ACCELERATOR")
    if chosen:
        return [chosen]
    return ["kvm", "tcg"] if os.access("/dev/kvm", os.W_OK) else ["tcg"]


@contextmanager
def _files(folder: Path) -> Iterator[Path]:
    """Serve the files of this machine to the guest."""
    daemon = next((path for path in VIRTIOFSD if Path(path).exists()), None)
    if daemon is None:
        raise GuestError("virtiofsd is missing; install qemu-system-x86 and virtiofsd")
    socket = folder / "files"
    socket.unlink(missing_ok=True)
    options = ("-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always", "-o", "no_xattr")
    with (folder / "files.log").open("wb") as log:
        process = subprocess.Popen(
            [daemon, f"--socket-path={socket}", *options], stdout=log, stderr=log
        )
        try:
            for _ in range(100):
                if socket.exists():
                    break
                time.sleep(0.05)
            else:
                raise GuestError(f"virtiofsd does not start: {(folder / 'files.log').read_text()}")
            yield socket
        finally:
            process.terminate()
            process.wait()


def _boot(kernel: Path, initramfs: Path, disk: Path, files: Path, accelerator: str) -> int | None:
    """Boot the guest and follow its console to the end; None when its kernel said no word."""
    (image,) = (kernel / "boot").glob("vmlinuz-*")
    emulated = "tcg,thread=multi,tb-size=1024" if accelerator == "tcg" else accelerator
    machine: Mapping[str, str] = {
        "-accel": emulated,
        "-cpu": "max" if accelerator == "tcg" else "host",
        "-machine": "q35,memory-backend=memory",
        "-object": f"memory-backend-memfd,id=memory,size={MEMORY_MIB}M,share=on",
        "-m": f"{MEMORY_MIB}M",
        "-smp": str(os.cpu_count() or 1),
        "-kernel": str(image),
        "-initrd": str(initramfs),
        # Profiles of AppArmor would need its parser on every host.
        "-append": "console=ttyS0 quiet panic=-1 mitigations=off apparmor=0",
        "-drive": f"file={disk},if=virtio,format=raw,cache=unsafe",
        "-chardev": f"socket,id=files,path={files}",
        "-serial": "stdio",
        "-display": "none",
    }
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-reboot"]
    argv += ["-device", "vhost-user-fs-pci,chardev=files,tag=machine", "-device", "virtio-rng-pci"]
    argv += [word for pair in machine.items() for word in pair]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        return _follow(process, accelerator)
    finally:
        process.kill()
        process.wait()


def _follow(process: "subprocess.Popen[bytes]", accelerator: str) -> int | None:
    """Print what the command prints; its exit code, or None when it never began."""
    assert process.stdout is not None  # noqa: S101  # it is a pipe, as asked for
    deadline = time.monotonic() + KVM_PROOF_SECONDS
    os.set_blocking(process.stdout.fileno(), accelerator == "tcg")
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
    return code


if __name__ == "__main__":
    sys.exit(main())
