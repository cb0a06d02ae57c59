"""Tests of the image: what the documents promise about it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.buildah_engine import Buildah
from tests.e2e.containers import ROOT, Container, attach_options, call, healthy
from tests.e2e.docker_engine import Docker
from tests.e2e.networks import own_network
from tests.e2e.serving import run, wait_for
from tests.e2e.suites import run_suite

pytestmark = [pytest.mark.container, pytest.mark.nightly]

CHECK = "MOCK_SEI_CONTAINER_CHECK"
"""Names a script that builds the image where there is neither engine nor registry."""
LIMIT = 110 * 1024
"""Kilobytes that the image may add to its base."""

FIXTURE_SUITE = """
import pytest


def test_client_credentials(mock_sei):
    account = mock_sei.service_account("svc-demo")
    headers = {"Authorization": f"Bearer {mock_sei.token(account)}", "AppKey": account.app_key}
    with mock_sei.client(account) as http:
        assert http.get("/v1/order/tradetickets", headers=headers).status_code == 200
        mock_sei.clock.advance(minutes=31)
        assert "expired" in http.get("/v1/order/tradetickets", headers=headers).text


@pytest.mark.parametrize("application", ["demo-web", "demo-internal", "demo-spa", "demo-native"])
def test_every_other_grant(mock_sei, application):
    assert mock_sei.token(application, user="alice@example.com")


@pytest.mark.parametrize("variant", ["expired", "untrusted", "self-signed"])
def test_a_bad_certificate_never_gets_in(mock_sei, variant):
    certificate = mock_sei.certificate("svc-demo", variant)
    with mock_sei.client(certificate) as http, pytest.raises(Exception, match="alert"):
        http.get("/")
    assert mock_sei.journal.last.kind == "handshake"


def test_a_fault(mock_sei):
    mock_sei.faults.add("POST /v2/oauthtoken", status=503, times=1)
    with mock_sei.client("svc-demo") as http:
        assert http.post("/v2/oauthtoken").status_code == 503
"""
FIXTURE_TESTS = 9


def find_engine(folder: Path) -> Docker | Buildah | None:
    """The engine that can build and run the image here; None if there is none."""
    if shutil.which("docker") and call("docker", "info").returncode == 0:
        return Docker()
    check = os.environ.get(CHECK)
    if check and (ROOT / check).exists() and os.geteuid() == 0:
        return Buildah((ROOT / check).resolve(), folder)
    return None


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker | Buildah]:
    """The image, built once for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    found = find_engine(tmp_path_factory.mktemp("volumes"))
    if found is None:
        pytest.skip("no Docker engine answers here")
    with (shared / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "image.built").exists():
            found.build()
            (shared / "image.built").touch()
    yield found
    found.close()


@pytest.fixture(scope="module")
def container(engine: Docker | Buildah) -> Iterator[Container]:
    """One for the tests that only look at it; nothing but volume and memory can be written."""
    with engine.start(volume=engine.volume(), read_only=True) as started:
        yield healthy(started)


def test_the_image_says_how_it_is_run(engine: Docker | Buildah) -> None:
    config = engine.config()

    assert config["User"].split(":")[0].isdecimal()
    assert int(config["User"].split(":")[0]) > 0
    assert config["ExposedPorts"].keys() == {"443/tcp", "444/tcp", "8044/tcp"}
    assert config["Healthcheck"]["Test"] == ["CMD", "mock-sei", "healthcheck"]
    assert (config["Entrypoint"], config["Cmd"]) == (["mock-sei"], ["serve"])
    assert config["Volumes"].keys() == {"/certs"}


def test_its_listeners_are_open_to_other_machines_unless_told_otherwise(
    engine: Docker | Buildah,
) -> None:
    variables = dict(each.split("=", 1) for each in engine.config()["Env"])

    everywhere = "0.0.0.0"  # noqa: S104  # inside a container
    assert variables["MOCK_SEI_HOST"] == variables["MOCK_SEI_CONTROL_HOST"] == everywhere
    assert "MOCK_SEI_TWO_WAY_HOST" not in variables  # the same as the other one, then


def test_nothing_is_in_it_that_a_server_does_not_need(engine: Docker | Buildah) -> None:
    program = (
        "import importlib.util as i, json, os, shutil;"
        "from pathlib import Path;"
        "print(json.dumps({"
        "'user': os.getuid(),"
        "'programs': [p for p in 'gcc cc g++ c++ clang ld make curl'.split() if shutil.which(p)],"
        "'packages': [p for p in 'pip pytest mypy ruff playwright tests'.split()"
        "             if i.find_spec(p)],"
        "'keys': [str(p) for f in ('/mock-sei', '/certs', '/opt', '/tmp')"
        "         for p in Path(f).rglob('*.key')],"
        "'extras': [p for p in ('lxml', 'signxml', 'uvloop') if i.find_spec(p)],"
        "}))"
    )
    found = engine.once("python", "-c", program)
    assert found.returncode == 0, found.stderr

    assert json.loads(found.stdout) == {
        "user": int(engine.config()["User"].split(":")[0]),
        "programs": [],
        "packages": [],
        "keys": [],
        "extras": ["lxml", "signxml", "uvloop"],
    }


def test_it_adds_little_to_its_base(engine: Docker | Buildah) -> None:
    measured = engine.once("du", "-skx", "/opt/mock-sei")
    assert measured.returncode == 0, measured.stderr

    assert 1024 < int(measured.stdout.split()[0]) < LIMIT


def test_every_module_was_compiled_when_it_was_built(engine: Docker | Buildah) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from importlib.util import cache_from_source as c;"
        "files = list(Path(sys.prefix).rglob('*.py'));"
        "print(len(files), *[f for f in files if not Path(c(str(f))).exists()])"
    )
    found = engine.once("python", "-c", program)
    count, *missing = found.stdout.split()

    assert int(count) > 500
    assert missing == []


def test_the_fixtures_attach_to_it(pytester: pytest.Pytester, container: Container) -> None:
    result = run_suite(pytester, FIXTURE_SUITE, *attach_options(container))
    result.assert_outcomes(passed=FIXTURE_TESTS)


def test_it_writes_nowhere_but_into_its_volume(
    pytester: pytest.Pytester, container: Container
) -> None:
    """Served as well as started: the test before may be another worker's."""
    run_suite(pytester, FIXTURE_SUITE, *attach_options(container))

    assert container.changed() == set()


def test_its_health_check_tells_a_running_server_from_none(container: Container) -> None:
    check = ("mock-sei", "healthcheck")
    assert container.execute(*check).returncode == 0
    nowhere = container.execute(*check, "--control-url", "http://127.0.0.1:9")
    assert nowhere.returncode == 1
    assert "no mock-sei answers" in nowhere.stderr


def test_sigterm_ends_it_by_itself(engine: Docker | Buildah) -> None:
    """A client that keeps its connection does not hold it back."""
    with engine.start(volume=engine.volume()) as started:
        healthy(started)
        with httpx2.Client(base_url=started.control_url, trust_env=False) as kept:
            assert kept.get("/health").json()["status"] == "ok"
            assert started.stop() == 0


def test_its_ca_outlives_it_on_the_volume(engine: Docker | Buildah) -> None:
    seen = []
    volume = engine.volume()
    for _ in range(2):
        with engine.start(volume=volume) as started:
            healthy(started)
            seen.append(httpx2.get(f"{started.control_url}/ca.pem", trust_env=False).content)
            started.stop()
    with engine.start(volume=engine.volume()) as started:
        healthy(started)
        other = httpx2.get(f"{started.control_url}/ca.pem", trust_env=False).content

    assert seen[0] == seen[1]
    assert other != seen[0]


def test_a_volume_that_is_root_s_and_open_to_all_will_do(engine: Docker | Buildah) -> None:
    """A temporary file system, for one."""
    with engine.start(volume=engine.volume(of_root=True)) as started:
        healthy(started)


def ended(started: Container) -> str:
    """The one line of a start that was refused."""
    wait_for(lambda: not started.running())
    assert started.stop() in (1, 2)  # buildah's own is 1
    lines = [each for each in started.output().splitlines() if each.startswith("mock-sei: ")]
    assert "Traceback" not in started.output()
    [line] = lines
    return line


def test_a_volume_of_another_user_is_named(engine: Docker | Buildah) -> None:
    volume = engine.volume()
    with engine.start(volume=volume) as first:  # fills an engine's new volume
        healthy(first)
    with engine.start(volume=volume, user="12345:12345") as started:
        line = ended(started)

    owner = engine.config()["User"].split(":")[0]
    assert "/certs: cannot be written: Permission denied" in line
    assert f"to user 12345; /certs belongs to user {owner}" in line


def test_a_port_that_the_system_refuses_is_not_replaced(engine: Docker | Buildah) -> None:
    with engine.start(volume=engine.volume(), low_ports=False) as started:
        line = ended(started)

    assert "--one-way-port: cannot listen on 0.0.0.0 port 443" in line
    assert "MOCK_SEI_ONE_WAY_PORT" in line
    assert "net.ipv4.ip_unprivileged_port_start=0" in line


def test_it_serves_its_own_ports_and_fetches_nothing(
    pytester: pytest.Pytester, engine: Docker | Buildah
) -> None:
    """In a network that leads nowhere and lets everybody have every port, as an engine's does."""
    if isinstance(engine, Docker):
        pytest.skip("an engine publishes the image's own ports: every other test uses them")
    with own_network() as network:
        inside = network.inside
        with engine.start(volume=engine.volume(), network=inside) as started:
            healthy(started)
            pytester.makepyfile(test_suite=FIXTURE_SUITE)
            options = ("-p", "no:randomly", "-p", "no:cacheprovider")
            url = ("--mock-sei-url", "http://127.0.0.1:8044")
            finished = run(*inside, sys.executable, "-m", "pytest", *options, *url)
            assert f"{FIXTURE_TESTS} passed" in finished.stdout, finished.stdout
            told = run(*inside, "curl", "-sS", f"http://{network.address}:8044/").stdout
            assert json.loads(told)["two_way_url"] == f"https://{network.address}:444"


def test_the_tests_of_the_image_are_not_in_it() -> None:
    """Only what the package is made of is sent to the engine."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [each[1:] for each in ignored if each.startswith("!")]

    assert "*" in ignored
    assert not [each for each in sent if each.startswith(("certs", "tests", ".venv"))]
