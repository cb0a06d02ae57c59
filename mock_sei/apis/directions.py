"""Schemas by direction: a request need not have ``readOnly`` members, an answer no ``writeOnly``
ones.

OpenAPI 3.0.4 section 4.7.24.2 says that ``required`` applies to such a member only in one
direction. JSON Schema leaves this to the tools, and authors of 3.1 documents expect the same
behaviour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mock_sei.apis.grammar import LISTS_OF_SCHEMAS, FieldShape, ObjectKind, field_of
from mock_sei.apis.references import Document
from mock_sei.document_files import EXTENSION

Flag = Literal["readOnly", "writeOnly"]

_LISTS = ("allOf", "anyOf", "oneOf")
_ONES = ("if", "then", "else")
_NAMED = ("dependentSchemas",)
"""Keywords with named schemas that apply to the same value as the schema around them."""

_DEEPEST = 50
_OWN = f"#/{EXTENSION}-directed/"
"""The beginning of references that only this module makes."""


@dataclass(frozen=True, kw_only=True)
class _Directed(Document):
    """A document in which the members with one flag are not required.

    A schema is converted when it is needed.
    """

    whole: Document = field(repr=False)
    flag: Flag
    made: dict[int, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    """Converted schemas by the identity of the original, which is kept so that its identity stays
    valid."""
    copies: dict[tuple[int, frozenset[str]], tuple[Any, Any]] = field(
        default_factory=dict, repr=False
    )
    """Copies by the identity of a schema and the flagged names of the schemas around it."""
    flagged: dict[int, tuple[Any, bool]] = field(default_factory=dict, repr=False)
    """Whether a schema has the flag, by its identity. The schema is kept as in ``made``."""
    references: dict[tuple[str, frozenset[str]], int] = field(default_factory=dict, repr=False)
    meant: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict, repr=False)
    """For each reference that this module made: its target, and the flagged names around it."""

    def find(self, reference: str, place: str) -> Any:
        meant, outer = self.meant.get(reference, (reference, frozenset[str]()))
        found = self.whole.find(meant, place)
        return self._copy(found, outer, 0) if outer else self.twin(found)

    def twin(self, schema: Any) -> Any:
        """A schema of the whole document, converted to this direction."""
        if not isinstance(schema, Mapping):
            return schema
        kept = self.made.get(id(schema))
        if kept is None:
            kept = self.made[id(schema)] = schema, self._copy(schema, frozenset(), 0)
        return kept[1]

    def _copy(self, schema: Any, outer: frozenset[str], depth: int) -> Any:
        """A converted copy.

        ``outer`` are the flagged names of the schemas around it that apply to the same value.
        """
        if not isinstance(schema, Mapping) or depth > _DEEPEST:
            return schema
        key = id(schema), outer
        if key not in self.copies:
            self.copies[key] = schema, True  # a schema inside itself accepts everything
            self.copies[key] = schema, self._made_copy(schema, outer, depth)
        return self.copies[key][1]

    def _made_copy(self, schema: Mapping[str, Any], outer: frozenset[str], depth: int) -> Any:
        names = outer | self._flagged(schema)
        found: dict[str, Any] = {}
        for key, value in schema.items():
            shape, kind = field_of(ObjectKind.SCHEMA, key)
            inner = names if key in (*_LISTS, *_ONES, *_NAMED) else frozenset()
            if kind is not ObjectKind.SCHEMA:
                found[key] = value
            elif shape is FieldShape.NAMED and isinstance(value, Mapping):
                found[key] = {
                    name: self._copy(each, inner, depth + 1)
                    for name, each in value.items()
                    if key != "properties" or name not in names or self.flag == "readOnly"
                }
            elif key in LISTS_OF_SCHEMAS and isinstance(value, list):
                found[key] = [self._copy(each, inner, depth + 1) for each in value]
            else:
                found[key] = self._copy(value, inner, depth + 1)
        if "required" in found:
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
        """A reference of this module that also remembers the flagged names of the schemas around
        it."""
        if not outer or not reference.startswith("#/"):
            return reference
        known = self.references.setdefault((reference, outer), len(self.references))
        found = f"{_OWN}{known}/{reference.rpartition('/')[2]}"
        self.meant[found] = reference, outer
        return found

    def _discriminator(self, value: Mapping[str, Any], names: frozenset[str]) -> Mapping[str, Any]:
        """A discriminator whose mapping has the same references as the alternatives beside it."""
        mapping = value.get("mapping")
        if not isinstance(mapping, Mapping):
            return value
        changed = {
            name: self._reference(each, names) if isinstance(each, str) else each
            for name, each in mapping.items()
        }
        return {**value, "mapping": changed}

    def _flagged(self, schema: Any) -> frozenset[str]:
        """The flagged members in all schemas that the value must fit or may fit."""
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
        """A schema and all schemas that ``$ref`` and these keywords reach from it, each once."""
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
    """The required members without these. What is no list of names stays: it is reported
    elsewhere."""
    if not isinstance(required, list):
        return required
    return [each for each in required if not isinstance(each, str) or each not in names]


def for_requests(document: Document, schema: Any) -> tuple[Document, Any]:
    """The schema of a request body, and the document in which to follow its references."""
    return _directed(document, schema, "readOnly")


def for_answers(document: Document, schema: Any) -> tuple[Document, Any]:
    """The schema of an answer, and the document in which to follow its references."""
    return _directed(document, schema, "writeOnly")


def _directed(document: Document, schema: Any, flag: Flag) -> tuple[Document, Any]:
    if document.lenient or flag not in document.flags:  # the vendor's products use neither flag
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
