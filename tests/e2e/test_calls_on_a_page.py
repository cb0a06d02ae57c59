"""The programs that an application's page shows: each is run as it was copied from the page."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mock_sei.web.portal.calls import CODE, PASSWORD_OF_MAIL
from tests.e2e.browser import Bench
from tests.e2e.portal_steps import TEAM, title_is
from tests.e2e.programs import RUNTIMES
from tests.e2e.serving import COMPILERS_PATIENCE, environment, run

pytestmark = pytest.mark.needs("chromium", "curl", "bash")

OTHERS = [
    ("Python, requests", "python"),
    ("Python, httpx2", "python"),
    ("Python, aiohttp", "python"),
    pytest.param("Java", "java", marks=pytest.mark.needs("java")),
    pytest.param("Node", "js", marks=pytest.mark.needs("node")),
    pytest.param("Go", "go", marks=pytest.mark.needs("go")),
]
TICKET = '"tradeTicketId":'

Copy = Callable[[str], str]


@pytest.fixture
def copy(page: Page, bench: Bench) -> Copy:
    """Registers the application orders, and copies lines from its page by their heading."""
    bench.server.applications.register(
        name="orders", type="server-server", actor="server", distribution_list=TEAM
    )
    page.goto(f"{bench.server.url}/portal/apps/orders")
    title_is(page, "orders")

    def text(heading: str) -> str:
        summary = page.locator("summary").filter(has_text=heading).first
        summary.click()
        return summary.locator("..").locator("pre").inner_text()

    return text


def pasted(language: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    runtime = RUNTIMES[language]
    name = "Call.java" if language == "java" else runtime.file
    (folder / name).write_text(text, encoding="utf-8")
    return run(
        *runtime.command, name, cwd=folder, environ=environment(), patience=COMPILERS_PATIENCE
    )


def password(bench: Bench) -> str:
    return bench.server.service_account("svc-orders").password


def test_the_pasted_lines_for_curl_get_the_files_a_token_and_an_answer(
    copy: Copy, bench: Bench, tmp_path: Path
) -> None:
    files = pasted("sh", copy("First get the files"), tmp_path)
    assert files.returncode == 0, files.stderr
    lines = copy("curl")
    assert password(bench) not in lines
    call = pasted("sh", lines.replace(PASSWORD_OF_MAIL, password(bench)), tmp_path)
    assert TICKET in call.stdout, call.stderr
    assert bench.server.journal.last.application == "orders"


def test_the_placeholder_is_no_password(copy: Copy, bench: Bench, tmp_path: Path) -> None:
    pasted("sh", copy("First get the files"), tmp_path)
    call = pasted("sh", copy("curl"), tmp_path)
    assert TICKET not in call.stdout
    assert bench.server.journal.last.status == 401


@pytest.mark.parametrize(("heading", "language"), OTHERS)
def test_the_pasted_program_of_each_client_gets_an_answer(
    copy: Copy, bench: Bench, tmp_path: Path, heading: str, language: str
) -> None:
    pasted("sh", copy("First get the files"), tmp_path)
    text = copy(heading).replace(PASSWORD_OF_MAIL, password(bench))
    call = pasted(language, text, tmp_path)
    assert TICKET in call.stdout, call.stderr
    assert call.stdout.startswith("200 ")


def test_a_native_application_gets_its_code_by_the_address_on_the_page(
    page: Page, bench: Bench, tmp_path: Path
) -> None:
    page.goto(f"{bench.server.url}/portal/apps/demo-native")
    section = page.get_by_role("region", name="Call it like this")
    address = section.locator("> pre").inner_text()
    section.locator("summary").filter(has_text="First get the files").click()
    files = section.locator("details", has_text="First get the files").locator("pre").inner_text()
    section.locator("summary").filter(has_text="curl").first.click()
    lines = section.locator("details.call").first.locator("pre").inner_text()

    assert pasted("sh", files, tmp_path).returncode == 0
    page.goto(address)
    page.get_by_label("E-mail address").fill("alice@example.com")
    page.get_by_label("Password").fill("alice-password")
    page.get_by_role("button", name="Log in").click()
    with page.expect_request(lambda each: "code=" in each.url) as redirected:
        page.get_by_role("button", name="Allow").click()
    code = redirected.value.url.partition("code=")[2].partition("&")[0]
    call = pasted("sh", lines.replace(CODE, code), tmp_path)
    assert '"data":[' in call.stdout, call.stdout + call.stderr
