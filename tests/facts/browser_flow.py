"""The pages of the browser flow: authorize, create, information, revocation, sessions."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from mock_sei.standards import Listener
from tests.facts.table import Call, Shown, cannot, fact, like, shown
from tests.oauth.flows import by_code, call, information, log_in, redeem, refresh, returned, revoke
from tests.support import Platform

AUTHORIZE = "/v2/oauth/authorize"
AUTHORIZE_PAGE = "/node/31"
STEPS_PAGE = "authorization"
CREATE_PAGE = "create-a-oauth2-token"
INFO_PAGE = "oauth2-get-token"
REVOKE_PAGE = "oauth2-revoke-token"
GRANT = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"


def asked(query: str) -> Call:
    """A browser's request of the authorize call."""
    return Call(request=f"GET {AUTHORIZE}?{query}", of=None, account=None)


def sent_back(platform: Platform) -> object:
    """Where a consent leads, and with which members in the query."""
    answer = log_in(platform, state="a-state")
    parts = urlsplit(answer.headers["Location"])
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    members = parse_qs(parts.query)
    return address, members["state"], "code" in members


def sent_by_itself(platform: Platform) -> object:
    """The status of the way back where nobody has to fill in a form."""
    platform.sandbox.reset({"auto_login": True})
    http = platform.client(None, listener=Listener.ONE_WAY)
    http.follow_redirects = False
    query = {"client_id": "demo-web-key", "login_hint": "alice@example.com"}
    return http.get(AUTHORIZE, params=query).status_code


def redeemed_after(seconds: int) -> Shown:
    """Whether a code is good after so many seconds."""

    def use(platform: Platform) -> object:
        code = returned(log_in(platform))["code"]
        platform.sandbox.clock.advance(seconds=seconds)
        return by_code(platform, code=code).status_code == 200

    return use


def response(platform: Platform) -> object:
    """Names in their order, and the values that the page shows."""
    body = by_code(platform).json()
    return (
        list(body)[:6],
        body["token_type"],
        body["expires_in"] in (3599, 3600),
        body["refresh_token_expires_in"] in (2591999, 2592000),
        body["redirect_url"],
    )


def told(platform: Platform) -> object:
    """The members of token information, without what differs from run to run."""
    token = by_code(platform).json()["access_token"]
    body = information(platform, token, client_id="demo-web-key").json()
    return {
        name: body[name]
        for name in ("token_type", "status", "scope", "redirect_url", "email", "app_name")
    } | {"numbers": body["expires_in"] > 3500 and body["refresh_token_expires_in"] > 2591000}


def revoked(name: str) -> Shown:
    """What both tokens open after one of them was revoked."""

    def end(platform: Platform) -> object:
        tokens = by_code(platform).json()
        parameter = "token" if name == "access_token" else name
        answer = revoke(platform, **{parameter: tokens[name]})
        body = answer.json()
        return (
            answer.status_code,
            sorted(body),
            body["cascade"],
            call(platform, tokens["access_token"]),
            refresh(platform, tokens["refresh_token"]).status_code,
        )

    return end


def wrong_revocation(platform: Platform) -> object:
    body = revoke(platform).json()
    return {name: type(body[name]) for name in ("ErrorCode", "Error", "Hint")}


def info_without_client(platform: Platform) -> object:
    token = by_code(platform).json()["access_token"]
    return information(platform, token).status_code >= 400


def other_sessions(flag: str | None) -> Shown:
    """Whether the token of an earlier session still works."""

    def log_in_again(platform: Platform) -> object:
        first = by_code(platform).json()["access_token"]
        log_in(platform, endOtherSessions=flag)
        return call(platform, first) == 200

    return log_in_again


def other_sessions_by_token(platform: Platform) -> object:
    first = by_code(platform).json()["access_token"]
    form = {"username": "alice@example.com", "password": "alice-password"}
    redeem(platform, "demo-internal", grant_type="password", endOtherSessions="true", **form)
    return call(platform, first)


def two_saml_parameters(platform: Platform) -> object:
    answer = redeem(platform, grant_type=GRANT, SAMLResponse="PA==", SAMLAssertion="PA==")
    return answer.status_code


def code_without_grant(platform: Platform) -> object:
    code = returned(log_in(platform))["code"]
    return by_code(platform, code=code, grant_type=None).status_code


def code_in_query(platform: Platform) -> object:
    """The exchange with its parameters in the query."""
    code = returned(log_in(platform))["code"]
    query = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "demo-web-key",
        "client_secret": "demo-web-secret",
    }
    return platform.client("svc-web").post("/v2/oauth/token", params=query).status_code


BROWSER_FLOW = (
    fact(
        "authorize-01",
        "the authorize call sends the browser to the log-in page by 302",
        STEPS_PAGE,
        asked("client_id=demo-web-key"),
        status=302,
        headers={"location": like(r".*/v2/oauth/login(\?.*)?")},
    ),
    shown(
        "authorize-02",
        "after the log-in the code and the state come to the redirect address, in the query",
        AUTHORIZE_PAGE,
        sent_back,
        ("https://localhost:9443/callback", ["a-state"], True),
    ),
    shown(
        "authorize-03",
        "the way back is a 302",
        AUTHORIZE_PAGE,
        sent_by_itself,
        302,
    ),
    shown("authorize-04", "a code is good within 20 seconds", STEPS_PAGE, redeemed_after(19), True),
    shown("authorize-05", "a code is over after 20 seconds", STEPS_PAGE, redeemed_after(21), False),
    fact(
        "authorize-06",
        "client_id is required",
        AUTHORIZE_PAGE,
        asked("state=a-state"),
        status=400,
    ),
    fact(
        "authorize-07",
        "ilservices is the scope that is taken",
        AUTHORIZE_PAGE,
        asked("client_id=demo-web-key&scope=ilservices"),
        status=302,
        headers={"location": like(r".*/v2/oauth/login(\?.*)?")},
    ),
    fact(
        "authorize-08",
        "ilservices is the only scope",
        AUTHORIZE_PAGE,
        asked("client_id=demo-web-key&scope=everything"),
        status=302,
        headers={"location": like(r"https://localhost:9443/callback\?.*error=invalid_scope.*")},
    ),
    shown(
        "authorize-09",
        "endOtherSessions ends the other sessions of the user",
        AUTHORIZE_PAGE,
        other_sessions("true"),
        False,
    ),
    shown(
        "authorize-10",
        "without endOtherSessions, or with false, they go on",
        AUTHORIZE_PAGE,
        other_sessions(None),
        True,
    ),
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
    cannot(
        "sessions-01",
        "what comes when a second session is not allowed",
        AUTHORIZE_PAGE,
        "the page names the setting and not its answer",
    ),
)
