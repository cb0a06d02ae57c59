"""The mails the platform sends: real messages, kept in one mailbox instead of being delivered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP

from mock_sei.errors import UnknownMessage
from mock_sei.portal.links import Link


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a mail says, before it is sent."""

    sender: str
    subject: str
    text: str = field(repr=False)
    link: Link | None = None
    """The certificate link that stands in it."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that was sent."""

    number: int
    """From 1, in the order of sending."""
    recipient: str
    sent_at: datetime
    letter: Letter

    @property
    def sender(self) -> str:
        return self.letter.sender

    @property
    def subject(self) -> str:
        return self.letter.subject

    @property
    def text(self) -> str:
        return self.letter.text

    @property
    def link(self) -> Link | None:
        return self.letter.link

    def message(self) -> EmailMessage:
        """As the standard library has it; ``bytes()`` of it is an ``.eml`` file."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = self.recipient
        # The library would decode an encoded word of an application's name, line breaks included.
        message["Subject"] = self.subject.replace("=?", "= ?")
        message["Date"] = self.sent_at
        message["Message-ID"] = f"<{self.number}.{self.sent_at.timestamp():.0f}@mock-sei.example>"
        message.set_content(self.text)
        return message


class Mailbox:
    """Every mail since the reset, oldest first, whoever it was sent to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: tuple[Mail, ...] = ()
        self._sent = 0

    def send(self, letter: Letter, *, to: str, at: datetime) -> Mail:
        with self._lock:
            self._sent += 1
            mail = Mail(number=self._sent, recipient=to, sent_at=at, letter=letter)
            self._mails = (*self._mails, mail)
        return mail

    @property
    def messages(self) -> list[Mail]:
        return list(self._mails)

    @property
    def last(self) -> Mail:
        """Raises ``LookupError`` while there is none."""
        if not self._mails:
            raise LookupError("the mailbox is empty: the platform sent no mail")
        return self._mails[-1]

    def find(self, *, to: str | None = None, about: str = "") -> list[Mail]:
        """Those to an address, with words in their subject or text."""
        return [
            each
            for each in self._mails
            if to in (None, each.recipient) and (about in each.subject or about in each.text)
        ]

    def require(self, number: int) -> Mail:
        """Raises :class:`UnknownMessage`."""
        for each in self._mails:
            if each.number == number:
                return each
        raise UnknownMessage(f"no mail {number}; there are {len(self._mails)}")

    def clear(self) -> None:
        with self._lock:
            self._mails = ()

    def __iter__(self) -> Iterator[Mail]:
        return iter(self._mails)

    def __len__(self) -> int:
        return len(self._mails)
