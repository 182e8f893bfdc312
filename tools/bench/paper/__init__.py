"""A cloud on paper: the API with no host behind it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError

from tests.lab.cloud import ROOT, LocalCloud, make_cloud

SERVE = (
    "import time; from lab import cloud, settings; "
    "cloud.Cloud(settings.load(), lambda *_: None).serve_machine(); time.sleep(7200)"
)
START_SECONDS = 60
HERE = Path(__file__).resolve().parent


@contextmanager
def paper_cloud(name: str, port: int) -> Iterator[LocalCloud]:
    """The API alone; it ends by itself after two hours, should nobody end it."""
    made = make_cloud(name, port)
    environment = {
        **os.environ,
        "SWARM_LAB": name,
        "SWARM_LAB_PORT": str(port),
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    }
    server = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=environment)
    try:
        _wait_for(made)
        yield made
    finally:
        server.terminate()
        server.wait()


def _wait_for(cloud: LocalCloud) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            cloud.aws("ec2").describe_vpcs()
        except BotoCoreError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return
