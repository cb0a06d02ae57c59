"""The vendor's times: Eastern, written without an offset (investor and product pages).

Two pages (accounts, end clients) ask for ISO 8601 in UTC instead, so an offset is understood too.
"""

from __future__ import annotations

import re
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


_TIME = re.compile(
    r"(?P<minute>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2})"
    r"(:(?P<second>[0-9]{2})([.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<zone>Z|[-+ ][0-9]{2}(:?[0-9]{2})?)?"
)


def read_time(text: str) -> datetime:
    """A time of ISO 8601 in its extended form; without an offset it comes back without a zone.

    A + that a client sent unescaped in a query arrives as a space, and is read as a +. Digits below
    a microsecond are left out. ``ValueError`` where the text is no such time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"no time of ISO 8601: {text[:50]!r}")
    second, fraction = found["second"] or "00", (found["fraction"] or "0")[:6].ljust(6, "0")
    zone = found["zone"] or ""
    if zone not in ("", "Z"):
        digits = zone[1:].replace(":", "").ljust(4, "0")
        zone = f"{'-' if zone[0] == '-' else '+'}{digits[:2]}:{digits[2:]}"
    return datetime.fromisoformat(f"{found['minute']}:{second}.{fraction}{zone}")


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
