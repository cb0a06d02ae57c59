"""Records that a test puts in: they are checked and copied, and all or none of them are stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mock_sei.apis.data import MOST_PROBLEMS, ServerData
from mock_sei.errors import Rejected, UnknownCollection
from tests.apis.engine import LIST, Engine, operation, widgets


@pytest.fixture
def data() -> ServerData:
    engine = Engine.of(operation(LIST), widgets=widgets(2), gadgets=[{"any": "thing"}])
    return ServerData(engine.state.collections, engine.catalogue)


def endless() -> dict[str, Any]:
    record: dict[str, Any] = {"id": 9}
    record["self"] = record
    return record


WRONG: list[tuple[list[Any], str, str]] = [
    ([7], "0", "a record is an object, not int"),
    ([{"id": 5}, None], "1", "a record is an object, not NoneType"),
    ([{"name": "x"}], "0.id", "missing; records of widgets are found and ordered by it"),
    ([{"id": None}], "0.id", "missing"),
    ([{"id": 5}, {"id": "5"}], "1.id", "a record with 5 exists already"),
    ([{"id": 5, "x": float("nan")}], "0", "cannot be sent as JSON: Out of range float values"),
    ([{"id": 5, "x": {1, 2}}], "0", "cannot be sent as JSON: Object of type set"),
    ([{"id": 5, "x": "\ud800"}], "0", "cannot be sent as JSON: 'utf-8' codec can't encode"),
    ([endless()], "0", "cannot be sent as JSON: Circular reference"),
]


@pytest.mark.parametrize("put", [ServerData.add, ServerData.replace], ids=["add", "replace"])
@pytest.mark.parametrize(("records", "place", "problem"), WRONG)
def test_a_wrong_record_is_told_and_nothing_is_kept(
    data: ServerData, put: Callable[..., None], records: list[Any], place: str, problem: str
) -> None:
    with pytest.raises(Rejected) as caught:
        put(data, "widgets", records)

    assert caught.value.problems[place].startswith(problem)
    assert list(data.all("widgets")) == widgets(2)


@pytest.mark.parametrize(
    "record", [7, {"name": "x"}, {"id": 1}], ids=["no object", "no key", "one key"]
)
def test_of_many_wrong_records_only_the_first_are_told(data: ServerData, record: Any) -> None:
    with pytest.raises(Rejected) as caught:
        data.replace("widgets", [record] * 10_000)

    problems = caught.value.problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems["and so on"] == "the check stopped after 20 problems"
    assert list(data.all("widgets")) == widgets(2)


def test_a_key_that_is_there_is_refused_and_replaced() -> None:
    engine = Engine.of(operation(LIST), widgets=widgets(2))
    data = ServerData(engine.state.collections, engine.catalogue)

    with pytest.raises(Rejected, match=r"0\.id: a record with 2 exists already"):
        data.add("widgets", [{"id": 2}])
    data.replace("widgets", [{"id": 2, "new": True}])
    assert engine.call().body["data"] == [{"id": 2, "new": True}]
    data.clear("widgets")
    assert engine.call().body["data"] == []
    data.add("widgets", [{"id": 3}, {"id": 1}])
    assert engine.ids() == [1, 3]


@pytest.mark.parametrize(
    "use",
    [
        lambda data: data.all("widgts"),
        lambda data: data.add("widgts", [{"id": 1}]),
        lambda data: data.replace("widgts", []),
        lambda data: data.clear("widgts"),
    ],
    ids=["all", "add", "replace", "clear"],
)
def test_an_unknown_collection_names_the_nearest(
    data: ServerData, use: Callable[[ServerData], None]
) -> None:
    with pytest.raises(
        UnknownCollection,
        match=r"no operation reads a collection 'widgts'; did you mean widgets or gadgets\?",
    ):
        use(data)

    assert data.names == ["gadgets", "widgets"]


def test_what_is_changed_afterwards_is_not_the_platforms(data: ServerData) -> None:
    record: dict[str, Any] = {"id": 7, "deep": {"er": [1]}}

    data.add("widgets", [record])
    record["deep"]["er"].append(2)
    record["id"] = 8

    assert data.all("widgets")[-1] == {"id": 7, "deep": {"er": [1]}}


def test_records_without_a_rule_need_no_key(data: ServerData) -> None:
    data.add("gadgets", [{"other": 1}])

    assert len(data.all("gadgets")) == 2


def test_a_key_is_added_once_by_two_at_once(data: ServerData) -> None:
    def add(number: int) -> bool:
        try:
            data.add("widgets", [{"id": 100 + number % 5}, {"id": 1000 + number}])
        except Rejected:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(add, range(40)))

    keys = [each["id"] for each in data.all("widgets")]
    assert added.count(True) == 5
    assert len(keys) == len(set(keys)) == 2 + 5 * 2


@pytest.mark.parametrize("records", [[7] * 1000, [{}] * 1000, [{"id": 9}] * 1000])
def test_of_many_wrong_records_the_first_are_named(data: ServerData, records: list[Any]) -> None:
    with pytest.raises(Rejected) as caught:
        data.add("widgets", records)

    assert len(caught.value.problems) == 21  # the last entry says that there may be more
    assert len(data.all("widgets")) == 2
