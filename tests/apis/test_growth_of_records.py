"""The time of a call does not grow with the records of its collection."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from mock_sei.apis.api_state import Contents
from mock_sei.apis.collections import Collections, Seed
from mock_sei.apis.data import ServerData
from mock_sei.apis.spooled import Content
from tests.apis.engine import JSON, Engine
from tests.growth import Action, assert_flat

pytestmark = pytest.mark.slow


MANY = 5000

DOCUMENT = """
paths:
  /v1/widgets:
    get:
      x-mock-sei: {collection: widgets, key: id}
      parameters:
        - {name: colour, in: query, x-mock-sei: {field: colour}, schema: {type: string}}
        - {name: asOf, in: query, x-mock-sei: {field: day, match: as-of}, schema: {type: string}}
        - name: sort
          in: query
          x-mock-sei: {use: sort}
          schema: {type: string, enum: [colour]}
        - {name: order, in: query, x-mock-sei: {use: order}, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer}}
        - {name: cursor, in: query, schema: {type: string}}
        - {name: tag, in: query, x-mock-sei: {use: ignored}, schema: {type: string}}
      responses: {"200": {description: good}}
    post:
      x-mock-sei: {action: create, collection: widgets, key: id, fields: {number: $next.number}}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"201": {description: good}}
  /v1/widgets/{id}:
    get:
      x-mock-sei: {action: read, collection: widgets, key: id}
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: good}}
    patch:
      x-mock-sei: {action: change, collection: widgets, key: id}
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"200": {description: good}}
    delete:
      x-mock-sei: {action: remove, collection: widgets, key: id}
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"204": {description: good}}
"""


def engine_with(count: int) -> Engine:
    """An engine with ten records of each colour. The last ten records have the last date."""
    records = [
        {
            "id": f"w{number:06}",
            "number": number,
            "colour": f"c{(count - number - 1) // 10}",
            "day": "2026-03-01" if number < count - 10 else "2026-03-02",
        }
        for number in range(count)
    ]
    return Engine.of(DOCUMENT, widgets=records)


def read(engine: Engine, number: int, count: int) -> object:
    return engine.call(f"/v1/widgets/w{number * 7919 % count:06}")


def change(engine: Engine, number: int, count: int) -> object:
    key = f"w{number * 7919 % count:06}"
    return engine.call(
        f"/v1/widgets/{key}", method="PATCH", body=f'{{"note": {number}}}', headers=JSON
    )


def create_and_remove(engine: Engine, number: int, _: int) -> object:
    engine.post(f'{{"id": "x{number}"}}')
    return engine.call(f"/v1/widgets/x{number}", method="DELETE")


def listing(query: str) -> Callable[[Engine, int, int], object]:
    def one(engine: Engine, number: int, _: int) -> object:
        return engine.call(f"/v1/widgets?limit=5&tag={number}&{query}")

    return one


@pytest.mark.parametrize(
    "call",
    [
        read,
        change,
        create_and_remove,
        listing("asOf=2026-04-01"),
        listing("asOf=2026-04-01&colour=c0"),
        listing("asOf=2026-04-01&sort=colour&order=desc"),
    ],
    ids=["read", "change", "create and remove", "as of", "equal", "sorted"],
)
def test_a_functional_call_costs_what_it_did(
    call: Callable[[Engine, int, int], object],
) -> None:
    numbers = itertools.count()

    def make(count: int) -> Action:
        engine = engine_with(count)
        return lambda: call(engine, next(numbers), count)

    assert_flat(make, many=MANY)


def test_a_page_far_behind_costs_what_the_first_does() -> None:
    numbers = itertools.count()
    engine = engine_with(MANY)
    last = engine.call("/v1/widgets?asOf=2026-03-01&limit=5")
    cursors = ["", f"&cursor={cursor_of(MANY - 100)}"]
    assert last.body["paging"]["totalCount"] == MANY - 10

    def make(at: int) -> Action:
        url = f"/v1/widgets?asOf=2026-03-01&limit=5{cursors[at]}"
        return lambda: engine.call(f"{url}&tag={next(numbers)}")

    assert_flat(make, few=0, many=1)


def cursor_of(number: int) -> str:
    import base64

    return base64.b64encode(f"w{number:06}".encode()).decode().replace("=", "%3D")


def test_adding_by_a_test_costs_what_it_did() -> None:
    numbers = itertools.count()

    def make(count: int) -> Action:
        engine = engine_with(count)
        data = ServerData(engine.state.collections, engine.catalogue)
        return lambda: data.add("widgets", [{"id": f"n{next(numbers)}"}])

    assert_flat(make, many=MANY)


def test_the_first_call_after_a_reset_makes_no_order_anew() -> None:
    def make(count: int) -> Action:
        seed = Seed({"widgets": tuple({"id": f"w{number}"} for number in range(count))})
        Collections(seed).find("widgets", "id", "w1")
        return lambda: Collections(seed).find("widgets", "id", "w7")

    assert_flat(make, many=MANY)


def test_the_first_write_after_a_reset_copies_no_seed() -> None:
    def make(count: int) -> Action:
        seed = Seed({"widgets": tuple({"id": f"w{number}"} for number in range(count))})
        Collections(seed).find("widgets", "id", "w1")
        return lambda: Collections(seed).add_new("widgets", "id", {"id": "new"})

    assert_flat(make, many=MANY)


def test_the_size_of_all_files_is_known_without_asking_each() -> None:
    def make(count: int) -> Action:
        contents = Contents()
        for number in range(count):
            contents[str(number)] = Content.of(bytes(number % 7))
        assert contents.shelf.size == sum(number % 7 for number in range(count))
        return lambda: contents.shelf.size

    assert_flat(make)


def test_the_size_of_all_files_follows_what_is_put_in_and_taken_out() -> None:
    contents = Contents()
    contents["a"] = Content.of(b"1234")
    contents["b"] = Content.of(b"12")
    contents["a"] = Content.of(b"1")

    contents.drop("b")
    contents.drop("c")

    assert (contents.shelf.size, list(contents), contents["a"].read()) == (1, ["a"], b"1")
