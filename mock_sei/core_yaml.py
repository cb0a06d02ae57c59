"""YAML by the core schema of YAML 1.2, read with PyYAML."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml
from yaml import YAMLError

from mock_sei.json_numbers import number, whole_number

__all__ = ["YAMLError", "load"]

_SafeLoader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C one takes a sixth of the time; not every platform has it."""


_CORE_TAGS = frozenset({"null", "bool", "int", "float", "str", "seq", "map"})


class _YamlLoader(_SafeLoader):  # type: ignore[misc]  # which of the two is known at run time
    """Reads plain words as YAML 1.2's core schema does: ``NO`` and dates are text.

    Numbers that JSON cannot carry (``.inf``, ``.nan``) are text too.

    Merge keys (``<<``) are read, as most tools do. Source: YAML 1.2.2 section 10.3.2; PyYAML
    itself reads YAML 1.1.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}
    yaml_constructors: ClassVar[dict[str | None, Any]] = {
        tag: make
        for tag, make in _SafeLoader.yaml_constructors.items()  # type: ignore[attr-defined]
        if tag is None or tag.rpartition(":")[2] in _CORE_TAGS
    }

    twice: dict[str, None]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        keys: set[str] = set()
        for key, _ in node.value:  # before merge keys are read: they may repeat what is written
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in keys:
                    self.twice[f"{key.value} (line {key.start_mark.line + 1})"] = None
                keys.add(key.value)
        return super().construct_mapping(node, deep=deep)


_MERGE = "tag:yaml.org,2002:merge"


def _yaml_integer(loader: Any, node: yaml.ScalarNode) -> int | str:
    text = loader.construct_scalar(node)
    return whole_number(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _yaml_float(loader: Any, node: yaml.ScalarNode) -> float | str:
    return number(loader.construct_scalar(node))


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
_YamlLoader.add_constructor("tag:yaml.org,2002:float", _yaml_float)
_YamlLoader.add_implicit_resolver(_MERGE, re.compile(r"<<\Z"), ["<"])
_YamlLoader.add_constructor(_MERGE, lambda loader, node: loader.construct_scalar(node))


def load(text: str, twice: dict[str, None] | None = None) -> Any:
    """``twice`` gets the keys that stand twice in one mapping, of which the last is read.

    Raises ``YAMLError``, ``ValueError`` or ``LookupError`` for what its tag says it is not.
    """
    loader = _YamlLoader(text)
    loader.twice = {} if twice is None else twice
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
