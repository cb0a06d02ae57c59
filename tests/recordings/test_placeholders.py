"""Secrets become placeholders: which ones, in which encodings, and always the same one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.recordings.exchanges import BodyKind, RecordedBody, RecordedExchange
from mock_sei.recordings.har import exchange_json
from mock_sei.recordings.kept import Bodies
from mock_sei.recordings.names import SecretKind
from mock_sei.recordings.placeholders import Placeholders, placeholders_in
from tests.cases import every_case
from tests.growth import assert_linear
from tests.recordings.made import FORM, JSON, basic, body, exchange

SECRET = 'pass/w ö"rd+&=42'
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"


def redacted(
    made: RecordedExchange, *redact: str, bodies: Bodies = Bodies.FULL
) -> RecordedExchange:
    return Placeholders(redact).redacted(made, bodies)


def request_header(name: str, value: str, *redact: str) -> str:
    return redacted(exchange(headers=((name, value),)), *redact).request.headers[0][1]


def answer_header(name: str, value: str) -> str:
    response = redacted(exchange(answer_headers=((name, value),))).response
    assert response is not None
    return response.headers[0][1]


def sent(text: str, media_type: str = JSON, *redact: str) -> str:
    return redacted(exchange("POST", sent=body(text, media_type)), *redact).request.body.text


def answered(text: str, media_type: str = JSON) -> RecordedBody:
    response = redacted(exchange(answer=body(text, media_type))).response
    assert response is not None
    return response.body


@every_case(
    ("name", "value", "shown"),
    [
        ("Authorization", basic("my-key", "a:b"), "Basic {{app-key-1}}:{{app-secret-1}}"),
        ("authorization", basic("my-key", "x")[6:], "{{app-key-1}}:{{app-secret-1}}"),
        ("Authorization", "Bearer abc123", "Bearer {{token-1}}"),
        ("Authorization", "BearerToken  abc123", "BearerToken {{token-1}}"),
        ("Authorization", "abc123", "{{token-1}}"),
        ("Authorization", "Basic ???", "Basic {{secret-1}}"),
        ("Authorization", "Negotiate abc", "Negotiate {{secret-1}}"),
        ("Authorization", "correct horse battery", "{{secret-1}}"),
        ("Proxy-Authorization", basic("u", "p"), "Basic {{app-key-1}}:{{app-secret-1}}"),
        ("Authorization", "", ""),
        ("APPKEY", "my-key", "{{app-key-1}}"),
        ("X-Api-Key", "my-key", "{{app-key-1}}"),
        ("X-Auth-Token", "abc", "{{token-1}}"),
        ("Cookie", "a=1; session=x=y;b", "a={{cookie-1}}; session={{cookie-2}}; {{cookie-3}}"),
        ("Referer", "https://x/?code=abc&state=1", "https://x/?code={{code-1}}&state=1"),
        ("Accept", "application/json", "application/json"),
        ("RequestTrackingId", "7f0c", "7f0c"),
    ],
)
def test_secret_headers_of_a_request(name: str, value: str, shown: str) -> None:
    assert request_header(name, value) == shown


@every_case(
    ("name", "value", "shown"),
    [
        (
            "Set-Cookie",
            "session=abc; Path=/; Domain=x.example.com; HttpOnly",
            "session={{cookie-1}}; Path=/; Domain=x.example.com; HttpOnly",
        ),
        ("Location", "https://a/cb?code=xy&state=2", "https://a/cb?code={{code-1}}&state=2"),
        (
            "Location",
            "https://a/cb#access_token=xy&expires_in=60",
            "https://a/cb#access_token={{token-1}}&expires_in=60",
        ),
        ("WWW-Authenticate", 'Bearer error="invalid_token"', 'Bearer error="invalid_token"'),
    ],
)
def test_secret_headers_of_an_answer(name: str, value: str, shown: str) -> None:
    assert answer_header(name, value) == shown


@every_case(
    ("text", "shown"),
    [
        (
            "grant_type=password&username=bob&password=a%40b+c",
            "grant_type=password&username=bob&password={{password-1}}",
        ),
        ("client_id=k&client_secret=s", "client_id={{app-key-1}}&client_secret={{app-secret-1}}"),
        ("code=x&code_verifier=y", "code={{code-1}}&code_verifier={{code-verifier-1}}"),
        ("refresh_token=x&Token=y", "refresh_token={{refresh-token-1}}&Token={{token-1}}"),
        (
            f"client_assertion={TOKEN}&x={TOKEN}",
            "client_assertion={{assertion-1}}&x={{assertion-1}}",
        ),
        ("SAMLResponse=PHg%2B", "SAMLResponse={{assertion-1}}"),
        ("pass%77ord=x", "pass%77ord={{password-1}}"),
        ("password=&a=1", "password=&a=1"),
        ("password=password&grant_type=password", "password={{password-1}}&grant_type=password"),
        ("data=%7B%22password%22%3A%22x%22%7D", "data={%22password%22%3A+%22{{password-1}}%22}"),
        ("data=%7B%22a%22%3A1%7D", "data=%7B%22a%22%3A1%7D"),
    ],
)
def test_secret_parameters_of_a_form_and_a_query(text: str, shown: str) -> None:
    shown = shown.replace("%3A+", "%3A")
    assert sent(text, FORM) == shown
    url = redacted(exchange(target=f"/v2/x?{text}")).request.url
    assert url.endswith(f"/v2/x?{shown}")


@every_case(
    ("text", "shown"),
    [
        ('{"password" : "x", "a": 1.10}', '{"password" : "{{password-1}}", "a": 1.10}'),
        ('{"newPassword": "x"}', '{"newPassword": "{{password-1}}"}'),
        ('{"p\\u0061ssword": "x"}', '{"p\\u0061ssword": "{{password-1}}"}'),
        ('{"password": 1234, "n": 56789}', '{"password": "{{password-1}}", "n": 56789}'),
        ('{"token": null, "x": true}', '{"token": null, "x": true}'),
        ('{"tokens": ["x", "y"]}', '{"tokens": ["{{token-1}}", "{{token-2}}"]}'),
        (
            '{"token": {"value": "x", "expires_in": 60}}',
            '{"token": {"value": "{{token-1}}", "expires_in": 60}}',
        ),
        ('{"code": "gateway.access.failure"}', '{"code": "gateway.access.failure"}'),
        (
            '{"password": "a", "password": "b"}',
            '{"password": "{{password-1}}", "password": "{{password-2}}"}',
        ),
        ('{"inner": "{\\"secret\\": \\"x\\"}"}', '{"inner": "{\\"secret\\": \\"{{secret-1}}\\"}"}'),
        (
            '[{"a": [1, {"client_secret": "x"}]}]',
            '[{"a": [1, {"client_secret": "{{app-secret-1}}"}]}]',
        ),
    ],
)
def test_secret_members_of_json_and_nothing_else_changes(text: str, shown: str) -> None:
    assert sent(text) == shown


def test_names_of_the_user_are_secret_everywhere() -> None:
    assert request_header("X-Pin", "12", "x-pin") == "{{secret-1}}"
    assert sent("personalId=5&a=1", FORM, "personal_id") == "personalId={{secret-1}}&a=1"
    assert sent('{"taxId": 5}', JSON, "Tax-ID") == '{"taxId": "{{secret-1}}"}'
    assert redacted(exchange(target="/?ssn=5"), "ssn").request.url.endswith("/?ssn={{secret-1}}")


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "every character in percent": lambda text: "".join(f"%{each:02x}" for each in text.encode()),
    "plus": quote_plus,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "json": lambda text: json.dumps(text)[1:-1],
    "json without escapes": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 inside a word": lambda text: base64.b64encode(f"xy{text}z".encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


@every_case("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_a_known_secret_is_one_placeholder_in_every_encoding(
    spell: Callable[[str], str],
) -> None:
    spelled = spell(SECRET)
    made = redacted(
        exchange(
            "POST",
            f"/v2/{quote(spelled)}?x={quote_plus(spelled)}",
            headers=(("X-Echo", spelled.encode().decode("latin-1")),),
            sent=body("password=" + quote_plus(SECRET), FORM),
            answer=body(json.dumps({"echo": spelled, "other": "kept"})),
        )
    )

    assert made.response is not None
    for text in (made.request.url, made.request.headers[0][1], made.response.body.text):
        assert {str(each) for each in placeholders_in(text)} == {"{{password-1}}"}, text
    assert json.loads(made.response.body.text)["other"] == "kept"
    assert spelled not in json.dumps(exchange_json(made), ensure_ascii=False)


def test_the_same_value_is_the_same_placeholder_over_the_whole_recording() -> None:
    placeholders = Placeholders()
    token = json.dumps({"access_token": "opaque-1234", "expires_in": 3600})
    first = placeholders.redacted(exchange("POST", "/v2/oauthtoken", answer=body(token)))
    other = placeholders.redacted(exchange(headers=(("Authorization", "Bearer opaque-5678"),)))
    again = placeholders.redacted(exchange(headers=(("authorization", "Bearer opaque-1234"),)))

    assert first.response is not None
    assert first.response.body.find_json()["access_token"] == "{{token-1}}"
    assert other.request.headers[0][1] == "Bearer {{token-2}}"
    assert again.request.headers[0][1] == "Bearer {{token-1}}"


def test_a_secret_that_only_the_answer_names_is_hidden_in_the_request_too() -> None:
    made = redacted(exchange(target="/v2/x/my-secret-1", answer=body('{"secret": "my-secret-1"}')))

    assert made.request.url.endswith("/v2/x/{{secret-1}}")


def test_what_looks_like_a_secret_is_hidden_by_its_look() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----"
    text = sent(json.dumps({"a": f"x {TOKEN} y", "b": key}))

    assert text == '{"a": "x {{token-1}} y", "b": "{{private-key-1}}"}'


def test_a_number_that_holds_a_secret_becomes_a_text() -> None:
    assert sent('{"pin_password": "123456", "n": 91234560}') == (
        '{"pin_password": "{{password-1}}", "n": "9{{password-1}}0"}'
    )


def test_a_literal_placeholder_of_a_client_is_never_given_to_a_secret() -> None:
    made = redacted(exchange("POST", sent=body("password=x&note={{password-4}}", FORM)))

    assert made.request.body.text == "password={{password-5}}&note={{password-4}}"


def test_numbers_that_an_earlier_run_gave_are_not_given_again() -> None:
    placeholders = Placeholders(used={"token": 7})

    assert str(placeholders.placeholder_of(SecretKind.TOKEN, "abcd")) == "{{token-8}}"
    assert str(placeholders.placeholder_of(SecretKind.CODE, "efgh")) == "{{code-1}}"


@every_case(
    ("text", "media_type", "reason"),
    [
        ("<a password='x'/>", "application/xml", "application/xml is not searched for secrets"),
        ("<input value=x>", "text/html; charset=utf-8", "text/html is not searched for secrets"),
        ('{"password": "x"', JSON, "it is no JSON"),
        ("[" * 200_000, JSON, "its JSON is nested too deeply"),
        ("x", "", "a body without a media type is not searched for secrets"),
    ],
)
def test_a_body_that_cannot_be_searched_is_left_out(
    text: str, media_type: str, reason: str
) -> None:
    found = answered(text, media_type)

    assert (found.kind, found.left_out, found.size) == (BodyKind.LEFT_OUT, reason, len(text))


def test_bytes_that_are_no_text_are_left_out() -> None:
    made = redacted(exchange("POST", sent=body(b"\xff\xfe{", JSON)))

    assert made.request.body.left_out == "it is no text in UTF-8"


def test_a_functional_body_is_its_shape_and_a_refusal_is_kept() -> None:
    text = '{"name": "Alice", "password": "my-secret-1"}'
    refusal = '{"code": "gateway.access.failure", "message": "No", "errors": []}'
    made = redacted(
        exchange(
            "POST",
            headers=(("X-Echo", "my-secret-1"),),
            sent=body(text),
            status=403,
            answer=body(refusal),
        ),
        bodies=Bodies.SHAPES,
    )

    assert made.request.body.shape is not None
    assert made.request.body.shape.members.keys() == {"name", "password"}
    assert made.request.headers[0][1] == "{{password-1}}"
    assert made.response is not None
    assert made.response.body.text == refusal
    assert "Alice" not in json.dumps(exchange_json(made))


@pytest.mark.parametrize(
    ("target", "text"),
    [("/v2/oauthtoken", "a=1"), ("/.well-known/jwks.json", ""), ("/login", "grant_type=password")],
)
def test_bodies_of_oauth_endpoints_are_kept(target: str, text: str) -> None:
    made = exchange("POST", target, sent=body(text, FORM), answer=body('{"a": "kept"}'))
    response = redacted(made, bodies=Bodies.SHAPES).response

    assert response is not None
    assert response.body.text == '{"a": "kept"}'


def test_the_name_of_a_member_that_is_a_secret_is_not_in_a_shape() -> None:
    answer = body('{"opaque_1234": {"a": 1}}')
    made = exchange(headers=(("AppKey", "opaque_1234"),), answer=answer)

    assert "opaque_1234" not in json.dumps(exchange_json(redacted(made, bodies=Bodies.SHAPES)))


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=4, max_size=40),
    spell=st.sampled_from(sorted(SPELLINGS)),
)
def test_no_spelling_of_any_secret_is_left(secret: str, spell: str) -> None:
    marked = f"zq{secret}qz"
    made = redacted(
        exchange(
            "POST",
            sent=body("client_secret=" + quote_plus(marked), FORM),
            answer=body(json.dumps({"echo": SPELLINGS[spell](marked)})),
        )
    )

    assert made.response is not None
    shown = made.response.body
    assert shown.kind is BodyKind.LEFT_OUT or "{{app-secret-1}}" in shown.text


@pytest.mark.long
def test_the_cost_grows_with_the_length_of_a_body() -> None:
    def make(size: int) -> Callable[[], object]:
        records = [{"id": each, "password": f"secret-{each:06}"} for each in range(size)]
        made = exchange(answer=body(json.dumps(records)))
        return lambda: Placeholders().redacted(made, Bodies.FULL)

    assert_linear(make, 400)
