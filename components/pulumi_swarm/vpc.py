"""The network of the machines."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .args import raise_for, settle, spelled
from .plan.addresses import cut_vpc
from .plan.ports import ANYWHERE
from .plan.problems import Problems
from .plan.vpc import Nat, VpcPlan, first_zones, read_vpc

Ways = list[pulumi.CustomResource]  # out of a subnet: its route, and that it is the subnet's


class SwarmVpcArgs(TypedDict):
    """Args of SwarmVpc."""

    vpc_cidr: NotRequired[str]
    """The VPC's range, from /16 to /25. 10.0.0.0/16 when not given. Amazon VPC: "VPC CIDR
    blocks"."""
    availability_zones: NotRequired[list[str]]
    """Up to three zones for the subnets. The region's first three when not given."""
    access: NotRequired[str]
    """public, private, bastion or ssm: public puts the machines in public subnets. public when not
    given."""
    nat: NotRequired[str]
    """none, single or per-zone: NAT gateways for private subnets. single with private subnets, none
    with public ones, when not given. Amazon VPC: "NAT gateways"."""
    tags: NotRequired[dict[str, str]]
    """Tags for every resource that takes any. None when not given. AWS: "Tagging AWS resources"."""


class SwarmVpc(pulumi.ComponentResource):
    """A VPC with a subnet per zone for the machines, and its way to the internet."""

    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    subnet_ids: pulumi.Output[list[str]]
    """The machines' subnets, one per zone; known when their routes are in place."""

    def __init__(
        self, name: str, args: SwarmVpcArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = spelled(args, SwarmVpcArgs.__annotations__)
        problems = Problems()
        plan = read_vpc(settle(args, (), problems), tuple(SwarmVpcArgs.__annotations__), problems)
        raise_for(problems, "SwarmVpc")
        super().__init__("swarm:index:SwarmVpc", name, dict(args), opts)
        self._name = name
        self._tags = plan.tags
        self._child = pulumi.ResourceOptions(parent=self)
        self.vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(plan.cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._named(name),
            opts=self._child,
        )
        self.vpc_id = self.vpc.id
        self.machine_subnet_ids = self._machine_subnets(plan)
        self.subnet_ids = pulumi.Output.all(*self.machine_subnet_ids).apply(list)
        self.register_outputs({"vpcId": self.vpc_id, "subnetIds": self.subnet_ids})

    def _machine_subnets(self, plan: VpcPlan) -> list[pulumi.Output[str]]:
        """The id of each, known when its own way out is in place.

        Not all when all are: hundreds of machines that wait for everything here make the state,
        which Pulumi goes through at each step, longer than what waits for its own.
        """
        self._zones_are_given = bool(plan.zones)
        zones = self._zones(plan)
        cut = cut_vpc(plan.cidr, plan.zone_count)
        kind = "public" if plan.public else "private"
        subnets = [
            self._subnet(f"{kind}-{i}", str(getattr(s, kind)), zones[i], public=plan.public)
            for i, s in enumerate(cut)
        ]
        ways: list[Ways] = [[] for _ in subnets]
        if plan.public:
            ways = self._public_ways(subnets)
        elif plan.nat is not Nat.NONE:
            count = plan.zone_count if plan.nat is Nat.PER_ZONE else 1
            fronts = [
                self._subnet(f"public-{i}", str(cut[i].public), zones[i], public=True)
                for i in range(count)
            ]
            ways = self._nat_ways(fronts, subnets)
        return [_id_after(subnet, way) for subnet, way in zip(subnets, ways, strict=True)]

    def _zones(self, plan: VpcPlan) -> list[pulumi.Input[str]]:
        if plan.zones:
            return list(plan.zones)
        # A lookup of the caller's account; its length is fixed by the plan, not by the answer.
        # Without Local Zones, which an account may opt into and which come first by name.
        found = aws.get_availability_zones_output(
            state="available",
            filters=[
                aws.GetAvailabilityZonesFilterArgs(
                    name="opt-in-status", values=["opt-in-not-required"]
                )
            ],
            opts=pulumi.InvokeOptions(parent=self),
        )
        zones = found.names.apply(lambda names: _first_zones(names, plan.zone_count))
        return [zones[i] for i in range(plan.zone_count)]

    def _subnet(
        self, suffix: str, cidr: str, zone: pulumi.Input[str], *, public: bool
    ) -> aws.ec2.Subnet:
        return aws.ec2.Subnet(
            f"{self._name}-{suffix}",
            vpc_id=self.vpc.id,
            cidr_block=cidr,
            availability_zone=zone,
            map_public_ip_on_launch=public,
            tags=self._named(f"{self._name}-{suffix}"),
            opts=pulumi.ResourceOptions(
                parent=self,
                # The region's list is shorter while a zone is down; what is there stays there.
                ignore_changes=None if self._zones_are_given else ["availabilityZone"],
            ),
        )

    def _public_ways(self, subnets: list[aws.ec2.Subnet]) -> list[Ways]:
        gateway = aws.ec2.InternetGateway(
            self._name, vpc_id=self.vpc.id, tags=self._named(self._name), opts=self._child
        )
        return self._routed("public", subnets, gateway_id=gateway.id)

    def _nat_ways(self, fronts: list[aws.ec2.Subnet], subnets: list[aws.ec2.Subnet]) -> list[Ways]:
        ways: list[Ways] = []
        for i, (front, front_ways) in enumerate(
            zip(fronts, self._public_ways(fronts), strict=True)
        ):
            suffix = f"nat-{i}"
            address = aws.ec2.Eip(
                f"{self._name}-{suffix}",
                domain="vpc",
                tags=self._named(f"{self._name}-{suffix}"),
                opts=self._child,
            )
            nat = aws.ec2.NatGateway(
                f"{self._name}-{suffix}",
                allocation_id=address.id,
                subnet_id=front.id,
                tags=self._named(f"{self._name}-{suffix}"),
                opts=pulumi.ResourceOptions(parent=self, depends_on=front_ways),
            )
            served, first = (subnets, 0) if len(fronts) == 1 else ([subnets[i]], i)
            ways += self._routed(f"private-{i}", served, first, nat_gateway_id=nat.id)
        return ways

    def _routed(
        self,
        suffix: str,
        subnets: list[aws.ec2.Subnet],
        first: int = 0,
        *,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> list[Ways]:
        """A route table for these subnets; returns for each what its packets need to get out."""
        table = aws.ec2.RouteTable(
            f"{self._name}-{suffix}",
            vpc_id=self.vpc.id,
            tags=self._named(f"{self._name}-{suffix}"),
            opts=self._child,
        )
        route = aws.ec2.Route(
            f"{self._name}-{suffix}",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self._child,
        )
        kind = suffix.partition("-")[0]
        return [
            [route, self._association(f"{kind}-{first + i}", table, subnet)]
            for i, subnet in enumerate(subnets)
        ]

    def _association(
        self, suffix: str, table: aws.ec2.RouteTable, subnet: aws.ec2.Subnet
    ) -> aws.ec2.RouteTableAssociation:
        """A subnet has one at a time: named by its subnet, it changes when the table does."""
        kind, _, zone = suffix.partition("-")
        by_table = (f"{kind}-0-{zone}", f"{kind}-{zone}-0")  # with one NAT gateway, with one each
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{suffix}",
            route_table_id=table.id,
            subnet_id=subnet.id,
            opts=pulumi.ResourceOptions(
                parent=self,
                aliases=[pulumi.Alias(name=f"{self._name}-{old}") for old in by_table],
            ),
        )

    def _named(self, name: str) -> dict[str, str]:
        return {**self._tags, "Name": name}


def _id_after(subnet: aws.ec2.Subnet, ways: Ways) -> pulumi.Output[str]:
    waited_for = [subnet.id, *(way.id for way in ways)]
    return pulumi.Output.all(*waited_for).apply(lambda known: str(known[0]))


def _first_zones(available: list[str], count: int) -> list[str]:
    problems = Problems()
    zones = first_zones(available, count, problems)
    raise_for(problems, "SwarmVpc")
    return zones
