"""A long body that the journal shows again costs no second search, and hides what it must."""

from __future__ import annotations

import json

import pytest

from mock_sei.journal.entries import HttpResponse
from mock_sei.journal.hiding import MOST_SHOWN, KnownSecrets
from mock_sei.journal.readings import find_stretches
from mock_sei.rules.randomness import SECRET_LENGTH
from mock_sei.rules.secret_index import SecretIndex
from tests.cases import every_case

LATER = "z" * SECRET_LENGTH
JSON = ((b"content-type", b"application/json"),)


class Searches:
    """Counts the searches for secrets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0

        def counting(*arguments: object, **named: object) -> object:
            self.count += 1
            return find_stretches(*arguments, **named)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr("mock_sei.journal.hiding.find_stretches", counting)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> Searches:
    return Searches(monkeypatch)


def answer(secrets: KnownSecrets, *values: str, length: int = 40) -> HttpResponse:
    content = {"values": values, "more": ["some words"] * length * 10}
    body = json.dumps(content).encode()
    return HttpResponse(
        secrets=lambda: secrets, raw_headers=JSON, raw_body=body, body_size=len(body), status=200
    )


def test_a_long_body_is_searched_once(searches: Searches) -> None:
    secrets = KnownSecrets(SecretIndex(["a-password"]), lambda _: False)
    first = answer(secrets, "a-password").body
    before = searches.count
    again = answer(secrets, "a-password").body
    assert first == again
    assert "a-password" not in again
    assert searches.count == before


def test_a_remembered_body_hides_a_secret_that_is_registered_later() -> None:
    registered = SecretIndex(["a-password"])
    secrets = KnownSecrets(registered, lambda _: False)
    assert "another-one" in answer(secrets, "another-one").body
    registered.add("another-one")
    assert "another-one" not in answer(secrets, "another-one").body


@every_case(
    "sent",
    [LATER, f"%7A{LATER[1:]}", f"word{LATER}", "enp6" * 14 + "eg=="],
    ids=["plain", "escaped", "beside a word", "Base64"],
)
def test_a_remembered_body_hides_a_code_that_is_issued_later(sent: str) -> None:
    issued: set[str] = set()
    secrets = KnownSecrets(SecretIndex(["a-password"]), issued.__contains__)
    assert sent in answer(secrets, sent).body
    assert sent in answer(secrets, sent).body
    issued.add(LATER)
    assert sent not in answer(secrets, sent).body
    assert sent not in answer(secrets, sent).body


def test_equal_bodies_of_other_media_types_and_lengths_are_shown_each_in_its_way() -> None:
    secrets = KnownSecrets(SecretIndex(), lambda _: False)
    one = answer(secrets, length=200)
    other = answer(secrets, length=200)
    other.raw_headers = ((b"content-type", b"image/png"),)
    assert one.body.startswith('{"values"')
    assert other.body == f"<{one.body_size} bytes of image/png>"
    assert len(one.to_json(100)["body"]) == 100
    assert len(one.body) == 16 * 1024


@pytest.mark.long
def test_only_so_many_bodies_are_remembered() -> None:
    secrets = KnownSecrets(SecretIndex(), lambda _: False)
    for number in range(MOST_SHOWN + 1):
        assert str(number) in answer(secrets, str(number)).body
    assert 0 < len(secrets.shown_texts) <= MOST_SHOWN
