"""What AWS refuses of hosts' calls, and the API here takes."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from wsgiref.types import StartResponse, WSGIEnvironment

from lab.wsgi import App, body_of, refuse

# Secrets Manager API reference: an SDK adds it, a "raw HTTP request" must have it.
TOKEN = "ClientRequestToken"
WANT_TOKEN = ("secretsmanager.CreateSecret", "secretsmanager.PutSecretValue")

# IAM User Guide, "Troubleshoot Signature Version 4": a request must arrive within five minutes of
# the time that it is signed for.
SIGNED_AT = "HTTP_X_AMZ_DATE"
SIGNATURE_LASTS = timedelta(minutes=5)
AWS_TIME = "%Y%m%dT%H%M%SZ"


class Strict:
    """WSGI middleware that refuses calls as AWS does."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        wants = environ.get("HTTP_X_AMZ_TARGET") in WANT_TOKEN
        if wants and not json.loads(body_of(environ)).get(TOKEN):
            return refuse(start, "InvalidRequestException", f"You must provide a {TOKEN} value.")
        if SIGNED_AT in environ and (untimely := _untimely(environ[SIGNED_AT])):
            return refuse(start, "InvalidSignatureException", untimely)
        return self._app(environ, start)


def _untimely(signed_at: str) -> str:
    """What AWS says of a signature for another time than now; nothing of one that is timely."""
    signed, now = datetime.strptime(signed_at, AWS_TIME).replace(tzinfo=UTC), datetime.now(UTC)
    oldest, newest = now - SIGNATURE_LASTS, now + SIGNATURE_LASTS
    if signed < oldest:
        limit = f"{oldest:{AWS_TIME}} ({now:{AWS_TIME}} - 5 min.)"
        return f"Signature expired: {signed_at} is now earlier than {limit}"
    if signed > newest:
        limit = f"{newest:{AWS_TIME}} ({now:{AWS_TIME}} + 5 min.)"
        return f"Signature not yet current: {signed_at} is still later than {limit}"
    return ""
