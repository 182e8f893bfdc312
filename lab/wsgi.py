"""What the parts of the API that stand before moto have in common."""

import http
import io
import json
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

App = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


def body_of(environ: WSGIEnvironment) -> bytes:
    """The body of a request, which whoever comes next can read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def refuse(start: StartResponse, code: str, message: str) -> list[bytes]:
    """An error of AWS's, as its JSON protocol has them."""
    status = http.HTTPStatus.BAD_REQUEST
    start(f"{status.value} {status.phrase}", [("Content-Type", "application/x-amz-json-1.1")])
    return [json.dumps({"__type": code, "message": message}).encode()]
