"""The disk image of the hosts: one Debian root, built once and shared read-only."""

import functools
import hashlib
import subprocess
from pathlib import Path

from lab import docker_engine, settings
from tools import cache

# What an AMI of Debian with Docker holds, and what the lab's own services and the tests use.
PACKAGES = (
    "busybox-static",
    "ca-certificates",
    "cloud-init",
    "curl",
    "dbus",
    "docker-registry",
    "docker.io",
    "ifupdown",
    "iproute2",
    "iptables",
    "iputils-ping",
    "isc-dhcp-client",
    "kmod",
    "libfaketime",
    "netcat-openbsd",
    "openssh-server",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "systemd-sysv",
    "tcpdump",
    "udev",
)
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")

# Services that need a machine of their own (devices, a console, kernel modules), and the
# registry, which the lab starts itself on the fabric.
MASKED_UNITS = (
    "apparmor.service",
    "console-getty.service",
    "docker-registry.service",
    "getty@.service",
    "ifupdown-pre.service",
    "systemd-modules-load.service",
    "systemd-udev-settle.service",
    "systemd-udev-trigger.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-udevd.service",
)

# cloud-init asks for a token only when it believes that the machine is EC2's, which it
# learns from /sys/hypervisor/uuid (lab/host/init.sh).
CLOUD_CONFIG = f"""\
datasource_list: [Ec2, None]
datasource:
  Ec2: {{metadata_urls: ["http://{settings.METADATA_ADDRESS}"], max_wait: 30, timeout: 5}}
locale: false
apt: {{preserve_sources_list: true}}
"""

SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))


def codename() -> str:
    """The release of this machine, whose package sources the root is built from."""
    values = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
        if "=" in line
    )
    if values.get("ID", "").strip('"') != "debian":
        raise SystemExit(
            f"lab: this machine runs {values.get('ID')}; the local cloud's hosts are built from "
            "Debian's packages with the machine's own sources, so it needs Debian"
        )
    return values["VERSION_CODENAME"].strip('"')


def sources() -> list[Path]:
    """The files that say where this machine's packages come from."""
    return [p for p in SOURCES if p.is_file() and p.read_text(encoding="utf-8").strip()]


def key() -> str:
    recipe = repr((PACKAGES, LEFT_OUT, MASKED_UNITS, CLOUD_CONFIG, codename()))
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


@functools.cache  # every boot of a machine asks
def build(engine: str = settings.DEBIANS_ENGINE) -> Path:
    """The folder of the root with an engine, building it when the cache has none for these pins."""
    root = cache.kept("root", key(), _build)
    if engine == settings.CURRENT_ENGINE:
        fill = functools.partial(_with_current_engine, root)
        return cache.kept(root.name, docker_engine.key(), fill)
    return root


def _with_current_engine(root: Path, into: Path) -> None:
    for part in (root, docker_engine.build()):
        subprocess.run(["cp", "--archive", "--reflink=auto", f"{part}/.", str(into)], check=True)


def _build(into: Path) -> None:
    print(
        "lab: building the hosts' disk image from Debian packages (about two minutes)", flush=True
    )
    subprocess.run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            "--mode=root",
            '--aptopt=Acquire::Languages "none"',
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
            f"--include={','.join(PACKAGES)}",
            codename(),
            str(into),
            *map(str, sources()),
        ],
        check=True,
    )
    _customise(into)


def _customise(root: Path) -> None:
    for unit in MASKED_UNITS:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    (root / "etc/fstab").write_text("", encoding="utf-8")
    (root / "etc/machine-id").write_text("", encoding="utf-8")
    (root / "etc/resolv.conf").write_text("", encoding="utf-8")  # was this machine's
    (root / "etc/hostname").write_text("localhost\n", encoding="utf-8")
    (root / "etc/cloud/cloud.cfg.d/91_lab.cfg").write_text(CLOUD_CONFIG, encoding="utf-8")
    for host_key in (root / "etc/ssh").glob("ssh_host_*"):
        host_key.unlink()  # an image carries no keys; cloud-init makes each host its own
