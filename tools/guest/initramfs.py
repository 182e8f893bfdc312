"""What a guest starts with: busybox, the modules for its files, and what it shall do."""

import gzip
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Start:
    """How a guest gets at its files, and what it runs there."""

    files: str
    """The arguments of mount(8) for this machine's files."""
    disk: str
    """The device of the guest's own disk."""
    script: str
    """What it runs: shell."""
    modules: Sequence[Path] = ()
    """The modules to load before all else, in their order."""
    modules_folder: Path | None = None
    """Where modprobe finds the others; None for a kernel that has all of them built in."""


def write(start: Start, folder: Path) -> Path:
    """The archive, made in a folder that is not there yet."""
    tree = folder / "tree"
    for part in ("bin", "proc", "sys", "dev", "modules"):
        (tree / part).mkdir(parents=True)
    shutil.copy("/usr/bin/busybox", tree / "bin/busybox")
    shutil.copy(HERE / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    for path in start.modules:
        shutil.copy(path, tree / "modules" / path.name)
    told = {
        "files": start.files,
        "disk.device": start.disk,
        "command": start.script,
        "modules/order": "\n".join(path.name for path in start.modules),
        "modules/folder": str(start.modules_folder or ""),
    }
    for name, text in told.items():
        (tree / name).write_text(f"{text}\n" if text else "", encoding="utf-8")
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
