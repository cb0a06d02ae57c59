"""What a server counts, as Prometheus reads it; nothing that a client sends becomes a label."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_plain

from mock_sei import __version__
from mock_sei.errors import Explanation
from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse
from mock_sei.journal.observing import Observer
from mock_sei.platform import Platform
from mock_sei.rules import checks
from mock_sei.rules.connection import Connection
from mock_sei.rules.standards import GrantType, Listener
from mock_sei.runtime.metrics import make_metrics
from tests.support import control_client

pytestmark = pytest.mark.long

Labels = frozenset[tuple[str, str]]
STRANGE = "marker-of-a-stranger"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def observer(platform: Platform) -> Iterator[Observer]:
    made = make_metrics()
    assert made is not None
    platform.observer = made
    yield made
    platform.observer = None


@pytest.fixture
def control(platform: Platform, observer: Observer) -> httpx2.Client:
    del observer
    return control_client(platform)


def samples(client: httpx2.Client) -> Mapping[tuple[str, Labels], float]:
    text = client.get("/metrics").text
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in read_plain(text)
        for each in family.samples
    }


def value(client: httpx2.Client, name: str, **labels: str) -> float:
    return samples(client).get((name, frozenset(labels.items())), 0.0)


def exchange(method: str, path: str, status: int, *, refused_by: str | None = None) -> Entry:
    entry = Entry(
        kind="exchange",
        timestamp=0.0,
        connection=Connection(listener=Listener.ONE_WAY, source_address="192.0.2.1"),
        request=HttpRequest(method=method, path=path),
        response=HttpResponse(status=status),
        duration_ms=3.0,
    )
    if refused_by is not None:
        entry.refuse(Explanation(check=refused_by, because="It is wrong."))
    return entry


def handshake(check: str, alert: str | None) -> Entry:
    entry = Entry(
        kind="handshake",
        timestamp=0.0,
        connection=Connection(listener=Listener.TWO_WAY, source_address="192.0.2.1"),
        alert=alert,
    )
    entry.refuse(Explanation(check=check, because="It is wrong."))
    return entry


def test_a_request_is_counted_by_what_it_was(platform: Platform, control: httpx2.Client) -> None:
    platform.record(exchange("GET", "/v2/investors/7", 200), endpoint="/v2/investors/{id}")
    platform.record(exchange("POST", "/v2/oauthtoken", 401, refused_by=checks.KEY_PAIR), code="x")
    platform.record(handshake(checks.CERTIFICATE, "unknown_ca, sent by the client"))
    granted = exchange("POST", "/v2/oauthtoken", 200)
    granted.findings.course = checks.TOKENS[GrantType.CLIENT_CREDENTIALS]
    platform.record(granted)

    counted = {"listener": "one-way", "method": "GET", "status": "2xx"}
    name = "mock_sei_requests_total"
    assert value(control, name, endpoint="/v2/investors/{id}", **counted) == 1
    assert value(control, name, endpoint="token", **counted | {"method": "POST"}) == 1
    grants = {"grant": "client_credentials", "status": "2xx"}
    assert value(control, "mock_sei_token_requests_total", **grants) == 1
    refusal = {"listener": "one-way", "check": checks.KEY_PAIR, "code": "x"}
    assert value(control, "mock_sei_refusals_total", **refusal) == 1
    alert = {"check": checks.CERTIFICATE, "alert": "unknown_ca", "sender": "client"}
    assert value(control, "mock_sei_handshake_refusals_total", listener="two-way", **alert) == 1
    assert value(control, "mock_sei_build_info", version=__version__) == 1
    assert value(control, "mock_sei_state_up") == 1
    assert value(control, "mock_sei_journal_entries_total", kind="exchange") == 3


def test_control_calls_are_counted_by_their_template(control: httpx2.Client) -> None:
    for path in ("/faults/7", "/faults/8", f"/{STRANGE}"):
        control.get(path)
    counted = {"listener": "control", "method": "GET", "status": "4xx"}

    name = "mock_sei_requests_total"
    assert value(control, name, endpoint="/faults/{identifier}", **counted) == 2
    assert value(control, name, endpoint="other", **counted) == 1


def test_a_cleared_journal_and_a_reset_take_nothing_back(
    platform: Platform, control: httpx2.Client
) -> None:
    before = platform.pinned()
    platform.record(exchange("GET", "/", 404))
    platform.journal.clear()
    platform.reset()
    before.record(exchange("GET", "/", 404))  # a call that the reset overtook

    assert value(control, "mock_sei_journal_entries_total", kind="exchange") == 2


@pytest.mark.slow
def test_nothing_of_a_stranger_becomes_a_label(platform: Platform, control: httpx2.Client) -> None:
    chance = random.Random(7)  # noqa: S311  # the same at each run

    def word() -> str:
        return STRANGE + "".join(chance.choices(string.printable, k=9))

    for _ in range(3000):
        status = chance.randrange(-5, 99999)
        entry = exchange(word(), f"/{word()}", status, refused_by=word())
        entry.findings.application = entry.findings.service_account = word()
        platform.record(entry)
        platform.record(handshake(word(), f"{word()}, sent by the {word()}"))
    for method in ("GET", "POST", STRANGE.upper()):
        for _ in range(20):
            control.request(method, f"/{STRANGE}{chance.random()}", headers={"AppKey": STRANGE})

    text = control.get("/metrics").text
    assert STRANGE not in text.lower()
    assert len(text.splitlines()) < 400


@pytest.mark.parametrize(
    "accept", ["", "text/plain", "*/*", "text/plain;version=x", "a" * 5000, "application/json;q"]
)
def test_the_usual_form_is_text(control: httpx2.Client, accept: str) -> None:
    answer = control.get("/metrics", headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert any(each.name == "mock_sei_requests" for each in read_plain(answer.text))


def test_openmetrics_is_given_to_who_accepts_it(control: httpx2.Client) -> None:
    answer = control.get("/metrics", headers={"Accept": OPENMETRICS})

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    read: Any = read_openmetrics  # it has no types
    assert any(each.name == "mock_sei_requests" for each in read(answer.text))


def test_it_leaves_no_trace_keeps_pages_out_and_is_not_the_users_own_registry(
    platform: Platform, control: httpx2.Client
) -> None:
    assert control.get("/metrics").status_code == 200
    assert control.get("/metrics", headers={"Host": "evil.example"}).status_code == 403
    assert not platform.journal.newest().entries
    assert not [each for each in REGISTRY.collect() if each.name.startswith("mock_sei")]


def test_a_server_that_counts_nothing_names_the_extra(platform: Platform) -> None:
    answer = control_client(platform).get("/metrics")

    assert answer.status_code == 501
    assert "the extra metrics (pip install '.[metrics]')" in answer.json()["detail"]
