"""An OpenAPI document of any version as one of 3.1, and all that is wrong with it.

It is walked by the grammar (``grammar.py``). What is wrong is taken away and noted with its place,
so that nobody who reads the document stumbles over it; ``reach.py`` says which operations a wrong
spot costs. Source: OpenAPI 3.0.4, 3.1.1 and 3.2.0, JSON Schema 2020-12.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from mock_sei.api_files import EXTENSION
from mock_sei.apis.grammar import (
    FIELDS,
    LISTS_OF_SCHEMAS,
    NAMED_SCHEMAS,
    Kind,
    Pointer,
    Shape,
    field_of,
    place_of,
    reference_to,
    tokens_of,
)
from mock_sei.apis.reach import Reach, Wrong
from mock_sei.apis.rules import check_schema
from mock_sei.apis.schemas import is_searched_by_engine, knows_its_members
from mock_sei.errors import ConfigurationError
from mock_sei.patterns import PatternError, compile_pattern

VERSIONS = ("3.0", "3.1", "3.2")

DEEPEST_DOCUMENT = 150
"""Levels of a document; more is one that contains itself."""

PARTS = "x-mock-sei-files"
"""Where, among the components, the files stand that a document refers to."""

_SHOWN = 100
"""Characters of a pattern in a message."""

ReadPart = Callable[[str], tuple[Path, Any]]
"""Reads a file of the document's folder, by its name there. Raises :class:`ConfigurationError`."""


def no_parts(name: str) -> tuple[Path, Any]:
    """For a document that stands for itself only."""
    raise ConfigurationError("this document cannot refer to other files", source=name)


@dataclass(frozen=True, kw_only=True)
class Modern:
    """A document as it is used, and what of it is not."""

    content: dict[str, Any]
    wrong: list[Wrong]
    """Spots that cost the operations that read them."""
    problems: list[ConfigurationError]
    """What is not checked, or is taken otherwise than it is written; it costs no operation."""
    links: list[tuple[Pointer, Pointer]] = field(repr=False)
    formats: Mapping[str, str]
    """The formats that its schemas name, each with the first place where it stands."""
    flags: Set[str]
    """Which of ``readOnly`` and ``writeOnly`` some schema has."""

    def reach(self) -> Reach:
        return Reach(self.wrong, self.links)


def version_of(content: Mapping[str, Any], source: Path) -> str:
    """Raises :class:`ConfigurationError` for one that is not known."""
    version = str(content.get("openapi", content.get("swagger", "none")))
    if not version.startswith(VERSIONS):
        raise ConfigurationError(
            f"only Swagger 2.0 and OpenAPI {', '.join(VERSIONS)} are supported",
            source=source,
            key="swagger" if "swagger" in content else "openapi",
            value=version,
        )
    return version


def modern(
    content: Mapping[str, Any],
    source: Path,
    *,
    name: str = "",
    read_part: ReadPart = no_parts,
) -> Modern:
    """A document with the schemas of OpenAPI 3.1, whatever it was written in.

    ``name`` is its file within its folder, by which files refer to one another. Raises
    :class:`ConfigurationError` for another version, and where no operation can be read at all.
    """
    version = version_of(content, source)
    turn = _Turn(source, name, read_part, old=version.startswith("3.0"))
    whole = turn.whole(content)
    turn.report_unchecked()
    return Modern(
        content=whole,
        wrong=turn.wrong,
        problems=turn.problems,
        links=turn.links,
        formats=turn.formats,
        flags=turn.flags,
    )


_MOST_REPORTED = 10
"""Places of one kind of problem that are named."""

_LONGEST_WAY = 20
"""References that follow one another; more is a circle."""

MOST_TARGETS = 20_000
"""Parts of one document that references lead to."""
MOST_WAYS = 10_000
"""Schemas that one value is held against, by references within allOf, anyOf, oneOf and the like."""


@dataclass(frozen=True, kw_only=True)
class _Link:
    """A reference on its way to what it leads to."""

    holder: dict[str, Any]
    key: str
    pointer: Pointer
    kind: Kind
    base: str
    """The address of the schema resource that it stands in, ``""`` in the document itself."""


class _Turn:
    """One document on its way to 3.1."""

    def __init__(self, source: Path, name: str, read_part: ReadPart, *, old: bool) -> None:
        self._source = source
        self._name = name
        self._read_part = read_part
        self._old = old
        self.wrong: list[Wrong] = []
        self.problems: list[ConfigurationError] = []
        self.links: list[tuple[Pointer, Pointer]] = []
        self.formats: dict[str, str] = {}
        self.flags: set[str] = set()
        self._whole: dict[str, Any] = {}
        self._parts: dict[str, Any] = {}
        """The content of other files, by their names."""
        self._led: list[_Link] = []
        """References that lead somewhere."""
        self._waiting: list[_Link] = []
        self._kinds: dict[int, tuple[Any, Kind]] = {}
        """What objects were read as, by their identity; they are kept so that no other takes it."""
        self._resources: dict[str, Pointer] = {}
        """Schemas by their ``$id``."""
        self._anchors: dict[tuple[str, str], Pointer] = {}
        self._sources: dict[str, Path] = {}
        """The files that were read, by their names."""
        self._targets: set[tuple[str, ...]] = set()
        self._slow_members: list[str] = []
        """Where members are named by a pattern that the engine of the schemas cannot search."""
        self._unevaluated: list[str] = []
        """Where ``unevaluatedProperties`` may depend on such a pattern of another schema."""

    def report_unchecked(self) -> None:
        """What is not checked though the document asks for it."""
        if not self._slow_members:
            return
        for place in self._unevaluated[:_MOST_REPORTED]:
            problem = (
                "is not checked where a schema of the same value has the patternProperties of "
                f"{self._slow_members[0][:200]}: their pattern is none of a linear engine"
            )
            self.problems.append(ConfigurationError(problem, source=self._source, key=place[:200]))

    def whole(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Raises :class:`ConfigurationError` where the document has no part to be read."""
        self._whole = self._object(content, (), Kind.DOCUMENT, "", 0)
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                self._lead(each)
        if self._parts:
            self._whole.setdefault("components", {})[PARTS] = self._parts
        self._end_circles()
        self._hold_ways()
        return self._whole

    def _end_circles(self) -> None:
        """References that lead to one another only."""
        for link in self._led:
            each: Any = link.holder
            for _ in range(_LONGEST_WAY):
                if not isinstance(each, dict) or "$ref" not in each:
                    break
                each = self._found(each["$ref"])
            else:
                del link.holder["$ref"]
                self.refuse(link.pointer, "a circle of references")

    def _hold_ways(self) -> None:
        """No value may be held against too many schemas, or against one within itself."""
        links = {id(each.holder): each for each in self._led}
        known: dict[int, int] = {}
        over: set[int] = set()
        for link in self._led:
            if link.kind is Kind.SCHEMA and "$ref" in link.holder:
                self._count_ways(self._found(link.holder["$ref"]), known, over, links)

    def _count_ways(
        self, schema: Any, known: dict[int, int], over: set[int], links: Mapping[int, _Link]
    ) -> None:
        """How many schemas one value is held against, from the innermost schema outwards.

        Each schema is counted once and then remembered in ``known``. The first that is held
        against too many is refused. It and whatever leads to it are ``over``, not refused again.
        """
        waiting: list[tuple[Any, str, Any, bool]] = [(schema, "", None, False)]
        while waiting:
            each, keyword, holder, is_done = waiting.pop()
            if is_done:
                inner = [one for _, one in self._beside(each)]
                known[id(each)] = 1 + sum(known.get(id(one), 1) for one in inner)
                if not over.isdisjoint(map(id, inner)) or self._is_refused(
                    known[id(each)], [each, *inner], links
                ):
                    known[id(each)] = 1
                    over.add(id(each))
            elif id(each) not in known:
                known[id(each)] = 0  # while it is looked at
                waiting.append((each, keyword, holder, True))
                waiting += [
                    (one, keyword if of == "$ref" else of, each, False)
                    for of, one in self._beside(each)
                ]
            elif known[id(each)] == 0 and holder is not None:
                self._cut(holder, keyword, links)

    def _is_refused(self, ways: int, schemas: list[Any], links: Mapping[int, _Link]) -> bool:
        """Refuses a schema that too many are reached from; it, or one in it, has a reference."""
        if ways <= MOST_WAYS:
            return False
        link = next((links[id(each)] for each in schemas if id(each) in links), None)
        if link is None or "$ref" not in link.holder:
            return False
        problem = f"one value is held against more than {MOST_WAYS} schemas"
        reference = link.holder.pop("$ref")
        self.wrong.append(Wrong(link.pointer, self._error(link, problem, reference)))
        return True

    def _cut(self, holder: dict[str, Any], keyword: str, links: Mapping[int, _Link]) -> None:
        """Takes away the reference by which a schema contains itself at once."""
        if holder.pop("$ref", None) is None:
            return
        if keyword in ("anyOf", "oneOf"):  # as an alternative to itself it adds none
            holder["not"] = {}
        self.tell(
            (*links[id(holder)].pointer, "$ref"),
            "the schema contains itself with no level between; this reference is not followed",
        )

    def _beside(self, schema: Any) -> list[tuple[str, Any]]:
        """Schemas that a value of a schema must fit too, or may, each with its keyword."""
        if not isinstance(schema, dict):
            return []
        found = [("$ref", self._found(schema["$ref"]))] if "$ref" in schema else []
        found += [(key, schema[key]) for key in ("not", "if", "then", "else") if key in schema]
        for key in ("allOf", "anyOf", "oneOf"):
            found += [(key, each) for each in schema.get(key, ())]
        dependent = schema.get("dependentSchemas") or {}
        return found + [("dependentSchemas", each) for each in dependent.values()]

    def _found(self, reference: str) -> Any:
        """What a reference that was led leads to."""
        found: Any = self._whole
        for each in tokens_of(reference):
            found = found[int(each)] if isinstance(found, list) else found[each]
        return found

    def _field(
        self, value: Any, pointer: Pointer, shape: Shape, kind: Kind, base: str, depth: int
    ) -> Any:
        if kind is Kind.VALUE:
            return self._value(value, pointer, depth)
        if depth > DEEPEST_DOCUMENT:
            self.refuse(pointer, f"more than {DEEPEST_DOCUMENT} levels")
            return {}
        if shape is Shape.LIST:
            return self._list(value, pointer, kind, base, depth)
        if shape is Shape.NAMED:
            return self._named(value, pointer, kind, base, depth)
        if kind is Kind.SCHEMA:
            return self._schema(value, pointer, base, depth)
        if not isinstance(value, dict):
            if value is not None or kind is not Kind.COMPONENTS:
                self.refuse(pointer, "not a mapping", value)
            return {}
        return self._object(value, pointer, kind, base, depth)

    def _list(self, value: Any, pointer: Pointer, kind: Kind, base: str, depth: int) -> list[Any]:
        of_schemas = kind is Kind.SCHEMA
        if not isinstance(value, list):
            if value is not None or of_schemas:
                self.refuse(pointer, "must be a list of schemas" if of_schemas else "not a list")
            return []
        found = []
        for at, each in enumerate(value):
            if not isinstance(each, (dict, bool) if of_schemas else dict):
                if of_schemas:
                    self.refuse(pointer, "must be a list of schemas")
                else:
                    self.refuse((*pointer, at), "not a mapping", each)
                continue
            found.append(self._field(each, (*pointer, at), Shape.ONE, kind, base, depth + 1))
        return found

    def _named(
        self, value: Any, pointer: Pointer, kind: Kind, base: str, depth: int
    ) -> dict[str, Any]:
        if kind is Kind.EXAMPLE and isinstance(value, list):
            self.tell(pointer, "must be examples by their names; the first of the list is taken")
            value = {"first": _as_example(value[0])} if value else {}
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            return self._named_elsewhere(value["$ref"], pointer, kind, base, depth)
        if value is None:
            return {}
        if not isinstance(value, dict):
            of_schemas = kind is Kind.SCHEMA and pointer[-1] != "schemas"
            self.refuse(
                pointer, "must be schemas by their names" if of_schemas else "not a mapping", value
            )
            return {}
        found = {}
        for name, each in value.items():
            key = str(name)
            here = (*pointer, key)
            if kind is not Kind.SCHEMA and key.startswith("x-"):
                found[key] = self._value(each, here, depth + 1)
            else:
                inner = {} if each is None else each
                found[key] = self._field(inner, here, Shape.ONE, kind, base, depth + 1)
        return found

    def _named_elsewhere(
        self, reference: str, pointer: Pointer, kind: Kind, base: str, depth: int
    ) -> dict[str, Any]:
        """All entries of another file, as many split documents have their paths."""
        link = _Link(holder={}, key="$ref", pointer=pointer, kind=kind, base=base)
        try:
            target = self._resolved(reference, link)
            if not self._is_of_a_part(target):
                raise self._error(link, "must lead to another file here", reference)
            found = self._find(tuple(map(str, target)), link, reference)[2]
        except ConfigurationError as error:
            self.wrong.append(Wrong(pointer, error))
            return {}
        if not isinstance(found, Mapping) or "$ref" in found:
            self.refuse((*pointer, "$ref"), "leads to nothing of that kind")
            return {}
        for name in found:
            self._note_link((*pointer, name), (*target, name), kind)
        return self._named(found, target, kind, base, depth + 1)

    def _object(
        self, value: Mapping[str, Any], pointer: Pointer, kind: Kind, base: str, depth: int
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, each in value.items():
            key = str(name)  # YAML reads the status 200 as a number
            shape, inner = field_of(kind, key)
            if inner is Kind.VALUE and not isinstance(each, dict | list):
                found[key] = each  # most are, so that a step less is a third of the time
                continue
            found[key] = self._field(each, (*pointer, key), shape, inner, base, depth + 1)
        for key, shapes in _PLAIN.get(kind, {}).items():
            if key in found and not _is_plain(found[key], shapes):
                self.tell((*pointer, key), f"must be {shapes[1]}; it is not read", found.pop(key))
        self._kinds[id(found)] = found, kind
        if isinstance(found.get("$ref"), str):
            self._wait(found, "$ref", pointer, kind, base)
        return found

    def _value(self, value: Any, pointer: Pointer, depth: int) -> Any:
        """A value of the document's own: as it is, with names that are text."""
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
        """Any value will do where a document leaves it empty; PHP writes an empty mapping as []."""
        found: dict[str, Any]
        if value is None or value == []:
            return {}
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            self.refuse(pointer, "must be a schema", value)
            return {}
        if _is_simple(value):
            found = dict(value)
            self._kinds[id(found)] = found, Kind.SCHEMA
            return found
        if not self._old and not _OTHER_NAMES.isdisjoint(value):
            base = self._name_resource(value, pointer, base)
        found = {}
        for name, each in value.items():
            key = str(name)
            if key in _OTHER_NAMES:
                continue
            shape, inner = field_of(Kind.SCHEMA, key)
            if inner is Kind.VALUE and not isinstance(each, dict | list):
                found[key] = each
                continue
            found[key] = self._field(each, (*pointer, key), shape, inner, base, depth + 1)
        if self._old:
            found = _without_old_keys(found)
        self._forget_patterns(found, pointer)
        self._check(found, pointer)
        if "format" in found and found["format"] not in self.formats:
            self.formats[found["format"]] = self._place((*pointer, "format"))
        for each in _FLAGS:
            if found.get(each) is True:
                self.flags.add(each)
        self._kinds[id(found)] = found, Kind.SCHEMA
        dynamic = None if self._old else value.get("$dynamicRef", value.get("$recursiveRef"))
        if isinstance(dynamic, str) and "$ref" not in found:
            found["$ref"] = dynamic
            self._wait(found, "$dynamicRef", pointer, Kind.SCHEMA, base)
        elif "$ref" in found:
            self._wait(found, "$ref", pointer, Kind.SCHEMA, base)
        return found

    def _name_resource(self, value: Mapping[str, Any], pointer: Pointer, base: str) -> str:
        """Notes the names that a schema gives itself; says in which resource its parts are."""
        own = value.get("$id")
        if isinstance(own, str) and not own.startswith("#"):
            base = urljoin(base, own).partition("#")[0]
            self._resources.setdefault(base, pointer)
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(value.get(key), str):
                self._anchors.setdefault((base or self._file_of(pointer), value[key]), pointer)
        return base

    def _forget_patterns(self, found: dict[str, Any], pointer: Pointer) -> None:
        """Those that no engine reads."""
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
        self, holder: dict[str, Any], key: str, pointer: Pointer, kind: Kind, base: str
    ) -> None:
        self._waiting.append(_Link(holder=holder, key=key, pointer=pointer, kind=kind, base=base))

    def _lead(self, link: _Link) -> None:
        """Reads what a reference leads to as what must be there; one that leads nowhere goes."""
        written = link.holder["$ref"]
        try:
            target = self._resolved(written, link)
            self._read_target(target, link, written)
        except ConfigurationError as error:
            del link.holder["$ref"]
            if link.key == "$dynamicRef":
                self.tell((*link.pointer, link.key), "leads nowhere; it is not checked", written)
            else:
                self.wrong.append(Wrong(link.pointer, error))
        else:
            link.holder["$ref"] = reference_to(target)
            self._led.append(link)
            self._note_link(link.pointer, target, link.kind)

    def _note_link(self, pointer: Pointer, target: Pointer, kind: Kind) -> None:
        """Of a path item each operation for itself, so that one wrong one costs no other."""
        inner: Sequence[Pointer] = ((),)
        if kind is Kind.PATH_ITEM:
            inner = [(key,) for key in FIELDS[kind]]
        self.links += [((*pointer, *each), (*target, *each)) for each in inner]

    def _resolved(self, reference: str, link: _Link) -> Pointer:
        """Where a reference leads. Raises :class:`ConfigurationError`."""
        address, _, fragment = reference.partition("#")
        start: Pointer
        named = urljoin(link.base, address) if link.base or address else ""
        if named and named.partition("#")[0] in self._resources:
            start, resource = self._resources[named], named
        elif not address:
            start, resource = self._start_of(link.pointer), self._file_of(link.pointer)
        else:
            start = self._part(address, link)
            resource = self._file_of(start)
        if fragment and not fragment.startswith("/"):
            anchor = self._anchors.get((resource, unquote(fragment)))
            if anchor is None:
                raise self._error(link, "leads nowhere", reference)
            return anchor
        return (*start, *tokens_of(fragment))

    def _part(self, address: str, link: _Link) -> Pointer:
        """Where the file stands that a reference names; it is read with the first of them."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address.startswith("/"):
            raise self._error(
                link, "only files of this folder are read, by their names from this one", address
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
        if (keys in self._targets and id(found) in self._kinds) or link.kind is Kind.LINK:
            return
        if not isinstance(found, (Mapping, bool) if link.kind is Kind.SCHEMA else Mapping):
            raise self._error(link, "leads to nothing of that kind")
        self._targets.add(keys)
        if len(self._targets) > MOST_TARGETS:
            raise self._error(link, f"more than {MOST_TARGETS} parts are referred to", written)
        if id(found) in self._kinds or isinstance(found, bool) or holder is None:
            return
        holder[last] = self._field(found, target, Shape.ONE, link.kind, "", 0)

    def _find(self, keys: tuple[str, ...], link: _Link, written: str) -> tuple[Any, Any, Any]:
        """What stands there, and what holds it under which key."""
        holder: Any = None
        last: Any = None
        found: Any = self._whole
        if self._is_of_a_part(keys):
            found, keys = self._parts, keys[2:]
        for each in keys:
            if isinstance(found, dict) and each in found:
                holder, last = found, each
            elif isinstance(found, list) and each.isdecimal() and int(each) < len(found):
                holder, last = found, int(each)
            else:
                raise self._error(link, "leads nowhere", written)
            found = holder[last]
        return holder, last, found

    def _is_of_a_part(self, pointer: Pointer) -> bool:
        return (
            len(pointer) > 2 and pointer[:2] == ("components", PARTS) and pointer[2] in self._parts
        )

    def _start_of(self, pointer: Pointer) -> Pointer:
        """Where the file begins that a part of the document was read from."""
        return pointer[:3] if self._is_of_a_part(pointer) else ()

    def _file_of(self, pointer: Pointer) -> str:
        return str(pointer[2]) if self._is_of_a_part(pointer) else self._name

    def _source_of(self, pointer: Pointer) -> Path:
        return self._sources.get(self._file_of(pointer), self._source)

    def _place(self, pointer: Pointer) -> str:
        return place_of(pointer[len(self._start_of(pointer)) :])

    def _error(self, link: _Link, problem: str, value: str | None = None) -> ConfigurationError:
        return self._told((*link.pointer, link.key), problem, value)

    def _told(self, pointer: Pointer, problem: str, value: Any = None) -> ConfigurationError:
        shown = value[:200] if isinstance(value, str) else value
        shown = shown if isinstance(shown, str | int | float) else None
        place = self._place(pointer)
        return ConfigurationError(
            problem, source=self._source_of(pointer), key=place[:_LONGEST_PLACE], value=shown
        )

    def refuse(self, pointer: Pointer, problem: str, value: Any = None) -> None:
        """Notes a wrong spot."""
        self.wrong.append(Wrong(pointer, self._told(pointer, problem, value)))

    def tell(self, pointer: Pointer, problem: str, value: Any = None) -> None:
        """Notes what costs no operation."""
        self.problems.append(self._told(pointer, problem, value))

    def _is_pattern(self, text: str, pointer: Pointer) -> bool:
        """Whether an engine reads it; a problem says so where none does."""
        try:
            compile_pattern(text)
        except PatternError as error:
            problem = f"no regular expression of ECMA-262 ({error}); it is not checked"
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            self.tell(pointer, problem, shown)
            return False
        return True

    def _check(self, schema: dict[str, Any], pointer: Pointer) -> None:
        """What the validator would fall over, not on; the keyword is taken away."""
        for key, value, problem, inner in list(_misfits(schema)):
            self.refuse((*pointer, key, *inner), problem, value)
            schema.pop(key, None)
        if EXTENSION in schema:
            place = f"{self._place(pointer)}.{EXTENSION}"
            try:
                check_schema(schema[EXTENSION], self._source_of(pointer), place)
            except ConfigurationError as error:
                self.wrong.append(Wrong(pointer, error))
                del schema[EXTENSION]


def _has_shape(value: object, shapes: tuple[type, ...]) -> bool:
    return isinstance(value, shapes) and (not isinstance(value, bool) or bool in shapes)


def _misfits(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any, str, tuple[str, ...]]]:
    """Each wrong keyword, its value, what is wrong, and where within it."""
    for key, value in schema.items():
        if key not in _SHAPES:
            continue
        shapes, wanted = _SHAPES[key]
        if not _has_shape(value, shapes):
            yield key, value, f"must be {wanted}", ()
        elif key == "required" and not all(isinstance(each, str) for each in value):
            yield key, None, "must be a list of names", ()
        elif key == "multipleOf" and value <= 0:
            yield key, value, "must be above 0", ()
        elif key == "dependentRequired":
            for name, names in value.items():
                if not isinstance(names, list):
                    yield key, names, "must be a list of names", (str(name),)
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in _TYPES:
            yield "type", kind, f"there are {', '.join(_TYPES)}", ()


_SAY_NO_MORE = frozenset(["type", "title", "description", "example", "default", "deprecated"])


def _is_simple(schema: Mapping[Any, Any]) -> bool:
    """Whether nothing can be wrong with a schema: it says its type, as most members do."""
    return (
        schema.keys() <= _SAY_NO_MORE
        and schema.get("type") in _TYPES
        and not any(isinstance(each, dict | list) for each in schema.values())
    )


_LONGEST_PLACE = 300

_FLAGS = ("readOnly", "writeOnly")

_OTHER_NAMES = frozenset(
    ["$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef", "$schema", "$vocabulary"]
)
"""By which schemas refer to one another elsewhere; here they do by their place in the document."""


def _as_example(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping) and ("value" in value or "$ref" in value):
        return dict(value)
    return {"value": value}


_Plain = tuple[tuple[type, ...], str]

_A_TEXT: _Plain = ((str,), "a text")
_NAMED_LISTS: _Plain = ((list,), "a list of mappings")

_PLAIN: Mapping[Kind, Mapping[str, _Plain]] = {
    Kind.DOCUMENT: {"security": _NAMED_LISTS, "info": ((Mapping,), "a mapping")},
    Kind.OPERATION: {
        "security": _NAMED_LISTS,
        "tags": ((list,), "a list of texts"),
        "operationId": _A_TEXT,
        "summary": _A_TEXT,
        "description": _A_TEXT,
    },
}
"""Fields that no operation depends on, and what they must be."""


def _is_plain(value: Any, wanted: _Plain) -> bool:
    shapes, _ = wanted
    if not _has_shape(value, shapes):
        return False
    return wanted is not _NAMED_LISTS or all(isinstance(each, Mapping) for each in value)


_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

_A_SCHEMA = ((Mapping, bool), "a schema")
_SOME_SCHEMAS = ((list,), "a list of schemas")
_NAMED_SCHEMAS = ((Mapping,), "schemas by their names")
_COUNTED = ("Length", "Items", "Properties", "Contains")
_A_COUNT = ((int,), "a whole number")
_A_NUMBER = ((int, float), "a number")

_SHAPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "$ref": ((str,), "a text"),
    "format": ((str,), "a text"),
    "required": ((list,), "a list of names"),
    "enum": ((list,), "a list of values"),
    "pattern": ((str,), "a regular expression"),
    **dict.fromkeys(("items", "additionalProperties", "not", "propertyNames"), _A_SCHEMA),
    **dict.fromkeys(LISTS_OF_SCHEMAS, _SOME_SCHEMAS),
    **dict.fromkeys(NAMED_SCHEMAS, _NAMED_SCHEMAS),
    "dependentRequired": ((Mapping,), "lists of names by names"),
    **dict.fromkeys(
        [f"{end}{what}" for end in ("min", "max") for what in _COUNTED],
        _A_COUNT,
    ),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _A_NUMBER
    ),
}
"""The kinds of value that keywords of a schema have, and their name."""


def _without_old_keys(result: dict[str, Any]) -> dict[str, Any]:
    """``nullable`` and boolean bounds, as OpenAPI 3.0 has them, where ``$ref`` stands alone."""
    if isinstance(result.get("$ref"), str):
        alone = {"$ref": result["$ref"]}
        # Siblings of a reference count for nothing in 3.0, but many documents mean this one.
        return {"anyOf": [alone, {"type": "null"}]} if result.get("nullable") is True else alone
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if result.get(exclusive) is True and bound in result:
            result[exclusive] = result.pop(bound)
        elif isinstance(result.get(exclusive), bool):
            del result[exclusive]
    if result.pop("nullable", False) is not True:
        return result
    kind = result.get("type")
    if kind is None:
        return {"anyOf": [result, {"type": "null"}]}
    result["type"] = [kind, "null"]
    if isinstance(result.get("enum"), list) and None not in result["enum"]:
        result["enum"] = [*result["enum"], None]
    return result
