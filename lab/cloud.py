"""The API: moto's server, its listeners, and what it says should exist.

The reconciler reads moto through its public API alone. A middleware wakes it
after each call that may have changed something, so nothing polls.
"""

import base64
import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

import boto3
from botocore.config import Config
from moto.ec2.models import elastic_network_interfaces
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.ssm.models import Parameter, ParameterDict, ssm_backends
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from lab import autoscaling, namespace, settings
from lab.faults import Failing
from lab.model import Group, Instance, Rule, Snapshot
from lab.strict import Strict
from lab.wsgi import App, body_of

DEBIAN_AMI_PARAMETER = "/aws/service/debian/release/{release}/latest/{architecture}"
DEBIAN_RELEASES = ("12", "13")
ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
# Tests set it on a spot instance that EC2 is to take back, to a time as EC2 writes it.
TAKEN_BACK_TAG = "lab:taken-back-at"


def client(config: settings.Settings, service: str) -> Any:
    """A boto3 client of the local cloud that reads nothing of the user's AWS settings."""
    session = boto3.session.Session(
        aws_access_key_id="lab", aws_secret_access_key="lab", region_name=settings.REGION
    )
    return session.client(
        service,
        endpoint_url=config.endpoint,
        config=Config(retries={"max_attempts": 1}, ignore_configured_endpoint_urls=True),
    )


class Cloud:
    """moto's server with its listeners. ``on_call`` is told of every call that may change EC2."""

    def __init__(
        self, config: settings.Settings, on_call: Callable[[str, Mapping[str, list[str]]], None]
    ) -> None:
        self._config = config
        self._autoscaling = autoscaling.Groups(client(config, "autoscaling"), client(config, "ec2"))
        moto = DomainDispatcherApplication(create_backend_app)
        hooks = autoscaling.HookCalls(moto, self._autoscaling)
        self._app = _Watcher(hooks, on_call)
        self._user_data: dict[str, bytes] = {}
        self._engines: dict[str, str] = {}
        self._ec2 = client(config, "ec2")
        self._iam = client(config, "iam")
        _give_interfaces_free_addresses()

    def serve_machine(self) -> None:
        """Serve Pulumi and other programs of this machine, on loopback."""
        self._run(
            make_server(
                "127.0.0.1",
                self._config.api_port,
                self._app,
                threaded=True,
                request_handler=_QuietHandler,
            )
        )
        self._seed_images()

    def serve_hosts(self, certificate: Path, key: Path) -> None:
        """Serve the hosts, under AWS's own names, over TLS on the fabric."""
        listener = namespace.listening_socket(self._config.fabric, settings.API_ADDRESS, 443)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._run(
            make_server(
                settings.API_ADDRESS,
                443,
                Failing(Strict(self._app), self._config.state),
                threaded=True,
                request_handler=_QuietHandler,
                ssl_context=context,
                fd=listener.detach(),
            )
        )

    def snapshot(self) -> Snapshot:
        """What the API says should exist now."""
        ec2 = self._ec2
        subnets = {s["SubnetId"]: s for s in ec2.describe_subnets()["Subnets"]}
        roles = self._roles()
        # In pages of 100, and the API keeps what has ended for ever.
        found = [
            self._instance(instance, subnets)
            for page in ec2.get_paginator("describe_instances").paginate()
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
            if instance["State"]["Name"] != "terminated"
        ]
        with_roles = [
            replace(instance, role=roles.get(instance.profile_arn))
            for instance in self._autoscaling.with_those_waited_for(found)
        ]
        groups = ec2.describe_security_groups()["SecurityGroups"]
        return Snapshot(
            instances=tuple(sorted(with_roles, key=lambda i: i.instance_id)),
            groups=tuple(_group(g) for g in groups),
            # moto starts with a default VPC, as an account does; nothing of ours lives there.
            subnets=tuple(
                sorted(
                    IPv4Network(s["CidrBlock"]) for s in subnets.values() if not s["DefaultForAz"]
                )
            ),
        )

    def replace_dead(self, instance_id: str) -> None:
        """Have a group replace a machine of its own that is off."""
        self._autoscaling.replace_dead(instance_id)

    def _instance(self, found: Mapping[str, Any], subnets: Mapping[str, Any]) -> Instance:
        interface = found["NetworkInterfaces"][0]
        options = found.get("MetadataOptions", {})
        instance_id = found["InstanceId"]
        profile = found.get("IamInstanceProfile", {}).get("Arn", "")
        tags = {t["Key"]: t["Value"] for t in found.get("Tags", [])}
        groups = {g["GroupId"] for g in interface["Groups"]}
        groups |= {g["GroupId"] for g in found["SecurityGroups"]}
        scaled_by = tags.get(autoscaling.GROUP_TAG, "")
        made = Instance(
            instance_id=instance_id,
            # Those of a group share one name.
            name=f"{tags.get('Name', '')}-{instance_id}"
            if scaled_by
            else tags.get("Name", instance_id),
            state=found["State"]["Name"],
            address=IPv4Address(interface["PrivateIpAddress"]),
            second_addresses=tuple(
                IPv4Address(held["PrivateIpAddress"])
                for held in interface.get("PrivateIpAddresses", [])
                if not held["Primary"]
            ),
            mac=interface["MacAddress"],
            interface_id=interface["NetworkInterfaceId"],
            subnet=IPv4Network(subnets[interface["SubnetId"]]["CidrBlock"]),
            vpc_id=interface["VpcId"],
            zone=found["Placement"]["AvailabilityZone"],
            image_id=found["ImageId"],
            engine=self._engines.get(found["ImageId"], self._config.engine),
            instance_type=found["InstanceType"],
            profile_arn=profile,
            metadata_hop_limit=options.get("HttpPutResponseHopLimit", 1),
            metadata_tokens_required=options.get("HttpTokens") == "required",
            groups=tuple(sorted(groups)),
            autoscaling_group=scaled_by,
            target_lifecycle_state=autoscaling.IN_SERVICE if scaled_by else "",
            taken_back_at=tags.get(TAKEN_BACK_TAG, ""),
            user_data=self._user_data_of(instance_id),
        )
        if not scaled_by:
            return made
        template = self._autoscaling.template_of(instance_id, scaled_by)
        name = template.get("IamInstanceProfile", {}).get("Name", "")
        return autoscaling.from_template(made, template, self._profile_arn(name))

    def _profile_arn(self, name: str) -> str:
        found = self._iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        return str(found["Arn"])

    def _user_data_of(self, instance_id: str) -> bytes:
        """The instance's user-data; fetched once, since it cannot change while one runs."""
        if instance_id not in self._user_data:
            attribute = self._ec2.describe_instance_attribute(
                InstanceId=instance_id, Attribute="userData"
            )
            encoded = attribute.get("UserData", {}).get("Value", "")
            self._user_data[instance_id] = base64.b64decode(encoded)
        return self._user_data[instance_id]

    def _roles(self) -> dict[str, str]:
        profiles = self._iam.list_instance_profiles()["InstanceProfiles"]
        return {p["Arn"]: p["Roles"][0]["RoleName"] for p in profiles if p["Roles"]}

    def _seed_images(self) -> None:
        """Register the images that the local stack may name, under AWS's public parameters."""
        parameters = ssm_backends[settings.ACCOUNT_ID][settings.REGION]._parameters  # noqa: SLF001  # the API keeps them for AWS
        for release in DEBIAN_RELEASES:
            for debian_name, aws_name in ARCHITECTURES.items():
                name = f"debian-{release}-{debian_name}"
                parameter = DEBIAN_AMI_PARAMETER.format(release=release, architecture=debian_name)
                debians = self._register_image(f"{name}-lab", aws_name)
                _seed_parameter(parameters, parameter, debians)
                current = self._register_image(f"{name}-current-docker", aws_name)
                self._engines[current] = settings.CURRENT_ENGINE

    def _register_image(self, name: str, architecture: str) -> str:
        image = self._ec2.register_image(
            Name=name, Architecture=architecture, RootDeviceName="/dev/xvda"
        )
        return str(image["ImageId"])

    @staticmethod
    def _run(server: BaseWSGIServer) -> None:
        threading.Thread(target=server.serve_forever, daemon=True).start()


def _seed_parameter(parameters: ParameterDict, name: str, value: str) -> None:
    """Add a public parameter, which the API keeps for AWS itself."""
    parameters[name].append(
        Parameter(  # type: ignore[abstract]  # only CloudFormation would call what is missing
            account_id=settings.ACCOUNT_ID,
            name=name,
            value=value,
            parameter_type="String",
            description="",
            allowed_pattern=None,
            keyid=None,
            last_modified_date=datetime.now(UTC),
            version=1,
            data_type="text",
        )
    )


def _give_interfaces_free_addresses() -> None:
    """Make moto pick interface addresses as a VPC does: free ones, and none of the reserved.

    moto draws at random from the whole range of the subnet.
    """
    taken: set[IPv4Address] = set()

    def next_free(cidr: str) -> str:
        network = IPv4Network(cidr)
        # The upper half: moto numbers the interfaces it makes itself from below.
        start = int(network.network_address) + network.num_addresses // 2
        for number in range(start, int(network.broadcast_address)):
            address = IPv4Address(number)
            if address not in taken:
                taken.add(address)
                return str(address)
        raise ValueError(f"no free address is left in {cidr}")

    setattr(elastic_network_interfaces, "random_private_ip", next_free)  # noqa: B010  # not exported


def _group(found: Mapping[str, Any]) -> Group:
    return Group(
        group_id=found["GroupId"],
        ingress=tuple(_rule(r) for r in found["IpPermissions"]),
        egress=tuple(_rule(r) for r in found["IpPermissionsEgress"]),
    )


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        protocol=found["IpProtocol"],
        from_port=found.get("FromPort"),
        to_port=found.get("ToPort"),
        networks=tuple(IPv4Network(r["CidrIp"]) for r in found["IpRanges"]),
        groups=tuple(g["GroupId"] for g in found["UserIdGroupPairs"]),
    )


class _Watcher:
    """WSGI middleware that reports each call of EC2's and IAM's query API that is not a read."""

    READS = ("Describe", "Get", "List")

    def __init__(
        self,
        app: App,
        on_call: Callable[[str, Mapping[str, list[str]]], None],
    ) -> None:
        self._app = app
        self._on_call = on_call

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body = body_of(environ)
        response = list(self._app(environ, start))
        if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
            parameters = parse_qs(body.decode())
            action = parameters.get("Action", [""])[0]
            if action and not action.startswith(self.READS):
                self._on_call(action, parameters)
        return response


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: failures reach the caller, and the daemon's log stays readable."""


def is_up(config: settings.Settings) -> bool:
    """Whether the API answers."""
    connection = http.client.HTTPConnection("127.0.0.1", config.api_port, timeout=2)
    try:
        connection.request("GET", "/moto-api/config")
        return bool(json.loads(connection.getresponse().read()) is not None)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()
