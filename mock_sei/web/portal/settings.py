"""Which settings of the server differ from their defaults, as the dashboard shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from mock_sei.assumptions.table import ROWS
from mock_sei.assumptions.writing import toml_value
from mock_sei.settings import ASSUMPTIONS, Behaviour, Settings

AT_START = "since the start"
BY_RESET = "by the last reset"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One setting that has another value than its default."""

    name: str
    value: str
    default: str
    since: str


def differences(settings: Settings, behaviour: Behaviour) -> Iterator[Difference]:
    """The settings that differ, in the order of their definition.

    ``behaviour`` is what a reset can change, as it is now.
    """
    now = asdict(behaviour)
    for name, field in Settings.model_fields.items():
        if name == ASSUMPTIONS:
            yield from _assumed(settings.assumptions, now[name])
            continue
        value = now.get(name, getattr(settings, name))
        default = field.default
        changed = name in now and value != getattr(settings, name)
        if value != default or changed:
            yield Difference(
                name=name,
                value=_shown(value),
                default=_shown(default),
                since=BY_RESET if changed else AT_START,
            )


def _assumed(at_start: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    """The assumptions that differ from their defaults, or from those of the start."""
    for name, row in ROWS.items():
        value = now.get(name, row.default)
        changed = value != at_start.get(name, row.default)
        if value != row.default or changed:
            yield Difference(
                name=name,
                value=_as_line(value),
                default=_as_line(row.default),
                since=BY_RESET if changed else AT_START,
            )


def _as_line(value: Any) -> str:
    """The value as TOML has it, in which it can be copied."""
    return "none" if value is None else toml_value(value)


def _shown(value: Any) -> str:
    """A value in words. Of tables only the number is shown, of a URL no user and no password."""
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(each, Mapping) for each in value):
            return f"{len(value)} armed by every reset"
        return ", ".join(map(str, value))
    return _without_user(str(value))


def _without_user(text: str) -> str:
    parts = urlsplit(text) if text.startswith("https://") else None
    if parts is None or "@" not in parts.netloc:
        return text
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
