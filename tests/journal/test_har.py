"""Journal entries as HAR 1.2: what each member has, and that no secret is in it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_sei.journal.entries import Entry
from mock_sei.journal.har import har, har_entry, har_pieces
from mock_sei.journal.recorded import read_entry
from mock_sei.rules.secret_index import SecretIndex
from tests.growth import assert_linear
from tests.journal.entries import CERTIFICATE, FORM, JSON, ORIGINS, exchange, handshake

URI = re.compile(r"https://[A-Za-z0-9._~:/?@!$&'()*+,;=-]*(?:%[0-9A-Fa-f]{2}[^%]*)*")


def written(entry: Entry) -> Any:
    """The entry of a HAR document: the same from this journal and from that of another server."""
    made = har_entry(entry, ORIGINS)
    assert made == har_entry(read_entry(json.loads(json.dumps(entry.to_json()))), ORIGINS)
    return made


def test_a_request_has_address_query_and_headers() -> None:
    entry = exchange(query="limit=2&name=a%20b&x", headers={"appkey": "demo-server-key"})
    request = written(entry)["request"]

    assert request["method"] == "GET"
    assert request["url"] == "https://localhost:1444/v2/investors?limit=2&name=a%20b&x"
    assert request["queryString"] == [
        {"name": "limit", "value": "2"},
        {"name": "name", "value": "a b"},
        {"name": "x", "value": ""},
    ]
    assert request["headers"] == [{"name": "appkey", "value": "demo-server-key"}]
    assert "postData" not in request


def test_the_address_is_that_of_the_listener_and_a_uri_whatever_was_sent() -> None:
    entry = exchange(path="/ä b?#[%\n", query="q=%zz|<é>&[]", two_way=False)
    url = written(entry)["request"]["url"]

    assert url.startswith("https://localhost:1443/%C3%A4%20b%3F%23%5B%25%0A?q=%25zz%7C")
    assert URI.fullmatch(url)
    assert urlsplit(url).query.endswith("&%5B%5D")


def test_a_form_has_parameters_and_another_body_has_text() -> None:
    form = written(exchange("POST", headers=FORM, body="a=1&a=b+c&password=hunter22"))
    text = written(exchange("POST", headers=JSON, body='{"a": 1}'))
    json_as_form = written(exchange("POST", headers=FORM, body='{"a": 1}'))

    assert form["request"]["postData"] == {
        "mimeType": FORM["content-type"],
        "params": [
            {"name": "a", "value": "1"},
            {"name": "a", "value": "b c"},
            {"name": "password", "value": "***"},
        ],
    }
    assert text["request"]["postData"] == {"mimeType": "application/json", "text": '{"a": 1}'}
    assert json_as_form["request"]["postData"]["text"] == '{"a": 1}'
    assert form["request"]["bodySize"] == len("a=1&a=b+c&password=hunter22")


def test_a_body_that_the_journal_does_not_have_is_told() -> None:
    made = written(exchange("POST", headers={"content-type": "image/png"}, body=b"\0\1"))["request"]

    assert made["postData"] == {
        "mimeType": "image/png",
        "text": "",
        "comment": "<2 bytes of image/png>",
    }
    assert made["_incomplete"] == ["body"]


def test_an_answer_has_status_words_and_content() -> None:
    answer = written(exchange(status=404, answer='{"message": "no"}'))["response"]

    assert (answer["status"], answer["statusText"]) == (404, "Not Found")
    assert answer["content"] == {
        "size": 17,
        "mimeType": "application/json",
        "text": '{"message": "no"}',
    }
    assert answer["bodySize"] == 17


@pytest.mark.parametrize("status", [0, 299, 999])
def test_a_status_without_words_has_none(status: int) -> None:
    assert written(exchange(status=status))["response"]["statusText"] == ""


def test_a_redirect_has_its_address() -> None:
    entry = exchange(status=302)
    assert entry.response is not None
    entry.response.raw_headers = [(b"Location", b"https://example.com/?code=abcdef&x=1")]

    answer = written(entry)["response"]
    assert answer["redirectURL"] == "https://example.com/?code=***&x=1"


def test_cookies_are_there_and_hidden() -> None:
    entry = exchange(headers={"cookie": "session=hunter22"})
    assert entry.response is not None
    entry.response.raw_headers = [(b"Set-Cookie", b"session=hunter22")]
    made = written(entry)

    assert made["request"]["cookies"] == [{"name": "***", "value": "***"}]
    assert made["response"]["cookies"] == [{"name": "***", "value": "***"}]
    assert "hunter22" not in json.dumps(made)


def test_what_har_has_no_member_for_begins_with_an_underscore() -> None:
    made = written(
        exchange(
            status=403,
            duration_ms=1.5,
            refused_by="certificate name",
            refused_because="The CN is another one.",
            expected="svc-demo",
            actual="svc-web",
        )
    )

    assert made["_refused_by"] == "certificate name"
    assert (made["_expected"], made["_actual"]) == ("svc-demo", "svc-web")
    assert made["_application"] == "demo-server"
    assert made["_listener"] == "two-way"
    assert made["_tls"]["version"] == "TLSv1.3"
    assert made["_tls"]["certificate"]["common_name"] == CERTIFICATE.common_name
    assert made["time"] == made["timings"]["wait"] == 1.5
    assert made["startedDateTime"] == "2027-01-15T08:00:00.250+00:00"
    assert "refused by certificate name: The CN is another one." in made["comment"]
    assert "_fault" not in made


def test_failed_handshakes_are_left_out_and_counted() -> None:
    assert har_entry(handshake(), ORIGINS) is None
    log = har([handshake(), exchange(), handshake()], ORIGINS, version="1.0")["log"]

    assert len(log["entries"]) == 1
    assert "2 failed handshakes are left out" in log["comment"]
    assert (
        "1 failed handshake is left out"
        in har([handshake()], ORIGINS, version="1")["log"]["comment"]
    )


@pytest.mark.long
@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_pieces_are_the_text_of_the_document(count: int) -> None:
    entries = [exchange(answer='{"a": "' + "x" * 1000 + '"}') for _ in range(count)]
    entries.append(handshake())
    pieces = list(har_pieces(entries, ORIGINS, version="1.0"))

    assert json.loads("".join(pieces)) == har(entries, ORIGINS, version="1.0")
    assert (len(pieces) > 5) is (count == 300)


def test_no_secret_is_in_it_wherever_it_stands() -> None:
    secret = "correct-horse-battery"
    index = SecretIndex()
    index.add(secret)
    entry = exchange(
        "POST",
        f"/x/{secret}",
        query=f"a={secret}",
        headers={**JSON, "x": secret},
        body=json.dumps({"a": secret}),
        answer=json.dumps({"b": secret}),
        secrets=index,
    )
    entry.note(f"saw {secret}")

    text = "".join(har_pieces([entry], ORIGINS, version="1.0"))
    assert secret not in text
    assert text.count("***") >= 6


@pytest.mark.long
def test_it_costs_no_more_than_its_size() -> None:
    entry = exchange("POST", headers=FORM, body="a=1&" * 100, answer='{"a": [1, 2]}')
    assert_linear(lambda n: lambda: "".join(har_pieces([entry] * n, ORIGINS, version="1.0")), 40)
