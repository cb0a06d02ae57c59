"""The one-time link: the first GET gets the file, all later ones explain how to get a new link."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7, pkcs12

from mock_sei.platform import Platform
from mock_sei.portal.links import Delivery, Link
from mock_sei.portal.portal import Portal
from tests.certificates.client_ca import pem, request
from tests.web.portal.browser import Browser
from tests.web.portal.test_routes import check_page

AS_BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def portal(platform: Platform) -> Portal:
    return platform.portal


@pytest.fixture
def link(portal: Portal) -> Link:
    return portal.send_link("svc-demo")


def is_live(link: Link) -> bool:
    return link.find_problem(link.made_at) is None


def check_download(answer: httpx2.Response, name: str) -> None:
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.long
def test_the_first_get_is_the_download(browser: Browser, link: Link, platform: Platform) -> None:
    answer = browser.get(link.path)

    check_download(answer, "certificate.pfx")
    assert answer.headers["Content-Type"] == "application/x-pkcs12"
    read = pkcs12.load_pkcs12(answer.content, b"mock-sei")
    identity = platform.certificates.identity("svc-demo")
    assert read.cert is not None
    assert read.cert.certificate == identity.certificate
    assert {each.certificate for each in read.additional_certs} == set(identity.chain)
    assert read.key is not None


def test_the_second_get_of_a_program_says_how_to_get_a_new_one(
    browser: Browser, link: Link, platform: Platform
) -> None:
    browser.get(link.path)

    answer = browser.get(link.path)

    assert answer.status_code == 410
    body = answer.json()
    assert body["code"] == "resource.gone"
    assert body["trackingId"] == answer.headers["RequestTrackingId"]
    assert body["transient"] is False
    (error,) = body["errors"]
    assert "POST /service-accounts/{username}/certificate-links" in error["reason"]
    assert "portal" in error["reason"]
    entry = platform.journal.last
    assert entry.refused_by == "certificate link"
    assert "svc-demo is dead: it was used at" in str(entry.refused_because)


def test_the_second_get_of_a_browser_shows_a_page_that_says_how(
    browser: Browser, link: Link, platform: Platform
) -> None:
    browser.get(link.path, **AS_BROWSER)

    page = browser.get(link.path, **AS_BROWSER)

    assert page.status_code == 410
    check_page(page)
    for words in (
        "This link is dead",
        "it was used at",
        "New download link",
        'href="/portal/apps/demo-server"',
        "POST /service-accounts/svc-demo/certificate-links",
        page.headers["RequestTrackingId"],
    ):
        assert words in page.text
    assert platform.journal.last.refused_by == "certificate link"


def test_a_head_is_no_attempt(browser: Browser, link: Link) -> None:
    for _ in range(3):
        answer = browser.http.head(link.path)
        check_download(answer, "certificate.pfx")
        assert answer.content == b""
    assert browser.get(link.path).status_code == 200
    assert browser.http.head(link.path).status_code == 410


def test_no_other_method_is_an_attempt(browser: Browser, link: Link) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO"):
        assert browser.http.request(method, link.path).status_code == 405
    assert browser.get(link.path + "/").status_code == 404
    assert browser.get(link.path + "/certificate.pfx").status_code == 404
    assert is_live(link)


def test_a_link_ends_and_a_new_one_takes_its_place(
    browser: Browser, link: Link, platform: Platform
) -> None:
    platform.clock.set(link.expires_at - timedelta(seconds=1), frozen=True)
    assert browser.http.head(link.path).status_code == 200
    platform.clock.advance(seconds=1)
    assert browser.get(link.path).status_code == 410
    assert "it ended at" in str(platform.journal.last.refused_because)

    new = platform.portal.send_link("svc-demo")

    assert browser.get(new.path).status_code == 200
    assert browser.get(link.path).status_code == 410


def test_a_replaced_link_says_so(browser: Browser, link: Link, portal: Portal) -> None:
    portal.send_link("svc-demo")
    page = browser.get(link.path, **AS_BROWSER)
    assert page.status_code == 410
    assert "a newer link took its place" in page.text


@pytest.mark.parametrize("as_browser", [True, False])
def test_a_deleted_applications_link_says_so(
    browser: Browser, link: Link, portal: Portal, as_browser: bool
) -> None:
    portal.remove("demo-server")
    answer = browser.get(link.path, **(AS_BROWSER if as_browser else {}))
    assert answer.status_code == 410
    assert ("its application was deleted" in answer.text) is as_browser


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "<script>alert(1)", "☃"])
def test_a_link_that_was_never_made_is_not_found(browser: Browser, token: str) -> None:
    path = f"/portal/certificates/{token}"
    program, page = browser.get(path), browser.get(path, **AS_BROWSER)

    assert program.status_code == page.status_code == 404
    assert program.json()["code"] == "resource.not.found"
    assert "cut short when it was copied" in page.text
    check_page(page)


@pytest.mark.parametrize("wanted", ["", "exe", "PFX", "pfx ", "<script>alert(1)", "../x"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unknown_format_is_refused_and_the_link_lives_on(
    browser: Browser, link: Link, wanted: str, method: str
) -> None:
    answer = browser.http.request(method, link.path, params={"format": wanted})

    assert answer.status_code == 400
    if method == "GET":
        (error,) = answer.json()["errors"]
        assert error["field"] == "format"
        assert error["reason"] == "there are pem, pfx, p12, p7s; the link still works"
        page = browser.http.get(link.path, params={"format": wanted}, headers=AS_BROWSER)
        assert page.status_code == 400
        assert "the link still works" in page.text
        check_page(page)
    assert is_live(link)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.long
def test_every_format_holds_the_same_certificate(
    browser: Browser, portal: Portal, platform: Platform
) -> None:
    """The bundle by default, ``.p7s`` on request."""
    identity = platform.certificates.identity("svc-demo")
    delivery = Delivery(format="p7s", passphrase="chosen-one")

    def get(wanted: str | None, name: str) -> bytes:
        link = portal.send_link("svc-demo", delivery)
        answer = browser.http.get(link.path, params={"format": wanted} if wanted else {})
        check_download(answer, name)
        assert browser.get(link.path).status_code == 410
        return answer.content

    pfx = pkcs12.load_pkcs12(get("pfx", "certificate.pfx"), b"chosen-one")
    p12 = unpacked(get("p12", "certificate.zip"))
    pem_files = unpacked(get("pem", "certificate.zip"))
    p7s = pkcs7.load_der_pkcs7_certificates(get("p7s", "certificate.p7s"))

    assert pfx.cert is not None
    assert pfx.cert.certificate == identity.certificate
    assert p12.keys() == {"certificate.p12", "privatekey.p12"}
    for content in p12.values():
        assert pkcs12.load_pkcs12(content, b"chosen-one").key is not None
    assert pem_files.keys() == {"certificate.crt", "privatekey.key"}
    leaf = x509.load_pem_x509_certificate(pem_files["certificate.crt"])
    assert leaf == identity.certificate
    assert load_pem_private_key(pem_files["privatekey.key"], None) is not None
    assert set(p7s) == {identity.certificate, identity.chain[0]}
    chosen = pkcs7.load_der_pkcs7_certificates(get(None, "certificate.p7s"))
    assert set(chosen) == set(p7s)


def test_a_signed_request_comes_without_a_key_and_the_rest_is_refused(
    browser: Browser, portal: Portal, platform: Platform
) -> None:
    signed = platform.certificates.sign("svc-demo", pem(request("svc-demo")))
    link = portal.send_link("svc-demo")
    for wanted in ("pfx", "p12"):
        answer = browser.http.get(link.path, params={"format": wanted})
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert "holds the private key" in error["reason"]
        assert error["reason"].endswith("the link still works")
    assert is_live(link)

    answer = browser.get(link.path)

    check_download(answer, "certificate.crt")
    assert x509.load_pem_x509_certificates(answer.content) == [signed.certificate]
    other = browser.http.get(portal.send_link("svc-demo").path, params={"format": "p7s"})
    check_download(other, "certificate.p7s")
    assert signed.certificate in pkcs7.load_der_pkcs7_certificates(other.content)
    again = browser.http.get(portal.send_link("svc-demo").path, params={"format": "pem"})
    assert again.content == answer.content


@pytest.mark.long
def test_a_link_is_for_the_certificate_it_was_made_for(
    browser: Browser, portal: Portal, platform: Platform
) -> None:
    link = portal.send_link("svc-demo")
    old = platform.certificates.identity("svc-demo")
    portal.renew("svc-demo")

    read = pkcs12.load_pkcs12(browser.get(link.path).content, b"mock-sei")

    assert read.cert is not None
    assert read.cert.certificate == old.certificate


@pytest.mark.long
def test_neither_journal_nor_log_holds_the_whole_link(
    browser: Browser, link: Link, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """The link is hidden for any method, case and place in which it was sent."""
    caplog.set_level("DEBUG", logger="mock_sei")
    where = f"https://localhost{link.path}"
    for referrer in (where, f"{where}?x=1", f"{where}#x"):
        browser.get("/portal", Referer=referrer)
    for path in (link.path, f"{link.path}/", f"{link.path}/more", f"{link.path}?format=exe"):
        for method in ("HEAD", "POST", "PUT", "FOO", "GET", "GET"):
            browser.http.request(method, path, headers=AS_BROWSER)
            browser.http.request(method, path)
    http = browser.served.client("svc-demo")
    http.get(link.path)
    http.post(link.path)

    shown = str(platform.journal.to_json())
    assert len(platform.journal) > 40
    assert link.path[:-37] in shown  # its beginning, to be found by
    assert link.token not in shown
    assert link.token not in caplog.text
    assert link.token not in "".join(map(str, platform.journal.entries))
