"""The results of the connections as frozen values: the probe creates them, the checks read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from mock_sei.doctor.wire import Flight


class Reached(StrEnum):
    """How far a connection without TLS got."""

    CONNECTED = "connected"
    UNRESOLVED = "name not resolved"
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"


class Ended(StrEnum):
    """How a handshake, with one request after it, ended."""

    ANSWERED = "answered"
    """An HTTP answer came. If the server wanted a client certificate, it accepted it."""
    ALERT = "alert"
    NO_COMMON_VERSION = "no common version"
    CLOSED = "closed"
    RESET = "reset"
    TIMED_OUT = "timed out"
    NOT_TLS = "not TLS"
    FAILED = "failed"
    """OpenSSL on this side ended the handshake."""


@dataclass(frozen=True, kw_only=True)
class ObservedHandshake:
    """A handshake that did not verify the server. The client certificate was sent if usable."""

    ended: Ended
    alert: str = ""
    """The alert in lower case, as RFC 8446 section 6.2 names it, or OpenSSL's reason."""
    version: str | None = None
    showed_certificate: bool = False
    flight: Flight = field(default_factory=Flight)
    server_certificate: bytes | None = None
    """The server's certificate, DER."""
    date: str | None = None
    """The ``Date`` header of the answer."""
    token_path: str | None = None
    """The path of the token endpoint, if the metadata of the authorization server has one."""
    after: timedelta = timedelta(0)
    """The time between reading the setup and the answer."""


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The result of verifying the server's certificate."""

    code: int = 0
    """OpenSSL's verification code; 0 if the certificate is trusted."""
    message: str = ""
    failure: str = ""
    """OpenSSL's reason if the handshake failed before the certificate was verified."""


@dataclass(frozen=True, kw_only=True)
class ObservedAnswer:
    """The answer of the token endpoint."""

    status: int = 0
    body: str = field(default="", repr=False)
    tracking_id: str | None = None
    date: str | None = None
    after: timedelta = timedelta(0)
    """The time between reading the setup and the answer."""
    location: str | None = None
    source_address: str = ""
    """The address of this machine's end of the connection."""
    failure: str = ""
    """Why no answer came; empty if one came."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """All results of the probe. None means that the probe did not get so far."""

    reached: Reached
    problem: str = ""
    """The system's error if the server was not reached."""
    addresses: tuple[str, ...] = ()
    plain: str | None = None
    """The first line of a plain HTTP answer, if the port does not support TLS."""
    is_control: bool = False
    older: ObservedHandshake | None = None
    """The handshake with at most TLS 1.2."""
    newer: ObservedHandshake | None = None
    """The handshake with at most TLS 1.3."""
    trust: Trust | None = None
    answer: ObservedAnswer | None = None
    swapped_answer: ObservedAnswer | None = None
    """The answer to the request with AppKey and AppSecret swapped, if the pair was refused."""

    @property
    def handshakes(self) -> tuple[ObservedHandshake, ...]:
        """The handshakes that were done, the newer TLS version first."""
        return tuple(each for each in (self.newer, self.older) if each)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The server's certificates that were seen, DER, its own first."""
        for each in self.handshakes:
            if each.flight.chain:
                return each.flight.chain
        return tuple(
            each.server_certificate for each in self.handshakes[:1] if each.server_certificate
        )

    @property
    def speaks_tls(self) -> bool:
        """Whether the port supports TLS."""
        return any(
            each.flight.chain
            or each.server_certificate
            or each.ended in (Ended.ALERT, Ended.NO_COMMON_VERSION)
            for each in self.handshakes
        )

    @property
    def wants_certificate(self) -> bool | None:
        """Whether the server asks for a client certificate; None if it is not known."""
        seen = [each.flight.wants_certificate for each in self.handshakes]
        known = [each for each in seen if each is not None]
        if known:
            return any(known)
        if any(each.alert == "certificate_required" for each in self.handshakes):
            return True
        return None

    @property
    def dated(self) -> tuple[str, timedelta] | None:
        """The server's ``Date`` header, and how long after reading the setup it came."""
        answers = [each for each in (self.answer, *self.handshakes) if each]
        return next(((each.date, each.after) for each in answers if each.date), None)
