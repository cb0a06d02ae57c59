"""Options that say which requests are meant, by what the client sent: ``--query cursor=abc``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from mock_sei.errors import ConfigurationError
from mock_sei.matching.comparing import MATCHES
from mock_sei.matching.parts import PARTS

PATTERN = "~"
"""A value that begins so is a regular expression."""


def read_value(text: str) -> Any:
    """A text, or a regular expression after :data:`PATTERN`."""
    return {MATCHES: text[1:]} if text.startswith(PATTERN) else text


def read_named(texts: Sequence[str], option: str) -> dict[str, Any] | None:
    """Names with their values, of ``NAME=VALUE``. Raises :class:`ConfigurationError`."""
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not name or not sign:
            raise ConfigurationError("must be NAME=VALUE", source=option, key=repr(text[:100]))
        found.setdefault(name, []).append(read_value(value))
    named = {name: each[0] if len(each) == 1 else each for name, each in found.items()}
    return named or None


def read_json(text: str | None, option: str) -> Any:
    """JSON. Raises :class:`ConfigurationError`."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"no JSON: {error}", source=option) from None


def read_body(text: str | None, _option: str) -> Any:
    """The whole body, or a regular expression."""
    return None if text is None else read_value(text)


_PATTERN_HELP = f"A VALUE that begins with {PATTERN} is a regular expression."
PART_OPTIONS: Mapping[str, tuple[str, str, str, Callable[[Any, str], Any]]] = {
    "query": (
        "--query",
        "NAME=VALUE",
        f"Only requests with this parameter in the query. {_PATTERN_HELP}",
        read_named,
    ),
    "headers": (
        "--header",
        "NAME=VALUE",
        f"Only requests with this header. {_PATTERN_HELP}",
        read_named,
    ),
    "json": (
        "--json",
        "JSON",
        """Only requests whose JSON body has these members, such as '{"amount": 5}'.""",
        read_json,
    ),
    "body": (
        "--body",
        "TEXT",
        f"Only requests with this whole body. {_PATTERN_HELP.replace('VALUE', 'TEXT')}",
        read_body,
    ),
}
"""By the part: the option, what follows it, its help, and what reads it."""


def part_option(name: str) -> click.Option:
    """The option of one part of the request."""
    flag, metavar, text, read = PART_OPTIONS[name]
    return click.Option(
        [flag, name],
        metavar=metavar,
        help=text,
        multiple=read is read_named,
        callback=lambda _context, _parameter, given: read(given, flag),
    )


def part_options() -> list[click.Option]:
    """The options of all parts."""
    return [part_option(name) for name in PARTS]
