"""Chooses the TLS context of a new connection: one that trusts what is registered at that moment.

A context can load certificates and revocation lists, but cannot remove them. So each change of the
clients' own certificates or of the revocation list, and each reset, needs a new context. If a new
context cannot be created, all connections are refused: the former context would accept removed
certificates, or show a server certificate that a test has changed.
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
    """The listener's context cannot be created at this moment, so all connections are refused."""

    def __init__(self, why: Explanation) -> None:
        super().__init__(why.because)
        self.why = why


class ListenerTrust:
    """The TLS of one listener: its server certificate, and the client certificates it accepts."""

    def __init__(
        self, platform: Platform, identity: Identity, *, client_certificates: bool
    ) -> None:
        """Raises :class:`ConfigurationError` if the first context cannot be created."""
        self._platform = platform
        self._usual_identity = identity
        self._client_certificates = client_certificates
        self._lock = asyncio.Lock()
        self._begun = 0
        """The number of contexts whose creation was begun after the first one."""
        self._made = self._try_to_make(self._parts(), 0)
        if isinstance(self._made.outcome, Explanation):
            because = self._made.outcome.because
            raise ConfigurationError(because, source=f"{self._listener} listener")

    async def context(self) -> ListenerContext:
        """The context for a connection that was just accepted. Raises :class:`TrustUnavailable`.

        A new context is created in a thread: the time grows with the number of registered and
        revoked certificates. Connections that come in the meantime use the same context, unless
        something changed after its creation began.
        """
        parts = self._parts()
        if self._made.is_of(parts):
            return self._made.context()
        begun_before = self._begun
        async with self._lock:
            # An attempt that began after this connection came is new enough, even if it failed.
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
        """Creates a context. ``parts`` must not be newer than what the context is created from."""
        try:
            context = ListenerContext.create(
                self._platform, parts.identity, client_certificates=self._client_certificates
            )
        except Exception as error:  # after any error, the former context must not be used
            return _Made(parts, number, self._explain(error))
        return _Made(parts, number, context)

    def _explain(self, error: Exception) -> Explanation:
        return Explanation(
            check=CHECK,
            because=f"The TLS of the {self._listener} listener cannot be set up ({error}), so it "
            "refuses all connections: its former certificates and revocations are out of date. The "
            f"next connection tries again. {_advice(error)}",
            expected="a TLS context with the present certificates and revocations",
            actual=str(error),
        )


def _advice(error: Exception) -> str:
    # ListenerContext.create documents these errors.
    if isinstance(
        error, OSError | ValueError | MemoryError
    ):  # errors that ListenerContext.create documents
        return "Give the server files, memory and a temporary folder to write to."
    return f"This {type(error).__name__} is a bug of mock-sei; please report it."


class _Parts(NamedTuple):
    """What a context is created from."""

    identity: Identity
    trust_number: int


class _Made(NamedTuple):
    """The result of one attempt to create a context."""

    parts: _Parts
    number: int
    outcome: ListenerContext | Explanation

    def is_of(self, parts: _Parts) -> bool:
        """Whether it is a context of these parts. A failure never is, so it is tried again."""
        return (
            isinstance(self.outcome, ListenerContext)
            and self.parts.identity is parts.identity
            and self.parts.trust_number == parts.trust_number
        )

    def context(self) -> ListenerContext:
        if isinstance(self.outcome, Explanation):
            raise TrustUnavailable(self.outcome)
        return self.outcome
