"""What holds for each page of the portal: nobody frames, reads, keeps or forges it.

The pages are those of the portal's own routes, so that a new page is tested too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest

from mock_sei.web.portal.routes import ROUTES
from tests.support import Served
from tests.web.portal.browser import Browser, elements
from tests.web.portal.every_page import addresses, fill
from tests.web.test_pages import policy_of

pytestmark = pytest.mark.long

STRANGER = "https://stranger.example"
HASH = re.compile(r"'sha256-[\w+/]{43}='")


@pytest.fixture
def paths(served: Served) -> dict[str, str]:
    return addresses(fill(served))


@pytest.fixture
def pages(browser: Browser, paths: dict[str, str]) -> dict[str, httpx2.Response]:
    """Every page but the files, by its path."""
    browser.token()  # from now on the browser has its cookie
    answers = {path: browser.get(path, Origin=STRANGER) for path in paths.values()}
    return {path: answer for path, answer in answers.items() if is_page(answer)}


def is_page(answer: httpx2.Response) -> bool:
    return answer.headers["Content-Type"].startswith("text/html")


def cross_origin(answer: httpx2.Response) -> list[str]:
    """The headers that let a page of another origin read the answer."""
    return [each for each in answer.headers if each.lower().startswith("access-control-")]


def test_nobody_keeps_or_reads_a_page_or_a_file(browser: Browser, paths: dict[str, str]) -> None:
    for path in paths.values():
        answer = browser.get(path, Origin=STRANGER)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["Pragma"] == "no-cache", path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert cross_origin(answer) == [], path
        if not is_page(answer):
            assert answer.headers["Content-Disposition"].startswith("attachment; "), path


def test_no_page_of_another_origin_may_ask_for_one(browser: Browser, paths: dict[str, str]) -> None:
    headers = {"Origin": STRANGER, "Access-Control-Request-Method": "GET"}
    for path in paths.values():
        answer = browser.http.request("OPTIONS", path, headers=headers)
        assert answer.status_code == 405, path
        assert cross_origin(answer) == [], path


def test_nobody_frames_a_page_or_learns_its_address(pages: dict[str, httpx2.Response]) -> None:
    assert len(pages) > 12
    for path, answer in pages.items():
        assert answer.headers["Referrer-Policy"] == "no-referrer", path
        assert answer.headers["X-Frame-Options"] == "DENY", path
        assert policy_of(answer)["frame-ancestors"] == ["'none'"], path


def test_a_page_runs_and_paints_only_what_its_policy_knows_by_hash(
    pages: dict[str, httpx2.Response],
) -> None:
    for path, answer in pages.items():
        policy = policy_of(answer)
        assert policy["default-src"] == policy["base-uri"] == ["'none'"], path
        assert policy["form-action"] == ["'self'"], path
        sources = {each for sources in policy.values() for each in sources}
        assert not any("unsafe" in each or "*" in each or "//" in each for each in sources), path
        for kind in ("style-src", "script-src"):
            assert all(map(HASH.fullmatch, policy.get(kind, []))), (path, kind)
        for tag, attributes in elements(answer):
            inline = [each for each in attributes if each == "style" or each.startswith("on")]
            assert inline == [], (path, tag)


def test_a_form_carries_the_token_of_its_browser_and_leads_to_an_action_of_the_portal(
    browser: Browser, pages: dict[str, httpx2.Response]
) -> None:
    token = browser.token()
    actions = [
        re.compile(re.sub(r"{\w+(:path)?}", "[^/]+", route))
        for route, handlers in ROUTES.items()
        if "POST" in handlers
    ]
    seen = 0
    for path, answer in pages.items():
        forms, tokens = list(forms_of(path, answer)), list(tokens_of(answer))
        assert tokens == [token] * len(forms), path
        for target in (*forms, *buttons_of(answer)):
            assert any(each.fullmatch(target) for each in actions), (path, target)
        seen += len(forms)
    assert seen > 12


def forms_of(path: str, answer: httpx2.Response) -> Iterator[str]:
    """Where the forms of a page lead that change something."""
    for tag, attributes in elements(answer):
        if tag == "form" and (attributes.get("method") or "get").lower() == "post":
            yield attributes.get("action") or path


def buttons_of(answer: httpx2.Response) -> Iterator[str]:
    """Where buttons lead that send their form elsewhere."""
    for _, attributes in elements(answer):
        yield from filter(None, [attributes.get("formaction")])


def tokens_of(answer: httpx2.Response) -> Iterator[str | None]:
    for tag, attributes in elements(answer):
        if tag == "input" and attributes.get("name") == "page":
            yield attributes["value"]


def test_a_page_is_below_200_kb(pages: dict[str, httpx2.Response]) -> None:
    sizes = {path: len(answer.content) for path, answer in pages.items()}
    assert {path: size for path, size in sizes.items() if size >= 200_000} == {}
