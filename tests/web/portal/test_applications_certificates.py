"""An application's certificates on its page: links, renewal, revocation, requests, own ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mock_sei.certificates.held import Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.platform import Platform
from mock_sei.rules.records import Application
from tests.certificates.client_ca import NOW, ClientCA, pem, request
from tests.web.portal.browser import INJECTED, Browser, done, is_unbroken, value_of
from tests.web.portal.test_routes import check_page

pytestmark = pytest.mark.long

APP = "/portal/apps/Nightly"
TEAM = "svc-nightly"


def test_the_first_look_at_a_seeded_application_offers_its_certificate(
    browser: Browser,
) -> None:
    """The certificate was not needed before: the page creates it and can deliver it."""
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


def test_a_new_link_is_one_click(browser: Browser, platform: Platform) -> None:
    browser.registered()
    form = {"format": "p12", "passphrase": "chosen-one", "legacy": "true"}

    text = done(browser, browser.post(f"{APP}/link", form))

    old, new = platform.portal.links.of(TEAM)
    assert "a newer link took its place" in text
    assert old.find_problem(NOW) is not None
    assert (new.delivery.format, new.delivery.passphrase) == ("p12", "chosen-one")
    assert new.delivery.legacy
    assert platform.portal.mailbox.last.link is new
    assert new.token not in text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"format": "exe", "passphrase": "x"}, "format"),
        ({"format": INJECTED, "passphrase": ""}, "format"),
    ],
)
@pytest.mark.parametrize("action", ["link", "renew"])
def test_a_link_that_cannot_be_made_is_told(
    browser: Browser, platform: Platform, form: dict[str, str], field: str, action: str
) -> None:
    browser.registered()
    page = browser.post(f"{APP}/{action}", form)

    assert page.status_code == 400
    assert f'id="{field}-problem"' in page.text
    assert is_unbroken(page)
    assert len(platform.portal.links.of(TEAM)) == 1
    assert len(platform.certificates.of(TEAM)) == 1


@pytest.mark.parametrize(
    ("form", "passphrase"),
    [({"passphrase": ""}, ""), ({"format": "p12", "passphrase": ""}, ""), ({}, "mock-sei")],
)
def test_an_emptied_field_is_an_empty_passphrase_and_an_absent_one_the_usual_one(
    browser: Browser, platform: Platform, form: dict[str, str], passphrase: str
) -> None:
    browser.registered()

    text = done(browser, browser.post(f"{APP}/link", form))

    link = platform.portal.links.of(TEAM)[-1]
    assert link.delivery.passphrase == passphrase
    assert ("anybody can read its private key" in text) is (passphrase == "")
    mail = platform.portal.mailbox.last.text
    assert ("anybody can read its private key" in mail) is (passphrase == "")


def test_a_dead_link_warns_of_nothing(browser: Browser, platform: Platform) -> None:
    browser.registered()
    browser.post(f"{APP}/link", {"passphrase": ""})
    browser.get(platform.portal.links.of(TEAM)[-1].path)
    assert "anybody can read its private key" not in browser.get(APP).text


def test_a_renewal_leaves_the_first_as_it_is(browser: Browser, platform: Platform) -> None:
    browser.registered()
    first = platform.certificates.identity(TEAM)

    text = done(browser, browser.post(f"{APP}/renew", {"passphrase": "x"}))

    assert [text.count(f">{state}<") for state in ("current", "superseded", "revoked")] == [1, 1, 0]
    assert platform.certificates.identity(TEAM) != first
    assert platform.judge_certificate(first.peer) is None


def test_certificates_are_shown_with_their_state(browser: Browser, platform: Platform) -> None:
    browser.registered()
    for variant in (Variant.NOT_YET_VALID, Variant.UNTRUSTED, Variant.EXPIRED):
        platform.certificates.issue(TEAM, variant)
    text = browser.get(APP).text
    for state in ("current", "not valid yet", "untrusted", "expired"):
        assert f">{state}<" in text
    platform.clock.set(platform.certificates.identity(TEAM).not_after + timedelta(days=2))
    assert ">current<" not in browser.get(APP).text


def test_a_revoked_certificate_lets_nobody_in_and_can_be_followed_by_another(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    identity = platform.certificates.identity(TEAM)

    text = done(
        browser, browser.post(f"{APP}/revoke", {"serial_number": f"{identity.serial_number:x}"})
    )

    assert ">revoked<" in text
    assert ">current<" not in text
    assert len(platform.certificates.of(TEAM)) == 1  # looking makes none
    assert platform.judge_certificate(identity.peer) is not None
    done(browser, browser.post(f"{APP}/link", {"passphrase": "x"}))
    assert platform.certificates.current(TEAM) is not None


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
    browser: Browser, platform: Platform, number: str, status: int, words: str
) -> None:
    browser.registered()
    page = browser.post(f"{APP}/revoke", {"serial_number": number})
    assert page.status_code == status
    assert words in page.text
    assert len(page.text.partition("</style>")[2]) < 5_000
    check_page(page)
    assert platform.certificates.current(TEAM) is not None


def test_another_applications_certificate_is_not_revoked(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    other = platform.certificates.identity("svc-demo")
    answer = browser.post(f"{APP}/revoke", {"serial_number": f"{other.serial_number:x}"})
    assert answer.status_code == 404
    assert platform.judge_certificate(other.peer) is None


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
    browser: Browser, platform: Platform, own: Application
) -> None:
    assert "There is no certificate yet" in browser.get(APP).text

    text = done(browser, browser.post(f"{APP}/request", {"request": pem(request(TEAM))}))

    (held,) = platform.certificates.of(str(own.service_account))
    assert held.origin is Origin.SIGNED
    assert "from your request" in text
    link = platform.portal.mailbox.last.link
    assert link is not None
    answer = browser.get(link.path)
    assert answer.content == held.certificate_pem.encode()
    assert "Private key only" not in text
    assert 'value="pfx"' not in text
    assert browser.post(f"{APP}/privatekey.key").status_code == 404


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("wanted", ["pfx", "p12"])
def test_a_file_with_the_clients_key_cannot_be_linked(
    browser: Browser, platform: Platform, wanted: str
) -> None:
    browser.post(f"{APP}/request", {"request": pem(request(TEAM))})
    page = browser.post(f"{APP}/link", {"format": wanted, "passphrase": "x"})
    assert page.status_code == 400
    assert f"a {wanted} holds the private key" in page.text
    assert len(platform.portal.links.of(TEAM)) == 1


@pytest.mark.usefixtures("own")
def test_without_a_certificate_of_its_own_there_is_no_link(browser: Browser) -> None:
    page = browser.post(f"{APP}/link", {"passphrase": "x"})
    assert page.status_code == 404
    assert "brings its own certificate" in page.text


@pytest.mark.usefixtures("own")
def test_an_own_certificate_opens_444(browser: Browser, platform: Platform) -> None:
    ca = ClientCA.create()
    identity = ca.identity(TEAM)
    assert platform.judge_certificate(identity.peer) is not None

    form = {"certificate": pem(identity.certificate), "ca": ca.pem}
    text = done(browser, browser.post(f"{APP}/certificate", form))

    assert "your own CA" in text
    assert "The two-way listener accepts it" in text
    assert platform.judge_certificate(identity.peer) is None
    assert "New download link" not in text
    http = browser.served.client(identity)
    assert browser.served.post_token("Nightly", http=http).status_code == 200


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("text", [INJECTED, f"{INJECTED}</textarea>", "", "-----BEGIN x-----"])
@pytest.mark.parametrize(
    ("action", "field"), [("request", "request"), ("certificate", "certificate")]
)
def test_what_is_not_acceptable_is_told_at_its_field_and_kept(
    browser: Browser, platform: Platform, text: str, action: str, field: str
) -> None:
    page = browser.post(f"{APP}/{action}", {field: text, "ca": text})

    assert page.status_code == 400
    assert f'id="{field}-problem"' in page.text
    assert value_of(page, field) == text
    check_page(page)
    assert platform.certificates.of(TEAM) == []
    assert "form refused" in platform.journal.last.notes[0]


@pytest.mark.usefixtures("own")
def test_a_ca_that_did_not_sign_is_told_at_its_field(browser: Browser) -> None:
    certificate = pem(ClientCA.create().sign(TEAM))
    form = {"certificate": certificate, "ca": ClientCA.create("Other").pem}
    page = browser.post(f"{APP}/certificate", form)
    assert page.status_code == 400
    assert 'id="ca-problem"' in page.text
    assert str(value_of(page, "certificate")).split() == certificate.split()


def test_a_private_key_that_was_pasted_is_not_shown_again(browser: Browser) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----\n"
    forms = {"request": {"request": key}, "certificate": {"certificate": "mine", "ca": key}}
    for action, form in forms.items():
        answer = browser.post(f"/portal/apps/demo-server/{action}", form)
        assert answer.status_code == 400
        assert "MIIEvQIBADANBg" not in answer.text
    assert value_of(answer, "certificate") == "mine"
