"""What a dry run prints: every request, and no secret."""

from __future__ import annotations

import pytest

from mock_sei.platform import Platform
from mock_sei.probe import dry_run
from mock_sei.probe.table import PROBES, ProbeFlag
from mock_sei.recordings.exchanges import Listener
from tests.probe.upstream import APPLICATIONS, EVERY_NEED, subject_of

pytestmark = pytest.mark.long

AUTHORITIES: dict[Listener, str] = {"one-way": "localhost", "two-way": "localhost:444"}


def printed(platform: Platform, grant: str = "client_credentials", **changes: object) -> str:
    subject = subject_of(platform, grant, is_imagined=True)
    options = {"flags": frozenset(ProbeFlag), "needs": EVERY_NEED} | changes
    return "\n".join(dry_run.lines(PROBES, subject, AUTHORITIES, **options))  # type: ignore[arg-type]


def test_each_probe_is_there_with_its_sentence(platform: Platform) -> None:
    text = printed(platform)

    for each in PROBES.values():
        assert f"{each.name}: {each.sentence}\n" in text
    assert "  Authorization: Basic {{app-key}}:{{app-secret}}\n" in text
    assert "  GET /v1/order/tradetickets?limit=500 HTTP/1.1" in text
    assert "  (shows refusal.token_invalid.*)" in text
    assert "-- after 0:05:00" in text


def test_no_value_of_the_application_is_there(platform: Platform) -> None:
    known = subject_of(platform).known.values()
    for grant in APPLICATIONS:
        text = printed(platform, grant)
        assert [each for each in known if each in text] == []


def test_what_is_left_out_says_why(platform: Platform) -> None:
    text = printed(platform, flags=frozenset(), needs=frozenset())

    assert "  (left out: only with --slow)\n" in text
    assert "  (left out: needs --app-key and --app-secret)\n" in text


def test_long_values_are_cut(platform: Platform) -> None:
    assert max(map(len, printed(platform).splitlines())) < 1000
