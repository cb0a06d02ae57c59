"""A call that lacks a file of what it loads is refused, and answered when there are files again.

Most of what calls need is loaded by the first call of its kind (``docs/architecture.md``).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.e2e.hostile import scarce_serve
from tests.e2e.hostile.tour import own_client
from tests.e2e.serving import Serving
from tests.oauth.assertions import GRANT, assertion_at, encoded, own, sign

MOST_TRIES = 200
"""More than the files that one kind of call needs."""
NEEDED = {
    "/docs": [
        "mock_sei/settings.py",
        "control/app.",
        "operations/table.",
        "viewer/page.html",
        "markupsafe/_speedups",
    ],
    "the log-in page": ["markupsafe/_speedups", "templates/login.html"],
    "a fault by a pattern": ["_re2.", "_regex."],
    "a read": ["web/apis.", "yaml/_yaml.", "trade-tickets.json"],
    "a write": ["jsonschema_rs/jsonschema_rs."],
    "a change": ["jsonpatch."],
    "an assertion": ["lxml/etree.", "signxml/verifier."],
    "/portal": ["portal/routes."],
}
"""Parts of the paths of files that each kind of call loads first."""
CHANGED = "/v1/investors/INV-0001"
CHANGE = '[{"op": "replace", "path": "/name", "value": "Alder"}]'
TICKETS = "/v1/order/tradetickets"


class Calls:
    """Makes each call until it is not refused for want of a file."""

    def __init__(self, serving: Serving, http: contextlib.ExitStack) -> None:
        self.refused: dict[str, int] = {}
        self._ready = serving.ready
        self.control = http.enter_context(own_client(self._ready, "control_url"))
        self.one_way = http.enter_context(own_client(self._ready, "url"))
        self.two_way = http.enter_context(own_client(self._ready, "two_way_url"))
        self.web = http.enter_context(own_client(self._ready, "two_way_url", "svc-web"))

    def make(self, name: str, call: Callable[[], httpx2.Response], status: int = 200) -> None:
        for number in range(MOST_TRIES):
            answer = call()
            if answer.status_code != 503:
                assert answer.status_code == status, (name, answer.text)
                self.refused[name] = number
                return
            assert "this process cannot open any more files" in answer.text
        raise AssertionError(f"{name} was never answered")

    def token(self, name: str, http: httpx2.Client, application: str, **form: str) -> str:
        pair = (f"{application}-key", f"{application}-secret")
        answers: list[httpx2.Response] = []

        def ask() -> httpx2.Response:
            answers.append(http.post("/v2/oauthtoken", auth=pair, data=form))
            return answers[-1]

        self.make(name, ask)
        return str(answers[-1].json()["access_token"])


def call_everything(calls: Calls) -> None:
    control, one_way, two_way = calls.control, calls.one_way, calls.two_way
    calls.make("/health", lambda: control.get("/health"))
    token = calls.token(
        "a token",
        two_way,
        "demo-server",
        grant_type="client_credentials",
        username="svc-demo",
        password="svc-demo-password",
    )
    headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
    patch = headers | {"Content-Type": "application/json-patch+json"}
    upload = "/v1/contentmanagement/folders/uploadfiles"
    file = {"file": ("a.txt", b"a text")}
    certificate = {"saml_certificate": own().certificate}
    signed = encoded(sign(assertion_at(datetime.now(UTC), identifier=f"_{uuid4()}")))
    asked = {
        "client_id": "demo-spa-key",
        "response_type": "token",
        "redirect_uri": "http://localhost:8000/callback",
    }
    fault = {"operation": f"GET {TICKETS}", "query": {"q": {"matches": "(?=x)"}}, "status": 418}
    calls.make("a miss", lambda: two_way.get("/v1/nowhere", headers=headers), 404)
    calls.make("a read", lambda: two_way.get(TICKETS, headers=headers))
    calls.make("a write", lambda: two_way.post(TICKETS, headers=headers, json={}), 201)
    calls.make("a change", lambda: two_way.patch(CHANGED, headers=patch, content=CHANGE), 202)
    calls.make("an upload", lambda: two_way.post(upload, headers=headers, files=file))
    calls.make(
        "the log-in page",
        lambda: one_way.get("/v2/oauth/authorize", params=asked, follow_redirects=True),
    )
    calls.make("/docs", lambda: control.get("/docs"))
    calls.make("a fault by a pattern", lambda: control.post("/faults", json=fault), 201)
    calls.make("PATCH", lambda: control.patch("/applications/demo-web-key", json=certificate))
    calls.token("an assertion", calls.web, "demo-web", grant_type=GRANT, SAMLAssertion=signed)
    for path in ("/openapi.json", "/apis/openapi.json", "/journal.har", "/check", "/metrics"):
        calls.make(path, partial(control.get, path))
    for path in ("/portal", "/portal/apps/demo-server", "/portal/journal", "/portal/apis"):
        calls.make(path, partial(one_way.get, path))


EACH = ""
"""A part of each path."""


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([part for parts in NEEDED.values() for part in parts], id="some"),
        pytest.param([EACH], id="each", marks=pytest.mark.nightly),  # two hundred refusals
    ],
)
def test_a_call_that_lacks_a_file_is_answered_when_there_are_files_again(
    tmp_path: Path, parts: list[str]
) -> None:
    command = (sys.executable, scarce_serve.__file__, ",".join(parts))
    with Serving.start(tmp_path, command=command) as serving, contextlib.ExitStack() as clients:
        calls = Calls(serving, clients)
        call_everything(calls)
        first = calls.refused
        calls.refused = {}
        call_everything(calls)
        assert {*calls.refused.values()} == {0}
        assert serving.stop() == 0
    failed = (tmp_path / "failed.txt").read_text()
    assert [each for needed in NEEDED.values() for each in needed if each not in failed] == []
    assert [name for name in NEEDED if not first[name]] == []
    assert "Traceback" not in serving.errors
