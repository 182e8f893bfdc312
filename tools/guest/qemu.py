"""A guest in QEMU with Debian's kernel for clouds, by KVM or emulated."""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.guest import kernels
from tools.guest.initramfs import Start, write
from tools.toolchain import TOOLS, run

# What stands between the kernel and this machine's files; all else it loads by itself later.
MODULES = ("virtio_pci", "virtio_blk", "virtio_rng", "virtiofs", "overlay")
VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")


@contextmanager
def started(
    accelerator: str, script: str, disk: Path, folder: Path, memory_mib: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """A guest that runs the script; its console is the process's output."""
    run([str(TOOLS / "system-packages"), "qemu-system-x86"])
    kernel = kernels.stock()
    modules = kernel / "lib/modules"
    start = Start(
        files="-t virtiofs -o ro machine",
        disk="/dev/vda",
        script=script,
        modules=[path.resolve() for path in _load_order(next(modules.iterdir()))],
        modules_folder=modules,
    )
    (image,) = (kernel / "boot").glob("vmlinuz-*")
    with _files(folder) as socket:
        machine: Mapping[str, str] = {
            "-accel": "tcg,thread=multi,tb-size=1024" if accelerator == "tcg" else accelerator,
            "-cpu": "max" if accelerator == "tcg" else "host",
            "-machine": "q35,memory-backend=memory",
            "-object": f"memory-backend-memfd,id=memory,size={memory_mib}M,share=on",
            "-m": f"{memory_mib}M",
            "-smp": str(os.cpu_count() or 1),
            "-kernel": str(image),
            "-initrd": str(write(start, folder / accelerator)),
            # Profiles of AppArmor would need its parser on every host.
            "-append": "console=ttyS0 quiet panic=-1 mitigations=off apparmor=0",
            "-drive": f"file={disk},if=virtio,format=raw,cache=unsafe",
            "-chardev": f"socket,id=files,path={socket}",
            "-serial": "stdio",
            "-display": "none",
        }
        argv = ["qemu-system-x86_64", "-nodefaults", "-no-reboot"]
        argv += ["-device", "vhost-user-fs-pci,chardev=files,tag=machine"]
        argv += ["-device", "virtio-rng-pci"]
        argv += [word for pair in machine.items() for word in pair]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _load_order(modules: Path) -> list[Path]:
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
    return [modules / path for path in dict.fromkeys(order)]


@contextmanager
def _files(folder: Path) -> Iterator[Path]:
    """Serve the files of this machine to the guest."""
    daemon = next((path for path in VIRTIOFSD if Path(path).exists()), None)
    if daemon is None:
        raise kernels.KernelError("virtiofsd is missing; install qemu-system-x86 and virtiofsd")
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
                said = (folder / "files.log").read_text()
                raise kernels.KernelError(f"virtiofsd does not start: {said}")
            yield socket
        finally:
            process.terminate()
            process.wait()
