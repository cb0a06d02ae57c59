"""The vendor's times: Eastern, written without an offset (investor and product pages)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _eastern() -> timezone | ZoneInfo:
    try:
        return ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:  # a machine without the zone files, such as a bare Windows
        return timezone(timedelta(hours=-5), "EST")


def eastern_now(now: datetime) -> datetime:
    """A moment as an Eastern clock shows it."""
    return now.astimezone(_eastern())


def eastern_text(now: datetime) -> str:
    """As records hold it: milliseconds, no offset."""
    return eastern_now(now).replace(tzinfo=None).isoformat(timespec="milliseconds")


def utc_text(now: datetime) -> str:
    """Milliseconds and Z."""
    text = now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}Z"


def eastern_day(text: str) -> str:
    """The Eastern date of a time as records hold it; empty where it is none."""
    if not text.endswith("Z"):
        return text[:10]
    try:
        return eastern_now(datetime.fromisoformat(text)).date().isoformat()
    except (ValueError, OverflowError):
        return ""
