"""What AWS refuses of hosts' calls, and the API here takes."""

import json
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from lab.wsgi import App, body_of, refuse

# Secrets Manager API reference: an SDK adds it, a "raw HTTP request" must have it.
TOKEN = "ClientRequestToken"
WANT_TOKEN = ("secretsmanager.CreateSecret", "secretsmanager.PutSecretValue")


class Strict:
    """WSGI middleware that refuses calls as AWS does."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        wants = environ.get("HTTP_X_AMZ_TARGET") in WANT_TOKEN
        if wants and not json.loads(body_of(environ)).get(TOKEN):
            return refuse(start, "InvalidRequestException", f"You must provide a {TOKEN} value.")
        return self._app(environ, start)
