"""The fields of the registration form, for a new application and for later changes.

The fields become a checked :class:`~mock_sei.rules.records.Application`. An error names all wrong
fields at once. ``portal.py`` does what follows from a registration.

Source: registration FAQ and Security FAQ (choice of the certificate). The other fields of the real
form are not public; ours follow from what the platform checks.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from dataclasses import fields as fields_of
from random import Random
from typing import Any, ClassVar

from pydantic import StrictBool, TypeAdapter, ValidationError

from mock_sei.errors import RegistryError, Rejected
from mock_sei.rules.arguments import find_nearest, plain_problem, unknown_names
from mock_sei.rules.records import (
    Application,
    CertificateSource,
    Environment,
    ServiceAccount,
)
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Actor, ApplicationType, GrantType, Owner

REDIRECTED = (GrantType.AUTHORIZATION_CODE, GrantType.IMPLICIT)
"""Grants whose answer goes to a redirect address."""

FIXED = ("type", "actor", "owner", "own_data")
"""Fields that cannot be changed: they decide which keys, account, listener and records there
are."""

_KEY_CHARACTERS = string.ascii_letters + string.digits
_KEY_LENGTH = 32
_PASSWORD_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class Registration:
    """The fields of the form. The defaults are those of ``platform.toml``."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    name: str
    """The name of the application, which no other has."""
    type: ApplicationType
    """The type of the application."""
    actor: Actor
    """Who acts through it."""
    owner: Owner = Owner.ANYONE
    """Whom its row of the security standards is for."""
    products: tuple[str, ...] = ("*",)
    """The API products that it may call; ``*`` for all."""
    environments: tuple[Environment, ...] = tuple(Environment)
    """The environments of the vendor that it may be used in."""
    redirect_addresses: tuple[str, ...] = ()
    """Where authorize may send the browser back to."""
    source_addresses: tuple[str, ...] = ()
    """Addresses and networks that calls may come from; empty for all."""
    scopes: tuple[str, ...] = Application.scopes
    """The scopes that it may ask for."""
    distribution_list: str = Application.distribution_list
    """The e-mail address of the team, which the platform's mails go to."""
    certificate: CertificateSource = CertificateSource.SEI
    """A certificate of the platform, or of your own CA."""
    saml_certificate: str | None = None
    """The certificate of its SAML identity provider, PEM."""
    own_data: StrictBool = False
    """Whether it works on its own copy of the seeded records, which no other application sees."""


FIELDS = tuple(each.name for each in fields_of(Registration))


def read_registration(fields: Mapping[str, Any]) -> Registration:
    """The registration with these fields.

    Raises :class:`Rejected`, which names every field that is unknown, missing or of a wrong type.
    """
    known = {name: value for name, value in fields.items() if name in FIELDS}
    problems = unknown_names(fields, FIELDS, what="field")
    try:
        registration = TypeAdapter(Registration).validate_python(known)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            field = str(each["loc"][0])
            problems.setdefault(field, plain_problem(each))
    if problems:
        raise Rejected(problems)
    return registration


def read_changes(application: Application, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The new values of the given fields, checked. Raises :class:`Rejected`."""
    before = {name: getattr(application, name) for name in FIELDS}
    after = asdict(read_registration(before | dict(fields)))
    return {name: after[name] for name in fields}


def new_application(
    registration: Registration, registry: Registry, products: Collection[str], random: Random
) -> tuple[Application, ServiceAccount | None]:
    """A new application with its key pair, and its service account if it needs one.

    It is not approved yet. Raises :class:`Rejected`.
    """
    application = Application(
        **asdict(registration), **new_keys(secret=True, random=random), approved=False
    )
    account = None
    if _is_two_way(application):
        username = free_username(application.name, registry)
        account = ServiceAccount(username=username, password=_characters(random, _PASSWORD_LENGTH))
        application = replace(application, service_account=username)
    else:
        application = replace(application, app_secret=None)
    check(application, products)
    return application, account


def changed_application(
    application: Application, fields: Mapping[str, Any], products: Collection[str]
) -> Application:
    """The application with some fields changed. Raises :class:`Rejected`."""
    after = read_changes(application, fields)
    fixed = {
        name: f"cannot be changed from {getattr(application, name)}; register another application"
        for name in FIXED
        if after.get(name, getattr(application, name)) != getattr(application, name)
    }
    if fixed:
        raise Rejected(fixed)
    changed = replace(application, **after)
    check(changed, products)
    return changed


def check(application: Application, products: Collection[str]) -> None:
    """Raises :class:`Rejected` with everything that is wrong with an application."""
    problems: dict[str, str] = {}
    for error in application.problems():
        problems.setdefault(str(error.place[0]), describe(error))
    unknown = [each for each in application.products if each != "*" and each not in products]
    for name in ("products", "environments", "scopes"):
        if not getattr(application, name):
            problems.setdefault(name, "choose at least one")
    if unknown:
        known = ", ".join(sorted(products))
        near = find_nearest(unknown[0], products)
        hint = f" (did you mean {near}?)" if near else ""
        problems.setdefault("products", f"no product {unknown[0]}{hint}; there are {known}")
    if "owner" not in problems and not application.redirect_addresses:
        grant = application.standard.grant
        if grant in REDIRECTED:
            problems.setdefault(
                "redirect_addresses", f"missing: {grant} sends its answer to one of them"
            )
    if problems:
        raise Rejected(problems)


def describe(error: RegistryError) -> str:
    """The error's problem, with the wrong value before it."""
    shown = "" if error.value in (None, "") else f"{error.value}: "
    return f"{shown}{error.problem}"


def new_keys(*, secret: bool, random: Random) -> dict[str, Any]:
    """A new AppKey and, if ``secret`` is True, a new AppSecret."""
    return {
        "app_key": _characters(random, _KEY_LENGTH),
        "app_secret": _characters(random, _KEY_LENGTH) if secret else None,
    }


def free_username(name: str, registry: Registry) -> str:
    """A free user name: ``svc-``, the application's name, and a number if it is taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].rstrip("-") or "application"
    username, number = f"svc-{slug}", 1
    while username in registry.service_accounts:
        number += 1
        username = f"svc-{slug}-{number}"
    return username


def _is_two_way(application: Application) -> bool:
    try:
        return application.standard.two_way_tls
    except RegistryError:
        return False  # the check of the application reports this


def _characters(random: Random, count: int) -> str:
    return "".join(random.choice(_KEY_CHARACTERS) for _ in range(count))
