"""Authorization requests: the answers and errors that the application gets, and where."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from mock_sei.oauth.authorize import PARAMETERS
from tests.cases import every_case
from tests.oauth.flows import (
    ALICE,
    AUTHORIZE,
    DESCRIPTION,
    LOOPBACK,
    NATIVE,
    VERIFIER,
    by_code,
    call,
    log_in,
    reason,
    returned,
)
from tests.support import Served


def test_implicit_answers_in_the_fragment_without_a_refresh_token(served: Served) -> None:
    answer = log_in(served, "demo-spa", state="xyz")

    parts = urlsplit(answer.headers["Location"])
    members = returned(answer)
    assert answer.headers["Location"].startswith("http://localhost:8000/callback#")
    assert parts.query == ""
    assert members.keys() == {"access_token", "token_type", "expires_in", "scope", "state", "iss"}
    assert (members["token_type"], members["expires_in"]) == ("BearerToken", "3600")
    assert (members["state"], members["iss"]) == ("xyz", "https://localhost")
    assert call(served, members["access_token"], "demo-spa") == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "foo"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "x" * 44, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "x" * 129, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 42 + "\xe9"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"endOtherSessions": "maybe"}, "invalid_request"),
    ],
)
def test_every_other_error_goes_back_to_the_application(
    served: Served, changes: dict[str, str], error: str
) -> None:
    answer = log_in(served, state="s", **changes)

    members = returned(answer)
    assert answer.headers["Location"].startswith("https://localhost:9443/callback?error=")
    assert members.keys() == {"error", "error_description", "state", "iss"}
    assert (members["error"], members["state"]) == (error, "s")
    assert members["iss"] == "https://localhost"


WITHOUT: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def test_a_native_application_must_send_a_challenge(served: Served) -> None:
    for changes in ({"code_challenge": None}, {"code_challenge": ""}, WITHOUT):
        members = returned(log_in(served, "demo-native", state="s", **changes))
        assert (members["error"], members["state"]) == ("invalid_request", "s")
        assert members["error_description"] == "code challenge required"
        assert "code challenge required" in reason(served)
    assert "code" in returned(log_in(served, "demo-native"))


# By dialect, application and ``response_type``: the member that comes back, or the error.
# An application that has no redirect address gets a page; here every one has one.

UNKNOWN = "unsupported_response_type"
FOREIGN = "unauthorized_client"
MISSING = "invalid_request"
RESPONSE_TYPES: dict[str, dict[str | None, str]] = {
    "demo-web": {"code": "code", "token": FOREIGN, None: "code"},
    "demo-native": {"code": "code", "token": FOREIGN, None: "code"},
    "demo-spa": {"code": FOREIGN, "token": "access_token", None: "access_token"},
    "demo-internal": {"code": FOREIGN, "token": FOREIGN, None: FOREIGN},
    "demo-server": {"code": FOREIGN, "token": FOREIGN, None: FOREIGN},
}
SAME_FOR_ALL = {"code token": UNKNOWN, "CODE": UNKNOWN, "id_token": UNKNOWN, "none": UNKNOWN}
CELLS = [
    (name, sent, dialect, MISSING if not sent and dialect == "rfc" else expected)
    for dialect in ("sei", "rfc")
    for name, row in RESPONSE_TYPES.items()
    for sent, expected in (row | {"": row[None]} | SAME_FOR_ALL).items()
]
ANSWERED_IN_FRAGMENT = {
    **dict.fromkeys(("code", "none", "code code"), False),
    **dict.fromkeys(("token", "id_token", "code token", "token code", "id_token token"), True),
    **dict.fromkeys(("code id_token", "token magic"), True),
}
"""The part of the address where a client expects the answer for each ``response_type``."""


@pytest.mark.long
@every_case(("name", "sent", "dialect", "expected"), CELLS)
def test_each_application_has_its_one_response_type(
    served: Served, name: str, sent: str | None, dialect: str, expected: str
) -> None:
    served.platform.reset({"dialect": dialect})
    if not served.application(name).redirect_addresses:
        served.change(name, redirect_addresses=("https://localhost:9443/own",))

    answer = log_in(served, name, response_type=sent, state="s")

    members = returned(answer)
    in_fragment = bool(urlsplit(answer.headers["Location"]).fragment)
    assert in_fragment is ANSWERED_IN_FRAGMENT.get(sent or "", name == "demo-spa")
    assert (members["state"], members["iss"]) == ("s", "https://localhost")
    if expected in ("code", "access_token"):
        assert members[expected]
        assert "error" not in members
    else:
        assert members["error"] == expected
        assert members["error_description"]
        assert not members.keys() & {"code", "access_token"}


def place_of_error(browser: httpx2.Client, query: str) -> str:
    """``query`` or ``fragment``: the part of the redirect address that has the error."""
    parts = urlsplit(browser.get(AUTHORIZE, params=query).headers["Location"])
    (place,) = [each for each in ("query", "fragment") if "error=" in getattr(parts, each)]
    return place


@pytest.mark.long
@every_case("app_key", ["demo-web-key", "demo-spa-key"])
@every_case("sent", [*ANSWERED_IN_FRAGMENT, "magic", "code magic", "CODE", " ", ""])
@every_case("wrong", ["scope=everything", "endOtherSessions=maybe", "scope=a&scope=b"])
def test_every_error_goes_where_the_response_type_that_was_sent_is_answered(
    browser: httpx2.Client, app_key: str, sent: str, wrong: str
) -> None:
    """The error is where the client expects it (RFC 6749 sections 4.1.2.1 and 4.2.2.1)."""
    request = urlencode({"client_id": app_key, "response_type": sent})

    place = place_of_error(browser, f"{request}&{wrong}")

    in_fragment = ANSWERED_IN_FRAGMENT.get(sent, app_key == "demo-spa-key")
    assert place == ("fragment" if in_fragment else "query")


@every_case(
    ("types", "place"),
    [
        (["code", "code"], {"demo-web-key": "query", "demo-spa-key": "query"}),
        (["token", "token"], {"demo-web-key": "fragment", "demo-spa-key": "fragment"}),
        (["token", "code token"], {"demo-web-key": "fragment", "demo-spa-key": "fragment"}),
        (["code", "token"], {"demo-web-key": "query", "demo-spa-key": "fragment"}),
        (["code", "magic"], {"demo-web-key": "query", "demo-spa-key": "fragment"}),
    ],
)
def test_a_repeated_response_type_is_answered_where_all_of_them_are(
    browser: httpx2.Client, types: list[str], place: dict[str, str]
) -> None:
    """If two values contradict each other, the application's row decides."""
    for app_key, expected in place.items():
        pairs = [("client_id", app_key), *(("response_type", each) for each in types)]
        assert place_of_error(browser, urlencode(pairs)) == expected
        members = returned(browser.get(AUTHORIZE, params=urlencode(pairs)))
        assert members["error"] == "invalid_request"
        assert members["error_description"] == "response_type came more than once."


@pytest.mark.parametrize(("name", "place"), [("demo-web", "query"), ("demo-spa", "fragment")])
@pytest.mark.parametrize("typed", [True, False])
def test_what_the_user_and_the_session_rules_deny_goes_there_too(
    served: Served, browser: httpx2.Client, name: str, place: str, typed: bool
) -> None:
    served.platform.reset({"concurrent_sessions": "refuse"})
    request = {"client_id": served.application(name).app_key, "state": "s"}
    request |= {"response_type": "token" if name == "demo-spa" else "code"} if typed else {}
    denied = browser.post(AUTHORIZE, params=request, data={"decision": "deny"})
    served.platform.state.oauth.sessions.start("alice@example.com")
    second = browser.post(AUTHORIZE, params=request, data=ALICE)

    for answer, words in ((denied, "The user denied the request."), (second, "another session")):
        members = dict(parse_qsl(getattr(urlsplit(answer.headers["Location"]), place)))
        assert (members["error"], members["state"]) == ("access_denied", "s")
        assert words in members["error_description"]


DESCRIPTIONS: list[tuple[dict[str, str], str]] = [
    ({"scope": 'every"thing'}, "The scope is not known or not granted."),
    ({"code_challenge_method": "S256"}, "code challenge required"),
    ({"code_challenge": "x" * 43, "code_challenge_method": "foo"}, "transform algorithm not"),
    ({"code_challenge": "x" * 43, "code_challenge_method": "s256"}, "transform algorithm not"),
    ({"code_challenge": "short"}, "code_challenge is not 43 to 128"),
    ({"endOtherSessions": "may\\be"}, "endOtherSessions is neither true nor false."),
    ({"response_type": "magic"}, "The response_type is not known."),
    ({"response_type": "token"}, "The application may not use this response_type."),
]


@pytest.mark.parametrize(("changes", "words"), DESCRIPTIONS)
def test_a_redirected_error_says_what_is_wrong_and_repeats_nothing_that_was_sent(
    served: Served, changes: dict[str, str], words: str
) -> None:
    """The errors of a code challenge (RFC 7636 section 4.4.1)."""
    answer = log_in(served, state="s", **changes)

    parts = urlsplit(answer.headers["Location"])
    description = dict(parse_qsl(parts.query or parts.fragment))["error_description"]
    assert words in description
    assert DESCRIPTION.fullmatch(description)
    value = changes.get("scope") or changes.get("endOtherSessions") or "magic"
    assert value not in description


def test_a_missing_response_type_is_named(served: Served) -> None:
    served.platform.reset({"dialect": "rfc"})

    for sent in (None, ""):
        members = returned(log_in(served, response_type=sent))
        assert members["error_description"] == "response_type is missing."


@pytest.mark.parametrize("name", [*PARAMETERS, "unknown"])
def test_an_empty_parameter_counts_as_absent(
    served: Served, browser: httpx2.Client, name: str
) -> None:
    """A parameter without a value counts as absent (RFC 6749 section 3.1)."""
    good = {"client_id": "demo-native-key", **NATIVE, "response_type": "code", "state": "s"}
    good |= {"login_hint": "alice@example.com", "scope": "ilservices", "endOtherSessions": "true"}
    good |= {"unknown": "x"} | ({"redirect_url": LOOPBACK} if name == "redirect_url" else {})
    without = {other: value for other, value in good.items() if other != name}
    full, absent, empty = urlencode(good), urlencode(without), f"{urlencode(without)}&{name}="

    def outcome(query: str, form: str = "") -> tuple[int, list[str], str]:
        """The first sentence of the reason; the next one lists the names that were sent."""
        content = f"{urlencode(ALICE)}&{form}"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = browser.post(f"{AUTHORIZE}?{query}", content=content, headers=headers)
        members = returned(answer) if "Location" in answer.headers else {}
        wrong = served.platform.journal.last.refused_because or ""
        shown = [*members, members.get("error_description", "")]
        return answer.status_code, shown, wrong.partition(". ")[0]

    assert outcome(empty) == outcome(absent)
    assert outcome(f"{name}&{absent}") == outcome(absent)
    assert outcome(absent, f"{name}=") == outcome(absent)
    assert outcome(f"{name}=&{full}&{name}=") == outcome(full)
    assert outcome(full, f"{name}=&{name}=") == outcome(full)
    assert "code" in outcome(full)[1]


def test_an_empty_challenge_method_means_plain(served: Served) -> None:
    proof = {"code_challenge": VERIFIER, "code_challenge_method": ""}
    code = returned(log_in(served, "demo-native", **proof))["code"]

    assert by_code(served, "demo-native", code=code).status_code == 200


@pytest.mark.parametrize(
    ("states", "back"), [(["s", "s"], "s"), (["s", "t"], None), (["", "s"], "s")]
)
def test_the_state_comes_back_where_it_is_clear_which(
    browser: httpx2.Client, states: list[str], back: str | None
) -> None:
    pairs = [("client_id", "demo-web-key"), ("scope", "x"), *(("state", each) for each in states)]

    members = returned(browser.get(AUTHORIZE, params=urlencode(pairs)))

    assert members["error"] in ("invalid_request", "invalid_scope")
    assert members.get("state") == back


def test_an_empty_state_does_not_come_back(served: Served) -> None:
    assert "state" not in returned(log_in(served, state=""))
    assert "state" not in returned(log_in(served, state="", scope="everything"))


@pytest.mark.parametrize("dialect", ["sei", "rfc"])
@pytest.mark.parametrize("name", RESPONSE_TYPES)
def test_the_two_way_listener_has_no_authorization_endpoint(
    served: Served, name: str, dialect: str
) -> None:
    served.platform.reset({"dialect": dialect})
    found = served.application(name)
    http = served.client(found.service_account or "svc-demo")
    for sent in ("code", "token", None, "", "code token", "id_token"):
        query = {"client_id": found.app_key} | ({} if sent is None else {"response_type": sent})

        answer = http.post(AUTHORIZE, params=query, data=ALICE, follow_redirects=False)

        assert answer.status_code == 404
        assert answer.json()["code"] == "resource.not.found"
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert served.platform.journal.last.expected == "one-way"


def test_a_repeated_parameter_is_refused(browser: httpx2.Client) -> None:
    twice = "client_id=demo-web-key&scope=ilservices&scope=ilservices"
    clients = "client_id=demo-web-key&client_id=demo-spa-key"

    assert returned(browser.get(AUTHORIZE, params=twice))["error"] == "invalid_request"
    assert browser.get(AUTHORIZE, params=clients).status_code == 400
