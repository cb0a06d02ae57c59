"""What of a recorded answer is sent again: headers, bodies, and links to this server."""

from __future__ import annotations

import gzip

from mock_sei.recordings.exchanges import RecordedBody, RecordedHeaders, RecordedResponse
from mock_sei.replay.answers import (
    RawHeaders,
    RecordedAnswer,
    RecordedOrigins,
    sendable_body,
    sendable_headers,
)
from mock_sei.rules.standards import Listener
from tests.cases import every_case
from tests.recordings.made import body

THEIRS = "https://test.example.com:444"
ONE_WAY = "https://test.example.com"


def headers(*pairs: tuple[str, str], sent: RecordedBody | None = None) -> RawHeaders:
    given: RecordedHeaders = pairs
    answer = sent or RecordedBody()
    return sendable_headers(RecordedResponse(status=200, headers=given, body=answer))


@every_case(
    "name",
    [
        *("Connection", "keep-alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer"),
        *("Proxy-Authenticate", "Content-Length", "Content-Encoding", "Date"),
        *("RequestTrackingId", "requesttrackingid", "Access-Control-Allow-Origin"),
        *("Strict-Transport-Security", "Alt-Svc"),
    ],
)
def test_headers_of_the_connection_are_left_out(name: str) -> None:
    assert headers((name, "x"), ("X-Kept", "1")) == ((b"X-Kept", b"1"),)


def test_what_connection_names_is_left_out() -> None:
    assert headers(("Connection", "close, X-Hop"), ("x-hop", "1"), ("ETag", "2")) == (
        (b"ETag", b"2"),
    )


def test_other_headers_keep_order_case_and_repetitions() -> None:
    given = [("x-B", "1"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Server", "theirs")]

    assert headers(*given) == tuple((name.encode(), value.encode()) for name, value in given)


def test_lines_that_a_browser_joined_are_several_headers() -> None:
    found = headers(("set-cookie", "a=1; Path=/\nb=2"))

    assert found == ((b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2"))


def test_letters_beyond_latin_1_are_sent_as_utf_8() -> None:
    assert headers(("X-Name", "\u0142")) == ((b"X-Name", "\u0142".encode()),)


def test_a_body_without_content_type_gets_the_one_of_the_recording() -> None:
    assert headers(sent=body("{}")) == ((b"Content-Type", b"application/json"),)
    assert headers(("content-type", "text/x"), sent=body("{}")) == ((b"content-type", b"text/x"),)
    assert headers() == ()


def test_a_body_that_is_still_compressed_says_so() -> None:
    given, zipped = ("Content-Encoding", "gzip"), gzip.compress(b"{}")
    kept = (b"Content-Encoding", b"gzip")

    assert kept in headers(given, sent=body(zipped))
    assert kept not in headers(given, sent=body("{}"))
    assert kept not in headers(given, sent=body(zipped, "application/gzip"))


@every_case(
    ("media_type", "data", "sent"),
    [
        ("text/plain", "\u00e9".encode(), "\u00e9".encode()),
        ("text/plain; charset=utf-8", "\u00e9".encode(), "\u00e9".encode()),
        ("text/plain; charset=ISO-8859-1", "\u00e9".encode(), b"\xe9"),
        ('text/plain; charset="latin1"', b"\xe9", b"\xe9"),
        ("text/plain; charset=none-such", "\u00e9".encode(), "\u00e9".encode()),
        ("text/plain; charset=ascii", "\u00e9".encode(), "\u00e9".encode()),
    ],
)
def test_a_text_has_the_charset_that_its_header_says(
    media_type: str, data: bytes, sent: bytes
) -> None:
    assert sendable_body(body(data, media_type)) == sent


def own(listener: Listener) -> str:
    return "https://localhost:8444" if listener is Listener.TWO_WAY else "https://localhost:8443"


def origins() -> RecordedOrigins:
    made = RecordedOrigins()
    made.add(f"{THEIRS}/v1/x", Listener.TWO_WAY)
    made.add(f"{ONE_WAY}/v1/x", Listener.ONE_WAY)
    return made


def answer(is_json: bool = True, given: RawHeaders = ()) -> RecordedAnswer:
    return RecordedAnswer(
        file="a.har",
        number=1,
        status=200,
        headers=given,
        body=None,
        is_json=is_json,
        origin=THEIRS,
    )


def sent_body(text: str, here: Listener = Listener.TWO_WAY, *, is_json: bool = True) -> str:
    return origins().own_body(text.encode(), answer(is_json), here, own).decode()


@every_case(
    ("text", "sent"),
    [
        (f'{{"a":"{THEIRS}/v1/x?b=1"}}', '{"a":"https://localhost:8444/v1/x?b=1"}'),
        (f'{{"a":"{THEIRS}"}}', '{"a":"https://localhost:8444"}'),
        (
            f'["{ONE_WAY}/v1","{ONE_WAY}:443/"]',
            '["https://localhost:8443/v1","https://localhost:8443/"]',
        ),
        ('["HTTPS://Test.Example.com/v1"]', '["https://localhost:8443/v1"]'),
        (r'["https:\/\/test.example.com\/v1"]', r'["https:\/\/localhost:8443\/v1"]'),
    ],
)
def test_links_in_json_lead_to_this_server(text: str, sent: str) -> None:
    assert sent_body(text) == sent


@every_case(
    "text",
    [
        '["https://other.example.com/v1"]',
        '["https://test.example.com:4444/v1"]',
        '["https://test.example.com.evil/v1"]',
        '["https://test.example.communal"]',
        '["http://test.example.com/v1"]',
        f'["see {ONE_WAY}/v1"]',
        r'["say \"https://test.example.com/\""]',
        '["https://[/"]',
    ],
)
def test_other_texts_in_json_stay(text: str) -> None:
    assert sent_body(text) == text


def test_what_is_no_json_stays() -> None:
    assert sent_body(f'"{THEIRS}/v1"', is_json=False) == f'"{THEIRS}/v1"'


def test_a_link_to_the_origin_of_the_call_leads_to_the_listener_that_is_called() -> None:
    assert sent_body(f'["{THEIRS}/"]', Listener.ONE_WAY) == '["https://localhost:8443/"]'


def test_links_in_headers_lead_to_this_server() -> None:
    given = (
        (b"Location", f"{THEIRS}/v1/x/1".encode()),
        (b"link", f'<{ONE_WAY}/v1?p=2>; rel="next", <{THEIRS}/a>; rel=last'.encode()),
        (b"location", b"/relative"),
        (b"X-Other", THEIRS.encode()),
    )

    assert origins().own_headers(answer(given=given), Listener.TWO_WAY, own) == (
        (b"Location", b"https://localhost:8444/v1/x/1"),
        (
            b"link",
            b'<https://localhost:8443/v1?p=2>; rel="next", <https://localhost:8444/a>; rel=last',
        ),
        (b"location", b"/relative"),
        (b"X-Other", THEIRS.encode()),
    )
