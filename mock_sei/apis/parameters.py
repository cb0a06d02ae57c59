"""Query strings of functional calls: read, typed, or refused with an entry for each fault."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from mock_sei.apis.documents import Operation, Parameter
from mock_sei.errors import Fault, MalformedRequest
from mock_sei.peer import Findings

Value = str | int | bool

_INTEGER_LIMITS = {"int32": 2**31, "int64": 2**63}


def read_parameters(operation: Operation, query: str, findings: Findings) -> dict[str, Value]:
    """The documented parameters by name; others are ignored and noted for the journal.

    Raises :class:`MalformedRequest`.
    """
    faults: list[Fault] = []
    values: dict[str, Value] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        parameter = operation.parameters.get(name)
        if parameter is None:
            findings.notes.append(f"{operation.name} has no parameter {name[:100]}; ignored")
        elif name in values:
            faults.append(Fault(name, "query", "given more than once"))
        else:
            try:
                values[name] = _typed(parameter, text)
            except ValueError as error:
                faults.append(Fault(name, "query", str(error)))
    faults.extend(_missing(operation.parameters, values, faults))
    if faults:
        raise MalformedRequest(faults)
    return values


def _missing(
    parameters: Mapping[str, Parameter], values: Mapping[str, Value], faults: list[Fault]
) -> list[Fault]:
    wrong = {fault.field for fault in faults}
    return [
        Fault(name, "query", "required and missing")
        for name, parameter in parameters.items()
        if parameter.required and name not in values and name not in wrong
    ]


def _typed(parameter: Parameter, text: str) -> Value:
    """Raises ``ValueError`` with a reason fit for ``errors[]``."""
    if parameter.type == "integer":
        return _integer(text, parameter.format)
    if parameter.type == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"must be true or false, not {text[:50]!r}")
        return text == "true"
    if parameter.enum and text not in parameter.enum:
        raise ValueError(f"must be {' or '.join(parameter.enum)}, not {text[:50]!r}")
    return text


def _integer(text: str, size: str | None) -> int:
    limit = _INTEGER_LIMITS.get(size or "int64", 2**63)
    try:
        if not text.isascii() or len(text) > 20:
            raise ValueError
        value = int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, not {text[:50]!r}") from None
    if not -limit <= value < limit:
        raise ValueError(f"must fit {size or 'int64'}, and {text[:50]} does not")
    return value
