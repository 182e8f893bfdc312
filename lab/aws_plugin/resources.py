"""The resource types: how each is made, read, changed and removed through AWS's API."""

import base64
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

    def replaces(self, changed: list[str], new: State) -> list[str]:
        """Which of the changed inputs cannot be changed in place."""
        return [name for name in changed if name not in self.updatable]

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


class Vpc(Ec2Object):
    token = "aws:ec2/vpc:Vpc"
    inputs = frozenset({"cidrBlock", "enableDnsHostnames", "enableDnsSupport", "tags"})
    updatable = frozenset({"enableDnsHostnames", "enableDnsSupport", "tags"})
    kind, describe, listed, id_key, remove = "vpc", "describe_vpcs", "Vpcs", "VpcId", "delete_vpc"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.create_vpc(
            CidrBlock=inputs["cidrBlock"],
            TagSpecifications=specification("vpc", inputs.get("tags")),
        )["Vpc"]
        self._set_dns(made["VpcId"], inputs)
        return made["VpcId"], {}

    def update(self, resource_id: str, old: State, new: State) -> State:
        self._set_dns(resource_id, new)
        return super().update(resource_id, old, new)

    def _set_dns(self, vpc_id: str, inputs: State) -> None:
        for name, attribute in (
            ("enableDnsHostnames", "EnableDnsHostnames"),
            ("enableDnsSupport", "EnableDnsSupport"),
        ):
            if name in inputs:
                self.ec2.modify_vpc_attribute(VpcId=vpc_id, **{attribute: {"Value": inputs[name]}})


class Subnet(Ec2Object):
    token = "aws:ec2/subnet:Subnet"
    inputs = frozenset({"vpcId", "cidrBlock", "availabilityZone", "mapPublicIpOnLaunch", "tags"})
    updatable = frozenset({"mapPublicIpOnLaunch", "tags"})
    kind, describe, listed = "subnet", "describe_subnets", "Subnets"
    id_key, remove = "SubnetId", "delete_subnet"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.create_subnet(
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            AvailabilityZone=inputs["availabilityZone"],
            TagSpecifications=specification("subnet", inputs.get("tags")),
        )["Subnet"]
        self._set_public(made["SubnetId"], inputs)
        return made["SubnetId"], {}

    def update(self, resource_id: str, old: State, new: State) -> State:
        self._set_public(resource_id, new)
        return super().update(resource_id, old, new)

    def _set_public(self, subnet_id: str, inputs: State) -> None:
        if "mapPublicIpOnLaunch" in inputs:
            self.ec2.modify_subnet_attribute(
                SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": inputs["mapPublicIpOnLaunch"]}
            )


class InternetGateway(Ec2Object):
    token = "aws:ec2/internetGateway:InternetGateway"
    inputs = frozenset({"vpcId", "tags"})
    kind, describe, listed = "internet-gateway", "describe_internet_gateways", "InternetGateways"
    id_key, remove = "InternetGatewayId", "delete_internet_gateway"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.create_internet_gateway(
            TagSpecifications=specification(self.kind, inputs.get("tags"))
        )["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=inputs["vpcId"])
        return made, {}

    def delete(self, resource_id: str, state: State) -> None:
        if self.find(resource_id) is not None:
            self.ec2.detach_internet_gateway(InternetGatewayId=resource_id, VpcId=state["vpcId"])
            super().delete(resource_id, state)


class Eip(Ec2Object):
    token = "aws:ec2/eip:Eip"
    inputs = frozenset({"domain", "networkInterface", "tags"})
    outputs = frozenset({"allocationId", "publicIp"})
    updatable = frozenset({"networkInterface", "tags"})
    kind, describe, listed = "elastic-ip", "describe_addresses", "Addresses"
    id_key, remove = "AllocationId", "release_address"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.allocate_address(
            Domain="vpc", TagSpecifications=specification(self.kind, inputs.get("tags"))
        )
        self._associate(made["AllocationId"], inputs)
        return made["AllocationId"], {
            "allocationId": made["AllocationId"],
            "publicIp": made["PublicIp"],
        }

    def update(self, resource_id: str, old: State, new: State) -> State:
        if old.get("networkInterface") != new.get("networkInterface"):
            self._associate(resource_id, new)
        return super().update(resource_id, old, new)

    def delete(self, resource_id: str, state: State) -> None:
        found = self.find(resource_id)
        if found is not None and found.get("AssociationId"):
            self.ec2.disassociate_address(AssociationId=found["AssociationId"])
        super().delete(resource_id, state)

    def _associate(self, allocation_id: str, inputs: State) -> None:
        if inputs.get("networkInterface"):
            self.ec2.associate_address(
                AllocationId=allocation_id,
                NetworkInterfaceId=inputs["networkInterface"],
                AllowReassociation=True,
            )


class NatGateway(Ec2Object):
    token = "aws:ec2/natGateway:NatGateway"
    inputs = frozenset({"allocationId", "subnetId", "tags"})
    kind, describe, listed = "natgateway", "describe_nat_gateways", "NatGateways"
    id_key, remove = "NatGatewayId", "delete_nat_gateway"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.create_nat_gateway(
            AllocationId=inputs["allocationId"],
            SubnetId=inputs["subnetId"],
            TagSpecifications=specification(self.kind, inputs.get("tags")),
        )["NatGateway"]
        return made["NatGatewayId"], {}

    def find(self, resource_id: str) -> Mapping[str, Any] | None:
        found = super().find(resource_id)
        return None if found is None or found["State"] == "deleted" else found


class RouteTable(Ec2Object):
    token = "aws:ec2/routeTable:RouteTable"
    inputs = frozenset({"vpcId", "tags"})
    kind, describe, listed = "route-table", "describe_route_tables", "RouteTables"
    id_key, remove = "RouteTableId", "delete_route_table"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.create_route_table(
            VpcId=inputs["vpcId"], TagSpecifications=specification(self.kind, inputs.get("tags"))
        )["RouteTable"]
        return made["RouteTableId"], {}


class Route(ResourceType):
    token = "aws:ec2/route:Route"
    inputs = frozenset({"routeTableId", "destinationCidrBlock", "gatewayId", "natGatewayId"})
    updatable = frozenset({"gatewayId", "natGatewayId"})

    def create(self, inputs: State) -> tuple[str, State]:
        self.ec2.create_route(**self._arguments(inputs))
        return f"r-{inputs['routeTableId']}-{inputs['destinationCidrBlock']}", {}

    def read(self, resource_id: str, state: State) -> State | None:
        try:
            tables = self.ec2.describe_route_tables(RouteTableIds=[state["routeTableId"]])
        except ClientError as error:
            if missing(error):
                return None
            raise
        routes = tables["RouteTables"][0]["Routes"]
        known = {route.get("DestinationCidrBlock") for route in routes}
        return state if state["destinationCidrBlock"] in known else None

    def update(self, resource_id: str, old: State, new: State) -> State:
        self.ec2.replace_route(**self._arguments(new))
        return {}

    def delete(self, resource_id: str, state: State) -> None:
        if self.read(resource_id, state) is not None:
            self.ec2.delete_route(
                RouteTableId=state["routeTableId"],
                DestinationCidrBlock=state["destinationCidrBlock"],
            )

    @staticmethod
    def _arguments(inputs: State) -> dict[str, Any]:
        target = (
            {"GatewayId": inputs["gatewayId"]}
            if inputs.get("gatewayId")
            else {"NatGatewayId": inputs["natGatewayId"]}
        )
        return {
            "RouteTableId": inputs["routeTableId"],
            "DestinationCidrBlock": inputs["destinationCidrBlock"],
            **target,
        }


class RouteTableAssociation(ResourceType):
    token = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    inputs = frozenset({"routeTableId", "subnetId"})

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )
        return made["AssociationId"], {}

    def read(self, resource_id: str, state: State) -> State | None:
        wanted = [{"Name": "association.route-table-association-id", "Values": [resource_id]}]
        return state if self.ec2.describe_route_tables(Filters=wanted)["RouteTables"] else None

    def delete(self, resource_id: str, state: State) -> None:
        try:
            self.ec2.disassociate_route_table(AssociationId=resource_id)
        except ClientError as error:
            if not missing(error):
                raise


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


class NetworkInterface(Ec2Object):
    token = "aws:ec2/networkInterface:NetworkInterface"
    inputs = frozenset({"subnetId", "securityGroups", "description", "privateIps", "tags"})
    outputs = frozenset({"macAddress", "privateIp"})
    updatable = frozenset({"securityGroups", "description", "tags"})
    kind, describe, listed = "network-interface", "describe_network_interfaces", "NetworkInterfaces"
    id_key, remove = "NetworkInterfaceId", "delete_network_interface"

    def create(self, inputs: State) -> tuple[str, State]:
        chosen = {"PrivateIpAddress": inputs["privateIps"][0]} if inputs.get("privateIps") else {}
        made = self.ec2.create_network_interface(
            SubnetId=inputs["subnetId"],
            Groups=inputs["securityGroups"],
            Description=inputs.get("description", ""),
            TagSpecifications=specification(self.kind, inputs.get("tags")),
            **chosen,
        )["NetworkInterface"]
        return made["NetworkInterfaceId"], {
            "macAddress": made["MacAddress"],
            "privateIp": made["PrivateIpAddress"],
        }

    def find(self, resource_id: str) -> Mapping[str, Any] | None:
        found = super().find(resource_id)
        return None if found is None else {**found, "Tags": found.get("TagSet", [])}

    def update(self, resource_id: str, old: State, new: State) -> State:
        if old["securityGroups"] != new["securityGroups"]:
            self.ec2.modify_network_interface_attribute(
                NetworkInterfaceId=resource_id, Groups=new["securityGroups"]
            )
        return super().update(resource_id, old, new)


class Instance(ResourceType):
    token = "aws:ec2/instance:Instance"
    inputs = frozenset(
        {
            "ami",
            "instanceType",
            "iamInstanceProfile",
            "userData",
            "userDataReplaceOnChange",
            "metadataOptions",
            "rootBlockDevice",
            "primaryNetworkInterface",
            "subnetId",
            "vpcSecurityGroupIds",
            "tags",
        }
    )
    outputs = frozenset({"arn", "instanceState", "privateIp"})
    updatable = frozenset(
        {"userData", "userDataReplaceOnChange", "instanceType", "vpcSecurityGroupIds", "tags"}
    )

    def replaces(self, changed: list[str], new: State) -> list[str]:
        replaced = super().replaces(changed, new)
        if "userData" in changed and new.get("userDataReplaceOnChange"):
            replaced.append("userData")
        return replaced

    def create(self, inputs: State) -> tuple[str, State]:
        arguments: dict[str, Any] = {}
        primary = inputs.get("primaryNetworkInterface")
        if primary:
            arguments["NetworkInterfaces"] = [
                {"DeviceIndex": 0, "NetworkInterfaceId": primary["networkInterfaceId"]}
            ]
        else:
            arguments["SubnetId"] = inputs["subnetId"]
            arguments["SecurityGroupIds"] = inputs["vpcSecurityGroupIds"]
        if inputs.get("iamInstanceProfile"):
            arguments["IamInstanceProfile"] = {"Name": inputs["iamInstanceProfile"]}
        options = inputs.get("metadataOptions") or {}
        made = self.ec2.run_instances(
            ImageId=inputs["ami"],
            InstanceType=inputs["instanceType"],
            MinCount=1,
            MaxCount=1,
            UserData=inputs.get("userData", ""),
            MetadataOptions={
                "HttpTokens": options.get("httpTokens", "optional"),
                "HttpPutResponseHopLimit": options.get("httpPutResponseHopLimit", 1),
                "HttpEndpoint": options.get("httpEndpoint", "enabled"),
            },
            TagSpecifications=specification("instance", inputs.get("tags")),
            **arguments,
        )["Instances"][0]
        return made["InstanceId"], self._outputs(made)

    def find(self, resource_id: str) -> Mapping[str, Any] | None:
        try:
            answer = self.ec2.describe_instances(InstanceIds=[resource_id])
        except ClientError as error:
            if missing(error):
                return None
            raise
        found: Mapping[str, Any] = answer["Reservations"][0]["Instances"][0]
        return None if found["State"]["Name"] == "terminated" else found

    def read(self, resource_id: str, state: State) -> State | None:
        found = self.find(resource_id)
        if found is None:
            return None
        return with_tags({**state, **self._outputs(found)}, found)

    def update(self, resource_id: str, old: State, new: State) -> State:
        stopped = [n for n in ("userData", "instanceType") if old.get(n) != new.get(n)]
        if stopped:  # as the provider does: stop, change, start; cloud-init does not run it again
            self.ec2.stop_instances(InstanceIds=[resource_id])
            if "userData" in stopped:
                data = base64.b64encode(new.get("userData", "").encode())
                self.ec2.modify_instance_attribute(
                    InstanceId=resource_id, UserData={"Value": data.decode()}
                )
            if "instanceType" in stopped:
                self.ec2.modify_instance_attribute(
                    InstanceId=resource_id, InstanceType={"Value": new["instanceType"]}
                )
            self.ec2.start_instances(InstanceIds=[resource_id])
        if old.get("vpcSecurityGroupIds") != new.get("vpcSecurityGroupIds"):
            self.ec2.modify_instance_attribute(
                InstanceId=resource_id, Groups=new["vpcSecurityGroupIds"]
            )
        super().update(resource_id, old, new)
        found = self.find(resource_id)
        return {} if found is None else self._outputs(found)

    def delete(self, resource_id: str, state: State) -> None:
        if self.find(resource_id) is not None:
            self.ec2.terminate_instances(InstanceIds=[resource_id])

    @staticmethod
    def _outputs(found: Mapping[str, Any]) -> State:
        return {
            "arn": f"arn:aws:ec2:us-east-1:123456789012:instance/{found['InstanceId']}",
            "instanceState": "running",  # moto has no pending state
            "privateIp": found["PrivateIpAddress"],
        }


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
    inputs = frozenset({"name", "assumeRolePolicy", "description", "tags"})
    outputs = frozenset({"arn"})
    updatable = frozenset({"assumeRolePolicy", "description", "tags"})
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
        self._gone(lambda: self._client.delete_role(RoleName=resource_id))


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
    updatable = frozenset()

    def create(self, inputs: State) -> tuple[str, State]:
        self._client.attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}-{inputs['policyArn']}", {}

    def read(self, resource_id: str, state: State) -> State | None:
        try:
            answer = self._client.list_attached_role_policies(RoleName=state["role"])
        except ClientError as error:
            if missing(error):
                return None
            raise
        attached = {policy["PolicyArn"] for policy in answer["AttachedPolicies"]}
        return state if state["policyArn"] in attached else None

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


TYPES: tuple[type[ResourceType], ...] = (
    Vpc,
    Subnet,
    InternetGateway,
    Eip,
    NatGateway,
    RouteTable,
    Route,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupIngressRule,
    SecurityGroupEgressRule,
    NetworkInterface,
    Instance,
    Secret,
    SecretVersion,
    Parameter,
    Role,
    RolePolicy,
    RolePolicyAttachment,
    InstanceProfile,
)
