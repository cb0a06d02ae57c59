"""The one-time certificate link: good for one download attempt, for a limited time.

A link knows for which certificate it is and in which form that is wanted; the certificate itself is
not known here.

Source: Security FAQ (dead after the first download attempt), two-way-TLS page (a new one on
request). How long one lives is assumed, and a setting.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from mock_sei.errors import LINK_DEAD, NOT_FOUND, Refusal, Rejected
from mock_sei.reasons.values import but_for, find_difference
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH
from mock_sei.rules.arguments import kind_of
from mock_sei.rules.clock import Clock
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE, find_warning
from mock_sei.rules.randomness import new_secret
from mock_sei.values.texts import is_text

CHECK = "certificate link"

WITH_KEY = ("pfx", "p12", "p7s", "pem")
WITHOUT_KEY = ("pem", "p7s")
"""Formats of a certificate whose private key is the client's alone."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """In which form a certificate is wanted."""

    format: str | None = None
    """None is the usual one: ``pfx``, or ``pem`` where the key is the client's."""
    passphrase: str = field(default=DEFAULT_PASSPHRASE, repr=False)
    """Empty for an encrypted file that everybody can open."""
    legacy: bool = False
    """Encryption that old Windows and macOS importers read."""

    def __post_init__(self) -> None:
        """Raises :class:`Rejected`: a link that is made must work when it is opened."""
        problems: dict[str, str] = {}
        if self.format not in (None, *WITH_KEY):
            problems["format"] = f"no such format; there are {', '.join(WITH_KEY)}"
        if not is_text(self.passphrase):
            problems["passphrase"] = "no text that can be sent"
        if self.legacy not in (True, False):
            problems["legacy"] = f"must be True or False, not {kind_of(self.legacy)}"
        if problems:
            raise Rejected(problems)

    @property
    def warning(self) -> str | None:
        """What to know of the file that is downloaded."""
        return find_warning(self.format, self.passphrase)

    def for_certificate(self, *, with_key: bool) -> Delivery:
        """The same with the usual format where none was asked for. Raises :class:`Rejected`."""
        if not with_key and self.format not in (None, *WITHOUT_KEY):
            raise Rejected(
                {
                    "format": f"a {self.format} holds the private key, which is the client's own "
                    f"here; there are {' and '.join(WITHOUT_KEY)}"
                }
            )
        return replace(self, format=self.format or ("pfx" if with_key else "pem"))


@dataclass(kw_only=True)
class Link:
    """One link."""

    token: str = field(repr=False)
    account: str
    serial_number: int
    delivery: Delivery
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    replaced: bool = False
    dropped: bool = False

    @property
    def path(self) -> str:
        return CERTIFICATE_LINK_PATH + self.token

    def state(self, now: datetime) -> str:
        """In a few words."""
        problem = self.find_problem(now)
        return f"dead: {problem}" if problem else f"live until {self.expires_at:%Y-%m-%d %H:%M} UTC"

    def find_problem(self, now: datetime) -> str | None:
        """Why it is dead, None while it is not."""
        if self.used_at is not None:
            return f"it was used at {self.used_at:%Y-%m-%d %H:%M:%S} UTC, and it is good for once"
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
    """Oldest first."""
    newest: dict[int, Link] = field(default_factory=dict)
    """The newest link to each certificate, by serial number; only this one can be live."""


class CertificateLinks:
    """The links of a platform state. Any thread may make, take and read them.

    Nothing but :meth:`of` and :meth:`drop_account` costs more where an account has more links.
    """

    def __init__(self, *, clock: Clock, random: Random, lifetime: timedelta) -> None:
        self._clock = clock
        self._random = random
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._links: dict[str, Link] = {}
        self._of: dict[str, _Held] = {}
        """The links of each account; those of an account that had the name before are left out."""

    def create(self, *, account: str, serial_number: int, delivery: Delivery) -> Link:
        """A new link; an unused one for the same certificate is dead from now on."""
        now = self._clock.now()
        link = Link(
            token=new_secret(self._random),
            account=account,
            serial_number=serial_number,
            delivery=delivery,
            made_at=now,
            expires_at=now + self._lifetime,
        )
        with self._lock:
            held = self._of.setdefault(account, _Held())
            before = held.newest.get(serial_number)
            if before is not None:
                before.replaced = True
            held.newest[serial_number] = link
            held.links.append(link)
            self._links[link.token] = link
        return link

    def find(self, token: str) -> Link | None:
        """Dead or live."""
        return self._links.get(token)

    def of(self, account: str) -> list[Link]:
        """Oldest first, without those of another that had the name."""
        with self._lock:
            held = self._of.get(account)
            return list(held.links) if held else []

    def newest_of(self, account: str, count: int) -> list[Link]:
        """The newest so many of :meth:`of`, newest first."""
        with self._lock:
            held = self._of.get(account)
            return held.links[: -count - 1 : -1] if held else []

    def require(self, token: str) -> Link:
        """A live link, not used by this. Raises :class:`~mock_sei.errors.Refusal`, 404 or 410."""
        link = self._links.get(token)
        if link is None:
            raise Refusal(
                NOT_FOUND,
                check=CHECK,
                because="No such certificate link was made: cut short when it was copied, or made "
                f"before the last reset{but_for(find_difference(token, self._is_link))}.",
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
        """A live link, which is dead from now on: of many at once exactly one gets it."""
        with self._lock:
            link = self.require(token)
            link.used_at = self._clock.now()
            return link

    def drop_account(self, account: str) -> None:
        """Ends the links of an account that is gone."""
        with self._lock:
            held = self._of.pop(account, None)
            for each in held.links if held else ():
                each.dropped = True
