"""Answers with a user's records, in the shape of the answer that the operation's document declares.

A list of records is put into the only list of the answer. A single record is found by the member
that the last parameter of the path names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from operator import itemgetter
from typing import Any

from mock_sei.apis.calls import ApiCall, not_there
from mock_sei.apis.combining import ways
from mock_sei.apis.plain import Parts, Plain
from mock_sei.apis.records import Order, Record, RecordTable, texts
from mock_sei.apis.references import Document

_DEEPEST = 3
"""How many levels of an answer are searched for its list."""
_MOST_MEMBERS = 200
"""How many members of an answer are searched."""
_MOST_KEYS = 6
"""How many members of a record are compared with a value of the path."""
_COUNTS = frozenset(["count", "size"])
_TOTALS = frozenset(["total", "totalcount", "totalitems", "totalresults"])
"""Names of numbers in an answer that say how many records exist, in lower case without
punctuation."""
_MORE = frozenset(["hasmore", "hasnext", "hasnextpage", "more"])
"""Names of booleans in an answer that say whether further records follow."""


def records_answer(call: ApiCall, schema: Any, wrapper: Any) -> Any:
    """All records; or the one record that the path names, if the path ends with a parameter.

    ``wrapper`` is the answer without records, as the document gives it. Raises a 404
    :class:`~mock_sei.errors.Refusal`.
    """
    operation = call.operation
    table = call.state.collections.table(operation.rule.collection)
    if operation.path.endswith("}"):
        where = _record_place(schema, table, operation.document)
        return _put(wrapper, where, _record(call, table, schema, where))
    place = _list_place(schema, operation.document)
    if place is None:
        call.notes.append(
            f"the records of {operation.name} are answered as a bare list, because its schema has "
            "no list for them, or several"
        )
        place = ()
    items = _plain_at(schema, place, operation.document).item(0)
    picked = _picked(call, table, items)
    shown = _first_of(call, picked)
    return _counted(_put(wrapper, place, shown), place, shown=len(shown), total=len(picked))


def _picked(call: ApiCall, table: RecordTable, items: Parts) -> list[Record]:
    """The records that the query selects by the members of their schema."""
    found: Sequence[Record] = table.records
    if not call.values:
        return list(found)
    known = set(next(ways(items, call.operation.document)).members) if items else set()
    for name, value in call.query_values().items():
        if name in known:
            wanted = _texts(value)
            found = [each for each in found if not wanted.isdisjoint(_texts(each.get(name)))]
    return list(found)


def _first_of(call: ApiCall, records: list[Record]) -> list[Record]:
    """As many records as ``limit`` asks for."""
    for parameter in call.operation.find_parameters("limit"):
        most = call.values.get(parameter.key)
        if isinstance(most, int) and most >= 0:
            records = records[:most]
    return records


def _texts(value: Any) -> set[str]:
    """A value as a query writes it, as a set. A list gives a text for each of its entries."""
    return {_text(each) for each in (value if isinstance(value, tuple | list) else (value,))}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list_place(schema: Any, document: Document) -> tuple[str, ...] | None:
    """The remembered result of :func:`_find_list`."""
    kept = document.derived("list", schema, lambda: {"place": _find_list((schema,), document)})
    found: tuple[str, ...] | None = kept["place"]
    return found


def _find_list(parts: Parts, document: Document) -> tuple[str, ...] | None:
    """The member names that lead to the only list of an answer.

    Empty if the answer itself is the list.
    """
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


def _put(wrapper: Any, place: tuple[str, ...], value: Any) -> Any:
    """The answer with another value in one place."""
    if not place:
        return value
    name, *rest = place
    members = dict(wrapper) if isinstance(wrapper, Mapping) else {}
    return {**members, name: _put(members.get(name), tuple(rest), value)}


def _counted(wrapper: Any, place: tuple[str, ...], *, shown: int, total: int) -> Any:
    """The answer with correct numbers and booleans about its records."""
    if not place or not isinstance(wrapper, Mapping):
        return wrapper
    facts = {**dict.fromkeys(_COUNTS, shown), **dict.fromkeys(_TOTALS, total)}
    facts |= dict.fromkeys(_MORE, shown < total)
    found = dict(wrapper)
    for name, value in wrapper.items():
        fact = facts.get(re.sub("[^a-z]", "", name.lower()))
        if fact is not None and isinstance(value, int) and type(value) is type(fact):
            found[name] = fact
    inner = _counted(found[place[0]], place[1:], shown=shown, total=total)
    return {**found, place[0]: inner}


def _record_place(schema: Any, table: RecordTable, document: Document) -> tuple[str, ...]:
    """The member names that lead to the record in an answer.

    Empty if the answer itself is the record.
    """
    known = next(iter(table.records), {}).keys()
    kept = document.derived(
        f"record of {sorted(map(str, known))}",
        schema,
        lambda: {"place": _find_record((schema,), known, document)},
    )
    found: tuple[str, ...] = kept["place"]
    return found


def _find_record(parts: Parts, known: Set[str], document: Document) -> tuple[str, ...]:
    level: list[tuple[tuple[str, ...], Parts]] = [((), parts)]
    left = _MOST_MEMBERS
    for _ in range(_DEEPEST + 1):
        below = []
        for place, each in level[:left]:
            plain = next(ways(each, document))
            left -= 1
            if not known.isdisjoint(plain.members):
                return place
            below += [((*place, name), plain.member(name)) for name in plain.members]
        level = below
    return ()


def _record(call: ApiCall, table: RecordTable, schema: Any, place: tuple[str, ...]) -> Record:
    operation = call.operation
    name = operation.path.rpartition("{")[2].rstrip("}")
    wanted = str(call.values["path", name])

    def make() -> dict[str, Any]:
        plain = _plain_at(schema, place, operation.document)
        return {"keys": list(dict.fromkeys(_keys(name, plain, operation.document)))}

    keys = operation.document.derived(f"keys {name} {place}", schema, make)["keys"][:_MOST_KEYS]
    found = [next(table.with_key(Order(texts, (key,)), wanted), None) for key in keys]
    first = min(filter(None, found), key=itemgetter(0), default=None)
    if first is None:
        raise not_there(operation, name, wanted)
    return first[1]


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")


def _keys(parameter: str, plain: Plain, document: Document) -> Iterator[str]:
    """The members that a parameter of a path may mean, the most likely first.

    For ``{gadgetCode}``: ``gadgetCode``, ``gadget_code``, ``id``, ``code``, then the required
    members.
    """
    words = [each.lower() for each in _WORD.findall(parameter)] or [parameter]
    yield parameter
    yield words[0] + "".join(each.capitalize() for each in words[1:])
    yield "_".join(words)
    yield "id"
    yield words[-1]
    for name in plain.required:
        member = next(ways(plain.member(name), document))
        if member.types is None or member.types & {"string", "integer", "number"}:
            yield name
