"""Builds that are kept outside the clone, from one clone to the next, keyed by their pins.

Only the standard library is used: setup needs this before anything is installed.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def folder() -> Path:
    """Where builds are kept, whether or not it is there yet."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pulumi-swarm"


def kept(name: str, key: str, fill: Callable[[Path], None]) -> Path:
    """The folder of a build, filled if it is not there yet.

    Of two that ask at once, one fills it and the other waits. It is filled under
    another name and moved into place, so that a build that was killed is never
    taken for a finished one.
    """
    final = folder() / f"{name}-{key}"
    if final.is_dir():
        return final
    folder().mkdir(parents=True, exist_ok=True)
    with final.with_name(f"{final.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.is_dir():
            partial = final.with_name(f".{final.name}")
            shutil.rmtree(partial, ignore_errors=True)  # of a build that was killed
            partial.mkdir()
            try:
                fill(partial)
                partial.rename(final)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return final
