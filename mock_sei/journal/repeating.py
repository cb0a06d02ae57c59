"""Which recorded requests can be sent again, and which of their parts are left out then."""

from __future__ import annotations

import re
from collections.abc import Callable

from mock_sei.errors import one_line
from mock_sei.journal.entries import Entry, HttpRequest
from mock_sei.journal.hidden_values import HiddenValue, HiddenValues

LEFT_OUT = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "accept-encoding",
        "user-agent",
        "expect",
        "requesttrackingid",
    }
)
"""Headers that belong to one connection or one request; a client sends its own."""
TOKEN_SCHEMES = ("bearer", "bearertoken")
"""Schemes of the ``Authorization`` header that have a token, in lower case."""
DOTS = re.compile(r"/\.{1,2}(?:/|\Z)")
"""A segment of a path that clients remove unless they are told not to."""

UNREAD = "?"
"""The method of a request that could not be read."""
_NOTE = 100
"""Characters of what the journal shows in place of a body."""


def whole_request(entry: Entry) -> HttpRequest:
    """The request, if the journal has all of it.

    Raises ``ValueError`` with the reason, a clause, if it has not.
    """
    request = entry.request
    if request is None:
        raise ValueError("a failed handshake has no request")
    if request.method == UNREAD:
        raise ValueError("the request could not be read as HTTP")
    if request.incomplete:
        parts = " and ".join(request.incomplete)
        told = f": {one_line(request.body[:_NOTE])}" if request.incomplete == ["body"] else ""
        if not told.startswith(": <"):
            told = ""
        raise ValueError(f"the journal does not have the whole {parts}{told}")
    return request


def named(hidden: HiddenValues, name: str) -> Callable[[str], HiddenValue]:
    """What is hidden in the value of a parameter or header, whatever stands before it there."""
    return lambda _: hidden.named(name)
