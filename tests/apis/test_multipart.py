"""Multipart bodies, valid and broken in every way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.multipart import LARGEST_HEAD, MOST_PARTS, UploadedFile, read_file
from mock_sei.apis.spooled import PIECE, Body, Spool
from mock_sei.errors import MalformedRequest
from tests.cases import every_case


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


def file_of(body: bytes, content_type: str | None) -> UploadedFile:
    return read_file(Body.of(body), content_type)


FORM = "multipart/form-data; boundary=XX"
FIELD = 'Content-Disposition: form-data; name="note"\r\n\r\nfirst'


def test_the_first_file_of_a_form_is_read() -> None:
    body = multipart(FIELD, part("one", more="Content-Type: text/csv\r\n"), part("two", "b.txt"))

    file = file_of(body, FORM)

    assert (file.name, file.media_type, file.content.read()) == ("a.txt", "text/csv", b"one")


@every_case(
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
    assert file_of(multipart(part(content)), FORM).content.read() == content


@given(st.binary(max_size=200))
def test_any_file_is_kept(content: bytes) -> None:
    assert (
        file_of(
            multipart(part(content), boundary="unlikely", end=b"--unlikely--"),
            ("multipart/form-data; boundary=unlikely"),
        ).content.read()
        == content
    )


@pytest.mark.parametrize(
    "more", ["Content-Type: message/rfc822\r\n", "Content-Type: multipart/mixed\r\n"]
)
def test_a_mail_is_a_file_like_any_other(more: str) -> None:
    file = file_of(multipart(part("Subject: hello\r\n\r\nWorld", "a.eml", more)), FORM)

    assert file.content.read() == b"Subject: hello\r\n\r\nWorld"


def test_a_file_name_may_be_in_any_script() -> None:
    assert file_of(multipart(part("x", "naïve €.txt")), FORM).name == "naïve €.txt"


@given(st.data())
def test_a_file_is_found_wherever_a_piece_of_its_body_ends(data: st.DataObject) -> None:
    """A body is read in pieces. A delimiter that is cut is found, and found only once."""
    texts = st.lists(st.sampled_from(["\r\n", "--", "XX", "-", " ", "\t", "--XX", "\r\n--XX", "a"]))
    content = "".join(data.draw(texts)).encode()
    body = multipart(
        FIELD, part(content), end=b"--XX--" + data.draw(st.sampled_from([b"", b"\r\n"]))
    )
    whole = _found(body)
    size = data.draw(st.integers(1, 40))

    class Cut(Body):
        def pieces(self, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
            content = b"".join(super().pieces(begin, end))
            yield from (content[each : each + size] for each in range(0, len(content), size))

    cut = Cut(Spool(len(body)))
    cut.add(body)
    assert _found(cut) == whole
    if b"--XX" not in content:
        assert whole == content


def _found(body: bytes | Body) -> bytes | None:
    with contextlib.suppress(MalformedRequest):
        return read_file(Body.of(body) if isinstance(body, bytes) else body, FORM).content.read()
    return None


@every_case("place", [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8])
def test_a_delimiter_at_the_end_of_a_piece_is_found(place: int) -> None:
    before = part("")
    content = b"x" * (PIECE - len(before) - len("--XX\r\n") - place)
    body = Body.of(multipart(part(content), FIELD))
    body.write()

    assert read_file(body, FORM).content.read() == content


def test_a_body_has_so_many_parts_and_no_more() -> None:
    fields = [FIELD] * (MOST_PARTS - 1)

    assert file_of(multipart(*fields, part("x")), FORM).content.read() == b"x"

    with pytest.raises(MalformedRequest) as caught:
        file_of(multipart(*fields, FIELD, part("x")), FORM)
    assert str(MOST_PARTS) in caught.value.faults[0].reason


def test_a_part_whose_head_is_too_long_is_no_file() -> None:
    def with_head(size: int) -> bytes:
        more = f"X-Long: {'x' * (size - len(part('')) - len('X-Long: ') - 4)}\r\n"
        return multipart(part("one", more=more), part("two"))

    assert file_of(with_head(LARGEST_HEAD), FORM).content.read() == b"one"
    assert file_of(with_head(LARGEST_HEAD + 10), FORM).content.read() == b"two"


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


@every_case(("body", "content_type"), [pytest.param(*each[1:], id=each[0]) for each in BROKEN])
def test_a_form_without_a_whole_file_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        file_of(body, content_type)

    assert [each.location for each in caught.value.faults] == ["body"]


@pytest.mark.long
@given(st.binary(max_size=100), st.text(max_size=30))
def test_whatever_comes_for_a_form_is_read_or_refused(noise: bytes, boundary: str) -> None:
    for body in (noise, multipart(noise), multipart(part("x", more="")[:20] + noise)):
        for content_type in (FORM, f"multipart/form-data; boundary={boundary}"):
            with contextlib.suppress(MalformedRequest):
                file_of(body, content_type)
