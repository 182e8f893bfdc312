"""Failures of AWS's API as hosts see it, for tests: a file in the cloud's folder asks for them.

The file is read with each call, so that a failure begins and ends at once. Calls
from this machine (Pulumi's) never fail.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from lab.wsgi import App, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to a call.

    ``action`` is the end of its X-Amz-Target, such as ``GetSecretValue``; empty
    for every call. ``address`` is the host it comes from; empty for every host.
    The call waits ``seconds``, and then fails with ``code``, unless that is empty.
    """

    action: str = ""
    address: str = ""
    seconds: float = 0
    code: str = ""


def ask_for(folder: Path, faults: Iterable[Fault]) -> None:
    """Have these failures and no others from now on."""
    partial = _file(folder).with_suffix(".partial")
    partial.write_text(json.dumps([asdict(fault) for fault in faults]), encoding="utf-8")
    partial.rename(_file(folder))


class Failing:
    """WSGI middleware that fails calls as the file asks."""

    def __init__(self, app: App, folder: Path) -> None:
        self._app = app
        self._folder = folder

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        action, address = environ.get("HTTP_X_AMZ_TARGET", ""), environ["REMOTE_ADDR"]
        for fault in _wanted(self._folder):
            if not action.endswith(fault.action) or fault.address not in ("", address):
                continue
            time.sleep(fault.seconds)
            if fault.code:
                return refuse(start, fault.code, "asked for")
        return self._app(environ, start)


def _wanted(folder: Path) -> list[Fault]:
    try:
        return [Fault(**found) for found in json.loads(_file(folder).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []


def _file(folder: Path) -> Path:
    return folder / "faults.json"
