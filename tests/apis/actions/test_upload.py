"""``upload``: a file is stored with a record that describes it."""

from __future__ import annotations

import pytest

from mock_sei.apis.actions import upload as module
from tests.apis.engine import Engine
from tests.apis.test_multipart import FORM, multipart, part

TEXT = """
paths:
  /v1/items/{item}/files:
    post:
      x-mock-sei:
        action: upload
        collection: files
        key: id
        fields: {item: $path.item, name: $file.name, size: $file.size, type: $file.type}
      parameters: [{name: item, in: path}]
      responses: {"201": {description: stored}}
"""


def upload(engine: Engine, content: bytes) -> dict[str, object]:
    body = multipart(part(content, more="Content-Type: text/csv\r\n"))
    answer = engine.post(body, "/v1/items/I/files", headers={"content-type": FORM})
    assert answer.status == 201
    return dict(answer.body)


def test_a_file_is_stored_with_its_record() -> None:
    engine = Engine.of(TEXT)

    record = upload(engine, b"a,b\r\n")

    key = str(record.pop("id"))
    assert record == {"item": "I", "name": "a.txt", "size": 5, "type": "text/csv"}
    assert engine.state.contents[key].read() == b"a,b\r\n"
    assert engine.state.collections.find("files", "id", key) is not None


@pytest.mark.parametrize("content_type", [None, "application/json", "multipart/mixed; boundary=XX"])
def test_another_media_type_is_refused(content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}

    ((field, location, _),) = Engine.of(TEXT).faults(
        "/v1/items/I/files", method="POST", body=multipart(part("x")), headers=headers
    )

    assert (field, location) == ("content-type", "header")


def test_the_oldest_files_of_a_session_are_let_go_of_and_their_records_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine.of(TEXT)
    first = str(upload(engine, b"1")["id"])
    size = engine.state.contents.shelf.size
    monkeypatch.setattr(module, "MOST_STORED", 2 * size)

    others = [str(upload(engine, b"2")["id"]), str(upload(engine, b"3")["id"])]

    assert list(engine.state.contents) == others
    assert engine.findings.notes == [
        "the content of the oldest upload was dropped; its record is kept"
    ]
    keys = [each["id"] for each in engine.state.collections.all("files")]
    assert keys == [first, *others]


def test_so_many_files_of_a_session_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    engine = Engine.of(TEXT)

    keys = [str(upload(engine, b"x")["id"]) for _ in range(3)]

    assert list(engine.state.contents) == keys[1:]


def test_a_file_larger_than_all_that_is_stored_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STORED", 1)
    engine = Engine.of(TEXT)

    upload(engine, b"small")
    key = str(upload(engine, b"large")["id"])

    assert [each.read() for each in engine.state.contents.values()] == [b"large"]
    assert list(engine.state.contents) == [key]
