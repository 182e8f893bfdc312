"""A cloud on paper: the API with no host behind it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.cloud import is_up
from tests.lab.cloud import ROOT, LocalCloud, eventually, make_cloud

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
    argv = (sys.executable, "-c", SERVE)
    server = subprocess.Popen(argv, cwd=ROOT, env=made.own_environment)
    try:
        eventually(lambda: is_up(made.config), START_SECONDS, "the API answers")
        yield made
    finally:
        server.terminate()
        server.wait()
