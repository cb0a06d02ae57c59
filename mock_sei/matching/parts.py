"""Which parts of a request are meant: parameters of the query, headers, JSON, the body.

A part is written the same way everywhere: in Python, in JSON, on the command line. In JSON a
regular expression is ``{"matches": "…"}``, and bytes that are no UTF-8 are ``{"base64": "…"}``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mock_sei.matching.comparing import (
    BASE64,
    MATCHES,
    Difference,
    ValuePattern,
    as_json,
    body_rule,
    bytes_of,
    compare_json,
    is_pattern,
    json_rule,
    named_rule,
    text_of,
)
from mock_sei.matching.sent import Key, SentRequest, json_members
from mock_sei.values.cached import cached_property
from mock_sei.values.engines import PatternError
from mock_sei.values.sendable import LONGEST_TEXT, is_token, json_content, shown
from mock_sei.values.texts import is_text

PARTS = ("query", "headers", "json", "body")
"""The parts of a request, by their names."""
PART_EXAMPLES: Mapping[str, Any] = {
    "query": {"cursor": "abc"},
    "headers": {"Accept": "application/json"},
    "json": {"currency": "USD"},
    "body": "grant_type=client_credentials",
}
BODY_COMPARED = 1024 * 1024
"""A body of a call is compared up to this size in bytes. A larger one fits nothing."""
MOST_COMPARED = 100
"""Most names in one part, and most patterns in all parts."""
LONGEST_VALUE = 64 * 1024
"""Most characters of a value that is looked for in a query or in headers."""


@dataclass(frozen=True, kw_only=True)
class RequestParts:
    """The parts of a request that are meant, as JSON has them. None: any."""

    query: Mapping[str, Any] | None = None
    headers: Mapping[str, Any] | None = None
    json: Any = None
    body: Any = None

    def problems(self) -> dict[str, str]:
        """What is wrong with each part, by its name."""
        found = {name: _PROBLEMS[name](getattr(self, name)) for name in self.given}
        return {name: problem for name, problem in found.items() if problem is not None}

    @cached_property
    def given(self) -> Sequence[str]:
        """The names of the parts that are not None."""
        return [name for name in PARTS if getattr(self, name) is not None]

    @property
    def need_body(self) -> bool:
        """Whether a call fits is known only after its body was read."""
        return self.json is not None or self.body is not None

    def fits(self, sent: SentRequest) -> bool:
        """True if a request has all these parts."""
        return all(rule(sent) is None for _, rule in self._rules)

    def differences(self, sent: SentRequest, shown: SentRequest) -> Iterator[str]:
        """What a request lacks, a sentence for each part that differs.

        ``shown`` is the request without its secrets: the values in the sentences are from it.
        """
        for name, rule in self._rules:
            if rule(sent) is not None:
                difference = rule(shown)
                yield f"{name}: {difference() if difference else 'differs where it is hidden'}"

    @cached_property
    def key(self) -> Key | None:
        """One thing that every request has that fits; None if no such thing is known."""
        for part in ("query", "headers"):
            for name, value in (getattr(self, part) or {}).items():
                if value is not None and not isinstance(value, Mapping | list | tuple):
                    return (part, name if part == "query" else name.lower(), text_of(value))
        if isinstance(self.json, Mapping) and not is_pattern(self.json):
            for path, is_truth, value in json_members(_without_patterns(self.json)):
                return ("json", path, is_truth, value)
        if self.body is not None and not is_pattern(self.body):
            return ("body", bytes_of(self.body))
        return None

    @cached_property
    def _rules(self) -> list[tuple[str, Callable[[SentRequest], Difference]]]:
        """What compares each part, with its name."""
        rules: list[tuple[str, Callable[[SentRequest], Difference]]] = []
        for part in ("query", "headers"):
            for name, value in (getattr(self, part) or {}).items():
                rules.append((f"{part} {name}", named_rule(part, name, value)))
        if self.json is not None:
            rules.append(("json", partial(compare_json, json_rule(self.json))))
        if self.body is not None:
            rules.append(("body", body_rule(self.body)))
        return rules

    def __str__(self) -> str:
        return ", ".join(f"{name}={as_json(getattr(self, name))}" for name in self.given)


ANY_PARTS = RequestParts()


def plain_part(value: Any) -> Any:
    """A part that was given in Python, as JSON has it: with patterns and bytes written out.

    Anything else is left as it is, however wrong; :meth:`RequestParts.problems` names it. At most
    a hundred levels are looked at.
    """
    return _plain(value, 0)


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, re.Pattern):
        return {MATCHES: _source_of(value)}
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return {BASE64: base64.b64encode(value).decode()}
    if depth > LEVELS_WRITTEN:
        return value
    if isinstance(value, Mapping):
        return {name: _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value]
    return value


LEVELS_WRITTEN = 100
_FLAGS = ((re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"), (re.VERBOSE, "x"))


def _source_of(pattern: re.Pattern[Any]) -> str:
    """The source of a compiled pattern, with its flags written at its beginning."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else str(source)
    flags = "".join(letter for flag, letter in _FLAGS if pattern.flags & flag)
    return f"(?{flags}){text}" if flags else text


# What is wrong with a part


def find_pattern_problem(source: str) -> str | None:
    """Why a text cannot be searched for; None if it can."""
    if len(source) > LONGEST_TEXT:
        return f"a pattern has at most {LONGEST_TEXT} characters, not {len(source)}"
    try:
        ValuePattern(source)
    except PatternError as error:
        return f"{shown(source)} is no regular expression: {error}"
    return None


def _find_named_problem(values: Any) -> str | None:
    """Of a query, and of headers."""
    if not isinstance(values, Mapping):
        return f"must be names with their values, not {type(values).__name__}"
    if len(values) > MOST_COMPARED:
        return f"at most {MOST_COMPARED} names, not {len(values)}"
    for name, value in values.items():
        if not isinstance(name, str) or not is_text(name) or len(name) > LONGEST_TEXT:
            return f"{shown(name)}: a name must be a text of at most {LONGEST_TEXT} characters"
        several = value if isinstance(value, list | tuple) else [value]
        if len(several) > MOST_COMPARED:
            return f"{shown(name)}: at most {MOST_COMPARED} values, not {len(several)}"
        for each in several:
            problem = _find_value_problem(each, alone=each is value)
            if problem is not None:
                return f"{shown(name)}: {problem}"
    return None


def _find_header_problem(headers: Any) -> str | None:
    problem = _find_named_problem(headers)
    if problem is not None:
        return problem
    wrong = next((name for name in headers if not is_token(name)), None)
    return None if wrong is None else f"{shown(wrong)}: no header has this name (RFC 9110, 5.1)"


def _find_value_problem(value: Any, *, alone: bool) -> str | None:
    if is_pattern(value):
        return find_pattern_problem(value[MATCHES])
    if value is None and alone:
        return None
    if isinstance(value, str):
        if not is_text(value):
            return "half a surrogate pair is no text"
        if len(value) > LONGEST_VALUE:
            return f"at most {LONGEST_VALUE} characters, not {len(value)}"
        return None
    if isinstance(value, bool | int | float):
        is_long = isinstance(value, int) and value.bit_length() > LONGEST_TEXT
        return "too many digits" if is_long else None
    wanted = 'a text, a number, {"matches": "…"}, null for "not there", or a list of these'
    return f"must be {wanted}, not {type(value).__name__}"


def _find_json_problem(value: Any) -> str | None:
    try:
        content = json_content(value)
    except ValueError as error:
        return str(error)
    if len(content) > BODY_COMPARED:
        return f"at most {BODY_COMPARED} bytes, not {len(content)}"
    patterns = list(_patterns_in(value))
    if len(patterns) > MOST_COMPARED:
        return f"at most {MOST_COMPARED} patterns, not {len(patterns)}"
    return next(filter(None, map(find_pattern_problem, patterns)), None)


def _patterns_in(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        each = left.pop()
        if is_pattern(each):
            yield each[MATCHES]
        elif isinstance(each, Mapping):
            left += each.values()
        elif isinstance(each, list | tuple):
            left += each


def _find_body_problem(value: Any) -> str | None:
    if is_pattern(value):
        return find_pattern_problem(value[MATCHES])
    if isinstance(value, Mapping) and set(value) == {BASE64} and isinstance(value[BASE64], str):
        try:
            size = len(base64.b64decode(value[BASE64], validate=True))
        except (binascii.Error, ValueError):
            return "the value of base64 is no Base64"
    elif isinstance(value, str):
        if not is_text(value):
            return "half a surrogate pair is no text"
        size = len(value.encode())
    else:
        return f"must be a text, bytes, or a regular expression, not {type(value).__name__}"
    return None if size <= BODY_COMPARED else f"at most {BODY_COMPARED} bytes, not {size}"


_PROBLEMS: Mapping[str, Callable[[Any], str | None]] = {
    "query": _find_named_problem,
    "headers": _find_header_problem,
    "json": _find_json_problem,
    "body": _find_body_problem,
}


def _without_patterns(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON that is looked for, without what is a pattern."""
    return {
        name: _without_patterns(each) if isinstance(each, Mapping) else each
        for name, each in wanted.items()
        if not is_pattern(each)
    }
