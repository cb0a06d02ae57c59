"""The SAML grant in process: what a signed assertion gives, and each refusal beside it.

Keys and certificates are made here; signxml, which signs here, is what verifies there.
"""

from __future__ import annotations

import base64
import dataclasses
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2
import hypothesis
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import strategies
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from mock_sei.oauth.signed_xml import MAX_PREFIXES, MAX_SIZE
from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from tests.oauth.test_grants import call, reason, redeem, refresh
from tests.support import Platform

GRANT = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
ENDPOINT = "https://localhost:444/v2/oauthtoken"
ISSUER = "https://localhost"
METADATA = "/.well-known/oauth-authorization-server"
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
    """A private key and the certificate that is registered for it."""

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
    """The one whose certificate is registered; RSA, as in every example of the vendor."""
    return make_signer(rsa.generate_private_key(65537, 2048))


@cache
def foreign() -> Signer:
    """Another key of the same kind."""
    return make_signer(rsa.generate_private_key(65537, 2048))


@pytest.fixture
def registered(platform: Platform) -> Platform:
    """demo-web with a certificate, at noon on a clock that stands still."""
    register(platform, own().certificate)
    platform.sandbox.clock.freeze()
    return platform


def register(platform: Platform, certificate: str | None, name: str = "demo-web") -> None:
    found = dataclasses.replace(platform.application(name), saml_certificate=certificate)
    platform.sandbox.state.registry.applications[found.app_key] = found


def stamp(platform: Platform, minutes: float = 0) -> str:
    moment = platform.sandbox.clock.now() + timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def assertion(
    platform: Platform,
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
    dates = f' NotBefore="{stamp(platform, starts)}"' if starts is not None else ""
    dates += f' NotOnOrAfter="{stamp(platform, ends)}"' if ends is not None else ""
    return (
        f'<saml:Assertion {DECLARED} ID="{identifier}" Version="{version}" '
        f'IssueInstant="{stamp(platform)}"><saml:Issuer>demo-web</saml:Issuer>'
        f"<saml:Subject><saml:NameID>{subject}</saml:NameID>{confirmations}</saml:Subject>"
        f"<saml:Conditions{dates}>{inside}</saml:Conditions></saml:Assertion>"
    )


def response(content: str, *, status: str = SUCCESS, identifier: str = "_response-1") -> str:
    return (
        f'<samlp:Response {DECLARED} ID="{identifier}" Version="2.0">'
        f'<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>{content}'
        "</samlp:Response>"
    )


def confirmation(
    platform: Platform, *, ends: float | None = 5, recipient: str | None = None
) -> str:
    data = f' NotOnOrAfter="{stamp(platform, ends)}"' if ends is not None else ""
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
    """The signature stands in the outermost element and covers it."""
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


def post(platform: Platform, application: str = "demo-web", **form: Any) -> httpx2.Response:
    return redeem(platform, application, grant_type=GRANT, **form)


def send(platform: Platform, xml: str | bytes, **form: Any) -> httpx2.Response:
    """In the parameter whose name fits the outermost element."""
    text = xml if isinstance(xml, str) else xml.decode("latin-1")
    name = "SAMLResponse" if text.lstrip().startswith("<samlp:Response") else "SAMLAssertion"
    return post(platform, **{name: encoded(xml)}, **form)


def assert_refused(
    platform: Platform, answer: httpx2.Response, because: str, error: str = "invalid_grant"
) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, error), answer.text
    assert because in reason(platform)


# What it gives


def test_a_signed_assertion_gives_a_users_tokens(registered: Platform) -> None:
    answer = send(registered, sign(assertion(registered)))

    body = answer.json()
    assert answer.status_code == 200
    assert list(body) == [
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "refresh_token_expires_in",
        "email",
        "scope",
    ]
    assert body["email"] == "alice@example.com"
    assert call(registered, body["access_token"]) == 200
    assert refresh(registered, body["refresh_token"]).status_code == 200


def signed_assertion(platform: Platform) -> str:
    return response(sign(assertion(platform)))


def signed_response(platform: Platform) -> str:
    return sign(response(assertion(platform)))


def both_signed(platform: Platform) -> str:
    return sign(response(sign(assertion(platform))))


@pytest.mark.parametrize("made", [signed_assertion, signed_response, both_signed])
def test_a_response_may_be_signed_itself_or_hold_a_signed_assertion(
    registered: Platform, made: Callable[[Platform], str]
) -> None:
    good = made(registered)
    forged = good.replace("alice@example.com", "bob@example.com")

    assert_refused(registered, send(registered, forged), "was changed after it was signed")
    assert send(registered, good).json()["email"] == "alice@example.com"


@pytest.mark.parametrize("c14n", [EXCLUSIVE, CanonicalizationMethod.CANONICAL_XML_1_1])
@pytest.mark.parametrize("reference", ["own", None])
def test_what_signxml_signs_by_itself_is_accepted(
    registered: Platform, c14n: CanonicalizationMethod, reference: str | None
) -> None:
    xml = sign(assertion(registered), c14n=c14n, reference=reference)

    assert send(registered, xml).status_code == 200


def test_an_elliptic_key_signs_too_and_its_kind_must_fit(registered: Platform) -> None:
    elliptic = make_signer(ec.generate_private_key(ec.SECP256R1()))
    xml = sign(assertion(registered), elliptic, signature=SignatureMethod.ECDSA_SHA256)
    assert_refused(registered, send(registered, xml), "cannot be checked")
    register(registered, elliptic.certificate)

    assert send(registered, xml).status_code == 200


def test_base64_may_be_wrapped_in_lines(registered: Platform) -> None:
    text = base64.encodebytes(sign(assertion(registered)).encode()).decode()

    assert "\n" in text.strip()
    assert post(registered, SAMLAssertion=text.replace("\n", "\r\n")).status_code == 200


def test_other_sessions_end_when_asked(registered: Platform) -> None:
    first = send(registered, sign(assertion(registered, identifier="_1"))).json()["access_token"]
    second = send(registered, sign(assertion(registered, identifier="_2"))).json()["access_token"]
    assert (call(registered, first), call(registered, second)) == (200, 200)

    third = send(
        registered, sign(assertion(registered, identifier="_3")), endOtherSessions="true"
    ).json()["access_token"]

    assert [call(registered, each) for each in (first, second, third)] == [401, 401, 200]


def test_an_assertion_that_gave_nothing_is_not_used_up(platform: Platform) -> None:
    platform.sandbox.reset({"concurrent_sessions": "refuse"})
    register(platform, own().certificate)
    send(platform, sign(assertion(platform, identifier="_first")))
    xml = sign(assertion(platform))

    assert_refused(platform, send(platform, xml), "concurrent sessions are refused")
    assert send(platform, xml, endOtherSessions="true").status_code == 200


def test_an_unknown_scope_is_refused(registered: Platform) -> None:
    xml = sign(assertion(registered))

    assert send(registered, xml, scope="everything").json()["error"] == "invalid_scope"
    assert send(registered, xml, scope="ilservices").status_code == 200


# The signature


def test_an_unsigned_assertion_is_refused(registered: Platform) -> None:
    bare = assertion(registered)

    assert_refused(registered, send(registered, bare), "The Assertion is not signed")
    assert_refused(registered, send(registered, response(bare)), "The Assertion is not signed")
    assert registered.sandbox.journal.last.refused_by == "assertion signature"


def test_another_key_is_refused_though_it_brings_its_certificate(registered: Platform) -> None:
    for wrap in (str, response):
        xml = wrap(sign(assertion(registered), foreign()))
        assert_refused(registered, send(registered, xml), "another private key")
    register(registered, foreign().certificate)

    assert send(registered, sign(assertion(registered), foreign())).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        ("alice@example.com", "bob@example.com", "was changed after"),
        ("Version=", 'Extra="1" Version=', "was changed after"),
        ("xmlenc#sha256", "xmlenc#sha512", "another private key"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA", "another private key"),
        ("xml-exc-c14n#", "xml-exc-c14n#WithComments", "another private key"),
    ],
)
def test_what_is_changed_after_signing_is_refused(
    registered: Platform, old: str, new: str, because: str
) -> None:
    good = sign(assertion(registered))
    bad = good.replace(old, new)
    assert bad != good

    assert_refused(registered, send(registered, bad), because)
    assert send(registered, good).status_code == 200


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rsa-sha256", "hmac-sha256"),
        ("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1"),
        ("rsa-sha256", "none"),
        ("</ds:SignedInfo>", "</ds:SignedInfo><ds:SignatureValue/>"),
        ('URI="#_assertion-1"', 'URI="https://example.com/"'),
        ('URI="#_assertion-1"', 'URI="file:///etc/hostname"'),
        ('URI="#_assertion-1"', 'URI="#xpointer(/)"'),
        ("xmldsig#enveloped-signature", "xmldsig#base64"),
    ],
)
def test_a_signature_of_another_kind_is_refused(registered: Platform, old: str, new: str) -> None:
    good = sign(assertion(registered))
    bad = good.replace(old, new, 1)
    assert bad != good

    answer = send(registered, bad)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert registered.sandbox.journal.last.refused_by == "assertion signature"
    assert send(registered, good).status_code == 200


def test_two_signatures_in_one_element_are_refused(registered: Platform) -> None:
    xml = signed_element(registered)
    xml.append(parts(registered)[1])

    answer = send(registered, etree.tostring(xml).decode())

    assert_refused(registered, answer, "has 2 signatures")


def test_the_certificates_dates_are_judged_by_the_platforms_clock(registered: Platform) -> None:
    assert send(registered, sign(assertion(registered))).status_code == 200
    registered.sandbox.clock.advance(days=31)

    answer = send(registered, sign(assertion(registered)))

    assert_refused(registered, answer, "certificate has expired")


# Signature wrapping: a good signature, and beside it what it does not cover


def evil(platform: Platform, **changes: str) -> etree._Element:
    changes = {"identifier": "_evil", "subject": "bob@example.com"} | changes
    return etree.fromstring(assertion(platform, **changes).encode())  # type: ignore[arg-type]  # all text


def signed_element(platform: Platform) -> etree._Element:
    return etree.fromstring(sign(assertion(platform)).encode())


def parts(platform: Platform) -> tuple[etree._Element, etree._Element]:
    """What a good signature covers, and that signature, which fits it wherever the two stand."""
    good = signed_element(platform)
    found = good.find("ds:Signature", NAMESPACES)
    assert found is not None
    good.remove(found)
    return good, found


def wrapped_in_the_evil_one(platform: Platform) -> etree._Element:
    good, signature = parts(platform)
    outer = evil(platform)
    outer.append(signature)
    outer.append(good)
    return outer


def wrapped_in_the_signature(platform: Platform) -> etree._Element:
    good, signature = parts(platform)
    inner = etree.SubElement(signature, f"{{{NAMESPACES['ds']}}}Object")
    inner.append(good)
    outer = evil(platform)
    outer.insert(1, signature)
    return outer


def wrapped_under_the_same_name(platform: Platform) -> etree._Element:
    good, signature = parts(platform)
    outer = evil(platform, identifier="_assertion-1")
    outer.append(signature)
    outer.append(good)
    return outer


def wrapped_without_its_own_signature(platform: Platform) -> etree._Element:
    outer = evil(platform)
    outer.append(signed_element(platform))
    return outer


def beside_the_evil_one(platform: Platform) -> etree._Element:
    root = etree.fromstring(response("").encode())
    root.append(evil(platform))
    root.append(signed_element(platform))
    return root


def hidden_in_an_extension(platform: Platform) -> etree._Element:
    good, signature = parts(platform)
    root = etree.fromstring(response("<samlp:Extensions/>").encode())
    root[-1].append(good)
    outer = evil(platform)
    outer.insert(1, signature)
    root.append(outer)
    return root


def signing_another_element(platform: Platform) -> etree._Element:
    """The response's signature covers the assertion alone, and a second one slips in."""
    good, signature = parts(platform)
    root = etree.fromstring(response("<samlp:Extensions/>").encode())
    root[-1].append(good)
    root.append(signature)
    root.append(evil(platform))
    return root


@pytest.mark.parametrize(
    ("wrap", "because"),
    [
        (wrapped_in_the_evil_one, "covers something else than this Assertion"),
        (wrapped_in_the_signature, "covers something else than this Assertion"),
        (wrapped_under_the_same_name, "Ambiguous reference"),
        (wrapped_without_its_own_signature, "is not signed"),
        (beside_the_evil_one, "must hold one Assertion"),
        (hidden_in_an_extension, "covers something else than this Assertion"),
        (signing_another_element, "covers something else than this Response"),
    ],
)
def test_a_wrapped_signature_is_refused(
    registered: Platform, wrap: Callable[[Platform], etree._Element], because: str
) -> None:
    assert_refused(registered, send(registered, etree.tostring(wrap(registered)).decode()), because)
    assert send(registered, sign(assertion(registered))).status_code == 200


@pytest.mark.parametrize("cut", ["<!---->", "<?cut?>"])
@pytest.mark.parametrize(
    "c14n", [EXCLUSIVE, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS]
)
def test_a_name_is_not_cut_short_at_a_comment(
    registered: Platform, cut: str, c14n: CanonicalizationMethod
) -> None:
    subject = f"alice@example.com{cut}.evil.example"

    answer = send(registered, sign(assertion(registered, subject=subject), c14n=c14n))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


# Dates, audience, subject, replay


@pytest.mark.parametrize(
    ("dates", "because"),
    [
        ({"starts": 0.1}, "NotBefore of Conditions is still to come"),
        ({"ends": 0}, "NotOnOrAfter of Conditions is past"),
        ({"ends": -1}, "NotOnOrAfter of Conditions is past"),
        ({"starts": None, "ends": None}, "never ends"),
    ],
)
def test_an_assertion_outside_its_dates_is_refused(
    registered: Platform, dates: dict[str, Any], because: str
) -> None:
    assert_refused(registered, send(registered, sign(assertion(registered, **dates))), because)
    assert registered.sandbox.journal.last.refused_by == "assertion dates"
    good = sign(assertion(registered, starts=0, ends=0.1))
    assert send(registered, good).status_code == 200


def test_the_dates_are_judged_by_the_platforms_clock(registered: Platform) -> None:
    later = sign(assertion(registered, identifier="_later", starts=60, ends=65))
    short = sign(assertion(registered, identifier="_short"))
    assert_refused(registered, send(registered, later), "still to come")
    registered.sandbox.clock.advance(minutes=61)

    assert_refused(registered, send(registered, short), "past by the platform's clock")
    assert send(registered, later).status_code == 200


@pytest.mark.parametrize(
    "moment", ["tomorrow", "2026-02-30T00:00:00Z", "2026-01-01", "20260101T000000Z", ""]
)
def test_a_time_that_is_none_is_refused(registered: Platform, moment: str) -> None:
    xml = sign(assertion(registered).replace(stamp(registered, 5), moment))

    assert_refused(registered, send(registered, xml), "NotOnOrAfter of Conditions is no time")


@pytest.mark.parametrize("zone", ["Z", "", "+00:00", "-01:00"])
def test_a_time_without_a_zone_is_utc(registered: Platform, zone: str) -> None:
    end = stamp(registered, 5)
    xml = sign(assertion(registered).replace(end, end.removesuffix("Z") + zone))

    assert send(registered, xml).status_code == 200


def test_one_confirmation_that_is_met_is_enough(registered: Platform) -> None:
    past, good = (confirmation(registered, ends=each) for each in (-1, 1))

    refused = send(registered, sign(assertion(registered, confirmations=past)))
    assert_refused(registered, refused, "NotOnOrAfter of SubjectConfirmationData is past")
    both = sign(assertion(registered, confirmations=past + good))
    assert send(registered, both).status_code == 200


def test_an_end_may_stand_in_the_confirmation_alone(registered: Platform) -> None:
    def with_ends(*ends: float | None) -> str:
        each = "".join(confirmation(registered, ends=end) for end in ends)
        return sign(assertion(registered, ends=None, confirmations=each))

    assert_refused(registered, send(registered, with_ends(None)), "never ends")
    assert_refused(registered, send(registered, with_ends(5, None)), "never ends")
    assert send(registered, with_ends(5)).status_code == 200
    registered.sandbox.clock.advance(minutes=4)
    assert_refused(registered, send(registered, with_ends(5)), "was used before")


def test_another_recipient_is_refused(registered: Platform) -> None:
    def to(recipient: str) -> str:
        return sign(
            assertion(registered, confirmations=confirmation(registered, recipient=recipient))
        )

    assert_refused(registered, send(registered, to("https://sp.example/acs")), "Recipient of")
    assert send(registered, to(ENDPOINT)).status_code == 200


def test_a_confirmation_that_wants_more_than_the_bearer_is_refused(registered: Platform) -> None:
    holder = confirmation(registered).replace("cm:bearer", "cm:holder-of-key")

    answer = send(registered, sign(assertion(registered, confirmations=holder)))

    assert_refused(registered, answer, "is not bearer")


@pytest.mark.parametrize("name", [ISSUER, f"{ISSUER}/v2/oauthtoken", ENDPOINT])
def test_an_audience_names_the_issuer_or_the_token_endpoint(
    registered: Platform, name: str
) -> None:
    wrong = sign(assertion(registered, inside=audience("https://sp.example")))
    one_of_two = sign(assertion(registered, inside=audience(name) + audience("urn:other")))

    assert_refused(registered, send(registered, wrong), "names neither the issuer nor")
    assert registered.sandbox.journal.last.refused_by == "assertion audience"
    assert_refused(registered, send(registered, one_of_two), "names neither the issuer nor")
    good = sign(assertion(registered, inside=audience("urn:other", name)))
    assert send(registered, good).status_code == 200


def test_the_audience_may_be_the_path_that_was_called(registered: Platform) -> None:
    application = registered.application("demo-web")
    url = "https://localhost:444/v3/oauthtoken"
    xml = encoded(sign(assertion(registered, inside=audience(url))))
    http, pair = registered.client("svc-web"), (application.app_key, application.app_secret or "")

    assert_refused(registered, post(registered, SAMLAssertion=xml), "names neither")
    answer = http.post(
        "/v3/oauthtoken", data={"grant_type": GRANT, "SAMLAssertion": xml}, auth=pair
    )
    assert answer.status_code == 200


def test_a_condition_that_is_not_understood_is_not_met(registered: Platform) -> None:
    unknown = sign(assertion(registered, inside="<saml:Condition/>"))
    known = sign(assertion(registered, inside="<saml:OneTimeUse/>"))

    assert_refused(registered, send(registered, unknown), "not understood")
    assert send(registered, known).status_code == 200


@pytest.mark.parametrize("subject", ["carol@example.com", "svc-web", "ALICE@example.com", ""])
def test_a_subject_that_is_no_end_user_is_refused(registered: Platform, subject: str) -> None:
    answer = send(registered, sign(assertion(registered, subject=subject)))

    assert_refused(registered, answer, "is not the e-mail address of an end user")


@pytest.mark.parametrize(
    ("old", "new", "because"),
    [
        (' ID="_assertion-1"', "", "has no ID"),
        ('Version="2.0"', 'Version="1.1"', "not of version 2.0"),
        ("<saml:Conditions", "<saml:Conditions/><saml:Conditions", "2 Conditions"),
        ("<saml:NameID>", "<saml:NameID>x</saml:NameID><saml:NameID>", "must hold one NameID"),
        ("saml:NameID", "saml:EncryptedID", "must hold one NameID"),
        ("saml:Subject>", "saml:Advice>", "must hold one Subject"),
    ],
)
def test_an_assertion_of_another_shape_is_refused(
    registered: Platform, old: str, new: str, because: str
) -> None:
    xml = assertion(registered)
    assert old in xml

    answer = send(registered, sign(xml.replace(old, new), reference=None))

    assert_refused(registered, answer, because)


def test_a_response_must_report_success_and_hold_one_assertion(registered: Platform) -> None:
    good = sign(assertion(registered))
    failed = response(good, status="urn:oasis:names:tc:SAML:2.0:status:Responder")
    silent = response(good).replace("samlp:Status>", "samlp:Other>")

    assert_refused(registered, send(registered, failed), "is not Success")
    assert_refused(registered, send(registered, sign(failed)), "is not Success")
    assert_refused(registered, send(registered, silent), "must hold one Status")
    assert_refused(registered, send(registered, response("")), "must hold one Assertion")
    assert_refused(registered, send(registered, response(good + good)), "must hold one Assertion")
    assert send(registered, response(good)).status_code == 200


def test_an_assertion_is_used_once(registered: Platform) -> None:
    xml = sign(assertion(registered))
    assert send(registered, xml).status_code == 200

    again = send(registered, xml)
    in_a_response = send(registered, response(xml))

    assert_refused(registered, again, "was used before")
    assert_refused(registered, in_a_response, "was used before")
    assert registered.sandbox.journal.last.refused_by == "assertion replay"
    other = sign(assertion(registered, identifier="_assertion-2"))
    assert send(registered, other).status_code == 200


def test_a_used_assertion_is_remembered_until_it_ends_and_until_a_reset(
    registered: Platform,
) -> None:
    sandbox = registered.sandbox
    for number in range(3):
        send(registered, sign(assertion(registered, identifier=f"_{number}")))
    assert len(sandbox.state.oauth.used_assertions) == 3
    sandbox.clock.advance(minutes=5)
    assert send(registered, sign(assertion(registered))).status_code == 200
    assert len(sandbox.state.oauth.used_assertions) == 1
    fresh = sign(assertion(registered, identifier="_fresh", starts=-20))
    assert send(registered, fresh).status_code == 200

    sandbox.reset()
    register(registered, own().certificate)

    assert send(registered, fresh).status_code == 200


def test_what_one_application_used_another_may_have_too(registered: Platform) -> None:
    """Two signers may choose the same ID."""
    register(registered, own().certificate, "demo-internal")
    xml = encoded(sign(assertion(registered)))

    assert post(registered, SAMLAssertion=xml).status_code == 200
    assert post(registered, "demo-internal", SAMLAssertion=xml).status_code == 200
    assert post(registered, "demo-internal", SAMLAssertion=xml).status_code == 400


# The parameters


def test_exactly_one_parameter_is_wanted(registered: Platform) -> None:
    xml = sign(assertion(registered))

    none = post(registered)
    both = post(registered, SAMLAssertion=encoded(xml), SAMLResponse=encoded(response(xml)))
    assert_refused(registered, both, "are both there", "invalid_request")
    twice = post(registered, SAMLAssertion=encoded(xml), SAMLResponse=encoded(xml))
    assert_refused(registered, twice, "are both there", "invalid_request")
    assert (none.status_code, none.json()["error"]) == (400, "invalid_request")
    assert send(registered, xml).status_code == 200


def test_each_parameter_holds_what_its_name_says(registered: Platform) -> None:
    xml = sign(assertion(registered))

    wrong = post(registered, SAMLResponse=encoded(xml))
    assert_refused(registered, wrong, "another element than its name says")
    wrong = post(registered, SAMLAssertion=encoded(response(xml)))
    assert_refused(registered, wrong, "another element than its name says")
    assert post(registered, SAMLResponse=encoded(response(xml))).status_code == 200


@pytest.mark.parametrize("text", ["<xml/>", "a", "====", "é", "YWJj YWJj", "_-8=", "YWJj\0"])
def test_what_is_not_base64_is_refused(registered: Platform, text: str) -> None:
    answer = post(registered, SAMLAssertion=text)

    assert_refused(registered, answer, "is not Base64", "invalid_request")


ENTITIES = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10)
)


@pytest.mark.parametrize(
    "xml",
    [
        "",
        " ",
        "text",
        "<a>",
        "<a/><b/>",
        "<a:b/>",
        "<a>&nothing;</a>",
        "<a>" * 10_000,
        '<?xml version="1.0" encoding="klingon"?><a/>',
        f"<!DOCTYPE a [{ENTITIES}]><a>&k;</a>",
        f'<!DOCTYPE a [{ENTITIES}]><a b="&k;"/>',
        '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:9/b"> %b;]><a/>',
        b"\xff\xfe",
        b"\x00",
        b"\x89PNG",
    ],
    ids=range(17),
)
def test_what_is_not_plain_xml_is_refused(registered: Platform, xml: str | bytes) -> None:
    text = encoded(xml) or "===="

    answer = post(registered, SAMLAssertion=text)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "XML" in reason(registered) or "declaration" in reason(registered) or not xml


def test_a_signed_assertion_with_a_document_type_is_refused(registered: Platform) -> None:
    xml = sign(assertion(registered))

    answer = send(registered, f"<!DOCTYPE saml:Assertion [{ENTITIES}]>{xml}")

    assert_refused(registered, answer, "document type declaration", "invalid_request")
    assert send(registered, xml).status_code == 200


def test_what_is_too_large_is_refused_before_it_is_read(registered: Platform) -> None:
    xml = sign(assertion(registered))

    too_large = xml + "\n" * (MAX_SIZE - len(xml) + 1)
    assert_refused(registered, send(registered, too_large), "is too large", "invalid_request")
    assert send(registered, too_large[:-1]).status_code == 200


def test_too_many_namespaces_are_refused_before_they_are_sorted(registered: Platform) -> None:
    def with_prefixes(count: int) -> str:
        more = " ".join(f'xmlns:n{number}="urn:n{number}"' for number in range(count))
        xml = assertion(registered).replace("<saml:Assertion", f"<saml:Assertion {more}", 1)
        return sign(xml, c14n=CanonicalizationMethod.CANONICAL_XML_1_1)

    own_ones = len(NAMESPACES)
    many = send(registered, with_prefixes(MAX_PREFIXES - own_ones + 1))
    assert_refused(registered, many, "too many namespace prefixes", "invalid_request")
    assert send(registered, with_prefixes(MAX_PREFIXES - own_ones)).status_code == 200


def test_the_journal_never_shows_the_assertion(registered: Platform) -> None:
    bad = encoded(sign(assertion(registered), foreign()))
    send(registered, sign(assertion(registered)))
    post(registered, SAMLResponse=bad)
    post(registered, SAMLAssertion=bad)

    shown = "".join(repr(each) for each in registered.sandbox.journal.to_json().items())
    assert "SAMLAssertion=***" in shown
    assert bad[:60] not in shown
    assert "saml:Issuer" not in shown


# Who may use it


def test_without_a_registered_certificate_it_is_refused(platform: Platform) -> None:
    xml = sign(assertion(platform))

    answer = send(platform, xml)

    assert_refused(platform, answer, "No SAML certificate is registered", "unauthorized_client")
    register(platform, own().certificate)
    assert send(platform, xml).status_code == 200


def test_a_certificate_that_is_none_is_a_refusal_not_an_accident(platform: Platform) -> None:
    register(platform, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")

    answer = send(platform, sign(assertion(platform)))

    assert_refused(platform, answer, "The signature cannot be checked")


@pytest.mark.parametrize("library", ["signxml", "lxml"])
def test_without_the_extra_it_says_what_to_install(
    registered: Platform, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    xml = sign(assertion(registered))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, library, None)
        answer = send(registered, xml)

    assert_refused(registered, answer, "pip install mock-sei[saml]", error="unsupported_grant_type")
    assert send(registered, xml).status_code == 200


def test_the_metadata_lists_it_where_it_can_be_served(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = platform.client(None, listener=Listener.ONE_WAY)
    full = http.get(METADATA).json()["grant_types_supported"]
    monkeypatch.setitem(sys.modules, "signxml", None)
    lacking = http.get(METADATA).json()["grant_types_supported"]

    assert set(full) - set(lacking) == {GRANT}


# Anything at all


@pytest.fixture(scope="module")
def hammered(request: pytest.FixtureRequest) -> Platform:
    """One platform for all examples."""
    from mock_sei.fixtures import load_fixtures
    from mock_sei.settings import Behaviour

    store = request.getfixturevalue("shared_store")
    platform = Platform(Sandbox(fixtures=load_fixtures(), store=store, behaviour=Behaviour(seed=1)))
    register(platform, own().certificate)
    return platform


def assert_well_formed_refusal(answer: httpx2.Response) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in ("invalid_request", "invalid_grant")
    assert answer.headers["RequestTrackingId"] == answer.json()["trackingId"]


@pytest.mark.parametrize("name", ["SAMLResponse", "SAMLAssertion"])
@hypothesis.given(data=strategies.binary(max_size=200))
def test_any_bytes_are_a_well_formed_refusal(hammered: Platform, name: str, data: bytes) -> None:
    assert_well_formed_refusal(post(hammered, **{name: encoded(data)}))


@hypothesis.given(text=strategies.text(max_size=200))
def test_any_text_is_a_well_formed_refusal(hammered: Platform, text: str) -> None:
    assert_well_formed_refusal(post(hammered, SAMLResponse=text))


@pytest.fixture(scope="module", params=["SAMLResponse", "SAMLAssertion"])
def sample(hammered: Platform, request: pytest.FixtureRequest) -> tuple[str, bytes]:
    """A parameter and a good value of it, before Base64."""
    wrap = response if request.param == "SAMLResponse" else str
    return request.param, wrap(sign(assertion(hammered, ends=600))).encode()


@hypothesis.given(data=strategies.data())
def test_a_damaged_assertion_never_gives_another_users_tokens(
    hammered: Platform, sample: tuple[str, bytes], data: strategies.DataObject
) -> None:
    """Pieces of a good one removed, repeated elsewhere or replaced."""
    name, xml = sample
    place = strategies.integers(0, len(xml))
    for _ in range(data.draw(strategies.integers(1, 3))):
        start, end = sorted((data.draw(place), data.draw(place)))
        other = sorted((data.draw(place), data.draw(place)))
        piece = data.draw(strategies.sampled_from([b"", xml[slice(*other)], b"<!--", b"bob", b"&"]))
        xml = xml[:start] + piece + xml[end:]

    answer = post(hammered, **{name: encoded(xml) or "===="})

    if answer.status_code == 200:
        assert answer.json()["email"] == "alice@example.com"
    else:
        assert_well_formed_refusal(answer)
