"""A state that cannot be used: what a start says, and what a running server answers."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

import httpx2
import pytest

from mock_sei import Attached, MockSei, __version__
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import bundled_folder
from mock_sei.state.sqlite import FORMAT
from tests.e2e.serving import FREE_PORTS, Serving, run_mock_sei, wait_for

STATE = ("--state", "sqlite:platform.db")


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file in a folder with its bytes, but for an empty log of SQLite and the log's index."""
    return {
        str(each.relative_to(folder)): each.read_bytes() if each.is_file() else None
        for each in folder.rglob("*")
        if not each.name.endswith("-shm")
        and not (each.name.endswith("-wal") and not each.stat().st_size)
    }


def refused(folder: Path, *options: str, changes: bool = False) -> str:
    """The one line on the error output of a start that failed. The folder is as it was."""
    before = {} if changes else contents(folder)
    ended = run_mock_sei("serve", *FREE_PORTS, *options, cwd=folder)
    assert (ended.returncode, ended.stdout) == (2, ""), ended.stderr
    assert ended.stderr.startswith("mock-sei: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    if not changes:
        assert contents(folder) == before, "something was written"
    return ended.stderr.removeprefix("mock-sei: ").rstrip("\n")


def write_database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for each in statements:
            connection.execute(each)
        connection.commit()


@pytest.fixture(scope="module")
def _kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    with Serving.start(folder, *STATE) as serving:
        assert serving.stop() == 0
    return folder


@pytest.fixture
def kept(_kept: Path, tmp_path: Path) -> Path:
    """A folder with the state and the certificates of a server that has ended."""
    return Path(shutil.copytree(_kept, tmp_path / "kept"))


class TestStart:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ("sqlite:", "a file is missing; write memory, sqlite:PATH"),
            ("postgres://user:hidden@host/x", "no place for a state; write memory, sqlite:PATH"),
            ("redis://:hidden@127.0.0.1:1", "127.0.0.1:1/0?namespace=mock-sei: cannot be reached"),
            ("platform.db", "no place for a state; write memory, sqlite:PATH"),
            ("sqlite:missing/platform.db", "missing/platform.db: cannot be opened: No such file"),
            ("sqlite:folder", "folder: cannot be opened: Is a directory"),
            ("sqlite:text.db", "text.db: no SQLite file; name a file of mock-sei, or a new one"),
        ],
    )
    def test_a_state_that_cannot_be_one(self, tmp_path: Path, state: str, words: str) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "text.db").write_text("Some notes of mine, which are no database.\n" * 20)
        line = refused(tmp_path, "--state", state)
        assert words in line
        assert "hidden" not in line

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        if os.access(closed, os.W_OK):  # the superuser writes anywhere but here
            closed = Path("/proc")
        line = refused(tmp_path, "--state", f"sqlite:{closed / 'platform.db'}")
        assert line.startswith(f"{closed / 'platform.db'}: cannot be opened: ")

    @pytest.mark.parametrize("option", [(), ("--replace-state",)], ids=["kept", "replaced"])
    @pytest.mark.parametrize(
        "statements",
        [
            ["CREATE TABLE mine (a)", "INSERT INTO mine VALUES (1)"],
            ["CREATE VIEW mine AS SELECT 1"],
            ["PRAGMA application_id = 42"],
            ["PRAGMA application_id = 42", "CREATE TABLE head (a)"],
        ],
        ids=["table", "view", "nothing", "our names"],
    )
    def test_a_database_of_another_program_stays_as_it_is(
        self, tmp_path: Path, statements: list[str], option: tuple[str, ...]
    ) -> None:
        write_database(tmp_path / "platform.db", *statements)
        line = refused(tmp_path, *STATE, *option)
        assert line == (
            "platform.db: an SQLite file of another program; name a file of mock-sei, or a new one"
        )

    def test_a_database_of_another_format(self, kept: Path) -> None:
        write_database(kept / "platform.db", f"PRAGMA user_version = {FORMAT + 1}")
        line = refused(kept, *STATE)
        assert f"its format is number {FORMAT + 1}" in line
        assert "--replace-state" in line
        with Serving.start(kept, *STATE, "--replace-state") as serving:
            assert serving.stop() == 0

    def test_a_state_of_another_version(self, kept: Path) -> None:
        write_database(
            kept / "platform.db", "UPDATE facts SET value = '0.0.7' WHERE name = 'version'"
        )
        line = refused(kept, *STATE)
        assert f"was written by mock-sei 0.0.7, and this is {__version__}" in line

    @pytest.mark.parametrize(
        ("options", "named"),
        [
            (("--seed", "7"), "--seed"),
            (("--dialect", "rfc"), "--dialect"),
            (("--fixtures", "fixtures"), "fixtures"),
            (("--apis", "apis"), "--apis/orders.json"),
            (("--config", "faults.toml"), "--faults"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_another_configuration_names_what_differs(
        self, kept: Path, options: tuple[str, ...], named: str
    ) -> None:
        write_configuration(kept)
        line = refused(kept, *STATE, *options)
        assert "platform.db: its state belongs to another configuration; what differs: " in line
        assert named in line
        assert "--replace-state" in line

    def test_a_changed_fixture_file_is_named(self, kept: Path) -> None:
        write_configuration(kept)
        options = (*STATE, "--fixtures", "fixtures")
        with Serving.start(kept, *options, "--replace-state") as serving:
            assert serving.stop() == 0
        changed = kept / "fixtures" / "platform.toml"
        changed.write_text(changed.read_text() + "\n# a remark\n")
        assert "what differs: --fixtures/platform.toml." in refused(kept, *options)

    def test_a_start_that_fails_later_has_replaced_nothing(self, kept: Path) -> None:
        (kept / "certs" / "ca.pem").write_text("no certificate")
        assert "ca.pem" in refused(kept, *STATE, "--replace-state")

    def test_a_start_that_fails_later_has_made_no_state(self, tmp_path: Path) -> None:
        (tmp_path / "certs").write_text("not a folder")
        assert str(tmp_path / "certs") in refused(tmp_path, *STATE)

    def test_a_file_that_another_process_has_locked(self, kept: Path) -> None:
        with closing(sqlite3.connect(kept / "platform.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            line = refused(kept, *STATE)
        assert line.startswith("platform.db: locked by another process; end that process, or")

    def test_a_file_that_another_process_keeps_for_itself(self, kept: Path) -> None:
        with closing(sqlite3.connect(kept / "platform.db", isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE head SET recorded = recorded")
            other.execute("COMMIT")
            # A process that closes a file gives its locks on it back: it must not be read here.
            line = refused(kept, *STATE, changes=True)
        assert "platform.db: locked by another process" in line

    @pytest.mark.parametrize("workers", ["0", "65", "many"])
    def test_a_number_of_workers_that_cannot_be(self, tmp_path: Path, workers: str) -> None:
        assert "--workers" in refused(tmp_path, *STATE, "--workers", workers)

    def test_workers_without_a_state_that_they_share(self, tmp_path: Path) -> None:
        line = refused(tmp_path, "--workers", "2")
        assert line == (
            "--workers: 2 workers need a state that they share; add --state sqlite:platform.db, "
            "for example"
        )

    def test_a_state_of_an_earlier_start_that_was_killed_while_it_was_made(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "platform.db").touch()
        with Serving.start(tmp_path, *STATE) as serving:
            assert serving.stop() == 0

    def test_the_file_is_for_its_owner_alone(self, kept: Path) -> None:
        assert (kept / "platform.db").stat().st_mode & 0o777 == 0o600

    def test_a_platform_in_a_test_has_its_state_in_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "platform.db"
        with pytest.raises((ConfigurationError, TypeError), match="state"):
            MockSei(state=f"sqlite:{path}")
        assert not path.exists()


def write_configuration(folder: Path) -> None:
    """Fixtures, documents and seeded faults that a server may be started with."""
    fixtures, apis = folder / "fixtures", folder / "apis"
    fixtures.mkdir()
    (fixtures / "platform.toml").write_bytes((bundled_folder() / "platform.toml").read_bytes())
    apis.mkdir()
    (apis / "orders.json").write_text(
        '{"openapi": "3.0.3", "info": {"title": "Orders", "version": "1"}, "paths": '
        '{"/v1/mine/orders": {"get": {"responses": {"200": {"description": "all"}}}}}}'
    )
    (folder / "faults.toml").write_text("[[faults]]\nstatus = 503\n")


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving.start(tmp_path_factory.mktemp("shared"), *STATE) as serving:
        yield serving


@pytest.fixture
def shared(_shared: Serving) -> Serving:
    """A running server with a state in a file, reset before each test."""
    httpx2.post(f"{_shared.ready['control_url']}/reset", trust_env=False).raise_for_status()
    return _shared


@contextmanager
def full_disk(serving: Serving) -> Iterator[None]:
    """No file of the server can grow, as on a disk that is full."""
    pid = serving.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (512, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def reserved(serving: Serving) -> Iterator[None]:
    """Another process has begun to write to the file."""
    path = serving.folder / "platform.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


class Caller:
    """Calls all that a server answers."""

    def __init__(self, serving: Serving) -> None:
        url = serving.ready["control_url"]
        self.control = httpx2.Client(base_url=url, trust_env=False)
        with Attached(url) as attached:
            self.one_way = attached.client(None)
            self.two_way = attached.client("svc-internal")

    def health(self) -> str:
        answer = self.control.get("/health")
        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"
        return str(answer.json()["state"])

    def token(self) -> httpx2.Response:
        return self.two_way.post(
            "/v2/oauthtoken",
            data={
                "grant_type": "password",
                "username": "alice@example.com",
                "password": "alice-password",
            },
            auth=("demo-internal-key", "demo-internal-secret"),
        )

    def register(self, name: str) -> httpx2.Response:
        return self.control.post(
            "/applications", json={"name": name, "type": "server-server", "actor": "server"}
        )

    def names(self) -> set[str]:
        return {each["name"] for each in self.control.get("/").json()["applications"]}


@pytest.fixture
def caller(shared: Serving) -> Iterator[Caller]:
    made = Caller(shared)
    with made.control, made.one_way, made.two_way:
        yield made


def retried(answer: httpx2.Response) -> httpx2.Response:
    """An answer that tells its client to try again."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    return answer


class TestRunning:
    def test_a_full_disk_is_an_answer_that_a_client_tries_again_and_it_heals(
        self, shared: Serving, caller: Caller
    ) -> None:
        assert caller.register("before").status_code == 201
        with full_disk(shared):
            refused = retried(caller.token())
            assert refused.json()["error"] == "temporarily_unavailable"
            assert refused.json()["transient"] is True
            record = retried(caller.register("meanwhile"))
            assert record.json()["error"] == "StoreAway"
            assert caller.one_way.get("/portal").status_code == 200  # it only reads
            assert "platform.db" in caller.health()
            assert "before" in caller.names()
        wait_for(lambda: caller.health() == "ok")
        assert caller.token().status_code == 200
        assert caller.register("after").status_code == 201
        assert {"before", "after"} <= caller.names()
        assert "meanwhile" not in caller.names()

    def test_what_was_refused_is_in_the_journal_when_the_disk_has_room_again(
        self, shared: Serving, caller: Caller
    ) -> None:
        with full_disk(shared):
            retried(caller.token())
        wait_for(lambda: caller.health() == "ok")
        entries = caller.control.get("/journal").json()["entries"]
        assert [each["response"]["status"] for each in entries] == [503]
        assert "cannot be reached" in entries[0]["refused_because"]

    def test_a_second_of_another_process_delays_what_writes_and_nothing_else(
        self, shared: Serving, caller: Caller
    ) -> None:
        answers: list[int] = []
        writers = [
            threading.Thread(target=lambda: answers.append(caller.token().status_code))
            for _ in range(8)
        ]
        with reserved(shared):
            for each in writers:
                each.start()
            took: list[float] = []
            until = time.monotonic() + 1
            while time.monotonic() < until:
                begun = time.monotonic()
                assert caller.health() == "ok"
                assert caller.control.get("/faults").status_code == 200
                took.append(time.monotonic() - begun)
            assert answers == []
        for each in writers:
            each.join()
        assert answers == [200] * 8
        assert median(took) < 0.1  # both calls together

    def test_a_file_that_stays_locked_is_an_answer_that_a_client_tries_again(
        self, shared: Serving, caller: Caller
    ) -> None:
        with reserved(shared):
            assert "access_token" not in retried(caller.token()).text
            assert "kept the store reserved" in caller.health()
            assert caller.names()
        wait_for(lambda: caller.health() == "ok")
        assert caller.token().status_code == 200

    def test_a_deleted_file_stops_everything_until_it_is_back(
        self, shared: Serving, caller: Caller
    ) -> None:
        assert caller.register("before").status_code == 201
        path, aside = shared.folder / "platform.db", shared.folder / "aside.db"
        path.rename(aside)
        assert retried(caller.token()).json()["error"] == "temporarily_unavailable"
        assert retried(caller.one_way.get("/v1/order/tradetickets")).json()["transient"] is True
        retried(caller.control.get("/faults"))
        page = retried(caller.one_way.get("/portal"))
        assert page.headers["Content-Type"].startswith("text/html")
        assert "deleted or moved" in caller.health()
        shutil.copy(aside, path)
        retried(caller.token())
        assert "another file took its place" in caller.health()
        path.unlink()
        aside.rename(path)
        wait_for(lambda: caller.health() == "ok")
        assert caller.token().status_code == 200
        assert "before" in caller.names()
        assert "the state cannot be reached: platform.db: it was deleted or moved" in shared.errors
        assert "the state can be reached again" in shared.errors
        assert "Traceback" not in shared.errors
