"""Trying an operation from the portal: a real call, over the server's own listener."""

from __future__ import annotations

import html
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import expect

from mock_sei import MockSei, ReceivedRequest
from mock_sei.operations import own_calls
from tests.e2e.browser import DESKTOP, PHONE, Bench
from tests.e2e.portal_forms import FormReader, Visitor, words_of
from tests.e2e.portal_steps import title_is, watched
from tests.patience import PATIENCE

TICKETS = "/portal/apis/sma-trade-orders/GET/v1/order/tradetickets"
NEW_TICKET = "/portal/apis/sma-trade-orders/POST/v1/order/tradetickets"
INVESTORS = "/portal/apis/investors/GET/v2/investors"


@pytest.fixture
def fresh(server: MockSei) -> MockSei:
    server.reset()
    return server


@pytest.fixture
def visitor(fresh: MockSei) -> Iterator[Visitor]:
    with fresh.client() as http:
        yield Visitor(http)


def test_the_call_is_made_and_request_checks_and_answer_are_shown(
    visitor: Visitor, fresh: MockSei
) -> None:
    page = visitor.send(NEW_TICKET)

    assert page.status_code == 200
    words = words_of(page)
    assert "The answer has status 201" in words
    calls = [each for each in fresh.journal.entries if "/portal" not in str(each.called)]
    assert [(each.called, each.status) for each in calls] == [
        ("POST /v2/oauthtoken", 200),
        ("POST /v1/order/tradetickets", 201),
    ]
    assert calls[1].service_account == "svc-demo"
    numbers = [number for number, each in fresh.platform.journal.newest().entries if each in calls]
    assert [f"/portal/journal/{each}" in page.text for each in numbers] == [True, True]
    assert "✓ access token" in words
    assert "✓ certificate name" in words
    assert "authorization Bearer ***" in words
    request = calls[1].request
    assert request is not None
    assert request.headers["user-agent"] == "mock-sei-portal"
    assert list(fresh.data["trade-tickets"])[-1]["side"] == "BUY"
    assert len(page.text) < 200_000


def test_no_secret_is_on_the_page(visitor: Visitor, fresh: MockSei) -> None:
    fresh.enqueue(
        "GET /v1/order/tradetickets",
        json={"access_token": "a-secret-of-an-answer"},
        headers={"X-Api-Key": "demo-server-secret"},
    )
    page = visitor.send(TICKETS)
    assert "The answer has status 200" in words_of(page)
    assert "a-secret-of-an-answer" not in page.text
    assert "demo-server-secret" not in page.text
    assert "svc-demo-password" not in page.text
    assert not re.search(r"eyJ[\w-]+\.[\w-]+", page.text)


@pytest.mark.parametrize(
    ("application", "user"),
    [
        ("demo-server", None),
        ("demo-web", "bob@example.com"),
        ("demo-internal", "alice@example.com"),
        ("demo-spa", "alice@example.com"),
        ("demo-native", "bob@example.com"),
    ],
)
def test_each_grant_gets_its_token_and_a_demo_user_logs_in(
    visitor: Visitor, fresh: MockSei, application: str, user: str | None
) -> None:
    changed = {"application": application} | ({"user": user} if user else {})
    page = visitor.send(TICKETS, **changed)

    words = words_of(page)
    assert "The answer has status 200" in words, words[:2000]
    assert (f"{user} logged in" in words) is (user is not None)
    last = fresh.journal.find("GET /v1/order/tradetickets")[-1]
    assert last.application == application


def test_a_refused_call_shows_the_check_that_refused_it(visitor: Visitor) -> None:
    page = visitor.send(TICKETS, **{"query.limit": "many"})
    words = words_of(page)
    assert "The answer has status 400" in words
    assert "Refused by parameters" in words


def test_a_refused_token_is_shown_and_nothing_is_called(visitor: Visitor, fresh: MockSei) -> None:
    fresh.faults.add("POST /v2/oauthtoken", status=503)
    words = words_of(visitor.send(TICKETS))
    assert "There is no answer" in words
    assert "The portal got no token" in words
    assert "✗ fault" in words
    assert fresh.journal.find("GET /v1/order/tradetickets") == []


@pytest.mark.parametrize("body", [{"token_type": "Bearer"}, ["x"], None, "text"])
def test_an_answer_that_is_no_token_is_no_bug(visitor: Visitor, fresh: MockSei, body: Any) -> None:
    if body == "text":
        fresh.faults.add("POST /v2/oauthtoken", malformed=True)
    else:
        fresh.enqueue("POST /v2/oauthtoken", json=body)
    page = visitor.send(TICKETS)
    assert page.status_code == 200
    assert "The portal got no token" in words_of(page)
    fresh.check()


@pytest.mark.parametrize("body", [{"token_type": "Bearer"}, ["x"]])
def test_the_control_api_names_an_answer_that_is_no_token(fresh: MockSei, body: Any) -> None:
    fresh.enqueue("POST /v2/oauthtoken", json=body)
    answer = httpx2.post(
        f"{fresh.control_url}/tokens", json={"application": "demo-server"}, trust_env=False
    )
    assert answer.status_code < 500
    assert "no JSON with an access_token" in answer.text


def given_up(visitor: Visitor, monkeypatch: pytest.MonkeyPatch, words: str) -> str:
    """The page of a call that the portal gave up, soon where the machine is quick."""
    page = ""
    for longest in (0.8, 3.0, 12.0, 48.0):
        monkeypatch.setattr(own_calls, "LONGEST", longest)
        page = words_of(visitor.send(TICKETS))
        if words in page:
            break
    monkeypatch.setattr(own_calls, "LONGEST", PATIENCE)
    return page


@pytest.mark.parametrize("fault", [{"stall": True}, {"latency": 30}])
def test_a_call_without_an_answer_in_time_is_given_up(
    visitor: Visitor, fresh: MockSei, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
) -> None:
    fresh.faults.add("GET /v1/order/tradetickets", **fault)

    words = given_up(visitor, monkeypatch, "the answer had not come")

    assert "the answer had not come, so the portal gave up" in words
    assert "faults are armed" in words
    assert ("Fault: stall true" in words) is ("stall" in fault)  # a delayed call has no entry yet
    fresh.faults.clear()
    assert "The answer has status 200" in words_of(visitor.send(TICKETS))


def test_a_token_that_does_not_come_is_given_up_too(
    visitor: Visitor, fresh: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.faults.add("POST /v2/oauthtoken", stall=True)
    words = given_up(visitor, monkeypatch, "the token had not come")
    assert "the token had not come, so the portal gave up" in words


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"cut": "before-headers"}, "ended without a whole answer"),
        ({"cut": "in-body"}, "The connection ended before the body did"),
        ({"malformed": True}, "The answer has status 200"),
        ({"status": 503}, "The answer has status 503"),
    ],
)
def test_a_fault_of_the_call_is_met_and_shown(
    visitor: Visitor, fresh: MockSei, fault: dict[str, Any], words: str
) -> None:
    fresh.faults.add("GET /v1/order/tradetickets", **fault)
    page = visitor.send(TICKETS)
    assert page.status_code == 200
    assert words in words_of(page)


def test_a_failed_handshake_is_shown_with_its_entry(visitor: Visitor, fresh: MockSei) -> None:
    fresh.faults.add(tls="close", listener="two-way")
    words = words_of(visitor.send(TICKETS))
    assert "There is no answer" in words
    assert "A handshake failed meanwhile" in words
    assert "A fault is armed for this connection" in words


def test_a_wrong_certificate_of_the_server_is_refused_as_a_client_must(
    visitor: Visitor, fresh: MockSei
) -> None:
    shown = visitor.http.get(TICKETS)  # while the connection of the browser is still good
    fresh.server_certificate("wrong-host")
    page = visitor.http.post(TICKETS, data=FormReader(shown.text).fields, timeout=PATIENCE)
    fresh.reset()
    words = words_of(page)
    assert "shows a wrong certificate, as a test asked it to" in words
    assert fresh.journal.find("GET /v1/order/tradetickets") == []


def test_a_large_answer_is_bounded(visitor: Visitor, fresh: MockSei) -> None:
    fresh.enqueue("GET /v1/order/tradetickets", json={"items": ["<" * 90] * 40_000})
    page = visitor.send(TICKETS)
    assert "only its beginning is shown" in words_of(page)
    assert len(page.text) < 200_000


class Gate:
    """An answer that waits until a test lets it go."""

    def __init__(self) -> None:
        self.is_reached, self.is_open = threading.Event(), threading.Event()

    def __call__(self, _: ReceivedRequest) -> dict[str, str]:
        self.is_reached.set()
        self.is_open.wait(PATIENCE)
        return {}


@contextmanager
def waiting_call(server: MockSei, monkeypatch: pytest.MonkeyPatch) -> Iterator[Future[Any]]:
    """While it is entered, the portal makes a call that has no answer yet. The result is the
    page."""
    monkeypatch.setattr(own_calls, "LONGEST", PATIENCE)
    gate = Gate()
    server.enqueue("GET /v1/order/tradetickets", answer=gate)
    with server.client() as http, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(Visitor(http).send, TICKETS)
        try:
            assert gate.is_reached.wait(PATIENCE)
            yield sending
        finally:
            gate.is_open.set()


def test_while_a_call_waits_the_server_answers_and_the_application_has_no_second_one(
    visitor: Visitor, fresh: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waiting_call(fresh, monkeypatch) as first:
        assert visitor.http.get("/portal/journal").status_code == 200
        refused = visitor.send(TICKETS)
        assert refused.status_code == 409
        assert "one call at a time for each application" in refused.text
        other = visitor.send(TICKETS, application="demo-native")
        assert "The answer has status 200" in words_of(other)
        assert not first.done()
    assert "The answer has status 200" in words_of(first.result(PATIENCE))
    assert len(fresh.platform.state.tries) == 0
    assert "The answer has status 200" in words_of(visitor.send(TICKETS))


def test_a_reset_in_the_middle_of_a_call_leaves_nothing_behind(
    visitor: Visitor, fresh: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    with waiting_call(fresh, monkeypatch) as first:
        fresh.reset()
        assert len(fresh.platform.state.tries) == 0
        assert "The answer has status 200" in words_of(visitor.send(TICKETS))
    assert first.result(PATIENCE).status_code == 200
    assert len(fresh.platform.state.tries) == 0


def test_a_server_that_stops_ends_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with MockSei() as server, waiting_call(server, monkeypatch) as sending:
        server.stop()
        assert isinstance(sending.exception(PATIENCE), httpx2.TransportError)


# Users' own documents


OWN = """
openapi: 3.2.0
info: {title: Own, version: "1"}
servers: [{url: https://api.example.invalid/base}]
paths:
  /things/{id}/{kind}:
    get:
      parameters:
        - {name: id, in: path, required: true, schema: {type: array, items: {type: integer}, example: [1, 2]}}
        - {name: kind, in: path, required: true, style: matrix, schema: {type: string, example: a b/c}}
        - {name: list, in: query, required: true, schema: {type: array, items: {type: string}, example: [x, "y&z"]}}
        - {name: deep, in: query, required: true, style: deepObject, schema: {type: object, required: [a], properties: {a: {type: integer}}, example: {a: 5}}}
        - {name: pipes, in: query, required: true, style: pipeDelimited, explode: false, schema: {type: array, items: {type: integer}, example: [3, 4]}}
        - {name: X-Count, in: header, required: true, schema: {type: integer, example: 7}}
        - {name: crumb, in: cookie, required: true, schema: {type: string, example: "a;b"}}
      responses: {"200": {description: ok, content: {application/json: {example: {made: for real}}}}}
  /forms:
    post:
      requestBody: {required: true, content: {application/x-www-form-urlencoded: {schema: {type: object, required: [n, t], properties: {n: {type: integer, minimum: 3}, t: {type: string}}}}}}
      responses: {"201": {description: ok}}
  /parts:
    post:
      requestBody: {required: true, content: {multipart/form-data: {schema: {type: object, required: [n, file], properties: {n: {type: integer}, file: {type: string, format: binary}}}}}}
      responses: {"202": {description: ok, content: {text/csv: {example: "a,b<c"}}}}
  /search:
    get:
      parameters:
        - {name: q, in: querystring, required: true, content: {application/x-www-form-urlencoded: {schema: {type: object, required: [word], properties: {word: {type: string}}}}}}
      responses: {"204": {description: ok}}
  /orders?action=close:
    get:
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object}}}}}
  /{anything}/{else}:
    get:
      parameters:
        - {name: anything, in: path, required: true, schema: {type: string}}
        - {name: else, in: path, required: true, schema: {type: string}}
      responses: {"200": {description: ok}}
"""  # noqa: E501  # a document in YAML
ROOT = """
openapi: 3.1.0
info: {title: Root, version: "1"}
paths:
  /{first}/apps:
    get:
      parameters: [{name: first, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: ok}}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockSei]:
    folder = tmp_path_factory.mktemp("apis")
    (folder / "own.yaml").write_text(OWN, encoding="utf-8")
    (folder / "root.yaml").write_text(ROOT, encoding="utf-8")
    with MockSei(apis=folder) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("GET/base/things/%7Bid%7D/%7Bkind%7D", 200),
        ("POST/base/forms", 201),
        ("POST/base/parts", 202),
        ("GET/base/search", 204),
        ("GET/base/orders%3Faction%3Dclose", 200),
    ],
)
def test_an_operation_of_an_own_document_is_tried_with_its_examples(
    own: MockSei, path: str, status: int
) -> None:
    own.reset()
    with own.client() as http:
        page = Visitor(http).send(f"/portal/apis/own/{path}")
    words = words_of(page)
    assert f"The answer has status {status}" in words, words[:3000]
    assert "own document" in words
    assert len(own.journal.find(application="demo-server", status=status)) >= 1


def test_the_portal_does_not_call_itself(own: MockSei) -> None:
    own.reset()
    with own.client() as http:
        address = "/portal/apis/root/GET/%7Bfirst%7D/apps"
        page = Visitor(http).send(address, **{"path.first": "portal"})
        assert page.status_code == 400
        assert "leads to this portal" in page.text
        assert own.journal.find("POST /v2/oauthtoken") == []
        assert "The answer has status 200" in words_of(
            Visitor(http).send(address, **{"path.first": "x"})
        )


@pytest.mark.parametrize("value", ["..", "//evil.example", "x?y", "%2e%2e", "a/../../b", "@evil"])
def test_no_value_of_a_form_leads_to_another_place(own: MockSei, value: str) -> None:
    own.reset()
    address = "/portal/apis/own/GET/base/%7Banything%7D/%7Belse%7D"
    with own.client() as http:
        page = Visitor(http).send(address, **{"path.anything": value, "path.else": value})
    assert "The answer has status 200" in words_of(page)
    called = [each for each in own.journal.entries if each.application == "demo-server"]
    assert str(called[-1].called).startswith("GET /base/")
    assert {each.listener for each in called} == {"two-way"}


# Where the listeners are


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({"host": "0.0.0.0"}, "127.0.0.1"),  # noqa: S104
        ({"host": "127.0.0.2"}, "127.0.0.2"),
        ({"host": "::1"}, "[::1]"),
        ({"host": "::"}, "[::1]"),
        ({"host": "127.0.0.1", "two_way_host": "127.0.0.3"}, "127.0.0.1"),
        (
            {
                "public_url": "https://api.example.invalid",
                "public_two_way_url": "https://mtls.example.invalid:9444",
            },
            "127.0.0.1",
        ),
    ],
    ids=["all", "another loopback", "IPv6", "all of IPv6", "two hosts", "public URLs"],
)
def test_the_call_goes_to_the_listener_as_it_is_bound(
    settings: dict[str, Any], address: str
) -> None:
    with MockSei(**settings) as server:
        port = server.platform.addresses.one_way_port
        with httpx2.Client(
            base_url=f"https://{address}:{port}", verify=server.ssl_context(), trust_env=False
        ) as http:
            visitor = Visitor(http)
            for application in ("demo-server", "demo-spa"):
                page = visitor.send(TICKETS, application=application)
                assert "The answer has status 200" in words_of(page), words_of(page)[:2000]
        met = [each.listener for each in server.journal.find("GET /v1/order/tradetickets")]
        assert met == ["two-way", "one-way"]


def test_no_proxy_of_the_environment_is_asked(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    assert "The answer has status 200" in words_of(visitor.send(TICKETS))


def test_the_lines_do_what_the_button_does(fresh: MockSei) -> None:
    """Python and curl make the call that the form makes."""
    with fresh.client() as http:
        page = http.get(NEW_TICKET)
    lines = [html.unescape(each) for each in re.findall(r"<dd><pre>([^<]*)</pre></dd>", page.text)]
    command, curl, python = lines
    assert command.startswith("TOKEN=$(mock-sei token --application demo-server")
    scope: dict[str, Any] = {"mock_sei": fresh}
    exec(python, scope)  # noqa: S102  # what the page tells to paste
    assert scope["answer"].status_code == 201
    fresh.reset()
    token = fresh.token("demo-server")
    words = shlex.split(curl.replace("$TOKEN", token))
    certs = fresh.ca_file.parent
    fresh.certificate("svc-demo")
    words = [each.replace("certs/", f"{certs}/") if "certs/" in each else each for each in words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert '"status":"Original"' in done.stdout, done.stdout


# In a browser


@pytest.mark.needs("chromium")
@pytest.mark.parametrize(
    ("script", "scheme", "size"),
    [(True, "light", DESKTOP), (False, "dark", PHONE)],
    ids=["desktop", "dark phone without script"],
)
def test_a_user_tries_an_operation(
    bench: Bench, script: bool, scheme: Literal["dark", "light"], size: tuple[int, int]
) -> None:
    width, height = size
    with (
        bench.page(
            color_scheme=scheme,
            java_script_enabled=script,
            viewport={"width": width, "height": height},
        ) as page,
        watched(page, bench),
    ):
        page.goto(f"{bench.server.url}/portal/apis")
        page.get_by_role("link", name="SMA Trade Order Management").click()
        page.get_by_role("link", name="POST /v1/order/tradetickets").click()
        title_is(page, "POST /v1/order/tradetickets")
        page.get_by_label("Application").select_option("demo-web")
        page.get_by_label("End user").select_option("bob@example.com")
        page.get_by_role("button", name="Send the request").click()
        happened = page.get_by_role("region", name="What happened")
        expect(happened).to_contain_text("The answer has status 201")
        expect(happened).to_contain_text("bob@example.com logged in")
        expect(page.get_by_role("region", name="Body of the answer")).to_contain_text("Original")
        happened.get_by_role("link", name="POST /v1/order/tradetickets 201").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("tradetickets 201")


def test_the_address_of_the_page_has_no_host_of_the_call() -> None:
    """The target follows from the server's own addresses only."""
    platform = MockSei().platform
    own = own_calls.own_listener(platform, two_way=True)
    assert urlsplit(own.url).hostname == "127.0.0.1"
    assert own.host == f"localhost:{platform.addresses.two_way_port}"


def test_the_request_has_the_names_and_paths_of_the_platform_s_assumptions(
    visitor: Visitor, fresh: MockSei
) -> None:
    fresh.reset(
        assumptions={
            "path.token": "/oauth/tokens",
            "path.insight_status": "/status/{key}",
            "request.tracking_header": "X-Trace",
            "paging.limit": "size",
        }
    )
    page = visitor.send(TICKETS, **{"query.limit": "1"})

    assert "✓ certificate name" in words_of(page)
    sent = [each.request for each in fresh.journal.entries if each.request is not None]
    assert "/oauth/tokens" in [each.wire_path for each in sent]
    assert "size=1" in [each.query for each in sent]

    visitor.send(
        "/portal/apis/pending-transactions/GET/v1/{appName}/status/{key}", **{"path.key": "nothing"}
    )
    (*_, last, _page) = fresh.journal.entries
    assert last.refused_by == "record"
    assert last.request is not None
    assert last.request.wire_path == "/status/nothing"
