"""``POST /tokens``: a token response for any application, by real requests."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei import MockSei
from tests.patience import PATIENCE

APPLICATIONS = ("demo-server", "demo-web", "demo-internal", "demo-spa", "demo-native")


@pytest.fixture
def control(mock_sei: MockSei) -> httpx2.Client:
    return httpx2.Client(base_url=mock_sei.control_url, timeout=PATIENCE, trust_env=False)


def test_every_application_gets_its_token_by_the_grant_of_its_row(
    mock_sei: MockSei, control: httpx2.Client
) -> None:
    with control:
        for name in APPLICATIONS:
            answer = control.post("/tokens", json={"application": name})
            assert answer.status_code == 200, answer.text
            application = mock_sei.applications[name]
            mock_sei.journal.clear()
            with mock_sei.client(application.service_account) as http:
                headers = {"AppKey": application.app_key}
                headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                assert http.get("/v1/order/tradetickets", headers=headers).status_code == 200
        mock_sei.journal.clear()
        control.post("/tokens", json={"application": "svc-demo"})
        mock_sei.journal.assert_called("POST /v2/oauthtoken", application="demo-server", times=1)


def test_what_gets_no_token_is_said_in_the_one_shape(
    mock_sei: MockSei, control: httpx2.Client
) -> None:
    mock_sei.faults.add("POST /v2/oauthtoken", status=503, times=1)
    with control:
        for body, status, error in (
            ({"application": "demo-server"}, 400, "MockSeiError"),
            ({"application": "nobody"}, 404, "UnknownApplication"),
            ({"application": "demo-web", "user": "nobody@example.com"}, 404, "UnknownUser"),
            ({"application": 7}, 422, "Rejected"),
            ({}, 422, "Rejected"),
        ):
            answer = control.post("/tokens", json=body)
            assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
            assert answer.json().keys() == {"error", "detail", "problems"}


def test_a_wrong_server_certificate_on_purpose_does_not_matter(
    mock_sei: MockSei, control: httpx2.Client
) -> None:
    mock_sei.server_certificate("expired")
    with control:
        assert control.post("/tokens", json={"application": "demo-web"}).status_code == 200
