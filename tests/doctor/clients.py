"""Setups of clients that are right except for what a test changes, and wrong certificates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_sei.certificates.authority import Authority
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import Variant
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.setup import GivenFile, Options, Setup, read_target

OTHER_USAGES = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://localhost:444"


def file(content: bytes, name: str = "certificate.crt", *, mode: int = 0o600) -> GivenFile:
    return GivenFile(path=Path(name), content=content, mode=mode)


@dataclass(frozen=True)
class Clients:
    """Creates setups with identities of one CA."""

    authority: Authority

    @cached_property
    def identity(self) -> Identity:
        return self.issue("svc-demo")

    def issue(self, account: str, variant: Variant = Variant.VALID) -> Identity:
        return self.authority.issue_identity(account, now=NOW, variant=variant)

    def setup(
        self,
        identity: Identity | None = None,
        *,
        url: str = URL,
        options: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Setup:
        """A correct setup with the files of an identity."""
        shown = identity or self.identity
        given: dict[str, Any] = {
            "target": read_target(url),
            "options": Options(**(GIVEN | (options or {}))),
            "ca": file(self.authority.pem.root, "ca.pem"),
            "certificate": file(shown.certificate_pem),
            "key": file(shown.key_pem, "privatekey.key"),
            "now": NOW,
        }
        return Setup(**(given | changes))


GIVEN = {
    "app_key": "demo-server-key",
    "app_secret": "demo-server-secret",
    "username": "svc-demo",
    "password": "svc-demo-password",
}


def names(findings: Iterable[Finding]) -> list[str]:
    """The findings that are not "right"."""
    return [each.name for each in findings if each.name]


def only(findings: Iterable[Finding]) -> Finding:
    (finding,) = (each for each in findings if each.name)
    return finding


def levels(findings: Iterable[Finding]) -> set[Level]:
    return {each.level for each in findings}


def certificate(
    key: Any = None,
    *,
    name: str = "svc-demo",
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
    signature: bool = True,
    signer: Any = None,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    """A certificate of an unknown CA, with the given unusual properties."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = signer or ec.generate_private_key(ec.SECP256R1())
    usage = dict.fromkeys(OTHER_USAGES, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A CA")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=700))
        .add_extension(x509.KeyUsage(digital_signature=signature, **usage), critical=True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(signer, hashes.SHA256())
