"""``change``: JSON Patch (RFC 6902), or members that replace those of the record.

A patch that fails leaves the record as it was. Source: investor, account and pending-transaction
pages; which members may change is documented for investors (all but the internal identifier).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mock_sei.apis.bodies import (
    JSON_PATCH,
    check_media_type,
    media_type_of,
    read_json,
    schema_faults,
)
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.collections import Record
from mock_sei.apis.jobs import COMPLETED
from mock_sei.apis.templates import fill
from mock_sei.errors import Fault, MalformedRequest
from mock_sei.sendable import check_depth

ACTION = "change"

MOST_COPIED = 1024 * 1024
"""Characters of JSON that one patch may copy: each copy of a whole may double a record."""
MOST_SHIFTED = 200_000_000
"""Items that one patch may shift, by putting others before them or taking others away."""


def act(call: ApiCall) -> ApiAnswer:
    operation, rule = call.operation, call.operation.rule
    record = call.require_record()
    media_type = check_media_type(operation, call.content_type)
    body = read_json(operation, call.body, media_type, call.budget)
    is_patch = media_type_of(media_type) == JSON_PATCH
    kept = {rule.key: record[rule.key]} if operation.method == "PUT" else record
    changed = patched(record, body) if is_patch else replaced(kept, body)
    faults = list(_faults(call, record, changed))
    named = {fault.field for fault in faults}
    faults += [fault for fault in _misfits(call, changed) if fault.field not in named]
    if faults:
        raise MalformedRequest(faults)
    job = call.state.jobs.new_key()
    names = call.names(body=body, job=job, key=record.get(rule.key))
    changed = {**changed, **fill(rule.fields, names)}
    if not call.state.collections.replace(rule.collection, record, changed):
        return act(call)  # somebody else changed it meanwhile: again, on what is there now
    call.state.jobs.finish(job, {"status": COMPLETED, rule.key: changed[rule.key]})
    names["record"] = changed
    answer = changed if rule.answer is None else fill(rule.answer, names)
    return ApiAnswer(body=answer, status=operation.success)


def replaced(record: Record, body: Any) -> Record:
    if not isinstance(body, Mapping):
        raise MalformedRequest([Fault("", "body", "must be an object")])
    return {**record, **body}


def patched(record: Record, operations: Sequence[Mapping[str, Any]]) -> Record:
    """A changed copy. Raises :class:`MalformedRequest` naming the operation that fails."""
    # Imported with the first patch.
    from jsonpatch import JsonPatch, JsonPatchException
    from jsonpointer import JsonPointer, JsonPointerException

    if not isinstance(operations, list):
        raise MalformedRequest([Fault("", "body", "must be an array of operations")])
    text = json.dumps(record)
    result: Any = json.loads(text)
    copied = shifted = 0
    may_shift_much = len(operations) * len(text) > MOST_SHIFTED
    for index, operation in enumerate(operations):
        try:
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
            reason = " ".join(str(error).split()) or type(error).__name__
            raise MalformedRequest([Fault(str(index), "body", reason)]) from None
    if not isinstance(result, dict):
        raise MalformedRequest([Fault("", "body", "the patch leaves no object")])
    try:
        check_depth(result)
    except ValueError as error:
        raise MalformedRequest([Fault("", "body", str(error))]) from None
    return result


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


def _faults(call: ApiCall, before: Record, after: Record) -> Iterable[Fault]:
    rule = call.operation.rule
    for name in (*rule.fixed, *(() if rule.new_keys else (rule.key,))):
        if before.get(name) != after.get(name):
            yield Fault(name, "body", "cannot be changed")
    if rule.new_keys and before.get(rule.key) != after.get(rule.key):
        key = after.get(rule.key)
        if call.state.collections.find(rule.collection, rule.key, key) is not None:
            yield Fault(rule.key, "body", f"{key!s} exists already")


def _misfits(call: ApiCall, after: Record) -> Iterable[Fault]:
    name, document = call.operation.rule.schema, call.operation.document
    if name is not None:
        schema = document.find(f"#/components/schemas/{name}", call.operation.name)
        yield from schema_faults(document, schema, after, call.budget)
