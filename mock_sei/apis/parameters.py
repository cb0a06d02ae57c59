"""A functional call's parameters: read and typed, or refused with an entry for each fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl

from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.operations import FORM, Key, Operation, Parameter, is_truth
from mock_sei.apis.times import read_time
from mock_sei.errors import Fault, MalformedRequest
from mock_sei.patterns import Budget
from mock_sei.peer import Findings
from mock_sei.reasons.names import find_meant

Value = str | int | float | bool | tuple[Any, ...]

_INTEGER_LIMITS = {"int32": 2**31, "int64": 2**63}

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_parameters(
    operation: Operation,
    *,
    query: str,
    path: Mapping[str, str],
    headers: Mapping[str, Sequence[str]],
    findings: Findings,
    budget: Budget,
    form: str = "",
) -> dict[Key, Value]:
    """The documented parameters; others are ignored and noted for the journal.

    A parameter whose value is none of its ``values`` counts as not sent, which is noted as well.
    ``headers`` have the values of each, and their names in lower case; ``form`` is a form-encoded
    body. Raises :class:`MalformedRequest`.
    """
    faults: list[Fault] = []
    values: dict[Key, Value] = {}
    wrong: set[Key] = set()
    for parameter, texts in _sent(operation, query, form, path, headers, findings):
        name, place = parameter.name, parameter.place
        if len(texts) > 1 and parameter.type != "array":
            faults.append(Fault(name, place, "given more than once"))
            wrong.add(parameter.key)
            continue
        text = _as_listed(parameter, ",".join(texts), findings)
        if text is None:
            wrong.add(parameter.key)
            continue
        try:
            values[parameter.key] = typed(parameter, text, operation, budget)
        except ValueError as error:
            faults.append(Fault(name, place, str(error)))
            wrong.add(parameter.key)
    if any(
        values.get(each.key) in (False, "false") for each in operation.find_parameters("validate")
    ):
        findings.notes += [f"{each.field} {each.reason}; ignored, unvalidated" for each in faults]
        faults.clear()
    sent = set(values)
    for key, default in operation.defaults.items():
        values.setdefault(key, default)
    faults.extend(_missing(operation, values, sent, wrong))
    if faults:
        raise MalformedRequest(faults)
    return values


_MOST_NOTES = 20
"""Unknown parameters of a call that are named."""


def _sent(
    operation: Operation,
    query: str,
    form: str,
    path: Mapping[str, str],
    headers: Mapping[str, Sequence[str]],
    findings: Findings,
) -> Iterable[tuple[Parameter, Sequence[str]]]:
    for name, text in path.items():
        yield operation.parameters["path", name], [text]
    found: dict[Key, list[str]] = {}
    unknown: dict[str, None] = {}
    for place, name, text in _pairs(query, form):
        if (place, name) not in operation.parameters:
            unknown[name] = None
        else:
            found.setdefault((place, name), []).append(text)
    names = list(unknown)
    findings.notes += [
        f"{operation.name} has no parameter {name}; ignored{_meant(name, operation)}"
        for name in names[:_MOST_NOTES]
    ]
    if len(names) > _MOST_NOTES:
        more = len(names) - _MOST_NOTES
        findings.notes.append(
            f"{operation.name} has no parameters of {more} further names; ignored"
        )
    for key, texts in found.items():
        yield operation.parameters[key], texts
    for name, parameter in operation.header_parameters.items():
        if name in headers:
            yield parameter, headers[name]


def _meant(name: str, operation: Operation) -> str:
    """The parameter that an unknown one is most like, as the end of a sentence."""
    known = [each.name for each in operation.parameters.values() if each.place in ("query", FORM)]
    found = find_meant(known, [name])
    return f" (was {found[1]} meant?)" if found else ""


def _pairs(query: str, form: str) -> Iterable[tuple[str, str, str]]:
    """Place, name and value of what a query and a form hold. Raises :class:`MalformedRequest`."""
    for name, text in parse_qsl(query, keep_blank_values=True):
        yield "query", name, text
    try:
        fields = parse_qsl(
            form, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise MalformedRequest([Fault("", FORM, f"not a form: {error}")]) from None
    for name, text in fields:
        yield FORM, name, text


MOST_FIELDS = 100
"""Fields of a form."""


def _as_listed(parameter: Parameter, text: str, findings: Findings) -> str | None:
    """A value as its list spells it, whatever the case of its letters.

    None where an open list has no such value. Of several with commas, those that it has.
    """
    spellings = parameter.spellings
    if not spellings:
        return text
    parts = text.split(",") if parameter.type == "array" or parameter.use == "section" else [text]
    known = [spellings.get(each.strip().casefold()) for each in parts]
    if not parameter.values:  # a closed list of any case: what it has not is refused below
        read = ",".join(found or each for found, each in zip(known, parts, strict=True))
        if read != text and is_truth(parameter.schema):
            findings.notes.append(f"{parameter.name} is read as {read}, as the pages write it")
        return read
    if None in known:
        shown = ", ".join(parameter.values)
        findings.notes.append(
            f"{parameter.name} has a value that is not known here; the call is answered as if that "
            f"value had not been sent. Known values: {shown[:_LONGEST_LIST]}"
        )
    return ",".join(filter(None, known)) or None


_LONGEST_LIST = 500
"""Characters of a list of values in a note."""


def _missing(
    operation: Operation, values: Mapping[Key, Value], sent: Set[Key], wrong: Set[Key]
) -> Iterable[Fault]:
    """A default counts as sent, but is no reason to ask for another parameter.

    Of the ``wrong`` ones it is known already that their value is none.
    """
    for parameter in operation.required_parameters:
        if parameter.key not in values and parameter.key not in wrong:
            yield Fault(parameter.name, parameter.place, "required and missing")
    for group in operation.rule.requires:
        condition, _, wanted = group[0].rpartition("?")
        if condition and operation.find_key(condition) not in sent:
            continue
        names = [wanted, *group[1:]]
        keys = [operation.find_key(each) for each in names]
        if not any(each in values or each in wrong for each in keys):
            because = f" with {condition}" if condition else ""
            yield Fault(names[0], "query", f"{' or '.join(names)} is required{because}")


def typed(parameter: Parameter, text: str, operation: Operation, budget: Budget) -> Value:
    """Raises ``ValueError`` with a reason fit for ``errors[]``."""
    if parameter.every is not None and text == parameter.every:
        return text
    schema = parameter.schema
    if not parameter.is_plain:
        return text  # taken as it comes
    if "type" not in schema and schema.keys() & _CHOICES:
        return _as_any_type(text, schema, operation, budget)
    value = _as_type(parameter.type, parameter.format, text, schema)
    if not parameter.is_quick:
        _validate(value, schema, operation, budget)
    return value


_CHOICES = frozenset({"anyOf", "oneOf", "allOf"})


def _as_any_type(
    text: str, schema: Mapping[str, Any], operation: Operation, budget: Budget
) -> Value:
    """As the first type that the schema takes: text says nothing of its own."""
    problem = ValueError("fits none of the schemas")
    for kind in ("integer", "number", "boolean", "string", "array"):
        try:
            value = _as_type(kind, None, text, {})
            _validate(value, schema, operation, budget)
        except ValueError as error:
            problem = error
        else:
            return value
    raise problem


def _as_type(kind: str, form: str | None, text: str, schema: Mapping[str, Any]) -> Value:
    if kind == "integer":
        return _integer(text, form)
    if kind == "number":
        return _number(text)
    if kind == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"must be true or false, not {text!r}")
        return text == "true"
    if kind == "array":
        items = schema.get("items") or {}
        parts = text.split(",") if text else []
        return tuple(
            _as_type(str(items.get("type", "string")), items.get("format"), part, items)
            for part in parts
        )
    enum = schema.get("enum", ())
    if enum and text not in enum:
        raise ValueError(f"must be {' or '.join(map(str, enum))}, not {text!r}")
    if form in _FORMATS:
        _FORMATS[form](text)
    return text


def _integer(text: str, size: str | None) -> int:
    limit = _INTEGER_LIMITS.get(size or "int64", 2**63)
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"must be a whole number, not {text!r}")
    value = int(text)
    if not -limit <= value < limit:
        raise ValueError(f"must fit {size or 'int64'}, and {text} does not")
    return value


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not isfinite(float(text)):
        raise ValueError(f"must be a number, not {text!r}")
    return float(text)


def _date(text: str) -> None:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"must be a date such as 2026-03-31, not {text!r}") from None


def _date_or_time(text: str) -> None:
    """A date, or a time with or without its offset.

    Source: the investor pages give times without an offset, the pages of accounts, end clients and
    trade status ISO 8601 in UTC.
    """
    try:
        if _DATE.fullmatch(text):
            _date(text)
        else:
            read_time(text)
    except ValueError:
        raise ValueError(
            "must be a date or a time of ISO 8601, such as 2026-03-31, 2026-03-31T09:30:00.000 or "
            f"2026-03-31T13:30:00Z, not {text!r}"
        ) from None


_FORMATS = {"date": _date, "local-date-time": _date_or_time, "date-time": _date_or_time}


def _validate(
    value: Value, schema: Mapping[str, Any], operation: Operation, budget: Budget
) -> None:
    plain = list(value) if isinstance(value, tuple) else value
    for misfit in find_misfits(operation.document, schema, plain, budget):
        raise ValueError(misfit.reason)
