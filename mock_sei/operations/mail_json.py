"""Mails as JSON, with the links that stand in them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AwareDatetime, Field
from pydantic_core import to_jsonable_python

from mock_sei.operations.answers import COUNT, EARLIER, ReceivedAnswer, WrittenAnswer, counts_of
from mock_sei.operations.requests import Fields
from mock_sei.portal.links import Delivery, Link
from mock_sei.portal.mailbox import Letter, Mail, MailPage
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH

if TYPE_CHECKING:
    from mock_sei.platform import Platform

Time = Annotated[AwareDatetime, Field(examples=["2026-01-31T09:00:00Z"])]


class MailedLink(Fields):
    """A one-time link to a certificate."""

    url: Annotated[str, Field(examples=["https://localhost/portal/certificates/…"])]
    """The address that downloads the certificate, once."""
    expires: Time
    """The end of its life."""
    state: Annotated[str, Field(examples=["live until 2026-02-07 09:00 UTC"])]
    """Until when it is live, or why it is dead."""
    account: Annotated[str, Field(examples=["svc-demo"])]
    """The service account of the certificate."""
    serial_number: Annotated[str, Field(examples=["5f3c0a9b"])]
    """Of the certificate, hexadecimal."""
    format: Annotated[str | None, Field(examples=["pfx"])]
    """What it downloads."""
    legacy: Annotated[bool, Field(examples=[False])]
    """Encryption that old importers of Windows and macOS read."""
    made: Time
    """When the link was made."""
    used: Annotated[AwareDatetime | None, Field(examples=[None])]
    """When the link was used."""
    replaced: Annotated[bool, Field(examples=[False])]
    """Whether a newer link took its place."""


class ShownMail(Fields):
    """One mail."""

    number: Annotated[int, Field(examples=[1])]
    """From 1, in the order of sending."""
    sender: Annotated[str, Field(examples=["noreply@mock-sei.example"])]
    """The address that sends it."""
    recipient: Annotated[str, Field(examples=["team@example.com"])]
    """The address that gets it."""
    subject: Annotated[str, Field(examples=["Your certificate"])]
    """The subject."""
    sent: Time
    """When it was sent."""
    text: Annotated[str, Field(examples=["…"])]
    """The text."""
    link: MailedLink | None
    """The one-time link that stands in it."""


class ShownMails(Fields):
    """Some mails."""

    messages: list[ShownMail]
    """Oldest first."""


class MailsAnswer:
    """Mails, oldest first; headers say how many there are, and how many are older."""

    def schema(self) -> Mapping[str, Any]:
        from mock_sei.operations.schemas import schema_of

        return schema_of(ShownMails)

    def write(self, answer: MailPage, platform: Platform | None = None) -> WrittenAnswer:
        if platform is None:
            raise TypeError("the addresses of links are the platform's")
        messages = [_shown(each, platform) for each in answer.mails]
        return WrittenAnswer(
            json=to_jsonable_python(ShownMails(messages=messages), fallback=vars),
            headers={COUNT: str(answer.count), EARLIER: str(answer.earlier)},
        )

    def read(self, received: ReceivedAnswer) -> MailPage:
        count, earlier = counts_of(received)
        mails = list(map(_mail, received.json["messages"]))
        return MailPage(mails=mails, count=count, earlier=earlier)


MAILS = MailsAnswer()


def _shown(mail: Mail, platform: Platform) -> ShownMail:
    link = mail.link
    mailed = None
    if link is not None:
        mailed = MailedLink(
            url=platform.portal.link_url(link),
            expires=link.expires_at,
            state=link.state(platform.clock.now()),
            account=link.account,
            serial_number=f"{link.serial_number:x}",
            format=link.delivery.format,
            legacy=link.delivery.legacy,
            made=link.made_at,
            used=link.used_at,
            replaced=link.replaced,
        )
    return ShownMail(
        number=mail.number,
        sender=mail.sender,
        recipient=mail.recipient,
        subject=mail.subject,
        sent=mail.sent_at,
        text=mail.text,
        link=mailed,
    )


def _mail(told: Mapping[str, Any]) -> Mail:
    letter = Letter(
        sender=told["sender"],
        subject=told["subject"],
        text=told["text"],
        link=None if told["link"] is None else _link(told["link"]),
    )
    return Mail(
        number=told["number"],
        recipient=told["recipient"],
        sent_at=datetime.fromisoformat(told["sent"]),
        letter=letter,
    )


def _link(told: Mapping[str, Any]) -> Link:
    """The link but for its passphrase, which the control API does not show."""
    return Link(
        token=urlsplit(told["url"]).path.removeprefix(CERTIFICATE_LINK_PATH),
        account=told["account"],
        serial_number=int(told["serial_number"], 16),
        delivery=Delivery(format=told["format"], legacy=told["legacy"]),
        made_at=datetime.fromisoformat(told["made"]),
        expires_at=datetime.fromisoformat(told["expires"]),
        used_at=None if told["used"] is None else datetime.fromisoformat(told["used"]),
        replaced=told["replaced"],
    )
