"""The way of a browser: authorize, log-in, the code that comes back, sessions."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from mock_sei.rules.standards import Listener
from tests.facts.table import REFUSED, Call, Shown, cannot, fact, like, shown
from tests.oauth.flows import by_code, call, log_in, returned
from tests.support import Served

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


def sent_back(served: Served) -> object:
    """Where a consent leads, and with which members in the query."""
    answer = log_in(served, state="a-state")
    parts = urlsplit(answer.headers["Location"])
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    members = parse_qs(parts.query)
    return address, members["state"], "code" in members


def sent_by_itself(served: Served) -> object:
    """The status of the way back where nobody has to fill in a form."""
    served.platform.reset({"auto_login": True})
    http = served.client(None, listener=Listener.ONE_WAY)
    http.follow_redirects = False
    query = {"client_id": "demo-web-key", "login_hint": "alice@example.com"}
    return http.get(AUTHORIZE, params=query).status_code


def redeemed_after(seconds: int) -> Shown:
    """Whether a code is good after so many seconds."""

    def use(served: Served) -> object:
        code = returned(log_in(served))["code"]
        served.platform.clock.advance(seconds=seconds)
        return by_code(served, code=code).status_code == 200

    return use


def other_sessions(flag: str | None) -> Shown:
    """Whether the token of an earlier session still works."""

    def log_in_again(served: Served) -> object:
        first = by_code(served).json()["access_token"]
        log_in(served, endOtherSessions=flag)
        return call(served, first) == 200

    return log_in_again


def beside_another(served: Served) -> object:
    """What comes back where a second session is not allowed, without and with the parameter."""
    served.platform.reset({"concurrent_sessions": "refuse"})
    log_in(served)
    return ["code" in returned(log_in(served, endOtherSessions=flag)) for flag in (None, "true")]


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
        status=REFUSED,
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
        "authorize-11",
        "endOtherSessions wins over the setting about concurrent users",
        AUTHORIZE_PAGE,
        beside_another,
        [False, True],
    ),
    cannot(
        "sessions-01",
        "what comes when a second session is not allowed",
        AUTHORIZE_PAGE,
        "the page names the setting and not its answer",
    ),
)
