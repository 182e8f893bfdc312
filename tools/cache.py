"""Builds that are kept outside the clone, from one clone to the next, keyed by their pins.

Only the standard library is used: setup needs this before anything is installed.
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def folder() -> Path:
    """Where builds are kept, whether or not it is there yet."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pulumi-swarm"


def kept(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    """The folder of a build, filled if it is not there yet.

    Of two that ask at once, one fills it and the other waits. It is filled under
    a name of its own and moved into place: a build that was killed is never taken
    for a finished one, and what it started and left running spoils no other.
    """
    final = folder() / f"{name}-{key}"
    if final.is_dir():
        return final
    folder().mkdir(parents=True, exist_ok=True)
    with final.with_name(f"{final.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another build of {name}", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.is_dir():
            _fill(final, fill)
    return final


def _fill(final: Path, fill: Callable[[Path], None]) -> None:
    for left in final.parent.glob(f".{final.name}.*"):  # by builds that were killed
        _remove(left)
    partial = Path(tempfile.mkdtemp(prefix=f".{final.name}.", dir=final.parent))
    partial.chmod(0o755)  # it may become the root of a file system
    try:
        fill(partial)
        partial.rename(final)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    # A killed build of a root file system leaves this machine's /dev/shm mounted in it, which
    # `shutil.rmtree` would empty.
    remove = ["rm", "--recursive", "--force", "--one-file-system", str(path)]
    subprocess.run(remove, capture_output=True, check=False)
