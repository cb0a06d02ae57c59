"""``rename``: renames a folder. Everything inside it moves along.

Source: content-management page (``newName`` of the query, for when a name needs to change); without
a name the folder keeps its own. The records of such a tree have ``path`` and ``parentPath``. The
query parameter with a ``field`` holds the new name.
"""

from __future__ import annotations

from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.misfits import shown
from mock_sei.apis.records import Order, Record, RecordTable, texts
from mock_sei.apis.templates import fill
from mock_sei.errors import InvalidValue, MalformedRequest

ACTION = "rename"

_PLACES = ("path", "parentPath")


def act(call: ApiCall) -> ApiAnswer:
    """Renames the folder that the path names, and moves everything inside it."""
    operation, rule = call.operation, call.operation.rule
    collections = call.state.collections
    record = call.require_record()
    parameter = next(
        each for each in operation.parameters.values() if each.place == "query" and each.field
    )
    name = str(call.values.get(parameter.key, record[str(parameter.field)]))
    old, new = record["path"], f"{record['parentPath'].rstrip('/')}/{name}"
    reason = None
    if not name.strip() or "/" in name:
        reason = f"must be a name without a slash, not {shown(name)}"
    elif new != old and collections.find(rule.collection, "path", new) is not None:
        reason = f"{new} exists already"
    if reason:
        raise MalformedRequest([InvalidValue(parameter.name, "query", reason)])
    renamed = {
        **record,
        str(parameter.field): name,
        "path": new,
        **fill(rule.fields, call.names(record=record)),
    }
    if not collections.replace(rule.collection, record, renamed):
        return act(call)  # another call changed it meanwhile: repeat with the current record
    for collection in (rule.collection, *(each["collection"] for each in rule.records)):
        for each in _below(collections.table(collection), old):
            collections.replace(collection, each, _moved(each, old, new))
    answer = renamed if rule.answer is None else fill(rule.answer, call.names(record=renamed))
    return ApiAnswer(body=answer, status=operation.success)


def _below(table: RecordTable, folder: str) -> list[Record]:
    """The records of a folder and of everything inside it, each once."""
    ranges = ((folder, folder), (f"{folder}/", f"{folder}/\U0010ffff"))
    found: dict[int, Record] = {}
    for place in _PLACES:
        order = Order(texts, (place,))
        for first, last in ranges:
            found |= {id(each): each for each in table.between(order, first, last)}
    return list(found.values())


def _moved(record: Record, old: str, new: str) -> Record:
    """The record with its new place in the renamed folder."""
    changed = {
        place: new + value[len(old) :]
        for place in _PLACES
        if (value := str(record.get(place, ""))) == old or value.startswith(f"{old}/")
    }
    return {**record, **changed} if changed else record
