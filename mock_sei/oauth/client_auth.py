"""Client authentication: the checks that come before every grant, in a fixed order.

They are: key pair, source address, row and grant, listener, account, certificate name. The first
check that fails refuses the request, with one sentence for the journal. Sources: Security FAQ (the
table), error-handling FAQ rows 1 to 3 and 5, RFC 6749 section 5.2. The order is assumed.
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
    Check,
    Refusal,
)
from mock_sei.oauth.token_request import (
    KEY_PAIR_CHECK,
    Credentials,
    KeyPairPlace,
    TokenRequest,
    readings,
)
from mock_sei.reasons.names import did_you_mean, explain_absence
from mock_sei.reasons.values import but_for, find_difference, find_difference_from, in_other_case
from mock_sei.rules import checks
from mock_sei.rules.caller_checks import (
    check_certificate_name,
    check_listener,
    check_source_address,
    explain_unknown_key,
)
from mock_sei.rules.records import Application, Environment, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import TOKEN_GRANTS, GrantType

GRANT_CHECK = checks.GRANT
_wrong_pair = Check(name=KEY_PAIR_CHECK, kind=KEY_PAIR).refusal
_wrong_account = Check(name=checks.ACCOUNT, kind=GRANT_INVALID).refusal


@dataclass(frozen=True, kw_only=True)
class AuthenticatedClient:
    """An authenticated application and its service account, if it has one."""

    application: Application
    service_account: ServiceAccount | None


def authenticate(
    request: TokenRequest,
    registry: Registry,
    environment: Environment,
    *,
    served: Container[str] | None,
) -> AuthenticatedClient:
    """Runs the checks and returns the application that the request comes from.

    ``served`` are the grants that have a handler. At an endpoint without grants, such as revoke, it
    is None. Raises :class:`Refusal` for the first check that fails.
    """
    findings = request.findings
    application = check_key_pair(request, registry, environment)
    findings.application = application.name
    findings.passes(KEY_PAIR_CHECK)
    check_source_address(application, request.connection)
    findings.passes(checks.SOURCE_ADDRESS)
    if served is not None:
        check_grant(application, request.grant_type, served)
        findings.passes(GRANT_CHECK)
    check_listener(application, request.connection)
    findings.passes(checks.LISTENER)
    account = check_account(application, request, registry)
    if account is not None:
        findings.service_account = account.username
        check_certificate_name(account.username, request.connection)
        findings.passes(checks.CERTIFICATE_NAME)
    return AuthenticatedClient(application=application, service_account=account)


def check_key_pair(
    request: TokenRequest, registry: Registry, environment: Environment
) -> Application:
    """The application whose key pair was sent, if it is approved for this environment.

    Raises :class:`Refusal`.
    """
    credentials = request.credentials
    if credentials is None:
        raise _wrong_pair(
            "No key pair was sent: send Authorization: Basic and the Base64 of AppKey:AppSecret, "
            "or client_id and client_secret."
            f"{explain_absence(('client_id',), request.parameters)}",
            description="AppKey and AppSecret are missing.",
        )
    application = find_application(credentials, registry)
    if not application.approved:
        raise _wrong_pair(
            f"The application {application.name} waits for approval; its keys do not work before."
        )
    if environment not in application.environments:
        raise Refusal(
            API_KEY,
            check=KEY_PAIR_CHECK,
            because=f"The application {application.name} is not registered for the {environment} "
            "environment; use the keys of this environment, or have the application approved for "
            "it.",
            expected=", ".join(application.environments),
            actual=str(environment),
        )
    if credentials.place is KeyPairPlace.QUERY:
        request.findings.notes.append("the key pair was sent in the query string")
    return application


def find_application(credentials: Credentials, registry: Registry) -> Application:
    """The application whose key pair was sent, read in the first of its ways that fits.

    Raises ``invalid_client`` if no reading fits. The error is about the first reading whose AppKey
    exists.
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
    """Raises :class:`Refusal` if the application may not use the grant, or if it is not served.

    The application's row of the security standards names its grants.
    """
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
    """The service account for the token, None if the application has none.

    With ``client_credentials`` the client sends its name and password; with other grants it is the
    application's own. Raises :class:`Refusal`.
    """
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
            f"The service account belongs to another application, not to {application.name}.",
            expected=own,
            actual=username,
        )
    if not _same(account.password, password):
        mistake = _explain_secret(
            password, account.password, {"the AppSecret": application.app_secret}, registry
        )
        raise _wrong_account(f"The password of the service account {username} is wrong{mistake}.")
    request.findings.passes(checks.ACCOUNT)
    return account


def _secret_fits(application: Application, credentials: Credentials) -> bool:
    if application.app_secret is None:
        return not credentials.app_secret
    sent = credentials.app_secret or ""
    return _same(application.app_secret, sent)


def _same(secret: str, sent: str) -> bool:
    """True if two texts are equal. The time it takes does not show how much of a guess is right."""
    return hmac.compare_digest(secret.encode(), sent.encode())


def _wrong_secret(
    application: Application, credentials: Credentials, registry: Registry
) -> Refusal:
    if application.app_secret is None:
        return _wrong_pair(
            f"{application.name} is a {application.type} application and has no AppSecret; send "
            "only client_id."
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
    """The end of a sentence about a wrong secret: what is wrong with it, or what it really is.

    ``others`` are the application's other values, by their names.
    """
    difference = find_difference_from(right, sent)
    if difference is not None:
        return but_for(difference)
    for name, other in others.items():
        if other is not None and _same(other, sent):
            return f": {name} was sent instead"
    if registry.is_app_secret(sent):
        return ": it is the AppSecret of another application"
    return ": it is the password of another account or user" if sent in registry.secrets else ""


def _explain_unknown_account(username: str, registry: Registry) -> str:
    find = registry.service_accounts.get
    difference = find_difference(
        username, lambda each: find(each) is not None, fits_in_other_case=in_other_case(find)
    )
    if difference is not None:
        return but_for(difference)
    if registry.find_application(username) is not None:
        return ": it is an application's AppKey or name; a service account has its own user name"
    if username in registry.end_users:
        return ": it is the e-mail address of an end user"
    return ""
