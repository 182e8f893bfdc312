"""IAM roles, policies and instance profiles."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lab.aws_plugin.base import ResourceType, State, missing, pairs


class _IamObject(ResourceType):
    @property
    def _client(self) -> Any:
        return self.clients("iam")

    def _gone(self, call: Callable[[], Any]) -> bool:
        """Carry a call out; whether it failed for there being no such thing."""
        try:
            call()
        except ClientError as error:
            if missing(error):
                return True
            raise
        return False


class Role(_IamObject):
    token = "aws:iam/role:Role"
    inputs = frozenset({"name", "assumeRolePolicy", "description", "tags", "forceDetachPolicies"})
    outputs = frozenset({"arn"})
    updatable = frozenset({"assumeRolePolicy", "description", "tags", "forceDetachPolicies"})
    auto_named = True

    def create(self, inputs: State) -> tuple[str, State]:
        made = self._client.create_role(
            RoleName=inputs["name"],
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Description=inputs.get("description", ""),
            Tags=pairs(inputs.get("tags")),
        )["Role"]
        return inputs["name"], {"arn": made["Arn"]}

    def read(self, resource_id: str, state: State) -> State | None:
        gone = self._gone(lambda: self._client.get_role(RoleName=resource_id))
        return None if gone else state

    def update(self, resource_id: str, old: State, new: State) -> State:
        self._client.update_assume_role_policy(
            RoleName=resource_id, PolicyDocument=new["assumeRolePolicy"]
        )
        return super().update(resource_id, old, new)

    def retag(self, resource_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        self._client.tag_role(RoleName=resource_id, Tags=pairs(new))

    def delete(self, resource_id: str, state: State) -> None:
        if state.get("forceDetachPolicies"):
            self._gone(lambda: self._empty(resource_id))
        self._gone(lambda: self._client.delete_role(RoleName=resource_id))

    def _empty(self, role: str) -> None:
        for name in self._client.list_role_policies(RoleName=role)["PolicyNames"]:
            self._client.delete_role_policy(RoleName=role, PolicyName=name)
        for found in self._client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            self._client.detach_role_policy(RoleName=role, PolicyArn=found["PolicyArn"])


class RolePolicy(_IamObject):
    token = "aws:iam/rolePolicy:RolePolicy"
    inputs = frozenset({"name", "role", "policy"})
    updatable = frozenset({"policy"})
    auto_named = True

    def create(self, inputs: State) -> tuple[str, State]:
        self._put(inputs)
        return f"{inputs['role']}:{inputs['name']}", {}

    def read(self, resource_id: str, state: State) -> State | None:
        gone = self._gone(
            lambda: self._client.get_role_policy(RoleName=state["role"], PolicyName=state["name"])
        )
        return None if gone else state

    def update(self, resource_id: str, old: State, new: State) -> State:
        self._put(new)
        return {}

    def delete(self, resource_id: str, state: State) -> None:
        self._gone(
            lambda: self._client.delete_role_policy(
                RoleName=state["role"], PolicyName=state["name"]
            )
        )

    def _put(self, inputs: State) -> None:
        self._client.put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )


class RolePolicyAttachment(_IamObject):
    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    inputs = frozenset({"role", "policyArn"})
    updatable = frozenset[str]()

    def create(self, inputs: State) -> tuple[str, State]:
        self._client.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}", {}

    def read(self, resource_id: str, state: State) -> State | None:
        try:
            listed = self._client.list_attached_role_policies(RoleName=state["role"])
        except ClientError as error:
            if missing(error):
                return None
            raise
        arns = [policy["PolicyArn"] for policy in listed["AttachedPolicies"]]
        return state if state["policyArn"] in arns else None

    def delete(self, resource_id: str, state: State) -> None:
        self._gone(
            lambda: self._client.detach_role_policy(
                RoleName=state["role"], PolicyArn=state["policyArn"]
            )
        )


class InstanceProfile(_IamObject):
    token = "aws:iam/instanceProfile:InstanceProfile"
    inputs = frozenset({"name", "role", "tags"})
    outputs = frozenset({"arn"})
    auto_named = True

    def create(self, inputs: State) -> tuple[str, State]:
        made = self._client.create_instance_profile(
            InstanceProfileName=inputs["name"], Tags=pairs(inputs.get("tags"))
        )["InstanceProfile"]
        self._client.add_role_to_instance_profile(
            InstanceProfileName=inputs["name"], RoleName=inputs["role"]
        )
        return inputs["name"], {"arn": made["Arn"]}

    def read(self, resource_id: str, state: State) -> State | None:
        gone = self._gone(
            lambda: self._client.get_instance_profile(InstanceProfileName=resource_id)
        )
        return None if gone else state

    def retag(self, resource_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        self._client.tag_instance_profile(InstanceProfileName=resource_id, Tags=pairs(new))

    def delete(self, resource_id: str, state: State) -> None:
        self._gone(
            lambda: self._client.remove_role_from_instance_profile(
                InstanceProfileName=resource_id, RoleName=state["role"]
            )
        )
        self._gone(lambda: self._client.delete_instance_profile(InstanceProfileName=resource_id))
