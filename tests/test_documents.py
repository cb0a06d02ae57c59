"""What the documents print is true: tables, snippets, settings, names of files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import mock_sei
from mock_sei.fixtures import load_fixtures
from mock_sei.rules.records import Application
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import standards_table
from mock_sei.settings import Settings
from tests.cases import every_case
from tests.support import Served

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_the_standards_table() -> None:
    assert standards_table() in README


def test_the_readme_shows_a_refusal_as_it_is_logged(served: Served) -> None:
    served.post_token(http=served.client("svc-web"))

    assert str(served.platform.journal.last) in README.replace("\n", " ")


def test_the_readme_publishes_the_ports_of_the_image_on_loopback() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (exposed,) = re.findall(r"(?m)^EXPOSE (.*)$", dockerfile)

    published = re.findall(r"-p 127\.0\.0\.1:(\d+):(\d+)", README)

    assert published == [(port, port) for port in exposed.split()]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_a_make_target_that_is_named_exists(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake ([a-z-]+)", (ROOT / document).read_text(encoding="utf-8")))

    assert named
    assert named <= set(re.findall(r"(?m)^([a-z-]+):", makefile))


def test_the_example_settings_name_every_setting_with_its_default() -> None:
    text = (ROOT / "mock-sei.example.toml").read_text(encoding="utf-8")
    everything = tomllib.loads(re.sub(r"(?m)^# (?=[\w.]+ = |\[)", "", text))
    set_here = tomllib.loads(text)

    assert everything.keys() == Settings.model_fields.keys()
    assert Settings(**everything) != Settings()
    assert Settings(**set_here) == Settings()


@every_case(
    "document",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/README.md")]),
)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_files_that_the_map_names_exist() -> None:
    """With the package's name before them, or as they are called within it."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+(?:\.py|/))`", text))
    package = Path(mock_sei.__file__).parent
    places = (ROOT, package.parent, package)

    assert {"mock_sei/platform.py", "web/exchange.py"} <= named
    assert [each for each in named if not any((place / each).exists() for place in places)] == []


def test_the_targets_of_make_that_documents_name_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {
        document: set(re.findall(r"(?m)(?:^|`)make ([a-z-]+)", text))
        for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
        for text in [document.read_text(encoding="utf-8")]
    }

    assert {"dist", "lint", "lowest", "quick", "serve", "test"} <= named[ROOT / "CONTRIBUTING.md"]
    assert {each: names - targets for each, names in named.items() if names - targets} == {}


def test_the_tests_that_contributing_runs_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = re.findall(r"pytest (tests/\S+)", text)

    assert files
    assert [each for each in files if not (ROOT / each).exists()] == []


def test_installing_names_every_extra_and_what_it_brings() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| `(\w+)` \| ([^|]*) \|", text))

    extras = project["optional-dependencies"]
    assert rows.keys() == extras.keys()
    for extra in extras:
        assert rows[extra] == ", ".join(re.split(r"[^\w-]", each)[0] for each in extras[extra])


DEMO = (ROOT / "docs" / "identities.md").read_text(encoding="utf-8")


def test_the_demo_identities_stand_in_one_document_and_all_of_them() -> None:
    registry = load_fixtures().registry
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"(?m)^\| `.*$", DEMO)
    ]
    applications = {row[0].strip("`"): row[2:] for row in rows if len(row) == 7}
    users = {row[0].strip("`"): row[1].strip("`") for row in rows if len(row) == 2}

    assert users == {each.email: each.password for each in registry.end_users.values()}
    assert applications == {
        each.name: [
            *(f"`{value}`" if value else "" for value in _credentials(each, registry)),
            ", ".join(f"`{address}`" for address in each.redirect_addresses),
        ]
        for each in registry.applications.values()
    }


def _credentials(application: Application, registry: Registry) -> list[str | None]:
    account = application.service_account
    password = registry.require_account(account).password if account else None
    return [application.app_key, application.app_secret, account, password]


def test_the_file_of_the_demo_identities_leads_to_their_document() -> None:
    assert "docs/identities.md" in (ROOT / "fixtures" / "platform.toml").read_text(encoding="utf-8")


NOT_PUBLISHED = re.compile(
    r"(?:install|add|--with)\b[^\n`]*?['\" ]mock-sei(?:\[|['\"\s]|$)", re.MULTILINE
)
"""The package installed by its bare name, as if a registry had it; an image is built, not added."""


@pytest.mark.parametrize(
    "line",
    ["pip install mock-sei", "pip install 'mock-sei[saml]'", "uv add --dev mock-sei"],
)
def test_a_line_that_installs_by_the_bare_name_is_found(line: str) -> None:
    assert NOT_PUBLISHED.search(line)


@pytest.mark.long
def test_nothing_says_to_install_by_a_name_that_no_registry_has() -> None:
    """Until the package is published: from the source, by a file or by a URL."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("mock_sei/**/*.py")]
    found = [
        f"{path.name}: {line}"
        for path in documents
        for line in path.read_text(encoding="utf-8").splitlines()
        if NOT_PUBLISHED.search(line) or "mock-sei[" in line
    ]
    assert found == []
