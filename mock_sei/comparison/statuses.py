"""Which assumption covers it if one of both accepted what the other one refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mock_sei.comparison.cases import TOO_LARGE, Case, Suggestion
from mock_sei.comparison.durations import limit_above, limit_below, size_above, size_below
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

_OF_INFORMATION = frozenset({"access_token", "token_type", "expires_in", "scope", "app_name"})
_ENOUGH = 3
_SHORTEST_IDLE = 60
"""Seconds; a token that is refused earlier was not left idle."""


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


def suggest_by_status(case: Case) -> Iterator[Suggestion]:
    """The rows that cover a status that differs."""
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
