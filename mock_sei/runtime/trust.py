"""Which context a new connection gets: one that trusts what is registered at that moment.

A context can take certificates in but not let go of them, so a changed set of clients' own
certificates, a reset included, makes a new one.
"""

from __future__ import annotations

from mock_sei.certificates.bundles import Identity
from mock_sei.runtime.tls import ListenerContext
from mock_sei.sandbox import Sandbox


class ListenerTrust:
    """The TLS of one listener: its own certificate, and whom it lets in."""

    def __init__(self, sandbox: Sandbox, identity: Identity, *, client_certificates: bool) -> None:
        self._sandbox = sandbox
        self._usual_identity = identity
        self._identity = identity
        self._client_certificates = client_certificates
        self._own_pem = ""
        self._context = self._make()

    def context(self) -> ListenerContext:
        """For the next connection."""
        own_pem = self._sandbox.certificates.own_pem if self._client_certificates else ""
        identity = self._sandbox.state.server_identity or self._usual_identity
        if own_pem != self._own_pem or identity is not self._identity:
            self._own_pem, self._identity = own_pem, identity
            self._context = self._make()
        return self._context

    def _make(self) -> ListenerContext:
        return ListenerContext.create(
            self._sandbox,
            self._identity,
            client_certificates=self._client_certificates,
            own_pem=self._own_pem,
        )
