"""Multipart bodies, whole and of every broken kind."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.multipart import read_file
from mock_sei.errors import MalformedRequest


def multipart(*parts: str | bytes, boundary: str = "XX", end: bytes = b"--XX--\r\n") -> bytes:
    content = b""
    for part in parts:
        content += b"--" + boundary.encode() + b"\r\n"
        content += part.encode() if isinstance(part, str) else part
        content += b"\r\n"
    return content + end


def part(content: str | bytes, name: str = "a.txt", more: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n{more}\r\n'
    return head.encode() + (content.encode() if isinstance(content, str) else content)


FORM = "multipart/form-data; boundary=XX"
FIELD = 'Content-Disposition: form-data; name="note"\r\n\r\nfirst'


def test_the_first_file_of_a_form_is_read() -> None:
    body = multipart(FIELD, part("one", more="Content-Type: text/csv\r\n"), part("two", "b.txt"))

    file = read_file(body, FORM)

    assert (file.name, file.media_type, file.content) == ("a.txt", "text/csv", b"one")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(range(256)) * 4,
        b"\r\n\r\n",
        b"\n",
        b"--XX is no boundary here",
        b"\r\n--XY\r\n",
        b"line\rline\x0bline\x0cline\x1cline\x85line",
        "é€".encode(),
    ],
)
def test_every_byte_of_a_file_is_kept(content: bytes) -> None:
    assert read_file(multipart(part(content)), FORM).content == content


@given(st.binary(max_size=200))
def test_any_file_is_kept(content: bytes) -> None:
    assert (
        read_file(
            multipart(part(content), boundary="unlikely", end=b"--unlikely--"),
            ("multipart/form-data; boundary=unlikely"),
        ).content
        == content
    )


@pytest.mark.parametrize(
    "more", ["Content-Type: message/rfc822\r\n", "Content-Type: multipart/mixed\r\n"]
)
def test_a_mail_is_a_file_like_any_other(more: str) -> None:
    file = read_file(multipart(part("Subject: hello\r\n\r\nWorld", "a.eml", more)), FORM)

    assert file.content == b"Subject: hello\r\n\r\nWorld"


def test_a_file_name_may_be_in_any_script() -> None:
    assert read_file(multipart(part("x", "naïve €.txt")), FORM).name == "naïve €.txt"


BROKEN: list[tuple[str, bytes, str]] = [
    ("no boundary", multipart(part("x")), "multipart/form-data"),
    ("another boundary", multipart(part("x")), "multipart/form-data; boundary=YY"),
    ("an empty boundary", multipart(part("x")), 'multipart/form-data; boundary=""'),
    ("nothing", b"", FORM),
    ("no part", b"--XX--\r\n", FORM),
    ("no file", multipart(FIELD), FORM),
    ("no header", multipart(b"\r\nx"), FORM),
    ("no blank line", multipart(b"Content-Disposition: form-data"), FORM),
    ("not a form", b"plain", FORM),
    ("bytes", bytes(range(256)), FORM),
    ("cut off", multipart(part("x"), end=b""), FORM),
]


@pytest.mark.parametrize(
    ("body", "content_type"), [pytest.param(*each[1:], id=each[0]) for each in BROKEN]
)
def test_a_form_without_a_whole_file_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        read_file(body, content_type)

    assert [each.location for each in caught.value.faults] == ["body"]


@given(st.binary(max_size=100), st.text(max_size=30))
def test_whatever_comes_for_a_form_is_read_or_refused(noise: bytes, boundary: str) -> None:
    for body in (noise, multipart(noise), multipart(part("x", more="")[:20] + noise)):
        for content_type in (FORM, f"multipart/form-data; boundary={boundary}"):
            with contextlib.suppress(MalformedRequest):
                read_file(body, content_type)
