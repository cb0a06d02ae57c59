"""The references of docs/: each example of Python, each line for a shell, each command works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any, TypeVar

import httpx2
import pytest
from click.testing import CliRunner

from mock_sei import MockSei
from mock_sei.cli import main
from mock_sei.operations.requests import Request
from mock_sei.operations.table import TABLE
from mock_sei.web.control.call_lines import COMMANDS, PYTHON
from tests.e2e.serving import Serving, environment, run
from tests.e2e.snippets import read, snippets
from tests.e2e.suites import USERS_PLUGINS, run_pytest
from tests.patience import patient

A = TypeVar("A")

NOT_PERFORMED = {
    "ListAccounts": "the applications name their accounts",
    "FindFault": "adding a fault gives it, and its count asks for it",
    "SearchJournal": "a search in the process of the test looks at the entries itself",
    "VerifyJournal": "as a search",
    "ShowConnection": "the addresses are known",
    "DownloadCa": "the CA is a file already",
    "DownloadCertificate": "the files are written from the certificate",
    "DownloadMail": "mails are written from what they say",
    "IssueToken": "a token is obtained by the test's own requests",
    "RemoveFault": "adding a fault gives it, and it removes itself",
}
"""Operations whose call of Python does something else that has the same result, and why."""


def test_every_example_of_the_python_reference_passes(pytester: pytest.Pytester) -> None:
    printed = snippets(read("docs/reference.md"), "python")
    examples = [each for each in printed if "def test_" in each]
    for number, example in enumerate(examples):
        pytester.makepyfile(**{f"test_example_{number}": example})
        if "def mock_sei_settings" in example:
            pytester.makeconftest(example)  # a session has one platform, so all get its settings

    result = run_pytest(pytester, *USERS_PLUGINS)

    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= len(examples) >= 40


def control_page() -> tuple[str, str]:
    """The guide and the reference of ``docs/control.md``."""
    guide, heading, reference = read("docs/control.md").partition("\n## All calls\n")
    assert heading
    return guide, reference


END_OF_LINE = re.compile(r"(?m)^@@ (\d+)\n")
"""What the shell writes after each line of the guide, with the exit status of the line."""


@pytest.mark.needs("sh", "sed", "curl")
def test_every_line_of_the_guide_prints_what_it_says(running: Serving) -> None:
    """Pasted one by one into one shell, which has no other tool than a CI image has."""
    lines = [each for block in snippets(control_page()[0], "sh") for each in block.splitlines()]
    typed = "".join(f"{line}\nended=$?; echo; echo @@ $ended\n" for line in lines)
    environ = environment(on_path=False) | {"MOCK_SEI_URL": running.ready["control_url"]}

    done = run("sh", "-s", cwd=running.folder, environ=environ, typed=typed, patience=patient(120))

    told = END_OF_LINE.split(done.stdout)[:-1]
    expected = [line.partition("# prints ")[2].split() for line in lines]
    assert sum(map(bool, expected)) > 20
    assert [
        (line, printed, status)
        for line, wanted, printed, status in zip(
            lines, expected, told[::2], told[1::2], strict=True
        )
        if status != "0" or (wanted and printed.split() != wanted)
    ] == []
    assert done.stderr == ""


@pytest.mark.needs("bash", "curl", "openssl", "python3")
def test_every_example_of_the_control_reference_succeeds_alone(running: Serving) -> None:
    """All in one shell, with a reset before each, so that none needs what another one did."""
    printed = snippets(control_page()[1], "sh")
    url = running.ready["control_url"]
    reset = f"command curl -sS -X POST {url}/reset"
    script = [
        "set -eo pipefail",
        'curl() { command curl --fail-with-body -sS "$@"; }',
        *(f"echo; echo '# {number}'\n{reset}\n{each}" for number, each in enumerate(printed)),
        "echo; echo the end",
    ]

    done = run(
        *("bash", "-c", "\n".join(script).replace("http://127.0.0.1:8044", url)),
        cwd=running.folder,
        patience=patient(120),
    )

    assert len(printed) == len(TABLE)
    assert done.stdout.endswith("the end\n"), done.stdout[-1000:] + done.stderr


class Recorded(MockSei):
    """Notes which operations were performed."""

    performed: set[str]

    def perform(self, request: Request[A]) -> A:
        self.performed.add(type(request).__name__)
        return super().perform(request)


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    with Recorded() as platform:
        platform.performed = set()
        yield platform


def test_every_call_of_python_does_what_the_operation_does(
    recorded: Recorded, own_certificate: dict[str, str]
) -> None:
    wrong = {}
    for kind, call in PYTHON.items():
        recorded.reset()
        kid = recorded.rotate_signing_key()
        recorded.rotate_signing_key()
        recorded.performed = set()
        names: dict[str, Any] = {"mock_sei": recorded, "httpx2": httpx2, "kid": kid}
        exec(call, names | own_certificate)  # noqa: S102  # our own text
        elsewhere = "httpx2." in call or kind.__name__ in NOT_PERFORMED
        if not elsewhere and kind.__name__ not in recorded.performed:
            wrong[kind.__name__] = recorded.performed

    assert wrong == {}


@pytest.fixture
def own_certificate(tmp_path: Any) -> dict[str, str]:
    """A request and a certificate of an own CA, made by the lines of the control reference."""
    lines = [
        line
        for each in snippets(control_page()[1], "sh")
        if "openssl" in each
        for line in re.sub(r"(?m)^python3 (?:.*\n)*", "", each).splitlines()
    ]
    done = run("bash", "-ec", "\n".join(lines), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    files = {"request": "own.csr", "certificate": "ours.crt", "ca": "root.crt"}
    return {name: (tmp_path / file).read_text() for name, file in files.items()}


def test_every_command_of_the_control_reference_succeeds(recorded: Recorded) -> None:
    """By the same functions that the installed command calls."""
    told = {}
    for command in COMMANDS.values():
        recorded.reset()
        recorded.enqueue("GET /v2/investors")  # the first answer, which a command removes
        recorded.faults.add("GET /v2/investors", status=503)  # and the first fault
        program, *arguments = shlex.split(command)
        environ = {"MOCK_SEI_CONTROL_URL": recorded.control_url}
        done = CliRunner().invoke(main, arguments, env=environ)
        if program != "mock-sei" or done.exit_code:
            told[command] = done.output

    assert told == {}
