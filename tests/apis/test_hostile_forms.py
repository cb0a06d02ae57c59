"""Forms and multipart bodies with hostile content: the time is linear in the size."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from mock_sei.apis.bodies import FORM_TYPE
from mock_sei.errors import Refusal
from tests.apis.test_foreign_bodies import END, MULTIPART, engine_of, part
from tests.growth import Action, assert_linear

pytestmark = pytest.mark.slow

SCHEMA = """{type: object, properties: {
  a: {type: array, items: {anyOf: [{type: integer, minimum: 5}, {type: boolean}]}},
  b: {type: object}, c: {type: string, format: binary}}}"""

BODIES: dict[str, tuple[str, Callable[[int], str]]] = {
    "items": (FORM_TYPE, lambda size: "&".join(["a=1"] * (size // 64))),
    "commas": (FORM_TYPE, lambda size: "a=" + "x," * (size // 2)),
    "members": (FORM_TYPE, lambda size: "&".join(f"b[{each}]=" for each in range(size // 64))),
    "names": (FORM_TYPE, lambda size: "&".join(f"{each}=" for each in range(size // 64))),
    "brackets": (FORM_TYPE, lambda size: "b" + "[" * size + "]=1"),
    "fields": (MULTIPART, lambda size: part("a", "1") * (size // 64) + END),
    "files": (MULTIPART, lambda size: part("c", "1", '; filename="x"') * (size // 64) + END),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_costs_what_it_is_long(name: str) -> None:
    content_type, make = BODIES[name]
    engine = engine_of(content_type.partition(";")[0], SCHEMA)

    def calling(size: int) -> Action:
        body = make(size)

        def call() -> None:
            with suppress(Refusal):
                engine.call(
                    "/rocks", method="POST", body=body, headers={"content-type": content_type}
                )

        return call

    assert_linear(calling, 30_000)
