"""A certificate's life on the portal's pages in Chromium: link, renewal, own keys, revocation."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from playwright.sync_api import Page, expect

from tests.e2e.browser import Bench
from tests.e2e.handshakes import is_let_in
from tests.e2e.portal_steps import (
    add_app,
    content,
    done,
    download,
    open_app,
    open_mail,
    reveal,
    states,
    title_is,
)

pytestmark = pytest.mark.needs("chromium")

LINK_MAIL = "Certificate for svc-orders"


def test_a_link_used_a_second_time_shows_how_to_get_a_new_one(my_apps: Page) -> None:
    page = my_apps
    add_app(page)
    open_mail(page, LINK_MAIL)
    download(page)
    with page.expect_navigation() as expected:
        page.locator("pre").get_by_role("link").click()
    assert expected.value.status == 410
    title_is(page, "Dead link")
    expect(page.get_by_role("alert")).to_contain_text("it was used at")
    page.get_by_role("link", name="orders").click()
    page.get_by_label("Passphrase of the file").fill("of my own")
    page.get_by_role("button", name="New download link").click()
    done(page, "A new link was mailed.")
    open_mail(page, LINK_MAIL)
    assert load_pkcs12(content(download(page)), b"of my own").key


def test_a_certificate_ends_and_its_renewal_goes_on(my_apps: Page, bench: Bench) -> None:
    page = my_apps
    add_app(page)
    assert states(page) == ["current"]
    bench.server.clock.advance(days=715)
    assert "in 30 days" in open_mail(page, "Certificate of svc-orders ends in 30 days")
    open_app(page)
    page.get_by_role("button", name="Renew").click()
    done(page, "A second certificate was issued")
    assert states(page) == ["current", "superseded"]
    open_mail(page, LINK_MAIL)
    renewed = load_pkcs12(content(download(page)), b"mock-sei")
    assert renewed.cert
    bench.server.clock.advance(days=20)
    open_app(page)
    assert states(page) == ["current", "expired"]
    shown = page.locator("td[data-label='Serial number'] code").first.get_attribute("title")
    assert shown == f"{renewed.cert.certificate.serial_number:x}"


def test_a_pasted_request_is_signed_and_its_certificate_mailed(my_apps: Page) -> None:
    page = my_apps
    add_app(page)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    reveal(page, "Sign your certificate signing request")
    field = page.get_by_label("Certificate signing request")
    wrong = request(key, "svc-somebody-else")
    field.fill(wrong)
    page.get_by_role("button", name="Sign it").click()
    expect(page.get_by_role("alert")).to_contain_text("its CN is svc-somebody-else")
    expect(field).to_have_value(wrong)
    expect(field).to_be_visible()
    field.fill(request(key, "svc-orders"))
    page.get_by_role("button", name="Sign it").click()
    done(page, "The request is signed.")
    open_mail(page, LINK_MAIL)
    saved = download(page)
    assert saved.suggested_filename == "certificate.crt"
    signed = x509.load_pem_x509_certificate(content(saved))
    assert signed.public_key() == key.public_key()


def request(key: rsa.RSAPrivateKey, cn: str) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, cn)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def test_a_pasted_certificate_of_an_own_ca_opens_444(
    my_apps: Page, bench: Bench, tmp_path: Path
) -> None:
    page, server = my_apps, bench.server
    add_app(page)
    ca, stranger = trustme.CA(), trustme.CA()
    leaf = ca.issue_cert("orders.example", common_name="svc-orders")
    file = tmp_path / "identity.pem"
    file.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    context = server.ssl_context()
    context.load_cert_chain(file)
    certificate = page.get_by_label("Certificate, PEM")
    authorities = page.get_by_label("Its chain of CA certificates")
    reveal(page, "Submit a certificate from your own CA")
    for authority, problem in ((stranger, "none of these signed"), (ca, "")):
        certificate.fill(leaf.cert_chain_pems[0].bytes().decode())
        authorities.fill(authority.cert_pem.bytes().decode())
        assert not is_let_in(server.two_way_url, context)
        page.get_by_role("button", name="Submit it").click()
        if problem:
            expect(page.get_by_role("alert")).to_contain_text(problem)
    done(page, "The certificate is registered")
    assert states(page)[0] == "current"
    assert is_let_in(server.two_way_url, context)


def test_a_revoked_certificate_is_shown_as_such_and_let_in_no_more(
    my_apps: Page, bench: Bench
) -> None:
    page, server = my_apps, bench.server
    add_app(page)
    context = server.ssl_context("svc-orders")
    assert is_let_in(server.two_way_url, context)
    expect(page.get_by_role("button", name="Revoke it")).to_be_hidden()
    reveal(page, "Revoke")
    page.get_by_role("button", name="Revoke it").click()
    done(page, "The certificate is revoked.")
    assert states(page)[-1] == "revoked"
    assert not is_let_in(server.two_way_url, context)


def test_a_key_alone_is_downloaded_with_a_passphrase_or_without(my_apps: Page) -> None:
    page = my_apps
    add_app(page)
    reveal(page, "Private key only")
    for passphrase in ("of my own", ""):
        page.get_by_label("Passphrase (empty: the key is not encrypted)").fill(passphrase)
        with page.expect_download() as expected:
            page.get_by_role("button", name="Download privatekey.key").click()
        found = load_pem_private_key(content(expected.value), passphrase.encode() or None)
        assert isinstance(found, rsa.RSAPrivateKey)
