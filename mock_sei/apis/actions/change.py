"""``change``: PUT replaces the record. PATCH merges its body or is a JSON Patch (RFC 6902).

A patch that fails does not change the record. Source: basics page (PUT replaces the whole, PATCH a
part); investor, account and pending-transaction pages. The investor pages document which members
may change (all but the internal identifier). The pending-transaction pages document that the path's
key takes precedence over the body's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mock_sei.apis.bodies import (
    JSON_PATCH,
    Nulls,
    check_media_type,
    media_type_of,
    note_nulls,
    read_json,
    schema_faults,
)
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.collections import Record
from mock_sei.apis.hints import unknown_values
from mock_sei.apis.jobs import COMPLETED
from mock_sei.apis.misfits import shown
from mock_sei.apis.templates import fill
from mock_sei.errors import InvalidValue, MalformedRequest
from mock_sei.values.sendable import check_depth

ACTION = "change"

MOST_COPIED = 1024 * 1024
"""Characters of JSON that one patch may copy. A copy of the whole record doubles its size."""
MOST_SHIFTED = 200_000_000
"""How many items one patch may move within arrays by inserting and removing other items."""


def act(call: ApiCall) -> ApiAnswer:
    """Changes the record that the path names, and returns the answer."""
    operation, rule = call.operation, call.operation.rule
    record = call.require_record()
    media_type = check_media_type(operation, call.content_type)
    nulls = Nulls() if operation.document.lenient and not _is_json_patch(media_type) else None
    body = read_json(operation, call.body, media_type, call.budget, nulls)
    note_nulls(operation, media_type, nulls, call.notes)
    changed = _changed(call, record, body, media_type, nulls or Nulls())
    faults = list(_faults(call, record, changed))
    named = {fault.field for fault in faults}
    faults += [fault for fault in _misfits(call, changed) if fault.field not in named]
    if faults:
        raise MalformedRequest(faults)
    job = call.state.jobs.new_key()
    names = call.names(body=body, job=job, key=changed[rule.key])
    changed = {**changed, **fill(rule.fields, names)}
    call.notes.extend(_unknown_values(call, changed))
    if not call.state.collections.replace(rule.collection, record, changed):
        return act(call)  # another call changed it meanwhile: repeat with the current record
    call.state.jobs.finish(job, {"status": COMPLETED, rule.key: changed[rule.key]})
    names["record"] = changed
    answer = changed if rule.answer is None else fill(rule.answer, names)
    return ApiAnswer(body=answer, status=operation.success)


def _is_json_patch(media_type: str) -> bool:
    """Whether the body is a JSON Patch. There null is a value, and ``remove`` removes a member."""
    return media_type_of(media_type) == JSON_PATCH


def _changed(call: ApiCall, record: Record, body: Any, media_type: str, nulls: Nulls) -> Record:
    """The changed record. It keeps the key that the path names."""
    rule = call.operation.rule
    if _is_json_patch(media_type):
        changed = patched(record, body)
    elif not isinstance(body, Mapping):
        raise MalformedRequest([InvalidValue("", "body", "must be an object")])
    elif call.operation.method == "PUT":
        kept = {name: record[name] for name in (rule.key, *rule.fixed) if name in record}
        changed = {**kept, **fill(rule.defaults, call.names(body=body)), **body}
    else:
        changed = merged(record, body, nulls)
    key = record[rule.key]
    if rule.new_keys or changed.get(rule.key) == key:
        return changed
    call.notes.append(f"{rule.key} in the body differs from the one in the path, which is kept")
    return {**changed, rule.key: key}


def merged(record: Record, body: Mapping[str, Any], nulls: Nulls) -> dict[str, Any]:
    """The record with the members of the body. Objects are merged recursively.

    Members that are null in the body are removed (RFC 7396).
    """
    gone = frozenset(nulls.of(body))
    result = {name: value for name, value in record.items() if name not in gone}
    for name, value in body.items():
        old = result.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            result[name] = merged(old, value, nulls)
        else:
            result[name] = value
    return result


def patched(record: Record, operations: Sequence[Mapping[str, Any]]) -> Record:
    """A changed copy of the record.

    Raises :class:`MalformedRequest` with the number of the failed operation.
    """
    # Imported with the first patch, because most runs have none.
    from jsonpatch import JsonPatch, JsonPatchException
    from jsonpointer import JsonPointer, JsonPointerException

    if not isinstance(operations, list):
        raise MalformedRequest([InvalidValue("", "body", "must be an array of operations")])
    text = json.dumps(record)
    result: Any = json.loads(text)
    copied = shifted = 0
    may_shift_much = len(operations) * len(text) > MOST_SHIFTED
    for index, operation in enumerate(operations):
        try:
            if not isinstance(operation, Mapping):
                raise ValueError("must be an object")
            if operation.get("op") == "copy":
                value = json.dumps(JsonPointer(operation["from"]).resolve(result))
                copied += len(value)
                if copied > MOST_COPIED:
                    raise ValueError("copies too much")
                operation = {**operation, "op": "add", "value": json.loads(value)}
            if may_shift_much:
                shifted += _longest_shift(operation, result)
                if shifted > MOST_SHIFTED:
                    raise ValueError("shifts too many items of an array")
            result = JsonPatch([operation]).apply(result, in_place=True)
        except (
            JsonPatchException,
            JsonPointerException,
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
            RecursionError,
        ) as error:
            reason = _reason(error, operation, result)
            raise MalformedRequest([InvalidValue(str(index), "body", reason)]) from None
    if not isinstance(result, dict):
        raise MalformedRequest([InvalidValue("", "body", "the patch leaves no object")])
    try:
        check_depth(result)
    except ValueError as error:
        raise MalformedRequest([InvalidValue("", "body", str(error))]) from None
    return result


def _reason(error: Exception, operation: Any, document: Any) -> str:
    """Why an operation of a patch fails, without Python terms from the libraries' messages."""
    if not isinstance(operation, Mapping):
        return str(error)
    path, text = operation.get("path"), " ".join(str(error).split())
    at = operation.get("from") if operation.get("op") in ("copy", "move") else path
    if operation.get("op") == "test" and "is not equal to" in text:
        found = _find_at(path, document)
        if found is None:
            return f"there is nothing at {path}"
        return f"the value at {path} is {shown(found[0])}, not {shown(operation.get('value'))}"
    if isinstance(at, str) and (" not found in " in text or _IS_A_KEY.fullmatch(text)):
        return f"there is nothing at {at}"
    if "support indexing" in text or "non-container" in text:
        return f"{at} leads into a value that is neither an object nor an array"
    if isinstance(error, TypeError | AttributeError | LookupError):
        return "is not an operation of JSON Patch (RFC 6902)"
    return text


_IS_A_KEY = re.compile("'[^']*'")
"""The complete text of a ``KeyError``."""


def _find_at(path: Any, document: Any) -> tuple[Any] | None:
    """The value at a path, in a tuple of one; None if there is none."""
    from jsonpointer import EndOfList, JsonPointer, JsonPointerException

    try:
        found = JsonPointer(path).resolve(document)
    except (JsonPointerException, TypeError, ValueError, LookupError, AttributeError):
        return None
    return None if isinstance(found, EndOfList) else (found,)


def _longest_shift(operation: Mapping[str, Any], document: Any) -> int:
    """The total length of the arrays into which an operation inserts or from which it removes."""
    from jsonpointer import JsonPointer, JsonPointerException

    count = 0
    for pointer in (str(operation.get("path")), str(operation.get("from"))):
        try:
            array, _ = JsonPointer(pointer).to_last(document)
        except (JsonPointerException, TypeError, ValueError, LookupError, AttributeError):
            continue  # the operation fails later with a reason
        count += len(array) if isinstance(array, list) else 0
    return count


def _faults(call: ApiCall, before: Record, after: Record) -> Iterable[InvalidValue]:
    rule = call.operation.rule
    for name in rule.fixed:
        if before.get(name) != after.get(name):
            yield InvalidValue(name, "body", "cannot be changed")
    if after.get(rule.key) is None:
        yield InvalidValue(rule.key, "body", "cannot be removed, because it identifies the record")
    if rule.new_keys and before.get(rule.key) != after.get(rule.key):
        key = after.get(rule.key)
        if call.state.collections.find(rule.collection, rule.key, key) is not None:
            yield InvalidValue(rule.key, "body", f"{key!s} exists already")


def _unknown_values(call: ApiCall, after: Record) -> Iterable[str]:
    schema = _record_schema(call)
    return () if schema is None else unknown_values(call.operation.document, schema, after)


def _record_schema(call: ApiCall) -> Any:
    """The schema that a changed record must still fit; None if the rule names none."""
    name, operation = call.operation.rule.schema, call.operation
    if name is None:
        return None
    return operation.document.find(f"#/components/schemas/{name}", operation.name)


def _misfits(call: ApiCall, after: Record) -> Iterable[InvalidValue]:
    schema = _record_schema(call)
    if schema is not None:
        yield from schema_faults(call.operation.document, schema, after, call.budget)
