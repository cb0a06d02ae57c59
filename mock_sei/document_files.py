"""Files of OpenAPI documents, YAML or JSON, and what an index says of the bundled ones.

To parse every bundled document costs more than everything else that a start does, and most runs
call two or three products. So an index says which operations a bundled document has, and the
document is parsed when one of them is called. ``apis/index.py`` makes the index.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_sei.errors import ConfigurationError
from mock_sei.values.cached import cached_property
from mock_sei.values.json_numbers import number, whole_number
from mock_sei.values.paths import find_path_problem
from mock_sei.values.texts import spelled

EXTENSION = "x-mock-sei"


@contextlib.contextmanager
def paused_collector() -> Iterator[None]:
    """Switches the garbage collector off while a large document is read, or a value is made.

    All of the document stays in memory, and the collector would search it repeatedly. That takes a
    third of the time. What has a limit of time must not lose it to the collector.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, kw_only=True)
class Outline:
    """What is known of a document before it is parsed."""

    title: str
    operations: Sequence[str]
    """As in ``GET /v2/investors``, in the order of the document."""
    collections: Mapping[str, Sequence[str]]
    """What its operations read and write, each with the fields by which they find a record."""

    @property
    def paths(self) -> Sequence[str]:
        """The path templates of its operations."""
        return list(dict.fromkeys(each.partition(" ")[2] for each in self.operations))


class Index:
    """The outlines of the bundled documents.

    An outline is believed only beside the bytes of the document that it was made from. Where the
    file is missing or damaged, or a document was changed, the document is parsed: that costs time
    and nothing else.
    """

    def __init__(self, path: Path) -> None:
        try:
            entries = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            entries = None
        self._entries: Mapping[str, Any] = entries if isinstance(entries, dict) else {}

    def find(self, product: str, raw: bytes) -> Outline | None:
        """The outline of a product whose document has these bytes."""
        entry = self._entries.get(product)
        if not isinstance(entry, dict):
            return None
        outline = {name: value for name, value in entry.items() if name != DIGEST}
        if entry.get(DIGEST) != digest(outline, raw):
            return None
        try:
            return Outline(**outline)
        except TypeError:  # the index of a version with other fields
            return None


DIGEST = "sha256"
"""The key of the digest, beside the fields of an outline."""


def digest(outline: Mapping[str, Any], raw: bytes) -> str:
    """Of an outline and of the bytes of its document: a change of either one is noticed."""
    return hashlib.sha256(raw + json.dumps(outline, sort_keys=True).encode()).hexdigest()


class DocumentFile:
    """A file with an OpenAPI document."""

    def __init__(
        self,
        source: Path,
        *,
        bundled: bool,
        folder: Path | None = None,
        content: Mapping[str, Any] | None = None,
        index: Index | None = None,
    ) -> None:
        """Reads a user's file at once, unless its ``content`` is given.

        A bundled file is read when needed, and ``index`` is that of the bundled files. The document
        may refer to other files of ``folder``.
        Raises :class:`ConfigurationError`.
        """
        if content is not None:
            self.content = content
        self.source = source
        self.bundled = bundled
        self._index = index
        self._folder = folder or source.parent
        self.name = source.relative_to(self._folder).as_posix()
        self.problems: list[ConfigurationError] = []
        """What is read differently from how it is written."""
        self.product = source.stem if bundled else _product_of(self.content, source)

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The parsed document. Raises :class:`ConfigurationError`."""
        return parse_document(self.text, self.source, self.problems)

    def read_part(self, name: str) -> tuple[Path, Any]:
        """The path and the content of another file of the folder.

        Raises :class:`ConfigurationError`.
        """
        path = self._folder / name
        problem = find_path_problem(path)
        if problem is not None:
            raise ConfigurationError(problem, source=spelled(name))
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise ConfigurationError("leads out of the folder of the documents", source=path)
        return path, parse_text(read_text(path), path, self.problems)

    @cached_property
    def raw(self) -> bytes:
        """The bytes of the file. Raises :class:`ConfigurationError`."""
        return _read_bytes(self.source)

    @property
    def text(self) -> str:
        """The text of the file. Raises :class:`ConfigurationError`."""
        return _decoded(self.raw, self.source)

    @cached_property
    def outline(self) -> Outline | None:
        """What the index says of a bundled file; None where it says nothing of this content."""
        return None if self._index is None else self._index.find(self.product, self.raw)

    @cached_property
    def paths(self) -> Sequence[str]:
        """The templates under ``paths``."""
        if self.outline is not None:
            return self.outline.paths
        paths = self.content.get("paths")
        return list(paths) if isinstance(paths, Mapping) else []


def _product_of(content: Mapping[str, Any], source: Path) -> str:
    """The product's name under ``x-mock-sei``, or the name of the file."""
    extension = content.get(EXTENSION)
    named = extension.get("product") if isinstance(extension, Mapping) else None
    name = named if isinstance(named, str) else source.stem
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def parse_document(text: str, path: Path, problems: list[ConfigurationError]) -> Mapping[str, Any]:
    """A mapping from YAML or JSON. Raises :class:`ConfigurationError` with the file's path."""
    document = parse_text(text, path, problems)
    if not isinstance(document, dict):
        problem = "not an OpenAPI document: its top level is not a mapping"
        raise ConfigurationError(problem, source=path)
    return document


def parse_text(text: str, path: Path, problems: list[ConfigurationError]) -> Any:
    """The value of a YAML or JSON text. Repeated keys are reported in ``problems``.

    Raises :class:`ConfigurationError` with the file's path.
    """
    twice: dict[str, None] = {}
    is_json = path.suffix.lower() == ".json"
    document = _parse_json(text, path, twice) if is_json else _parse_yaml(text, path, twice)
    problems += [
        ConfigurationError("this key occurs twice; the last one is read", source=path, key=key)
        for key in list(twice)[:_MOST_TOLD]
    ]
    return document


_MOST_TOLD = 20
"""How many repeated keys are reported."""

SUFFIXES = (".json", ".yaml", ".yml")


@paused_collector()
def find_documents(folder: Path) -> tuple[list[DocumentFile], list[ConfigurationError]]:
    """The documents of a folder at any depth, and why other files of it cannot be read.

    A file with ``openapi`` or ``swagger`` at its top level is a document. Other files are parts of
    documents, and are read when a document refers to them. Raises :class:`ConfigurationError` if
    there is nothing to read.
    """
    found, problems = [], []
    for path in _files_of(folder):
        is_top = path.parent == folder
        try:
            text = read_text(path)
            if is_top or _SAYS_VERSION.search(text):
                twice: list[ConfigurationError] = []
                content = parse_text(text, path, twice)
                if isinstance(content, dict) and content.keys() & _VERSIONS:
                    file = DocumentFile(path, bundled=False, folder=folder, content=content)
                    file.problems += twice
                    found.append(file)
        except ConfigurationError as error:
            problems.append(error)
    if not found and not problems:
        raise ConfigurationError(
            "no OpenAPI document in it: no .json, .yaml or .yml file whose top level has `openapi` "
            "or `swagger`",
            source=folder,
        )
    return found, problems


_VERSIONS = frozenset({"openapi", "swagger"})
_SAYS_VERSION = re.compile("openapi|swagger")


def _files_of(folder: Path) -> Iterator[Path]:
    """The files in a fixed order, those of the top folder first. Hidden folders are skipped."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith((".", "node_modules")))
        for name in sorted(names):
            if Path(name).suffix.lower() in SUFFIXES:
                yield Path(root, name)


def _parse_json(text: str, path: Path, twice: dict[str, None]) -> Any:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice.update(dict.fromkeys(name for name, count in counts.items() if count > 1))
        return found

    try:
        return json.loads(
            text,
            object_pairs_hook=members,
            parse_float=number,
            parse_int=whole_number,
            parse_constant=str,
        )
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid JSON: {error}", source=path) from None


def _parse_yaml(text: str, path: Path, twice: dict[str, None]) -> Any:
    # Imported here, because a start parses no YAML.
    from mock_sei.values.core_yaml import AliasError, YAMLError, load

    try:
        return load(text, twice)
    except AliasError as error:
        raise ConfigurationError(str(error), source=path) from None
    except YAMLError as error:
        problem = " ".join(str(error).split()).replace(' in "<unicode string>",', " at")
        raise ConfigurationError(f"not valid YAML: {problem}", source=path) from None


def read_text(path: Path) -> str:
    """Reads UTF-8 text with or without a byte order mark. Raises :class:`ConfigurationError`."""
    return _decoded(_read_bytes(path), path)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=path) from None


def _decoded(raw: bytes, path: Path) -> str:
    """The text of a file; each of its lines ends with a line feed."""
    try:
        return io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig").read()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"not UTF-8 text: {error.reason}", source=path) from None
