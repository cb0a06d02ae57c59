"""The dashboard: what it shows, within which bounds, and at what cost."""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from mock_sei.errors import Explanation
from mock_sei.faults.faults import FaultRule
from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.rules.connection import Connection
from mock_sei.rules.records import Environment
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour, Settings
from mock_sei.web.portal.settings import differences
from tests.portal.test_growth_of_the_portal import account as account_of
from tests.portal.test_growth_of_the_portal import server_application
from tests.support import TICKETS, Served
from tests.two_servers import WANTED, servers_of
from tests.web.portal.browser import INJECTED, Browser, elements, is_unbroken

AT = datetime(2027, 1, 31, 9, 5, 7, tzinfo=UTC)


def text_of(browser: Browser, path: str = "/portal") -> str:
    """The words of a page, without its tags."""
    page = browser.get(path)
    assert page.status_code == 200
    body = page.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.long
def test_the_clock_says_whose_time_it_shows(browser: Browser, platform: Platform) -> None:
    assert "The machine's time" in text_of(browser)

    platform.clock.advance(days=90, hours=2, minutes=5)
    assert "90 days 2 h ahead of the machine's time" in text_of(browser)

    platform.clock.set(AT, frozen=True)
    shown = text_of(browser)
    assert "2027-01-31 09:05:07 UTC Frozen Sunday" in shown
    assert "Let it run" in shown

    platform.clock.set(machine.now() - timedelta(days=2000, hours=3, minutes=5), frozen=False)
    assert re.search(r"Moved \w+, 2,?000 days 3 h behind the machine's time", text_of(browser))


def test_the_faults_have_their_counts(browser: Browser, platform: Platform) -> None:
    assert "0 armed." in text_of(browser)
    platform.faults.arm(FaultRule(operation=f"GET {TICKETS}", status=503, times=1))
    platform.faults.arm(FaultRule(operation=f"GET {TICKETS}", latency=0.01, required=True))
    for _ in range(2):
        browser.get(TICKETS)

    shown = text_of(browser)

    assert "1 armed, 1 over." in shown
    assert f"2 GET {TICKETS} latency 0.01 1 of any number armed, required Remove" in shown
    assert f"1 GET {TICKETS} status 503 1 of 1 over Remove" in shown


def test_faults_are_paged_the_newest_first(browser: Browser, platform: Platform) -> None:
    for number in range(45):
        platform.faults.arm(FaultRule(operation=f"GET {TICKETS}", status=500 + number % 100))

    shown, path = [], "/portal"
    while True:
        page = browser.get(path).text
        shown.append([int(each) for each in re.findall(r'data-label="Fault">(\d+)<', page)])
        more = re.search(r'rel="next" href="([^"]+)"', page)
        if more is None:
            break
        path = html.unescape(more[1])

    assert shown == [list(range(45, 25, -1)), list(range(25, 5, -1)), list(range(5, 0, -1))]


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "1", "²", "9" * 30])
def test_an_odd_page_of_faults_is_a_page(browser: Browser, before: str) -> None:
    assert browser.http.get("/portal", params={"before": before}).status_code == 200


def test_what_a_fault_compares_shows_no_secret(browser: Browser, served: Served) -> None:
    secret = str(served.application("demo-server").app_secret)
    served.platform.faults.arm(
        FaultRule(operation=f"GET {TICKETS}", status=503, headers={"x-key": f"{secret}"})
    )
    row = browser.get("/portal").text.partition('data-label="Calls">')[2].partition("</td>")[0]
    assert "x-key" in row
    assert secret not in row


@pytest.mark.long
def test_the_last_refusals_have_their_check_and_both_values(
    browser: Browser, served: Served
) -> None:
    assert "No request and no handshake was refused" in text_of(browser)
    served.post_token(http=served.client("svc-web"))
    browser.get("/v1/nothing")

    shown = text_of(browser)

    newest, older = shown.index("GET /v1/nothing 404"), shown.index("POST /v2/oauthtoken 403")
    assert newest < older
    assert "certificate name : expected svc-demo , actual svc-web" in shown


@pytest.mark.long
def test_ten_refusals_are_shown(browser: Browser) -> None:
    for number in range(14):
        browser.get(f"/v1/nothing-{number}")
    page = browser.get("/portal").text
    found = re.findall(r"<strong>GET /v1/nothing-(\d+)</strong>", page)
    assert found == [str(each) for each in range(13, 3, -1)]


@pytest.mark.long
@pytest.mark.skipif(WANTED, reason="a state that is shared knows the certificates on file")
def test_certificates_stand_on_a_line_by_their_end(browser: Browser, platform: Platform) -> None:
    assert "No account has a certificate yet" in text_of(browser)
    platform.clock.freeze()
    for account in ("svc-demo", "svc-web"):
        platform.units.run(partial(platform.certificates.issue, account))
        platform.clock.advance(days=400)

    page = browser.get("/portal").text
    shown = re.findall(
        r'<tr [^>]*class="(\w+)">\s*<th scope="row"><a href="([^"]+)">([^<]+)<', page
    )

    assert shown == [
        ("ended", "/portal/apps/demo-server", "svc-demo"),
        ("later", "/portal/apps/demo-web", "svc-web"),
    ]
    assert [int(each) for each in re.findall(r'cx="(\d+)%"', page)] == [2, 98]
    assert "1 ended before now" in page


def test_settings_that_differ_are_named_with_their_default(browser: Browser) -> None:
    for each in servers_of(browser.served.platform):
        each.settings = Settings(seed=1, dialect="rfc", journal_size=5)
    browser.served.platform.reset({"approval": "manual", "dialect": "sei"})

    shown = text_of(browser)

    assert "approval manual auto by the last reset" in shown
    assert "dialect sei sei by the last reset" in shown
    assert "journal_size 5 1000 since the start" in shown
    assert "seed 1 none since the start" in shown
    assert "time_zone" not in shown


def test_no_setting_shows_a_password_or_the_fields_of_its_tables() -> None:
    settings = Settings(
        public_url="https://user:hidden@mock.example:8443",
        faults=({"status": 503, "headers": {"x": "hidden"}},),
        environment=Environment.BUILD,
        renewal_notices=(60, 7),
        auto_login=True,
    )

    found = {each.name: each.value for each in differences(settings, settings.behaviour)}

    assert found == {
        "public_url": "https://mock.example:8443",
        "faults": "1 armed by every reset",
        "environment": "build",
        "renewal_notices": "60, 7",
        "auto_login": "yes",
    }


def test_default_settings_do_not_differ() -> None:
    assert list(differences(Settings(), Behaviour())) == []


def test_secrets_that_no_document_prints_are_not_shown(browser: Browser, served: Served) -> None:
    assert "svc-demo-password" in browser.get("/portal").text
    fresh = served.platform.portal.refresh_keys("demo-server")

    page = browser.get("/portal").text

    assert str(fresh.app_secret) not in page
    assert "svc-demo-password" not in page
    assert "jwks.json" in page


def test_a_server_without_accounts_has_no_line_for_them(browser: Browser, served: Served) -> None:
    registry = served.platform.registry
    for each in list(registry.applications.values()):
        served.platform.portal.remove(each.app_key)
    page = text_of(browser)
    assert "--cert " not in page
    assert "curl -sS --cacert" in page


@pytest.mark.long
def test_an_injected_name_is_text(browser: Browser, platform: Platform) -> None:
    browser.registered(name=INJECTED)
    platform.faults.arm(FaultRule(application=INJECTED, status=500))
    browser.get(f"/v1/{INJECTED}")

    page = browser.get("/portal")

    assert is_unbroken(page)
    assert "&lt;script&gt;" in page.text


MOST_CPU = 0.1
MOST_SIZE = 200_000


@pytest.mark.slow
def test_a_full_server_has_a_quick_and_small_page(browser: Browser, platform: Platform) -> None:
    """5,000 applications with certificates, 10,000 entries of the journal, 1,000 faults."""
    fill(platform)
    browser.get("/portal")
    costs = []
    for _ in range(5):
        before = time.process_time()
        page = browser.get("/portal")
        costs.append(time.process_time() - before)

    assert len(page.content) < MOST_SIZE
    assert "1,000 armed" in page.text
    assert "4,990 more end later" in page.text
    assert min(costs) < MOST_CPU, costs


def fill(platform: Platform) -> None:
    made = platform.certificates.issue("svc-demo")
    for number in range(4999):
        account = f"svc-{number}"
        platform.registry.register(server_application(number), account_of(number))
        platform.portal._ends.watch(account, moved(made, account, number))  # noqa: SLF001
    for number in range(1000):
        platform.faults.arm(FaultRule(operation=f"GET {TICKETS}", status=500, times=number + 1))
    platform.journal._size = 10_000  # noqa: SLF001  # a setting that only a start can change
    for number in range(10_000):
        platform.journal.add(entry(platform, number))


class Moved:
    def __init__(self, account: str, not_before: datetime, not_after: datetime) -> None:
        self.account, self.serial_number = account, 7
        self.not_before, self.not_after = not_before, not_after


def moved(made: object, account: str, minutes: int) -> Moved:
    later = timedelta(minutes=minutes + 1)
    return Moved(account, made.not_before, made.not_after + later)  # type: ignore[attr-defined]


def entry(platform: Platform, number: int) -> Entry:
    made = Entry(
        kind="exchange",
        timestamp=platform.clock.timestamp(),
        connection=Connection(
            listener=Listener.ONE_WAY, source_address="127.0.0.1", certificate=None
        ),
        request=HttpRequest(
            secrets=platform.state.secrets,
            method="GET",
            path=f"/v1/nothing/{number}",
            raw_body=b"x" * 4000,
        ),
        response=HttpResponse(secrets=platform.state.secrets, status=404),
    )
    if number % 2000 == 0:
        made.refuse(Explanation(check="path", because="No operation has this path."))
    return made


def test_the_control_api_has_a_link_to_its_reference(browser: Browser) -> None:
    links = [each["href"] for tag, each in elements(browser.get("/portal")) if tag == "a"]
    assert links.count("http://127.0.0.1:8044/docs") == 1
