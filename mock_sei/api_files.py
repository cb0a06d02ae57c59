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
from typing import Any, ClassVar

import yaml

from mock_sei.errors import ConfigurationError

EXTENSION = "x-mock-sei"

_SafeLoader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C one takes a sixth of the time; not every platform has it."""


class _YamlLoader(_SafeLoader):  # type: ignore[misc]  # which of the two is known at run time
    """Reads plain words as YAML 1.2's core schema does: ``NO`` and dates are text.

    Source: YAML 1.2.2 section 10.3.2; PyYAML itself reads YAML 1.1.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def _yaml_integer(loader: Any, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


for _tag, _pattern, _first_characters in (
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
):
    _YamlLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first_characters
    )
_YamlLoader.add_constructor("tag:yaml.org,2002:int", _yaml_integer)


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
        return read_document(self.source)

    @cached_property
    def paths(self) -> Sequence[str]:
        """The templates under ``paths``."""
        if self.bundled:
            return _PATH.findall(read_text(self.source).partition("\npaths:\n")[2])
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


def read_document(path: Path) -> Mapping[str, Any]:
    """A mapping from YAML or JSON. Raises :class:`ConfigurationError`."""
    document = _read_json(path) if path.suffix == ".json" else _read_yaml(path)
    if not isinstance(document, dict):
        raise ConfigurationError("not an OpenAPI document: its top is not a mapping", source=path)
    return document


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid JSON: {error}", source=path) from None


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.load(read_text(path), Loader=_YamlLoader)  # noqa: S506  # a safe one
    except (yaml.YAMLError, ValueError, RecursionError) as error:
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
