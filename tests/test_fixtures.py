"""The fixtures folder: which file comes from where, and the message about a bad file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import (
    Fixtures,
    RecordFiles,
    bundled_folder,
    key_path,
    load_fixtures,
    read_platform_file,
)
from mock_sei.rules.standards import STANDARDS

SECRET = "hunter2-hunter2"

GOOD = f"""
[[applications]]
name = "one"
type = "server-server"
actor = "server"
app_key = "one-key"
app_secret = "{SECRET}"
service_account = "svc-one"

[[applications]]
name = "two"
type = "native"
actor = "end-user"
app_key = "two-key"

[[service_accounts]]
username = "svc-one"
password = "{SECRET}"

[[end_users]]
email = "alice@example.com"
password = "{SECRET}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's fixtures folder with a good ``platform.toml``."""
    (tmp_path / "apis").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "platform.toml").write_text(GOOD)
    return tmp_path


def complaint(folder: Path) -> str:
    """The single line about a bad folder. It never contains a secret."""
    with pytest.raises(ConfigurationError) as caught:
        load_fixtures(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert SECRET not in line
    return line


# The bundled fixtures


def test_the_bundled_demo_has_an_application_for_each_row_of_the_standards() -> None:
    applications = load_fixtures().registry.applications.values()

    assert {id(each.standard) for each in applications} == {id(row) for row in STANDARDS}


def test_the_demo_identities_are_the_documented_ones() -> None:
    registry = load_fixtures().registry

    assert {
        each.name: (each.app_key, each.app_secret, each.service_account, each.redirect_addresses)
        for each in registry.applications.values()
    } == {
        "demo-server": ("demo-server-key", "demo-server-secret", "svc-demo", ()),
        "demo-web": (
            "demo-web-key",
            "demo-web-secret",
            "svc-web",
            ("https://localhost:9443/callback",),
        ),
        "demo-internal": ("demo-internal-key", "demo-internal-secret", "svc-internal", ()),
        "demo-spa": ("demo-spa-key", None, None, ("http://localhost:8000/callback",)),
        "demo-native": (
            "demo-native-key",
            None,
            None,
            ("http://127.0.0.1/callback", "com.example.demo:/callback"),
        ),
        "demo-limited": ("demo-limited-key", "demo-limited-secret", "svc-limited", ()),
    }
    assert {each.username: each.password for each in registry.service_accounts.values()} == {
        f"svc-{name}": f"svc-{name}-password" for name in ("demo", "web", "internal", "limited")
    }
    assert {each.email: each.password for each in registry.end_users.values()} == {
        "alice@example.com": "alice-password",
        "bob@example.com": "bob-password",
    }


def test_all_demo_applications_but_one_have_every_grant() -> None:
    registry = load_fixtures().registry
    limited = registry.find_application("demo-limited")
    assert limited is not None

    assert limited.products == ("sma-trade-orders",)
    assert [str(each) for each in limited.environments] == ["build"]
    for each in registry.applications.values():
        assert each.approved
        assert not each.source_addresses
        if each is not limited:
            assert each.products == ("*",)
            assert len(each.environments) == 4


def test_bundled_documents_and_records_are_read() -> None:
    fixtures = load_fixtures()

    assert "trade-tickets" in fixtures.collections
    assert fixtures.collections["trade-tickets"]
    assert "sma-trade-orders" in {each.product for each in fixtures.documents}


def test_bundled_records_are_read_when_asked_for_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Path] = []

    def noted(path: Path) -> str:
        read.append(path)
        return path.read_text(encoding="utf-8")

    monkeypatch.setattr("mock_sei.fixtures.read_text", noted)
    data = bundled_folder() / "data"
    records = RecordFiles(sorted(data.glob("*.json")))
    assert "investors" in records
    assert read == []
    assert records["investors"] is records["investors"]
    assert read == [data / "investors.json"]


# A user's own fixtures


def content_of(fixtures: Fixtures, name: str) -> Mapping[str, Any]:
    return next(each.content for each in fixtures.documents if each.source.name == name)


def test_a_folder_of_ones_own_takes_the_place_of_what_it_has(folder: Path) -> None:
    (folder / "apis" / "sma-trade-orders.yaml").write_text("openapi: 3.1.0\n")
    (folder / "apis" / "own.yaml").write_text("openapi: 3.1.0\n")
    (folder / "data" / "own.json").write_text('[{"id": 1}]')
    bundled, own = load_fixtures(), load_fixtures(folder)

    assert list(own.registry.applications) == ["one-key", "two-key"]
    assert {each.source.name for each in own.documents} == {
        "own.yaml",
        *(each.source.name for each in bundled.documents),
    }
    assert content_of(own, "sma-trade-orders.yaml") == {"openapi": "3.1.0"}
    assert own.collections["own"] == ({"id": 1},)
    assert own.collections["trade-tickets"] == bundled.collections["trade-tickets"]


def test_an_empty_folder_is_the_bundled_one(tmp_path: Path) -> None:
    assert list(load_fixtures(tmp_path).registry.applications) == list(
        load_fixtures().registry.applications
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("2024-02-30", "2024-02-30"),
        ("12:30", "12:30"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("1_000", "1_000"),
        ("1.5e3", 1500.0),
        ("-.inf", "-.inf"),  # JSON cannot express this number
        (".nan", ".nan"),
        ("1e400", 10**400),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ("<<", "<<"),
    ],
)
def test_plain_words_of_a_document_are_read_as_yaml_1_2(
    folder: Path, written: str, read: object
) -> None:
    """YAML 1.1 would make ``NO`` false and a date an object."""
    (folder / "apis" / "own.yaml").write_text(f"value: {written}\n")

    value = content_of(load_fixtures(folder), "own.yaml")["value"]
    assert value == read
    assert type(value) is type(read)


# Bad fixtures


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: no such folder"


BAD_PLATFORM_FILES: list[tuple[str, str, str]] = [
    # The text to replace, its replacement, and what the message says after the file's name
    ('actor = "server"', 'actor = "server"\ncolour = 1', "applications[0].colour: unknown key"),
    (
        "app_secret =",
        "app_secrett =",
        "applications[0].app_secrett: unknown key; did you mean app_secret?",
    ),
    ("[[end_users]]", "[[end_user]]", "end_user: unknown key; did you mean end_users?"),
    ('"two-key"', '"one-key"', "applications[1].app_key = 'one-key': one already has it"),
    ('name = "two"', 'name = "one"', "applications[1].name = 'one': two applications have this"),
    (
        "[[end_users]]",
        f'[[service_accounts]]\nusername = "svc-stray"\npassword = "{SECRET}"\n[[end_users]]',
        "service_accounts[1].username = 'svc-stray': no application has this service account",
    ),
    (
        'service_account = "svc-one"',
        'service_account = "svc-none"',
        "applications[0].service_account = 'svc-none': no such entry in service_accounts",
    ),
    ('service_account = "svc-one"', "", "applications[0].service_account: missing"),
    ('app_key = "two-key"', "", "applications[1].app_key: "),
    ('"server-server"', '"desktop"', "applications[0].type = 'desktop': input should be "),
    ('"server-server"', '"native"', "applications[0].owner = 'anyone': no row of the security"),
    (
        'app_key = "two-key"',
        'app_key = "two-key"\nenvironments = ["build", "live"]',
        "applications[1].environments[1] = 'live': input should be ",
    ),
    (
        'app_key = "two-key"',
        'app_key = "two-key"\napproved = "perhaps"',
        "applications[1].approved = 'perhaps': input should be a valid boolean",
    ),
    ('app_key = "two-key"', "app_key = 7", "applications[1].app_key = 7: input should be"),
    (
        'app_key = "two-key"',
        f'app_key = "two-key"\napp_secret = "{SECRET}"',
        "applications[1].app_secret: a native application cannot keep a secret",
    ),
    (
        'app_key = "two-key"',
        'app_key = "two-key"\nsource_addresses = ["10.0.0.999"]',
        "applications[1].source_addresses[0] = '10.0.0.999': not an address or network",
    ),
    (
        '"svc-one"\npass',
        '"../one"\npass',
        "service_accounts[0].username = '../one': not an account",
    ),
    (
        f'password = "{SECRET}"\n\n[[end',
        'password = ["x"]\n\n[[end',
        "service_accounts[0].password: input should be a valid string",
    ),
]


@pytest.mark.parametrize(("good", "bad", "line"), BAD_PLATFORM_FILES)
def test_a_bad_platform_file_is_told_by_file_key_and_value(
    folder: Path, good: str, bad: str, line: str
) -> None:
    file = folder / "platform.toml"
    assert good in GOOD
    file.write_text(GOOD.replace(good, bad, 1))

    assert complaint(folder).startswith(f"{file}: {line}")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f'[service_accounts]\nusername = "x"\npassword = "{SECRET}"', id="one table"),
        pytest.param(f'[[end_users]]\nemail = "x"\npassword = {{ a = "{SECRET}" }}', id="nested"),
        pytest.param(f'[[end_users]]\nemail = "x"\npassword = ["{SECRET}"]', id="list"),
        pytest.param(f'[[end_users]]\nemail = "x"\npassword = "{SECRET}', id="not closed"),
        pytest.param(f'[[end_users]]\nemail = "x"\npassword = {SECRET}', id="not quoted"),
        pytest.param(f'[[end_users]]\nemail = "x"\npasswrd = "{SECRET}"', id="misspelt"),
        pytest.param(f'[[end_users]]\npassword = "{SECRET}"', id="without address"),
    ],
)
def test_no_mistake_prints_a_secret(folder: Path, content: str) -> None:
    (folder / "platform.toml").write_text(content)

    assert complaint(folder).startswith(str(folder / "platform.toml"))


def test_a_number_for_a_password_is_not_repeated(folder: Path) -> None:
    file = folder / "platform.toml"
    file.write_text(GOOD.replace(f'password = "{SECRET}"', "password = 8151", 1))

    line = complaint(folder)
    assert line.startswith(f"{file}: service_accounts[0].password = '***': ")
    assert "8151" not in line


BROKEN: list[tuple[str, bytes, str]] = [
    ("platform.toml", b"[[applications]\n", "not valid TOML: .*line 1"),
    ("platform.toml", b'name = "\xff"', "not UTF-8 text: invalid start byte"),
    ("apis/own.yaml", b"a: [1, 2", "not valid YAML: .*line 1"),
    ("apis/own.yaml", b"a: !!python/object/apply:os.getcwd []", "not valid YAML: the tag .*line 1"),
    ("apis/own.yaml", b"- a list", "not an OpenAPI document"),
    ("apis/own.yaml", b"", "not an OpenAPI document"),
    ("apis/own.yaml", b"a: \xff", "not UTF-8 text"),
    ("data/own.json", b'[{"id": 1}', "not valid JSON: .*line 1"),
    ("data/own.json", b'{"id": 1}', "not a list of records"),
    ("data/own.json", b"[1]", "not a list of records"),
    ("data/own.json", b'["\xff"]', "not UTF-8 text"),
]


@pytest.mark.parametrize(("name", "content", "problem"), BROKEN)
def test_a_file_that_cannot_be_read_is_named(
    folder: Path, name: str, content: bytes, problem: str
) -> None:
    (folder / name).write_bytes(content)

    assert re.match(rf"{re.escape(str(folder / name))}: {problem}", complaint(folder))


def test_all_files_that_cannot_be_read_are_named_at_once(folder: Path) -> None:
    names = ["platform.toml", "apis/one.yaml", "apis/two.yaml", "data/one.json", "data/two.json"]
    for name in names:
        (folder / name).write_bytes(b"[[")

    line = complaint(folder)

    assert [line.count(str(folder / name)) for name in names] == [1] * 5
    assert "further faults: " in line


@pytest.mark.parametrize("name", ["platform.toml", "apis/own.yaml", "data/own.json"])
def test_a_folder_in_the_place_of_a_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    (folder / name).mkdir()

    assert complaint(folder).startswith(f"{folder / name}: ")


def test_a_good_file_is_read(folder: Path) -> None:
    """The counterpart of the bad files: it shows that the changes cause the refusals."""
    registry = read_platform_file(folder / "platform.toml")

    assert set(registry.secrets) == {SECRET}


@pytest.mark.parametrize(
    ("place", "written"),
    [
        (("applications", 1, "app_key"), "applications[1].app_key"),
        (("end_users",), "end_users"),
        ((), ""),
    ],
)
def test_a_place_is_written_as_a_path(place: tuple[Any, ...], written: str) -> None:
    assert key_path(place) == written
