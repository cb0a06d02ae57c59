"""One-time certificate links: each works for one download attempt, and for a limited time.

A link has the serial number of its certificate, and the wanted format. This module does not know
the certificates themselves.

Source: Security FAQ (a link ends with the first download attempt), two-way-TLS page (a new one on
request). The lifetime of a link is assumed, and a setting.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from random import Random

from mock_sei.errors import LINK_DEAD, NOT_FOUND, Refusal, Rejected
from mock_sei.reasons.values import but_for, find_difference
from mock_sei.rules import checks
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH
from mock_sei.rules.arguments import kind_of
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE, find_warning
from mock_sei.rules.randomness import new_secret
from mock_sei.rules.stored import Stored, Table
from mock_sei.values.codecs import codec_of
from mock_sei.values.texts import is_text

CHECK = checks.CERTIFICATE_LINK

WITH_KEY = ("pfx", "p12", "p7s", "pem")
WITHOUT_KEY = ("pem", "p7s")
"""The formats of a certificate whose private key only the client has."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """The format in which a certificate link delivers the certificate."""

    format: str | None = None
    """None for the default: ``pfx``, or ``pem`` if only the client has the key."""
    passphrase: str = field(default=DEFAULT_PASSPHRASE, repr=False)
    """The passphrase of an encrypted file. With an empty one, everybody can open the file."""
    legacy: bool = False
    """True for encryption that old versions of Windows and macOS can read."""

    def __post_init__(self) -> None:
        """Raises :class:`Rejected` for wrong values, so that every link works."""
        problems: dict[str, str] = {}
        if self.format not in (None, *WITH_KEY):
            problems["format"] = f"no such format; there are {', '.join(WITH_KEY)}"
        if not is_text(self.passphrase):
            problems["passphrase"] = "must be a text that can be sent"
        if self.legacy not in (True, False):
            problems["legacy"] = f"must be True or False, not {kind_of(self.legacy)}"
        if problems:
            raise Rejected(problems)

    @property
    def warning(self) -> str | None:
        """The warning about an empty passphrase, None if there is nothing to warn of."""
        return find_warning(self.format, self.passphrase)

    def for_certificate(self, *, with_key: bool) -> Delivery:
        """This delivery for a certificate, with the default format if none was chosen.

        ``with_key`` is True if the platform has the key. Raises :class:`Rejected` if the format
        needs the key and only the client has it.
        """
        if not with_key and self.format not in (None, *WITHOUT_KEY):
            raise Rejected(
                {
                    "format": f"a {self.format} holds the private key, which only the client has; "
                    f"the possible formats are {' and '.join(WITHOUT_KEY)}"
                }
            )
        return replace(self, format=self.format or ("pfx" if with_key else "pem"))


@dataclass(kw_only=True)
class Link:
    """One certificate link."""

    token: str = field(repr=False)
    account: str
    serial_number: int
    delivery: Delivery
    made_at: datetime
    expires_at: datetime
    number: int = field(default=0, compare=False, repr=False)
    """Its number among all links of the platform, from 1; 0 for one that came by the control
    API."""
    used_at: datetime | None = None
    replaced: bool = False
    dropped: bool = False

    @property
    def path(self) -> str:
        """The path of its URL."""
        return CERTIFICATE_LINK_PATH + self.token

    def state(self, now: datetime) -> str:
        """Whether the link works, in a few words for a page."""
        problem = self.find_problem(now)
        return f"dead: {problem}" if problem else f"live until {self.expires_at:%Y-%m-%d %H:%M} UTC"

    def find_problem(self, now: datetime) -> str | None:
        """Why the link does not work any more, None if it works."""
        if self.used_at is not None:
            return f"it was used at {self.used_at:%Y-%m-%d %H:%M:%S} UTC, and it works only once"
        if self.dropped:
            return "its application was deleted"
        if self.replaced:
            return "a newer link took its place"
        if now >= self.expires_at:
            return f"it ended at {self.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        return None


@dataclass
class _Held:
    """The links of one account."""

    links: list[Link] = field(default_factory=list)
    """All its links, the oldest first."""
    newest: dict[int, Link] = field(default_factory=dict)
    """The newest link to each certificate, by serial number. Older ones do not work any more."""


class _Links(Table[Link]):
    """All links by their secrets. Each stays one object, because its mail refers to it."""

    def _set(self, key: str, record: Link) -> None:
        there = self.by_key.get(key)
        if there is not None and there is not record:
            vars(there).update(vars(record))
            record = there
        super()._set(key, record)


class CertificateLinks:
    """The certificate links of one platform state. Any thread may make, use and read them.

    Only the cost of :meth:`of` and :meth:`drop_account` grows with the links of an account.
    """

    def __init__(
        self,
        *,
        clock: PlatformClock,
        random: Random,
        lifetime: timedelta,
        stored: Stored | None = None,
    ) -> None:
        self._clock = clock
        self._random = random
        self._lifetime = lifetime
        self._lock = threading.RLock()
        self._of: dict[str, _Held] = {}
        """The links of each account, by user name, without those of an earlier account of that
        name.
        """
        self._stored = Stored() if stored is None else stored
        self._links = _Links(
            self._stored,
            "portal/links",
            codec_of(Link),
            changed=self._follow,
        )

    def create(self, *, account: str, serial_number: int, delivery: Delivery) -> Link:
        """A new link. An older link to the same certificate does not work any more."""
        now = self._clock.now()
        token = new_secret(self._random)
        with self._lock:
            link = Link(
                token=token,
                account=account,
                serial_number=serial_number,
                delivery=delivery,
                made_at=now,
                expires_at=now + self._lifetime,
                number=self._stored.next_number("links"),
            )
            held = self._of.get(account)
            before = held.newest.get(serial_number) if held else None
            if before is not None:
                self._links.changing(before.token)
                before.replaced = True
            self._links[token] = link
        return link

    def find(self, token: str) -> Link | None:
        """The link with this secret, also if it does not work any more; None if it is unknown."""
        return self._links.by_key.get(token)

    def of(self, account: str) -> list[Link]:
        """The links of an account, the oldest first."""
        with self._lock:
            held = self._of.get(account)
            return list(held.links) if held else []

    def newest_of(self, account: str, count: int) -> list[Link]:
        """The newest links of an account, at most ``count``, the newest first."""
        with self._lock:
            held = self._of.get(account)
            return held.links[: -count - 1 : -1] if held else []

    def require(self, token: str) -> Link:
        """The link with this secret, if it works. This does not use it up.

        Raises :class:`~mock_sei.errors.Refusal`: 404 if it is unknown, 410 if it does not work.
        """
        link = self.find(token)
        if link is None:
            raise Refusal(
                NOT_FOUND,
                check=CHECK,
                because="No such certificate link was made: it was cut short when it was copied, "
                "or it was made before the last reset"
                f"{but_for(find_difference(token, self._is_link))}.",
            )
        problem = link.find_problem(self._clock.now())
        if problem is not None:
            raise Refusal(
                LINK_DEAD,
                check=CHECK,
                because=f"The certificate link of {link.account} is dead: {problem}. Ask for a new "
                "one on the application's page in the portal.",
                expected="a live link",
                actual=problem,
            )
        return link

    def _is_link(self, token: str) -> bool:
        return token in self._links

    def take(self, token: str) -> Link:
        """Uses up a link that works. Of several calls at the same time, only one gets it.

        Raises what :meth:`require` raises.
        """
        with self._lock:
            link = self.require(token)
            self._links.changing(token)
            link.used_at = self._clock.now()
            return link

    def drop_account(self, account: str) -> None:
        """Ends the links of an account that was deleted."""
        with self._lock:
            for each in reversed(self.of(account)):  # the end of a list is removed at no cost
                self._links.changing(each.token)
                each.dropped = True
                self._leave_out(each)

    def _follow(self, _: str, before: Link | None, link: Link | None) -> None:
        """A link was made, or another server changed it. No link is ever removed."""
        with self._lock:
            if link is None:
                return
            if link.dropped:
                self._leave_out(link)
            elif before is None:
                held = self._of.setdefault(link.account, _Held())
                insort(held.links, link, key=_number)
                newest = held.newest.get(link.serial_number)
                if newest is None or newest.number < link.number:
                    held.newest[link.serial_number] = link

    def _leave_out(self, link: Link) -> None:
        """Removes a link from those of its account."""
        held = self._of.get(link.account)
        place = bisect_left(held.links, link.number, key=_number) if held else 0
        if held is None or link not in held.links[place : place + 1]:
            return
        del held.links[place]
        if held.newest.get(link.serial_number) is link:
            del held.newest[link.serial_number]
        if not held.links:
            del self._of[link.account]


_number = attrgetter("number")
