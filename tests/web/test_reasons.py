"""The journal gives the reason of a wrong value if it is clear; the answer stays the same."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from mock_sei.errors import Refusal
from mock_sei.rules.caller_checks import check_certificate_name
from mock_sei.rules.connection import ClientCertificate, Connection
from mock_sei.rules.standards import Listener
from tests.cases import every_case
from tests.growth import Action, assert_flat
from tests.oauth.flows import AUTHORIZE, NATIVE, by_code, log_in, redeem, refresh, returned
from tests.support import TICKETS, TOKEN_PATH, Served, control_client

KEY, SECRET, PASSWORD = "demo-server-key", "demo-server-secret", "svc-demo-password"
FORM = "application/x-www-form-urlencoded"
TWICE = "one percent-encoding too many"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def told(served: Served) -> str:
    """The reason in the journal, which shows neither a secret nor a value that was not sent."""
    entry = served.platform.journal.last
    everything = f"{entry} {json.dumps(entry.to_json(), ensure_ascii=False)}"
    assert not [each for each in (SECRET, PASSWORD, "alice-password") if each in everything]
    assert "None" not in str(entry).replace("None of Python", "")
    return entry.refused_because or " ".join(entry.notes)


def post(served: Served, content: str, content_type: str | None = FORM) -> httpx2.Response:
    headers = {"Authorization": f"Basic {encoded(f'{KEY}:{SECRET}')}"}
    if content_type:
        headers["Content-Type"] = content_type
    return served.client().post(TOKEN_PATH, content=content, headers=headers)


# The key pair


@pytest.mark.parametrize(
    ("pair", "because"),
    [
        (f"{KEY}:{SECRET}\n", "demo-server is wrong: it differs only by a line end after it"),
        (f"{KEY}:{SECRET}\r", "a line end after it"),
        (f"{KEY}: {SECRET}", "a blank before it"),
        (f'{KEY}:"{SECRET}"', "double quotes around it"),
        (f"{KEY}:{SECRET.upper()}", "upper and lower case"),
        (f"{KEY}:{SECRET.replace('-', '%252D')}", TWICE),
        (f"{KEY}:{PASSWORD}", "the password of its service account was sent instead"),
        (f"{KEY}:{KEY}", "the AppKey was sent instead"),
        (f"{KEY}:demo-web-secret", "the AppSecret of another application"),
        (f"\ufeff{KEY}:{SECRET}", "this AppKey: it differs only by a byte order mark before it"),
        (f" {KEY}:{SECRET}", "a blank before it"),
        (f"{KEY.upper()}:{SECRET}", "upper and lower case"),
        (f"demo-server:{SECRET}", "demo-server is the name of an application"),
        (
            f"svc-demo:{SECRET}",
            "The value sent as the AppKey is the user name of a service account",
        ),
        (encoded(f"{KEY}:{SECRET}"), "encoded in Base64 twice"),
        (f"{KEY}%3A{SECRET}", "encoded twice"),
    ],
)
def test_a_wrong_pair(served: Served, pair: str, because: str) -> None:
    http = served.client()

    answer = http.post(
        TOKEN_PATH, data=served.form(), headers={"Authorization": f"Basic {encoded(pair)}"}
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert because in told(served)


def test_an_unprinted_character_of_a_value_is_printed(served: Served) -> None:
    headers: dict[str, Any] = {"AppKey": f"\ufeff{KEY}".encode()}

    served.get(headers=headers)

    assert served.platform.journal.last.actual == f'"\\ufeff{KEY}"'
    assert f'actual "\\ufeff{KEY}"' in str(served.platform.journal.last)


# Account, user, grant


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"password": f"{PASSWORD}\n"}, "svc-demo is wrong: it differs only by a line end after"),
        ({"password": f"'{PASSWORD}'"}, "single quotes around it"),
        ({"password": PASSWORD.replace("-", "%2D")}, TWICE),
        ({"password": PASSWORD.title()}, "upper and lower case"),
        ({"password": SECRET}, "the AppSecret was sent instead"),
        ({"password": "svc-web-password"}, "the password of another account or user"),
        ({"username": "svc-demo\t"}, "service account: it differs only by a tab after it"),
        ({"username": "svc%2Ddemo"}, TWICE),
        ({"username": "Svc-Demo"}, "upper and lower case"),
        ({"username": KEY}, "an application's AppKey or name"),
        ({"username": "alice@example.com"}, "the e-mail address of an end user"),
        ({"grant_type": "client-credentials"}, "did you mean client_credentials?"),
        ({"scope": "ILservices"}, "it differs only by upper and lower case"),
        ({"scope": "ilservices,other"}, "commas between its parts"),
    ],
)
def test_a_wrong_value_of_a_token_request(
    served: Served, changes: dict[str, Any], because: str
) -> None:
    assert served.post_token(**changes).status_code == 400
    assert because in told(served)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"password": "alice-password "}, "a blank after it"),
        ({"username": "Alice@Example.com"}, "upper and lower case"),
        ({"username": "svc-web"}, "the user name of a service account"),
        ({"password": "bob-password"}, "the secret of another user, account or application"),
    ],
)
def test_a_wrong_log_in_on_the_page_and_by_the_grant(
    served: Served, changes: dict[str, str], because: str
) -> None:
    values = {"username": "alice@example.com", "password": "alice-password"} | changes
    http = served.client(None, listener=Listener.ONE_WAY)
    assert http.post(AUTHORIZE, params={"client_id": "demo-web-key"}, data=values).is_error
    assert because in told(served)

    assert redeem(served, "demo-internal", grant_type="password", **values).is_error
    assert because in told(served)


def test_the_name_in_a_certificate(served: Served) -> None:
    served.get(http=served.client("svc-web"))
    assert "CN is svc-web;" in told(served)


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("SVC-Demo", "CN is SVC-Demo: it differs only by upper and lower case;"),
        ("svc-demo ", "it differs only by a blank after it;"),
        ("other", "CN is other; connect"),
    ],
)
def test_a_name_in_a_certificate_that_is_nearly_right(name: str, because: str) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = ClientCertificate(
        common_name=name, serial_number=1, not_before=moment, not_after=moment, fingerprint="0"
    )
    connection = Connection(
        listener=Listener.TWO_WAY, source_address="127.0.0.1", certificate=certificate
    )

    with pytest.raises(Refusal) as caught:
        check_certificate_name("svc-demo", connection)

    assert because in caught.value.why.because


# Codes, refresh tokens, sessions, links


@pytest.mark.long
def test_codes_that_are_nearly_right(served: Served) -> None:
    tokens = by_code(served).json()
    login = log_in(served)
    code, session = returned(login)["code"], login.cookies["mock_sei_session"]
    for sent, because in (
        (f"{code}\n", "equal to one that was issued, except for a line end after it"),
        (f'"{code}"', "double quotes around it"),
        (f"https://localhost/callback?code={code}&state=s", "a name before it"),
        (tokens["refresh_token"], "A refresh token was sent instead"),
        (tokens["access_token"], "An access token was sent instead"),
        (session, "A sessionToken was sent instead"),
        ("other", "issued before the last reset."),
    ):
        assert redeem(served, grant_type="authorization_code", code=sent).status_code == 400
        assert because in told(served)
        assert code not in told(served)
    for sent, because in (
        (f"{tokens['refresh_token']} ", "a blank after it"),
        (code, "An authorization code was sent instead"),
    ):
        assert refresh(served, sent).status_code == 400
        assert because in told(served)
    redeem(served, grant_type="sessionToken", sessionToken=f"mock_sei_session={session}")
    assert "a name before it" in told(served)
    assert by_code(served, code=code).status_code == 200  # looking for the reason spoils nothing


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda verifier: f"{verifier}\n", "a line end after it"),
        (lambda verifier: f'"{verifier}"', "double quotes around it"),
        (lambda verifier: verifier.upper(), "does not fit"),
    ],
)
def test_a_verifier_that_is_nearly_right(served: Served, change: Any, because: str) -> None:
    verifier = "a-verifier-of-forty-three-characters-or-more-1"

    answer = by_code(served, "demo-native", code_verifier=change(verifier))

    assert answer.status_code == 400
    assert because in told(served)
    assert verifier not in told(served)


def test_a_challenge_in_place_of_its_verifier_and_a_method_that_was_left_out(
    served: Served,
) -> None:
    by_code(served, "demo-native", code_verifier=NATIVE["code_challenge"])
    assert "the code_challenge was sent instead" in told(served)

    code = returned(log_in(served, "demo-native", code_challenge_method=None))["code"]
    by_code(served, "demo-native", code=code)
    assert "it fits by S256, but the authorization request left" in told(served)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"code_challenge": "x" * 43 + "="}, "it ends with the padding character"),
        ({"code_challenge": "x" * 42 + "+"}, "it has + or /"),
        ({"code_challenge": "a" * 64}, "in hexadecimal"),
        ({"code_challenge_method": "s256"}, "did you mean S256?"),
    ],
)
def test_a_challenge_that_is_none(served: Served, changes: dict[str, str], because: str) -> None:
    log_in(served, "demo-native", **changes)
    assert because in told(served)


@pytest.mark.parametrize("end", [".", ")", "\u00a0", "%0A", ">"])
def test_a_certificate_link_that_was_copied_with_what_stands_behind_it(
    served: Served, end: str
) -> None:
    control = control_client(served.platform)
    url = control.post("/service-accounts/svc-demo/certificate-links").json()["url"]
    http = served.client(None, listener=Listener.ONE_WAY)

    assert http.get(f"{url}{end}").status_code == 404
    assert "made before the last reset: it differs only by" in told(served)
    assert http.get(url).status_code == 200  # it is as good as before


# Redirect addresses


@pytest.mark.parametrize(
    ("address", "because"),
    [
        ("https://localhost:9443/callback/", "a slash at its end"),
        ("https://localhost:9443/Callback", "upper and lower case"),
        ("https://127.0.0.1:9443/callback", "its host (127.0.0.1, not localhost"),
        ("https://localhost:9444/callback", "its port (9444, not 9443)"),
        ("https%3A%2F%2Flocalhost%3A9443%2Fcallback", TWICE),
    ],
)
def test_a_redirect_address_that_is_nearly_registered(
    served: Served, address: str, because: str
) -> None:
    assert log_in(served, redirect_uri=address).status_code == 400
    assert because in told(served)

    code = returned(log_in(served, redirect_uri="https://localhost:9443/callback"))["code"]
    assert by_code(served, code=code, redirect_uri=address).status_code == 400
    assert because in told(served)


# Forms


@pytest.mark.parametrize(
    ("content", "content_type", "because"),
    [
        (
            "grant_type=client_credentials&amp;username=a&amp;password=b",
            FORM,
            "`amp;username`: did you mean `username`? Write & instead",
        ),
        (
            "grant_type=client_credentials&\r\nusername=a",
            FORM,
            "`\\r\\nusername`: did you mean `username`? Separate",
        ),
        ("grant_type=client_credentials&userName=a&scope=b", FORM, "grant_type, userName, scope."),
        ("grant_type=client_credentials&username=", FORM, "username has no value"),
        ("grantType=client_credentials", FORM, "did you mean `grant_type`?"),
        ('{"grant_type": "client_credentials"}', FORM, "The body is JSON, although"),
        ("<grant_type/>", FORM, "The body is XML, although"),
        ("username=a;grant_type=client_credentials", FORM, "The parameters are not separated by &"),
        ("grant_type%3Dclient_credentials%26a%3Db", FORM, "whole form is percent-encoded"),
        ("grant_type=client_credentials;username=a", FORM, "without the text after it?"),
        ("x", "multipart/form-data; boundary=x", "The body is multipart"),
        ("grant_type=client_credentials", "text/plain", "looks like a form, but its Content-Type"),
        ("{}", "application/json", "The body is JSON"),
        ("{}", "application/vnd.x+json", "The body is JSON"),
        ("<a/>", "text/xml", "The body is XML"),
        ("x", "image/png", "The body is something else"),
        ("grant_type=a", None, "no Content-Type and looks like a form"),
        ("{}", None, "no Content-Type and looks like JSON"),
    ],
)
def test_a_form_that_is_none(
    served: Served, content: str, content_type: str | None, because: str
) -> None:
    answer = post(served, content, content_type)

    assert answer.status_code == 400
    assert because in told(served)


def test_a_piece_of_a_password_is_no_name(served: Served) -> None:
    post(served, "grant_type=client_credentials&password=hunter2&canary4=x&canary5")

    assert "canary" not in told(served)
    assert "write & in a value as %26" in told(served)


def test_names_that_authorize_does_not_know(served: Served) -> None:
    http = served.client(None, listener=Listener.ONE_WAY)

    http.get(f"{AUTHORIZE}?response_type=code&amp;client_id=demo-web-key")
    assert "`amp;client_id`: did you mean `client_id`?" in told(served)
    served.get(f"/v2/oauth/tokeninfo?clientId={KEY}")
    assert "`clientId`: did you mean `client_id`?" in told(served)
    http.get(f"{AUTHORIZE}?client_id=demo-web-key&response_type=Code", follow_redirects=False)
    assert "did you mean code?" in told(served)


def test_a_spoilt_name_that_nothing_needs_is_noted(served: Served) -> None:
    """Otherwise it would be ignored silently, and the client would not get what it asked for."""
    spoilt: dict[str, Any] = {"amp;scope": "x", "resource": "y"}
    assert served.post_token(**spoilt).status_code == 200
    (note,) = served.platform.journal.last.notes
    assert note.startswith("no parameter amp;scope; ignored (did you mean scope?) Write & instead")
    log_in(served, **{"State": "s", "amp;login_hint": "a", "other": "b"})
    notes = served.platform.journal.last.notes
    spoilt_names = [each.partition(";")[0] for each in notes if each.startswith("no parameter")]
    assert spoilt_names == ["no parameter State", "no parameter amp"]


def test_a_request_without_a_pair_lists_the_names_that_came(served: Served) -> None:
    form = served.form() | {"appKey": KEY, "appSecret": "x"}

    assert served.client().post(TOKEN_PATH, data=form).status_code == 401
    assert "`appKey`: did you mean `client_id`?" in told(served)


def test_a_parameter_of_an_operation_that_was_nearly_meant(served: Served) -> None:
    served.get(f"{TICKETS}?amp;limit=1&Limit=2&colour=red")

    notes = served.platform.journal.last.notes
    assert [each.partition("parameter ")[2] for each in notes] == [
        "amp;limit; ignored (did you mean limit?)",
        "Limit; ignored (did you mean limit?)",
        "colour; ignored",
    ]


# Access tokens


@pytest.mark.parametrize(
    ("header", "actual"),
    [
        ({}, "missing"),
        ({"alg": None}, "null"),
        ({"alg": "none"}, "none"),
        ({"alg": ["ES256"]}, "a list"),
        ({"alg": "ES256"}, "missing"),
        ({"alg": "ES256", "kid": None}, "null"),
        ({"alg": "ES256", "kid": 7}, "7"),
    ],
)
def test_what_a_token_does_not_say_is_told_in_words_of_json(
    served: Served, header: dict[str, Any], actual: str
) -> None:
    first = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    headers = {"AppKey": KEY, "Authorization": f"Bearer {first}.e30.c2ln"}

    assert served.get(headers=headers).status_code == 401
    assert served.platform.journal.last.actual == actual
    assert "None" not in told(served)


@pytest.mark.long
@every_case(
    ("form", "because"),
    [
        ("BearerToken {}", "sent back the token_type"),
        ('Bearer "{}"', "The token is in quotes"),
        ("Bearer Bearer {}", "The header has the scheme twice"),
        ("Bearer", "no token after it"),
        ("{}", "without the scheme"),
        ('Bearer {{"access_token": "{}"}}', "the whole token response"),
        ("Bearer {}\\n", "an escaped line end after it"),
        ("Bearer null", "null of JSON"),
        ("Bearer undefined", "undefined of JavaScript"),
        ("Bearer None", "None of Python"),
        ("Bearer [object Object]", "an object of JavaScript"),
        (f"Bearer {KEY}", "The token is an AppKey instead"),
        (f"Bearer {SECRET}", "The token is an AppSecret instead"),
        (f"Bearer {encoded(f'{KEY}:{SECRET}')}", "The token is a key pair in Base64 instead"),
        ("Bearer svc-demo", "The token is the user name of a service account"),
    ],
)
@every_case("path", [TICKETS, f"/v2/oauth/tokeninfo?client_id={KEY}"])
def test_a_wrong_authorization_header(served: Served, path: str, form: str, because: str) -> None:
    headers = {"AppKey": KEY, "Authorization": form.format(served.token())}

    answer = served.get(path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "gateway.authentication.failure")
    assert because in told(served)


def test_a_refresh_token_or_a_code_in_place_of_an_access_token(served: Served) -> None:
    token = by_code(served).json()["refresh_token"]
    code = returned(log_in(served))["code"]
    http = served.client("svc-web")
    for sent, because in (
        (token, "The token is a refresh token instead of an access token"),
        (code, "The token is an authorization code instead of an access token"),
    ):
        headers = {"AppKey": "demo-web-key", "Authorization": f"Bearer {sent}"}
        assert served.get(http=http, headers=headers).status_code == 401
        assert because in told(served)
        assert sent not in json.dumps(served.platform.journal.to_json())


def test_a_token_in_another_place(served: Served) -> None:
    token = served.token()
    headers = {"AppKey": KEY}

    answer = served.get(f"{TICKETS}?access_token={token}", headers=headers)
    assert answer.status_code == 401
    assert "A token is in the query string (access_token=)" in told(served)
    assert "docs/clients.md" in told(served)
    served.client().post("/v1/investors", data={"access_token": token}, headers=headers)
    assert "A token is in the form of the body (access_token=)" in told(served)
    served.get(headers=headers | {"X-Auth-Token": token})
    assert "A token is in the header x-auth-token" in told(served)
    served.get(headers=headers | {"Cookie": f"a=b; access_token={token}"})
    assert "A token is in the cookie access_token" in told(served)
    served.get(headers=headers | {"Authorization": ""})
    assert told(served).startswith("The request has an empty Authorization header;")
    served.get(headers=headers)
    assert told(served).startswith("The request has no access token;")


@pytest.mark.parametrize(
    ("sent", "because"),
    [
        (f"\ufeff{KEY}".encode(), "a byte order mark before it"),
        (f"{KEY}\u00a0".encode(), "a no-break space after it"),
        (f'"{KEY}"'.encode(), "double quotes around it"),
        (KEY.upper().encode(), "upper and lower case"),
        (f"{KEY}, {KEY}".encode(), "its repetition"),
        (b"demo-server", "the name of an application; its AppKey is demo-server-key"),
        (b"svc-demo", "is the user name of a service account"),
        (SECRET.encode(), "The value sent as the AppKey is an AppSecret"),
    ],
)
def test_a_wrong_app_key(served: Served, sent: bytes, because: str) -> None:
    headers: dict[str, Any] = {"AppKey": sent, "Authorization": f"Bearer {served.token()}"}

    assert served.get(headers=headers).status_code == 401
    assert because in told(served)


@pytest.mark.slow
def test_looking_for_the_reason_does_not_walk_through_what_is_stored(served: Served) -> None:
    registry = served.platform.state.registry

    def make(count: int) -> Action:
        for number in range(count):
            name = f"more-{count}-{number}"
            served.change("demo-web", name=name, app_key=name, service_account=None)
        http = served.client()
        return lambda: http.get(TICKETS, headers={"AppKey": '"MORE"'})

    assert_flat(make, few=5, many=500)
    assert len(registry.applications) > 500


def test_the_public_face_of_a_refusal_says_nothing_of_the_reason(served: Served) -> None:
    answer = served.post_token(password=f"{PASSWORD}\n")

    assert "line end" in told(served)
    assert "line end" not in answer.text
