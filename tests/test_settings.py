"""Settings by option, variable and file: which one takes precedence, and the message about a bad
one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.rules.records import Environment
from mock_sei.settings import (
    ASSUMPTIONS,
    FILE_ONLY,
    Behaviour,
    Settings,
    load_settings,
    make_settings,
)
from tests.cases import every_case

pytestmark = pytest.mark.long

OTHER_VALUES: dict[str, tuple[Any, Any]] = {
    # as a file has it, as the server reads it; every one differs from the default
    "host": ("127.0.0.2", "127.0.0.2"),
    "two_way_host": ("::1", "::1"),
    "control_host": ("127.0.0.3", "127.0.0.3"),
    "one_way_port": (9443, 9443),
    "two_way_port": (9444, 9444),
    "control_port": (0, 0),
    "certs_dir": ("elsewhere", Path("elsewhere")),
    "fixtures": ("own-fixtures", Path("own-fixtures")),
    "apis": ("own-apis", Path("own-apis")),
    "recordings": ("recorded", Path("recorded")),
    "recordings_only": (True, True),
    "hostname": (["sei.example", "*.sei.example"], ("sei.example", "*.sei.example")),
    "public_url": ("https://sei.example:8443", "https://sei.example:8443"),
    "public_two_way_url": ("https://mtls.sei.example/", "https://mtls.sei.example"),
    "trusted_proxy": (["10.0.0.9", "fd00::/8"], ("10.0.0.9", "fd00::/8")),
    "environment": ("build", Environment.BUILD),
    "dialect": ("rfc", "rfc"),
    "seed": (42, 42),
    "approval": ("manual", "manual"),
    "concurrent_sessions": ("refuse", "refuse"),
    "auto_login": (True, True),
    "portal_controls": (True, True),
    "certificate_link_days": (1, 1),
    "renewal_notices": ([60, 14], (60, 14)),
    "ready_file": ("ready.json", Path("ready.json")),
    "log_format": ("json", "json"),
    "journal_size": (5, 5),
    "time_zone": ("EST", "EST"),
    "state": ("sqlite:platform.db", "sqlite:platform.db"),
    "replace_state": ("true", True),
    "workers": (2, 2),
    "upload_limit_mib": (1, 1),
    "assumptions": ("assumptions.toml", {"token.lifetime": 60}),
}


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder without a settings file, so that none of this machine is read."""
    monkeypatch.chdir(tmp_path)
    write_file("token.lifetime = 60\n", "assumptions.toml")


def load(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    return load_settings(options or {}, environ=environ or {})


def write_file(text: str, name: str = "mock-sei.toml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def complaint(
    options: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(options, environ)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def variable(name: str) -> str:
    return f"MOCK_SEI_{name.upper()}"


def as_text(value: object) -> str:
    """A setting as an environment variable has it."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_option(value: object) -> object:
    """A setting as the command line passes it on: text, unless it is repeatable or a switch."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return value if isinstance(value, bool) else str(value)


def test_the_defaults_are_the_documented_ones() -> None:
    settings = load()

    assert (settings.host, settings.two_way_host) == ("127.0.0.1", None)
    assert (settings.one_way_port, settings.two_way_port) == (None, None)
    assert (settings.control_host, settings.control_port) == ("127.0.0.1", 8044)
    assert settings.certs_dir == Path("certs")
    assert settings.hostname == ()
    assert settings.behaviour == Behaviour(
        dialect="sei",
        environment=Environment.TEST,
        auto_login=False,
        seed=None,
        approval="auto",
        concurrent_sessions="allow",
    )
    assert settings.log_format == "text"


def test_this_file_tries_every_setting() -> None:
    defaults = load()

    assert set(OTHER_VALUES) == set(Settings.model_fields) - FILE_ONLY
    for name, (_, value) in OTHER_VALUES.items():
        assert getattr(defaults, name) != value


@pytest.mark.slow
@every_case("name", OTHER_VALUES)
def test_every_setting_is_reached_by_option_variable_file_and_keyword(name: str) -> None:
    written, value = OTHER_VALUES[name]

    assert getattr(load({name: as_option(written)}), name) == value
    assert getattr(load(environ={variable(name): as_text(written)}), name) == value
    write_file(f"{name} = {json.dumps(written)}")
    assert getattr(load(), name) == value
    assert getattr(make_settings(**{name: written}), name) == value


@pytest.mark.parametrize("name", [each.name for each in fields(Behaviour)])
def test_what_a_reset_can_change_is_taken_from_the_settings(name: str) -> None:
    written, value = OTHER_VALUES[name]
    written = value if name == ASSUMPTIONS else written

    assert getattr(make_settings(**{name: written}).behaviour, name) == value


def test_option_wins_over_variable_over_file_over_default() -> None:
    environ = {"MOCK_SEI_CONTROL_PORT": "2"}
    assert load().control_port == 8044

    write_file("control_port = 1")
    assert load().control_port == 1
    assert load(environ=environ).control_port == 2
    assert load({"control_port": "3"}, environ).control_port == 3


def test_a_list_of_a_stronger_source_takes_the_place_of_the_weaker_ones() -> None:
    write_file('hostname = ["file.example", "both.example"]')

    assert load(environ={"MOCK_SEI_HOSTNAME": "own.example"}).hostname == ("own.example",)
    assert load({"hostname": ("a.example",)}).hostname == ("a.example",)


def test_a_bad_value_is_no_matter_where_a_stronger_source_has_a_good_one() -> None:
    write_file('seed = "x"')

    assert load({"seed": "7"}, {"MOCK_SEI_SEED": "y"}).seed == 7


def test_the_machines_environment_is_read_where_none_is_handed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOCK_SEI_SEED", "7")
    monkeypatch.setenv("MOCK_SEI_HOST", "")

    settings = load_settings({})
    assert settings.seed == 7
    assert settings.host == "127.0.0.1"


def test_keywords_are_the_only_source_of_a_fixtures_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_file("seed = 1")
    monkeypatch.setenv("MOCK_SEI_SEED", "2")

    assert make_settings().seed is None


@pytest.mark.parametrize(
    "environ",
    [
        {"MOCK_SEI_PORT": "tcp://10.0.0.1:443"},
        {"MOCK_SEI_PORT_443_TCP_ADDR": "10.0.0.1", "MOCK_SEI_SERVICE_HOST": "10.0.0.1"},
        {"MOCK_SEI_CONTROL_URL": "http://127.0.0.1:8044", "MOCK_SEI_URL": "http://x"},
        {"MOCK_SEI_HOST": "", "MOCK_SEI_SEED": ""},
        {"HOST": "not an address", "SEED": "x"},
    ],
)
def test_variables_that_are_no_settings_are_ignored(environ: dict[str, str]) -> None:
    """Orchestrators set the first two for a service with our name."""
    assert load(environ=environ).model_dump() == load().model_dump()


BAD_VALUES: list[tuple[str, Any, str]] = [
    ("host", "localghost", "not an IP address to listen on"),
    ("control_host", "http://127.0.0.1", "not an IP address to listen on"),
    ("one_way_port", 65536, "less than or equal to 65535"),
    ("two_way_port", -1, "greater than or equal to 0"),
    ("control_port", "https", "valid integer"),
    ("hostname", ["m\xfcnchen.example"], "not a host name"),
    ("hostname", ["https://sei.example"], "not a host name"),
    ("hostname", ["good.example", "x" * 64 + ".example"], "not a host name"),
    ("public_url", "http://sei.example", "not an https:// address"),
    ("public_url", "https://sei.example/path", "not an https:// address"),
    ("public_url", "https://sei.example:port", "Port could not be cast"),
    ("public_two_way_url", "https://", "not an https:// address"),
    ("environment", "live", "'build', 'sandbox', 'test' or 'production'"),
    ("dialect", "oauth", "'sei' or 'rfc'"),
    ("seed", "x", "valid integer"),
    ("approval", "never", "'auto' or 'manual'"),
    ("concurrent_sessions", "deny", "'allow' or 'refuse'"),
    ("auto_login", "perhaps", "valid boolean"),
    ("log_format", "xml", "'text' or 'json'"),
    ("time_zone", "Europe/Berlin", "'America/New_York' or 'EST'"),
    ("time_zone", "est", "'America/New_York' or 'EST'"),
    ("journal_size", 0, "greater than or equal to 1"),
    ("workers", 0, "greater than or equal to 1"),
    ("workers", 65, "less than or equal to 64"),
    ("upload_limit_mib", 0, "greater than or equal to 1"),
    ("upload_limit_mib", 2049, "less than or equal to 2048"),
]


@pytest.mark.slow
@every_case(("name", "value", "problem"), BAD_VALUES)
def test_a_bad_value_is_told_by_its_source_and_itself(name: str, value: Any, problem: str) -> None:
    bad = value[-1] if isinstance(value, list) else value
    path = write_file("")

    by_option = complaint({name: as_option(value)})
    by_variable = complaint(environ={variable(name): as_text(value)})
    path.write_text(f"{name} = {json.dumps(value)}")
    by_file = complaint()
    with pytest.raises(ConfigurationError) as caught:
        make_settings(**{name: value})

    assert by_option.startswith(f"--{name.replace('_', '-')}: {str(bad)!r}: ")
    assert by_variable.startswith(f"{variable(name)}: {str(bad)!r}: ")
    assert by_file.startswith(f"{path}: {name}")
    assert str(caught.value).startswith(f"MockSei: {name}")
    for line in (by_option, by_variable, by_file, str(caught.value)):
        assert repr(bad).strip("'") in line
        assert problem.lower() in line.lower()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "0.0.0.0"),  # noqa: S104  # read, not bound
        ("0:0::1", "::1"),
    ],
)
def test_addresses_are_read_in_their_shortest_form(written: str, read: str) -> None:
    assert make_settings(host=written).host == read


def test_addresses_in_the_certificate_are_kept_in_their_shortest_form() -> None:
    """Otherwise they would seem missing at each start, and the certificate would be issued
    again."""
    assert make_settings(hostname=("0:0:0::1", "a.example")).hostname == ("::1", "a.example")


def test_several_names_of_a_variable_are_parted_by_commas() -> None:
    settings = load(environ={"MOCK_SEI_HOSTNAME": "a.example, b.example,"})

    assert settings.hostname == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("colour = 1", "mock-sei.toml: colour: unknown key"),
        (
            "two-way-port = 1",
            "mock-sei.toml: two-way-port: unknown key; did you mean two_way_port?",
        ),
        ("[serve]\nseed = 1", "mock-sei.toml: serve: unknown key"),
        ("seed = ", "mock-sei.toml: not valid TOML: "),
    ],
)
def test_a_bad_file_is_told_by_file_and_key(text: str, line: str) -> None:
    write_file(text)

    assert complaint().startswith(line)


def test_a_file_that_is_not_text_is_named() -> None:
    Path("mock-sei.toml").write_bytes(b'host = "\xff"')

    assert complaint().startswith("mock-sei.toml: ")


def test_a_folder_in_the_place_of_the_file_is_named() -> None:
    Path("mock-sei.toml").mkdir()

    assert complaint().startswith("mock-sei.toml: ")


def test_a_file_that_is_asked_for_must_be_there() -> None:
    own = write_file("seed = 9", "own.toml")
    write_file("seed = 1")

    assert load_settings({}, file=own, environ={}).seed == 9
    with pytest.raises(ConfigurationError, match=r"none\.toml: no such file"):
        load_settings({}, file=Path("none.toml"), environ={})


def test_an_unknown_keyword_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"MockSei: dialct: .*did you mean dialect"):
        make_settings(dialct="rfc")


def test_a_reset_changes_behaviour_and_leaves_the_original() -> None:
    original = Behaviour(seed=1)
    changed = original.with_changes({"dialect": "rfc", "environment": "build"}, source="reset")

    assert changed == Behaviour(seed=1, dialect="rfc", environment=Environment.BUILD)
    assert original == Behaviour(seed=1)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"host": "127.0.0.1"}, "reset: host: a reset cannot change it; it can change dialect, "),
        ({"dialct": "rfc"}, "reset: dialct: unknown key; did you mean dialect?"),
        ({"dialect": "oauth"}, "reset: dialect = 'oauth': input should be 'sei' or 'rfc'"),
        ({"seed": "x"}, "reset: seed = 'x': "),
    ],
)
def test_a_reset_refuses_the_rest_by_name(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Behaviour().with_changes(changes, source="reset")

    assert str(caught.value).startswith(line)


def test_every_setting_says_what_it_means() -> None:
    """The descriptions are shown as the command line's help."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
