"""One OpenAPI document of all products, for tools that take one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mock_sei.apis.documents import Product

_COMPONENTS = "#/components/"


def merged(products: Iterable[Product], *, title: str, version: str) -> dict[str, Any]:
    """Components carry their product's name, so that two of one name do not meet.

    A path that two products have is the first one's.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    for product in products:
        for operation in product.operations.values():
            item = paths.setdefault(operation.path, {})
            shown = {"tags": [product.title], **_renamed(operation.raw, product.name)}
            shown["parameters"] = [
                *_renamed(operation.shared, product.name),
                *shown.get("parameters", ()),
            ]
            item.setdefault(operation.method.lower(), shown)
        for kind, entries in (product.content.get("components") or {}).items():
            named = components.setdefault(kind, {})
            for name, entry in entries.items():
                named[f"{product.name}.{name}"] = _renamed(entry, product.name)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": components,
    }


def _renamed(value: Any, product: str) -> Any:
    if isinstance(value, list | tuple):
        return [_renamed(each, product) for each in value]
    if not isinstance(value, Mapping):
        return value
    result = {key: _renamed(each, product) for key, each in value.items()}
    reference = result.get("$ref")
    if isinstance(reference, str) and reference.startswith(_COMPONENTS):
        kind, _, name = reference.removeprefix(_COMPONENTS).partition("/")
        result["$ref"] = f"{_COMPONENTS}{kind}/{product}.{name}"
    return result
