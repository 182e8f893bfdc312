"""What auto-scaling groups add to EC2: machines from templates, and an end that waits for a hook.

The API starts and ends the instances of a group. It knows nothing of the wait
that a lifecycle hook makes before a machine ends (EC2 Auto Scaling user guide,
"Amazon EC2 Auto Scaling lifecycle hooks"), so that wait is made here.
"""

import http
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from lab.model import Instance
from lab.wsgi import App, body_of

GROUP_TAG = "aws:autoscaling:groupName"
NOTICED_SECONDS = 1.0  # by then the cloud has looked at what a call has changed
ENDING = "autoscaling:EC2_INSTANCE_TERMINATING"
IN_SERVICE, TERMINATED = "InService", "Terminated"  # the target states that metadata tells


def from_template(instance: Instance, template: Mapping[str, Any], profile_arn: str) -> Instance:
    """What the API leaves out of an instance that it started from a launch template."""
    options = template.get("MetadataOptions", {})
    return replace(
        instance,
        metadata_hop_limit=options.get("HttpPutResponseHopLimit", 1),
        metadata_tokens_required=options.get("HttpTokens") == "required",
        groups=tuple(sorted(template.get("SecurityGroupIds", ()))),
        profile_arn=profile_arn,
    )


class Groups:
    """The machines of all groups, those among them that are waited for."""

    def __init__(self, client: Any, ec2: Any) -> None:
        self._client = client
        self._ec2 = ec2
        self._in_service: dict[str, Instance] = {}
        self._waited_for: dict[str, tuple[Instance, float]] = {}
        self._completed: set[str] = set()  # also before the cloud has noticed that it must wait
        self._templates: dict[str, Mapping[str, Any]] = {}

    def template_of(self, instance_id: str, group: str) -> Mapping[str, Any]:
        """The template that an instance was started from: that of its group when first seen."""
        if instance_id not in self._templates:
            found = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
            (described,) = found["AutoScalingGroups"]
            policy = described["MixedInstancesPolicy"]["LaunchTemplate"]
            versions = self._ec2.describe_launch_template_versions(
                LaunchTemplateId=policy["LaunchTemplateSpecification"]["LaunchTemplateId"],
                Versions=["$Latest"],
            )
            self._templates[instance_id] = versions["LaunchTemplateVersions"][0][
                "LaunchTemplateData"
            ]
        return self._templates[instance_id]

    def with_those_waited_for(self, running: Iterable[Instance]) -> list[Instance]:
        """The instances that run, and those that a hook keeps from ending yet."""
        present = {i.instance_id: i for i in running}
        for gone in self._in_service.keys() - present.keys():
            instance = self._in_service.pop(gone)
            seconds = max(self._ending_hooks(instance.autoscaling_group).values(), default=0)
            if seconds and gone not in self._completed:
                ending = replace(instance, target_lifecycle_state=TERMINATED)
                self._waited_for[gone] = ending, time.monotonic() + seconds
        self._in_service |= {k: i for k, i in present.items() if i.autoscaling_group}
        for late in [k for k, (_, ends) in self._waited_for.items() if ends < time.monotonic()]:
            del self._waited_for[late]
        return [*present.values(), *(instance for instance, _ in self._waited_for.values())]

    def complete(self, instance_id: str, group: str, hook: str) -> None:
        """The machine says that it is ready for what a hook holds up: here, for its end alone."""
        if hook not in self._ending_hooks(group):
            return
        self._completed.add(instance_id)
        self._waited_for.pop(instance_id, None)

    def wait_until_none_is_left(self, group: str) -> None:
        """A group is removed only when its machines have ended."""
        time.sleep(NOTICED_SECONDS)
        while any(i.autoscaling_group == group for i, _ in list(self._waited_for.values())):
            time.sleep(NOTICED_SECONDS)

    def replace_dead(self, instance_id: str) -> None:
        """What a group does about a machine that is off; nobody on it can complete a hook."""
        if instance_id not in self._in_service or instance_id in self._completed:
            return
        self._completed.add(instance_id)
        self._client.terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=False
        )

    def _ending_hooks(self, group: str) -> dict[str, float]:
        """The hooks that hold up an end, each with how long at most."""
        groups = self._client.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
        if not groups["AutoScalingGroups"]:
            return {}
        hooks = self._client.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
        return {
            hook["LifecycleHookName"]: hook["HeartbeatTimeout"]
            for hook in hooks
            if hook["LifecycleTransition"] == ENDING
        }


class HookCalls:
    """WSGI middleware for the calls of Auto Scaling by which machines end."""

    def __init__(
        self,
        app: App,
        groups: Groups,
    ) -> None:
        self._app = app
        self._groups = groups

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        parameters = parse_qs(body_of(environ).decode())
        (instance_id,) = parameters.get("InstanceId", [""])
        action = parameters.get("Action", [""])[0]
        match action:
            case "DeleteAutoScalingGroup":
                self._groups.wait_until_none_is_left(parameters["AutoScalingGroupName"][0])
                return self._app(environ, start)
            case "CompleteLifecycleAction":
                (group,), (hook,) = (
                    parameters["AutoScalingGroupName"],
                    parameters["LifecycleHookName"],
                )
                self._groups.complete(instance_id, group, hook)
            case _:
                return self._app(environ, start)
        start(f"{http.HTTPStatus.OK.value} OK", [("Content-Type", "text/xml")])
        return [f"<{action}Response><{action}Result/></{action}Response>".encode()]
