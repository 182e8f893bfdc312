"""The SshHostKey resource: an Ed25519 key pair, made once."""

import hashlib
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ID_LENGTH = 16  # hexadecimal digits
OUTPUTS = frozenset({"publicKey", "privateKey"})


def generate() -> tuple[str, str]:
    """A new key pair in OpenSSH's formats: (public, private)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return public.decode(), private.decode()


def create(_inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Make one; the id is a digest of its public half."""
    public, private = generate()
    digest = hashlib.sha256(public.encode()).hexdigest()
    return digest[:ID_LENGTH], {"publicKey": public, "privateKey": private}
