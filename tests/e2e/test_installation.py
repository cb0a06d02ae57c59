"""What is installed into an empty environment, by wheel and editable: it works, and is typed."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mock_sei import __version__
from mock_sei.standards import standards_table
from tests.e2e.building import PATIENCE, ROOT, once, succeeds
from tests.e2e.serving import Serving, run

TYPED = """\
import mock_sei


def first_token(platform: mock_sei.MockSei | mock_sei.Attached) -> str:
    with platform:
        return platform.token("demo-server")


first_token(mock_sei.MockSei(seed=1))
"""
MISTYPED = {
    "mock_sei.MockSie()": 'Module has no attribute "MockSie"',
    "mock_sei.MockSei().tokens": '"MockSei" has no attribute "tokens"',
    "mock_sei.MockSei().token(1)": 'Argument 1 to "token" of "Workbench" has incompatible type',
}


def install(folder: Path, *what: object) -> None:
    """Into an empty environment; what would have to be compiled is refused."""
    venv.create(folder, with_pip=True, symlinks=True)
    succeeds(
        *(folder / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check"),
        *("--quiet", "--only-binary", ":all:", *what),
    )


@pytest.fixture
def from_wheel(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return once(tmp_path_factory, "from-wheel", lambda folder: install(folder, wheel))


@pytest.fixture
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "editable", lambda folder: install(folder, "--editable", ROOT))


@pytest.fixture(params=["from_wheel", "editable"])
def installed(request: pytest.FixtureRequest) -> Path:
    """An environment with nothing but mock-sei and what it needs."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def command(installed: Path) -> Path:
    return installed / "bin" / "mock-sei"


def test_the_installed_command_says_its_version(command: Path, tmp_path: Path) -> None:
    assert succeeds(command, "--version", cwd=tmp_path).strip().endswith(f" {__version__}")


def test_the_installed_command_prints_the_standards(command: Path, tmp_path: Path) -> None:
    assert succeeds(command, "standards", cwd=tmp_path).strip() == standards_table().strip()


def test_the_installed_command_serves(command: Path, tmp_path: Path) -> None:
    with Serving.start(tmp_path, command=[command]) as serving:
        assert serving.ready["pid"] == serving.process.pid
        assert serving.stop() == 0


def test_the_wheel_brings_its_own_fixtures(from_wheel: Path, tmp_path: Path) -> None:
    program = "from mock_sei.fixtures import bundled_folder; print(bundled_folder())"
    found = Path(succeeds(from_wheel / "bin" / "python", "-c", program, cwd=tmp_path).strip())

    assert found.is_relative_to(from_wheel.resolve())


def type_check(environment: Path, folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "user.py").write_text(program, encoding="utf-8")
    return run(
        *(sys.executable, "-m", "mypy", "--strict", "--python-executable"),
        *(environment / "bin" / "python", "--cache-dir", folder.parent / "mypy", "user.py"),
        cwd=folder,
        patience=PATIENCE,
    )


def test_a_type_checker_knows_the_names_of_the_wheel(from_wheel: Path, tmp_path: Path) -> None:
    checked = type_check(from_wheel, tmp_path, TYPED)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_type_checker_finds_the_mistakes_of_a_user(from_wheel: Path, tmp_path: Path) -> None:
    checked = type_check(from_wheel, tmp_path, "\n".join(["import mock_sei", *MISTYPED]))

    for line, complaint in enumerate(MISTYPED.values(), start=2):
        assert re.search(
            rf"^user\.py:{line}: error: {re.escape(complaint)}", checked.stdout, re.MULTILINE
        )
