"""``create``: what is stored, answered and refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from mock_sei.errors import MalformedRequest
from tests.apis.engine import JSON, Engine
from tests.cases import every_case

TEXT = """
paths:
  /v1/firms/{firm}/widgets:
    post:
      x-mock-sei:
        collection: widgets
        key: id
        fields:
          firm: $path.firm
          copy: $body.deep.er
          none: $body.nothing
          made: $now
          madeUtc: $now.utc
          day: $today
          by: $user
          lang: $header.X-Lang
          wide: $query.wide
        records: [{collection: log, fields: {of: $key, whole: $record, job: $job}}]
        answer: {jobStatusQueryKey: $job, id: $record.id}
      parameters:
        - {name: firm, in: path}
        - {name: wide, in: query, schema: {type: boolean}}
        - {name: X-Lang, in: header}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"202": {description: taken in}}
  /v1/jobs/{job}:
    get:
      x-mock-sei: {action: job-status, collection: widgets, key: job}
      parameters: [{name: job, in: path}]
  /v1/pings:
    post:
      x-mock-sei: {collection: pings, key: id, fields: {at: $now}}
      responses: {"201": {description: made}}
"""
PATH = "/v1/firms/F1/widgets"


def test_a_record_has_its_body_and_what_the_document_adds() -> None:
    """The clock stands at noon on a day in March, Eastern time."""
    engine = Engine.of(TEXT)

    answer = engine.post(
        '{"id": "W", "deep": {"er": [1]}, "firm": "mine"}',
        f"{PATH}?wide=true",
        headers={**JSON, "x-lang": "fr"},
    )

    record = {
        "id": "W",
        "deep": {"er": [1]},
        "firm": "F1",
        "copy": [1],
        "made": "2026-03-31T12:00:00.000",
        "madeUtc": "2026-03-31T16:00:00.000Z",
        "day": "2026-03-31",
        "by": "svc-demo",
        "lang": "fr",
        "wide": True,
    }
    assert answer.status == 202
    assert answer.body["id"] == "W"
    assert engine.state.collections.all("widgets") == (record,)
    (log,) = engine.state.collections.all("log")
    assert log == {"of": "W", "whole": record, "job": answer.body["jobStatusQueryKey"]}


def test_the_job_of_a_write_can_be_asked_for() -> None:
    engine = Engine.of(TEXT)
    job = engine.post('{"id": 7}', PATH).body["jobStatusQueryKey"]

    assert engine.call(f"/v1/jobs/{job}").body == {
        "jobStatusQueryKey": job,
        "status": "Completed",
        "id": 7,
    }
    assert engine.refusal("/v1/jobs/other").kind.status == 404


def test_a_body_without_a_key_gets_one() -> None:
    engine = Engine.of(TEXT)
    keys = {engine.post("{}", PATH).body["id"] for _ in range(3)}

    assert len(keys) == 3
    assert all(len(key) == 36 for key in keys)


def test_a_key_that_is_there_is_refused_and_nothing_is_kept() -> None:
    engine = Engine.of(TEXT)
    engine.post('{"id": 7}', PATH)

    ((field, location, reason),) = engine.faults(
        PATH, method="POST", body='{"id": "7"}', headers=JSON
    )

    assert (field, location, reason) == ("id", "body", "7 exists already")
    assert len(engine.state.collections.all("widgets")) == 1
    assert len(engine.state.collections.all("log")) == 1


def test_a_key_is_written_once_by_two_at_once() -> None:
    engine = Engine.of(TEXT)

    def write(number: int) -> bool:
        try:
            engine.post(f'{{"id": {number % 5}}}', PATH)
        except MalformedRequest:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(60))).count(True) == 5
    assert len(engine.state.collections.all("log")) == 5


@every_case("body", ["[]", "7", '"x"', "null"])
def test_a_body_that_is_no_object_is_refused(body: str) -> None:
    text = TEXT.replace("{schema: {type: object}}", "{}")

    ((_, location, reason),) = Engine.of(text).faults(PATH, method="POST", body=body, headers=JSON)

    assert (location, reason) == ("body", "must be an object")


def test_an_operation_without_a_body_asks_for_none() -> None:
    answer = Engine.of(TEXT).call("/v1/pings", method="POST")

    assert answer.status == 201
    assert answer.body["at"] == "2026-03-31T12:00:00.000"


def test_what_was_written_stays_when_its_body_is_changed() -> None:
    """Two collections may share a record object. Neither changes it in place."""
    engine = Engine.of(TEXT)
    engine.post('{"id": 1, "deep": {"er": [1]}}', PATH)
    before = engine.state.collections.all("widgets")[0]

    engine.state.collections.replace("widgets", before, {**before, "deep": None})

    assert engine.state.collections.all("log")[0]["whole"]["deep"] == {"er": [1]}
