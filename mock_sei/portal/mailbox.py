"""The mails that the platform sends. They are stored in one mailbox, and never delivered."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from operator import attrgetter

from mock_sei.errors import UnknownMessage
from mock_sei.portal.links import Link
from mock_sei.rules.arguments import named_plainly_throughout, require_text, require_whole


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The content of a mail, before it is sent."""

    sender: str
    subject: str
    text: str = field(repr=False)
    link: Link | None = None
    """The certificate link in the text, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that was sent."""

    number: int
    """Its number, from 1, in the order of sending."""
    recipient: str
    """The e-mail address that it was sent to."""
    sent_at: datetime
    """When it was sent, on the platform's clock; UTC."""
    letter: Letter

    @property
    def sender(self) -> str:
        """The name and address of the sender."""
        return self.letter.sender

    @property
    def subject(self) -> str:
        """The subject line."""
        return self.letter.subject

    @property
    def text(self) -> str:
        """The plain text."""
        return self.letter.text

    @property
    def link(self) -> Link | None:
        """The certificate link in the text, if there is one."""
        return self.letter.link

    def message(self) -> EmailMessage:
        """The mail as Python's ``EmailMessage``; ``bytes()`` of it is an ``.eml`` file."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = self.recipient
        # The library would decode an encoded word in an application's name, even to line breaks.
        message["Subject"] = self.subject.replace("=?", "= ?")
        message["Date"] = self.sent_at
        message["Message-ID"] = f"<{self.number}.{self.sent_at.timestamp():.0f}@mock-sei.example>"
        message.set_content(self.text)
        return message


@dataclass(frozen=True, kw_only=True)
class MailPage:
    """Some of the mails that a search found."""

    mails: list[Mail]
    """The mails of this page, the oldest first."""
    count: int
    """The number of all mails that the search found."""
    earlier: int
    """The number of them that are older than those of this page."""

    @property
    def later(self) -> int:
        """The number of them that are newer than those of this page."""
        return self.count - self.earlier - len(self.mails)


@named_plainly_throughout
class Mails(ABC):
    """The mails of a platform, the oldest first, in this process or on another server."""

    @abstractmethod
    def page(
        self,
        *,
        limit: int | None = None,
        after: int | None = None,
        before: int | None = None,
        to: str | None = None,
        about: str = "",
    ) -> MailPage:
        """The newest mails, at most ``limit``.

        With ``after``, they are the first mails with a greater number; with ``before``, the last
        mails with a smaller number. ``to`` is the address that they were sent to, ``about`` is a
        text in the subject or the text of each.
        """

    @abstractmethod
    def clear(self) -> None:
        """Deletes all mails."""

    @property
    def messages(self) -> list[Mail]:
        """All mails, the oldest first."""
        return self.page().mails

    @property
    def last(self) -> Mail:
        """The newest mail. Raises ``LookupError`` if there is none."""
        mails = self.page(limit=1).mails
        if not mails:
            raise LookupError("the mailbox is empty: the platform sent no mail")
        return mails[0]

    def find(self, *, to: str | None = None, about: str = "") -> list[Mail]:
        """The mails ``to`` an address that have the text ``about`` in their subject or text.

        Raises :class:`~mock_sei.errors.Rejected` if an argument is not a text.
        """
        if to is not None:
            require_text("to", to, "an e-mail address")
        require_text("about", about)
        return self.page(to=to, about=about).mails

    def require(self, number: int) -> Mail:
        """The mail with this number. Raises :class:`UnknownMessage` if there is none."""
        require_whole("number", number)
        page = self.page(limit=1, after=number - 1)
        if not page.mails or page.mails[0].number != number:
            raise UnknownMessage(f"no mail {number}; there are {page.count}")
        return page.mails[0]

    def __iter__(self) -> Iterator[Mail]:
        """Every mail, oldest first."""
        return iter(self.messages)

    def __len__(self) -> int:
        """How many mails there are."""
        return self.page(limit=1).count


class ServerMailbox(Mails):
    """All mails since the last reset, to all addresses. Any thread may send and read.

    The cost of a look-up by number, address or page grows only with its result. A search for a text
    reads every mail to the address.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: list[Mail] = []
        self._by_recipient: dict[str, list[Mail]] = {}
        self._sent = 0

    def send(self, letter: Letter, *, to: str, at: datetime) -> Mail:
        """Stores a mail to an address; ``at`` is the time of sending."""
        with self._lock:
            self._sent += 1
            mail = Mail(number=self._sent, recipient=to, sent_at=at, letter=letter)
            self._mails.append(mail)
            self._by_recipient.setdefault(to, []).append(mail)
        return mail

    def page(
        self,
        *,
        limit: int | None = None,
        after: int | None = None,
        before: int | None = None,
        to: str | None = None,
        about: str = "",
    ) -> MailPage:
        with self._lock:
            mails = self._mails if to is None else self._by_recipient.get(to, [])
            if not about:
                return _page(mails, limit, after, before)
            mails = mails.copy()
        fitting = [each for each in mails if about in each.subject or about in each.text]
        return _page(fitting, limit, after, before)

    def clear(self) -> None:
        with self._lock:
            self._mails = []
            self._by_recipient = {}


def _page(mails: list[Mail], limit: int | None, after: int | None, before: int | None) -> MailPage:
    most = len(mails) if limit is None else limit
    end = len(mails) if before is None else bisect_left(mails, before, key=_number)
    if after is None:
        start = max(end - most, 0)
    else:
        start = bisect_right(mails, after, key=_number)
        end = min(end, start + most)
    return MailPage(mails=mails[start:end], count=len(mails), earlier=start)


_number = attrgetter("number")
