"""A registry on the fabric with one image, so that services start as they do with any registry.

The image is busybox from the hosts' own root, put together here: nothing is
downloaded, and nothing of this machine's Docker is used.
"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

from lab import namespace, settings

CONFIGURATION = """\
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http:
  addr: "ADDRESS:443"
  tls: {certificate: /var/lib/registry/server.pem, key: /var/lib/registry/server.key}
"""

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def write_store(store: Path, busybox: Path) -> None:
    """Lay the image down as the registry's own storage does (its file system driver)."""
    layer_tar = _layer(busybox)
    layer = gzip.compress(layer_tar, mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["sh"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer_tar)]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": CONFIG_TYPE,
                "size": len(config),
                "digest": _digest(config),
            },
            "layers": [{"mediaType": LAYER_TYPE, "size": len(layer), "digest": _digest(layer)}],
        }
    ).encode()
    base = store / "docker/registry/v2"
    repository = base / "repositories" / _repository()
    for blob in (layer, config, manifest):
        _write(base / "blobs/sha256" / _hex(blob)[:2] / _hex(blob) / "data", blob)
    for blob in (layer, config):
        _write(repository / "_layers/sha256" / _hex(blob) / "link", _digest(blob).encode())
    link = _digest(manifest).encode()
    tag = repository / "_manifests/tags" / settings.BUSYBOX_IMAGE.rpartition(":")[2]
    _write(repository / "_manifests/revisions/sha256" / _hex(manifest) / "link", link)
    _write(tag / "current/link", link)
    _write(tag / "index/sha256" / _hex(manifest) / "link", link)


def serve(
    config: settings.Settings, root: Path, certificate: Path, key: Path
) -> subprocess.Popen[bytes]:
    """Start the registry of the hosts' root on the fabric, with its data in the state folder."""
    store = config.state / "registry"
    write_store(store, root / "bin/busybox")
    (store / "server.pem").write_bytes(certificate.read_bytes())
    (store / "server.key").touch(mode=0o600)
    (store / "server.key").write_bytes(key.read_bytes())
    (store / "config.yml").write_text(
        CONFIGURATION.replace("ADDRESS", settings.REGISTRY_ADDRESS), encoding="utf-8"
    )
    # The program comes from the shared root, its data from a bind mount that only it sees.
    script = (
        'mount --bind "$1" "$2/var/lib/registry" && '
        'exec chroot "$2" /usr/bin/docker-registry serve /var/lib/registry/config.yml'
    )
    (root / "var/lib/registry").mkdir(parents=True, exist_ok=True)
    with (config.state / "registry.log").open("ab") as log:
        return subprocess.Popen(
            [
                *namespace.enter(config.fabric),
                *("unshare", "--mount", "--propagation", "private"),
                *("sh", "-c", script, "sh", str(store), str(root)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _repository() -> str:
    return settings.BUSYBOX_IMAGE.removeprefix(settings.REGISTRY_NAME + "/").rpartition(":")[0]


def _layer(busybox: Path) -> bytes:
    """A tar archive with busybox and a link for each of its commands."""
    commands = subprocess.run([busybox, "--list"], text=True, capture_output=True, check=True)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in ("bin", "etc", "tmp"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        program = tarfile.TarInfo("bin/busybox")
        program.size, program.mode = busybox.stat().st_size, 0o755
        with busybox.open("rb") as content:
            archive.addfile(program, content)
        for command in commands.stdout.split():
            if command != "busybox":
                link = tarfile.TarInfo(f"bin/{command}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
    return buffer.getvalue()


def _hex(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()


def _digest(blob: bytes) -> str:
    return f"sha256:{_hex(blob)}"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
