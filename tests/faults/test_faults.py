"""Faults: their fields, which calls meet them, and how often."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from mock_sei.errors import Rejected
from mock_sei.faults.faults import EFFECTS, FaultRule, read_fault
from mock_sei.faults.server_faults import ServerFaults
from mock_sei.fixtures import load_fixtures
from mock_sei.matching.targets import Caller
from mock_sei.rules.standards import Listener
from tests.cases import every_case
from tests.growth import Action, assert_flat

OPERATIONS = ["GET /v2/investors", "PATCH /v1/investors/{externalId}", "POST /v2/oauthtoken"]


def call(
    operation: str = "GET /v2/investors",
    *,
    app_key: str | None = "demo-server-key",
    listener: Listener = Listener.TWO_WAY,
) -> Caller:
    method, _, path = operation.partition(" ")
    registry = load_fixtures().registry
    return Caller(method=method, path=path, listener=listener, app_key=app_key, registry=registry)


def armed(*faults: dict[str, Any], seed: int = 1) -> ServerFaults:
    random = Random(seed)  # noqa: S311  # repeatable on purpose
    return ServerFaults(random, [read_fault(each, OPERATIONS) for each in faults])


def met(faults: ServerFaults, **how: Any) -> bool:
    return faults.meet(call(**how)) is not None


def test_a_fault_is_met_as_often_as_it_says() -> None:
    faults = armed({"operation": "GET /v2/investors", "status": 503, "times": 2})

    assert [met(faults) for _ in range(4)] == [True, True, False, False]
    assert [each.met for each in faults.armed] == [2]


def test_a_fault_without_a_number_lasts_until_it_is_removed() -> None:
    faults = armed({"status": 500})
    assert all(met(faults) for _ in range(50))

    assert faults.remove(faults.armed[0].identifier)

    assert not met(faults)
    assert not faults.remove(99)


@every_case(
    ("where", "hit", "missed"),
    [
        ({"operation": "GET /v2/investors"}, {}, {"operation": "POST /v2/investors"}),
        ({"operation": "GET /v2/investors"}, {}, {"operation": "GET /v2/investors/1"}),
        (
            {"operation": "PATCH /v1/investors/{externalId}"},
            {"operation": "PATCH /v1/investors/INV-1"},
            {"operation": "PATCH /v1/investors/INV-1/x"},
        ),
        (
            {"operation": "PATCH /v1/investors/INV-1"},
            {"operation": "PATCH /v1/investors/INV-1"},
            {"operation": "PATCH /v1/investors/INV-2"},
        ),
        ({"operation": "* /v2/*"}, {"operation": "DELETE /v2/a/b"}, {"operation": "GET /v1/a"}),
        ({"application": "demo-server"}, {}, {"app_key": "demo-web-key"}),
        ({"application": "demo-server-key"}, {}, {"app_key": None}),
        ({"application": "svc-demo"}, {}, {"app_key": "of-nobody"}),
        ({"listener": "two-way"}, {}, {"listener": Listener.ONE_WAY}),
    ],
)
def test_a_fault_is_for_what_it_names(
    where: dict[str, Any], hit: dict[str, Any], missed: dict[str, Any]
) -> None:
    faults = armed({**where, "status": 503})

    assert met(faults, **hit)
    assert not met(faults, **missed)


def test_the_oldest_that_fits_is_met_first() -> None:
    faults = armed({"status": 500, "times": 1}, {"status": 503})

    statuses = [fault.status for fault in (faults.meet(call()) for _ in range(3)) if fault]

    assert statuses == [500, 503, 503]


def test_a_probability_is_the_same_under_the_same_seed_and_another_under_another() -> None:
    def pattern(seed: int) -> list[bool]:
        faults = armed({"status": 503, "probability": 0.5}, seed=seed)
        return [met(faults) for _ in range(40)]

    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)
    assert 5 < sum(pattern(1)) < 35


def test_a_fault_of_tls_is_for_connections_and_no_other_is() -> None:
    faults = armed({"tls": "close", "listener": "one-way"}, {"status": 503})

    assert faults.meet_connection(Listener.TWO_WAY) is None
    assert faults.meet_connection(Listener.ONE_WAY) is not None
    found = faults.meet(call(listener=Listener.ONE_WAY))
    assert found is not None
    assert found.status == 503


def test_required_faults_are_told_until_they_are_met() -> None:
    faults = armed({"status": 503, "required": True, "times": 1}, {"status": 500, "required": True})
    assert len(faults.unmet) == 2

    met(faults)

    assert [each.fault.status for each in faults.unmet] == [500]


def test_nothing_is_asked_while_nothing_is_armed() -> None:
    faults = armed()
    quiet = [faults.is_quiet]
    faults.arm(FaultRule(status=503))
    quiet.append(faults.is_quiet)
    faults.clear()
    quiet.append(faults.is_quiet)

    assert quiet == [True, False, True]


APPLICATION = load_fixtures().registry.applications["demo-server-key"]


def test_a_fault_that_is_over_can_still_be_asked_for_and_removed() -> None:
    faults = armed({"status": 503, "times": 1}, {"status": 500})
    met(faults)
    first, second = faults.armed

    assert (first.is_over, second.is_over, faults.live) == (True, False, 1)
    assert faults.find(first.identifier) is first
    assert faults.remove(first.identifier)
    assert faults.armed == [second]


def test_the_newest_that_are_over_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_sei.faults.server_faults.MOST_OVER", 3)
    faults = armed(*[{"status": 503, "times": 1}] * 5, {"status": 500, "required": True})

    for _ in range(5):
        met(faults)

    assert [each.identifier for each in faults.armed] == [3, 4, 5, 6]
    assert faults.find(1) is None
    assert [each.identifier for each in faults.unmet] == [6]


def test_faults_are_listed_page_by_page() -> None:
    faults = armed(*[{"status": 503}] * 7)
    faults.remove(3)

    pages = [faults.page(after=after, limit=3) for after in (0, 4, 7)]

    assert [[each.identifier for each in page] for page in pages] == [[1, 2, 4], [5, 6, 7], []]


@pytest.mark.parametrize("name", ["demo-server", "demo-server-key", "svc-demo"])
def test_an_application_takes_its_faults_with_it(name: str) -> None:
    faults = armed(
        {"application": name, "status": 503},
        {"application": "demo-web", "status": 503},
        {"operation": "GET /v2/investors", "application": name, "status": 500, "required": True},
    )

    faults.drop_application(APPLICATION)

    assert not met(faults)
    assert met(faults, app_key="demo-web-key")
    assert [each.is_over for each in faults.armed] == [True, False, True]
    assert [each.fault.status for each in faults.unmet] == [500]
    assert all(faults.remove(number) for number in (1, 2, 3))
    assert faults.is_quiet


def test_a_fault_can_wait_for_an_application_that_is_not_there_yet() -> None:
    faults = armed({"application": "demo-server", "status": 503})
    other = load_fixtures().registry.applications["demo-web-key"]

    faults.drop_application(other)

    assert met(faults)


def test_the_oldest_is_met_whatever_it_is_armed_by() -> None:
    faults = armed(
        {"operation": "GET /v2/*", "application": "svc-demo", "status": 501, "times": 1},
        {"application": "demo-server", "listener": "two-way", "status": 502, "times": 1},
        {"operation": "GET /v2/investors", "status": 503, "times": 1},
        {"listener": "two-way", "status": 504, "times": 1},
        {"operation": "* /*investors", "application": "demo-server-key", "status": 505, "times": 1},
    )

    found = [faults.meet(call()) for _ in range(6)]

    assert [each and each.status for each in found] == [501, 502, 503, 504, 505, None]


def test_one_that_chance_spares_leaves_the_call_to_the_next() -> None:
    faults = armed({"status": 500, "probability": 1e-9}, {"status": 503})

    found = [faults.meet(call()) for _ in range(20)]

    assert [each and each.status for each in found] == [503] * 20


OTHERS: dict[str, Callable[[int], FaultRule]] = {
    "applications": lambda number: FaultRule(application=f"app-{number}", status=503),
    "applications at one operation": lambda number: FaultRule(
        operation="GET /v2/investors", application=f"app-{number}", status=503
    ),
    "paths": lambda number: FaultRule(operation=f"PATCH /v1/investors/INV-{number}", status=503),
    "patterns": lambda number: FaultRule(operation=f"GET /v1/*/INV-{number}/*", status=503),
    "listener": lambda _: FaultRule(listener=Listener.ONE_WAY, status=503),
    "handshakes": lambda _: FaultRule(listener=Listener.ONE_WAY, tls="close"),
}


def many(others: str, count: int) -> ServerFaults:
    return ServerFaults(Random(1), map(OTHERS[others], range(count)))  # noqa: S311


@pytest.mark.slow
@pytest.mark.parametrize("others", OTHERS)
def test_faults_for_others_cost_a_call_nothing(others: str) -> None:
    caller = call()

    def make(count: int) -> Action:
        faults = many(others, count)
        return lambda: (faults.meet(caller), faults.meet_connection(Listener.TWO_WAY))

    assert_flat(make, many=5000)


@pytest.mark.slow
def test_faults_that_are_over_cost_a_call_nothing() -> None:
    caller = call()

    def make(count: int) -> Action:
        faults = ServerFaults(Random(1), [FaultRule(status=503, times=1)] * count)  # noqa: S311
        for _ in range(count):
            faults.meet(caller)
        return lambda: (faults.is_quiet, faults.meet(caller))

    assert_flat(make, many=5000)


@pytest.mark.slow
def test_what_is_done_with_one_fault_costs_the_same_beside_many() -> None:
    fault = FaultRule(application="app-7", status=503)

    def make(count: int) -> Action:
        faults = armed(
            *({"application": f"app-{number}", "status": 503} for number in range(count))
        )

        def one() -> None:
            identifier = faults.arm(fault).identifier
            assert faults.find(identifier)
            assert faults.live == count + 1
            assert faults.unmet == []
            assert faults.remove(identifier)

        return one

    assert_flat(make, many=5000)


@pytest.mark.slow
def test_a_removed_application_is_forgotten_without_looking_at_the_others() -> None:
    def make(count: int) -> Action:
        faults = armed(
            *({"application": f"app-{number}", "status": 503} for number in range(count))
        )
        return lambda: faults.drop_application(APPLICATION)

    assert_flat(make, many=5000)


def test_the_journal_is_told_what_went_wrong_alone() -> None:
    fault = FaultRule(operation="GET /v2/investors", times=3, status=503, retry_after=2)

    assert str(fault) == "status 503, retry_after 2"
    assert "times" not in EFFECTS


@every_case(
    ("fields", "problem"),
    [
        ({}, "status: nothing goes wrong; there are latency"),
        ({"operation": "GET /v2/investors", "times": 2}, "status: nothing goes wrong"),
        ({"statu": 503}, "statu: no such field; did you mean status?"),
        ({"status": 99}, "status: 99: a status, 200 to 599"),
        ({"status": "many"}, "status: input should be a valid integer"),
        ({"status": 503, "times": 0}, "times: 0: at least 1"),
        ({"status": 503, "probability": 1.5}, "probability: 1.5: above 0, at most 1"),
        ({"latency": -1}, "latency: -1"),
        ({"drip": 0}, "drip: 0: bytes a second"),
        ({"cut": "in-head"}, "cut: input should be 'before-headers'"),
        ({"content_type": "text/html\r\nX: y"}, "content_type: "),
        ({"listener": "three-way", "status": 503}, "listener: input should be"),
        ({"operation": "investors", "status": 503}, "operation: 'investors': not a method and a"),
        (
            {"operation": "GET /v2/investrs", "status": 503},
            "there is no GET /v2/investrs, so it would never be met; the nearest are GET /v2/inv",
        ),
        ({"operation": "GET /v2/investors", "tls": "stall"}, "tls: a handshake has no operation"),
        ({"status": 204, "malformed": True}, "malformed: an answer with status 204 has no body"),
        ({"status": 304, "drip": 5}, "drip: an answer with status 304 has no body"),
        ({"status": 205, "cut": "in-body"}, "cut: an answer with status 205 has no body"),
        ({"status": 204, "content_type": "text/html"}, "content_type: an answer with status 204"),
        ({"status": 101}, "status: 101: a status, 200 to 599"),
        ({"status": 600}, "status: 600: a status, 200 to 599"),
        ({"status": True}, "status: true: must not be a truth value"),
        ({"status": 503, "times": True}, "times: true: must not be a truth value"),
        ({"status": 503.5}, "status: input should be a valid integer"),
        (
            {"status": 10**5000},
            "status: a whole number of many digits: a status, 200 to 599",
        ),
        ({"status": 503, "times": 10**5000}, "times: a whole number of many digits: at least 1"),
        ({"latency": float("nan")}, "latency: nan"),
        ({"latency": float("inf")}, "latency: inf"),
        ({"status": 503, "probability": float("nan")}, "probability: nan"),
        ({"spread": -0.1}, "spread: -0.1"),
        ({"content_type": ""}, "content_type: ''"),
        ({"content_type": "text/\ud800"}, "content_type: "),
        ({"content_type": "text/é"}, "content_type: "),
        ({"application": "\ud800", "status": 503}, "application: half a surrogate pair"),
        ({"application": "a" * 3000, "status": 503}, "application: at most 2000 characters"),
        ({"operation": "GET /\ud800", "status": 503}, "operation: half a surrogate pair"),
        ({"operation": "GET /" + "*a" * 2000, "status": 503}, "operation: at most 2000"),
        ({"\ud800": 1}, "no such field"),
    ],
)
def test_what_cannot_be_armed_is_told_by_its_field(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_fault(fields, OPERATIONS)

    assert problem in str(caught.value)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_what_needs_no_body_goes_with_a_status_without_one(status: int) -> None:
    fields = {"status": status, "latency": 0.1, "cut": "after-headers", "retry_after": 1}

    assert read_fault(fields, OPERATIONS).status == status


def test_every_field_at_fault_is_told_at_once() -> None:
    with pytest.raises(Rejected) as caught:
        read_fault({"status": 1, "times": 0, "drip": 0}, OPERATIONS)

    assert caught.value.problems.keys() == {"status", "times", "drip"}
