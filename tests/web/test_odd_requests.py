"""Valid requests with one broken part, to token endpoint, log-in page and portal: never a 500.

The broken parts are invalid UTF-8, half a surrogate pair, or thousands of copies.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import httpx2
import pytest

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.forms import page_token
from mock_sei.web.portal.routes import ROUTES
from mock_sei.web.portal.visit import FORM_COOKIE
from tests.oauth.flows import AUTHORIZE, LOGIN, PAIR
from tests.support import TOKEN_PATH, Served, control_client

pytestmark = pytest.mark.slow


Fields = dict[bytes, bytes]
Headers = list[tuple[bytes, bytes]]

SECRET = "s" * 43
FORMS: dict[str, list[Fields]] = {
    TOKEN_PATH: [
        {
            b"grant_type": b"client_credentials",
            b"username": b"svc-demo",
            b"password": b"svc-demo-password",
        },
        {b"grant_type": b"refresh_token", b"refresh_token": b"A" * 43},
        {b"grant_type": b"authorization_code", b"code": b"A" * 43, b"code_verifier": b"a" * 43},
        {b"grant_type": b"sessionToken", b"sessionToken": b"A" * 43},
    ],
    "/v2/oauth/revoke": [{b"token": b"A" * 43}, {b"token": b"eyJ.eyJ.x"}],
    AUTHORIZE: [
        {
            b"client_id": b"demo-native-key",
            b"redirect_uri": b"http://127.0.0.1:1/callback",
            b"code_challenge": b"A" * 43,
            b"code_challenge_method": b"S256",
            b"state": b"xyz",
            b"username": b"alice@example.com",
            b"password": b"alice-password",
            b"decision": b"allow",
        },
        {b"client_id": b"demo-spa-key", b"login_hint": b"alice@example.com", b"state": b"\xff"},
        {b"client_id": b"demo-web-key", b"decision": b"allow", b"consent": b"0" * 64},
    ],
    LOGIN: [
        {
            b"client_id": b"demo-web-key",
            b"state": b"xyz",
            b"username": b"alice@example.com",
            b"password": b"alice-password",
        },
        {b"client_id": b"demo-web-key", b"decision": b"allow", b"consent": b"0" * 64},
    ],
    "/portal/apps": [
        {
            b"name": b"Nightly",
            b"kind": b"single-page/end-user/anyone",
            b"distribution_list": b"team@example.com",
            b"products": b"*",
            b"environments": b"test",
            b"redirect_addresses": b"https://localhost/callback",
        }
    ],
    "/portal/apps/demo-server/link": [{b"format": b"pfx", b"passphrase": b"x"}],
    "/portal/apps/demo-server/request": [{b"request": b"-----BEGIN CERTIFICATE REQUEST-----"}],
    "/portal/apps/demo-server/revoke": [{b"serial_number": b"1f"}],
    "/portal/apps/demo-spa/edit": [{b"name": b"demo-spa", b"redirect_addresses": b"https://a/"}],
}
VALUES = (
    *(
        b"",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\x00",
        b"\r\n",
        b"a" * 5000,
        b"9" * 5000,
        b"1e400",
        b"-1",
    ),
    *(b"true", b"&&&", b"=", b";", b"%", b"%zz", b"<script>", b"{{7*7}}", b"a " * 900, b"\xc3\xa9"),
    *("\u0301\u0327".encode() * 300, b"http://[::1", b"http://127.0.0.1:99999999/callback", b"//"),
    *(
        b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
        b"*",
        b"svc-demo",
        b"\xf0\x9f",
    ),
)
HEADERS = (
    *(b"Authorization", b"AppKey", b"Cookie", b"Origin", b"Accept", b"Host", b"User-Agent"),
    *(b"RequestTrackingId", b"Content-Type", b"Access-Control-Request-Method", b"Referer"),
)
HEADER_VALUES = (
    *(b"Basic " + PAIR.encode(), b"Basic /w==", b"Basic", b"Bearer", b"Bearer x.y.z", b"\xff", b""),
    *(b"[evil", b"a b", b"localhost:99999", b"null", b'mock_sei_session="\\\\"', b"=;=;" * 900),
    *(b"application/json", b"multipart/form-data; boundary=\xff", b"text/plain; charset=utf-16"),
)
SEGMENTS = ("demo-server", "x", "%ff", "%00", "%2f", "a" * 2000, "9" * 5000, "%ed%a0%80", "-1")


class Stranger:
    """The same requests in each run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311

    def requests(self, count: int) -> Iterator[tuple[str, str, bytes, Headers]]:
        choose = self._random.choice
        for number in range(count):
            path = choose(list(FORMS))
            fields = dict(choose(FORMS[path]))
            for name in self._random.sample(list(fields), k=min(len(fields), number % 3)):
                fields[name] = choose(VALUES)
            body = self._encoded(fields)
            if self._random.random() < 0.1:
                body += b"&" + self._encoded(fields)
            if self._random.random() < 0.2:
                path = re.sub(r"{[^}]*}", lambda _: choose(SEGMENTS), choose(list(ROUTES)))
            yield "POST", path, body, self._headers(path)
            yield "GET", f"{path}?{body.decode('latin-1')[:3000]}", b"", self._headers(path)

    def _encoded(self, fields: Fields) -> bytes:
        """A value that is usually encoded as clients do it, and sometimes sent as raw bytes."""
        raw = self._random.random() < 0.2
        return b"&".join(
            name + b"=" + (re.sub(rb"[\x00-\x20]", b"", value) if raw else quoted(value))
            for name, value in fields.items()
        )

    def _headers(self, path: str) -> Headers:
        headers = [(b"Content-Type", b"application/x-www-form-urlencoded")]
        if path in (TOKEN_PATH, "/v2/oauth/revoke"):
            headers.append((b"Authorization", b"Basic " + PAIR.encode()))
        if path.startswith("/portal"):
            headers.append((b"Cookie", f"{FORM_COOKIE}={SECRET}".encode()))
        for _ in range(self._random.choice((0, 0, 0, 1, 2))):
            name = self._random.choice(HEADERS)
            headers.append((name, self._random.choice(HEADER_VALUES)))
        return headers


def quoted(value: bytes) -> bytes:
    return quote_from_bytes(value).encode()


def test_no_spoilt_request_is_answered_500(
    served: Served, platform: Platform, one_key: None
) -> None:
    del one_key
    one_way = served.client(None, listener=Listener.ONE_WAY)
    two_way = served.client("svc-demo")
    one_way.follow_redirects = two_way.follow_redirects = False
    token = b"&page=" + page_token(SECRET, "portal").encode()
    for method, path, body, headers in Stranger(20261128).requests(150):
        form = body + token if path.startswith("/portal") and body else body
        for http in (one_way,) if path.startswith("/portal") else (one_way, two_way):
            answer: httpx2.Response = http.request(method, path, headers=headers, content=form)
            shown = f"{method} {path[:200]} {headers} {body[:300]!r}"
            assert answer.status_code < 500, f"{shown}: {answer.text[-800:]}"
    for page in ("/portal", "/portal/mailbox", "/portal/journal"):
        assert one_way.get(page).status_code == 200
    for path in ("/journal", "/applications", "/mailbox"):
        assert control_client(platform).get(path).status_code == 200
    assert platform.bugs == []
