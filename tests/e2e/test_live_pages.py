"""Live pages on sockets, and in Chromium: with and without script, two widths, both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from mock_sei import MockSei
from mock_sei.runtime.loops import new_event_loop, new_thread_loop
from mock_sei.runtime.server import ServerThread
from mock_sei.web.portal.live import MOST_STREAMS
from tests.e2e.browser import DESKTOP, OVERFLOW, PHONE, Bench, violations_in_both_schemes
from tests.e2e.portal_steps import done, title_is, watched
from tests.e2e.serving import wait_for
from tests.patience import PATIENCE


def with_each_change(chosen: tuple[int, int]) -> pytest.MarkDecorator:
    """A window of this size with each change, and of the other size every night."""
    rows = [
        pytest.param(size, id=name, marks=() if size == chosen else pytest.mark.nightly)
        for name, size in (("desktop", DESKTOP), ("phone", PHONE))
    ]
    return pytest.mark.parametrize("size", rows)


HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""What a browser does with a tab that is hidden, or shown again."""


def client(server: MockSei) -> httpx2.Client:
    return httpx2.Client(
        base_url=server.url, verify=server.ssl_context(), trust_env=False, timeout=PATIENCE
    )


def refuse(server: MockSei, path: str = "/v1/order/tradetickets") -> None:
    """A call that is refused: it has no AppKey."""
    with client(server) as http:
        assert http.get(path).status_code == 401


# On sockets


@pytest.mark.parametrize("new_loop", [new_thread_loop, new_event_loop], ids=["asyncio", "uvloop"])
def test_a_server_with_open_streams_stops_at_once(
    new_loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerThread, "new_loop", staticmethod(new_loop))
    with ExitStack() as stack:
        server = stack.enter_context(MockSei())
        streams = []
        for _ in range(3):
            http = stack.enter_context(client(server))
            live = stack.enter_context(http.stream("GET", "/portal/events?page=journal"))
            streams.append(live.iter_text())
        for each in streams:
            assert "event: parts" in next(each)
        refuse(server)
        assert "tradetickets" in next(streams[0])
        server.check()
        server.stop()  # it waits for calls that do not end, and a stream would not
        for each in streams:
            with pytest.raises(httpx2.TransportError):
                list(each)
    assert len(server.platform.followers) == 0
    assert not server.platform.bugs


def test_a_browser_that_has_left_frees_its_place(server: MockSei) -> None:
    server.reset()
    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            http = stack.enter_context(client(server))
            stack.enter_context(http.stream("GET", "/portal/events?page=journal"))
        with client(server) as late:
            assert late.get("/portal/events?page=journal").status_code == 503
            assert late.head("/portal/events?page=journal").status_code == 200
    wait_for(lambda: len(server.platform.followers) == 0)


# In a browser


@contextmanager
def opened(bench: Bench, path: str, **options: Any) -> Iterator[Page]:
    """A page that is live; without errors, dialogs and calls of other hosts."""
    with bench.page(**options) as page, watched(page, bench):
        page.goto(f"{bench.server.url}{path}")
        if options.get("java_script_enabled", True):
            expect(page.locator(".live-state")).to_have_text("Live")
        yield page


def options_of(size: tuple[int, int]) -> dict[str, Any]:
    return {"viewport": {"width": size[0], "height": size[1]}}


def streams_of(bench: Bench) -> int:
    return len(bench.server.platform.followers)


@pytest.mark.needs("chromium", "node", "npm")
@with_each_change(PHONE)
def test_a_refused_call_appears_in_an_open_journal(
    bench: Bench, axe: str, size: tuple[int, int]
) -> None:
    with opened(bench, "/portal/journal", **options_of(size)) as page:
        expect(page.get_by_text("There was no request since the last reset.")).to_be_visible()
        refuse(bench.server)
        expect(page.locator(".entries > li")).to_have_count(1)
        expect(page.locator(".entries")).to_contain_text("Refused by AppKey")
        expect(page.locator(".marks .fell")).to_have_count(1)
        refuse(bench.server, "/v2/investors")
        expect(page.locator(".entries > li").first).to_contain_text("GET /v2/investors 401")
        expect(page.get_by_text("no application: 2 calls, 2 refused")).to_be_visible()
        assert page.evaluate(OVERFLOW) == 0
        assert violations_in_both_schemes(page, axe) == {}
        page.locator(".marks svg a").first.click()
        title_is(page, "Entry 2")


@pytest.mark.needs("chromium")
@with_each_change(DESKTOP)
def test_without_script_the_pages_are_whole_and_show_what_is_new_when_loaded_again(
    bench: Bench, size: tuple[int, int]
) -> None:
    options = options_of(size) | {"java_script_enabled": False}
    for path, found in (("/portal/journal", ".entries > li"), ("/portal", ".refusals > li")):
        bench.server.reset()
        with opened(bench, path, **options) as page:
            expect(page.locator(".live")).to_be_hidden()
            refuse(bench.server)
            page.reload()
            expect(page.locator(found)).to_have_count(1)
            expect(page.locator(".live")).to_be_hidden()
            assert streams_of(bench) == 0


@pytest.mark.needs("chromium", "node", "npm")
@with_each_change(DESKTOP)
def test_what_somebody_does_on_an_open_dashboard_stays(
    bench: Bench, axe: str, size: tuple[int, int]
) -> None:
    server = bench.server
    server.faults.add("GET /v2/investors", status=500)
    with opened(bench, "/portal", **options_of(size)) as page:
        page.get_by_label("Time in UTC").fill("2028-02-29")
        page.get_by_label("What goes wrong").select_option("No answer at all")
        row = page.get_by_role("row", name="GET /v2/investors")
        row.get_by_text("How a test does it").click()
        field = page.get_by_label("Operation")
        field.fill("GET /v1/half-ty")
        refuse(server)
        expect(page.locator(".refusals")).to_contain_text("GET /v1/order/tradetickets")
        server.clock.freeze()
        expect(page.get_by_text("Frozen", exact=True)).to_be_visible()
        server.faults.add("POST /v2/oauthtoken", status=503)
        expect(page.get_by_text("2 armed")).to_be_visible()
        page.keyboard.type("ped")
        expect(field).to_have_value("GET /v1/half-typed")
        expect(page.get_by_label("Time in UTC")).to_have_value("2028-02-29")
        expect(page.get_by_label("What goes wrong")).to_have_value("stall")
        expect(row.get_by_text("mock-sei fault")).to_be_visible()
        assert page.evaluate(OVERFLOW) == 0
        assert violations_in_both_schemes(page, axe) == {}


@pytest.mark.needs("chromium")
def test_a_form_of_a_part_that_came_later_can_be_sent(bench: Bench) -> None:
    with opened(bench, "/portal") as page:
        bench.server.faults.add("GET /v2/investors", status=500)
        page.get_by_role("button", name="Remove fault 1").click()
        done(page, "The fault is removed.")
    assert len(bench.server.faults) == 0


@pytest.mark.needs("chromium")
def test_the_clock_of_an_open_dashboard_goes_on_and_stands_still_when_it_is_frozen(
    bench: Bench,
) -> None:
    with opened(bench, "/portal") as page:
        shown = page.locator(".time time")
        before = shown.inner_text()
        expect(shown).not_to_have_text(before)
        bench.server.clock.freeze()
        expect(page.get_by_text("Frozen", exact=True)).to_be_visible()
        expect(shown).to_have_text(f"{bench.server.clock.now():%Y-%m-%d %H:%M:%S}")


@pytest.mark.needs("chromium")
def test_a_hidden_tab_has_no_stream_and_catches_up_when_it_is_shown(bench: Bench) -> None:
    with opened(bench, "/portal/journal") as page:
        wait_for(lambda: streams_of(bench) == 1)  # a page of another test may just have left
        page.evaluate(HIDE, "hidden")
        wait_for(lambda: streams_of(bench) == 0)
        refuse(bench.server)
        expect(page.locator(".live-state")).to_have_text("Paused")
        expect(page.locator(".entries > li")).to_have_count(0)
        page.evaluate(HIDE, "visible")
        expect(page.locator(".entries > li")).to_have_count(1)
        assert streams_of(bench) == 1


@pytest.mark.needs("chromium")
def test_a_reader_can_pause_a_page(bench: Bench) -> None:
    with opened(bench, "/portal/journal") as page:
        page.get_by_role("button", name="Pause").click()
        wait_for(lambda: streams_of(bench) == 0)
        expect(page.locator(".live-state")).to_have_text("Paused")
        refuse(bench.server)
        page.evaluate(HIDE, "hidden")
        page.evaluate(HIDE, "visible")
        assert streams_of(bench) == 0
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(".entries > li")).to_have_count(1)


@pytest.mark.needs("chromium")
def test_a_page_that_is_left_has_no_stream(bench: Bench) -> None:
    with opened(bench, "/portal/journal") as page:
        page.get_by_role("link", name="My Apps").click()
        title_is(page, "My Apps")
        wait_for(lambda: streams_of(bench) == 0)
        page.go_back()
        expect(page.locator(".live-state")).to_have_text("Live")
        refuse(bench.server)
        expect(page.locator(".entries > li")).to_have_count(1)


@pytest.mark.needs("chromium")
def test_a_page_goes_on_after_a_reset(bench: Bench) -> None:
    refuse(bench.server)
    with opened(bench, "/portal/journal") as page:
        bench.server.reset()
        expect(page.get_by_text("There was no request since the last reset.")).to_be_visible()
        refuse(bench.server, "/v2/investors")
        expect(page.locator(".entries > li")).to_have_count(1)


@pytest.mark.needs("chromium")
def test_a_filtered_page_gets_what_fits_and_an_older_one_a_link(bench: Bench) -> None:
    for _ in range(52):
        refuse(bench.server)
    with opened(bench, "/portal/journal?status=404") as page:
        refuse(bench.server)
        with client(bench.server) as http:
            http.get("/nowhere")
        expect(page.locator(".entries > li")).to_have_count(1)
        expect(page.locator(".entries > li")).to_contain_text("GET /nowhere 404")
    with opened(bench, "/portal/journal?before=3") as page:
        expect(page.locator(".entries > li")).to_have_count(2)
        refuse(bench.server, "/v2/investors")
        link = page.get_by_role("link", name="1 new entry")
        expect(page.locator(".entries > li")).to_have_count(2)
        link.click()
        expect(page.locator(".entries > li").first).to_contain_text("/v2/investors")


@pytest.mark.needs("chromium")
def test_new_entries_move_neither_what_is_read_nor_the_focus(bench: Bench) -> None:
    for _ in range(20):
        refuse(bench.server)
    with opened(bench, "/portal/journal") as page:
        entry = page.locator('li[data-key="8"]')
        entry.scroll_into_view_if_needed()
        entry.get_by_role("link").focus()
        before = entry.bounding_box()
        for _ in range(60):  # so many that the entry is not among the newest any more
            refuse(bench.server, "/v2/investors")
        last = len(bench.server.journal)
        expect(page.locator(f'li[data-key="{last}"]')).to_have_count(1)
        after = entry.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(before["y"] - after["y"]) <= 1
        assert page.evaluate("document.activeElement.closest('li').dataset.key") == "8"
        page.keyboard.press("Enter")
        title_is(page, "Entry 8")


@pytest.mark.needs("chromium")
def test_a_screen_reader_hears_the_newest_entry_and_not_each(bench: Bench) -> None:
    with bench.page() as page:
        page.clock.install()
        page.goto(f"{bench.server.url}/portal/journal")
        expect(page.locator(".live-state")).to_have_text("Live")
        said = page.locator("[aria-live=polite]")
        for _ in range(3):
            refuse(bench.server)
        newest = len(bench.server.journal)
        expect(page.locator(".entries > li")).to_have_count(3)
        expect(said).to_have_text("")
        page.clock.run_for(11_000)
        told = f"Newest entry: {newest}, GET /v1/order/tradetickets 401, refused by AppKey."
        expect(said).to_have_text(told)


@pytest.mark.needs("chromium")
def test_a_page_without_a_place_or_a_server_says_so_and_tries_again(bench: Bench) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            http = stack.enter_context(client(bench.server))
            stack.enter_context(http.stream("GET", "/portal/events?page=journal"))
        page = stack.enter_context(bench.page())
        page.goto(f"{bench.server.url}/portal/journal")
        expect(page.locator(".live-state")).to_contain_text("no place for this page. Next try in")
        expect(page.get_by_text("Filter: application")).to_be_visible()
        page.route("**/portal/events*", lambda route: route.abort())
        page.reload()
        expect(page.locator(".live-state")).to_contain_text("Not live: the server does not answer")
    wait_for(lambda: streams_of(bench) == 0)
    with bench.page() as page:
        page.route("**/portal/events*", lambda route: route.abort(), times=1)
        page.goto(f"{bench.server.url}/portal/journal")
        expect(page.locator(".live-state")).to_have_text("Live")  # at the second try


@pytest.mark.needs("chromium")
def test_nothing_moves_for_somebody_who_wants_no_motion(bench: Bench) -> None:
    refuse(bench.server)
    for motion, moving in (("no-preference", 1), ("reduce", 0)):
        with opened(bench, "/portal/journal", reduced_motion=motion) as page:
            refuse(bench.server)
            expect(page.locator(".fresh")).to_have_count(1)
            names = page.evaluate(
                "getComputedStyle(document.querySelector('.fresh')).animationName"
            )
            assert (names != "none") == bool(moving)


@pytest.mark.needs("chromium")
def test_an_answer_of_this_server_cannot_run_as_a_script(bench: Bench) -> None:
    with bench.page() as page:
        page.goto(f"{bench.server.url}/portal/journal")
        page.evaluate("""() => {
          const made = document.createElement("script");
          made.src = "/openapi/sma-trade-orders.json";
          window.refused = new Promise((tell) => { made.onerror = () => tell("refused"); });
          addEventListener("securitypolicyviolation", (event) => {
            window.violated = event.effectiveDirective;
          });
          document.body.append(made);
        }""")
        assert page.evaluate("window.refused") == "refused"
        assert page.evaluate("window.violated") == "script-src-elem"
