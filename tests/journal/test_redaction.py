"""The journal and the log never show a secret or a whole token."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.journal.hiding import HIDDEN, MOST_HARMLESS, NO_SECRETS, KnownSecrets, hide_values
from mock_sei.journal.redaction import SECRET_NAMES, redact_form
from mock_sei.rules.randomness import SECRET_LENGTH
from mock_sei.rules.secret_index import SecretIndex
from tests.cases import every_case
from tests.journal.entries import exchange
from tests.journal.redacted import (
    redact_body,
    redact_headers,
    redact_json,
    redact_path,
    redact_query,
)

SECRET = "hunter2-hunter2"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"

NAMES = sorted(SECRET_NAMES)
EXPECTED_NAMES = {
    "password",
    "passphrase",
    "key_passphrase",
    "client_secret",
    "app_secret",
    "private_key",
    "code",
    "code_verifier",
    "access_token",
    "refresh_token",
    "token",
    "sessiontoken",
    "assertion",
    "client_assertion",
}


def test_the_names_of_secrets_are_those_of_the_platform_and_the_rfcs() -> None:
    assert EXPECTED_NAMES <= SECRET_NAMES


# Forms and query strings


@every_case("name", NAMES)
def test_every_secret_of_a_form_is_hidden_and_the_rest_is_shown(name: str) -> None:
    form = f"username=svc-demo&{name}={SECRET}&client_id=demo-server-key"

    assert redact_form(form) == f"username=svc-demo&{name}={HIDDEN}&client_id=demo-server-key"
    assert redact_query(form.encode()) == redact_form(form)
    assert redact_body(FORM, form.encode()) == redact_form(form)


@every_case(
    "name", ["PassWord", "p%61ssword", "%70assword", "pass%77ord%20", "+password", " password"]
)
def test_a_secrets_name_is_recognised_in_every_spelling(name: str) -> None:
    assert redact_form(f"{name}={SECRET}&a=b") == f"{name}={HIDDEN}&a=b"


@every_case(
    ("form", "shown"),
    [
        ("password=a=b==", f"password={HIDDEN}"),
        ("password=a&password=b", f"password={HIDDEN}&password={HIDDEN}"),
        ("password=", f"password={HIDDEN}"),
        ("password", "password"),
        ("", ""),
        ("&&a=b&", "&&a=b&"),
        ("passwords=x&my_password=y", "passwords=x&my_password=y"),
    ],
)
def test_odd_forms_are_read_as_the_server_reads_them(form: str, shown: str) -> None:
    assert redact_form(form) == shown


def test_bytes_that_are_no_text_do_not_stop_it() -> None:
    assert redact_query(b"a=\xff&password=\xfe") == f"a=\N{REPLACEMENT CHARACTER}&password={HIDDEN}"


# JSON


@every_case("name", NAMES)
@every_case("spacing", ["", " ", "\n\t "])
def test_every_secret_of_a_json_body_is_hidden_and_the_rest_is_shown(
    name: str, spacing: str
) -> None:
    text = f'{{"username": "svc-demo", "{name}"{spacing}:{spacing}"{SECRET}", "scope": "x"}}'

    assert redact_json(text) == text.replace(SECRET, HIDDEN)
    assert redact_body(JSON, text.encode()) == text.replace(SECRET, HIDDEN)
    assert redact_body("application/problem+json", text.encode()) == redact_json(text)


@pytest.mark.parametrize("name", ["PASSWORD", "p\\u0061ssword", "client\\u005Fsecret"])
def test_a_members_name_is_recognised_in_every_spelling(name: str) -> None:
    assert SECRET not in redact_json(f'{{"{name}": "{SECRET}"}}')


@every_case(
    "value",
    [SECRET, f'a"{SECRET}', f"{SECRET}\\", "\\" * 3 + SECRET, [SECRET], {"a": SECRET}, 20240229],
)
def test_a_secret_is_hidden_whatever_its_form(value: object) -> None:
    text = json.dumps({"a": 1, "access_token": value, "b": SECRET.upper()})

    shown = redact_json(text)
    assert SECRET not in shown
    assert "20240229" not in shown
    assert shown.startswith(f'{{"a": 1, "access_token": "{HIDDEN}"')


def test_json_cut_short_at_any_place_shows_no_part_of_a_secret() -> None:
    secret = f"hunter2, hunter2 {{hunter2}} {SECRET}"
    text = json.dumps({"username": "svc-demo", "access_token": secret, "scope": "x"})

    for length in range(len(text)):
        assert "hunter" not in redact_json(text[:length])


def test_escapes_that_are_none_of_a_name_stay_as_they_are() -> None:
    text = r'{"note": "tab \u0009 and \\u0061 and quote \u0022"}'

    assert redact_json(text) == text


# Bodies


@every_case(
    ("content_type", "body"),
    [
        (FORM, json.dumps({"password": SECRET})),
        (FORM, f' \n[{{"password": "{SECRET}"}}]'),
        (JSON, f"username=svc-demo&password={SECRET}"),
        ("APPLICATION/JSON", f'{{"password":"{SECRET}"}}'),
    ],
)
def test_a_body_is_read_as_what_it_is_whatever_it_is_called(content_type: str, body: str) -> None:
    """``curl -d`` sends everything with the media type of a form."""
    shown = redact_body(content_type, body.encode())

    assert SECRET not in shown
    assert "password" in shown


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("text/plain", "<15 bytes of text/plain>"),
        ("multipart/form-data; boundary=x", "<15 bytes of multipart/form-data>"),
        ("", "<15 bytes of unnamed type>"),
    ],
)
def test_of_any_other_body_the_size_is_shown(content_type: str, shown: str) -> None:
    assert redact_body(content_type, SECRET.encode()) == shown


def test_no_body_is_nothing() -> None:
    assert redact_body("text/plain", b"") == ""


# Headers


def header(name: str, value: str) -> str:
    [(shown_name, shown)] = redact_headers([(name.encode(), value.encode("latin-1"))])
    assert shown_name == name
    return shown


PAIR = base64.b64encode(f"demo-server-key:{SECRET}".encode()).decode()


@every_case(
    ("value", "shown"),
    [
        (f"Basic {PAIR}", f"Basic demo-server-key:{HIDDEN}"),
        (f"basic {PAIR}", f"Basic demo-server-key:{HIDDEN}"),
        (PAIR, f"demo-server-key:{HIDDEN}"),  # the vendor's form without the scheme
        (f"Bearer {SECRET}", f"Bearer {HIDDEN}"),
        (f"BearerToken {SECRET}", f"BearerToken {HIDDEN}"),
        (f"{SECRET} {SECRET}", f"{HIDDEN} {HIDDEN}"),
        (SECRET, HIDDEN),
        ("Basic not-base64!", HIDDEN),
        ("Basic " + base64.b64encode(SECRET.encode()).decode(), HIDDEN),
        ("Basic " + base64.b64encode(b"\xff\xfe").decode(), HIDDEN),
        ("", HIDDEN),
    ],
)
@every_case("name", ["authorization", "Authorization", "Proxy-Authorization"])
def test_credentials_are_hidden_and_the_app_key_is_shown(name: str, value: str, shown: str) -> None:
    assert header(name, value) == shown


@pytest.mark.parametrize("name", ["cookie", "Set-Cookie"])
def test_cookies_are_hidden(name: str) -> None:
    assert header(name, f"session={SECRET}") == HIDDEN


@every_case(
    ("value", "shown"),
    [
        (f"https://x/cb?code={SECRET}&state=1", f"https://x/cb?code={HIDDEN}&state=1"),
        (
            f"https://x/cb?a=b#access_token={SECRET}&state=1",
            f"https://x/cb?a=b#access_token={HIDDEN}&state=1",
        ),
        (f"https://x/cb#access_token={SECRET}", f"https://x/cb#access_token={HIDDEN}"),
        ("https://x/cb?state=1", "https://x/cb?state=1"),
        ("/portal/apps", "/portal/apps"),
    ],
)
@every_case("name", ["location", "Referer"])
def test_a_redirects_code_and_token_are_hidden(name: str, value: str, shown: str) -> None:
    assert header(name, value) == shown


def test_a_redirects_known_secrets_are_hidden_in_their_encoded_form() -> None:
    secret = "p\xe4ss word"
    address = f"https://x/cb?note={quote(secret)}"

    assert redact_headers([(b"location", address.encode())], SecretIndex([secret])) == [
        ("location", f"https://x/cb?note={HIDDEN}")
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("appkey", "demo-server-key"), ("accept", "*/*"), ("requesttrackingid", "5e4d3c2b")],
)
def test_what_a_tester_looks_for_is_shown(name: str, value: str) -> None:
    assert header(name, value) == value


# Known secrets


@pytest.mark.parametrize("content_type", [FORM, JSON])
def test_a_known_secret_is_hidden_wherever_it_stands(content_type: str) -> None:
    """A client may have swapped its key pair, or misspelt a parameter."""
    body = {
        FORM: urlencode({"client_id": SECRET, "AppSecret": SECRET}),
        JSON: json.dumps({"client_id": SECRET, "note": f"it is {SECRET}!"}),
    }[content_type]

    assert SECRET not in redact_body(content_type, body.encode(), SecretIndex([SECRET]))
    assert redact_headers([(b"appkey", SECRET.encode())], SecretIndex([SECRET])) == [
        ("appkey", HIDDEN)
    ]


def test_a_known_secret_is_hidden_in_its_encoded_form_and_without_a_name() -> None:
    secret = "p\xe4ss w\xf6rd & more"

    for encoded in (quote(secret, safe=""), quote_plus(secret)):
        assert redact_query(f"x={encoded}&y=1".encode(), SecretIndex([secret])) == f"x={HIDDEN}&y=1"
    assert SECRET not in redact_query(f"{SECRET}&y=1".encode(), SecretIndex([SECRET]))


def test_the_longest_of_two_secrets_is_hidden_whole() -> None:
    assert (
        hide_values("a pass-word-two b", SecretIndex(["pass-word", "pass-word-two"]))
        == f"a {HIDDEN} b"
    )


def test_very_short_values_are_left_in_the_text() -> None:
    assert hide_values("a text about a cat", SecretIndex(["a", "cat"])) == "a text about a cat"


# Whatever comes

secret_values = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=6, max_size=40
).map(lambda text: f"\N{SNOWMAN}{text}\N{SNOWMAN}")
"""Secrets with a mark at both ends, so that no other text has one by chance."""

other_values = st.text(st.characters(codec="ascii"), max_size=20)
parameters = st.lists(
    st.tuples(st.sampled_from(["username", "grant_type", "scope", "x y"]), other_values), max_size=3
)
spelt = st.tuples(st.sampled_from(NAMES), st.sampled_from(["_", "-", ""])).map(
    lambda found: found[0].replace("_", found[1])
)
any_case = spelt.flatmap(
    lambda name: st.lists(st.booleans(), min_size=len(name), max_size=len(name)).map(
        lambda upper: "".join(
            each.upper() if up else each for each, up in zip(name, upper, strict=True)
        )
    )
)


@pytest.mark.slow
@given(name=any_case, secret=secret_values, before=parameters, after=parameters)
def test_no_secret_of_any_form_survives(
    name: str, secret: str, before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    form = urlencode([*before, (name, secret), *after])

    for content_type in (FORM, JSON):
        shown = redact_body(content_type, form.encode())
        assert quote_plus(secret) not in shown
        assert quote_plus("\N{SNOWMAN}") not in shown
        assert shown.count("&") == form.count("&")


@given(
    name=any_case,
    secret=secret_values,
    before=parameters,
    after=parameters,
    escaped=st.booleans(),
    kept=st.floats(0, 1),
)
def test_no_secret_of_any_json_survives(  # noqa: PLR0913, RUF100  # each is a dimension
    name: str,
    secret: str,
    before: list[tuple[str, str]],
    after: list[tuple[str, str]],
    *,
    escaped: bool,
    kept: float,
) -> None:
    body = json.dumps(dict(before) | {name: secret} | dict(after), ensure_ascii=escaped)
    cut = body[: int(len(body) * kept)].encode()

    for content_type in (FORM, JSON):
        shown = redact_body(content_type, cut)
        assert "\N{SNOWMAN}" not in shown
        assert "\\u2603" not in shown


@given(secret=secret_values, place=st.sampled_from(["form", "json", "header", "query", "text"]))
def test_no_known_secret_survives_under_any_name(secret: str, place: str) -> None:
    shown = {
        "form": lambda: redact_body(FORM, urlencode({"x": secret}).encode(), SecretIndex([secret])),
        "json": lambda: redact_body(
            JSON, json.dumps({"x": secret}).encode(), SecretIndex([secret])
        ),
        "query": lambda: redact_query(urlencode({"x": secret}).encode(), SecretIndex([secret])),
        "header": lambda: header("authorization", f"Bearer {quote(secret)}"),
        "text": lambda: hide_values(f"a {secret} b", SecretIndex([secret])),
    }[place]()

    assert "\N{SNOWMAN}" not in shown
    assert quote_plus("\N{SNOWMAN}") not in shown


@given(st.binary(max_size=200), st.sampled_from([FORM, JSON, "text/plain"]))
def test_no_body_stops_the_journal(body: bytes, content_type: str) -> None:
    redact_body(content_type, body, SecretIndex([SECRET]))
    redact_query(body, SecretIndex([SECRET]))
    redact_headers([(body, body), (b"authorization", body)], SecretIndex([SECRET]))


# Paths

TOKEN = "bFUdegFvgFBcEKIZRTsmNR_D7KaGMkJR-4wkCrGtgYx"


@every_case(
    ("path", "shown"),
    [
        (f"/portal/certificates/{TOKEN}", f"/portal/certificates/bFUdeg{HIDDEN}"),
        (f"/portal/certificates/{TOKEN}/", f"/portal/certificates/bFUdeg{HIDDEN}/"),
        (f"/portal/certificates/{TOKEN}/x", f"/portal/certificates/bFUdeg{HIDDEN}/x"),
        (
            f"/portal/certificates/{TOKEN}?format=pfx",
            f"/portal/certificates/bFUdeg{HIDDEN}?format=pfx",
        ),
        (f"/portal/certificates/{TOKEN}#x", f"/portal/certificates/bFUdeg{HIDDEN}#x"),
        (f"x /portal/certificates/{TOKEN} y", f"x /portal/certificates/bFUdeg{HIDDEN} y"),
        (f"/portal/certificates/%41{TOKEN}", f"/portal/certificates/{HIDDEN}"),
        (f"/portal/certificates/bF!{TOKEN}", f"/portal/certificates/bF{HIDDEN}"),
        (
            f"https://localhost/portal/certificates/{TOKEN}",
            f"https://localhost/portal/certificates/bFUdeg{HIDDEN}",
        ),
        ("/portal/certificates/", f"/portal/certificates/{HIDDEN}"),
        ("/portal/certificates", "/portal/certificates"),
        ("/portal/apps/one", "/portal/apps/one"),
        ("", ""),
    ],
)
def test_of_a_certificate_links_secret_the_beginning_is_shown(path: str, shown: str) -> None:
    assert redact_path(path) == shown


def test_every_link_of_a_text_is_hidden() -> None:
    link = f"/portal/certificates/{TOKEN}"
    assert TOKEN not in redact_path(f"{link} and {link}, {link}")


@given(token=st.text("abcXYZ019-_", min_size=10, max_size=60), tail=st.text(max_size=20))
def test_no_link_is_shown_whole(token: str, tail: str) -> None:
    assert token not in redact_path(f"/portal/certificates/{token}{tail}").replace(tail, "")


@every_case("name", ["Location", "referer", "REFERER"])
@every_case("tail", ["", "?format=pfx", "#x", "/"])
def test_a_link_in_an_address_header_is_hidden(name: str, tail: str) -> None:
    value = f"https://localhost/portal/certificates/{TOKEN}{tail}"
    ((_, shown),) = redact_headers([(name.encode(), value.encode())])
    assert TOKEN not in shown
    assert "/portal/certificates/bFUdeg" in shown


def test_a_private_key_that_was_pasted_is_hidden_whatever_its_field() -> None:
    key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"
    body = urlencode({"request": key, "name": "one", "ca": f"x{key}"})
    assert redact_form(body) == f"request={HIDDEN}&name=one&ca={HIDDEN}"
    certificate = urlencode({"certificate": "-----BEGIN CERTIFICATE-----"})
    assert redact_form(certificate) == certificate


ISSUED = "A1_b-" * 8 + "xyz"  # 43 characters
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


def test_what_the_platform_issued_is_hidden_under_any_name_and_its_likes_are_not() -> None:
    known = KnownSecrets(SecretIndex(["registered-one"]), lambda text: text == ISSUED)
    other = ISSUED[::-1]
    for text in (f"x={ISSUED}&y=registered-one", f"/v1/{ISSUED}/registered-one", ISSUED):
        shown = hide_values(text, known)
        assert ISSUED not in shown
        assert "registered-one" not in shown
    assert hide_values(f"state={other}", known) == f"state={other}"
    assert hide_values(f"Bearer{ISSUED}x", known) == f"Bearer{HIDDEN}x"


def test_an_access_token_is_hidden_under_any_name() -> None:
    for text in (f"x={JWT}", f"/v1/{JWT}/y", f'{{"a": "{JWT}"}}', f"Bearer {JWT}", f"{JWT}."):
        assert "eyJ" not in hide_values(text, NO_SECRETS)
        assert JWT.rpartition(".")[2] not in hide_values(text, NO_SECRETS)


def test_a_text_that_was_harmless_is_looked_through_again_once_a_secret_is_added() -> None:
    known = SecretIndex(["another-secret"])
    text = "/v1/not-yet-secret/x"
    assert hide_values(text, known) == text
    assert text in known.harmless

    twin = known.copy()
    known.add("not-yet-secret")

    assert hide_values(text, known) == "/v1/***/x"
    assert hide_values(text, twin) == text


def test_a_text_that_may_hold_what_is_issued_later_is_never_remembered_as_harmless() -> None:
    issued = "k" * SECRET_LENGTH
    known = SecretIndex()
    for text in (f"/x/{issued}", base64.b64encode(issued.encode()).decode(), "%6b" * SECRET_LENGTH):
        hide_values(text, known)

    assert known.harmless == set()


@every_case("secret", ["ab&password=cd", 'ab","password":"cd', "ab=cd#ef", "a&b=cdef"])
def test_a_secret_with_delimiters_is_hidden_where_a_secret_name_is_beside_it(secret: str) -> None:
    known = SecretIndex([secret])
    assert known.has_delimiters

    for before in ("", "x=1&", "password=", "code="):
        shown = redact_query(f"{before}{secret}&y=2".encode(), known)
        assert all(part not in shown for part in ("ab", "cd", "ef")), shown
    shown = redact_body(JSON, f'{{"password": "{secret}", "x": "{secret}"}}'.encode(), known)
    assert all(part not in shown for part in ("ab", "cd", "ef")), shown

    known.discard(secret)
    assert not known.has_delimiters


def test_secrets_between_values_that_are_hidden_by_name_are_hidden_too() -> None:
    known = SecretIndex([SECRET])
    text = f"password=x&a={SECRET}&code=y&b={SECRET}z&token=&c={quote(SECRET.replace('-', '%2D'))}"

    shown = redact_query(text.encode(), known)
    assert shown == "password=***&a=***&code=***&b=***z&token=***&c=***"
    assert redact_json(f'{{"password": "x", "a": "{ISSUED}"}}') == (
        f'{{"password": "***", "a": "{ISSUED}"}}'
    )


def test_a_header_that_was_harmless_is_hidden_once_its_value_is_a_secret() -> None:
    known = SecretIndex(["another-secret"])
    entry = exchange(headers={"x-a": "not-yet-secret", "x-b": "b", "cookie": "c"}, secrets=known)
    assert entry.request
    assert entry.request.headers["x-a"] == "not-yet-secret"
    assert known.shown_headers == {(b"x-a", b"not-yet-secret"): ("x-a", "not-yet-secret"),
                                   (b"x-b", b"b"): ("x-b", "b")}  # fmt: skip
    twin = known.copy()

    known.add("not-yet-secret")

    assert entry.request.headers == {"x-a": HIDDEN, "x-b": "b", "cookie": HIDDEN}
    assert exchange(headers={"x-a": "not-yet-secret"}, secrets=twin).request.headers == {  # type: ignore[union-attr]
        "x-a": "not-yet-secret"
    }


@pytest.mark.long
def test_few_headers_are_remembered() -> None:
    known = SecretIndex()
    for number in range(3 * MOST_HARMLESS):
        redacted = exchange(headers={"x": f"{number}"}, secrets=known).request
        assert redacted
        assert redacted.headers == {"x": f"{number}"}

    assert len(known.shown_headers) <= MOST_HARMLESS


def test_a_secret_that_is_a_guid_is_hidden() -> None:
    guid = "4e3cb81e-7592-442d-a870-3b6fc905c5ca"
    assert hide_values(guid, SecretIndex()) == guid
    assert hide_values(guid, SecretIndex([guid])) == HIDDEN
    assert hide_values(guid, SecretIndex(["7592-442d"])) == f"4e3cb81e-{HIDDEN}-a870-3b6fc905c5ca"


class Thorough(SecretIndex):
    """Secrets for which each text is searched as a whole."""

    __slots__ = ()
    has_delimiters = True


FRAGMENTS = st.sampled_from(
    [
        "password", "code", "token", "x", "=", "&", "#", "?", '"', ":", ",", "{", "}", "\\", "%22",
        "+", "\n", "eyJ", ".", "-----BEGIN PRIVATE KEY-----", "/portal/certificates/", SECRET,
        SECRET[:9], SECRET[9:], base64.b64encode(SECRET.encode()).decode(), quote(SECRET, safe=""),
        SECRET.encode().hex(), '"password": "', "&password=", '"}',
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=14).map("".join))
def test_what_is_not_searched_would_not_show_more(text: str) -> None:
    known, thorough = SecretIndex([SECRET]), Thorough([SECRET])
    assert thorough.has_delimiters
    assert not known.has_delimiters

    for body in (text, '{"a": "' + text, "a=" + text):
        shown = [redact_body(JSON, body.encode(), each) for each in (known, thorough)]
        # What is found twice, by its name and by its look, may be hidden once or twice.
        once, fully = (re.sub(r'"?(?:\*\*\*)+"?', HIDDEN, each) for each in shown)
        assert once == fully
