"""requests-oauth2client through every flow it supports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from requests_oauth2client import (
    AuthorizationResponseError,
    BearerToken,
    InvalidGrant,
    InvalidTokenResponse,
    MismatchingState,
    OAuth2Client,
    OAuth2ClientCredentialsAuth,
    UnauthorizedClient,
)

from mock_sei import MockSei
from mock_sei.testing.certificate import Certificate
from tests.e2e.libraries import (
    AUTHORIZE,
    END_USER,
    INTERNAL,
    NATIVE,
    REVOKE,
    SERVER,
    SERVICE_ACCOUNT,
    TICKETS,
    TOKEN,
    WEB,
    App,
    files,
    log_in,
)

FORM: Any = SERVICE_ACCOUNT
"""What the library sends beside the grant; it types these as it types its own arguments."""


class CuredToken(BearerToken):
    TOKEN_TYPE = "BearerToken"


cured_or_rfc = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(CuredToken, id="sei"),
        pytest.param(BearerToken, id="rfc", marks=pytest.mark.mock_sei(dialect="rfc")),
    ],
)


@contextmanager
def connect(
    server: MockSei,
    app: App,
    kind: type[BearerToken] = CuredToken,
    account: Certificate | str | None = None,
) -> Iterator[OAuth2Client]:
    account = account or app.account
    url = app.url(server)
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(server.ca_file)
        session.cert = files(server, account) if account else None
        yield OAuth2Client(
            url + TOKEN,
            authorization_endpoint=server.url + AUTHORIZE,
            revocation_endpoint=url + REVOKE,
            redirect_uri=app.redirect,
            client_id=app.key,
            client_secret=app.secret,
            token_class=kind,
            session=session,
        )


def redeem(client: OAuth2Client, server: MockSei) -> BearerToken:
    """From the library's own authorization URL to the token; PKCE is its default."""
    request = client.authorization_request(scope=None)
    answer = request.validate_callback(log_in(server, request.uri))
    return client.authorization_code(answer)


def call(client: OAuth2Client, server: MockSei, app: App, token: requests.auth.AuthBase) -> int:
    answer = client.session.get(app.url(server) + TICKETS, headers={"AppKey": app.key}, auth=token)
    return answer.status_code


@cured_or_rfc
def test_a_service_account_calls_with_its_token(mock_sei: MockSei, kind: type[BearerToken]) -> None:
    with connect(mock_sei, SERVER, kind) as client:
        token = client.client_credentials(**FORM)
        assert call(client, mock_sei, SERVER, token) == 200


@cured_or_rfc
def test_a_session_that_renews_its_own_token_calls(
    mock_sei: MockSei, kind: type[BearerToken]
) -> None:
    with connect(mock_sei, SERVER, kind) as client:
        renewing = OAuth2ClientCredentialsAuth(client, **FORM)
        assert call(client, mock_sei, SERVER, renewing) == 200


@cured_or_rfc
def test_a_users_password_gives_a_token_to_call_with(
    mock_sei: MockSei, kind: type[BearerToken]
) -> None:
    with connect(mock_sei, INTERNAL, kind) as client:
        token = client.resource_owner_password(END_USER["username"], END_USER["password"])
        assert call(client, mock_sei, INTERNAL, token) == 200


@cured_or_rfc
@pytest.mark.parametrize("app", [WEB, NATIVE], ids=lambda app: str(app.key))
def test_a_code_gives_a_token_that_is_refreshed_and_revoked(
    mock_sei: MockSei, kind: type[BearerToken], app: App
) -> None:
    with connect(mock_sei, app, kind) as client:
        first = redeem(client, mock_sei)
        assert call(client, mock_sei, app, first) == 200
        second = client.refresh_token(first)
        assert second.access_token != first.access_token
        assert call(client, mock_sei, app, second) == 200
        assert client.revoke_refresh_token(second)
        assert call(client, mock_sei, app, second) == 401


def test_bearertoken_is_no_type_it_takes(mock_sei: MockSei) -> None:
    with (
        connect(mock_sei, SERVER, BearerToken) as client,
        pytest.raises(InvalidTokenResponse) as refused,
    ):
        client.client_credentials(**FORM)
    assert "BearerToken" not in str(refused.value)
    assert mock_sei.journal.last.status == 200  # the platform gave it one


def test_a_code_comes_with_no_type_it_takes_either(mock_sei: MockSei) -> None:
    with connect(mock_sei, WEB, BearerToken) as client, pytest.raises(InvalidTokenResponse):
        redeem(client, mock_sei)


def test_the_scope_it_asks_for_by_default_is_none_of_the_platforms(mock_sei: MockSei) -> None:
    with connect(mock_sei, WEB) as client:
        request = client.authorization_request()
        location = log_in(mock_sei, request.uri)
    with pytest.raises(AuthorizationResponseError) as refused:
        request.validate_callback(location)
    assert refused.value.error == "invalid_scope"
    entry = mock_sei.journal.last
    assert (entry.refused_by, entry.actual) == ("scope", "openid")


def test_another_accounts_certificate_gets_no_token(mock_sei: MockSei) -> None:
    with (
        connect(mock_sei, SERVER, account="svc-web") as client,
        pytest.raises(UnauthorizedClient),
    ):
        client.client_credentials(**FORM)


def test_another_accounts_certificate_redeems_no_code(mock_sei: MockSei) -> None:
    with (
        connect(mock_sei, WEB, account="svc-demo") as client,
        pytest.raises(UnauthorizedClient),
    ):
        redeem(client, mock_sei)


def test_a_certificate_of_another_ca_ends_in_the_handshake(mock_sei: MockSei) -> None:
    stranger = mock_sei.certificate("svc-demo", "untrusted")
    with (
        connect(mock_sei, SERVER, account=stranger) as client,
        pytest.raises(Exception, match=r"(?i)alert unknown ca"),
    ):
        client.client_credentials(**FORM)


def test_another_verifier_is_refused(mock_sei: MockSei) -> None:
    with connect(mock_sei, NATIVE) as client:
        request = client.authorization_request(scope=None)
        answer = request.validate_callback(log_in(mock_sei, request.uri))
        other = client.authorization_request(scope=None).code_verifier
        with pytest.raises(InvalidGrant):
            client.authorization_code(
                answer.code, code_verifier=other, redirect_uri=NATIVE.redirect
            )


def test_a_foreign_state_is_refused_by_the_library(mock_sei: MockSei) -> None:
    with connect(mock_sei, WEB) as client:
        request = client.authorization_request(scope=None)
        location = log_in(mock_sei, request.uri)
        with pytest.raises(MismatchingState):
            request.validate_callback(
                location.replace(f"state={request.state}", "state=of-somebody-else")
            )
