"""An explanation of an unknown code, refresh token or session, for the journal."""

from __future__ import annotations

from collections.abc import Callable

from mock_sei.oauth.server import AuthorizationServer
from mock_sei.reasons.values import find_difference


def explain_unknown(
    text: str, find: Callable[[str], object | None], server: AuthorizationServer
) -> str:
    """A sentence about an unknown text, with a blank before it; empty if nothing is known.

    The text may differ only a little from one that ``find`` finds, or it may be a value of another
    kind.
    """
    difference = find_difference(text, lambda each: find(each) is not None)
    if difference is not None:
        return f" It is equal to one that was issued, except for {difference}."
    kind = server.kind_of(text)
    return f" {kind[0].upper()}{kind[1:]} was sent instead." if kind else ""
