"""The security standards at the token endpoint: which application may use which grant."""

from __future__ import annotations

import pytest

from mock_sei.errors import GRANT_NOT_ALLOWED, GRANT_UNKNOWN, TRAFFIC_PATTERN
from mock_sei.rules.standards import STANDARDS, ApplicationType, Listener
from tests.oauth.assertions import own, register
from tests.oauth.flows import assert_refused
from tests.oauth.good_requests import (
    GRANTS,
    ONE_WAY_GRANTS,
    TWO_WAY_GRANTS,
    good_form,
    post_form,
    tokens_of,
)
from tests.support import Served

APPLICATIONS = [*TWO_WAY_GRANTS, *ONE_WAY_GRANTS]


def status_of_call(served: Served, application: str, token: str, listener: Listener) -> int:
    account = served.application(application).service_account or "svc-demo"
    http = served.client(account, listener=listener)
    return served.get(http=http, headers=served.headers(application, token)).status_code


@pytest.fixture
def signing(served: Served) -> Served:
    """Every application has a SAML certificate, so that none is refused for its lack."""
    for application in APPLICATIONS:
        register(served, own().certificate, application)
    return served


@pytest.mark.long
@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
@pytest.mark.parametrize("grant", GRANTS)
@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_standards_table_is_enforced(
    signing: Served, name: str, grant: str, listener: Listener
) -> None:
    """Each application with each grant on each listener, with requests that are otherwise good."""
    form = good_form(signing, name, grant)
    grants = TWO_WAY_GRANTS.get(name, ()) + ONE_WAY_GRANTS.get(name, ())
    home = Listener.TWO_WAY if name in TWO_WAY_GRANTS else Listener.ONE_WAY

    answer = post_form(signing, name, form, listener=listener)

    if grant not in grants:
        assert_refused(signing, answer, GRANT_NOT_ALLOWED, "row and grant")
        return
    if listener is not home:
        assert_refused(signing, answer, TRAFFIC_PATTERN, "listener")
        assert answer.json()["errors"] == [{"reason": "The incoming traffic pattern is invalid."}]
        if grant == "invalidate_token":
            assert status_of_call(signing, name, form["token"], home) == 200
        answer = post_form(signing, name, form, listener=home)  # nothing of it was used up
    assert answer.status_code == 200, answer.text
    if grant == "invalidate_token":
        assert answer.json()["cascade"] == "true"
        assert status_of_call(signing, name, form["token"], home) == 401
        return
    assert status_of_call(signing, name, answer.json()["access_token"], home) == 200
    assert ("refresh_token" in answer.json()) is (grant != "client_credentials")


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_token_of_each_application_is_good_on_its_own_listener_alone(
    served: Served, name: str
) -> None:
    token = tokens_of(served, name)["access_token"]
    home, other = Listener.TWO_WAY, Listener.ONE_WAY
    if name in ONE_WAY_GRANTS:
        home, other = other, home

    assert status_of_call(served, name, token, other) == 403
    assert served.platform.journal.last.refused_by == "listener"
    assert status_of_call(served, name, token, home) == 200


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
@pytest.mark.parametrize("name", APPLICATIONS)
def test_there_is_no_other_grant(served: Served, name: str, listener: Listener) -> None:
    for grant in ("implicit", "device_code", "Password", "saml2-bearer", "password "):
        answer = post_form(served, name, {"grant_type": grant}, listener=listener)

        assert_refused(served, answer, GRANT_UNKNOWN, "row and grant")


def test_a_client_server_application_may_be_a_server_too(served: Served) -> None:
    """The two application types of the first row."""
    served.change("demo-server", type=ApplicationType.CLIENT_SERVER)

    answers = {
        grant: post_form(
            served,
            "demo-server",
            good_form(served, "demo-server", grant),
            listener=Listener.TWO_WAY,
        ).status_code
        for grant in GRANTS
    }

    assert {grant for grant, status in answers.items() if status == 200} == {
        "client_credentials",
        "invalidate_token",
    }
    assert set(answers.values()) == {200, 400}


def test_every_row_of_the_table_has_a_demo_application(served: Served) -> None:
    registered = served.platform.state.registry.applications.values()

    assert {id(each.standard) for each in registered} == {id(row) for row in STANDARDS}
