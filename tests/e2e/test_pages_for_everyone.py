"""The log-in and consent pages in Chromium: layout, keyboard and accessibility."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import (
    DESKTOP,
    FOCUS,
    OVERFLOW,
    PHONE,
    PICTURES_WANTED,
    Bench,
    Watch,
    picture_of,
    violations,
    violations_in_both_schemes,
)

pytestmark = pytest.mark.needs("chromium")


def log_in_page(page: Page, bench: Bench) -> None:
    page.goto(bench.authorize)
    expect(page).to_have_title("Log in · mock-sei")


def wrong_password_page(page: Page, bench: Bench) -> None:
    log_in_page(page, bench)
    page.get_by_label("E-mail address").fill("alice@example.com")
    page.get_by_label("Password").fill("of-somebody-else")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def consent_page(page: Page, bench: Bench) -> None:
    log_in_page(page, bench)
    page.get_by_label("E-mail address").fill("alice@example.com")
    page.get_by_label("Password").fill("alice-password")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title("Allow access · mock-sei")


def refused_page(page: Page, bench: Bench) -> None:
    page.goto(bench.authorize.replace("demo-spa-key", "of-nobody"))
    expect(page).to_have_title("Request refused · mock-sei")


Open = Callable[[Page, Bench], None]
EVERY_PAGE: list[Open] = [log_in_page, wrong_password_page, consent_page, refused_page]
PICTURES: dict[Open, str] = {log_in_page: "login.png", consent_page: "consent.png"}
every_page = pytest.mark.parametrize("open_page", EVERY_PAGE)


@pytest.mark.needs("node", "npm")
@every_page
def test_axe_finds_nothing_to_mend(page: Page, bench: Bench, axe: str, open_page: Open) -> None:
    open_page(page, bench)
    assert violations_in_both_schemes(page, axe) == {}


@pytest.mark.needs("node", "npm")
def test_axe_finds_a_field_without_its_label(page: Page, bench: Bench, axe: str) -> None:
    log_in_page(page, bench)
    page.evaluate("document.querySelector('label[for=password]').remove()")
    assert [rule for rule, _ in violations(page, axe)] == ["label"]


@pytest.mark.parametrize(
    ("open_page", "stops"),
    [
        (log_in_page, ["E-mail address", "Password", "Log in", "Cancel"]),
        (wrong_password_page, ["Password", "Log in", "Cancel"]),
        (consent_page, ["Allow", "Deny"]),
    ],
)
def test_the_keyboard_goes_from_the_first_thing_to_do_downwards_and_shows_where_it_is(
    page: Page, bench: Bench, open_page: Open, stops: list[str]
) -> None:
    open_page(page, bench)
    first, *others = stops
    if open_page is consent_page:  # nobody consents by an Enter too many
        page.keyboard.press("Tab")
    page.wait_for_function(f"({FOCUS})()[0] === {first!r}")
    assert page.evaluate(FOCUS) == [first, True]
    for stop in others:
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS) == [stop, True]


@pytest.mark.parametrize("open_page", [log_in_page, consent_page])
def test_a_page_asks_nobody_else_and_complains_of_nothing(
    page: Page, bench: Bench, open_page: Open
) -> None:
    watch = Watch(page)
    open_page(page, bench)
    assert watch.complaints == []
    assert watch.origins == {bench.server.url}


def test_a_style_that_the_policy_does_not_know_is_complained_of(page: Page, bench: Bench) -> None:
    """The watch sees what the test before finds absent."""
    watch = Watch(page)
    log_in_page(page, bench)
    with page.expect_console_message():
        page.evaluate(
            "document.head.append(Object.assign(document.createElement('style'), "
            "{ textContent: 'body { color: red }' }))"
        )
    assert "Content Security Policy" in watch.complaints[0]


@every_page
def test_a_page_fits_its_window(page: Page, bench: Bench, open_page: Open) -> None:
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    open_page(page, bench)
    for width, height in (PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OVERFLOW) == 0, width
    picture = PICTURES.get(open_page)
    if picture and PICTURES_WANTED:
        picture_of(page, picture, height=640 if open_page is log_in_page else 560)
