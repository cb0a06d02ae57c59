"""Compares what a client sent with what is wanted, and tells what differs."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mock_sei.matching.sent import NO_JSON, SentRequest
from mock_sei.values.engines import (
    PatternError,
    compile_backtracking,
    compile_linear,
    most_repeats,
    refuse_if_large,
    searchable,
)
from mock_sei.values.sendable import LONGEST_TEXT, shown

MATCHES, BASE64 = "matches", "base64"
_SLOWEST = 0.05
"""Most seconds of a search whose time is not linear."""
_LONGEST_SLOWLY = 64 * 1024
"""Most characters of a text for such a search."""


class ValuePattern:
    """A regular expression, searched anywhere in a text.

    RE2 searches in linear time. What it refuses (lookahead, back references) is searched in about
    50 milliseconds of CPU time. After that, and in a text of over 64 KiB, it counts as not found.
    """

    def __init__(self, source: str) -> None:
        """Raises :class:`~mock_sei.values.engines.PatternError`."""
        self.source = source
        try:
            self._linear: Any = compile_linear(source)
            self._slow: Any = None
        except PatternError:
            refuse_if_large(most_repeats(source))
            self._slow = compile_backtracking(source)

    def found_in(self, text: str) -> bool:
        """Whether a part of the text fits."""
        if self._slow is None:
            return self._linear.search(searchable(text)) is not None
        if len(text) > _LONGEST_SLOWLY:
            return False
        began = time.thread_time()
        while time.thread_time() - began < _SLOWEST:  # on a busy machine others run meanwhile
            try:
                return self._slow.search(text, timeout=_SLOWEST) is not None
            except TimeoutError:
                continue
        return False


def as_json(value: Any) -> str:
    """A value that is looked for, in a message."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, TypeError, RecursionError):
        text = repr(type(value))
    return shown(text)[1:-1] if len(text) > 200 else text


def text_of(value: str | float) -> str:
    """A text, number or truth value, as a query or a header has it."""
    return value if isinstance(value, str) else json.dumps(value)


def bytes_of(body: Any) -> bytes:
    """The bytes of a body that is looked for as a whole."""
    return base64.b64decode(body[BASE64]) if isinstance(body, Mapping) else str(body).encode()


def is_pattern(value: object) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and isinstance(value.get(MATCHES), str)


Difference = Callable[[], str] | None
"""Tells what differs; None if nothing does."""
Rule = Callable[[Any], Difference]
"""Compares a value with what is wanted."""


def named_rule(part: str, name: str, value: Any) -> Callable[[SentRequest], Difference]:
    """Compares the values of one parameter or header."""
    wanted = name.lower() if part == "headers" else name
    rules = [_text_rule(each) for each in (value if isinstance(value, list | tuple) else [value])]

    def compare(sent: SentRequest) -> Difference:
        of_part: Mapping[str, list[str]] = getattr(sent, part)
        came = of_part.get(wanted, [])
        return next(filter(None, (rule(came) for rule in rules)), None)

    return compare


def _text_rule(value: Any) -> Callable[[Sequence[str]], Difference]:
    if value is None:
        return lambda came: (lambda: f"expected none, came {_listed(came)}") if came else None
    if is_pattern(value):
        pattern = ValuePattern(value[MATCHES])

        def search(came: Sequence[str]) -> Difference:
            if any(map(pattern.found_in, came)):
                return None
            return lambda: f"{_match_of(pattern)}, came {_listed(came)}"

        return search
    wanted = text_of(value)

    def compare(came: Sequence[str]) -> Difference:
        if wanted in came:
            return None
        return lambda: f"expected {shown(wanted)}, came {_listed(came)}"

    return compare


def _match_of(pattern: ValuePattern) -> str:
    return f"expected a match of {shown(pattern.source)}"


def _listed(came: Sequence[str]) -> str:
    return " and ".join(map(shown, came[:3])) if came else "nothing"


def compare_json(rule: Rule, sent: SentRequest) -> Difference:
    if sent.json is NO_JSON:
        return lambda: "the body is no JSON" if sent.body else "there is no body, or not all of it"
    return rule(sent.json)


def json_rule(wanted: Any) -> Rule:
    """What compares a JSON value with a wanted part of it."""
    if is_pattern(wanted):
        pattern = ValuePattern(wanted[MATCHES])

        def search(came: Any) -> Difference:
            if isinstance(came, str) and pattern.found_in(came):
                return None
            return lambda: f"{_match_of(pattern)}, came {_short(came)}"

        return search
    if isinstance(wanted, Mapping):
        members = {str(name): json_rule(each) for name, each in wanted.items()}
        return lambda came: _compare_members(members, came)
    if isinstance(wanted, list | tuple):
        items = [json_rule(each) for each in wanted]
        return lambda came: _compare_items(items, came)

    def compare(came: Any) -> Difference:
        if _equal(wanted, came):
            return None
        return lambda: f"expected {_short(wanted)}, came {_short(came)}"

    return compare


def _compare_members(members: Mapping[str, Rule], came: Any) -> Difference:
    if not isinstance(came, Mapping):
        return lambda: f"expected an object, came {_short(came)}"
    for name, rule in members.items():
        if name not in came:
            return partial("/{}: expected this member, came none".format, name)
        difference = rule(came[name])
        if difference is not None:
            return partial(_below, name, difference)
    return None


def _compare_items(items: Sequence[Rule], came: Any) -> Difference:
    if not isinstance(came, list):
        return lambda: f"expected a list, came {_short(came)}"
    if len(came) != len(items):
        return lambda: f"expected {len(items)} items, came {len(came)}"
    for index, rule in enumerate(items):
        difference = rule(came[index])
        if difference is not None:
            return partial(_below, str(index), difference)
    return None


def _below(step: str, difference: Callable[[], str]) -> str:
    """The difference with one more step of the JSON pointer before it."""
    text = difference()
    return f"/{step}{text}" if text.startswith("/") else f"/{step}: {text}"


def _equal(wanted: Any, came: Any) -> bool:
    """Whether two JSON values without members are equal: a number never equals a truth value."""
    if isinstance(came, dict | list):
        return False
    return isinstance(wanted, bool) == isinstance(came, bool) and bool(wanted == came)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else as_json(value)


def body_rule(wanted: Any) -> Callable[[SentRequest], Difference]:
    if is_pattern(wanted):
        pattern, exact = ValuePattern(wanted[MATCHES]), b""
        expected = _match_of(pattern)
    else:
        pattern, exact = None, bytes_of(wanted)
        expected = f"expected {shown(exact.decode('utf-8', 'replace'))}"

    def compare(sent: SentRequest) -> Difference:
        if sent.body is None:
            return lambda: "not all of it is known"
        if sent.body == exact if pattern is None else pattern.found_in(sent.text or ""):
            return None
        return lambda: f"{expected}, came {shown((sent.text or '')[:LONGEST_TEXT])}"

    return compare
