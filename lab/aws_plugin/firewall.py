"""Security groups and their rules."""

from typing import Any, ClassVar

from lab.aws_plugin.base import Ec2Object, ResourceType, State, specification


class SecurityGroup(Ec2Object):
    token = "aws:ec2/securityGroup:SecurityGroup"
    inputs = frozenset({"name", "description", "vpcId", "revokeRulesOnDelete", "tags"})
    updatable = frozenset({"revokeRulesOnDelete", "tags"})
    auto_named = True
    kind, describe, listed = "security-group", "describe_security_groups", "SecurityGroups"
    id_key, remove = "GroupId", "delete_security_group"

    def create(self, inputs: State) -> tuple[str, State]:
        made: str = self.ec2.create_security_group(
            GroupName=inputs["name"],
            Description=inputs["description"],
            VpcId=inputs["vpcId"],
            TagSpecifications=specification(self.kind, inputs.get("tags")),
        )["GroupId"]
        # AWS gives a new group a rule that lets everything out; the provider takes it away.
        self.ec2.revoke_security_group_egress(
            GroupId=made,
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        )
        return made, {}

    def delete(self, resource_id: str, state: State) -> None:
        found = self.find(resource_id)
        if found is None:
            return
        if state.get("revokeRulesOnDelete"):
            for key, revoke in (
                ("IpPermissions", self.ec2.revoke_security_group_ingress),
                ("IpPermissionsEgress", self.ec2.revoke_security_group_egress),
            ):
                if found[key]:
                    revoke(GroupId=resource_id, IpPermissions=found[key])
        super().delete(resource_id, state)


class _SecurityGroupRule(ResourceType):
    """The newer kind of rule: one source or destination each, with an id of its own."""

    inputs = frozenset(
        {
            "securityGroupId",
            "description",
            "ipProtocol",
            "fromPort",
            "toPort",
            "cidrIpv4",
            "referencedSecurityGroupId",
            "tags",
        }
    )
    updatable = frozenset({"description", "tags"})
    direction: ClassVar[str]

    def create(self, inputs: State) -> tuple[str, State]:
        authorize = getattr(self.ec2, f"authorize_security_group_{self.direction}")
        answer = authorize(
            GroupId=inputs["securityGroupId"], IpPermissions=[self._permission(inputs)]
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"], {}

    def read(self, resource_id: str, state: State) -> State | None:
        # moto answers an unknown rule id with an empty list, AWS with an error.
        wanted = [{"Name": "group-id", "Values": [state["securityGroupId"]]}]
        rules = self.ec2.describe_security_group_rules(Filters=wanted)["SecurityGroupRules"]
        return state if any(r["SecurityGroupRuleId"] == resource_id for r in rules) else None

    def delete(self, resource_id: str, state: State) -> None:
        if self.read(resource_id, state) is None:
            return
        revoke = getattr(self.ec2, f"revoke_security_group_{self.direction}")
        revoke(GroupId=state["securityGroupId"], IpPermissions=[self._permission(state)])

    @staticmethod
    def _permission(inputs: State) -> dict[str, Any]:
        described = {"Description": inputs["description"]} if inputs.get("description") else {}
        permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"]}
        # The provider sends no ports for protocols without any; moto wants them as -1.
        permission["FromPort"] = inputs.get("fromPort", -1)
        permission["ToPort"] = inputs.get("toPort", -1)
        if inputs.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **described}]
        else:
            group = inputs["referencedSecurityGroupId"]
            permission["UserIdGroupPairs"] = [{"GroupId": group, **described}]
        return permission


class SecurityGroupIngressRule(_SecurityGroupRule):
    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class SecurityGroupEgressRule(_SecurityGroupRule):
    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"
