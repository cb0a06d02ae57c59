"""What an application's page says about calling with it: its own keys, account and addresses."""

from __future__ import annotations

import html
import json
import re
import shlex
from dataclasses import replace

import pytest

from mock_sei.platform import Platform
from mock_sei.rules.records import ServiceAccount
from mock_sei.web.portal.calls import (
    CODE,
    PASSWORD_OF_MAIL,
    PASSWORD_OF_USER,
    TOKEN,
    plan_call,
    quoted,
)
from tests.support import Served
from tests.web.portal.browser import Browser, is_unbroken

APP = "/portal/apps/Nightly"
CLIENTS = (
    "curl",
    "Python, requests",
    "Python, httpx2",
    "Python, aiohttp",
    "Java",
    "Node",
    "Go",
    ".NET",
    "Postman",
)


def section(browser: Browser, name: str) -> str:
    text = browser.get(f"/portal/apps/{name}").text
    return text.partition('aria-labelledby="call-title"')[2].partition("</section>")[0]


def programs(browser: Browser, name: str) -> dict[str, str]:
    """The lines of each client, by the client's name."""
    title = r"<summary>(?:<svg.*?</svg>)? ?([^<]+)</summary>"
    folded = rf'<details class="call"[^>]*>\s*{title}(.*?)</details>'
    found = re.findall(folded, section(browser, name), re.DOTALL)
    return {
        title.strip(): html.unescape(re.findall(r"<pre>(.*?)</pre>", text, re.DOTALL)[0])
        for title, text in found
    }


@pytest.mark.parametrize(
    "name", ["demo-server", "demo-web", "demo-internal", "demo-spa", "demo-native", "demo-limited"]
)
def test_every_client_has_lines_with_the_applications_own_key(
    browser: Browser, served: Served, name: str
) -> None:
    shown, application = programs(browser, name), served.application(name)
    assert tuple(shown) == CLIENTS
    for client, text in shown.items():
        if client == "Postman":
            assert text == f"mock-sei postman --application {name}"
            continue
        assert application.app_key in text
        assert (f"certs/{application.service_account}/" in text) is bool(
            application.service_account
        )


def test_secrets_are_only_in_lines_that_the_reader_unfolds(
    browser: Browser, served: Served
) -> None:
    application = browser.registered()
    text = browser.get(APP).text
    outside = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    assert application.app_secret is not None
    assert application.app_secret in text
    assert application.app_secret not in outside
    assert "<details open" not in section(browser, "Nightly")
    password = served.platform.registry.service_accounts["svc-nightly"].password
    assert password not in text
    assert PASSWORD_OF_MAIL in text


def test_a_demo_account_needs_no_replacement(browser: Browser) -> None:
    assert PASSWORD_OF_MAIL not in section(browser, "demo-server")
    assert "svc-demo-password" in programs(browser, "demo-server")["curl"]


def test_a_pending_application_shows_no_call(browser: Browser, platform: Platform) -> None:
    platform.reset({"approval": "manual"})
    application = browser.registered()
    text = browser.get(APP).text
    assert "Call it like this" not in text
    assert application.app_key not in text


def test_the_button_to_approve_comes_first(browser: Browser, platform: Platform) -> None:
    platform.reset({"approval": "manual"})
    browser.registered()
    text = browser.get(APP).text
    assert text.count("Approve the application") == 1
    assert text.index("Approve the application") < text.index('id="keys-title"')


@pytest.mark.parametrize(
    ("name", "placeholder"),
    [("demo-web", CODE), ("demo-native", CODE), ("demo-spa", TOKEN), ("demo-internal", None)],
)
def test_the_log_in_page_is_named_where_a_user_logs_in(
    browser: Browser, name: str, placeholder: str | None
) -> None:
    text = html.unescape(section(browser, name))
    assert ("/v2/oauth/authorize?client_id=" in text) is (placeholder is not None)
    assert ("code_challenge=" in text) is (name == "demo-native")
    if placeholder is not None:
        assert placeholder in programs(browser, name)["curl"]


def test_the_password_of_a_user_who_is_no_demo_user_is_not_shown(
    browser: Browser, platform: Platform
) -> None:
    users = platform.registry.end_users
    users["alice@example.com"] = replace(users["alice@example.com"], password="of-a-person")
    text = section(browser, "demo-internal")
    assert "of-a-person" not in text
    assert PASSWORD_OF_USER in text


def test_the_addresses_are_those_by_which_the_browser_came(browser: Browser) -> None:
    for host in ("localhost", "mock-sei.example"):
        page = browser.get("/portal/apps/demo-server", host=host)
        assert f"https://{host}:" in page.text
        assert ("mock-sei.example" in page.text) is (host != "localhost")


def test_the_call_is_one_that_the_application_may_make(
    browser: Browser, platform: Platform
) -> None:
    name = next(each for each in platform.catalogue.products if each != "sma-trade-orders")
    browser.registered(products=[name])
    path = re.search(r"calls <code>([^<]+)</code>", section(browser, "Nightly"))
    assert path is not None
    called = path[1].partition("?")[0]
    operations = platform.catalogue.products[name].operations.values()
    assert ("GET", called) in [(each.method, each.path) for each in operations]


HOSTILE = "a'b\"c$(d)`e\\f"


@pytest.mark.long
def test_hostile_keys_and_passwords_are_quoted_in_every_language(
    browser: Browser, served: Served
) -> None:
    accounts = served.platform.registry.service_accounts
    application = served.change("demo-server", app_secret=HOSTILE)
    accounts["svc-demo"] = ServiceAccount(username="svc-demo", password=HOSTILE)
    plan = plan_call(served.platform, served.platform.addresses, application, HOSTILE)
    words = shlex.split(plan.curl.splitlines()[0].removeprefix("TOKEN=$("))
    assert f"demo-server-key:{HOSTILE}" in words
    assert f"password={HOSTILE}" in words
    shown = programs(browser, "demo-server")
    for client in CLIENTS[1:-1]:
        assert (
            quoted(HOSTILE) in shown[client]
            or quoted(f"demo-server-key:{HOSTILE}") in (shown[client])
        )
    assert json.loads(quoted(HOSTILE)) == HOSTILE
    assert is_unbroken(browser.get("/portal/apps/demo-server"))


def test_python_programs_are_python(browser: Browser) -> None:
    for name in ("demo-server", "demo-web", "demo-spa", "demo-native", "demo-internal"):
        shown = programs(browser, name)
        for client in CLIENTS[1:4]:
            compile(shown[client], client, "exec")


def test_the_files_of_an_own_key_are_not_to_be_downloaded(browser: Browser) -> None:
    browser.registered(certificate="own")
    text = section(browser, "Nightly")
    assert "truststore.p12" in text
    assert "service-accounts/svc-nightly/privatekey.key" not in text
