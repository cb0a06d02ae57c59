"""``change``: a PUT replaces the record, a PATCH merges its body or is a JSON Patch (RFC 6902).

A patch that fails leaves the record as it was. Source: basics page (PUT replaces the whole, PATCH a
part); investor, account and pending-transaction pages. Which members may change is documented for
investors (all but the internal identifier); that the path's key wins over the body's, for pending
transactions.
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
"""Characters of JSON that one patch may copy: each copy of a whole may double a record."""
MOST_SHIFTED = 200_000_000
"""Items that one patch may shift, by putting others before them or taking others away."""


def act(call: ApiCall) -> ApiAnswer:
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
        return act(call)  # somebody else changed it meanwhile: again, on what is there now
    call.state.jobs.finish(job, {"status": COMPLETED, rule.key: changed[rule.key]})
    names["record"] = changed
    answer = changed if rule.answer is None else fill(rule.answer, names)
    return ApiAnswer(body=answer, status=operation.success)


def _is_json_patch(media_type: str) -> bool:
    """In which null is a value, and a member is taken away by ``remove``."""
    return media_type_of(media_type) == JSON_PATCH


def _changed(call: ApiCall, record: Record, body: Any, media_type: str, nulls: Nulls) -> Record:
    """The record as the body wants it, with the key that the path names."""
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
    call.notes.append(f"{rule.key} of the body is not that of the path; the path's is kept")
    return {**changed, rule.key: key}


def merged(record: Record, body: Mapping[str, Any], nulls: Nulls) -> dict[str, Any]:
    """The record with the members of the body; an object is merged into the one that is there.

    What the body has as null is taken away (RFC 7396).
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
    """A changed copy. Raises :class:`MalformedRequest` naming the operation that fails."""
    # Imported with the first patch.
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
    """Why an operation of a patch fails, without the libraries' Python."""
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
        return "is no operation of JSON Patch (RFC 6902)"
    return text


_IS_A_KEY = re.compile("'[^']*'")
"""The whole reason of a ``KeyError``."""


def _find_at(path: Any, document: Any) -> tuple[Any] | None:
    """The value that a path of a patch leads to."""
    from jsonpointer import EndOfList, JsonPointer, JsonPointerException

    try:
        found = JsonPointer(path).resolve(document)
    except (JsonPointerException, TypeError, ValueError, LookupError, AttributeError):
        return None
    return None if isinstance(found, EndOfList) else (found,)


def _longest_shift(operation: Mapping[str, Any], document: Any) -> int:
    """The items of the arrays that an operation puts something into or takes something out of."""
    from jsonpointer import JsonPointer, JsonPointerException

    count = 0
    for pointer in (str(operation.get("path")), str(operation.get("from"))):
        try:
            array, _ = JsonPointer(pointer).to_last(document)
        except (JsonPointerException, TypeError, ValueError, LookupError, AttributeError):
            continue  # applying it says what is wrong
        count += len(array) if isinstance(array, list) else 0
    return count


def _faults(call: ApiCall, before: Record, after: Record) -> Iterable[InvalidValue]:
    rule = call.operation.rule
    for name in rule.fixed:
        if before.get(name) != after.get(name):
            yield InvalidValue(name, "body", "cannot be changed")
    if after.get(rule.key) is None:
        yield InvalidValue(rule.key, "body", "cannot be taken away: the record is found by it")
    if rule.new_keys and before.get(rule.key) != after.get(rule.key):
        key = after.get(rule.key)
        if call.state.collections.find(rule.collection, rule.key, key) is not None:
            yield InvalidValue(rule.key, "body", f"{key!s} exists already")


def _unknown_values(call: ApiCall, after: Record) -> Iterable[str]:
    schema = _record_schema(call)
    return () if schema is None else unknown_values(call.operation.document, schema, after)


def _record_schema(call: ApiCall) -> Any:
    """The schema that a changed record must still fit; None where the rule names none."""
    name, operation = call.operation.rule.schema, call.operation
    if name is None:
        return None
    return operation.document.find(f"#/components/schemas/{name}", operation.name)


def _misfits(call: ApiCall, after: Record) -> Iterable[InvalidValue]:
    schema = _record_schema(call)
    if schema is not None:
        yield from schema_faults(call.operation.document, schema, after, call.budget)
