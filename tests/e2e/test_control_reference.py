"""The control API's reference in Chromium: its pages, and Swagger UI, where a call is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import (
    ANIMATIONS_END,
    DESKTOP,
    OVERFLOW,
    PHONE,
    Bench,
    Watch,
    violations,
    violations_in_both_schemes,
    violations_of_colours,
)
from tests.e2e.page_checks import (
    BROKEN_WORDS,
    the_keyboard_reaches_everything_in_order_and_shows_where_it_is,
)
from tests.e2e.serving import THOROUGH
from tests.patience import PATIENCE

pytestmark = pytest.mark.needs("chromium")

expect.set_options(timeout=PATIENCE * 1000)  # else five seconds, which a busy machine may need

METHODS = {"get", "post", "put", "patch", "delete"}
ONE_OF_EACH_METHOD = """() => {
  const seen = new Set();
  for (const call of document.querySelectorAll(".opblock:not(.is-open)")) {
    if (seen.has(call.className)) call.remove();
    seen.add(call.className);
  }
}"""
"""Removes folded calls that look like another one: axe-core takes seconds for all of them."""


@pytest.fixture
def control(bench: Bench) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=bench.server.control_url, trust_env=False) as http:
        yield http


@pytest.fixture
def watch(page: Page) -> Watch:
    return Watch(page)


@pytest.mark.needs("node", "npm")
@pytest.mark.parametrize(
    "path",
    ["", "/the-server", "/applications", "/clock", "/faults", "/scripted-answers"]
    if THOROUGH
    else ["/clock"],  # the index and the other pages have the same head, parts and script
)
def test_a_page_fits_its_window_asks_nobody_else_and_needs_neither_mouse_nor_eyes(
    page: Page, bench: Bench, watch: Watch, axe: str, path: str
) -> None:
    page.goto(f"{bench.server.control_url}/docs{path}")

    assert watch.complaints == []
    assert watch.origins == {bench.server.control_url}
    assert violations_in_both_schemes(page, axe) == {}
    for width, height in (PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OVERFLOW) == 0, width
        assert page.evaluate(BROKEN_WORDS) == [], width
    the_keyboard_reaches_everything_in_order_and_shows_where_it_is(page)


def test_a_reader_goes_from_the_list_to_a_call_and_to_its_errors(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.control_url}/docs")
    page.get_by_role("link", name="POST /clock/advance").click()

    expect(page).to_have_title("Clock · mock-sei control API")
    expect(page.get_by_role("heading", name="POST /clock/advance")).to_be_in_viewport()
    page.locator("#post-clockadvance").get_by_role("link", name="422").click()
    expect(page.get_by_role("row", name=re.compile("^422"))).to_be_in_viewport()


def open_viewer(page: Page, bench: Bench, query: str = "") -> Locator:
    """The page's calls, each with its button."""
    page.goto(f"{bench.server.control_url}/docs/try{query}")
    calls = page.get_by_role("button", name=re.compile(r"^(GET|POST|PUT|PATCH|DELETE)\b"))
    expect(calls.first).to_be_visible()
    return calls


def open_advance(page: Page) -> None:
    """Unfolds the call ``POST /clock/advance``."""
    page.get_by_role("button", name=re.compile(r"^POST\s*\/clock\/advance\b")).click()
    expect(page.get_by_label("Request body")).to_be_visible()


def execute(page: Page, body: str) -> Locator:
    """Tries the unfolded call: where its answer is shown."""
    page.get_by_label("Request body").fill(body)
    page.get_by_role("button", name="Execute").click()
    return page.locator(".live-responses-table")


def test_every_call_is_shown_and_tried_and_no_script_of_others_runs_whatever_the_link_says(
    page: Page, bench: Bench, control: httpx2.Client, watch: Watch
) -> None:
    """In one visit: the viewer takes seconds to show all calls."""
    paths = control.get("/openapi.json").json()["paths"].values()
    other = f"{bench.stranger.url}/config.json"

    calls = open_viewer(page, bench, f"?url={other}&configUrl={other}")
    expect(calls).to_have_count(sum(len(METHODS & path.keys()) for path in paths))
    expect(page).to_have_title("Try a call · mock-sei control API")
    a_call_is_tried_and_its_answer_is_shown(page, control, watch)
    assert watch.origins == {bench.server.control_url}
    no_script_of_others_runs(page, bench, watch)


def a_call_is_tried_and_its_answer_is_shown(
    page: Page, control: httpx2.Client, watch: Watch
) -> None:
    control.put("/clock", json={"now": "2030-01-01T00:00:00Z", "frozen": True}).raise_for_status()
    open_advance(page)

    answer = execute(page, '{"seconds": 1860}')
    expect(answer).to_contain_text("2030-01-01T00:31:00")
    assert control.get("/clock").json()["now"].startswith("2030-01-01T00:31:00")
    assert watch.complaints == []

    answer = execute(page, '{"minuets": 31}')
    expect(answer).to_contain_text(re.compile("400|422"))
    expect(answer).to_contain_text("minuets")
    assert control.get("/clock").json()["now"].startswith("2030-01-01T00:31:00")

    for width, height in (DESKTOP, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OVERFLOW) == 0


def no_script_of_others_runs(page: Page, bench: Bench, watch: Watch) -> None:
    """Whatever an answer makes the page show, only its own scripts run."""
    before = len(watch.complaints)
    page.evaluate(
        """stranger => {
          document.body.insertAdjacentHTML("beforeend", "<img src=/x onerror='window.ran = true'>");
          const script = document.createElement("script");
          script.src = `${stranger}/app.js`;
          document.body.append(script);
        }""",
        bench.stranger.url,
    )

    page.wait_for_function("() => performance.getEntriesByName(location.origin + '/x').length")
    assert page.evaluate("window.ran") is None
    added = watch.complaints[before:]
    assert len([each for each in added if "Content Security Policy" in each]) == 2


@pytest.mark.nightly  # half as long as all other tests of these pages
@pytest.mark.needs("node", "npm")
def test_axe_finds_nothing_to_mend(page: Page, bench: Bench, axe: str) -> None:
    open_viewer(page, bench)
    open_advance(page)
    expect(execute(page, '{"seconds": 1}')).to_be_visible()
    page.evaluate(ONE_OF_EACH_METHOD)

    page.evaluate(ANIMATIONS_END)
    assert violations(page, axe) == []
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_class("dark-mode")
    page.evaluate(ANIMATIONS_END)
    assert violations_of_colours(page) == []
