"""Calls that are answered from a recording, once the gateway has let them in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.faults.faults import read_fault
from mock_sei.journal.entries import Entry
from mock_sei.recordings.exchanges import RecordedExchange
from tests.recordings.made import FORM, JSON, body, exchange
from tests.replay.made import INVESTORS, UNKNOWN, answered, platform_with, write
from tests.support import Served

Replay = Callable[..., Served]


@pytest.fixture
def replay(tmp_path: Path, shared_store: CertificateStore) -> Replay:
    """A platform that replays these exchanges."""

    def make(*entries: RecordedExchange | dict[str, Any], is_only: bool = False) -> Served:
        recording = write(tmp_path, entries)
        return Served(platform_with(recording, shared_store, is_only=is_only))

    return make


def last(served: Served) -> Entry:
    return served.platform.journal.last


def post(served: Served, path: str, **options: Any) -> httpx2.Response:
    headers = {**served.headers(), **options.pop("headers", {})}
    return served.client().post(path, headers=headers, **options)


def test_a_recorded_call_gets_the_recorded_answer(replay: Replay) -> None:
    served = replay(answered("/v2/investors?limit=2", {"data": "theirs"}, status=203))

    found = served.get(f"{INVESTORS}?limit=2")

    assert (found.status_code, found.json()) == (203, {"data": "theirs"})
    assert last(served).recorded == "exchange 1 of a.har"
    assert last(served).to_json()["recorded"] == "exchange 1 of a.har"
    assert "recorded: exchange 1 of a.har" in str(last(served))


def test_another_call_goes_on_to_the_engine(replay: Replay) -> None:
    served = replay(answered("/v2/investors?limit=2", "theirs"))

    found = served.get(f"{INVESTORS}?limit=3")

    assert found.status_code == 200
    assert len(found.json()["data"]) > 0
    assert last(served).recorded is None
    note = last(served).notes[-1]
    assert 'the query\'s "limit" was "2", and came as "3"' in note


def test_the_gateway_refuses_before_a_recorded_answer(replay: Replay) -> None:
    served = replay(answered(INVESTORS), answered(UNKNOWN))

    for path in (INVESTORS, UNKNOWN):
        headers = {**served.headers(), "Authorization": "Bearer garbled"}
        assert served.get(path, headers=headers).status_code == 401
        assert last(served).refused_by == "access token"
        headers = {**served.headers(), "AppKey": "nobody"}
        assert served.get(path, headers=headers).status_code == 401
        assert last(served).refused_by == "AppKey"
        other = served.client("svc-web")
        assert served.get(path, http=other).status_code == 403
        assert last(served).refused_by == "certificate name"
    assert served.get(INVESTORS).json() == "recorded"


def test_a_path_that_no_document_has_is_served(replay: Replay) -> None:
    served = replay(answered(UNKNOWN, {"rocket": 1}))

    assert served.get(UNKNOWN).json() == {"rocket": 1}
    assert served.get(f"{UNKNOWN}/2").status_code == 404
    assert last(served).refused_by == "path"
    assert served.get(f"{UNKNOWN}?thrust=1").status_code == 404
    assert last(served).refused_by == "path"


def test_answers_come_in_their_order_and_the_last_one_stays(replay: Replay) -> None:
    served = replay(*(answered(INVESTORS, each) for each in (1, 2, 3)))

    assert [served.get(INVESTORS).json() for _ in range(4)] == [1, 2, 3, 3]
    served.platform.reset()
    assert served.get(INVESTORS).json() == 1


def test_a_head_uses_nothing_up(replay: Replay) -> None:
    served = replay(answered(INVESTORS, 1), answered(INVESTORS, 22))

    for _ in range(2):
        found = served.client().head(INVESTORS, headers=served.headers())
        assert (found.status_code, found.content) == (200, b"")
        assert found.headers["content-length"] == "1"
        assert last(served).recorded == "exchange 1 of a.har"
    assert [served.get(INVESTORS).json() for _ in range(2)] == [1, 22]


def test_a_recorded_head_answers_a_head(replay: Replay) -> None:
    served = replay(
        answered(INVESTORS),
        exchange("HEAD", INVESTORS, status=202, answer_headers=(("Content-Length", "7"),)),
    )

    found = served.client().head(INVESTORS, headers=served.headers())

    assert found.status_code == 202
    assert "content-length" not in found.headers


def test_scripted_answers_and_faults_come_before(replay: Replay) -> None:
    served = replay(answered(UNKNOWN, "theirs"))
    state = served.platform.state
    state.faults.arm(
        read_fault(
            {"operation": f"GET {UNKNOWN}", "status": 503, "times": 1}, served.platform.operations
        )
    )

    assert served.get(UNKNOWN).status_code == 503
    assert last(served).recorded is None
    assert served.get(UNKNOWN).json() == "theirs"


JSON_BODY = {"amount": 1.50, "lines": [{"id": 7}], "note": None}


@pytest.mark.parametrize(
    ("sent", "is_equal"),
    [
        ('{"note":null,  "lines":[{"id":7}],"amount":15e-1}', True),
        ('{"note":null,"lines":[{"id":"7"}],"amount":1.5}', False),
        ('{"note":null,"lines":[{"id":7},{"id":8}],"amount":1.5}', False),
        ('{"lines":[{"id":7}],"amount":1.5}', False),
        ('{"note":null,"note":null,"lines":[{"id":7}],"amount":1.5}', False),
    ],
)
def test_json_bodies_are_compared_as_values(replay: Replay, sent: str, is_equal: bool) -> None:
    served = replay(answered(UNKNOWN, method="POST", sent=body(json.dumps(JSON_BODY))))

    found = post(served, UNKNOWN, content=sent, headers={"Content-Type": JSON})

    assert found.status_code == (200 if is_equal else 404)


def test_forms_are_compared_as_fields(replay: Replay) -> None:
    served = replay(answered(UNKNOWN, method="POST", sent=body("a=1&b=%20x", FORM)))

    assert post(served, UNKNOWN, data={"b": " x", "a": "1"}).status_code == 200
    assert post(served, UNKNOWN, data={"b": "x", "a": "1"}).status_code == 404


def test_other_bodies_are_compared_as_bytes(replay: Replay) -> None:
    served = replay(answered(UNKNOWN, method="POST", sent=body(b"\xff\x00", "image/png")))
    headers = {"Content-Type": "image/png"}

    assert post(served, UNKNOWN, content=b"\xff\x00", headers=headers).status_code == 200
    assert post(served, UNKNOWN, content=b"\xff\x01", headers=headers).status_code == 404
    assert post(served, UNKNOWN).status_code == 404
