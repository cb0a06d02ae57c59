"""Options whose values are names with values, JSON, or parts of a request that are meant.

A value that begins with ``~`` is a regular expression, where a request is compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from mock_sei.assumptions.reading import read_file
from mock_sei.errors import ConfigurationError
from mock_sei.matching.comparing import MATCHES

V = TypeVar("V")

Read = Callable[[Any, str], Any]
"""Reads what was given; the second argument is the option, for messages."""


@dataclass(frozen=True, kw_only=True)
class NamedOption:
    """An option that gives one field of a request, or a member of it."""

    option: str
    field: str
    """The field, such as ``headers``; ``request.headers`` is a member of the field ``request``."""
    help: str
    read: Read
    metavar: str | None = None
    """None for a flag."""
    several: bool = False
    """Whether it may be given several times."""

    @property
    def key(self) -> str:
        """What click calls its value."""
        return self.option.removeprefix("--").replace("-", "_") + "_option"

    @property
    def top_field(self) -> str:
        """The field of the request that it belongs to."""
        return self.field.partition(".")[0]

    def click_option(self) -> click.Option:
        return click.Option(
            [self.option, self.key],
            help=self.help,
            metavar=self.metavar,
            is_flag=self.metavar is None,
            multiple=self.several,
            default=None,
        )

    def put(self, given: Any, fields: dict[str, Any]) -> None:
        """Puts what was given into the fields. Raises :class:`ConfigurationError`."""
        first, _, member = self.field.partition(".")
        into = fields.setdefault(first, {}) if member else fields
        if (member or first) in into:
            raise ConfigurationError(f"{first} is given by another option too", source=self.option)
        into[member or first] = self.read(given, self.option)


def read_json(text: str, option: str) -> Any:
    """Raises :class:`ConfigurationError` for what is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"no JSON: {error}", source=option) from None


def read_assumptions_file(text: str, option: str) -> dict[str, Any]:
    """The assumptions of a file. Raises :class:`ConfigurationError`."""
    return read_file(Path(text), source=option)


ASSUMPTIONS_OPTION = NamedOption(
    option="--assumptions",
    field="assumptions",
    help="File with what is assumed of the real platform until the next reset.",
    read=read_assumptions_file,
    metavar="FILE",
)


def read_part(text: str, _: str) -> Any:
    """A text, or the regular expression after ``~``."""
    return {MATCHES: text[1:]} if text.startswith("~") else text


def read_parts(given: Sequence[str], option: str) -> dict[str, Any]:
    """``NAME=VALUE``; a name that is given several times has all these values.

    Raises :class:`ConfigurationError`.
    """
    found: dict[str, list[Any]] = {}
    for name, value in _pairs(given, option):
        found.setdefault(name, []).append(read_part(value, option))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def read_texts(given: Sequence[str], option: str) -> dict[str, str]:
    """``NAME=VALUE``, each name once. Raises :class:`ConfigurationError`."""
    return _once(_pairs(given, option), option)


def read_states(given: Sequence[str], option: str) -> dict[str, str | None]:
    """``NAME=VALUE``, or ``NAME`` for a state that is not set.

    Raises :class:`ConfigurationError`.
    """
    pairs = [each.partition("=") for each in given]
    return _once(((name, value if is_set else None) for name, is_set, value in pairs), option)


def _pairs(given: Sequence[str], option: str) -> Iterator[tuple[str, str]]:
    for each in given:
        name, found, value = each.partition("=")
        if not found or not name:
            raise ConfigurationError("not NAME=VALUE", source=option, key=repr(each[:100]))
        yield name, value


def _once(pairs: Iterator[tuple[str, V]], option: str) -> dict[str, V]:
    found: dict[str, V] = {}
    for name, value in pairs:
        if name in found:
            raise ConfigurationError("given twice", source=option, key=repr(name[:100]))
        found[name] = value
    return found


def _as(value: Any) -> Read:
    """A flag that stands for a value."""
    return lambda _, __: value


_PATTERN = "A value that begins with ~ is a regular expression."

_OF_REQUEST: Mapping[str, tuple[str, Read, str, bool]] = {
    "query": ("NAME=VALUE", read_parts, f"A parameter of the query of the calls. {_PATTERN}", True),
    "headers": ("NAME=VALUE", read_parts, f"A header of the calls. {_PATTERN}", True),
    "json": ("JSON", read_json, "A part of the JSON body of the calls.", False),
    "body": ("TEXT", read_part, f"The whole body of the calls. {_PATTERN}", False),
}


def _request_option(option: str, part: str, field: str) -> NamedOption:
    metavar, read, text, several = _OF_REQUEST[part]
    return NamedOption(
        option=option, field=field, help=text, read=read, metavar=metavar, several=several
    )


REQUEST_OPTIONS = (
    _request_option("--query", "query", "query"),
    _request_option("--header", "headers", "headers"),
    _request_option("--json", "json", "json"),
    _request_option("--body", "body", "body"),
)
"""Which requests are meant, where the command has no answer of its own."""

ANSWER_OPTIONS = (
    _request_option("--query", "query", "query"),
    _request_option("--request-header", "headers", "request.headers"),
    _request_option("--request-json", "json", "request.json"),
    _request_option("--request-body", "body", "request.body"),
    NamedOption(
        option="--json", field="json", metavar="JSON", read=read_json, help="The body, as JSON."
    ),
    NamedOption(
        option="--header",
        field="headers",
        metavar="NAME=VALUE",
        read=read_texts,
        several=True,
        help="A further header of the answer.",
    ),
    NamedOption(
        option="--until-removed",
        field="times",
        read=_as(None),
        help="All calls get it, until it is removed.",
    ),
    NamedOption(
        option="--when",
        field="when",
        metavar="NAME=VALUE",
        read=read_states,
        several=True,
        help="Only while the state has this value; NAME: it is not set.",
    ),
    NamedOption(
        option="--then",
        field="then",
        metavar="NAME=VALUE",
        read=read_states,
        several=True,
        help="Sets the state when the answer is given; NAME unsets it.",
    ),
    NamedOption(
        option="--no-template",
        field="template",
        read=_as(False),
        help="Placeholders such as {{request.path}} are sent as they are.",
    ),
)
"""Which requests a scripted answer is for, and what it is."""
