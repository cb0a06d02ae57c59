"""Which assumption covers a difference: one function for each kind of evidence, in tables.

Whether a suggestion is right shows the next run (``rounds.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from mock_sei.assumptions.groups import STANDARD_MEMBERS
from mock_sei.assumptions.table import Assumptions
from mock_sei.comparison.cases import FIRST_REFUSAL, Case, Suggestion
from mock_sei.comparison.differences import DifferenceKind
from mock_sei.comparison.paging_names import suggest_paging
from mock_sei.comparison.playing import Played
from mock_sei.comparison.statuses import suggest_by_status

_ENDPOINTS = {
    "token_endpoint": "path.token",
    "authorization_endpoint": "path.authorize",
    "revocation_endpoint": "path.revoke",
}


def suggestions(case: Case) -> list[Suggestion]:
    """The rows that cover a difference, each with its value; none if it is a finding."""
    found: list[Suggestion] = []
    for suggest in _TABLE.get(case.difference.kind, ()):
        found += suggest(case)
        if found:
            break
    return found


def observed(played: Played, rules: Assumptions) -> Iterator[Suggestion]:
    """What a page of a log-in shows, which is not compared."""
    exchange = played.compared.exchange
    sent = played.facts.parameters
    response = exchange.response
    if exchange.request.method != "GET" or "response_type" not in sent or response is None:
        return
    if response.status >= FIRST_REFUSAL or played.facts.is_token_request:
        return
    if exchange.request.path != rules.path.authorize:
        yield "path.authorize", exchange.request.path
    location = response.find_header("location")
    if location is None:
        return
    there = urlsplit(location)
    own = not there.netloc or _host(there) == _host(urlsplit(exchange.request.url))
    if own and "client_id=" in there.query and there.path != rules.path.login:
        yield "path.login", there.path


def _host(parts: SplitResult) -> tuple[str | None, int | None]:
    return parts.hostname, parts.port or _PORTS.get(parts.scheme)


_PORTS = {"https": 443, "http": 80}


# Answers that both gave


def _token_member(case: Case) -> Iterator[Suggestion]:
    """A member of an answer with a token."""
    difference = case.difference
    name = difference.where.removeprefix("/")
    if not _has_token(case) or "/" in name:
        return
    theirs, kind, extra = difference.theirs, difference.kind, case.rules.token.extra_members
    if name == "token_type" and isinstance(theirs, str):
        yield "token.type", theirs
    elif name in ("expires_in", "refresh_token_expires_in") and kind is DifferenceKind.TYPE:
        yield "token.expires_in", "string" if isinstance(theirs, str) else "integer"
    elif name == "expires_in" and case.played.facts.is_token_request:
        yield "token.lifetime", _seconds(theirs)
    elif name == "refresh_token_expires_in":
        passed = case.played.ages.refresh_token or 0
        yield "refresh_token.lifetime", _seconds(theirs) + round(passed)
    elif name == "refresh_token" and kind is DifferenceKind.VALUE:
        yield "refresh_token.rotates", not theirs
    elif name == "scope" and kind is DifferenceKind.MISSING:
        yield "token.scope_named", False
    elif name == "scope" and kind is DifferenceKind.ADDED:
        yield "token.scope_named", True
    elif kind is DifferenceKind.ADDED and name not in STANDARD_MEMBERS:
        yield "token.extra_members", {**extra, name: theirs}
    elif kind is DifferenceKind.MISSING and name in extra:
        yield "token.extra_members", {each: extra[each] for each in extra if each != name}
    elif kind in (DifferenceKind.VALUE, DifferenceKind.TYPE) and name in extra:
        yield "token.extra_members", {**extra, name: theirs}


def _seconds(value: object) -> int:
    """A number of seconds, also as a text; 0, which no row takes, if it is none."""
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return 0


def _has_token(case: Case) -> bool:
    answer = case.played.compared.answer
    value = None if answer is None else answer.find_json()
    return case.accepted and isinstance(value, dict) and "access_token" in value


def _endpoint(case: Case) -> Iterator[Suggestion]:
    row = _ENDPOINTS.get(case.difference.where.rpartition("/")[2])
    if row is not None and isinstance(case.difference.theirs, str):
        yield row, urlsplit(case.difference.theirs).path


def _tracking(case: Case) -> Iterator[Suggestion]:
    is_tracking = case.difference.where == case.rules.request.tracking_header
    if is_tracking and isinstance(case.difference.theirs, str):
        yield "request.tracking_header", case.difference.theirs


def _paging(case: Case) -> Iterator[Suggestion]:
    if any(case.parameters.values()):  # the size depends on which of two values counts
        other = {"first": "last", "last": "first"}.get(case.rules.request.repeated_parameter)
        if other is not None:
            yield "request.repeated_parameter", other
        return
    yield from suggest_paging(case.played, case.difference, case.rules.paging)


_MEMBERS = (_token_member, _endpoint, _paging)
_TABLE: Mapping[DifferenceKind, tuple[Callable[[Case], Iterator[Suggestion]], ...]] = {
    DifferenceKind.STATUS: (suggest_by_status,),
    DifferenceKind.HEADER: (_tracking,),
    DifferenceKind.ADDED: _MEMBERS,
    DifferenceKind.MISSING: _MEMBERS,
    DifferenceKind.TYPE: _MEMBERS,
    DifferenceKind.VALUE: _MEMBERS,
    DifferenceKind.PAGE: (_paging,),
}
