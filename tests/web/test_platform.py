"""The platform application: bugs of our own never pose as answers of the platform."""

from __future__ import annotations

import pytest

from mock_sei.sandbox import Sandbox
from tests.support import TICKETS, Platform


def test_a_bug_is_told_as_one(
    platform: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(sandbox, "answer", broken)

    answer = platform.get()

    assert answer.status_code == 500
    assert answer.text.startswith("mock-sei failed, please report this")
    assert "trackingId" not in answer.text
    assert "ZeroDivisionError: on purpose" in sandbox.bugs[0]


def test_the_journal_has_an_entry_for_every_answer(platform: Platform, sandbox: Sandbox) -> None:
    platform.get(TICKETS)
    platform.get("/nowhere")
    platform.client().request("FOO", TICKETS)

    statuses = [entry.response.status for entry in sandbox.journal.entries if entry.response]
    assert statuses == [200, 200, 200, 404, 405]
