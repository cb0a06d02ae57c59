"""OAuth libraries of Python, each through the flows it supports, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.integrations.base_client import UnsupportedTokenTypeError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from mock_sei import MockSei

TICKETS = "/v1/order/tradetickets"
TOKEN = "/v2/oauthtoken"
WEB = ("demo-web-key", "demo-web-secret")


def files(server: MockSei, account: str) -> tuple[str, str]:
    certificate = server.certificate(account)
    return str(certificate.cert_file), str(certificate.key_file)


def authlib_requests(server: MockSei, account: str | None, pair: tuple[str, str | None]) -> Any:
    session = AuthlibSession(*pair, token_endpoint_auth_method=method(pair))
    session.trust_env = False
    session.verify = str(server.ca_file)
    session.cert = files(server, account) if account else None
    return session


def authlib_httpx(server: MockSei, account: str | None, pair: tuple[str, str | None]) -> Any:
    return OAuth2Client(
        *pair,
        token_endpoint_auth_method=method(pair),
        verify=server.ssl_context(account),
        trust_env=False,
    )


def method(pair: tuple[str, str | None]) -> str:
    return "none" if pair[1] is None else "client_secret_basic"


authlib_integrations = pytest.mark.parametrize("connect", [authlib_requests, authlib_httpx])


@authlib_integrations
def test_authlib_obtains_a_service_accounts_token(mock_sei: MockSei, connect: Any) -> None:
    with connect(mock_sei, "svc-demo", ("demo-server-key", "demo-server-secret")) as session:
        token = session.fetch_token(
            mock_sei.two_way_url + TOKEN,
            grant_type="client_credentials",
            username="svc-demo",
            password="svc-demo-password",
        )
    assert token["token_type"] == "BearerToken"


@authlib_integrations
def test_authlib_redeems_a_code_refreshes_and_revokes(mock_sei: MockSei, connect: Any) -> None:
    login = mock_sei.login("demo-web")
    url = mock_sei.two_way_url
    with connect(mock_sei, "svc-web", WEB) as session:
        first = session.fetch_token(
            url + TOKEN,
            grant_type="authorization_code",
            code=login.code,
            redirect_uri="https://localhost:9443/callback",
        )
        second = session.refresh_token(url + TOKEN, refresh_token=first["refresh_token"])
        assert second["access_token"] != first["access_token"]
        answer = session.revoke_token(url + "/v2/oauth/revoke", token=second["refresh_token"])
        assert answer.status_code == 200


@authlib_integrations
def test_authlib_is_refused_with_another_accounts_certificate(
    mock_sei: MockSei, connect: Any
) -> None:
    login = mock_sei.login("demo-web")
    with (
        connect(mock_sei, "svc-demo", WEB) as session,
        pytest.raises(Exception, match="unauthorized_client"),
    ):
        session.fetch_token(
            mock_sei.two_way_url + TOKEN,
            grant_type="authorization_code",
            code=login.code,
            redirect_uri="https://localhost:9443/callback",
        )


def requests_oauthlib(server: MockSei) -> OAuth2Session:
    session = OAuth2Session(client=BackendApplicationClient("demo-server-key"))
    session.trust_env = False
    session.verify = str(server.ca_file)
    session.cert = files(server, "svc-demo")
    return session


def fetch(session: OAuth2Session, server: MockSei) -> Any:
    return session.fetch_token(
        server.two_way_url + TOKEN,
        auth=("demo-server-key", "demo-server-secret"),
        username="svc-demo",
        password="svc-demo-password",
    )


def test_requests_oauthlib_obtains_a_service_accounts_token(mock_sei: MockSei) -> None:
    with requests_oauthlib(mock_sei) as session:
        assert fetch(session, mock_sei)["access_token"]


@authlib_integrations
def test_authlib_redeems_a_native_applications_code(mock_sei: MockSei, connect: Any) -> None:
    login = mock_sei.login("demo-native")
    with connect(mock_sei, None, ("demo-native-key", None)) as session:
        token = session.fetch_token(
            mock_sei.url + TOKEN,
            grant_type="authorization_code",
            code=login.code,
            redirect_uri="http://127.0.0.1/callback",
            code_verifier=login.code_verifier,
        )
    assert token["refresh_token"]


@authlib_integrations
def test_authlib_obtains_a_users_token_by_password(mock_sei: MockSei, connect: Any) -> None:
    with connect(
        mock_sei, "svc-internal", ("demo-internal-key", "demo-internal-secret")
    ) as session:
        token = session.fetch_token(
            mock_sei.two_way_url + TOKEN,
            grant_type="password",
            username="alice@example.com",
            password="alice-password",
        )
    assert token["refresh_token"]


@authlib_integrations
def test_authlib_calls_with_the_token_once_its_type_is_mended(
    mock_sei: MockSei, connect: Any
) -> None:
    with connect(mock_sei, "svc-demo", ("demo-server-key", "demo-server-secret")) as session:
        token = mock_sei.token_response("demo-server")
        headers = {"AppKey": "demo-server-key"}
        session.token = token
        with pytest.raises(UnsupportedTokenTypeError):
            session.get(mock_sei.two_way_url + TICKETS, headers=headers)
        session.token = token | {"token_type": "Bearer"}
        assert session.get(mock_sei.two_way_url + TICKETS, headers=headers).status_code == 200


def test_requests_oauthlib_calls_with_the_token_once_its_type_is_mended(mock_sei: MockSei) -> None:
    with requests_oauthlib(mock_sei) as session:
        token = fetch(session, mock_sei)
        headers = {"AppKey": "demo-server-key"}
        with pytest.raises(ValueError, match="Unsupported token type: BearerToken"):
            session.get(mock_sei.two_way_url + TICKETS, headers=headers)
        session.token = {**token, "token_type": "Bearer"}
        assert session.get(mock_sei.two_way_url + TICKETS, headers=headers).status_code == 200
