"""The index finds secrets anywhere in a text, also if there are many."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.rules.secret_index import FEW, SecretIndex
from tests.cases import every_case
from tests.growth import Action, assert_flat, assert_linear


@every_case(
    ("secrets", "text", "found"),
    [
        (["hunter2"], "x hunter2 y", ["hunter2"]),
        (["hunter2"], "hunter2hunter2", ["hunter2", "hunter2"]),
        (["hunter2"], "Hunter2 HUNTER2 hunter", []),
        (["pass-word", "pass-word-two"], "a pass-word-two b", ["pass-word-two"]),
        (["one-two-three", "two"], "one-two-three", ["one-two-three"]),
        (["one-two", "two-three"], "one-two-three", ["one-two-three"]),
        (["aaaa"], "aaaaaa", ["aaaaaa"]),
        (["a", "cat", ""], "a text about a cat", []),
        (["four"], "four", ["four"]),
        (["p\xe4ss w\xf6rd"], "p\xe4ss w\xf6rd", ["p\xe4ss w\xf6rd"]),
        (["p\xe4ss"], "p\xe4ss".encode().decode("latin-1"), ["p\xc3\xa4ss"]),
        (["\N{SNOWMAN}-man"], "a \N{SNOWMAN}-man", ["\N{SNOWMAN}-man"]),
        (["half \ud800 pair"], "half \ud800 pair", ["half \ud800 pair"]),
        ([], "anything", []),
    ],
)  # fmt: skip
def test_secrets_are_found_where_they_stand(
    secrets: list[str], text: str, found: list[str]
) -> None:
    spans = SecretIndex(secrets).find_in(text)

    assert [text[begin:end] for begin, end in spans] == found


@given(
    secrets=st.lists(st.text("ab-", min_size=1, max_size=6), max_size=12),
    later=st.lists(st.text("ab-", min_size=4, max_size=6), max_size=4),
    text=st.text("ab-", max_size=60),
)
def test_few_and_many_secrets_are_found_alike(
    secrets: list[str], later: list[str], text: str
) -> None:
    few = SecretIndex(secrets)
    many = SecretIndex([*secrets, *(f"{number:05} is in no text" for number in range(2 * FEW))])

    assert few.find_in(text) == many.find_in(text)
    for each in later:  # also after a search
        few.add(each)
        many.add(each)
        assert few.find_in(text) == many.find_in(text)
    for each in later:
        few.discard(each)
        many.discard(each)
        assert few.find_in(text) == many.find_in(text)


def test_a_secret_of_two_records_stays_until_both_are_gone() -> None:
    index = SecretIndex(["hunter2", "hunter2"])
    assert len(index) == 1

    index.discard("hunter2")
    assert index.find_in("hunter2")
    index.discard("hunter2")
    index.discard("hunter2")
    assert not index.find_in("hunter2")
    assert "hunter2" not in index
    assert list(index) == []
    index.add("hunter2")
    assert list(index) == ["hunter2"]


def test_the_lengths_of_its_texts_are_known() -> None:
    index = SecretIndex(["abcdef", "a", "abcdefgh"])
    assert (index.shortest, index.longest) == (6, 8)
    index.discard("abcdef")
    assert (index.shortest, index.longest) == (8, 8)
    assert (SecretIndex().shortest, SecretIndex().longest) == (0, 0)


texts = st.text("ab", min_size=1, max_size=8)
changes = st.lists(st.tuples(st.sampled_from(["add", "discard", "copy"]), texts), max_size=30)


@given(changes, st.text("ab", max_size=30))
def test_it_is_a_counted_set_and_copies_are_their_own(
    made: list[tuple[str, str]], text: str
) -> None:
    index, counts = SecretIndex(), dict[str, int]()
    older: list[tuple[SecretIndex, set[str]]] = []
    for what, secret in made:
        if what == "copy":
            older.append((index, {each for each, times in counts.items() if times}))
            index = index.copy()
        elif what == "add":
            index.add(secret)
            counts[secret] = counts.get(secret, 0) + 1
        else:
            index.discard(secret)
            counts[secret] = max(0, counts.get(secret, 0) - 1)
    older.append((index, {each for each, times in counts.items() if times}))
    for each, known in older:
        assert set(each) == known
        assert len(each) == len(known)
        hidden = {place for begin, end in each.find_in(text) for place in range(begin, end)}
        assert hidden == _places(known, text)


def _places(known: set[str], text: str) -> set[int]:
    """The positions of a text that belong to a secret."""
    found: set[int] = set()
    for secret in known:
        for begin in range(len(text)):
            if len(secret) >= 4 and text.startswith(secret, begin):
                found.update(range(begin, begin + len(secret)))
    return found


@pytest.mark.long
def test_one_thread_may_write_while_others_read() -> None:
    index = SecretIndex([f"secret-{number}" for number in range(100)])
    problems: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                assert index.find_in("x secret-50 y") == [(2, 11)]
                assert "secret-50" in set(index)
            except BaseException as error:  # of whatever kind
                problems.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(4)]
    for each in readers:
        each.start()
    for number in range(3000):
        index.add(f"secret-other-{number}")
        index.discard(f"secret-other-{number - 10}")
        if number % 100 == 0:
            index.copy()
    done.set()
    for each in readers:
        each.join()
    assert problems == []


# Growth

Make = Callable[[int], str]

NAMES: dict[str, Make] = {
    "of one beginning": lambda number: f"secret-{number}",
    "of many beginnings": lambda number: f"{number:x}-secret"[::-1],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_finding_costs_the_same_with_many_secrets(name: Make) -> None:
    text = f"/v1/order/{name(3)}/x?secret=secret-x&terces={name(7)}" * 3

    def make(number: int) -> Action:
        index = SecretIndex(map(name, range(number)))
        assert len(index.find_in(text)) == 6
        return lambda: index.find_in(text)

    assert_flat(make)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_change_costs_the_same_with_many_secrets(name: Make) -> None:
    def make(number: int) -> Action:
        index = SecretIndex(map(name, range(number))).copy()

        def change() -> None:
            index.add("another-secret")
            index.discard("another-secret")
            index.discard(name(3))
            index.add(name(3))

        return change

    assert_flat(make)


@pytest.mark.slow
def test_a_copy_and_its_first_change_cost_the_same_with_many_secrets() -> None:
    def make(number: int) -> Action:
        index = SecretIndex(f"secret-{each}" for each in range(number))
        index.copy()
        return lambda: index.copy().add("another")

    assert_flat(make)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["secr", "secret-", "a", "\xe4", "\N{SNOWMAN}"])
def test_finding_costs_what_the_text_is_long(piece: str) -> None:
    index = SecretIndex([f"secret-{number}" for number in range(100)])

    def make(size: int) -> Action:
        text = piece * size
        return lambda: index.find_in(text)

    assert_linear(make, 4000)
