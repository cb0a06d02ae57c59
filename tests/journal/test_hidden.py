"""Every kind of secret is hidden, in each encoding, at each place, and if it is cut."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import quote, quote_plus, unquote

import pytest

from mock_sei.errors import Explanation
from mock_sei.journal.entries import (
    BODY_KEPT,
    BODY_SHOWN,
    LINE_PATH,
    LOG_SHOWN,
    PATH_SHOWN,
    QUERY_SHOWN,
    VALUE_SHOWN,
    Entry,
    HttpRequest,
    HttpResponse,
)
from mock_sei.journal.hiding import HIDDEN, KnownSecrets, hide_values
from mock_sei.rules.connection import Connection
from mock_sei.rules.secret_index import SecretIndex
from mock_sei.rules.standards import Listener

pytestmark = pytest.mark.slow


ISSUED = "bFUdegFvgFBcEKIZRTsmNR_D7KaGMkJR-4wkCrGtgYx"
SECRETS = {
    "plain": "Q7canary-hunter2",
    "special characters": 'Q7 c\xe4n+ry/h&un="t\\er%2',
    "not Latin": "\N{SNOWMAN}Q7canary\N{GRINNING FACE}hunter2",
    "short": "Q7zX",
    "long": "".join(f"{each:x}Q7" for each in range(0x1000, 0x1060)),
    "issued": ISSUED,
    "JWT": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJRN2NhbmFyeSJ9.UTdjYW5hcnktc2lnbmF0dXJlUTdjYW5hcnk",
}
KNOWN = KnownSecrets(
    SecretIndex([value for name, value in SECRETS.items() if name not in ("issued", "JWT")]),
    lambda text: text == ISSUED,
)

FORM = b"application/x-www-form-urlencoded"
Coding = Callable[[str], str]


def encoded(text: str) -> bytes:
    return text.encode("utf-8")


def every_byte(text: str, form: str) -> str:
    return "".join(form.format(each) for each in encoded(text))


def some(text: str, form: str) -> str:
    return "".join(
        every_byte(each, form) if index % 2 or not each.isalnum() else each
        for index, each in enumerate(text)
    )


def as_json(text: str, *, only_odd: bool = False) -> str:
    return "".join(
        json.dumps(each)[1:-1] if only_odd and index % 2 else unicode_escaped(each)
        for index, each in enumerate(text)
    )


def unicode_escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def standard(text: str) -> str:
    return base64.b64encode(encoded(text)).decode()


def url_safe(text: str) -> str:
    return base64.urlsafe_b64encode(encoded(text)).decode()


CODINGS: dict[str, Coding] = {
    "as it is": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "every byte percent": lambda text: every_byte(text, "%{:02X}"),
    "every byte percent in lower case": lambda text: every_byte(text, "%{:02x}"),
    "some percent": lambda text: some(text, "%{:02X}"),
    "percent twice": lambda text: quote(every_byte(text, "%{:02X}"), safe=""),
    "percent three times": lambda text: quote(quote(every_byte(text, "%{:02X}"), safe=""), safe=""),
    "form of form": lambda text: quote_plus(quote_plus(text)),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON escapes": as_json,
    "some JSON escapes": lambda text: as_json(text, only_odd=True),
    "JSON in JSON": lambda text: json.dumps(as_json(text))[1:-1],
    "JSON in a form": lambda text: quote_plus(json.dumps(text)[1:-1]),
    "hexadecimal": lambda text: encoded(text).hex(),
    "hexadecimal in upper case": lambda text: encoded(text).hex().upper(),
    "hexadecimal at an odd place": lambda text: f"a{encoded(text).hex()}b",
    "bytes of a program": lambda text: every_byte(text, "\\x{:02x}"),
    "Base64": standard,
    "Base64 without padding": lambda text: standard(text).rstrip("="),
    "Base64 for addresses": lambda text: url_safe(text).rstrip("="),
    "Base64 for addresses, padded": url_safe,
    "Base64 of a pair": lambda text: standard(f"demo-server-key:{text}"),
    "Base64 of a pair, one later": lambda text: standard(f"demo-server-key2:{text}x"),
    "Base64 of a pair, two later": lambda text: url_safe(f"demo-server-key22:{text}xy"),
    "Base64 of a form's pair": lambda text: standard(f"demo-server-key:{quote_plus(text)}"),
    "Base64 of hexadecimal": lambda text: standard(encoded(text).hex()),
    "Base64 of Base64": lambda text: standard(standard(f"k:{text}")),
    "Base64 behind one character": lambda text: f"a{standard(text)}",
    "Base64 behind two characters": lambda text: f"ab{standard(text)}",
    "Base64 behind three characters": lambda text: f"abc{standard(text)}",
    "Base64 in a form": lambda text: quote_plus(standard(f"x:{text}")),
    "Base64 in a form's form": lambda text: quote(quote(standard(f"x:{text}"), safe=""), safe=""),
    "Base64 in lines": lambda text: base64.encodebytes(encoded(f"{'x' * 50}:{text}")).decode(),
}


FEW = (
    "as it is",
    "some percent",
    "percent twice",
    "form of form",
    "some JSON escapes",
    "hexadecimal",
    "Base64 of a pair, one later",
    "Base64 of a form's pair",
    "Base64 behind two characters",
    "Base64 in a form",
)
"""The encodings that are tried at every place."""


def plain_readings(text: str, depth: int = 3) -> Iterator[str]:
    """A text, and all texts that can be decoded from it."""
    yield text
    if not depth:
        return
    for form in (unquote(text), unquote(text.replace("+", " ")), unescaped(text)):
        if form != text:
            yield from plain_readings(form, depth - 1)
    for each in re.findall(r"[A-Za-z0-9+/_-]{6,}", text.replace("\n", "").replace("\\n", "")):
        for shift in range(4):
            run = each[shift:].translate(str.maketrans("-_", "+/"))
            whole = base64.b64decode(run + "A" * (-len(run) % 4))
            yield from plain_readings(whole.decode("utf-8", "replace"), depth - 2)
    for each in re.findall(r"[0-9A-Fa-f]{8,}", text):
        for shift in range(2):
            run = each[shift:]
            whole = binascii.unhexlify(run[: len(run) // 2 * 2])
            yield from plain_readings(whole.decode("utf-8", "replace"), depth - 2)


def unescaped(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        return chr(int(found[1] or found[2], 16)) if found[1] or found[2] else found[3]

    made = re.sub(r'\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(["\\/]))', plain, text)
    return made.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def shown_parts(secret: str, text: str, size: int = 6) -> set[str]:
    """The parts of a secret, of so many characters or the whole, that can be read in a text."""
    size = min(size, len(secret))
    forms = (secret, encoded(secret).decode("latin-1"))
    parts = {form[at : at + size] for form in forms for at in range(len(form) - size + 1)}
    return {part for reading in plain_readings(text) for part in parts if part in reading}


SURROUNDINGS = (("", ""), ("x=", "&y=1"), ("/v1/", "/x"), ('{"a": "', '"}'), ("a: ", " b"))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_secret_is_hidden_in_a_coding_wherever_it_stands(coding: str) -> None:
    for name, secret in SECRETS.items():
        sent = CODINGS[coding](secret)
        assert shown_parts(secret, sent, len(secret)), name  # it can be read where nobody hides it

        for before, after in SURROUNDINGS:
            shown = hide_values(f"{before}{sent}{after}", KNOWN)
            assert shown_parts(secret, shown) == set(), (name, shown)
            assert HIDDEN in shown, name
            assert shown.startswith(before), name
            assert shown.endswith(after) or coding == "Base64 in lines", name


def entry(**options: object) -> Entry:
    request: dict[str, object] = {"method": "POST", "path": "/x", "secrets": lambda: KNOWN}
    return Entry(
        kind="exchange",
        timestamp=0,
        connection=Connection(listener=Listener.ONE_WAY, source_address="192.0.2.1"),
        request=HttpRequest(**request | options),  # type: ignore[arg-type]  # each is of its field
        response=HttpResponse(secrets=lambda: KNOWN, status=200),
    )


def header(name: bytes, value: bytes) -> dict[str, object]:
    return {"raw_headers": [(name, value)]}


def body(content_type: bytes, text: str) -> dict[str, object]:
    return {"raw_headers": [(b"content-type", content_type)], "raw_body": encoded(text)}


PLACES: dict[str, Callable[[str], dict[str, object]]] = {
    "path": lambda sent: {"path": f"/v1/{sent}/x"},
    "query": lambda sent: {"raw_query": encoded(f"a=1&x={sent}&y=2")},
    "name in the query": lambda sent: {"raw_query": encoded(f"{sent}=1")},
    "query without a name": lambda sent: {"raw_query": encoded(sent)},
    "own header": lambda sent: header(b"x-own", encoded(f"a {sent}")),
    "AppKey": lambda sent: header(b"appkey", encoded(sent)),
    "name of a header": lambda sent: header(encoded(sent), b"1"),
    "User-Agent": lambda sent: header(b"user-agent", encoded(f"curl/1 ({sent})")),
    "Cookie": lambda sent: header(b"cookie", encoded(f"a={sent}; b=1")),
    "Set-Cookie": lambda sent: header(b"set-cookie", encoded(f"a={sent}; Secure")),
    "Authorization": lambda sent: header(b"authorization", encoded(sent)),
    "Basic": lambda sent: header(b"authorization", encoded(f"Basic {sent}")),
    "Bearer": lambda sent: header(b"authorization", encoded(f"Bearer {sent}")),
    "Digest": lambda sent: header(b"authorization", encoded(f'Digest a="{sent}", b="{sent}"')),
    "a scheme": lambda sent: header(b"authorization", encoded(f"{sent} x")),
    "key of a pair": lambda sent: header(
        b"authorization", encoded(f"Basic {standard(f'{sent}:demo-server-key')}")
    ),
    "Location": lambda sent: header(b"location", encoded(f"https://x/cb?state={sent}#a={sent}")),
    "Referer": lambda sent: header(b"referer", encoded(f"https://x/{sent}?q")),
    "Content-Type": lambda sent: body(encoded(f"text/{sent}"), "x"),
    "form": lambda sent: body(FORM, f"a={sent}&b=1"),
    "JSON": lambda sent: body(b"application/json", f'{{"a": ["{sent}"], "b": 1}}'),
    "name in JSON": lambda sent: body(b"application/json", f'{{"{sent}": 1}}'),
    "JSON called a form": lambda sent: body(FORM, f'["{sent}"]'),
    "text": lambda sent: body(b"text/plain", sent),
}


@pytest.mark.parametrize("place", PLACES)
def test_neither_entry_nor_line_shows_a_secret_in_a_place(place: str) -> None:
    for secret, coding in product(SECRETS.values(), FEW):
        made = entry(**PLACES[place](CODINGS[coding](secret)))
        made.settle()
        request = made.to_json()["request"]
        for shown in (
            *request["headers"].items(),
            request["path"],
            request["query"],
            request["body"],
            str(made),
        ):
            shown = shown if isinstance(shown, str) else " ".join(shown)
            assert shown_parts(secret, shown) == set(), (secret, coding, shown)


CUTS: dict[str, tuple[int, Callable[[str], Entry], Callable[[Entry], str]]] = {
    "form": (
        BODY_SHOWN,
        lambda text: entry(**body(FORM, f"a={text}"[:BODY_KEPT])),
        lambda made: made.to_json()["request"]["body"],
    ),
    "JSON": (
        BODY_SHOWN,
        lambda text: entry(**body(b"application/json", f'["{text}'[:BODY_KEPT])),
        lambda made: made.to_json()["request"]["body"],
    ),
    "query": (
        QUERY_SHOWN,
        lambda text: entry(raw_query=encoded(text)),
        lambda made: made.to_json()["request"]["query"],
    ),
    "header": (
        VALUE_SHOWN,
        lambda text: entry(**header(b"x", encoded(text))),
        lambda made: made.to_json()["request"]["headers"]["x"],
    ),
    "path": (
        PATH_SHOWN,
        lambda text: entry(path=text),
        lambda made: made.to_json()["request"]["path"],
    ),
    "line": (LINE_PATH, lambda text: entry(path=text), str),
    "JSON line": (
        LOG_SHOWN,
        lambda text: entry(raw_query=encoded(text)),
        lambda made: json.dumps(made.to_json(LOG_SHOWN)),
    ),
}  # fmt: skip


CODINGS_CUT = ("as it is", "percent twice", "JSON escapes", "hexadecimal", "Base64 of a pair")


@pytest.mark.parametrize(
    ("place", "coding"),
    [
        # Each place and each coding with each change, and every night all pairs
        pytest.param(place, coding, marks=pytest.mark.nightly if (row + column) % 2 else ())
        for row, place in enumerate(CUTS)
        for column, coding in enumerate(CODINGS_CUT)
    ],
)
def test_no_part_of_a_secret_is_shown_where_a_text_is_cut(place: str, coding: str) -> None:
    limit, make, read = CUTS[place]
    for secret in SECRETS.values():
        sent = CODINGS[coding](secret)
        step = max(1, len(sent) // 3)
        for begin in (*range(limit - len(sent) - 4, limit + 4, step), limit - 1):
            text = f"{' -' * (begin // 2)}{sent} and more" + " -" * 3000
            made = make(text)
            made.settle()
            shown = read(made)
            assert shown_parts(secret, shown, 4) <= {""}, (begin - limit, shown[-60:])
            assert len(shown) < limit + 200


def test_of_a_secret_longer_than_what_is_looked_at_nothing_is_shown() -> None:
    secret = "".join(f"<{each}>" for each in range(1000))
    known = SecretIndex([secret])
    for begin in (0, 500, 3000, 3990):
        shown = hide_values(" " * begin + quote(secret) + "." * 9000, known, shown=4000)
        assert "%3C" not in shown


@pytest.mark.parametrize("name", ["issued", "JWT", "long"])
@pytest.mark.parametrize("cut", [20, 40, 50, 80, 100, 200])
def test_the_beginning_of_a_secret_that_a_check_quotes_is_hidden(name: str, cut: int) -> None:
    secret = SECRETS[name]
    made = entry(raw_query=encoded(f"endOtherSessions={quote(secret)}"))
    made.refuse(
        Explanation(
            check="parameters",
            because=f"must be true or false, not {secret[:cut]!r}",
            expected="true or false",
            actual=secret[:cut],
        )
    )
    made.note(f"a note about {secret[:cut]}")

    assert secret[:16] not in json.dumps(made.to_json())
    assert secret[:16] not in str(made)
    assert made.expected == "true or false"


def test_names_that_begin_as_a_secret_does_are_shown() -> None:
    known = SecretIndex(["demo-server-secret"])
    made = entry(raw_query=b"client_secret=demo-server-secret", secrets=lambda: known)
    made.refuse(Explanation(check="key pair", because="Not of demo-server.", actual="demo-server"))

    assert (made.refused_because, made.actual) == ("Not of demo-server.", "demo-server")


@pytest.mark.parametrize(
    ("content_type", "coding", "sent"),
    [
        (b"application/json", b"gzip", b'{"a": 1}'),
        (b"application/json", b"", b"\x1f\x8b\x08rest"),
        (b"application/json; charset=utf-16", b"", '{"a": "Q7canary-hunter2"}'.encode("utf-16")),
        (b"application/json", b"", '{"a": "Q7canary-hunter2"}'.encode("utf-16-le")),
        (b"application/x-www-form-urlencoded", b"deflate", b"a=b"),
    ],
)
def test_of_a_body_that_is_no_text_the_size_is_shown(
    content_type: bytes, coding: bytes, sent: bytes
) -> None:
    headers = [(b"content-type", content_type)]
    if coding:
        headers.append((b"content-encoding", coding))
    shown = entry(raw_headers=headers, raw_body=sent).to_json()["request"]["body"]

    assert re.fullmatch(rf"<{len(sent)} bytes of application/[\w-]+>", shown)


def test_what_is_no_secret_is_shown_as_it_came() -> None:
    headers = [
        (b"accept", b"text/html, application/json;q=0.9"),
        (b"x-request-id", b"8a4f5c9e0b7d4e21a3c6f0d9b8e7a6c5"),
        (b"if-none-match", b'"c2hhMjU2LWhhc2g="'),
        (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"),
    ]
    query = b"limit=50&filter=name+eq+%22Q8%22&state=QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
    shown = entry(raw_headers=headers, raw_query=query, path="/v1/a%2Fb").to_json()["request"]

    assert shown["headers"] == {name.decode(): value.decode() for name, value in headers}
    assert shown["query"] == query.decode()
    assert shown["path"] == "/v1/a%2Fb"
