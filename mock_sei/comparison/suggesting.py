"""Which assumption covers a difference: one function for each kind of evidence, in tables.

A suggestion is the name of a row and the value that the real platform shows. Whether it is right
shows the next run (``rounds.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mock_sei.assumptions.groups import STANDARD_MEMBERS
from mock_sei.assumptions.table import Assumptions
from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.comparison.durations import limit_above, limit_below, size_above, size_below
from mock_sei.comparison.paging_names import suggest_paging
from mock_sei.comparison.playing import Played
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

Suggestion = tuple[str, Any]

_FIRST_REFUSAL = 400
TOO_LARGE = 413
_ENDPOINTS = {
    "token_endpoint": "path.token",
    "authorization_endpoint": "path.authorize",
    "revocation_endpoint": "path.revoke",
}
_OF_INFORMATION = frozenset({"access_token", "token_type", "expires_in", "scope", "app_name"})
_ENOUGH = 3
_SHORTEST_IDLE = 60
"""Seconds; a token that is refused earlier was not left idle."""


@dataclass(kw_only=True)
class Seen:
    """What the recording showed so far: the longest times and sizes that were accepted."""

    idle: float = 0
    token: float = 0
    code: float = 0
    refresh_token: float = 0
    body: int = 0
    reused: bool = False
    """Whether a refresh token was used twice."""
    lifetimes: set[int] = field(default_factory=set)
    """The values of ``expires_in`` of token responses."""

    def note(self, played: Played, *, accepted: bool) -> None:
        ages = played.ages
        exchange = played.compared.exchange
        self.reused = self.reused or ages.is_used_refresh_token
        if accepted:
            self.idle = max(self.idle, ages.idle or 0)
            self.token = max(self.token, ages.token or 0)
            self.code = max(self.code, ages.code or 0)
            self.refresh_token = max(self.refresh_token, ages.refresh_token or 0)
        if exchange.response is not None and exchange.response.status != TOO_LARGE:
            self.body = max(self.body, exchange.request.body.size)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One difference with everything that says which assumption covers it."""

    played: Played
    difference: AnswerDifference
    rules: Assumptions
    """The mock's assumptions in this run."""
    seen: Seen
    parameters: Mapping[str, int]
    """By name, how often the query has each parameter that it repeats or that no document names;
    0 for an unknown one."""

    is_of_size: bool
    """Whether only one of the two refused the size of the body."""

    @property
    def accepted(self) -> bool:
        response = self.played.compared.exchange.response
        return response is not None and response.status < _FIRST_REFUSAL

    @property
    def ours_accepted(self) -> bool:
        answer = self.played.compared.answer
        return answer is not None and 0 < answer.status < _FIRST_REFUSAL

    @property
    def theirs_status(self) -> int:
        response = self.played.compared.exchange.response
        return 0 if response is None else response.status

    @property
    def check(self) -> str | None:
        answer = self.played.compared.answer
        return None if answer is None else answer.check

    @property
    def kind(self) -> str | None:
        answer = self.played.compared.answer
        return None if answer is None else answer.kind


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
    if response.status >= _FIRST_REFUSAL or played.facts.is_token_request:
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


# Accepted there, refused here


def _lifetime_too_short(case: Case) -> Iterator[Suggestion]:
    ages, rules = case.played.ages, case.rules
    if case.kind == "token_expired" and ages.token is not None and ages.idle is not None:
        if ages.idle >= rules.token.idle_limit.total_seconds():
            yield "token.idle_limit", limit_above(ages.idle)
        if ages.token >= rules.token.lifetime.total_seconds():
            yield "token.lifetime", limit_above(ages.token)
    code = ages.code or 0
    if case.check == checks.CODE and code >= rules.code.lifetime.total_seconds():
        yield "code.lifetime", limit_above(code)
    if case.check == checks.REFRESH_TOKEN and ages.refresh_token is not None:
        if ages.is_used_refresh_token and rules.refresh_token.rotates:
            yield "refresh_token.rotates", False
        elif ages.refresh_token >= rules.refresh_token.lifetime.total_seconds():
            yield "refresh_token.lifetime", limit_above(ages.refresh_token)


def _family_ended(case: Case) -> Iterator[Suggestion]:
    is_token = case.kind in ("token_invalid", "grant_invalid")
    if is_token and case.seen.reused and case.rules.refresh_token.reuse_ends_family:
        yield "refresh_token.reuse_ends_family", False


def _parameter_refused(case: Case) -> Iterator[Suggestion]:
    if case.kind != "parameter_invalid":
        return
    if any(case.parameters.values()) and case.rules.request.repeated_parameter == "refuse":
        yield "request.repeated_parameter", "first"
        yield "request.repeated_parameter", "last"
    elif 0 in case.parameters.values() and case.rules.request.unknown_parameter == "refuse":
        yield "request.unknown_parameter", "ignore"


def _body_refused(case: Case) -> Iterator[Suggestion]:
    if case.kind == "body_too_large":
        yield "request.body_limit", size_above(case.played.compared.exchange.request.body.size)


def _path_unknown(case: Case) -> Iterator[Suggestion]:
    """A path that the mock does not have, and what it must be by the request and the answer."""
    if case.kind not in ("not_found", "method_not_allowed") and case.check != checks.PATH:
        return
    played, exchange = case.played, case.played.compared.exchange
    path, facts = exchange.request.path, played.facts
    value = exchange.response.body.find_json() if exchange.response else None
    members = set(value) if isinstance(value, dict) else set()
    if facts.is_token_request:
        yield "path.token", path
    elif exchange.request.method == "POST" and facts.parameters.keys() & {"token"}:
        yield "path.revoke", path
    elif facts.token is not None and len(members & _OF_INFORMATION) >= _ENOUGH:
        yield "path.token_information", path
    elif facts.token is not None and played.has_identifier_at_end:
        yield "path.insight_status", f"{path.rpartition('/')[0]}/{{key}}"


# Refused there, accepted here


def _lifetime_too_long(case: Case) -> Iterator[Suggestion]:
    ages, seen, facts = case.played.ages, case.seen, case.played.facts
    if facts.grant == GrantType.AUTHORIZATION_CODE and ages.code is not None:
        yield "code.lifetime", limit_below(ages.code, seen.code)
    elif facts.grant == GrantType.REFRESH_TOKEN and ages.is_used_refresh_token:
        yield "refresh_token.rotates", True
    elif facts.grant == GrantType.REFRESH_TOKEN and ages.refresh_token is not None:
        yield "refresh_token.lifetime", limit_below(ages.refresh_token, seen.refresh_token)


def _family_lives(case: Case) -> Iterator[Suggestion]:
    is_off = not case.rules.refresh_token.reuse_ends_family
    if case.seen.reused and is_off and _uses_token(case):
        yield "refresh_token.reuse_ends_family", True


def _token_too_old(case: Case) -> Iterator[Suggestion]:
    ages = case.played.ages
    if case.theirs_status not in (401, 403, _kind_status(case)) or not _uses_token(case):
        return
    if ages.idle is None or ages.token is None or case.played.facts.grant is not None:
        return
    if ages.idle >= max(_SHORTEST_IDLE, case.seen.idle):
        yield "token.idle_limit", limit_below(ages.idle, case.seen.idle)
    elif ages.token > case.seen.token:
        yield "token.lifetime", limit_below(ages.token, case.seen.token)


def _kind_status(case: Case) -> int:
    changed = case.rules.refusal.changed.get("token_expired", {})
    return int(changed.get("status", 401))


def _uses_token(case: Case) -> bool:
    return case.played.facts.token is not None


def _parameter_taken(case: Case) -> Iterator[Suggestion]:
    if any(case.parameters.values()):
        yield "request.repeated_parameter", "refuse"
    elif 0 in case.parameters.values():
        yield "request.unknown_parameter", "refuse"


def _body_taken(case: Case) -> Iterator[Suggestion]:
    if case.theirs_status == TOO_LARGE and case.kind != "body_too_large":
        size = case.played.compared.exchange.request.body.size
        yield "request.body_limit", size_below(size, case.seen.body)


_ACCEPTED_THERE: tuple[Callable[[Case], Iterator[Suggestion]], ...] = (
    _path_unknown,
    _lifetime_too_short,
    _family_ended,
    _parameter_refused,
    _body_refused,
)
_ACCEPTED_HERE: tuple[Callable[[Case], Iterator[Suggestion]], ...] = (
    _body_taken,
    _lifetime_too_long,
    _family_lives,
    _token_too_old,
    _parameter_taken,
)


def _of_status(case: Case) -> Iterator[Suggestion]:
    if case.accepted and not case.ours_accepted:
        table = _ACCEPTED_THERE
    elif case.ours_accepted and not case.accepted:
        table = _ACCEPTED_HERE
    else:
        table = (_body_taken, _body_refused) if case.is_of_size else ()
    for suggest in table:
        found = list(suggest(case))
        if found:
            yield from found
            return


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
        yield "token.lifetime", int(float(theirs))
    elif name == "refresh_token_expires_in":
        yield "refresh_token.lifetime", round(float(theirs) + (case.played.ages.refresh_token or 0))
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
    DifferenceKind.STATUS: (_of_status,),
    DifferenceKind.HEADER: (_tracking,),
    DifferenceKind.ADDED: _MEMBERS,
    DifferenceKind.MISSING: _MEMBERS,
    DifferenceKind.TYPE: _MEMBERS,
    DifferenceKind.VALUE: _MEMBERS,
    DifferenceKind.PAGE: (_paging,),
}
