"""What a test hands in by mistake, in Python: an error that names it, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from mock_sei import MockSei
from mock_sei.errors import ConfigurationError, MockSeiError, Rejected
from mock_sei.values.texts import is_text, sendable
from tests.cases import every_case

HALF = "\ud800"
"""Half a surrogate pair, which no encoding can write."""


@pytest.fixture(scope="module")
def server() -> Iterator[MockSei]:
    with MockSei() as started:
        yield started


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def record(value: Any) -> dict[str, Any]:
    return {"externalId": "odd", "a": value}


def cycle() -> dict[str, Any]:
    value = record(1)
    value["a"] = value
    return value


ODD_RECORDS: dict[str, Any] = {
    "deep": record(nested(255)),
    "very deep": record(nested(100_000)),
    "a cycle": cycle(),
    "half a pair": record(HALF),
    "half a pair as a name": record(1) | {HALF: 1},
    "NaN": record(float("nan")),
    "a number too long to write": record(10**5000),
    "bytes": record(b"x"),
    "a tuple as a name": record(1) | {(1, 2): 1},
    "no record": "x",
    "none": None,
}


@pytest.mark.parametrize("what", ODD_RECORDS)
def test_a_record_that_cannot_be_sent_is_refused_with_all_beside_it(
    server: MockSei, what: str
) -> None:
    investors = server.data["investors"]
    before = list(investors)
    odd: Any = ODD_RECORDS[what]

    with pytest.raises(Rejected) as added:
        investors.add(record(1), odd)
    with pytest.raises(Rejected):
        investors.replace([record(1), odd])

    assert any(field.startswith("1") for field in added.value.problems)
    assert all(is_text(each) for each in added.value.problems.values())
    assert list(investors) == before


REFUSED: dict[str, tuple[type[Exception], str, Callable[[Any], object]]] = {
    "advance NaN": (ValueError, "NaN", lambda m: m.clock.advance(seconds=float("nan"))),
    "advance infinity": (ValueError, "2999", lambda m: m.clock.advance(minutes=float("inf"))),
    "advance far": (ValueError, "2999", lambda m: m.clock.advance(seconds=10**400)),
    "advance a number": (TypeError, "timedelta", lambda m: m.clock.advance(float("nan"))),
    "advance a text": (TypeError, "timedelta", lambda m: m.clock.advance("5")),
    "advance twice": (
        TypeError,
        "one timedelta",
        lambda m: m.clock.advance(timedelta(1), minutes=1),
    ),
    "set none": (TypeError, "not None", lambda m: m.clock.set(None)),
    "set a text": (TypeError, "not str", lambda m: m.clock.set("2030")),
    "set a day": (TypeError, "not date", lambda m: m.clock.set(date(2030, 1, 1))),
    "passphrase half": (Rejected, "passphrase", lambda m: _link(m, passphrase=HALF)),
    "passphrase none": (Rejected, "passphrase", lambda m: _link(m, passphrase=None)),
    "passphrase number": (Rejected, "passphrase", lambda m: _link(m, passphrase=5)),
    "format": (Rejected, "format", lambda m: _link(m, format="exe")),
    "format half": (Rejected, "format", lambda m: _link(m, format=HALF)),
    "pfx": (ValueError, "passphrase", lambda m: m.certificate("svc-demo").pfx(HALF)),
    "name": (Rejected, "name", lambda m: m.new_application(name=HALF)),
    "name number": (Rejected, "name", lambda m: m.new_application(name=5)),
    "field": (Rejected, "no such field", lambda m: m.new_application(**{HALF: 1})),
    "seed text": (ConfigurationError, "seed", lambda m: m.reset(seed=HALF)),
    "seed NaN": (ConfigurationError, "seed", lambda m: m.reset(seed=float("nan"))),
    "seed long": (ConfigurationError, "seed", lambda m: m.reset(seed=10**5000)),
    "log-in state": (ValueError, "state", lambda m: m.login("demo-web", state=HALF)),
    "log-in nobody": (TypeError, "application", lambda m: m.login(None)),
    "log-in application": (MockSeiError, "no application", lambda m: m.login("x")),
    "token nobody": (TypeError, "application", lambda m: m.token(None)),
}


def _link(server: MockSei, **options: Any) -> str:
    return server.certificate_link("svc-demo", **options)


@pytest.mark.parametrize("what", REFUSED)
def test_an_odd_value_is_refused_by_its_name(server: MockSei, what: str) -> None:
    kind, told, act = REFUSED[what]
    now = server.clock.now()

    with pytest.raises(kind) as refused:
        act(server)

    assert told in str(refused.value)
    assert type(refused.value) is not UnicodeEncodeError
    assert not server.clock.frozen
    assert server.clock.now() - now < timedelta(hours=1)
    server.check()


def test_a_link_that_was_refused_was_not_mailed(server: MockSei) -> None:
    before = len(list(server.mailbox))
    with pytest.raises(Rejected):
        _link(server, passphrase=HALF)
    assert len(list(server.mailbox)) == before


def test_the_largest_seed_can_be_told(server: MockSei) -> None:
    server.reset(seed=2**256)
    assert server.token("svc-demo")
    server.reset()


@every_case(
    ("text", "shown"),
    [("é€😀\0", "é€😀\0"), (HALF, "\\ud800"), ("a\udc80b", "a\\udc80b"), ("", "")],
)
def test_what_cannot_be_sent_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert sendable(text) == shown
    assert is_text(text) is (text == shown)
