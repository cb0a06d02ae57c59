"""The command line before a command runs. The commands themselves are tested under e2e."""

from __future__ import annotations

import gc
import re

import pytest
from click.testing import CliRunner

from mock_sei import cli
from mock_sei.commands.collector import kept
from mock_sei.settings import Settings
from tests.cases import every_case


def test_the_garbage_collector_pauses_for_a_start_and_comes_back() -> None:
    with kept():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_garbage_collector_comes_back_after_a_start_that_failed() -> None:
    with pytest.raises(LookupError), kept():
        raise LookupError
    assert gc.isenabled()


def helped() -> str:
    """The help text of ``serve`` with each option and its sentence on one line."""
    shown = CliRunner().invoke(cli.main, ["serve", "--help"], terminal_width=1000)
    assert shown.exit_code == 0
    return re.sub(r"\n {10,}", " ", shown.output)


@every_case(
    ("option", "values"),
    [
        ("environment", "build|sandbox|test|production"),
        ("dialect", "sei|rfc"),
        ("approval", "auto|manual"),
        ("concurrent-sessions", "allow|refuse"),
        ("log-format", "text|json"),
    ],
)
def test_the_help_of_serve_names_the_values_of_a_choice(option: str, values: str) -> None:
    assert f"--{option} [{values}]" in helped()


def test_the_help_of_serve_says_what_kind_of_value_the_others_take() -> None:
    text = helped()
    for option in ("--control-port NUMBER", "--seed NUMBER", "--certs-dir PATH", "--host TEXT"):
        assert option in text


def test_no_value_of_a_choice_gets_a_capital_from_the_help() -> None:
    for name, field in Settings.model_fields.items():
        first = (field.description or "").split()[0].strip(",()")
        assert first not in cli._choices_of(field.annotation), name  # noqa: SLF001
    assert "As the vendor documents (sei), or as the RFCs say (rfc)" in helped()
