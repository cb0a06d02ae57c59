"""All addresses of the portal: status, methods and headers; and unknown addresses."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.rules.standards import Listener
from mock_sei.web.portal.routes import ROUTES
from tests.cases import every_case
from tests.support import Served
from tests.web.portal.browser import INJECTED, Browser, elements, is_unbroken

PAGES = [
    "/portal",
    "/portal/apps",
    "/portal/apps/new",
    "/portal/apps/demo-server",
    "/portal/apps/demo-server-key",
    "/portal/apps/demo-server/edit",
    "/portal/apps/demo-native",
    "/portal/apps/demo-server/certificates",
    "/portal/apps/demo-native/certificates",
    "/portal/certificates",
    "/portal/mailbox",
    "/portal/mailbox/1",
    "/portal/apis",
    "/portal/apis/sma-trade-orders",
]
MISSING = [
    "/portal/",
    "/portal/nothing",
    "/portal/apps/",
    "/portal/apps/nobody",
    "/portal/apps/nobody/edit",
    "/portal/apps/demo-server/nothing",
    "/portal/apps/demo-server/edit/more",
    "/portal/mailbox/0",
    "/portal/mailbox/99",
    "/portal/mailbox/-1",
    "/portal/mailbox/one",
    "/portal/mailbox/1e0",
    "/portal/mailbox/%C2%B2",
    "/portal/mailbox/99999999999999999999",
    "/portal/mailbox/99.eml",
    "/portal/mailbox/x.eml",
    "/portal/apis/nothing",
    "/portal/controls",
    "/portal/controls/",
    "/portal/certificates/",
    "/portal/apps/demo-server/certificates/00ff",
    "/portal/apps/demo-native/certificates/00ff",
    f"/portal/apps/demo-server/certificates/{INJECTED}",
    f"/portal/{INJECTED}",
    f"/portal/apps/{INJECTED}",
    f"/portal/apis/{INJECTED}",
    "/portal/%00%ff",
]
ACTIONS = sorted(
    path.replace("{name}", "demo-server").replace("{control}", "freeze")
    for path, handlers in ROUTES.items()
    if "POST" in handlers
)


def check_page(page: httpx2.Response) -> None:
    """The parts that all pages of the portal have, including error pages."""
    policy = page.headers["Content-Security-Policy"]
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Pragma"] == "no-cache"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["RequestTrackingId"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for part in ("form-action 'self';", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert "Access-Control-Allow-Origin" not in page.headers
    assert "This is mock-sei, a test server, not SEI" in page.text
    assert is_unbroken(page)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_with_its_headers(browser: Browser, path: str) -> None:
    browser.link()

    page = browser.get(path)

    assert page.status_code == 200
    check_page(page)
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-mock-sei-form=")
    for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute in cookie
    assert browser.served.platform.journal.last.refused_by is None


@pytest.mark.long
@every_case("path", PAGES)
def test_no_page_needs_anything_from_outside(browser: Browser, path: str) -> None:
    browser.link()
    for tag, attributes in elements(browser.get(path)):
        assert tag != "script"
        assert "style" not in attributes
        for name in ("src", "href", "action", "formaction"):
            target = attributes.get(name) or "/"
            local = target.startswith(("/portal", "#", "data:image/svg+xml,", "/"))
            reference = (tag, target) == ("a", "http://127.0.0.1:8044/docs")
            assert local or reference or "/portal/certificates/" in target


@pytest.mark.long
@every_case("path", PAGES)
def test_a_head_is_answered_as_a_get(browser: Browser, path: str) -> None:
    browser.link()
    assert browser.http.head(path).status_code == 200


@pytest.mark.long
@every_case("path", MISSING)
def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    page = browser.get(path)

    assert page.status_code == 404
    check_page(page)
    assert "Not found" in page.text
    assert page.headers["RequestTrackingId"] in page.text
    assert browser.served.platform.journal.last.refused_by in (
        "path",
        "portal form",
        "certificate link",
    )


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/portal/apps/nobody", "there are demo-server, demo-web"),
        ("/portal/apis/nothing", "sma-trade-orders"),
        ("/portal/mailbox/99", "there are 0"),
    ],
)
def test_what_is_not_there_names_what_is(browser: Browser, path: str, named: str) -> None:
    assert named in browser.get(path).text


@pytest.mark.parametrize("path", ACTIONS)
def test_an_action_is_a_post_and_says_so(browser: Browser, path: str) -> None:
    route = path.replace("demo-server", "{name}").replace("freeze", "{control}")
    with_page = "GET" in ROUTES[route]
    allowed = "GET, HEAD, POST" if with_page else "POST"
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", *(() if with_page else ("GET", "HEAD"))):
        answer = browser.http.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == allowed
        if method != "HEAD":
            check_page(answer)


@pytest.mark.parametrize("path", [*PAGES[:2], "/portal/certificates/x", "/portal/mailbox/1.eml"])
def test_a_page_is_no_action(browser: Browser, path: str) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = browser.http.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["Allow"].startswith("GET")


@pytest.mark.long
@every_case("path", [*PAGES, *MISSING[:3], "/portal/certificates/x"])
@every_case("method", ["GET", "POST"])
def test_on_the_two_way_listener_there_is_no_portal(served: Served, path: str, method: str) -> None:
    http = served.client("svc-demo", listener=Listener.TWO_WAY)
    link = served.platform.portal.send_link("svc-demo")

    answer = http.request(method, path)

    assert answer.status_code == 404
    assert answer.json()["code"] == "resource.not.found"
    assert "one-way listener" in str(served.platform.journal.last.refused_because)
    assert http.get(link.path).status_code == 404
    assert served.platform.portal.links.require(link.token) is link


@pytest.mark.parametrize("path", ["/portal/a%0ab", "/portal/apps/x/%0a", "/v1/%0ab"])
def test_a_line_break_in_an_address_is_no_wrong_method(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert browser.served.platform.journal.last.refused_by == "path"


def test_a_bug_in_a_page_is_told_as_one(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_sei.web.portal.mailbox.stamp", lambda _: 1 / 0)

    answer = browser.get("/portal/mailbox")

    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.text
    assert browser.served.platform.bugs


HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "lead"),
    [
        ("/", "/portal"),
        ("/portal/", "/portal"),
        ("/portal/apps/", "/portal/apps"),
        ("/portal/mailbox//", "/portal/mailbox"),
        ("/portal//elsewhere.example/", "/portal//elsewhere.example"),
        ("/portal/a%20b/", "/portal/a%20b"),
    ],
)
def test_a_browser_is_led_to_the_page(browser: Browser, path: str, lead: str) -> None:
    answer = browser.get(path, Accept=HTML)

    assert (answer.status_code, answer.headers["Location"]) == (302, lead)
    assert answer.headers["Vary"] == "Accept"
    assert browser.served.platform.journal.last.refused_by is None
    assert browser.http.head(path, headers={"Accept": HTML}).status_code == 302


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0", "text/*;q=0.1"])
def test_a_client_that_wants_no_page_finds_nothing_at_the_root(
    browser: Browser, accept: str
) -> None:
    answer = browser.get("/", Accept=accept)

    assert answer.status_code == 404
    assert answer.json()["code"] == "resource.not.found"
    assert browser.get("/portal/", Accept=accept).status_code == 404


def test_nobody_is_led_anywhere_by_a_form_or_on_the_two_way_listener(browser: Browser) -> None:
    assert browser.http.post("/", headers={"Accept": HTML}).status_code == 404
    two_way = browser.served.client("svc-demo", listener=Listener.TWO_WAY)
    assert two_way.get("/", headers={"Accept": HTML}).status_code == 404
