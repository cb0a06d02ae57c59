"""A good token request for each grant, and who may send it, copied from the Security FAQ."""

from __future__ import annotations

import httpx2

from mock_sei.rules.standards import Listener
from tests.oauth.assertions import GRANT as SAML
from tests.oauth.assertions import assertion, encoded, sign
from tests.oauth.flows import ALICE, LOOPBACK, VERIFIER, by_code, log_in, redeem, returned
from tests.support import TOKEN_PATH, Served

GRANTS = (
    "client_credentials",
    "authorization_code",
    "password",
    "refresh_token",
    "invalidate_token",
    "sessionToken",
    SAML,
)
"""All values of ``grant_type`` on the vendor's pages."""

TWO_WAY_GRANTS = {
    "demo-server": ("client_credentials", "invalidate_token"),
    "demo-web": (
        *("authorization_code", "refresh_token", "sessionToken"),
        *(SAML, "invalidate_token"),
    ),
    "demo-internal": (
        *("password", "refresh_token", "sessionToken"),
        *(SAML, "invalidate_token"),
    ),
}
"""The grants that the rows with two-way TLS may use at the token endpoint."""

ONE_WAY_GRANTS = {
    "demo-spa": (),
    "demo-native": ("authorization_code", "refresh_token", "invalidate_token"),
}


def tokens_of(served: Served, application: str) -> dict[str, str]:
    """The token response of an application for its own grant."""
    if application == "demo-server":
        answer = served.post_token()
    elif application == "demo-internal":
        answer = redeem(served, application, grant_type="password", **ALICE)
    elif application == "demo-spa":
        return returned(log_in(served, application))
    else:
        answer = by_code(served, application)
    assert answer.status_code == 200, answer.text
    members: dict[str, str] = answer.json()
    return members


def good_form(served: Served, application: str, grant: str) -> dict[str, str]:
    """A token request that is good but for whether the application may make it.

    What an application cannot have, a code for one, is demo-web's.
    """
    account = served.platform.state.registry.service_accounts.get(
        served.application(application).service_account or "svc-demo"
    )
    assert account is not None
    owner = application if application in ("demo-internal", "demo-native") else "demo-web"
    form: dict[str, str]
    if grant == "client_credentials":
        form = {"username": account.username, "password": account.password}
    elif grant == "authorization_code":
        native = application == "demo-native"
        answer = log_in(served, application if native else "demo-web")
        form = {"code": returned(answer)["code"]}
        form |= {"code_verifier": VERIFIER, "redirect_uri": LOOPBACK} if native else {}
    elif grant == "password":
        form = dict(ALICE)
    elif grant == "refresh_token":
        form = {"refresh_token": tokens_of(served, owner)["refresh_token"]}
    elif grant == "invalidate_token":
        form = {"token": tokens_of(served, application)["access_token"]}
    elif grant == "sessionToken":
        form = {"sessionToken": log_in(served).cookies["mock_sei_session"]}
    else:
        form = {"SAMLAssertion": encoded(sign(assertion(served)))}
    return {"grant_type": grant, **form}


def post_form(
    served: Served,
    application: str,
    form: dict[str, str],
    *,
    listener: Listener,
    certificate: str | None = None,
) -> httpx2.Response:
    """A token request to any listener, with the application's or another certificate."""
    found = served.application(application)
    account = certificate or found.service_account or "svc-demo"
    http = served.client(account, listener=listener)
    if found.app_secret is None:
        return http.post(TOKEN_PATH, data={"client_id": found.app_key, **form})
    return http.post(TOKEN_PATH, data=form, auth=(found.app_key, found.app_secret))
