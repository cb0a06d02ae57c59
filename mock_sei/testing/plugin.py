"""The pytest fixtures: ``mock_sei`` and its company.

The platform runs in the test process, or elsewhere: ``--mock-sei-url`` names the control address of
a running server, and the same fixtures stand on it.

pytest imports this module in every run on the machine, so it imports nothing but pytest: the
platform comes in with the first fixture that needs it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Generator, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx2

    from mock_sei.rules.records import Application
    from mock_sei.testing.attached import Attached
    from mock_sei.testing.workbench import Workbench

MARKER = "mock_sei"

URL = "--mock-sei-url"
ONE_WAY_URL = "--mock-sei-one-way-url"
TWO_WAY_URL = "--mock-sei-two-way-url"

SECTION = "mock-sei: the last exchanges"
"""The title of our part of the report of a failing test."""
_FIXTURES = frozenset({"mock_sei", "mock_sei_server"})
_SERVER: pytest.StashKey[Workbench] = pytest.StashKey()
"""The session's platform, from the first test that uses it on."""
_EARLIER: pytest.StashKey[list[Application]] = pytest.StashKey()
"""The applications that were made before a test began."""
_RESET: pytest.StashKey[bool] = pytest.StashKey()
"""Set once the journal has nothing from before the test."""
_TOLD: pytest.StashKey[str] = pytest.StashKey()
"""The section of a test whose teardown failed while the platform was there."""

OPTIONS = {
    URL: "control address of a running server, such as http://host:8044, to run the tests against",
    ONE_WAY_URL: "its one-way listener, where the port is mapped",
    TWO_WAY_URL: "its two-way listener, where the port is mapped",
}
"""Each is a variable of the environment too: ``MOCK_SEI_URL`` and so on."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mock-sei")
    for option, text in OPTIONS.items():
        group.addoption(option, metavar="URL", help=f"{text} (or {_variable(option)})")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "mock_sei(dialect, environment, auto_login, seed, approval, concurrent_sessions, "
        "assumptions): behaviour of the mock_sei fixture for this test",
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    url = _option(config, URL)
    return f"mock-sei: attached to {url}" if url else None


class _WithoutRewriting(MetaPathFinder):
    """Finds our own modules as Python does.

    pytest would look for asserts of tests in each of them, as in every package that has a plugin,
    which takes half as long again as loading them.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith("mock_sei."):
            return None
        return PathFinder.find_spec(fullname, path, target)


sys.meta_path.insert(0, _WithoutRewriting())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tests that need a server that cannot be used are not begun.

    Nor may one that freezes the time be the first to use ``cryptography``.
    """
    config = session.config
    wanted = any("mock_sei_server" in _fixtures_of(item) for item in session.items)
    if not wanted or config.option.collectonly:
        return
    from mock_sei.certificates.first_date import require_real_dates
    from mock_sei.errors import MockSeiError

    with contextlib.suppress(MockSeiError):  # the fixture tells it
        require_real_dates()
    if not _option(config, URL) or _is_worker(config):
        return

    try:
        with _attached(config, {}):
            pass
    except MockSeiError as error:
        raise pytest.UsageError(str(error)) from None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    server = item.config.stash.get(_SERVER, None)
    if server is not None:
        item.stash[_EARLIER] = server.new_applications


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Ends the report of a failure with what the platform saw."""
    report = yield
    if report.failed and not _FIXTURES.isdisjoint(_fixtures_of(item)):
        told = item.stash.get(_TOLD, None) or _tell_last_exchanges(item)
        if told is not None:
            report.sections.append((SECTION, told))
    return report


def _fixtures_of(item: pytest.Item) -> Collection[str]:
    """The names of its fixtures; a doctest has none."""
    names: Collection[str] = getattr(item, "fixturenames", ())
    return names


def _server_of(item: pytest.Item) -> Workbench | None:
    """A conftest.py may have a ``mock_sei_server`` of its own."""
    values: dict[str, Any] = getattr(item, "funcargs", {})
    own: Workbench | None = values.get("mock_sei_server")
    return own or item.config.stash.get(_SERVER, None)


def _tell_last_exchanges(item: pytest.Item) -> str | None:
    """None if the test did not come to use the platform."""
    server = _server_of(item)
    is_reset = item.stash.get(_RESET, False)
    if server is None or ("mock_sei" in _fixtures_of(item) and not is_reset):
        return None
    try:
        from mock_sei.testing.report import tell_last_exchanges

        earlier = item.stash.get(_EARLIER, [])
        own = [] if is_reset else [each for each in server.new_applications if each not in earlier]
        return tell_last_exchanges(server, own)
    except Exception as error:  # the failure of the test matters more
        return f"the journal cannot be read: {type(error).__name__}: {error}"


@pytest.fixture(scope="session")
def mock_sei_settings() -> dict[str, Any]:
    """Keyword arguments of the session's ``MockSei``; override it in a conftest.py.

    With ``--mock-sei-url`` only the settings that a reset can change have an effect.
    """
    return {}


@pytest.fixture(scope="session")
def mock_sei_server(
    request: pytest.FixtureRequest, mock_sei_settings: dict[str, Any]
) -> Iterator[Workbench]:
    """The session's platform, which no fixture resets; each worker of pytest-xdist has one.

    A failure of mock-sei itself that comes after the last test is reported at the end of the
    session.

    With ``--mock-sei-url`` it is the server that runs there, one for all workers. The end of the
    session removes the applications that the session made.
    """
    from mock_sei.errors import NoServer
    from mock_sei.testing.in_process import MockSei

    if not _option(request.config, URL):
        with MockSei(**mock_sei_settings) as server:
            request.config.stash[_SERVER] = server
            yield server
            server.check_bugs()
        return
    attached = _attached(request.config, mock_sei_settings)
    try:
        attached.start()
    except NoServer as error:
        pytest.fail(str(error), pytrace=False)
    with attached:
        request.config.stash[_SERVER] = attached
        yield attached


@pytest.fixture
def mock_sei(request: pytest.FixtureRequest, mock_sei_server: Workbench) -> Iterator[Workbench]:
    """The session's platform, reset before this test, with the settings of its marker.

    After the test it checks that mock-sei did not fail, and that required faults were met.
    """
    if _option(request.config, URL) and _workers(request.config) > 1:
        pytest.fail(
            "mock_sei resets the server that every worker of pytest-xdist shares; use "
            "mock_sei_server and an application of the test's own, by its new_application(), or "
            "one worker",
            pytrace=False,
        )
    behaviour = _marked_behaviour(request.node)
    mock_sei_server.test = request.node.name
    try:
        mock_sei_server.reset(**behaviour)
        request.node.stash[_RESET] = True
        yield mock_sei_server
    finally:
        mock_sei_server.test = None
    try:
        mock_sei_server.check()
    except BaseException:
        # The teardown of the session's last test stops the platform before the report is made.
        request.node.stash[_TOLD] = _tell_last_exchanges(request.node) or ""
        raise


@pytest.fixture
def mock_sei_client(mock_sei: Workbench) -> Iterator[httpx2.Client]:
    """A two-way client with the certificate of ``svc-demo``, closed after the test."""
    with mock_sei.client("svc-demo") as http:
        yield http


def _attached(config: pytest.Config, settings: dict[str, Any]) -> Attached:
    from mock_sei.testing.attached import Attached

    return Attached(
        _option(config, URL) or "",
        one_way_url=_option(config, ONE_WAY_URL),
        two_way_url=_option(config, TWO_WAY_URL),
        settings=settings,
    )


def _option(config: pytest.Config, option: str) -> str | None:
    """The option over the variable; an empty one is none."""
    given: str | None = config.getoption(option)
    return given or os.environ.get(_variable(option)) or None


def _variable(option: str) -> str:
    return option.removeprefix("--").replace("-", "_").upper()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _workers(config: pytest.Config) -> int:
    """Of pytest-xdist; 1 without it."""
    return int(getattr(config, "workerinput", {}).get("workercount", 1))


def _marked_behaviour(node: pytest.Item) -> dict[str, Any]:
    """Keywords of the test's markers, the nearest winning; wrong ones stop the test."""
    from mock_sei.errors import ConfigurationError
    from mock_sei.settings import Behaviour, Settings

    changes: dict[str, Any] = {}
    for marker in reversed(list(node.iter_markers(MARKER))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{MARKER} takes keywords only: {marker.args!r}")
        changes |= marker.kwargs
    for key in changes:
        if key in Settings.model_fields and key not in Behaviour.__dataclass_fields__:
            raise pytest.UsageError(
                f"@pytest.mark.{MARKER}({key}=...): a reset cannot change {key}; return it from "
                "the mock_sei_settings fixture instead"
            )
    try:
        Behaviour().with_changes(changes, source=f"@pytest.mark.{MARKER}")
    except ConfigurationError as error:
        raise pytest.UsageError(
            f"{error} (settings that a reset cannot change belong into mock_sei_settings)"
        ) from None
    return changes
