"""The ``code`` of an error body is shown; an authorization code is always hidden."""

from __future__ import annotations

import json

import pytest

from mock_sei.commands.journal import line
from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse, difference
from mock_sei.journal.hiding import HIDDEN, KnownSecrets
from mock_sei.journal.recorded import read_entry
from mock_sei.rules.connection import Connection
from mock_sei.rules.secret_index import SecretIndex
from mock_sei.rules.standards import Listener
from tests.cases import every_case

CODE = "bFUdegFvgFBcEKIZRTsmNR_D7KaGMkJR-4wkCrGtgYx"
JSON = [(b"content-type", b"application/json")]
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]


def body_of_answer(content: object) -> str:
    return HttpResponse(raw_headers=JSON, raw_body=json.dumps(content).encode(), status=400).body


@every_case(
    "code",
    [
        "gateway.access.failure",
        "gateway.authentication.failure",
        "invalid_client",
        "ORDER_REJECTED_BY_COMPLIANCE_DESK",
        "E1001",
        1001,
        None,
        {"value": "limit.exceeded"},
        ["a", "b"],
    ],
)
def test_the_code_of_an_error_is_shown(code: object) -> None:
    content = {"code": code, "message": "no", "errors": [{"code": code}]}

    assert body_of_answer(content) == json.dumps(content)


@pytest.mark.parametrize("name", ["code", "Code", "CODE"])
def test_what_has_the_shape_of_an_authorization_code_is_hidden_in_an_answer_too(name: str) -> None:
    assert body_of_answer({name: CODE, "state": "s"}) == f'{{"{name}": "{HIDDEN}", "state": "s"}}'
    assert CODE not in body_of_answer({"inner": json.dumps({name: CODE})})


def test_an_issued_code_is_hidden_within_the_text_of_an_error() -> None:
    known = KnownSecrets(SecretIndex(), lambda text: text == CODE)
    content = json.dumps({"code": "x.failure", "message": f"the code {CODE} is used"}).encode()

    shown = HttpResponse(raw_headers=JSON, raw_body=content, secrets=lambda: known).body

    assert shown == json.dumps({"code": "x.failure", "message": f"the code {HIDDEN} is used"})


def test_a_code_is_hidden_in_every_part_of_a_request_and_in_a_redirect() -> None:
    short = "short.code"
    as_json = json.dumps({"code": short}).encode()
    form = f"code={short}&a=b".encode()

    assert (
        short not in HttpRequest(method="POST", path="/", raw_headers=JSON, raw_body=as_json).body
    )
    assert short not in HttpRequest(method="POST", path="/", raw_headers=FORM, raw_body=form).body
    assert short not in HttpRequest(method="GET", path="/", raw_query=form).query
    location = f"https://localhost/callback?code={short}&state=s".encode()
    headers = HttpResponse(raw_headers=[(b"location", location)]).headers
    assert headers["location"] == f"https://localhost/callback?code={HIDDEN}&state=s"


def test_the_other_secrets_of_an_answer_stay_hidden_beside_a_code() -> None:
    content = {"code": "a.b", "access_token": "t0ken", "private_key": "k3y", "password": "p4ss"}

    shown = body_of_answer(content)

    assert json.loads(shown) == dict.fromkeys(content, HIDDEN) | {"code": "a.b"}


@every_case(
    ("expected", "actual", "told"),
    [
        ("a", "b", ["[expected a, actual b]"]),
        (None, "b", ["[actual b]"]),
        ("a", None, ["[expected a]"]),
        ("", "b", ["[expected nothing, actual b]"]),
        (None, None, []),
    ],
)
def test_a_value_that_is_not_there_is_not_printed(
    expected: str | None, actual: str | None, told: list[str]
) -> None:
    entry = Entry(
        kind="exchange",
        timestamp=0,
        connection=Connection(listener=Listener.ONE_WAY, source_address="127.0.0.1"),
        request=HttpRequest(method="GET", path="/"),
        response=HttpResponse(status=404),
        refused_by="path",
        refused_because="Nothing is there.",
        expected=expected,
        actual=actual,
    )

    assert difference(expected, actual) == told
    lines = [str(entry), line(read_entry(entry.to_json())), str(read_entry(entry.to_json()))]
    assert [each for each in lines if "None" in each] == []
    assert all(each.endswith("there." + "".join(f" {word}" for word in told)) for each in lines)
