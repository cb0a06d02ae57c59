"""Which exchanges of a recording are replayed, and what is said about the others and bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import RecordedBody, RecordedExchange
from mock_sei.recordings.files import RecordingWriter
from mock_sei.recordings.har import exchange_json
from mock_sei.recordings.kept import Bodies
from mock_sei.replay.kept_bodies import IN_MEMORY, KeptBodies
from mock_sei.replay.recordings import Skipped, find_reason, read_recordings
from tests.cases import every_case
from tests.recordings.made import FORM, body, exchange
from tests.replay.made import answered, write


def complaint(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_recordings(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def refusal(status: int, code: str) -> RecordedExchange:
    return answered(answer={"code": code, "message": "no"}, status=status)


LEFT_OUT = RecordedBody(media_type="image/png", size=9, left_out="too large")

REASONS: list[tuple[RecordedExchange, Skipped | None]] = [
    (answered(), None),
    (answered(status=404, answer={"code": "resource.not.found"}), None),
    (answered(status=403, answer={"code": "resource.access.failure"}), None),
    (answered(status=403, answer="no"), None),
    (answered(status=503, answer={"code": "gateway.fault"}), None),
    (exchange("DELETE", "/v1/x", status=204), None),
    (exchange("POST", "/v1/x", sent=LEFT_OUT, answer=body("{}")), None),
    (exchange("HEAD", "/v1/x", answer=LEFT_OUT), None),
    (answered("/v1/portals"), None),
    (answered("/v1/x", method="OPTIONS"), None),
    (replace(answered(), recorder_answered="unknown CN"), Skipped.RECORDER),
    (replace(answered(), response=None, failure="timeout"), Skipped.FAILED),
    (replace(answered(), failure="hung up in the body"), Skipped.FAILED),
    (answered("/v2/oauthtoken", method="POST"), Skipped.OAUTH),
    (answered("/.well-known/jwks.json"), Skipped.OAUTH),
    (answered("/v2/x", method="POST", sent=body("grant_type=a", FORM)), Skipped.OAUTH),
    (answered("/portal"), Skipped.OAUTH),
    (answered("/portal/apps"), Skipped.OAUTH),
    (
        exchange("OPTIONS", "/v1/x", headers=(("Access-Control-Request-Method", "GET"),)),
        Skipped.PREFLIGHT,
    ),
    (exchange(status=101), Skipped.INTERIM),
    (refusal(401, "gateway.authentication.failure"), Skipped.GATEWAY),
    (exchange(status=401), Skipped.GATEWAY),
    (refusal(403, "gateway.access.failure"), Skipped.GATEWAY),
    (exchange(status=304), Skipped.CACHED),
    (exchange(answer=LEFT_OUT), Skipped.LEFT_OUT),
]


@every_case(("recorded", "reason"), REASONS)
def test_why_an_exchange_is_not_replayed(
    recorded: RecordedExchange, reason: Skipped | None
) -> None:
    assert find_reason(recorded) is reason


def test_the_summary_counts_what_is_not_replayed(tmp_path: Path) -> None:
    found = read_recordings(
        write(tmp_path, [answered(), *[answered("/v2/oauthtoken")] * 2, exchange(status=304)])
    )

    assert (found.replayed, found.total) == (1, 4)
    assert found.summary.startswith("1 of 4 exchanges are replayed; not: 2 of the OAuth endpoints")
    assert "1 with status 304" in found.summary
    assert not found.is_incomplete


@pytest.mark.parametrize("bodies", [Bodies.SHAPES, Bodies.FULL])
def test_a_recording_of_the_recorder(tmp_path: Path, bodies: Bodies) -> None:
    writer = RecordingWriter(tmp_path / "out", version="1", bodies=bodies)
    writer.add(answered("/v2/investors?limit=1", {"name": "a"}))
    writer.add(exchange("GET", "/v2/investors/1", status=204))
    writer.flush()

    found = read_recordings(tmp_path / "out")

    is_full = bodies is Bodies.FULL
    assert found.replayed == (2 if is_full else 1)
    assert found.is_incomplete is not is_full
    told = "1 with only the shapes of their bodies. To replay bodies, record with: "
    assert (f"{told}mock-sei record --bodies full" in found.summary) is not is_full


def test_a_recording_with_shapes_only_is_refused(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "out", version="1")
    writer.add(answered())
    writer.add(answered("/v2/oauthtoken"))
    writer.flush()

    told = complaint(tmp_path / "out")

    assert told.startswith(f"{tmp_path / 'out'}: none of its exchanges can be replayed: ")
    assert "1 with only the shapes of their bodies" in told
    assert "mock-sei record --bodies full" in told


def entry(**changes: Any) -> dict[str, Any]:
    made = exchange_json(answered())
    for place, value in changes.items():
        *parts, name = place.split("__")
        target = made
        for part in parts:
            target = target[part]
        target[name] = value
    return made


def log(version: object = "1.2", **members: Any) -> str:
    return json.dumps({"log": {"version": version, **members}})


BAD: list[tuple[Callable[[Path], object], str]] = [
    (lambda _: None, "no file and no folder is there"),
    (lambda path: path.mkdir(), "the folder has no file that ends with .har"),
    (lambda path: path.write_text(log(entries=[])), "the recording has no exchange"),
    (lambda path: path.write_text("{"), "no JSON at line 1, column 2"),
    (lambda path: path.write_text("{}"), "log: this object is missing"),
    (lambda path: path.write_text(log()), "log.entries: this member is missing"),
    (
        lambda path: path.write_text(log("2.0", entries=[])),
        'log.version = "2.0": a version of HAR that is not known; this is for version 1.2',
    ),
    (lambda path: path.write_text(log([], entries=7)), "log.entries = 7: not a list"),
    (lambda path: path.write_text(log(["1"], entries=[])), "a version of HAR that is not known"),
    (
        lambda path: path.write_text(log(entries=[entry(), entry(response__status="x")])),
        'log.entries[1].response.status = "x": not a number',
    ),
    (
        lambda path: path.write_text(
            log(entries=[entry(response__headers=[{"name": "a b", "value": "c"}])])
        ),
        "log.entries[0].response.headers: 'a b' is no name of a header",
    ),
    (
        lambda path: path.write_text(
            log(entries=[entry(response__headers=[{"name": "a", "value": "b\x00"}])])
        ),
        "log.entries[0].response.headers: the value of a has a control character",
    ),
]


@pytest.mark.parametrize(("make", "told"), BAD)
def test_bad_recordings_are_refused_in_one_line(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    path = tmp_path / "recording"
    make(path)

    found = complaint(path)

    assert found.startswith(str(path))
    assert told.replace('"', "'") in found.replace('"', "'")


def test_other_spellings_of_version_1_are_read(tmp_path: Path) -> None:
    for version in ("1.1", None, "", 1.2):
        file = tmp_path / "a.har"
        file.write_text(log(version, entries=[entry()]))
        assert read_recordings(file).replayed == 1


def test_equal_bodies_are_kept_once_and_many_are_in_a_file() -> None:
    kept = KeptBodies()
    small = kept.add(b"a")
    assert kept.add(b"a") == small
    large = [kept.add(bytes([each]) * (IN_MEMORY // 2)) for each in range(4)]
    kept.end()

    assert kept.read(small) == b"a"
    assert [kept.read(each)[:1] for each in large] == [b"\0", b"\1", b"\2", b"\3"]
    assert {len(kept.read(each)) for each in large} == {IN_MEMORY // 2}
