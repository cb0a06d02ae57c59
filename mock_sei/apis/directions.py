"""Schemas by direction: no request must have what is ``readOnly``, no answer what is ``writeOnly``.

OpenAPI 3.0.4 section 4.7.24.2: ``required`` of such a member is of one direction only. JSON Schema
leaves it to the tools, and documents of 3.1 mean the same by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_sei.apis.grammar import LISTS_OF_SCHEMAS, Kind, Shape, field_of
from mock_sei.apis.references import Document
from mock_sei.document_files import EXTENSION

Flag = Literal["readOnly", "writeOnly"]

_LISTS = ("allOf", "anyOf", "oneOf")
_ONES = ("if", "then", "else")
_NAMED = ("dependentSchemas",)
"""Keywords whose schemas go for the same value as the schema that they stand in."""

_DEEPEST = 50
_OWN = f"#/{EXTENSION}-directed/"
"""Begins a reference of our own."""


@dataclass(frozen=True, kw_only=True)
class _Directed(Document):
    """A document without the members of one flag; a schema is made so when it is asked for."""

    whole: Document = field(repr=False)
    flag: Flag
    made: dict[int, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    """By the identity of a schema, which is kept so that no other can take it."""
    copies: dict[tuple[int, frozenset[str]], tuple[Any, Any]] = field(
        default_factory=dict, repr=False
    )
    """Copies by a schema's identity and by the names that schemas around it have flagged."""
    flagged: dict[int, tuple[Any, bool]] = field(default_factory=dict, repr=False)
    """Whether a schema has the flag, by its identity as in ``made``."""
    references: dict[tuple[str, frozenset[str]], int] = field(default_factory=dict, repr=False)
    meant: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict, repr=False)
    """What a reference of our own leads to, and the names that were flagged around it."""

    def find(self, reference: str, place: str) -> Any:
        meant, outer = self.meant.get(reference, (reference, frozenset[str]()))
        found = self.whole.find(meant, place)
        return self._copy(found, outer, 0) if outer else self.twin(found)

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
        key = id(schema), outer
        if key not in self.copies:
            self.copies[key] = schema, True  # within itself it asks for nothing more
            self.copies[key] = schema, self._made_copy(schema, outer, depth)
        return self.copies[key][1]

    def _made_copy(self, schema: Mapping[str, Any], outer: frozenset[str], depth: int) -> Any:
        names = outer | self._flagged(schema)
        found: dict[str, Any] = {}
        for key, value in schema.items():
            shape, kind = field_of(Kind.SCHEMA, key)
            inner = names if key in (*_LISTS, *_ONES, *_NAMED) else frozenset()
            if kind is not Kind.SCHEMA:
                found[key] = value
            elif shape is Shape.NAMED and isinstance(value, Mapping):
                found[key] = {
                    name: self._copy(each, inner, depth + 1)
                    for name, each in value.items()
                    if key != "properties" or name not in names or self.flag == "readOnly"
                }
            elif key in LISTS_OF_SCHEMAS and isinstance(value, list):
                found[key] = [self._copy(each, inner, depth + 1) for each in value]
            else:
                found[key] = self._copy(value, inner, depth + 1)
        if isinstance(found.get("required"), list):
            found["required"] = _without(names, found["required"])
        if isinstance(found.get("dependentRequired"), Mapping):
            found["dependentRequired"] = {
                name: _without(names, each) for name, each in found["dependentRequired"].items()
            }
        if isinstance(found.get("$ref"), str):
            found["$ref"] = self._reference(found["$ref"], outer)
        if isinstance(found.get("discriminator"), Mapping) and not found.keys().isdisjoint(_LISTS):
            found["discriminator"] = self._discriminator(found["discriminator"], names)
        return found

    def _reference(self, reference: str, outer: frozenset[str]) -> str:
        """One of our own, under which the names are known that schemas around it have flagged."""
        if not outer or not reference.startswith("#/"):
            return reference
        known = self.references.setdefault((reference, outer), len(self.references))
        found = f"{_OWN}{known}/{reference.rpartition('/')[2]}"
        self.meant[found] = reference, outer
        return found

    def _discriminator(self, value: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
        """With a mapping to the references that the alternatives beside it have."""
        mapping = value.get("mapping")
        if not isinstance(mapping, Mapping):
            return value
        changed = {
            name: self._reference(each, names) if isinstance(each, str) else each
            for name, each in mapping.items()
        }
        return {**value, "mapping": changed}

    def _flagged(self, schema: Any) -> frozenset[str]:
        """The members of a value that have the flag, by all schemas that it must fit, or may."""
        found: set[str] = set()
        for each in self._of_the_same_value(schema, (*_LISTS, *_ONES, *_NAMED)):
            properties = each.get("properties")
            members = properties.items() if isinstance(properties, Mapping) else ()
            found.update(name for name, member in members if self._has_flag(member))
        return frozenset(found)

    def _has_flag(self, schema: Any) -> bool:
        kept = self.flagged.get(id(schema))
        if kept is None:
            same = self._of_the_same_value(schema, ("allOf",))
            kept = self.flagged[id(schema)] = (
                schema,
                any(each.get(self.flag) is True for each in same),
            )
        return kept[1]

    def _of_the_same_value(
        self, schema: Any, keywords: Sequence[str]
    ) -> Iterator[Mapping[str, Any]]:
        """A schema and those that it leads to by ``$ref`` and these keywords, each once."""
        waiting, seen = [schema], set[int]()
        while waiting:
            each = waiting.pop()
            if not isinstance(each, Mapping) or id(each) in seen:
                continue
            seen.add(id(each))
            yield each
            for key in keywords:
                inner = each.get(key)
                if isinstance(inner, Mapping):
                    waiting += inner.values() if key in _NAMED else (inner,)
                elif isinstance(inner, list):
                    waiting += inner
            if isinstance(each.get("$ref"), str):
                waiting.append(self.whole.find(each["$ref"], "$ref"))


def _without(names: frozenset[str], required: Any) -> Any:
    return [each for each in required if each not in names]


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
            source=document.source,
            content=document.content,
            whole=document,
            flag=flag,
            bases=document.bases,
        )
    return view, view.twin(schema)
