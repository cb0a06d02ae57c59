"""The checks before every grant, each with its documented answer, in their order."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.errors import CERTIFICATE_NAME, GRANT_INVALID, GRANT_NOT_ALLOWED, KEY_PAIR
from mock_sei.oauth.metadata import REVOKE_PATH
from mock_sei.rules.standards import Listener
from tests.oauth.assertions import own, register
from tests.oauth.flows import PAIR, assert_refused, by_code, call, encoded
from tests.oauth.good_requests import TWO_WAY_GRANTS, good_form, post_form
from tests.support import PRECONDITIONS, TOKEN_PATH, Served


def test_a_certificate_may_be_renewed_without_changing_its_name(served: Served) -> None:
    renewed = served.platform.certificates.issue("svc-demo").identity

    assert served.post_token(http=served.client(renewed)).status_code == 200


@pytest.mark.parametrize(
    ("header", "because"),
    [
        ("Basic " + encoded("demo-server-key:wrong"), "AppSecret of demo-server is wrong"),
        ("Basic " + encoded("demo-server-key:"), "AppSecret of demo-server is missing"),
        ("Basic " + encoded("nobody:secret"), "No application has this AppKey"),
        ("Basic " + encoded("demo-server-secret:demo-server-key"), "swapped"),
        ("Basic " + encoded("no-colon"), "no colon"),
        ("Basic demo-server-key:demo-server-secret", "not Base64"),
        ("Bearer " + PAIR, "scheme Bearer"),
        ("Basic " + encoded("demo-spa-key:secret"), "has no AppSecret"),
        (None, "No key pair was sent"),
    ],
)
def test_a_wrong_key_pair_is_refused(served: Served, header: str | None, because: str) -> None:
    headers = {"Authorization": header} if header else {}

    answer = served.client().post(TOKEN_PATH, headers=headers, data=served.form())

    assert_refused(served, answer, KEY_PAIR, "key pair", because=because)
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "demo-server-secret" not in str(served.platform.journal.last.to_json())


def test_a_wrong_secret_in_the_form_is_refused(served: Served) -> None:
    form = served.form(client_id="demo-server-key", client_secret="wrong")

    assert_refused(served, served.client().post(TOKEN_PATH, data=form), KEY_PAIR, "key pair")


def test_an_application_waiting_for_approval_is_refused(served: Served) -> None:
    served.change("demo-server", approved=False)

    assert_refused(served, served.post_token(), KEY_PAIR, "key pair", because="waits for approval")


def test_an_app_key_of_another_environment_is_refused(served: Served) -> None:
    """Row 5 of the documented error table."""
    answer = served.post_token("demo-limited")

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid ApiKey for given resource"
    assert served.platform.journal.last.expected == "build"
    assert served.platform.journal.last.actual == "test"


def test_an_app_key_of_its_own_environment_is_accepted(served: Served) -> None:
    served.platform.reset({"environment": "build"})

    assert served.post_token("demo-limited").status_code == 200


def test_a_source_address_off_the_list_is_refused(served: Served) -> None:
    """Row 1 of the documented error table."""
    served.change("demo-server", source_addresses=("192.0.2.0/24", "2001:db8::1"))

    refused = served.post_token()
    accepted = [
        served.post_token(http=served.client(source=address))
        for address in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7")
    ]

    body = refused.json()
    assert refused.status_code == 403
    assert body["code"] == "gateway.access.failure"
    assert body["message"] == PRECONDITIONS
    assert body["errors"] == []
    assert [each.status_code for each in accepted] == [200, 200, 200]


def test_the_one_way_listener_refuses_a_client_server_application(served: Served) -> None:
    """Row 3 of the documented error table."""
    answer = served.post_token(http=served.client(None, listener=Listener.ONE_WAY))

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "The incoming traffic pattern is invalid."}]
    assert served.platform.journal.last.refused_by == "listener"


def test_a_certificate_of_another_account_is_refused(served: Served) -> None:
    """Row 2 of the documented error table."""
    answer = served.post_token(http=served.client("svc-web"))

    entry = served.platform.journal.last
    assert answer.status_code == 403
    assert answer.json()["code"] == "gateway.access.failure"
    assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert (entry.refused_by, entry.expected, entry.actual) == (
        "certificate name",
        "svc-demo",
        "svc-web",
    )


def test_no_certificate_at_all_is_refused_here_too(served: Served) -> None:
    """The check works also for a certificate that TLS would have refused."""
    assert served.post_token(http=served.client(None)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"password": "wrong"}, "password of the service account svc-demo is wrong"),
        ({"username": "nobody"}, "no such service account"),
        (
            {"username": "svc-web", "password": "svc-web-password"},
            "belongs to another application",
        ),
    ],
)
def test_a_wrong_service_account_is_refused(
    served: Served, changes: dict[str, Any], because: str
) -> None:
    assert_refused(served, served.post_token(**changes), GRANT_INVALID, "account", because=because)


@pytest.mark.parametrize("grant_type", ["device_code", "implicit", "client_credentials "])
def test_an_unknown_grant_is_refused(served: Served, grant_type: str) -> None:
    answer = served.post_token(grant_type=grant_type)

    assert answer.status_code == 400
    assert answer.json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("app_key", ["demo-spa-key", "demo-native-key"])
def test_a_public_client_may_not_use_client_credentials(served: Served, app_key: str) -> None:
    """Both with an account that exists and with one that does not."""
    http = served.client(None, listener=Listener.ONE_WAY)
    form = {"grant_type": "client_credentials", "client_id": app_key}
    account = {"username": "svc-demo", "password": "svc-demo-password"}

    for sent in (form, form | account):
        answer = http.post(TOKEN_PATH, data=sent)
        assert_refused(served, answer, GRANT_NOT_ALLOWED, "row and grant")


def test_another_rows_grant_is_refused(served: Served) -> None:
    answer = served.post_token(grant_type="password")

    assert answer.json()["error"] == "unauthorized_client"
    assert "client_credentials, not password" in (
        served.platform.journal.last.refused_because or ""
    )


def test_the_first_check_that_fails_decides(served: Served) -> None:
    """At first everything is wrong; each step corrects one thing, so the checks show their
    order."""
    served.change("demo-server", source_addresses=("192.0.2.1",))
    seen = []

    def attempt(listener: Listener, source: str, secret: str, **changes: Any) -> None:
        http = served.client("svc-web", listener=listener, source=source)
        served.post_token(http=http, auth=("demo-server-key", secret), **changes)
        seen.append(served.platform.journal.last.refused_by)

    attempt(Listener.ONE_WAY, "127.0.0.1", "wrong", grant_type=None)
    attempt(Listener.ONE_WAY, "127.0.0.1", "wrong", grant_type="password")
    attempt(Listener.ONE_WAY, "127.0.0.1", "demo-server-secret", grant_type="password")
    attempt(Listener.ONE_WAY, "192.0.2.1", "demo-server-secret", grant_type="password")
    attempt(Listener.ONE_WAY, "192.0.2.1", "demo-server-secret", password="wrong")
    attempt(Listener.TWO_WAY, "192.0.2.1", "demo-server-secret", password="wrong")
    attempt(Listener.TWO_WAY, "192.0.2.1", "demo-server-secret")

    assert seen == [
        "parse",
        "key pair",
        "source address",
        "row and grant",
        "listener",
        "account",
        "certificate name",
    ]


def test_another_accounts_certificate_is_refused_for_users_tokens_too(served: Served) -> None:
    """The order of the checks at a functional API."""
    headers = served.headers("demo-web", by_code(served).json()["access_token"])

    refused = served.get(http=served.client("svc-demo"), headers=headers)

    assert refused.status_code == 403
    assert refused.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert served.get(http=served.client("svc-web"), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("name", "grant"), [(name, each) for name, grants in TWO_WAY_GRANTS.items() for each in grants]
)
def test_every_grant_on_the_two_way_listener_wants_the_accounts_own_certificate(
    served: Served, name: str, grant: str
) -> None:
    register(served, own().certificate, name)
    form = good_form(served, name, grant)
    account = served.application(name).service_account

    for other in {"svc-demo", "svc-web", "svc-limited"} - {account}:
        answer = post_form(served, name, form, listener=Listener.TWO_WAY, certificate=other)
        assert_refused(served, answer, CERTIFICATE_NAME, "certificate name")
        assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]
        assert (served.platform.journal.last.expected, served.platform.journal.last.actual) == (
            account,
            other,
        )

    assert post_form(served, name, form, listener=Listener.TWO_WAY).status_code == 200


def test_revoking_wants_the_accounts_own_certificate(served: Served) -> None:
    token = by_code(served).json()["access_token"]
    pair = ("demo-web-key", "demo-web-secret")

    answer = served.client("svc-demo").post(REVOKE_PATH, data={"token": token}, auth=pair)

    assert_refused(served, answer, CERTIFICATE_NAME, "certificate name")
    assert call(served, token) == 200
