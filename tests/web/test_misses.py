"""The answer to an unknown path names the nearest paths and the listener that serves it."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.platform import Platform
from mock_sei.rules.addresses import CONTROL_WORDS, PLATFORM_PAGES
from mock_sei.rules.standards import Listener
from mock_sei.web.portal.routes import ROUTES
from tests.support import Served, control_client, one_control_app

pytestmark = pytest.mark.long


@pytest.fixture
def control(platform: Platform) -> httpx2.Client:
    return control_client(platform)


def refused_because(served: Served) -> str:
    return served.platform.journal.last.refused_because or ""


@pytest.mark.parametrize("listener", list(Listener))
@pytest.mark.parametrize("path", ["/v2/oauthtoken/", "//v2/oauthtoken", "/v1/OAuthToken", "/token"])
def test_the_token_endpoint_is_named_first(served: Served, listener: Listener, path: str) -> None:
    answer = served.client(listener=listener).post(f"https://localhost{path}")

    assert answer.status_code == 404
    assert "The nearest are: POST /v2/oauthtoken, " in refused_because(served)
    assert "None" not in str(served.platform.journal.last)


@pytest.mark.parametrize("path", ["/v2/oauth%0Atoken", "/v2/%0Doauthtoken", "/v2/oauthtoken%20"])
def test_what_is_not_printed_hides_no_path(served: Served, path: str) -> None:
    assert served.client().post(path).status_code == 404
    assert "The nearest are: POST /v2/oauthtoken, " in refused_because(served)


def test_what_differs_is_named(served: Served) -> None:
    served.client().post("/v2/oauthtoken/")

    assert refused_because(served).endswith(
        "The path differs from /v2/oauthtoken in a slash at its end."
    )


@pytest.mark.parametrize(
    "path", ["/v2/oauth/authorize", "/v2/oauth/login", "/portal", "/portal/journal"]
)
def test_a_page_for_browsers_is_named_with_the_url_of_its_listener(
    served: Served, path: str
) -> None:
    assert served.client(listener=Listener.TWO_WAY).get(path).status_code == 404
    assert "one-way listener, because" in refused_because(served)
    assert f"open https://localhost{path}." in refused_because(served)


def test_a_misspelt_page_for_browsers_is_named_with_its_listener(served: Served) -> None:
    for path in ("/v2/oauth/authorise", "/v2/oauth/logon", "/v2/oauth/Login", "/v2/oauth/login/"):
        served.client(listener=Listener.TWO_WAY).get(path)
        assert "are on the one-way listener: https://localhost." in refused_because(served)

        served.client(listener=Listener.ONE_WAY).get(path)
        assert "listener" not in refused_because(served)


@pytest.mark.parametrize("path", ["/portal/journl", "/portal/nowhere"])
def test_the_portal_names_its_nearest_pages(served: Served, path: str) -> None:
    answer = served.client(listener=Listener.ONE_WAY).get(path)

    assert answer.status_code == 404
    assert "GET /portal/journal" in answer.text


@pytest.mark.parametrize("path", ["/health", "/journal", "/clock/advance", "/ca.pem"])
def test_a_path_of_the_control_api_is_named_with_the_url_of_its_listener(
    served: Served, path: str
) -> None:
    answer = served.client().get(path)

    assert answer.status_code == 404
    told = f"served on the control listener: http://127.0.0.1:8044{path} (without TLS)."
    assert told in refused_because(served)


def test_the_control_listener_names_the_url_of_a_path_of_the_platform(
    control: httpx2.Client,
) -> None:
    for path in ("/v2/oauthtoken", "/v2/oauthtokn", "/v1/order/tradetickets"):
        detail = control.post(path).json()["detail"]
        assert f"https://localhost:444{path} with a client certificate" in detail
        assert f"https://localhost{path} without" in detail
    for path in ("/portal/journal", "/v2/oauth/authorize", "/v2/oauth/login"):
        detail = control.get(path).json()["detail"]
        assert detail.endswith(f"the platform serves this path: https://localhost{path}")


def test_the_control_listener_points_to_its_reference(control: httpx2.Client) -> None:
    answer = control.get("/halth")

    assert answer.status_code == 404
    assert "GET /docs lists them" in answer.json()["detail"]
    assert control.delete("/faults/77").json()["error"] == "UnknownFault"


def test_every_call_of_the_control_api_begins_with_one_of_its_words() -> None:
    paths = one_control_app().openapi()["paths"]

    others = {"docs", "metrics", "openapi.json"}
    assert {each.split("/")[1] for each in paths} - {""} == CONTROL_WORDS - others


def test_the_pages_that_a_miss_may_name_are_there() -> None:
    pages = {f"GET {path}" for path, handlers in ROUTES.items() if "GET" in handlers}

    assert set(PLATFORM_PAGES) - pages == {"GET /openapi/{product}.json"}
