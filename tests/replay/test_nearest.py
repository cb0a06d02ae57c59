"""What is said of a call that is not in the recording: the nearest ones, and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.recordings.exchanges import NO_BODY, RecordedBody, RecordedExchange
from mock_sei.replay.nearest import explain, not_recorded
from mock_sei.replay.recordings import read_recordings
from mock_sei.replay.requests import recorded_request
from tests.growth import Action, assert_flat
from tests.recordings.made import FORM, body
from tests.replay.made import answered, request, write


def told(
    folder: Path,
    *entries: RecordedExchange,
    method: str = "GET",
    target: str,
    sent: RecordedBody = NO_BODY,
) -> str:
    recordings = read_recordings(write(folder, entries), is_only=True)
    called = recorded_request(request(method, target, sent))
    paths = recordings.calls.find_paths(called.method, called.segments)
    return not_recorded(recordings, called, paths).why.because


def post(sent: RecordedBody = NO_BODY) -> RecordedExchange:
    return answered("/a", method="POST", sent=sent)


def test_the_nearest_queries_are_named_with_their_exchange(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        answered("/a?x=1"),
        answered("/a?x=1&y=2&z=%20"),
        answered("/a?x=1&y=3"),
        target="/a?x=1&y=2",
    )

    named = "The nearest recorded calls are: GET /a?x=1&y=3 (exchange 3 of a.har), GET /a?x=1"
    assert named in found
    assert 'The first one differs: the query\'s "y" was "3", and came as "2".' in found


def test_a_call_with_placeholders_is_named_once(tmp_path: Path) -> None:
    found = told(tmp_path, answered("/a?x={{token-1}}&y=1"), target="/a?x=2&y=2")

    assert found.count("GET /a?x={{token-1}}&y=1") == 1
    assert 'The first one differs: the query\'s "y" was "1", and came as "2".' in found


def test_a_missing_and_a_further_parameter_are_named(tmp_path: Path) -> None:
    found = told(tmp_path, answered("/a?x=1&x=2"), target="/a?y=1")

    assert 'the query\'s "x" was "1" and "2", and came as nothing' in found
    assert 'the query\'s "y" was nothing, and came as "1"' in found


BODIES = [
    (
        body('{"a":{"b/c":[1,2.50]}}'),
        body('{"a":{"b/c":[1,300]}}'),
        "the body's /a/b~1c/1 was 2.5, and came as 300",
    ),
    (body('{"a":1e999}'), body('{"a":"1"}'), 'the body\'s /a was 1e999, and came as "1"'),
    (body('{"a":[1]}'), body('{"a":[1,2]}'), "the body's /a had 1 items, and came with 2"),
    (body('{"a":"x"}'), body("{}"), 'the body\'s /a was "x", and is missing'),
    (body("{}"), body('{"a":null}'), "the body's /a was not there, and came as null"),
    (body('{"a":"x-{{token-1}}"}'), body('{"a":"y"}'), 'was "x-{{token-1}}", and came as "y"'),
    (body('{"a":true}'), body('{"a":1}'), "the body's /a was true, and came as 1"),
    (body("a=1", FORM), body("a=2", FORM), 'the form\'s "a" was "1", and came as "2"'),
    (body("{}"), body("a=2", FORM), "it was recorded with JSON, and came with a form"),
    (body("{}"), NO_BODY, "it was recorded with JSON, and came with no body"),
    (body("x", "text/plain"), body("y", "text/plain"), "The first one differs: the body."),
]


@pytest.mark.parametrize(("there", "here", "difference"), BODIES)
def test_the_difference_of_bodies_is_named(
    tmp_path: Path, there: RecordedBody, here: RecordedBody, difference: str
) -> None:
    assert difference in told(tmp_path, post(there), method="POST", target="/a", sent=here)


def test_another_method_is_named(tmp_path: Path) -> None:
    found = told(tmp_path, post(), answered("/a", method="PUT"), target="/a")

    assert "The recording has this path only with another method: POST, PUT." in found


def test_the_nearest_paths_are_named(tmp_path: Path) -> None:
    found = told(tmp_path, answered("/v1/orders"), answered("/v1/rockets"), target="/v1/order")

    assert "The recording has no such path. The nearest are: GET /v1/orders, " in found


@pytest.mark.slow
def test_the_cost_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    def make(size: int) -> Action:
        entries = [answered(f"/a?x={number}") for number in range(size)]
        recordings = read_recordings(write(tmp_path, entries), is_only=True)
        called = recorded_request(request("GET", "/a?x=none"))
        paths = recordings.calls.find_paths(called.method, called.segments)
        return lambda: explain(recordings, called, paths)

    assert_flat(make, few=64)
