"""The stream of a live page: what it sends, when, to how many, and how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from queue import SimpleQueue
from typing import Any

import pytest
from starlette.responses import Response

from mock_sei.errors import Explanation
from mock_sei.faults.faults import read_fault
from mock_sei.journal.entries import Entry
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.portal import live
from mock_sei.web.portal.parts import SentParts, event
from mock_sei.web.portal.visit import Visit
from tests.journal.entries import exchange
from tests.patience import PATIENCE
from tests.support import Served
from tests.two_servers import WANTED
from tests.web.portal.browser import Browser
from tests.web.portal.streams import Reader, reading

pytestmark = pytest.mark.long

JOURNAL = "page=journal"
Work = Callable[[], Coroutine[Any, Any, None]]


def run(work: Work) -> None:
    asyncio.run(work())


def refused(path: str) -> Entry:
    made = exchange(path=path, status=403)
    made.refuse(Explanation(check="AppKey", because="No application has it."))
    return made


async def opened(stack: AsyncExitStack, platform: Platform, query: str = JOURNAL) -> Reader:
    return await stack.enter_async_context(reading(platform, query))


def test_a_refused_call_comes_to_an_open_journal(platform: Platform) -> None:
    platform.journal.add(exchange(path="/v1/first"))

    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            assert reader.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert "/v1/first" in await reader.event()
            platform.journal.add(refused("/v1/second"))
            text = await reader.event_with("/v1/second")
            assert 'data-part="timeline"' in text
            assert "Refused by AppKey" in text

    run(work)


def test_what_a_browser_has_is_not_sent_again(platform: Platform) -> None:
    platform.journal.add(exchange(path="/v1/first"))

    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            assert 'data-part="lead"' in await reader.event()
            platform.journal.add(exchange(path="/v1/second"))
            text = await reader.event_with("/v1/second")
            entries = text.partition('data-part="entries"')[2]
            assert '<li data-key="1" data-same></li>' in entries
            assert "/v1/first" not in entries
            assert 'data-part="lead"' not in text

    run(work)


def test_a_change_of_the_clock_and_a_fault_come_to_an_open_dashboard(platform: Platform) -> None:
    async def work() -> None:
        async with reading(platform, "page=dashboard") as reader:
            assert "The machine's time" in await reader.event()
            platform.units.run(lambda: platform.clock.advance(hours=2))
            await reader.event_with("2 h ahead of")
            fault = read_fault({"status": 503}, platform.operations)
            platform.units.run(lambda: platform.faults.arm(fault))
            text = await reader.event_with("1 armed")
            assert 'data-part="ends"' not in text

    run(work)


def test_a_page_is_empty_when_the_journal_was_cleared(platform: Platform) -> None:
    platform.journal.add(exchange(path="/v1/first"))

    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            await reader.event_with("/v1/first")
            platform.units.run(platform.journal.clear)
            await reader.event_with("There was no request since the last reset.")

    run(work)


def test_a_stream_without_news_says_so_now_and_then(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", 0.01)

    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            await reader.event()
            assert (await reader.piece())["body"] == b"event: beat\ndata: nothing new\n\n"

    run(work)


def test_the_forms_of_a_part_are_those_of_this_browser(served: Served) -> None:
    browser = Browser(served)
    token = browser.token()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    headers = [(b"host", b"localhost"), (b"cookie", cookie.encode())]

    async def work() -> None:
        async with reading(served.platform, "page=dashboard", headers=headers) as reader:
            assert f'name="page" value="{token}"' in await reader.event()
        async with reading(served.platform, "page=dashboard") as stranger:
            assert token not in await stranger.event()

    run(work)


def test_controls_are_in_no_part_for_a_connection_from_another_machine(platform: Platform) -> None:
    async def work() -> None:
        here = {"query": "page=dashboard"}
        async with reading(platform, **here) as reader:
            assert "/portal/controls/freeze" in await reader.event()
        async with reading(platform, **here, client=("203.0.113.7", 50000)) as reader:
            text = await reader.event()
            assert 'data-part="clock"' in text
            assert "/portal/controls/" not in text.replace("127.0.0.1", "")

    run(work)


def test_only_entries_that_fit_the_filter_come(platform: Platform) -> None:
    async def work() -> None:
        async with reading(platform, f"{JOURNAL}&status=4xx") as reader:
            await reader.event()
            platform.journal.add(exchange(path="/v1/good"))
            platform.journal.add(refused("/v1/bad"))
            text = await reader.event_with("/v1/bad")
            assert "/v1/good" not in text

    run(work)


def test_an_entry_that_does_not_fit_changes_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, page = live.LIVE["journal"]
    made: SimpleQueue[int] = SimpleQueue()

    def counted(visit: Visit) -> Response:
        answer = page(visit)
        made.put(platform.journal.newest().last)
        return answer

    monkeypatch.setattr(live, "LIVE", {"journal": (path, counted)})

    async def work() -> None:
        async with reading(platform, f"{JOURNAL}&check=AppKey") as reader:
            await reader.event()
            platform.journal.add(exchange(path="/v1/good"))
            platform.journal.add(exchange(path="/portal/journal"))
            while await asyncio.to_thread(made.get, timeout=PATIENCE) < 2:
                pass  # the page has not been made with both entries yet
            platform.journal.add(refused("/v1/bad"))
            assert "/v1/bad" in await reader.event()

    run(work)


def test_an_older_page_says_only_how_many_entries_are_new(platform: Platform) -> None:
    for number in range(1, 4):
        platform.journal.add(exchange(path=f"/v1/{number}"))

    async def work() -> None:
        async with reading(platform, f"{JOURNAL}&before=3&seen=3") as reader:
            assert "/v1/" not in await reader.event()
            platform.journal.add(exchange(path="/v1/4"))
            text = await reader.event_with("1 new entry")
            platform.journal.add(exchange(path="/v1/5"))
            text = await reader.event_with("2 new entries")
            assert 'href="/portal/journal?"' in text
            assert "/v1/5" not in text

    run(work)


def test_twenty_pages_are_live_and_the_next_one_is_refused(platform: Platform) -> None:
    async def work() -> None:
        async with AsyncExitStack() as stack:
            all_of_them = [await opened(stack, platform) for _ in range(live.MOST_STREAMS)]
            assert {each.status for each in all_of_them} == {200}
            async with reading(platform, JOURNAL) as late:
                assert late.status == 503
                assert late.headers["retry-after"] == "60"
                assert "content-security-policy" in late.headers
            assert platform.journal.last.refused_by == "live pages"
            assert "20 pages are live" in str(platform.journal.last.refused_because)
            all_of_them[0].left.set()
            await all_of_them[0].is_over()
            async with reading(platform, JOURNAL) as next_one:
                assert next_one.status == 200
        assert len(platform.followers) == 0

    run(work)


def test_workers_share_the_number_of_live_pages(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = platform.settings.model_copy(update={"workers": 10})
    monkeypatch.setattr(platform, "settings", workers)

    async def work() -> None:
        async with AsyncExitStack() as stack:
            statuses = [(await opened(stack, platform)).status for _ in range(3)]
            assert statuses == [200, 200, 503]

    run(work)


@pytest.mark.parametrize("page", ["dashboard", "journal"])
def test_a_head_is_answered_and_takes_no_place(served: Served, page: str) -> None:
    http = served.client(None, listener=Listener.ONE_WAY)

    answer = http.head(f"/portal/events?page={page}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.content == b""
    assert len(served.platform.followers) == 0


def test_what_cannot_be_live_is_refused_at_once(served: Served) -> None:
    http = served.client(None, listener=Listener.ONE_WAY)

    assert http.get("/portal/events").status_code == 404
    assert "there are dashboard, journal" in http.get("/portal/events?page=apps").text
    assert http.get("/portal/events?page=journal&status=forty").status_code == 400
    assert http.post("/portal/events?page=journal").status_code == 405
    assert served.client("svc-demo").get("/portal/events?page=journal").status_code == 404
    assert len(served.platform.followers) == 0


def test_no_page_of_another_origin_can_read_it(platform: Platform) -> None:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost:8000")]

    async def work() -> None:
        async with reading(platform, JOURNAL, headers=headers) as reader:
            assert reader.status == 200
            assert not [name for name in reader.headers if name.startswith("access-control")]

    run(work)


def test_a_reset_ends_a_stream_and_says_so(platform: Platform) -> None:
    async def work() -> None:
        async with reading(platform, "page=dashboard") as reader:
            await reader.event()
            await asyncio.to_thread(platform.reset)
            while (text := await reader.event()) != "reset":
                assert text
            assert await reader.event() == ""
            await reader.is_over()
        assert len(platform.followers) == 0

    run(work)


def test_a_stream_that_is_cancelled_ends_at_once_and_leaves_nothing(platform: Platform) -> None:
    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            await reader.event()
            assert len(platform.followers) == 1
            assert reader.task is not None
            reader.task.cancel()
            await reader.is_over()
            assert len(platform.followers) == 0

    run(work)
    assert not platform.bugs


def test_a_burst_of_entries_comes_in_few_events(platform: Platform) -> None:
    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            await reader.event()
            began, events = time.monotonic(), 1
            for number in range(300):
                platform.journal.add(exchange(path=f"/v1/{number}"))
                await asyncio.sleep(0)
            while "/v1/299 " not in await reader.event():
                events += 1
            assert events <= (time.monotonic() - began) / live.PAUSE + 2

    run(work)


@pytest.mark.parametrize(("cost", "streams"), [(0.0, 1), (0.005, 20), (0.1, 1), (0.1, 20)])
def test_all_streams_together_take_a_part_of_a_processor(cost: float, streams: int) -> None:
    pause = live.pause_after(cost, streams=streams)

    assert pause >= live.PAUSE
    assert streams * cost / pause <= live.SHARE + 1e-9


def test_a_browser_that_does_not_read_costs_one_event(platform: Platform) -> None:
    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            await reader.event()
            reader.reads.clear()
            platform.journal.add(exchange(path="/v1/first"))
            await reader.event_with("/v1/first")
            for number in range(500):
                platform.journal.add(exchange(path=f"/v1/{number}"))
                await asyncio.sleep(0)
            assert reader.messages.empty()
            reader.reads.set()
            assert "/v1/499 " in await reader.event()

    run(work)


def test_an_open_page_leaves_nothing_in_the_journal_and_a_refused_one_does(
    platform: Platform,
) -> None:
    """A browser opens a stream by itself, at any moment of a test that counts entries."""

    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            await reader.event()
            platform.journal.add(exchange(path="/v1/first"))
            await reader.event_with("/v1/first")
        assert [each.called for each in platform.journal.entries] == ["GET /v1/first"]
        async with reading(platform, "page=nothing") as reader:
            assert reader.status == 404
        assert platform.journal.last.called == "GET /portal/events"

    run(work)


@pytest.mark.skipif(WANTED, reason="the servers of a state have values of their own")
def test_an_open_page_takes_no_value_that_comes_from_a_seed(platform: Platform) -> None:
    platform.reset({"seed": 7})
    wanted = platform.new_tracking_id()
    platform.reset({"seed": 7})
    headers = [(b"host", b"localhost"), (b"cookie", b"__Host-mock-sei-form=x")]

    async def work() -> None:
        for page in ("page=journal", "page=dashboard"):
            async with reading(platform, page, headers=headers) as reader:
                await reader.event()
                assert len(reader.headers["requesttrackingid"]) == len(wanted)

    run(work)
    assert platform.new_tracking_id() == wanted


def test_a_stream_uses_up_no_fault_and_a_page_does(served: Served) -> None:
    platform = served.platform
    fault = read_fault({"status": 503, "times": 1}, platform.operations)
    armed = platform.units.run(lambda: platform.faults.arm(fault))

    async def work() -> None:
        async with reading(platform, JOURNAL) as reader:
            assert reader.status == 200

    run(work)
    assert armed.met == 0
    assert Browser(served).get("/portal").status_code == 503
    assert armed.met == 1


@pytest.mark.parametrize("path", ["/portal", "/portal/journal", "/portal/journal?before=9"])
def test_a_live_page_allows_our_script_and_its_own_server(browser: Browser, path: str) -> None:
    policy = browser.get(path).headers["Content-Security-Policy"]

    assert "; script-src 'sha256-" in policy
    assert "; connect-src 'self'" in policy


@pytest.mark.parametrize(
    "path", ["/portal/apps", "/portal/journal?status=forty", "/portal/journal/1", "/portal/nowhere"]
)
def test_any_other_page_has_no_script_and_calls_nobody(browser: Browser, path: str) -> None:
    browser.served.platform.journal.add(exchange())
    page = browser.get(path)

    assert "<script" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "connect-src" not in page.headers["Content-Security-Policy"]


# Parts and events


def test_a_line_end_in_a_value_begins_no_line_of_an_event() -> None:
    sent = event("parts", "<p>a\rdata: b\r\nevent: c\n\nd</p>")

    assert sent == (
        b"event: parts\ndata: <p>a\ndata: data: b\ndata: event: c\ndata: \ndata: d</p>\n\n"
    )


def test_parts_that_are_the_same_are_left_out() -> None:
    parts = SentParts()
    page = "<h1>x</h1><!--part a--><p>1</p><!--/part--> <!--part b--><p>2</p><!--/part-->"

    assert parts.news(page) == "<p>1</p><p>2</p>"
    assert parts.news(page) == ""
    assert parts.news(page.replace("2", "3")) == "<p>3</p>"


def test_an_item_that_has_changed_is_sent_anew() -> None:
    parts = SentParts()
    item = '<!--item {0}--><li data-key="{0}">{1}</li><!--/item-->'
    page = "<!--part a--><ol>{}</ol><!--/part-->"
    parts.news(page.format(item.format(1, "one") + item.format(2, "two")))

    news = parts.news(page.format(item.format(3, "three") + item.format(1, "one")))
    again = parts.news(page.format(item.format(3, "three") + item.format(1, "ONE")))

    assert news == '<ol><li data-key="3">three</li><li data-key="1" data-same></li></ol>'
    assert again == '<ol><li data-key="3" data-same></li><li data-key="1">ONE</li></ol>'
