"""Journal entries as a module for pytest: its code, and that no text of a client is code in it."""

from __future__ import annotations

import ast
import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.journal.as_pytest import TEST, test_module
from mock_sei.journal.entries import Entry
from mock_sei.journal.fixture_variables import KnownApplications
from mock_sei.rules.connection import Findings
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Actor, ApplicationType, Owner
from tests.cases import every_case
from tests.growth import assert_linear
from tests.journal.entries import FORM, JSON, exchange, handshake

module_of = test_module  # pytest would take the function itself for a test
del test_module

DEMO = Application(
    name="demo-server",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="demo-server-key",
    app_secret="hunter22",
    service_account="svc-demo",
)
WEB = Application(
    name="demo-web",
    type=ApplicationType.CLIENT_SERVER,
    actor=Actor.END_USER,
    owner=Owner.ANYONE,
    app_key="demo-web-key",
    app_secret="hunter33",
    service_account="svc-web",
    redirect_addresses=("https://localhost/x",),
    products=("sma-trade-orders",),
)
BASIC = {
    "authorization": f"Basic {base64.b64encode(b'demo-server-key:hunter22').decode()}",
}
BEARER = {"authorization": "Bearer a.b.c", "appkey": "demo-server-key"}
TOKEN_REQUEST = exchange(
    "POST",
    "/v2/oauthtoken",
    headers={**FORM, **BASIC},
    body="grant_type=client_credentials&username=svc-demo&password=hunter44",
    answer='{"access_token": "abc.def.ghi"}',
)
CALL = exchange(headers=BEARER)


def find(name: str) -> Application | None:
    for each in (DEMO, WEB):
        if name in (each.name, each.app_key, each.service_account):
            return each
    return None


KNOWN = KnownApplications(find_application=find, is_seeded=lambda each: each is DEMO)


def write(*entries: Entry) -> str:
    """The module, which is Python with one test and nothing else."""
    text = "\n".join(module_of(entries, KNOWN)) + "\n"
    docstring, test = ast.parse(text).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(test, ast.FunctionDef)
    assert test.name == TEST
    names = [each for each in ast.walk(test) if isinstance(each, ast.Name)]
    read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
    assert {each.id for each in names if isinstance(each.ctx, ast.Store)} <= read
    assert read <= {each.id for each in names if isinstance(each.ctx, ast.Store)} | {"mock_sei"}
    return text


def lines(*entries: Entry) -> list[str]:
    """The lines without indents and without what stands before the first call."""
    text = write(*entries)
    return [each.strip() for each in text.splitlines()]


def test_a_token_of_one_call_is_used_by_the_next() -> None:
    text = write(TOKEN_REQUEST, CALL)

    assert 'demo_server = mock_sei.applications["demo-server"]' in text
    assert "with mock_sei.client(demo_server) as demo_server_client:" in text
    assert '"password": demo_server_account.password,' in text
    assert "auth=(demo_server.app_key, demo_server.app_secret)," in text
    assert 'demo_server_token = answer.json()["access_token"]' in text
    assert '"authorization": f"Bearer {demo_server_token}",' in text
    assert text.count("assert answer.status_code == 200") == 2


def test_a_token_that_no_call_got_is_obtained_first() -> None:
    found = lines(CALL)
    obtained = found.index("demo_server_token = mock_sei.token(demo_server)")

    assert obtained < found.index("answer = demo_server_client.get(")


def test_a_token_that_no_call_uses_has_no_variable() -> None:
    assert "demo_server_token" not in write(TOKEN_REQUEST)


def test_a_token_of_a_call_that_is_left_out_is_obtained_by_the_next_one() -> None:
    left_out = exchange(headers={**BEARER, "cookie": "a=b"})
    found = lines(left_out, CALL)

    assert any(each.startswith("# Left out: ") for each in found)
    assert found.count("demo_server_token = mock_sei.token(demo_server)") == 1


def test_an_application_that_was_registered_is_registered_again() -> None:
    entry = exchange(
        headers={"appkey": "demo-web-key"}, status=401, findings=Findings(application="demo-web")
    )
    assert entry.connection.certificate is not None
    text = write(entry)

    assert "demo_web = mock_sei.new_application(\n" in text
    assert '        type="client-server",\n        actor="end-user",\n' in text
    assert '        products=[\n            "sma-trade-orders",\n        ],\n' in text
    assert "owner=" not in text
    assert '"appkey": demo_web.app_key' in text


def test_a_refusal_is_a_status_and_a_comment() -> None:
    entry = exchange(status=404, refused_by="path", refused_because="No such path.")
    found = lines(entry)

    assert "assert answer.status_code == 404" in found
    assert any(each.startswith("#") and each.endswith("path: No such path.") for each in found)


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        ("key pair", 'auth=(demo_server.app_key, "not-the-AppSecret"),'),
        ("account", '"password": "not-the-password",'),
        ("certificate name", "auth=(demo_server.app_key, demo_server.app_secret),"),
    ],
)
def test_a_secret_that_was_refused_is_a_wrong_one(check: str, wrong: str) -> None:
    entry = exchange(
        "POST",
        "/v2/oauthtoken",
        headers={**FORM, **BASIC},
        body="grant_type=client_credentials&username=svc-demo&password=hunter44",
        status=401,
        refused_by=check,
    )
    assert wrong in lines(entry)


def test_a_token_that_was_refused_is_a_wrong_one() -> None:
    entry = exchange(headers=BEARER, status=401, refused_by="access token")
    assert '"authorization": "Bearer not-the-access-token",' in lines(entry)


def test_the_token_of_a_user_is_obtained_by_the_fixture() -> None:
    login = exchange(
        "POST",
        "/v2/oauth/login",
        query="client_id=demo-web-key",
        headers=FORM,
        body="username=bob%40example.com&password=hunter22&decision=allow",
        status=303,
        two_way=False,
    )
    token = exchange(
        "POST",
        "/v2/oauthtoken",
        headers=FORM,
        body="grant_type=authorization_code&code=abcdefgh",
        findings=Findings(application="demo-web"),
    )
    text = write(login, token)

    assert "assert not mock_sei.login(\n" in text
    assert "tokens = mock_sei.token_response(\n" in text
    assert text.count('user="bob@example.com",') == 2


def test_a_fault_and_a_scripted_answer_are_set_up_again() -> None:
    faulty = exchange(status=503, refused_by="fault", fault="status 503")
    scripted = exchange(
        status=418,
        answer='{"a": [null]}',
        findings=Findings(notes=["answered from a script"]),
    )
    text = write(faulty, scripted)

    assert "mock_sei.faults.add(\n            status=503,\n            times=1,\n" in text
    assert 'mock_sei.enqueue(\n            "GET /v2/investors",\n            status=418,\n' in text
    assert "None,\n" in text


def test_a_scripted_number_that_json_does_not_have_is_a_text() -> None:
    scripted = exchange(answer='{"a": 1e999}', findings=Findings(notes=["answered from a script"]))
    assert "text='{\"a\": 1e999}'," in lines(scripted)


def test_a_log_in_without_another_call_needs_no_client() -> None:
    login = exchange(
        "POST",
        "/v2/oauth/login",
        query="client_id=demo-web-key",
        headers=FORM,
        body="username=bob%40example.com&password=hunter22",
        status=303,
        two_way=False,
    )
    assert write(login).splitlines()[-4:] == [
        "    assert not mock_sei.login(",
        "        demo_web,",
        '        user="bob@example.com",',
        "    ).error",
    ]


@every_case(
    ("entry", "reason"),
    [
        (handshake(), "a failed handshake has no request"),
        (exchange(status=0), "the connection was closed before there was an answer"),
        (exchange(headers={"cookie": "a=b"}), "no fixture has the cookies"),
        (exchange(query="code=abcdefgh"), "no fixture has the authorization code"),
        (exchange(path="/portal/certificates/abcdefghijkl"), "the secret part of the path"),
        (exchange(path="/a/../b"), "would change the path"),
        (exchange(path="//a"), "would change the path"),
        (exchange("POST", headers={"content-type": "image/png"}, body="a"), "the whole body"),
    ],
)
def test_what_the_fixture_cannot_repeat_is_a_comment(entry: Entry, reason: str) -> None:
    found = lines(entry)

    assert any(each.startswith("# Left out: ") and reason in each for each in found)
    assert not any("answer" in each for each in found if not each.startswith("#"))
    assert "assert mock_sei.url" in found


HOSTILE = st.text(st.sampled_from("\"'\\\n\r\t{}#;()$`\0 x*\u2028\x85\x0c"))


@pytest.mark.parametrize(
    "body",
    [
        "grant_type=client_credentials&username=demo-web&password=hunter44",
        "grant_type=client_credentials&username=nobody&password=hunter44",
        "client_id=svc-demo&client_secret=hunter44",
        "client_id=demo-web-key&code=abcdefgh&refresh_token=hunter44",
    ],
)
@pytest.mark.parametrize("check", ["account", "key pair", "row and grant", "listener"])
def test_each_variable_of_a_refused_call_is_used(body: str, check: str) -> None:
    refused = exchange(
        "POST", "/v2/oauthtoken", headers={**FORM, **BASIC}, body=body, status=400, refused_by=check
    )
    write(refused)
    write(refused, CALL)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_no_text_of_a_client_is_code(path: str, query: str, header: str, body: str) -> None:
    fields: dict[str, Any] = {
        "path": f"/{path}",
        "query": query,
        "headers": {**JSON, "x": header.encode("latin-1", "replace").decode("latin-1")},
        "body": f"{{{body}",
        "refused_because": path,
        "refused_by": "path",
        "findings": Findings(application=query),
    }
    tree = ast.parse(write(exchange("POST", **fields)))
    called = {
        ast.unparse(each.func).split(".")[-1]
        for each in ast.walk(tree)
        if isinstance(each, ast.Call)
    }
    assert called <= {"post", "client", "token", "service_account"}


def test_no_secret_is_in_it() -> None:
    assert "hunter" not in write(TOKEN_REQUEST, CALL)


def test_an_empty_journal_makes_a_test_that_does_nothing() -> None:
    assert write().splitlines()[-1] == "    assert mock_sei.url"


@pytest.mark.long
def test_it_costs_no_more_than_its_size() -> None:
    entry = exchange("POST", headers={**JSON, **BEARER}, body='{"password": "x", "a": "$"}')
    assert_linear(lambda n: lambda: module_of([entry, TOKEN_REQUEST] * n, KNOWN), 40)
