"""The registration form: its choices, its values, and the problems shown in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_sei.portal.registration import REDIRECTED
from mock_sei.rules.records import Application, Environment
from mock_sei.rules.standards import STANDARDS, Actor, ApplicationType, GrantType, Owner, Standard
from mock_sei.web.portal.visit import Visit

LABELS = {
    "name": "Name",
    "kind": "Application type and actor",
    "distribution_list": "Distribution list of the team",
    "products": "API products",
    "environments": "Environments",
    "redirect_addresses": "Redirect addresses",
    "source_addresses": "Source addresses",
    "certificate": "Identity certificate",
}

KIND_FIELDS = ("type", "actor", "owner")
"""Fields of a registration that are filled by the choice of one :class:`ApplicationKind`."""

_TYPES = {
    ApplicationType.CLIENT_SERVER: "Client-server",
    ApplicationType.SERVER_SERVER: "Server-server",
    ApplicationType.SINGLE_PAGE: "Single-page web application",
    ApplicationType.NATIVE: "Native application",
}
_ABOUT = {
    ApplicationType.CLIENT_SERVER: "A front end whose server keeps the secret.",
    ApplicationType.SERVER_SERVER: "A service or a job without a front end.",
    ApplicationType.SINGLE_PAGE: "It runs in the browser and keeps no secret.",
    ApplicationType.NATIVE: "It is installed on the user's device and keeps no secret.",
}
_ACTORS = {
    (Actor.SERVER, Owner.ANYONE): "without an end user",
    (Actor.END_USER, Owner.ANYONE): "with an end user",
    (Actor.END_USER, Owner.SEI_CLIENT): "with an end user, owned by an SEI client",
    (Actor.END_USER, Owner.SEI_INTERNAL): "with an end user, SEI-internal",
}
_EXPLANATIONS = {
    GrantType.CLIENT_CREDENTIALS: "The application logs in with its service account.",
    GrantType.AUTHORIZATION_CODE: "The user logs in on the platform's page, and the application "
    "receives a code.",
    GrantType.PASSWORD: "The application asks for the user's password itself.",
    GrantType.IMPLICIT: "The user logs in on the platform's page, and the application receives the "
    "token, but no refresh token.",
}


@dataclass(frozen=True, kw_only=True)
class ApplicationKind:
    """One choice of the form: an application type with a row of the standards that allows it."""

    type: ApplicationType
    row: Standard

    @property
    def value(self) -> str:
        """The value of the form's field for this choice."""
        return f"{self.type}/{self.row.actor}/{self.row.owner}"

    @property
    def title(self) -> str:
        return f"{_TYPES[self.type]}, {_ACTORS[self.row.actor, self.row.owner]}"

    @property
    def explanation(self) -> str:
        tls = "two-way TLS with a certificate" if self.two_way else "no client certificate"
        grant = f"Grant {self.row.grant_label}; {tls}, port {self.row.port}."
        return f"{_ABOUT[self.type]} {_EXPLANATIONS[self.row.grant]} {grant}"

    @property
    def two_way(self) -> bool:
        """Whether the application uses two-way TLS."""
        return self.row.two_way_tls

    @property
    def redirected(self) -> bool:
        """Whether the application needs redirect addresses."""
        return self.row.grant in REDIRECTED


KINDS = tuple(
    ApplicationKind(type=each, row=row)
    for each in _TYPES
    for row in STANDARDS
    if each in row.application_types
)
"""All choices, those of one type beside each other."""


def empty_values() -> dict[str, Any]:
    """The values of the empty form."""
    return {
        "name": "",
        "kind": "",
        "distribution_list": "",
        "products": ("*",),
        "environments": tuple(Environment),
        "redirect_addresses": "",
        "source_addresses": "",
        "certificate": "sei",
    }


def values_of(application: Application) -> dict[str, Any]:
    """The values of the form for an application that is registered."""
    return {
        "name": application.name,
        "kind": f"{application.type}/{application.actor}/{application.standard.owner}",
        "distribution_list": application.distribution_list,
        "products": application.products,
        "environments": application.environments,
        "redirect_addresses": "\n".join(application.redirect_addresses),
        "source_addresses": "\n".join(application.source_addresses),
        "certificate": application.certificate,
    }


def sent_values(visit: Visit) -> dict[str, Any]:
    """The values that the browser sent, for the form that is shown again."""
    several = ("products", "environments")
    return {name: visit.values(name) if name in several else visit.value(name) for name in LABELS}


def registration_fields(values: Mapping[str, Any], *, with_kind: bool = True) -> dict[str, Any]:
    """The fields for :meth:`Portal.register`. Fields that the browser sent empty are left out."""
    fields: dict[str, Any] = {
        "name": values["name"].strip(),
        "distribution_list": values["distribution_list"].strip(),
        "products": values["products"],
        "environments": values["environments"],
        "redirect_addresses": _lines(values["redirect_addresses"]),
        "source_addresses": _lines(values["source_addresses"]),
        "certificate": values["certificate"] or "sei",
    }
    kind = next((each for each in KINDS if each.value == values["kind"]), None)
    if with_kind and kind is not None:
        fields |= {"type": kind.type, "actor": kind.row.actor, "owner": kind.row.owner}
    return fields


def shown_problems(problems: Mapping[str, str]) -> dict[str, str]:
    """The problem of each field of the form, in the order of the form."""
    shown: dict[str, str] = {}
    for name, problem in problems.items():
        if name in KIND_FIELDS:
            shown["kind"] = "choose one"
        else:
            shown[name if name in LABELS else "name"] = problem
    return {name: shown[name] for name in LABELS if name in shown}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
