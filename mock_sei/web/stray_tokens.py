"""Finds a token in a wrong place of a call without ``Authorization`` header, for the journal."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request

from mock_sei.journal.entries import BODY_KEPT
from mock_sei.oauth.token_request import MAX_PARAMETERS
from mock_sei.web.faults import has_form
from mock_sei.web.requests import find_cookie, header_text

NAMES = frozenset(
    {"access_token", "accesstoken", "access-token", "token", "bearer", "bearer_token", "auth"}
)
"""Names of parameters in which clients send a token instead of the header, in lower case."""
COOKIES = ("access_token", "accessToken", "token")
HEADERS = ("access-token", "x-access-token", "x-auth-token", "token", "proxy-authorization")


async def find_stray_token(request: Request) -> str | None:
    """The place of the token, in words; None if there is no token, or an Authorization header.

    Reads the body if it is a small form. Raises what reading a body raises.
    """
    headers = request.scope["headers"]
    if header_text(headers, b"authorization"):
        return None
    for name in HEADERS:
        if header_text(headers, name.encode()):
            return f"the header {name}"
    cookie = next((name for name in COOKIES if find_cookie(headers, name)), None)
    if cookie:
        return f"the cookie {cookie}"
    found = _name_in(request.scope["query_string"])
    if found:
        return f"the query string ({found}=)"
    if not has_form(request.scope):
        return None
    found = _name_in(await request.body())
    return f"the form of the body ({found}=)" if found else None


def _name_in(form: bytes) -> str | None:
    try:
        pairs: Iterable[tuple[str, str]] = parse_qsl(
            form[:BODY_KEPT].decode("latin-1"), max_num_fields=MAX_PARAMETERS
        )
    except ValueError:  # too many
        return None
    return next((name for name, value in pairs if value and name.lower() in NAMES), None)
