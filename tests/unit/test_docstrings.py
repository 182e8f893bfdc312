"""What an input's text must say: its default, the ends of a number, and where a word comes from."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# Where users find the vocabulary. What other components take besides, they get from one another.
FILES = ("shared_args.py", "nested_args.py", "cluster_args.py", "network.py", "vpc.py")
PACKAGE = Path("components/pulumi_swarm")
# Words of our own, or of Pulumi's: no document of Docker's or AWS's has them.
OWN = {
    *("access", "admin_cidrs", "allow_encrypted_networks", "avoid_cidrs", "boot_timeout_seconds"),
    *("content", "generation", "host", "manager_generation", "networks", "node_generations"),
    *("operating_system", "planned_services", "planned_tasks", "port", "probe_image"),
    *("probe_networks", "reap_after_seconds", "subnet_ids", "user", "vpc_id", "worker_count"),
    *("worker_generation", "worker_pools", "manager_security_group_id", "engine_version"),
    *("worker_security_group_id", "availability_zones", "AutoscaledPoolArgs.name"),
}
SOURCE = re.compile(r"Docker: |EC2|Amazon VPC: |IAM: |AWS: |OpenSSH: |cloud-init: |As docker ")


@dataclass(frozen=True)
class Input:
    """A field of a TypedDict with the text below it."""

    owner: str
    name: str
    annotation: str
    text: str

    @property
    def optional(self) -> bool:
        return self.annotation.startswith("NotRequired[")


def inputs() -> Iterator[Input]:
    for name in FILES:
        for found in ast.parse((PACKAGE / name).read_text(encoding="utf-8")).body:
            if not isinstance(found, ast.ClassDef) or not found.name.endswith("Args"):
                continue
            for field, text in zip(found.body, found.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                    assert isinstance(field.target, ast.Name)
                    assert isinstance(text.value, ast.Constant)
                    said = " ".join(str(text.value.value).split())
                    yield Input(found.name, field.target.id, ast.unparse(field.annotation), said)


INPUTS = list(inputs())


def test_there_are_inputs_to_look_at() -> None:
    assert len(INPUTS) > 100


@pytest.mark.parametrize("found", INPUTS, ids=lambda i: f"{i.owner}.{i.name}")
def test_text_has_default_range_and_source(found: Input) -> None:
    assert not found.optional or "when not given" in found.text
    if re.search(r"\bint\b", found.annotation):
        assert re.search(
            r"\d+( bytes)? to (\w|\d)|from \d+|: 1, 3, 5 or 7|from its own to", found.text
        )
    if not {found.name, f"{found.owner}.{found.name}"} & OWN:
        assert SOURCE.search(found.text)
