"""Whatever a settings file, a variable or an option holds: settings, or one line that names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.errors import ConfigurationError
from mock_sei.settings import FILE_ONLY, Settings, load_settings
from tests.any_values import DEEP, toml_table

ODD = st.sampled_from(
    ["a\0b", "x" * 5000, "9" * 5000, "https://[", "https://x:y", "::1,::1", "{", "[1]", "1e9"]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted(Settings.model_fields))
OPTIONS = st.sampled_from(sorted(Settings.model_fields.keys() - FILE_ONLY))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "file.toml"


@pytest.fixture(scope="module", autouse=True)
def _working_folder(file: Path) -> Iterator[None]:
    """Without a settings file of this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(file.parent)
        yield


def outcome(load: Callable[[], Settings]) -> str:
    """The complaint, empty where there is none."""
    told = ""
    try:
        load()
    except ConfigurationError as error:
        told = str(error)
    assert told.isprintable()  # one line, and nothing that moves a terminal's cursor
    return told


@pytest.mark.long
@given(values=st.dictionaries(NAMES | st.text(max_size=20), VALUES, max_size=4))
@example(values={"certs_dir": "a\0b"})
@example(values={"ready_file": "x" * 5000})
@example(values={"hostname": "two\nlines"})
def test_any_values_in_a_settings_file(file: Path, values: dict[str, Any]) -> None:
    file.write_text(toml_table(values), encoding="utf-8")

    told = outcome(lambda: load_settings({}, file=file, environ={}))

    assert told == "" or told.startswith(f"{file}: ")


@given(content=st.binary(max_size=200))
@example(content=b"host = " + b"[" * DEEP)
@example(content=b"seed = " + b"9" * 5000)
@example(content=b"host = 2026-13-45")
def test_any_bytes_for_a_settings_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    told = outcome(lambda: load_settings({}, file=file, environ={}))

    assert told == "" or told.startswith(f"{file}: ")


@pytest.mark.long
@given(values=st.dictionaries(NAMES, st.text(max_size=40) | ODD, max_size=3))
@example(values={"certs_dir": "a\0b"})
def test_any_text_in_variables(values: dict[str, str]) -> None:
    environ = {f"MOCK_SEI_{name.upper()}": value for name, value in values.items()}

    told = outcome(lambda: load_settings({}, environ=environ))

    assert told == "" or told.partition(":")[0] in environ


@pytest.mark.long
@given(values=st.dictionaries(OPTIONS, st.text(max_size=40) | ODD, max_size=3))
@example(values={"assumptions": ""})
@example(values={"assumptions": "none.toml"})
def test_any_text_in_options(values: dict[str, str]) -> None:
    told = outcome(lambda: load_settings(values, environ={}))

    names = {f"--{name.replace('_', '-')}" for name in values}
    assert told == "" or told.partition(":")[0] in names
