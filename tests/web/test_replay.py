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
from mock_sei.recordings.exchanges import RecordedBody, RecordedExchange
from mock_sei.recordings.har import exchange_json
from mock_sei.rules.standards import Listener
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from tests.recordings.made import FORM, JSON, ORIGIN, body, exchange
from tests.replay.made import INVESTORS, UNKNOWN, answered, platform_with, write
from tests.support import Served, control_client

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
    assert last(served).recorded == "exchange 2 of a.har"


def test_a_head_that_is_not_recorded_gets_the_answer_of_the_get(replay: Replay) -> None:
    served = replay(exchange("HEAD", INVESTORS, status=202), answered(f"{INVESTORS}?limit=1", 1))

    found = served.client().head(f"{INVESTORS}?limit=1", headers=served.headers())

    assert (found.status_code, found.headers["content-length"]) == (200, "1")
    assert last(served).recorded == "exchange 2 of a.har"


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


def test_an_upload_is_compared_whatever_its_boundary(replay: Replay) -> None:
    sent = body(b"--x\r\n\r\n\xff\r\n--x--", "multipart/form-data; boundary=x")
    served = replay(answered(UNKNOWN, method="POST", sent=sent))
    headers = {"Content-Type": "multipart/form-data; boundary=other"}

    content = b"--other\r\n\r\n\xff\r\n--other--"
    assert post(served, UNKNOWN, content=content, headers=headers).status_code == 200
    content = b"--other\r\n\r\n\xfe\r\n--other--"
    assert post(served, UNKNOWN, content=content, headers=headers).status_code == 404


def test_a_body_that_the_recording_left_out_fits_any_and_the_journal_says_so(
    replay: Replay,
) -> None:
    left_out = RecordedBody(media_type="image/png", size=9, left_out="it is too large")
    served = replay(answered(UNKNOWN, method="POST", sent=left_out))

    assert post(served, UNKNOWN, content=b"any").status_code == 200
    assert "does not have the body of the request (it is too large)" in last(served).notes[-1]
    assert post(served, UNKNOWN).status_code == 404


def test_a_body_over_the_limit_is_refused_as_by_the_engine(replay: Replay) -> None:
    served = replay(answered(INVESTORS, method="POST", sent=body("{}")), answered(UNKNOWN))

    for path in (INVESTORS, "/v2/investors"):
        found = post(served, path, content=b" " * (9 * 1024 * 1024), headers={"Content-Type": JSON})
        assert found.status_code in (405, 413)
    served = replay(answered(UNKNOWN, method="POST", sent=body("{}")))
    content = b" " * (9 * 1024 * 1024)
    assert post(served, UNKNOWN, content=content, headers={"Content-Type": JSON}).status_code == 413


def test_headers_and_links_of_the_answer(replay: Replay) -> None:
    served = replay(
        answered(
            INVESTORS,
            {"next": f"{ORIGIN}/v2/investors?page=2", "other": "https://other.example/"},
            headers=(
                *(("X-Theirs", "1"), ("Date", "theirs"), ("RequestTrackingId", "theirs")),
                *(("Location", f"{ORIGIN}/v2/investors/1"), ("Content-Encoding", "gzip")),
                *(("Content-Length", "3"), ("Transfer-Encoding", "chunked")),
            ),
        )
    )

    found = served.get(INVESTORS)

    two_way = str(served.client().base_url).rstrip("/")
    assert found.json()["other"] == "https://other.example/"
    assert found.json()["next"].startswith(two_way)
    assert found.json()["next"].endswith("/v2/investors?page=2")
    assert found.headers["location"] == found.json()["next"].partition("?")[0] + "/1"
    assert found.headers["x-theirs"] == "1"
    assert len(found.headers["requesttrackingid"]) == 36
    assert found.headers.get_list("requesttrackingid") == [last(served).tracking_id]
    assert "theirs" not in found.headers.values()
    assert "content-encoding" not in found.headers
    assert found.headers["content-length"] == str(len(found.content))


def test_a_link_to_what_is_not_replayed_leads_to_this_server_too(replay: Replay) -> None:
    log_in = "https://log-in.example.com/v2/oauth/authorize"
    token = exchange_json(answered("/v2/oauth/authorize"))
    token["request"]["url"], token["_listener"] = log_in, "one-way"
    served = replay(token, answered(INVESTORS, {"log in": f"{log_in}?a=1"}))

    found = served.get(INVESTORS).json()["log in"]

    assert found == f"{served.platform.addresses.one_way}/v2/oauth/authorize?a=1"


def test_an_answer_without_a_body(replay: Replay) -> None:
    served = replay(exchange("DELETE", f"{UNKNOWN}/1", status=204))

    found = served.client().delete(f"{UNKNOWN}/1", headers=served.headers())

    assert (found.status_code, found.content) == (204, b"")
    assert "content-length" not in found.headers


def test_a_recorded_refusal_is_an_answer(replay: Replay) -> None:
    theirs = {"code": "resource.not.found", "message": "no", "trackingId": "theirs"}
    served = replay(answered(f"{INVESTORS}/9", theirs, status=404))

    found = served.get(f"{INVESTORS}/9")

    assert (found.status_code, found.json()) == (404, theirs)
    assert last(served).refused_by is None


def test_the_portal_shows_which_exchange_answered(replay: Replay) -> None:
    served = replay(answered(INVESTORS))
    served.get(INVESTORS)
    browser = served.client(None, listener=Listener.ONE_WAY)

    number = len(served.platform.journal.entries)
    for page in ("", f"/{number}"):
        assert "<p>Recorded: exchange 1 of a.har</p>" in browser.get(f"/portal/journal{page}").text
    har = control_client(served.platform).get("/journal.har").json()
    assert har["log"]["entries"][number - 1]["_recorded"] == "exchange 1 of a.har"


def test_an_unknown_path_names_the_nearest_recorded_ones_too(replay: Replay) -> None:
    served = replay(answered(UNKNOWN))

    assert served.get(f"{UNKNOWN}/").status_code == 404
    because = last(served).refused_because or ""
    assert "No operation has this method and path." in because
    assert f"The recording has no such path. The nearest are: GET {UNKNOWN}." in because


def test_recordings_only_refuses_everything_else(replay: Replay) -> None:
    served = replay(answered(f"{INVESTORS}?limit=2"), is_only=True)

    assert served.get(f"{INVESTORS}?limit=2").json() == "recorded"
    for path in (f"{INVESTORS}?limit=3", "/v1/order/tradetickets", f"{UNKNOWN}/none"):
        found = served.get(path)
        assert found.status_code == 404
        assert found.json()["code"] == "resource.not.recorded"
        assert last(served).refused_by == "recording"
    assert last(served).expected == "GET /v2/investors"
    found = post(served, INVESTORS, json={})
    assert found.json()["code"] == "resource.not.recorded"
    assert "only with another method: GET" in (last(served).refused_because or "")


def test_recordings_only_leaves_the_gateway_and_the_tokens_as_they_are(replay: Replay) -> None:
    served = replay(answered(INVESTORS), is_only=True)

    assert served.post_token().status_code == 200
    assert served.client().get(UNKNOWN).status_code == 401
    assert last(served).refused_by == "AppKey"


def test_the_refusal_shows_no_secret(replay: Replay) -> None:
    served = replay(answered(INVESTORS), is_only=True)
    token = served.token()

    served.get(f"{INVESTORS}?note={token}", headers=served.headers(token=token))

    entry = last(served)
    assert entry.refused_by == "recording"
    assert token not in json.dumps(entry.to_json())


def test_a_browser_of_another_origin_gets_our_cors_headers(replay: Replay) -> None:
    served = replay(
        answered(INVESTORS, headers=(("Access-Control-Allow-Origin", "https://theirs.example"),))
    )
    http = served.client(None, listener=Listener.ONE_WAY)

    found = http.options(
        INVESTORS,
        headers={"Origin": "http://localhost:8000", "Access-Control-Request-Method": "GET"},
    )
    assert found.status_code == 204
    assert "https://theirs.example" not in found.headers.values()


@pytest.mark.long
def test_servers_of_one_state_share_the_position(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    recording = write(tmp_path, [answered(INVESTORS, each) for each in (1, 2, 3)])
    first, second = (
        Served(
            platform_with(
                recording, shared_store, units=SharedUnits(SqliteStore(tmp_path / "state.db"))
            )
        )
        for _ in range(2)
    )
    try:
        token = first.token()
        found = [
            each.get(INVESTORS, headers=each.headers(token=token)).json()
            for each in (first, second, first, second)
        ]
        assert found == [1, 2, 3, 3]
        second.platform.reset()
        token = first.token()
        assert first.get(INVESTORS, headers=first.headers(token=token)).json() == 1
    finally:
        first.platform.units.close()
        second.platform.units.close()
