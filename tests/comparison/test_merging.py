"""Changed assumptions are merged into a file, and what stands there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.assumptions.reading import read_file
from mock_sei.comparison.merging import merge_into
from mock_sei.errors import ConfigurationError

ORDER = "'token', 'AppKey',\n 'scope', 'certificate name'"
CHANGES = {"token.lifetime": 1200, "refusal.api_key.code": "another", "token.scope_named": False}


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# ours\n",
        "[assumptions]\n",
        "[assumptions]\n# why\ntoken.lifetime = 60  # seconds\n",
        '[assumptions]\n"token.lifetime" = 60\n',
        "[assumptions.token]\nlifetime = 60\n[assumptions.refusal.api_key]\nstatus = 403\n",
        "token.lifetime = 60\npath.token = '/x'\n",
        "[token]\nlifetime = 60\n",
        "[token]\n[refusal]\napi_key.status = 403\n",
        f"[assumptions]\ngateway.order = [\n  {ORDER}\n]\n",
    ],
)
def test_rows_are_merged(before: str, tmp_path: Path) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text(before)
    known = read_file(path) if before.strip("# ours\n") else {}

    merge_into(path, CHANGES)

    assert read_file(path) == known | CHANGES
    for line in before.splitlines():
        if "lifetime" not in line:
            assert line in path.read_text()


def test_a_comment_behind_a_value_stays(tmp_path: Path) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text("[assumptions]\ntoken.lifetime = 60  # seconds\n")

    merge_into(path, {"token.lifetime": 90})

    assert path.read_text() == "[assumptions]\ntoken.lifetime = 90  # seconds\n"


def test_other_settings_stay(tmp_path: Path) -> None:
    path = tmp_path / "mock-sei.toml"
    path.write_text('# our server\nseed = 5\n\n[[faults]]\noperation = "*"\nstatus = 500\n')

    merge_into(path, CHANGES)

    text = path.read_text()
    assert text.startswith('# our server\nseed = 5\n\n[[faults]]\noperation = "*"\nstatus = 500\n')
    assert "[assumptions]\n" in text


def test_a_new_file_has_the_table(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    changes = {
        "refusal.certificate_name.reason": None,
        "refusal.api_key.message": 'a "b" \\ c',
        "token.extra_members": {"status": "approved", "n": 1},
        "gateway.order": ["token", "AppKey", "scope", "certificate name"],
    }

    merge_into(path, changes)

    assert path.read_text().startswith("[assumptions]\n")
    assert read_file(path) == changes


@pytest.mark.parametrize(
    "before",
    [
        "[assumptions\n",
        "assumptions = 7\n",
        "[assumptions]\ntoken = { lifetime = 60 }\n",
        '[assumptions]\ntoken.type = """\ntoken.lifetime = 1\n"""\n',
    ],
)
def test_a_file_that_cannot_be_merged_stays_as_it_is(before: str, tmp_path: Path) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text(before)

    with pytest.raises(ConfigurationError, match=r"assumptions\.toml"):
        merge_into(path, CHANGES)

    assert path.read_text() == before
    assert [each.name for each in tmp_path.iterdir()] == ["assumptions.toml"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        merge_into(tmp_path / "nowhere" / "a.toml", CHANGES)
