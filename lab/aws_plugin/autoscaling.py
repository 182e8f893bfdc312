"""Launch templates and auto-scaling groups."""

import time
from collections.abc import Mapping
from typing import Any

from lab.aws_plugin.base import Ec2Object, ResourceType, State, specification

REFRESH_PAUSE_SECONDS = 20.0  # a machine here joins within it


class LaunchTemplate(Ec2Object):
    token = "aws:ec2/launchTemplate:LaunchTemplate"
    inputs = frozenset(
        {
            "name",
            "imageId",
            "userData",
            "vpcSecurityGroupIds",
            "iamInstanceProfile",
            "metadataOptions",
            "blockDeviceMappings",
            "tagSpecifications",
            "tags",
        }
    )
    outputs = frozenset({"arn", "latestVersion"})
    updatable = inputs - {"name"}
    auto_named = True
    kind, describe, listed = "launch-template", "describe_launch_templates", "LaunchTemplates"
    id_key, remove = "LaunchTemplateId", "delete_launch_template"

    def create(self, inputs: State) -> tuple[str, State]:
        made = self.ec2.create_launch_template(
            LaunchTemplateName=inputs["name"],
            LaunchTemplateData=_template_data(inputs),
            TagSpecifications=specification(self.kind, inputs.get("tags")),
        )["LaunchTemplate"]
        return made["LaunchTemplateId"], self._outputs(made["LaunchTemplateId"], 1)

    def update(self, resource_id: str, old: State, new: State) -> State:
        super().update(resource_id, old, new)
        if _template_data(old) == _template_data(new):
            return {}
        made = self.ec2.create_launch_template_version(
            LaunchTemplateId=resource_id, LaunchTemplateData=_template_data(new)
        )["LaunchTemplateVersion"]
        return self._outputs(resource_id, made["VersionNumber"])

    @staticmethod
    def _outputs(template_id: str, version: int) -> State:
        arn = f"arn:aws:ec2:us-east-1:123456789012:launch-template/{template_id}"
        return {"arn": arn, "latestVersion": version}


def _template_data(inputs: State) -> dict[str, Any]:
    options = inputs.get("metadataOptions") or {}
    return {
        "ImageId": inputs["imageId"],
        "UserData": inputs.get("userData", ""),
        "SecurityGroupIds": inputs.get("vpcSecurityGroupIds", []),
        "IamInstanceProfile": {"Name": inputs["iamInstanceProfile"]["name"]},
        "MetadataOptions": {
            "HttpTokens": options.get("httpTokens", "optional"),
            "HttpPutResponseHopLimit": options.get("httpPutResponseHopLimit", 1),
            "HttpEndpoint": options.get("httpEndpoint", "enabled"),
        },
        "TagSpecifications": [
            tagged
            for found in inputs.get("tagSpecifications") or []
            for tagged in specification(found["resourceType"], found["tags"])
        ],
    }


class Group(ResourceType):
    """A group. Another template or policy starts an instance refresh, which the API here lacks."""

    token = "aws:autoscaling/group:Group"
    inputs = frozenset(
        {
            "name",
            "minSize",
            "maxSize",
            "vpcZoneIdentifiers",
            "mixedInstancesPolicy",
            "capacityRebalance",
            "waitForCapacityTimeout",
            "instanceRefresh",
            "initialLifecycleHooks",
            "tags",
        }
    )
    outputs = frozenset({"arn"})
    updatable = inputs - {"name", "initialLifecycleHooks"}
    auto_named = True

    @property
    def _client(self) -> Any:
        return self.clients("autoscaling")

    def create(self, inputs: State) -> tuple[str, State]:
        sizes = _arguments(inputs)
        none = {**sizes, "MinSize": 0, "DesiredCapacity": 0}  # hooks come before machines
        self._client.create_auto_scaling_group(Tags=_tags(inputs), **none)
        for hook in inputs.get("initialLifecycleHooks") or []:
            self._client.put_lifecycle_hook(
                AutoScalingGroupName=inputs["name"],
                LifecycleHookName=hook["name"],
                LifecycleTransition=hook["lifecycleTransition"],
                HeartbeatTimeout=hook["heartbeatTimeout"],
                DefaultResult=hook["defaultResult"],
            )
        self._client.update_auto_scaling_group(**sizes)
        return inputs["name"], {"arn": self._found(inputs["name"])["AutoScalingGroupARN"]}

    def read(self, resource_id: str, state: State) -> State | None:
        found = self._found(resource_id)
        if not found:
            return None
        return {**state, "minSize": found["MinSize"], "maxSize": found["MaxSize"]}

    def update(self, resource_id: str, old: State, new: State) -> State:
        self._client.update_auto_scaling_group(**_arguments(new))
        self._client.create_or_update_tags(Tags=_tags(new))
        if old["mixedInstancesPolicy"] != new["mixedInstancesPolicy"]:
            self._refresh(resource_id)
        return {}

    def delete(self, resource_id: str, state: State) -> None:
        """As the provider does: shrink it to nothing, wait for that, and remove it."""
        if not self._found(resource_id):
            return
        self._client.update_auto_scaling_group(
            AutoScalingGroupName=resource_id, MinSize=0, MaxSize=0, DesiredCapacity=0
        )
        self._client.delete_auto_scaling_group(AutoScalingGroupName=resource_id, ForceDelete=True)

    def _found(self, name: str) -> Mapping[str, Any]:
        answer = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return next(iter(answer["AutoScalingGroups"]), {})

    def _refresh(self, name: str) -> None:
        """Replace the machines of before, one after the other."""
        for instance in self._found(name)["Instances"]:
            self._client.terminate_instance_in_auto_scaling_group(
                InstanceId=instance["InstanceId"], ShouldDecrementDesiredCapacity=False
            )
            time.sleep(REFRESH_PAUSE_SECONDS)


def _arguments(inputs: State) -> dict[str, Any]:
    policy = inputs["mixedInstancesPolicy"]
    distribution = policy["instancesDistribution"]
    template = policy["launchTemplate"]
    specified = template["launchTemplateSpecification"]
    return {
        "AutoScalingGroupName": inputs["name"],
        "MinSize": inputs["minSize"],
        "MaxSize": inputs["maxSize"],
        "VPCZoneIdentifier": ",".join(inputs["vpcZoneIdentifiers"]),
        "MixedInstancesPolicy": {
            "InstancesDistribution": {
                "OnDemandBaseCapacity": distribution["onDemandBaseCapacity"],
                "OnDemandPercentageAboveBaseCapacity": distribution[
                    "onDemandPercentageAboveBaseCapacity"
                ],
            },
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {
                    "LaunchTemplateId": specified["launchTemplateId"],
                    "Version": specified["version"],
                },
                "Overrides": [{"InstanceType": o["instanceType"]} for o in template["overrides"]],
            },
        },
    }


def _tags(inputs: State) -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": inputs["name"],
            "ResourceType": "auto-scaling-group",
            "Key": tag["key"],
            "Value": tag["value"],
            "PropagateAtLaunch": tag["propagateAtLaunch"],
        }
        for tag in inputs.get("tags") or []
    ]


class Policy(ResourceType):
    """A scaling policy; the API keeps it and follows none."""

    token = "aws:autoscaling/policy:Policy"
    inputs = frozenset(
        {"name", "autoscalingGroupName", "policyType", "targetTrackingConfiguration"}
    )
    outputs = frozenset({"arn"})
    updatable = frozenset({"policyType", "targetTrackingConfiguration"})
    auto_named = True

    @property
    def _client(self) -> Any:
        return self.clients("autoscaling")

    def create(self, inputs: State) -> tuple[str, State]:
        return inputs["name"], self.update(inputs["name"], {}, inputs)

    def read(self, resource_id: str, state: State) -> State | None:
        found = self._client.describe_policies(
            AutoScalingGroupName=state["autoscalingGroupName"], PolicyNames=[resource_id]
        )
        return state if found["ScalingPolicies"] else None

    def update(self, resource_id: str, old: State, new: State) -> State:
        tracking = new["targetTrackingConfiguration"]
        metric = tracking["predefinedMetricSpecification"]["predefinedMetricType"]
        made = self._client.put_scaling_policy(
            AutoScalingGroupName=new["autoscalingGroupName"],
            PolicyName=resource_id,
            PolicyType=new["policyType"],
            TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
                "TargetValue": tracking["targetValue"],
            },
        )
        return {"arn": made["PolicyARN"]}

    def delete(self, resource_id: str, state: State) -> None:
        self._client.delete_policy(
            AutoScalingGroupName=state["autoscalingGroupName"], PolicyName=resource_id
        )
