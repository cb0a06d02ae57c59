"""requests-oauthlib through every flow it supports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from oauthlib.oauth2 import (
    BackendApplicationClient,
    InsecureTransportError,
    LegacyApplicationClient,
    MismatchingStateError,
    MobileApplicationClient,
    WebApplicationClient,
)
from requests_oauthlib import OAuth2Session

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


class CuredClient(WebApplicationClient):
    @property
    def token_types(self) -> Any:
        known: Any = super().token_types
        return known | {"BearerToken": known["Bearer"]}


def connect(
    server: MockSei,
    app: App,
    client: type[Any] = WebApplicationClient,
    account: Certificate | str | None = None,
    **options: Any,
) -> Any:
    session = OAuth2Session(client=client(app.key), redirect_uri=app.redirect, **options)
    session.trust_env = False
    session.verify = str(server.ca_file)
    account = account or app.account
    session.cert = files(server, account) if account else None
    return session


def fetch(session: OAuth2Session, server: MockSei, app: App, **grant: Any) -> Any:
    """A public application sends its AppKey in the form, any other its pair in the header."""
    pair = (app.key, app.secret) if app.secret else None
    return session.fetch_token(
        app.url(server) + TOKEN, auth=pair, include_client_id=not app.secret, **grant
    )


def redeem(session: OAuth2Session, server: MockSei, app: App) -> Any:
    """From the library's own authorization URL to the token."""
    url, _ = session.authorization_url(server.url + AUTHORIZE)
    return fetch(session, server, app, authorization_response=log_in(server, url))


@pytest.fixture
def loopback_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own switch: without it a redirect address without TLS is refused."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@both_dialects
def test_a_service_account_calls_with_its_token(
    mock_sei: MockSei, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, SERVER, BackendApplicationClient) as session:
        fetch(session, mock_sei, SERVER, **SERVICE_ACCOUNT)
        cure(session)
        assert call(session, mock_sei, SERVER) == 200


@both_dialects
def test_a_web_application_redeems_its_code_and_calls(
    mock_sei: MockSei, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, WEB, scope=["ilservices"]) as session:
        assert redeem(session, mock_sei, WEB)["refresh_token"]
        cure(session)
        assert call(session, mock_sei, WEB) == 200


@both_dialects
@pytest.mark.usefixtures("loopback_allowed")
def test_a_native_application_proves_its_key_and_calls(
    mock_sei: MockSei, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, NATIVE, pkce="S256") as session:
        redeem(session, mock_sei, NATIVE)
        cure(session)
        assert call(session, mock_sei, NATIVE) == 200


@pytest.mark.usefixtures("loopback_allowed")
def test_another_verifier_is_refused(mock_sei: MockSei) -> None:
    with (
        connect(mock_sei, NATIVE, pkce="S256") as first,
        connect(mock_sei, NATIVE, pkce="S256") as second,
    ):
        url, state = first.authorization_url(mock_sei.url + AUTHORIZE)
        second.authorization_url(mock_sei.url + AUTHORIZE, state=state)
        with pytest.raises(Exception, match="invalid_grant"):
            fetch(second, mock_sei, NATIVE, authorization_response=log_in(mock_sei, url))


@both_dialects
@pytest.mark.usefixtures("loopback_allowed")
def test_a_single_page_application_reads_its_fragment_and_calls(
    mock_sei: MockSei, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, SPA, MobileApplicationClient) as session:
        url, _ = session.authorization_url(mock_sei.url + AUTHORIZE)
        session.token_from_fragment(log_in(mock_sei, url))
        cure(session)
        assert call(session, mock_sei, SPA) == 200


def test_a_redirect_address_without_tls_needs_the_librarys_switch(mock_sei: MockSei) -> None:
    with connect(mock_sei, SPA, MobileApplicationClient) as session:
        url, _ = session.authorization_url(mock_sei.url + AUTHORIZE)
        location = log_in(mock_sei, url)
        with pytest.raises(InsecureTransportError):
            session.token_from_fragment(location)


@both_dialects
def test_a_users_password_gives_a_token_to_call_with(
    mock_sei: MockSei, cure: Callable[[Any], None]
) -> None:
    with connect(mock_sei, INTERNAL, LegacyApplicationClient) as session:
        fetch(session, mock_sei, INTERNAL, **END_USER)
        cure(session)
        assert call(session, mock_sei, INTERNAL) == 200


@both_dialects
@pytest.mark.usefixtures("loopback_allowed")
@pytest.mark.parametrize("app", [WEB, NATIVE], ids=lambda app: str(app.key))
def test_a_refreshed_token_calls_until_it_is_revoked(
    mock_sei: MockSei, cure: Callable[[Any], None], app: App
) -> None:
    url = app.url(mock_sei)
    authenticated = {"auth": (app.key, app.secret)} if app.secret else {"client_id": app.key}
    with connect(mock_sei, app, pkce="S256") as session:
        first = redeem(session, mock_sei, app)
        cure(session)
        second = session.refresh_token(url + TOKEN, **authenticated)
        assert second["access_token"] != first["access_token"]
        cure(session)
        assert call(session, mock_sei, app) == 200
        address, headers, body = WebApplicationClient(app.key).prepare_token_revocation_request(
            url + REVOKE, second["refresh_token"], "refresh_token", client_id=app.key
        )
        pair = authenticated.get("auth")
        session.post(
            address, data=body, headers=headers, auth=pair, withhold_token=True
        ).raise_for_status()
        assert call(session, mock_sei, app) == 401


@pytest.mark.parametrize(
    ("app", "client", "grant"),
    [
        (SERVER, BackendApplicationClient, SERVICE_ACCOUNT),
        (INTERNAL, LegacyApplicationClient, END_USER),
    ],
    ids=["client_credentials", "password"],
)
def test_another_accounts_certificate_gets_no_token(
    mock_sei: MockSei, app: App, client: type[Any], grant: dict[str, str]
) -> None:
    with (
        connect(mock_sei, app, client, "svc-web") as session,
        pytest.raises(Exception, match="unauthorized_client"),
    ):
        fetch(session, mock_sei, app, **grant)


def test_another_accounts_certificate_redeems_no_code(mock_sei: MockSei) -> None:
    with (
        connect(mock_sei, WEB, account="svc-demo") as session,
        pytest.raises(Exception, match="unauthorized_client"),
    ):
        redeem(session, mock_sei, WEB)


def test_a_certificate_of_another_ca_ends_in_the_handshake(mock_sei: MockSei) -> None:
    stranger = mock_sei.certificate("svc-demo", "untrusted")
    with (
        connect(mock_sei, SERVER, BackendApplicationClient, stranger) as session,
        pytest.raises(Exception, match=r"(?i)alert unknown ca"),
    ):
        fetch(session, mock_sei, SERVER, **SERVICE_ACCOUNT)


def test_a_foreign_state_of_a_code_is_refused_by_the_library(mock_sei: MockSei) -> None:
    with connect(mock_sei, WEB) as session:
        url, state = session.authorization_url(mock_sei.url + AUTHORIZE)
        location = log_in(mock_sei, url).replace(f"state={state}", "state=of-somebody-else")
        with pytest.raises(MismatchingStateError):
            fetch(session, mock_sei, WEB, authorization_response=location)


@pytest.mark.usefixtures("loopback_allowed")
def test_a_foreign_state_of_a_fragment_is_refused_by_the_library(mock_sei: MockSei) -> None:
    with connect(mock_sei, SPA, MobileApplicationClient) as session:
        url, state = session.authorization_url(mock_sei.url + AUTHORIZE)
        location = log_in(mock_sei, url).replace(f"state={state}", "state=of-somebody-else")
        with pytest.raises(ValueError, match="Mismatching or missing state"):
            session.token_from_fragment(location)


def test_bearertoken_is_no_type_it_calls_with(mock_sei: MockSei) -> None:
    with connect(mock_sei, SERVER, BackendApplicationClient) as session:
        fetch(session, mock_sei, SERVER, **SERVICE_ACCOUNT)
        with pytest.raises(ValueError, match=r"^Unsupported token type: BearerToken$"):
            call(session, mock_sei, SERVER)


def test_a_client_taught_the_type_calls_and_refreshes_by_itself(mock_sei: MockSei) -> None:
    kept: list[Any] = []
    with connect(
        mock_sei,
        WEB,
        CuredClient,
        auto_refresh_url=mock_sei.two_way_url + TOKEN,
        token_updater=kept.append,
    ) as session:
        first = redeem(session, mock_sei, WEB)
        assert call(session, mock_sei, WEB) == 200
        session.token = {**first, "expires_at": 1}
        answer = session.get(
            mock_sei.two_way_url + TICKETS,
            headers={"AppKey": WEB.key},
            client_id=WEB.key,
            client_secret=WEB.secret,
        )
        assert answer.status_code == 200
    assert [token["access_token"] != first["access_token"] for token in kept] == [True]
