"""The life of a certificate: whose it is, how it comes, in which files, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from mock_sei.errors import Rejected
from tests.certificates.client_ca import ClientCA, pem
from tests.facts.portal import mails
from tests.facts.table import cannot, shown
from tests.support import Platform, control_client, registration
from tests.web.portal.browser import Browser

SECURITY = "faq/security"
TLS = "two-way-tls"
CERTIFICATE = "frequently-asked-questions/what-sei-cert"


def link_mail(platform: Platform) -> object:
    found = [each for each in mails(platform) if each.link is not None]
    return len(found), "Trustwave" in found[0].sender


def link_warns(platform: Platform) -> object:
    (text,) = [each.text for each in mails(platform) if each.link is not None]
    return "Chrome" in text


def name_is_account(platform: Platform) -> object:
    return platform.sandbox.identity("svc-demo").common_name


def lifetime(platform: Platform) -> object:
    identity = platform.sandbox.identity("svc-demo")
    return identity.not_after.year - identity.not_before.year, (
        identity.not_after.month,
        identity.not_after.day,
    ) == (identity.not_before.month, identity.not_before.day)


def downloads(platform: Platform) -> object:
    browser = Browser(platform)
    link = browser.link()
    return [browser.get(link.path).status_code for _ in range(2)]


def new_link(platform: Platform) -> object:
    browser = Browser(platform)
    browser.get(browser.link().path)
    return browser.get(browser.link().path).status_code


def announced(platform: Platform) -> object:
    """Whether a mail comes before the end of a certificate, and whom it reaches."""
    platform.sandbox.clock.freeze()
    portal = platform.sandbox.portal
    portal.register(registration())
    end = platform.sandbox.identity("svc-nightly").not_after
    platform.sandbox.clock.set(end - timedelta(days=5))
    found = portal.mailbox.find(about="ends in")
    return bool(found), {each.recipient for each in found}


def own_certificate(platform: Platform) -> object:
    """What a certificate of the client's own provider opens."""
    platform.sandbox.portal.register(registration(certificate="own"))
    authority = ClientCA.create()
    certificate = authority.sign("svc-nightly")
    platform.sandbox.register_certificate("svc-nightly", pem(certificate), authority.pem)
    return platform.sandbox.certificates.of("svc-nightly") != []


def own_of_another_name(platform: Platform) -> object:
    platform.sandbox.portal.register(registration(certificate="own"))
    authority = ClientCA.create()
    certificate = authority.sign("svc-other")
    try:
        platform.sandbox.register_certificate("svc-nightly", pem(certificate), authority.pem)
    except Rejected as refused:
        return sorted(refused.problems)
    return "taken"


def file_of(platform: Platform, form: str, **options: Any) -> bytes:
    """The file of a link that the control API makes, or the body of its refusal."""
    body = {"format": form, **options}
    path = "/service-accounts/svc-demo/certificate-links"
    made = control_client(platform.sandbox).post(path, json=body)
    if made.status_code != 201:
        return made.content
    link = platform.sandbox.portal.links.of("svc-demo")[-1]
    return Browser(platform).get(link.path).content


def pfx(platform: Platform) -> object:
    read = pkcs12.load_pkcs12(file_of(platform, "pfx"), b"mock-sei")
    return read.key is not None, read.cert is not None, len(read.additional_certs)


def pfx_without_password(platform: Platform) -> object:
    content = file_of(platform, "pfx", passphrase="")
    if not content.startswith(b"\x30"):
        return content.decode()  # no DER: what the refusal says
    read = pkcs12.load_pkcs12(content, None)
    return read.key is not None, read.cert is not None


def p7s(platform: Platform) -> object:
    content = file_of(platform, "p7s")
    return len(pkcs7.load_der_pkcs7_certificates(content))


CERTIFICATES = (
    shown(
        "certificates-01",
        "the CN of the certificate is the user name of the account",
        TLS,
        name_is_account,
        "svc-demo",
    ),
    shown("certificates-02", "it is valid for two years", SECURITY, lifetime, (2, True)),
    shown(
        "certificates-03",
        "the download link is good for one download",
        CERTIFICATE,
        downloads,
        [200, 410],
    ),
    shown("certificates-04", "a new link is given on request", TLS, new_link, 200),
    shown(
        "certificates-05",
        "the client is told before its certificate ends",
        SECURITY,
        announced,
        (True, {"team@example.com"}),
    ),
    shown(
        "certificates-06",
        "the mail with the link comes from Trustwave to the address of the application",
        SECURITY,
        link_mail,
        (1, True),
    ),
    shown(
        "certificates-07", "Chrome must not be used for the download", SECURITY, link_warns, True
    ),
    shown(
        "certificates-08",
        "a certificate of the client's own SSL provider",
        TLS,
        own_certificate,
        True,
    ),
    shown(
        "certificates-09",
        "its CN has to be the account's too",
        TLS,
        own_of_another_name,
        ["certificate"],
    ),
    shown(
        "certificates-10",
        "Windows exports a .pfx with key, certificate and its chain",
        SECURITY,
        pfx,
        (True, True, 2),
    ),
    shown(
        "certificates-11",
        "on a Mac the .p7s shows the certificate and the intermediate",
        SECURITY,
        p7s,
        2,
    ),
    shown(
        "certificates-12",
        "exporting on a Mac with or without a password is the client's choice",
        SECURITY,
        pfx_without_password,
        (True, True),
    ),
    cannot(
        "certificates-13",
        "Trustwave or Entrust signs the certificates",
        SECURITY,
        "they are signed by a CA of the platform, which a client must be told to trust",
    ),
    cannot(
        "certificates-14",
        "how the certificate gets into the Windows store and out of Keychain",
        SECURITY,
        "those programs run on the client's machine",
    ),
    cannot(
        "certificates-15",
        "the words of the mail with the link",
        SECURITY,
        "the page shows a picture of it",
    ),
)
