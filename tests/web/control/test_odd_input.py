"""Whatever is sent to the control API is understood or refused, and breaks no later call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from mock_sei.operations.server import ShowConnection
from mock_sei.platform import Platform
from mock_sei.web.control.reading import MOST_PROBLEMS, CallRequest, UnreadableBody
from tests.growth import Action, assert_linear

pytestmark = pytest.mark.slow


JSON = {"Content-Type": "application/json"}
READS = (
    *("/", "/health", "/check", "/clock", "/journal", "/faults", "/answers", "/mailbox", "/data"),
    *("/applications", "/data-keys", "/data/investors", "/apis", "/openapi.json", "/crl.pem"),
)


def nested(levels: int, kind: str) -> str:
    opening, closing = {"list": ("[", "]"), "object": ('{"a":', "}")}[kind]
    return f"{opening * levels}{'1' if kind == 'object' else ''}{closing * levels}"


ODD_VALUES = (
    *(
        "1e400",
        "-1e400",
        "NaN",
        "Infinity",
        "-Infinity",
        "9" * 5000,
        "9" * 4000,
        "-0",
        "1.5",
        "true",
    ),
    *("null", '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '""', '"x"', f'"{"y" * 3000}"', "[]"),
    *("{}", "9223372036854775808", '"2024-01-01T00:00:00Z"', '"9999-12-31T23:59:59+14:00"', '"*"'),
    *('"GET /v2/investors"', '"demo-server"', '{"a":1,"a":2}', '{"\\ud800":1}', '{"":""}', "1e308"),
    *(nested(99, "list"), nested(101, "list"), nested(99, "object"), nested(300, "object")),
    *(
        nested(3000, "list"),
        "[" * 50_000,
        '"12"',
        '" "',
        '"\\r\\n"',
        '{"matches":"a"}',
        '{"X Y":"1"}',
    ),
)
ODD_BODIES = (
    *(b"", b"x", b"{", b"\xff", b"\xef\xbb\xbf{}", b"null", "{}".encode("utf-16"), b"[" * 100_000),
    *(b'{"a":' * 100_000, b'"\\ud800"', b"1" * 5000, b"1e400", b"\x00", b"{}{}", b'{"a":1,"a":1}'),
)
ODD_SEGMENTS = (
    *(
        "demo-server",
        "svc-demo",
        "x",
        "%ff",
        "%ed%a0%80",
        "%00",
        "%0a",
        "a" * 3000,
        "1",
        "9" * 5000,
    ),
    *("-1", "0x1f", "1_0", "%C3%A9", "investors", "certificate.crt", "*", "%25", "[", "{", "1e400"),
)
ODD_TYPES = (
    *(["application/json"] * 12),
    *("text/plain", "application/x+json", "application/json; charset=utf-16", "a/b/c;;;=", ""),
)


class Caller:
    """Calls of the control API with odd values, the same in each run."""

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self._document = document
        self._random = random.Random(seed)  # noqa: S311
        self._operations = [
            (method, path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]

    def calls(self, count: int) -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
        for _ in range(count):
            method, path, operation = self._random.choice(self._operations)
            query = "&".join(
                f"{each['name']}={self._random.choice(ODD_SEGMENTS)}"
                for each in operation.get("parameters", ())
                if each["in"] == "query" and self._random.random() < 0.5
            )
            called = re.sub(r"{[^}]*}", lambda _: self._random.choice(ODD_SEGMENTS), path)
            media_type = self._random.choice(ODD_TYPES)
            yield (
                method.upper(),
                f"{called}?{query}",
                self._body(operation),
                {"Content-Type": media_type},
            )

    def _body(self, operation: dict[str, Any]) -> bytes:
        if "requestBody" not in operation or self._random.random() < 0.1:
            return self._random.choice(ODD_BODIES)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        names = list(self._properties(schema)) or ["operation", "name", "status", "seed", "id"]
        members = [
            f"{json.dumps(name)}:{self._random.choice(ODD_VALUES)}"
            for name in names
            if self._random.random() < 0.7
        ]
        return f"{{{','.join(members)}}}".encode()

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        schemas = self._document["components"]["schemas"]
        for each in (schema, *schema.get("anyOf", ())):
            found = schemas[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            if "properties" in found:
                properties: dict[str, Any] = found["properties"]
                return properties
        return {}


def test_no_call_is_answered_500_and_none_spoils_a_later_one(
    control: httpx2.Client, platform: Platform
) -> None:
    caller = Caller(control.get("/openapi.json").json(), seed=20261128)
    for method, path, body, headers in caller.calls(300):
        answer = control.request(method, path, content=body, headers=headers)
        shown = f"{method} {path[:100]} {body[:200]!r}: {answer.text[:300]}"
        assert answer.status_code < 500, shown
        assert answer.is_success or len(answer.content) < 20_000, shown
    for path in READS:
        assert control.get(path).status_code == 200, path
    assert platform.bugs == []


@pytest.mark.parametrize("kind", ["list", "object"])
@pytest.mark.parametrize("levels", [101, 255, 950, 5000, 100_000])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_deep_record_is_refused_and_the_collection_stays_readable(
    control: httpx2.Client, method: str, levels: int, kind: str
) -> None:
    before = control.get("/data/investors").json()
    body = f'{{"externalId": "deep", "a": {nested(levels - 1, kind)}}}'

    answer = control.request(method, "/data/investors", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (400, "Rejected")
    assert "100 levels" in answer.json()["problems"]["body"]
    assert control.get("/data/investors").json() == before


def test_a_record_as_deep_as_may_be_comes_back(control: httpx2.Client) -> None:
    """A hundred levels, the record itself one of them, and the list that it comes in."""
    body = f'{{"externalId": "deep", "a": {nested(99, "object")}}}'

    assert control.post("/data/investors", content=body, headers=JSON).status_code == 201
    assert control.get("/data/investors").json()[-1] == json.loads(body)


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("POST", "/faults", r'{"application": "\ud800", "status": 503}', "application"),
        ("POST", "/answers", r'{"operation": "GET /v2/investors", "text": "\ud800"}', "text"),
        ("POST", "/answers", r'{"operation": "GET /x", "json": {"a": ["\udc00"]}}', "json.a.0"),
        (
            "POST",
            "/answers",
            r'{"operation": "GET /x", "headers": {"\ud800": ""}}',
            r"headers.\ud800",
        ),
        ("POST", "/data/investors", r'[{"externalId": "\ud800"}]', "0.externalId"),
        ("POST", "/reset", r'{"dialect": "\ud800"}', "dialect"),
        ("PATCH", "/applications/demo-spa", r'{"name": "\ud800"}', "name"),
    ],
)
def test_half_a_surrogate_pair_is_refused_by_its_place(
    control: httpx2.Client, platform: Platform, method: str, path: str, body: str, place: str
) -> None:
    """And nothing is armed, kept or changed."""
    before = [control.get(each).text for each in ("/faults", "/answers", "/data/investors")]

    answer = control.request(method, path, content=body, headers=JSON)

    assert answer.status_code == 422
    assert list(answer.json()["problems"]) == [place]
    after = [control.get(each).text for each in ("/faults", "/answers", "/data/investors")]
    assert after == before
    assert platform.bugs == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 422), (b"\xff", 422), (b'{"seconds":1,"seconds":2}', 400)]
)
def test_what_is_no_json_is_refused_with_the_reason(
    control: httpx2.Client, body: bytes, status: int
) -> None:
    answer = control.post("/clock/advance", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (status, "Rejected")
    assert "not valid JSON" in answer.json()["problems"]["body"]
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_json_has_not_is_refused_by_its_place(
    control: httpx2.Client, platform: Platform, number: str
) -> None:
    for path, template, place in (
        ("/clock/advance", '{"seconds": %s}', "seconds"),
        ("/reset", '{"seed": %s}', "seed"),
        ("/data/investors", '[{"externalId": 1}, {"externalId": 2, "x": [%s]}]', "1"),
        ("/faults", '{"status": 503, "times": %s}', "times"),
        ("/answers", '{"operation": "GET /x", "status": %s}', "status"),
        ("/service-accounts/svc-demo/certificates", '{"variant": %s}', "variant"),
    ):
        answer = control.post(path, content=template % number, headers=JSON)
        assert answer.status_code in (400, 422), path
        assert place in answer.text, path
    assert platform.bugs == []


def test_a_refusal_does_not_repeat_what_was_sent(control: httpx2.Client) -> None:
    """Which may be a secret, or a megabyte."""
    secret = "a-secret-that-nobody-should-see"
    body = {f"field-{n}-{'x' * 500}": secret for n in range(500)} | {"passphrase": [secret]}

    answer = control.post("/service-accounts/svc-demo/certificate-links", json=body)

    assert answer.status_code == 422
    assert secret not in answer.text
    assert len(answer.json()["problems"]) == MOST_PROBLEMS
    assert len(answer.content) < 20_000


def test_a_failure_of_ours_is_told_in_the_usual_shape_and_check_knows_it(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("of a test")

    monkeypatch.setattr(ShowConnection, "perform", fail)

    answer = control.get("/")

    assert answer.status_code == 500
    assert answer.json()["error"] == "MockSeiBug"
    (bug,) = control.get("/check").json()["bugs"]
    assert "RuntimeError: of a test" in bug


def test_reading_a_body_costs_its_size() -> None:
    def read(template: tuple[str, str, str], count: int) -> Action:
        before, piece, after = template
        body = (before + ",".join([piece] * count) + after).encode()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def once() -> None:
            with contextlib.suppress(UnreadableBody):
                await CallRequest({"type": "http"}, receive).json()

        return lambda: asyncio.run(once())

    for template in (
        ('{"a": [', r'"\ud800"', "]}"),
        ('{"a": [', "[[[[1]]]]", "]}"),
        ("[", '{"x": 1}', "]"),
        ('"', r"\ud800", '"'),
        ("", "[", ""),
    ):
        assert_linear(lambda count, each=template: read(each, count), 5000)  # type: ignore[misc]
