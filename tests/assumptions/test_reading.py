"""Reads assumptions of files, Python and JSON, and says in one line what is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.assumptions.reading import (
    LARGEST_FILE,
    merged,
    read_assumptions,
    read_file,
    require_consistent,
)
from mock_sei.assumptions.table import ROWS
from mock_sei.assumptions.writing import as_json, as_text, as_toml, lines_of, toml_value
from mock_sei.errors import ConfigurationError
from tests.assumptions.looking import SIGHTS
from tests.assumptions.test_refusals import other_of
from tests.cases import every_case

EVERY_OTHER: dict[str, Any] = {
    name: SIGHTS[name].other if name in SIGHTS else other_of(name.split(".")[1], name.split(".")[2])
    for name in ROWS
}
"""Another value than the default for every row."""


def complaint(given: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        require_consistent(read_assumptions(given, source="mock-sei.toml"), source="mock-sei.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_dotted_and_nested_names_are_the_same() -> None:
    dotted = {"token.lifetime": 60, "refusal.api_key.status": 400}
    nested = {"token": {"lifetime": 60}, "refusal": {"api_key": {"status": 400}}}
    mixed = {"token.lifetime": 60, "refusal.api_key": {"status": 400}}

    for each in (dotted, nested, mixed):
        assert read_assumptions(each, source="x") == dotted


BAD = [
    ({"token.lifetme": 5}, "assumptions.token.lifetme = 5: no such assumption; did you mean"),
    ({"refusal": {"certificate_nam": {"status": 400}}}, "did you mean refusal.certificate_name."),
    ({"wholly-other": 5}, "assumptions.wholly-other = 5: no such assumption; `mock-sei"),
    ({"token": 5}, "assumptions.token = 5: no such assumption; did you mean"),
    ({"token": {"lifetime": {"x": 1}}}, "assumptions.token.lifetime = {'x': 1}: must be a whole"),
    ({"token.lifetime": 5, "token": {"lifetime": 6}}, "token.lifetime: it stands there twice"),
    ([], "assumptions: must be a table of names such as token.lifetime, not list"),
    ({"refusal.api_key.status": 99}, "= 99: must be a whole number, 400 to 599"),
    ({"refusal.api_key.status": "400"}, "= '400': must be a whole number, 400 to 599, not str"),
    ({"refusal.api_key.transient": 1}, "= 1: must be true or false, not int"),
    ({"refusal.api_key.message": "a\nb"}, "must be a text of one line"),
    ({"refusal.api_key.message": ""}, "must be a text of one line"),
    ({"refusal.api_key.message": "\ud800"}, "must be a text of one line"),
    ({"token.lifetime": 0}, "= 0: must be a whole number of seconds, 1 to"),
    ({"token.lifetime": True}, "= true: must be a whole number of seconds, 1 to"),
    ({"token.format": "jwe"}, "= 'jwe': must be jwt or opaque"),
    ({"token.extra_members": {"access_token": "x"}}, "access_token is a member that every answer"),
    ({"token.extra_members": {"a": [1]}}, "a must be a text, a number, true or false, not list"),
    ({"token.extra_members": {"a": float("nan")}}, "a must be a number that JSON has"),
    ({"path.token": "oauth"}, "= 'oauth': must be a path such as"),
    ({"path.token": "/a/../b"}, "must be a path such as"),
    ({"path.token": "/a?b=c"}, "must be a path such as"),
    ({"path.insight_status": "/status"}, "must be a path with one segment {key}"),
    (
        {"path.token": "/v2/oauth/revoke"},
        "path.token = '/v2/oauth/revoke': the path of path.revoke",
    ),
    ({"path.login": "/x", "path.token": "/x"}, "path.login = '/x': the path of path.token, too"),
    ({"paging.next": "previous"}, "paging.next = 'previous': the name of paging.previous, too"),
    ({"paging.cursor": "limit"}, "paging.cursor = 'limit': the name of paging.limit, too"),
    ({"paging.default": 0}, "= 0: must be a whole number, 1 to 10000"),
    ({"request.tracking_header": "Content-Type"}, "a header that has no other meaning"),
    ({"request.tracking_header": "a b"}, "must be the name of a header"),
    ({"gateway.order": ["AppKey", "token"]}, "once; scope, certificate name is missing"),
    ({"gateway.order": ["AppKey", "AppKey", "token", "scope"]}, "certificate name is missing"),
    ({"gateway.order": "AppKey"}, "must be each of AppKey, token, scope, certificate name once"),
    (
        {"gateway.order": ["scope", "token", "AppKey", "certificate name"]},
        "scope must stand after token: it is read from the token",
    ),
    ({"certificate.renewal_notices": [0]}, "must be a whole number, 1 to 730"),
]


@every_case("given,told", BAD)
def test_a_bad_name_or_value_is_one_line(given: Any, told: str) -> None:
    assert told in complaint(given)


WRONG: dict[str, Any] = {
    **{name: {"wrong": "in every row"} for name in ROWS},
    "token.extra_members": {"access_token": "x"},
}


@every_case("name", ROWS)
def test_every_row_refuses_a_wrong_value_with_its_name(name: str) -> None:
    assert f"assumptions.{name}" in complaint({name: WRONG[name]})


@every_case("name", ROWS)
def test_every_row_takes_another_value(name: str) -> None:
    read = read_assumptions({name: EVERY_OTHER[name]}, source="x")

    assert merged(read) == {name: EVERY_OTHER[name]}


def test_a_stronger_source_takes_a_change_back() -> None:
    weaker, stronger = {"token.lifetime": 60, "code.lifetime": 5}, {"token.lifetime": 3600}

    assert merged(weaker, stronger) == {"code.lifetime": 5}


def test_a_file_with_everything_changed_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "assumptions.toml"
    file.write_text("\n".join(as_toml(EVERY_OTHER, ROWS.values())), encoding="utf-8")

    assert read_file(file) == EVERY_OTHER


def test_a_file_with_nothing_changed_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "assumptions.toml"
    lines = list(as_toml({}, ROWS.values()))
    file.write_text("\n".join(lines), encoding="utf-8")
    assert read_file(file) == {}

    active = [line.removeprefix("# ") if " = " in line else line for line in lines]
    kept = [line for line in active if not line.startswith("#")]
    file.write_text("\n".join(kept), encoding="utf-8")

    assert len(read_file(file)) == len(ROWS)
    assert merged(read_file(file)) == {}


def test_the_file_says_of_each_row_what_it_changes_and_why() -> None:
    text = " ".join(line.removeprefix("# ") for line in as_toml({}, ROWS.values())).lower()

    for row in ROWS.values():
        assert row.changes.lower() in text
        assert f"{row.reason}; {row.shown_by}".lower() in text


def test_the_table_for_people_marks_what_is_changed() -> None:
    changed = {"token.lifetime": 60}

    lines = list(as_text(changed, ROWS.values()))

    assert "token.lifetime = 60  (changed; default: 3600)" in lines
    assert "token.idle_limit = 1800" in lines


def test_json_has_every_row_with_its_value() -> None:
    told = {each["name"]: each for each in as_json({"token.lifetime": 60}, ROWS.values())}

    assert told.keys() == ROWS.keys()
    assert (told["token.lifetime"]["value"], told["token.lifetime"]["changed"]) == (60, True)
    assert told["token.lifetime"]["seen_by"] == "token"
    assert told["session.lifetime"]["seen_by"] is None


def test_the_lines_to_copy_are_those_of_the_changed_rows() -> None:
    changed = {"refusal.api_key.status": 400, "token.type": "Bearer"}

    assert lines_of(changed) == ["refusal.api_key.status = 400", 'token.type = "Bearer"']


@pytest.mark.long
@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
        st.text() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15),
        max_size=5,
    )
)
def test_any_members_are_read_from_toml_as_they_were_written(members: dict[str, Any]) -> None:
    text = f"x = {toml_value(members)}"

    assert tomllib.loads(text)["x"] == members


def test_a_file_may_have_the_table_of_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[assumptions.token]\nlifetime = 60\n", encoding="utf-8")

    assert read_file(file) == {"token.lifetime": 60}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"token.lifetime = ", "not valid TOML"),
        (b"\xff", "not valid TOML"),
        (b"token.lifetime = 0", "token.lifetime = 0: must be a whole number of seconds"),
        (b"[assumptions]\ntoken.lifetme = 3", "assumptions.token.lifetme = 3: no such assumption"),
        (b"[assumptions]\n[other]\nx = 1", "other: has no place beside [assumptions]"),
        (b"#" * (LARGEST_FILE + 1), "is larger than"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        read_file(file)

    assert str(caught.value).startswith(f"{file}: ")
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read_file(tmp_path / "a.toml")
