"""Registration, the portal, what is mailed, and the life of a certificate."""

from __future__ import annotations

from typing import Any

from tests.facts.table import cannot, shown
from tests.oauth.flows import call
from tests.support import Served, registration
from tests.web.portal.browser import Browser, done

SECURITY = "faq/security"
REGISTRATION = "faq/app-registration"
STARTED = "gettingstarted"
STARTED_OLD = "apis/gettingstarted"
TLS = "two-way-tls"
CERTIFICATE = "frequently-asked-questions/what-sei-cert"
APP = "/portal/apps/Nightly"


def mails(served: Served) -> list[Any]:
    """Those of a new server application."""
    served.platform.portal.register(registration())
    return list(served.platform.portal.mailbox)


def artifacts(served: Served) -> object:
    made = served.platform.portal.register(registration())
    account = served.platform.state.registry.service_accounts[str(made.service_account)]
    identity = served.platform.certificates.identity(account.username)
    return [
        bool(each)
        for each in (account.username, account.password, made.app_key, made.app_secret, identity)
    ]


def recipients(served: Served) -> object:
    return {each.recipient for each in mails(served)}


def credentials_mailed(served: Served) -> object:
    texts = [each.text for each in mails(served)]
    accounts = served.platform.state.registry.service_accounts
    password = accounts["svc-nightly"].password
    return any("svc-nightly" in each for each in texts), any(password in each for each in texts)


def keys_wait(served: Served) -> object:
    """Whether the page shows the AppKey before and after the approval."""
    served.platform.reset({"approval": "manual"})
    browser = Browser(served)
    application = browser.registered()
    before = browser.get(APP).text
    after = done(browser, browser.post(f"{APP}/approve"))
    return application.app_key in before, application.app_key in after


def my_apps(served: Served) -> object:
    text = Browser(served).get("/portal/apps").text
    return "demo-server" in text, "Approved" in text


def add_app(served: Served) -> object:
    browser = Browser(served)
    text = browser.get("/portal/apps/new").text
    return "API products" in text, browser.registered(products=["payments"]).products


def other_products(served: Served) -> object:
    return "APISolutions@seic.com" in Browser(served).get("/portal/apps/new").text


def choice_of_certificate(served: Served) -> object:
    browser = Browser(served)
    text = browser.get("/portal/apps/new").text
    return 'value="sei"' in text, 'value="own"' in text


def refreshed_keys(served: Served) -> object:
    """What the old token opens, and what the old pair gets, after the keys were refreshed."""
    old, token = served.application("demo-server"), served.token()
    served.platform.portal.refresh_keys("demo-server")
    http = served.client()
    pair = (old.app_key, old.app_secret or "")
    form = served.form()
    headers = {"AppKey": old.app_key, "Authorization": f"Bearer {token}"}
    return (
        served.get(headers=headers).status_code,
        http.post("/v2/oauthtoken", auth=pair, data=form).status_code,
        served.post_token().status_code,
    )


def deleted(served: Served) -> object:
    portal = served.platform.portal
    first = portal.register(registration())
    portal.remove("Nightly")
    gone = served.platform.state.registry.find_application("Nightly") is None
    second = portal.register(registration())
    return gone, first.app_key != second.app_key, first.app_secret != second.app_secret


def pairs(served: Served) -> object:
    """Whether two applications have nothing in common."""
    portal = served.platform.portal
    first, second = (portal.register(registration(name=each)) for each in ("First", "Second"))
    return {first.app_key, first.app_secret}.isdisjoint({second.app_key, second.app_secret})


def environment_of(served: Served) -> object:
    """The demo application that has one environment, in it and elsewhere."""
    elsewhere = served.post_token("demo-limited").status_code
    served.platform.reset({"environment": "build"})
    return elsewhere, call(served, served.token("demo-limited"), "demo-limited")


PORTAL = (
    shown(
        "artifacts-01",
        "five artifacts: user name and password of the account, AppKey, AppSecret, certificate",
        STARTED,
        artifacts,
        [True] * 5,
    ),
    shown(
        "artifacts-02",
        "user name and password come by mail",
        STARTED,
        credentials_mailed,
        (True, True),
    ),
    shown(
        "artifacts-03",
        "the mails go to the distribution list of the team",
        STARTED,
        recipients,
        {"team@example.com"},
    ),
    cannot(
        "artifacts-04",
        "the certificate comes one to two days after the approval",
        STARTED,
        "it comes at once here, so that a test need not wait",
    ),
    cannot(
        "artifacts-05",
        "SiteMinder issues user name and password",
        STARTED,
        "which product issues them is not seen by a client",
    ),
    shown(
        "portal-01",
        "My Apps lists applications with their state",
        REGISTRATION,
        my_apps,
        (True, True),
    ),
    shown(
        "portal-02",
        "Add App: products are chosen from those there are",
        REGISTRATION,
        add_app,
        (True, ("payments",)),
    ),
    shown(
        "portal-03",
        "products that are not shown are requested at an address of SEI",
        REGISTRATION,
        other_products,
        True,
    ),
    shown(
        "portal-04",
        "the form has the choice of an SEI certificate",
        SECURITY,
        choice_of_certificate,
        (True, True),
    ),
    shown(
        "portal-05",
        "AppKey and AppSecret appear after the approval only",
        REGISTRATION,
        keys_wait,
        (False, True),
    ),
    shown(
        "portal-06",
        "after a refresh of the keys the old values work at no API",
        REGISTRATION,
        refreshed_keys,
        (401, 401, 200),
    ),
    shown(
        "portal-07",
        "Delete removes application and keys; registering again gives another pair",
        REGISTRATION,
        deleted,
        (True, True, True),
    ),
    shown(
        "portal-08",
        "an application has rights in environments",
        "oauth-token",
        environment_of,
        (401, 200),
    ),
    shown(
        "portal-14",
        "AppKey and AppSecret are one pair for each application",
        REGISTRATION,
        pairs,
        True,
    ),
    cannot(
        "portal-15",
        "end users may need an account in SEI's user store, which SEI makes",
        "faq/authentication",
        "it is done by people; two end users are there from the start",
    ),
    cannot(
        "portal-09",
        "there is no self sign-up: access comes through a relationship manager",
        STARTED,
        "it is done by people; the portal here has no log-in",
    ),
    cannot(
        "portal-10",
        "new users get two mails, and choose security questions and a password",
        "faq/authentication",
        "the portal here has no users",
    ),
    cannot(
        "portal-11",
        "a forgotten password is mended at the log-in page",
        "faq/authentication",
        "the portal here has no users",
    ),
    cannot(
        "portal-12",
        "SEI refreshes keys when a client's manager asks for it",
        REGISTRATION,
        "it is done by people; a button does it here",
    ),
    cannot(
        "portal-13",
        "terms of use can change at any time",
        "legal",
        "it is no behaviour of an API",
    ),
)
