"""Signed SAML assertions for the tests. signxml signs them here, and the product verifies with
it."""

from __future__ import annotations

import base64
import dataclasses
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from tests.oauth.flows import DESCRIPTION, reason, redeem
from tests.support import Served

GRANT = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
ENDPOINT = "https://localhost:444/v2/oauthtoken"
ISSUER = "https://localhost"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
NAMESPACES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclasses.dataclass(frozen=True)
class Signer:
    """A private key and its certificate."""

    key: Key
    certificate: str


def make_signer(key: Key, *, days: int = 30) -> Signer:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "demo-web")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, SHA256())
    )
    return Signer(key, certificate.public_bytes(Encoding.PEM).decode())


@cache
def own() -> Signer:
    """The signer whose certificate is registered. Its key is RSA, as in the vendor's examples."""
    return make_signer(rsa.generate_private_key(65537, 2048))


@cache
def foreign() -> Signer:
    """A signer whose certificate is not registered."""
    return make_signer(rsa.generate_private_key(65537, 2048))


def register(served: Served, certificate: str | None, name: str = "demo-web") -> None:
    served.change(name, saml_certificate=certificate)


def stamp(served: Served, minutes: float = 0) -> str:
    return stamp_of(served.platform.clock.now(), minutes)


def stamp_of(now: datetime, minutes: float = 0) -> str:
    return (now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def assertion(served: Served, **members: Any) -> str:
    """An assertion now; the arguments are those of :func:`assertion_at`."""
    return assertion_at(served.platform.clock.now(), **members)


def assertion_at(
    now: datetime,
    *,
    identifier: str = "_assertion-1",
    subject: str = "alice@example.com",
    starts: float | None = -1,
    ends: float | None = 5,
    inside: str = "",
    confirmations: str = "",
    version: str = "2.0",
) -> str:
    """An unsigned assertion; ``starts`` and ``ends`` are minutes from now."""
    dates = f' NotBefore="{stamp_of(now, starts)}"' if starts is not None else ""
    dates += f' NotOnOrAfter="{stamp_of(now, ends)}"' if ends is not None else ""
    return (
        f'<saml:Assertion {DECLARED} ID="{identifier}" Version="{version}" '
        f'IssueInstant="{stamp_of(now)}"><saml:Issuer>demo-web</saml:Issuer>'
        f"<saml:Subject><saml:NameID>{subject}</saml:NameID>{confirmations}</saml:Subject>"
        f"<saml:Conditions{dates}>{inside}</saml:Conditions></saml:Assertion>"
    )


def response(content: str, *, status: str = SUCCESS, identifier: str = "_response-1") -> str:
    return (
        f'<samlp:Response {DECLARED} ID="{identifier}" Version="2.0">'
        f'<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>{content}'
        "</samlp:Response>"
    )


def confirmation(served: Served, *, ends: float | None = 5, recipient: str | None = None) -> str:
    data = f' NotOnOrAfter="{stamp(served, ends)}"' if ends is not None else ""
    data += f' Recipient="{recipient}"' if recipient is not None else ""
    return (
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f"<saml:SubjectConfirmationData{data}/></saml:SubjectConfirmation>"
    )


def audience(*names: str) -> str:
    listed = "".join(f"<saml:Audience>{name}</saml:Audience>" for name in names)
    return f"<saml:AudienceRestriction>{listed}</saml:AudienceRestriction>"


def sign(
    xml: str,
    signer: Signer | None = None,
    *,
    signature: SignatureMethod = SignatureMethod.RSA_SHA256,
    c14n: CanonicalizationMethod = EXCLUSIVE,
    reference: str | None = "own",
) -> str:
    """The document with a signature in its outermost element, which covers that element."""
    signer = signer or own()
    root = etree.fromstring(xml.encode())
    writer = XMLSigner(
        signature_algorithm=signature, digest_algorithm=DigestAlgorithm.SHA256, c14n_algorithm=c14n
    )
    uri = f"#{root.get('ID')}" if reference == "own" else reference
    signed = writer.sign(root, key=signer.key, cert=signer.certificate, reference_uri=uri)
    return str(etree.tostring(signed).decode())


def encoded(xml: str | bytes) -> str:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()


def post(served: Served, application: str = "demo-web", **form: Any) -> httpx2.Response:
    return redeem(served, application, grant_type=GRANT, **form)


def send(served: Served, xml: str | bytes, **form: Any) -> httpx2.Response:
    """The parameter for a document: its name depends on the outermost element."""
    text = xml if isinstance(xml, str) else xml.decode("latin-1")
    name = "SAMLResponse" if text.lstrip().startswith("<samlp:Response") else "SAMLAssertion"
    return post(served, **{name: encoded(xml)}, **form)


def assert_refused(
    served: Served, answer: httpx2.Response, because: str, error: str = "invalid_grant"
) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert DESCRIPTION.fullmatch(answer.json()["error_description"])
    assert because in reason(served)


ENTITIES = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10)
)
