"""A single-page application in Chromium: log-in by keyboard, redirects and CORS calls."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Frame, Page, expect

from tests.e2e.browser import Bench, Watch, launch
from tests.e2e.libraries import TICKETS

pytestmark = pytest.mark.needs("chromium")

CALL = """async ([url, token]) => {
  const headers = { Authorization: `Bearer ${token}`, AppKey: "demo-spa-key" };
  try { return (await fetch(url, { headers })).status } catch (error) { return String(error) }
}"""
POST = """([action, fields]) => {
  const form = Object.assign(document.createElement("form"), { action, method: "post" });
  for (const [name, value] of Object.entries(fields))
    form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  form.submit();
}"""
FRAME = """(src) => document.body.append(
  Object.assign(document.createElement("iframe"), { src, name: "framed" }))"""


def type_log_in(page: Page, password: str = "alice-password") -> None:
    """Focus is on the first empty field, as a user finds it."""
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("alice@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def go_to_log_in(page: Page, bench: Bench) -> None:
    page.goto(bench.application.url)
    press(page, "Log in")
    expect(page).to_have_title("Log in · mock-sei")
    assert page.url.startswith(f"{bench.server.url}/v2/oauth/login?")


def press(page: Page, name: str) -> None:
    """The page's first button, reached and pressed by keyboard."""
    expect(page.get_by_role("button", name=name)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Enter")


def test_keyboard_alone_leads_from_the_page_to_its_tickets(page: Page, bench: Bench) -> None:
    watch = Watch(page)
    go_to_log_in(page, bench)
    type_log_in(page)
    expect(page).to_have_title("Allow access · mock-sei")
    expect(page.get_by_role("main")).to_contain_text("demo-spa asks to act for alice@example.com")
    press(page, "Allow")
    expect(page.get_by_role("status")).to_have_text("50 tickets")
    assert watch.complaints == []
    assert watch.origins == {bench.application.url, bench.server.url}


def test_reload_back_and_a_second_tab_lead_to_the_log_in_page_again(
    page: Page, bench: Bench
) -> None:
    go_to_log_in(page, bench)
    page.reload()
    page.go_back()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.go_forward()
    expect(page).to_have_title("Log in · mock-sei")
    other = page.context.new_page()
    other.goto(page.url)
    type_log_in(other)
    expect(other).to_have_title("Allow access · mock-sei")
    page.reload()
    expect(page).to_have_title("Allow access · mock-sei")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status")).to_have_text("50 tickets")


def test_a_wrong_password_is_told_and_a_right_one_goes_on(page: Page, bench: Bench) -> None:
    go_to_log_in(page, bench)
    type_log_in(page, password="of-somebody-else")
    expect(page.get_by_role("alert")).to_have_text("E-mail address or password is wrong.")
    expect(page.get_by_label("E-mail address")).to_have_value("alice@example.com")
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type("alice-password")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status")).to_have_text("50 tickets")


def test_a_cancelled_log_in_is_told_to_the_page(page: Page, bench: Bench) -> None:
    go_to_log_in(page, bench)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_have_text("access_denied")


def test_a_denied_consent_is_told_to_the_page(page: Page, bench: Bench) -> None:
    go_to_log_in(page, bench)
    type_log_in(page)
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("status")).to_have_text("access_denied")


def test_the_log_in_page_works_without_script(bench: Bench) -> None:
    with bench.page(java_script_enabled=False) as page:
        page.goto(bench.authorize)
        type_log_in(page)
        expect(page).to_have_title("Allow access · mock-sei")
        press(page, "Allow")
        page.wait_for_url("**/callback#access_token=*")


def test_the_applications_origin_may_call_and_another_may_not(page: Page, bench: Bench) -> None:
    call = [bench.server.url + TICKETS, bench.server.token("demo-spa")]
    page.goto(bench.application.url)
    assert page.evaluate(CALL, call) == 200
    page.goto(bench.stranger.url)
    assert page.evaluate(CALL, call) == "TypeError: Failed to fetch"


def test_a_page_of_another_origin_cannot_post_the_log_in(page: Page, bench: Bench) -> None:
    fields = {"username": "alice@example.com", "password": "alice-password", "decision": "allow"}
    page.goto(bench.stranger.url)
    page.evaluate(POST, [bench.authorize, fields])
    expect(page).to_have_title("Request refused · mock-sei")
    assert "posted from a page of another origin" in page.get_by_role("alert").inner_text()


def test_no_page_can_frame_the_log_in(page: Page, bench: Bench) -> None:
    watch = Watch(page)
    page.goto(bench.application.url)
    page.evaluate(FRAME, bench.stranger.url)
    assert framed(page).title() == "Trade tickets"
    assert watch.complaints == []
    page.goto(bench.application.url)
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.evaluate(FRAME, bench.authorize)
    assert framed(page).title() != "Log in · mock-sei"


def framed(page: Page) -> Frame:
    page.frame_locator("iframe").locator("html").wait_for(state="attached")
    frame = page.frame("framed")
    assert frame is not None
    return frame


def test_a_browser_that_does_not_trust_the_certificate_shows_nothing(
    page: Page, bench: Bench
) -> None:
    page.goto(bench.authorize)
    expect(page).to_have_title("Log in · mock-sei")
    with launch(bench.playwright, None) as untrusting, pytest.raises(Error) as refused:
        untrusting.new_page().goto(bench.authorize)
    assert "ERR_CERT_AUTHORITY_INVALID" in str(refused.value)
