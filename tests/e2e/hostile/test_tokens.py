"""Tokens with the right key and odd claims, other spellings of good ones, worn refresh tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from jose import jwk

from mock_sei import MockSei
from tests.e2e.libraries import TICKETS


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def content_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def status_of(server: MockSei, token: str) -> tuple[int, str]:
    with server.client("svc-demo") as http:
        headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
        answer = http.get(TICKETS, headers=headers)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": "4102444800"},
        {"exp": None},
        {"exp": 1e308},
        {"exp": True},
        {"jti": ["a"]},
        {"fam": {"a": 1}},
        {"iat": -1},
        {"client_id": 5},
        {"scope": ["ilservices"]},
        {"svc": []},
    ],
)
def test_a_token_of_the_folder_s_own_key_with_odd_claims_is_refused(
    mock_sei: MockSei, changes: dict[str, Any]
) -> None:
    key = jwk.construct((mock_sei.ca_file.parent / "signing.key").read_text(), "ES256")
    good = mock_sei.token("svc-demo")
    header = good.partition(".")[0]
    text = f"{header}.{encoded(json.dumps(content_of(good) | changes).encode())}"
    tokens = [f"{text}.{encoded(key.sign(text.encode()))}" for _ in range(4)]

    for token in tokens:  # about half of these signatures are in the form that is accepted
        status, body = status_of(mock_sei, token)
        assert status == 401
        assert "gateway.authentication.failure" in body
    assert status_of(mock_sei, good)[0] == 200
    mock_sei.check()


def test_another_spelling_of_a_good_token_is_refused(mock_sei: MockSei) -> None:
    good = mock_sei.token("svc-demo")
    head, signature = good.rsplit(".", 1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed_bits = good[:-1] + alphabet[alphabet.index(good[-1]) ^ 1]
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    for token in (
        *(f"{good}!!!!", f"{good}==", f"{good}=", changed_bits, f"{head}.{encoded(twin)}"),
        *(f"{head}.{base64.b64encode(raw).decode()}", f"!{good}", good.replace(".", "!.")),
    ):
        assert status_of(mock_sei, token)[0] == 401, token
    assert status_of(mock_sei, good)[0] == 200


def test_a_worn_refresh_token_ends_its_consent_however_long_ago_it_was_used(
    mock_sei: MockSei,
) -> None:
    answer = mock_sei.token_response("demo-web")
    first, used = answer["refresh_token"], []
    pair = ("demo-web-key", "demo-web-secret")
    with mock_sei.client("svc-web") as http:
        for _ in range(40):
            used.append(answer["refresh_token"])
            form = {"grant_type": "refresh_token", "refresh_token": used[-1]}
            answer = http.post("/v2/oauthtoken", data=form, auth=pair).json()
        form = {"grant_type": "refresh_token", "refresh_token": first}
        again = http.post("/v2/oauthtoken", data=form, auth=pair)
        form["refresh_token"] = answer["refresh_token"]
        last = http.post("/v2/oauthtoken", data=form, auth=pair)

    assert again.status_code == last.status_code == 400
    with mock_sei.client() as http:
        journal = http.get(f"{mock_sei.control_url}/journal").text
    assert not [each for each in used if each in journal]
