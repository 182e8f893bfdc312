"""Network interfaces and instances."""

import base64
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from lab.aws_plugin.base import (
    Ec2Object,
    ResourceType,
    State,
    missing,
    specification,
    with_tags,
)


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
            "instanceMarketOptions",
            "userData",
            "metadataOptions",
            "rootBlockDevice",
            "primaryNetworkInterface",
            "subnetId",
            "vpcSecurityGroupIds",
            "tags",
        }
    )
    outputs = frozenset({"arn", "availabilityZone", "instanceState", "privateIp"})
    updatable = frozenset({"userData", "instanceType", "vpcSecurityGroupIds", "tags"})

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
        market = inputs.get("instanceMarketOptions")
        if market:
            arguments["InstanceMarketOptions"] = {"MarketType": market["marketType"]}
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
            TagSpecifications=[
                *specification("instance", inputs.get("tags")),
                *specification("volume", (inputs.get("rootBlockDevice") or {}).get("tags")),
            ],
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
            "availabilityZone": found["Placement"]["AvailabilityZone"],
            "instanceState": "running",  # moto has no pending state
            "privateIp": found["PrivateIpAddress"],
        }
