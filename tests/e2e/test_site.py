"""`make docs` builds the documents as a site: strictly, with a search, with no outside request."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.e2e.browser import driver, launch
from tests.e2e.building import ROOT, once
from tests.e2e.serving import run
from tests.e2e.snippets import read
from tests.patience import PATIENCE, patient

pytest.importorskip("sphinx", reason="not installed: the group docs (make docs installs it)")

(ARGUMENTS,) = re.findall(r"\$\(BIN\)/python (-m sphinx .*)", read("Makefile"))
INPUTS = ("README.md", "docs/conf.py", "docs/site.css", "mock_sei/__init__.py")
LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "input": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
"""Elements that a browser loads something for, and the attribute that names it."""

LOADED_BY_CSS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


def build(checkout: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """What the Makefile runs, with the results in another folder."""
    arguments = [
        str(output / each.removeprefix("build/")) if each.startswith("build/") else each
        for each in ARGUMENTS.split()
    ]
    return run(sys.executable, *arguments, cwd=checkout, patience=patient(300))


of_the_whole_site = pytest.mark.nightly
"""The build of all documents takes twenty seconds. The workflow of the site builds them too."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        done = build(ROOT, folder)
        assert done.returncode == 0, done.stderr

    return once(tmp_path_factory, "site", make) / "site"


def of_another_host(address: str) -> bool:
    return re.match(r"(?i)\s*(https?:|wss?:|//)", address) is not None


class Loaded(HTMLParser):
    """The addresses that a page loads by itself: not those of links, which a reader follows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if address := named.get(LOADED.get(tag, "")):
            self.addresses.append(address)
        self.addresses += re.findall(r"url\(['\"]?([^'\")]+)", named.get("style") or "")


def loaded_by(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".html":
        return Loaded(text).addresses
    return [url or imported for url, imported in LOADED_BY_CSS.findall(text)]


@of_the_whole_site
def test_the_site_has_every_document(site: Path) -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    pages = [site / each.relative_to(ROOT).with_suffix(".html") for each in documents]

    assert len(pages) > 10
    assert [page for page in pages if not page.exists()] == []
    assert (site / "index.html").read_bytes() == (site / "README.html").read_bytes()


@of_the_whole_site
def test_every_page_leads_to_every_other(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    bar = start[start.index("sidebar-tree") :]

    for each in (ROOT / "docs").glob("*.md"):
        assert f'href="docs/{each.stem}.html"' in bar


@of_the_whole_site
def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    loaded = {file: loaded_by(file) for file in files}

    assert sum(map(len, loaded.values())) > 100
    assert {
        str(file): [each for each in addresses if of_another_host(each)]
        for file, addresses in loaded.items()
        if any(map(of_another_host, addresses))
    } == {}


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example.com/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example.com/css">',
        "<p style=\"background: url('http://example.com/a.png')\"></p>",
    ],
)
def test_what_is_loaded_from_another_host_is_found(page: str) -> None:
    assert any(map(of_another_host, Loaded(page).addresses))


@of_the_whole_site
@pytest.mark.needs("chromium")
def test_the_search_finds_a_page_without_any_outside_request(site: Path) -> None:
    requested: list[str] = []
    with driver() as playwright, launch(playwright, None) as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: requested.append(request.url))
        page.goto((site / "index.html").as_uri())
        page.get_by_placeholder("Search").fill("truststore")
        page.keyboard.press("Enter")
        found = page.locator("#search-results li a", has_text=re.compile("^Clients"))
        found.first.wait_for()

    assert [each for each in requested if not each.startswith(site.as_uri())] == []


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    """What the build reads, with one line in each document."""
    patterns = ("*.md", "*/*.md", "performance/*/*.md", "examples/*/*.md")
    documents = [each for pattern in patterns for each in ROOT.glob(pattern)]
    for name in INPUTS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for each in documents:
        file = tmp_path / each.relative_to(ROOT)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# A page\n", encoding="utf-8")
    return tmp_path


def test_a_link_that_leads_nowhere_ends_the_build(small_checkout: Path) -> None:
    """These links alone: a build takes seconds, and that of all documents succeeds every night."""
    with (small_checkout / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\n[a](docs/no-file.md) [b](docs/ci.md#no-heading) [c](#not-here)\n")
    broken = build(small_checkout, small_checkout / "build")

    warnings = [line for line in broken.stderr.splitlines() if "WARNING" in line]
    assert broken.returncode != 0
    assert len(warnings) == 3
    for target in ("no-file", "no-heading", "not-here"):
        assert any(target in line for line in warnings)
