"""Authlib, with requests and with httpx, through every flow it supports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import UnsupportedTokenTypeError
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client
from authlib.integrations.httpx_client import OAuth2Auth as HttpxAuth
from authlib.integrations.requests_client import OAuth2Auth, OAuth2Session
from authlib.oauth2.rfc6749 import MismatchingStateException
from authlib.oauth2.rfc6750 import add_bearer_token

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
    SPA,
    TICKETS,
    TOKEN,
    WEB,
    App,
    both_dialects,
    call,
    files,
    log_in,
)

Connect = Callable[..., Any]


class CuredRequestsAuth(OAuth2Auth):  # type: ignore[misc]  # Authlib has no types
    SIGN_METHODS = {**OAuth2Auth.SIGN_METHODS, "bearertoken": add_bearer_token}  # noqa: RUF012


class CuredHttpxAuth(HttpxAuth):  # type: ignore[misc]
    SIGN_METHODS = {**HttpxAuth.SIGN_METHODS, "bearertoken": add_bearer_token}  # noqa: RUF012


class CuredSession(OAuth2Session):  # type: ignore[misc]
    token_auth_class = CuredRequestsAuth


class CuredClient(OAuth2Client):  # type: ignore[misc]
    token_auth_class = CuredHttpxAuth


def with_requests(
    server: MockSei,
    app: App,
    account: Certificate | str | None = None,
    *,
    cured: bool = False,
    **options: Any,
) -> Any:
    make = CuredSession if cured else OAuth2Session
    session = make(app.key, app.secret, redirect_uri=app.redirect, **options)
    session.trust_env = False
    session.verify = str(server.ca_file)
    account = account or app.account
    session.cert = files(server, account) if account else None
    return session


def with_httpx(
    server: MockSei,
    app: App,
    account: Certificate | str | None = None,
    *,
    cured: bool = False,
    **options: Any,
) -> Any:
    make = CuredClient if cured else OAuth2Client
    return make(
        app.key,
        app.secret,
        redirect_uri=app.redirect,
        verify=server.ssl_context(account or app.account),
        trust_env=False,
        **options,
    )


both_integrations = pytest.mark.parametrize("connect", [with_requests, with_httpx])


def redeem(session: Any, server: MockSei, app: App, **pkce: str) -> Any:
    """From the library's own authorization URL to the token."""
    url, state = session.create_authorization_url(server.url + AUTHORIZE, **pkce)
    return session.fetch_token(
        app.url(server) + TOKEN, authorization_response=log_in(server, url), state=state, **pkce
    )


@both_dialects
@both_integrations
def test_a_service_account_calls_with_its_token(
    mock_sei: MockSei, connect: Connect, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, SERVER) as session:
        url = mock_sei.two_way_url + TOKEN
        session.fetch_token(url, grant_type="client_credentials", **SERVICE_ACCOUNT)
        cure(session)
        assert call(session, mock_sei, SERVER) == 200


@both_dialects
@both_integrations
def test_a_web_application_redeems_its_code_and_calls(
    mock_sei: MockSei, connect: Connect, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, WEB, scope="ilservices") as session:
        assert redeem(session, mock_sei, WEB)["refresh_token"]
        cure(session)
        assert call(session, mock_sei, WEB) == 200


@both_dialects
@both_integrations
def test_a_native_application_proves_its_key_and_calls(
    mock_sei: MockSei, connect: Connect, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, NATIVE, code_challenge_method="S256") as session:
        redeem(session, mock_sei, NATIVE, code_verifier=generate_token(48))
        cure(session)
        assert call(session, mock_sei, NATIVE) == 200


@both_integrations
def test_another_verifier_is_refused(mock_sei: MockSei, connect: Connect) -> None:
    with connect(mock_sei, NATIVE, code_challenge_method="S256") as session:
        url, state = session.create_authorization_url(
            mock_sei.url + AUTHORIZE, code_verifier=generate_token(48)
        )
        with pytest.raises(Exception, match="invalid_grant"):
            session.fetch_token(
                mock_sei.url + TOKEN,
                authorization_response=log_in(mock_sei, url),
                state=state,
                code_verifier=generate_token(48),
            )


@both_dialects
@both_integrations
def test_a_single_page_application_reads_its_fragment_and_calls(
    mock_sei: MockSei, connect: Connect, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, SPA, response_type="token") as session:
        url, state = session.create_authorization_url(mock_sei.url + AUTHORIZE)
        session.fetch_token(authorization_response=log_in(mock_sei, url), state=state)
        cure(session)
        assert call(session, mock_sei, SPA) == 200


@both_dialects
@both_integrations
def test_a_users_password_gives_a_token_to_call_with(
    mock_sei: MockSei, connect: Connect, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, INTERNAL) as session:
        session.fetch_token(mock_sei.two_way_url + TOKEN, grant_type="password", **END_USER)
        cure(session)
        assert call(session, mock_sei, INTERNAL) == 200


@both_dialects
@both_integrations
@pytest.mark.parametrize("app", [WEB, NATIVE], ids=lambda app: str(app.key))
def test_a_refreshed_token_calls_until_it_is_revoked(
    mock_sei: MockSei, connect: Connect, cure: Callable[[Any], None], app: App
) -> None:
    url = app.url(mock_sei)
    with connect(mock_sei, app, code_challenge_method="S256") as session:
        first = redeem(session, mock_sei, app, code_verifier=generate_token(48))
        second = session.refresh_token(url + TOKEN, refresh_token=first["refresh_token"])
        assert second["access_token"] != first["access_token"]
        cure(session)
        assert call(session, mock_sei, app) == 200
        session.revoke_token(
            url + REVOKE, token=second["refresh_token"], token_type_hint="refresh_token"
        ).raise_for_status()
        assert call(session, mock_sei, app) == 401


@both_integrations
@pytest.mark.parametrize(
    ("app", "grant"),
    [
        (SERVER, {"grant_type": "client_credentials", **SERVICE_ACCOUNT}),
        (INTERNAL, {"grant_type": "password", **END_USER}),
    ],
    ids=["client_credentials", "password"],
)
def test_another_accounts_certificate_gets_no_token(
    mock_sei: MockSei, connect: Connect, app: App, grant: dict[str, str]
) -> None:
    with (
        connect(mock_sei, app, "svc-web") as session,
        pytest.raises(Exception, match="unauthorized_client"),
    ):
        session.fetch_token(mock_sei.two_way_url + TOKEN, **grant)


@both_integrations
def test_another_accounts_certificate_redeems_no_code(mock_sei: MockSei, connect: Connect) -> None:
    with (
        connect(mock_sei, WEB, "svc-demo") as session,
        pytest.raises(Exception, match="unauthorized_client"),
    ):
        redeem(session, mock_sei, WEB)


@both_integrations
def test_a_certificate_of_another_ca_ends_in_the_handshake(
    mock_sei: MockSei, connect: Connect
) -> None:
    with (
        connect(mock_sei, SERVER, mock_sei.certificate("svc-demo", "untrusted")) as session,
        pytest.raises(Exception, match=r"(?i)alert unknown ca"),
    ):
        session.fetch_token(
            mock_sei.two_way_url + TOKEN, grant_type="client_credentials", **SERVICE_ACCOUNT
        )


@both_integrations
@pytest.mark.parametrize("app", [WEB, SPA], ids=["code", "implicit"])
def test_a_foreign_state_is_refused_by_the_library(
    mock_sei: MockSei, connect: Connect, app: App
) -> None:
    response_type = "token" if app is SPA else "code"
    with connect(mock_sei, app, response_type=response_type) as session:
        url, state = session.create_authorization_url(mock_sei.url + AUTHORIZE)
        location = log_in(mock_sei, url).replace(f"state={state}", "state=of-somebody-else")
        with pytest.raises(MismatchingStateException):
            session.fetch_token(
                app.url(mock_sei) + TOKEN, authorization_response=location, state=state
            )


@both_integrations
def test_bearertoken_is_no_type_it_calls_with(mock_sei: MockSei, connect: Connect) -> None:
    with connect(mock_sei, SERVER) as session:
        session.fetch_token(
            mock_sei.two_way_url + TOKEN, grant_type="client_credentials", **SERVICE_ACCOUNT
        )
        with pytest.raises(UnsupportedTokenTypeError) as refused:
            call(session, mock_sei, SERVER)
    assert str(refused.value) == "unsupported_token_type: Unsupported token_type: 'bearertoken'"


@both_integrations
def test_a_session_taught_the_type_calls_and_refreshes_by_itself(
    mock_sei: MockSei, connect: Connect
) -> None:
    url = mock_sei.two_way_url + TOKEN
    with connect(mock_sei, WEB, cured=True, token_endpoint=url) as session:
        first = redeem(session, mock_sei, WEB)
        assert call(session, mock_sei, WEB) == 200
        session.token = {**first, "expires_at": 1}
        assert call(session, mock_sei, WEB) == 200
        assert session.token["access_token"] != first["access_token"]


@pytest.mark.mock_sei(dialect="rfc")
def test_the_asynchronous_client_walks_the_same_way(mock_sei: MockSei) -> None:
    async def walk() -> int:
        async with AsyncOAuth2Client(
            WEB.key,
            WEB.secret,
            redirect_uri=WEB.redirect,
            verify=mock_sei.ssl_context(WEB.account),
            trust_env=False,
        ) as session:
            url, state = session.create_authorization_url(mock_sei.url + AUTHORIZE)
            location = await asyncio.to_thread(log_in, mock_sei, url)
            token_url = mock_sei.two_way_url + TOKEN
            await session.fetch_token(token_url, authorization_response=location, state=state)
            await session.refresh_token(token_url)
            answer = await session.get(mock_sei.two_way_url + TICKETS, headers={"AppKey": WEB.key})
            return int(answer.status_code)

    assert asyncio.run(walk()) == 200
