"""``MockSeiContainer`` against the Engine API as testcontainers calls it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.exceptions import ContainerStartException

from mock_sei.testcontainers import Healthy, MockSeiContainer
from tests.e2e.engine_api import EngineApi, engine_api
from tests.e2e.serving import environment
from tests.e2e.snippets import read, snippets
from tests.e2e.suites import run_suite


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineApi]:
    """No container that cleans up after the others, since the test does; this machine may look like
    a container itself, which would change where the others are looked for.
    """
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    mode = ConnectionMode.docker_host
    monkeypatch.setattr(testcontainers_config, "connection_mode_override", mode)
    with engine_api(tmp_path) as (address, api):
        monkeypatch.setenv("DOCKER_HOST", address)
        yield api


def test_it_is_ready_when_it_is_entered_and_gone_when_it_is_left(engine: EngineApi) -> None:
    with MockSeiContainer("mock-sei:own") as container:
        [started] = engine.containers.values()
        assert started.asked["Image"] == "mock-sei:own"
        assert container.url == f"https://127.0.0.1:{started.ports['443/tcp']}"
        assert container.two_way_url == f"https://127.0.0.1:{started.ports['444/tcp']}"
        assert container.control_url == f"http://127.0.0.1:{started.ports['8044/tcp']}"
        assert httpx2.get(f"{container.control_url}/health", trust_env=False).status_code == 200
    assert engine.removed == [started]
    assert not engine.containers


def test_what_it_attaches_has_the_mapped_ports(engine: EngineApi) -> None:
    container = MockSeiContainer().with_env("MOCK_SEI_APPROVAL", "manual")
    with container, container.attached(settings={"dialect": "rfc"}) as mock_sei:
        assert (mock_sei.url, mock_sei.two_way_url) == (container.url, container.two_way_url)
        assert mock_sei.token("svc-demo")
        assert mock_sei.token("demo-spa", user="alice@example.com")
        mock_sei.reset()
        assert mock_sei.token_response("svc-demo")["token_type"] == "Bearer"
    [removed] = engine.removed
    assert "MOCK_SEI_APPROVAL=manual" in removed.asked["Env"]


def test_what_the_document_prints_passes(
    pytester: pytest.Pytester, engine: EngineApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    monkeypatch.setenv("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    [snippet] = snippets(read("docs/ci.md"), "python")
    run_suite(pytester, snippet).assert_outcomes(passed=1)
    assert len(engine.removed) == 1


@pytest.mark.parametrize("own", ["", "sei.test"])
def test_the_certificate_names_the_machine_of_the_engine(engine: EngineApi, own: str) -> None:
    container = MockSeiContainer()
    if own:
        container.with_env("MOCK_SEI_HOSTNAME", own)
    with container:
        pass
    [removed] = engine.removed
    names = ",".join(filter(None, [own, "127.0.0.1"]))
    assert f"MOCK_SEI_HOSTNAME={names}" in removed.asked["Env"]


def test_a_container_that_ends_says_why(engine: EngineApi) -> None:
    container = MockSeiContainer().with_env("MOCK_SEI_DIALECT", "vendor")
    with (
        pytest.raises(ContainerStartException, match=r"ended: mock-sei: MOCK_SEI_DIALECT"),
        container,
    ):
        pass
    assert not engine.containers


def test_a_server_that_is_never_healthy_is_not_waited_for_for_ever(engine: EngineApi) -> None:
    """Its control listener is not where it is looked for."""
    container = MockSeiContainer().with_env("MOCK_SEI_CONTROL_HOST", "127.0.0.2")
    container.waiting_for(Healthy().with_startup_timeout(1))
    with pytest.raises(TimeoutError, match="no mock-sei answers at"), container:
        pass
    assert not engine.containers


def test_without_the_extra_it_names_it(tmp_path: Path) -> None:
    program = "import sys; sys.modules['testcontainers'] = None; import mock_sei.testcontainers"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert "pip install '.[testcontainers]'" in finished.stderr.splitlines()[-1]
