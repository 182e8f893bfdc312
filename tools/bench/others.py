"""The tools that ours is held against, each built or installed once into the cache."""

import subprocess
import sys
from pathlib import Path

from tools import cache
from tools.toolchain import cache_key

HERE = Path(__file__).resolve().parent
ANSIBLE = "ansible==12.3.0"  # with community.docker
OPENTOFU = "github.com/opentofu/opentofu/cmd/tofu"
PROVIDER = "github.com/terraform-providers/terraform-provider-docker"  # kreuzwerker's
PROVIDER_NAME = PROVIDER.rpartition("/")[2]
OVERRIDE = """
provider_installation {
  dev_overrides {
    "registry.opentofu.org/kreuzwerker/docker" = "%s"
  }
  direct {}
}
"""


def opentofu() -> Path:
    """A folder with tofu and the Docker provider, of the very version that ours is built on."""
    parts = {HERE / "opentofu": (OPENTOFU, "tofu"), HERE / "provider": (PROVIDER, PROVIDER_NAME)}

    def fill(folder: Path) -> None:
        for module, (package, name) in parts.items():
            print(f"bench: building {name}, once", file=sys.stderr, flush=True)
            build = ["go", "build", "-o", str(folder / name), package]
            subprocess.run(build, cwd=module, check=True)

    folder = cache.kept("bench-opentofu", cache_key(*parts), fill)
    (folder / "cli.tfrc").write_text(OVERRIDE % folder, encoding="utf-8")
    return folder


def ansible() -> Path:
    """The folder of Ansible's commands, in an environment of its own."""
    folder = cache.folder() / f"bench-{ANSIBLE}"
    if not (folder / "bin/ansible-playbook").exists():
        print("bench: installing Ansible, once", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", ANSIBLE], check=True)
    return folder / "bin"
