"""Flows of OAuth libraries in other languages, each walked by a driver of its own.

A driver is a program that reads which flow from its standard input and prints what came of it:
``javascript/walk.js`` says in which form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mock_sei import MockSei
from mock_sei.testing.certificate import Certificate
from tests.e2e.libraries import AUTHORIZE, END_USER, REVOKE, TICKETS, TOKEN, App, files
from tests.e2e.serving import environment, run

CLIENT_CREDENTIALS = "client_credentials"
CODE = "authorization_code"
IMPLICIT = "implicit"
PASSWORD = "password"

LIVES_ON = {"refreshed": True, "callAfterRefresh": 200}
"""What a refresh token adds to an outcome."""

ENDS = {"callAfterRevocation": 401}
"""What a library adds that can revoke."""


def walk(
    driver: Sequence[object],
    server: MockSei,
    app: App,
    grant: str,
    form: Mapping[str, str] | None = None,
    *,
    account: Certificate | str | None = None,
    authentication: str | None = None,
    cured: bool = False,
    tampered: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Any:
    """The grant, a functional call and, where there is a refresh token, refresh and revoke."""
    account = account or app.account
    cert, key = files(server, account) if account else (None, None)
    plan = {
        "issuer": server.url,
        "authorize": server.url + AUTHORIZE,
        "token": app.url(server) + TOKEN,
        "revoke": app.url(server) + REVOKE,
        "functional": app.url(server) + TICKETS,
        "key": app.key,
        "secret": app.secret,
        "redirect": app.redirect,
        "authentication": authentication or ("basic" if app.secret else "none"),
        "certificate": {"cert": cert, "key": key} if account else None,
        "grant": grant,
        "form": form,
        "user": END_USER,
        "cured": cured,
        "tampered": tampered or {},
    }
    ca = str(server.ca_file)
    environ = environment() | {"NODE_EXTRA_CA_CERTS": ca, "SSL_CERT_FILE": ca}
    done = run(*driver, typed=json.dumps(plan), environ=environ | dict(variables or {}))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)
