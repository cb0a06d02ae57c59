"""The references of docs/ are what the code gives, and leave nothing out."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from typing import Any, is_typeddict

import pytest

import mock_sei
from docs.generator.pages import PAGES, ROOT
from docs.generator.python import (
    MADE,
    MARKED,
    OPTION,
    SECTIONS,
    described,
    fixtures,
    keywords_of,
    members_of,
)
from mock_sei.commands import control as commands
from mock_sei.operations.table import TABLE
from mock_sei.settings import Behaviour, Settings
from mock_sei.testing import plugin
from mock_sei.web.control.call_lines import COMMANDS, PYTHON
from mock_sei.web.control.call_texts import call_texts
from tests.conftest import WHEEL
from tests.support import one_control_app

NAMES = [name for names in SECTIONS.values() for name in names]
PYTHON_PAGE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
CONTROL_PAGE = (ROOT / "docs/control.md").read_text(encoding="utf-8")
UNTYPED = {("Workbench", "client")}
"""Methods with keywords of any type: they are those of another library."""


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_what_the_code_gives(page: str) -> None:
    written, made = (ROOT / page).read_text(encoding="utf-8"), PAGES[page]()
    if os.environ.get(WHEEL):  # older libraries write some types in another way
        written, made = _headings(written), _headings(made)
    assert written == made, "run `make tables`"


def _headings(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith("#"))


def test_the_reference_has_every_public_name() -> None:
    assert sorted(NAMES) == sorted({*mock_sei.__all__} - {"__version__"})


def test_a_public_name_can_be_imported_and_is_described() -> None:
    assert [name for name in NAMES if not described(name)] == []
    assert {*mock_sei.__all__} <= {*dir(mock_sei)}
    with pytest.raises(AttributeError, match="MockSie"):
        _ = mock_sei.MockSie  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys, mock_sei; print(*(each for each in sys.modules if 'mock_sei.' in each))"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert printed.strip() == ""


def test_every_error_that_an_operation_raises_is_public() -> None:
    from mock_sei import errors

    raised = {
        name
        for name, each in vars(errors).items()
        if inspect.isclass(each)
        and issubclass(each, errors.MockSeiError)
        and not issubclass(each, errors.Refusal)
    }
    inner = {"RegistryError"}  # who loads or registers records raises another one in its place
    assert raised - inner <= {*mock_sei.__all__}


@pytest.mark.long
def test_every_member_of_a_public_class_is_described_in_a_sentence() -> None:
    members = [(name, *member) for name in NAMES for member in members_of(name)]

    assert len(members) > 100
    assert [(name, member) for name, member, _, text in members if len(text.split()) < 3] == []


def test_every_keyword_is_described() -> None:
    for name in NAMES:
        found = getattr(mock_sei, name)
        if is_typeddict(found):
            assert {*keywords_of(found)} >= {*found.__annotations__}, name


def test_no_method_takes_keywords_of_any_type() -> None:
    untyped = set()
    for name in NAMES:
        kind = getattr(mock_sei, name)
        for member in vars(kind) if inspect.isclass(kind) else ():
            function: Any = inspect.unwrap(vars(kind)[member])
            if member[0] == "_" or not inspect.isfunction(function):
                continue
            parameters = inspect.signature(function).parameters.values()
            if any(
                "Any" in str(each.annotation)
                for each in parameters
                if each.kind is each.VAR_KEYWORD
            ):
                untyped.add((name, member))
            assert all(
                each.annotation is not each.empty for each in parameters if each.name != "self"
            ), (name, member)

    assert untyped == UNTYPED


def test_every_public_name_and_fixture_has_an_entry_with_an_example() -> None:
    entries = re.split(r"(?m)^####? `", PYTHON_PAGE)[1:]
    examples = {each.partition("`")[0]: "def test_" in each for each in entries}

    assert [name for name in (*NAMES, *fixtures()) if not examples.get(name)] == []
    assert {*MADE} <= {*NAMES}


def test_every_member_stands_in_an_example() -> None:
    code = "\n".join(re.findall(r"(?ms)^```python\n(.*?)^```$", PYTHON_PAGE))
    wanted = {
        (name, member) for name in NAMES for member, _, _ in members_of(name) if member[0] != "_"
    }

    assert sorted(each for each in wanted if not re.search(rf"\.{each[1]}\b", code)) == []


def test_every_marker_keyword_option_and_setting_has_a_row_with_an_example() -> None:
    assert MARKED.keys() == Behaviour.__dataclass_fields__.keys()
    assert OPTION.keys() == plugin.OPTIONS.keys()
    for name in Settings.model_fields:
        (row,) = re.findall(rf"(?m)^\| `{name}` \|.*`(?:\[\[?)?{name}\b[^|]*\|$", PYTHON_PAGE)
        assert row


def test_every_operation_has_a_call_of_python_and_the_command_that_there_is() -> None:
    performed = {row.request for row in TABLE}

    assert PYTHON.keys() == performed
    assert COMMANDS.keys() <= performed
    assert {each.request for each in commands.COMMANDS} <= COMMANDS.keys()


def test_every_operation_and_field_has_an_entry_with_an_example() -> None:
    document = one_control_app().openapi()
    entries = dict(
        re.findall(r"(?ms)^### `(.*?)`\n(.*?)(?=^##|\Z)", CONTROL_PAGE.partition("## All calls")[2])
    )
    for call in call_texts(document, "http://127.0.0.1:8044"):
        entry = entries.pop(call.title)
        assert "```sh\n" in entry
        for field in call.fields:
            assert f"| `{field.name}` |" in entry
            assert "" not in (field.type, field.what), (call.title, field.name)
            assert field.example not in ("`null`", '`"text"`', ""), (call.title, field.name)
    assert entries == {}


def test_every_reference_of_the_openapi_document_leads_somewhere() -> None:
    document = one_control_app().openapi()
    parts = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(document))) <= parts
