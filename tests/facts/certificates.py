"""The life of a certificate: whose it is, how it comes, in which files, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from mock_sei.errors import Rejected
from tests.certificates.client_ca import ClientCA, pem
from tests.facts.portal import mails
from tests.facts.table import cannot, shown
from tests.support import Served, control_client, registration
from tests.web.portal.browser import Browser

SECURITY = "faq/security"
TLS = "two-way-tls"
CERTIFICATE = "frequently-asked-questions/what-sei-cert"


def link_mail(served: Served) -> object:
    found = [each for each in mails(served) if each.link is not None]
    return len(found), "Trustwave" in found[0].sender


def link_warns(served: Served) -> object:
    (text,) = [each.text for each in mails(served) if each.link is not None]
    return "Chrome" in text


def name_is_account(served: Served) -> object:
    return served.platform.certificates.identity("svc-demo").common_name


def lifetime(served: Served) -> object:
    identity = served.platform.certificates.identity("svc-demo")
    return identity.not_after.year - identity.not_before.year, (
        identity.not_after.month,
        identity.not_after.day,
    ) == (identity.not_before.month, identity.not_before.day)


def downloads(served: Served) -> object:
    browser = Browser(served)
    link = browser.link()
    return [browser.get(link.path).status_code for _ in range(2)]


def new_link(served: Served) -> object:
    browser = Browser(served)
    browser.get(browser.link().path)
    return browser.get(browser.link().path).status_code


def announced(served: Served) -> object:
    """Whether a mail comes before the end of a certificate, and whom it reaches."""
    served.platform.clock.freeze()
    portal = served.platform.portal
    portal.register(registration())
    end = served.platform.certificates.identity("svc-nightly").not_after
    served.platform.clock.set(end - timedelta(days=5))
    found = portal.mailbox.find(about="ends in")
    return bool(found), {each.recipient for each in found}


def own_certificate(served: Served) -> object:
    """What a certificate of the client's own provider opens."""
    served.platform.portal.register(registration(certificate="own"))
    authority = ClientCA.create()
    certificate = authority.sign("svc-nightly")
    served.platform.certificates.register_own("svc-nightly", pem(certificate), authority.pem)
    return served.platform.certificates.of("svc-nightly") != []


def own_of_another_name(served: Served) -> object:
    served.platform.portal.register(registration(certificate="own"))
    authority = ClientCA.create()
    certificate = authority.sign("svc-other")
    try:
        served.platform.certificates.register_own("svc-nightly", pem(certificate), authority.pem)
    except Rejected as refused:
        return sorted(refused.problems)
    return "taken"


def file_of(served: Served, form: str, **options: Any) -> bytes:
    """The file of a link that the control API makes, or the body of its refusal."""
    body = {"format": form, **options}
    path = "/service-accounts/svc-demo/certificate-links"
    made = control_client(served.platform).post(path, json=body)
    if made.status_code != 201:
        return made.content
    link = served.platform.portal.links.of("svc-demo")[-1]
    return Browser(served).get(link.path).content


def pfx(served: Served) -> object:
    read = pkcs12.load_pkcs12(file_of(served, "pfx"), b"mock-sei")
    return read.key is not None, read.cert is not None, len(read.additional_certs)


def pfx_without_password(served: Served) -> object:
    content = file_of(served, "pfx", passphrase="")
    if not content.startswith(b"\x30"):
        return content.decode()  # no DER: what the refusal says
    read = pkcs12.load_pkcs12(content, None)
    return read.key is not None, read.cert is not None


def p7s(served: Served) -> object:
    content = file_of(served, "p7s")
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
