"""The platform's certificate authority: a root CA and an issuing CA, made with trustme.

It does not remember what it issued or revoked. The store keeps files, and each platform state has
its accounts' certificates (``accounts.py``) and its revocations (``revocations.py``).
"""

from __future__ import annotations

import itertools
import threading
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
from mock_sei.rules.connection import ClientCertificate

ANOTHER_HOST = "another-host.example"

ORGANIZATION = "mock-sei (test only)"

_REMEMBERED = 10_000
"""The check of a certificate's signature is remembered for so many certificates, since a client
presents its certificate with each connection."""


@dataclass(frozen=True, kw_only=True)
class AuthorityPem:
    """The certificates and keys of an authority, as PEM."""

    root: bytes
    root_key: bytes
    issuing: bytes
    issuing_key: bytes


def new_authority_pem() -> AuthorityPem:
    """A new root CA and a new issuing CA."""
    root = trustme.CA(organization_name=ORGANIZATION, organization_unit_name="mock-sei root CA")
    return AuthorityPem(
        root=root.cert_pem.bytes(),
        root_key=root.private_key_pem.bytes(),
        **_issuing_pem(root),
    )


def renew_issuing(root: bytes, root_key: bytes) -> AuthorityPem:
    """A new issuing CA, signed by an existing root CA."""
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


class SpareKey(threading.local):
    """A key of each thread that no certificate has yet: work that must run again uses it again."""

    key: PrivateKey | None = None


class Authority:
    """Signs identity certificates, server certificates and revocation lists."""

    def __init__(self, pem: AuthorityPem) -> None:
        """Raises ``ValueError`` if a part cannot be read, or if the parts do not fit together."""
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
        """The certificate of the issuing CA."""
        return self._issuer.certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The CAs above an issued certificate: the issuing CA, then the root CA."""
        return (self.issuing, self.root)

    @property
    def chain_pem(self) -> bytes:
        """The certificates of :attr:`chain`, as PEM."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)

    def new_key(self) -> PrivateKey:
        """A new key of an account. It takes 100 ms and more."""
        return new_identity_key()

    def new_ec_key(self) -> PrivateKey:
        """A new P-256 key, for certificates that no user gets. It takes less than 1 ms."""
        return new_server_key()

    def issue_identity(
        self,
        account: str,
        *,
        now: datetime,
        variant: Variant = Variant.VALID,
        key: PrivateKey | None = None,
    ) -> Identity:
        """A key and its identity certificate for a service account, valid for two years.

        ``now`` is the start. Any variant but ``VALID`` is wrong in that one way. A new key is made
        if there is none.
        """
        key = self.new_key() if key is None else key
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
        """An identity certificate for a client's public key; the client keeps the private key."""
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
        """A new key and its server certificate for these host names and addresses.

        ``now`` is the machine's time, since clients check the dates with their own clock.
        """
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
        """A server certificate that clients must refuse, or a good one for ``VALID``."""
        if variant is ServerVariant.WRONG_HOST:
            return self.issue_server([ANOTHER_HOST], now=now)
        return self.issue_server(names, now=now, variant=Variant(variant.value))

    def signed(self, certificate: x509.Certificate) -> bool:
        """True if the issuing CA's key signed the certificate."""
        try:
            certificate.verify_directly_issued_by(self.issuing)
        except Exception:  # each wrong key type has its own exception
            return False
        return True

    def is_issuing(self, presented: ClientCertificate) -> bool:
        """True if a client presented the issuing CA's own certificate."""
        return presented.der == self._issuing_der

    def has_signed(self, presented: ClientCertificate) -> bool:
        """True if this CA signed the certificate that a client presented.

        The issuer's name proves nothing: every CA of mock-sei has the same name, and a client's own
        CA may have any name. The result is remembered by fingerprint, since each request asks.
        """
        known = self._signed.get(presented.fingerprint)
        if known is None:
            known = presented.issuer == self._name and self._signed_der(presented.der)
            if len(self._signed) >= _REMEMBERED:
                self._signed = {}
            self._signed[presented.fingerprint] = known
        return known

    def _signed_der(self, der: bytes) -> bool:
        return bool(der) and self.signed(x509.load_der_x509_certificate(der))

    def new_number(self) -> int:
        """A new number for a revocation list, or for a set of trusted certificates."""
        return next(self._numbers)

    def sign_revocations(self, entries: list[x509.RevokedCertificate], *, number: int) -> bytes:
        """A signed revocation list (CRL), as PEM.

        OpenSSL uses the list with the latest ``thisUpdate``, and of two equal ones the older list.
        So ``thisUpdate`` is a year ago plus ``number`` seconds, later with each list.
        ``nextUpdate`` is later than any clock.
        """
        issued = machine.now().replace(microsecond=0) - timedelta(days=365)
        return (
            # All entries at once: the builder's method copies the whole list for each entry.
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
            return stranger._issuer, stranger.chain  # a private field of the same class
        return self._issuer, self.chain


def load_key(pem: bytes) -> PrivateKey:
    """The private key in a PEM text.

    Raises ``ValueError`` if it is encrypted, or if it is neither an RSA nor an EC key.
    """
    try:
        # The check of an RSA key's numbers would take 30 ms. The callers check that the key belongs
        # to the certificate.
        key = serialization.load_pem_private_key(
            pem, password=None, unsafe_skip_rsa_key_validation=True
        )
    except TypeError:
        raise ValueError("the key is encrypted") from None
    if not isinstance(key, PrivateKey):
        raise ValueError("neither an RSA nor an EC key")
    return key


def new_signing_key_pem() -> bytes:
    """A new private key for signing tokens (ES256), as PKCS#8 in PEM."""
    return new_server_key().private_bytes(
        Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_identity(certificate: bytes, chain: bytes, key: bytes) -> Identity:
    """An identity from PEM, as the control API returns it. Raises ``ValueError`` if it is bad."""
    return Identity(
        certificate=x509.load_pem_x509_certificate(certificate),
        key=load_key(key),
        chain=tuple(x509.load_pem_x509_certificates(chain)) if chain else (),
    )
