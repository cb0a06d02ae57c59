"""Faults and scripted answers over real sockets: whatever one answer is, the next one is right.

Three clients read them: httpx2, the standard library's, and h11 by hand, which refuses what is no
HTTP/1.1.
"""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import h11
import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.errors import Rejected
from mock_sei.testing.account import Account
from tests.cases import every_case
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("either_loop_at_night")

TICKETS = "/v1/order/tradetickets"
OPERATION = f"GET {TICKETS}"

Answer = tuple[int, bytes]
Ask = Callable[[str], Answer]
"""Sends a request of a method over a connection that is kept."""


@pytest.fixture
def account(mock_sei: MockSei) -> Account:
    return mock_sei.service_account("svc-demo")


def headers(mock_sei: MockSei, account: Account) -> dict[str, str]:
    return {"AppKey": account.app_key, "Authorization": f"Bearer {mock_sei.token(account)}"}


def by_httpx2(mock_sei: MockSei, account: Account) -> Iterator[Ask]:
    sent = headers(mock_sei, account)
    with mock_sei.client(account) as client:

        def ask(method: str) -> Answer:
            answer = client.request(method, TICKETS, headers=sent)
            return answer.status_code, answer.content

        yield ask


def by_the_standard_library(mock_sei: MockSei, account: Account) -> Iterator[Ask]:
    sent, place = headers(mock_sei, account), urlsplit(mock_sei.two_way_url)
    context = mock_sei.ssl_context(account)
    connection = http.client.HTTPSConnection(
        str(place.hostname), place.port, context=context, timeout=PATIENCE
    )

    def ask(method: str) -> Answer:
        connection.request(method, TICKETS, headers=sent)
        kept = connection.sock
        answer = connection.getresponse()
        content = answer.read()
        assert connection.sock is kept, "the connection was to be kept"
        return answer.status, content

    yield ask
    connection.close()


def by_h11(mock_sei: MockSei, account: Account) -> Iterator[Ask]:
    sent, place = headers(mock_sei, account), urlsplit(mock_sei.two_way_url)
    context, parser = mock_sei.ssl_context(account), h11.Connection(h11.CLIENT)
    with connected(context, str(place.hostname), int(place.port or 443)) as stream:

        def event() -> Any:
            while (found := parser.next_event()) is h11.NEED_DATA:
                parser.receive_data(stream.recv(65536))
            return found

        def ask(method: str) -> Answer:
            request = h11.Request(
                method=method, target=TICKETS, headers=[("Host", "localhost"), *sent.items()]
            )
            stream.sendall((parser.send(request) or b"") + (parser.send(h11.EndOfMessage()) or b""))
            head, content = event(), b""
            while isinstance(piece := event(), h11.Data):
                content += piece.data
            assert isinstance(piece, h11.EndOfMessage)
            assert parser.trailing_data[0] == b"", "bytes behind the answer's end"
            parser.start_next_cycle()
            return head.status_code, content

        yield ask


def connected(context: ssl.SSLContext, host: str, port: int) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), timeout=PATIENCE)
    return context.wrap_socket(plain, server_hostname=host)


CLIENTS = [by_httpx2, by_the_standard_library, by_h11]


@pytest.fixture(params=CLIENTS, ids=["httpx2", "http.client", "h11"])
def ask(request: pytest.FixtureRequest, mock_sei: MockSei, account: Account) -> Iterator[Ask]:
    yield from request.param(mock_sei, account)


@every_case("status, method", itertools.product([200, 204, 205, 304, 404, 503], ["GET", "HEAD"]))
def test_the_answer_behind_a_fault_is_right(
    mock_sei: MockSei, ask: Ask, status: int, method: str
) -> None:
    mock_sei.faults.add(f"{method} {TICKETS}", status=status, times=1)

    first, second = ask(method), ask("GET")

    assert first[0] == status
    assert bool(first[1]) is (method == "GET" and status not in (204, 205, 304))
    assert second[0] == 200
    assert json.loads(second[1])["data"]
    mock_sei.check()


@every_case("status", [200, 204, 205, 304, 404, 503])
def test_the_answer_behind_a_scripted_one_is_right(
    mock_sei: MockSei, ask: Ask, status: int
) -> None:
    bodiless = status in (204, 205, 304)
    mock_sei.enqueue(OPERATION, status=status, text=None if bodiless else "scripted")

    first, second = ask("GET"), ask("GET")

    assert first == (status, b"" if bodiless else b"scripted")
    assert (second[0], bool(json.loads(second[1])["data"])) == (200, True)


@every_case(
    "fields, status",
    itertools.product(
        [
            {"malformed": True},
            {"content_type": "text/html"},
            {"drip": 1_000_000},
            {"latency": 0.01},
        ],
        [None, 204, 304],
    ),
)
def test_a_fault_leaves_an_answer_without_a_body_whole(
    mock_sei: MockSei, ask: Ask, fields: dict[str, Any], status: int | None
) -> None:
    if status is not None:
        mock_sei.enqueue(OPERATION, status=status)
    mock_sei.faults.add(OPERATION, times=1, **fields)

    first, second = ask("GET"), ask("GET")

    assert first[0] == (status or 200)
    assert bool(first[1]) is (status is None)
    assert (second[0], bool(json.loads(second[1])["data"])) == (200, True)


@every_case(
    "sent",
    [
        {"X-Text": "é \tÿ"},
        {"Content-Length": "8"},
        {"content-type": "text/html"},
        {"Server": "other"},
        {"!#$%&'*+-.^_`|~": "token"},
        {"X-Empty": ""},
    ],
    ids=lambda sent: next(iter(sent)),
)
def test_every_header_that_may_be_scripted_is_sent(
    mock_sei: MockSei, ask: Ask, sent: dict[str, str]
) -> None:
    mock_sei.enqueue(OPERATION, text="scripted", headers=sent)

    assert ask("GET") == (200, b"scripted")
    assert ask("GET")[0] == 200
    mock_sei.check()


def test_a_scripted_close_closes_behind_its_answer(mock_sei: MockSei, account: Account) -> None:
    mock_sei.enqueue(OPERATION, text="last", headers={"Connection": "close"})
    sent = headers(mock_sei, account)
    with mock_sei.client(account) as client:
        answers = [client.get(TICKETS, headers=sent) for _ in range(2)]

    assert answers[0].headers["Connection"] == "close"
    assert [each.status_code for each in answers] == [200, 200]


@every_case(
    "fields",
    [
        {"application": "\ud800", "status": 503},
        {"operation": "GET /\udfff", "status": 503},
        {"status": 204, "malformed": True},
        {"status": 503, "content_type": "a\r\nX: y"},
        {"operation": "GET /" + "*a" * 3000, "status": 503},
        {"latency": float("nan")},
        {"status": 503, "times": True},
    ],
    ids=["application", "operation", "body", "content type", "length", "nan", "truth value"],
)
def test_what_cannot_be_armed_is_refused_on_both_ways(
    mock_sei: MockSei, fields: dict[str, Any]
) -> None:
    with pytest.raises(Rejected):
        mock_sei.faults.add(**fields)
    with httpx2.Client(base_url=mock_sei.control_url, trust_env=False) as control:
        content = json.dumps(fields)
        sent = {"Content-Type": "application/json"}
        answer = control.post("/faults", content=content, headers=sent)
        assert answer.status_code in (400, 422)
        assert answer.json()["detail"]
        assert control.get("/faults").json() == []
    assert len(mock_sei.faults) == 0


@every_case(
    "fields",
    [
        {"text": "\ud800"},
        {"json": {"\ud800": 1}},
        {"status": 204, "json": {}},
        {"status": 99},
        {"headers": {"X Y": "a"}},
        {"headers": {"": "a"}},
        {"headers": {"Content-Length": "-1"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"application": "\ud800"},
    ],
    ids=lambda fields: "-".join(fields),
)
def test_what_cannot_be_scripted_is_refused_on_both_ways(
    mock_sei: MockSei, fields: dict[str, Any]
) -> None:
    with pytest.raises(Rejected):
        mock_sei.enqueue(OPERATION, **fields)
    with httpx2.Client(base_url=mock_sei.control_url, trust_env=False) as control:
        content = json.dumps({"operation": OPERATION, **fields})
        sent = {"Content-Type": "application/json"}
        answer = control.post("/answers", content=content, headers=sent)
        assert answer.status_code in (400, 422)
        assert answer.json()["problems"]
        assert control.get("/answers").json()["waiting"] == []
    mock_sei.check()


def test_patterns_that_once_took_seconds_hold_up_nobody(
    mock_sei: MockSei, account: Account
) -> None:
    sent = headers(mock_sei, account)
    for stars in range(1, 40):
        mock_sei.faults.add("GET /" + "*a" * stars + "b", status=503)
    with mock_sei.client(account, timeout=PATIENCE) as client:
        found = client.get("/" + "a" * 4000, headers=sent)
        met = client.get("/" + "a" * 400 + "b", headers=sent)

    assert (found.status_code, met.status_code) == (404, 503)
