"""The mailbox's pages: the list, a mail, its file, and the button that deletes all mails."""

from __future__ import annotations

import email
import email.policy

from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Letter
from tests.web.portal.browser import INJECTED, Browser, elements, is_unbroken


def test_an_empty_mailbox_says_what_fills_it(browser: Browser) -> None:
    text = browser.get("/portal/mailbox").text
    assert "No mail was sent since the last reset" in text
    assert "Delete all mails" not in text


def test_mails_stand_newest_first_with_their_links_state(
    browser: Browser, platform: Platform
) -> None:
    application = browser.registered()
    (link,) = platform.portal.links.of(str(application.service_account))

    text = browser.get("/portal/mailbox").text
    positions = [text.index(f'href="/portal/mailbox/{number}"') for number in (3, 2, 1)]

    assert positions == sorted(positions)
    assert "link live until" in text
    browser.get(link.path)
    assert "link dead: it was used at" in browser.get("/portal/mailbox").text
    platform.portal.remove(application.name)
    browser.registered(name="Another")
    assert browser.get("/portal/mailbox").text.count("link live until") == 1


def test_the_link_of_a_deleted_application_is_shown_dead(
    browser: Browser, platform: Platform
) -> None:
    application = browser.registered()
    platform.portal.remove(application.name)

    assert "live until" not in browser.get("/portal/mailbox").text
    assert "dead: its application was deleted" in browser.get("/portal/mailbox/3").text


def test_a_mail_shows_what_it_says_and_its_link_is_the_download(
    browser: Browser, platform: Platform
) -> None:
    application = browser.registered()
    username = str(application.service_account)
    (link,) = platform.portal.links.of(username)
    password = platform.state.registry.service_accounts[username].password

    pages = [browser.get(f"/portal/mailbox/{number}").text for number in (1, 2, 3)]

    assert [username in page for page in pages] == [True, False, True]
    assert [password in page for page in pages] == [False, True, False]
    assert f'href="{platform.portal.link_url(link)}"' in pages[2]
    assert "Do not open the link with Google Chrome" in pages[2]
    assert "Google Chrome" not in pages[0]
    assert link.find_problem(platform.clock.now()) is None


def test_a_renewal_notice_stands_there_when_its_time_has_come(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    platform.clock.advance(days=725)
    text = browser.get("/portal/mailbox").text
    for days in (90, 30, 7):
        assert f"Certificate of svc-nightly ends in {days} days" in text


def test_a_mail_is_downloaded_as_a_file_that_mail_programs_read(browser: Browser) -> None:
    browser.registered(name="Zürich <é>")

    answer = browser.get("/portal/mailbox/2.eml")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "message/rfc822"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mail-2.eml"'
    assert answer.headers["Cache-Control"] == "no-store"
    read = email.message_from_bytes(answer.content, policy=email.policy.default)
    assert read["Subject"] == "Service account password for Zürich <é>"
    assert read["To"] == "team@example.com"


def test_the_mailbox_is_emptied(browser: Browser) -> None:
    browser.registered()

    answer = browser.post("/portal/mailbox/clear")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/portal/mailbox"
    assert "No mail was sent" in browser.get("/portal/mailbox").text
    assert browser.get("/portal/mailbox/1").status_code == 404


def test_a_script_in_a_mail_is_text(browser: Browser, platform: Platform) -> None:
    letter = Letter(
        sender=INJECTED,
        subject=INJECTED,
        text=f"{INJECTED} https://localhost/{INJECTED} javascript:alert(1) https://x/'onload=",
    )
    platform.portal.mailbox.send(letter, to=INJECTED, at=platform.clock.now())

    for path in ("/portal/mailbox", "/portal/mailbox/1"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "&lt;script&gt;alert(1)" in page.text
        assert is_unbroken(page)
        for _, attributes in elements(page):
            assert not str(attributes.get("href")).startswith("javascript:")
    assert browser.get("/portal/mailbox/1.eml").status_code == 200
