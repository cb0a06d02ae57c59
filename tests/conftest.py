"""Fixtures shared by the whole suite. ``pytester`` runs a user's suite inside a test."""

from __future__ import annotations

import gc
import os
import sysconfig
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx2
import hypothesis
import pytest
from anyio.from_thread import start_blocking_portal

import mock_sei
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import bundled_folder, load_fixtures
from mock_sei.platform import Platform
from mock_sei.rules import checks
from mock_sei.rules.connection import Findings
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.state.units import Units
from tests import two_servers
from tests.certificates.client_ca import rsa_key
from tests.certificates.reused_keys import ReusedKeys
from tests.made_in import name_the_tests_of_pairs
from tests.support import InProcess, Served
from tests.users_suites import modules_of_suites

pytest_plugins = ["pytester"]

# A busy machine must not fail a test.
hypothesis.settings.register_profile(
    "suite",
    max_examples=15,
    derandomize=True,  # the same ones in each run; `make fuzz` has thousands of others, every night
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "quick", parent=hypothesis.settings.get_profile("suite"), max_examples=5
)
hypothesis.settings.register_profile(
    "thorough",
    parent=hypothesis.settings.get_profile("suite"),
    max_examples=3000,
    derandomize=False,
)
hypothesis.settings.load_profile("suite")  # --hypothesis-profile=thorough loads another

WHEEL = "MOCK_SEI_TESTS_WHEEL"
"""Set by ``make test-wheel``: a run that imported the checkout's package would prove nothing."""

NO_SKIP = "MOCK_SEI_TESTS_NO_SKIP"
"""Set in CI: a tool that is missing there fails the test that needs it."""


def pytest_configure() -> None:
    # freezegun reads every attribute of every module. One of testcontainers asks Docker for its
    # socket, unless it is named here, and leaves a connection open where there is no engine.
    os.environ.setdefault("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "/var/run/docker.sock")
    package, fixtures = Path(mock_sei.__file__).parent, bundled_folder()
    installed = Path(sysconfig.get_path("purelib")) / "mock_sei"
    if os.environ.get(WHEEL) and (package != installed or installed not in fixtures.parents):
        raise pytest.UsageError(f"{WHEEL} is set, but {package} with {fixtures} is imported")


def pytest_report_header() -> str:
    return f"package under test: {Path(mock_sei.__file__).parent}, fixtures: {bundled_folder()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        why = two_servers.skip_reason(item.nodeid)
        if why is not None:
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_collection_finish() -> None:
    """No collection of garbage walks through the collected tests, and few happen at all.

    Without this they take a twelfth of the run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> CertificateStore:
    """One CA for the session: keys are dear to make."""
    return CertificateStore(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="session", autouse=True)
def _few_keys() -> Iterator[None]:
    """Certificates take RSA keys that nothing holds any more, the longest unused first.

    Making a key is slow. Two certificates that a test holds, or that outlive a test, never have
    the same key. ``new_identity_key`` itself makes a new one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mock_sei.certificates.authority.new_identity_key", ReusedKeys().take)
        yield


@pytest.fixture(scope="session", autouse=True)
def _libraries_stay() -> Iterator[None]:
    """After a user's suite in this process, ``pytester`` unloads only the modules of that suite.

    It would unload everything that the suite loaded first. A library that is loaded twice has each
    exception twice, and an ``except`` of one does not catch the other.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.Pytester, "_Pytester__take_sys_modules_snapshot", modules_of_suites)
        yield


@pytest.fixture(scope="session", autouse=True)
def _pairs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        name_the_tests_of_pairs(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _event_loop(_pairs: None) -> Iterator[None]:
    """One event loop for every request in process."""
    with start_blocking_portal() as InProcess.portal:
        yield
    InProcess.portal = None


@pytest.fixture
def platform(
    shared_store: CertificateStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    def make(units: Units | None = None) -> Platform:
        return Platform(
            fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(seed=1), units=units
        )

    if not two_servers.WANTED:
        yield make()
        return
    made = two_servers.two_platforms(tmp_path_factory.mktemp("state") / "platform.db", make)
    yield made
    two_servers.close(made)


@pytest.fixture(autouse=True, scope="session")
def _checks_run_in_the_order_of_their_table() -> Iterator[None]:
    """Every call of every test passes its checks in the order of ``mock_sei/rules/checks.py``."""
    passes = Findings.passes

    def watched(self: Findings, check: str) -> None:
        order = self.course.order
        if self.course is not checks.UNKNOWN:  # as in a test that calls a check by itself
            assert [*self.passed, check] == [
                name for name in order if name in (*self.passed, check)
            ]
        passes(self, check)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Findings, "passes", watched)
        yield


@pytest.fixture
def served(platform: Platform) -> Served:
    return Served(platform)


@pytest.fixture(scope="module")
def hammered(shared_store: CertificateStore) -> Served:
    """One platform for all examples of a module."""
    return Served(
        Platform(fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(seed=1))
    )


@pytest.fixture
def browser(served: Served) -> httpx2.Client:
    """Keeps cookies, does not follow redirects."""
    http = served.client(None, listener=Listener.ONE_WAY)
    http.follow_redirects = False
    return http


@pytest.fixture
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every identity certificate of a test has the same key: RSA keys are dear."""
    monkeypatch.setattr("mock_sei.certificates.authority.new_identity_key", rsa_key)


@pytest.fixture
def certs_dir(tmp_path: Path) -> Path:
    return tmp_path / "certs"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get(NO_SKIP) and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and {NO_SKIP} is set: {report.longrepr}"
    return report
