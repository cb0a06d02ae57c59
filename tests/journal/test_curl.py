"""Journal entries as curl lines: what a line has, what it leaves out, how secrets are asked for."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from typing import Any

import pytest

from mock_sei.journal.curl import CurlLines
from mock_sei.journal.entries import BODY_SHOWN, Entry
from mock_sei.journal.recorded import read_entry
from mock_sei.journal.surroundings import ClientFiles, Surroundings, downloaded
from mock_sei.rules.connection import Findings
from mock_sei.rules.secret_index import SecretIndex
from tests.cases import every_case
from tests.growth import assert_linear
from tests.journal.entries import FORM, JSON, ORIGINS, exchange, handshake

CONTROL = "http://127.0.0.1:8044"
HERE = Surroundings(
    origins=ORIGINS,
    control=CONTROL,
    ca_file="certs/ca.pem",
    find_files=lambda name: ClientFiles(cert=f"{name}.crt", key=f"{name}.key", serial_number=255),
)
TLS = ["--cacert", "certs/ca.pem", "--cert", "svc-demo.crt", "--key", "svc-demo.key"]


def basic(pair: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def write(*entries: Entry, surroundings: Surroundings = HERE) -> list[str]:
    """The lines: the same from this journal and from that of another server."""
    elsewhere = [read_entry(json.loads(json.dumps(each.to_json()))) for each in entries]
    lines = CurlLines(surroundings).write(entries)
    assert CurlLines(surroundings).write(elsewhere) == lines
    return lines


def words(entry: Entry) -> list[str]:
    """The words of the line after ``curl -sS`` and the files. Variables are not expanded."""
    *_, line = write(entry)
    found = shlex.split(line)
    assert found[:2] == ["curl", "-sS"]
    assert found[2:8] == TLS
    return found[8:]


def test_a_call_has_the_address_of_its_listener_and_the_files() -> None:
    entry = exchange(query="limit=2", headers={"appkey": "demo-server-key"})

    assert write(entry) == [
        "# 08:00:00.250 two-way GET /v2/investors 200 demo-server/svc-demo",
        (
            "curl -sS --cacert certs/ca.pem --cert svc-demo.crt --key svc-demo.key "
            "-H 'appkey: demo-server-key' 'https://localhost:1444/v2/investors?limit=2'"
        ),
    ]
    assert write(exchange(two_way=False))[1] == (
        "curl -sS --cacert certs/ca.pem https://localhost:1443/v2/investors"
    )


def test_headers_of_one_connection_are_left_out() -> None:
    headers = {
        "host": "localhost",
        "accept": "*/*",
        "accept-encoding": "gzip",
        "connection": "keep-alive",
        "user-agent": "x",
        "content-length": "0",
        "requesttrackingid": "an-id",
        "accept-language": "de",
        "x-empty": "",
    }
    assert words(exchange(headers=headers))[:-1] == [
        "-H",
        "accept-language: de",
        "-H",
        "x-empty;",
    ]


@every_case(
    ("method", "body", "found"),
    [
        ("GET", "", []),
        ("HEAD", "", ["--head"]),
        ("DELETE", "", ["-X", "DELETE"]),
        ("POST", "", ["-X", "POST"]),
        ("POST", "a=b", ["--data-raw", "a=b"]),
        ("PATCH", "a=b", ["-X", "PATCH", "--data-raw", "a=b"]),
        ("GET", "a=b", ["-X", "GET", "--data-raw", "a=b"]),
        ("POST", "@/etc/passwd", ["--data-raw", "@/etc/passwd"]),
        ("$(id)`", "", ["-X", "$(id)`"]),
    ],
)
def test_method_and_body(method: str, body: str, found: list[str]) -> None:
    assert words(exchange(method, headers=FORM if body else {}, body=body))[:-1] == found


def test_a_json_body_is_sent_as_it_was() -> None:
    body = '{"text": "it\'s $HOME `id` \\\\ \n"}'
    assert words(exchange("POST", headers=JSON, body=body))[:-1] == [
        "-H",
        "content-type: application/json",
        "--data-raw",
        body,
    ]


@pytest.mark.parametrize("path", ["/a/../b", "/a/.", "/.."])
def test_curl_keeps_dots_in_a_path(path: str) -> None:
    assert words(exchange(path=path)) == ["--path-as-is", f"https://localhost:1444{path}"]


def test_a_target_that_is_no_path() -> None:
    assert words(exchange("OPTIONS", "*")) == [
        *("-X", "OPTIONS", "--request-target", "*"),
        "https://localhost:1444",
    ]


def test_nothing_in_an_address_is_a_pattern_of_curl() -> None:
    entry = exchange(path="/{a,b}[1-2]", query="x={c}&y=[3-4]")
    assert not set("{}[]") & set(words(entry)[-1])


# Secrets


def settings(*entries: Entry, surroundings: Surroundings = HERE) -> dict[str, str]:
    """How each variable is set, by the comments at the beginning."""
    found = {}
    for each in write(*entries, surroundings=surroundings):
        name, equals, how = each.removeprefix("# ").partition("=")
        if not each.startswith("# ") or not equals or not name.replace("_", "").isalnum():
            break
        found[name] = how
    return found


TOKEN = exchange(headers={"authorization": "Bearer a.b.c"})
TOKEN_REQUEST = exchange(
    "POST",
    "/v2/oauthtoken",
    headers={**FORM, **basic("demo-server-key:hunter22")},
    body="grant_type=client_credentials&username=svc-demo&password=a%26b",
)


def test_a_token_is_a_variable() -> None:
    assert '-H "authorization: Bearer $TOKEN"' in write(TOKEN)[-1]
    assert settings(TOKEN) == {"TOKEN": "$(mock-sei token --application demo-server)"}


def test_a_token_of_a_server_on_another_port_is_asked_of_that_server() -> None:
    elsewhere = Surroundings(
        origins=ORIGINS,
        control="http://127.0.0.1:9999",
        ca_file="ca.pem",
        find_files=HERE.find_files,
    )
    assert settings(TOKEN, surroundings=elsewhere) == {
        "TOKEN": "$(mock-sei token --control-url http://127.0.0.1:9999 --application demo-server)"
    }


def test_the_secrets_of_a_token_request_are_variables_that_curl_encodes() -> None:
    line = write(TOKEN_REQUEST)[-1]

    assert '-u "demo-server-key:$APP_SECRET"' in line
    assert "--data-raw 'grant_type=client_credentials&username=svc-demo' " in line
    assert '--data-urlencode "password=$PASSWORD"' in line
    found = settings(TOKEN_REQUEST)
    assert found["APP_SECRET"].startswith(f"$(curl -sS {CONTROL}/applications/demo-server-key |")
    assert found["PASSWORD"].startswith(f"$(curl -sS {CONTROL}/service-accounts/svc-demo |")


def test_the_password_of_a_user_who_logs_in_is_looked_up_among_the_users() -> None:
    entry = exchange(
        "POST", "/v2/oauth/login", headers=FORM, body="username=a%40b&password=hunter22"
    )
    assert settings(entry)["PASSWORD"].startswith(f"$(curl -sS {CONTROL}/end-users/a%40b |")


def test_a_secret_that_was_refused_is_a_wrong_one() -> None:
    entry = exchange(
        headers={"authorization": "Bearer a.b.c"}, status=401, refused_by="access token"
    )
    assert settings(entry) == {
        "WRONG_TOKEN": "not-the-access-token  # the access token of the client was refused"
    }
    assert '-H "authorization: Bearer $WRONG_TOKEN"' in write(entry)[-1]

    both = exchange(
        headers={"authorization": "Bearer a.b.c"},
        status=401,
        refused_by="access token",
        expected="one access token",
    )
    assert settings(both).keys() == {"TOKEN"}


def test_each_owner_has_a_variable_of_its_own() -> None:
    other = exchange(
        headers={"authorization": "Bearer a.b.c"}, findings=Findings(application="demo-web")
    )
    lines = write(TOKEN, other, TOKEN)

    assert settings(TOKEN, other, TOKEN).keys() == {"TOKEN", "TOKEN_2"}
    assert [each.count("$TOKEN_2") for each in lines if each.startswith("curl")] == [0, 1, 0]


def test_a_variable_is_told_once_in_all_that_one_object_writes() -> None:
    lines = CurlLines(HERE)

    assert len(lines.write([TOKEN])) == 3
    assert len(lines.write([TOKEN])) == 2


@every_case(
    ("entry", "word"),
    [
        (exchange(headers={"cookie": "PATH=abcdefgh"}), '"cookie: $COOKIE"'),
        (exchange(headers={"authorization": "Digest abc"}), '"authorization: $AUTHORIZATION"'),
        (exchange(query="code=abcdefgh&x=1"), '"https://localhost:1444/v2/investors?code=$CODE&x'),
        (exchange(path="/portal/certificates/abcdefghijkl"), "/portal/certificates/abcdef$LINK"),
        (
            exchange("POST", headers=JSON, body='{"refresh_token": "abcdefgh"}'),
            """'{"refresh_token": "'"$REFRESH_TOKEN"'"}'""",
        ),
        (
            exchange("POST", headers=FORM, body="code_verifier=abcdefgh"),
            '--data-urlencode "code_verifier=$CODE_VERIFIER"',
        ),
    ],
    ids=["cookie", "authorization", "query", "path", "json", "form"],
)
def test_other_secrets_are_named_by_their_place(entry: Entry, word: str) -> None:
    assert word in write(entry)[-1]


def test_a_secret_in_a_header_of_any_name_is_a_variable_that_no_shell_has() -> None:
    index = SecretIndex(["correct-horse-battery"])
    for name in ("path", "home", "ifs", "x-y"):
        entry = exchange(headers={name: "correct-horse-battery"}, secrets=index)
        assert f'"{name}: $SECRET"' in write(entry)[-1]


def test_no_secret_is_in_the_lines() -> None:
    assert "hunter22" not in "\n".join(write(TOKEN, TOKEN_REQUEST))


# Files


def test_files_are_downloaded_first_where_they_are_not_known() -> None:
    away = downloaded(ORIGINS, CONTROL, lambda _: 255)
    first, _, line = write(exchange(), surroundings=away)

    assert first == (
        f"curl -sS -o ca.pem {CONTROL}/ca.pem "
        f"-o svc-demo.crt {CONTROL}/service-accounts/svc-demo/certificate.crt "
        f"-o svc-demo.key {CONTROL}/service-accounts/svc-demo/privatekey.key"
    )
    assert "--cacert ca.pem --cert svc-demo.crt --key svc-demo.key" in line


def test_a_machine_without_our_commands_gets_tokens_by_curl() -> None:
    away = downloaded(ORIGINS, CONTROL, lambda _: 255)
    lines = write(TOKEN, surroundings=away)

    assert lines[0].startswith('# TOKEN=$(curl -sS -d \'{"application": "demo-server"}\'')


def test_a_certificate_whose_key_is_not_known_is_named_by_variables() -> None:
    away = downloaded(ORIGINS, CONTROL, lambda _: None)
    lines = write(exchange(), surroundings=away)

    assert lines[0] == "# CERT_FILE='...'  # the client's certificate, PEM, of CN svc-demo"
    assert '--cert "$CERT_FILE" --key "$KEY_FILE"' in lines[-1]


def test_another_certificate_than_the_client_had_is_told() -> None:
    lines = write(exchange(), surroundings=downloaded(ORIGINS, CONTROL, lambda _: 7))
    assert "The client had another certificate, with the serial number ff" in lines[2]


# What cannot be repeated


@every_case(
    ("entry", "reason"),
    [
        (handshake(), "a failed handshake has no request"),
        (exchange("?", "?"), "could not be read as HTTP"),
        (exchange(path="/\ufffd"), "the whole path"),
        (exchange("POST", headers=JSON, body=" " * (BODY_SHOWN + 1)), "the whole body"),
        (
            exchange("POST", headers={"content-type": "image/png"}, body=b"\x89PNG"),
            "the whole body: <4 bytes of image/png>",
        ),
        (exchange("HEAD", headers=JSON, body="{}"), "no HEAD with a body"),
        (exchange(headers=basic("a\0b:hunter22")), "NUL"),
    ],
    ids=["handshake", "no HTTP", "path", "long body", "binary", "HEAD", "NUL"],
)
def test_what_cannot_be_repeated_is_a_comment(entry: Entry, reason: str) -> None:
    *_, summary, told = write(entry)

    assert summary.startswith("# 08:00:00.250 two-way")
    assert told.startswith("# Not repeated: ")
    assert reason in told


@every_case(
    "fields",
    [
        {"path": "/x\ntouch owned\n"},
        {"query": "x\ntouch owned"},
        {"headers": {"x": "\r\x1b]0;title\x07"}},
        {"refused_by": "path", "refused_because": "No.\ntouch owned"},
        {"findings": Findings(application="a\ntouch owned")},
        {"path": "/\ufffd\ntouch owned", "status": 404},
    ],
)
def test_no_text_of_a_client_ends_a_comment_or_steers_a_terminal(
    fields: Mapping[str, Any],
) -> None:
    lines = "\n".join(write(exchange(**fields))).split("\n")

    assert all(each.isprintable() for each in lines)
    assert all(each.startswith(("# ", "curl -sS ")) for each in lines), lines


def test_a_refusal_is_told_with_its_reason() -> None:
    entry = exchange(status=401, refused_by="AppKey", refused_because="No AppKey header was sent.")
    assert "401" in write(entry)[0]
    assert write(entry)[0].endswith("refused by AppKey: No AppKey header was sent.")


@pytest.mark.long
def test_it_costs_no_more_than_its_size() -> None:
    body = json.dumps({"password": "x", "a": "$" * 50})
    assert_linear(
        lambda n: lambda: CurlLines(HERE).write([exchange("POST", headers=JSON, body=body)] * n), 40
    )
    assert_linear(
        lambda n: (
            lambda: CurlLines(HERE).write(
                [exchange("POST", headers=FORM, body="password=a&b='&" * n)]
            )
        ),
        200,
    )
