"""Time the main jobs on the local cloud; prints seconds, judges nothing."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The modules that the components use: pulumi_aws loads them one by one, when they are named.
EMPTY_PROGRAM = """\
import pulumi
import pulumi_docker
from pulumi_aws import ec2, iam, secretsmanager, ssm, vpc
from pulumi_aws.ec2 import Instance
from pulumi_docker import Network
"""
EMPTY_PROJECT = f"""\
name: empty
runtime: {{name: python, options: {{virtualenv: {ROOT}/.venv}}}}
"""


def timed(what: str, *argv: str, cwd: Path = ROOT) -> None:
    started = time.monotonic()
    result = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if result.returncode != 0:
        print(result.stdout, result.stderr, file=sys.stderr)
        raise SystemExit(f"bench: {' '.join(argv)} failed")
    print(f"{seconds:7.1f} s  {what}", flush=True)


def quiet(*argv: str, cwd: Path = ROOT) -> None:
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True)


def main() -> None:
    quiet("make", "--silent", "down")
    timed("make up: 3 managers, 2 workers, 3 networks, from nothing", "make", "up")
    timed("make up again: nothing to do", "make", "up")
    preview = ("pulumi", "preview", "--stack", "local", "--expect-no-changes")
    for _ in range(3):
        timed("preview without changes", *preview)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "__main__.py").write_text(EMPTY_PROGRAM)
        (folder / "Pulumi.yaml").write_text(EMPTY_PROJECT)
        subprocess.run(
            ["pulumi", "stack", "init", "bench"], cwd=folder, check=True, capture_output=True
        )
        for _ in range(3):
            timed(
                "preview of an empty program that imports the same SDKs",
                *("pulumi", "preview", "--stack", "bench"),
                cwd=folder,
            )
        subprocess.run(
            ["pulumi", "stack", "rm", "-y", "bench"], cwd=folder, check=True, capture_output=True
        )
    timed("make down", "make", "down")


if __name__ == "__main__":
    main()
