"""What every grant handler gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Grant:
    """On whose behalf a token is, and for which scope."""

    user: str | None
    scope: str
