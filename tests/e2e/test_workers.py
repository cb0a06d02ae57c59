"""``mock-sei serve --workers``: one parent, several processes, and what ends them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.portal_forms import Visitor, words_of
from tests.e2e.serving import MOCK_SEI, Serving, environment, run_mock_sei, wait_for
from tests.patience import PATIENCE

STATE = ("--state", "sqlite:platform.db")
TWO = (*STATE, "--workers", "2")
PROC = Path("/proc")

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="it reads /proc")


def workers_of(serving: Serving) -> set[int]:
    """The processes of the running workers."""
    pid = serving.process.pid
    children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    return {int(each) for each in children if not is_gone(int(each))}


def is_gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has asked for its status."""
    try:
        status = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def control_of(serving: Serving) -> httpx2.Client:
    """A client that opens a connection for each call, which any worker may take."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.Client(base_url=serving.ready["control_url"], trust_env=False, limits=limits)


def answers(control: httpx2.Client) -> bool:
    try:
        return control.get("/health").status_code == 200
    except httpx2.TransportError:  # a connection that the killed worker had taken
        return False


def is_free(url: str) -> bool:
    """Whether nobody listens at the port of a URL any more."""
    with socket.socket() as own:
        try:
            own.connect(("127.0.0.1", urlsplit(url).port))
        except ConnectionRefusedError:
            return True
    return False


def everything_ended(workers: set[int], ready: dict[str, Any]) -> None:
    wait_for(lambda: all(map(is_gone, workers)))
    urls = [ready[key] for key in ("url", "two_way_url", "control_url")]
    wait_for(lambda: all(map(is_free, urls)))


@pytest.fixture(scope="module")
def _two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Its working folder has modules of a stranger, and it finds no uvloop where it imports."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("json", "logging", "mock_sei", "uvicorn"):
        (folder / f"{name}.py").write_text("raise RuntimeError('of a stranger')")
    hidden = folder / "hidden"
    hidden.mkdir()
    (hidden / "uvloop.py").write_text("raise ImportError('not installed')")
    environ = environment() | {"PYTHONPATH": str(hidden)}
    with Serving.start(folder, *TWO, command=[MOCK_SEI], environ=environ) as serving:
        yield serving


@pytest.fixture
def two(_two: Serving) -> Serving:
    """A running server with two workers, reset before each test."""
    httpx2.post(f"{_two.ready['control_url']}/reset", trust_env=False).raise_for_status()
    return _two


def test_a_worker_has_no_file_of_its_parent_but_the_sockets(two: Serving) -> None:
    def files(pid: int) -> list[str]:
        return [str(each.readlink()) for each in (PROC / str(pid) / "fd").iterdir()]

    parent = files(two.process.pid)
    assert not any("platform.db" in each for each in parent)
    listening = {each for each in parent if each.startswith("socket:")}
    assert len(listening) >= 3

    def opened() -> list[list[str]] | None:
        """The files of the workers, once each has its state: another test may have killed one."""
        with contextlib.suppress(OSError):
            found = [files(pid) for pid in workers_of(two)]
            is_open = [any(each.endswith("platform.db") for each in own) for own in found]
            return found if len(found) == 2 and all(is_open) else None
        return None

    all_files = wait_for(opened)
    assert all_files is not None
    pipes = [{each for each in own if each.startswith("pipe:")} for own in all_files]
    assert not pipes[0] & pipes[1]
    for own, pipe in zip(all_files, pipes, strict=True):
        assert listening <= set(own)
        assert len(pipe & set(parent)) == 2  # its input, and its reports
        assert sum(each.endswith("platform.db") for each in own) == 1


def test_the_process_that_the_ready_file_and_the_control_api_name_is_the_parent(
    two: Serving,
) -> None:
    assert two.ready["pid"] == two.process.pid
    with control_of(two) as control:
        assert {control.get("/").json()["pid"] for _ in range(8)} == {two.process.pid}
        assert two.process.pid not in {control.get("/").json()["worker_pid"] for _ in range(8)}


def test_the_addresses_are_printed_once_and_each_call_is_logged_once(two: Serving) -> None:
    assert two.output.count("one-way TLS") == 1
    before = len(two.errors.splitlines())
    with httpx2.Client(base_url=two.ready["url"], verify=False, trust_env=False) as client:
        client.get("/.well-known/jwks.json").raise_for_status()
    wait_for(lambda: len(two.errors.splitlines()) > before)
    (line,) = two.errors.splitlines()[before:]
    assert "GET /.well-known/jwks.json" in line


def test_another_worker_answers_and_a_new_one_is_started_for_a_killed_one(two: Serving) -> None:
    before = workers_of(two)
    assert len(before) == 2
    with control_of(two) as control:
        control.put(
            "/clock", json={"now": "2030-01-02T03:04:05Z", "frozen": True}
        ).raise_for_status()
        moved = control.get("/clock").json()["now"]
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: answers(control))
        wait_for(lambda: len(workers_of(two) - before) == 1)
        assert workers_of(two) & before == before - {victim}
        # The survivor is killed too: the new one has all that the others did.
        wait_for(lambda: len(connected(workers_of(two) - before, two)) == 1)
        os.kill((before - {victim}).pop(), signal.SIGKILL)
        wait_for(lambda: answers(control))
        assert control.get("/clock").json()["now"] == moved
    assert two.ready_file.exists()
    assert "Traceback" not in two.errors


def connected(pids: set[int], serving: Serving) -> set[int]:
    """Those of these processes that have opened the state."""

    def has_opened(pid: int) -> bool:
        path = str(serving.folder / "platform.db")
        try:
            return any(str(each.readlink()) == path for each in (PROC / str(pid) / "fd").iterdir())
        except OSError:
            return False

    return set(filter(has_opened, pids))


def test_a_live_page_shows_the_calls_of_all_workers(two: Serving) -> None:
    options: dict[str, Any] = {"base_url": two.ready["url"], "verify": False, "trust_env": False}
    with (
        httpx2.Client(**options, timeout=PATIENCE) as browser,
        browser.stream("GET", "/portal/events?page=journal") as live,
    ):
        assert live.status_code == 200
        pieces = live.iter_text()
        next(pieces)
        for number in range(8):  # each over a connection of its own, which any worker may take
            with httpx2.Client(**options) as http:
                http.get(f"/v1/call-{number}")
        seen = ""
        while "/v1/call-7" not in seen:
            seen += next(pieces)
        assert {f"/v1/call-{number}" for number in range(8)} <= set(re.findall("/v1/call-.", seen))


class TestEnd:
    @pytest.mark.parametrize(
        ("number", "whom"),
        [
            pytest.param(signal.SIGTERM, "the parent", id="TERM"),
            pytest.param(signal.SIGINT, "the whole group", id="INT", marks=pytest.mark.nightly),
        ],
    )
    def test_a_signal_ends_all_with_status_0(
        self, tmp_path: Path, number: signal.Signals, whom: str
    ) -> None:
        with Serving.start(tmp_path, *TWO) as serving:  # it is the leader of its process group
            ready, workers = serving.ready, workers_of(serving)
            with socket.create_connection(
                ("127.0.0.1", urlsplit(ready["control_url"]).port), timeout=PATIENCE
            ):
                if whom == "the parent":
                    serving.process.send_signal(number)
                else:
                    os.killpg(serving.process.pid, number)
                assert serving.process.wait(timeout=PATIENCE) == 0
            assert not serving.ready_file.exists()
            everything_ended(workers, ready)
            assert serving.errors == ""

    def test_ctrl_c_while_workers_start_leaves_no_traceback(self, tmp_path: Path) -> None:
        with Serving.launch(tmp_path, *TWO) as serving:
            wait_for(
                lambda: len(workers_of(serving)) == 2,
                still=lambda: serving.process.poll() is None,
            )
            workers = workers_of(serving)
            os.killpg(serving.process.pid, signal.SIGINT)
            assert serving.process.wait(timeout=PATIENCE) == 0
            wait_for(lambda: all(map(is_gone, workers)))
            assert serving.errors == ""
            assert not serving.ready_file.exists()

    def test_workers_end_by_themselves_when_their_parent_was_killed(self, tmp_path: Path) -> None:
        with Serving.start(tmp_path, *TWO) as serving:
            ready, workers = serving.ready, workers_of(serving)
            serving.kill()
            everything_ended(workers, ready)
            assert "Traceback" not in serving.errors
        serving.ready_file.unlink()  # nobody was left to do so
        ports = ("--one-way-port", "0", "--two-way-port", "0")
        control = str(urlsplit(ready["control_url"]).port)
        with Serving.start(tmp_path, *STATE, ports=(*ports, "--control-port", control)) as again:
            assert again.stop() == 0

    def test_workers_that_die_again_and_again_end_the_server(self, tmp_path: Path) -> None:
        with Serving.start(tmp_path, *TWO, "--log-format", "json") as serving:
            ready, killed = serving.ready, set[int]()
            while serving.process.poll() is None:
                for each in workers_of(serving):
                    killed.add(each)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(each, signal.SIGKILL)
            assert serving.process.wait() == 2
            (line,) = serving.errors.splitlines()
            said = json.loads(line)["message"]
            assert said.startswith("5 workers ended within 10 s, the last one by signal 9; ")
            assert not serving.ready_file.exists()
            everything_ended(killed, ready)


def test_workers_find_modules_where_their_parent_does_and_not_in_the_working_folder(
    two: Serving,
) -> None:
    """So they run on the event loop that their parent would use, here that of asyncio."""
    wait_for(lambda: len(connected(workers_of(two), two)) == 2)  # another test may have killed one
    maps = [(PROC / str(each) / "maps").read_text() for each in workers_of(two)]
    assert not any("uvloop" in each for each in maps)
    with control_of(two) as control:
        assert control.get("/health").json()["state"] == "ok"
    assert "of a stranger" not in two.errors


@pytest.mark.nightly  # hostile/test_exhausted.py does the same to one process
def test_output_that_nobody_takes_stops_no_worker(tmp_path: Path) -> None:
    shell = 'exec "$@" >&- 2>/dev/full'
    command = ("bash", "-c", shell, "bash", MOCK_SEI)
    with Serving.start(tmp_path, *TWO, command=command) as serving:
        with control_of(serving) as control:
            for _ in range(8):
                assert control.post("/reset").is_success
            assert control.get("/clock").is_success
        assert serving.stop() == 0


def test_a_port_that_workers_have_is_the_port_of_their_parent(two: Serving, tmp_path: Path) -> None:
    control = str(urlsplit(two.ready["control_url"]).port)
    ended = run_mock_sei(
        *("serve", "--one-way-port", "0", "--two-way-port", "0", "--control-port", control),
        cwd=tmp_path,
    )
    assert ended.returncode == 2
    assert re.search(rf"in use by the mock-sei with pid {two.process.pid}\b", ended.stderr)


def test_a_call_that_the_portal_makes_is_shown_whichever_worker_took_it(two: Serving) -> None:
    limits = httpx2.Limits(max_keepalive_connections=0)
    with httpx2.Client(
        base_url=two.ready["url"], verify=False, trust_env=False, limits=limits
    ) as http:
        for _ in range(4):
            address = "/portal/apis/sma-trade-orders/GET/v1/order/tradetickets"
            words = words_of(Visitor(http).send(address))
            assert "The answer has status 200" in words
            assert "✓ access token" in words
