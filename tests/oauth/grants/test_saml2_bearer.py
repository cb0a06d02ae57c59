"""The SAML grant: the tokens for an assertion, and refusals of well-signed assertions."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.oauth.assertions import (
    ENDPOINT,
    GRANT,
    ISSUER,
    assert_refused,
    assertion,
    audience,
    confirmation,
    encoded,
    foreign,
    own,
    post,
    register,
    response,
    send,
    sign,
)
from tests.oauth.flows import call, refresh
from tests.support import Served


def test_a_signed_assertion_gives_a_users_tokens(registered: Served) -> None:
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


def test_other_sessions_end_when_asked(registered: Served) -> None:
    first = send(registered, sign(assertion(registered, identifier="_1"))).json()["access_token"]
    second = send(registered, sign(assertion(registered, identifier="_2"))).json()["access_token"]
    assert (call(registered, first), call(registered, second)) == (200, 200)

    third = send(
        registered, sign(assertion(registered, identifier="_3")), endOtherSessions="true"
    ).json()["access_token"]

    assert [call(registered, each) for each in (first, second, third)] == [401, 401, 200]


def test_an_assertion_that_gave_nothing_is_not_used_up(served: Served) -> None:
    served.platform.reset({"concurrent_sessions": "refuse"})
    register(served, own().certificate)
    send(served, sign(assertion(served, identifier="_first")))
    xml = sign(assertion(served))

    assert_refused(served, send(served, xml), "concurrent sessions are refused")
    assert send(served, xml, endOtherSessions="true").status_code == 200


def test_an_unknown_scope_is_refused(registered: Served) -> None:
    xml = sign(assertion(registered))

    assert send(registered, xml, scope="everything").json()["error"] == "invalid_scope"
    assert send(registered, xml, scope="ilservices").status_code == 200


@pytest.mark.parametrize(
    ("dates", "because"),
    [
        ({"starts": 0.1}, "NotBefore of Conditions is later than the platform's clock"),
        ({"ends": 0}, "NotOnOrAfter of Conditions is past"),
        ({"ends": -1}, "NotOnOrAfter of Conditions is past"),
        ({"starts": None, "ends": None}, "never ends"),
    ],
)
def test_an_assertion_outside_its_dates_is_refused(
    registered: Served, dates: dict[str, Any], because: str
) -> None:
    assert_refused(registered, send(registered, sign(assertion(registered, **dates))), because)
    assert registered.platform.journal.last.refused_by == "assertion dates"
    good = sign(assertion(registered, starts=0, ends=0.1))
    assert send(registered, good).status_code == 200


def test_the_dates_are_judged_by_the_platforms_clock(registered: Served) -> None:
    later = sign(assertion(registered, identifier="_later", starts=60, ends=65))
    short = sign(assertion(registered, identifier="_short"))
    assert_refused(registered, send(registered, later), "later than the platform's clock")
    registered.platform.clock.advance(minutes=61)

    assert_refused(registered, send(registered, short), "past on the platform's clock")
    assert send(registered, later).status_code == 200


def test_one_confirmation_that_is_met_is_enough(registered: Served) -> None:
    past, good = (confirmation(registered, ends=each) for each in (-1, 1))

    refused = send(registered, sign(assertion(registered, confirmations=past)))
    assert_refused(registered, refused, "NotOnOrAfter of SubjectConfirmationData is past")
    both = sign(assertion(registered, confirmations=past + good))
    assert send(registered, both).status_code == 200


def test_an_end_may_stand_in_the_confirmation_alone(registered: Served) -> None:
    def with_ends(*ends: float | None) -> str:
        each = "".join(confirmation(registered, ends=end) for end in ends)
        return sign(assertion(registered, ends=None, confirmations=each))

    assert_refused(registered, send(registered, with_ends(None)), "never ends")
    assert_refused(registered, send(registered, with_ends(5, None)), "never ends")
    assert send(registered, with_ends(5)).status_code == 200
    registered.platform.clock.advance(minutes=4)
    used = send(registered, with_ends(5))
    assert_refused(registered, used, "was used before")
    assert used.json()["error_description"] == "The assertion was used before."


def test_another_recipient_is_refused(registered: Served) -> None:
    def to(recipient: str) -> str:
        return sign(
            assertion(registered, confirmations=confirmation(registered, recipient=recipient))
        )

    assert_refused(registered, send(registered, to("https://sp.example/acs")), "Recipient of")
    assert_refused(registered, send(registered, to(f"{ENDPOINT}/")), "only by a slash at its end")
    assert send(registered, to(ENDPOINT)).status_code == 200


@pytest.mark.parametrize("name", [ISSUER, f"{ISSUER}/v2/oauthtoken", ENDPOINT])
def test_an_audience_names_the_issuer_or_the_token_endpoint(registered: Served, name: str) -> None:
    wrong = sign(assertion(registered, inside=audience("https://sp.example")))
    one_of_two = sign(assertion(registered, inside=audience(name) + audience("urn:other")))

    refused = send(registered, wrong)
    assert_refused(registered, refused, "names neither the issuer nor")
    assert refused.json()["error_description"] == "Audience validation failed."  # RFC 7522, 3.1
    assert registered.platform.journal.last.refused_by == "assertion audience"
    assert_refused(registered, send(registered, one_of_two), "names neither the issuer nor")
    good = sign(assertion(registered, inside=audience("urn:other", name)))
    assert send(registered, good).status_code == 200


def test_the_audience_may_be_the_path_that_was_called(registered: Served) -> None:
    application = registered.application("demo-web")
    url = "https://localhost:444/v3/oauthtoken"
    xml = encoded(sign(assertion(registered, inside=audience(url))))
    http, pair = registered.client("svc-web"), (application.app_key, application.app_secret or "")

    assert_refused(registered, post(registered, SAMLAssertion=xml), "names neither")
    answer = http.post(
        "/v3/oauthtoken", data={"grant_type": GRANT, "SAMLAssertion": xml}, auth=pair
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("subject", ["carol@example.com", "svc-web", "ALICE@example.com", ""])
def test_a_subject_that_is_no_end_user_is_refused(registered: Served, subject: str) -> None:
    answer = send(registered, sign(assertion(registered, subject=subject)))

    assert_refused(registered, answer, "is not the e-mail address of an end user")


def test_an_assertion_is_used_once(registered: Served) -> None:
    xml = sign(assertion(registered))
    assert send(registered, xml).status_code == 200

    again = send(registered, xml)
    in_a_response = send(registered, response(xml))

    assert_refused(registered, again, "was used before")
    assert_refused(registered, in_a_response, "was used before")
    assert registered.platform.journal.last.refused_by == "assertion replay"
    other = sign(assertion(registered, identifier="_assertion-2"))
    assert send(registered, other).status_code == 200


def test_what_one_application_used_another_may_have_too(registered: Served) -> None:
    """Two signers may choose the same ID."""
    register(registered, own().certificate, "demo-internal")
    xml = encoded(sign(assertion(registered)))

    assert post(registered, SAMLAssertion=xml).status_code == 200
    assert post(registered, "demo-internal", SAMLAssertion=xml).status_code == 200
    assert post(registered, "demo-internal", SAMLAssertion=xml).status_code == 400


def test_exactly_one_parameter_is_wanted(registered: Served) -> None:
    xml = sign(assertion(registered))

    none = post(registered)
    both = post(registered, SAMLAssertion=encoded(xml), SAMLResponse=encoded(response(xml)))
    assert_refused(registered, both, "were both sent", "invalid_request")
    twice = post(registered, SAMLAssertion=encoded(xml), SAMLResponse=encoded(xml))
    assert_refused(registered, twice, "were both sent", "invalid_request")
    assert (none.status_code, none.json()["error"]) == (400, "invalid_request")
    assert send(registered, xml).status_code == 200


def test_the_journal_never_shows_the_assertion(registered: Served) -> None:
    bad = encoded(sign(assertion(registered), foreign()))
    send(registered, sign(assertion(registered)))
    post(registered, SAMLResponse=bad)
    post(registered, SAMLAssertion=bad)

    shown = "".join(repr(each) for each in registered.platform.journal.to_json().items())
    assert "SAMLAssertion=***" in shown
    assert bad[:60] not in shown
    assert "saml:Issuer" not in shown


def test_without_a_registered_certificate_it_is_refused(served: Served) -> None:
    xml = sign(assertion(served))

    answer = send(served, xml)

    assert_refused(served, answer, "No SAML certificate is registered", "unauthorized_client")
    register(served, own().certificate)
    assert send(served, xml).status_code == 200


@pytest.mark.parametrize("library", ["signxml", "lxml"])
def test_without_the_extra_it_says_what_to_install(
    registered: Served, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    xml = sign(assertion(registered))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, library, None)
        answer = send(registered, xml)

    assert_refused(registered, answer, "pip install '.[saml]'", error="unsupported_grant_type")
    assert send(registered, xml).status_code == 200
