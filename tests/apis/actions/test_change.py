"""``change``: patches that work, patches that fail without changing the record, and hostile
patches."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.actions.change import MOST_COPIED, patched
from mock_sei.errors import MalformedRequest
from tests.apis.engine import JSON, PATCH, Engine
from tests.cases import every_case

TEXT = """
paths:
  /v1/widgets/{id}:
    patch:
      x-mock-sei:
        action: change
        collection: widgets
        key: id
        fixed: [firm]
        schema: Widget
        fields: {changed: $now}
      parameters: [{name: id, in: path, schema: {type: integer}}]
      requestBody:
        content:
          application/json-patch+json:
            schema: {type: array, items: {type: object, required: [op, path]}}
          application/json: {schema: {type: object}}
      responses: {"202": {description: taken in}}
components:
  schemas:
    Widget:
      type: object
      required: [name]
      properties: {name: {type: string}, parts: {type: array, items: {type: integer}}}
"""
RECORD = {"id": 7, "firm": "F", "name": "x", "parts": [1, 2], "deep": {"a~b": {"c/d": 1}}}


def engine_of() -> Engine:
    return Engine.of(TEXT, widgets=[{"id": 6, "name": "other"}, RECORD])


def change(engine: Engine, body: Any, headers: dict[str, str] = PATCH) -> dict[str, Any]:
    answer = engine.call("/v1/widgets/7", method="PATCH", body=json.dumps(body), headers=headers)
    assert answer.status == 202
    found: dict[str, Any] = answer.body
    return found


@every_case(
    ("patch", "changed"),
    [
        ([{"op": "add", "path": "/new", "value": 1}], {"new": 1}),
        ([{"op": "add", "path": "/parts/-", "value": 3}], {"parts": [1, 2, 3]}),
        ([{"op": "add", "path": "/parts/0", "value": 0}], {"parts": [0, 1, 2]}),
        ([{"op": "replace", "path": "/name", "value": "y"}], {"name": "y"}),
        ([{"op": "remove", "path": "/parts/1"}], {"parts": [1]}),
        ([{"op": "replace", "path": "/deep/a~0b/c~1d", "value": 2}], {"deep": {"a~b": {"c/d": 2}}}),
        ([{"op": "copy", "from": "/name", "path": "/copy"}], {"copy": "x"}),
        ([{"op": "test", "path": "/name", "value": "x"}], {}),
        (
            [
                {"op": "test", "path": "/parts", "value": [1, 2]},
                {"op": "move", "from": "/parts/0", "path": "/parts/1"},
            ],
            {"parts": [2, 1]},
        ),
        ([], {}),
    ],
)
def test_a_patch_changes_the_record(patch: list[Any], changed: dict[str, Any]) -> None:
    engine = engine_of()

    answer = change(engine, patch)

    assert answer == {**RECORD, **changed, "changed": "2026-03-31T12:00:00.000"}
    assert engine.state.collections.find("widgets", "id", 7) == answer
    assert engine.state.collections.all("widgets")[0] == {"id": 6, "name": "other"}


def test_members_of_a_plain_body_replace_those_of_the_record() -> None:
    assert change(engine_of(), {"name": "y", "parts": []}, JSON)["parts"] == []


GOOD = {"op": "replace", "path": "/name", "value": "changed"}
FAILING = [
    ([GOOD, {"op": "test", "path": "/name", "value": "x"}], "1"),
    ([GOOD, {"op": "remove", "path": "/nothing"}], "1"),
    ([GOOD, {"op": "replace", "path": "/nothing", "value": 1}], "1"),
    ([GOOD, {"op": "add", "path": "/parts/9", "value": 1}], "1"),
    ([GOOD, {"op": "add", "path": "/parts/x", "value": 1}], "1"),
    ([GOOD, {"op": "add", "path": "/name/deep", "value": 1}], "1"),
    ([GOOD, {"op": "move", "from": "/nothing", "path": "/a"}], "1"),
    ([GOOD, {"op": "move", "from": "/deep", "path": "/deep/a"}], "1"),
    ([GOOD, {"op": "copy", "path": "/a"}], "1"),
    ([GOOD, {"op": "replace", "path": "name", "value": 1}], "1"),
    ([GOOD, {"op": "merge", "path": "/name", "value": 1}], "1"),
    ([GOOD, {"op": "add", "path": "/new"}], "1"),
    ([GOOD, {"op": 5, "path": "/name"}], "1"),
    ([GOOD, {"op": "add", "path": 5, "value": 1}], "1"),
    ([GOOD, {"op": "add", "path": "/a~2", "value": 1}], "1"),
    ([GOOD, {"op": "replace", "path": "", "value": [1]}], ""),
    ([GOOD, {"op": "remove", "path": ""}], None),
    ([GOOD, {"op": "remove", "path": "/firm"}], "firm"),
    ([GOOD, {"op": "remove", "path": "/name"}], "name"),
    ([GOOD, {"op": "add", "path": "/parts/-", "value": "x"}], "parts.2"),
    ([GOOD, {"path": "/name"}], "1.op"),
    ({"op": "add"}, ""),
    ([7], "0"),
]


@every_case(("patch", "field"), FAILING)
def test_a_patch_that_fails_leaves_the_record_as_it_was(patch: Any, field: str | None) -> None:
    engine = engine_of()

    faults = engine.faults("/v1/widgets/7", method="PATCH", body=json.dumps(patch), headers=PATCH)

    assert [each.location for each in faults] == ["body"]
    assert field in (None, faults[0].field)
    assert faults[0].reason
    assert engine.state.collections.find("widgets", "id", 7) is RECORD
    assert RECORD["parts"] == [1, 2]


POINTERS = st.sampled_from(["", "/", "/a", "/a/0", "/a/-", "/b/c", "/~", "x", "/a/b/c", "/-1"])
OPERATIONS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x", None]),
        "path": POINTERS,
        "from": POINTERS,
        "value": st.sampled_from([1, None, [], {}, "x", {"c": 1}]),
    },
)


@given(st.lists(OPERATIONS, max_size=4))
def test_any_patch_changes_a_copy_or_is_refused(patch: list[dict[str, Any]]) -> None:
    record = {"a": [1, {"x": 1}], "b": {"c": 2}}
    try:
        changed = patched(record, patch)
    except MalformedRequest:
        pass
    else:
        json.dumps(changed)
    assert record == {"a": [1, {"x": 1}], "b": {"c": 2}}


def double(count: int) -> list[dict[str, Any]]:
    return [{"op": "copy", "from": "", "path": f"/copy{n}"} for n in range(count)]


def test_a_patch_that_doubles_the_record_again_and_again_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="copies too much"):
        patched({"a": "x" * 100}, double(64))


def test_a_patch_that_copies_a_large_member_again_and_again_is_refused() -> None:
    """The record does not grow, but the work does."""
    copies = [{"op": "copy", "from": "/a", "path": "/b"}] * 1000

    with pytest.raises(MalformedRequest, match="copies too much"):
        patched({"a": "x" * (MOST_COPIED // 4)}, copies)


def test_a_patch_that_shifts_a_long_array_again_and_again_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mock_sei.apis.actions.change.MOST_SHIFTED", 10_000)
    first = {"op": "add", "path": "/a/0", "value": 1}

    assert len(patched({"a": [0] * 200}, [first] * 40)["a"]) == 240
    with pytest.raises(MalformedRequest, match="shifts too many items"):
        patched({"a": [0] * 200}, [first] * 100)


@pytest.mark.long
def test_a_patch_that_digs_deeper_and_deeper_is_refused() -> None:
    with pytest.raises(MalformedRequest, match=r"levels|copies too much"):
        patched(
            {"a": [1]},
            [{"op": "add", "path": "/a" + "/0" * n, "value": [1]} for n in range(1, 300)],
        )


@pytest.mark.parametrize("target", ["/v1/widgets/8", "/v1/widgets/70"])
def test_a_record_that_is_not_there_is_404(target: str) -> None:
    assert engine_of().refusal(target, method="PATCH", body="[]", headers=PATCH).kind.status == 404


def test_no_change_is_lost_between_two_at_once() -> None:
    engine = engine_of()

    def add(number: int) -> None:
        change(engine, [{"op": "add", "path": "/parts/-", "value": number}])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(100, 160)))

    found = engine.state.collections.find("widgets", "id", 7)
    assert found is not None
    assert sorted(found["parts"]) == [1, 2, *range(100, 160)]


NULLS = {"a": None, "b": {"c": True}, "l": [1, None]}


@every_case(
    ("operation", "reason"),
    [
        ({"op": "test", "path": "/a", "value": 5}, "the value at /a is null, not 5"),
        ({"op": "test", "path": "/b/c", "value": False}, "the value at /b/c is true, not false"),
        ({"op": "test", "path": "/z", "value": 1}, "there is nothing at /z"),
        ({"op": "copy", "from": "/z", "path": "/y"}, "there is nothing at /z"),
        ({"op": "move", "from": "/z", "path": "/y"}, "there is nothing at /z"),
        ({"op": "add", "path": "/a/x", "value": 1}, "/a/x leads into a value that is neither an"),
        ({"op": "replace", "path": "/b/c/d", "value": 1}, "/b/c/d leads into a value that is nei"),
        ({"op": "add", "path": "/l/x", "value": 1}, "'x' is not a valid sequence index"),
        ({"op": "add", "path": "/l/9", "value": 1}, "can't insert outside of list"),
        ({"op": "nope", "path": "/a"}, "Unknown operation 'nope'"),
        (None, "must be an object"),
        (5, "must be an object"),
    ],
)
def test_a_reason_of_a_patch_is_in_plain_words(operation: Any, reason: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        patched(NULLS, [operation])

    (fault,) = caught.value.faults
    assert fault.reason.startswith(reason)


@every_case("op", [None, True, 5, [], {}, "add", "test", "copy", "move", "remove"])
@every_case("path", [None, 5, [], "", "/", "/a/b", "/l/-", "~", "/~2", "/b/c/d/e"])
def test_no_reason_of_a_patch_speaks_python(op: Any, path: Any) -> None:
    pythons = ("None", "True", "False", "<class", "object has", "__", "EndOf", "unhashable")
    reasons = []
    for more in ({"path": path, "value": None}, {"from": path}, {"from": path, "path": "/y"}, {}):
        try:
            patched(NULLS, [{"op": op, **more}])
        except MalformedRequest as refusal:
            reasons.append(refusal.faults[0].reason)

    assert reasons
    assert not [(reason, each) for reason in reasons for each in pythons if each in reason]
