"""Whatever a fixtures folder holds: fixtures, or one line that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import bundled_folder, load_fixtures
from tests.any_values import DEEP, JSON_VALUES, damaged, toml_table

BUNDLED = (bundled_folder() / "platform.toml").read_bytes()
PIECES = [b'"', b"[", b"]", b'""', b"\\u0000", b"1", b"[[", b"=", b"\n", b"true", b"server-server"]

VALUES = st.one_of(
    st.text(max_size=20),
    st.integers(),
    st.booleans(),
    st.lists(st.text(max_size=9), max_size=2),
    st.sampled_from(["server-server", "native", "end-user", "server", "sei-client", "svc-one"]),
    st.sampled_from(["a\0b", "x" * 300, "-----BEGIN CERTIFICATE-----", "10.0.0.1/99"]),
)
TABLES = {
    "applications": (
        *("name", "type", "actor", "owner", "app_key", "app_secret", "service_account", "approved"),
        *("products", "environments", "source_addresses", "redirect_addresses", "scopes"),
        *("distribution_list", "certificate", "saml_certificate", "own_data", "other"),
    ),
    "service_accounts": ("username", "password", "other"),
    "end_users": ("email", "password", "other"),
}
ENTRIES = st.sampled_from(sorted(TABLES)).flatmap(
    lambda table: st.tuples(
        st.just(table), st.dictionaries(st.sampled_from(TABLES[table]), VALUES, max_size=12)
    )
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fixtures")
    (folder / "data").mkdir()
    return folder


def load(folder: Path, file: str, content: bytes) -> None:
    """Good, or one line that names the file."""
    path = folder / file
    path.write_bytes(content)
    told = ""
    try:
        load_fixtures(folder)
    except ConfigurationError as error:
        told = str(error)
    finally:
        path.unlink()
    assert told.isprintable()
    assert told == "" or told.startswith(f"{path}: ")


@pytest.mark.long
@given(content=damaged(BUNDLED, pieces=PIECES) | st.binary(max_size=50))
@example(content=b"applications = " + b"[" * DEEP)
@example(content=b"applications = " + b"9" * 5000)
def test_a_damaged_platform_file(folder: Path, content: bytes) -> None:
    load(folder, "platform.toml", content)


@pytest.mark.long
@given(entries=st.lists(ENTRIES, max_size=4))
def test_any_entries_of_a_platform_file(
    folder: Path, entries: list[tuple[str, dict[str, Any]]]
) -> None:
    text = "".join(f"[[{table}]]\n{toml_table(values)}" for table, values in entries)
    load(folder, "platform.toml", text.encode())


@pytest.mark.long
@given(content=st.binary(max_size=40) | JSON_VALUES.map(lambda each: json.dumps(each).encode()))
@example(content=b"[" * DEEP)
@example(content=b'[{"a": ' * DEEP)
@example(content=b"[" + b"9" * 5000 + b"]")
def test_any_records(folder: Path, content: bytes) -> None:
    load(folder, "data/investors.json", content)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_folder_that_no_system_has_is_told(name: str) -> None:
    with pytest.raises(ConfigurationError, match="no such folder"):
        load_fixtures(Path(name))
