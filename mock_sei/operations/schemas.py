"""The pydantic models of classes with fields: what JSON may hold, and its schema."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from mock_sei.operations.requests import Fields, Request

R = TypeVar("R")


def cache_of_types(function: Callable[[Any], R]) -> Callable[[Any], R]:
    """``functools.cache`` for a function of a type, which no type checker takes as hashable."""
    return cache(function)


@cache_of_types
def model_of(kind: Any) -> type[BaseModel]:
    """The model of all fields of a class. Another member is an error that names it."""
    return model_with(kind, kind.names)


@cache_of_types
def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """What reads the JSON of a type."""
    return TypeAdapter(kind)


def model_with(kind: type[Fields], names: tuple[str, ...]) -> type[BaseModel]:
    """The model of some fields of a class."""
    fields: dict[str, Any] = {_inner(name): _field_of(kind, name) for name in names}
    model: type[BaseModel] = create_model(
        kind.__name__, __config__=ConfigDict(extra="forbid", populate_by_name=True), **fields
    )
    return model


def values_of(kind: type[Fields], read: BaseModel) -> dict[str, Any]:
    """The values of a model by the names of the fields."""
    present = type(read).model_fields
    return {name: getattr(read, _inner(name)) for name in kind.names if _inner(name) in present}


def hint_of(kind: type[Fields], name: str) -> Any:
    """The type of a field, with what ``Annotated`` says of it."""
    return _hints(kind)[name]


@cache_of_types
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _field_of(kind: type[Fields], name: str) -> tuple[Any, FieldInfo]:
    alias = name if _inner(name) != name else None
    return hint_of(kind, name), Field(kind.usual.get(name, ...), alias=alias)


def _inner(name: str) -> str:
    """A model's own name of a field: pydantic has attributes of some names itself."""
    return f"{name}_" if hasattr(BaseModel, name) else name


@cache_of_types
def descriptions(kind: Any) -> dict[str, str]:
    """The docstrings below the fields of a class and of its bases, by the field."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        is_ours = each.__module__.startswith("mock_sei.") and each not in (Fields, Request)
        if is_ours and "__annotations__" in vars(each):
            found |= _described(each)
    names = kind.names if issubclass(kind, Fields) else found.keys()
    return {name: found[name] for name in names if name in found}


def _described(kind: type[Any]) -> dict[str, str]:
    """The docstrings below the fields of one class."""
    found = {}
    for field, text in pairwise(_bodies(kind.__module__)[kind.__name__]):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[field.target.id] = inspect.cleandoc(str(text.value.value)).replace("``", "`")
    return found


@cache
def _bodies(module: str) -> dict[str, list[ast.stmt]]:
    """The lines of each class of a module."""
    source = Path(sys.modules[module].__file__ or "").read_text("utf-8")
    return {
        each.name: each.body for each in ast.parse(source).body if isinstance(each, ast.ClassDef)
    }


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type, without references, its fields described by their docstrings."""
    schema = adapter_of(kind).json_schema()
    inlined: dict[str, Any] = without_references(schema, schema.pop("$defs", {}))
    _describe(inlined, kind)
    return inlined


def body_schema(kind: type[Fields], names: tuple[str, ...]) -> dict[str, Any]:
    """The JSON Schema of some fields of a class, with their descriptions."""
    schema = model_with(kind, names).model_json_schema()
    inlined: dict[str, Any] = without_references(schema, schema.pop("$defs", {}))
    _describe(inlined, kind)
    return inlined


def examples_of(kind: type[Fields], name: str) -> list[Any]:
    """The examples of a field."""
    return next((each.examples for each in _infos(hint_of(kind, name)) if each.examples), [])


def _infos(hint: Any) -> Iterator[FieldInfo]:
    """What ``Annotated`` says in a type, the outermost first."""
    yield from (each for each in getattr(hint, "__metadata__", ()) if isinstance(each, FieldInfo))
    for part in (getattr(hint, "__origin__", None), *get_args(hint)):
        if get_args(part):
            yield from _infos(part)


def _describe(schema: dict[str, Any], kind: Any) -> None:
    """Puts the docstrings of the fields of a class, and of the classes in it, into its schema."""
    schema.pop("title", None)
    told = descriptions(kind) if inspect.isclass(kind) else {}
    for name, member in schema.get("properties", {}).items():
        member.pop("title", None)
        if name in told:
            member.setdefault("description", told[name])
        for part in (member, member.get("items", {}), *member.get("anyOf", ())):
            if "properties" in part and inspect.isclass(kind):
                inner = _class_in(kind, name)
                if inner.__module__.startswith("mock_sei."):  # else the schema says what it is
                    _describe(part, inner)


def _class_in(kind: type[Any], name: str) -> Any:
    """The class with fields in the type of a field, such as ``list[Mail]`` or ``Link | None``."""
    found = get_type_hints(kind)[name]
    while not inspect.isclass(found) or get_args(found):
        found = next((each for each in get_args(found) if each is not type(None)), object)
    return found


BOUNDS = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
}
"""Bounds that pydantic leaves in its own words where a function reads the value before: the words
of JSON Schema for them."""


def without_references(schema: Any, parts: dict[str, Any]) -> Any:
    """A JSON Schema, or anything that holds some, with the parts in place of its references, and
    with all bounds in the words of JSON Schema."""
    if isinstance(schema, list):
        return [without_references(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        part = parts[schema["$ref"].rpartition("/")[2]]
        return without_references(part, parts) | {
            name: value for name, value in schema.items() if name != "$ref"
        }
    return {
        BOUNDS.get(name, name) if isinstance(value, int | float) else name: without_references(
            value, parts
        )
        for name, value in schema.items()
    }
