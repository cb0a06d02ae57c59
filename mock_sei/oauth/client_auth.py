"""Who is asking: the checks in front of every grant, in a fixed order, one sentence each.

Key pair, source address, row and grant, listener, account, certificate name. The first that fails
decides. Sources: Security FAQ (the table), error-handling FAQ rows 1 to 3 and 5, RFC 6749 section
5.2; the order is assumed.
"""

from __future__ import annotations

import hmac
from collections.abc import Container, Mapping
from dataclasses import dataclass

from mock_sei.errors import (
    API_KEY,
    GRANT_INVALID,
    GRANT_NOT_ALLOWED,
    GRANT_UNKNOWN,
    KEY_PAIR,
    Refusal,
)
from mock_sei.oauth.token_request import (
    KEY_PAIR_CHECK,
    Credentials,
    Place,
    TokenRequest,
    readings,
)
from mock_sei.reasons.names import did_you_mean, explain_absence
from mock_sei.reasons.values import but_for, find_difference, find_difference_from, in_other_case
from mock_sei.rules.caller_checks import (
    check_certificate_name,
    check_listener,
    check_source_address,
    explain_unknown_key,
)
from mock_sei.rules.records import Application, Environment, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import TOKEN_GRANTS, GrantType

GRANT_CHECK = "row and grant"


@dataclass(frozen=True, kw_only=True)
class Client:
    """An authenticated application and the service account it stands on, if it has one."""

    application: Application
    service_account: ServiceAccount | None


def authenticate(
    request: TokenRequest,
    registry: Registry,
    environment: Environment,
    *,
    served: Container[str] | None,
) -> Client:
    """Runs the checks. Raises :class:`Refusal`.

    ``served`` holds the grants that have a handler; None where no grant is asked for.
    """
    application = check_key_pair(request, registry, environment)
    request.findings.application = application.name
    check_source_address(application, request.connection)
    if served is not None:
        check_grant(application, request.grant_type, served)
    check_listener(application, request.connection)
    account = check_account(application, request, registry)
    if account is not None:
        request.findings.service_account = account.username
        check_certificate_name(account.username, request.connection)
    return Client(application=application, service_account=account)


def check_key_pair(
    request: TokenRequest, registry: Registry, environment: Environment
) -> Application:
    credentials = request.credentials
    if credentials is None:
        raise _wrong_pair(
            "No key pair came: send Authorization: Basic and the Base64 of AppKey:AppSecret, or "
            "client_id and client_secret."
            f"{explain_absence(('client_id',), request.parameters)}",
            description="AppKey and AppSecret are missing.",
        )
    application = find_application(credentials, registry)
    if not application.approved:
        raise _wrong_pair(
            f"The application {application.name} waits for approval; its keys work after it."
        )
    if environment not in application.environments:
        raise Refusal(
            API_KEY,
            check=KEY_PAIR_CHECK,
            because=f"The application {application.name} is not registered for the {environment} "
            "environment; use the keys of this environment, or have it granted.",
            expected=", ".join(application.environments),
            actual=str(environment),
        )
    if credentials.place is Place.QUERY:
        request.findings.notes.append("the key pair came in the query string")
    return application


def find_application(credentials: Credentials, registry: Registry) -> Application:
    """The application whose pair it is, in the first reading that fits. Raises ``invalid_client``.

    Where none fits, the first reading that names an application says what is wrong.
    """
    named: Application | None = None
    for reading in readings(credentials):
        application = registry.applications.get(reading.app_key)
        if application is None:
            continue
        if _secret_fits(application, reading):
            return application
        named = named or application
    if named is None:
        raise _wrong_pair(
            explain_unknown_key(credentials.app_key, registry), actual=credentials.app_key
        )
    raise _wrong_secret(named, credentials, registry)


def check_grant(application: Application, grant_type: str, served: Container[str]) -> None:
    """The application's row of the security standards names its grants."""
    allowed = application.standard.token_grants
    if grant_type in allowed and grant_type in served:
        return
    if grant_type in TOKEN_GRANTS and grant_type not in allowed:
        raise Refusal(
            GRANT_NOT_ALLOWED,
            check=GRANT_CHECK,
            because=f"A {application.type} application with the actor {application.actor} and the "
            f"owner {application.owner} uses {application.standard.grant_label}, not {grant_type}.",
            expected=", ".join(allowed) or "no token request at all",
            actual=grant_type,
        )
    raise Refusal(
        GRANT_UNKNOWN,
        check=GRANT_CHECK,
        because="The token endpoint does not know this grant_type"
        f"{did_you_mean(grant_type, TOKEN_GRANTS)}",
        expected=", ".join(allowed),
        actual=grant_type,
    )


def check_account(
    application: Application, request: TokenRequest, registry: Registry
) -> ServiceAccount | None:
    """For ``client_credentials`` the account that is sent; for the others the application's own."""
    own = application.service_account
    if request.grant_type != GrantType.CLIENT_CREDENTIALS:
        return registry.service_accounts.get(own) if own else None
    username = request.require("username", "email")
    password = request.require("password")
    account = registry.service_accounts.get(username)
    if account is None:
        raise _wrong_account(
            f"There is no such service account{_explain_unknown_account(username, registry)}.",
            expected=own,
            actual=username,
        )
    if username != own:
        raise _wrong_account(
            f"The service account belongs to another application than {application.name}.",
            expected=own,
            actual=username,
        )
    if not _same(account.password, password):
        mistake = _explain_secret(
            password, account.password, {"the AppSecret": application.app_secret}, registry
        )
        raise _wrong_account(f"The password of the service account {username} is wrong{mistake}.")
    return account


def _secret_fits(application: Application, credentials: Credentials) -> bool:
    if application.app_secret is None:
        return not credentials.app_secret
    sent = credentials.app_secret or ""
    return _same(application.app_secret, sent)


def _same(secret: str, sent: str) -> bool:
    """However much of a secret is guessed right, the comparison takes as long."""
    return hmac.compare_digest(secret.encode(), sent.encode())


def _wrong_secret(
    application: Application, credentials: Credentials, registry: Registry
) -> Refusal:
    if application.app_secret is None:
        return _wrong_pair(
            f"{application.name} is a {application.type} application and has no AppSecret; send "
            "client_id alone."
        )
    if not credentials.app_secret:
        return _wrong_pair(f"The AppSecret of {application.name} is missing.")
    account = registry.service_accounts.get(application.service_account or "")
    others = {
        "the AppKey": application.app_key,
        "the password of its service account": account.password if account else None,
    }
    mistake = _explain_secret(credentials.app_secret, application.app_secret, others, registry)
    return _wrong_pair(f"The AppSecret of {application.name} is wrong{mistake}.")


def _explain_secret(
    sent: str, right: str, others: Mapping[str, str | None], registry: Registry
) -> str:
    """The end of a sentence about a wrong secret: how it is nearly right, or what it is instead.

    ``others`` are what the application has beside it, by their names.
    """
    difference = find_difference_from(right, sent)
    if difference is not None:
        return but_for(difference)
    for name, other in others.items():
        if other is not None and _same(other, sent):
            return f": {name} came in its place"
    if registry.is_app_secret(sent):
        return ": it is the AppSecret of another application"
    return ": it is a secret of somebody else" if sent in registry.secrets else ""


def _explain_unknown_account(username: str, registry: Registry) -> str:
    find = registry.service_accounts.get
    difference = find_difference(
        username, lambda each: find(each) is not None, fits_in_other_case=in_other_case(find)
    )
    if difference is not None:
        return but_for(difference)
    if registry.find_application(username) is not None:
        return ": it is an application's AppKey or name; an account has a user name of its own"
    if username in registry.end_users:
        return ": it is the e-mail address of an end user"
    return ""


def _wrong_pair(
    because: str, *, actual: str | None = None, description: str | None = None
) -> Refusal:
    return Refusal(
        KEY_PAIR, check=KEY_PAIR_CHECK, because=because, actual=actual, description=description
    )


def _wrong_account(
    because: str, *, expected: str | None = None, actual: str | None = None
) -> Refusal:
    return Refusal(
        GRANT_INVALID, check="account", because=because, expected=expected, actual=actual
    )
