"""Measures the pages of the portal and of the control reference, with much stored, in one process.

Run as ``python -m performance.benchmarks.pages APPLICATIONS ENTRIES VISITS``, it prints JSON: for
each page its size and the CPU time of each visit. The visits use the listeners' own applications
without sockets.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mock_sei.operations.faults import AddFault
from mock_sei.portal.mailbox import Letter
from performance.benchmarks.table import MILLISECONDS, Limit, Row
from performance.benchmarks.worlds import World, make_world

if TYPE_CHECKING:
    from performance.benchmarks.processes import Runner

PORTAL = (
    "/portal",
    "/portal/apps",
    "/portal/apps?page=100",
    "/portal/apps/new",
    "/portal/apps/server-1",
    "/portal/apps/server-1/edit",
    "/portal/apps/demo-server/certificates",
    "/portal/certificates",
    "/portal/mailbox",
    "/portal/mailbox/1",
    "/portal/apis",
    "/portal/apis/investors",
    "/portal/apis/investors/GET/v2/investors",
    "/portal/journal",
    "/portal/journal/{newest}",
    "/portal/journal/{newest}/curl",
    "/portal/journal/{newest}/test",
    "/portal/journal?application=server-1",
    "/portal/journal?status=5xx",
    "/portal/journal?text=nowhere",
)
"""Pages of the portal. Those of the journal with a filter look at all of its entries."""
REFERENCE = ("/docs", "/docs/applications")

MOST_MILLISECONDS, MOST_BYTES = 100.0, 200_000


@dataclass(frozen=True, kw_only=True)
class PageCost:
    """What a page costs."""

    name: str
    """Its path; ``{newest}`` is the number of the newest entry."""
    size: int
    seconds: Sequence[float]
    """CPU time of each visit but the first one, which compiles the template."""


def visit_all(folder: Path, applications: int, entries: int, visits: int) -> Iterator[PageCost]:
    world = filled_world(folder, applications, entries)
    newest = str(world.platform.journal.newest().last)
    for caller, paths in ((world.one_way, PORTAL), (world.control, REFERENCE)):
        for name in paths:
            path = name.replace("{newest}", newest)
            size = len(caller.call("GET", path))
            seconds = []
            for _ in range(visits):
                begun = time.process_time()
                caller.call("GET", path)
                seconds.append(time.process_time() - begun)
            yield PageCost(name=name, size=size, seconds=seconds)


def filled_world(folder: Path, applications: int, entries: int) -> World:
    """A platform with so many applications, faults and mails, and entries in its journal, of which
    half are refused."""
    world = make_world(folder, applications // 2, journal_size=entries)
    platform = world.platform
    letter = Letter(sender="a@example.com", subject="subject", text="text")
    for number in range(applications):
        fault = {"operation": "GET /v2/investors", "application": f"server-{number}", "status": 503}
        AddFault(fields=fault).perform(platform)
        platform.portal.mailbox.send(letter, to="b@example.com", at=platform.clock.now())
    for number in range(entries):
        key = f"server-key-{number % applications}" if number % 2 else "demo-server-key"
        with contextlib.suppress(AssertionError):
            world.get("/v1/order/tradetickets?limit=3", AppKey=key)
    return world


def pages(runner: Runner, *, applications: int, entries: int, visits: int) -> Iterator[Row]:
    """A row for each page, and one for the size of the largest."""
    found = [PageCost(**each) for each in runner.pages(applications, entries, visits)]
    for each in found:
        yield Row(
            measured=f"page {each.name}, CPU time",
            form=MILLISECONDS,
            ours=[seconds * 1000 for seconds in each.seconds],
            targets=[Limit(words=f"at most {MOST_MILLISECONDS:.0f} ms", at_most=MOST_MILLISECONDS)],
        )
    yield Row(
        measured="the largest of these pages",
        form="{:,.0f} bytes",
        ours=[max(each.size for each in found)],
        targets=[Limit(words=f"at most {MOST_BYTES:,}", at_most=MOST_BYTES)],
    )


def main() -> None:
    applications, entries, visits = map(int, sys.argv[1:])
    logging.getLogger("mock_sei").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="mock-sei-pages-") as name:
        found = [asdict(each) for each in visit_all(Path(name), applications, entries, visits)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
