"""The package in an empty environment, from the wheel and editable: it works and is typed."""

from __future__ import annotations

import re
import sys
import venv
from pathlib import Path

import pytest

from mock_sei import __version__
from mock_sei.rules.standards import standards_table
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


EDITABLE = ("--no-binary", "mock-sei", "--editable", ROOT)


def install(folder: Path, *what: object) -> None:
    """Into an empty environment; what would have to be compiled is refused."""
    venv.create(folder, symlinks=True)
    succeeds(
        *(sys.executable, "-m", "uv", "--quiet", "pip", "install", "--python", folder),
        *("--only-binary", ":all:", *what),
    )


@pytest.fixture
def from_wheel(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    return once(tmp_path_factory, "from-wheel", lambda folder: install(folder, wheel))


@pytest.fixture
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "editable", lambda folder: install(folder, *EDITABLE))


@pytest.fixture(params=["from_wheel", pytest.param("editable", marks=pytest.mark.nightly)])
def installed(request: pytest.FixtureRequest) -> Path:
    """An environment with nothing but mock-sei and what it needs.

    All other tests of a checkout run with an editable one.
    """
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


@pytest.fixture
def checked(from_wheel: Path, tmp_path: Path) -> str:
    """What mypy says of a user's two programs; once for both, since it reads the whole package."""
    (tmp_path / "right.py").write_text(TYPED, encoding="utf-8")
    (tmp_path / "wrong.py").write_text("\n".join(["import mock_sei", *MISTYPED]), encoding="utf-8")
    done = run(
        *(sys.executable, "-m", "mypy", "--strict", "--python-executable"),
        *(from_wheel / "bin" / "python", "--cache-dir", "mypy", "right.py", "wrong.py"),
        cwd=tmp_path,
        patience=PATIENCE,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.nightly  # mypy reads the whole package; `make lint` checks the tests' use of it
def test_a_type_checker_knows_the_names_of_the_wheel_and_finds_a_user_s_mistakes(
    checked: str,
) -> None:
    assert "right.py" not in checked, checked
    for line, complaint in enumerate(MISTYPED.values(), start=2):
        assert re.search(
            rf"^wrong\.py:{line}: error: {re.escape(complaint)}", checked, re.MULTILINE
        ), checked
