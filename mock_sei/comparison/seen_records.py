"""The records that a recording shows, as data of the mock.

A record goes in as the real platform gave it, but for members that the mock's own records and
document do not know, and members of another type: so the answers show what the mock does not know.
Where a recording has only shapes, the mock's own records stay, and there are enough of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from mock_sei.apis.collections import Record
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.operations import OVER_RECORDS, Operation
from mock_sei.comparison.facts import is_accepted, is_counted
from mock_sei.comparison.shape_differences import type_of
from mock_sei.errors import Refusal
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.shapes import Shape, join, shape_of

_MORE = 60
"""Records behind the last page that is seen, if it has a link to a further one."""
_MOST = 20_000
"""Records of one collection."""
_DEEPEST = 30


class SeenRecords:
    """Reads exchange by exchange which records there are."""

    def __init__(self, catalogue: Catalogue, demo: Mapping[str, Sequence[Record]]) -> None:
        """``demo`` are the mock's own records, by collection."""
        self._catalogue, self._demo = catalogue, demo
        self._records: dict[str, dict[str, dict[str, Any]]] = {}
        self._created: dict[str, set[str]] = {}
        self._named: dict[str, dict[str, Mapping[str, Any]]] = {}
        """By collection the keys in paths that were accepted, with what such a record must have."""
        self._wanted: dict[str, int] = {}
        """By collection, how many records there must be at least."""
        self._mentioned: set[str] = set()
        self._known: dict[str, Shape | None] = {}
        self._keys: dict[str, str] = {}

    def note(self, exchange: RecordedExchange) -> None:
        """Takes in one exchange, in the order of the recording."""
        response = exchange.response
        if response is None or not is_counted(exchange) or not is_accepted(exchange):
            return
        found = find_operation(self._catalogue, exchange)
        if found is None:
            return
        operation, values = found
        rule = operation.rule
        if rule.action not in OVER_RECORDS or not rule.collection or not rule.key:
            self._mentioned.update(_texts(exchange.request.body.find_json(), _DEEPEST))
            return
        self._keys.setdefault(rule.collection, rule.key)
        given = response.body.find_json()
        fields = dict(_fields(operation, values, exchange))
        if rule.action == "list":
            self._note_list(rule.collection, rule.key, given, response.body.shape, fields)
        elif rule.action == "read" and isinstance(given, dict):
            for each in _records_in(given):
                self._add(rule.collection, rule.key, each, fields)
        elif rule.action == "create":
            self._note_created(rule.collection, rule.key, exchange, given)
        key = values.get(rule.key) or next(iter(values.values()), None)
        if rule.action not in ("list", "create") and key is not None:
            self._named.setdefault(rule.collection, {}).setdefault(key, fields)
        if rule.action != "read":
            self._mentioned.update(_texts(exchange.request.body.find_json(), _DEEPEST))

    def collections(self) -> dict[str, tuple[Record, ...]]:
        """The records of each collection that the recording shows something of."""
        names = {*self._records, *self._named, *self._wanted}
        return {each: tuple(self._collection(each)) for each in sorted(names)}

    def _note_list(
        self,
        collection: str,
        key: str,
        given: Any,
        shape: Shape | None,
        fields: Mapping[str, Any],
    ) -> None:
        records = _records_in(given)
        for each in records:
            self._add(collection, key, each, fields)
        count = len(records) if shape is None else _length(shape)
        has_more = _has_link(given) if shape is None else _has_link_shape(shape)
        seen = len(self._records.get(collection, ())) if shape is None else count
        wanted = seen + (_MORE if has_more else 0)
        self._wanted[collection] = min(max(self._wanted.get(collection, 0), wanted), _MOST)

    def _note_created(
        self, collection: str, key: str, exchange: RecordedExchange, given: Any
    ) -> None:
        created = self._created.setdefault(collection, set())
        location = exchange.response.find_header("location") if exchange.response else None
        if location is not None:
            created.add(unquote(location.rstrip("/").rpartition("/")[2]))
        for each in _records_in(given) or ([given] if isinstance(given, dict) else []):
            value = each.get(key)
            if isinstance(value, str | int):
                created.add(str(value))

    def _add(
        self, collection: str, key: str, record: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> None:
        value = record.get(key)
        if not isinstance(value, str | int) or str(value) in self._created.get(collection, ()):
            return
        known = self._records.setdefault(collection, {})
        if len(known) < _MOST or str(value) in known:
            first = known.get(str(value), {})
            known[str(value)] = {**fields, **record, **first}

    def _collection(self, name: str) -> Iterator[Record]:
        demo = list(self._demo.get(name, ()))
        key = self._keys[name]
        seen = self._records.get(name)
        made: list[dict[str, Any]] = []
        if seen:
            reference = join(shape_of(each) for each in demo) if demo else None
            made = [self._fitted(each, reference, demo) for each in seen.values()]
            wanted = {*self._named.get(name, ()), *self._mentioned} - seen.keys()
            made += [dict(each) for each in demo if str(each.get(key)) in wanted]
        else:
            made = [dict(each) for each in demo]
        yield from made
        there = {str(each.get(key)) for each in made}
        template = made[-1] if made else {}
        for value, fields in self._named.get(name, {}).items():
            if value not in there and value not in self._created.get(name, ()):
                there.add(value)
                typed = (
                    int(value)
                    if isinstance(template.get(key), int) and value.isdecimal()
                    else value
                )
                yield {**template, **fields, key: typed}
        for number in range(self._wanted.get(name, 0) - len(there)):
            yield self._further(name, template, number)

    def _further(self, collection: str, template: Record, number: int) -> Record:
        """Another record like the last one, which comes after it."""
        copy = dict(template)
        for key in {
            self._keys[collection],
            *self._catalogue.keys_by_collection.get(collection, ()),
        }:
            value = template.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                copy[key] = value + 1 + number
            else:
                copy[key] = f"{value or ''}~{number:06}"
        return copy

    def _fitted(
        self, record: Mapping[str, Any], reference: Shape | None, demo: Sequence[Record]
    ) -> dict[str, Any]:
        """A record of the real platform, as the mock could have it."""
        if reference is None:
            return dict(record)
        return {
            name: value if good else other
            for name, value, good, other in _judged(record, reference, demo)
        }


def find_operation(
    catalogue: Catalogue, exchange: RecordedExchange
) -> tuple[Operation, Mapping[str, str]] | None:
    """The operation of a recorded call with the values in its path; None if there is none."""
    request = exchange.request
    query = request.url.partition("?")[2]
    try:
        return catalogue.find(request.method, unquote(request.path), query)
    except Refusal:
        return None


def _judged(
    record: Mapping[str, Any], reference: Shape, demo: Sequence[Record]
) -> Iterator[tuple[str, Any, bool, Any]]:
    """Name and value of each member that the mock knows, whether it fits, and the mock's value."""
    for name, value in record.items():
        known = reference.members.get(name)
        if known is None:
            continue
        kinds = {"number" if each == "integer" else each for each in known.types}
        fits = value is None or not kinds - {"null"} or type_of(value) in kinds
        own = next((each[name] for each in demo if each.get(name) is not None), None)
        if fits and isinstance(value, dict) and known.members:
            inner = [each[name] for each in demo if isinstance(each.get(name), dict)]
            value = {
                each: found if good else other
                for each, found, good, other in _judged(value, known, inner)
            }
        elif fits and isinstance(value, list) and known.items is not None:
            items = [one for each in demo for one in (each.get(name) or ())]
            value = [_fitted_item(each, known.items, items) for each in value]
        yield name, value, fits, own


def _fitted_item(value: Any, known: Shape, demo: Sequence[Any]) -> Any:
    if not isinstance(value, dict) or not known.members:
        return value
    inner = [each for each in demo if isinstance(each, dict)]
    return {
        each: found if good else other for each, found, good, other in _judged(value, known, inner)
    }


def _records_in(given: Any) -> list[dict[str, Any]]:
    """The records of an answer, in whichever envelope."""
    value = given
    for name in ("data", "results"):
        if isinstance(value, dict) and name in value:
            value = value[name]
    if isinstance(value, dict):
        value = [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _length(shape: Shape) -> int:
    value = shape
    for name in ("data", "results"):
        value = value.members.get(name, value)
    return value.length[1] if value.length and "array" in value.types else 0


def _has_link(given: Any) -> bool:
    paging = given.get("paging") if isinstance(given, dict) else None
    values = paging.values() if isinstance(paging, dict) else ()
    return any(isinstance(each, str) for each in values)


def _has_link_shape(shape: Shape) -> bool:
    paging = shape.members.get("paging")
    return paging is not None and any("string" in each.types for each in paging.members.values())


def _fields(
    operation: Operation, values: Mapping[str, str], exchange: RecordedExchange
) -> Iterator[tuple[str, Any]]:
    """Members that the records of a call have, since the call asked for them."""
    sent = dict(exchange.request.query)
    for each in operation.parameters.values():
        source = values if each.place == "path" else sent if each.place == "query" else {}
        value = source.get(each.name)
        plain = each.field and "," not in each.field and "." not in each.field
        if value is None or not plain or each.match != "equals" or value == each.every:
            continue
        if each.type == "boolean":
            yield str(each.field), value == "true"
        elif each.type in ("integer", "number"):
            yield str(each.field), int(value) if value.isdecimal() else value
        else:
            yield str(each.field), value


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The texts and whole numbers in a JSON value."""
    if isinstance(value, dict) and depth:
        for each in value.values():
            yield from _texts(each, depth - 1)
    elif isinstance(value, list) and depth:
        for each in value:
            yield from _texts(each, depth - 1)
    elif isinstance(value, str | int):
        yield str(value)
