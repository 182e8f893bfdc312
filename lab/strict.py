"""What AWS refuses of hosts' calls, and the API here takes."""

import http
import io
import json
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

# Secrets Manager API reference: an SDK adds it, a "raw HTTP request" must have it.
TOKEN = "ClientRequestToken"
WANT_TOKEN = ("secretsmanager.CreateSecret", "secretsmanager.PutSecretValue")


class Strict:
    """WSGI middleware that refuses calls as AWS does."""

    def __init__(self, app: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET") in WANT_TOKEN:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            if not json.loads(body).get(TOKEN):
                status = http.HTTPStatus.BAD_REQUEST
                kind = "application/x-amz-json-1.1"
                start(f"{status.value} {status.phrase}", [("Content-Type", kind)])
                message = f"You must provide a {TOKEN} value."
                said = {"__type": "InvalidRequestException", "Message": message}
                return [json.dumps(said).encode()]
        return self._app(environ, start)
