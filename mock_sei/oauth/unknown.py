"""Why nobody issued a code, refresh token or session that came: a sentence for the journal."""

from __future__ import annotations

from collections.abc import Callable

from mock_sei.oauth.server import AuthorizationServer
from mock_sei.reasons.values import find_difference


def explain_unknown(
    text: str, find: Callable[[str], object | None], server: AuthorizationServer
) -> str:
    """How it is nearly one that ``find`` finds, or what it is instead; a blank before it.

    Empty where nothing is known of it.
    """
    difference = find_difference(text, lambda each: find(each) is not None)
    if difference is not None:
        return f" It is equal to one that was issued but for {difference}."
    kind = server.kind_of(text)
    return f" {kind[0].upper()}{kind[1:]} came in its place." if kind else ""
