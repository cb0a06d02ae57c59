"""What the network showed, as frozen values: the checks read them, the probe fills them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from mock_sei.doctor.wire import Flight


class Reached(StrEnum):
    """How far a bare connection got."""

    CONNECTED = "connected"
    UNRESOLVED = "name not resolved"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"


class Ended(StrEnum):
    """How a handshake, with one request after it, ended."""

    ANSWERED = "answered"
    """An HTTP answer came: the client certificate, if one was wanted, is accepted."""
    ALERT = "alert"
    NO_COMMON_VERSION = "no common version"
    CLOSED = "closed"
    RESET = "reset"
    TIMED_OUT = "timed out"
    NOT_TLS = "not TLS"
    FAILED = "failed"
    """Our own side gave up; the reason is OpenSSL's."""


@dataclass(frozen=True, kw_only=True)
class Handshake:
    """One handshake that checked nothing of the server, with our certificate if it is usable."""

    ended: Ended
    alert: str = ""
    """In small letters, as RFC 8446 section 6.2 names it; or OpenSSL's reason."""
    version: str | None = None
    showed_certificate: bool = False
    flight: Flight = field(default_factory=Flight)
    peer: bytes | None = None
    """The server's certificate, DER."""
    date: str | None = None
    """The answer's header."""
    after: timedelta = timedelta(0)
    """How long after the setup was read it came."""


@dataclass(frozen=True, kw_only=True)
class Trust:
    """What verifying the server's certificate, and nothing else, came to."""

    code: int = 0
    """OpenSSL's verification code, 0 where it is trusted."""
    message: str = ""
    failure: str = ""
    """Why the handshake that should verify it failed before it could, in OpenSSL's words."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the token endpoint answered."""

    status: int = 0
    body: str = field(default="", repr=False)
    tracking_id: str | None = None
    date: str | None = None
    after: timedelta = timedelta(0)
    """How long after the setup was read it came."""
    location: str | None = None
    source_address: str = ""
    """Of this machine's end of the connection."""
    failure: str = ""
    """Why none came."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything the probe saw; None is what it did not get to."""

    reached: Reached
    problem: str = ""
    """The system's words, where it was not reached."""
    addresses: tuple[str, ...] = ()
    plain: str | None = None
    """The first line of a plain HTTP answer, where the port does not speak TLS."""
    is_control: bool = False
    older: Handshake | None = None
    """At most TLS 1.2."""
    newer: Handshake | None = None
    """At most TLS 1.3."""
    trust: Trust | None = None
    answer: Answer | None = None
    swapped_answer: Answer | None = None
    """To the same request with AppKey and AppSecret exchanged, where the pair was refused."""

    @property
    def handshakes(self) -> tuple[Handshake, ...]:
        return tuple(each for each in (self.newer, self.older) if each)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The server's certificates as far as they were seen, DER, its own first."""
        for each in self.handshakes:
            if each.flight.chain:
                return each.flight.chain
        return tuple(each.peer for each in self.handshakes[:1] if each.peer)

    @property
    def speaks_tls(self) -> bool:
        return any(
            each.flight.chain or each.peer or each.ended in (Ended.ALERT, Ended.NO_COMMON_VERSION)
            for each in self.handshakes
        )

    @property
    def wants_certificate(self) -> bool | None:
        seen = [each.flight.wants_certificate for each in self.handshakes]
        known = [each for each in seen if each is not None]
        if known:
            return any(known)
        if any(each.alert == "certificate_required" for each in self.handshakes):
            return True
        return None

    @property
    def dated(self) -> tuple[str, timedelta] | None:
        """The server's ``Date`` and how long after the setup was read it came."""
        answers = [each for each in (self.answer, *self.handshakes) if each]
        return next(((each.date, each.after) for each in answers if each.date), None)
