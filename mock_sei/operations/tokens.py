"""Access tokens, obtained as a client obtains them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mock_sei.errors import MockSeiError
from mock_sei.operations.requests import Request
from mock_sei.rules.records import DEFAULT_USER

if TYPE_CHECKING:
    import httpx2

    from mock_sei.platform import Platform


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
        from mock_sei.operations.own_calls import client_context, own_client

        def connect(account: str | None) -> httpx2.Client:
            identity = None
            if account is not None:
                identity = platform.units.run(lambda: platform.certificates.identity(account))
            # Its certificate may be a wrong one on purpose.
            context = client_context(identity, trusted=None)
            return own_client(platform, context, two_way=account is not None)

        flows = Flows(
            registry=lambda: platform.registry,
            connect=connect,
            paths=lambda: platform.state.assumptions.path,
        )
        try:
            return flows.token_response(self.application, self.user)
        except httpx2.HTTPError as error:
            raise MockSeiError(f"no token for {self.application}: {error}") from None
