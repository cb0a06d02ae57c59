"""Placeholders in scripted answers: what they mean, what they become, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import Rejected
from mock_sei.faults.answer_checks import make_answer
from mock_sei.faults.answers import LARGEST_CONTENT, ReadyAnswer, ScriptedAnswer
from mock_sei.faults.placeholders import MOST_PLACEHOLDERS, PLACEHOLDERS, SegmentReader
from mock_sei.faults.templates import CannotFill, Values
from mock_sei.matching.sent import SentRequest
from mock_sei.operations.scripts import EnqueueAnswer
from tests.cases import every_case
from tests.growth import Action, assert_linear

OPERATION = "POST /v1/accounts/{id}/orders/{order}"
PATH = "/v1/accounts/A-7/orders/é"
BODY: dict[str, Any] = {
    "a": [{"b": "text"}, {"b": 7}],
    "x/y": {"~": True},
    "": None,
    "n": 1.5,
    "o": {"p": []},
}


def fill(
    answer: ScriptedAnswer,
    *,
    path: str = PATH,
    query: bytes = b"limit=5&limit=6&a.b=c&empty=&q=%22%7B%7Bx",
    headers: tuple[tuple[bytes, bytes], ...] = ((b"x-name", b"first"), (b"x-name", b"second")),
    body: bytes = json.dumps(BODY).encode(),
    states: dict[str, str] | None = None,
) -> ReadyAnswer:
    return answer.fill(
        Values(
            method="POST",
            path=path,
            segments=answer.segments.read(path),
            sent=SentRequest(raw_query=query, raw_headers=headers, body=body),
            now=datetime(2027, 1, 31, 9, tzinfo=UTC),
            counters={"order": 3},
            states={"step": "two"} if states is None else states,
            uuids=["uuid-1", "uuid-2"],
        )
    )


def filled(json_body: Any, **how: Any) -> Any:
    return json.loads(fill(make_answer(OPERATION, json_body=json_body), **how).content)


@every_case(
    ("placeholder", "value"),
    [
        ("request.method", "POST"),
        ("request.path", PATH),
        ("request.path.id", "A-7"),
        ("request.path.order", "é"),
        ("request.path.0", "v1"),
        ("request.path.2", "A-7"),
        ("request.query.limit", "5"),
        ("request.query.a.b", "c"),
        ("request.query.empty", ""),
        ("request.headers.X-Name", "first"),
        ("request.headers.x-name", "first"),
        ("request.json/a/0/b", "text"),
        ("request.json./a/0/b", "text"),
        ("request.json.a.0.b", "text"),
        ("request.json/a/1/b", 7),
        ("request.json/x~1y/~0", True),
        ("request.json/", None),
        ("request.json/n", 1.5),
        ("request.json/o", {"p": []}),
        ("request.json", BODY),
        ("request.body", json.dumps(BODY)),
        ("clock.now", "2027-01-31T09:00:00Z"),
        ("counter.order", "3"),
        ("random.uuid", "uuid-1"),
        ("state.step", "two"),
        ("  state.step\t", "two"),
    ],
)
def test_a_placeholder_becomes_its_value(placeholder: str, value: Any) -> None:
    whole = filled({"v": f"{{{{{placeholder}}}}}", "l": ["as it is"]})
    within = filled({"v": [f"<{{{{{placeholder}}}}}>"]})
    text = fill(make_answer(OPERATION, text=f"<{{{{{placeholder}}}}}>")).content.decode()

    assert whole == {"v": value, "l": ["as it is"]}
    written = value if isinstance(value, str) else json.dumps(value)
    assert within == {"v": [f"<{written}>"]}
    assert text == f"<{written}>"


def test_every_placeholder_of_the_table_is_read() -> None:
    for each in PLACEHOLDERS:
        name = each.replace("NAME", "id").replace("POINTER", "a/0")
        answer = make_answer(OPERATION, json_body=f"{{{{{name}}}}}")
        assert answer.template is not None
        assert [one.text for one in answer.template.placeholders] == [name]


def test_each_uuid_of_an_answer_is_another_and_each_counter_is_one() -> None:
    body = ["{{random.uuid}}", "{{random.uuid}}", "{{counter.order}}", "{{counter.order}}"]

    assert filled(body) == ["uuid-1", "uuid-2", "3", "3"]


def test_names_of_members_and_texts_without_template_stay_as_they_are() -> None:
    assert filled({"{{unknown}}": "{{request.method}}"}) == {"{{unknown}}": "POST"}
    kept = make_answer(
        OPERATION, json_body="{{unknown", headers={"X": "{{unknown}}"}, template=False
    )
    assert (kept.template, kept.ready.content, kept.ready.headers) == (
        None,
        b'"{{unknown"',
        {"X": "{{unknown}}"},
    )


def test_headers_are_filled_too() -> None:
    answer = make_answer(
        OPERATION, status=201, headers={"Location": "/v1/orders/{{request.path.id}}", "X": "y"}
    )

    ready = fill(answer)

    assert ready.headers == {"Location": "/v1/orders/A-7", "X": "y"}
    assert (ready.status, ready.content) == (201, b"")


def test_what_was_put_in_is_not_read_again() -> None:
    body = {"v": "{{request.query.q}}", "w": "{{request.json/a/0/b}}"}
    sent = json.dumps({"a": [{"b": '{{clock.now}}", "broken": "yes'}]}).encode()

    assert filled(body, body=sent) == {"v": '"{{x', "w": '{{clock.now}}", "broken": "yes'}


@given(st.text())
def test_no_text_breaks_out_of_its_place(text: str) -> None:
    sent = json.dumps({"t": text}).encode()
    template = {"a": "<{{request.json/t}}>", "b": "{{request.json/t}}", "c": "{{request.json}}"}

    if text.encode(errors="ignore").decode() != text:
        with pytest.raises(CannotFill, match="surrogate"):
            filled(template, body=sent)
    else:
        assert filled(template, body=sent) == {"a": f"<{text}>", "b": text, "c": {"t": text}}


@every_case(
    ("placeholder", "how", "because", "actual"),
    [
        ("request.path.9", {}, "the path has no segment 9", "5 segments, counted from 0"),
        ("request.path.99999999999", {}, "the path has no segment 99999999999", "5 segments"),
        ("request.query.cursor", {}, "the query has no cursor", "the parameters limit, a.b"),
        ("request.query.cursor", {"query": b""}, "the query has no cursor", "none"),
        ("request.headers.Accept", {}, "the request has no header accept", "the headers x-name"),
        ("request.json/a/2", {}, "the JSON body has no /a/2", "a list of 2"),
        ("request.json/a/01", {}, "the JSON body has no /a/01", "a list of 2"),
        ("request.json/a/-", {}, "the JSON body has no /a/-", "a list of 2"),
        ("request.json/a/²", {}, "the JSON body has no /a/²", "a list of 2"),
        ("request.json/n/x", {}, "the JSON body has no /n/x", "a value without members"),
        ("request.json/o/q", {}, "the JSON body has no /o/q", "an object with p"),
        ("request.json/a", {"body": b""}, "the request has no body", None),
        ("request.json/a", {"body": b"a=1"}, "the body is no JSON", None),
        ("request.json", {"body": b"["}, "the body is no JSON", None),
        ("request.json", {"body": b"[" * 200 + b"]" * 200}, "more than 100 levels", None),
        ("request.json", {"body": b"[" * 90_000 + b"]" * 90_000}, "the body is no JSON", None),
        ("request.json", {"body": b"NaN"}, "cannot be sent as JSON", None),
        ("request.json", {"body": b"1e999"}, "cannot be sent as JSON", None),
        ("request.json", {"body": rb'["\ud800"]'}, "cannot be sent as JSON", None),
        ("request.json/a", {"body": rb'{"a": "\ud800"}'}, "half a surrogate pair", None),
        ("request.body", {"body": b"\xff"}, "the body is no text in UTF-8", None),
        ("state.step", {"states": {}}, "the state step was not set before this answer", None),
    ],
)
def test_a_value_that_is_missing_or_cannot_be_sent_is_an_error(
    placeholder: str, how: dict[str, Any], because: str, actual: str | None
) -> None:
    for body in (f"{{{{{placeholder}}}}}", [f"<{{{{{placeholder}}}}}>"]):
        with pytest.raises(CannotFill) as caught:
            filled(body, **how)

        assert caught.value.placeholder == placeholder
        assert because in caught.value.because
        assert actual is None or actual in str(caught.value.actual)


@every_case(
    ("fields", "problem"),
    [
        ({"json_body": "{{request.qeury.limit}}"}, "did you mean request.query.limit?"),
        ({"json_body": "{{request.header.X-A}}"}, "did you mean request.headers.X-A?"),
        ({"json_body": "{{request.path.account}}"}, "has no segment {account}"),
        ({"json_body": "{{request.path.account}}"}, "there are id, order"),
        ({"json_body": "{{request.path.²}}"}, "has no segment {²}"),
        ({"json_body": "{{request.query.}}"}, "no such placeholder"),
        ({"json_body": "{{counters.a}}"}, "did you mean counter.a?"),
        ({"json_body": "{{}}"}, "no such placeholder; there are request.method,"),
        ({"json_body": "{{now}}"}, "{{now}}: no such placeholder"),
        ({"json_body": "{{clock.now + 1}}"}, "no such placeholder"),
        ({"json_body": "{{request.json/a~2}}"}, "~ is written ~0"),
        ({"json_body": "{{request.path"}, "no }} ends this placeholder"),
        ({"json_body": ["{{request.path", "}}"]}, "no }} ends this placeholder"),
        ({"text": "{{name}}"}, "template=False"),
        ({"headers": {"X": "{{name}}"}}, "headers: {{name}}: no such placeholder"),
        ({"headers": {"Content-Length": "{{counter.a}}"}}, "headers: 'Content-Length'"),
        ({"headers": {"Date": "{{clock.now}}"}}, "headers: 'Date'"),
        ({"json_body": f"{{{{state.{'a' * 2000}}}}}"}, "at most 2000 characters"),
        ({"text": "{{counter.a}}" * 1001}, "text: 1001 placeholders; at most 1000"),
        ({"json_body": ["{{counter.a}}"] * 1001}, "json: 1001 placeholders"),
        ({"headers": {"X": "{{counter.a}}" * 1001}}, "headers: 1001 placeholders"),
        ({"text": "{{counter.a}}" * 600, "headers": {"X": "{{counter.a}}" * 600}}, "1200 placeh"),
        ({"text": "{{counter.a}}", "status": 204}, "text: an answer with status 204 has no body"),
        ({"text": "a", "template": "yes"}, "template: must be true or false, not str"),
    ],
)
def test_a_placeholder_that_means_nothing_is_refused_when_the_answer_is_set(
    fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Rejected) as caught:
        make_answer(OPERATION, **fields)

    assert problem in str(caught.value)


@every_case(
    ("value", "problem"),
    [
        (b"a%0D%0AX-Evil:%201", "one line of Latin-1"),
        (b"%E6%97%A5", "one line of Latin-1"),
        (b"%00", "one line of Latin-1"),
        (b"a" * 40_000, "would have more than 32768 bytes"),
    ],
)
def test_a_header_that_cannot_be_sent_is_an_error(value: bytes, problem: str) -> None:
    answer = make_answer(OPERATION, headers={"X-Mine": "a{{request.query.v}}"})

    with pytest.raises(CannotFill) as caught:
        fill(answer, query=b"v=" + value)

    assert caught.value.placeholder == "request.query.v"
    assert problem in caught.value.because


@pytest.mark.long
def test_a_body_never_grows_beyond_the_largest() -> None:
    sent = b"a" * (1024 * 1024)
    texts = make_answer(OPERATION, text="{{request.body}}" * MOST_PLACEHOLDERS)
    whole = make_answer(OPERATION, json_body=["{{request.json}}"] * MOST_PLACEHOLDERS)

    with pytest.raises(CannotFill, match=f"more than {LARGEST_CONTENT} bytes"):
        fill(texts, body=sent)
    with pytest.raises(CannotFill, match=f"more than {LARGEST_CONTENT} bytes"):
        fill(whole, body=b'"' + sent + b'"')
    exactly = fill(make_answer(OPERATION, text="{{request.body}}" * 16), body=sent)
    assert len(exactly.content) == LARGEST_CONTENT


@every_case(
    ("operation", "path", "segments"),
    [
        ("GET /v1/{a}/{b}", "/v1/x/y", {"a": "x", "b": "y"}),
        ("GET /v1/{a}-{b}.json", "/v1/x-y-z.json", {"a": "x-y", "b": "z"}),
        ("GET */{last}", "/v1/x/y", {"last": "y"}),
        ("* *", "/v1/x", {}),
        ("GET /v1/{a}/{a}", "/v1/x/y", {"a": "x"}),
        ("GET /v1/{}", "/v1/x", {"": "x"}),
        ("GET /v1/(.+)/{a}", "/v1/(.+)/x", {"a": "x"}),
        ("GET /v1/{a}", "/v1/x\n", {"a": "x\n"}),
        ("GET /v1/{a}", "/elsewhere", {}),
    ],
)
def test_the_segments_of_a_path_are_read(
    operation: str, path: str, segments: dict[str, str]
) -> None:
    assert SegmentReader(operation).read(path) == segments


@pytest.mark.slow
def test_an_answer_is_set_and_filled_in_linear_time() -> None:
    def setting(size: int) -> Action:
        return lambda: make_answer(OPERATION, text="{{request.method}}" + "{ }" * size)

    def unclosed(size: int) -> Action:
        def make() -> None:
            with pytest.raises(Rejected):
                make_answer(OPERATION, text="{{" * size)

        return make

    def filling(size: int) -> Action:
        answer = make_answer(OPERATION, json_body=["a", "{{request.json/t}}"] * 100)
        body = json.dumps({"t": '"' * size}).encode()
        return lambda: fill(answer, body=body)

    def walking(size: int) -> Action:
        answer = make_answer("GET /*" + "/{a}*" * 20, text="{{request.path.a}}")
        return lambda: fill(answer, path="/a" * size)

    for make in (setting, unclosed, filling, walking):
        assert_linear(make, 2000)


def test_the_control_api_names_every_placeholder() -> None:
    told = EnqueueAnswer.__doc__ or ""

    assert [each for each in PLACEHOLDERS if f"``{{{{{each}}}}}``" not in told] == []


def test_the_recipes_name_every_placeholder() -> None:
    told = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")

    named = (each.replace("POINTER", "a/0/b") for each in PLACEHOLDERS)
    assert [each for each in named if f"`{{{{{each}}}}}`" not in told] == []
