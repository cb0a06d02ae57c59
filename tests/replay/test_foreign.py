"""Recordings of a browser, of mitmproxy and of Postman, and a HAR of the journal, are replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.platform import Platform
from mock_sei.replay.kept_bodies import ReplayBody
from mock_sei.replay.recordings import Skipped, read_recordings
from tests.replay.foreign import of_a_browser, of_mitmproxy, of_postman, unfinished_in_a_browser
from tests.replay.made import UNKNOWN, platform_with, write
from tests.support import TICKETS, Served, control_client


@pytest.fixture
def served(tmp_path: Path, shared_store: CertificateStore) -> Served:
    write(
        tmp_path,
        [
            of_a_browser(f"{UNKNOWN}/browser?b=2&a=1", '{"next":"https://api.example.com/v9/x"}'),
            unfinished_in_a_browser(f"{UNKNOWN}/none"),
            of_mitmproxy(f"{UNKNOWN}/picture", b"\x89PNG\xff", "image/png"),
            of_postman(f"{UNKNOWN}/orders?dry=true", '{"amount": 5}', '{"id": 1}'),
        ],
        "10 foreign.har",
    )
    return Served(platform_with(tmp_path, shared_store))


def test_what_is_counted(served: Served) -> None:
    recordings = served.platform.recordings

    assert recordings is not None
    assert recordings.replayed == 3
    assert recordings.skipped == {Skipped.FAILED: 1}


def test_a_call_of_a_browser(served: Served) -> None:
    found = served.get(f"{UNKNOWN}/browser?a=1&b=2")

    assert found.json()["next"].startswith("https://localhost")
    assert found.headers["x-from"] == "browser"
    assert found.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert "content-encoding" not in found.headers
    assert served.platform.journal.last.recorded == "exchange 1 of 10 foreign.har"


def test_a_body_in_base64(served: Served) -> None:
    found = served.get(f"{UNKNOWN}/picture")

    assert (found.content, found.headers["content-type"]) == (b"\x89PNG\xff", "image/png")


def test_a_query_that_stands_apart_from_the_address(served: Served) -> None:
    http, headers = served.client(), served.headers()

    found = http.post(f"{UNKNOWN}/orders?dry=true", json={"amount": 5.0}, headers=headers)

    assert (found.status_code, found.json()) == (201, {"id": 1})
    found = http.post(f"{UNKNOWN}/orders", json={"amount": 5}, headers=headers)
    assert found.status_code == 404


def test_the_journal_of_a_mock(tmp_path: Path, platform: Platform) -> None:
    other = Served(platform)
    expected = other.get(TICKETS)
    file = tmp_path / "journal.har"
    file.write_bytes(control_client(platform).get("/journal.har").content)

    recordings = read_recordings(file)

    assert recordings.replayed == 1
    assert recordings.skipped == {Skipped.OAUTH: 1}
    assert (
        recordings.bodies.read(ReplayBody(start=0, size=len(expected.content))) == expected.content
    )


@pytest.mark.parametrize(("part", "reason"), [("body", Skipped.LEFT_OUT), ("headers", None)])
def test_the_beginning_of_a_body_is_not_sent_for_the_whole(
    tmp_path: Path, part: str, reason: Skipped | None
) -> None:
    made = of_mitmproxy(f"{UNKNOWN}/cut", b"begin", "text/plain")
    made["response"]["_incomplete"] = [part]

    recordings = read_recordings(write(tmp_path, [made, of_postman("/v1/x", "1", "2")]))

    assert recordings.skipped == ({} if reason is None else {reason: 1})
