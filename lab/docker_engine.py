"""Docker's current engine, built from its Go modules, for hosts whose image does not hold Debian's.

Docker's own packages come from a server of its own; the modules come from where Go's come from.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tools import cache
from tools.toolchain import TOOLS

MODULE = TOOLS / "docker-engine"
VERSION = "29.9.3"  # of the command line in go.mod, which its engine is released with
# The command line has no go.mod, so Go would take it for code of Go 1.16.
CLI_FLAGS = ("-gcflags=github.com/docker/cli/...=-lang=go1.25",)
ENGINE_FLAGS = (f"-ldflags=-s -w -X github.com/moby/moby/v2/dockerversion.Version={VERSION}",)
# Where Debian has them, CGO_ENABLED (runc is C in part), and flags.
PROGRAMS = (
    ("usr/bin/docker", "github.com/docker/cli/cmd/docker", "0", CLI_FLAGS),
    ("usr/sbin/dockerd", "github.com/moby/moby/v2/cmd/dockerd", "0", ENGINE_FLAGS),
    ("usr/sbin/docker-proxy", "github.com/moby/moby/v2/cmd/docker-proxy", "0", ()),
    ("usr/sbin/runc", "github.com/opencontainers/runc", "1", ("-tags=seccomp",)),
)
SYSTEM_PACKAGES = ("gcc", "libc6-dev", "libseccomp-dev", "pkg-config")  # to build runc with


def key() -> str:
    """A key over the pins and the way of building."""
    digest = hashlib.sha256(repr((PROGRAMS, SYSTEM_PACKAGES)).encode())
    for name in ("go.mod", "go.sum"):
        digest.update((MODULE / name).read_bytes())
    return digest.hexdigest()[:16]


def build() -> Path:
    """The folder with the programs at their paths, building them when the cache has none."""
    return cache.kept("docker-engine", key(), _build)


def _build(folder: Path) -> None:
    if shutil.which("go") is None:
        raise SystemExit(
            "lab: SWARM_LAB_ENGINE asks for an engine that is built from its Go modules, which "
            "needs Go (at least 1.21) on PATH; install it, or leave the variable out"
        )
    print(f"lab: building Docker {VERSION} from its Go modules (about six minutes)", flush=True)
    subprocess.run([str(TOOLS / "system-packages"), *SYSTEM_PACKAGES], check=True)
    for path, package, cgo, flags in PROGRAMS:
        subprocess.run(
            ["go", "build", "-trimpath", *flags, "-o", str(folder / path), package],
            cwd=MODULE,
            env={**os.environ, "CGO_ENABLED": cgo},
            check=True,
        )
