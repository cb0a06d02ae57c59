"""The scope that a token gets. The vendor's pages only know ``ilservices``."""

from __future__ import annotations

from mock_sei.errors import SCOPE_INVALID, Refusal
from mock_sei.reasons.values import but_for, find_difference
from mock_sei.rules import checks
from mock_sei.rules.records import Application


def granted_scope(requested: str | None, application: Application) -> str:
    """The scope of a new token: the requested one, or all that the application may have.

    Raises ``invalid_scope`` for a scope that the application's entry does not list (RFC 6749
    section 3.3).
    """
    source = f"{application.name}'s own scopes"
    return _within(requested, application.scopes, source)


def narrowed_scope(requested: str | None, granted: str) -> str:
    """The scope of a refreshed token: the granted scope or a part of it (RFC 6749 section 6).

    Raises ``invalid_scope``.
    """
    return _within(requested, granted.split(), "the first token's scopes")


def _within(requested: str | None, allowed: tuple[str, ...] | list[str], source: str) -> str:
    if requested is None:
        return " ".join(allowed)
    wanted = requested.split()
    known = frozenset(allowed)
    unknown = [each for each in wanted if each not in known]
    if unknown or not wanted:
        raise Refusal(
            SCOPE_INVALID,
            check=checks.SCOPE,
            because=f"The scope has a part that is not one of {source}"
            f"{but_for(_difference(requested, known))}; leave scope out, or ask for these scopes.",
            expected=" ".join(allowed),
            actual=" ".join(unknown) or requested,
        )
    return " ".join(dict.fromkeys(wanted))


def _difference(requested: str, known: frozenset[str]) -> str | None:
    """A difference between the requested scope and the known ones, which explains the mistake."""
    folded = {each.casefold() for each in known}
    if "," in requested and known.intersection(requested.replace(",", " ").split()):
        return "commas between its parts instead of blanks"
    return find_difference(
        requested,
        lambda text: set(text.split()) <= known,
        fits_in_other_case=lambda text: {each.casefold() for each in text.split()} <= folded,
    )
