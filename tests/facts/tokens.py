"""The token endpoint: its request, its grants and the life of a token."""

from __future__ import annotations

import base64

from tests.facts.table import (
    REFUSED,
    Call,
    Shown,
    cannot,
    fact,
    facts_of,
    get,
    shown,
)
from tests.oauth.flows import by_code, call, log_in, redeem
from tests.support import Served

TOKEN = "/v2/oauthtoken"
PAGE = "oauth-token"
OLD_PAGE = "access-token/post/oauthtoken"
PAIR = base64.b64encode(b"demo-server-key:demo-server-secret").decode()
WRONG_PAIR = base64.b64encode(b"demo-server-key:another").decode()
FORM = {
    "grant_type": "client_credentials",
    "username": "svc-demo",
    "password": "svc-demo-password",
}
TICKETS = "/v1/order/tradetickets"


def ask(
    form: dict[str, str] | None = None, header: str = PAIR, target: str = TOKEN, **more: str
) -> Call:
    """A request for a token of demo-server."""
    headers = {
        "Authorization": header,
        **{name.replace("_", "-"): text for name, text in more.items()},
    }
    return Call(
        request=f"POST {target}", of=None, headers=headers, form=FORM if form is None else form
    )


def used_after(*minutes: int) -> Shown:
    """Whether a token still opens a call, with so many minutes before each use."""

    def use(served: Served) -> object:
        headers = served.headers()
        found = []
        for each in minutes:
            served.platform.clock.advance(minutes=each)
            found.append(served.get(headers=headers).status_code == 200)
        return found

    return use


def expired(served: Served) -> object:
    headers = served.headers()
    served.platform.clock.advance(minutes=61)
    refused = served.get(headers=headers).json()["message"]
    return refused, served.get(headers=served.headers()).status_code


def ended(served: Served) -> object:
    tokens = by_code(served).json()
    redeem(served, grant_type="invalidate_token", token=tokens["access_token"])
    return call(served, tokens["access_token"])


def by_session(served: Served) -> object:
    cookie = log_in(served).cookies["mock_sei_session"]
    answer = redeem(served, grant_type="sessionToken", sessionToken=cookie)
    return call(served, answer.json()["access_token"])


def by_password(served: Served) -> object:
    form = {"username": "alice@example.com", "password": "alice-password"}
    answer = redeem(served, "demo-internal", grant_type="password", **form)
    return answer.status_code


def refreshed(served: Served) -> object:
    first = by_code(served).json()["refresh_token"]
    answer = redeem(served, grant_type="refresh_token", refresh_token=first)
    return call(served, answer.json()["access_token"])


TOKENS = (
    fact(
        "tokens-01",
        "a token is obtained by POST at /v2/oauthtoken",
        OLD_PAGE,
        ask(),
        body={"access_token": str},
    ),
    fact(
        "tokens-02",
        "the page is about versions 2 and 3",
        PAGE,
        ask(target="/v3/oauthtoken"),
        body={"access_token": str},
    ),
    fact(
        "tokens-03",
        "a server-based application asks on the mutual-TLS host, not on the plain one",
        PAGE,
        Call(
            request=f"POST {TOKEN}",
            of=None,
            account=None,
            headers={"Authorization": PAIR},
            form=FORM,
        ),
        status=REFUSED,
        body={
            "code": "gateway.access.failure",
            "errors": [{"reason": "The incoming traffic pattern is invalid."}],
        },
    ),
    fact(
        "tokens-04",
        "the header is the Base64 of AppKey and AppSecret; the example has no word before it",
        PAGE,
        ask(header=PAIR),
    ),
    fact(
        "tokens-05",
        "the pair with the word Basic, as OAuth has it",
        PAGE,
        ask(header=f"Basic {PAIR}"),
    ),
    fact(
        "tokens-06",
        "a pair that is not encoded is no pair",
        "faq/app-registration",
        ask(header="demo-server-key:demo-server-secret"),
        status=REFUSED,
        body={"code": "gateway.authentication.failure"},
    ),
    fact(
        "tokens-07",
        "a wrong pair is refused in the words of the standards' sample",
        "faq/api-standards",
        ask(header=WRONG_PAIR),
        status=401,
        body={
            "code": "gateway.authentication.failure",
            "message": "Gateway Authentication Failed, Please validate Credentials",
        },
    ),
    facts_of(
        "tokens-08",
        "the content type is a form's, in the two spellings of the page",
        PAGE,
        (
            ask(Content_Type="application/x-www-form-urlencoded"),
            ask(Content_Type="application/xxx-form-urlencoded"),
        ),
    ),
    fact(
        "tokens-09",
        "user name and password are the service account's; wrong ones give no token",
        PAGE,
        ask({**FORM, "password": "another"}),
        status=REFUSED,
        body={"code": str},
    ),
    fact(
        "tokens-10",
        "client credentials are for servers; a single-page application cannot use them",
        PAGE,
        Call(
            request=f"POST {TOKEN}",
            of=None,
            account=None,
            form={**FORM, "client_id": "demo-spa-key"},
        ),
        status=REFUSED,
    ),
    shown("tokens-11", "the password grant gives a token", PAGE, by_password, 200),
    shown("tokens-12", "the refresh grant gives a token that works", PAGE, refreshed, 200),
    shown("tokens-13", "the session grant gives a token that works", PAGE, by_session, 200),
    shown("tokens-14", "an invalidated token opens nothing any more", PAGE, ended, 401),
    fact(
        "tokens-15",
        "another grant type is refused",
        PAGE,
        ask({**FORM, "grant_type": "device_code"}),
        status=REFUSED,
    ),
    fact(
        "tokens-16",
        "a token of client credentials cannot be refreshed: no refresh token comes",
        PAGE,
        ask(),
        lacks=("refresh_token",),
    ),
    shown(
        "tokens-17",
        "a token lives 60 minutes, however often it is used",
        PAGE,
        used_after(25, 25, 9, 2),
        [True, True, True, False],
    ),
    shown(
        "tokens-18",
        "a token that is not used for 30 minutes is over",
        PAGE,
        used_after(29, 31),
        [True, False],
    ),
    shown(
        "tokens-19",
        "the cure of an expired token is a new one",
        "faq/error-handling",
        expired,
        ("Access Token expired", 200),
    ),
    fact(
        "tokens-20",
        "statuses of the endpoint: 400 for a wrong request",
        OLD_PAGE,
        ask({}),
        status=400,
    ),
    fact(
        "tokens-21",
        "the user name may be called email, as the other token page has it",
        "create-a-oauth2-token",
        ask({"grant_type": FORM["grant_type"], "email": "svc-demo", "password": FORM["password"]}),
    ),
    fact(
        "tokens-22",
        "the pair may be sent as client_id and client_secret",
        "create-a-oauth2-token",
        ask(
            {**FORM, "client_id": "demo-server-key", "client_secret": "demo-server-secret"},
            header="",
        ),
    ),
    fact(
        "tokens-23",
        "the parameters may stand in the query",
        "create-a-oauth2-token",
        ask(
            {},
            target=f"{TOKEN}?grant_type=client_credentials&username=svc-demo"
            "&password=svc-demo-password",
        ),
    ),
    fact(
        "tokens-24",
        "the members of a token and the values that the page shows",
        "create-a-oauth2-token",
        ask(),
        body={"access_token": str, "token_type": "BearerToken", "expires_in": int},
    ),
    fact(
        "tokens-25",
        "the token opens a functional call as a bearer token",
        "investments/get/accounts",
        (
            Call(
                request=f"POST {TOKEN}",
                of=None,
                headers={"Authorization": PAIR},
                form=FORM,
                keep={"token": "access_token"},
            ),
            get(TICKETS, {"Authorization": "Bearer {token}", "AppKey": "demo-server-key"}, of=None),
        ),
    ),
    cannot(
        "tokens-26",
        "the answer's body at this endpoint",
        OLD_PAGE,
        "no stored copy of a page shows it; the body is the one of create-a-oauth2-token",
    ),
)
