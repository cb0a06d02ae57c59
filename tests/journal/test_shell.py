"""Words for a shell: real shells read them back as the text that they were made of."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.journal.shell import Variable, shell_word
from tests.patience import PATIENCE

SHELLS = [each for each in ("bash", "dash", "sh") if shutil.which(each)]
SHOW = r'import os, sys; os.write(1, b"\0".join(map(os.fsencode, sys.argv[1:])))'
HOSTILE = [
    "",
    "plain",
    "it's",
    '"double"',
    "$(touch owned) `touch owned` ${HOME} $HOME",
    "two\nlines\n",
    "\ttab\r\x1b[31m\x7f",
    "back\\slash\\n %s %d",
    "!! !event",
    "é \u202e right to left \U0001f600",
    "-n",
    "*?[a]~ {a,b} ; & | < > ( ) # =",
    "'",
    "''",
]


def read_back(words: list[str], shell: str) -> list[bytes]:
    """The arguments that a command gets from a shell."""
    show = f"{sys.executable} -c {shlex.quote(SHOW)}"
    script = f"TOKEN='a secret; $x'\n{show} {' '.join(words)}\n"
    done = subprocess.run(
        [shell], input=script.encode(), capture_output=True, check=True, timeout=PATIENCE
    )
    assert done.stderr == b""
    return done.stdout.split(b"\0")


@pytest.mark.parametrize("shell", SHELLS)
def test_any_text_arrives_as_it_is(shell: str) -> None:
    words = [shell_word([each]) for each in HOSTILE]
    assert read_back(words, shell) == [each.encode() for each in HOSTILE]


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_a_variable_expands_and_the_text_around_it_does_not(shell: str) -> None:
    token = Variable("TOKEN")
    words = [shell_word([before, token, after]) for before in HOSTILE for after in HOSTILE]
    expected = [f"{before}a secret; $x{after}" for before in HOSTILE for after in HOSTILE]
    assert read_back(words, shell) == [each.encode() for each in expected]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_header_keeps_its_bytes(shell: str) -> None:
    every = "".join(chr(number) for number in range(1, 256) if number != 10)
    word = shell_word([every], encoding="latin-1")

    assert word.isascii()
    assert read_back([word], shell) == [every.encode("latin-1")]


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=5)
)
def test_a_word_has_no_character_that_a_terminal_obeys(texts: list[str]) -> None:
    word = shell_word([part for each in texts for part in (each, Variable("TOKEN"))])
    assert all(each.isprintable() or each == "\n" for each in word)


def test_a_simple_text_with_a_variable_is_one_word_between_double_quotes() -> None:
    assert shell_word(["Bearer ", Variable("TOKEN")]) == '"Bearer $TOKEN"'
    assert shell_word([Variable("TOKEN"), "x"]) == '"${TOKEN}x"'
    assert shell_word(["https://localhost/v1/a"]) == "https://localhost/v1/a"


def test_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        shell_word(["a\0b"])
