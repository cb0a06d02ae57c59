"""A client's three files (CA, certificate, key), and advice for users who gave another file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mock_sei.certificates.conversions import Role, SourceFile
from mock_sei.certificates.forms import Form
from mock_sei.certificates.recognition import DEEPEST, form_of, unwrap
from mock_sei.doctor.findings import CLIENTS, Finding, found
from mock_sei.doctor.keys import has_key
from mock_sei.doctor.material import has_certificate, labels, readable
from mock_sei.doctor.setup import GivenFile, Setup
from mock_sei.values.texts import spelled


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the three files that a client needs."""

    role: Role
    option: str
    expected: str
    thing: str
    give: str
    """The advice if nothing more specific is known."""


CERTIFICATE = Part(
    role=Role.CERTIFICATE,
    option="--cert",
    expected="-----BEGIN CERTIFICATE-----",
    thing="certificate",
    give="give the account's certificate, PEM.",
)
KEY = Part(
    role=Role.KEY,
    option="--key",
    expected="-----BEGIN PRIVATE KEY-----",
    thing="private key",
    give="give the private key that belongs to the certificate.",
)
CA = Part(
    role=Role.CA,
    option="--cacert",
    expected="-----BEGIN CERTIFICATE-----",
    thing="certificate",
    give="give the PEM file of the CA that issued the server's certificate (mock-sei: ca.pem of "
    "the certs folder).",
)

_LABELS: Mapping[str, str] = {
    "CERTIFICATE REQUEST": "a certificate signing request (CSR)",
    "NEW CERTIFICATE REQUEST": "a certificate signing request (CSR)",
    "PUBLIC KEY": "a public key",
    "RSA PUBLIC KEY": "a public key",
    "X509 CRL": "a revocation list (CRL)",
    "EC PARAMETERS": "the parameters of an EC key",
    "DH PARAMETERS": "Diffie-Hellman parameters",
    "PKCS7": str(Form.PKCS7),
    "OPENSSH PRIVATE KEY": str(Form.OPENSSH),
}
"""Content that is neither a certificate nor a private key, by the words of its BEGIN line."""

_REQUEST = (
    "this is only the request to the CA: give the certificate that the CA issued for it.",
    "give the private key that was used to create the request.",
)
_PUBLIC = (
    "a public key is not a certificate: give the account's certificate, PEM.",
    "this is only the public key: give the private key that belongs to it.",
)
_PAGE = "; a link that was already used or needs a login answers like this: ask for a new link."
_ADVICE: Mapping[str, tuple[str, str]] = {
    "a certificate signing request (CSR)": _REQUEST,
    str(Form.DER_REQUEST): _REQUEST,
    "a public key": _PUBLIC,
    str(Form.DER_PUBLIC_KEY): _PUBLIC,
    str(Form.SSH_PUBLIC): _PUBLIC,
    "the parameters of an EC key": (
        CERTIFICATE.give,
        "parameters are not a key: give the file that also has EC PRIVATE KEY.",
    ),
    str(Form.PAGE): (f"this is the answer of a server{_PAGE}",) * 2,
    str(Form.JSON): (f"this is the answer of a server{_PAGE}",) * 2,
    str(Form.XML): (f"this is the answer of a server{_PAGE}",) * 2,
    str(Form.ZIP): ("unpack the archive, and give the files in it.",) * 2,
    str(Form.ARCHIVE): ("unpack the archive, and give the files in it.",) * 2,
    str(Form.MAIL): ("save the attachment of the mail, and give that file.",) * 2,
    str(Form.RICH_TEXT): ("save it as plain text.",) * 2,
    str(Form.PGP): ("OpenPGP is not TLS: " + CERTIFICATE.give, "OpenPGP is not TLS: " + KEY.give),
    str(Form.CUT_DER): ("copy or download the file again, whole, as binary.",) * 2,
    str(Form.MANIFEST): (
        "decode the value that holds the certificate, with base64 -d.",
        "decode the value that holds the key, with base64 -d.",
    ),
    str(Form.WEB_KEY): (
        CERTIFICATE.give,
        "clients need the key as PEM: export it as PEM from the program that created it.",
    ),
    str(Form.SSH2_KEY): (
        CERTIFICATE.give,
        "export it as PEM with the program that created it.",
    ),
    str(Form.OPENSSH): (
        CERTIFICATE.give,
        "TLS here needs an RSA or EC key, PEM: create one, and ask for a certificate for it.",
    ),
}
"""The advice by content, if no command helps: for a certificate or CA file, and for a key file."""


def contents(file: GivenFile | None) -> str:
    """What a file contains, in a few words."""
    return _describe(file.content if file else b"")


def _describe(content: bytes, depth: int = 0) -> str:
    form = form_of(content)
    if form is Form.PAGE:
        title = re.search(rb"(?is)<title[^>]{0,100}>([^<]{1,200})", content[:20_000])
        shown = readable(title[1].decode("utf-8", "replace"), 80) if title else ""
        return f"{form}, its title {spelled(shown)}" if shown else str(form)
    if form is not Form.PEM:
        inner = unwrap(content) if depth < DEEPEST else None
        holds = f", with {_describe(inner.content, depth + 1)} in it" if inner else ""
        return f"{form}{holds}"
    kinds = [
        word
        for word, there in (
            ("a certificate", has_certificate(content)),
            ("a private key", has_key(content)),
        )
        if there
    ]
    other = next((_LABELS[each] for each in labels(content) if each in _LABELS), None)
    return " and ".join(kinds) or other or _other_label(content)


def _other_label(content: bytes) -> str:
    named = labels(content)
    return f"PEM of another kind (BEGIN {named[0]})" if named else "PEM of another kind"


def advice_for(holds: str, part: Part) -> str:
    """What to do with a file of this content that was given as ``part``."""
    advice = next((each for word, each in _ADVICE.items() if holds.startswith(word)), None)
    if advice is None:
        return part.give
    return advice[1] if part is KEY else advice[0]


def file_finding(
    setup: Setup,
    part: Part,
    name: str,
    what: str,
    *,
    actual: str,
    cure: str,
    unread_by: tuple[str, ...] = CLIENTS,
) -> Finding:
    """A finding about one of the three files.

    ``unread_by`` are the clients that cannot read the file; by default all clients.
    """
    return found(
        f"{_PREFIXES[part.role]}-{name}",
        what,
        expected=part.expected,
        actual=actual,
        cure=cure,
        unread_by=unread_by,
        client=setup.client,
    )


_PREFIXES = {Role.CERTIFICATE: "certificate", Role.KEY: "key", Role.CA: "ca"}


def place_of(setup: Setup, file: GivenFile, role: Role) -> SourceFile:
    """The file with which commands begin. Commands never overwrite one of the given files."""
    return SourceFile(path=str(file.path), role=role, taken={each.name for each in setup.files})
