"""One OpenAPI document of all products, for tools that read only one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mock_sei.apis.documents import Product
from mock_sei.apis.openapi import DYNAMIC, PARTS
from mock_sei.apis.operations import Operation

_COMPONENTS = "#/components/"


def merged(products: Iterable[Product], *, title: str, version: str) -> dict[str, Any]:
    """Merges the documents of products. Component names get the product's name in front.

    So components of the same name do not collide. A path that two products have is taken from the
    first.
    """
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    operation_ids: set[str] = set()
    for product in products:
        mine = {each.written for each in product.operations.values()} - paths.keys()
        for operation in product.operations.values():
            if operation.written in mine:
                item = paths.setdefault(operation.written, {})
                if operation.shared:
                    item["parameters"] = _renamed(list(operation.shared), product.name)
                item[operation.method.lower()] = _shown(operation, product, operation_ids)
        for kind, entries in (product.content.get("components") or {}).items():
            if kind.startswith("x-") and kind not in (PARTS, DYNAMIC):
                continue
            if not isinstance(entries, Mapping):  # a field that OpenAPI does not define
                continue
            named = components.setdefault(kind, {})
            for name, entry in entries.items():
                named[f"{product.name}.{name}"] = _renamed(entry, product.name)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": components,
    }


def _shown(operation: Operation, product: Product, operation_ids: set[str]) -> dict[str, Any]:
    shown = {**_renamed(operation.raw, product.name), "tags": [product.title]}
    security = operation.raw.get("security", product.content.get("security"))
    if security is not None:
        shown["security"] = [
            {f"{product.name}.{name}": scopes for name, scopes in each.items()} for each in security
        ]
    found = str(shown.get("operationId", ""))
    if found in operation_ids:
        shown["operationId"] = f"{product.name}.{found}"
    operation_ids.add(found)
    return shown


def _renamed(value: Any, product: str) -> Any:
    """The value with renamed references to components, including those in a discriminator's
    mapping."""
    if isinstance(value, list | tuple):
        return [_renamed(each, product) for each in value]
    if isinstance(value, str) and value.startswith(_COMPONENTS):
        kind, _, name = value.removeprefix(_COMPONENTS).partition("/")
        return f"{_COMPONENTS}{kind}/{product}.{name}"
    if not isinstance(value, Mapping):
        return value
    return {key: _renamed(each, product) for key, each in value.items()}
