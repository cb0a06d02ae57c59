"""What an application's page says about its tokens: consents, sessions, calls, revocations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mock_sei.oauth.authorizations import Authorization
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Actor
from mock_sei.web.portal.certificates import in_words
from mock_sei.web.portal.time_line import stamp
from mock_sei.web.portal.visit import Visit

SHOWN = 20
"""So many consents are on a page, the newest ones."""


def token_state(visit: Visit, application: Application) -> dict[str, Any]:
    """What the server knows about the tokens of an application. It stores no access tokens."""
    oauth = visit.platform.state.oauth
    authorizations = oauth.authorizations
    consents = authorizations.newest_of(application.app_key, SHOWN)
    revoked = oauth.revocation_counts.find(application.app_key)
    now = visit.platform.clock.timestamp()
    (activity,) = visit.platform.journal.activities_of([application], now)
    return {
        "has_users": application.standard.actor is Actor.END_USER,
        "refreshable": application.standard.refreshable,
        "consents": [_consent(visit, each) for each in consents],
        "older": authorizations.count_of(application.app_key) - len(consents),
        "revoked": revoked.families if revoked else 0,
        "revoked_at": _time(revoked.last) if revoked else None,
        "last_call": when(visit, activity.last),
        "refused": activity.refused,
    }


def _consent(visit: Visit, each: Authorization) -> dict[str, str]:
    oauth = visit.platform.state.oauth
    session = oauth.sessions.find(each.session)
    is_live = oauth.authorizations.is_live(each)
    refresh = "none"
    if each.refresh_token is not None:
        end = _time(each.expires_at)
        refresh = f"valid until {end}" if is_live else f"ended at {end}"
    renewals = max(0, each.rotations - 1)
    return {
        "user": each.user,
        "scope": each.scope,
        "refresh": refresh,
        "renewals": f"renewed {renewals} {'time' if renewals == 1 else 'times'}"
        if renewals
        else "",
        "session": f"live until {_time(session.expires_at)}" if session else "ended",
    }


def when(visit: Visit, timestamp: float | None) -> str | None:
    """A time with the distance from the platform's time, None without a time."""
    if timestamp is None:
        return None
    now = visit.platform.clock.timestamp()
    span = _moment(timestamp) - _moment(now)
    return f"{stamp(_moment(timestamp))}, {in_words(span)}"


def _time(timestamp: float) -> str:
    return stamp(_moment(timestamp))


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
