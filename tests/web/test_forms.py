"""The forms of the log-in: their tokens, their origins and their sessions."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.rules.standards import Listener
from tests.oauth.flows import ALICE, LOGIN, WEB, hidden, log_in, returned
from tests.support import Served

BOB = ALICE | {"username": "bob@example.com", "password": "bob-password"}


def test_consent_needs_the_pages_token(served: Served, browser: httpx2.Client) -> None:
    browser.post(LOGIN, params=WEB, data=ALICE)
    good = hidden(browser.get(LOGIN, params=WEB).text, "consent")

    for guess in ("guess", "", "\xe9", good[:-1], good.upper()):
        form = {"decision": "allow", "consent": guess}
        answer = browser.post(LOGIN, params=WEB, data=form)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
    assert served.platform.journal.last.refused_by == "consent"
    done = browser.post(LOGIN, params=WEB, data={"decision": "allow", "consent": good})
    assert "code" in returned(done)


def test_a_consent_fits_the_session_it_was_shown_to(served: Served) -> None:
    alice, bob = (served.client(None, listener=Listener.ONE_WAY) for _ in range(2))
    alice.post(LOGIN, params=WEB, data=ALICE)
    bob.post(LOGIN, params=WEB, data=BOB)
    form = {
        "decision": "allow",
        "consent": hidden(bob.get(LOGIN, params=WEB).text, "consent"),
    }

    assert alice.post(LOGIN, params=WEB, data=form).status_code == 400
    assert (
        "Log in"
        in served.client(None, listener=Listener.ONE_WAY).post(LOGIN, params=WEB, data=form).text
    )
    bob.follow_redirects = False
    assert bob.post(LOGIN, params=WEB, data=form).status_code == 303


def test_the_session_cookie_is_kept_from_scripts_and_plain_connections(
    served: Served,
) -> None:
    cookie = log_in(served).headers["Set-Cookie"]

    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


def test_credentials_in_the_address_log_nobody_in(browser: httpx2.Client) -> None:
    answer = browser.get(LOGIN, params=WEB | ALICE)

    assert "Log in" in answer.text
    assert "mock_sei_session" not in browser.cookies


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({}, True),
        ({"Origin": "https://localhost"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "https://localhost:9443"}, False),
        ({"Origin": "https://localhost.evil.example"}, False),
        ({"Origin": "https://localhost, https://evil.example"}, False),
        ({"Origin": "https://[::1"}, False),
        ({"Origin": ""}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "Same-Origin"}, False),
        ({"Origin": "https://localhost", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://localhost", "Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_a_log_in_form_of_another_origin_is_refused(
    browser: httpx2.Client, headers: dict[str, str], accepted: bool
) -> None:
    answer = browser.post(LOGIN, params=WEB, data=ALICE, headers=headers)

    assert answer.status_code == (303 if accepted else 400)
    assert ("mock_sei_session" in browser.cookies) is accepted


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"username=%ff&password=x", 400),
        (b"username=alice%40example.com&password=%ff", 400),
        (b"consent=%ff&decision=allow", 200),  # nobody is logged in: the page again
        (b"%ff=%ff", 200),
    ],
)
def test_bytes_that_are_no_text_are_a_wrong_value_not_an_accident(
    browser: httpx2.Client, fields: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = browser.post(LOGIN, params=WEB, content=fields, headers=headers)

    assert (answer.status_code, "Log in" in answer.text) == (status, True)


def test_a_consent_token_of_other_letters_is_refused(browser: httpx2.Client) -> None:
    browser.post(LOGIN, params=WEB, data={k: v for k, v in ALICE.items() if k != "decision"})

    answer = browser.post(LOGIN, params=WEB, data={"decision": "allow", "consent": "\xe9"})

    assert (answer.status_code, "did not come from the page" in answer.text) == (400, True)


def test_a_consent_of_another_origin_is_refused(served: Served, browser: httpx2.Client) -> None:
    browser.post(LOGIN, params=WEB, data=ALICE)
    form = {
        "decision": "allow",
        "consent": hidden(browser.get(LOGIN, params=WEB).text, "consent"),
    }

    for decision in (form, {"decision": "deny"}):
        foreign = browser.post(
            LOGIN, params=WEB, data=decision, headers={"Origin": "https://evil.example"}
        )
        assert foreign.status_code == 400
        assert "Location" not in foreign.headers
        assert served.platform.journal.last.refused_by == "origin"
    assert browser.post(LOGIN, params=WEB, data=form).status_code == 303
