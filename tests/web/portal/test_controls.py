"""The controls of the dashboard: what each does, and whom the portal lets use them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from mock_sei.faults.faults import FaultRule, read_fault
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.settings import Settings
from mock_sei.web.portal.controls import CONTROLS
from tests.cases import every_case
from tests.support import Served
from tests.two_servers import servers_of
from tests.web.portal.browser import Browser, done, elements
from tests.web.portal.test_routes import check_page

pytestmark = pytest.mark.long

AT = datetime(2027, 1, 31, 9, tzinfo=UTC)
FORMS: dict[str, dict[str, str]] = {
    "set": {"now": "2028-02-29 12:30:15"},
    "arm-fault": {
        "operation": "GET /v2/investors",
        "kind": "status",
        "status": "500",
        "times": "3",
    },
    "remove-fault": {"identifier": "1"},
}
"""The fields of the controls that have some."""
every_control = pytest.mark.parametrize("name", CONTROLS)


def press(browser: Browser, name: str, **fields: str) -> httpx2.Response:
    return browser.post(f"/portal/controls/{name}", FORMS.get(name, {}) | fields)


@pytest.fixture
def platform_at(platform: Platform) -> Platform:
    """A platform with a clock that stands still, and one fault."""
    platform.clock.set(AT, frozen=True)
    platform.faults.arm(fault_of(platform))
    return platform


def fault_of(platform: Platform) -> FaultRule:
    values = {"operation": "GET /v2/investors", "status": 503}
    return read_fault(values, platform.operations)


def state(platform: Platform) -> object:
    """What the controls change."""
    clock, faults = platform.clock, platform.faults
    names = [each.name for each in platform.registry.applications.values()]
    return clock.now() if clock.frozen else None, [str(each.fault) for each in faults.armed], names


Sees = Callable[[Platform], bool]


def shows(moment: datetime) -> Sees:
    return lambda platform: platform.clock.now() == moment


EFFECTS: dict[str, Sees] = {
    "advance-31m": shows(AT + timedelta(minutes=31)),
    "advance-1h": shows(AT + timedelta(hours=1)),
    "advance-90d": shows(AT + timedelta(days=90)),
    "freeze": lambda platform: platform.clock.frozen,
    "unfreeze": lambda platform: not platform.clock.frozen and platform.clock.now() >= AT,
    "set": shows(datetime(2028, 2, 29, 12, 30, 15, tzinfo=UTC)),
    "back": lambda platform: platform.clock.is_machine,
    "arm-fault": lambda platform: (
        [str(each.fault) for each in platform.faults.armed] == ["status 503", "status 500"]
    ),
    "remove-fault": lambda platform: platform.faults.armed == [],
    "clear-faults": lambda platform: platform.faults.armed == [],
    "reset": lambda platform: platform.clock.is_machine and platform.faults.armed == [],
}


@every_control
def test_a_control_does_what_it_says(browser: Browser, platform_at: Platform, name: str) -> None:
    if name == "freeze":
        platform_at.clock.unfreeze()

    page = done(browser, press(browser, name))

    assert EFFECTS[name](platform_at)
    assert "<h1>Dashboard</h1>" in page


def test_a_reset_is_a_line_and_says_who_drew_it(browser: Browser, platform: Platform) -> None:
    browser.registered(name="Nightly")

    assert press(browser, "reset").status_code == 303

    assert len(platform.journal) == 0
    missing = browser.get("/portal/apps/Nightly").text
    assert "removed by the reset of the portal" in missing


# Who may use them


@every_case("source", ["203.0.113.7", "10.0.0.5", "2001:db8::7", "::ffff:10.0.0.5"])
@every_control
def test_a_connection_from_another_address_is_refused(
    served: Served, platform_at: Platform, source: str, name: str
) -> None:
    browser = away(served, source)
    before = state(platform_at)

    answer = press(browser, name)

    assert answer.status_code == 403
    check_page(answer)
    assert state(platform_at) == before
    last = platform_at.journal.last
    assert (last.refused_by, last.status) == ("portal controls", 403)
    assert last.expected == "a connection over loopback, or --portal-controls"
    assert last.actual == f"a connection from {source} to localhost"
    assert "--portal-controls" in str(last.refused_because)


def away(served: Served, source: str = "203.0.113.7", to: str = "localhost") -> Browser:
    """A browser on another machine."""
    browser = Browser(served)
    browser.http = served.client(None, listener=Listener.ONE_WAY, source=source)
    browser.http.follow_redirects = False
    browser.http.base_url = f"https://{to}"
    return browser


def test_a_connection_to_another_address_of_this_machine_is_refused(served: Served) -> None:
    """Its client has that address too, but a proxy or a forwarded port may show a loopback one."""
    browser = away(served, source="127.0.0.1", to="192.0.2.1")
    assert press(browser, "freeze").status_code == 403
    assert not served.platform.clock.frozen


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Forwarded-Host", "Host"]
)
def test_no_header_makes_a_connection_one_over_loopback(served: Served, header: str) -> None:
    value = "for=127.0.0.1" if header == "Forwarded" else "127.0.0.1"
    browser = away(served, to="192.0.2.1")
    browser.http.headers[header] = value

    assert press(browser, "freeze").status_code == 403
    assert not served.platform.clock.frozen
    assert '<form class="inline"' not in browser.get("/portal").text


@pytest.mark.parametrize("source", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_a_connection_over_loopback_is_let_in(served: Served, source: str) -> None:
    assert press(away(served, source), "freeze").status_code == 303


@every_control
def test_with_the_setting_everybody_is_let_in(
    served: Served, platform_at: Platform, name: str
) -> None:
    for each in servers_of(platform_at):
        each.settings = Settings(portal_controls=True)
    if name == "freeze":
        platform_at.clock.unfreeze()
    browser = away(served)

    assert press(browser, name).status_code == 303
    assert EFFECTS[name](platform_at)
    assert "/portal/controls/reset" in browser.get("/portal").text


def test_who_may_not_use_them_sees_the_lines_and_no_form(served: Served) -> None:
    page = away(served).get("/portal")

    check_page(page)
    posted = [found for tag, found in elements(page) if found.get("method") == "post"]
    assert posted == []
    assert "--portal-controls" in page.text
    assert "mock_sei.clock.advance(minutes=31)" in page.text


@every_control
def test_a_form_of_another_site_changes_nothing(
    browser: Browser, platform_at: Platform, name: str
) -> None:
    before = state(platform_at)
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        fields = FORMS.get(name, {})
        answer = browser.post(f"/portal/controls/{name}", fields, **headers)
        assert answer.status_code == 400
        check_page(answer)
        assert platform_at.journal.last.refused_by == "origin"
    assert state(platform_at) == before


@every_control
def test_a_form_without_the_token_of_the_page_changes_nothing(
    browser: Browser, platform_at: Platform, name: str
) -> None:
    before, path = state(platform_at), f"/portal/controls/{name}"
    for token in ("", "0" * 64, Browser(browser.served).token()):
        answer = browser.post(path, FORMS.get(name, {}) | {"page": token})
        assert answer.status_code == 400
        assert platform_at.journal.last.refused_by == "portal form"
    assert state(platform_at) == before


@every_control
def test_a_get_changes_nothing(browser: Browser, platform_at: Platform, name: str) -> None:
    before = state(platform_at)
    for method in ("GET", "HEAD", "PUT", "OPTIONS"):
        answer = browser.http.request(method, f"/portal/controls/{name}")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert platform_at.journal.last.refused_by == "method"
    assert state(platform_at) == before


@every_control
def test_on_the_two_way_listener_there_are_no_controls(
    served: Served, platform_at: Platform, name: str
) -> None:
    before = state(platform_at)
    two_way = served.client("svc-demo", listener=Listener.TWO_WAY)
    cookies = Browser(served)
    token = cookies.token()

    answer = two_way.post(
        f"/portal/controls/{name}",
        data={"page": token} | FORMS.get(name, {}),
        headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.http.cookies.items())},
    )

    assert answer.status_code == 404
    assert "one-way listener" in str(platform_at.journal.last.refused_because)
    assert state(platform_at) == before


def test_no_page_of_another_origin_can_read_or_frame_it(browser: Browser) -> None:
    page = browser.get("/portal", Origin="https://localhost:8000")

    assert "Access-Control-Allow-Origin" not in page.headers
    assert page.headers["X-Frame-Options"] == "DENY"
    preflight = browser.http.options(
        "/portal/controls/reset",
        headers={
            "Origin": "http://localhost:8000",
            "Access-Control-Request-Method": "POST",
        },
    )
    assert "Access-Control-Allow-Origin" not in preflight.headers


# Wrong input


@pytest.mark.parametrize(
    ("name", "fields", "field", "words"),
    [
        ("set", {"now": ""}, "now", "is no time such as 2027-01-31 09:00:00"),
        ("set", {"now": "tomorrow<script>"}, "now", "is no time"),
        ("set", {"now": "1999-01-01T00:00:00"}, "moment", "is outside the years 2001 to 2998"),
        ("set", {"now": "9999-12-31T23:59:59"}, "moment", "is outside the years"),
        ("set", {"now": "0001-01-01T00:00:00+14:00"}, "moment", "is outside the years"),
        ("arm-fault", {"operation": "GET /v2/investor"}, "operation", "the nearest are"),
        ("arm-fault", {"kind": "nonsense"}, "kind", "must be one of status"),
        ("arm-fault", {"status": "two"}, "status", "is no whole number"),
        ("arm-fault", {"status": "99"}, "status", "a status, 200 to 599"),
        ("arm-fault", {"status": ""}, "status", "is no whole number"),
        ("arm-fault", {"times": "0"}, "times", "at least 1"),
        ("arm-fault", {"times": "9" * 30}, "times", "is no whole number"),
        ("arm-fault", {"kind": "tls-stall"}, "tls", "a handshake has no operation"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_stays(
    browser: Browser, platform: Platform, name: str, fields: dict[str, str], field: str, words: str
) -> None:
    before = state(platform)

    page = press(browser, name, **fields)

    assert page.status_code == 400
    check_page(page)
    assert f'id="{field}-problem" role="alert"' in page.text
    assert words in page.text
    assert any("form refused" in each for each in platform.journal.last.notes)
    assert state(platform) == before


@pytest.mark.parametrize("identifier", ["99", "1"])
def test_a_fault_that_is_gone_is_a_page_that_says_so(browser: Browser, identifier: str) -> None:
    page = press(browser, "remove-fault", identifier=identifier)

    assert page.status_code == 404
    assert f"No fault {identifier}" in page.text


@pytest.mark.parametrize("identifier", ["", "x", "-1", "²", "9" * 30])
def test_what_is_no_number_of_a_fault_is_refused(browser: Browser, identifier: str) -> None:
    assert press(browser, "remove-fault", identifier=identifier).status_code == 400


def test_an_unknown_control_names_those_that_there_are(browser: Browser) -> None:
    page = browser.post("/portal/controls/explode")

    assert page.status_code == 404
    check_page(page)
    assert "there are advance-31m, advance-1h" in page.text


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("slow", "latency 5.0"),
        ("stall", "stall true"),
        ("cut", "cut before-headers"),
        ("malformed", "malformed true"),
        ("tls-stall", "tls stall"),
        ("tls-close", "tls close"),
    ],
)
def test_each_kind_of_fault_can_be_armed_for_every_call_until_it_is_removed(
    browser: Browser, platform: Platform, kind: str, effect: str
) -> None:
    # The page is not opened afterwards: the fault is for every call.
    answer = press(browser, "arm-fault", kind=kind, operation=" ", times="")

    assert answer.status_code == 303
    (armed,) = platform.faults.armed
    assert (str(armed.fault), armed.fault.operation, armed.fault.times) == (effect, None, None)


def test_a_time_may_have_its_zone(browser: Browser, platform: Platform) -> None:
    platform.clock.freeze()
    done(browser, press(browser, "set", now="2028-02-29T12:00:00+02:00"))
    assert platform.clock.now() == datetime(2028, 2, 29, 10, tzinfo=UTC)
