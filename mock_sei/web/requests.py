"""Reading what the framework has not read yet: headers, sizes, the exchange of a request."""

from __future__ import annotations

import re

from fastapi import Request

from mock_sei.web.exchange import BODY_LIMIT, SCOPE_KEY, Exchange, body_too_large, find_header

Headers = list[tuple[bytes, bytes]]


def exchange_of(request: Request) -> Exchange:
    exchange: Exchange = request.scope[SCOPE_KEY]
    return exchange


def refuse_announced_size(headers: Headers) -> None:
    """Refuses by ``Content-Length`` before a byte of the body is read."""
    size = announced_size(headers)
    if size > BODY_LIMIT:
        raise body_too_large(str(size))


def announced_size(headers: Headers) -> int:
    """Bytes by ``Content-Length``, 0 where it says nothing; of a longer number its first digits."""
    announced = find_header(headers, b"content-length") or b""
    return int(announced.lstrip(b"0")[:20] or b"0") if announced.isdigit() else 0


def header_text(headers: Headers, name: bytes) -> str | None:
    """``name`` in lower case."""
    value = find_header(headers, name)
    return None if value is None else value.decode("latin-1")


def find_cookie(headers: Headers, name: str) -> str | None:
    """The value of a cookie, as it was set; of a repeated one the last.

    Not the framework's ``request.cookies``: before Python 3.11.10 and 3.12.6 that takes time in the
    square of a value of backslashes (CVE-2024-7592), and none of our cookies has one.
    """
    wanted = re.compile(rf"(?:^|;)[ \t]*+{re.escape(name)}[ \t]*+=([^;]*+)")
    values = [
        found[1].strip(" \t")
        for header in find_headers(headers, b"cookie")
        for found in wanted.finditer(header)
    ]
    return values[-1] if values else None


def find_headers(headers: Headers, name: bytes) -> list[str]:
    """Every value of a header; ``name`` in lower case."""
    return [value.decode("latin-1") for each, value in headers if each == name]
