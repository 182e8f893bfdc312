"""What commands read from the state of a stack."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

Resource = Mapping[str, Any]


def exported(stack: str | None) -> list[Resource]:
    """The resources of a stack, of the selected one when none is named."""
    named = ["--stack", stack] if stack else []
    result = subprocess.run(
        ["pulumi", "stack", "export", *named],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SystemExit(result.stderr.strip())
    found: list[Resource] = (json.loads(result.stdout).get("deployment") or {}).get("resources", [])
    return found


def name_of(resource: Resource) -> str:
    """A resource's name in the program."""
    return str(resource["urn"].rpartition("::")[2])
