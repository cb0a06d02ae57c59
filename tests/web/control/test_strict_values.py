"""Values of the control API are of their JSON types, and its document says what is refused."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from jsonschema_rs import Draft202012Validator

from mock_sei.faults.faults import EFFECTS, fault_schema

LOOSE: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/clock/advance", {"seconds": False}),
    ("POST", "/clock/advance", {"seconds": "5"}),
    ("PUT", "/clock", {"frozen": 1}),
    ("PUT", "/clock", {"frozen": "yes"}),
    ("PUT", "/clock", {"now": 1_900_000_000}),
    ("PUT", "/clock", {"now": True}),
    ("PUT", "/answers/strict", {"strict": 0}),
    ("PUT", "/answers/strict", {"strict": "true"}),
    ("POST", "/answers", {"operation": "GET /v2/investors", "status": True}),
    ("POST", "/answers", {"operation": "GET /v2/investors", "status": "200"}),
    ("POST", "/faults", {"status": True}),
    ("POST", "/faults", {"status": "503"}),
    ("POST", "/faults", {"latency": "1"}),
    ("POST", "/faults", {"stall": 1}),
    ("POST", "/faults", {"stall": "yes"}),
    ("POST", "/faults", {"status": 503, "required": "no"}),
    ("POST", "/service-accounts/svc-demo/certificate-links", {"legacy": 0}),
    ("POST", "/service-accounts/svc-demo/certificate-links", {"renew": "on"}),
]
GOOD: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/clock/advance", {"seconds": 5}),
    ("POST", "/clock/advance", {"seconds": 0.5}),
    ("PUT", "/clock", {"frozen": True, "now": "2030-01-01T00:00:00Z"}),
    ("PUT", "/clock", {"frozen": None, "now": "2030-01-01T00:00:00+02:00"}),
    ("PUT", "/answers/strict", {"strict": False}),
    ("POST", "/answers", {"operation": "GET /v2/investors", "status": 200.0}),
    ("POST", "/faults", {"status": 503.0, "times": 2.0, "latency": 1, "required": False}),
    ("POST", "/faults", {"stall": True, "listener": "one-way"}),
]


@pytest.mark.parametrize(("method", "path", "body"), LOOSE)
def test_what_could_be_read_as_a_value_is_none(
    control: httpx2.Client, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = control.request(method, path, json=body)

    assert answer.status_code in (400, 422)
    assert list(body)[-1] in answer.text
    assert control.get("/clock").json()["is_machine"] is True
    assert control.get("/faults").json() == control.get("/answers").json()["waiting"] == []


@pytest.mark.parametrize(("method", "path", "body"), GOOD)
def test_a_value_of_its_type_is_taken(
    control: httpx2.Client, method: str, path: str, body: dict[str, Any]
) -> None:
    assert control.request(method, path, json=body).is_success


FAULTS: list[tuple[dict[str, Any], bool]] = [
    ({}, False),
    ({"operation": "GET /v2/investors"}, False),
    ({"status": None}, False),
    ({"stall": False}, False),
    ({"status": 503}, True),
    ({"status": 199}, False),
    ({"status": 600}, False),
    ({"status": "503"}, False),
    ({"status": 503, "times": 0}, False),
    ({"status": 503, "probability": 0}, False),
    ({"status": 503, "probability": 1}, True),
    ({"status": 503, "listener": "two-way"}, True),
    ({"status": 503, "listener": "third-way"}, False),
    ({"statsu": 503}, False),
    ({"latency": 600}, True),
    ({"latency": 600.5}, False),
    ({"cut": "in-body"}, True),
    ({"cut": "in-head"}, False),
    ({"token_lifetime": 0}, True),
    ({"retry_after": 5}, True),
]


@pytest.mark.parametrize(("fields", "good"), FAULTS)
def test_the_document_says_of_a_fault_what_the_call_does(
    control: httpx2.Client, fields: dict[str, Any], good: bool
) -> None:
    assert Draft202012Validator(fault_schema()).is_valid(fields) is good
    assert control.post("/faults", json=fields).is_success is good


def test_the_document_names_every_field_of_a_fault(control: httpx2.Client) -> None:
    document = control.get("/openapi.json").json()
    body = document["paths"]["/faults"]["post"]["requestBody"]["content"]["application/json"]

    assert {"operation", "times", *EFFECTS} <= body["schema"]["properties"].keys()


@pytest.mark.parametrize(
    ("now", "good"),
    [
        ("2000-12-31T23:59:59Z", False),
        ("2001-01-02T00:00:00Z", True),
        ("2998-12-30T00:00:00Z", True),
        ("2999-01-02T00:00:00Z", False),
    ],
)
def test_the_document_says_which_years_the_clock_has(
    control: httpx2.Client, now: str, good: bool
) -> None:
    call = control.get("/openapi.json").json()["paths"]["/clock"]["put"]
    moment = call["requestBody"]["content"]["application/json"]["schema"]["properties"]["now"]

    assert Draft202012Validator(moment).is_valid(now) is good
    assert control.put("/clock", json={"now": now}).is_success is good
