"""Who the platform knows: applications, their service accounts, end users.

Records and their own consistency only; where they come from is ``fixtures.py``'s business. The
classes carry ``__pydantic_config__`` so that a file is checked against the very same fields.

Source: Security FAQ and registration FAQ for what an application has; field names are ours where
the pages show a picture or nothing.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from mock_sei.standards import (
    STANDARDS,
    Actor,
    ApplicationType,
    GrantType,
    Owner,
    Standard,
    find_standard,
)

DEFAULT_SCOPE = "ilservices"
"""The only scope the authorize page supports."""


ACCOUNT_NAME_RULE = "not an account name: 1 to 64 letters, digits and . _ @ -"
_ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def is_account_name(name: str) -> bool:
    """True for a name that fits a certificate's CN (64 characters) and a folder's name."""
    return _ACCOUNT_NAME.fullmatch(name) is not None


PEM_START = "-----BEGIN "
_CERTIFICATE = re.compile(f"{PEM_START}CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def find_certificate_problem(text: str) -> str | None:
    """What is wrong with the PEM text of one certificate, by its form alone; None if nothing is."""
    if "PRIVATE KEY" in text:
        return "holds a private key, which stays with the client; register the certificate alone"
    blocks = _CERTIFICATE.findall(text)
    if len(blocks) != 1:
        return f"holds {len(blocks)} certificates in PEM form, not one"
    try:
        der = base64.b64decode("".join(blocks[0].split()), validate=True)
    except ValueError:
        return "holds a certificate whose Base64 cannot be decoded"
    return None if _is_sequence(der) else "holds a certificate that is cut short or none at all"


def _is_sequence(der: bytes) -> bool:
    """One SEQUENCE and nothing after it, as a certificate is (X.690 section 8.1.3)."""
    size = der[1] & 0x7F if len(der) > 2 and der[1] & 0x80 else 0
    body = der[2 + size :]
    return der[:1] == b"\x30" and size > 0 and int.from_bytes(der[2 : 2 + size]) == len(body)


class Environment(StrEnum):
    """The vendor's environments; an application is granted each by name."""

    BUILD = "build"
    SANDBOX = "sandbox"
    TEST = "test"
    PRODUCTION = "production"


class RegistryError(ValueError):
    """Records that do not fit together. ``place`` is the path of the record and key at fault."""

    def __init__(self, problem: str, *place: str | int, value: object = None):
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.value = value


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
    type: ApplicationType
    actor: Actor
    owner: Owner = Owner.ANYONE
    app_key: str
    app_secret: str | None = field(default=None, repr=False)
    service_account: str | None = None
    """User name of its account; two-way TLS applications have one, the others none."""
    redirect_addresses: tuple[str, ...] = ()
    source_addresses: tuple[str, ...] = ()
    """Addresses and networks calls may come from; empty allows all."""
    products: tuple[str, ...] = ("*",)
    environments: tuple[Environment, ...] = tuple(Environment)
    scopes: tuple[str, ...] = (DEFAULT_SCOPE,)
    saml_certificate: str | None = field(default=None, repr=False)
    """PEM; its private key signs the assertions of the SAML grant. A file may name its path."""
    approved: bool = True

    @cached_property
    def standard(self) -> Standard:
        """Its row of the security standards. :class:`RegistryError` where there is none."""
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
        """True where the list is empty or holds the address."""
        if not self.source_addresses:
            return True
        source = ipaddress.ip_address(address)
        mapped = getattr(source, "ipv4_mapped", None)
        return any((mapped or source) in network for network in self.source_networks)

    def is_granted(self, product: str) -> bool:
        return "*" in self.products or product in self.products

    def check(self) -> None:
        """Raises :class:`RegistryError` naming the key at fault."""
        row = self.standard
        if row.two_way_tls and not (self.app_secret and self.service_account):
            key = "service_account" if self.app_secret else "app_secret"
            raise RegistryError(
                f"missing: a {self.type} application uses two-way TLS and has an AppSecret "
                "and a service account",
                key,
            )
        if not row.two_way_tls:
            for key in ("app_secret", "service_account"):
                if getattr(self, key) is not None:
                    raise RegistryError(
                        f"a {self.type} application cannot keep a secret and has none", key
                    )
        for index, each in enumerate(self.source_addresses):
            try:
                ipaddress.ip_network(each)
            except ValueError as error:
                raise RegistryError(
                    f"not an address or network: {error}", "source_addresses", index, value=each
                ) from None
        for index, each in enumerate(self.redirect_addresses):
            if not _is_redirect_address(each):
                raise RegistryError(
                    "not an absolute address without fragment",
                    "redirect_addresses",
                    index,
                    value=each,
                )
        self._check_saml_certificate()

    def _check_saml_certificate(self) -> None:
        if self.saml_certificate is None:
            return
        problem = find_certificate_problem(self.saml_certificate)
        if GrantType.SAML2_BEARER not in self.standard.token_grants:
            problem = "the SAML grant is for client-server applications with an end user"
        if problem:
            label = self.saml_certificate.strip()[:27]  # no more: it might be a private key
            raise RegistryError(problem, "saml_certificate", value=label)


def _is_redirect_address(text: str) -> bool:
    """RFC 6749 section 3.1.2."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.scheme) and (parts.port is None or parts.port > 0)
    except ValueError:  # a bracket left open, a port that is none
        return False
    return usable and "#" not in text


class Registry:
    """Applications by AppKey, service accounts by user name, end users by e-mail address."""

    def __init__(
        self,
        *,
        applications: Iterable[Application] = (),
        service_accounts: Iterable[ServiceAccount] = (),
        end_users: Iterable[EndUser] = (),
    ) -> None:
        self.applications: dict[str, Application] = {}
        self.service_accounts: dict[str, ServiceAccount] = {}
        self.end_users: dict[str, EndUser] = {}
        for index, account in enumerate(service_accounts):
            if not is_account_name(account.username):
                raise RegistryError(
                    ACCOUNT_NAME_RULE,
                    "service_accounts",
                    index,
                    "username",
                    value=account.username,
                )
            self._add(
                self.service_accounts,
                account.username,
                account,
                "service_accounts",
                index,
                "username",
            )
        for index, user in enumerate(end_users):
            self._add(self.end_users, user.email, user, "end_users", index, "email")
        for index, application in enumerate(applications):
            self._add_application(application, "applications", index)
        self._check_every_account_is_used()

    def copy(self) -> Registry:
        """A registry of its own with the same records; changes to one do not reach the other."""
        twin = Registry()
        twin.applications = dict(self.applications)
        twin.service_accounts = dict(self.service_accounts)
        twin.end_users = dict(self.end_users)
        return twin

    def secrets(self) -> frozenset[str]:
        """Every AppSecret and password: what no journal or log may show."""
        secrets = {each.app_secret for each in self.applications.values() if each.app_secret}
        secrets |= {each.password for each in self.service_accounts.values()}
        secrets |= {each.password for each in self.end_users.values()}
        return frozenset(secrets)

    def find_application(self, name_or_key: str) -> Application | None:
        """By AppKey, else by name."""
        found = self.applications.get(name_or_key)
        return found or next(
            (each for each in self.applications.values() if each.name == name_or_key), None
        )

    def find_application_of(self, username: str) -> Application | None:
        """The application that a service account belongs to."""
        return next(
            (each for each in self.applications.values() if each.service_account == username), None
        )

    @staticmethod
    def _add(
        records: dict[str, Any], key: str, record: object, table: str, index: int, field: str
    ) -> None:
        if not key:
            raise RegistryError("empty", table, index, field, value=key)
        if key in records:
            holder = getattr(records[key], "name", "another entry")
            raise RegistryError(f"{holder} has it already", table, index, field, value=key)
        records[key] = record

    def _add_application(self, application: Application, table: str, index: int) -> None:
        try:
            application.check()
        except RegistryError as error:
            raise RegistryError(
                error.problem, table, index, *error.place, value=error.value
            ) from None
        if any(application.name == each.name for each in self.applications.values()):
            raise RegistryError(
                "two applications have this name", table, index, "name", value=application.name
            )
        self._add(self.applications, application.app_key, application, table, index, "app_key")
        account = application.service_account
        if account is None:
            return
        if account not in self.service_accounts:
            raise RegistryError(
                "no such entry in service_accounts", table, index, "service_account", value=account
            )
        if sum(each.service_account == account for each in self.applications.values()) > 1:
            raise RegistryError(
                "two applications share this account",
                table,
                index,
                "service_account",
                value=account,
            )

    def _check_every_account_is_used(self) -> None:
        for index, username in enumerate(self.service_accounts):
            if self.find_application_of(username) is None:
                raise RegistryError(
                    "no application has this service account",
                    "service_accounts",
                    index,
                    "username",
                    value=username,
                )
