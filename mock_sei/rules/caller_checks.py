"""The checks of a caller that the token endpoint and the gateway share, and the access token.

The rows are those of the error-handling FAQ: source address (row 1), certificate name (row 2),
listener (row 3). Each check is one function that raises :class:`Refusal`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mock_sei.errors import CERTIFICATE_NAME, SOURCE_ADDRESS, TRAFFIC_PATTERN, Refusal
from mock_sei.reasons.values import (
    but_for,
    find_difference,
    find_difference_from,
    in_other_case,
    read_as_utf8,
)
from mock_sei.rules import checks
from mock_sei.rules.connection import Connection
from mock_sei.rules.records import Application
from mock_sei.rules.registry import Registry


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """The content of an access token. Times are seconds since the epoch on the platform's clock."""

    identifier: str
    family: str
    """One identifier for all tokens of one authorization. To revoke it ends all these tokens."""
    app_key: str
    service_account: str | None
    user: str | None
    scope: str
    issued_at: int
    expires_at: int


def check_source_address(application: Application, connection: Connection) -> None:
    """Refuses a call from a source address that the application did not register (FAQ, row 1)."""
    if application.accepts_source(connection.source_address):
        return
    raise Refusal(
        SOURCE_ADDRESS,
        check=checks.SOURCE_ADDRESS,
        because=f"Calls of {application.name} may not come from {connection.source_address}; have "
        "the address added to the application's list.",
        expected=", ".join(application.source_addresses),
        actual=connection.source_address,
    )


def check_listener(application: Application, connection: Connection) -> None:
    """Refuses a call on another listener than the application's own (FAQ, row 3)."""
    wanted = application.standard.listener
    if connection.listener is wanted:
        return
    raise Refusal(
        TRAFFIC_PATTERN,
        check=checks.LISTENER,
        because=f"A {application.type} application must use the {wanted} listener (documented port "
        f"{application.standard.port}); this call came to the {connection.listener} listener.",
        expected=str(wanted),
        actual=str(connection.listener),
    )


def check_certificate_name(account: str, connection: Connection) -> None:
    """Refuses a client certificate whose CN is not the service account's name (FAQ, row 2)."""
    certificate = connection.certificate
    if certificate is not None and certificate.common_name == account:
        return
    actual = certificate.common_name if certificate else "no certificate"
    difference = find_difference_from(account, certificate.common_name) if certificate else None
    raise Refusal(
        CERTIFICATE_NAME,
        check=checks.CERTIFICATE_NAME,
        because=f"The call uses the service account {account}, but the client certificate's "
        f"CN is {actual}{but_for(difference)}; connect with the certificate of {account}.",
        expected=account,
        actual=actual,
    )


def explain_unknown_key(sent: str, registry: Registry) -> str:
    """Why an AppKey that a client sent is wrong: a sentence for the journal."""
    text = read_as_utf8(sent)
    find = registry.applications.get
    difference = find_difference(
        text, lambda each: find(each) is not None, fits_in_other_case=in_other_case(find)
    )
    if difference is not None:
        return f"No application has this AppKey{but_for(difference)}."
    if registry.is_app_secret(text):
        return (
            "The value sent as the AppKey is an AppSecret: the two are swapped (one page of the "
            "vendor swaps their descriptions, too)."
        )
    named = registry.find_application(text)
    if named is not None:
        return f"{named.name} is the name of an application; its AppKey is {named.app_key}."
    owner = registry.find_application_of(text)
    if owner is not None:
        return (
            f"The value sent as the AppKey is the user name of a service account; {owner.name} has "
            f"the AppKey {owner.app_key}."
        )
    return (
        "No application has this AppKey; it may be mistyped, replaced by a newer one, or of "
        "another environment."
    )
