"""The URLs of recorded requests, which a client can call again.

The journal shows paths decoded and secrets as ``***``; here they become URLs (RFC 3986).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from mock_sei.journal.entries import HttpRequest
from mock_sei.rules.standards import Listener

_IN_PATH = "/!$&'()*+,;=:@"
_IN_QUERY = f"{_IN_PATH}?%"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Scheme, host and port of the two TLS listeners, such as ``https://localhost:444``."""

    one_way: str
    two_way: str

    def of(self, listener: Listener) -> str:
        """The origin of one listener."""
        return self.two_way if listener is Listener.TWO_WAY else self.one_way


def quote_path(path: str) -> str:
    """A path as it stands in a URL. The path is decoded."""
    return quote(path, safe=_IN_PATH)


def quote_query(query: str) -> str:
    """A query string as it stands in a URL. It is encoded, but may have characters that no URL
    has."""
    return quote(_LONE_PERCENT.sub("%25", query), safe=_IN_QUERY)


def url_of(request: HttpRequest, origin: str) -> str:
    """The URL of a request, with secrets hidden. ``origin`` is that of its listener."""
    query = request.query
    path = quote_path(request.wire_path or request.shown_path)
    return f"{origin}{path}?{quote_query(query)}" if query else f"{origin}{path}"
