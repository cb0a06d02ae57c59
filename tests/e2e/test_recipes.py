"""The snippets of the documents, run as they are printed, and the recipes of docs/testing.md."""

from __future__ import annotations

import tomllib

import pytest

from mock_sei.faults.faults import FIELDS, read_fault
from tests.e2e.snippets import read, snippets
from tests.e2e.suites import USERS_PLUGINS, run_pytest

DOCUMENT = read("docs/testing.md")


def test_every_recipe_passes_as_printed(pytester: pytest.Pytester) -> None:
    printed = snippets(DOCUMENT, "python")
    recipes = sum("def test_" in each for each in printed)
    pytester.makepyfile(test_recipes="\n\n".join(printed))

    result = run_pytest(pytester, "-W", "error", *USERS_PLUGINS)

    outcomes = result.parseoutcomes()
    assert recipes >= 20
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= recipes


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_a_fault_is_told(field: str) -> None:
    assert f"`{field}`" in DOCUMENT


def test_the_faults_of_a_settings_file_can_be_armed() -> None:
    for each in snippets(DOCUMENT, "toml"):
        for fault in tomllib.loads(each)["faults"]:
            assert read_fault(fault, [fault["operation"]])


@pytest.mark.parametrize(
    ("document", "count"), [("README.md", 7), ("docs/certificates.md", 4), ("docs/doctor.md", 1)]
)
def test_the_snippets_of_a_document_pass_as_printed(
    pytester: pytest.Pytester, document: str, count: int
) -> None:
    for number, snippet in enumerate(snippets(read(document), "python")):
        pytester.makepyfile(**{f"test_snippet_{number}": snippet})

    # Not in process: its modules would be the next document's too, half of them loaded anew.
    result = run_pytest(pytester, *USERS_PLUGINS)

    result.assert_outcomes(passed=count)
