"""Files of OpenAPI documents, YAML or JSON: read whole, or only their list of paths at first.

Parsing every bundled document costs more than everything else a start does, and most runs call two
or three products: a bundled file tells its paths by its own regular form, and is parsed when one of
them is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mock_sei.errors import ConfigurationError

EXTENSION = "x-mock-sei"


class DocumentFile:
    """One file."""

    def __init__(self, source: Path, *, bundled: bool) -> None:
        """A user's file is read at once. Raises :class:`ConfigurationError`."""
        self.source = source
        self.bundled = bundled
        self.product = source.stem if bundled else _product_of(self.content, source)

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """Raises :class:`ConfigurationError`."""
        return parse_document(self.text, self.source)

    @cached_property
    def text(self) -> str:
        """Raises :class:`ConfigurationError`."""
        return read_text(self.source)

    @cached_property
    def paths(self) -> Sequence[str]:
        """The templates under ``paths``."""
        if self.bundled:
            return _PATH.findall(self.text.partition("\npaths:\n")[2])
        paths = self.content.get("paths")
        return list(paths) if isinstance(paths, Mapping) else []


_PATH = re.compile(r"^  (/\S*):$", re.MULTILINE)
"""How a bundled document writes a path; a test holds every one of them to it."""


def _product_of(content: Mapping[str, Any], source: Path) -> str:
    """The name under ``x-mock-sei``, else the file's."""
    extension = content.get(EXTENSION)
    named = extension.get("product") if isinstance(extension, Mapping) else None
    name = named if isinstance(named, str) else source.stem
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def parse_document(text: str, path: Path) -> Mapping[str, Any]:
    """A mapping from YAML or JSON. Raises :class:`ConfigurationError`, which names the path."""
    document = _parse_json(text, path) if path.suffix == ".json" else _parse_yaml(text, path)
    _check_size(document, path)
    if not isinstance(document, dict):
        raise ConfigurationError("not an OpenAPI document: its top is not a mapping", source=path)
    return document


ALIASES_MAY_ADD = 200_000
"""Values that aliases of YAML add to a document, beside ten times what is written."""


def _check_size(document: Any, path: Path) -> None:
    """Raises :class:`ConfigurationError` for a document that aliases make much larger.

    Every value is looked at once, however often it is an alias.
    """
    sizes: dict[int, int] = {}
    written = 1
    open_now: set[int] = set()
    waiting: list[tuple[Any, bool]] = [(document, False)]
    while waiting:
        value, is_done = waiting.pop()
        inner = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(inner, list):
            continue
        key = id(value)
        if is_done:
            open_now.discard(key)
            sizes[key] = 1 + sum(sizes.get(id(each), 1) for each in inner)
            written += len(inner)
        elif key in open_now:
            raise ConfigurationError("an alias stands within what it stands for", source=path)
        elif key not in sizes:
            open_now.add(key)
            waiting.append((value, True))
            waiting += [(each, False) for each in inner if isinstance(each, dict | list)]
    size = sizes.get(id(document), 1)
    if size > ALIASES_MAY_ADD + 10 * written:
        raise ConfigurationError(
            f"its aliases make {_roughly(size)} values of the {written} that are written",
            source=path,
        )


def _roughly(number: int) -> str:
    return str(number) if number < 10**12 else "more than a million million"


def _parse_json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid JSON: {error}", source=path) from None


def _parse_yaml(text: str, path: Path) -> Any:
    from mock_sei.core_yaml import YAMLError, load  # a start parses none: it need not import it

    try:
        return load(text)
    except (YAMLError, ValueError, LookupError, RecursionError) as error:
        raise ConfigurationError(
            f"not valid YAML: {' '.join(str(error).split())}", source=path
        ) from None


def read_text(path: Path) -> str:
    """UTF-8. Raises :class:`ConfigurationError`."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=path) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"not UTF-8 text: {error.reason}", source=path) from None
