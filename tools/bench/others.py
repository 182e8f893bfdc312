"""The tools that ours is held against, each built or installed once into the cache."""

import subprocess
import sys
from pathlib import Path

from lab import settings

HERE = Path(__file__).resolve().parent
ANSIBLE = "ansible==12.3.0"  # with community.docker
OPENTOFU = "github.com/opentofu/opentofu/cmd/tofu"
PROVIDER = "github.com/terraform-providers/terraform-provider-docker"  # kreuzwerker's
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
    folder = settings.cache() / "bench-opentofu"
    for module, package, name in (
        ("opentofu", OPENTOFU, "tofu"),
        ("provider", PROVIDER, "terraform-provider-docker"),
    ):
        if not (folder / name).exists():
            print(f"bench: building {name}, once", file=sys.stderr, flush=True)
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                ["go", "build", "-o", folder / name, package], cwd=HERE / module, check=True
            )
    (folder / "cli.tfrc").write_text(OVERRIDE % folder, encoding="utf-8")
    return folder


def ansible() -> Path:
    """The folder of Ansible's commands, in an environment of its own."""
    folder = settings.cache() / f"bench-{ANSIBLE}"
    if not (folder / "bin/ansible-playbook").exists():
        print("bench: installing Ansible, once", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", ANSIBLE], check=True)
    return folder / "bin"
