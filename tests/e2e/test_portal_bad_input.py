"""The portal in Chromium with wrong, malicious or too long values in its fields."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import Bench
from tests.e2e.portal_steps import (
    CLIENT_SERVER,
    TEAM,
    add_app,
    done,
    keys,
    open_app,
    open_mail,
    reveal,
    title_is,
)

pytestmark = pytest.mark.needs("chromium")

SCRIPT = "\"'><img src=x onerror=alert(1)><svg onload=alert(2)>{{7*7}}"
"""An application may be called so: none of it is a slash."""
CLOSING = f"</textarea></title></style></script><script>alert(3)</script>{SCRIPT}"
MEGABYTES = 10 * 1024 * 1024
UNCHECKED = """() => {
  document.querySelectorAll("form").forEach((form) => { form.noValidate = true });
  document.querySelectorAll("[maxlength]").forEach((each) => each.removeAttribute("maxlength"));
}"""
"""The browser's own checks off, as a program or an old browser has none."""
PASTE = """([id, length]) => { document.getElementById(id).value = "x".repeat(length) }"""


def test_every_wrong_field_is_named_at_once_and_keeps_what_was_entered(my_apps: Page) -> None:
    page = my_apps
    page.get_by_role("link", name="Add App").first.click()
    entered = {
        "Name": "orders/payments",
        "Distribution list": "nobody",
        "Redirect addresses": "javascript:alert(1)",
        "Source addresses": "everywhere",
    }
    page.get_by_role("radio", name=CLIENT_SERVER).check()
    for label, value in entered.items():
        page.get_by_label(label).fill(value)
    for label in ("All products, including new ones", "build", "sandbox", "test", "production"):
        page.get_by_label(label, exact=True).uncheck()
    page.evaluate(UNCHECKED)
    with page.expect_navigation() as expected:
        page.get_by_role("button", name="Register").click()
    assert expected.value.status == 400
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("6 fields need another value")
    for label, value in entered.items():
        field = page.get_by_label(label)
        expect(field).to_have_value(value)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(summary.get_by_role("link", name=label)).to_be_visible()
    for group in ("API products", "Environments"):
        expect(page.get_by_role("group", name=group)).to_contain_text("choose at least one")
    expect(page.get_by_role("radio", name=CLIENT_SERVER)).to_be_checked()
    summary.get_by_role("link", name="Source addresses").click()
    expect(page.get_by_label("Source addresses")).to_be_in_viewport()


def test_an_empty_form_goes_nowhere(my_apps: Page) -> None:
    """The browser itself says which field is missing; without its checks the server does."""
    page = my_apps
    page.get_by_role("link", name="Add App").first.click()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_label("Name")).to_be_focused()
    title_is(page, "Add App")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.evaluate(UNCHECKED)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("Application type and actor: choose one")


def test_a_second_application_of_one_name_is_refused(my_apps: Page) -> None:
    page = my_apps
    add_app(page)
    page.get_by_role("link", name="Add App").first.click()
    page.get_by_label("Name").fill("orders")
    page.get_by_role("radio", name="Server-server").check()
    page.get_by_label("Distribution list").fill(TEAM)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("Name: orders")
    expect(page.get_by_label("Name")).to_have_value("orders")


def test_script_in_every_field_of_the_form_is_text(my_apps: Page) -> None:
    page = my_apps
    page.get_by_role("link", name="Add App").first.click()
    fields = ("Name", "Distribution list", "Redirect addresses", "Source addresses")
    page.evaluate(UNCHECKED)
    page.get_by_role("radio", name=CLIENT_SERVER).check()
    for label in fields:
        page.get_by_label(label).fill(CLOSING)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("need another value")
    for label in fields:
        expect(page.get_by_label(label)).to_have_value(CLOSING)


def test_script_as_a_name_is_text_on_every_page(my_apps: Page, bench: Bench) -> None:
    page = my_apps
    add_app(page, SCRIPT)
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    assert len(keys(page)) == 2
    page.get_by_role("link", name="Change").click()
    title_is(page, f"Change {SCRIPT}")
    expect(page.get_by_label("Name")).to_have_value(SCRIPT)
    account = bench.server.applications[SCRIPT].service_account
    assert SCRIPT in open_mail(page, f"Certificate for {account}")
    open_app(page, SCRIPT)
    reveal(page, "Delete the application")
    page.get_by_role("button", name=f"Delete {SCRIPT}").click()
    done(page, "The application is deleted.")


@pytest.mark.parametrize(
    ("summary", "field", "button"),
    [
        ("Sign your certificate signing request", "request", "Sign it"),
        ("Submit a certificate from your own CA", "certificate", "Submit it"),
        ("Submit a certificate from your own CA", "ca", "Submit it"),
    ],
)
def test_script_in_a_submission_is_text(
    my_apps: Page, summary: str, field: str, button: str
) -> None:
    page = my_apps
    add_app(page)
    reveal(page, summary)
    pasted = f"-----BEGIN {SCRIPT}-----\n{CLOSING}\n-----BEGIN CERTIFICATE-----"
    page.evaluate(UNCHECKED)
    for each in ("request", "certificate", "ca") if field == "request" else ("certificate", "ca"):
        page.locator(f"#{each}").evaluate("(field, text) => { field.value = text }", pasted)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(f"#{field}")).to_have_value(pasted)


def test_script_in_an_address_is_text(my_apps: Page, bench: Bench) -> None:
    page = my_apps
    add_app(page)
    for path in (f"apps/{SCRIPT}", SCRIPT, f"apis/{SCRIPT}", f"mailbox/{SCRIPT}"):
        page.goto(f"{bench.server.url}/portal/{path}".replace("#", ""))
        title_is(page, "Not found")
    page.goto(f"{bench.server.url}/portal?done={SCRIPT}")
    title_is(page, "Dashboard")
    expect(page.get_by_role("status")).to_have_count(0)


def test_a_passphrase_that_is_empty_makes_a_link_with_a_warning(my_apps: Page) -> None:
    page = my_apps
    add_app(page)
    page.get_by_label("Passphrase of the file").fill("")
    page.get_by_role("button", name="New download link").click()
    expect(page.get_by_role("status")).to_contain_text("A new link was mailed")
    expect(page.get_by_text("anybody can read its private key")).to_have_count(1)


@pytest.mark.nightly  # tests/web/portal/test_visit.py sends as many without a browser
@pytest.mark.parametrize("field", ["name", "source_addresses"])
def test_ten_megabytes_in_a_field_of_the_form_show_a_page(my_apps: Page, field: str) -> None:
    page = my_apps
    page.get_by_role("link", name="Add App").first.click()
    page.evaluate(UNCHECKED)
    page.evaluate(PASTE, [field, MEGABYTES])
    with page.expect_navigation() as expected:
        page.get_by_role("button", name="Register").click()
    assert expected.value.status == 413
    expect(page.get_by_role("alert")).to_contain_text("larger than 1048576 bytes")


@pytest.mark.nightly  # the test before sends as many in another field
def test_ten_megabytes_for_a_request_show_a_page(my_apps: Page) -> None:
    page = my_apps
    add_app(page)
    reveal(page, "Sign your certificate signing request")
    page.evaluate(PASTE, ["request", MEGABYTES])
    with page.expect_navigation() as expected:
        page.get_by_role("button", name="Sign it").click()
    assert expected.value.status == 413
    expect(page.get_by_role("alert")).to_contain_text("larger than 1048576 bytes")
