"""Which scope a token gets. ``ilservices`` is the only one the vendor's pages know."""

from __future__ import annotations

from mock_sei.errors import SCOPE_INVALID, Refusal
from mock_sei.registry import Application


def granted_scope(requested: str | None, application: Application) -> str:
    """The requested scope, or all the application has where none is requested.

    Raises ``invalid_scope`` for a scope that the application's entry does not list (RFC 6749
    section 3.3).
    """
    if requested is None:
        return " ".join(application.scopes)
    wanted = requested.split()
    unknown = [each for each in wanted if each not in application.scopes]
    if unknown or not wanted:
        raise Refusal(
            SCOPE_INVALID,
            check="scope",
            because=f"{application.name} has not the scope {' '.join(unknown)[:100]!r}; leave "
            "scope out, or ask for what its entry lists.",
            expected=" ".join(application.scopes),
            actual=requested[:100],
        )
    return " ".join(dict.fromkeys(wanted))
