"""``upload``: a file is stored with a record that describes it."""

from __future__ import annotations

import pytest

from mock_sei.apis.actions.upload import MOST_STORED
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
    assert engine.state.contents == {key: b"a,b\r\n"}
    assert engine.state.collections.find("files", "id", key) is not None


@pytest.mark.parametrize("content_type", [None, "application/json", "multipart/mixed; boundary=XX"])
def test_another_media_type_is_refused(content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}

    ((field, location, _),) = Engine.of(TEXT).faults(
        "/v1/items/I/files", method="POST", body=multipart(part("x")), headers=headers
    )

    assert (field, location) == ("content-type", "header")


def test_a_session_stores_so_much_and_no_more() -> None:
    engine = Engine.of(TEXT)
    engine.state.contents["other"] = bytes(MOST_STORED - 3)

    upload(engine, b"abc")
    faults = engine.faults(
        "/v1/items/I/files",
        method="POST",
        body=multipart(part("x")),
        headers={"content-type": FORM},
    )

    assert faults[0].field == "filename"
    assert len(engine.state.contents) == 2
    assert len(engine.state.collections.all("files")) == 1
