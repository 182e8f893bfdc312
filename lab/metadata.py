"""The instance metadata service: version 2 only, at 169.254.169.254, as EC2 serves it.

A request without a live token of its own host gets 401. The answer to the
token request leaves with the instance's hop limit as its TTL, so that a
container, one hop further, never sees it.
"""

import http.server
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from lab import namespace, settings
from lab.model import Instance

MAX_TOKEN_SECONDS = 21600
CREDENTIAL_LIFETIME = timedelta(hours=6)

Tree = Mapping[str, "Tree | str"]
Credentials = Mapping[str, str]


def tree(instance: Instance, credentials: Credentials | None) -> Tree:
    """What /latest/meta-data holds for an instance."""
    address = str(instance.address)
    interface: dict[str, Tree | str] = {
        "device-number": "0",
        "interface-id": instance.interface_id,
        "local-ipv4s": address,
        "mac": instance.mac,
        "subnet-ipv4-cidr-block": str(instance.subnet),
        "vpc-id": instance.vpc_id,
    }
    found: dict[str, Tree | str] = {
        "ami-id": instance.image_id,
        "hostname": f"{instance.host_name}.ec2.internal",
        "instance-id": instance.instance_id,
        "instance-type": instance.instance_type,
        "local-hostname": f"{instance.host_name}.ec2.internal",
        "local-ipv4": address,
        "mac": instance.mac,
        "network": {"interfaces": {"macs": {instance.mac: interface}}},
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "placement": {"availability-zone": instance.zone, "region": settings.REGION},
    }
    if instance.autoscaling_group:
        found["autoscaling"] = {"target-lifecycle-state": instance.target_lifecycle_state}
    if instance.taken_back_at:
        action = {"action": "terminate", "time": instance.taken_back_at}
        found["spot"] = {"instance-action": json.dumps(action)}
    if instance.role is not None and credentials is not None:
        found["iam"] = {"security-credentials": {instance.role: json.dumps(credentials)}}
    return found


def look_up(root: Tree, path: list[str]) -> str | None:
    """The text at a path: a value, or the listing of a folder; None when there is neither."""
    node: Tree | str = root
    for part in (p for p in path if p):
        if isinstance(node, str) or part not in node:
            return None
        node = node[part]
    if isinstance(node, str):
        return node
    return "\n".join(key if isinstance(value, str) else f"{key}/" for key, value in node.items())


def credentials(access_key: str, secret_key: str, session_token: str) -> Credentials:
    """Role credentials in the form that EC2 serves them."""
    now = datetime.now(UTC)
    return {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "Expiration": f"{now + CREDENTIAL_LIFETIME:%Y-%m-%dT%H:%M:%SZ}",
        "AccessKeyId": access_key,
        "SecretAccessKey": secret_key,
        "Token": session_token,
    }


class MetadataServer(http.server.ThreadingHTTPServer):
    """Serves every host of the fabric; tells them apart by address, which cannot be forged."""

    daemon_threads = True

    def __init__(
        self,
        listener: socket.socket,
        instance_at: Callable[[str], Instance | None],
        role_credentials: Callable[[str], Credentials],
    ) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.instance_at = instance_at
        self.role_credentials = role_credentials
        self._tokens: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def new_token(self, client: str, seconds: int) -> str:
        token = secrets.token_urlsafe(40)
        with self._lock:
            self._tokens[token] = (client, time.monotonic() + seconds)
        return token

    def token_is_live(self, token: str, client: str) -> bool:
        with self._lock:
            owner, ends = self._tokens.get(token, ("", 0.0))
        return owner == client and time.monotonic() < ends


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MetadataServer

    def do_PUT(self) -> None:
        client = self.client_address[0]
        instance = self.server.instance_at(client)
        if instance is None or self.path != "/latest/api/token":
            self._answer(HTTPStatus.NOT_FOUND)
            return
        if "X-Forwarded-For" in self.headers:  # a proxy is not the instance
            self._answer(HTTPStatus.FORBIDDEN)
            return
        wanted = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if not wanted.isdecimal() or not 1 <= int(wanted) <= MAX_TOKEN_SECONDS:
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, instance.metadata_hop_limit)
        token = self.server.new_token(client, int(wanted))
        self._answer(
            HTTPStatus.OK,
            token.encode(),
            {"X-aws-ec2-metadata-token-ttl-seconds": wanted},
        )

    def do_GET(self) -> None:
        client = self.client_address[0]
        instance = self.server.instance_at(client)
        if instance is None:
            self._answer(HTTPStatus.NOT_FOUND)
            return
        token = self.headers.get("X-aws-ec2-metadata-token")
        allowed = (
            self.server.token_is_live(token, client)
            if token is not None
            else not instance.metadata_tokens_required
        )
        if not allowed:
            self._answer(HTTPStatus.UNAUTHORIZED)
            return
        body = self._content(instance, self.path.strip("/").split("/"))
        self._answer(HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK, body or b"")

    def _content(self, instance: Instance, path: list[str]) -> bytes | None:
        match path:
            case [""]:
                return b"2021-03-23\nlatest"
            case [_, "user-data"]:
                return instance.user_data or None
            case [_, "dynamic", "instance-identity"]:
                return b"document"
            case [_, "dynamic", "instance-identity", "document"]:
                return json.dumps(
                    {
                        "accountId": settings.ACCOUNT_ID,
                        "availabilityZone": instance.zone,
                        "instanceId": instance.instance_id,
                        "region": settings.REGION,
                    }
                ).encode()
            case [_, "meta-data", *rest]:
                role = instance.role
                held = self.server.role_credentials(role) if role and rest[:1] == ["iam"] else {}
                text = look_up(tree(instance, held), rest)
                return None if text is None else text.encode()
            case _:
                return None

    def _answer(
        self, status: HTTPStatus, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as in the base class
        """Say nothing: a busy host asks a hundred times while it boots."""


def serve(
    config: settings.Settings,
    instance_at: Callable[[str], Instance | None],
    role_credentials: Callable[[str], Credentials],
) -> MetadataServer:
    """Start the service on the fabric, in a thread of its own."""
    listener = namespace.listening_socket(config.fabric, settings.METADATA_ADDRESS, 80)
    server = MetadataServer(listener, instance_at, role_credentials)
    threading.Thread(target=server.serve_forever, name="metadata", daemon=True).start()
    return server
