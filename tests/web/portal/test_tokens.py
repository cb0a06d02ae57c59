"""The state of an application's tokens on its page, and the state of all on My Apps."""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.certificates.held import AccountCertificate
from mock_sei.platform import Platform
from mock_sei.rules.records import Application, Environment
from tests.support import Served
from tests.web.portal.browser import Browser

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _stopped(platform: Platform) -> None:
    platform.clock.freeze()
    platform.clock.set(START)


def words(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def tokens(browser: Browser, name: str) -> str:
    text = browser.get(f"/portal/apps/{name}").text
    return words(text.partition('aria-labelledby="tokens-title"')[2].partition("</section>")[0])


def row(browser: Browser, name: str, path: str = "/portal/apps") -> str:
    text = browser.get(path).text
    return words(text.partition(f'">{name}</a>')[2].partition("</tr>")[0])


def consent(platform: Platform, name: str = "demo-web", user: str = "alice@example.com") -> str:
    """Stores a consent as the log-in page does; returns its family."""
    oauth = platform.state.oauth
    application = platform.registry.require_application(name)
    session = oauth.sessions.start(user)
    return oauth.authorize(
        application, user=user, scope="ilservices", session=session.identifier
    ).family


def test_the_page_says_that_access_tokens_are_not_stored(browser: Browser) -> None:
    shown = tokens(browser, "demo-server")
    assert "The server stores no access tokens." in shown
    assert "acts without users" in shown
    assert "No user has a consent" in tokens(browser, "demo-web")


def test_a_consent_shows_its_user_its_refresh_token_and_its_session(
    browser: Browser, platform: Platform
) -> None:
    family = consent(platform)
    shown = tokens(browser, "demo-web")
    assert "alice@example.com ilservices valid until 2026-04-01 09:30 UTC" in shown
    assert "live until 2026-03-02 10:30 UTC" in shown
    oauth = platform.state.oauth
    authorization = oauth.authorizations.find(family)
    assert authorization is not None
    assert str(authorization.refresh_token) not in browser.get("/portal/apps/demo-web").text
    assert authorization.session not in browser.get("/portal/apps/demo-web").text
    oauth.authorizations.rotate(authorization)
    platform.clock.advance(timedelta(days=31))
    later = tokens(browser, "demo-web")
    assert "ended at 2026-04-01 09:30 UTC renewed 1 time ended" in later
    assert "alice" not in tokens(browser, "demo-native")


def test_revocations_are_counted_once_for_each_consent(
    browser: Browser, platform: Platform
) -> None:
    oauth, first = platform.state.oauth, consent(platform)
    consent(platform)
    for _ in range(2):
        oauth.end_family(first)
    shown = tokens(browser, "demo-web")
    assert "Revoked 1 consent, last at 2026-03-02 09:30 UTC" in shown
    assert shown.count("alice@example.com") == 1
    assert "Revoked none" in tokens(browser, "demo-native")


def test_a_token_without_a_consent_is_revoked_and_counted(browser: Browser, served: Served) -> None:
    token = served.post_token().json()["access_token"]
    for _ in range(2):
        with served.client() as http:
            answer = http.post(
                "/v2/oauth/revoke",
                auth=("demo-server-key", "demo-server-secret"),
                data={"token": token},
            )
        assert answer.status_code == 200
    assert "Revoked 1 token, last at" in tokens(browser, "demo-server")


def test_many_consents_are_counted_and_the_newest_are_shown(
    browser: Browser, platform: Platform
) -> None:
    for _ in range(23):
        consent(platform)
    shown = tokens(browser, "demo-web")
    assert shown.count("alice@example.com") == 20
    assert "3 older consents are not shown" in shown


def test_my_apps_shows_last_call_and_refusals_of_today(
    browser: Browser, served: Served, platform: Platform
) -> None:
    assert "none 0 all" in row(browser, "demo-server")
    served.post_token()
    served.post_token(password="wrong")
    assert row(browser, "demo-server").endswith("2026-03-02 09:30 UTC, now 1 all")
    platform.clock.advance(timedelta(days=2))
    assert row(browser, "demo-server").endswith("2026-03-02 09:30 UTC, 2 days ago 0 all")


def test_my_apps_shows_the_end_of_the_certificate_and_makes_none(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    assert "2028-03-02 in 731 days" in row(browser, "Nightly")
    assert "none yet" in row(browser, "demo-limited")
    assert "one-way TLS" in row(browser, "demo-native")
    assert not platform.certificates.of("svc-limited")
    platform.clock.advance(timedelta(days=700))
    text = browser.get("/portal/apps").text
    assert '<span class="problem">in 31 days</span>' in text


def test_my_apps_names_the_environments_of_each(browser: Browser, served: Served) -> None:
    served.change("demo-spa", environments=(Environment.BUILD, Environment.TEST))
    assert row(browser, "demo-spa").endswith("build, test")
    assert row(browser, "demo-server").endswith("all")


@pytest.mark.long
def test_a_page_of_thousands_of_applications_looks_up_only_what_it_shows(
    browser: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = platform.registry
    pattern = registry.require_application("demo-spa")
    account = registry.require_application("demo-server").service_account
    for number in range(5000):
        key = f"key-{number}"
        registry.applications[key] = replace(
            pattern, name=f"app-{number}", app_key=key, service_account=account
        )
    asked: list[Application] = []
    find = AccountCertificates.current

    def counted(self: AccountCertificates, username: str) -> AccountCertificate | None:
        asked.append(registry.require_application(username))
        return find(self, username)

    monkeypatch.setattr(AccountCertificates, "current", counted)
    browser.get("/portal/apps?page=3")  # compiles the template
    asked.clear()
    began = time.process_time()
    page = browser.get("/portal/apps?page=50")
    spent = time.process_time() - began
    assert len(asked) == 50
    assert len(page.content) < 200_000
    assert spent < 2.0, "seconds of CPU; usually a few hundredths"
