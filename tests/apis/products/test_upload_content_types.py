"""Content Management documents ``application/json`` for the upload of a file."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import Api, faults

UPLOAD = "/v1/contentmanagement/folders/uploadfiles"


def multipart(boundary: str) -> bytes:
    head = 'Content-Disposition: form-data; name="filename"; filename="note.txt"'
    return f"--{boundary}\r\n{head}\r\n\r\ntext\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize("boundary", ["x", "----WebKit Form(1)", "b" * 70])
def test_a_file_comes_under_the_content_type_of_the_page_too(api: Api, boundary: str) -> None:
    headers = {"Content-Type": "application/json"}

    answer = api.call("POST", UPLOAD, headers, content=multipart(boundary))

    assert answer.status_code == 200, answer.text
    assert (answer.json()["objectName"], answer.json()["size"]) == ("note.txt", 4)


@pytest.mark.parametrize("body", [b"{}", b"", b"--\r\n", multipart("x")[2:], multipart("b" * 71)])
def test_json_without_a_file_is_refused(api: Api, body: bytes) -> None:
    answer = api.call("POST", UPLOAD, {"Content-Type": "application/json"}, content=body)

    assert faults(answer) == [("filename", "body")]


def test_a_file_under_another_content_type_is_refused(api: Api) -> None:
    answer = api.call("POST", UPLOAD, {"Content-Type": "text/plain"}, content=multipart("x"))

    assert faults(answer) == [("content-type", "header")]
