"""Exchanges in HAR 1.2: what is written can be read again, and what other tools write, too."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import BodyKind, RecordedBody, RecordedExchange, RecordedTls
from mock_sei.recordings.har import LARGEST_FILE, exchange_json, read_exchange, read_log
from mock_sei.recordings.shapes import shape_of
from tests.cases import every_case
from tests.recordings.made import FORM, STARTED, body, exchange

FOREIGN: dict[str, Any] = {
    "startedDateTime": "2026-03-01T12:00:00Z",
    "request": {"method": "GET", "url": "https://localhost/v2/investors"},
    "response": {"status": 200},
}


def again(made: RecordedExchange) -> RecordedExchange:
    """The exchange after it was written and read."""
    entry = json.loads(json.dumps(exchange_json(made)))
    found = read_exchange(entry, source="x.har", place="log.entries[0]")
    assert found is not None
    return replace(found, source=made.source)


def foreign(**members: Any) -> RecordedExchange:
    """An entry of another tool, with some of its members replaced."""
    entry = json.loads(json.dumps(FOREIGN)) | members
    found = read_exchange(entry, source="x.har", place="log.entries[0]")
    assert found is not None
    return found


def request(**members: Any) -> dict[str, Any]:
    return {**FOREIGN["request"], **members}


def response(**members: Any) -> dict[str, Any]:
    return {**FOREIGN["response"], **members}


SHAPE = RecordedBody(media_type="application/json", size=99, shape=shape_of({"a": [1, "b"]}))
LEFT_OUT = RecordedBody(media_type="video/mp4", size=9_000_000, left_out="larger than 4 MiB")
EXCHANGES = {
    "plain": exchange(),
    "headers keep case, order and repetition": exchange(
        headers=(("X-B", "1"), ("x-a", "2"), ("X-B", "3")),
        answer_headers=(("SET-COOKIE", "a=1; Path=/"), ("set-cookie", "b=2")),
    ),
    "query": exchange(target="/v2/investors?limit=1&limit=&q=%C3%A9+x"),
    "form": exchange("POST", sent=body("a=1&b=%7B{{token-1}}", FORM)),
    "json": exchange("POST", sent=body('{"a": 1.10}'), answer=body("[\n]")),
    "bytes": exchange("POST", sent=body(b"\xff\0", "image/png"), answer=body(b"\x80", "x/y")),
    "shape": exchange("POST", sent=SHAPE, answer=SHAPE),
    "left out": exchange("POST", sent=LEFT_OUT, answer=LEFT_OUT),
    "alert": replace(
        exchange(), response=None, tls=RecordedTls(alert="bad_certificate"), failure="refused"
    ),
    "answered by the recorder": replace(exchange(status=403), recorder_answered="CN svc-x"),
    "names to redact": replace(exchange(), placeholders=("X-Secret", "pin")),
}


@every_case("made", EXCHANGES.values(), ids=EXCHANGES)
def test_what_is_written_is_read_again(made: RecordedExchange) -> None:
    assert again(made) == made


def test_an_entry_has_the_members_that_the_format_asks_for() -> None:
    entry = exchange_json(EXCHANGES["form"])

    assert entry.keys() >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
    assert entry["request"].keys() >= {
        *("method", "url", "httpVersion", "cookies", "headers", "queryString"),
        *("headersSize", "bodySize", "postData"),
    }
    assert entry["response"].keys() >= {
        *("status", "statusText", "httpVersion", "cookies", "headers", "content"),
        *("redirectURL", "headersSize", "bodySize"),
    }
    assert entry["startedDateTime"] == "2026-03-01T12:00:00.250+00:00"
    assert entry["request"]["postData"]["params"][0] == {"name": "a", "value": "1"}
    assert entry["_tls"] == {"clientCommonName": "svc-demo", "version": "TLSv1.3"}


def test_an_entry_of_another_tool_may_lack_almost_everything() -> None:
    found = foreign()

    assert found.started == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert found.milliseconds == 0
    assert (found.listener, found.tls, found.request.headers) == ("one-way", RecordedTls(), ())
    assert found.response is not None
    assert found.response.body.kind is BodyKind.NONE


@every_case(
    ("url", "listener"),
    [
        ("https://localhost:444/", "two-way"),
        ("https://mtls.api.example.com/", "two-way"),
        ("https://test.mtls.api.example.com/", "two-way"),
        ("https://api.example.com:8443/mtls", "one-way"),
    ],
)
def test_the_address_tells_the_listener_if_nothing_else_does(url: str, listener: str) -> None:
    assert foreign(request=request(url=url)).listener == listener


def test_pseudo_headers_of_http_2_are_no_headers() -> None:
    sent = [
        {"name": ":authority", "value": "localhost"},
        {"name": "accept", "value": "*/*"},
    ]
    found = foreign(request=request(headers=sent, headersSize=-1, bodySize=-1))

    assert found.request.headers == (("accept", "*/*"),)


def test_a_form_may_have_only_parameters() -> None:
    data = {"mimeType": FORM, "params": [{"name": "a b", "value": "é&"}, {"name": "c"}]}
    found = foreign(request=request(method="POST", postData=data))

    assert found.request.body.data == b"a+b=%C3%A9%26&c="
    assert found.request.body.fields() == [("a b", "é&"), ("c", "")]


def test_parts_of_a_multipart_body_without_text_are_left_out() -> None:
    data = {
        "mimeType": "multipart/form-data; boundary=x",
        "params": [{"name": "file", "fileName": "a.csv", "contentType": "text/csv"}],
    }
    found = foreign(request=request(method="POST", postData=data))

    assert found.request.body.kind is BodyKind.LEFT_OUT


def test_a_query_may_stand_only_in_its_list() -> None:
    pairs = [{"name": "limit", "value": "2"}, {"name": "q", "value": "a b"}]
    listed = foreign(request=request(queryString=pairs))
    both = foreign(request=request(url="https://localhost/x?limit=2#part", queryString=pairs))

    assert listed.request.url == "https://localhost/v2/investors?limit=2&q=a+b"
    assert both.request.url == "https://localhost/x?limit=2"


def test_content_may_be_base64_or_missing() -> None:
    coded = {"size": 3, "mimeType": "x", "encoding": "base64", "text": "AP8B"}
    missing = {"size": 7, "mimeType": "text/html"}
    noted = missing | {"comment": "evicted from cache"}
    bodies = [
        each.response.body
        for each in (foreign(response=response(content=made)) for made in (coded, missing, noted))
        if each.response
    ]

    assert bodies[0].data == b"\0\xff\x01"
    assert bodies[1].left_out == "the recording has no text of it"
    assert bodies[2].left_out == "evicted from cache"


@pytest.mark.parametrize("value", [None, {"status": 0}, {"status": 0, "_error": "net::FAILED"}])
def test_a_request_that_failed_has_no_answer(value: object) -> None:
    assert foreign(response=value).response is None


def test_entries_that_are_not_http_are_passed_over(tmp_path: Path) -> None:
    others = [FOREIGN | {"request": request(url=url)} for url in ("data:,x", "wss://localhost/")]
    file = tmp_path / "browser.har"
    file.write_text(json.dumps({"log": {"entries": [*others, FOREIGN]}}))

    assert [each.number for each in read_log(file)] == [3]


def test_a_date_without_a_zone_is_utc() -> None:
    assert foreign(startedDateTime="2026-03-01T12:00:00.25").started == STARTED


def test_the_journal_s_own_har_names_the_account() -> None:
    tls = {"version": "TLSv1.2", "certificate": {"common_name": "svc-web"}}

    assert foreign(_tls=tls).tls == RecordedTls(client_common_name="svc-web", version="TLSv1.2")


WRONG = {
    "no entry": (7, "log.entries[0] = 7: not an object"),
    "no request": ({}, "log.entries[0].request: this object is missing"),
    "url": (FOREIGN | {"request": request(url=12)}, "log.entries[0].request.url = 12: not a text"),
    "path": (
        FOREIGN | {"request": request(url="/v2")},
        "log.entries[0].request.url = '/v2': no whole address with scheme and host",
    ),
    "port": (
        FOREIGN | {"request": request(url="https://localhost:x/")},
        "log.entries[0].request.url = 'https://localhost:x/': no address",
    ),
    "status": (
        FOREIGN | {"response": {"status": 999}},
        "log.entries[0].response.status = 999: no status of HTTP",
    ),
    "status text": (
        FOREIGN | {"response": {"status": "200"}},
        "log.entries[0].response.status = '200': not a number",
    ),
    "date": (
        FOREIGN | {"startedDateTime": "yesterday"},
        "log.entries[0].startedDateTime = 'yesterday': no date and time of ISO 8601",
    ),
    "time": (FOREIGN | {"time": True}, "log.entries[0].time = true: not a number"),
    "headers": (
        FOREIGN | {"request": request(headers=[{"name": "a", "value": 1}])},
        "log.entries[0].request.headers[0].value = 1: not a text",
    ),
    "base64": (
        FOREIGN | {"response": response(content={"text": "a", "encoding": "base64"})},
        "log.entries[0].response.content.text: no Base64",
    ),
    "listener": (
        FOREIGN | {"_listener": "three-way"},
        "log.entries[0]._listener = 'three-way': neither one-way nor two-way",
    ),
    "shape": (
        FOREIGN | {"response": response(content={"_shape": {"types": ["text"]}})},
        "log.entries[0].response.content._shape.types = ['text']: each type is one of",
    ),
}


@pytest.mark.parametrize(("entry", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_member_is_named_with_file_place_and_value(
    tmp_path: Path, entry: object, said: str
) -> None:
    file = tmp_path / "x.har"
    file.write_text(json.dumps({"log": {"entries": [entry]}}))

    with pytest.raises(ConfigurationError, match=re.escape(f"{file}: {said}")) as caught:
        list(read_log(file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON at line 1, column 1"),
        ('{"log": {"entries": [', "no JSON at line 1"),
        ("[]", "not an object"),
        ('{"log": {}}', "log.entries: this member is missing: the file is no HAR"),
        ('{"log": {"entries": {}}}', "log.entries = {}: not a list"),
        ("[" * 200_000, "nested too deeply"),
        ('{"log": ' + "9" * 5000 + "}", "a number has too many digits"),
    ],
)
def test_a_file_that_is_no_har_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.har"
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=re.escape(said)):
        list(read_log(file))


def test_a_file_in_another_encoding_is_read_or_refused(tmp_path: Path) -> None:
    text = json.dumps({"log": {"entries": [FOREIGN]}})
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "x.har").write_bytes(text.encode(encoding))
        assert len(list(read_log(tmp_path / "x.har"))) == 1
    (tmp_path / "x.har").write_bytes(b'{"log": "\xff"}')

    with pytest.raises(ConfigurationError, match="no UTF-8"):
        list(read_log(tmp_path / "x.har"))


def test_a_file_that_is_too_large_is_refused_with_the_command_that_splits_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "large.har"
    with file.open("wb") as out:
        out.truncate(LARGEST_FILE + 1)

    with pytest.raises(ConfigurationError, match=re.escape(f"recordings split {file} --out DIR")):
        list(read_log(file))


def test_bytes_that_are_no_text_are_written_in_base64() -> None:
    entry = exchange_json(EXCHANGES["bytes"])

    assert entry["response"]["content"]["encoding"] == "base64"
    assert base64.b64decode(entry["response"]["content"]["text"]) == b"\x80"
