"""Secrets Manager and SSM parameters."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from lab.aws_plugin.base import ResourceType, State, missing, pairs, with_tags


class Secret(ResourceType):
    token = "aws:secretsmanager/secret:Secret"
    inputs = frozenset({"name", "description", "recoveryWindowInDays", "tags"})
    outputs = frozenset({"arn"})
    updatable = frozenset({"description", "recoveryWindowInDays", "tags"})
    auto_named = True

    @property
    def _client(self) -> Any:
        return self.clients("secretsmanager")

    def create(self, inputs: State) -> tuple[str, State]:
        made = self._client.create_secret(
            Name=inputs["name"],
            Description=inputs.get("description", ""),
            Tags=pairs(inputs.get("tags")),
        )
        return made["ARN"], {"arn": made["ARN"]}

    def read(self, resource_id: str, state: State) -> State | None:
        try:
            found = self._client.describe_secret(SecretId=resource_id)
        except ClientError as error:
            if missing(error):
                return None
            raise
        return None if "DeletedDate" in found else with_tags(state, found)

    def retag(self, resource_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        removed = sorted(old.keys() - new.keys())
        if removed:
            self._client.untag_resource(SecretId=resource_id, TagKeys=removed)
        self._client.tag_resource(SecretId=resource_id, Tags=pairs(new))

    def delete(self, resource_id: str, state: State) -> None:
        days = state.get("recoveryWindowInDays", 30)
        window: dict[str, Any] = (
            {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        )
        if self.read(resource_id, state) is not None:
            self._client.delete_secret(SecretId=resource_id, **window)


class SecretVersion(ResourceType):
    token = "aws:secretsmanager/secretVersion:SecretVersion"
    inputs = frozenset({"secretId", "secretString"})
    outputs = frozenset({"versionId"})
    updatable = frozenset()

    @property
    def _client(self) -> Any:
        return self.clients("secretsmanager")

    def create(self, inputs: State) -> tuple[str, State]:
        made = self._client.put_secret_value(
            SecretId=inputs["secretId"], SecretString=inputs["secretString"]
        )
        return f"{inputs['secretId']}|{made['VersionId']}", {"versionId": made["VersionId"]}

    def read(self, resource_id: str, state: State) -> State | None:
        secret_id, _, version = resource_id.partition("|")
        try:
            self._client.get_secret_value(SecretId=secret_id, VersionId=version)
        except ClientError as error:
            if missing(error):
                return None
            raise
        return state

    def delete(self, resource_id: str, state: State) -> None:
        """AWS keeps the newest version until its secret goes; so does the provider."""


class Parameter(ResourceType):
    token = "aws:ssm/parameter:Parameter"
    inputs = frozenset({"name", "type", "value", "description", "tags"})
    outputs = frozenset({"arn"})
    updatable = frozenset({"value", "description", "tags"})
    auto_named = True

    @property
    def _client(self) -> Any:
        return self.clients("ssm")

    def create(self, inputs: State) -> tuple[str, State]:
        self._put(inputs, Tags=pairs(inputs.get("tags")))
        found = self._client.get_parameter(Name=inputs["name"])["Parameter"]
        return inputs["name"], {"arn": found["ARN"]}

    def read(self, resource_id: str, state: State) -> State | None:
        try:
            found = self._client.get_parameter(Name=resource_id)["Parameter"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                return None
            raise
        return {**state, "value": found["Value"]}

    def update(self, resource_id: str, old: State, new: State) -> State:
        self._put(new, Overwrite=True)
        return super().update(resource_id, old, new)

    def retag(self, resource_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        self._client.add_tags_to_resource(
            ResourceType="Parameter", ResourceId=resource_id, Tags=pairs(new)
        )

    def delete(self, resource_id: str, state: State) -> None:
        self._client.delete_parameters(Names=[resource_id])

    def _put(self, inputs: State, **more: Any) -> None:
        self._client.put_parameter(
            Name=inputs["name"],
            Type=inputs["type"],
            Value=inputs["value"],
            Description=inputs.get("description", ""),
            **more,
        )
