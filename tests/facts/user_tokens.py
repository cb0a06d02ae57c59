"""The pages about tokens of end users: create, information and revocation."""

from __future__ import annotations

from tests.facts.table import Shown, cannot, shown
from tests.oauth.assertions import assertion, own, register, send, sign
from tests.oauth.flows import by_code, call, information, log_in, redeem, refresh, returned, revoke
from tests.support import Served

CREATE_PAGE = "create-a-oauth2-token"
INFO_PAGE = "oauth2-get-token"
REVOKE_PAGE = "oauth2-revoke-token"
GRANT = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"


def response(served: Served) -> object:
    """Names in their order, and the values that the page shows."""
    body = by_code(served).json()
    return (
        list(body)[:6],
        body["token_type"],
        body["expires_in"] in (3599, 3600),
        body["refresh_token_expires_in"] in (2591999, 2592000),
        body["redirect_url"],
    )


def told(served: Served) -> object:
    """The members of token information, without what differs from run to run."""
    token = by_code(served).json()["access_token"]
    body = information(served, token, client_id="demo-web-key").json()
    return {
        name: body[name]
        for name in ("token_type", "status", "scope", "redirect_url", "email", "app_name")
    } | {"numbers": body["expires_in"] > 3500 and body["refresh_token_expires_in"] > 2591000}


def revoked(name: str) -> Shown:
    """What both tokens open after one of them was revoked."""

    def end(served: Served) -> object:
        tokens = by_code(served).json()
        parameter = "token" if name == "access_token" else name
        answer = revoke(served, **{parameter: tokens[name]})
        body = answer.json()
        return (
            answer.status_code,
            sorted(body),
            body["cascade"],
            call(served, tokens["access_token"]),
            refresh(served, tokens["refresh_token"]).status_code,
        )

    return end


def wrong_revocation(served: Served) -> object:
    body = revoke(served).json()
    return {name: type(body[name]) for name in ("ErrorCode", "Error", "Hint")}


def info_without_client(served: Served) -> object:
    token = by_code(served).json()["access_token"]
    return information(served, token).status_code >= 400


def other_sessions_by_token(served: Served) -> object:
    first = by_code(served).json()["access_token"]
    form = {"username": "alice@example.com", "password": "alice-password"}
    redeem(served, "demo-internal", grant_type="password", endOtherSessions="true", **form)
    return call(served, first)


def two_saml_parameters(served: Served) -> object:
    answer = redeem(served, grant_type=GRANT, SAMLResponse="PA==", SAMLAssertion="PA==")
    return answer.status_code


def code_without_grant(served: Served) -> object:
    code = returned(log_in(served))["code"]
    return by_code(served, code=code, grant_type=None).status_code


def code_in_query(served: Served) -> object:
    """The exchange with its parameters in the query."""
    code = returned(log_in(served))["code"]
    query = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "demo-web-key",
        "client_secret": "demo-web-secret",
    }
    return served.client("svc-web").post("/v2/oauth/token", params=query).status_code


def by_saml(served: Served) -> object:
    """What an assertion opens that is signed with the client's key, or with none of its own."""
    register(served, own().certificate)
    good = send(served, sign(assertion(served)))
    unsigned = send(served, assertion(served, identifier="_assertion-2"))
    return call(served, good.json()["access_token"]), unsigned.status_code


def without_pair(served: Served) -> object:
    token = by_code(served).json()["access_token"]
    http = served.client("svc-web")
    return http.post("/v2/oauth/revoke", data={"token": token}).status_code


USER_TOKENS = (
    shown(
        "create-01",
        "a code is exchanged for an access and a refresh token; members and values of the sample",
        CREATE_PAGE,
        response,
        (
            [
                "access_token",
                "token_type",
                "expires_in",
                "refresh_token",
                "refresh_token_expires_in",
                "redirect_url",
            ],
            "BearerToken",
            True,
            True,
            "https://localhost:9443/callback",
        ),
    ),
    shown("create-02", "grant_type is required", CREATE_PAGE, code_without_grant, 400),
    shown(
        "create-03",
        "the parameters may stand in the query, client_id and client_secret too",
        CREATE_PAGE,
        code_in_query,
        200,
    ),
    shown(
        "create-04",
        "endOtherSessions is a parameter of this call too",
        CREATE_PAGE,
        other_sessions_by_token,
        401,
    ),
    shown(
        "create-05",
        "the SAML grant has one of two parameters, not both",
        CREATE_PAGE,
        two_saml_parameters,
        400,
    ),
    shown(
        "information-01",
        "members of token information and their values",
        INFO_PAGE,
        told,
        {
            "token_type": "BearerToken",
            "status": "approved",
            "scope": "ilservices",
            "redirect_url": "https://localhost:9443/callback",
            "email": "alice@example.com",
            "app_name": "demo-web",
            "numbers": True,
        },
    ),
    shown("information-02", "client_id is required", INFO_PAGE, info_without_client, True),
    shown(
        "revoke-01",
        "revoking the access token ends the refresh token with it",
        REVOKE_PAGE,
        revoked("access_token"),
        (200, ["cascade", "message", "token"], "true", 401, 400),
    ),
    shown(
        "revoke-02",
        "revoking the refresh token ends the access token with it",
        REVOKE_PAGE,
        revoked("refresh_token"),
        (200, ["cascade", "message", "token"], "true", 401, 400),
    ),
    shown(
        "revoke-03",
        "an error has three members, all texts",
        REVOKE_PAGE,
        wrong_revocation,
        {"ErrorCode": str, "Error": str, "Hint": str},
    ),
    cannot(
        "revoke-04",
        "method and path of revocation, of information and of authorize",
        REVOKE_PAGE,
        "no page of the vendor names them",
    ),
    shown(
        "create-06",
        "the SAML grant takes the Base64 of XML that is signed with the client's private key",
        CREATE_PAGE,
        by_saml,
        (200, 400),
    ),
    shown(
        "revoke-05",
        "client_id and client_secret are required",
        REVOKE_PAGE,
        without_pair,
        401,
    ),
)
