"""Faults: what can be armed, whom one meets, how often."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from mock_sei.bench.faults import EFFECTS, Fault, Faults, read_fault
from mock_sei.bench.targets import Caller
from mock_sei.errors import Rejected
from mock_sei.fixtures import load_fixtures
from mock_sei.standards import Listener

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


def armed(*faults: dict[str, Any], seed: int = 1) -> Faults:
    random = Random(seed)  # noqa: S311  # repeatable on purpose
    return Faults(random, [read_fault(each, OPERATIONS) for each in faults])


def met(faults: Faults, **how: Any) -> bool:
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


@pytest.mark.parametrize(
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
    faults.arm(Fault(status=503))
    quiet.append(faults.is_quiet)
    faults.clear()
    quiet.append(faults.is_quiet)

    assert quiet == [True, False, True]


def test_the_journal_is_told_what_went_wrong_alone() -> None:
    fault = Fault(operation="GET /v2/investors", times=3, status=503, retry_after=2)

    assert str(fault) == "status 503, retry_after 2"
    assert "times" not in EFFECTS


@pytest.mark.parametrize(
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
    ],
)
def test_what_cannot_be_armed_is_told_by_its_field(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_fault(fields, OPERATIONS)

    assert problem in str(caught.value)


def test_every_field_at_fault_is_told_at_once() -> None:
    with pytest.raises(Rejected) as caught:
        read_fault({"status": 1, "times": 0, "drip": 0}, OPERATIONS)

    assert caught.value.problems.keys() == {"status", "times", "drip"}
