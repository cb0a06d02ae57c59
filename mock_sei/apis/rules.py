"""The keys that ``x-mock-sei`` may have, with their values.

A fault names file, place and value, so that no key of a document is silently misunderstood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from mock_sei.apis.templates import names_in
from mock_sei.errors import ConfigurationError

ENVELOPES = ("data", "results", "none")
PAGINGS = ("cursor", "offset", "none")

STATUSES = {"invalid": 422, "unknown": 404}
"""Statuses that can replace 400: for a body that does not fit its schema, and for an unknown
record."""

MATCHES = (
    "equals",
    "excluding",
    "contains",
    "all-words",
    "any-word",
    "from",
    "to",
    "as-of",
    "period",
    "pairs",
    "folder",
)
"""How a parameter can select records. ``filters.py`` gives the meaning of each."""

USES = (
    "limit",
    "cursor",
    "encoded",
    "start",
    "count",
    "section",
    "include",
    "sort",
    "order",
    "validate",
    "ignored",
)
"""Other uses of a parameter."""

GRADES = ("documented", "derived", "assumed")
"""How certain it is that the real platform behaves so. ``docs/fidelity.md`` explains the grades."""

RECORD_OF_THE_PATH = frozenset({"read", "change", "remove"})
"""Actions on the one record that the path names."""

KEY_IS_A_PARAMETER = frozenset({"job-status", "collect-report"})

_TEMPLATE_NAMES = frozenset(
    ["body", "key", "job", "record", "now", "now.utc", "today", "user", "file"]
)
_PLACES = ("path", "query", "header")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_text, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_text_table(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value.values()))


def _is_further_records(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, Mapping)
        and each.keys() <= {"collection", "fields"}
        and _is_text(each.get("collection"))
        and isinstance(each.get("fields", {}), Mapping)
        for each in value
    )


def _one_of(known: Sequence[str]) -> tuple[Callable[[Any], bool], str]:
    return lambda value: value in known, f"must be one of {', '.join(known)}"


_TEXT = (_is_text, "must be a text")
_TEXTS = (_is_texts, "must be a list of texts")
_MEMBERS = (lambda value: isinstance(value, Mapping), "must be a mapping of names to members")

Shapes = Mapping[str, tuple[Callable[[Any], bool], str]]

OF_AN_OPERATION: Shapes = {
    "collection": _TEXT,
    "key": _TEXT,
    "envelope": _one_of(ENVELOPES),
    "paging": _one_of(PAGINGS),
    "members": _TEXTS,
    "identifiers": _TEXTS,
    "content_types": _TEXTS,
    "form": (_is_text_table, "must be a mapping of form fields to record fields"),
    "aliases": (_is_text_table, "must be a mapping of other names to member names"),
    "statuses": (
        lambda value: (
            isinstance(value, Mapping)
            and all(STATUSES.get(name) == status for name, status in value.items())
        ),
        f"must be a part of {STATUSES}",
    ),
    "names": _TEXTS,
    "state": (
        lambda value: (
            isinstance(value, Mapping)
            and all(isinstance(each, str | int | float) for each in value.values())
        ),
        "must be a mapping of members to texts, numbers, true or false",
    ),
    "requires": (
        lambda value: isinstance(value, list) and all(_is_texts(each) and each for each in value),
        "must be a list of lists of parameters",
    ),
    "known": (lambda value: isinstance(value, Mapping), "must be {path.name: collection.field}"),
    "defaults": _MEMBERS,
    "fields": _MEMBERS,
    "each": _TEXT,
    "new_keys": (lambda value: isinstance(value, bool), "must be true or false"),
    "records": (_is_further_records, "must be a list of {collection: ..., fields: {...}}"),
    "answer": (lambda _: True, ""),
    "fixed": _TEXTS,
    "schema": _TEXT,
    "polls": (lambda value: _is_number(value) and isinstance(value, int), "must be a whole number"),
    "seconds": (_is_number, "must be a number of seconds"),
    "reports": (_is_text_table, "must be a mapping of report names to collections"),
}
"""The keys of an operation, in addition to ``action``."""

OF_A_PARAMETER: Shapes = {
    "field": _TEXT,
    "every": _TEXT,
    "member": _TEXT,
    "match": _one_of(MATCHES),
    "use": _one_of(USES),
    "matched": (
        lambda value: (
            _is_text_table(value)
            and "by" in value
            and all(each in MATCHES for name, each in value.items() if name != "by")
        ),
        "must be {by: a parameter, a value of it: a match}",
    ),
    "unless": _TEXTS,
    "values": _TEXTS,
    "aliases": (_is_text_table, "must be a mapping of spellings to values"),
    "any_case": (lambda value: isinstance(value, bool), "must be true or false"),
    "x-fidelity": (lambda value: value in GRADES, f"must be one of {', '.join(GRADES)}"),
    "chosen": (
        lambda value: _is_text_table(value) and "by" in value,
        "must be {by: a parameter, a value of it: a field}",
    ),
}


OF_A_SCHEMA: Shapes = {
    "values": (
        lambda value: (
            isinstance(value, list) and all(isinstance(each, str | int | float) for each in value)
        ),
        "must be a list of values",
    ),
    "x-fidelity": OF_A_PARAMETER["x-fidelity"],
}
"""The keys of a schema. ``values`` is an open list: other values are accepted."""


def check_schema(rule: Any, source: Path, place: str) -> None:
    """Checks the ``x-mock-sei`` of a schema. Raises :class:`ConfigurationError`."""
    if not isinstance(rule, Mapping):
        raise ConfigurationError("not a mapping", source=source, key=place)
    unknown = sorted(rule.keys() - OF_A_SCHEMA.keys())
    if unknown:
        raise ConfigurationError("unknown key", source=source, key=f"{place}.{unknown[0]}")
    check_shapes(rule, OF_A_SCHEMA, source, place)


def check_shapes(value: Mapping[str, Any], shapes: Shapes, source: Path, place: str) -> None:
    """Raises :class:`ConfigurationError` for the first value that does not have the required
    type."""
    for key, each in value.items():
        fits, problem = shapes.get(key, (lambda _: True, ""))
        if not fits(each):
            shown = each if isinstance(each, str | int | float) else None
            raise ConfigurationError(problem, source=source, key=f"{place}.{key}", value=shown)


def check_parameter(rule: Mapping[str, Any], source: Path, place: str) -> None:
    """Checks the ``x-mock-sei`` of a parameter. Raises :class:`ConfigurationError`."""
    unknown = sorted(rule.keys() - OF_A_PARAMETER.keys())
    if unknown:
        raise ConfigurationError("unknown key", source=source, key=f"{place}.{unknown[0]}")
    check_shapes(rule, OF_A_PARAMETER, source, place)
    if rule.get("use") == "include" and "member" not in rule:
        raise ConfigurationError("missing", source=source, key=f"{place}.member")
    if "match" in rule and not {"field", "chosen"} & rule.keys():
        raise ConfigurationError("missing", source=source, key=f"{place}.field")
    for alias, each in rule.get("aliases", {}).items():
        if each not in rule.get("values", ()):
            raise ConfigurationError(
                "not one of the values", source=source, key=f"{place}.aliases.{alias}", value=each
            )
    if rule.get("match") == "pairs" and str(rule.get("field")).count(",") != 1:
        raise ConfigurationError(
            "must name two members: firm,team",
            source=source,
            key=f"{place}.field",
            value=rule.get("field"),
        )


def check_names(
    found: Mapping[str, Any], parameters: Set[tuple[str, str]], source: Path, place: str
) -> None:
    """Checks that everything that a rule names exists.

    ``parameters`` are the operation's parameters, each as place and name. Raises
    :class:`ConfigurationError`.
    """

    def refuse(key: str, value: str, problem: str) -> None:
        raise ConfigurationError(problem, source=source, key=f"{place}.{key}", value=value)

    names = {name for _, name in parameters}
    places = {place for place, _ in parameters}
    for value, where in found.get("known", {}).items():
        if "." not in str(value) or "." not in str(where):
            refuse(f"known.{value}", where, "write it as path.name: collection.field")
    for name in _required_names(found.get("requires", ())):
        if name not in names:
            refuse("requires", name, "the operation has no such parameter")
    if found["action"] in KEY_IS_A_PARAMETER and found["key"] not in names:
        refuse("key", found["key"], "the operation has no such parameter")
    if found["action"] in RECORD_OF_THE_PATH and "path" not in places:
        refuse("action", found["action"], "no parameter of the path identifies the record")
    if found["action"] == "transition":
        for key in ("names", "state"):
            if not found.get(key):
                raise ConfigurationError("missing", source=source, key=f"{place}.{key}")
    if found["action"] == "submit-report" and not found.get("reports"):
        raise ConfigurationError("missing", source=source, key=f"{place}.reports")
    for key in ("defaults", "fields", "answer", "records"):
        for name in names_in(found.get(key)):
            if not _is_known(name, parameters):
                refuse(key, f"${name}", "no such value")


def _required_names(groups: Sequence[Sequence[str]]) -> Iterator[str]:
    for first, *more in groups:
        condition, _, wanted = first.rpartition("?")
        yield from (each for each in (condition, wanted, *more) if each)


def _is_known(name: str, parameters: Set[tuple[str, str]]) -> bool:
    if name in _TEMPLATE_NAMES:
        return True
    first, _, rest = name.partition(".")
    if first in _PLACES:
        return (first, rest) in parameters
    return first in ("body", "record", "file", "each", "known", "next")
