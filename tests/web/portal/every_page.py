"""An address for each page of the portal, made from the portal's own routes."""

from __future__ import annotations

import re

from mock_sei.rules.addresses import LIVE_PATH
from mock_sei.web.portal.routes import ROUTES
from tests.support import Served

TICKETS = "/v1/order/tradetickets"


def fill(served: Served) -> dict[str, str]:
    """Values for the parameters of the routes: each names something that the platform has."""
    served.get(TICKETS)
    served.get(TICKETS, headers={})  # refused
    link = served.platform.portal.send_link("svc-demo")
    (certificate, *_) = served.platform.certificates.of("svc-demo")
    return {
        "name": "demo-server",
        "number": "1",
        "product": "sma-trade-orders",
        "fingerprint": certificate.peer.fingerprint,
        "token": link.token,
        "control": "freeze",
        "method": "GET",
        "path": TICKETS.lstrip("/"),
    }


def addresses(values: dict[str, str]) -> dict[str, str]:
    """The address of each route that shows or downloads something, by the route.

    The stream of a live page has no end.
    """
    return {
        route: re.sub(r"{(\w+)(:path)?}", lambda name: values[name[1]], route)
        for route, handlers in ROUTES.items()
        if "GET" in handlers and route != LIVE_PATH
    }
