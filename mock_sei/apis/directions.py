"""Schemas by direction: no request must have what is ``readOnly``, no answer what is ``writeOnly``.

OpenAPI 3.0.4 section 4.7.24.2: ``required`` of such a member is of one direction only. JSON Schema
leaves it to the tools, and documents of 3.1 mean the same by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_sei.apis.grammar import LISTS_OF_SCHEMAS, Kind, Shape, field_of
from mock_sei.apis.references import Document

Flag = Literal["readOnly", "writeOnly"]

_OF_THE_SAME_VALUE = ("allOf", "anyOf", "oneOf")
_DEEPEST = 50


@dataclass(frozen=True, kw_only=True)
class _Directed(Document):
    """A document without the members of one flag; a schema is made so when it is asked for."""

    whole: Document = field(repr=False)
    flag: Flag
    made: dict[int, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    """By the identity of a schema, which is kept so that no other can take it."""
    names: dict[int, tuple[Any, frozenset[str]]] = field(default_factory=dict, repr=False)
    """As above: the members of a value that have the flag."""
    flagged: dict[int, tuple[Any, bool]] = field(default_factory=dict, repr=False)
    """As above: whether a schema has the flag."""

    def find(self, reference: str, place: str) -> Any:
        return self.twin(self.whole.find(reference, place))

    def twin(self, schema: Any) -> Any:
        """A schema of the whole document, as it is in this direction."""
        if not isinstance(schema, Mapping):
            return schema
        kept = self.made.get(id(schema))
        if kept is None:
            kept = self.made[id(schema)] = schema, self._copy(schema, frozenset(), 0)
        return kept[1]

    def _copy(self, schema: Any, outer: frozenset[str], depth: int) -> Any:
        """``outer`` are the names that schemas around this one have flagged, of the same value."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return schema
        names = outer | self._flagged(schema, 0)
        found: dict[str, Any] = {}
        for key, value in schema.items():
            shape, kind = field_of(Kind.SCHEMA, key)
            if kind is not Kind.SCHEMA:
                found[key] = value
            elif shape is Shape.NAMED and isinstance(value, Mapping):
                found[key] = {
                    name: self._copy(each, frozenset(), depth + 1)
                    for name, each in value.items()
                    if key != "properties" or name not in names or self.flag == "readOnly"
                }
            elif key in LISTS_OF_SCHEMAS and isinstance(value, list):
                inner = names if key in _OF_THE_SAME_VALUE else frozenset()
                found[key] = [self._copy(each, inner, depth + 1) for each in value]
            else:
                found[key] = self._copy(value, frozenset(), depth + 1)
        if isinstance(found.get("required"), list):
            found["required"] = [each for each in found["required"] if each not in names]
        if outer and isinstance(found.get("$ref"), str):  # there its names would not be known
            target = self._copy(self.whole.find(found.pop("$ref"), "$ref"), outer, depth + 1)
            found["allOf"] = [*found.get("allOf", ()), target]
        return found

    def _flagged(self, schema: Any, depth: int) -> frozenset[str]:
        """The members of a value that have the flag, by all schemas that it must fit, or may."""
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return frozenset()
        kept = self.names.get(id(schema))
        if kept is None:
            kept = self.names[id(schema)] = schema, self._find_flagged(schema, depth)
        return kept[1]

    def _find_flagged(self, schema: Mapping[str, Any], depth: int) -> frozenset[str]:
        properties = schema.get("properties")
        members = properties.items() if isinstance(properties, Mapping) else ()
        names = frozenset(name for name, each in members if self._has_flag(each, 0))
        for key in _OF_THE_SAME_VALUE:
            for each in schema.get(key) or ():
                names |= self._flagged(each, depth + 1)
        if isinstance(schema.get("$ref"), str):
            names |= self._flagged(self.whole.find(schema["$ref"], "$ref"), depth + 1)
        return names

    def _has_flag(self, schema: Any, depth: int) -> bool:
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return False
        kept = self.flagged.get(id(schema))
        if kept is None:
            kept = self.flagged[id(schema)] = schema, self._find_flag(schema, depth)
        return kept[1]

    def _find_flag(self, schema: Mapping[str, Any], depth: int) -> bool:
        if schema.get(self.flag) is True:
            return True
        inner = list(schema.get("allOf") or ())
        if isinstance(schema.get("$ref"), str):
            inner.append(self.whole.find(schema["$ref"], "$ref"))
        return any(self._has_flag(each, depth + 1) for each in inner)


def for_requests(document: Document, schema: Any) -> tuple[Document, Any]:
    """A schema of a request body, and the document in which its references are followed."""
    return _directed(document, schema, "readOnly")


def for_answers(document: Document, schema: Any) -> tuple[Document, Any]:
    """A schema of an answer, and the document in which its references are followed."""
    return _directed(document, schema, "writeOnly")


def _directed(document: Document, schema: Any, flag: Flag) -> tuple[Document, Any]:
    if document.lenient or flag not in document.flags:  # products of the vendor have neither
        return document, schema
    view = document.views.get(flag)
    if not isinstance(view, _Directed):
        view = document.views[flag] = _Directed(
            source=document.source, content=document.content, whole=document, flag=flag
        )
    return view, view.twin(schema)
