"""The dashboard in Chromium, its lines in a shell and in Python, and its controls on sockets."""

from __future__ import annotations

import html
import re
import shlex
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from mock_sei import MockSei
from mock_sei.cli import main
from mock_sei.operations.clock import SetClock
from mock_sei.operations.faults import AddFault, RemoveFault
from mock_sei.operations.requests import Request
from mock_sei.web.portal.controls import CONTROLS, EXAMPLE_FAULT, Recipe, ways_of
from tests.e2e.browser import DESKTOP, OVERFLOW, PHONE, Bench, violations_in_both_schemes
from tests.e2e.portal_steps import done, title_is, watched
from tests.e2e.serving import THOROUGH, environment, run

AT = datetime(2027, 1, 31, 9, tzinfo=UTC)
SET_TO = datetime(2028, 2, 29, 12, 30, tzinfo=UTC)
REQUESTS: dict[str, Request[Any]] = {
    "set": SetClock(now=SET_TO),
    "arm-fault": AddFault(fields=EXAMPLE_FAULT),
    "remove-fault": RemoveFault(identifier=1),
}
"""The operations of the controls that have fields."""


def lines_of(name: str, server: MockSei) -> Recipe:
    control = CONTROLS[name]
    request = REQUESTS.get(name) or control.read(None)  # type: ignore[arg-type]  # it has no field
    return ways_of(control, request, server.platform.addresses)


def prepare(server: MockSei, name: str) -> None:
    """The same state before each way."""
    server.reset()
    server.clock.set(AT, frozen=name != "freeze")
    server.faults.add("GET /v2/investors", status=500)


def state_of(server: MockSei) -> object:
    clock = server.platform.clock
    faults = [(each.identifier, str(each.fault)) for each in server.platform.faults.armed]
    now = f"{clock.now():%Y-%m-%dT%H:%M}" if clock.frozen else "running"
    return clock.frozen, clock.is_machine, now, faults


def press(server: MockSei, name: str, **headers: str) -> None:
    """Presses a control of the portal, as a browser without script does."""
    fields = {
        "set": {"now": f"{SET_TO:%Y-%m-%dT%H:%M}"},
        "arm-fault": {"kind": "status"} | {key: str(each) for key, each in EXAMPLE_FAULT.items()},
        "remove-fault": {"identifier": "1"},
    }
    with httpx2.Client(base_url=server.url, verify=server.ssl_context(), trust_env=False) as http:
        text = http.get("/portal").text
        token = text.partition('name="page" value="')[2].partition('"')[0]
        form = {"page": token} | fields.get(name, {})
        assert http.post(f"/portal/controls/{name}", data=form, headers=headers).status_code == 303


@pytest.mark.needs("curl")
@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_and_its_three_lines_do_the_same(server: MockSei, name: str) -> None:
    lines = lines_of(name, server)
    prepare(server, name)
    press(server, name)
    wanted = state_of(server)

    prepare(server, name)
    assert state_of(server) != wanted
    called = run(*shlex.split(lines.curl), "--fail-with-body", environ=environment())
    assert called.returncode == 0, called.stdout
    assert state_of(server) == wanted, lines.curl

    prepare(server, name)
    program, *arguments = shlex.split(lines.command)
    commanded = CliRunner().invoke(main, arguments)
    assert (program, commanded.exit_code) == ("mock-sei", 0), commanded.output
    assert state_of(server) == wanted, lines.command

    prepare(server, name)
    exec(lines.python, {"mock_sei": server, "datetime": datetime, "UTC": UTC})  # noqa: S102
    assert state_of(server) == wanted, lines.python


@pytest.mark.needs("curl", "bash")
def test_each_line_with_an_address_can_be_pasted(server: MockSei) -> None:
    server.reset()
    server.certificate("svc-demo")
    with httpx2.Client(base_url=server.url, verify=server.ssl_context(), trust_env=False) as http:
        found = re.findall(r"<pre>(curl .*?)</pre>", http.get("/portal").text)
    lines = [html.unescape(each) for each in found]

    assert len(lines) == 4
    for line in lines:
        pasted = run("bash", "-c", line, environ=environment())
        assert pasted.returncode == 0, pasted.stderr
        assert pasted.stdout.startswith("{"), line
        assert '"code":' not in pasted.stdout


def test_headers_about_another_address_change_nothing(server: MockSei) -> None:
    """The connection's own addresses decide; no proxy's header is read."""
    server.reset()
    headers = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
    press(server, "freeze", **headers)
    assert server.clock.frozen


# In a browser


OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true })"


def busy(bench: Bench) -> None:
    """Everything that the dashboard can show."""
    bench.server.reset(dialect="rfc")
    bench.server.applications.register(
        name="orders", type="server-server", actor="server", distribution_list="team@example.com"
    )
    bench.server.clock.set(AT, frozen=True)
    bench.server.faults.add("POST /v2/oauthtoken", status=503, times=2)
    bench.server.faults.add(tls="stall", listener="two-way")
    with bench.server.client() as http:
        http.get("/v1/order/tradetickets")


@pytest.mark.needs("chromium", "node", "npm")
def test_it_fits_its_window_and_needs_no_eyes(bench: Bench, axe: str) -> None:
    busy(bench)
    with bench.page() as page, watched(page, bench):
        page.goto(f"{bench.server.url}/portal")
        title_is(page, "Dashboard")
        for width, height in (PHONE, DESKTOP):
            page.set_viewport_size({"width": width, "height": height})
            expect(page.get_by_role("button", name="+31 min")).to_be_visible()
            assert page.evaluate(OVERFLOW) == 0, width
            page.evaluate(OPEN_ALL)
            assert page.evaluate(OVERFLOW) == 0, width
            if THOROUGH or width == PHONE[0]:  # a run of axe-core takes seconds
                assert violations_in_both_schemes(page, axe) == {}


@pytest.mark.needs("chromium")
@pytest.mark.parametrize(
    ("script", "size"), [(True, DESKTOP), (False, PHONE)], ids=["desktop", "phone without script"]
)
def test_a_user_moves_the_clock_arms_a_fault_and_resets(
    bench: Bench, script: bool, size: tuple[int, int]
) -> None:
    width, height = size
    with (
        bench.page(java_script_enabled=script, viewport={"width": width, "height": height}) as page,
        watched(page, bench),
    ):
        page.goto(f"{bench.server.url}/portal")
        walk(page, bench)


def walk(page: Page, bench: Bench) -> None:
    server = bench.server
    page.get_by_role("button", name="Freeze").click()
    done(page, "The clock stands still.")
    before = server.clock.now()
    page.get_by_role("button", name="+90 days").click()
    done(page, "The clock is moved.")
    assert (server.clock.now() - before).days == 90
    page.get_by_label("Time in UTC").fill("2028-02-29T12:30")
    page.get_by_role("button", name="Set the clock").click()
    done(page, "The clock is moved.")
    assert server.clock.now() == SET_TO
    expect(page.get_by_text("2028-02-29 12:30:00")).to_be_visible()
    page.get_by_label("Operation").fill("GET /v2/investor")
    page.get_by_role("button", name="Arm the fault").click()
    expect(page.get_by_role("alert")).to_contain_text("the nearest are")
    page.get_by_label("Operation").fill("GET /v2/investors")
    page.get_by_label("What goes wrong").select_option("No answer at all")
    page.get_by_role("button", name="Arm the fault").click()
    done(page, "The fault is armed.")
    assert [str(each.fault) for each in server.platform.faults.armed] == ["stall true"]
    page.get_by_role("button", name="Remove fault 1").click()
    done(page, "The fault is removed.")
    assert len(server.faults) == 0
    page.locator("summary", has_text="Reset the server").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    done(page, "The server is in its first state again")
    assert server.platform.clock.is_machine
