"""Build what is released: wheel, sdist, and the plugin as an archive.

Usage: dist.py OUT

The archive is what ``pulumi plugin install resource swarm VERSION --file`` takes.
Its bytes depend on the sources alone.
"""

import gzip
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

COMPONENTS = Path(__file__).resolve().parent.parent / "components"
DESCRIPTION = COMPONENTS / "pulumi_swarm/pulumi-plugin.json"
# In the sources the plugin shares the program's environment; an archive has one of its own.
SHARED_ENVIRONMENT, OWN_ENVIRONMENT = "virtualenv: ../.venv", "virtualenv: venv"


def build_packages(out: Path) -> None:
    subprocess.run(
        [
            *(Path(sys.executable).parent / "uv", "build", "--quiet", "--no-build-isolation"),
            *("--python", sys.executable, "--out-dir", out, COMPONENTS),
        ],
        check=True,
    )


def build_plugin(out: Path) -> Path:
    version = json.loads(DESCRIPTION.read_text(encoding="utf-8"))["version"]
    path = out / f"pulumi-resource-swarm-v{version}.tar.gz"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for source in sources():
            content = source.read_bytes()
            if source.name == "PulumiPlugin.yaml":
                content = content.replace(SHARED_ENVIRONMENT.encode(), OWN_ENVIRONMENT.encode())
            entry = tarfile.TarInfo(str(source.relative_to(COMPONENTS)))
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return path


def sources() -> list[Path]:
    found = [COMPONENTS / name for name in ("PulumiPlugin.yaml", "pyproject.toml", "README.md")]
    package = (COMPONENTS / "pulumi_swarm").rglob("*")
    found += [COMPONENTS / "__main__.py"]
    return sorted(found + [p for p in package if p.is_file() and "__pycache__" not in p.parts])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    build_packages(folder)
    build_plugin(folder)
    sys.stdout.write("".join(f"{path}\n" for path in sorted(folder.iterdir())))
