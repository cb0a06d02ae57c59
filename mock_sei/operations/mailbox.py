"""The mails that the platform would have sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mock_sei.operations.answers import File
from mock_sei.operations.kinds import MOST_LISTED, Limit
from mock_sei.operations.requests import Request
from mock_sei.portal.mailbox import MailPage

if TYPE_CHECKING:
    from mock_sei.platform import Platform

MailNumber = Annotated[int | None, Field(ge=0, lt=2**63, examples=[1])]


class ReadMailbox(Request[MailPage]):
    """The mails since the reset, oldest first: of many the newest ones.

    With ``after`` the first ones of a higher number, with ``before`` the last ones of a lower
    number. ``after=0``, and then the last number of each answer, gives them all.
    """

    to: Annotated[str | None, Field(examples=["team@example.com"])] = None
    """Only mails to this address."""
    about: Annotated[str, Field(examples=["certificate"])] = ""
    """Only mails with these words in subject or text."""
    after: MailNumber = None
    """Only mails with a higher number."""
    before: MailNumber = None
    """Only mails with a lower number."""
    limit: Limit = MOST_LISTED
    """How many are listed at most."""

    def perform(self, platform: Platform) -> MailPage:
        return platform.portal.mailbox.page(
            limit=self.limit, after=self.after, before=self.before, to=self.to, about=self.about
        )


class DownloadMail(Request[File]):
    """One mail as an ``.eml`` file. Raises :class:`~mock_sei.errors.UnknownMessage`."""

    number: Annotated[int, Field(examples=[1])]
    """The number of the mail."""

    def perform(self, platform: Platform) -> File:
        mail = platform.portal.mailbox.require(self.number)
        return File(name=f"mail-{self.number}.eml", content=bytes(mail.message()))


class ClearMailbox(Request[None]):
    """Removes every mail."""

    def perform(self, platform: Platform) -> None:
        platform.portal.mailbox.clear()
