"""Converts an OpenAPI document of any version to 3.1, and finds everything that is wrong with it.

The document is read by the grammar (``grammar.py``). Wrong parts are removed and noted with their
place, so that no later reader stumbles over them. ``reach.py`` decides which operations a wrong
part affects. Source: OpenAPI 3.0.4, 3.1.1 and 3.2.0, JSON Schema 2020-12.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from mock_sei.apis.discriminators import DEFAULT, SCHEMAS, complete, property_of
from mock_sei.apis.grammar import (
    FieldShape,
    ObjectKind,
    Pointer,
    field_of,
    place_of,
    reference_to,
    tokens_of,
)
from mock_sei.apis.patterns import PatternError, compile_pattern
from mock_sei.apis.reach import Reach, Wrong
from mock_sei.apis.rules import check_schema
from mock_sei.apis.schemas import is_searched_by_engine, knows_its_members
from mock_sei.apis.shapes import (
    COUNTS,
    EMPTY,
    HOLDERS,
    LISTS,
    PLAIN,
    SAYS_NOTHING,
    forget_old_keys,
    is_plain,
    is_simple,
    misfits,
)
from mock_sei.apis.swagger import from_swagger, is_swagger, moved, part_from_swagger
from mock_sei.apis.ways_held import MOST_WAYS, Ways
from mock_sei.document_files import EXTENSION
from mock_sei.errors import ConfigurationError
from mock_sei.values.sendable import is_media_type, is_token

VERSIONS = ("3.0", "3.1", "3.2")

DEEPEST_DOCUMENT = 150
"""The most levels of a document. A document with more contains itself."""

PARTS = "x-mock-sei-files"
"""The key under ``components`` that holds the other files to which a document refers."""

_SHOWN = 100
"""The most characters of a pattern in a message."""

ReadPart = Callable[[str], tuple[Path, Any]]
"""Reads a file of the document's folder by its name there. Raises :class:`ConfigurationError`."""


def no_parts(name: str) -> tuple[Path, Any]:
    """The :data:`ReadPart` of a document that may not refer to other files."""
    raise ConfigurationError("this document cannot refer to other files", source=name)


@dataclass(frozen=True, kw_only=True)
class Modern:
    """A converted document, and what was removed from it."""

    content: dict[str, Any]
    wrong: list[Wrong]
    """Wrong parts. The operations that need them cannot be called."""
    problems: list[ConfigurationError]
    """What is not checked, or is read differently from how it is written. All operations can still
    be called."""
    links: list[tuple[Pointer, Pointer]] = field(repr=False)
    formats: Mapping[str, str]
    """The formats that the schemas name, each with the first place where it stands."""
    bases: Mapping[str, frozenset[int]] = field(repr=False)
    """The base types of schemas, as :func:`~mock_sei.apis.discriminators.complete` returns them."""
    flags: Set[str]
    """Which of ``readOnly`` and ``writeOnly`` the schemas use."""

    def reach(self) -> Reach:
        """Which operations the wrong parts affect."""
        return Reach(self.wrong, self.links)


def version_of(content: Mapping[str, Any], source: Path) -> str:
    """The OpenAPI version of a document.

    Raises :class:`ConfigurationError` for an unknown version.
    """
    written = content.get("openapi", content.get("swagger", "none"))
    version = str(written)
    if not version.startswith(VERSIONS):
        raise ConfigurationError(
            f"only Swagger 2.0 and OpenAPI {', '.join(VERSIONS)} are supported",
            source=source,
            key="swagger" if "swagger" in content else "openapi",
            value=written,
        )
    return version


def modern(
    content: Mapping[str, Any],
    source: Path,
    *,
    name: str = "",
    read_part: ReadPart = no_parts,
) -> Modern:
    """Converts a document of any supported version to one with the schemas of OpenAPI 3.1.

    ``name`` is the name of its file within its folder; files use such names to refer to one
    another. Raises :class:`ConfigurationError` for an unsupported version, or if no operation can
    be read.
    """
    swagger = content if is_swagger(content) else None
    content = content if swagger is None else from_swagger(swagger)
    version = version_of(content, source)
    converter = _Converter(source, name, read_part, old=version.startswith("3.0"), swagger=swagger)
    whole = converter.whole(content)
    converter.report_unchecked()
    return Modern(
        content=whole,
        wrong=converter.wrong,
        problems=converter.problems,
        links=converter.links,
        formats=converter.formats,
        bases=converter.bases,
        flags=converter.flags,
    )


_MOST_REPORTED = 10
"""How many places are named for one kind of problem."""

_LONGEST_WAY = 20
"""The longest chain of references. A longer one is a circle."""

DYNAMIC = "x-mock-sei-dynamic"
"""The key under ``components`` that holds copies of schemas for other meanings of dynamic names."""
_IN_COPIES = ("components", DYNAMIC)
_MOST_COPIES = 1_000

MOST_TARGETS = 20_000
"""The most parts of one document that references lead to."""


Bound = tuple[tuple[str, Pointer], ...]
"""Dynamic names, each with the schema that it stands for."""


@dataclass(frozen=True, kw_only=True)
class _Link:
    """A reference that is not resolved yet."""

    holder: dict[str, Any]
    key: str
    pointer: Pointer
    kind: ObjectKind
    base: str
    """The URI of the schema resource that contains the reference; ``""`` for the document
    itself."""
    bound: Bound = ()
    """The meaning that outer schema resources give to dynamic names."""


class _Converter:
    """Converts one document to 3.1."""

    def __init__(
        self,
        source: Path,
        name: str,
        read_part: ReadPart,
        *,
        old: bool,
        swagger: Mapping[str, Any] | None,
    ) -> None:
        self._swagger = swagger
        """The document as it is written, if it is Swagger 2.0."""
        self._source = source
        self._name = name
        self._read_part = read_part
        self._old = old
        self.wrong: list[Wrong] = []
        self.problems: list[ConfigurationError] = []
        self.links: list[tuple[Pointer, Pointer]] = []
        self.formats: dict[str, str] = {}
        self.bases: Mapping[str, frozenset[int]] = {}
        self._discriminators: list[tuple[Pointer, dict[str, Any]]] = []
        """The schemas that have a discriminator."""
        self._mapped: list[tuple[dict[str, Any], str, _Link]] = []
        """The entries of the discriminators' mappings, as references that are not resolved yet."""
        self.flags: set[str] = set()
        self._whole: dict[str, Any] = {}
        self._self = ""
        """The URI that the document gives itself (OpenAPI 3.2.0 section 4.1)."""
        self._names: set[str] = set()
        """The names of the schemas under ``components``."""
        self._parts: dict[str, Any] = {}
        """The content of other files, by their names."""
        self._resolved_links: list[_Link] = []
        """References that were resolved."""
        self._waiting: list[_Link] = []
        """References that are not resolved yet."""
        self._kinds: dict[int, tuple[Any, ObjectKind]] = {}
        """As which kind each object was read, by its identity. The object is kept, so that its
        identity stays valid."""
        self._resources: dict[str, Pointer] = {}
        """Schemas by their ``$id``."""
        self._anchors: dict[tuple[str, str], Pointer] = {}
        self._dynamic: dict[tuple[str, str], Pointer] = {}
        """Schemas by their ``$dynamicAnchor``."""
        self._has_dynamic = False
        """Whether any schema has a ``$dynamicRef``."""
        self._bound: Bound = ()
        """The meaning of dynamic names for the schema that is being read."""
        self._copies: dict[tuple[Pointer, Bound], Pointer] = {}
        """Schemas that are read once more, because outer schemas give a dynamic name another
        meaning."""
        self._written: Mapping[str, Any] = {}
        self._sources: dict[str, Path] = {}
        """The files that were read, by their names."""
        self._unserved: set[Pointer] = set()
        """Where callbacks, links and webhooks begin. Clients do not call them here, so faults in
        them affect no operation."""
        self._targets: set[tuple[str, ...]] = set()
        self._slow_members: list[str] = []
        """Where members are named by a pattern that the schema engine cannot search."""
        self._unevaluated: list[str] = []
        """Where ``unevaluatedProperties`` may depend on such a pattern of another schema."""

    def report_unchecked(self) -> None:
        """Notes what the document demands and mock-sei does not check."""
        if not self._slow_members:
            return
        for place in self._unevaluated[:_MOST_REPORTED]:
            problem = (
                "is not checked where a schema of the same value has the patternProperties of "
                f"{self._slow_members[0][:200]}: no linear engine reads their pattern"
            )
            self.problems.append(ConfigurationError(problem, source=self._source, key=place[:200]))

    def whole(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The converted document.

        Raises :class:`ConfigurationError` if it has no part that can be read.
        """
        components = content.get("components")
        schemas = components.get("schemas") if isinstance(components, Mapping) else None
        self._names = set(map(str, schemas)) if isinstance(schemas, Mapping) else set()
        own = content.get("$self")
        if isinstance(own, str) and own:
            self._self = own.partition("#")[0]
            self._resources[self._self] = ()
        self._written = content
        self._whole = self._object(content, (), ObjectKind.DOCUMENT, "", 0)
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                self._resolve(each)
        if self._parts:
            self._whole.setdefault("components", {})[PARTS] = self._parts
        self._complete_discriminators()
        self._remove_circles()
        self._limit_ways()
        return self._whole

    def _complete_discriminators(self) -> None:
        for mapping, name, link in self._mapped:
            if "$ref" in link.holder:
                mapping[name] = link.holder["$ref"]
            else:
                del mapping[name]
        schemas = (self._whole.get("components") or {}).get("schemas") or {}
        found = [(reference_to(pointer), each) for pointer, each in self._discriminators]
        self.bases = complete(found, schemas, self._found)

    def _remove_circles(self) -> None:
        """Removes references that lead only to one another."""
        for link in self._resolved_links:
            if link.kind is ObjectKind.LINK:  # the target of a link is not read
                continue
            each: Any = link.holder
            for _ in range(_LONGEST_WAY):
                if not isinstance(each, dict) or "$ref" not in each:
                    break
                each = self._found(each["$ref"])
            else:
                del link.holder["$ref"]
                self.refuse(link.pointer, "a circle of references")

    def _limit_ways(self) -> None:
        """Refuses schemas that check one value against too many schemas, or against themselves."""
        links = {id(each.holder): each for each in self._resolved_links}
        ways = Ways(self._found, links.keys())
        for link in self._resolved_links:
            if link.kind is ObjectKind.SCHEMA and "$ref" in link.holder:
                ways.count(self._found(link.holder["$ref"]))
        for holder, reference in ways.too_many:
            link = links[id(holder)]
            problem = f"one value is checked against more than {MOST_WAYS} schemas"
            self._note_wrong(link.pointer, self._error(link, problem, reference))
        for holder in ways.within_itself:
            problem = "the schema contains itself directly; this reference is not "
            self.warn((*links[id(holder)].pointer, "$ref"), f"{problem}followed")

    def _found(self, reference: str) -> Any:
        """The target of a reference that was resolved."""
        found: Any = self._whole
        for each in tokens_of(reference):
            found = found[int(each)] if isinstance(found, list) else found[each]
        return found

    def _field(
        self,
        value: Any,
        pointer: Pointer,
        shape: FieldShape,
        kind: ObjectKind,
        base: str,
        depth: int,
    ) -> Any:
        if kind is ObjectKind.VALUE:
            return self._value(value, pointer, depth)
        if kind in _UNSERVED or pointer == ("webhooks",):
            self._unserved.add(pointer)
        if depth > DEEPEST_DOCUMENT:
            self.refuse(pointer, f"more than {DEEPEST_DOCUMENT} levels")
            return {}
        if shape is FieldShape.LIST:
            return self._list(value, pointer, kind, base, depth)
        if shape is FieldShape.NAMED:
            return self._named(value, pointer, kind, base, depth)
        if kind is ObjectKind.SCHEMA:
            return self._schema(value, pointer, base, depth)
        if not isinstance(value, dict):
            if value is not None or kind is not ObjectKind.COMPONENTS:
                self.refuse(pointer, "not a mapping", value)
            return {}
        return self._object(value, pointer, kind, base, depth)

    def _list(
        self, value: Any, pointer: Pointer, kind: ObjectKind, base: str, depth: int
    ) -> list[Any]:
        of_schemas = kind is ObjectKind.SCHEMA
        if not isinstance(value, list):
            if value is not None or of_schemas:
                self.refuse(pointer, "must be a list of schemas" if of_schemas else "not a list")
            return []
        found: list[Any] = []
        for at, each in enumerate(value):
            if not isinstance(each, (dict, bool) if of_schemas else dict):
                if of_schemas:
                    self.refuse(pointer, "must be a list of schemas")
                else:
                    self.refuse((*pointer, at), "not a mapping", each)
                    found.append({})  # keeps the positions of the other entries
                continue
            found.append(self._field(each, (*pointer, at), FieldShape.ONE, kind, base, depth + 1))
        return found

    def _named(
        self, value: Any, pointer: Pointer, kind: ObjectKind, base: str, depth: int
    ) -> dict[str, Any]:
        if kind is ObjectKind.EXAMPLE and isinstance(value, list):
            self.warn(
                pointer, "must be a mapping of names to examples; the first of the list is used"
            )
            value = {"first": _as_example(value[0])} if value else {}
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            return self._entries_of_file(value["$ref"], pointer, kind, base, depth)
        if value is None:
            return {}
        if not isinstance(value, dict):
            of_schemas = kind is ObjectKind.SCHEMA and pointer[-1] != "schemas"
            self.refuse(
                pointer,
                "must be a mapping of names to schemas" if of_schemas else "not a mapping",
                value,
            )
            return {}
        found = {}
        for name, each in value.items():
            key = str(name)
            here = (*pointer, key)
            if kind is not ObjectKind.SCHEMA and key.startswith("x-"):
                found[key] = self._value(each, here, depth + 1)
            else:
                inner = {} if each is None else each
                found[key] = self._field(inner, here, FieldShape.ONE, kind, base, depth + 1)
        return found

    def _entries_of_file(
        self, reference: str, pointer: Pointer, kind: ObjectKind, base: str, depth: int
    ) -> dict[str, Any]:
        """All entries of another file. Many split documents keep their paths this way."""
        link = _Link(holder={}, key="$ref", pointer=pointer, kind=kind, base=base)
        try:
            target = self._find_target(reference, link)
            if not self._is_of_a_part(target):
                raise self._error(link, "must lead to another file here", reference)
            found = self._find(tuple(map(str, target)), link, reference)[2]
        except ConfigurationError as error:
            self._note_wrong(pointer, error)
            return {}
        if not isinstance(found, Mapping) or "$ref" in found:
            self.refuse((*pointer, "$ref"), "does not lead to an object of the right kind")
            return {}
        found = {name: self._converted(each, kind) for name, each in found.items()}
        for name, each in found.items():
            for inner in _branches(each, kind):
                self._note_link((*pointer, name, *inner), (*target, name, *inner))
        return self._named(found, target, kind, base, depth + 1)

    def _object(
        self, value: Mapping[str, Any], pointer: Pointer, kind: ObjectKind, base: str, depth: int
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, each in value.items():
            key = str(name)  # YAML reads the status 200 as a number
            shape, inner = field_of(kind, key)
            if each is None and (inner is not ObjectKind.VALUE or key in PLAIN.get(kind, {})):
                continue  # an empty field counts as absent
            if inner is ObjectKind.VALUE and not isinstance(each, HOLDERS):
                found[key] = each  # most fields: this shortcut saves a third of the time
                continue
            found[key] = self._field(each, (*pointer, key), shape, inner, base, depth + 1)
        if "$ref" in found and not isinstance(found["$ref"], str):
            self.refuse((*pointer, "$ref"), "must be a text", found.pop("$ref"))
        if kind in PLAIN:
            self._remove_wrong_fields(found, pointer, kind)
        if kind in _SENT:
            self._remove_unsendable(found, pointer)
        if kind is ObjectKind.EXAMPLE and "externalValue" in found and "value" not in found:
            self.warn((*pointer, "externalValue"), "is not read", found["externalValue"])
        if "itemSchema" in found and kind is ObjectKind.MEDIA:
            _describe_as_array(found)
        self._kinds[id(found)] = found, kind
        if "$ref" in found:
            self._wait(found, "$ref", pointer, kind, base)
        return found

    def _remove_wrong_fields(
        self, found: dict[str, Any], pointer: Pointer, kind: ObjectKind
    ) -> None:
        """Removes wrong fields that no operation depends on."""
        for key, shapes in PLAIN.get(kind, {}).items():
            if key in found and not is_plain(found[key], shapes):
                self.warn((*pointer, key), f"must be {shapes[1]}; it is not read", found.pop(key))

    def _remove_unsendable(self, found: dict[str, Any], pointer: Pointer) -> None:
        """Removes media types and headers that no message can have.

        Removing the last media type makes the operation unusable.
        """
        content: dict[str, Any] = found.get("content", {})
        for name in [each for each in content if not is_media_type(each)]:
            del content[name]
            report = self.warn if content else self.refuse
            report((*pointer, "content"), "not a media type; no message can have it", name[:_SHOWN])
        headers: dict[str, Any] = found.get("headers", {})
        for name in [each for each in headers if not is_token(each)]:
            del headers[name]
            problem = "not the name of a header; no answer can have it"
            self.warn((*pointer, "headers"), problem, name[:_SHOWN])

    def _value(self, value: Any, pointer: Pointer, depth: int) -> Any:
        """A value that the grammar does not describe.

        It is kept, and its names are turned into texts.
        """
        if depth > DEEPEST_DOCUMENT:
            self.refuse(pointer, f"more than {DEEPEST_DOCUMENT} levels")
            return None
        if isinstance(value, list):
            return [self._value(each, (*pointer, at), depth + 1) for at, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {
            str(name): self._value(each, (*pointer, str(name)), depth + 1)
            for name, each in value.items()
        }

    def _schema(self, value: Any, pointer: Pointer, base: str, depth: int) -> Any:
        """Reads a schema. An empty one allows any value; PHP writes an empty mapping as []."""
        found: dict[str, Any]
        if value is None or value == []:
            return {}
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            self.refuse(pointer, "must be a schema", value)
            return {}
        if is_simple(value):
            found = dict(value)
            self._kinds[id(found)] = found, ObjectKind.SCHEMA
            return found
        if not self._old and not _OTHER_NAMES.isdisjoint(value):
            base = self._name_resource(value, pointer, base)
        found = {}
        for name, each in value.items():
            key = str(name)
            if key in _OTHER_NAMES:
                continue
            if (each is None and key in EMPTY) or (each == [] and key in LISTS):
                self.warn((*pointer, key), "is empty; it counts as not given")
                continue
            shape, inner = field_of(ObjectKind.SCHEMA, key)
            if inner is ObjectKind.VALUE and not isinstance(each, HOLDERS):
                found[key] = each
                continue
            found[key] = self._field(each, (*pointer, key), shape, inner, base, depth + 1)
        self._remove_wrong_fields(found, pointer, ObjectKind.SCHEMA)
        self._name_null(found, pointer)
        or_null = self._old and forget_old_keys(found)
        self._remove_unreadable_patterns(found, pointer)
        for key in () if COUNTS.isdisjoint(found) else COUNTS & found.keys():
            if isinstance(found[key], float) and found[key].is_integer():  # 2.0 is an integer
                found[key] = int(found[key])
        self._check(found, pointer)
        if "format" in found and found["format"] not in self.formats:
            self.formats[found["format"]] = self._place((*pointer, "format"))
        if "discriminator" in found:
            self._read_discriminator(found, pointer, base)
        for each in _FLAGS:
            if found.get(each) is True:
                self.flags.add(each)
        self._kinds[id(found)] = found, ObjectKind.SCHEMA
        dynamic = None if self._old else value.get("$dynamicRef", value.get("$recursiveRef"))
        if isinstance(dynamic, str) and "$ref" not in found:
            self._has_dynamic = True
            found["$ref"] = dynamic
            self._wait(found, "$dynamicRef", pointer, ObjectKind.SCHEMA, base)
        elif "$ref" in found:
            self._wait(found, "$ref", pointer, ObjectKind.SCHEMA, base)
        return {"anyOf": [found, {"type": "null"}]} if or_null else found

    def _read_discriminator(self, found: dict[str, Any], pointer: Pointer, base: str) -> None:
        """Reads a discriminator's mapping. An entry is a reference or the name of a schema."""
        written, here = found["discriminator"], (*pointer, "discriminator")
        if not isinstance(written, Mapping) or property_of(found) is None:
            del found["discriminator"]
            if written is not None:
                self.warn(here, "must be a mapping with a propertyName that is a text; not read")
            return
        entries = written.get("mapping")
        if not isinstance(entries, Mapping | None):
            self.warn(
                (*here, "mapping"), "must be a mapping of names to references; it is not read"
            )
        mapping = dict(entries) if isinstance(entries, Mapping) else {}
        own = found["discriminator"] = {**written, "mapping": mapping}
        named = [(mapping, each, f"mapping.{each}") for each in mapping]
        named += [(own, each, each) for each in (DEFAULT,) if each in own]
        for holder, name, place in named:
            reference = holder[name]
            if not isinstance(reference, str):
                self.warn((*here, place), "must be a reference or a name; it is not read")
                del holder[name]
                continue
            link = _Link(
                holder={"$ref": self._reference_of(reference)},
                key=f"discriminator.{place}",
                pointer=pointer,
                kind=ObjectKind.SCHEMA,
                base=base,
            )
            self._mapped.append((holder, name, link))
            self._waiting.append(link)
        self._discriminators.append((pointer, found))

    def _reference_of(self, text: str) -> str:
        """The reference for an entry of a mapping. A schema name is preferred to a file name.

        Source: OpenAPI 3.1.1 section 4.8.25.
        """
        is_name = text in self._names and not text.startswith("#")
        return reference_to((*SCHEMAS, text)) if is_name else text

    def _name_resource(self, value: Mapping[str, Any], pointer: Pointer, base: str) -> str:
        """Records the names that a schema gives itself.

        Returns the schema resource that its parts belong to.
        """
        own = value.get("$id")
        if isinstance(own, str) and not _is_address(own):
            self.warn((*pointer, "$id"), "is not a valid URI reference; it is not read", own)
        elif isinstance(own, str) and not own.startswith("#"):
            base = urljoin(base, own).partition("#")[0]
            self._resources.setdefault(base, pointer)
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(value.get(key), str):
                name = base or self._file_of(pointer), value[key]
                self._anchors.setdefault(name, pointer)
                if key == "$dynamicAnchor":
                    self._dynamic.setdefault(name, pointer)
        return base

    def _name_null(self, found: dict[str, Any], pointer: Pointer) -> None:
        """Reads an unquoted ``null`` as the type null where that is meant.

        YAML reads it as no value.
        """
        kinds = found.get("type", "")
        alone = kinds is None and not self._old and found.keys() <= SAYS_NOTHING
        if alone or (isinstance(kinds, list) and None in kinds):
            named = ["null" if each is None else each for each in kinds or [None]]
            found["type"] = named if kinds else "null"
            self.warn((*pointer, "type"), "null needs quotes here; it is read as the type null")
        elif kinds is None:
            del found["type"]
            self.warn((*pointer, "type"), "is empty; it counts as not given")

    def _remove_unreadable_patterns(self, found: dict[str, Any], pointer: Pointer) -> None:
        """Removes patterns that no engine reads."""
        pattern = found.get("pattern")
        if isinstance(pattern, str) and not self._is_pattern(pattern, (*pointer, "pattern")):
            del found["pattern"]
        patterned = found.get("patternProperties")
        if isinstance(patterned, Mapping):
            here = (*pointer, "patternProperties")
            known = {key: each for key, each in patterned.items() if self._is_pattern(key, here)}
            found["patternProperties"] = known
            if not all(is_searched_by_engine(compile_pattern(key)) for key in known):
                self._slow_members.append(self._place(here))
        if found.get("unevaluatedProperties", True) is not True and not knows_its_members(found):
            self._unevaluated.append(self._place((*pointer, "unevaluatedProperties")))

    def _wait(
        self, holder: dict[str, Any], key: str, pointer: Pointer, kind: ObjectKind, base: str
    ) -> None:
        link = _Link(
            holder=holder, key=key, pointer=pointer, kind=kind, base=base, bound=self._bound
        )
        self._waiting.append(link)

    def _in_scope(self, target: Pointer, link: _Link, written: str) -> Pointer:
        """The target of a reference, if outer schema resources give dynamic names a meaning of
        their own.

        The outermost resource on the way decides (JSON Schema 2020-12, core, section 8.2.3.2).
        """
        if (
            not self._has_dynamic
            or link.kind is not ObjectKind.SCHEMA
            or self._is_of_a_part(target)
        ):
            return target
        bound = dict(link.bound)
        name = unquote(written.partition("#")[2])
        if link.key == "$dynamicRef" and target in self._dynamic.values():
            target = bound.get(name, target)
        if link.base:
            for (resource, own), pointer in self._dynamic.items():
                if resource == link.base:
                    bound.setdefault(own, pointer)
        if not bound or (not link.bound and self._resource_of(target) == link.base):
            return target
        key = target, tuple(sorted(bound.items()))
        if key not in self._copies and len(self._copies) < _MOST_COPIES:
            self._copies[key] = self._copied(target, key[1], link)
        return self._copies.get(key, target)

    def _copied(self, target: Pointer, bound: Bound, link: _Link) -> Pointer:
        """Reads a schema once more with other meanings of dynamic names.

        Returns the place of this copy.
        """
        number = str(len(self._copies) + 1)
        self._copies[target, bound] = pointer = ("components", DYNAMIC, number)
        raw: Any = self._written
        for each in target:
            raw = raw[int(each)] if isinstance(raw, list) else raw[each]
        before, self._bound = self._bound, bound
        read = self._field(
            raw, pointer, FieldShape.ONE, link.kind, self._resource_of(target[:-1]), 0
        )
        self._bound = before
        self._whole.setdefault("components", {}).setdefault(DYNAMIC, {})[number] = read
        return pointer

    def _resource_of(self, pointer: Pointer) -> str:
        """The URI of the schema resource that contains a part of the document."""
        places = {place: address for address, place in self._resources.items() if place}
        beginnings = (pointer[:length] for length in range(len(pointer), 0, -1))
        return next((places[each] for each in beginnings if each in places), "")

    def _resolve(self, link: _Link) -> None:
        """Resolves a reference and reads its target as the expected kind.

        Removes a reference that leads nowhere.
        """
        written = link.holder["$ref"]
        try:
            named = self._find_target(written, link)
            self._read_target(named, link, written)
            target = self._in_scope(named, link, written)
        except ConfigurationError as error:
            del link.holder["$ref"]
            if link.key != "$ref":
                self.warn((*link.pointer, link.key), "leads nowhere; it is not checked", written)
            else:
                self._note_wrong(link.pointer, error)
        else:
            link.holder["$ref"] = reference_to(target)
            self._resolved_links.append(link)
            if link.kind is not ObjectKind.PATH_ITEM:  # its operations are linked separately
                for each in dict.fromkeys((named, target)):
                    self._note_link(link.pointer, each)

    def _note_link(self, pointer: Pointer, target: Pointer) -> None:
        if not self._is_unserved(pointer):
            self.links.append((pointer, target))

    def _is_unserved(self, pointer: Pointer) -> bool:
        return bool(self._unserved) and any(
            pointer[:length] in self._unserved for length in range(1, len(pointer) + 1)
        )

    def _find_target(self, reference: str, link: _Link) -> Pointer:
        """The place to which a reference leads. Raises :class:`ConfigurationError`."""
        address, _, fragment = reference.partition("#")
        if not _is_address(address):
            raise self._error(link, "is not a valid URI reference", reference)
        start: Pointer
        base = link.base or ("" if self._is_of_a_part(link.pointer) else self._self)
        named = urljoin(base, address) if link.base or address else ""
        if named and named.partition("#")[0] in self._resources:
            start = self._resources[named]
            resource = named if start else self._name
        elif not address:
            start, resource = self._start_of(link.pointer), self._file_of(link.pointer)
        else:
            start = self._part(address, link)
            resource = self._file_of(start)
        if fragment and not fragment.startswith("/"):
            name = resource, unquote(fragment)
            if name not in self._anchors and self._is_of_a_part(start):
                self._read_target(start, link, reference)  # this collects the names in it
            if name not in self._anchors:
                raise self._error(link, "leads nowhere", reference)
            return self._anchors[name]
        tokens = tokens_of(fragment)
        return (*start, *(tokens if start or self._swagger is None else moved(tokens)))

    def _part(self, address: str, link: _Link) -> Pointer:
        """The place of the file that a reference names. The first reference to a file reads it."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address.startswith("/"):
            raise self._error(
                link,
                "only files in this document's folder are read; name them relative to this file",
                address,
            )
        beside = posixpath.dirname(self._file_of(link.pointer))
        name = posixpath.normpath(posixpath.join(beside, unquote(parts.path)))
        if name.startswith("../") or name == "..":
            raise self._error(link, "leads out of the folder of the documents", address)
        if name == self._name:
            return ()
        start: Pointer = ("components", PARTS, name)
        if name in self._sources:
            return start
        try:
            source, content = self._read_part(name)
        except ConfigurationError as error:
            raise self._error(link, f"cannot be read ({error})", address) from None
        self._sources[name] = source
        self._parts[name] = self._value(content, start, 0)
        return start

    def _read_target(self, target: Pointer, link: _Link, written: str) -> None:
        keys = tuple(map(str, target))
        holder, last, found = self._find(keys, link, written)
        if (keys in self._targets and id(found) in self._kinds) or link.kind is ObjectKind.LINK:
            return
        is_whole = holder is None  # the target is a document, not a part of one
        shapes = (Mapping, bool) if link.kind is ObjectKind.SCHEMA else (Mapping,)
        if is_whole or not isinstance(found, shapes):
            raise self._error(link, "does not lead to an object of the right kind")
        self._targets.add(keys)
        if len(self._targets) > MOST_TARGETS:
            problem = f"the references lead to more than {MOST_TARGETS} parts"
            raise self._error(link, problem, written)
        if id(found) in self._kinds or isinstance(found, bool):
            return
        if self._is_of_a_part(target):
            found = self._converted(found, link.kind)
        holder[last] = self._field(found, target, FieldShape.ONE, link.kind, "", 0)

    def _converted(self, part: Any, kind: ObjectKind) -> Any:
        """A part of another file. If the document is Swagger 2.0, the part is converted too."""
        return part if self._swagger is None else part_from_swagger(self._swagger, part, kind)

    def _find(self, keys: tuple[str, ...], link: _Link, written: str) -> tuple[Any, Any, Any]:
        """The object or list that holds a part, the part's key in it, and the part."""
        holder: Any = None
        last: Any = None
        found: Any = self._whole
        if self._is_of_a_part(keys):
            found, keys = self._parts, keys[2:]
        for each in keys:
            if isinstance(found, dict) and each in found:
                holder, last = found, each
            elif isinstance(found, list) and each.isdecimal() and int(each[:9]) < len(found):
                holder, last = found, int(each[:9])
            else:
                raise self._error(link, "leads nowhere", written)
            found = holder[last]
        return holder, last, found

    def _is_of_a_part(self, pointer: Pointer) -> bool:
        return (
            len(pointer) > 2 and pointer[:2] == ("components", PARTS) and pointer[2] in self._parts
        )

    def _start_of(self, pointer: Pointer) -> Pointer:
        """The place of the file that contains a part of the document."""
        return pointer[:3] if self._is_of_a_part(pointer) else ()

    def _file_of(self, pointer: Pointer) -> str:
        return str(pointer[2]) if self._is_of_a_part(pointer) else self._name

    def _source_of(self, pointer: Pointer) -> Path:
        return self._sources.get(self._file_of(pointer), self._source)

    def _place(self, pointer: Pointer) -> str:
        return place_of(pointer[len(self._start_of(pointer)) :])

    def _error(self, link: _Link, problem: str, value: str | None = None) -> ConfigurationError:
        return self._error_at((*link.pointer, link.key), problem, value)

    def _error_at(self, pointer: Pointer, problem: str, value: Any = None) -> ConfigurationError:
        shown = value[:200] if isinstance(value, str) else value
        shown = shown if isinstance(shown, str | int | float) else None
        place = self._place(pointer)
        return ConfigurationError(
            problem, source=self._source_of(pointer), key=place[:_LONGEST_PLACE], value=shown
        )

    def refuse(self, pointer: Pointer, problem: str, value: Any = None) -> None:
        """Notes a fault that affects the operations which need this part."""
        self._note_wrong(pointer, self._error_at(pointer, problem, value))

    def _note_wrong(self, pointer: Pointer, error: ConfigurationError) -> None:
        if pointer[:2] == _IN_COPIES:
            return  # already noted at the original place
        if self._is_unserved(pointer):
            self.problems.append(error)
        else:
            self.wrong.append(Wrong(pointer, error))

    def warn(self, pointer: Pointer, problem: str, value: Any = None) -> None:
        """Notes a fault that affects no operation."""
        if pointer[:2] == _IN_COPIES:
            return  # already noted at the original place
        self.problems.append(self._error_at(pointer, problem, value))

    def _is_pattern(self, text: str, pointer: Pointer) -> bool:
        """Whether an engine can read a pattern. If none can, this is noted."""
        try:
            compile_pattern(text)
        except PatternError as error:
            problem = f"not a regular expression of ECMA-262 ({error}); it is not checked"
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            self.warn(pointer, problem, shown)
            return False
        return True

    def _check(self, schema: dict[str, Any], pointer: Pointer) -> None:
        """Removes keywords whose content would break the validator."""
        for key, value, problem, inner in list(misfits(schema)):
            self.refuse((*pointer, key, *inner), problem, value)
            schema.pop(key, None)
        if EXTENSION in schema:
            place = f"{self._place(pointer)}.{EXTENSION}"
            try:
                check_schema(schema[EXTENSION], self._source_of(pointer), place)
            except ConfigurationError as error:
                self._note_wrong(pointer, error)
                del schema[EXTENSION]


def _is_address(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:  # for instance an unclosed IPv6 address
        return False
    return True


_SENT = (ObjectKind.BODY, ObjectKind.RESPONSE)
_UNSERVED = frozenset([ObjectKind.CALLBACK, ObjectKind.LINK])

_LONGEST_PLACE = 300

_FLAGS = ("readOnly", "writeOnly")


def _branches(value: Any, kind: ObjectKind) -> Iterator[Pointer]:
    """The parts of an object that can be used independently.

    These are the operations of a path item, and the responses of an operation.
    """
    if kind not in _APART or not isinstance(value, Mapping) or "$ref" in value:
        yield ()
        return
    for key, each in value.items():
        shape, inner = field_of(kind, str(key))
        if shape is FieldShape.NAMED and isinstance(each, Mapping) and "$ref" not in each:
            yield from ((str(key), str(name)) for name in each)
        else:
            yield from ((str(key), *rest) for rest in _branches(each, inner))


_APART = frozenset([ObjectKind.PATH_ITEM, ObjectKind.OPERATION])

_OTHER_NAMES = frozenset(
    ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$schema", "$vocabulary"]
)
"""Keywords by which schemas can refer to one another. Here they do so by their place in the
document."""


def _describe_as_array(media: dict[str, Any]) -> None:
    """Describes a sequence as an array of its items, to check and make it (OpenAPI 3.2.0,
    4.14.1)."""
    items = {"type": "array", "items": media["itemSchema"]}
    media["schema"] = {"allOf": [media["schema"], items]} if "schema" in media else items


def _as_example(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping) and ("value" in value or "$ref" in value):
        return dict(value)
    return {"value": value}
