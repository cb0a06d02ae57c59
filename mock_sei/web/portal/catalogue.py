"""The pages of the API catalogue: the products, and the operations of one product."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from mock_sei.apis.documents import Product
from mock_sei.apis.operations import Parameter
from mock_sei.web.portal.visit import Visit


def apis(visit: Visit) -> Response:
    """The list of products."""
    products = visit.platform.catalogue.products.values()
    return visit.show("apis.html", products=[_product(each) for each in products])


def api(visit: Visit) -> Response:
    """The page of one product with its operations."""
    product = visit.platform.catalogue.require_product(visit.request.path_params["product"])
    return visit.show(
        "api.html",
        product=_product(product),
        url=visit.platform.addresses.one_way,
        two_way_url=visit.platform.addresses.two_way,
    )


def _product(product: Product) -> dict[str, Any]:
    info = product.content.get("info") or {}
    return {
        "product": product.name,
        "title": product.title,
        "summary": info.get("summary") or info.get("description", ""),
        "operations": [
            {
                "method": each.method,
                "path": each.path,
                "summary": each.summary,
                "parameters": [_parameter(one) for one in each.parameters.values()],
            }
            for each in product.operations.values()
        ],
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    kind = parameter.format or parameter.type
    values = ", ".join(map(str, parameter.listed))
    begins = ": " if parameter.enum else ", such as "
    return {
        "name": parameter.name,
        "place": parameter.place,
        "required": parameter.required,
        "type": f"{kind}{begins}{values}" if values else kind,
        "about": parameter.description,
    }
