"""VPCs, subnets, gateways and routes."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from lab.aws_plugin.base import Ec2Object, ResourceType, State, missing, specification


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
    updatable = frozenset({"routeTableId"})

    def create(self, inputs: State) -> tuple[str, State]:
        if self._associations(inputs["subnetId"]):  # moto takes a second one
            raise ValueError(f"Resource.AlreadyAssociated: {inputs['subnetId']} has a route table")
        made = self.ec2.associate_route_table(
            RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
        )
        return made["AssociationId"], {}

    def read(self, resource_id: str, state: State) -> State | None:
        return state if state["routeTableId"] in self._associations(state["subnetId"]) else None

    def update(self, resource_id: str, old: State, new: State) -> State:
        for association in self._associations(new["subnetId"]).values():
            self.ec2.replace_route_table_association(
                AssociationId=association, RouteTableId=new["routeTableId"]
            )
        return {}

    def delete(self, resource_id: str, state: State) -> None:
        # By its subnet: a replaced table gave it another id.
        for association in self._associations(state["subnetId"]).values():
            self.ec2.disassociate_route_table(AssociationId=association)

    def _associations(self, subnet_id: str) -> dict[str, str]:
        """The id of the subnet's association, by its table."""
        wanted = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        return {
            table["RouteTableId"]: association["RouteTableAssociationId"]
            for table in self.ec2.describe_route_tables(Filters=wanted)["RouteTables"]
            for association in table["Associations"]
            if association.get("SubnetId") == subnet_id
        }
