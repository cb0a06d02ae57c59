"""``mock-sei state`` shows, exports, imports and clears a state in a file."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mock_sei import __version__
from mock_sei.certificates.store import CertificateStore
from mock_sei.cli import main
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from mock_sei.state import archive
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from mock_sei.state.urls import read_state_url
from tests.cases import every_case
from tests.journal.entries import exchange

pytestmark = pytest.mark.long

PASSWORD = "of-redis-x"  # nosec B105  # of nobody


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, for changes."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


class Result:
    """What a command returned."""

    def __init__(self, status: int, output: str, problem: str) -> None:
        self.status, self.output, self.problem = status, output, problem


def run(*arguments: object, given: str | None = None) -> Result:
    result = CliRunner().invoke(main, ["state", *map(str, arguments)], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Result(result.exit_code, result.stdout, result.stderr)


def refused(*arguments: object, given: str | None = None) -> str:
    """The one line of a command that is refused."""
    result = run(*arguments, given=given)
    assert (result.status, result.output) == (2, "")
    (line,) = result.problem.splitlines()
    return line


def snapshot(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "states" / "a b%20#?.db"


@pytest.fixture
def start(path: Path, shared_store: CertificateStore) -> Iterator[Callable[[], Platform]]:
    """Starts a server on the state."""
    path.parent.mkdir()
    begun: list[Platform] = []

    def started() -> Platform:
        begun.append(
            Platform(
                fixtures=load_fixtures(),
                store=shared_store,
                behaviour=Behaviour(),
                units=SharedUnits(SqliteStore(path)),
            )
        )
        return begun[-1]

    yield started
    for each in begun:
        each.units.close()


@pytest.fixture
def state(start: Callable[[], Platform], path: Path) -> Path:
    """A state that no server uses, with two numbers, a fact and two journal entries."""
    platform = start()
    platform.reset({"dialect": "rfc"})
    for _ in range(2):
        platform.units.run(lambda: platform.state.stored.next_number("faults"))
    platform.units.run(lambda: platform.state.stored.next_number("links"))
    platform.record(exchange(path="/1"))
    platform.record(exchange(path="/2"))
    assert isinstance(platform.units, SharedUnits)
    platform.units.close()
    store = SqliteStore(path)
    store.reserve()
    store.keep({"configuration": json.dumps({"fixtures": "abc"}), "version": __version__})
    store.close()
    with changing(path) as connection:  # what each new state begins with
        connection.execute("DELETE FROM records WHERE area <> 'numbers'")
    return path


def url(path: Path) -> str:
    return f"sqlite:{path}"


def is_as_made(platform: Platform) -> bool:
    assert platform.state.behaviour.dialect == "rfc"
    paths = [each.operation for each in platform.journal.entries]
    numbers = dict(platform.state.stored.numbers.items())
    return paths == ["GET /1", "GET /2"] and numbers == {"faults": 2, "links": 1}


# show


def test_it_shows_what_a_state_has(state: Path) -> None:
    shown = run("show", url(state))

    assert shown.status == 0
    assert shown.output.splitlines() == [
        f"state: {url(state)}",
        f"version: {__version__}, format 1",
        f"size: {state.stat().st_size} bytes",
        "epoch: 2",
        "in use by a server: no",
        'configuration: {"fixtures": "abc"}',
        "journal entries: 2",
        "records: 2",
        "       2  numbers",
    ]


def test_a_program_reads_what_a_state_has_as_json(state: Path) -> None:
    told = json.loads(run("show", url(state), "--format", "json").output)

    assert told == {
        "url": url(state),
        "version": __version__,
        "format": 1,
        "epoch": 2,
        "size": state.stat().st_size,
        "in_use": False,
        "configuration": {"fixtures": "abc"},
        "records": {"numbers": 2},
        "journal": 2,
    }


def test_it_shows_whether_a_server_uses_a_state(start: Callable[[], Platform], path: Path) -> None:
    platform = start()
    assert "in use by a server: yes\n" in run("show", url(path)).output

    platform.units.run(lambda: platform.state.stored.next_number("x"))  # it works on
    platform.units.close()
    assert "in use by a server: no\n" in run("show", url(path)).output


def test_records_of_many_tables_are_counted_by_area(state: Path) -> None:
    with changing(state) as connection:
        for number in range(100):
            connection.execute(
                "INSERT INTO records VALUES (NULL, ?, 'k', '1', 0, 9)", (f"own/data/{number}",)
            )
        connection.execute("INSERT INTO records VALUES (NULL, 'gone', 'k', NULL, 1, 9)")

    lines = run("show", url(state)).output.splitlines()
    assert lines[-2:] == ["       2  numbers", "     100  own/data"]


# export and import


def test_an_export_makes_the_same_state_elsewhere(
    state: Path, tmp_path: Path, start: Callable[[], Platform]
) -> None:
    out = tmp_path / "out.jsonl"
    assert run("export", url(state), out).output == ""
    copied = tmp_path / "copied.db"

    assert run("import", url(copied), out).problem == ""

    for each in (out, copied):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
    assert run("export", url(copied), "-").output == out.read_text()
    copied.replace(state)
    assert is_as_made(start())


def test_an_export_says_that_it_holds_private_keys(state: Path) -> None:
    lines = run("export", url(state), "-").output.splitlines()

    first = json.loads(lines[0])
    assert "private keys" in first["note"]
    assert (first["facts"], first["records"], first["entries"]) == (2, 2, 2)
    assert len(lines) == 1 + 2 + 2 + 2
    assert all(isinstance(json.loads(each), dict) for each in lines)


def test_an_export_of_a_state_in_use_is_of_one_moment(
    start: Callable[[], Platform], path: Path
) -> None:
    platform = start()
    platform.record(exchange(path="/1"))
    file = archive.StateFile(path)
    lines = file.export()
    first = next(lines)
    platform.record(exchange(path="/2"))
    platform.units.run(lambda: platform.state.stored.next_number("x"))

    counts = json.loads(first)
    rest = list(lines)
    file.close()
    assert counts["entries"] == 1
    assert len(rest) == counts["entries"] + counts["records"] + counts["facts"]


def test_a_removal_from_the_seed_is_exported(state: Path, tmp_path: Path) -> None:
    with changing(state) as connection:
        connection.execute("INSERT INTO records VALUES (NULL, 'a', 'seeded', NULL, 1, 8)")
        connection.execute("INSERT INTO records VALUES (NULL, 'a', 'other', NULL, 0, 9)")

    out = run("export", url(state), "-").output
    assert run("import", url(tmp_path / "b.db"), "-", given=out).status == 0
    with changing(tmp_path / "b.db") as connection:
        rows = connection.execute("SELECT key, value, stays FROM records WHERE area = 'a'")
        assert rows.fetchall() == [("seeded", None, 1)]


def test_an_export_replaces_the_file_of_an_earlier_one(state: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("earlier")
    run("export", url(state), out)

    assert json.loads(out.read_text().splitlines()[0])["mock-sei"] == "state"
    assert not list(tmp_path.glob(".*"))


def test_a_state_is_not_exported_onto_itself(state: Path) -> None:
    before = snapshot(state.parent)

    assert "is the state itself" in refused("export", url(state), state)
    assert snapshot(state.parent) == before


def test_an_import_into_a_state_needs_replace(
    state: Path, start: Callable[[], Platform], tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    run("export", url(state), out)
    again = start()
    again.reset()
    again.units.close()
    before = run("export", url(state), "-").output

    assert "it has a state already; --replace" in refused("import", url(state), out)
    assert run("export", url(state), "-").output == before

    assert run("import", url(state), out, "--replace").problem == ""
    assert is_as_made(start())
    assert "epoch: 4\n" in run("show", url(state)).output  # it never falls


def test_an_import_into_an_empty_or_cleared_state_needs_no_replace(
    state: Path, start: Callable[[], Platform]
) -> None:
    out = run("export", url(state), "-").output
    assert run("clear", url(state)).status == 0
    assert run("import", url(state), "-", given=out).problem == ""
    assert run("clear", url(state)).status == 0
    state.write_bytes(b"")
    assert run("import", url(state), "-", given=out).problem == ""

    assert is_as_made(start())


# clear


def test_clearing_leaves_nothing_and_the_next_server_begins_anew(
    state: Path, start: Callable[[], Platform]
) -> None:
    assert run("clear", url(state)).status == 0

    told = json.loads(run("show", url(state), "--format", "json").output)
    assert (told["records"], told["journal"], told["configuration"]) == ({}, 0, None)
    platform = start()
    assert platform.state.behaviour.dialect != "rfc"
    assert platform.journal.entries == []
    assert platform.units.run(lambda: platform.state.stored.next_number("faults")) == 1


@pytest.mark.parametrize("arguments", [("clear",), ("import", "--replace", "-")])
def test_a_state_in_use_is_neither_cleared_nor_replaced(
    start: Callable[[], Platform], path: Path, arguments: tuple[str, ...]
) -> None:
    platform = start()
    platform.record(exchange(path="/1"))
    out = run("export", url(path), "-").output
    command, *rest = arguments

    assert "a server uses this state; stop it" in refused(command, url(path), *rest, given=out)
    assert len(platform.journal) == 1


# Wrong input

COMMANDS = (("show",), ("export", "-"), ("clear",), ("import", "-"))


def of_all(url: str, given: str = "") -> Iterator[str]:
    for command, *rest in COMMANDS:
        yield refused(command, url, *rest, given=given)


@every_case(
    ("wrong", "message"),
    [
        ("memory", "ends with it; name the file of a state"),
        ("redis://localhost/x", "number of a database"),
        ("rediss://localhost?db=1", "only namespace=NAME and, with rediss://, ca=FILE"),
        ("redis://localhost?namespace=a b", "a namespace has"),
        ("redis://localhost?namespace=a&namespace=b", "only namespace=NAME"),
        ("redis://localhost?ca=ca.pem", "rediss://"),
        ("redis://:6379/0", "no URL of a Redis server"),
        ("redis://localhost:port", "no URL of a Redis server"),
        ("redis://a:6379,b:6379/0", "name one Redis server"),
        ("redis+cluster://localhost", "Cluster and Sentinel"),
        (f"redis-sentinel://:{PASSWORD}@localhost/main", "Cluster and Sentinel"),
        (f"redis://user:{PASSWORD}@localhost/x", "number of a database"),
        (f"redis://user:{PASSWORD}#@localhost", "must be written %23"),
        ("sqlite:", "a file is missing"),
        ("sqlite::memory:", "a file is missing"),
        ("sqlite:///a.db", "the path begins after the colon"),
        ("state.db", "write memory, sqlite:PATH"),
        ("", "write memory, sqlite:PATH"),
        ("postgresql://x", "write memory, sqlite:PATH"),
        (f"sqlite:{'a' * 300}", "longer than 255 bytes"),
    ],
)
def test_a_url_that_names_no_file_is_refused_in_one_line(wrong: str, message: str) -> None:
    for line in of_all(wrong):
        assert line.startswith("mock-sei: URL = ")
        assert message in line
        assert PASSWORD not in line


def test_a_url_names_its_file() -> None:
    assert read_state_url("memory", source="--state").path is None
    found = read_state_url("sqlite:a/b.db", source="--state")
    assert (found.path, str(found)) == (Path("a/b.db"), "sqlite:a/b.db")
    with pytest.raises(ConfigurationError, match=r"^--state = 'redis://h/x': "):
        read_state_url("redis://h/x", source="--state")


def test_a_url_names_its_redis_server_and_its_text_has_no_secret() -> None:
    found = read_state_url(
        f"rediss://me:{PASSWORD}%40@h:1/2?namespace=team-a&ca=ca.pem", source="--state"
    )
    address = found.redis
    assert address is not None
    assert (address.host, address.port, address.database) == ("h", 1, 2)
    assert (address.user, address.password) == ("me", f"{PASSWORD}@")
    assert (address.namespace, address.is_tls, address.ca) == ("team-a", True, "ca.pem")
    assert str(found) == "rediss://h:1/2?namespace=team-a"
    assert PASSWORD not in repr(found)
    assert str(read_state_url("redis://[::1]", source="--state")) == (
        "redis://[::1]:6379/0?namespace=mock-sei"
    )


@pytest.mark.parametrize("command", [("show",), ("export", "-"), ("clear",)])
def test_no_file_is_made_where_there_is_none(tmp_path: Path, command: tuple[str, ...]) -> None:
    line = refused(command[0], url(tmp_path / "no.db"), *command[1:])

    assert line == f"mock-sei: {tmp_path / 'no.db'}: cannot be opened: No such file or directory"
    assert not list(tmp_path.iterdir())


def other_program(path: Path) -> None:
    with changing(path) as connection:
        connection.execute("CREATE TABLE records (a)")


def other_format(path: Path) -> None:
    SqliteStore(path).close()
    with changing(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def damaged(path: Path) -> None:
    SqliteStore(path).close()
    content = bytearray(path.read_bytes())
    content[100:] = b"x" * (len(content) - 100)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "cannot be opened"),
        (lambda path: path.write_text("no database " * 100), "no SQLite file"),
        (other_program, "an SQLite file of another program"),
        (other_format, "its format is number 99, and this version of mock-sei writes 1"),
        (damaged, "damaged"),
    ],
)
def test_what_is_no_state_is_refused_and_stays_as_it_is(
    tmp_path: Path, make: Callable[[Path], Any], message: str
) -> None:
    path = tmp_path / "a.db"
    make(path)
    before = snapshot(tmp_path)

    for line in of_all(url(path)):
        assert line.startswith(f"mock-sei: {path}: ")
        assert message in line
    assert snapshot(tmp_path) == before


def test_a_server_changes_nothing_in_the_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    other_program(path)
    before = snapshot(tmp_path)

    with pytest.raises(ConfigurationError, match="of another program"):
        SqliteStore(path)
    assert snapshot(tmp_path) == before


def test_an_empty_file_has_no_state(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()

    for command in (("show",), ("export", "-"), ("clear",)):
        line = refused(command[0], url(tmp_path / "a.db"), *command[1:])
        assert "an empty file without a state" in line


def test_a_file_that_cannot_be_written_is_named(state: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    below = tmp_path / "file" / "x"
    before = snapshot(tmp_path)

    assert f"{below}: cannot be written: Not a directory" in refused("export", url(state), below)
    out = run("export", url(state), "-").output
    assert f"{below}: cannot be opened" in refused("import", url(below), "-", given=out)
    missing = tmp_path / "no" / "x.db"
    assert f"{missing}: cannot be opened" in refused("import", url(missing), "-", given=out)
    assert f"{missing}: cannot be read" in refused("import", url(tmp_path / "b.db"), missing)
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has this file")
def test_an_export_onto_a_full_disk_leaves_the_earlier_file(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("earlier")
    opened = os.open

    def full(path: Any, flags: int, mode: int = 0o777) -> int:
        number = opened(path, flags, mode)
        if str(path).endswith(".export"):
            os.close(number)
            return opened("/dev/full", os.O_WRONLY)
        return number

    monkeypatch.setattr(os, "open", full)
    assert "cannot be written: No space left on device" in refused("export", url(state), out)

    monkeypatch.undo()
    assert out.read_text() == "earlier"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("replace", [True, False])
def test_an_import_onto_a_full_disk_changes_nothing(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    lines = run("export", url(state), "-").output.splitlines()
    first = json.loads(lines[0])
    first["records"] += 1000
    big = [
        json.dumps({"area": "a", "key": f"{each}", "value": '"' + "x" * 2000 + '"', "stays": False})
        for each in range(1000)
    ]
    out = "\n".join([json.dumps(first), *lines[1:], *big])
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def small(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 100")
        return connection

    target = state if replace else tmp_path / "new.db"
    before = run("export", url(state), "-").output
    monkeypatch.setattr(sqlite3, "connect", small)
    line = refused("import", url(target), "-", *["--replace"] * replace, given=out)
    monkeypatch.undo()

    assert line == f"mock-sei: {target}: the disk is full"
    assert run("export", url(state), "-").output == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["states"]
    assert run("import", url(tmp_path / "fits.db"), "-", given=out).status == 0


def changed(lines: list[str], place: int, **changes: object) -> list[str]:
    told = json.loads(lines[place]) | changes
    return [*lines[:place], json.dumps(told), *lines[place + 1 :]]


ENTRY, RECORD, FACT = 6, 4, 1
SPOILED: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "empty": (lambda _: [], "no export of a state"),
    "a text": (lambda _: ["hello"], "no export of a state"),
    "other JSON": (lambda _: ['{"a": 1}'], "no export of a state"),
    "a list": (lambda _: ["[" * 100_000], "no export of a state"),
    "another form": (lambda lines: changed(lines, 0, export=2), "its export is number 2"),
    "another format": (lambda lines: changed(lines, 0, format=9), "its format is number 9"),
    "another version": (
        lambda lines: changed(lines, 0, version="0.0.1"),
        f"it is of mock-sei 0.0.1, and this is {__version__}",
    ),
    "no counts": (lambda lines: changed(lines, 0, records=-1), "line 1: damaged"),
    "no number": (lambda lines: changed(lines, 0, epoch=True), "line 1: damaged"),
    "a high number": (lambda lines: changed(lines, 0, epoch=2**70), "line 1: damaged"),
    "lines missing": (lambda lines: lines[:-2], "cut short: 2 of the 6 lines"),
    "only the first": (lambda lines: lines[:1], "cut short: 6 of the 6 lines"),
    "half a line": (lambda lines: [*lines[:-1], lines[-1][:9]], "line 7: cut short"),
    "a line too much": (lambda lines: [*lines, lines[-1]], "other lines than its first line"),
    "another kind": (lambda lines: [*lines[:-1], lines[1]], "line 7: not as an export has it"),
    "a record twice": (
        lambda lines: [*lines[:RECORD], lines[RECORD - 1], *lines[RECORD + 1 :]],
        "line 5: not as an export has it",
    ),
    "no record": (lambda lines: changed(lines, RECORD, value="{"), "line 5: not as"),
    "a deep record": (lambda lines: changed(lines, RECORD, value="[" * 99_999), "line 5: not as"),
    "a key of no text": (lambda lines: changed(lines, RECORD, key=[1]), "line 5: not as"),
    "no text": (lambda lines: changed(lines, RECORD, key="\ud800"), "line 5: not as"),
    "no fact": (lambda lines: changed(lines, FACT, value=1), "line 2: not as"),
    "no entry": (lambda lines: changed(lines, ENTRY, value="{}"), "line 7: not as"),
    "an entry of no time": (
        lambda lines: changed(lines, ENTRY, value=json.loads(lines[ENTRY])["value"].replace(
            '"timestamp":', '"timestamp":"x","y":'
        )),
        "line 7: not as",
    ),
    "a gap": (lambda lines: changed(lines, ENTRY, entry=9), "line 7: not as"),
    "a line of no object": (lambda lines: [*lines[:-1], "7"], "line 7"),
}  # fmt: skip


@every_case("how", SPOILED)
@every_case("replace", [True, False])
def test_a_spoiled_export_is_refused_and_nothing_is_imported(
    state: Path, tmp_path: Path, how: str, replace: bool
) -> None:
    whole = run("export", url(state), "-").output
    spoil, message = SPOILED[how]
    source = tmp_path / "spoiled.jsonl"
    source.write_text("\n".join(spoil(whole.splitlines())))
    target = state if replace else tmp_path / "new.db"

    line = refused("import", url(target), source, *["--replace"] * replace)

    assert line.startswith(f"mock-sei: {source}: ")
    assert message in line
    assert run("export", url(state), "-").output == whole
    assert sorted(each.name for each in tmp_path.iterdir()) == ["spoiled.jsonl", "states"]


def test_an_export_in_another_encoding_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "spoiled.jsonl"
    source.write_bytes(b"\xff\xfe{}")

    assert "no text in UTF-8" in refused("import", url(tmp_path / "a.db"), source)
    assert not (tmp_path / "a.db").exists()


def test_a_file_that_another_program_made_during_an_import_stays(
    state: Path, tmp_path: Path
) -> None:
    lines = run("export", url(state), "-").output.splitlines(keepends=True)
    target = tmp_path / "new.db"

    def slowly() -> Iterator[str]:
        yield from lines
        target.write_text("of a server")

    with pytest.raises(ConfigurationError, match="another program made this file"):
        archive.import_state(target, slowly(), "x", replace=False)
    assert target.read_text() == "of a server"
