"""Findings about the token endpoint's documented answers, which show no secrets."""

from __future__ import annotations

import json
from typing import Any

from mock_sei.doctor.answers import check_answer, name_of_answer
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.observed import (
    Ended,
    Observed,
    ObservedAnswer,
    ObservedHandshake,
    Reached,
    Trust,
)
from mock_sei.errors import (
    API_KEY,
    CERTIFICATE_NAME,
    GRANT_INVALID,
    GRANT_NOT_ALLOWED,
    GRANT_UNKNOWN,
    KEY_PAIR,
    REQUEST_INVALID,
    SOURCE_ADDRESS,
    TOKEN_EXPIRED,
    TRAFFIC_PATTERN,
    Refusal,
    RefusalKind,
    error_body,
    oauth_error_body,
)
from tests.cases import every_case
from tests.doctor.clients import Clients, names, only

TOKEN = {"access_token": "abc.def.ghi", "token_type": "BearerToken", "expires_in": 3600}
SHOOK_HANDS = ObservedHandshake(ended=Ended.ANSWERED, server_certificate=b"der")


def refused(kind: RefusalKind, *, oauth: bool = True) -> ObservedAnswer:
    body = oauth_error_body if oauth else error_body
    refusal = Refusal(kind, check="test", because="so")
    return ObservedAnswer(status=kind.status, body=json.dumps(body(refusal, "track-1")))


def seeing(
    answer: ObservedAnswer | None, swapped: ObservedAnswer | None = None, **changes: Any
) -> Observed:
    fields: dict[str, Any] = {
        "reached": Reached.CONNECTED,
        "trust": Trust(),
        "newer": SHOOK_HANDS,
        "answer": answer,
        "swapped_answer": swapped,
    }
    return Observed(**(fields | changes))


def check(clients: Clients, answer: ObservedAnswer | None, **changes: Any) -> list[Finding]:
    return list(check_answer(clients.setup(), seeing(answer, **changes)))


@every_case("oauth", [True, False], ids=["with RFC members", "documented alone"])
@every_case(
    ("kind", "name"),
    [
        (SOURCE_ADDRESS, "answer-source-address"),
        (CERTIFICATE_NAME, "answer-certificate-name"),
        (TRAFFIC_PATTERN, "answer-listener"),
        (API_KEY, "answer-api-key"),
        (TOKEN_EXPIRED, "answer-expired"),
        (KEY_PAIR, "answer-key-pair"),
    ],
)
def test_the_documented_words_are_enough(
    clients: Clients, kind: RefusalKind, name: str, oauth: bool
) -> None:
    found = check(clients, refused(kind, oauth=oauth))
    assert names(found) == [name]
    assert "tracking id for SEI: track-1" in only(found).what
    assert kind.message in only(found).what


@every_case(
    ("kind", "name"),
    [
        (GRANT_INVALID, "answer-account"),
        (GRANT_NOT_ALLOWED, "answer-grant"),
        (GRANT_UNKNOWN, "answer-request"),
        (REQUEST_INVALID, "answer-request"),
    ],
)
def test_words_of_several_causes_are_told_apart_by_the_rfc_s_code(
    clients: Clients, kind: RefusalKind, name: str
) -> None:
    assert names(check(clients, refused(kind))) == [name]


def test_the_grant_s_cure_names_every_other_row_and_its_port(clients: Clients) -> None:
    cure = only(check(clients, refused(GRANT_NOT_ALLOWED))).cure
    assert cure is not None
    for words in ("authorization_code on 444", "password on 444", "implicit on 443", "PKCE on 443"):
        assert words in cure


@every_case(
    "answer",
    [
        ObservedAnswer(status=502, body="<html>Bad gateway</html>"),
        ObservedAnswer(status=404, body='{"code": "resource.not.found", "message": "no"}'),
        ObservedAnswer(status=302, body="", location="https://login.example/"),
        ObservedAnswer(status=200, body="[]"),
        ObservedAnswer(status=200, body="{}"),
        ObservedAnswer(status=403, body='{"code": "gateway.access.failure", "message": "new"}'),
    ],
)
def test_an_answer_that_is_not_documented(clients: Clients, answer: ObservedAnswer) -> None:
    found = only(check(clients, answer))
    assert found.name == "answer-other"
    assert f"status {answer.status}" in (found.actual or "")


def test_no_answer_says_how_it_ended(clients: Clients) -> None:
    found = only(check(clients, ObservedAnswer(failure="Connection reset by server_certificate")))
    assert found.name == "no-answer"
    assert "Connection reset by server_certificate" in found.what


def test_a_token_is_right_and_not_shown(clients: Clients) -> None:
    (found,) = check(clients, ObservedAnswer(status=200, body=json.dumps(TOKEN)))
    assert found.level is Level.RIGHT
    assert found.what == "the server issued a token: token_type BearerToken, expires_in 3600"


def test_a_pair_that_works_the_other_way_round_is_swapped(clients: Clients) -> None:
    refusal = refused(KEY_PAIR)
    for other, name in (
        (ObservedAnswer(status=200, body=json.dumps(TOKEN)), "pair-swapped"),
        (refused(GRANT_INVALID), "pair-swapped"),
        (refusal, "answer-key-pair"),
        (ObservedAnswer(failure="reset"), "answer-key-pair"),
        (None, "answer-key-pair"),
    ):
        assert names(check(clients, refusal, swapped=other)) == [name]


def test_what_the_server_says_is_one_harmless_line_without_secrets(clients: Clients) -> None:
    echo = "\x1b[2J demo-server-secret svc-demo-password\n" + "x" * 5000
    found = only(check(clients, ObservedAnswer(status=500, body=echo)))
    assert "\x1b" not in found.what
    assert "demo-server-secret" not in found.what
    assert "svc-demo-password" not in found.what
    assert len(found.what) < 1000
    token = json.dumps(TOKEN | {"code": "x"})
    assert "abc.def.ghi" not in only(check(clients, ObservedAnswer(status=201, body=token))).what


@every_case(
    ("changes", "words"),
    [
        ({"trust": Trust(code=20)}, "not trusted"),
        ({"trust": None}, "could not be verified"),
        ({"trust": Trust(failure="no protocols available")}, "could not be verified"),
        ({}, "another name"),
        (
            {"newer": ObservedHandshake(ended=Ended.ALERT, server_certificate=b"der")},
            "no connection",
        ),
    ],
)
def test_a_request_that_was_not_made_says_why(
    clients: Clients, changes: dict[str, Any], words: str
) -> None:
    (found,) = check(clients, None, **changes)
    assert found.level is Level.NOTE
    assert words in found.what


def test_without_credentials_it_says_which_it_wants(clients: Clients) -> None:
    setup = clients.setup(options={"password": None})
    (found,) = check_answer(setup, seeing(None))
    assert "--password" in found.what


def test_a_body_in_any_shape_is_read() -> None:
    for body in ("", "null", '"x"', '{"errors": 3}', '{"errors": [1, {"reason": 2}]}'):
        assert name_of_answer(ObservedAnswer(status=400, body=body)) == "answer-other"
