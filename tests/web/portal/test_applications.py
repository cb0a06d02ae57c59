"""My Apps and an application's page: what it shows, and what each of its buttons does."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mock_sei.certificates.accounts import Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.records import Application
from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from tests.certificates.client_ca import NOW, ClientCA, pem, request
from tests.support import Platform
from tests.web.portal.browser import INJECTED, Browser, elements, is_unbroken, value_of
from tests.web.portal.test_routes import check_page

APP = "/portal/apps/Nightly"
TEAM = "svc-nightly"


@pytest.fixture
def manual(sandbox: Sandbox) -> None:
    sandbox.reset({"approval": "manual"})


def done(browser: Browser, answer: httpx2.Response) -> str:
    """The page that follows a button, and says so."""
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert 'role="status"' in page.text
    return page.text


# The list and the keys


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


# Certificates and links


def test_the_first_look_at_a_seeded_application_offers_its_certificate(
    browser: Browser,
) -> None:
    """Nobody asked for it before: the page makes it and can deliver it."""
    text = browser.get("/portal/apps/demo-limited").text
    assert "New download link" in text
    assert ">current<" in text


def test_an_application_without_account_has_no_certificate(browser: Browser) -> None:
    text = browser.get("/portal/apps/demo-native").text
    assert "Identity certificate" not in text
    for action in ("link", "renew", "request", "certificate", "revoke", "privatekey.key"):
        answer = browser.post(
            f"/portal/apps/demo-native/{action}", {"passphrase": "x", "serial_number": "1"}
        )
        assert answer.status_code == 400
        assert "has no service account and no certificate" in answer.text
        check_page(answer)


def test_a_new_link_is_one_click(browser: Browser, sandbox: Sandbox) -> None:
    """Acceptance row B7."""
    browser.registered()
    form = {"format": "p12", "passphrase": "chosen-one", "legacy": "true"}

    text = done(browser, browser.post(f"{APP}/link", form))

    old, new = sandbox.portal.links.of(TEAM)
    assert "a newer link took its place" in text
    assert old.find_problem(NOW) is not None
    assert (new.delivery.format, new.delivery.passphrase) == ("p12", "chosen-one")
    assert new.delivery.legacy
    assert sandbox.portal.mailbox.last.link is new
    assert new.token not in text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"format": "exe", "passphrase": "x"}, "format"),
        ({"format": "pfx", "passphrase": ""}, "passphrase"),
        ({"format": INJECTED, "passphrase": ""}, "format"),
        ({}, "passphrase"),
    ],
)
@pytest.mark.parametrize("action", ["link", "renew"])
def test_a_link_that_cannot_be_made_is_told(
    browser: Browser, sandbox: Sandbox, form: dict[str, str], field: str, action: str
) -> None:
    browser.registered()
    page = browser.post(f"{APP}/{action}", form)

    assert page.status_code == 400
    assert f'id="{field}-problem"' in page.text
    assert is_unbroken(page)
    assert len(sandbox.portal.links.of(TEAM)) == 1
    assert len(sandbox.certificates.of(TEAM)) == 1


def test_a_renewal_leaves_the_first_as_it_is(browser: Browser, sandbox: Sandbox) -> None:
    browser.registered()
    first = sandbox.identity(TEAM)

    text = done(browser, browser.post(f"{APP}/renew", {"passphrase": "x"}))

    assert [text.count(f">{state}<") for state in ("current", "valid", "revoked")] == [1, 1, 0]
    assert sandbox.identity(TEAM) != first
    assert sandbox.judge_certificate(first.peer) is None


def test_certificates_are_shown_with_their_state(browser: Browser, sandbox: Sandbox) -> None:
    browser.registered()
    for variant in (Variant.NOT_YET_VALID, Variant.UNTRUSTED, Variant.EXPIRED):
        sandbox.issue_certificate(TEAM, variant)
    text = browser.get(APP).text
    for state in ("current", "not valid yet", "a untrusted one", "expired"):
        assert f">{state}<" in text
    sandbox.clock.set(sandbox.identity(TEAM).not_after + timedelta(days=2))
    assert ">current<" not in browser.get(APP).text


def test_a_revoked_certificate_lets_nobody_in_and_can_be_followed_by_another(
    browser: Browser, sandbox: Sandbox
) -> None:
    browser.registered()
    identity = sandbox.identity(TEAM)

    text = done(
        browser, browser.post(f"{APP}/revoke", {"serial_number": f"{identity.serial_number:x}"})
    )

    assert ">revoked<" in text
    assert ">current<" not in text
    assert len(sandbox.certificates.of(TEAM)) == 1  # looking makes none
    assert sandbox.judge_certificate(identity.peer) is not None
    done(browser, browser.post(f"{APP}/link", {"passphrase": "x"}))
    assert sandbox.certificates.current(TEAM) is not None


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        ("", 400, "not a hexadecimal number"),
        ("xyz", 400, "not a hexadecimal number"),
        ("<script>", 400, "not a hexadecimal number"),
        ("abc", 404, "has no certificate with the serial number abc"),
        ("f" * 100_000, 404, "has no certificate"),
    ],
)
def test_what_is_no_certificate_of_it_is_not_revoked(
    browser: Browser, sandbox: Sandbox, number: str, status: int, words: str
) -> None:
    browser.registered()
    page = browser.post(f"{APP}/revoke", {"serial_number": number})
    assert page.status_code == status
    assert words in page.text
    assert len(page.text) < 20_000
    check_page(page)
    assert sandbox.certificates.current(TEAM) is not None


def test_another_applications_certificate_is_not_revoked(
    browser: Browser, sandbox: Sandbox
) -> None:
    browser.registered()
    other = sandbox.identity("svc-demo")
    answer = browser.post(f"{APP}/revoke", {"serial_number": f"{other.serial_number:x}"})
    assert answer.status_code == 404
    assert sandbox.judge_certificate(other.peer) is None


@pytest.mark.parametrize("passphrase", ["", "chosen-one", "ü☃", "x" * 1023])
def test_the_private_key_alone_is_a_file(browser: Browser, passphrase: str) -> None:
    browser.registered()

    answer = browser.post(f"{APP}/privatekey.key", {"key_passphrase": passphrase})

    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="privatekey.key"'
    assert answer.headers["Cache-Control"] == "no-store"
    secret = passphrase.encode() or None
    assert load_pem_private_key(answer.content, secret) is not None


def test_a_passphrase_too_long_for_a_key_is_told(browser: Browser) -> None:
    browser.registered()
    page = browser.post(f"{APP}/privatekey.key", {"key_passphrase": "x" * 1024})
    assert page.status_code == 400
    assert "longer than 1023 bytes" in page.text
    check_page(page)


# Requests and certificates of the client's own


@pytest.fixture
def own(browser: Browser) -> Application:
    return browser.registered(certificate="own")


def test_a_request_is_signed_and_its_link_mailed(
    browser: Browser, sandbox: Sandbox, own: Application
) -> None:
    """Acceptance row B10."""
    assert "There is none yet" in browser.get(APP).text

    text = done(browser, browser.post(f"{APP}/request", {"request": pem(request(TEAM))}))

    (held,) = sandbox.certificates.of(str(own.service_account))
    assert held.origin is Origin.SIGNED
    assert "from your request" in text
    link = sandbox.portal.mailbox.last.link
    assert link is not None
    answer = browser.get(link.path)
    assert answer.content == held.certificate_pem.encode()
    assert "Private key alone" not in text
    assert 'value="pfx"' not in text
    assert browser.post(f"{APP}/privatekey.key").status_code == 404


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("wanted", ["pfx", "p12"])
def test_a_file_with_the_clients_key_cannot_be_linked(
    browser: Browser, sandbox: Sandbox, wanted: str
) -> None:
    browser.post(f"{APP}/request", {"request": pem(request(TEAM))})
    page = browser.post(f"{APP}/link", {"format": wanted, "passphrase": "x"})
    assert page.status_code == 400
    assert f"a {wanted} holds the private key" in page.text
    assert len(sandbox.portal.links.of(TEAM)) == 1


@pytest.mark.usefixtures("own")
def test_without_a_certificate_of_its_own_there_is_no_link(browser: Browser) -> None:
    page = browser.post(f"{APP}/link", {"passphrase": "x"})
    assert page.status_code == 404
    assert "brings its own certificate" in page.text


@pytest.mark.usefixtures("own")
def test_an_own_certificate_opens_444(browser: Browser, sandbox: Sandbox) -> None:
    """Acceptance row B10."""
    ca = ClientCA.create()
    identity = ca.identity(TEAM)
    assert sandbox.judge_certificate(identity.peer) is not None

    form = {"certificate": pem(identity.certificate), "ca": ca.pem}
    text = done(browser, browser.post(f"{APP}/certificate", form))

    assert "by your own CA" in text
    assert "opens port 444" in text
    assert sandbox.judge_certificate(identity.peer) is None
    assert "New download link" not in text
    http = browser.platform.client(identity)
    assert browser.platform.post_token("Nightly", http=http).status_code == 200


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("text", [INJECTED, f"{INJECTED}</textarea>", "", "-----BEGIN x-----"])
@pytest.mark.parametrize(
    ("action", "field"), [("request", "request"), ("certificate", "certificate")]
)
def test_what_is_not_acceptable_is_told_at_its_field_and_kept(
    browser: Browser, sandbox: Sandbox, text: str, action: str, field: str
) -> None:
    page = browser.post(f"{APP}/{action}", {field: text, "ca": text})

    assert page.status_code == 400
    assert f'id="{field}-problem"' in page.text
    assert value_of(page, field) == text
    check_page(page)
    assert sandbox.certificates.of(TEAM) == []
    assert "form refused" in sandbox.journal.last.notes[0]


@pytest.mark.usefixtures("own")
def test_a_ca_that_did_not_sign_is_told_at_its_field(browser: Browser) -> None:
    certificate = pem(ClientCA.create().sign(TEAM))
    form = {"certificate": certificate, "ca": ClientCA.create("Other").pem}
    page = browser.post(f"{APP}/certificate", form)
    assert page.status_code == 400
    assert 'id="ca-problem"' in page.text
    assert str(value_of(page, "certificate")).split() == certificate.split()


# What is written down


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
    for secret in (account.password, str(application.app_secret), "hunter2", key_line):
        assert secret not in shown


def test_a_page_is_answered_on_the_one_way_listener_alone(platform: Platform) -> None:
    http = platform.client("svc-demo", listener=Listener.TWO_WAY)
    assert http.get("/portal/apps/demo-server").status_code == 404
