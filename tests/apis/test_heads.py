"""Headers of parts: unusual ones are read or ignored, in a time linear in their size."""

from __future__ import annotations

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.heads import file_name, media_type_of, parameters_of, read_head
from mock_sei.errors import MalformedRequest
from mock_sei.values.texts import is_text
from tests.apis.test_multipart import FORM, file_of, multipart
from tests.cases import every_case
from tests.growth import Action, assert_linear

DISPOSITION = "Content-Disposition: form-data; name=f; "


@every_case(
    ("parameter", "name"),
    [
        ("filename=a.txt", "a.txt"),
        ('filename="a b;c.txt"', "a b;c.txt"),
        (r'filename="a\"b\\c.txt"', r'a"b\c.txt'),
        ("FileName = a.txt ; x=y", "a.txt"),
        ("filename=a b.txt", "a b.txt"),
        ("filename=\"a.txt\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt", "naïve €.txt"),
        ("filename*=utf-8'en'%e2%82%ac.txt", "€.txt"),
        ("filename*=ISO-8859-1''%a3.txt", "£.txt"),
        ("filename*=UTF-8''%ff.txt", "\ufffd.txt"),
        ("filename=a.txt; filename*=no-such-charset''b.txt", "a.txt"),
        ("filename=a.txt; filename*", "a.txt"),
        ("filename=a.txt; filename=b.txt", "a.txt"),
        ("filename=\r\n a.txt", "a.txt"),
        ('x="; filename=b.txt"; filename=a.txt', "a.txt"),
        (";;;filename=a.txt", "a.txt"),
        ("filename=a.txt\nContent-Type: text/csv", "a.txt"),
    ],
)
def test_the_name_of_a_file_is_read(parameter: str, name: str) -> None:
    assert file_name(read_head((DISPOSITION + parameter).encode())) == name


NO_NAMES = (
    *(
        "filename*",
        "filename",
        "filename=",
        'filename=""',
        "filename*=",
        "filename*0",
        "filename**",
    ),
    *("filename*0*", "filename*=a", "filename*='", "filename*=''", "filename*=utf-8''", "=a.txt"),
    *("filename*=x'y'z", "filename*=\ud800''a", "filename*=rot13''a", "filename*=undefined''a"),
    *('filename="', 'filename="\\', "filename*0=a; filename*2=b", "filename*=idna''a", ";" * 99),
    *("filename*=utf-16''a", "filename*=unicode_escape''\\x41", "filename*=base64''YQ==", "("),
)


@every_case("parameter", NO_NAMES)
def test_a_part_without_a_readable_name_is_no_file(parameter: str) -> None:
    head = (DISPOSITION + parameter).encode(errors="surrogatepass")
    with pytest.raises(MalformedRequest, match="no file"):
        file_of(multipart(head + b"\r\n\r\nx"), FORM)


def test_a_name_that_only_the_content_type_has_is_the_file_s() -> None:
    assert file_name({"content-type": 'text/csv; name="a.csv"'}) == "a.csv"


@every_case(
    ("header", "media_type"),
    [
        ("Text/CSV; charset=x", "text/csv"),
        (None, "text/plain"),
        ("", "text/plain"),
        ("csv", "text/plain"),
        ("a/b/c", "text/plain"),
        ("text/" + "x" * 999, "text/plain"),
        ("text/\u0663", "text/plain"),
    ],
)
def test_the_media_type_is_one_that_can_be_repeated(header: str | None, media_type: str) -> None:
    assert media_type_of(header) == media_type


PIECES = (
    *(
        "Content-Disposition",
        "content-type",
        ":",
        ";",
        "=",
        '"',
        "\\",
        "'",
        "*",
        "filename",
        "name",
    ),
    *(
        " ",
        "\t",
        "\r\n",
        "\n",
        "\r",
        "\r\n ",
        "form-data",
        "utf-8",
        "''",
        "%",
        "%e2",
        "%ff",
        "0",
        "1",
    ),
    *(
        "=?utf-8?b?YQ==?=",
        "=?",
        "?=",
        "(",
        ")",
        "<",
        ">",
        "@",
        ",",
        "\ud800",
        "\0",
        "é",
        "*0",
        "*1*",
    ),
    *(
        "charset",
        "message/rfc822",
        "boundary",
        "Content-Transfer-Encoding: base64",
        "undefined",
        "a",
    ),
)


def random_head(source: random.Random) -> bytes:
    pieces = [source.choice(PIECES) for _ in range(source.randrange(1, 30))]
    start = "Content-Disposition: form-data; " if source.random() < 0.8 else ""
    return (start + "".join(pieces)).encode(errors="surrogatepass")


@pytest.mark.long
def test_thousands_of_random_heads_are_read_or_refused() -> None:
    source = random.Random(20261128)  # noqa: S311  # the same heads in each run
    for _ in range(3000):
        head = random_head(source)
        try:
            file = file_of(multipart(head + b"\r\n\r\nx"), FORM)
        except MalformedRequest:
            continue
        assert is_text(file.name), head
        assert is_text(file.media_type), head


@given(st.binary(max_size=80), st.text(max_size=60))
def test_any_bytes_are_a_head_and_any_text_has_parameters(head: bytes, header: str) -> None:
    file_name(read_head(head))
    parameters_of(header)


@pytest.mark.slow
def test_a_head_costs_its_size() -> None:
    heads = (
        *(
            "; filename*%d=a",
            '; a="',
            '; a="\\"',
            ";",
            "; a",
            "; a=",
            "\\",
            '"',
            "=",
            "\r\n ",
            "a:b\r\n",
        ),
        *(
            "; filename*=utf-8''%%ff",
            " ",
            "\t;",
            "=?utf-8?b?YQ==?=",
            "(",
            "; a%d=b",
            "\r\na%d: b",
            "%%",
        ),
    )

    def read(piece: str, count: int) -> Action:
        numbered = (piece % ((n,) * piece.count("%d")) for n in range(count))
        body = multipart((DISPOSITION + "".join(numbered)).encode() + b"\r\n\r\nx")

        def act() -> None:
            with contextlib.suppress(MalformedRequest):
                file_of(body, FORM)

        return act

    for piece in heads:
        assert_linear(lambda count, piece=piece: read(piece, count), 4000)  # type: ignore[misc]


@pytest.mark.slow
def test_many_parts_cost_their_number() -> None:
    def read(count: int) -> Action:
        bodies = (
            multipart(*[f"{DISPOSITION}\r\n\r\nx"] * count),
            b"--XX   " * count,
            b"\r\n--XX" * count,
            b"\r\n--XX" + b" " * 10 * count,
        )

        def act() -> None:
            for body in bodies:
                with pytest.raises(MalformedRequest):
                    file_of(body, FORM)

        return act

    assert_linear(read, 1000)
