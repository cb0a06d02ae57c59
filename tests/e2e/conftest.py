"""Fixtures of the end-to-end tests: the programs they need, and shared servers."""

from __future__ import annotations

import fcntl
import functools
import gc
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page

from mock_sei import Attached, MockSei
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import bundled_folder
from mock_sei.runtime.loops import new_event_loop, new_thread_loop
from mock_sei.runtime.server import ServerThread
from mock_sei.testing.workbench import Workbench
from tests.doctor.shapes import Shape, make_shapes
from tests.e2e.browser import CHROMIUM, Bench, Site, driver, launch
from tests.e2e.building import NAME, ROOT, build, once
from tests.e2e.portal_steps import watched
from tests.e2e.programs import GOPATH
from tests.e2e.serving import Serving
from tests.patience import PATIENCE, patient

collect_ignore = (
    []
    if (ROOT / "mock_sei").is_dir()  # else make test-wheel: nothing is here to build from
    else [
        "test_container.py",
        "test_distribution.py",
        "test_guests.py",
        "test_installation.py",
        "test_site.py",
    ]
)

JAVASCRIPT = Path(__file__).parent / "javascript"
NPM_PATIENCE = patient(300)
NAMES = {"chromium": CHROMIUM}
"""Tools that have several names."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*tools): programs the test runs; skipped without")
    config.addinivalue_line("markers", "container: builds the image and runs it")
    # Else each of the hundreds of processes that the tests start compiles every module anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    wanted = {tool for marker in item.iter_markers("needs") for tool in marker.args}
    missing = sorted(
        tool for tool in wanted if not any(map(shutil.which, NAMES.get(tool, (tool,))))
    )
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """A socket that a module leaves open fails the last test of this module, not a later one."""
    yield
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> Iterator[None]:
    """A client that names no time-out waits as long as a test does, instead of five seconds."""
    unnamed = httpx2.Client().timeout
    with pytest.MonkeyPatch.context() as patch:
        for kind in (httpx2.Client, httpx2.AsyncClient):
            patch.setattr(kind, "__init__", _waiting(kind.__init__, unnamed))
        yield


def _waiting(make: Callable[..., None], unnamed: httpx2.Timeout) -> Callable[..., None]:
    @functools.wraps(make)
    def made(client: object, **options: Any) -> None:
        if options.get("timeout", unnamed) == unnamed:
            options["timeout"] = PATIENCE
        make(client, **options)

    return made


@pytest.fixture(scope="module", params=[new_thread_loop, new_event_loop], ids=["asyncio", "uvloop"])
def either_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module's servers on the loop of fixtures, and on that of ``mock-sei serve``."""
    yield from _on_the_loop_of(request.param)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(new_thread_loop, id="asyncio", marks=pytest.mark.nightly),
        pytest.param(new_event_loop, id="uvloop"),
    ],
)
def either_loop_at_night(request: pytest.FixtureRequest) -> Iterator[None]:
    """As ``either_loop``, for tests of what no loop does: with each change on one loop only."""
    yield from _on_the_loop_of(request.param)


def _on_the_loop_of(make: Callable[[], object]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServerThread, "new_loop", staticmethod(make))
        yield


@pytest.fixture(scope="module")
def mock_sei_server() -> Iterator[MockSei]:
    """The plugin's fixture, once per module, because it has an event loop of its own."""
    with MockSei() as server:
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[MockSei]:
    """A platform in process for the tests of a module."""
    with MockSei() as server:
        yield server


@pytest.fixture(scope="module")
def attached(server: MockSei) -> Iterator[Attached]:
    """The platform of ``server`` by its control API."""
    with Attached(server.control_url) as attached:
        yield attached


@pytest.fixture(params=["server", "attached"])
def workbench(request: pytest.FixtureRequest) -> Workbench:
    """A platform after a reset, in process and by its control API."""
    workbench: Workbench = request.getfixturevalue(request.param)
    workbench.reset()
    return workbench


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving.start(tmp_path_factory.mktemp("running")) as serving:
        yield serving


@pytest.fixture
def running(_running: Serving) -> Serving:
    """One ``mock-sei serve`` for the tests of a module, reset before each test."""
    httpx2.post(f"{_running.ready['control_url']}/reset", trust_env=False).raise_for_status()
    return _running


@pytest.fixture(params=["in process", "attached"])
def mode(request: pytest.FixtureRequest) -> list[str]:
    """The options by which a suite finds its platform."""
    if request.param == "in process":
        return []
    running: Serving = request.getfixturevalue("running")
    return ["--mock-sei-url", running.ready["control_url"]]


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Once a module: Playwright's event loop must not outlive the tests that expect it."""
    application, stranger = Site(), Site()
    folder = tmp_path_factory.mktemp("fixtures")
    demo = (bundled_folder() / "platform.toml").read_text(encoding="utf-8")
    own = demo.replace("http://localhost:8000/", f"{application.url}/")
    assert own != demo
    (folder / "platform.toml").write_text(own, encoding="utf-8")
    with (
        application.serving(),
        stranger.serving(),
        MockSei(fixtures=folder) as server,
        driver() as playwright,
        launch(playwright, server) as browser,
    ):
        application.config = {"platform": server.url, "appKey": "demo-spa-key"}
        stranger.config = application.config
        yield Bench(
            server=server,
            application=application,
            stranger=stranger,
            browser=browser,
            playwright=playwright,
        )


@pytest.fixture
def bench(benches: Bench) -> Iterator[Bench]:
    """The browser of the module, after a reset of the platform."""
    benches.server.reset()
    yield benches
    benches.server.check()


@pytest.fixture
def page(bench: Bench) -> Iterator[Page]:
    with bench.page() as page:
        yield page


@pytest.fixture
def my_apps(page: Page, bench: Bench) -> Iterator[Page]:
    """My Apps without new applications. A script or an error on the page fails the test."""
    with watched(page, bench):
        page.goto(f"{bench.server.url}/portal/apps")
        yield page


@pytest.fixture(scope="session")
def shapes(shared_store: CertificateStore) -> tuple[Shape, ...]:
    """The shapes of files for certificates, keys and CAs."""
    return make_shapes(shared_store.authority)


@pytest.fixture
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "built", build)


@pytest.fixture
def sdist(built: Path) -> Path:
    return built / "dist" / f"{NAME}.tar.gz"


@pytest.fixture
def wheel(built: Path) -> Path:
    return built / "dist" / f"{NAME}-py3-none-any.whl"


@pytest.fixture(scope="session")
def npm_packages() -> Path:
    """The folder of ``package.json`` with all its packages installed."""
    with (JAVASCRIPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of pytest-xdist share the folder
        if not _installed():
            command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(
                command,
                cwd=JAVASCRIPT,
                env=os.environ | {"npm_config_update_notifier": "false"},
                capture_output=True,
                text=True,
                check=False,
                timeout=NPM_PATIENCE,
            )
            if done.returncode:
                pytest.skip(f"npm could not install the packages: {done.stderr.strip()[-500:]}")
    return JAVASCRIPT


@pytest.fixture(scope="session")
def go_packages() -> Path:
    """Debian's folder of Go libraries, with x/oauth2 in it."""
    if not (GOPATH / "src/golang.org/x/oauth2").is_dir():
        pytest.skip("not installed: golang-golang-x-oauth2-dev")
    return GOPATH


@pytest.fixture(scope="session")
def axe(npm_packages: Path) -> str:
    return (npm_packages / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def _installed() -> bool:
    """Every package in the version that ``package.json`` names."""
    wanted = json.loads((JAVASCRIPT / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        manifest = JAVASCRIPT / "node_modules" / name / "package.json"
        if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
            return False
    return True
