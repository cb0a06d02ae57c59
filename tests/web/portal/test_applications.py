"""My Apps and an application's page: their content, and the actions of their buttons."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus

import httpx2
import pytest

from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Letter
from mock_sei.portal.portal import Portal
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from tests.support import InProcess, Served
from tests.web.portal.browser import Browser, done, elements, is_unbroken, value_of

APP = "/portal/apps/Nightly"
TEAM = "svc-nightly"


@pytest.fixture
def manual(platform: Platform) -> None:
    platform.reset({"approval": "manual"})


def test_my_apps_shows_every_application_and_its_state(browser: Browser, manual: None) -> None:
    del manual
    browser.registered(name="Waiting one")
    text = browser.get("/portal/apps").text
    for name in browser.served.platform.state.registry.applications.values():
        assert name.name in text
    assert text.count("Pending approval") == 1
    assert text.count(">Approved</td>") == 6
    assert 'href="/portal/apps/Waiting%20one"' in text


def test_without_applications_my_apps_says_what_to_do(browser: Browser, platform: Platform) -> None:
    for app_key in list(platform.state.registry.applications):
        platform.portal.remove(app_key)
    text = browser.get("/portal/apps").text
    assert "No application is registered" in text


@pytest.mark.parametrize("name", ["a b", "100%", "a?b#c", "ä&<é>", "日本", "a;b=c+d"])
def test_every_name_has_a_page_that_its_link_leads_to(browser: Browser, name: str) -> None:
    answer = browser.register(name=name, certificate="own")
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    links = [found.get("href") for tag, found in elements(page) if tag == "a"]
    edit = next(str(link) for link in links if link and link.endswith("/edit"))
    assert value_of(browser.get(edit), "name") == name


@pytest.mark.long
def test_keys_are_shown_after_approval_and_not_before(
    browser: Browser, served: Served, manual: None
) -> None:
    del manual
    application = browser.registered()
    waiting = browser.get(APP).text

    approved = done(browser, browser.post(f"{APP}/approve"))

    assert application.app_secret is not None
    for key in (application.app_key, application.app_secret):
        assert key not in waiting
        assert key in approved
    assert "Pending approval" in waiting
    assert "Approved" in approved
    assert "Its credentials were mailed" in approved
    assert served.post_token("Nightly").status_code == 200
    assert TEAM not in waiting
    assert TEAM in approved


def test_approving_twice_mails_once(browser: Browser, platform: Platform, manual: None) -> None:
    del manual
    browser.registered()
    for _ in range(2):
        done(browser, browser.post(f"{APP}/approve"))
    assert len(platform.portal.mailbox) == 3


@pytest.mark.parametrize("name", ["demo-server", "demo-web", "demo-internal", "demo-limited"])
def test_the_password_of_a_demo_account_is_behind_the_eye(browser: Browser, name: str) -> None:
    page = browser.get(f"/portal/apps/{name}").text
    account = browser.served.application(name).service_account
    _, _, behind = page.partition("Show the password")
    assert behind.partition("</details>")[0].count(f"<code>{account}-password</code>") == 1
    assert "This account is one of mock-sei" in page
    assert "was sent once, by mail" not in page


@pytest.mark.long
def test_the_password_of_an_own_account_is_shown_by_no_page_whatever_its_name(
    browser: Browser, platform: Platform
) -> None:
    accounts = platform.state.registry.service_accounts
    accounts["svc-demo"] = replace(accounts["svc-demo"], password="of-the-user-alone")
    page = browser.get("/portal/apps/demo-server").text
    assert "of-the-user-alone" not in page
    assert "svc-demo-password" not in page
    assert "was sent once, by mail" in page


def test_an_account_of_the_user_s_fixtures_has_its_password_in_their_file(
    browser: Browser, platform: Platform
) -> None:
    mine = replace(
        platform.state.registry.service_accounts["svc-demo"], password="of-the-user-alone"
    )
    platform.fixtures = replace(platform.fixtures, registry=platform.fixtures.registry.copy())
    platform.fixtures.registry.service_accounts["svc-demo"] = mine
    platform.reset()
    page = browser.get("/portal/apps/demo-server").text
    assert "of-the-user-alone" not in page
    assert "The password is in the <code>platform.toml</code>" in page


@pytest.mark.long
def test_the_password_is_on_no_page_but_its_mails(browser: Browser, platform: Platform) -> None:
    application = browser.registered()
    password = platform.state.registry.service_accounts[TEAM].password
    for path in ("/portal", "/portal/apps", APP, f"{APP}/edit", "/portal/mailbox"):
        assert password not in browser.get(path).text
    assert application.app_secret is not None
    assert application.app_secret not in browser.get("/portal/apps").text


def test_refreshed_keys_are_shown_and_the_old_ones_dead(browser: Browser, served: Served) -> None:
    old = browser.registered()
    pair = (old.app_key, old.app_secret or "")
    assert served.post_token("Nightly", auth=pair).status_code == 200

    text = done(browser, browser.post(f"{APP}/keys"))

    assert old.app_key not in text
    assert served.application("Nightly").app_key in text
    assert served.post_token("Nightly", auth=pair).status_code == 401


@pytest.mark.long
def test_a_deleted_application_is_gone(browser: Browser, served: Served) -> None:
    browser.registered()

    text = done(browser, browser.post(f"{APP}/delete"))

    assert "The application is deleted" in text
    assert "Nightly" not in text
    assert browser.get(APP).status_code == 404
    assert browser.post(f"{APP}/delete").status_code == 404
    assert served.platform.state.registry.find_application("Nightly") is None


@pytest.mark.long
def test_no_secret_is_written_down(
    browser: Browser, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """Journal and log do not show it."""
    caplog.set_level("DEBUG", logger="mock_sei")
    application = browser.registered()
    account = platform.state.registry.service_accounts[TEAM]
    key = platform.certificates.identity(TEAM).key_pem.decode()
    passphrases = {"passphrase": "hunter2-link", "key_passphrase": "hunter2-key"}
    for path in (
        APP,
        f"{APP}/edit",
        "/portal/mailbox",
        "/portal/mailbox/2",
        "/portal/mailbox/2.eml",
    ):
        browser.get(path)
    for action in ("link", "renew", "privatekey.key"):
        browser.post(f"{APP}/{action}", passphrases)
        browser.post(f"{APP}/{action}", passphrases | {"format": "exe"})
        browser.http.post(f"{APP}/{action}", data=passphrases)  # refused, and written down
        browser.http.get(f"{APP}/{action}", params=passphrases)
    for secret in (account.password, str(application.app_secret)):
        browser.post("/portal/apps", {"name": f"{secret}/", "distribution_list": secret})
        browser.post(f"{APP}/request", {"request": secret})
        browser.post(f"{APP}/link", {"format": secret, "passphrase": "hunter2-link"})
        browser.post(f"{APP}/revoke", {"serial_number": secret})
        browser.get(f"/portal/apps/{secret}", Referer=f"https://localhost/portal?x={secret}")
    browser.post(f"{APP}/request", {"request": key})
    browser.post(f"{APP}/certificate", {"certificate": key, "ca": key})

    shown = f"{platform.journal.to_json()}{list(map(str, platform.journal.entries))}{caplog.text}"

    assert "/portal/apps/Nightly/privatekey.key" in shown
    key_line = key.splitlines()[5]
    for secret in (account.password, str(application.app_secret), "hunter2", quote_plus(key_line)):
        assert secret not in shown


def test_a_page_is_answered_on_the_one_way_listener_alone(served: Served) -> None:
    http = served.client("svc-demo", listener=Listener.TWO_WAY)
    assert http.get("/portal/apps/demo-server").status_code == 404


# Many of them


def many(served: Served, number: int) -> None:
    registry = served.platform.registry
    spa = registry.require_application("demo-spa")
    for each in range(number):
        registry.register(replace(spa, name=f"page {each}", app_key=f"key-{each}"), None)


def followed(browser: Browser, page: httpx2.Response, rel: str) -> httpx2.Response | None:
    links = [found["href"] for tag, found in elements(page) if found.get("rel") == rel]
    return browser.get(str(links[0])) if links else None


def rows(page: httpx2.Response) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', page.text)


def test_fifty_applications_are_on_a_page(browser: Browser, served: Served) -> None:
    many(served, 100)
    names = [each.name for each in served.platform.registry.applications.values()]
    page: httpx2.Response | None = browser.get("/portal/apps")
    seen = []
    while page is not None:
        seen.append(rows(page))
        last, page = page, followed(browser, page, "next")

    assert [len(each) for each in seen] == [50, 50, 6]
    assert [each for part in seen for each in part] == names
    assert "101 to 106 of 106" in last.text
    before = followed(browser, last, "prev")
    assert before is not None
    assert rows(before) == seen[1]


@pytest.mark.parametrize("number", ["0", "-1", "x", "²", "1" * 5000])
def test_a_page_that_is_no_number_is_the_first(browser: Browser, number: str) -> None:
    assert "demo-server" in rows(browser.get(f"/portal/apps?page={number}"))


def test_a_page_beyond_the_last_leads_back(browser: Browser) -> None:
    page = browser.get("/portal/apps?page=99")
    assert page.status_code == 200
    assert "The list has no such page" in page.text


@pytest.mark.parametrize("sought", ["demo-server", "demo-server-key", "svc-demo", " demo-server "])
def test_what_is_sought_by_its_whole_name_is_opened(browser: Browser, sought: str) -> None:
    answer = browser.get(f"/portal/apps?find={quote_plus(sought)}")
    assert answer.headers["Location"] == "/portal/apps/demo-server"


def test_what_is_sought_by_a_part_of_its_name_is_listed(browser: Browser, served: Served) -> None:
    many(served, 100)
    page = browser.get("/portal/apps?find=PAGE")
    assert rows(page) == [f"page {each}" for each in range(50)]
    later = followed(browser, page, "next")
    assert later is not None
    assert rows(later) == [f"page {each}" for each in range(50, 100)]
    nothing = browser.get("/portal/apps?find=%3Cscript%3E")
    assert "&lt;script&gt;" in nothing.text
    assert rows(nothing) == []
    assert is_unbroken(nothing)


@pytest.mark.long
def test_fifty_mails_are_on_a_page_the_newest_first(browser: Browser, platform: Platform) -> None:
    for number in range(106):
        letter = Letter(sender="mock-sei", subject=f"mail {number}", text="text")
        platform.portal.mailbox.send(letter, to="x@example.com", at=platform.clock.now())
    page: httpx2.Response | None = browser.get("/portal/mailbox")
    seen = []
    while page is not None:
        seen.append(rows(page))
        last, page = page, followed(browser, page, "next")

    assert [each for part in seen for each in part] == [
        f"mail {each}" for each in reversed(range(106))
    ]
    assert [len(each) for each in seen] == [50, 50, 6]
    assert "101 to 106 of 106" in last.text
    before = followed(browser, last, "prev")
    assert before is not None
    assert rows(before) == seen[1]
    platform.portal.mailbox.clear()
    platform.portal.send_link("svc-demo")
    assert "no mails on this page" in browser.get("/portal/mailbox?before=7").text


def test_fifty_certificates_are_on_a_page_and_the_older_are_counted(
    browser: Browser, platform: Platform
) -> None:
    platform.certificates.identity("svc-demo")
    for _ in range(51):
        platform.certificates.issue("svc-demo")

    text = browser.get("/portal/apps/demo-server").text

    assert text.count('data-label="Serial number"') == 50
    assert "2 older certificates are not shown" in text


def test_the_link_of_a_deleted_application_does_not_lead_to_its_successor(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    (old,) = platform.portal.links.of(TEAM)
    platform.portal.remove("Nightly")
    browser.registered(distribution_list="successor@example.com")

    page = browser.get(old.path, accept="text/html")

    assert page.status_code == 410
    assert "its application was deleted" in page.text
    assert APP not in page.text


def test_the_loop_is_free_while_a_page_makes_a_key(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handlers do not run in the thread that serves all listeners."""
    threads = set()
    register = Portal.register

    def seen(portal: Portal, fields: Mapping[str, Any]) -> Application:
        threads.add(threading.current_thread())
        return register(portal, fields)

    monkeypatch.setattr(Portal, "register", seen)
    browser.registered(certificate="own")
    loop = InProcess.portal
    assert loop is not None
    assert threads
    assert loop.call(threading.current_thread) not in threads
