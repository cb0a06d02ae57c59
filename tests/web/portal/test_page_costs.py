"""A page of the portal does the same work whether little or much is stored.

Work is counted, not timed: the lines of Python that run while the page is made.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import copy
from types import FrameType
from typing import Any

import pytest

from mock_sei.operations.faults import AddFault
from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Letter
from mock_sei.rules.records import Application, ServiceAccount
from mock_sei.rules.standards import Actor, ApplicationType
from mock_sei.web.portal import visit
from mock_sei.web.portal.visit import JOURNAL
from tests.support import Served
from tests.web.portal.browser import Browser
from tests.web.portal.every_page import addresses, fill

FEW, MANY = 240, 580
"""More than a page of a list has, and more than a choice offers."""
FLAT = (MANY - FEW) // 2
"""Lines that a page may run more where more is stored: less than one for each thing more."""
TIMELINE = 250 * (MANY - FEW)
"""The timeline covers the whole journal, 10,000 entries at most, with so many lines for each."""
MORE_ALLOWED = {JOURNAL: TIMELINE}


class Lines:
    """Counts the lines that run in one thread."""

    def __init__(self) -> None:
        self.count = 0

    def trace(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        self.count += event == "line"
        return self.trace

    def of(self, work: Callable[[], Any]) -> Any:
        """Does the work, and counts its lines."""
        before = sys.gettrace()
        sys.settrace(self.trace)
        try:
            return work()
        finally:
            sys.settrace(before)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The lines of the handlers of pages, which run in the thread of the event loop meanwhile."""
    found = Lines()

    async def here(work: Callable[[], Any]) -> Any:
        return found.of(work)

    monkeypatch.setattr(visit, "run_in_threadpool", here)
    return found


def store(platform: Platform, first: int, last: int) -> None:
    """Applications with accounts, faults, mails, and calls of which each other is refused."""
    for number in range(first, last):
        application = Application(
            name=f"server-{number}",
            type=ApplicationType.SERVER_SERVER,
            actor=Actor.SERVER,
            app_key=f"server-key-{number}",
            app_secret=f"secret-of-server-{number}",
            service_account=f"svc-server-{number}",
        )
        account = ServiceAccount(username=f"svc-server-{number}", password=f"password-{number}")
        platform.registry.register(application, account)
        fault = {"operation": "GET /v2/investors", "application": application.name, "status": 503}
        AddFault(fields=fault).perform(platform)
        letter = Letter(sender="a@example.com", subject="subject", text="text")
        platform.portal.mailbox.send(letter, to="b@example.com", at=platform.clock.now())
    # The dashboard looks for the newest refusals, and looks at 10,000 entries at most.
    calls = platform.journal.find("GET /v1/order/tradetickets")[:2]
    for number in range(first, last):
        platform.journal.add(copy(calls[number % 2]))


def costs(browser: Browser, lines: Lines, paths: dict[str, str]) -> dict[str, int]:
    """The lines of each page, by its path. The first visit makes what later ones find."""
    found = {}
    for path in paths.values():
        assert browser.get(path).status_code in (200, 410)  # a link works once
        lines.count = 0
        browser.get(path)
        found[path] = lines.count
    return found


@pytest.mark.slow
def test_a_page_does_the_same_work_whether_little_or_much_is_stored(
    served: Served, browser: Browser, lines: Lines
) -> None:
    platform = served.platform
    paths = addresses(fill(served))
    platform.units.run(lambda: store(platform, 0, FEW), changes=True)
    with_few = costs(browser, lines, paths)
    platform.units.run(lambda: store(platform, FEW, MANY), changes=True)
    with_many = costs(browser, lines, paths)

    assert min(with_few.values()) > 30
    grown = {path: (with_few[path], with_many[path]) for path in with_few}
    assert {
        path: told
        for path, told in grown.items()
        if told[1] - told[0] >= MORE_ALLOWED.get(path, FLAT)
    } == {}


def test_a_loop_over_everything_is_seen_also_on_a_single_line() -> None:
    lines, numbers = Lines(), range(MANY)

    assert lines.of(lambda: [each for each in numbers if each % 2])[0] == 1
    assert lines.count >= MANY
