"""What ``format`` asks for: one table for query, header, path, cookie and body.

Source: OpenAPI Format Registry, JSON Schema 2020-12 (validation, section 7), RFC 3339, RFC 4648.
Most formats are decided by the engine of ``schemas.py``; the rest stands here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mock_sei.patterns import PatternError, compile_pattern


@dataclass(frozen=True, kw_only=True)
class Format:
    """One row of the table. A row without a check and without bounds says nothing of a value."""

    wanted: str = ""
    """What a message asks for; the name of the format where it is empty."""
    by_engine: bool = False
    """Whether the engine itself knows the format."""
    check: Callable[[str], bool] | None = None
    """Whether a text has the format."""
    bounds: tuple[int, int] | None = None
    """The least and the greatest number."""

    @property
    def decides(self) -> bool:
        """Whether a value may be refused for it."""
        return self.by_engine or self.check is not None or self.bounds is not None


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE64_URL = re.compile(r"[A-Za-z0-9_-]*+={0,2}")


def _is_email(text: str) -> bool:
    return "@" in text


def _is_regex(text: str) -> bool:
    try:
        compile_pattern(text)
    except PatternError:
        return False
    return True


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text) is not None


def _is_base64_url(text: str) -> bool:
    return _BASE64_URL.fullmatch(text) is not None


def _signed(bits: int) -> Format:
    most = 2 ** (bits - 1)
    return Format(wanted=f"a whole number that fits int{bits}", bounds=(-most, most - 1))


def _unsigned(bits: int) -> Format:
    return Format(wanted=f"a whole number that fits uint{bits}", bounds=(0, 2**bits - 1))


FORMATS: Mapping[str, Format] = {
    "date": Format(wanted="a date such as 2026-03-31", by_engine=True),
    "date-time": Format(
        wanted="a time of RFC 3339 such as 2026-03-31T13:30:00Z or 2026-03-31T09:30:00.5-04:00",
        by_engine=True,
    ),
    "time": Format(wanted="a time of RFC 3339 such as 13:30:00Z", by_engine=True),
    "duration": Format(wanted="a duration such as P3DT12H", by_engine=True),
    "uuid": Format(wanted="a UUID such as 0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b", by_engine=True),
    "ipv4": Format(wanted="an IPv4 address such as 192.0.2.1", by_engine=True),
    "ipv6": Format(wanted="an IPv6 address such as 2001:db8::1", by_engine=True),
    "uri": Format(wanted="a URI such as https://example.com/a", by_engine=True),
    **dict.fromkeys(
        (
            "uri-reference",
            "uri-template",
            "iri",
            "iri-reference",
            "hostname",
            "idn-hostname",
            "json-pointer",
            "relative-json-pointer",
        ),
        Format(by_engine=True),
    ),
    "email": Format(wanted="an e-mail address", check=_is_email),
    "idn-email": Format(wanted="an e-mail address", check=_is_email),
    "regex": Format(wanted="a regular expression of ECMA-262", check=_is_regex),
    "byte": Format(wanted="base64 of RFC 4648, padded with =", check=_is_base64),
    "base64url": Format(wanted="base64url of RFC 4648", check=_is_base64_url),
    **{f"int{bits}": _signed(bits) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": _unsigned(bits) for bits in (8, 16, 32, 64)},
    **dict.fromkeys(
        (
            "binary",
            "char",
            "commonmark",
            "decimal",
            "decimal128",
            "double",
            "double-int",
            "float",
            "html",
            "local-date-time",
            "media-range",
            "password",
        ),
        Format(),
    ),
}
"""A text or number of a format that is not here is taken as it comes."""

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
"""What is checked in the bundled documents: the vendor's pages write times in several ways."""

CHECKS: Mapping[str, Callable[[str], bool]] = {
    name: each.check for name, each in FORMATS.items() if each.check is not None
}
"""What the engine must be taught."""


def decides(name: object, *, lenient: bool) -> bool:
    """Whether values are held against a format; ``lenient`` as a document is."""
    if not isinstance(name, str) or name not in FORMATS:
        return False
    return name in OF_THE_VENDOR if lenient else FORMATS[name].decides


def wanted(name: str) -> str:
    """What a message asks for where a value has not the format."""
    found = FORMATS.get(name)
    return found.wanted if found is not None and found.wanted else f"a {name}"
