"""Records of applications, service accounts and end users, and the checks of a single record.

``registry.py`` checks how records fit together. ``__pydantic_config__`` makes pydantic check a
user's file with these same classes.

Source: the Security FAQ and the registration FAQ say what an application has. Where they show a
picture or nothing, the names of the fields are ours.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import urlsplit

from mock_sei.errors import RegistryError
from mock_sei.rules.standards import (
    STANDARDS,
    Actor,
    ApplicationType,
    GrantType,
    Owner,
    Standard,
    find_standard,
)
from mock_sei.values.cached import cached_property

DEFAULT_USER = "alice@example.com"
"""The demo user who logs in where a test names nobody."""
DEFAULT_SCOPE = "ilservices"
"""The only scope that the vendor's authorize page lists."""


ACCOUNT_NAME_RULE = "not an account name: 1 to 64 letters, digits and . _ @ -"
_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def is_account_name(name: str) -> bool:
    """True for a name that fits a certificate's CN (64 characters) and a folder's name."""
    return _ACCOUNT_NAME.fullmatch(name) is not None


NAME_RULE = "not a name: 1 to 80 printable characters, none of them a slash"
TAKEN_NAMES = frozenset({".", "..", "new"})
"""Names that an application cannot have, since the portal's addresses use them."""
_NAME = re.compile(r"[^/\\\s](?:[^/\\]{0,78}[^/\\\s])?")

_MAILBOX = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")

_SCRIPT_SCHEMES = frozenset({"javascript", "data", "vbscript", "blob", "about", "file"})

_HOST = re.compile(r"[a-z0-9._~%-]+|[0-9a-f:.]+")  # in the form that urlsplit returns

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 section 3.3

PEM_START = "-----BEGIN "
_CERTIFICATE_START = f"{PEM_START}CERTIFICATE-----"
_CERTIFICATE_END = "-----END CERTIFICATE-----"


def find_certificate_problem(text: str) -> str | None:
    """What is wrong with the form of a PEM text that should hold one certificate, None if nothing.

    The content of the certificate is not checked.
    """
    if "PRIVATE KEY" in text:
        return "holds a private key, which stays with the client; register only the certificate"
    parts = [each.partition(_CERTIFICATE_END) for each in text.split(_CERTIFICATE_START)[1:]]
    blocks = [block for block, end, _ in parts if end]
    if len(blocks) != 1:
        return f"holds {len(blocks)} certificates in PEM form, not one"
    try:
        der = base64.b64decode("".join(blocks[0].split()), validate=True)
    except ValueError:
        return "holds a certificate whose Base64 cannot be decoded"
    return None if _is_sequence(der) else "holds no certificate, or one that is cut short"


def _is_sequence(der: bytes) -> bool:
    """True if ``der`` is one SEQUENCE and nothing else, as a certificate is (X.690 section
    8.1.3)."""
    size = der[1] & 0x7F if len(der) > 2 and der[1] & 0x80 else 0
    body = der[2 + size :]
    return der[:1] == b"\x30" and size > 0 and int.from_bytes(der[2 : 2 + size]) == len(body)


class Environment(StrEnum):
    """The vendor's environments. An application is approved for each one separately."""

    BUILD = "build"
    SANDBOX = "sandbox"
    TEST = "test"
    PRODUCTION = "production"


class CertificateSource(StrEnum):
    """Who issues an application's certificate, as registered: SEI, or your own CA (Security
    FAQ)."""

    SEI = "sei"
    OWN = "own"


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """The user name and password that a server-based application presents."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class EndUser:
    """A person who logs in to an application."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Application:
    """One registered application and what it was granted."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str
    """Its name, which no other application has."""
    type: ApplicationType
    """``"client-server"``, ``"server-server"``, ``"single-page"`` or ``"native"``."""
    actor: Actor
    """Who acts through it: ``"server"`` or ``"end-user"``."""
    owner: Owner = Owner.ANYONE
    """Whom its row of the security standards is for: ``"anyone"``, ``"sei-client"`` or
    ``"sei-internal"``."""
    app_key: str
    """The AppKey: the ``client_id`` of OAuth, and the header ``AppKey`` of each call."""
    app_secret: str | None = field(default=None, repr=False)
    """The AppSecret; None for an application that cannot keep one."""
    service_account: str | None = None
    """User name of its service account. Only two-way TLS applications have one."""
    redirect_addresses: tuple[str, ...] = ()
    """Where authorize may send the browser back to."""
    source_addresses: tuple[str, ...] = ()
    """IP addresses and networks that calls may come from. An empty list allows all."""
    products: tuple[str, ...] = ("*",)
    """The API products that it may call; ``*`` for all."""
    environments: tuple[Environment, ...] = tuple(Environment)
    """The environments of the vendor that it may be used in."""
    scopes: tuple[str, ...] = (DEFAULT_SCOPE,)
    """The scopes that it may ask for."""
    distribution_list: str = "api-team@example.com"
    """E-mail address of the application's team, to which the platform sends its mails."""
    certificate: CertificateSource = CertificateSource.SEI
    """Who provides the identity certificate of a two-way TLS application."""
    saml_certificate: str | None = field(default=None, repr=False)
    """PEM text of a certificate whose private key signs the assertions of the SAML grant. In a
    user's file it may be the path of a PEM file."""
    approved: bool = True
    """Whether it is approved; before that its keys do not work."""
    own_data: bool = False
    """Whether it works on its own copy of the seeded records, which no other application sees."""

    @cached_property
    def standard(self) -> Standard:
        """The row of the security standards for this application.

        Raises :class:`RegistryError` if the table has no such row.
        """
        row = find_standard(self.type, self.actor, self.owner)
        if row is None:
            known = "; ".join(
                f"{'/'.join(each.application_types)}, {each.actor}, {each.owner}"
                for each in STANDARDS
            )
            raise RegistryError(
                f"no row of the security standards is for {self.type}, {self.actor}, {self.owner}; "
                f"there are: {known}",
                "owner",
                value=str(self.owner),
            )
        return row

    @cached_property
    def source_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(each) for each in self.source_addresses)

    def accepts_source(self, address: str) -> bool:
        """True if calls may come from this IP address."""
        if not self.source_addresses:
            return True
        source = ipaddress.ip_address(address)
        mapped = getattr(source, "ipv4_mapped", None)
        return any((mapped or source) in network for network in self.source_networks)

    def as_dict(self) -> dict[str, Any]:
        """All fields by name. ``dataclasses.asdict`` would copy the values, which never change."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name[0] != "_"}

    def is_granted(self, product: str) -> bool:
        """True if the application may call this API product."""
        return "*" in self.products or product in self.products

    def check(self) -> None:
        """Raises the first of the application's :meth:`problems`, if there is one."""
        for problem in self.problems():
            raise problem

    def problems(self) -> Iterator[RegistryError]:
        """Everything that is wrong with the application. Each error names the wrong key."""
        try:
            row = self.standard
        except RegistryError as error:
            yield error
            return
        yield from self._name_problems()
        yield from self._credential_problems(row)
        yield from self._address_problems()
        yield from self._scope_problems()
        yield from self._saml_problems(row)

    def _name_problems(self) -> Iterator[RegistryError]:
        if not _NAME.fullmatch(self.name) or not self.name.isprintable():
            yield RegistryError(NAME_RULE, "name", value=self.name[:100])
        elif self.name in TAKEN_NAMES:
            yield RegistryError("this name is reserved", "name", value=self.name)
        if not _MAILBOX.fullmatch(self.distribution_list):
            yield RegistryError(
                "not an e-mail address", "distribution_list", value=self.distribution_list[:100]
            )

    def _credential_problems(self, row: Standard) -> Iterator[RegistryError]:
        if row.two_way_tls and not (self.app_secret and self.service_account):
            key = "service_account" if self.app_secret else "app_secret"
            yield RegistryError(
                f"missing: a {self.type} application uses two-way TLS and has an AppSecret "
                "and a service account",
                key,
            )
        if not row.two_way_tls:
            for key in ("app_secret", "service_account"):
                if getattr(self, key) is not None:
                    yield RegistryError(
                        f"a {self.type} application cannot keep a secret, so it must not have this",
                        key,
                    )

    def _address_problems(self) -> Iterator[RegistryError]:
        for index, each in enumerate(self.source_addresses):
            try:
                ipaddress.ip_network(each)
            except ValueError as error:
                host = "; its host bits are set" if "host bits" in str(error) else ""
                yield RegistryError(
                    f"not an address or network{host}",
                    "source_addresses",
                    index,
                    value=each[:100],
                )
        for index, each in enumerate(self.redirect_addresses):
            problem = find_redirect_problem(each)
            if problem:
                yield RegistryError(problem, "redirect_addresses", index, value=each[:200])

    def _scope_problems(self) -> Iterator[RegistryError]:
        for index, each in enumerate(self.scopes):
            if not _SCOPE.fullmatch(each):
                problem = "not a scope: printable ASCII without space, quote and backslash"
                yield RegistryError(problem, "scopes", index, value=each[:100])

    def _saml_problems(self, row: Standard) -> Iterator[RegistryError]:
        if self.saml_certificate is None:
            return
        problem = find_certificate_problem(self.saml_certificate)
        if GrantType.SAML2_BEARER not in row.token_grants:
            problem = "the SAML grant is for client-server applications with an end user"
        if problem:
            label = self.saml_certificate.strip()[:27]  # no more: it might be a private key
            yield RegistryError(problem, "saml_certificate", value=label)


def find_redirect_problem(address: str) -> str | None:
    """Why an address cannot be a redirect address, None if it can."""
    if not address.isascii():  # first: urlsplit takes quadratic time for other characters
        return "not an address: it has other characters than ASCII; percent-encode them"
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises ValueError if the port is not a number
    except ValueError as error:
        return f"not an address: {str(error)[:200]}"
    if not parts.scheme or "#" in address or not address.isprintable() or " " in address:
        return "not an absolute address without fragment"
    if parts.scheme in _SCRIPT_SCHEMES:
        return f"a {parts.scheme}: address cannot receive an answer: a browser runs or shows it"
    if parts.scheme in ("http", "https") and not _HOST.fullmatch(parts.hostname or ""):
        return "not an absolute address: it has no host"
    return None
