"""The kernels that a guest boots: Debian's for clouds as it is, and a newer one as a program.

User Mode Linux is the kernel as a program of this machine. Its networking is the code of any
other kernel of its version, built here from Debian's source with the options of the one for
clouds, and runs as fast as this machine does; only system calls and page faults cost more.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from lab import root
from tools import cache
from tools.toolchain import TOOLS, ToolchainError, progress, run

STOCK = "linux-image-cloud-amd64"  # what Debian's own AMIs boot
# The newest that Debian builds for its stable release. Those up to 6.15, and so this release's own,
# know no way but tracing to have programs' system calls (user_mode.py).
SOURCE, SUITE = "linux-source", "trixie-backports"
AS_ROOT = ("-qq", "-o", "APT::Sandbox::User=root")
UNTRANSLATED = {"LC_ALL": "C.UTF-8"}
SYSTEM_PACKAGES = ("bc", "bison", "flex", "gcc", "libc6-dev", "make", "xz-utils")

# Whose options are taken over: what Docker, systemd and the local cloud's own firewall use. The
# rest is drivers, for which a program has no devices.
TAKEN_OVER = re.compile(
    r"CONFIG_(AUDIT|AUTOFS|BINFMT|BLK_CGROUP|BLK_DEV_LOOP|BPF|BRIDGE|CFS_BANDWIDTH|CGROUP|CPUSETS"
    r"|CRYPTO_(AEAD|AES|AUTHENC|CBC|CTR|GCM|GHASH|HMAC|NULL|SEQIV|SHA|USER_API)|DEVTMPFS|DUMMY|EXT4"
    r"|FAIR_GROUP|FANOTIFY|FHANDLE|FS_POSIX_ACL|FUSE|HIGH_RES|INET|INOTIFY|IO_URING|IP_|IPC_NS|IPV6|IP6_"
    r"|KEYS|LLC|MACVLAN|MEMBARRIER|MEMCG|NAMESPACES|NETFILTER|NETLINK|NET_|NF_|NFT_|NO_HZ|OVERLAY_FS"
    r"|PACKET|PID_NS|POSIX_MQUEUE|PSI|SECCOMP|STP|SYSVIPC|TASKSTATS|TASK_|TMPFS|TUN|UNIX|USER_NS|UTS_NS"
    r"|VETH|VLAN|VXLAN|XFRM)\w*=[ym]"
)
# Built in, all of it: hosts may load nothing, and so the guest needs no files of modules either.
OPTIONS = (
    "# CONFIG_MODULES is not set",
    "# CONFIG_WERROR is not set",
    "# CONFIG_SOUND is not set",
    "CONFIG_BLK_DEV_INITRD=y",
    "CONFIG_BLK_DEV_UBD=y",
    "CONFIG_DEBUG_INFO_NONE=y",
    "CONFIG_HOSTFS=y",
    "CONFIG_HW_RANDOM=y",
    "CONFIG_NETFILTER_XTABLES_LEGACY=y",
    "CONFIG_NET_SCHED=y",
    "CONFIG_NR_CPUS=2",
    "CONFIG_RD_GZIP=y",
    "CONFIG_SMP=y",  # without it there are no cpusets, which Docker's cgroups have elsewhere
    "CONFIG_UML_RANDOM=y",
)
# Without these a guest would prove nothing, or not start.
NEEDED = (
    *("BLK_DEV_INITRD", "BLK_DEV_UBD", "BRIDGE_NETFILTER", "CGROUP_BPF", "CGROUP_PIDS", "CPUSETS"),
    *("DEVTMPFS", "HOSTFS", "INET_ESP", "IP_VS", "IP_VS_RR", "MEMCG", "NETFILTER_XT_MATCH_IPVS"),
    *("NETFILTER_XT_MATCH_POLICY", "NETFILTER_XT_MATCH_U32", "NET_NS", "NET_SCH_NETEM"),
    *("NFT_COMPAT", "NFT_NAT", "NF_TABLES_INET", "OVERLAY_FS", "RD_GZIP", "SECCOMP_FILTER"),
    *("TMPFS", "UNIX", "VETH", "VXLAN", "XFRM_USER"),
)


class KernelError(Exception):
    """A kernel cannot be had; the message says why and what to do."""


def stock() -> Path:
    """The folder of the newest kernel of this machine's release, unpacked once per version."""
    package = _dependency(STOCK)
    shown = run(["apt-cache", "policy", package], env=UNTRANSLATED)
    version = re.search(r"Candidate: (\S+)", shown)
    key = f"{package}_{version[1] if version else ''}".replace(":", "-")

    def fill(folder: Path) -> None:
        _unpack(package, folder)
        modules = next((folder / "lib/modules").iterdir())
        run(["depmod", "--basedir", str(folder), modules.name])

    return cache.kept("kernel", key, fill)


def user_mode() -> Path:
    """The program, built once per way of building from the newest source there is then."""
    recipe = repr((SOURCE, SUITE, TAKEN_OVER.pattern, OPTIONS, NEEDED, SYSTEM_PACKAGES))
    key = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    return cache.kept("kernel-user-mode", key, _build) / "linux"


def options(stock_config: str) -> list[str]:
    """The lines of configuration that a kernel for user mode takes from the one for clouds."""
    taken = [line for line in stock_config.splitlines() if TAKEN_OVER.fullmatch(line)]
    return [*(f"{line.partition('=')[0]}=y" for line in taken), *OPTIONS]


def suite_sources(of_this_machine: str, suite: str) -> str:
    """Sources for apt of another release, which come from where this machine's own do."""
    found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?) +(\S+)", of_this_machine, re.MULTILINE)
    if found is None:
        raise KernelError("apt's sources of this machine name no address to get packages from")
    return (
        f"Types: deb\nURIs: {found[1]}\nSuites: {suite}\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def missing_options(config: str) -> list[str]:
    """What is needed and was left out, as when an option has got another name."""
    set_here = set(config.splitlines())
    return [name for name in NEEDED if f"CONFIG_{name}=y" not in set_here]


def _dependency(package: str, *apt_options: str) -> str:
    """What a package that only names the newest one depends on."""
    try:
        shown = run(["apt-cache", *apt_options, "depends", package], env=UNTRANSLATED)
    except ToolchainError as error:
        raise KernelError(f"apt knows no {package}; run apt-get update ({error})") from error
    found = re.search(r"Depends: (linux-\S+)", shown)
    if found is None:
        raise KernelError(f"{package} of apt depends on no linux-…; see tools/guest/kernels.py")
    return found[1]


def _unpack(package: str, into: Path, *apt_options: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(["apt-get", "download", *AS_ROOT, *apt_options, package], cwd=Path(folder))
        (archive,) = Path(folder).glob("*.deb")
        run(["dpkg-deb", "--extract", str(archive), str(into)])


def _source(folder: Path) -> Path:
    """The newest source of SUITE, unpacked below a folder.

    It is fetched with lists of its own, so that this machine's apt knows of no other release.
    """
    lists = folder / "lists"
    lists.mkdir()
    sources = folder / "suite.sources"
    own = "\n".join(path.read_text("utf-8") for path in root.sources())
    sources.write_text(suite_sources(own, SUITE), encoding="utf-8")
    apt = (
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={lists}"),
        *("-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="),
    )
    run(["apt-get", "update", *AS_ROOT, *apt])
    _unpack(_dependency(SOURCE, *apt), folder, *apt)
    (archive,) = (folder / "usr/src").glob("linux-source-*.tar.xz")
    run(["tar", "--extract", "--file", str(archive), "--directory", str(folder)])
    return folder / archive.name.removesuffix(".tar.xz")


def _build(into: Path) -> None:
    run([str(TOOLS / "system-packages"), *SYSTEM_PACKAGES])
    (stock_config,) = (stock() / "boot").glob("config-*")
    with tempfile.TemporaryDirectory(dir=into) as folder:
        source = _source(Path(folder))
        make = ["make", "ARCH=um", f"-j{os.cpu_count() or 1}"]
        run([*make, "defconfig"], cwd=source)
        chosen = source / "chosen"
        chosen.write_text("\n".join(options(stock_config.read_text("ascii"))) + "\n", "ascii")
        run(["scripts/kconfig/merge_config.sh", "-m", ".config", chosen.name], cwd=source)
        run([*make, "olddefconfig"], cwd=source)
        if lost := missing_options((source / ".config").read_text("ascii")):
            raise KernelError(
                f"{source.name} of {SUITE} has no {', '.join(lost)} for user mode; "
                "see TAKEN_OVER and NEEDED in tools/guest/kernels.py"
            )
        with progress(f"building the kernel of {source.name} as a program (about ten minutes)"):
            run([*make, "linux"], cwd=source)
        (source / "linux").rename(into / "linux")
