"""A certificate authority outside the swarm: CFSSL with a root of its own, on a loopback."""

import ipaddress
import json
import shutil
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lab.certificates import certificate_pem, draft, key_pem
from tests.lab.cloud import LocalCloud, eventually

PORT = 443
NAME = "outside"
LIFETIME = timedelta(days=3650)  # swarm wants more than a year of a root
FOLDER = "/srv/authority"
# What swarmkit asks of it (ca/external.go): certificates of nodes, and, to come from one root to
# another, that of the other root, under the profile CA.
NODES = {
    "usages": ["signing", "key encipherment", "server auth", "client auth"],
    "expiry": "2160h",
}
ROOTS = {
    "usages": ["cert sign", "crl sign"],
    "expiry": "43800h",
    "ca_constraint": {"is_ca": True},
    "allowed_extensions": ["2.5.29.19"],  # basicConstraints
}
CONFIG = json.dumps({"signing": {"default": NODES, "profiles": {"CA": ROOTS}}})


class Authority:
    """Its root certificate, and a certificate for the address that it answers at."""

    url = "https://127.0.0.1/api/v1/cfssl/sign"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = self._certificate(NAME, self._key, is_root=True)
        self.ca_cert = certificate_pem(self._root).decode()

    def serve(self, cloud: LocalCloud, host: str) -> None:
        """Answer on the loopback of a host, as a unit that a reboot ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        files = {
            "ca.pem": certificate_pem(self._root),
            "ca-key.pem": key_pem(self._key),
            "server.pem": certificate_pem(self._certificate("127.0.0.1", key, is_root=False)),
            "server-key.pem": key_pem(key),
            "config.json": CONFIG.encode(),
        }
        folder = Path(f"/proc/{cloud.hosts()[host]['pid']}/root{FOLDER}")
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        shutil.copy("/usr/bin/cfssl", folder)
        cloud.on(
            *(host, "systemd-run", "--unit=cfssl", f"{FOLDER}/cfssl", "serve", f"-port={PORT}"),
            *(f"-ca={FOLDER}/ca.pem", f"-ca-key={FOLDER}/ca-key.pem"),
            *(f"-tls-cert={FOLDER}/server.pem", f"-tls-key={FOLDER}/server-key.pem"),
            f"-config={FOLDER}/config.json",
        )
        ask = ("curl", "-s", "-m", "5", "--cacert", f"{FOLDER}/ca.pem", self.url)
        eventually(lambda: cloud.succeeds(host, *ask), 30, "the authority answers")

    def signed(self, certificate: str) -> bool:
        """Whether a certificate, the first of these, is one of its own."""
        found = x509.load_pem_x509_certificates(certificate.encode())[0]
        return found.issuer == self._root.subject

    def _certificate(
        self, name: str, key: ec.EllipticCurvePrivateKey, *, is_root: bool
    ) -> x509.Certificate:
        constraints = x509.BasicConstraints(ca=is_root, path_length=None)
        builder = draft(name, NAME, key, LIFETIME).add_extension(constraints, critical=True)
        if not is_root:
            address = x509.IPAddress(ipaddress.ip_address(name))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self._key, hashes.SHA256())
