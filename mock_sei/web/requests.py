"""Reads a request's headers, sizes, cookies and exchange directly from its scope."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastapi import Request

from mock_sei.errors import REQUEST_INVALID, Refusal
from mock_sei.gateway import ACCESS_TOKEN
from mock_sei.oauth.token_request import MEDIA_TYPES, PARSING
from mock_sei.web.exchange import OWN_BODY, SCOPE_KEY, Exchange, find_header, refuse_size

Headers = list[tuple[bytes, bytes]]


def exchange_of(request: Request) -> Exchange:
    """The exchange of a request."""
    exchange: Exchange = request.scope[SCOPE_KEY]
    return exchange


def refuse_announced_size(headers: Headers) -> None:
    """Raises :class:`Refusal` if a form's ``Content-Length`` is too large, before it is read."""
    refuse_size(announced_size(headers), OWN_BODY)


def announced_size(headers: Headers) -> int:
    """The bytes that ``Content-Length`` gives; 0 without the header. Reads at most 20 digits."""
    announced = find_header(headers, b"content-length") or b""
    return int(announced.lstrip(b"0")[:20] or b"0") if announced.isdigit() else 0


def header_text(headers: Headers, name: bytes) -> str | None:
    """The first value of a header as text; None without one. ``name`` must be in lower case."""
    value = find_header(headers, name)
    return None if value is None else value.decode("latin-1")


def only_header(headers: Headers, name: str) -> str | None:
    """The value of a header that a request may have only once; None without it.

    ``name`` is spelled as the journal shows it. Raises ``invalid_request`` if the header came more
    than once, even with equal values: servers take the first, the last or both joined, so the real
    platform may read another value (RFC 9110 section 5.3).
    """
    values = find_headers(headers, name.lower().encode())
    if len(values) > 1:
        raise Refusal(
            REQUEST_INVALID,
            check=PARSING,
            because=f"The {name} header came {len(values)} times; send it once (RFC 9110 section "
            "5.3). A library, a proxy or a default of the session may have added one of them.",
            expected=f"one {name} header",
            actual=f"{len(values)}",
            description=f"The {name} header came more than once.",
        )
    return values[0] if values else None


def is_form_type(content_type: str | None) -> bool:
    """Whether a Content-Type is one of the form types."""
    return (content_type or "").partition(";")[0].strip().lower() in MEDIA_TYPES


def has_access_token(text: bytes) -> bool:
    """Whether a query or form gives ``access_token`` a value, however its name is encoded."""
    return has_access_token_in([text])


def has_access_token_in(pieces: Iterable[bytes]) -> bool:
    """Whether a form, given in pieces, has a value for ``access_token``.

    Other threads can run between two pieces.
    """
    before = b"&"
    for piece in pieces:
        text = before + piece
        if _ACCESS_TOKEN.search(text) is not None:
            return True
        before = text[-_LONGEST_MATCH:]
    return False


_LONGEST_MATCH = len("&=x") + len("%61") * len(ACCESS_TOKEN)

_ACCESS_TOKEN = re.compile(
    "&{}=[^&]".format(
        "".join(f"(?:{each}|%{ord(each):02x}|%{ord(each):02X})" for each in ACCESS_TOKEN)
    ).encode()
)


def find_cookie(headers: Headers, name: str) -> str | None:
    """The value of a cookie, not unquoted; the last value if it came more than once.

    The framework's ``request.cookies`` is not used: before Python 3.11.10 and 3.12.6 it takes
    quadratic time for a value of backslashes (CVE-2024-7592). Our cookies contain none.
    """
    wanted = re.compile(rf"(?:^|;)[ \t]*+{re.escape(name)}[ \t]*+=([^;]*+)")
    values = [
        found[1].strip(" \t")
        for header in find_headers(headers, b"cookie")
        for found in wanted.finditer(header)
    ]
    return values[-1] if values else None


def find_headers(headers: Headers, name: bytes) -> list[str]:
    """Every value of a header. ``name`` must be in lower case."""
    return [value.decode("latin-1") for each, value in headers if each == name]
