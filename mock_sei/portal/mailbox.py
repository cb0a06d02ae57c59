"""The mails that the platform sends. They are stored in one mailbox, and never delivered."""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from operator import attrgetter

from mock_sei.errors import UnknownMessage
from mock_sei.portal.links import Link
from mock_sei.rules.arguments import named_plainly_throughout, require_text, require_whole
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import Codec


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

    def __init__(
        self,
        *,
        stored: Stored | None = None,
        find_link: Callable[[str], Link | None] = lambda _: None,
    ) -> None:
        """``find_link`` finds the link with a secret. The store has each link only once, apart from
        the mails."""
        self._lock = threading.RLock()
        self._mails: list[Mail] = []
        self._by_recipient: dict[str, list[Mail]] = {}
        self._stored = Stored() if stored is None else stored
        self._by_number: Table[Mail] = Table(
            self._stored, "portal/mails", _codec(find_link), changed=self._follow
        )

    def send(self, letter: Letter, *, to: str, at: datetime) -> Mail:
        """Stores a mail to an address; ``at`` is the time of sending."""
        with self._lock:
            number = self._stored.next_number("mails")
            mail = Mail(number=number, recipient=to, sent_at=at, letter=letter)
            self._by_number[str(number)] = mail
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
            for each in reversed(self._mails.copy()):  # the end of a list is removed at no cost
                self._by_number.pop(str(each.number))

    def _follow(self, _: str, before: Mail | None, after: Mail | None) -> None:
        """A mail was sent or deleted, here or by another server."""
        with self._lock:
            if before is not None:
                self._leave_out(before)
            if after is not None:
                insort(self._mails, after, key=_number)
                insort(self._by_recipient.setdefault(after.recipient, []), after, key=_number)

    def _leave_out(self, mail: Mail) -> None:
        to_them = self._by_recipient[mail.recipient]
        for mails in (self._mails, to_them):
            del mails[bisect_left(mails, mail.number, key=_number)]
        if not to_them:
            del self._by_recipient[mail.recipient]


def _codec(find_link: Callable[[str], Link | None]) -> Codec[Mail]:
    """A mail as JSON, with the secret of its link instead of the link."""

    def write(mail: Mail) -> str:
        letter = mail.letter
        return json.dumps(
            {
                "number": mail.number,
                "recipient": mail.recipient,
                "sent_at": mail.sent_at.isoformat(),
                "sender": letter.sender,
                "subject": letter.subject,
                "text": letter.text,
                "link": None if letter.link is None else letter.link.token,
            }
        )

    def read(text: str) -> Mail:
        found = json.loads(text)
        token = found["link"]
        letter = Letter(
            sender=found["sender"],
            subject=found["subject"],
            text=found["text"],
            link=None if token is None else find_link(token),
        )
        return Mail(
            number=found["number"],
            recipient=found["recipient"],
            sent_at=datetime.fromisoformat(found["sent_at"]),
            letter=letter,
        )

    return Codec(write=write, read=read)


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
