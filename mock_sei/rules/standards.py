"""The security standards: which kind of application uses which grant, on which listener.

The README, ``mock-sei standards`` and every check read this one table. No other module knows which
application may do what. This module must not know HTTP, TLS or tokens.

Source: the table at the top of the Security FAQ. The listener is documented for client-server
applications (port 444) and derived for the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ApplicationType(StrEnum):
    """The vendor's application types, as an application is registered."""

    CLIENT_SERVER = "client-server"
    SERVER_SERVER = "server-server"
    SINGLE_PAGE = "single-page"
    NATIVE = "native"


class Actor(StrEnum):
    """On whose behalf an application calls: its own (server), or that of a person (end user)."""

    SERVER = "server"
    END_USER = "end-user"


class Owner(StrEnum):
    """Whose application it is. Only SEI's own applications may use the password grant (FAQ)."""

    ANYONE = "anyone"
    SEI_CLIENT = "sei-client"
    SEI_INTERNAL = "sei-internal"


class Listener(StrEnum):
    """The three listeners of the server. The platform's clients use the first two."""

    ONE_WAY = "one-way"
    TWO_WAY = "two-way"
    CONTROL = "control"


class GrantType(StrEnum):
    """The values of ``grant_type``, and ``implicit``, which has no token request."""

    CLIENT_CREDENTIALS = "client_credentials"
    AUTHORIZATION_CODE = "authorization_code"
    PASSWORD = "password"
    IMPLICIT = "implicit"
    REFRESH_TOKEN = "refresh_token"
    INVALIDATE_TOKEN = "invalidate_token"
    SESSION_TOKEN = "sessionToken"
    SAML2_BEARER = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"


TOKEN_GRANTS = tuple(each for each in GrantType if each is not GrantType.IMPLICIT)
"""The grants that are values of ``grant_type`` at the token endpoint."""


@dataclass(frozen=True, kw_only=True)
class Standard:
    """One row of the security standards: the grant and the listener of a kind of application."""

    application_types: tuple[ApplicationType, ...]
    actor: Actor
    owner: Owner
    grant: GrantType
    proof_key: bool = False
    """PKCE is compulsory (RFC 7636)."""
    refreshable: bool = False
    """A refresh token comes with the access token."""
    listener: Listener

    @property
    def two_way_tls(self) -> bool:
        """True if these applications call the two-way TLS listener."""
        return self.listener is Listener.TWO_WAY

    @property
    def port(self) -> int:
        """The documented port of the row's listener."""
        return DOCUMENTED_PORTS[self.listener]

    @property
    def token_grants(self) -> tuple[GrantType, ...]:
        """The values of ``grant_type`` that these applications may send to the token endpoint.

        They are the row's own grant, and ``refresh_token`` if the row has refresh tokens. The
        vendor's pages do not say who may use the vendor's own grants. We assume
        ``invalidate_token`` for all that use the token endpoint, ``sessionToken`` and the SAML
        grant for server-based applications with an end user.
        """
        if self.grant is GrantType.IMPLICIT:
            return ()
        grants = [self.grant]
        if self.refreshable:
            grants.append(GrantType.REFRESH_TOKEN)
        if self.actor is Actor.END_USER and self.two_way_tls:
            grants += [GrantType.SESSION_TOKEN, GrantType.SAML2_BEARER]
        return (*grants, GrantType.INVALIDATE_TOKEN)

    @property
    def grant_label(self) -> str:
        """The grant, as the printed table shows it."""
        return f"{self.grant} with PKCE" if self.proof_key else str(self.grant)


DOCUMENTED_PORTS = {Listener.ONE_WAY: 443, Listener.TWO_WAY: 444}

STANDARDS = (
    Standard(
        application_types=(ApplicationType.CLIENT_SERVER, ApplicationType.SERVER_SERVER),
        actor=Actor.SERVER,
        owner=Owner.ANYONE,
        grant=GrantType.CLIENT_CREDENTIALS,
        listener=Listener.TWO_WAY,
    ),
    Standard(
        application_types=(ApplicationType.CLIENT_SERVER,),
        actor=Actor.END_USER,
        owner=Owner.SEI_CLIENT,
        grant=GrantType.AUTHORIZATION_CODE,
        refreshable=True,
        listener=Listener.TWO_WAY,
    ),
    Standard(
        application_types=(ApplicationType.CLIENT_SERVER,),
        actor=Actor.END_USER,
        owner=Owner.SEI_INTERNAL,
        grant=GrantType.PASSWORD,
        refreshable=True,
        listener=Listener.TWO_WAY,
    ),
    Standard(
        application_types=(ApplicationType.SINGLE_PAGE,),
        actor=Actor.END_USER,
        owner=Owner.ANYONE,
        grant=GrantType.IMPLICIT,
        listener=Listener.ONE_WAY,
    ),
    Standard(
        application_types=(ApplicationType.NATIVE,),
        actor=Actor.END_USER,
        owner=Owner.ANYONE,
        grant=GrantType.AUTHORIZATION_CODE,
        proof_key=True,
        refreshable=True,
        listener=Listener.ONE_WAY,
    ),
)


def find_standard(
    application_type: ApplicationType, actor: Actor, owner: Owner = Owner.ANYONE
) -> Standard | None:
    """The row for an application of this type, actor and owner; None if the table has none.

    A row for ``anyone`` fits every owner. Another row fits only its own owner.
    """
    for row in STANDARDS:
        fits = application_type in row.application_types and actor is row.actor
        if fits and row.owner in (Owner.ANYONE, owner):
            return row
    return None


def standards_table() -> str:
    """The security standards as a Markdown table, for the README and the command line."""
    lines = [
        "| application type | actor | who | grant | two-way TLS | port |",
        "|---|---|---|---|---|---|",
    ]
    for row in STANDARDS:
        cells = (
            ", ".join(row.application_types),
            row.actor,
            row.owner,
            row.grant_label,
            "required" if row.two_way_tls else "no",
            str(row.port),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
