"""``transition`` and the ``state`` of ``create``: records in progress, finished records, and
parallel calls."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from mock_sei.errors import Refusal
from tests.apis.engine import JSON, Engine, complaint
from tests.cases import every_case
from tests.growth import Action, assert_flat

TEXT = """
paths:
  /v1/widgets:
    post:
      x-mock-sei:
        collection: widgets
        key: id
        names: [name, group]
        state: {status: Open}
        fields: {status: Open}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"200": {description: good}}
  /v1/widgets/close:
    post:
      x-mock-sei:
        action: transition
        collection: widgets
        key: id
        names: [name, group]
        state: {status: Open}
        fields: {status: Closed}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"200": {description: good}}
"""
CLOSE = "/v1/widgets/close"


def engine_of(*records: dict[str, Any]) -> Engine:
    return Engine.of(TEXT, widgets=records)


def close(engine: Engine, **names: str) -> Any:
    return engine.post(json.dumps(names), CLOSE).body


def states(engine: Engine) -> list[str]:
    return [each["status"] for each in engine.state.collections.all("widgets")]


def status_of(engine: Engine, target: str, **names: str) -> int:
    how = {"method": "POST", "headers": JSON, "body": json.dumps(names)}
    return engine.refusal(target, **how).kind.status


def test_the_record_is_answered_as_it_is_then() -> None:
    engine = engine_of({"id": 1, "name": "a", "status": "Open"})

    assert close(engine, name="a") == {"id": 1, "name": "a", "status": "Closed"}


def test_all_names_of_the_body_must_fit() -> None:
    engine = engine_of({"id": 1, "name": "a", "group": "g", "status": "Open"})

    assert status_of(engine, CLOSE, name="a", group="h") == 404
    assert states(engine) == ["Open"]
    close(engine, name="a", group="g")
    assert status_of(engine, CLOSE, name="a", group="g") == 409


def test_a_document_without_other_statuses_answers_400() -> None:
    assert status_of(engine_of(), CLOSE) == 400


def outcomes(engine: Engine, target: str) -> list[int]:
    """The outcomes of 64 parallel calls, in the order of their statuses."""

    def one(_: int) -> int:
        try:
            return engine.post('{"name": "a"}', target).status
        except Refusal as refusal:
            return refusal.kind.status

    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(one, range(64)))


def test_of_many_that_begin_at_once_one_begins() -> None:
    engine = engine_of()

    assert outcomes(engine, "/v1/widgets") == [200] + [409] * 63
    assert states(engine) == ["Open"]


def test_of_many_that_end_it_at_once_one_does() -> None:
    engine = engine_of({"id": 1, "name": "a", "status": "Open"})

    assert outcomes(engine, CLOSE) == [200] + [409] * 63
    assert states(engine) == ["Closed"]


@every_case(
    ("rule", "problem"),
    [
        ("{action: transition, collection: w, key: id, state: {a: 1}}", "names: missing"),
        ("{action: transition, collection: w, key: id, names: [a]}", "state: missing"),
        ("{collection: w, key: id, names: a}", "names = 'a': must be a list of texts"),
        ("{collection: w, key: id, statuses: {invalid: 404}}", "statuses: must be a part of"),
        ("{collection: w, key: id, statuses: {other: 422}}", "statuses: must be a part of"),
        ("{collection: w, key: id, aliases: {a: 1}}", "aliases: must be a mapping of other names"),
        (
            "{collection: w, key: id, state: {a: [1]}}",
            "state: must be a mapping of members to texts",
        ),
        ("{collection: w, key: id, content_types: {}}", "content_types: must be a list of texts"),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(rule: str, problem: str) -> None:
    operation = f'{{x-mock-sei: {rule}, responses: {{"200": {{description: good}}}}}}'

    assert problem in complaint(f"paths: {{/v1/widgets: {{post: {operation}}}}}")


@pytest.mark.slow
def test_beginning_and_ending_cost_what_they_did_before_thousands_were_over() -> None:
    numbers = count()

    def make(size: int) -> Action:
        over = [{"id": n, "name": "a", "group": "g", "status": "Closed"} for n in range(size)]
        engine = engine_of(*over)

        def one() -> object:
            body = f'{{"id": "x{next(numbers)}", "name": "a", "group": "g"}}'
            engine.post(body)
            return close(engine, group="g")

        return one

    assert_flat(make, many=5000)
