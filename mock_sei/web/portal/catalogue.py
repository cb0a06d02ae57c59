"""The API catalogue: every product as its OpenAPI document describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Response

from mock_sei.apis.documents import METHODS
from mock_sei.errors import NOT_FOUND, Refusal
from mock_sei.web.portal.visit import Visit


def apis(visit: Visit) -> Response:
    documents = visit.sandbox.catalogue.documents
    return visit.show("apis.html", products=[_product(*each) for each in documents.items()])


def api(visit: Visit) -> Response:
    documents = visit.sandbox.catalogue.documents
    name = visit.request.path_params["product"]
    if name not in documents:
        raise Refusal(
            NOT_FOUND,
            check="path",
            because=f"No API product {name[:100]!r}; there are {', '.join(documents)}.",
        )
    return visit.show(
        "api.html",
        product=_product(name, documents[name]),
        url=visit.sandbox.addresses.one_way,
        two_way_url=visit.sandbox.addresses.two_way,
    )


def _product(name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    info = document.get("info") or {}
    return {
        "product": name,
        "title": info.get("title", name),
        "summary": info.get("summary") or info.get("description", ""),
        "operations": [
            {
                "method": method.upper(),
                "path": path,
                "summary": item[method].get("summary", ""),
                "parameters": [_parameter(each) for each in item[method].get("parameters", ())],
            }
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        ],
    }


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema") or {}
    kind = schema.get("format") or schema.get("type", "string")
    values = ", ".join(map(str, schema.get("enum", ())))
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required", False),
        "type": f"{kind}: {values}" if values else kind,
        "about": parameter.get("description", ""),
    }
