"""The security standards: which kind of application uses which grant, on which listener.

One table. The README, ``mock-sei standards`` and every check read it; nothing else in the code base
knows which application may do what. It must not know HTTP, TLS or tokens.

Source: Security FAQ, the table at its top. The listener column is documented for client-server
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
    """Who drives the calls: the application itself, or a person in front of it."""

    SERVER = "server"
    END_USER = "end-user"


class Owner(StrEnum):
    """Whose application it is; the FAQ lets SEI's own applications use the password grant."""

    ANYONE = "anyone"
    SEI_CLIENT = "sei-client"
    SEI_INTERNAL = "sei-internal"


class Listener(StrEnum):
    """The three doors of the server. Platform traffic comes through the first two."""

    ONE_WAY = "one-way"
    TWO_WAY = "two-way"
    CONTROL = "control"


class GrantType(StrEnum):
    """Wire values of ``grant_type``, and ``implicit``, which has no token request."""

    CLIENT_CREDENTIALS = "client_credentials"
    AUTHORIZATION_CODE = "authorization_code"
    PASSWORD = "password"
    IMPLICIT = "implicit"
    REFRESH_TOKEN = "refresh_token"
    INVALIDATE_TOKEN = "invalidate_token"
    SESSION_TOKEN = "sessionToken"
    SAML2_BEARER = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"


TOKEN_GRANTS = tuple(each for each in GrantType if each is not GrantType.IMPLICIT)
"""Those that are values of ``grant_type`` at the token endpoint."""


@dataclass(frozen=True, kw_only=True)
class Standard:
    """One row of the table."""

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
        return self.listener is Listener.TWO_WAY

    @property
    def port(self) -> int:
        return DOCUMENTED_PORTS[self.listener]

    @property
    def token_grants(self) -> tuple[GrantType, ...]:
        """The values of ``grant_type`` that this row may send to the token endpoint.

        Its own; refresh where there is a refresh token; of the vendor's own, whose pages do not say
        for whom they are, ``invalidate_token`` for whoever can get a token there, ``sessionToken``
        and the SAML grant for server-based applications with an end user (assumed).
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
    """The row for such an application, or None where the table has none.

    A row for ``anyone`` takes every owner; the other rows take theirs alone.
    """
    for row in STANDARDS:
        fits = application_type in row.application_types and actor is row.actor
        if fits and row.owner in (Owner.ANYONE, owner):
            return row
    return None


def standards_table() -> str:
    """The table as Markdown, the form in which README and command line show it."""
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
