"""The portal as a new user walks through it in Chromium, from My Apps to a deleted application."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from playwright.sync_api import Page, expect

from tests.e2e.browser import Bench
from tests.e2e.handshakes import is_let_in
from tests.e2e.portal_steps import (
    CLIENT_SERVER,
    SERVER_SERVER,
    SINGLE_PAGE,
    TEAM,
    add_app,
    content,
    done,
    download,
    keys,
    open_app,
    open_mail,
    reveal,
    states,
    tab_to,
    title_is,
    watched,
)

pytestmark = pytest.mark.needs("chromium")

LINK_MAIL = "Certificate for svc-orders"


def test_by_keyboard_alone_from_my_apps_to_the_certificate(my_apps: Page) -> None:
    page = my_apps
    tab_to(page, "Add App")
    page.keyboard.press("Enter")
    title_is(page, "Add App")
    tab_to(page, "Name")
    page.keyboard.type("orders")
    tab_to(page, "Client-server, without an end user")
    for _ in range(3):  # past the other kinds of client-server applications
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=SERVER_SERVER)).to_be_checked()
    tab_to(page, "Distribution list")
    page.keyboard.type(TEAM)
    tab_to(page, "Register")
    page.keyboard.press("Enter")
    title_is(page, "orders")
    done(page, "The application is approved.")

    secret = page.locator("details.secret code").first
    expect(secret).to_be_hidden()
    tab_to(page, "Show AppKey and AppSecret")
    page.keyboard.press("Enter")
    expect(secret).to_be_visible()

    page.keyboard.press("Home")
    tab_to(page, "Mailbox")
    page.keyboard.press("Enter")
    title_is(page, "Mailbox")
    tab_to(page, LINK_MAIL)
    page.keyboard.press("Enter")
    expect(page.get_by_role("note")).to_contain_text("You are using Chrome")
    tab_to(page, "https://")
    with page.expect_download() as expected:
        page.keyboard.press("Enter")
    assert expected.value.suggested_filename == "certificate.pfx"
    store = load_pkcs12(content(expected.value), b"mock-sei")
    assert store.key
    assert store.cert
    assert "CN=svc-orders" in store.cert.certificate.subject.rfc4514_string()


def test_what_the_pages_show_opens_444(my_apps: Page, bench: Bench, tmp_path: Path) -> None:
    page, server = my_apps, bench.server
    add_app(page)
    pair = keys(page)
    username, password = (
        re.findall(r"(?m)^    (\S+)$", open_mail(page, f"Service account {about} for orders"))[0]
        for about in ("user name", "password")
    )
    open_mail(page, LINK_MAIL)
    store = load_pkcs12(content(download(page)), b"mock-sei")
    assert store.cert
    assert isinstance(store.key, rsa.RSAPrivateKey)
    file = tmp_path / "identity.pem"
    key = store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(key + store.cert.certificate.public_bytes(Encoding.PEM))
    context = server.ssl_context()
    assert not is_let_in(server.two_way_url, context)
    context.load_cert_chain(file)
    form = {"grant_type": "client_credentials", "username": username, "password": password}
    with httpx2.Client(verify=context, base_url=server.two_way_url, trust_env=False) as http:
        answer = http.post("/v2/oauthtoken", auth=(pair[0], pair[1]), data=form)
    assert answer.status_code == 200, answer.text


def test_an_application_waits_for_its_approver(my_apps: Page, bench: Bench) -> None:
    bench.server.reset(approval="manual")
    page = my_apps
    add_app(page)
    done(page, "The application is registered.")
    expect(page.get_by_text("Pending approval")).to_be_visible()
    expect(page.locator("details.secret")).to_have_count(0)
    page.get_by_role("link", name="My Apps").click()
    expect(page.get_by_role("row", name="orders")).to_contain_text("Pending approval")
    page.get_by_role("link", name="Mailbox").click()
    expect(page.get_by_text("No mail was sent")).to_be_visible()
    open_app(page)
    page.get_by_role("button", name="Approve").click()
    done(page, "The application is approved.")
    assert len(keys(page)) == 2
    open_mail(page, LINK_MAIL)


def test_refreshed_keys_replace_the_old_pair_at_once(my_apps: Page, bench: Bench) -> None:
    page = my_apps
    add_app(page)
    before = keys(page)
    reveal(page, "Refresh the keys")
    page.get_by_role("button", name="Refresh keys").click()
    done(page, "The keys are refreshed.")
    after = keys(page)
    assert not set(before) & set(after)

    def error(pair: list[str]) -> str:
        with bench.server.client("svc-orders") as http:
            form = {"grant_type": "none-of-these"}
            answer = http.post("/v2/oauthtoken", auth=(pair[0], pair[1]), data=form)
        return str(answer.json()["error"])

    assert error(before) == "invalid_client"
    assert error(after) == "unsupported_grant_type"


def test_an_application_is_changed(my_apps: Page, bench: Bench) -> None:
    page = my_apps
    add_app(page, kind=CLIENT_SERVER)
    page.get_by_role("link", name="Change").click()
    title_is(page, "Change orders")
    page.get_by_label("Redirect addresses").fill("https://orders.example/back\nhttps://b.example/")
    page.get_by_label("Source addresses").fill("203.0.113.0/24")
    page.get_by_label("All products, including new ones").uncheck()
    page.get_by_label("SMA Trade Order Management").check()
    page.get_by_label("production").uncheck()
    page.get_by_role("button", name="Save").click()
    done(page, "The changes are saved.")
    registered = bench.server.applications["orders"]
    assert registered.redirect_addresses == ("https://orders.example/back", "https://b.example/")
    assert registered.source_addresses == ("203.0.113.0/24",)
    assert registered.products == ("sma-trade-orders",)
    assert registered.environments == ("build", "sandbox", "test")
    expect(page.get_by_text("203.0.113.0/24")).to_be_visible()


def test_an_application_is_deleted_after_a_second_look(my_apps: Page, bench: Bench) -> None:
    page = my_apps
    add_app(page)
    button = page.get_by_role("button", name="Delete orders")
    expect(button).to_be_hidden()
    reveal(page, "Delete the application")
    button.click()
    done(page, "The application is deleted.")
    expect(page.get_by_role("link", name="orders", exact=True)).to_have_count(0)
    assert "orders" not in bench.server.applications


def test_a_one_way_application_has_an_app_key_and_no_certificate(my_apps: Page) -> None:
    page = my_apps
    add_app(page, kind=SINGLE_PAGE)
    assert len(keys(page)) == 1
    expect(page.get_by_role("heading", name="Identity certificate")).to_have_count(0)
    expect(page.get_by_text("implicit on port 443")).to_be_visible()


def test_the_form_asks_only_for_what_the_chosen_kind_has(my_apps: Page) -> None:
    page = my_apps
    page.get_by_role("link", name="Add App").first.click()
    redirects = page.get_by_label("Redirect addresses")
    certificate = page.get_by_role("group", name="Identity certificate")
    for kind, redirected, two_way in (
        (SERVER_SERVER, False, True),
        (CLIENT_SERVER, True, True),
        (SINGLE_PAGE, True, False),
    ):
        page.get_by_role("radio", name=kind).check()
        expect(redirects).to_be_visible(visible=redirected)
        expect(certificate).to_be_visible(visible=two_way)


def test_without_script_everything_works(bench: Bench) -> None:
    with bench.page(java_script_enabled=False) as page, watched(page, bench):
        page.goto(f"{bench.server.url}/portal")
        add_app(page)
        assert len(keys(page)) == 2
        open_mail(page, LINK_MAIL)
        assert load_pkcs12(content(download(page)), b"mock-sei").key
        open_app(page)
        page.get_by_role("button", name="Renew").click()
        assert states(page) == ["current", "superseded"]
        reveal(page, "Delete the application")
        page.get_by_role("button", name="Delete orders").click()
        done(page, "The application is deleted.")


@pytest.mark.parametrize(("width", "script"), [(390, True), (1280, False)])
def test_add_app_shows_only_what_the_chosen_type_needs(
    bench: Bench, width: int, script: bool
) -> None:
    with bench.page(
        java_script_enabled=script, viewport={"width": width, "height": 800}, color_scheme="dark"
    ) as page:
        page.goto(f"{bench.server.url}/portal/apps/new")
        redirects = page.get_by_label("Redirect addresses")
        certificate = page.get_by_role("group", name="Identity certificate")
        orders = page.get_by_label("SMA Trade Order Management")
        for hidden in (redirects, certificate, orders):
            expect(hidden).to_be_hidden()
        page.get_by_role("radio", name=SERVER_SERVER).check()
        expect(certificate).to_be_visible()
        expect(redirects).to_be_hidden()
        page.get_by_role("radio", name=SINGLE_PAGE).check()
        expect(certificate).to_be_hidden()
        expect(redirects).to_be_visible()
        page.get_by_label("All products, including new ones").uncheck()
        expect(orders).to_be_visible()


@pytest.mark.parametrize("width", [390, pytest.param(1280, marks=pytest.mark.nightly)])
def test_the_portal_works_without_script_up_to_the_certificates(bench: Bench, width: int) -> None:
    with bench.page(java_script_enabled=False, viewport={"width": width, "height": 800}) as page:
        page.goto(f"{bench.server.url}/portal")
        add_app(page)
        page.get_by_role("link", name="Chain, dates and history").click()
        expect(page.get_by_role("img", name="Certificate of the account")).to_be_visible()
        expect(page.get_by_role("heading", name="Which file goes where")).to_be_visible()
        page.emulate_media(media="print")
        expect(page.get_by_role("navigation", name="Portal")).to_be_hidden()
        expect(page.get_by_role("img", name="Certificate of the account")).to_be_visible()
