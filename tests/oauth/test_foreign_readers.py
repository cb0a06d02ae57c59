"""oauthlib can read the answers at the redirect address, and the errors."""

from __future__ import annotations

import pytest
from oauthlib.oauth2 import MobileApplicationClient, OAuth2Error, WebApplicationClient

from tests.oauth.flows import log_in
from tests.support import Served

ADDRESS = "https://localhost:9443/own"

CLIENTS = {"code": WebApplicationClient, "token": MobileApplicationClient}
"""The library's class for each ``response_type``. Each reads one part of the address."""

NOT_ALLOWED = "The application may not use this response_type."
NOT_KNOWN = "The scope is not known or not granted."
NO_CHALLENGE = {"code_challenge": "", "redirect_uri": ""}
WRONG: list[tuple[str, str, dict[str, str], str, str]] = [
    ("demo-web", "token", {}, "unauthorized_client", NOT_ALLOWED),
    ("demo-spa", "code", {}, "unauthorized_client", NOT_ALLOWED),
    ("demo-web", "code", {"scope": "x"}, "invalid_scope", NOT_KNOWN),
    ("demo-spa", "token", {"scope": "x"}, "invalid_scope", NOT_KNOWN),
    ("demo-native", "code", NO_CHALLENGE, "invalid_request", "code challenge required"),
]


@pytest.mark.parametrize(("name", "response_type", "changes", "error", "words"), WRONG)
def test_oauthlib_reads_the_error_and_not_a_state_that_is_missing(
    served: Served,
    name: str,
    response_type: str,
    changes: dict[str, str],
    error: str,
    words: str,
) -> None:
    served.change(name, redirect_addresses=(ADDRESS,))
    answer = log_in(served, name, response_type=response_type, state="s", **changes)
    client = CLIENTS[response_type](served.application(name).app_key)

    with pytest.raises(OAuth2Error) as caught:
        client.parse_request_uri_response(answer.headers["Location"], state="s")

    assert (caught.value.error, caught.value.description) == (error, words)


@pytest.mark.parametrize("rest", ["", "?", "?own=1"])
@pytest.mark.parametrize(("name", "response_type"), [("demo-web", "code"), ("demo-spa", "token")])
def test_oauthlib_reads_what_was_granted(
    served: Served, name: str, response_type: str, rest: str
) -> None:
    served.change(name, redirect_addresses=(f"{ADDRESS}{rest}",))
    answer = log_in(served, name, response_type=response_type, state="s")
    client = CLIENTS[response_type](served.application(name).app_key)

    read = client.parse_request_uri_response(answer.headers["Location"], state="s")

    assert read["code" if response_type == "code" else "access_token"]
