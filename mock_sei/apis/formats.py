"""What each ``format`` requires: one table for query, header, path, cookie and body.

Source: OpenAPI Format Registry, JSON Schema 2020-12 (validation, section 7), RFC 3339, RFC 4648.
The engine of ``schemas.py`` checks most formats. This module checks the others.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from mock_sei.apis.patterns import PatternError, compile_pattern


@dataclass(frozen=True, kw_only=True)
class Format:
    """One row of the table. A row without a check and without bounds allows every value."""

    wanted: str = ""
    """What a message asks for. If it is empty, the message gives the name of the format."""
    by_engine: bool = False
    """Whether the engine can check the format itself."""
    check: Callable[[str], bool] | None = None
    """Whether a text has the format."""
    bounds: tuple[int | float, int | float] | None = None
    """The least and the greatest number."""
    is_whole: bool = False
    """Whether a number must be an integer."""

    @property
    def decides(self) -> bool:
        """Whether a value can be refused because of this format."""
        return self.by_engine or self.check is not None or self.bounds is not None


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = "[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
_LOCAL_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]++)?"
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_date(text: str) -> bool:
    """Whether a text is a ``full-date`` of RFC 3339. The year 0 is allowed."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(f"2000{text[4:]}" if text.startswith("0000") else text)
    except ValueError:
        return False
    return True


def _is_local_date_time(text: str) -> bool:
    day, letter, time = text[:10], text[10:11], text[11:]
    return letter in ("T", "t") and is_date(day) and re.fullmatch(_LOCAL_TIME, time) is not None


def _is_email(text: str) -> bool:
    return "@" in text


def _is_regex(text: str) -> bool:
    try:
        compile_pattern(text)
    except PatternError:
        return False
    return True


def _is_character(text: str) -> bool:
    """Whether a text is one character as readers count it: marks combined with it have their own
    code points."""
    composed = unicodedata.normalize("NFC", text)
    return len(composed) == 1 or any(
        unicodedata.category(each)[0] == "M" or unicodedata.category(each) in _JOINED
        for each in composed
    )


_JOINED = frozenset({"Cf", "Sk", "So"})


def _matching(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _signed(bits: int) -> Format:
    most = 2 ** (bits - 1)
    wanted = f"a whole number that fits int{bits}"
    return Format(wanted=wanted, bounds=(-most, most - 1), is_whole=True)


def _unsigned(bits: int) -> Format:
    wanted = f"a whole number that fits uint{bits}"
    return Format(wanted=wanted, bounds=(0, 2**bits - 1), is_whole=True)


def _inexact(name: str, most: float) -> Format:
    return Format(wanted=f"a number that fits {name}", bounds=(-most, most))


_DECIMAL = _matching(
    r"[+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
    r"|[Ii]nf(?:inity)?|INF(?:INITY)?|[Nn]a[Nn]|NAN)"
)

FORMATS: Mapping[str, Format] = {
    # dates and times
    "date": Format(wanted="a date such as 2026-03-31", by_engine=True),
    "date-time": Format(
        wanted="a time of RFC 3339 such as 2026-03-31T13:30:00Z or 2026-03-31T09:30:00.5-04:00",
        by_engine=True,
    ),
    "time": Format(wanted="a time of RFC 3339 such as 13:30:00Z", by_engine=True),
    "date-time-local": Format(
        wanted="a time without an offset such as 2026-03-31T13:30:00", check=_is_local_date_time
    ),
    "time-local": Format(
        wanted="a time without an offset such as 13:30:00", check=_matching(_LOCAL_TIME)
    ),
    "http-date": Format(
        wanted="a date of HTTP such as Sun, 06 Nov 1994 08:49:37 GMT",
        check=_matching(
            rf"{_DAY}, [0-9]{{2}} {_MONTH} [0-9]{{4}} {_CLOCK} GMT"
            rf"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [0-9]{{2}}-{_MONTH}-[0-9]{{2}} "
            rf"{_CLOCK} GMT|{_DAY} {_MONTH} [0-9 ][0-9] {_CLOCK} [0-9]{{4}}"
        ),
    ),
    "duration": Format(wanted="a duration such as P3DT12H", by_engine=True),
    # names and addresses
    "uuid": Format(wanted="a UUID such as 0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b", by_engine=True),
    "ipv4": Format(wanted="an IPv4 address such as 192.0.2.1", by_engine=True),
    "ipv6": Format(wanted="an IPv6 address such as 2001:db8::1", by_engine=True),
    "uri": Format(wanted="a URI such as https://example.com/a", by_engine=True),
    "uri-reference": Format(wanted="a URI or a part of one such as /a", by_engine=True),
    "uri-template": Format(wanted="a URI template such as /a/{b}", by_engine=True),
    "iri": Format(wanted="an IRI such as https://example.com/a", by_engine=True),
    "iri-reference": Format(wanted="an IRI or a part of one such as /a", by_engine=True),
    "hostname": Format(wanted="a host name such as example.com", by_engine=True),
    "idn-hostname": Format(wanted="a host name such as example.com", by_engine=True),
    "email": Format(wanted="an e-mail address", check=_is_email),
    "idn-email": Format(wanted="an e-mail address", check=_is_email),
    "json-pointer": Format(wanted="a JSON pointer such as /a/0", by_engine=True),
    "relative-json-pointer": Format(wanted="a JSON pointer such as 1/a", by_engine=True),
    "media-range": Format(
        wanted="a media range such as text/*",
        check=_matching(
            rf"{_TOKEN}/{_TOKEN}(?:[ \t]*+;[ \t]*+(?:{_TOKEN}="
            rf'(?:{_TOKEN}|"(?:[^"\\]|\\.)*+"))?)*+[ \t]*+'
        ),
    ),
    # texts
    "regex": Format(wanted="a regular expression of ECMA-262", check=_is_regex),
    "char": Format(wanted="one character", check=_is_character),
    "byte": Format(
        wanted="base64 of RFC 4648, padded with =",
        check=lambda text: _BASE64.fullmatch(text) is not None,
    ),
    "base64url": Format(wanted="base64url of RFC 4648", check=_matching(r"[A-Za-z0-9_-]*+={0,2}")),
    "sf-string": Format(wanted="a text in ASCII without line ends", check=_matching("[ -~]*+")),
    "sf-token": Format(
        wanted="a token of RFC 9651", check=_matching(r"[*A-Za-z][!#$%&'*+\-.^_`|~:/0-9A-Za-z]*+")
    ),
    "sf-binary": Format(
        wanted="base64 between colons (RFC 9651)", check=_matching(":?[A-Za-z0-9+/]*+=*+:?")
    ),
    "sf-boolean": Format(wanted="?0 or ?1 (RFC 9651)", check=_matching("[?][01]|true|false")),
    # numbers
    **{f"int{bits}": _signed(bits) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": _unsigned(bits) for bits in (8, 16, 32, 64)},
    "double-int": Format(wanted="a whole number", bounds=(-(2**1024), 2**1024), is_whole=True),
    "float": _inexact("float, 3.4e38 at most", 2.0**128 - 2.0**103),
    "double": _inexact("double, 1.8e308 at most", sys.float_info.max),
    "decimal": Format(wanted="a decimal number such as 1.5", check=_DECIMAL),
    "decimal128": Format(wanted="a decimal number such as 1.5", check=_DECIMAL),
    "sf-integer": Format(
        wanted="a whole number of at most 15 digits",
        bounds=(1 - 10**15, 10**15 - 1),
        is_whole=True,
    ),
    "sf-decimal": Format(
        wanted="a number of at most 12 digits before the point", bounds=(-(10**12), 10**12)
    ),
    "unixtime": Format(),
    # formats that every text has
    **dict.fromkeys(
        ("binary", "commonmark", "html", "local-date-time", "password"),
        Format(),
    ),
}
"""The formats that are checked. Texts and numbers of other formats are not checked."""

OF_THE_VENDOR = frozenset(
    [
        "date",
        "email",
        "idn-email",
        "idn-hostname",
        "int32",
        "int64",
        "ipv4",
        "ipv6",
        "json-pointer",
        "regex",
        "relative-json-pointer",
        "uuid",
    ]
)
"""The formats that are checked in the bundled documents. The vendor's pages write times in several
ways."""

CHECKS: Mapping[str, Callable[[str], bool]] = {
    name: each.check for name, each in FORMATS.items() if each.check is not None
}
"""The formats that the engine cannot check itself."""


def decides(name: object, *, lenient: bool) -> bool:
    """Whether values are checked against a format. ``lenient`` is that of the document."""
    if not isinstance(name, str) or name not in FORMATS:
        return False
    return name in OF_THE_VENDOR if lenient else FORMATS[name].decides


def wanted(name: str) -> str:
    """What a message asks for if a value does not have the format."""
    found = FORMATS.get(name)
    return found.wanted if found is not None and found.wanted else f"a {name}"
