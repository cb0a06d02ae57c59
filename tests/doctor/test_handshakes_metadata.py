"""The token endpoint of a server is where its metadata says, if that can be read."""

from __future__ import annotations

import json

from mock_sei.doctor.handshakes import _find_token_path, _is_complete
from tests.cases import every_case


@every_case(
    ("told", "path"),
    [
        ({"token_endpoint": "https://mock.example/oauth2/token"}, "/oauth2/token"),
        ({"token_endpoint": "https://elsewhere.example:8443/v2/oauthtoken?x=1"}, "/v2/oauthtoken"),
        ({"token_endpoint": "https://mock.example"}, None),
        ({"token_endpoint": "https://mock.example/a b"}, None),
        ({"token_endpoint": "https://mock.example/a\r\nX: y"}, None),
        ({"token_endpoint": "https://[mock.example/token"}, None),
        ({"token_endpoint": 5}, None),
        ({"token_endpoint": f"https://mock.example/{'a' * 300}"}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_path_is_taken_only_from_a_plain_address(told: object, path: str | None) -> None:
    assert _find_token_path(json.dumps(told).encode()) == path


@every_case("body", [b"", b"<html>", b"[" * 100_000, b"\xff"])
def test_what_is_no_metadata_names_no_path(body: bytes) -> None:
    assert _find_token_path(body) is None


@every_case(
    ("answer", "complete"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\nDate: x\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", True),
    ],
)
def test_an_answer_is_read_as_far_as_its_head_says(answer: bytes, complete: bool) -> None:
    assert _is_complete(bytearray(answer)) is complete
