"""The mails the platform would have sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Response
from pydantic import AwareDatetime, Field

from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Mail
from mock_sei.web.control.described import file_answer
from mock_sei.web.control.models import MOST_LISTED, Here, Limit, Model, tell_counts
from mock_sei.web.downloads import attachment


class MailedLink(Model):
    url: str
    expires: AwareDatetime
    state: str = Field(description="live until when, or why it is dead")
    account: str
    serial_number: str = Field(description="of the certificate, hexadecimal")
    format: str | None = Field(description="what it downloads")
    legacy: bool = Field(description="encryption of old importers")
    made: AwareDatetime
    used: AwareDatetime | None
    replaced: bool = Field(description="whether a newer link took its place")


class Message(Model):
    number: int
    sender: str
    recipient: str
    subject: str
    sent: AwareDatetime
    text: str
    link: MailedLink | None


class Messages(Model):
    messages: list[Message]


MailNumber = Annotated[int | None, Query(ge=0, lt=2**63, description="of a mail")]


def add_mailbox_calls(app: FastAPI) -> None:
    @app.get("/mailbox", summary="The mails since the reset, oldest first")
    def mailbox(
        platform: Here,
        answer: Response,
        to: Annotated[str | None, Query(description="only those to this address")] = None,
        about: Annotated[str, Query(description="only those with these words")] = "",
        after: MailNumber = None,
        before: MailNumber = None,
        limit: Limit = MOST_LISTED,
    ) -> Messages:
        """The newest ones; with `after` the first ones of a higher number, with `before` the last
        ones of a lower number. `after=0` and then the last number told gives them all.

        The header `X-Total-Count` says how many there are, `X-Earlier-Count` how many of them are
        older than those of this answer.
        """
        page = platform.portal.mailbox.page(
            limit=limit, after=after, before=before, to=to, about=about
        )
        tell_counts(answer, count=page.count, earlier=page.earlier)
        return Messages(messages=[_message(each, platform) for each in page.mails])

    @app.get("/mailbox/{number}.eml", **file_answer("mail.eml"), summary="One mail as an .eml file")
    async def eml(platform: Here, number: int) -> Response:
        found = platform.portal.mailbox.require(number)
        return attachment(f"mail-{number}.eml", bytes(found.message()))

    @app.delete("/mailbox", status_code=204, summary="Empties the mailbox")
    async def clear_mailbox(platform: Here) -> None:
        platform.portal.mailbox.clear()


def _message(mail: Mail, platform: Platform) -> Message:
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
    return Message(
        number=mail.number,
        sender=mail.sender,
        recipient=mail.recipient,
        subject=mail.subject,
        sent=mail.sent_at,
        text=mail.text,
        link=mailed,
    )
