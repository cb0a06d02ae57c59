"""Access tokens, obtained as a client obtains them."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mock_sei.errors import MockSeiError
from mock_sei.operations.requests import Request
from mock_sei.rules.addresses import url
from mock_sei.rules.records import DEFAULT_USER

if TYPE_CHECKING:
    import httpx2

    from mock_sei.certificates.bundles import Identity
    from mock_sei.platform import Platform

TIMEOUT = 20.0
"""Seconds for each request of the flow."""


class IssueToken(Request[dict[str, Any]]):
    """The token response for an application, obtained by real requests to the platform's listeners.

    The grant is the one of the application's row in the security standards. The requests are in
    the journal, and meet faults. Raises :class:`~mock_sei.errors.MockSeiError`.
    """

    in_unit = False

    application: Annotated[str, Field(examples=["demo-web"])]
    """The application, by its name, AppKey or service account."""
    user: Annotated[str, Field(examples=["alice@example.com"])] = DEFAULT_USER
    """The end user who logs in and consents, where the grant has one."""

    def perform(self, platform: Platform) -> dict[str, Any]:
        import httpx2

        from mock_sei.operations.flows import Flows

        def connect(account: str | None) -> httpx2.Client:
            identity = None
            if account is not None:
                identity = platform.units.run(lambda: platform.certificates.identity(account))
            return _client(platform, identity)

        flows = Flows(
            registry=lambda: platform.registry,
            connect=connect,
            paths=lambda: platform.state.assumptions.path,
        )
        try:
            return flows.token_response(self.application, self.user)
        except httpx2.HTTPError as error:
            raise MockSeiError(f"no token for {self.application}: {error}") from None


def _client(platform: Platform, identity: Identity | None) -> httpx2.Client:
    """A client of this server's own listener, whose certificate may be a wrong one on purpose."""
    import httpx2

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    addresses = platform.addresses
    host, port = addresses.one_way_host, addresses.one_way_port
    if identity is not None:
        host, port = addresses.two_way_host, addresses.two_way_port
        with tempfile.TemporaryDirectory(prefix="mock-sei-") as name:
            file = Path(name) / "identity.pem"
            file.touch(mode=0o600)
            file.write_bytes(identity.key_pem + identity.certificate_pem)
            context.load_cert_chain(file)
    return httpx2.Client(
        base_url=url("https", host, port), verify=context, trust_env=False, timeout=TIMEOUT
    )
