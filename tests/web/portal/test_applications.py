"""My Apps and an application's page: what it shows, and what each of its buttons does."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest

from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from tests.support import Platform
from tests.web.portal.browser import Browser, done, elements, value_of

APP = "/portal/apps/Nightly"
TEAM = "svc-nightly"


@pytest.fixture
def manual(sandbox: Sandbox) -> None:
    sandbox.reset({"approval": "manual"})


def test_my_apps_shows_every_application_and_its_state(browser: Browser, manual: None) -> None:
    """Acceptance row B1."""
    del manual
    browser.registered(name="Waiting one")
    text = browser.get("/portal").text
    for name in browser.platform.sandbox.state.registry.applications.values():
        assert name.name in text
    assert text.count("Pending approval") == 1
    assert text.count("<td>Approved</td>") == 6
    assert 'href="/portal/apps/Waiting%20one"' in text


def test_without_applications_my_apps_says_what_to_do(browser: Browser, sandbox: Sandbox) -> None:
    for app_key in list(sandbox.state.registry.applications):
        sandbox.portal.remove(app_key)
    text = browser.get("/portal").text
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


def test_keys_are_shown_after_approval_and_not_before(
    browser: Browser, platform: Platform, manual: None
) -> None:
    """Acceptance row B1."""
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
    assert "What it needs was mailed" in approved
    assert platform.post_token("Nightly").status_code == 200
    assert TEAM not in waiting
    assert TEAM in approved


def test_approving_twice_mails_once(browser: Browser, sandbox: Sandbox, manual: None) -> None:
    del manual
    browser.registered()
    for _ in range(2):
        done(browser, browser.post(f"{APP}/approve"))
    assert len(sandbox.portal.mailbox) == 3


def test_the_password_is_on_no_page_but_its_mails(browser: Browser, sandbox: Sandbox) -> None:
    application = browser.registered()
    password = sandbox.state.registry.service_accounts[TEAM].password
    for path in ("/portal", APP, f"{APP}/edit", "/portal/mailbox"):
        assert password not in browser.get(path).text
    assert application.app_secret is not None
    assert application.app_secret not in browser.get("/portal").text


def test_refreshed_keys_are_shown_and_the_old_ones_dead(
    browser: Browser, platform: Platform
) -> None:
    old = browser.registered()
    pair = (old.app_key, old.app_secret or "")
    assert platform.post_token("Nightly", auth=pair).status_code == 200

    text = done(browser, browser.post(f"{APP}/keys"))

    assert old.app_key not in text
    assert platform.application("Nightly").app_key in text
    assert platform.post_token("Nightly", auth=pair).status_code == 401


def test_a_deleted_application_is_gone(browser: Browser, platform: Platform) -> None:
    browser.registered()

    text = done(browser, browser.post(f"{APP}/delete"))

    assert "The application is deleted" in text
    assert "Nightly" not in text
    assert browser.get(APP).status_code == 404
    assert browser.post(f"{APP}/delete").status_code == 404
    assert platform.sandbox.state.registry.find_application("Nightly") is None


def test_no_secret_is_written_down(
    browser: Browser, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Journal and log, whatever was sent where."""
    caplog.set_level("DEBUG", logger="mock_sei")
    application = browser.registered()
    account = sandbox.state.registry.service_accounts[TEAM]
    key = sandbox.identity(TEAM).key_pem.decode()
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

    shown = f"{sandbox.journal.to_json()}{list(map(str, sandbox.journal.entries))}{caplog.text}"

    assert "/portal/apps/Nightly/privatekey.key" in shown
    key_line = key.splitlines()[5]
    for secret in (account.password, str(application.app_secret), "hunter2", quote_plus(key_line)):
        assert secret not in shown


def test_a_page_is_answered_on_the_one_way_listener_alone(platform: Platform) -> None:
    http = platform.client("svc-demo", listener=Listener.TWO_WAY)
    assert http.get("/portal/apps/demo-server").status_code == 404
