"""Steps of a user in the portal, for the tests of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Dialog, Download, Page, expect

from tests.e2e.browser import FOCUS, Bench, Watch

TEAM = "orders-team@example.com"
SERVER_SERVER = "Server-server, without an end user"
CLIENT_SERVER = "Client-server, with an end user, owned by an SEI client"
SINGLE_PAGE = "Single-page web application, with an end user"

_REFUSED = "the server responded with"
"""Chromium notes every page whose status is an error."""


@contextmanager
def watched(page: Page, bench: Bench) -> Iterator[Watch]:
    """Checks after a test that no script ran, no error came and no other host was called."""
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    watch = Watch(page)
    yield watch
    assert dialogs == []
    assert [each for each in watch.complaints if _REFUSED not in each] == []
    assert watch.origins <= {bench.server.url}


def tab_to(page: Page, name: str) -> None:
    """Presses Tab until this has the focus, and shows it."""
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        text, visible = page.evaluate(FOCUS)
        seen.append(" ".join(text.split()))
        if seen[-1].startswith(name):
            assert visible, name
            return
    raise AssertionError(f"{name} is not among {seen}")


def title_is(page: Page, title: str) -> None:
    expect(page).to_have_title(f"{title} · mock-sei developer portal")


def done(page: Page, words: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(words)


def add_app(page: Page, name: str = "orders", kind: str = SERVER_SERVER) -> None:
    """Registers an application by mouse, with only the required fields."""
    page.get_by_role("link", name="Add App").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("radio", name=kind).check()
    page.get_by_label("Distribution list").fill(TEAM)
    if kind != SERVER_SERVER:
        page.get_by_label("Redirect addresses").fill("https://orders.example/callback")
    page.get_by_role("button", name="Register").click()
    title_is(page, name)


def open_app(page: Page, name: str = "orders") -> None:
    page.get_by_role("link", name="My Apps").click()
    page.get_by_role("link", name=name, exact=True).click()
    title_is(page, name)


def open_mail(page: Page, subject: str) -> str:
    """The text of the newest mail with these words in its subject."""
    page.get_by_role("link", name="Mailbox").first.click()
    page.get_by_role("link", name=subject).first.click()
    expect(page.get_by_role("heading")).to_contain_text(subject)
    return page.locator("pre").inner_text()


def download(page: Page) -> Download:
    """By the link in the mail that is open."""
    with page.expect_download() as expected:
        page.locator("pre").get_by_role("link").click()
    return expected.value


def content(saved: Download) -> bytes:
    return Path(saved.path()).read_bytes()


def states(page: Page) -> list[str]:
    """Of the certificates on an application's page, newest first."""
    return page.locator("td[data-label=State]").all_inner_texts()


def reveal(page: Page, summary: str) -> None:
    page.locator("summary", has_text=summary).first.click()


def keys(page: Page) -> list[str]:
    """The AppKey and, if there is one, the AppSecret, after clicking on the eye."""
    reveal(page, "Show AppKey")
    return page.locator("details.secret code").all_inner_texts()
