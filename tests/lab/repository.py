"""A git repository behind https on loopback, as users find the package on a server of theirs."""

import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lab import certificates
from pulumi_swarm.resources import PLUGIN_VERSION
from tests.lab.cloud import ROOT

GIT = ("git", "-c", "user.name=me", "-c", "user.email=me@example.com")
NOT_IN_GIT = shutil.ignore_patterns("__pycache__", "*.pyc")


def repository(folder: Path) -> Path:
    """A new repository in a folder: the package's own folder, released."""
    shutil.copytree(ROOT / "components", folder / "components", ignore=NOT_IN_GIT)
    steps = (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message=all"))
    for step in (*steps, ("tag", f"v{PLUGIN_VERSION}")):
        subprocess.run([*GIT, *step], cwd=folder, check=True)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Path]]:
    """Such a repository on a server; yields its address, and whom to trust for that."""
    tree = repository(folder / "tree")
    bare = ("clone", "--quiet", "--bare", str(tree), str(folder / "served/team/swarm.git"))
    subprocess.run([*GIT, *bare], check=True)
    authority = folder / "authority.pem"
    certificate, key = certificates.issue(folder, authority, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # At https's own port: Pulumi names a folder by the address, and PATH cannot hold a colon.
    with ThreadingHTTPServer(("127.0.0.1", 443), _handler(folder / "served")) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield "https://localhost/team/swarm.git", authority
        finally:
            server.shutdown()


def _handler(root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Git's own program for this, which speaks CGI (RFC 3875)."""

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            told = {
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            said = subprocess.run(
                ["git", "http-backend"],
                env={**os.environ, **told},
                input=body,
                capture_output=True,
                check=True,
            ).stdout
            head, _, content = said.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: what fails, the caller tells."""

    return Handler
