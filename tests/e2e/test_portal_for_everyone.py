"""All pages of the portal in Chromium: layout, keyboard and accessibility."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote

import pytest
from httpx2 import TransportError
from playwright.sync_api import Page, expect

from tests.e2e.browser import (
    DESKTOP,
    OVERFLOW,
    PHONE,
    PICTURES_WANTED,
    Bench,
    Watch,
    picture_of,
    violations,
    violations_in_both_schemes,
)
from tests.e2e.page_checks import (
    BROKEN_WORDS,
    the_keyboard_reaches_everything_in_order_and_shows_where_it_is,
)
from tests.e2e.portal_steps import CLIENT_SERVER, TEAM, title_is
from tests.e2e.serving import THOROUGH

pytestmark = pytest.mark.needs("chromium")

OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true })"
SCROLLED = """() => [...document.querySelectorAll(".scroll")]
  .filter((each) => each.scrollWidth > each.clientWidth).length"""
"""Tables of which a part has to be scrolled to."""


def dashboard(page: Page, bench: Bench) -> None:
    """With faults, refusals and certificates that end sooner and later."""
    orders(bench)
    bench.server.certificate("svc-demo")
    bench.server.clock.advance(days=90)
    bench.server.certificate("svc-web")
    bench.server.faults.add("POST /v2/oauthtoken", status=503, times=2)
    with bench.server.client() as http:
        http.get("/v1/order/tradetickets")
    page.goto(f"{bench.server.url}/portal")
    title_is(page, "Dashboard")
    expect(page.locator(".live-state")).to_have_text("Live")


def dashboard_unfolded(page: Page, bench: Bench) -> None:
    dashboard(page, bench)
    page.evaluate(OPEN_ALL)


def my_apps(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apps")
    title_is(page, "My Apps")


def my_apps_in_use(page: Page, bench: Bench) -> None:
    """With calls, a refusal, and a certificate that ends soon."""
    orders(bench)
    bench.server.clock.advance(days=705)
    bench.server.token("demo-web")
    bench.server.token("demo-server")
    with bench.server.client("svc-demo") as http:
        http.get("/v1/order/tradetickets")
    my_apps(page, bench)


def add_app(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apps/new")
    title_is(page, "Add App")


def add_app_with_errors(page: Page, bench: Bench) -> None:
    add_app(page, bench)
    page.get_by_role("radio", name=CLIENT_SERVER).check()
    page.get_by_label("Name").fill("orders/payments")
    page.get_by_label("Distribution list").fill(TEAM)
    page.get_by_label("Source addresses").fill("everywhere")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_be_visible()


def registered(page: Page, bench: Bench) -> None:
    """With two certificates, links live and dead, every part of the page unfolded."""
    orders(bench)
    bench.server.certificate_link("svc-orders")
    bench.server.certificate_link("svc-orders", renew=True)
    page.goto(f"{bench.server.url}/portal/apps/orders")
    title_is(page, "orders")
    page.evaluate(OPEN_ALL)


def registered_and_folded(page: Page, bench: Bench) -> None:
    orders(bench)
    page.goto(f"{bench.server.url}/portal/apps/orders")
    title_is(page, "orders")


def refused_request(page: Page, bench: Bench) -> None:
    registered_and_folded(page, bench)
    page.locator("summary", has_text="Sign your certificate signing request").click()
    page.get_by_label("Certificate signing request").fill("no request")
    page.get_by_role("button", name="Sign it").click()
    expect(page.get_by_role("alert")).to_be_visible()


def all_certificates(page: Page, bench: Bench) -> None:
    orders(bench)
    page.goto(f"{bench.server.url}/portal/certificates")
    title_is(page, "Certificates")


def history(page: Page, bench: Bench) -> None:
    """With a certificate of every kind, after the first notice."""
    orders(bench)
    bench.server.clock.advance(days=300)
    bench.server.certificate_link("svc-orders", renew=True)
    bench.server.certificate("svc-orders", "untrusted")
    bench.server.certificate("svc-orders", "expired")
    bench.server.clock.advance(days=650)
    page.goto(f"{bench.server.url}/portal/apps/orders/certificates")
    title_is(page, "Certificates of orders")


def wrong_certificate(page: Page, bench: Bench) -> None:
    history(page, bench)
    page.get_by_role("row", name="untrusted").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("A certificate of svc-orders")


def one_way(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apps/demo-spa")
    title_is(page, "demo-spa")


def pending(page: Page, bench: Bench) -> None:
    bench.server.reset(approval="manual")
    orders(bench)
    page.goto(f"{bench.server.url}/portal/apps/orders")
    expect(page.get_by_text("Pending approval")).to_be_visible()


def edit(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apps/demo-web/edit")
    title_is(page, "Change demo-web")


def empty_mailbox(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/mailbox")
    title_is(page, "Mailbox")


def mailbox(page: Page, bench: Bench) -> None:
    orders(bench)
    bench.server.clock.advance(days=725)
    empty_mailbox(page, bench)


def mail(page: Page, bench: Bench) -> None:
    orders(bench)
    page.goto(f"{bench.server.url}/portal/mailbox/3")
    title_is(page, "Certificate for svc-orders: your download link")


def dead_link(page: Page, bench: Bench) -> None:
    link = bench.server.certificate_link("svc-demo")
    bench.server.certificate_link("svc-demo")
    page.goto(link)
    title_is(page, "Dead link")


def catalogue(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apis")
    title_is(page, "APIs")


def product(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apis/sma-trade-orders")
    title_is(page, "SMA Trade Order Management")


def tried_operation(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apis/sma-trade-orders/POST/v1/order/tradetickets")
    page.get_by_label("Application").select_option("demo-native")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("The answer has status 201")).to_be_visible()


def tried_in_vain(page: Page, bench: Bench) -> None:
    bench.server.faults.add("GET /v2/investors", cut="before-headers")
    page.goto(f"{bench.server.url}/portal/apis/investors/GET/v2/investors")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("There is no answer")).to_be_visible()


def tried_with_a_wrong_field(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/apis/investors/GET/v2/investors")
    page.get_by_text("Optional parameters").click()
    page.get_by_label("section query").fill("no pair")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.evaluate(OPEN_ALL)


def journal(page: Page, bench: Bench) -> None:
    with bench.server.client() as http:
        http.get("/v1/order/tradetickets")
    page.goto(f"{bench.server.url}/portal/journal")
    title_is(page, "Journal")
    page.evaluate(OPEN_ALL)


def journal_with_every_kind_of_entry(page: Page, bench: Bench) -> None:
    calls(bench)
    page.goto(f"{bench.server.url}/portal/journal?application=")
    title_is(page, "Journal")
    expect(page.get_by_text("TLS alert: certificate_required")).to_be_visible()
    page.evaluate(OPEN_ALL)


def journal_without_an_entry_that_fits(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/journal?status=x&text=nowhere")
    expect(page.get_by_role("alert")).to_be_visible()


def journal_entry(page: Page, bench: Bench) -> None:
    calls(bench)
    page.goto(f"{bench.server.url}/portal/journal/3?bodies")
    title_is(page, "Entry 3")


def journal_entry_as_curl(page: Page, bench: Bench) -> None:
    calls(bench)
    page.goto(f"{bench.server.url}/portal/journal/3/curl")
    title_is(page, "As curl: entry 3")


def calls(bench: Bench) -> None:
    """A handshake that fails, a call that is answered, one that is refused."""
    server = bench.server
    with server.client() as http, suppress(TransportError):
        http.get(server.two_way_url)
    token = server.token("svc-demo")
    headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
    with server.client("svc-web") as http:
        http.get("/v1/order/tradetickets", headers=headers)


def not_found(page: Page, bench: Bench) -> None:
    page.goto(f"{bench.server.url}/portal/nowhere")
    title_is(page, "Not found")


def orders(bench: Bench) -> None:
    bench.server.applications.register(
        name="orders", type="server-server", actor="server", distribution_list=TEAM
    )


LONG_NAME = f"L{'ong' * 26}!"
"""As long as a name may be, without a place where a line may end."""


def long_names(bench: Bench) -> None:
    """An application with a long name, which is called and refused, and has faults."""
    server = bench.server
    registered = server.applications.register(
        name=LONG_NAME, type="server-server", actor="server", distribution_list=TEAM
    )
    account = registered.service_account
    server.token(LONG_NAME)
    with server.client(account) as http:
        http.get("/v1/order/tradetickets")
        http.get(f"/v1/{'segment' * 40}")
    server.faults.add("GET /v2/investors", application=LONG_NAME, status=503)
    server.faults.add("GET /v2/investors", query={"q" * 60: "x" * 300}, status=503)


def dashboard_with_long_names(page: Page, bench: Bench) -> None:
    long_names(bench)
    page.goto(f"{bench.server.url}/portal")
    title_is(page, "Dashboard")


def certificates_with_long_names(page: Page, bench: Bench) -> None:
    long_names(bench)
    page.goto(f"{bench.server.url}/portal/certificates")
    title_is(page, "Certificates")


def details_with_long_names(page: Page, bench: Bench) -> None:
    long_names(bench)
    page.goto(f"{bench.server.url}/portal/apps/{quote(LONG_NAME)}")
    title_is(page, LONG_NAME)
    page.evaluate(OPEN_ALL)


def journal_with_long_names(page: Page, bench: Bench) -> None:
    long_names(bench)
    page.goto(f"{bench.server.url}/portal/journal")
    title_is(page, "Journal")


def dashboard_after_years(page: Page, bench: Bench) -> None:
    bench.server.certificate("svc-demo")
    bench.server.clock.advance(days=20 * 365)
    page.goto(f"{bench.server.url}/portal")
    title_is(page, "Dashboard")


def certificates_after_years(page: Page, bench: Bench) -> None:
    dashboard_after_years(page, bench)
    page.goto(f"{bench.server.url}/portal/certificates")
    title_is(page, "Certificates")


def no_applications(page: Page, bench: Bench) -> None:
    for each in list(bench.server.applications):
        bench.server.applications.remove(each.name)
    my_apps(page, bench)


Open = Callable[[Page, Bench], None]
ONE_OF_EACH_KIND: list[Open] = [
    my_apps_in_use,
    add_app_with_errors,
    registered,
    all_certificates,
    history,
    mail,
    dead_link,
    product,
    tried_operation,
    journal_with_every_kind_of_entry,
    journal_entry,
    dashboard_with_long_names,
    no_applications,
]
"""With each change. A visit takes seconds, and these have every part of the others."""
OTHERS: list[Open] = [
    dashboard,
    dashboard_unfolded,
    add_app,
    registered_and_folded,
    refused_request,
    wrong_certificate,
    one_way,
    pending,
    edit,
    empty_mailbox,
    mailbox,
    catalogue,
    tried_in_vain,
    tried_with_a_wrong_field,
    journal,
    journal_without_an_entry_that_fits,
    journal_entry_as_curl,
    not_found,
    certificates_with_long_names,
    details_with_long_names,
    journal_with_long_names,
    dashboard_after_years,
    certificates_after_years,
]
every_page = pytest.mark.parametrize(
    "open_page",
    [*ONE_OF_EACH_KIND, *(pytest.param(each, marks=pytest.mark.nightly) for each in OTHERS)],
)


class Picture(NamedTuple):
    """A page as it is kept in docs/."""

    file: str
    open_page: Open
    height: int


PICTURES = (
    Picture("portal-dashboard.png", dashboard, 800),
    Picture("portal-apps.png", my_apps_in_use, 880),
    Picture("portal-add-app.png", add_app, 975),
    Picture("portal-details.png", registered_and_folded, 1226),
    Picture("portal-certificate.png", history, 1340),
    Picture("portal-mail.png", mail, 1060),
    Picture("portal-operation.png", tried_operation, 1430),
)


@pytest.mark.needs("node", "npm")
@every_page
def test_a_page_fits_its_window_asks_nobody_else_and_needs_neither_mouse_nor_eyes(
    page: Page, bench: Bench, axe: str, open_page: Open
) -> None:
    """One visit for all of it: a page is dear to open."""
    watch = Watch(page)
    open_page(page, bench)
    # But for Chromium's own note of an error's status.
    assert [each for each in watch.complaints if "the server responded with" not in each] == []
    assert watch.origins == {bench.server.url}
    assert violations_in_both_schemes(page, axe) == {}
    for width, height in (PHONE, DESKTOP):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(OVERFLOW) == 0, width
        assert page.evaluate(SCROLLED) == 0, width
        assert page.evaluate(BROKEN_WORDS) == [], width
    the_keyboard_reaches_everything_in_order_and_shows_where_it_is(page)


@pytest.mark.needs("node", "npm")
def test_axe_finds_a_field_without_its_label(page: Page, bench: Bench, axe: str) -> None:
    add_app(page, bench)
    page.evaluate("document.querySelector('label[for=name]').remove()")
    assert "label" in [rule for rule, _ in violations(page, axe)]


@pytest.mark.needs("node", "npm")
def test_axe_finds_what_is_too_pale_in_one_scheme(page: Page, bench: Bench, axe: str) -> None:
    add_app(page, bench)
    for scheme, colour in (("light", "#fff"), ("dark", "#000")):
        page.evaluate("(colour) => { document.querySelector('h1').style.color = colour }", colour)
        found = violations_in_both_schemes(page, axe)
        assert [rule for rule, _ in found[scheme]] == ["color-contrast"]


@pytest.mark.parametrize("change", ["style.outline = 'none'", "tabIndex = -1"])
def test_a_link_that_the_keyboard_misses_or_does_not_show_is_found(
    page: Page, bench: Bench, change: str
) -> None:
    my_apps(page, bench)
    page.evaluate(f"document.querySelector('main a').{change}")
    with pytest.raises(AssertionError):
        the_keyboard_reaches_everything_in_order_and_shows_where_it_is(page)


def test_the_skip_link_shows_itself_and_skips(page: Page, bench: Bench) -> None:
    my_apps(page, bench)
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).not_to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").get_by_role("link", name="Add App")).to_be_focused()


@pytest.mark.parametrize(
    "picture",
    PICTURES if THOROUGH or PICTURES_WANTED else PICTURES[:2],
    ids=lambda picture: picture.file,
)
def test_what_the_documents_show_fits_its_picture(
    page: Page, bench: Bench, picture: Picture
) -> None:
    """``make screenshots`` takes the pictures here, on a day that stays the same."""
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    bench.server.clock.set(datetime(2026, 3, 2, 9, 30, tzinfo=UTC))
    picture.open_page(page, bench)
    assert page.evaluate("document.body.scrollHeight") >= picture.height
    if PICTURES_WANTED:
        picture_of(page, picture.file, height=picture.height)
