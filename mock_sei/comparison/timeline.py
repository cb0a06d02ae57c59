"""When the real platform gave a token, a code or a refresh token, and when it last accepted it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mock_sei.comparison.facts import RequestFacts, given_code, is_accepted
from mock_sei.recordings.exchanges import RecordedExchange


@dataclass(frozen=True, kw_only=True)
class Ages:
    """Seconds at the moment of a request; None for what it does not use or nobody gave."""

    token: float | None = None
    """Since the access token was given."""
    idle: float | None = None
    """Since the access token was given or last accepted."""
    code: float | None = None
    refresh_token: float | None = None
    """Since the first refresh token of its consent was given."""
    is_used_refresh_token: bool = False
    """Whether the refresh token was accepted before."""


class Timeline:
    """The times of one recording, as far as it was played."""

    def __init__(self) -> None:
        self._given: dict[str, datetime] = {}
        self._used: dict[str, datetime] = {}
        self._begun: dict[str, datetime] = {}
        """By refresh token, when the first one of its consent was given."""
        self._redeemed: set[str] = set()

    def ages(self, exchange: RecordedExchange, facts: RequestFacts) -> Ages:
        now = exchange.started
        token, sent = facts.token, facts.parameters
        code, refresh = sent.get("code"), sent.get("refresh_token")
        return Ages(
            token=_since(self._given.get(token or ""), now),
            idle=_since(self._used.get(token or ""), now),
            code=_since(self._given.get(code or ""), now),
            refresh_token=_since(self._begun.get(refresh or ""), now),
            is_used_refresh_token=refresh in self._redeemed,
        )

    def note(self, exchange: RecordedExchange, facts: RequestFacts) -> None:
        """Takes in one exchange, after its ages were asked for."""
        now, sent = exchange.started, facts.parameters
        if not is_accepted(exchange) or exchange.response is None:
            return
        if facts.token is not None and exchange.request.method != "HEAD":
            self._used[facts.token] = now
        refresh = sent.get("refresh_token") if facts.grant == "refresh_token" else None
        if refresh is not None:
            self._redeemed.add(refresh)
        value = exchange.response.body.find_json()
        given = dict(value) if isinstance(value, dict) else {}
        given |= given_code(exchange) or {}
        for name in ("access_token", "code"):
            if isinstance(given.get(name), str):
                self._given.setdefault(given[name], now)
                self._used.setdefault(given[name], now)
        new = given.get("refresh_token")
        if isinstance(new, str):
            self._begun.setdefault(new, self._begun.get(refresh or "", now))


def _since(then: datetime | None, now: datetime) -> float | None:
    return None if then is None else (now - then).total_seconds()
