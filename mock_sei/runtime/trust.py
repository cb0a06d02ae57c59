"""Which context a new connection gets: one that trusts what is registered at that moment.

A context can take certificates and revocation lists in but not let go of them, so a changed set of
clients' own certificates or a new list, a reset included, makes a new one. Where that one cannot be
made nobody is let in: the former context would let in who was let go of, or show the certificate
that a test had changed.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from mock_sei.certificates.bundles import Identity
from mock_sei.errors import ConfigurationError, Explanation
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.tls import ListenerContext

CHECK = "TLS of the listener"


class TrustUnavailable(Exception):
    """The listener's context cannot be made at this moment; nobody is let in."""

    def __init__(self, why: Explanation) -> None:
        super().__init__(why.because)
        self.why = why


class ListenerTrust:
    """The TLS of one listener: its own certificate, and whom it lets in."""

    def __init__(
        self, platform: Platform, identity: Identity, *, client_certificates: bool
    ) -> None:
        """Raises :class:`ConfigurationError` where not even the first context can be made."""
        self._platform = platform
        self._usual_identity = identity
        self._client_certificates = client_certificates
        self._lock = asyncio.Lock()
        self._begun = 0
        """How many were begun after the first."""
        self._made = self._try_to_make(self._parts(), 0)
        if isinstance(self._made.outcome, Explanation):
            because = self._made.outcome.because
            raise ConfigurationError(because, source=f"{self._listener} listener")

    async def context(self) -> ListenerContext:
        """For a connection that was accepted just now. Raises :class:`TrustUnavailable`.

        A new one is made in a thread: it costs what is registered and revoked. Connections that
        come meanwhile share it, unless something changed again after it was begun.
        """
        parts = self._parts()
        if self._made.is_of(parts):
            return self._made.context()
        begun_before = self._begun
        async with self._lock:
            # One that was begun after this connection came is as new as it needs, failed or not.
            if self._made.number <= begun_before and not self._made.is_of(self._parts()):
                self._begun += 1
                self._made = await asyncio.get_running_loop().run_in_executor(
                    None, self._try_to_make, self._parts(), self._begun
                )
                if isinstance(self._made.outcome, Explanation):
                    self._platform.record_tls_failure(self._made.outcome.because)
            return self._made.context()

    @property
    def _listener(self) -> Listener:
        return Listener.TWO_WAY if self._client_certificates else Listener.ONE_WAY

    def _parts(self) -> _Parts:
        state = self._platform.state
        number = state.certificates.trust_number if self._client_certificates else 0
        return _Parts(state.server_identity or self._usual_identity, number)

    def _try_to_make(self, parts: _Parts, number: int) -> _Made:
        """``parts`` are as old as what the context is made of, or older, never newer."""
        try:
            context = ListenerContext.create(
                self._platform, parts.identity, client_certificates=self._client_certificates
            )
        except Exception as error:  # whatever it is, the former context must not serve on
            return _Made(parts, number, self._explain(error))
        return _Made(parts, number, context)

    def _explain(self, error: Exception) -> Explanation:
        return Explanation(
            check=CHECK,
            because=f"The TLS of the {self._listener} listener cannot be set up ({error}), so it "
            "lets nobody in: its former certificates and revocations are no longer right. It is "
            f"tried again at the next connection. {_advice(error)}",
            expected="a TLS context with the present certificates and revocations",
            actual=str(error),
        )


def _advice(error: Exception) -> str:
    if isinstance(error, OSError | ValueError | MemoryError):  # as ListenerContext.create says
        return "Give the server files, memory and a temporary folder to write to."
    return f"This {type(error).__name__} is a failure of mock-sei; please report it."


class _Parts(NamedTuple):
    """What a context is made of."""

    identity: Identity
    trust_number: int


class _Made(NamedTuple):
    """What came of one attempt."""

    parts: _Parts
    number: int
    outcome: ListenerContext | Explanation

    def is_of(self, parts: _Parts) -> bool:
        """Whether it is a context of these parts; a failure is of none, so it is tried again."""
        return (
            isinstance(self.outcome, ListenerContext)
            and self.parts.identity is parts.identity
            and self.parts.trust_number == parts.trust_number
        )

    def context(self) -> ListenerContext:
        if isinstance(self.outcome, Explanation):
            raise TrustUnavailable(self.outcome)
        return self.outcome
