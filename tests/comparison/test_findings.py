"""Findings: what no assumption covers, what depends on it, and what is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.accepting import Accepted
from mock_sei.comparison.differences import DifferenceKind
from mock_sei.comparison.results import Comparison, Outcome
from mock_sei.recordings.exchanges import RecordedBody, RecordedExchange, RecordedHeaders
from mock_sei.recordings.kept import Bodies
from tests.comparison.recorder import RealPlatform, compared
from tests.oauth.flows import by_code, call, refresh
from tests.support import TICKETS, TOKEN_PATH

pytestmark = pytest.mark.long

BOTH = pytest.mark.parametrize("bodies", list(Bodies))
Edit = Callable[[Any], None]


def answers(
    edit: Edit = lambda _: None,
    *,
    path: str = TICKETS,
    status: int | None = None,
    headers: Callable[[RecordedHeaders], RecordedHeaders] = lambda each: each,
) -> Callable[[RecordedExchange], RecordedExchange]:
    """Changes the recorded answers of one path."""

    def change(exchange: RecordedExchange) -> RecordedExchange:
        response = exchange.response
        if response is None or exchange.request.path != path:
            return exchange
        value = response.body.find_json()
        edit(value)
        data = json.dumps(value).encode()
        body = RecordedBody(media_type=response.body.media_type, size=len(data), data=data)
        made = replace(
            response,
            status=status or response.status,
            headers=headers(response.headers),
            body=body,
        )
        return replace(exchange, response=made)

    return change


def token_and_call(real: RealPlatform) -> None:
    assert real.get(headers=real.headers()).status_code == 200


def only(found: Comparison) -> tuple[str, DifferenceKind, str]:
    (finding,) = found.findings
    return finding.operation, finding.difference.kind, finding.difference.where


def _rename(value: Any) -> None:
    for each in value["data"]:
        each["nickname"] = each["side"]


def _take_away(value: Any) -> None:
    value.pop("data")


def _other_type(value: Any) -> None:
    for each in value["data"]:
        each["side"] = 7


@BOTH
@pytest.mark.parametrize(
    ("edit", "kind", "where"),
    [
        (_rename, DifferenceKind.ADDED, "/data/*/nickname"),
        (_take_away, DifferenceKind.MISSING, "/data"),
        (_other_type, DifferenceKind.TYPE, "/data/*/side"),
    ],
)
def test_a_member_that_differs_is_found(
    edit: Edit,
    kind: DifferenceKind,
    where: str,
    bodies: Bodies,
    shared_store: CertificateStore,
    tmp_path: Path,
) -> None:
    real = RealPlatform(shared_store, tmp_path, bodies=bodies)
    real.answer_otherwise = answers(edit)
    token_and_call(real)

    found = compared(real, shared_store)

    assert only(found) == (f"GET {TICKETS}", kind, where)
    assert "sma-trade-orders" in found.findings[0].source
    assert not found.changes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WWW-Authenticate", 'Basic realm="api"'),
        ("Cache-Control", "public, max-age=60"),
        ("Retry-After", "5"),
        ("Content-Type", "application/problem+json"),
    ],
)
def test_a_header_that_differs_is_found(
    name: str, value: str, shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)

    def with_header(headers: RecordedHeaders) -> RecordedHeaders:
        others = [each for each in headers if each[0].lower() != name.lower()]
        return (*others, (name, value))

    token_and_call(real)
    real.answer_otherwise = answers(headers=with_header)
    real.get(headers={})

    found = compared(real, shared_store)

    _, kind, where = only(found)
    assert kind in (DifferenceKind.HEADER, DifferenceKind.MEDIA_TYPE)
    assert where == name


def test_headers_of_the_connection_are_not_compared(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    more = (("Server", "gateway"), ("Connection", "keep-alive"), ("X-Served-By", "node 7"))
    real.answer_otherwise = answers(headers=lambda each: (*each, *more))
    token_and_call(real)

    assert compared(real, shared_store).is_same


def test_a_refusal_of_what_the_mock_accepts_is_found(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    real.answer_otherwise = answers(status=500)
    token_and_call(real)

    found = compared(real, shared_store)

    assert only(found) == (f"GET {TICKETS}", DifferenceKind.STATUS, "")
    assert found.findings[0].difference.theirs == 500
    assert found.findings[0].difference.ours == 200


def test_an_alert_that_differs_is_found(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    token_and_call(real)
    real.refuse_connection("handshake_failure")

    found = compared(real, shared_store)

    assert only(found)[1] is DifferenceKind.ALERT
    assert found.findings[0].difference.ours == "certificate_required"


def test_what_depends_on_a_difference_is_not_compared(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    """The real platform gave a token for a password grant that the mock refuses."""
    real = RealPlatform(shared_store, tmp_path)
    pair = ("demo-server-key", "demo-server-secret")
    token = real.token()
    forged = answers(lambda value: value.update(access_token="another"), path=TOKEN_PATH)

    def accepted(exchange: RecordedExchange) -> RecordedExchange:
        made = forged(exchange)
        assert made.response is not None
        body = b'{"access_token": "another", "token_type": "BearerToken", "expires_in": 3600}'
        answer = replace(
            made.response,
            status=200,
            body=RecordedBody(media_type="application/json", size=len(body), data=body),
        )
        return replace(made, response=answer)

    real.answer_otherwise = accepted
    real.client().post(TOKEN_PATH, auth=pair, data={"grant_type": "password", "username": "x"})
    real.answer_otherwise = answers(status=200)
    real.get(headers={"AppKey": "demo-server-key", "Authorization": "Bearer another"})
    real.get(headers=real.headers(token=token))

    found = compared(real, shared_store)

    assert only(found)[1] is DifferenceKind.STATUS
    assert [number for number, _, _ in found.not_compared] == [3]
    assert "exchange 2" in found.not_compared[0][2]
    assert found.compared[Outcome.SAME] == 2


def test_a_token_of_before_the_recording_is_not_compared(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    token_and_call(real)
    real.answer_otherwise = answers(lambda value: value.update(data=[]), status=200)
    real.get(headers={"AppKey": "demo-server-key", "Authorization": "Bearer of-yesterday"})

    found = compared(real, shared_store)

    assert found.is_same
    assert "before the recording began" in found.not_compared[0][2]


def test_a_garbled_token_stays_garbled(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    token_and_call(real)
    real.get(headers=real.headers(token="garbled"))

    found = compared(real, shared_store)

    assert found.compared == {Outcome.SAME: 3}


def test_what_the_recorder_answered_is_skipped(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    token_and_call(real)
    real.answer_otherwise = lambda each: replace(each, recorder_answered="unknown CN")
    real.get("/v9/unknown", headers={})

    found = compared(real, shared_store)

    assert found.is_same
    assert found.compared[Outcome.SKIPPED] == 1


def test_an_accepted_difference_is_none(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    real.answer_otherwise = answers(_rename)
    token_and_call(real)
    key = (f"GET {TICKETS}", "member added", "/data/*/nickname")

    found = compared(real, shared_store, accepted=Accepted(findings=frozenset({key})))
    other = Accepted(findings=frozenset({("GET /v1/other", *key[1:])}))

    assert found.is_same
    assert len(found.accepted) == 1
    assert not compared(real, shared_store, accepted=other).is_same


def test_an_accepted_assumption_is_not_written(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path, {"token.lifetime": 1200, "token.type": "Bearer"})
    token_and_call(real)

    found = compared(real, shared_store, accepted=Accepted(rows=frozenset({"token.lifetime"})))

    assert found.changes == {"token.type": "Bearer"}
    assert found.accepted_changes == {"token.lifetime": 1200}


def test_a_row_that_another_hides_is_named(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path, {"refresh_token.rotates": False})
    answer = by_code(real).json()
    again = refresh(real, answer["refresh_token"]).json()
    assert call(real, again["access_token"], "demo-web") == 200

    found = compared(real, shared_store)

    assert found.changes == {"refresh_token.rotates": False}
    assert found.hidden == {"refresh_token.reuse_ends_family": "refresh_token.rotates"}


def test_a_change_that_mends_nothing_is_dropped(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    """The real platform gave another lifetime each time: no value fits."""
    real = RealPlatform(shared_store, tmp_path)
    lifetimes = iter((100, 200, 300))
    real.answer_otherwise = answers(
        lambda value: value.update(expires_in=next(lifetimes)), path=TOKEN_PATH
    )
    for _ in range(3):
        real.token()

    found = compared(real, shared_store)

    assert found.findings
    assert found.findings[0].difference.where == "/expires_in"
    assert found.rounds < 12


def test_a_recording_of_which_nothing_can_be_compared_is_not_the_same(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    real.answer_otherwise = answers(lambda value: value.update(data=[]), status=200)
    real.get(headers={"AppKey": "demo-server-key", "Authorization": "Bearer of-yesterday"})

    found = compared(real, shared_store)

    assert not found.is_same
    assert not found.has_compared


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token": "x", "expires_in": 1e400, "token_type": 7}',
        b'{"access_token": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"access_token": "x", "expires_in": "soon", "scope": "\\"\\u00e9 \\\\"}',
        b"[1, 2]",
        b"null",
        b"no JSON",
    ],
)
def test_nonsense_in_an_answer_is_a_finding(
    body: bytes, shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)

    def nonsense(exchange: RecordedExchange) -> RecordedExchange:
        assert exchange.response is not None
        answer = RecordedBody(media_type="application/json", size=len(body), data=body)
        return replace(exchange, response=replace(exchange.response, body=answer))

    real.answer_otherwise = nonsense
    real.token()

    found = compared(real, shared_store)

    assert found.findings or found.not_compared or found.is_same


def test_an_account_whose_name_the_mock_cannot_have_is_played(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)

    def renamed(exchange: RecordedExchange) -> RecordedExchange:
        request = exchange.request
        form = (request.body.data or b"").replace(b"username=svc-demo", b"username=the+account%2F1")
        return replace(
            exchange,
            request=replace(request, body=replace(request.body, data=form)),
            tls=replace(exchange.tls, client_common_name="the account/1"),
        )

    real.answer_otherwise = renamed
    token_and_call(real)

    assert compared(real, shared_store).compared == {Outcome.SAME: 2}
