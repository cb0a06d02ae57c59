"""The journal in Chromium: from a refused call to the reason, with and without script."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import DESKTOP, OVERFLOW, PHONE, Bench
from tests.e2e.portal_steps import tab_to, title_is
from tests.e2e.test_portal_for_everyone import calls

pytestmark = pytest.mark.needs("chromium")

REFUSED = "GET /v1/order/tradetickets 403"


SIZES = {"desktop": DESKTOP, "phone": PHONE}
SCRIPTS = {"script": True, "no-script": False}
WITH_EACH_CHANGE = {("desktop", "dark", "script"), ("phone", "light", "no-script")}
"""Each value once; every night all together."""


@pytest.mark.parametrize(
    ("size", "scheme", "script"),
    [
        pytest.param(
            *(SIZES[size], scheme, SCRIPTS[script]),
            id=f"{size}-{scheme}-{script}",
            marks=() if (size, scheme, script) in WITH_EACH_CHANGE else pytest.mark.nightly,
        )
        for size, scheme, script in itertools.product(SIZES, ("light", "dark"), SCRIPTS)
    ],
)
def test_a_refused_call_is_found_and_explained(
    bench: Bench, size: tuple[int, int], scheme: str, script: bool
) -> None:
    calls(bench)
    options = {
        "viewport": {"width": size[0], "height": size[1]},
        "color_scheme": scheme,
        "java_script_enabled": script,
    }
    with bench.page(**options) as page:
        page.goto(f"{bench.server.url}/portal/journal")
        page.get_by_text("Filter: application").click()
        page.get_by_label("Only refused").check()
        page.get_by_label("Status").fill("403")
        page.get_by_role("button", name="Apply").click()
        assert fits(page)
        expect(page.locator(".entries > li")).to_have_count(1)
        page.get_by_role("list", name="Checks").get_by_text("svc-web").wait_for()
        page.get_by_role("link", name=REFUSED, exact=True).click()
        title_is(page, "Entry 3")
        page.get_by_role("link", name="Show the body").first.click()
        expect(page.get_by_role("region", name="Body of the answer")).to_contain_text('"code": ')
        assert fits(page)
        page.get_by_role("link", name="As curl").click()
        expect(page.get_by_role("region", name="As curl")).to_contain_text("appkey: demo-server")
        page.go_back()
        page.get_by_role("link", name="As a test for pytest").click()
        expect(page.get_by_role("region", name="As a test")).to_contain_text("def test_")
        assert fits(page)


def fits(page: Page) -> bool:
    return bool(page.evaluate(OVERFLOW) == 0)


def test_the_keyboard_goes_from_a_mark_of_the_timeline_to_its_entry(
    page: Page, bench: Bench
) -> None:
    calls(bench)
    page.goto(f"{bench.server.url}/portal/journal")
    tab_to(page, f"3: {REFUSED}")
    page.keyboard.press("Enter")
    title_is(page, "Entry 3")


def test_a_refused_mark_differs_in_more_than_its_colour(page: Page, bench: Bench) -> None:
    calls(bench)
    page.goto(f"{bench.server.url}/portal/journal")
    heights = page.evaluate(
        "[...document.querySelectorAll('.marks rect')].map((each) => "
        "[each.classList.value, each.height.baseVal.value])"
    )
    assert {tuple(each) for each in heights} == {("came", 11), ("fell", 22)}
