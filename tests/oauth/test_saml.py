"""The structure of a SAML assertion and of the response around it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from signxml.algorithms import CanonicalizationMethod

from tests.oauth.assertions import (
    EXCLUSIVE,
    assert_refused,
    assertion,
    confirmation,
    encoded,
    post,
    response,
    send,
    sign,
    stamp,
)
from tests.support import Served


def signed_assertion(served: Served) -> str:
    return response(sign(assertion(served)))


def signed_response(served: Served) -> str:
    return sign(response(assertion(served)))


def both_signed(served: Served) -> str:
    return sign(response(sign(assertion(served))))


@pytest.mark.parametrize("made", [signed_assertion, signed_response, both_signed])
def test_a_response_may_be_signed_itself_or_hold_a_signed_assertion(
    registered: Served, made: Callable[[Served], str]
) -> None:
    good = made(registered)
    forged = good.replace("alice@example.com", "bob@example.com")

    assert_refused(registered, send(registered, forged), "was changed after it was signed")
    assert send(registered, good).json()["email"] == "alice@example.com"


@pytest.mark.parametrize("cut", ["<!---->", "<?cut?>"])
@pytest.mark.parametrize(
    "c14n", [EXCLUSIVE, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS]
)
def test_a_name_is_not_cut_short_at_a_comment(
    registered: Served, cut: str, c14n: CanonicalizationMethod
) -> None:
    subject = f"alice@example.com{cut}.evil.example"

    answer = send(registered, sign(assertion(registered, subject=subject), c14n=c14n))

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "moment", ["tomorrow", "2026-02-30T00:00:00Z", "2026-01-01", "20260101T000000Z", ""]
)
def test_a_time_that_is_none_is_refused(registered: Served, moment: str) -> None:
    xml = sign(assertion(registered).replace(stamp(registered, 5), moment))

    assert_refused(registered, send(registered, xml), "NotOnOrAfter of Conditions is not a time")


@pytest.mark.parametrize("zone", ["Z", "", "+00:00", "-01:00"])
def test_a_time_without_a_zone_is_utc(registered: Served, zone: str) -> None:
    end = stamp(registered, 5)
    xml = sign(assertion(registered).replace(end, end.removesuffix("Z") + zone))

    assert send(registered, xml).status_code == 200


def test_a_confirmation_that_wants_more_than_the_bearer_is_refused(registered: Served) -> None:
    holder = confirmation(registered).replace("cm:bearer", "cm:holder-of-key")

    answer = send(registered, sign(assertion(registered, confirmations=holder)))

    assert_refused(registered, answer, "is not bearer")


def test_a_condition_that_is_not_understood_is_not_met(registered: Served) -> None:
    unknown = sign(assertion(registered, inside="<saml:Condition/>"))
    known = sign(assertion(registered, inside="<saml:OneTimeUse/>"))

    assert_refused(registered, send(registered, unknown), "this server does not know")
    assert send(registered, known).status_code == 200


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
    registered: Served, old: str, new: str, because: str
) -> None:
    xml = assertion(registered)
    assert old in xml

    answer = send(registered, sign(xml.replace(old, new), reference=None))

    assert_refused(registered, answer, because)


def test_a_response_must_report_success_and_hold_one_assertion(registered: Served) -> None:
    good = sign(assertion(registered))
    failed = response(good, status="urn:oasis:names:tc:SAML:2.0:status:Responder")
    silent = response(good).replace("samlp:Status>", "samlp:Other>")

    assert_refused(registered, send(registered, failed), "is not Success")
    assert_refused(registered, send(registered, sign(failed)), "is not Success")
    assert_refused(registered, send(registered, silent), "must hold one Status")
    assert_refused(registered, send(registered, response("")), "must hold one Assertion")
    assert_refused(registered, send(registered, response(good + good)), "must hold one Assertion")
    assert send(registered, response(good)).status_code == 200


def test_each_parameter_holds_what_its_name_says(registered: Served) -> None:
    xml = sign(assertion(registered))

    wrong = post(registered, SAMLResponse=encoded(xml))
    assert_refused(registered, wrong, "holds the wrong element")
    wrong = post(registered, SAMLAssertion=encoded(response(xml)))
    assert_refused(registered, wrong, "holds the wrong element")
    assert post(registered, SAMLResponse=encoded(response(xml))).status_code == 200
