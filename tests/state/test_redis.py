"""A state in Redis: who wins, what a start refuses, and what happens while Redis is away."""

from __future__ import annotations

import importlib.util
import logging
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_client
import trustme

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state import redis, redis_line
from mock_sei.state.certificates import share_certificates
from mock_sei.state.opening import open_state, units_of
from mock_sei.state.redis import RedisStore
from mock_sei.state.remote import RemoteUnits
from mock_sei.state.store import Change, StoreBusy
from tests.e2e.containers import free_port
from tests.patience import PATIENCE
from tests.redis_server import RedisServer, address_of, open_redis

pytestmark = pytest.mark.long

SECRET = "hidden-word"  # of a server of this test


def change(key: str, text: str | None = "x") -> Change:
    return Change("a", key, text, stays=False)


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    return redis_server.url()


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], RedisStore]]:
    stores: list[RedisStore] = []

    def one_more() -> RedisStore:
        stores.append(open_redis(url))
        return stores[-1]

    yield one_more
    for each in stores:
        each.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server that the test may stop and freeze."""
    with RedisServer(tmp_path) as server:
        yield server


class TestReservation:
    def test_the_commit_of_a_server_that_was_frozen_is_refused_if_another_one_came(
        self, opened: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frozen, other = opened(), opened()
        monkeypatch.setattr(redis, "LEASE", 0.001)
        frozen.reserve()
        other_reserves(other)
        other.commit([change("theirs")])

        with pytest.raises(StoreBusy):
            frozen.commit([change("ours")])

        assert [row[1] for row in frozen.load(None).rows] == ["theirs"]

    def test_a_lease_that_ended_is_enough_if_nobody_came(
        self,
        opened: Callable[[], RedisStore],
        redis_server: RedisServer,
        url: str,
    ) -> None:
        slow = opened()
        slow.reserve()
        with redis_server.client() as client:  # as at its end
            client.delete(redis.key_of(address_of(url).namespace, "lock"))

        assert slow.commit([change("ours")]) == 1

    def test_a_commit_that_redis_gets_too_late_changes_nothing(
        self, opened: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = opened()
        monkeypatch.setattr(redis, "LATE", -10.0)
        store.reserve()

        with pytest.raises(StoreBusy):
            store.commit([change("late")])

        assert not store.load(None).rows

    def test_no_commit_is_made_after_its_client_was_told_that_redis_does_not_answer(
        self, own_server: RedisServer
    ) -> None:
        """Redis is frozen for just longer than a server waits for an answer."""
        store = open_redis(own_server.url())
        other = open_redis(own_server.url(store._namespace))  # noqa: SLF001  # it names its keys
        store.reserve()
        own_server.freeze()
        try:
            with pytest.raises(StoreAway, match="does not answer"):
                store.commit([change("late")])
        finally:
            own_server.thaw()

        assert redis.LATE < redis_line.PATIENCE
        other.begin()  # after it, Redis has read all that was sent before
        assert not other.load(None).rows
        store.close()
        other.close()

    def test_a_commit_whose_answer_was_lost_is_made_once(
        self, opened: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, other = opened(), opened()
        once, lost = redis_line.Line._once, [0]  # noqa: SLF001  # stands in for the network

        def losing(line: redis_line.Line, command: tuple[object, ...]) -> object:
            answer = once(line, command)
            if command[0] in ("EVALSHA", "EVAL") and not lost[0]:
                lost[0] += 1
                raise redis_client.ConnectionError("lost")
            return answer

        store.reserve()
        monkeypatch.setattr(redis_line.Line, "_once", losing)
        sequence = store.commit([change("1")])

        assert (sequence, lost[0]) == (1, 1)
        assert other.begin().sequence == 1

    def test_entries_whose_answer_was_lost_are_written_once(
        self, opened: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = opened()
        epoch = store.begin().epoch
        once = redis_line.Line._once  # noqa: SLF001  # stands in for the network

        def losing(line: redis_line.Line, command: tuple[object, ...]) -> object:
            once(line, command)
            raise redis_client.TimeoutError("late")

        with monkeypatch.context() as patch:
            patch.setattr(redis_line, "PAUSE", 0.0)
            patch.setattr(redis_line.Line, "_once", losing)
            with pytest.raises(StoreAway, match="does not answer"):
                store.add_entries([(epoch, "one")])
        store.add_entries([(epoch, "one"), (epoch, "two")])

        assert store.entries_after(0, 10) == [(1, "one"), (2, "two")]

    def test_entries_that_redis_reads_only_after_they_were_sent_again_are_written_once(
        self, opened: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A frozen server reads what a closed connection had sent after a newer connection's."""
        store = opened()
        epoch = store.begin().epoch
        once = redis_line.Line._once  # noqa: SLF001  # stands in for the network
        sent: list[tuple[redis_line.Line, tuple[object, ...]]] = []

        def keeping(line: redis_line.Line, command: tuple[object, ...]) -> object:
            sent.append((line, command))
            raise redis_client.TimeoutError("frozen")

        with monkeypatch.context() as patch:
            patch.setattr(redis_line, "PAUSE", 0.0)
            patch.setattr(redis_line.Line, "_once", keeping)
            for _ in range(2):
                with pytest.raises(StoreAway, match="does not answer"):
                    store.add_entries([(epoch, "one")])
        store.add_entries([(epoch, "one"), (epoch, "two")])
        for line, command in sent:
            once(line, command)

        assert len(sent) == 2
        assert store.entries_after(0, 10) == [(1, "one"), (2, "two")]

    def test_records_that_change_while_all_are_read_are_there_once(
        self, opened: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, other = opened(), opened()
        store.reserve()
        store.commit([change(str(number)) for number in range(1500)])
        scan, done = redis_line.Line.scan, [False]

        def meanwhile(line: redis_line.Line, key: str, count: int) -> Iterator[tuple[str, str]]:
            for row in scan(line, key, count):
                yield row
                if not done[0]:
                    done[0] = True
                    other.reserve()
                    other.commit([change("7", "new"), change("8", None), change("more")])

        monkeypatch.setattr(redis_line.Line, "scan", meanwhile)
        loaded = store.load(None)

        found = {key: text for _, key, text in loaded.rows}
        assert len(loaded.rows) == len(found) == 1501
        assert (found["7"], found["8"], found["more"]) == ("new", None, "x")
        assert loaded.head.sequence == 1503


@contextmanager
def listening(greeting: bytes) -> Iterator[int]:
    """The port of a program that greets each client, and closes the connection."""

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(greeting)

    with socketserver.TCPServer(("127.0.0.1", 0), Greeting) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def other_reserves(store: RedisStore) -> None:
    """Reserves a state whose lease ends at once."""
    while True:
        try:
            return store.reserve()
        except StoreBusy:
            continue


class TestStart:
    def refusal(self, url: str) -> str:
        with pytest.raises(ConfigurationError) as caught:
            open_state(url, journal_size=10)
        message = str(caught.value)
        assert SECRET not in message
        assert "\n" not in message
        return message

    def test_nobody_listens(self) -> None:
        assert "cannot be reached" in self.refusal(f"redis://:{SECRET}@127.0.0.1:1/0")

    def test_a_password_is_wanted_or_wrong(self, tmp_path: Path) -> None:
        with RedisServer(tmp_path, password="right") as server:  # of this test
            bare = f"redis://127.0.0.1:{server.port}/0"
            assert "wants a password" in self.refusal(bare)
            wrong = self.refusal(server.url(password=SECRET))
            assert "refuses the user or the password" in wrong
            opened = open_state(server.url(), journal_size=10)
            assert opened is not None
            assert "right" not in str(opened.name)
            opened.abandon()

    def test_a_password_that_the_server_has_not(self, redis_server: RedisServer) -> None:
        url = redis_server.url(password=SECRET)
        assert "refuses the user or the password" in self.refusal(url)

    def test_a_database_that_is_not_there(self, redis_server: RedisServer) -> None:
        url = redis_server.url().replace("/0?", "/99?")
        assert "has no database of this number" in self.refusal(url)

    def test_a_user_without_the_rights(self, own_server: RedisServer) -> None:
        with own_server.client() as client:
            client.acl_setuser(
                "weak", enabled=True, passwords=[f"+{SECRET}"], keys="*", commands=["+ping"]
            )
        url = own_server.url(password=SECRET).replace("//:", "//weak:")
        assert "does not let its user do" in self.refusal(url)

    def test_the_documented_rights_are_enough(self, own_server: RedisServer) -> None:
        rights = "+@connection +@read +@write +@scripting +time +info"
        with own_server.client() as client:
            client.execute_command(
                "ACL", "SETUSER", "mock-sei", "on", f">{SECRET}", "~{team-a}:*", *rights.split()
            )
        url = own_server.url("team-a", password=SECRET).replace("//:", "//mock-sei:")
        store = open_redis(url)
        store.reserve()
        store.keep({"version": "1"})
        store.add_entries([(store.begin().epoch, "x")])
        assert store.load(None).is_whole
        store.close()

    def test_a_replica(self, own_server: RedisServer) -> None:
        with own_server.client() as client:
            client.execute_command("REPLICAOF", "127.0.0.1", "1")
        message = self.refusal(own_server.url())
        assert "read-only replica" in message or "has lost the server that it copies" in message

    def test_no_memory_left(self, own_server: RedisServer) -> None:
        with own_server.client() as client:
            client.config_set("maxmemory", "1")
        assert "has no memory left" in self.refusal(own_server.url())

    def test_a_node_of_a_cluster(self, tmp_path: Path) -> None:
        with RedisServer(tmp_path, "--cluster-enabled", "yes") as server:
            assert "is a node of a Redis Cluster" in self.refusal(server.url())

    def test_keys_of_another_program(self, redis_server: RedisServer, url: str) -> None:
        with redis_server.client() as client:
            client.set(redis.key_of(address_of(url).namespace, "head"), "theirs")
        assert "keys of another program" in self.refusal(url)

    def test_another_format(self, redis_server: RedisServer, url: str) -> None:
        open_redis(url).close()
        with redis_server.client() as client:
            client.hset(redis.key_of(address_of(url).namespace, "head"), "format", "99")
        assert "its format is number 99" in self.refusal(url)
        replaced = open_state(url, journal_size=10, replace=True)
        units_of(replaced, {"--dialect": "a"}, replace=True).close()
        open_redis(url).close()

    def test_another_version_of_mock_sei(self, redis_server: RedisServer, url: str) -> None:
        units_of(open_state(url, journal_size=10), {"--dialect": "a"}).close()
        with redis_server.client() as client:
            client.hset(redis.key_of(address_of(url).namespace, "facts"), "version", "0.0.1")
        message = r"written by mock-sei 0\.0\.1, and this is .*--replace-state"
        with pytest.raises(ConfigurationError, match=message):
            units_of(open_state(url, journal_size=10), {"--dialect": "a"})

    def test_another_ca(self, url: str, tmp_path: Path, shared_store: CertificateStore) -> None:
        store, other = open_redis(url), tmp_path / "other"
        share_certificates(shared_store.folder, store, name=store.name)
        other.mkdir()
        (other / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
        with pytest.raises(ConfigurationError, match=r"its ca\.pem is another one"):
            share_certificates(other, store, name=store.name)
        store.close()

    def test_a_sentinel(self, tmp_path: Path) -> None:
        settings = tmp_path / "sentinel.conf"
        settings.touch()
        with RedisServer(tmp_path, first=(str(settings), "--sentinel")) as server:
            assert "is a Sentinel; name the Redis server" in self.refusal(server.url())

    def test_a_program_that_is_no_redis_server(self) -> None:
        for greeting in (b"220 mail.test ready\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            with listening(greeting) as port:
                message = self.refusal(f"redis://:{SECRET}@127.0.0.1:{port}/0")
            assert "does not speak the protocol of Redis" in message

    def test_a_port_that_wants_tls(self) -> None:
        with listening(b"") as port:
            message = self.refusal(f"redis://:{SECRET}@127.0.0.1:{port}/0")
        assert "closes the connection at once; if it has TLS, write rediss://" in message

    def test_a_host_without_an_address(self) -> None:
        assert "cannot be reached" in self.refusal(f"redis://:{SECRET}@redis.invalid/0")

    def test_another_configuration(self, url: str) -> None:
        units_of(open_state(url, journal_size=10), {"--dialect": "a"}).close()
        with pytest.raises(ConfigurationError, match="what differs: --dialect"):
            units_of(open_state(url, journal_size=10), {"--dialect": "b"})

    def test_the_extra_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        find = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *rest: None if name == "redis" else find(name, *rest),
        )
        assert "needs the extra `redis`" in self.refusal(f"redis://:{SECRET}@localhost")

    def test_a_server_that_removes_keys_is_warned_of(
        self, own_server: RedisServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        with own_server.client() as client:
            client.config_set("maxmemory", "100mb")
            client.config_set("maxmemory-policy", "allkeys-lru")
        with caplog.at_level(logging.WARNING, "mock_sei"):
            open_redis(own_server.url()).close()
        assert "allkeys-lru" in caplog.text
        assert "set noeviction" in caplog.text

    def test_a_start_that_fails_leaves_nothing(self, redis_server: RedisServer, url: str) -> None:
        open_redis(url).abandon()
        with redis_server.client() as client:
            assert not client.keys(f"*{address_of(url).namespace}*")


class TestTls:
    def test_the_ca_of_the_url_is_trusted_and_another_one_is_not(self, tmp_path: Path) -> None:
        ours, strange = trustme.CA(), trustme.CA()
        identity = ours.issue_cert("127.0.0.1")
        certificate, key = tmp_path / "redis.pem", tmp_path / "redis.key"
        identity.cert_chain_pems[0].write_to_path(certificate)
        identity.private_key_pem.write_to_path(key)
        ours.cert_pem.write_to_path(tmp_path / "ours.pem")
        strange.cert_pem.write_to_path(tmp_path / "strange.pem")
        port = free_port()
        with RedisServer(
            tmp_path,
            *("--tls-port", str(port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
        ):
            url = f"rediss://127.0.0.1:{port}/0?namespace=tls&ca={tmp_path}"
            store = open_redis(f"{url}/ours.pem")
            assert store.begin().sequence == 0
            store.close()
            for file, problem in (
                ("strange.pem", "certificate verify failed"),
                ("missing.pem", "cannot be reached"),
            ):
                with pytest.raises(ConfigurationError, match=problem):
                    open_redis(f"{url}/{file}")

    def test_tls_to_a_server_without_it_is_refused(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="has no TLS at this port, write redis://"):
            open_redis(url.replace("redis:", "rediss:"))


class TestAway:
    def test_each_call_ends_while_redis_is_frozen_and_goes_on_afterwards(
        self, own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_line, "PAUSE", 0.0)
        store = open_redis(own_server.url())
        own_server.freeze()
        try:
            with pytest.raises(StoreAway, match=r"does not answer within 0\.5 s"):
                store.begin()
        finally:
            own_server.thaw()
        store.begin()
        store.close()

    def test_a_state_that_is_gone_is_not_begun_anew(self, own_server: RedisServer) -> None:
        store = open_redis(own_server.url())
        own_server.kill()
        assert own_server.start()
        for call in (store.begin, store.reserve, lambda: store.load(None)):
            with pytest.raises(StoreAway, match="has lost the state"):
                call()
        store.close()

    def test_what_was_committed_is_there_after_a_kill_if_redis_keeps_its_data(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_line, "PAUSE", 0.0)
        with RedisServer(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
            store = open_redis(server.url())
            for number in range(20):
                store.reserve()
                store.commit([change(str(number))])
            store.add_entries([(store.begin().epoch, "entry")])
            store.reserve()
            server.kill()
            with pytest.raises(StoreAway):
                store.commit([change("lost")])
            assert server.start()

            head = store.begin()
            assert (head.sequence, head.recorded) == (20, 1)
            assert [row[1] for row in store.load(None).rows] == [str(each) for each in range(20)]
            store.close()

    def test_units_say_why_and_heal(
        self, own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_line, "PAUSE", 0.0)
        units = units_of(open_state(own_server.url(), journal_size=10), {})
        assert isinstance(units, RemoteUnits)
        store = units._store  # noqa: SLF001  # its answer is what the units must report
        own_server.freeze()
        try:
            with pytest.raises(StoreAway, match="does not answer"):
                store.begin()
            units.look_after()
            until(lambda: units.problem is not None)
            problem = units.problem
        finally:
            own_server.thaw()
        units.look_after()
        until(lambda: units.problem is None)
        units.close()

        assert problem is not None
        assert "does not answer" in problem

    def test_after_a_failure_all_work_fails_at_once_for_a_moment(
        self, own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(redis_line, "PAUSE", 3600.0)
        store = open_redis(own_server.url())
        own_server.kill()
        with pytest.raises(StoreAway, match="cannot be reached"):
            store.begin()

        monkeypatch.setattr(redis_line.Line, "_once", None)  # nothing is sent
        with pytest.raises(StoreAway, match="cannot be reached"):
            store.reserve()


def until(is_so: Callable[[], bool]) -> None:
    """Waits for what another thread brings about."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.slow
def test_a_server_without_a_redis_url_never_imports_the_library() -> None:
    program = (
        "import sys, mock_sei.runtime.launch, mock_sei.commands.serve, mock_sei.commands.state; "
        "print([name for name in sys.modules if name.startswith(('redis', 'hiredis'))])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "[]"
