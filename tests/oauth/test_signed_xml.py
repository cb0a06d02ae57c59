"""Signed XML: the rules for a signature, and documents that are refused."""

from __future__ import annotations

import base64

import httpx2
import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import strategies
from signxml.algorithms import CanonicalizationMethod, SignatureMethod

from mock_sei.oauth.signed_xml import MAX_PREFIXES, MAX_SIZE
from tests.oauth.assertions import (
    ENTITIES,
    EXCLUSIVE,
    NAMESPACES,
    assert_refused,
    assertion,
    encoded,
    foreign,
    make_signer,
    own,
    post,
    register,
    response,
    send,
    sign,
)
from tests.oauth.flows import reason
from tests.support import Served


@pytest.mark.parametrize("c14n", [EXCLUSIVE, CanonicalizationMethod.CANONICAL_XML_1_1])
@pytest.mark.parametrize("reference", ["own", None])
def test_what_signxml_signs_by_itself_is_accepted(
    registered: Served, c14n: CanonicalizationMethod, reference: str | None
) -> None:
    xml = sign(assertion(registered), c14n=c14n, reference=reference)

    assert send(registered, xml).status_code == 200


def test_an_elliptic_key_signs_too_and_its_kind_must_fit(registered: Served) -> None:
    elliptic = make_signer(ec.generate_private_key(ec.SECP256R1()))
    xml = sign(assertion(registered), elliptic, signature=SignatureMethod.ECDSA_SHA256)
    assert_refused(registered, send(registered, xml), "cannot be checked")
    register(registered, elliptic.certificate)

    assert send(registered, xml).status_code == 200


def test_base64_may_be_wrapped_in_lines(registered: Served) -> None:
    text = base64.encodebytes(sign(assertion(registered)).encode()).decode()

    assert "\n" in text.strip()
    assert post(registered, SAMLAssertion=text.replace("\n", "\r\n")).status_code == 200


def test_an_unsigned_assertion_is_refused(registered: Served) -> None:
    bare = assertion(registered)

    assert_refused(registered, send(registered, bare), "The Assertion is not signed")
    assert_refused(registered, send(registered, response(bare)), "The Assertion is not signed")
    assert registered.platform.journal.last.refused_by == "assertion signature"


@pytest.mark.long
def test_another_key_is_refused_though_it_brings_its_certificate(registered: Served) -> None:
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
    registered: Served, old: str, new: str, because: str
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
def test_a_signature_of_another_kind_is_refused(registered: Served, old: str, new: str) -> None:
    good = sign(assertion(registered))
    bad = good.replace(old, new, 1)
    assert bad != good

    answer = send(registered, bad)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert registered.platform.journal.last.refused_by == "assertion signature"
    assert send(registered, good).status_code == 200


def test_the_certificates_dates_are_judged_by_the_platforms_clock(registered: Served) -> None:
    assert send(registered, sign(assertion(registered))).status_code == 200
    registered.platform.clock.advance(days=31)

    answer = send(registered, sign(assertion(registered)))

    assert_refused(registered, answer, "certificate has expired")


@pytest.mark.parametrize("text", ["<xml/>", "a", "====", "é", "YWJj YWJj", "_-8=", "YWJj\0"])
def test_what_is_not_base64_is_refused(registered: Served, text: str) -> None:
    answer = post(registered, SAMLAssertion=text)

    assert_refused(registered, answer, "is not Base64", "invalid_request")


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
def test_what_is_not_plain_xml_is_refused(registered: Served, xml: str | bytes) -> None:
    text = encoded(xml) or "===="

    answer = post(registered, SAMLAssertion=text)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert "XML" in reason(registered) or "declaration" in reason(registered) or not xml


def test_a_signed_assertion_with_a_document_type_is_refused(registered: Served) -> None:
    xml = sign(assertion(registered))

    answer = send(registered, f"<!DOCTYPE saml:Assertion [{ENTITIES}]>{xml}")

    assert_refused(registered, answer, "document type declaration", "invalid_request")
    assert send(registered, xml).status_code == 200


def test_what_is_too_large_is_refused_before_it_is_read(registered: Served) -> None:
    xml = sign(assertion(registered))

    too_large = xml + "\n" * (MAX_SIZE - len(xml) + 1)
    assert_refused(registered, send(registered, too_large), "is too large", "invalid_request")
    assert send(registered, too_large[:-1]).status_code == 200


def test_too_many_namespaces_are_refused_before_they_are_sorted(registered: Served) -> None:
    def with_prefixes(count: int) -> str:
        more = " ".join(f'xmlns:n{number}="urn:n{number}"' for number in range(count))
        xml = assertion(registered).replace("<saml:Assertion", f"<saml:Assertion {more}", 1)
        return sign(xml, c14n=CanonicalizationMethod.CANONICAL_XML_1_1)

    own_ones = len(NAMESPACES)
    many = send(registered, with_prefixes(MAX_PREFIXES - own_ones + 1))
    assert_refused(registered, many, "too many namespace prefixes", "invalid_request")
    assert send(registered, with_prefixes(MAX_PREFIXES - own_ones)).status_code == 200


def test_a_certificate_that_is_none_is_a_refusal_not_an_accident(served: Served) -> None:
    register(served, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")

    answer = send(served, sign(assertion(served)))

    assert_refused(served, answer, "The signature cannot be checked")


@pytest.fixture(scope="module")
def hammered(hammered: Served) -> Served:
    register(hammered, own().certificate)
    return hammered


def assert_well_formed_refusal(answer: httpx2.Response) -> None:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] in ("invalid_request", "invalid_grant")
    assert answer.headers["RequestTrackingId"] == answer.json()["trackingId"]


@pytest.mark.parametrize("name", ["SAMLResponse", "SAMLAssertion"])
@hypothesis.given(data=strategies.binary(max_size=200))
def test_any_bytes_are_a_well_formed_refusal(hammered: Served, name: str, data: bytes) -> None:
    assert_well_formed_refusal(post(hammered, **{name: encoded(data)}))


@hypothesis.given(text=strategies.text(max_size=200))
def test_any_text_is_a_well_formed_refusal(hammered: Served, text: str) -> None:
    assert_well_formed_refusal(post(hammered, SAMLResponse=text))


@pytest.fixture(scope="module", params=["SAMLResponse", "SAMLAssertion"])
def sample(hammered: Served, request: pytest.FixtureRequest) -> tuple[str, bytes]:
    """A parameter and a good value for it, before Base64."""
    wrap = response if request.param == "SAMLResponse" else str
    return request.param, wrap(sign(assertion(hammered, ends=600))).encode()


@pytest.mark.long
@hypothesis.given(data=strategies.data())
def test_a_damaged_assertion_never_gives_another_users_tokens(
    hammered: Served, sample: tuple[str, bytes], data: strategies.DataObject
) -> None:
    """A good document with parts removed, repeated elsewhere or replaced."""
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
