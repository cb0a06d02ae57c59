"""A bug of mock-sei never looks like an answer of the platform."""

from __future__ import annotations

import pytest

from mock_sei.platform import Platform
from tests.support import TICKETS, Served


def test_a_bug_is_told_as_one(
    served: Served, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(platform, "answer", broken)

    answer = served.get()

    assert answer.status_code == 500
    assert answer.text.startswith("mock-sei failed, please report this")
    assert "trackingId" not in answer.text
    assert "ZeroDivisionError: on purpose" in platform.bugs[0]


def test_the_journal_has_an_entry_for_every_answer(served: Served, platform: Platform) -> None:
    served.get(TICKETS)
    served.get("/nowhere")
    served.client().request("FOO", TICKETS)

    statuses = [entry.response.status for entry in platform.journal.entries if entry.response]
    assert statuses == [200, 200, 200, 404, 405]
