"""Chains of a client's own CA with one or two wrong certificates: leaf, intermediate, root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from mock_sei.certificates.bundles import Identity
from mock_sei.rules.connection import ChainProblemKind
from tests.certificates.client_ca import (
    NOW,
    CaKey,
    ClientCA,
    ec_key,
    rsa_key,
    signed_with_sha1,
    usage,
)

ACCOUNT = "svc-nightly"
PLACES = ("leaf", "intermediate", "root")
_STRANGE = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
_NO_NAMES = x509.NameConstraints(
    permitted_subtrees=None,
    excluded_subtrees=[x509.DirectoryName(x509.Name([]))],
)
_NOT_FOR_SIGNING = usage(digital_signature=True)


def _purposes(*purposes: ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(purposes)


_CLIENT = _purposes(ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that makes one certificate of a chain unusual or wrong."""

    kind: ChainProblemKind | None
    """The problem that must be found; None if the certificate is good, or if only OpenSSL finds
    it."""
    good: bool = False
    places: tuple[str, ...] = PLACES
    start: datetime = NOW - timedelta(days=30)
    end: datetime = NOW + timedelta(days=3650)
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    path_length: int | None = None
    is_ca: bool = True
    rsa_bits: int | None = None
    sha1: bool = False


ABOVE = ("intermediate", "root")
CHANGES: Mapping[str, Change] = {
    "nothing": Change(kind=None, good=True, places=("leaf",)),
    "expired": Change(kind=ChainProblemKind.EXPIRED, end=NOW - timedelta(days=1)),
    "not yet valid": Change(kind=ChainProblemKind.NOT_YET_VALID, start=NOW + timedelta(days=1)),
    "signed with SHA-1": Change(
        kind=ChainProblemKind.WEAK_SIGNATURE, sha1=True, places=("leaf", "intermediate")
    ),
    "a root that signed itself with SHA-1": Change(
        kind=None, good=True, sha1=True, places=("root",)
    ),
    "RSA of 1024 bits": Change(kind=ChainProblemKind.WEAK_KEY, rsa_bits=1024, places=ABOVE),
    "RSA of 2048 bits": Change(kind=None, good=True, rsa_bits=2048, places=ABOVE),
    "no CA": Change(kind=ChainProblemKind.NOT_A_CA, is_ca=False, places=ABOVE),
    "no keyCertSign": Change(
        kind=ChainProblemKind.NOT_A_CA, extensions=((_NOT_FOR_SIGNING, True),), places=ABOVE
    ),
    "for servers": Change(
        kind=ChainProblemKind.PURPOSE,
        extensions=((_purposes(ExtendedKeyUsageOID.SERVER_AUTH), False),),
    ),
    "for any purpose": Change(
        kind=ChainProblemKind.PURPOSE,
        extensions=((_purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), False),),
    ),
    "for clients and any purpose": Change(
        kind=None,
        good=True,
        extensions=(
            (
                _purposes(
                    ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
                ),
                False,
            ),
        ),
    ),
    "for clients": Change(kind=None, good=True, extensions=((_CLIENT, True),)),
    "no CA below": Change(kind=ChainProblemKind.PATH_LENGTH, path_length=0, places=("root",)),
    "one CA below": Change(kind=None, good=True, path_length=1, places=("root",)),
    "only ends below": Change(kind=None, good=True, path_length=0, places=("intermediate",)),
    "of one year": Change(
        kind=None,
        good=True,
        start=NOW - timedelta(days=10),
        end=NOW + timedelta(days=355),
        places=("intermediate",),
    ),
    "a strange critical extension": Change(
        kind=ChainProblemKind.CRITICAL_EXTENSION, extensions=((_STRANGE, True),)
    ),
    "a strange extension": Change(kind=None, good=True, extensions=((_STRANGE, False),)),
    "names that it may not sign": Change(kind=None, extensions=((_NO_NAMES, True),), places=ABOVE),
}

ONE_CHANGE = [(name, place) for name, change in CHANGES.items() for place in change.places]


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A chain, and the private key of its leaf."""

    leaf: bytes
    """The leaf in DER. The others are in DER, too."""
    authorities: tuple[bytes, ...]
    """The CAs, from the leaf's issuer upward."""
    changes: Mapping[str, Change] = field(default_factory=dict)
    """All certificates, by their place in the chain."""

    @property
    def identity(self) -> Identity:
        return Identity(
            certificate=x509.load_der_x509_certificate(self.leaf),
            key=ec_key(),
            chain=tuple(map(x509.load_der_x509_certificate, self.authorities)),
        )

    @property
    def is_good(self) -> bool:
        return all(each.good for each in self.changes.values())


def chain_of(changes: Mapping[str, str] | None = None) -> Chain:
    """A chain with changes: names of :data:`CHANGES`, by place."""
    wanted = {place: CHANGES[name] for place, name in (changes or {}).items()}
    sound = Change(kind=None, good=True)
    top = wanted.get("root", sound)
    root = ClientCA.create("Client root", **_made_as(top))
    middle = wanted.get("intermediate", sound)
    intermediate = ClientCA.create("Client intermediate", parent=root, **_made_as(middle))
    end = wanted.get("leaf", sound)
    leaf = intermediate.sign(
        ACCOUNT,
        start=end.start,
        end=end.end,
        extensions=tuple(each for each, critical in end.extensions if not critical),
        critical=tuple(each for each, critical in end.extensions if critical),
    )
    return Chain(
        leaf=_der(leaf, intermediate.key, sha1=end.sha1),
        authorities=(
            _der(intermediate.certificate, root.key, sha1=middle.sha1),
            _der(root.certificate, root.key, sha1=top.sha1),
        ),
        changes=wanted,
    )


def _made_as(change: Change) -> dict[str, Any]:
    key: CaKey | None = rsa_key(change.rsa_bits) if change.rsa_bits else None
    return {
        "start": change.start,
        "end": change.end,
        "extensions": change.extensions,
        "path_length": change.path_length,
        "is_ca": change.is_ca,
        "key": key,
    }


def _der(certificate: x509.Certificate, issuer: CaKey, *, sha1: bool) -> bytes:
    if not sha1 or not isinstance(issuer, ec.EllipticCurvePrivateKey):
        return certificate.public_bytes(Encoding.DER)
    return signed_with_sha1(certificate, issuer)
