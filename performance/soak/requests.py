"""The valid requests of the load."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from performance.soak.platform import as_json

TICKETS = "/v1/order/tradetickets"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class FunctionalCall:
    """One call of a functional API."""

    method: str = "GET"
    path: str
    status: int = 200
    weight: int
    content_type: str | None = None
    body: Callable[[int], object] | None = None
    """Makes a body from a number that no other call has; None for a call without body."""


CALLS = (
    FunctionalCall(path=f"{TICKETS}?limit=50", weight=20),
    FunctionalCall(path="/v2/investors?active=true&limit=20", weight=15),
    FunctionalCall(path="/v1/investors/metadata?limit=10", weight=10),
    FunctionalCall(path="/v1/accounts?limit=10", weight=10),
    FunctionalCall(path="/v1/thirdparties/metadata", weight=5),
    FunctionalCall(
        method="POST",
        path="/v1/investors",
        status=202,
        weight=2,
        content_type="application/json",
        body=lambda number: {"externalId": f"SOAK-{number}", "name": f"Soak {number}"},
    ),
    FunctionalCall(
        method="PATCH",
        path="/v1/investors/INV-0001",
        status=202,
        weight=8,
        content_type="application/json-patch+json",
        body=lambda number: [{"op": "replace", "path": "/name", "value": f"Name {number}"}],
    ),
)

_numbers = itertools.count(1)


def choose_call(random: Random) -> tuple[FunctionalCall, dict[str, str], bytes]:
    """A random call, with its headers and its body."""
    call = random.choices(CALLS, [each.weight for each in CALLS])[0]
    if call.body is None or call.content_type is None:
        return call, {}, b""
    return call, {"Content-Type": call.content_type}, as_json(call.body(next(_numbers)))
