"""Each command that the doctor prints for a file works unchanged and repairs the file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mock_sei.doctor.findings import Finding
from mock_sei.doctor.setup import Options, read_setup
from tests.doctor.shapes import BOTH, CA, CERTIFICATE, KEY, Shape
from tests.e2e.reading import Placed, place
from tests.e2e.serving import THOROUGH, environment
from tests.e2e.test_doctor_shapes import examined, problems
from tests.patience import PATIENCE

PROGRAMS = (
    *("openssl", "perl", "iconv", "base64", "ssh-keygen", "keytool", "puttygen", "gunzip", "awk"),
    *("sed", "tr", "grep", "cp", "chmod"),
)
"""The beginnings of lines that are commands; other lines are for people."""
STARTS = tuple(f"{each} " for each in PROGRAMS)


def for_people(finding: Finding) -> list[str]:
    """The lines of a cure that are no commands."""
    lines = (finding.cure or "").splitlines()
    return [each for each in lines if not each.startswith(STARTS)]


def commands_of(finding: Finding) -> list[str]:
    lines = (finding.cure or "").splitlines()
    return [each for each in lines if each.startswith(STARTS)]


def paste(commands: Iterable[str], folder: Path, typed: str) -> str:
    """The problem when a user runs the commands and types a passphrase at each prompt."""
    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=environment(),
            input=f"{typed}\n" * 4,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # without a terminal a prompt is read from the input
            timeout=PATIENCE,
        )
        if done.returncode:
            return f"{command}: {done.stderr.strip()[-300:]}"
    return ""


@dataclass(frozen=True)
class Tried:
    """A shape whose cure was pasted."""

    shape: Shape
    commands: list[str]
    wrong: str


def cures(each: Placed) -> list[Finding]:
    setup = read_setup("https://localhost:1", Options(**each.options), environ={})
    return [finding for finding in examined(setup) if finding.cure]


def tried(each: Placed, found: Sequence[Finding]) -> Tried | None:
    """None where no command was printed."""
    shape = each.shape
    inside = [line for finding in found for line in for_people(finding) if "openssl " in line]
    if inside:
        return Tried(shape, inside, "a command stands within a sentence")
    found = [finding for finding in found if commands_of(finding)]
    if not found:
        return None
    folder = each.file.parent / "pasted"
    folder.mkdir()
    pasted = found if shape.role == BOTH else found[:1]
    commands = [command for finding in pasted for command in commands_of(finding)]
    wrong = paste(commands, folder, shape.typed)
    return Tried(shape, commands, wrong or still_wrong(each, folder))


def still_wrong(each: Placed, folder: Path) -> str:
    """The doctor's findings about the files that the commands wrote."""
    shape = each.shape
    written = {
        CERTIFICATE: folder / "certificate.crt",
        KEY: folder / "privatekey.key",
        CA: folder / "ca.pem",
        BOTH: folder / "certificate.crt",
    }[shape.role]
    if not written.exists():
        # What is right already and readable by others, or the other of two files
        names = [each.name for each in folder.iterdir()]
        return f"no {written.name} among {names}" if names else ""
    given = dict(each.options)
    given["passphrase"] = shape.typed
    given[{CERTIFICATE: "cert", KEY: "key", CA: "cacert", BOTH: "cert"}[shape.role]] = written
    if shape.role == BOTH and b"PRIVATE KEY" not in written.read_bytes():
        given["key"] = each.file
    both = {"cert": folder / "certificate.crt", "key": folder / "privatekey.key"}
    if all(each.exists() for each in both.values()):
        given |= both
    setup = read_setup("https://localhost:1", Options(**given), environ={})
    found = problems(examined(setup))
    return f"afterwards: {found}" if found else ""


def run(placed: Sequence[Placed]) -> list[Tried]:
    """Of shapes that have the same role and cure the first only, unless all are wanted."""
    found = [cures(each) for each in placed]
    chosen = {
        index if THOROUGH else told(each, cured): (each, cured)
        for index, (each, cured) in reversed(list(enumerate(zip(placed, found, strict=True))))
    }
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [each for each in pool.map(tried, *zip(*chosen.values(), strict=True)) if each]


def told(each: Placed, found: Sequence[Finding]) -> tuple[str, ...]:
    """The cures without the name of the shape's folder."""
    return tuple((finding.cure or "").replace(str(each.file.parent), "") for finding in found)


@pytest.mark.needs("openssl", "ssh-keygen", "iconv", "base64", "keytool", "perl")
def test_every_printed_command_cures_the_file_that_made_it_print(
    shapes: tuple[Shape, ...], tmp_path: Path
) -> None:
    done = run(place([each for each in shapes if each.name != "PuTTY"], tmp_path))
    wrong = "\n".join(f"{each.shape.slug}: {each.wrong}" for each in done if each.wrong)
    assert wrong == ""
    used = {command.split()[0] for each in done for command in each.commands}
    assert used == set(PROGRAMS) - {"puttygen"}


@pytest.mark.needs("puttygen")
def test_a_key_of_putty_is_cured_by_its_command(shapes: tuple[Shape, ...], tmp_path: Path) -> None:
    done = run(place([each for each in shapes if each.name == "PuTTY"], tmp_path))
    assert [(each.wrong, each.commands[0].split()[0]) for each in done] == [("", "puttygen")]


def test_no_command_writes_over_a_file_that_was_given(
    shapes: tuple[Shape, ...], tmp_path: Path
) -> None:
    (shape,) = (each for each in shapes if (each.name, each.role) == ("PKCS12", CERTIFICATE))
    pfx, key = tmp_path / "certificate.crt", tmp_path / "privatekey.key"
    for path, content in ((pfx, shape.content), (key, shape.partner)):
        path.touch(mode=0o600)
        path.write_bytes(content)
    setup = read_setup("https://localhost:1", Options(cert=pfx, key=key), environ={})
    commands = commands_of(examined(setup)[0])
    if shutil.which("openssl"):
        assert paste(commands, tmp_path, shape.typed) == ""
        assert (tmp_path / "new-certificate.crt").exists()
    assert [pfx.read_bytes(), key.read_bytes()] == [shape.content, shape.partner]
    assert not [each for each in commands if each.endswith((" certificate.crt", " privatekey.key"))]
