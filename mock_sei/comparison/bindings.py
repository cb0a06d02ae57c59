"""What a value of the recording is in the mock: placeholders and identifiers, bound as they appear.

A value that the real platform gave is bound to what the mock gave at the same place. If the mock
gave nothing there, the value is lost, and no request that needs it can be compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from mock_sei.comparison.calling import MockAnswer
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.placeholders import PLACEHOLDER

_IDENTIFIER = re.compile(
    r"(?i)(^|[a-z_-])(id|ids|key|number|guid|uuid|cursor|reference|identifier|self|href|url)$"
)
"""Names of members whose values identify something, or lead to it."""
_SHORTEST = 2
_DEEPEST = 64
_MOST_BOUND = 200_000
"""Identifiers that are remembered; the oldest are forgotten first."""


class LostValue(Exception):
    """A request needs a value that the mock did not give. ``exchange`` should have given it."""

    def __init__(self, exchange: int) -> None:
        super().__init__(f"it needs a value of exchange {exchange}, which differed")
        self.exchange = exchange


class Bindings:
    """The values of one run through a recording."""

    def __init__(self, cursor: str) -> None:
        """``cursor`` is the mock's name of the parameter with a cursor."""
        self._cursor = cursor
        self._secrets: dict[str, str] = {}
        self._identifiers: dict[str, str] = {}
        self._lost: dict[str, int] = {}
        self._cursors: dict[str, str] = {}
        """By path, the cursor of the newest link of the mock to a further page."""

    def find(self, placeholder: str) -> str | None:
        """Our value of a placeholder, None if nobody gave one. Raises :class:`LostValue`."""
        if placeholder in self._secrets:
            return self._secrets[placeholder]
        if placeholder in self._lost:
            raise LostValue(self._lost[placeholder])
        return None

    def bind(self, placeholder: str, value: str) -> None:
        self._secrets[placeholder] = value
        self._lost.pop(placeholder, None)

    def lose(self, text: str, exchange: int) -> None:
        """Notes that a value of the recording has none of the mock."""
        if text not in self._secrets:
            self._lost.setdefault(text, exchange)

    def spoil(self, placeholder: str, exchange: int) -> None:
        """Lets nothing depend on a value any more: an exchange that differed used it up or not."""
        if placeholder in self._secrets:
            self._lost[placeholder] = exchange
            del self._secrets[placeholder]

    # Requests

    def target(self, url: str, put: Callable[[str], str]) -> str:
        """Path and query of a recorded address with our values. ``put`` gives those of
        placeholders. Raises :class:`LostValue`."""
        parts = urlsplit(url)
        path = "/".join(self._segment(each, put) for each in (parts.path or "/").split("/"))
        query = "&".join(self._pair(each, put) for each in parts.query.split("&"))
        return f"{path}?{query}" if parts.query else path

    def text(self, text: str, put: Callable[[str], str]) -> str:
        """A text, such as a header, with our values of placeholders."""
        return PLACEHOLDER.sub(lambda found: put(found[0]), text)

    def form(self, text: str, put: Callable[[str], str]) -> str:
        return PLACEHOLDER.sub(lambda found: quote_plus(put(found[0])), text)

    def json(self, text: str, put: Callable[[str], str]) -> str:
        """A JSON text with our values of placeholders and identifiers. Raises
        :class:`LostValue`."""
        text = PLACEHOLDER.sub(lambda found: json.dumps(put(found[0]))[1:-1], text)
        if not self._identifiers and not self._lost:
            return text
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        changed = self._value(value, "", _DEEPEST)
        return text if changed == value else json.dumps(changed)

    def _value(self, value: Any, name: str, depth: int) -> Any:
        if not depth:
            return value
        if isinstance(value, dict):
            return {key: self._value(each, key, depth - 1) for key, each in value.items()}
        if isinstance(value, list):
            return [self._value(each, name, depth - 1) for each in value]
        if not _IDENTIFIER.search(name) or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._known(value)
        found = self._known(str(value)) if isinstance(value, int) else ""
        return int(found) if isinstance(value, int) and found.isdecimal() else value

    def _segment(self, segment: str, put: Callable[[str], str]) -> str:
        if "{{" in segment:
            return quote(self.text(segment, put), safe="")
        plain = unquote(segment)
        known = self._known(plain)
        return segment if known == plain else quote(known, safe="")

    def _pair(self, pair: str, put: Callable[[str], str]) -> str:
        name, mark, value = pair.partition("=")
        if "{{" in value:
            return f"{name}{mark}{self.form(value, put)}"
        decoded = dict(parse_qsl(pair, keep_blank_values=True)).get(name, value)
        known = self._known(decoded)
        return pair if known == decoded else f"{name}{mark}{quote_plus(known)}"

    def _known(self, text: str) -> str:
        if text in self._identifiers:
            return self._identifiers[text]
        if text in self._lost:
            raise LostValue(self._lost[text])
        return text

    def bind_identifier(self, theirs: str, ours: str) -> None:
        self._identifiers[theirs] = ours

    def is_bound(self, text: str) -> bool:
        return text in self._identifiers or text in self._lost

    def follow_cursor(self, exchange: RecordedExchange) -> None:
        """Binds the cursor of a request that came from an answer of which only the shape is known.

        A cursor that the real platform refused is a wrong one, and stays as it is.
        """
        value = dict(exchange.request.query).get(self._cursor)
        path = exchange.request.path
        is_good = exchange.response is not None and exchange.response.status < 400
        if value is None or self.is_bound(value) or not is_good:
            return
        known = self._cursors.get(path)
        if known is not None:
            self._identifiers[value] = known

    # Answers

    def learn(self, exchange: RecordedExchange, answer: MockAnswer, path: str) -> None:
        """Binds what the real platform gave to what the mock gave at the same places.

        ``path`` is the path that the mock got.
        """
        response = exchange.response
        if response is None:
            return
        number = exchange.number
        location = response.find_header("location")
        if location is not None:
            self._learn_link(location, answer.find_header("location"), number)
        theirs = response.body.find_json()
        ours = answer.find_json()
        if theirs is not None:
            self._learn_value(theirs, ours, "", number, _DEEPEST)
        if response.body.shape is not None:
            self._note_cursors(ours, path)

    def _note_cursors(self, ours: Any, path: str) -> None:
        """Remembers the cursor of the last link to this path among an object's members."""
        members = ours.values() if isinstance(ours, dict) else ()
        inner = [value for each in members if isinstance(each, dict) for value in each.values()]
        for each in (*members, *inner):
            if isinstance(each, str) and f"{self._cursor}=" in each:
                parts = urlsplit(each)
                cursor = dict(parse_qsl(parts.query)).get(self._cursor)
                if cursor is not None and parts.path == path:
                    self._cursors[path] = cursor

    def _learn_value(self, theirs: Any, ours: Any, name: str, number: int, depth: int) -> None:
        if not depth:
            return
        if isinstance(theirs, dict):
            found = ours if isinstance(ours, dict) else {}
            for key, value in theirs.items():
                self._learn_value(value, found.get(key), key, number, depth - 1)
        elif isinstance(theirs, list):
            items = ours if isinstance(ours, list) else []
            for index, value in enumerate(theirs):
                other = items[index] if index < len(items) else None
                self._learn_value(value, other, name, number, depth - 1)
        elif isinstance(theirs, str):
            self._learn_text(theirs, ours, name, number)
        elif isinstance(theirs, int) and not isinstance(theirs, bool) and _IDENTIFIER.search(name):
            self._learn_identifier(str(theirs), ours, number)

    def _learn_text(self, theirs: str, ours: Any, name: str, number: int) -> None:
        if PLACEHOLDER.fullmatch(theirs):
            if isinstance(ours, str) and ours:
                self.bind(theirs, ours)
            else:
                self.lose(theirs, number)
        elif "?" in theirs and "/" in theirs:
            self._learn_link(theirs, ours if isinstance(ours, str) else None, number)
        elif _IDENTIFIER.search(name):
            self._learn_identifier(theirs, ours, number)

    def _learn_link(self, theirs: str, ours: str | None, number: int) -> None:
        """Binds the segments and the parameters of two addresses."""
        there, here = urlsplit(theirs), urlsplit(ours or "")
        segments = here.path.split("/")
        for index, each in enumerate(there.path.split("/")):
            if index < len(segments) and each != segments[index]:
                self._learn_identifier(unquote(each), unquote(segments[index]), number)
        found = dict([*parse_qsl(here.query), *parse_qsl(here.fragment)])
        for name, value in (*parse_qsl(there.query), *parse_qsl(there.fragment)):
            if PLACEHOLDER.fullmatch(value):
                if name in found:
                    self.bind(value, found[name])
                else:
                    self.lose(value, number)
            elif name not in found or (value != found[name] and not value.isdecimal()):
                self._learn_identifier(value, found.get(name), number)

    def _learn_identifier(self, theirs: str, ours: Any, number: int) -> None:
        is_plain = isinstance(ours, str | int) and not isinstance(ours, bool)
        if len(theirs) < _SHORTEST or theirs in self._identifiers:
            return
        if not is_plain:
            self._lost.setdefault(theirs, number)
        elif str(ours) != theirs:
            self._lost.pop(theirs, None)
            self._identifiers[theirs] = str(ours)
            if len(self._identifiers) > _MOST_BOUND:
                del self._identifiers[next(iter(self._identifiers))]
        else:
            self._lost.pop(theirs, None)
