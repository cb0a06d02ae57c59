"""The vendor's times: Eastern, written without an offset (investor and product pages).

Two pages (accounts, end clients) ask for ISO 8601 in UTC, so times with an offset are read too. The
setting ``time_zone`` gives the zone; callers pass it in.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mock_sei.values.texts import spelled

logger = logging.getLogger(__name__)

EST = timezone(timedelta(hours=-5), "EST")
"""Eastern Standard Time during the whole year."""


def find_zone(name: str) -> tzinfo:
    """The time zone for the setting ``time_zone``.

    It is EST if the machine has no time zone data (Windows, or a minimal image, without the package
    tzdata). Then a warning is logged.
    """
    if name == "EST":
        return EST
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        logger.warning(
            "This machine has no data for the time zone %s, so times of records are EST all year, "
            "without daylight time. Install the package tzdata, or set time_zone to EST.",
            name,
        )
        return EST


def local_text(moment: datetime) -> str:
    """A moment in the time zone of the records, as they write it: milliseconds, no offset."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds")


_TIME = re.compile(
    r"(?P<minute>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2})"
    r"(:(?P<second>[0-9]{2})([.,](?P<fraction>[0-9]+))?)?"
    r"(?P<zone>[Zz]|[-+ ][0-9]{2}(:?[0-9]{2})?)?"
)


def read_time(text: str) -> datetime:
    """Reads a time in the extended form of ISO 8601. Without an offset the result has no time zone.

    A + that a client did not escape in a query arrives as a space, so a space is read as a +.
    Digits below a microsecond are dropped. A leap second is read as the second after it. Raises
    ``ValueError`` if the text is not such a time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time of ISO 8601: {spelled(text[:50])}")
    second, fraction = found["second"] or "00", (found["fraction"] or "0")[:6].ljust(6, "0")
    zone = (found["zone"] or "").upper()
    minute = found["minute"].upper()
    if zone not in ("", "Z"):
        digits = zone[1:].replace(":", "").ljust(4, "0")
        zone = f"{'-' if zone[0] == '-' else '+'}{digits[:2]}:{digits[2:]}"
    if second == "60":
        return datetime.fromisoformat(f"{minute}:59{zone}") + timedelta(seconds=1)
    return datetime.fromisoformat(f"{minute}:{second}.{fraction}{zone}")


def utc_text(now: datetime) -> str:
    """A moment in UTC with milliseconds and Z."""
    text = now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}Z"


def day_of(text: str, zone: tzinfo | None) -> str:
    """The date of a record's time, in this time zone. Empty if the text is not a time."""
    if not text.endswith("Z"):
        return text[:10]
    try:
        return datetime.fromisoformat(text).astimezone(zone).date().isoformat()
    except (ValueError, OverflowError):
        return ""
