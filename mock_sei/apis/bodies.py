"""Request bodies: they are parsed by their media type and checked against the operation's
schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate
from math import isfinite
from typing import Any

from mock_sei.apis.directions import for_requests
from mock_sei.apis.hints import unknown_values
from mock_sei.apis.misfits import find_misfits, shown
from mock_sei.apis.operations import PLACES, Key, Operation
from mock_sei.apis.patterns import Budget
from mock_sei.apis.references import Document
from mock_sei.errors import (
    BODY_TOO_LARGE,
    PAYLOAD_INVALID,
    InvalidValue,
    MalformedRequest,
    Refusal,
    RepeatedMember,
)
from mock_sei.values.json_numbers import plain_reason
from mock_sei.values.sendable import DEEPEST_JSON, TOO_DEEP

JSON = "application/json"
MULTIPART = "multipart/form-data"
JSON_PATCH = "application/json-patch+json"
FORM_TYPE = "application/x-www-form-urlencoded"
ANYTHING = "*/*"
"""A media range that fits every body, also a body without a media type."""


def media_type_of(content_type: str | None) -> str:
    """The media type of a ``Content-Type`` in lower case, without its parameters."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_json(media_type: str | None) -> bool:
    """Whether a body of this media type is JSON.

    JSON Patch, for instance, is JSON too (RFC 6839).
    """
    return media_type_of(media_type).endswith(("/json", "+json"))


def takes_file(operation: Operation, content_type: str | None) -> bool:
    """Whether an operation takes a body of this content type as a file, or as a form with a file in
    it.

    Such a body is never parsed as JSON or as a form of fields.
    """
    sent = media_type_of(content_type)
    if operation.rule.action == "upload":
        return sent in (MULTIPART, *map(str.lower, operation.rule.content_types))
    if operation.rule.action != "example" or is_json(sent) or sent == FORM_TYPE:
        return False
    found = _find_media_type(operation, content_type)
    return found is not None and not is_json(found) and media_type_of(found) != FORM_TYPE


def is_file_type(content_type: str | None) -> bool:
    """Whether a body of this content type is taken as a file if no document says what it is."""
    sent = media_type_of(content_type)
    is_text = is_json(sent) or sent == FORM_TYPE or sent.startswith("text/")
    return bool(sent) and not is_text


def check_media_type(operation: Operation, content_type: str | None) -> str:
    """The operation's media type that a body has. Raises :class:`MalformedRequest`.

    The result is written as in the document, so it may be a range such as ``image/*``.
    """
    found = _find_media_type(operation, content_type)
    if found is None:
        sent = (content_type or "").partition(";")[0].strip()  # as sent, to hide secrets
        takes = (*_media_types(operation), *operation.rule.content_types)
        fault = InvalidValue(
            "content-type", "header", f"must be {' or '.join(takes)}, not {shown(sent)}"
        )
        raise MalformedRequest([fault])
    return found


def _find_media_type(operation: Operation, content_type: str | None) -> str | None:
    known, asked = _media_types(operation), media_type_of(content_type)
    if asked in map(str.lower, operation.rule.content_types):
        return known[0]
    fits = (each for each in known if each == ANYTHING or fnmatchcase(asked, media_type_of(each)))
    return next(fits, None)


def _media_types(operation: Operation) -> list[str]:
    """The media types of the document, ranges last."""
    body = operation.document.follow(operation.raw.get("requestBody") or {}, operation.name)
    return sorted(body.get("content") or {}, key=lambda each: "*" in each)


def has_form_member(operation: Operation, name: str) -> bool:
    """Whether the operation takes a form that may have a field of this name.

    A form whose schema names no fields may have any field.
    """
    document, place = operation.document, operation.name
    body = document.follow(operation.raw.get("requestBody") or {}, place)
    for media_type, content in (body.get("content") or {}).items():
        if not fnmatchcase(FORM_TYPE, media_type_of(media_type)):
            continue
        fields = _fields_of(document, document.follow(content, place).get("schema"), place)
        if not fields or name in fields:
            return True
    return False


def _fields_of(document: Document, schema: Any, place: str) -> set[str]:
    """The member names in a schema of an object and in its alternatives.

    A schema may be a boolean.
    """
    whole = document.follow(schema, place)
    if not isinstance(whole, Mapping):
        return set()
    parts = [each for key in ("allOf", "anyOf", "oneOf") for each in whole.get(key) or ()]
    held = [whole, *(document.follow(each, place) for each in parts)]
    return {
        name for each in held if isinstance(each, Mapping) for name in each.get("properties") or ()
    }


class Nulls:
    """Collects the members of a body that are null.

    No page says that null is refused, so it means "no value". These members are left out while the
    body is parsed. Only the rest is checked against the schema.
    """

    def __init__(self) -> None:
        self._left_out: dict[int, tuple[Any, Sequence[str]]] = {}
        """Names of the null members, by the identity of their object. The object is kept, so that
        the identity stays valid."""

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object without its null members."""
        members = _members(pairs)
        names = [name for name, value in pairs if value is None]
        for name in names:
            del members[name]
        if names:
            self._left_out[id(members)] = members, names
        return members

    def of(self, value: Any) -> Sequence[str]:
        """The names of the members of this object that were null in the body."""
        return self._left_out.get(id(value), (None, ()))[1]

    @property
    def names(self) -> list[str]:
        """The names of all null members of the body."""
        return [name for _, each in self._left_out.values() for name in each]


def read_json(
    operation: Operation, body: bytes, media_type: str, budget: Budget, nulls: Nulls | None = None
) -> Any:
    """Reads a JSON body and checks it against its schema. Raises :class:`MalformedRequest`.

    If ``nulls`` is given, null members are left out of the result and collected there.
    """
    value = parse_json(body, nulls)
    faults = list(find_faults(operation, value, media_type, budget))
    if faults:
        raise misfit(operation, faults)
    return value


LARGEST_FORM = 64 * 1024
"""Bytes, as many as a query may have. A larger form would make the remembered answers too large:
what was asked for is the key under which an answer is remembered."""


def read_form(operation: Operation, body: bytes, content_type: str | None) -> str:
    """A form-encoded body as text. Empty if the operation takes no form.

    A body without a content type is read as a form. Raises :class:`MalformedRequest`.
    """
    if not body or not operation.form_parameters:
        return ""
    if content_type is not None:
        check_media_type(operation, content_type)
    if len(body) > LARGEST_FORM:
        reason = f"the form has {len(body)} bytes; at most {LARGEST_FORM} are allowed"
        raise MalformedRequest([InvalidValue("", "body", reason)])
    try:
        return body.decode()
    except UnicodeError:
        raise MalformedRequest([InvalidValue("", "body", "not a form: it is not UTF-8")]) from None


def misfit(operation: Operation, faults: Sequence[InvalidValue]) -> MalformedRequest:
    """The refusal of a wrong JSON body: 422 if the operation's page documents that status,
    otherwise 400."""
    if "invalid" in operation.rule.statuses:
        return MalformedRequest(faults, PAYLOAD_INVALID)
    return MalformedRequest(faults)


def read_members(
    operation: Operation,
    body: bytes,
    content_type: str | None,
    budget: Budget,
    notes: list[str],
) -> dict[str, Any]:
    """Reads a JSON object and checks it against its schema. Empty if the operation takes no body.

    Values that are missing in an open list are noted, not refused. Raises
    :class:`MalformedRequest`.
    """
    if "requestBody" not in operation.raw:
        return {}
    media_type = check_media_type(operation, content_type)
    nulls = Nulls() if operation.document.lenient else None
    value = read_json(operation, body, media_type, budget, nulls)
    if not isinstance(value, dict):
        raise misfit(operation, [InvalidValue("", "body", "must be an object")])
    note_nulls(operation, media_type, nulls, notes)
    notes += unknown_values(operation.document, body_schema(operation, media_type), value)
    return _under_their_names(operation, value)


def note_nulls(
    operation: Operation, media_type: str, nulls: Nulls | None, notes: list[str]
) -> None:
    """Notes which members were null.

    Only names of the body's schema are shown: other names may hold anything.
    """
    names = nulls.names if nulls is not None else []
    if not names:
        return
    known = _fields_of(operation.document, body_schema(operation, media_type), operation.name)
    shown = ", ".join(sorted(known.intersection(names)))
    done = "are removed" if operation.method == "PATCH" else "count as not sent"
    notes.append(f"{len(names)} members of the body are null and {done}: {shown or 'inner ones'}")


def _under_their_names(operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
    """The members under the names that the rule uses.

    Members that name a record and are empty are left out.
    """
    rule, found = operation.rule, dict[str, Any]()
    for name, value in body.items():
        own = rule.aliases.get(name, name)
        if value == "" and own in rule.names:
            continue
        if found.setdefault(own, value) != value:
            reason = f"differs from the value under another spelling of {own}"
            raise misfit(operation, [InvalidValue(name, "body", reason)])
    return found


def parse_json(body: bytes, nulls: Nulls | None = None) -> Any:
    """Parses UTF-8 JSON that can be stored and sent again (RFC 8259).

    Raises :class:`MalformedRequest`. If ``nulls`` is given, null members are left out of the result
    and collected there.
    """
    members = _members if nulls is None or b"null" not in body else nulls.members
    if not body:
        raise MalformedRequest([InvalidValue("", "body", "missing")])
    try:
        text = body.decode("utf-8-sig")
        _check_levels(body)
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=members if ":" in text else None,
        )
        if _MAYBE_HALF_A_PAIR.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except _Twice as error:
        reason = f"not valid JSON: {error}"
        raise RepeatedMember([InvalidValue("", "body", reason)]) from None
    except UnicodeError:
        reason = "not valid JSON: not UTF-8, or half a surrogate pair"
    except RecursionError:
        reason = TOO_DEEP
    except ValueError as error:
        reason = f"not valid JSON: {plain_reason(error)}"
    else:
        return value
    raise MalformedRequest([InvalidValue("", "body", reason)])


_MAYBE_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def _check_levels(body: bytes) -> None:
    """Raises ``ValueError`` for more than :data:`DEEPEST_JSON` levels, before the recursive parser
    runs.

    Each step here is one call of C code, and no other thread runs during it. So the number of
    values must bound its time, not only the size. A body with more quotes than its values can have,
    or with more closing brackets than opening ones, is not checked here: it is not JSON, and the
    parser finds that early.
    """
    opening = body.count(b"[") + body.count(b"{")
    if opening <= DEEPEST_JSON:
        return
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    most_quotes = 4 * (opening + body.count(b",") + 1)  # two around a name, two around its text
    if plain.count(b'"') > most_quotes:
        return
    steps = b"".join(plain.split(b'"')[::2]).translate(_STEPS, _NO_BRACKETS)
    if len(steps) > 2 * opening:
        return
    if max(accumulate(memoryview(steps).cast("b")), default=0) > DEEPEST_JSON:
        raise ValueError(TOO_DEEP)


_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""Turns an opening bracket into 1 and a closing one into 255, which is -1 as a signed byte."""
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text} is out of range")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class _Twice(ValueError):
    pass


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Twice(f"{shown(name)} is in one object twice")
            seen.add(name)
    return members


MOST_VALUES = 100_000
"""Values of a body, counted as its commas and opening brackets, also those inside texts. They are
counted before the body is parsed, because a value costs far more than its bytes."""


def count_values(body: bytes) -> int:
    """The commas and opening brackets of a body; 0 for one that is too short to have many."""
    if len(body) <= MOST_VALUES:
        return 0
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def refuse_many_values(body: bytes) -> None:
    """Raises a 413 :class:`~mock_sei.errors.Refusal` for a body with more than :data:`MOST_VALUES`
    values."""
    count = count_values(body)
    if count > MOST_VALUES:
        raise Refusal(
            BODY_TOO_LARGE,
            check="body values",
            because=f"The request body has more than {MOST_VALUES} commas and opening brackets, "
            "which count as its values, also inside texts. Send it in several calls.",
            expected=f"at most {MOST_VALUES} commas and opening brackets",
            actual=f"{count}",
        )


def find_faults(
    operation: Operation, value: Any, media_type: str, budget: Budget
) -> Iterable[InvalidValue]:
    """Where a value does not fit the schema of the operation's request body."""
    document, schema = for_requests(operation.document, body_schema(operation, media_type))
    return schema_faults(document, schema, value, budget)


def body_schema(operation: Operation, media_type: str) -> Any:
    """The schema of the operation's request body for one of its media types."""
    document = operation.document
    body = document.follow(operation.raw.get("requestBody") or {}, operation.name)
    media = document.follow(body["content"][media_type], operation.name)
    return media.get("schema", True)


def schema_faults(
    document: Document, schema: Any, value: Any, budget: Budget
) -> Iterable[InvalidValue]:
    """Where a value does not fit a schema of a document."""
    for each in find_misfits(document, schema, value, budget):
        place = ".".join(str(part) for part in each.place)
        yield InvalidValue(place[:_LONGEST_PLACE], "body", each.reason)


_LONGEST_PLACE = 300


def names_of(values: Mapping[Key, Any], operation: Operation) -> dict[str, dict[str, Any]]:
    """A call's values, grouped by their place in the request, under the names that templates
    use."""
    places: dict[str, dict[str, Any]] = {place: {} for place in PLACES}
    for key, value in values.items():
        parameter = operation.parameters[key]
        places[parameter.place][parameter.name] = value
    return places
