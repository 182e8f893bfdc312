"""What every resource type of the stand-in has: how it is made, read, changed, removed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from botocore.exceptions import ClientError

State = dict[str, Any]
Clients = Callable[[str], Any]


@dataclass(frozen=True)
class ResourceType:
    """One type of resource. Subclasses say how it is handled; this says what it looks like."""

    token: ClassVar[str]
    inputs: ClassVar[frozenset[str]]
    outputs: ClassVar[frozenset[str]] = frozenset()
    updatable: ClassVar[frozenset[str]] = frozenset({"tags"})
    auto_named: ClassVar[bool] = False

    clients: Clients = field(repr=False)

    @property
    def ec2(self) -> Any:
        return self.clients("ec2")

    def create(self, inputs: State) -> tuple[str, State]:
        """Make it; returns its id and its outputs."""
        raise NotImplementedError

    def read(self, resource_id: str, state: State) -> State | None:
        """Its properties as the API has them now, or None when it is gone."""
        raise NotImplementedError

    def update(self, resource_id: str, old: State, new: State) -> State:
        """Change what can be changed in place; returns the outputs."""
        if old.get("tags") != new.get("tags"):
            self.retag(resource_id, old.get("tags") or {}, new.get("tags") or {})
        return {}

    def delete(self, resource_id: str, state: State) -> None:
        """Remove it; done already counts as done."""
        raise NotImplementedError

    def retag(self, resource_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        removed = [{"Key": key} for key in old.keys() - new.keys()]
        if removed:
            self.ec2.delete_tags(Resources=[resource_id], Tags=removed)
        if new:
            self.ec2.create_tags(Resources=[resource_id], Tags=pairs(new))


def pairs(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted((tags or {}).items())]


def tags_of(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags") or []}


def specification(kind: str, tags: Mapping[str, str] | None) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": pairs(tags)}] if tags else []


def with_tags(state: State, found: Mapping[str, Any]) -> State:
    tags = tags_of(found)
    return {**state, "tags": tags} if tags or state.get("tags") else state


def missing(error: ClientError) -> bool:
    code: str = error.response["Error"]["Code"]
    return "NotFound" in code or code in {"NoSuchEntity", "ResourceNotFoundException"}


class Ec2Object(ResourceType):
    """A resource that EC2 lists by id under one name and deletes by id."""

    kind: ClassVar[str]  # in tag specifications
    describe: ClassVar[str]  # method, and the key of the list it returns
    listed: ClassVar[str]
    id_key: ClassVar[str]  # of the object, and of describe's and delete's arguments
    remove: ClassVar[str]

    def find(self, resource_id: str) -> Mapping[str, Any] | None:
        try:
            answer = getattr(self.ec2, self.describe)(**{f"{self.id_key}s": [resource_id]})
        except ClientError as error:
            if missing(error):
                return None
            raise
        found: Mapping[str, Any] | None = next(iter(answer[self.listed]), None)
        return found

    def read(self, resource_id: str, state: State) -> State | None:
        found = self.find(resource_id)
        return None if found is None else with_tags(state, found)

    def delete(self, resource_id: str, state: State) -> None:
        try:
            getattr(self.ec2, self.remove)(**{self.id_key: resource_id})
        except ClientError as error:
            if not missing(error):
                raise
