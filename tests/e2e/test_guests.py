"""Third-party test suites in their own environments, with other versions and other packages.

Each suite is what a user may have: it takes the platform as it is installed from the wheel, beside
tools that change Python's own modules or how tests are run.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.building import once, succeeds
from tests.e2e.serving import THOROUGH, environment, run
from tests.e2e.suites import PATIENT
from tests.patience import patient

NEWEST = ("pytest>=9", "pytest-asyncio>=1.3", "pytest-xdist", "truststore", "gevent")
OLDER = ("pytest>=8,<9", "pytest-asyncio", "pytest-xdist")

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
"""
"""pytest-asyncio warns where it is not set."""

PLATFORM = (
    PATIENT
    + """
import httpx2
import pytest

TICKETS = "/v1/order/tradetickets"


def use(platform):
    account = platform.service_account("svc-demo")
    headers = {"AppKey": account.app_key, "Authorization": f"Bearer {platform.token(account)}"}
    with platform.client(account) as http:
        assert http.get(TICKETS, headers=headers).status_code == 200
    assert platform.token("demo-web")
    with platform.client(platform.certificate(account, "expired")) as http:
        with pytest.raises(httpx2.HTTPError, match="alert"):
            http.get("/")
    assert "has expired. Its CN is svc-demo" in platform.journal.last.refused_because.replace(
        "; request a new one", ""
    )


def make_new_contexts(platform):
    "Revocations and server certificates make the listeners' TLS anew, which a reset undoes."
    use(platform)
    platform.certificate("svc-demo").revoke()
    with platform.client("svc-demo") as http, pytest.raises(httpx2.HTTPError, match="alert"):
        http.get("/")
    platform.server_certificate("expired")
    with platform.client() as http, pytest.raises(httpx2.ConnectError):
        http.get("/")
    platform.reset()
    use(platform)
    platform.check()
"""
)

SUITE = """
import pytest
from platform_use import make_new_contexts, use


def test_the_platform(mock_sei):
    make_new_contexts(mock_sei)


@pytest.mark.parametrize("number", range(2))
def test_the_next(mock_sei, number):
    assert not mock_sei.journal.entries
    use(mock_sei)


@pytest.mark.mock_sei(dialect="rfc")
def test_a_marker(mock_sei):
    assert mock_sei.token_response("svc-demo")["token_type"] == "Bearer"
"""

ASYNC = """
import asyncio

import httpx2
import pytest
from platform_use import TICKETS, use


async def call(mock_sei):
    context = mock_sei.ssl_context("svc-demo")
    async with httpx2.AsyncClient(base_url=mock_sei.two_way_url, verify=context) as http:
        answers = await asyncio.gather(*(http.get(TICKETS) for _ in range(3)))
    assert [each.status_code for each in answers] == [401] * 3
    await asyncio.to_thread(use, mock_sei)


@pytest.mark.asyncio
async def test_of_pytest_asyncio(mock_sei):
    await call(mock_sei)
"""

ANYIO = """

@pytest.mark.anyio
async def test_of_anyio(mock_sei):
    await call(mock_sei)


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""

UNITTEST = """
import unittest

from mock_sei import MockSei
from platform_use import make_new_contexts, use


class OfAClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = MockSei().start()
        cls.addClassCleanup(cls.platform.stop)

    def setUp(self):
        self.platform.reset()
        self.addCleanup(self.platform.check)

    def test_one(self):
        make_new_contexts(self.platform)

    def test_another(self):
        use(self.platform)


class OfEachTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.platform = self.enterContext(MockSei())

    async def test_it(self):
        use(self.platform)
"""


class Guest:
    """A folder with a user's suite, and the environment that runs it."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self._python = environment / "bin" / "python"
        self._folder = folder
        self.write("platform_use.py", PLATFORM)
        self.write("pytest.ini", INI)

    def write(self, name: str, content: str) -> None:
        (self._folder / name).write_text(content, encoding="utf-8")

    def run(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return run(
            self._python,
            *arguments,
            cwd=self._folder,
            environ=environment(on_path=False) | dict(variables or {}),
            patience=patient(300),
        )

    def passes(
        self, count: int, *options: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """With Python's checks for developers, warnings as errors."""
        strict = ("-X", "dev", "-W", "error", "-m", "pytest", "-W", "error", "-q")
        done = self.run(*strict, *options, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{count} passed" in done.stdout, done.stdout
        return done


def install(folder: Path, wheel: Path, packages: tuple[str, ...]) -> None:
    uv = (sys.executable, "-m", "uv", "--quiet")
    succeeds(*uv, "venv", "--python", sys.executable, folder / "environment")
    succeeds(
        *(*uv, "pip", "install", "--python", folder / "environment", "--only-binary", ":all:"),
        *(wheel, *packages),
    )


@pytest.fixture
def newest(tmp_path_factory: pytest.TempPathFactory, wheel: Path, tmp_path: Path) -> Guest:
    made = once(tmp_path_factory, "guests-newest", lambda to: install(to, wheel, NEWEST))
    return Guest(made / "environment", tmp_path)


@pytest.fixture
def older(tmp_path_factory: pytest.TempPathFactory, wheel: Path, tmp_path: Path) -> Guest:
    made = once(tmp_path_factory, "guests-older", lambda to: install(to, wheel, OLDER))
    return Guest(made / "environment", tmp_path)


KEYS_OF_TLS = """
import pytest
from mock_sei import MockSei
from platform_use import make_new_contexts

@pytest.mark.parametrize("name", ["keys.log", "missing/keys.log", "."])
def test_a_file_for_the_keys_of_tls_that_can_be_written_or_not(monkeypatch, name):
    monkeypatch.setenv("SSLKEYLOGFILE", name)
    with MockSei() as platform:
        make_new_contexts(platform)
"""


def test_the_newest_pytest_with_pytest_asyncio_and_anyio(newest: Guest) -> None:
    newest.write("test_suite.py", SUITE)
    newest.write("test_coroutines.py", ASYNC + ANYIO)
    newest.write("test_keys_of_tls.py", KEYS_OF_TLS)

    newest.passes(9)


@pytest.mark.nightly  # an environment of its own
def test_the_major_version_before_it_with_xdist_and_pytest_asyncio(older: Guest) -> None:
    older.write("test_suite.py", SUITE)
    older.write("test_coroutines.py", ASYNC)

    older.passes(5, "-n", "2")


FAILS = """
def test_it(mock_sei):
    mock_sei.token("svc-demo")
    assert False
"""


@pytest.mark.nightly  # the tests of failure reports show it with the pytest of these tests
def test_the_newest_pytest_reports_the_last_exchanges_of_a_failing_test(newest: Guest) -> None:
    assert_reported(newest)


@pytest.mark.nightly  # as the older version above
def test_the_major_version_before_it_reports_them_too(older: Guest) -> None:
    assert_reported(older, "-n", "2")


def assert_reported(guest: Guest, *options: str) -> None:
    guest.write("test_suite.py", FAILS)
    done = guest.run("-W", "error", "-m", "pytest", "-q", *options)

    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "- mock-sei: the last exchanges -" in done.stdout
    assert "two-way POST /v2/oauthtoken 200 demo-server/svc-demo" in done.stdout


def test_unittest_starts_it_for_a_class_or_for_each_test(newest: Guest) -> None:
    newest.write("test_suite.py", UNITTEST)

    done = newest.run("-X", "dev", "-W", "error", "-m", "unittest")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 3 tests" in done.stderr
    assert "Warning" not in done.stderr


INJECT = "import truststore\ntruststore.inject_into_ssl()\n"


@pytest.mark.nightly  # half a minute for one guest of a few people
def test_truststore_injected_before_anything_is_imported(newest: Guest) -> None:
    newest.write("conftest.py", INJECT)
    newest.write(
        "test_suite.py",
        "from platform_use import make_new_contexts\n"
        "def test_it(mock_sei): make_new_contexts(mock_sei)\n",
    )

    newest.passes(1)


@pytest.mark.nightly  # the test before shows what truststore changes
def test_truststore_injected_while_the_platform_runs(newest: Guest) -> None:
    newest.write(
        "test_suite.py",
        """
import truststore
from platform_use import make_new_contexts

def test_it(mock_sei):
    make_new_contexts(mock_sei)
    truststore.inject_into_ssl()
    make_new_contexts(mock_sei)
    truststore.extract_from_ssl()
    make_new_contexts(mock_sei)
""",
    )

    newest.passes(1)


PATCH = "from gevent import monkey\nmonkey.patch_all()\n"
GEVENT = """
import gevent
from platform_use import make_new_contexts, use

def test_it(mock_sei):
    make_new_contexts(mock_sei)
    greenlets = [gevent.spawn(mock_sei.token, "svc-demo") for _ in range(5)]
    gevent.joinall(greenlets, raise_error=True)
    assert all(each.value for each in greenlets)

def test_the_next(mock_sei):
    use(mock_sei)
"""


GEVENT_STARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "in a conftest": (PATCH, ("-m", "pytest", "-q"))
}
"""By name: what conftest.py holds, and the command."""
if THOROUGH:
    GEVENT_STARTS["before pytest"] = "", ("-m", "gevent.monkey", "--module", "pytest", "-q")


@pytest.mark.parametrize(("conftest", "command"), GEVENT_STARTS.values(), ids=GEVENT_STARTS)
def test_gevent_that_patches_before_the_platform_is_made(
    newest: Guest, conftest: str, command: tuple[str, ...]
) -> None:
    """It warns of its own accord of ``ssl``, which pytest has loaded before a conftest.py."""
    newest.write("conftest.py", conftest)
    newest.write("test_suite.py", GEVENT)

    done = newest.run(*command)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_gevent_that_comes_too_late_is_told_and_nothing_hangs(newest: Guest) -> None:
    newest.write(
        "program.py",
        "import mock_sei\n"
        "platform = mock_sei.MockSei().start()\n"
        "assert platform.token('svc-demo')\n"
        f"{PATCH}"
        "try:\n"
        "    platform.token('svc-demo')\n"
        "except mock_sei.errors.MockSeiError as error:\n"
        "    print(error)\n"
        "platform.stop()\n"
        "with mock_sei.MockSei() as platform:\n"
        "    print(len(platform.token('svc-demo')))\n",
    )

    done = newest.run("program.py")

    assert done.returncode == 0, done.stdout + done.stderr
    told, length = done.stdout.splitlines()
    assert told.startswith("gevent.monkey.patch_all() was called after this MockSei was made")
    assert int(length) > 100


@pytest.mark.nightly  # the tests before show what truststore changes in a process
def test_the_server_of_the_command_under_truststore(newest: Guest, tmp_path: Path) -> None:
    """A company's sitecustomize injects it into every program."""
    newest.write("sitecustomize.py", INJECT)
    newest.write(
        "program.py",
        """
import json, ssl, subprocess, sys, time
from pathlib import Path
import mock_sei

assert ssl.SSLContext.__module__.startswith("truststore")
command = [sys.executable, "-m", "mock_sei", "serve", "--ready-file", "ready.json"]
ports = [f"--{each}-port=0" for each in ("one-way", "two-way", "control")]
server = subprocess.Popen([*command, *ports], stdout=subprocess.DEVNULL)
try:
    while not Path("ready.json").exists():
        assert server.poll() is None
        time.sleep(0.01)
    ready = json.loads(Path("ready.json").read_text())
    from platform_use import make_new_contexts
    with mock_sei.Attached(ready["control_url"]) as platform:
        make_new_contexts(platform)
    doctor = [sys.executable, "-m", "mock_sei", "doctor", ready["two_way_url"]]
    folder = Path(ready["certs_dir"]) / "svc-demo"
    files = ["--cert", folder / "certificate.crt", "--key", folder / "privatekey.key"]
    done = subprocess.run([*doctor, "--cacert", ready["ca_file"], *files])
    assert done.returncode == 0
finally:
    server.terminate()
    assert server.wait() == 0
""",
    )

    done = newest.run("program.py", variables={"PYTHONPATH": str(tmp_path)})

    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "ready.json").exists()
