"""The page of an operation, and whom the portal lets try it. Calls on sockets: tests/e2e."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.jobs import Report
from mock_sei.document_files import DocumentFile
from mock_sei.platform import Platform
from mock_sei.portal.tries import MOST_AT_ONCE
from mock_sei.rules.records import CertificateSource
from mock_sei.rules.standards import Listener
from mock_sei.settings import Settings
from mock_sei.web.portal.catalogue import address_of
from tests.support import Served
from tests.two_servers import servers_of
from tests.web.portal.browser import INJECTED, Browser, elements, is_unbroken, value_of
from tests.web.portal.test_controls import away
from tests.web.portal.test_routes import check_page

pytestmark = pytest.mark.long

TICKETS = "/portal/apis/sma-trade-orders/GET/v1/order/tradetickets"
INVESTOR = "/portal/apis/investors/PATCH/v1/investors/%7BexternalId%7D"

LARGEST_PAGE = 200_000
CPU_OF_A_PAGE = 0.1


@pytest.fixture
def on_sockets(platform: Platform) -> Platform:
    """A platform that believes that it has listeners: nothing here gets as far as a call."""
    for each in servers_of(platform):
        each.has_listeners = True
    return platform


def try_it(browser: Browser, path: str = TICKETS, **fields: str) -> httpx2.Response:
    return browser.post(path, {"application": "demo-server", "user": "alice@example.com"} | fields)


@pytest.mark.slow
def test_every_operation_has_a_page_with_its_grade_and_an_example_answer(
    browser: Browser, on_sockets: Platform
) -> None:
    for product in on_sockets.catalogue.products.values():
        listed = browser.get(f"/portal/apis/{product.name}").text
        for each in product.operations.values():
            address = address_of(product, each)
            assert f'href="{address}"' in listed
            page = browser.get(address)
            check_page(page)
            assert is_unbroken(page)
            assert page.status_code == 200, address
            assert f'class="grade {each.raw["x-fidelity"]}"' in page.text
            assert "Example answer" in page.text
            assert len(page.text) < LARGEST_PAGE
            for parameter in each.parameters.values():
                assert f"<code>{parameter.name}</code>" in page.text
            assert "Send the request" in page.text


def test_a_product_is_judged_by_the_grades_of_its_operations(browser: Browser) -> None:
    page = browser.get("/portal/apis/investors").text
    assert '<span class="count">3</span> <span class="grade documented">' in page
    assert '<span class="count">3</span> <span class="grade derived">' in page
    assert "a public page of the vendor says so" in page


def test_the_grade_of_a_parameter_and_its_list_are_shown(browser: Browser) -> None:
    address = "/portal/apis/portfolio-reporting/GET/v2/portfolio/{externalId}/performance"
    page = browser.get(address).text
    assert '<td data-label="Grade"><span class="grade' in page
    metadata = browser.get("/portal/apis/portfolio-reporting/GET/v1/portfolio/%7BexternalId%7D/")
    assert metadata.status_code == 404


def test_the_form_begins_with_values_that_the_platform_accepts(
    browser: Browser, on_sockets: Platform
) -> None:
    page = browser.get("/portal/apis/sma-trade-orders/POST/v1/order/tradetickets")
    assert value_of(page, "content_type") == "application/json"
    assert json.loads(str(value_of(page, "body")))["side"] == "BUY"
    investor = browser.get(INVESTOR)
    known = {each["externalId"] for each in on_sockets.state.apis.collections.all("investors")}
    assert value_of(investor, "path.externalId") in known


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("job", "/portal/apis/pending-transactions/GET/v1/%7BappName%7D/status/%7Bkey%7D"),
        ("report", "/portal/apis/portfolio-management/GET/v2/reports/%7BrequestId%7D"),
    ],
)
@pytest.mark.usefixtures("on_sockets")
def test_the_form_begins_with_the_newest_job_or_report(
    browser: Browser, platform: Platform, action: str, path: str
) -> None:
    jobs = platform.state.apis.jobs

    def work() -> str:
        if action == "job":
            jobs.finish("first", {})
            jobs.finish("newest", {})
            return "newest"
        report = Report(
            name="r",
            collection="c",
            asked_at=datetime(2026, 1, 31, tzinfo=UTC),
            polls_left=1,
            ready_after=timedelta(seconds=1),
        )
        jobs.submit(report)
        return jobs.submit(report)

    key = platform.units.run(work)
    name = "path.key" if action == "job" else "path.requestId"
    assert value_of(browser.get(path), name) == key


def test_it_says_how_a_shell_and_a_test_do_it(browser: Browser) -> None:
    page = browser.get(TICKETS).text
    assert "TOKEN=$(mock-sei token --application demo-server)" in page
    assert "--cert certs/svc-demo/certificate.crt" in page
    assert "/v1/order/tradetickets" in page
    assert "with mock_sei.client(&#34;svc-demo&#34;) as http:" in page


@pytest.mark.usefixtures("on_sockets")
def test_who_cannot_make_the_call_is_listed_with_the_reason(browser: Browser) -> None:
    page = browser.get("/portal/apis/investors/GET/v2/investors")
    assert "demo-limited</a>: it is not granted the product investors" in page.text
    offered = [found["value"] for tag, found in elements(page) if tag == "option"]
    assert "demo-server" in offered
    assert "demo-limited" not in offered


def test_without_sockets_it_says_that_there_is_no_listener(browser: Browser) -> None:
    page = browser.get(TICKETS)
    assert "runs without sockets" in page.text
    assert "Send the request" not in page.text

    refused = try_it(browser)
    assert refused.status_code == 400
    assert "runs without sockets" in refused.text


# Who may try


def nothing_was_tried(platform: Platform) -> bool:
    """Whether no call began, and none was made: the journal has only requests to the portal."""
    paths = {each.request.path for each in platform.journal.entries if each.request}
    return not len(platform.state.tries) and all(each.startswith("/portal") for each in paths)


@pytest.mark.parametrize("source", ["203.0.113.7", "10.0.0.5", "2001:db8::7"])
def test_a_connection_from_another_address_is_refused(
    served: Served, on_sockets: Platform, source: str
) -> None:
    browser = away(served, source)

    answer = try_it(browser)

    assert answer.status_code == 403
    check_page(answer)
    assert on_sockets.journal.last.refused_by == "portal controls"
    assert nothing_was_tried(on_sockets)
    page = browser.get(TICKETS)
    assert [found for _, found in elements(page) if found.get("method") == "post"] == []
    assert "--portal-controls" in page.text


@pytest.mark.usefixtures("on_sockets")
@pytest.mark.parametrize("source", ["127.0.0.1", "127.9.9.9", "::1"])
def test_a_connection_over_loopback_sees_the_form(served: Served, source: str) -> None:
    assert "Send the request" in away(served, source).get(TICKETS).text


def test_with_the_setting_everybody_sees_the_form(served: Served, on_sockets: Platform) -> None:
    for each in servers_of(on_sockets):
        each.settings = Settings(portal_controls=True)
    assert "Send the request" in away(served).get(TICKETS).text
    assert try_it(away(served), application="nobody").status_code == 400


def test_a_form_without_the_token_of_the_page_is_refused(
    browser: Browser, on_sockets: Platform
) -> None:
    for token in ("", "0" * 64, Browser(browser.served).token()):
        assert try_it(browser, page=token).status_code == 400
        assert on_sockets.journal.last.refused_by == "portal form"
    assert nothing_was_tried(on_sockets)


def test_a_form_of_another_site_is_refused(browser: Browser, on_sockets: Platform) -> None:
    fields = {"application": "demo-server", "user": "alice@example.com"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.post(TICKETS, fields, **headers).status_code == 400
        assert on_sockets.journal.last.refused_by == "origin"
    assert nothing_was_tried(on_sockets)


def test_on_the_two_way_listener_nothing_can_be_tried(served: Served, on_sockets: Platform) -> None:
    two_way = served.client("svc-demo", listener=Listener.TWO_WAY)
    assert two_way.post(TICKETS, data={"application": "demo-server"}).status_code == 404
    assert nothing_was_tried(on_sockets)


@pytest.mark.parametrize(
    "path",
    [
        "/portal/apis/sma-trade-orders/DELETE/v1/order/tradetickets",
        "/portal/apis/sma-trade-orders/get/v1/order/tradetickets",
        "/portal/apis/sma-trade-orders/GET/portal/apps",
        "/portal/apis/sma-trade-orders/GET//evil.example/",
        "/portal/apis/nothing/GET/v1/order/tradetickets",
        f"/portal/apis/sma-trade-orders/GET/{INJECTED}",
    ],
)
def test_an_unknown_operation_is_not_found(
    browser: Browser, on_sockets: Platform, path: str
) -> None:
    for answer in (browser.get(path), try_it(browser, path)):
        assert answer.status_code == 404
        check_page(answer)
        assert is_unbroken(answer)
    assert nothing_was_tried(on_sockets)


Change = Callable[[Served], object]


@pytest.mark.parametrize(
    ("fields", "change", "field", "words"),
    [
        ({"application": "nobody"}, None, "application", "no application"),
        ({"application": ""}, None, "application", "no application"),
        ({"application": "demo-limited"}, None, "application", "not granted the product"),
        (
            {},
            lambda served: served.change("demo-server", approved=False),
            "application",
            "not approved yet",
        ),
        (
            {},
            lambda served: served.change("demo-server", certificate=CertificateSource.OWN),
            "application",
            "does not have the private key",
        ),
        ({"application": "demo-web", "user": "nobody@example.com"}, None, "user", "no end user"),
        ({"application": "demo-web", "user": ""}, None, "user", "no end user"),
        ({"query.section": "no pair"}, None, "query.section", "an equals sign"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(
    browser: Browser,
    served: Served,
    on_sockets: Platform,
    fields: dict[str, str],
    change: Change | None,
    field: str,
    words: str,
) -> None:
    if change is not None:
        change(served)
    path = "/portal/apis/investors/GET/v2/investors"

    page = try_it(browser, path, **{"query.limit": "<7>"}, **fields)

    assert page.status_code == 400
    check_page(page)
    assert is_unbroken(page)
    assert f'id="{field}-problem"' in page.text
    assert words in page.text
    assert value_of(page, "query.limit") == "<7>"
    assert any("form refused" in each for each in on_sockets.journal.last.notes)
    assert nothing_was_tried(on_sockets)


@pytest.mark.usefixtures("on_sockets")
def test_a_missing_value_of_the_path_is_named(browser: Browser) -> None:
    page = try_it(browser, INVESTOR, **{"path.externalId": ""})
    assert page.status_code == 400
    assert 'id="path.externalId-problem"' in page.text


def test_a_second_call_with_an_application_is_a_page_that_says_so(
    browser: Browser, on_sockets: Platform, served: Served
) -> None:
    key = served.application("demo-server").app_key
    on_sockets.units.run(lambda: on_sockets.state.tries.begin(key, "demo-server"))

    answer = try_it(browser)

    assert answer.status_code == 409
    check_page(answer)
    assert "one call at a time for each application" in answer.text
    last = on_sockets.journal.last
    assert (last.refused_by, last.expected) == ("portal controls", "no other call")
    assert len(on_sockets.state.tries) == 1


def test_calls_of_many_applications_have_a_limit(browser: Browser, on_sockets: Platform) -> None:
    def begin() -> None:
        for number in range(MOST_AT_ONCE):
            on_sockets.state.tries.begin(f"key {number}", "orders")

    on_sockets.units.run(begin)
    assert try_it(browser).status_code == 409


# Users' own documents, and sizes


def bring(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, folder: Path, content: dict[str, Any]
) -> None:
    file = folder / "own.json"
    file.write_text(json.dumps(content))
    catalogue = Catalogue([], [DocumentFile(file, bundled=False)])
    for each in servers_of(platform):
        monkeypatch.setattr(each, "catalogue", catalogue)


def test_a_script_in_a_document_is_text(
    browser: Browser, on_sockets: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    parameter = {
        "name": INJECTED,
        "in": "query",
        "required": True,
        "description": INJECTED,
        "schema": {"type": "string", "enum": [INJECTED]},
    }
    operation = {
        "summary": INJECTED,
        "description": INJECTED,
        "parameters": [parameter],
        "requestBody": {"content": {"text/plain": {"example": f"</textarea>{INJECTED}"}}},
        "responses": {"200": {"content": {"application/json": {"example": {INJECTED: INJECTED}}}}},
    }
    info = {"title": INJECTED, "description": INJECTED}
    paths = {f"/{INJECTED}": {"get": operation, "post": operation}}
    document = {"openapi": "3.1.0", "info": info, "paths": paths}
    bring(on_sockets, monkeypatch, tmp_path, document)
    product = on_sockets.catalogue.products["own"]
    assert len(product.operations) == 2

    for each in product.operations.values():
        page = browser.get(address_of(product, each))
        assert page.status_code == 200
        assert is_unbroken(page)
        assert 'class="grade own-document"' in page.text
        assert is_unbroken(try_it(browser, address_of(product, each), application=INJECTED))
    assert is_unbroken(browser.get("/portal/apis/own"))


def large_document(operations: int) -> dict[str, Any]:
    """Operations with as much text as documents of the field have."""
    parameters = [
        {
            "name": f"parameter{number}",
            "in": "query",
            "description": "What it means, in a sentence of usual length.",
            "schema": {"type": "string", "enum": [f"value{each}" for each in range(20)]},
        }
        for number in range(15)
    ]
    thing = {"type": "object", "properties": {f"m{n}": {"type": "string"} for n in range(40)}}
    content = {"application/json": {"schema": {"type": "array", "items": thing}}}
    described = {
        "summary": "Does something with a thing, and says what it did" * 8,
        "parameters": parameters,
        "requestBody": {"content": {"application/json": {"schema": thing}}},
        "responses": {"200": {"description": "", "content": content}},
    }
    paths = {
        f"/v1/a/rather/long/path/to/thing{number}": {"post": described}
        for number in range(operations)
    }
    return {"openapi": "3.1.0", "info": {"title": "Large"}, "paths": paths}


@pytest.fixture
def large(on_sockets: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Platform:
    bring(on_sockets, monkeypatch, tmp_path, large_document(300))
    return on_sockets


@pytest.mark.slow
@pytest.mark.usefixtures("large")
def test_a_document_of_300_operations_has_small_pages(browser: Browser) -> None:
    seen: list[str] = []
    address: str | None = "/portal/apis/own"
    while address is not None:
        page = browser.get(address)
        assert len(page.text) < LARGEST_PAGE
        links = [found for tag, found in elements(page) if tag == "a"]
        seen += [str(each["href"]) for each in links if "/POST/" in str(each["href"])]
        address = next((each["href"] for each in links if each.get("rel") == "next"), None)
    assert len(seen) == len(set(seen)) == 300
    assert "300</span>" in browser.get("/portal/apis/own").text
    assert browser.get("/portal/apis/own?page=99").status_code == 200
    assert len(browser.get(seen[0]).text) < LARGEST_PAGE


@pytest.mark.slow
def test_pages_cost_less_than_a_tenth_of_a_second(browser: Browser, large: Platform) -> None:
    """In CPU time of this process, the best of some tries, once its templates are compiled."""
    product = large.catalogue.products["own"]
    one = address_of(product, next(iter(product.operations.values())))
    for address in ("/portal/apis/own", one):
        costs = []
        for _ in range(4):
            began = time.process_time()
            assert browser.get(address).status_code == 200
            costs.append(time.process_time() - began)
        assert min(costs) < CPU_OF_A_PAGE, address


def test_thousands_of_applications_leave_the_page_small(
    browser: Browser, on_sockets: Platform, served: Served
) -> None:
    first = served.application("demo-spa")

    def register() -> None:
        for number in range(400):
            key = f"key-{number}"
            on_sockets.state.registry.applications[key] = dataclasses.replace(
                first, name=f"app {number}", app_key=key
            )

    on_sockets.units.run(register)
    page = browser.get(TICKETS)
    assert len(page.text) < LARGEST_PAGE
    assert '<input id="application" name="application" list="applications"' in page.text
    refused = try_it(browser, application="app 399", **{"query.limit": "\ud7ff"}, user="nobody")
    assert "no end user" in refused.text  # so the application was found
