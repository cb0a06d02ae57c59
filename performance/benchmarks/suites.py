"""What a user's own pytest suite pays: the first test, workers, many tests, and a suite without us.

The suites run in a virtual environment of their own, with what the package needs, pytest and
pytest-xdist and nothing else. A run is a whole process of pytest. The rows with CPU time take the
smallest of many runs, since other processes can only add to it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from performance.benchmarks.peers import CHECKOUT, Missing, last_line
from performance.benchmarks.processes import environment
from performance.benchmarks.table import MILLISECONDS, SECONDS, Added, Against, Row

VENV = CHECKOUT / ".venv-suites"
TESTS = 200
"""In the suite of many tests."""

NOTHING = "def test_nothing() -> None:\n    pass\n"
LIBRARIES = """
def test_imports() -> None:
    import cryptography.x509
    import fastapi
    import httpx2
    import uvicorn
    from cryptography.hazmat.primitives.serialization import pkcs12
"""
"""The last one is what creates certificates: most of cryptography's import."""
TOKEN = """
def test_token(mock_sei) -> None:
    assert mock_sei.token(mock_sei.service_account("svc-demo"))
"""
_REQUESTS = """
import pytest


def make_requests(mock_sei):
    account = mock_sei.service_account("svc-demo")
    with mock_sei.client(account) as http:
        for _ in range({rounds}):
            token = mock_sei.token(account)
            headers = {{"AppKey": account.app_key, "Authorization": f"Bearer {{token}}"}}
            for _ in range(2):
                answer = http.get("/v1/order/tradetickets?limit=50", headers=headers)
                assert answer.status_code == 200


@pytest.mark.parametrize("number", range({tests}))
def test_requests(mock_sei, number) -> None:
    make_requests(mock_sei)
"""

LIBRARIES_COLUMN = "imports of the libraries"
ONE_WORKER = "pytest -n 1"
ONE_TEST = "one test"
WITHOUT_PLUGIN = "without the plugin"
COLUMNS = (LIBRARIES_COLUMN, ONE_WORKER, ONE_TEST, WITHOUT_PLUGIN)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds of a run of pytest, with the processes that it started."""

    cpu: float
    elapsed: float


def install() -> None:
    """Creates the environment, with the package of this checkout. Raises ``Missing``."""
    python = str(_python())
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    commands = [
        (sys.executable, "-m", "venv", str(VENV)),
        (*pip, "--editable", str(CHECKOUT), "pytest", "pytest-xdist"),
    ]
    if _is_there():
        return
    for command in commands:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise Missing(f"{' '.join(command[:4])}: {last_line(ended.stderr)}")


def suites(folder: Path, *, runs: int, long_runs: int, tests: int = TESTS) -> Sequence[Row]:
    """The rows. ``long_runs`` are the runs of suites with workers or many tests.

    Raises ``Missing`` if the environment is not installed.
    """
    if not _is_there():
        raise Missing("not installed; `make bench` installs it")
    files = {
        "test_nothing.py": NOTHING,
        "test_libraries.py": LIBRARIES,
        "test_token.py": TOKEN,
        "test_many.py": _REQUESTS.format(rounds=1, tests=tests),
        "test_one.py": _REQUESTS.format(rounds=tests, tests=1),
    }
    suite = folder / "suite"
    suite.mkdir()
    for name, text in files.items():
        (suite / name).write_text(text, encoding="utf-8")
    short = _costs(
        suite,
        runs,
        {
            "nothing": ("test_nothing.py",),
            "without": ("test_nothing.py", "-p", "no:mock_sei"),
            "libraries": ("test_libraries.py",),
            "token": ("test_token.py",),
        },
    )
    long = _costs(
        suite,
        long_runs,
        {
            "one worker": ("test_token.py", "-n", "1"),
            "workers": ("test_token.py", "-n", "4", "--dist", "each"),
            "many": ("test_many.py",),
            "one": ("test_one.py",),
        },
    )
    cpu = {name: [each.cpu * 1000 for each in costs] for name, costs in short.items()}
    empty = min(cpu["nothing"])
    requests = 3 * tests
    return [
        Row(
            measured="a user's suite: its first token: CPU time that it adds to pytest",
            form=MILLISECONDS,
            ours=[each - empty for each in cpu["token"]],
            others={LIBRARIES_COLUMN: [each - empty for each in cpu["libraries"]]},
            by_minimum=True,
            targets=[Against(words="at most 2.0", names=[LIBRARIES_COLUMN], at_most=2)],
        ),
        Row(
            measured="a user's suite: one token in each of four workers, pytest -n 4",
            form=SECONDS,
            ours=[each.elapsed for each in long["workers"]],
            others={ONE_WORKER: [each.elapsed for each in long["one worker"]]},
            targets=[Against(words="at most 1.8", names=[ONE_WORKER], at_most=1.8)],
        ),
        Row(
            measured=f"a user's suite: {tests} tests, a token and two calls each: CPU time",
            form=SECONDS,
            ours=[each.cpu for each in long["many"]],
            others={ONE_TEST: [each.cpu for each in long["one"]]},
            notes={ONE_TEST: f"{requests} requests"},
            by_minimum=True,
            targets=[Against(words="at most 1.6", names=[ONE_TEST], at_most=1.6)],
        ),
        Row(
            measured="a user's suite that uses no fixture of ours: CPU time",
            form=MILLISECONDS,
            ours=cpu["nothing"],
            others={WITHOUT_PLUGIN: cpu["without"]},
            by_minimum=True,
            targets=[Added(words="at most 10 ms more", name=WITHOUT_PLUGIN, at_most=10)],
        ),
    ]


def _costs(
    suite: Path, runs: int, suites_by_name: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[Cost]]:
    """The costs of each suite; the suites take turns. The first run of each, which writes Python's
    bytecode, does not count."""
    found: dict[str, list[Cost]] = {name: [] for name in suites_by_name}
    turns = list(suites_by_name.items())
    for number in range(runs + 1):
        turns.reverse()
        for name, arguments in turns:
            cost = _run(suite, arguments)
            if number:
                found[name].append(cost)
    return found


def _run(suite: Path, arguments: Sequence[str]) -> Cost:
    command = [str(_python()), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    before, begun = _children_cpu(), time.perf_counter()
    ended = subprocess.run(
        command, cwd=suite, env=environment(), capture_output=True, text=True, check=False
    )
    elapsed = time.perf_counter() - begun
    if ended.returncode:
        print(ended.stdout, file=sys.stderr)
        raise RuntimeError(f"pytest {' '.join(arguments)}: {last_line(ended.stdout)}")
    return Cost(cpu=_children_cpu() - before, elapsed=elapsed)


def _children_cpu() -> float:
    """CPU seconds of all child processes that have ended; ``os.times`` counts in hundredths."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _python() -> Path:
    return VENV / "bin" / "python"


def _is_there() -> bool:
    packages = "import mock_sei, pytest, xdist"
    command = (str(_python()), "-c", packages)
    return _python().exists() and not subprocess.run(command, check=False).returncode
