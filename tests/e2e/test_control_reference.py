"""The control API's reference at ``/docs`` in Chromium: its calls are found, and one is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import DESKTOP, OVERFLOW, PHONE, Bench, Watch, violations

pytestmark = pytest.mark.needs("chromium")

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def control(bench: Bench) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=bench.server.control_url, trust_env=False) as http:
        yield http


@pytest.fixture
def watch(page: Page) -> Watch:
    return Watch(page)


def open_reference(page: Page, bench: Bench, query: str = "") -> Locator:
    """The page's calls, each with its button."""
    page.goto(f"{bench.server.control_url}/docs{query}")
    calls = page.get_by_role("button", name=re.compile(r"^(GET|POST|PUT|PATCH|DELETE)\b"))
    expect(calls.first).to_be_visible()
    return calls


def advance_clock(page: Page, body: str) -> Locator:
    """Tries the call ``POST /clock/advance``: where its answer is shown."""
    page.get_by_role("button", name=re.compile(r"^POST\s*\/clock\/advance\b")).click()
    page.get_by_label("Request body").fill(body)
    page.get_by_role("button", name="Execute").click()
    answer = page.locator(".live-responses-table")
    expect(answer).to_be_visible()
    return answer


def test_every_call_is_shown_and_nothing_comes_from_elsewhere(
    page: Page, bench: Bench, control: httpx2.Client, watch: Watch
) -> None:
    paths = control.get("/openapi.json").json()["paths"].values()

    calls = open_reference(page, bench)
    expect(calls).to_have_count(sum(len(METHODS & path.keys()) for path in paths))
    expect(page).to_have_title("Control API · mock-sei")
    assert watch.complaints == []
    assert watch.origins == {bench.server.control_url}


def test_a_call_is_tried_and_its_answer_is_shown(
    page: Page, bench: Bench, control: httpx2.Client, watch: Watch
) -> None:
    control.put("/clock", json={"now": "2030-01-01T00:00:00Z", "frozen": True}).raise_for_status()
    open_reference(page, bench)

    answer = advance_clock(page, '{"seconds": 1860}')
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text("2030-01-01T00:31:00")
    assert control.get("/clock").json()["now"].startswith("2030-01-01T00:31:00")
    assert watch.complaints == []
    assert watch.origins == {bench.server.control_url}


def test_the_answer_to_a_wrong_body_is_shown(page: Page, bench: Bench) -> None:
    open_reference(page, bench)

    answer = advance_clock(page, '{"minutes": 31}')
    expect(answer).to_contain_text(re.compile("40[0-9]|422"))
    expect(answer).to_contain_text("minutes")


def test_a_link_cannot_make_the_page_show_another_document(
    page: Page, bench: Bench, watch: Watch
) -> None:
    other = f"{bench.stranger.url}/config.json"
    open_reference(page, bench, f"?url={other}&configUrl={other}")

    expect(page.get_by_role("heading", name="mock-sei control API")).to_be_visible()
    assert watch.complaints == []
    assert watch.origins == {bench.server.control_url}


def test_the_page_runs_no_script_and_shows_no_style_of_others(page: Page, bench: Bench) -> None:
    """The policy is in force: what a call's answer may contain does nothing."""
    watch = Watch(page)
    open_reference(page, bench)
    page.evaluate(
        """stranger => {
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>");
          const script = document.createElement("script");
          script.src = `${stranger}/app.js`;
          document.body.append(script);
        }""",
        bench.stranger.url,
    )

    page.wait_for_function("() => performance.getEntriesByName(location.origin + '/x').length")
    assert page.evaluate("window.ran") is None
    assert len([each for each in watch.complaints if "Content Security Policy" in each]) == 2


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_fits_the_window(bench: Bench, size: tuple[int, int]) -> None:
    width, height = size
    with bench.page(viewport={"width": width, "height": height}) as page:
        open_reference(page, bench)
        assert page.evaluate(OVERFLOW) == 0
        advance_clock(page, '{"seconds": 1}')
        assert page.evaluate(OVERFLOW) == 0


@pytest.mark.needs("node", "npm")
@pytest.mark.parametrize("colors", ["light", "dark"])
def test_axe_finds_nothing_to_mend(bench: Bench, axe: str, colors: str) -> None:
    with bench.page(color_scheme=colors) as page:
        open_reference(page, bench)
        assert violations(page, axe) == []
        advance_clock(page, '{"seconds": 1}')
        assert violations(page, axe) == []
