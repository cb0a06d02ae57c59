"""The platform's certificate authority: a root and an issuing CA by trustme, and what they sign.

It keeps no account of what it issued or revoked: the store keeps files, and each platform state has
its accounts' certificates (``accounts.py``) and its revocations (``revocations.py``).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import (
    LONGEST_COMMON_NAME,
    SERVER_LIFETIME,
    Issuer,
    PrivateKey,
    PublicKey,
    ServerVariant,
    Variant,
    identity_period,
    new_identity_key,
    new_server_key,
    sign_identity,
    sign_server,
)
from mock_sei.rules import machine
from mock_sei.rules.connection import PeerCertificate

ANOTHER_HOST = "another-host.example"

ORGANIZATION = "mock-sei (test only)"

_REMEMBERED = 10_000
"""Certificates of which it is remembered whether this CA signed them; a client shows its own with
each connection."""


@dataclass(frozen=True, kw_only=True)
class AuthorityPem:
    """The authority as its four files hold it."""

    root: bytes
    root_key: bytes
    issuing: bytes
    issuing_key: bytes


def new_authority_pem() -> AuthorityPem:
    """A fresh root and issuing CA."""
    root = trustme.CA(organization_name=ORGANIZATION, organization_unit_name="mock-sei root CA")
    return AuthorityPem(
        root=root.cert_pem.bytes(),
        root_key=root.private_key_pem.bytes(),
        **_issuing_pem(root),
    )


def renew_issuing(root: bytes, root_key: bytes) -> AuthorityPem:
    """A fresh issuing CA below an existing root."""
    ca = trustme.CA.from_pem(root, root_key)
    return AuthorityPem(root=root, root_key=root_key, **_issuing_pem(ca))


def _issuing_pem(root: trustme.CA) -> dict[str, bytes]:
    issuing = trustme.CA(
        parent_cert=root,
        path_length=0,
        organization_name=ORGANIZATION,
        organization_unit_name="mock-sei issuing CA",
    )
    return {"issuing": issuing.cert_pem.bytes(), "issuing_key": issuing.private_key_pem.bytes()}


class Authority:
    """Signs identity and server certificates, and lists of revoked ones."""

    def __init__(self, pem: AuthorityPem) -> None:
        """Raises ``ValueError`` where a part cannot be read or the parts do not belong together."""
        self.pem = pem
        self.root = x509.load_pem_x509_certificate(pem.root)
        issuing = x509.load_pem_x509_certificate(pem.issuing)
        issuing.verify_directly_issued_by(self.root)
        self._issuer = Issuer(certificate=issuing, key=load_key(pem.issuing_key))
        if self._issuer.key.public_key() != issuing.public_key():
            raise ValueError("the issuing CA's key does not belong to its certificate")
        self._name = issuing.subject.rfc4514_string()
        self._issuing_der = issuing.public_bytes(Encoding.DER)
        self._numbers = itertools.count()
        self._signed: dict[str, bool] = {}

    @property
    def issuing(self) -> x509.Certificate:
        return self._issuer.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Above a leaf, nearest first."""
        return (self.issuing, self.root)

    @property
    def chain_pem(self) -> bytes:
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)

    def issue_identity(
        self, account: str, *, now: datetime, variant: Variant = Variant.VALID
    ) -> Identity:
        """An identity certificate for a service account, valid two years from ``now``.

        With a variant, one that is wrong in that single way.
        """
        key = new_identity_key()
        not_before, not_after = identity_period(variant, now)
        issuer, chain = self._issuer_for(variant)
        wrong_name = f"not-{account}"[:LONGEST_COMMON_NAME]
        certificate = sign_identity(
            common_name=wrong_name if variant is Variant.WRONG_CN else account,
            public_key=key.public_key(),
            issuer=issuer,
            own_key=key,
            not_before=not_before,
            not_after=not_after,
        )
        return Identity(certificate=certificate, key=key, chain=chain)

    def sign_request(self, account: str, key: PublicKey, *, now: datetime) -> x509.Certificate:
        """An identity certificate for a key that stays with the client."""
        not_before, not_after = identity_period(Variant.VALID, now)
        return sign_identity(
            common_name=account,
            public_key=key,
            issuer=self._issuer,
            not_before=not_before,
            not_after=not_after,
        )

    def issue_server(
        self, names: Sequence[str], *, now: datetime, variant: Variant = Variant.VALID
    ) -> Identity:
        """A server certificate; ``now`` is the machine's time, by which clients judge it."""
        key = new_server_key()
        start = now.replace(microsecond=0) - timedelta(hours=1)
        if variant is Variant.EXPIRED:
            start -= SERVER_LIFETIME + timedelta(days=1)
        issuer, chain = self._issuer_for(variant)
        certificate = sign_server(
            names=names,
            public_key=key.public_key(),
            issuer=issuer,
            own_key=key,
            not_before=start,
            not_after=start + SERVER_LIFETIME,
        )
        return Identity(certificate=certificate, key=key, chain=chain)

    def issue_server_variant(
        self, variant: ServerVariant, names: Sequence[str], *, now: datetime
    ) -> Identity:
        """A server certificate that a client must refuse; ``VALID`` is as it should be."""
        if variant is ServerVariant.WRONG_HOST:
            return self.issue_server([ANOTHER_HOST], now=now)
        return self.issue_server(names, now=now, variant=Variant(variant.value))

    def signed(self, certificate: x509.Certificate) -> bool:
        """True where the issuing CA's key made the certificate's signature."""
        try:
            certificate.verify_directly_issued_by(self.issuing)
        except Exception:  # each wrong key type has an exception of its own
            return False
        return True

    def is_issuing(self, peer: PeerCertificate) -> bool:
        """Whether a client showed the certificate of the issuing CA itself."""
        return peer.der == self._issuing_der

    def has_signed(self, peer: PeerCertificate) -> bool:
        """True where this CA signed what a client showed; its issuer's name proves nothing.

        Every mock-sei's CA has the same name, and a client may give its own CA any name. Remembered
        by fingerprint, since each request asks.
        """
        known = self._signed.get(peer.fingerprint)
        if known is None:
            known = peer.issuer == self._name and self._signed_der(peer.der)
            if len(self._signed) >= _REMEMBERED:
                self._signed = {}
            self._signed[peer.fingerprint] = known
        return known

    def _signed_der(self, der: bytes) -> bool:
        return bool(der) and self.signed(x509.load_der_x509_certificate(der))

    def new_number(self) -> int:
        """A number that was not given before: of a list, or of a set of trusted certificates."""
        return next(self._numbers)

    def sign_revocations(self, entries: list[x509.RevokedCertificate], *, number: int) -> bytes:
        """A list of revoked certificates, PEM.

        Whoever has two lists takes the one with the newer ``thisUpdate`` (OpenSSL keeps the old one
        on a tie), so the date starts a year back and lies as many seconds later as the number says.
        ``nextUpdate`` lies past any clock.
        """
        issued = machine.now().replace(microsecond=0) - timedelta(days=365)
        return (
            # All at once: the builder's own method copies the list for each entry.
            x509.CertificateRevocationListBuilder(revoked_certificates=entries)
            .issuer_name(self.issuing.subject)
            .last_update(issued + timedelta(seconds=number))
            .next_update(datetime(9999, 1, 1, tzinfo=UTC))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.issuing.public_key()),  # type: ignore[arg-type]  # an EC key, by trustme
                critical=False,
            )
            .sign(self._issuer.key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )

    def _issuer_for(self, variant: Variant) -> tuple[Issuer | None, tuple[x509.Certificate, ...]]:
        if variant is Variant.SELF_SIGNED:
            return None, ()
        if variant is Variant.UNTRUSTED:
            stranger = Authority(new_authority_pem())
            return stranger._issuer, stranger.chain  # its own class
        return self._issuer, self.chain


def load_key(pem: bytes) -> PrivateKey:
    """Raises ``ValueError`` where it is no unencrypted RSA or EC key."""
    try:
        # The check of an RSA key's arithmetic costs 30 ms; that it is the certificate's is checked
        # by whoever puts the two together.
        key = serialization.load_pem_private_key(
            pem, password=None, unsafe_skip_rsa_key_validation=True
        )
    except TypeError:
        raise ValueError("the key is encrypted") from None
    if not isinstance(key, PrivateKey):
        raise ValueError("neither an RSA nor an EC key")
    return key


def new_signing_key_pem() -> bytes:
    """A key for signing tokens (ES256), PKCS#8."""
    return new_server_key().private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_identity(certificate: bytes, chain: bytes, key: bytes) -> Identity:
    """From PEM, as the control API hands it out. ``ValueError`` where it cannot be read."""
    return Identity(
        certificate=x509.load_pem_x509_certificate(certificate),
        key=load_key(key),
        chain=tuple(x509.load_pem_x509_certificates(chain)) if chain else (),
    )
