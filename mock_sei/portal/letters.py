"""The texts of all mails.

Sources: Getting Started (user name and password by mail to the distribution list), Security FAQ
(the certificate link, its warnings, the notice before the end). The real texts are not public.
"""

from __future__ import annotations

from datetime import datetime

from mock_sei.portal.links import Link
from mock_sei.portal.mailbox import Letter
from mock_sei.rules.passphrases import UNPROTECTED
from mock_sei.rules.records import Application, ServiceAccount

PLATFORM = "SEI API Platform (mock-sei) <noreply@seic.com>"
"""The sender of the platform's mails. The address is documented for mails to new portal users."""

ISSUER = "Trustwave (mock-sei) <noreply@trustwave.example>"
"""The sender of certificate links. The name is documented; the address is not public, so this one
is in a reserved domain."""

FOOTER = "\n-- \nmock-sei, a test server. Nothing was sent; secrets in here are only for tests.\n"


def username_letter(application: Application, account: ServiceAccount) -> Letter:
    """The mail with the service account's user name."""
    return _letter(
        PLATFORM,
        f"Service account user name for {application.name}",
        f"{application.name} was approved. The user name of its service account is\n\n"
        f"    {account.username}\n\n"
        "The identity certificate has the same name as its CN. The password follows in another "
        "mail; AppKey and AppSecret are in the portal, under the application's details.\n",
    )


def password_letter(application: Application, account: ServiceAccount) -> Letter:
    """The mail with the service account's password."""
    return _letter(
        PLATFORM,
        f"Service account password for {application.name}",
        "The password of the service account that the mail before this one names is\n\n"
        f"    {account.password}\n\n"
        "It is sent once and shown nowhere else.\n",
    )


def link_letter(application: Application, link: Link, url: str, *, with_key: bool) -> Letter:
    """The mail with a certificate link. ``with_key`` is True if the platform has the key."""
    formats = FORMATS_WITH_KEY if with_key else FORMATS_WITHOUT_KEY
    others = "".join(f"    ?format={name}  {about}\n" for name, about in formats.items())
    return _letter(
        ISSUER,
        f"Certificate for {link.account}: your download link",
        f"The identity certificate of {application.name} is ready:\n\n"
        f"    {url}\n\n"
        "The link works only for one download attempt, finished or not, and only until "
        f"{_stamp(link.expires_at)}. After that, ask for a new one on the application's page "
        "in the portal.\n\n"
        "Do not open it with Google Chrome: a file that it downloads can fail to install. Internet "
        "Explorer is preferred; curl -O -J works as well.\n\n"
        f"It downloads the {link.delivery.format} format. For another one append to the link\n\n"
        f"{others}\n"
        f"{_about_passphrase(link, with_key=with_key)}\n",
        link,
    )


def _about_passphrase(link: Link, *, with_key: bool) -> str:
    if with_key and not link.delivery.passphrase:
        return f"Warning: an empty passphrase was chosen with the link. {UNPROTECTED}"
    return (
        "The passphrase of an encrypted file is the one that was chosen with the link. If none was "
        "chosen, it is mock-sei."
    )


FORMATS_WITH_KEY = {
    "pfx": ".pfx with the key and the whole chain",
    "p12": ".zip with certificate.p12 and privatekey.p12",
    "p7s": ".p7s with the certificate and its intermediate, without the key",
    "pem": ".zip with certificate.crt and privatekey.key",
}
FORMATS_WITHOUT_KEY = {
    "pem": "certificate.crt",
    "p7s": ".p7s with the certificate and its intermediate",
}
"""The formats of a link and what they download: if the platform has the private key, and if only
the client has it."""


def own_certificate_letter(application: Application) -> Letter:
    """The mail to an application that uses certificates of its own CA."""
    return _letter(
        PLATFORM,
        f"Your own certificate for {application.name}",
        f"{application.name} was registered with a certificate of your own. On the application's "
        "page in the portal, submit a certificate signing request, or a certificate of your own "
        "CA together with that CA. Its CN must be\n\n"
        f"    {application.service_account}\n",
    )


def renewal_letter(application: Application, account: str, end: datetime, days: int) -> Letter:
    """The renewal notice for a certificate that ends at ``end``, in so many ``days``."""
    unit = "day" if days == 1 else "days"
    return _letter(
        PLATFORM,
        f"Certificate of {account} ends in {days} {unit}",
        f"The identity certificate of {application.name} (CN {account}) ends at {_stamp(end)}, in "
        f"{days} {unit}. From then on every handshake with it is refused.\n\n"
        "Renew it on the application's page in the portal. The new certificate works at once, and "
        "this one works until it ends.\n",
    )


def _letter(sender: str, subject: str, text: str, link: Link | None = None) -> Letter:
    return Letter(sender=sender, subject=subject, text=text + FOOTER, link=link)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
