"""Which context a new connection gets: one that trusts what is registered at that moment.

A context can take certificates and revocation lists in but not let go of them, so a changed set of
clients' own certificates or a new list, a reset included, makes a new one.
"""

from __future__ import annotations

from typing import NamedTuple

from mock_sei.certificates.bundles import Identity
from mock_sei.runtime.tls import ListenerContext
from mock_sei.sandbox import Sandbox


class ListenerTrust:
    """The TLS of one listener: its own certificate, and whom it lets in."""

    def __init__(self, sandbox: Sandbox, identity: Identity, *, client_certificates: bool) -> None:
        self._sandbox = sandbox
        self._usual_identity = identity
        self._client_certificates = client_certificates
        self._made_of = self._parts()
        self._context = self._make()

    def context(self) -> ListenerContext:
        """For the next connection."""
        parts = self._parts()
        if parts != self._made_of:
            self._made_of = parts
            self._context = self._make()
        return self._context

    def _parts(self) -> _Parts:
        identity = self._sandbox.state.server_identity or self._usual_identity
        if not self._client_certificates:
            return _Parts(identity)
        return _Parts(
            identity, self._sandbox.certificates.own_pem, self._sandbox.authority.crl_number
        )

    def _make(self) -> ListenerContext:
        return ListenerContext.create(
            self._sandbox,
            self._made_of.identity,
            client_certificates=self._client_certificates,
            own_pem=self._made_of.own_pem,
        )


class _Parts(NamedTuple):
    """What a context is made of."""

    identity: Identity
    own_pem: str = ""
    crl_number: int = 0
