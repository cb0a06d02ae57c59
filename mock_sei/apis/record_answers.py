"""A user's records in the shape that the document of an operation gives its answer.

A list stands in the one list of its wrapper, and a record is found by the member that the last
parameter of the path names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from mock_sei.apis.calls import ApiCall, not_there
from mock_sei.apis.combining import ways
from mock_sei.apis.plain import Parts, Plain
from mock_sei.apis.records import Order, Record, Table, texts
from mock_sei.apis.references import Document

_DEEPEST = 3
"""Levels of a wrapper in which its list is looked for."""
_MOST_MEMBERS = 200
"""Members of a wrapper that are looked at."""
_MOST_KEYS = 6
"""Members of the records that a value of the path is compared with."""
_COUNTS = frozenset(["count", "size", "total", "totalcount", "totalitems", "totalresults"])
"""Numbers of a wrapper that say how many records there are, in lower case without signs."""


def records_answer(call: ApiCall, schema: Any, wrapper: Any) -> Any:
    """All records; the one that the path names, where the path ends with a parameter.

    ``wrapper`` is what the document answers without records. Raises
    :class:`~mock_sei.errors.Refusal`, 404.
    """
    operation = call.operation
    table = call.state.collections.table(operation.rule.collection)
    if operation.path.endswith("}"):
        return _record(call, table, schema)
    place = _list_place(schema, operation.document)
    if place is None:
        call.notes.append(
            f"the records of {operation.name} are answered as a list: its schema has not one list "
            "that they could stand in"
        )
        place = ()
    items = _plain_at(schema, place, operation.document).item(0)
    return _filled(wrapper, place, _picked(call, table, items))


def _picked(call: ApiCall, table: Table, items: Parts) -> list[Record]:
    """The records that the query asks for: by members of their schema, then by ``limit``."""
    found: Sequence[Record] = table.records
    if not call.operation.find_parameters("limit") and not call.values:
        return list(found)
    known = set(next(ways(items, call.operation.document)).members) if items else set()
    for name, value in call.query_values().items():
        if name in known:
            wanted = {_text(each) for each in (value if isinstance(value, tuple) else (value,))}
            found = [each for each in found if _text(each.get(name)) in wanted]
    for parameter in call.operation.find_parameters("limit"):
        most = call.values.get(parameter.key)
        if isinstance(most, int) and most >= 0:
            found = found[:most]
    return list(found)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list_place(schema: Any, document: Document) -> tuple[str, ...] | None:
    """As :func:`_find_list`, found once."""
    kept = document.derived("list", schema, lambda: {"place": _find_list((schema,), document)})
    found: tuple[str, ...] | None = kept["place"]
    return found


def _find_list(parts: Parts, document: Document) -> tuple[str, ...] | None:
    """The members that lead to the one list of a wrapper; none of them where it is the list."""
    level: list[tuple[tuple[str, ...], Parts]] = [((), parts)]
    left = _MOST_MEMBERS
    for _ in range(_DEEPEST + 1):
        lists, below = [], []
        for place, each in level:
            plain = next(ways(each, document))
            left -= 1
            if left < 0:
                return None
            if _is_list(plain):
                lists.append(place)
            elif plain.types is None or "object" in plain.types:
                below += [((*place, name), plain.member(name)) for name in plain.members]
        if lists:
            return lists[0] if len(lists) == 1 else None
        if not below:
            return () if level[0][0] == () else None
        level = below
    return None


def _is_list(plain: Plain) -> bool:
    return bool(plain.arrays) if plain.types is None else "array" in plain.types


def _plain_at(schema: Any, place: tuple[str, ...], document: Document) -> Plain:
    plain = next(ways((schema,), document))
    for name in place:
        plain = next(ways(plain.member(name), document))
    return plain


def _filled(wrapper: Any, place: tuple[str, ...], records: list[Record]) -> Any:
    """A wrapper with other records, and with their number where it says one."""
    if not place:
        return records
    name, *rest = place
    members = dict(wrapper) if isinstance(wrapper, Mapping) else {}
    members[name] = _filled(members.get(name), tuple(rest), records)
    for other, value in members.items():
        if isinstance(value, int) and re.sub("[^a-z]", "", other.lower()) in _COUNTS:
            members[other] = len(records)
    return members


def _record(call: ApiCall, table: Table, schema: Any) -> Record:
    operation = call.operation
    name = operation.path.rpartition("{")[2].rstrip("}")
    wanted = str(call.values["path", name])
    keys = operation.document.derived(
        f"keys {name}",
        schema,
        lambda: {"keys": list(dict.fromkeys(_keys(name, schema, operation.document)))},
    )["keys"][:_MOST_KEYS]
    found = [next(table.with_key(Order(texts, (key,)), wanted), None) for key in keys]
    first = min(filter(None, found), key=itemgetter(0), default=None)
    if first is None:
        raise not_there(operation, name, wanted)
    return first[1]


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def _keys(parameter: str, schema: Any, document: Document) -> Iterator[str]:
    """Members that a parameter of a path may mean, the likeliest first.

    ``{gadgetCode}``: ``gadgetCode``, ``gadget_code``, ``id``, ``code``; then what the schema
    requires.
    """
    words = [each.lower() for each in _WORD.findall(parameter)] or [parameter]
    yield parameter
    yield words[0] + "".join(each.capitalize() for each in words[1:])
    yield "_".join(words)
    yield "id"
    yield words[-1]
    plain = next(ways((schema,), document))
    for name in plain.required:
        member = next(ways(plain.member(name), document))
        if member.types is None or member.types & {"string", "integer", "number"}:
            yield name
