"""A mock in this process as the upstream of a run: no sockets, and its own clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from mock_sei.assumptions.table import DEFAULTS
from mock_sei.certificates.bundles import Identity
from mock_sei.platform import Platform
from mock_sei.probe.asking import ProbeAsk, ProbeIdentity
from mock_sei.probe.attempts import Attempts
from mock_sei.probe.running import Pace, ProbeRun
from mock_sei.probe.subject import KnownValue, Subject
from mock_sei.probe.table import ProbeFlag, ProbeNeed
from mock_sei.probe.wire import request_body, sent_headers
from mock_sei.recordings.exchanges import (
    NO_BODY,
    RecordedBody,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordedTls,
)
from mock_sei.recordings.exchanges import (
    Listener as ListenerName,
)
from mock_sei.recordings.files import RecordingWriter
from mock_sei.recordings.kept import Bodies
from mock_sei.rules.standards import Listener
from tests.support import Served

ORIGINS: Mapping[ListenerName, str] = {
    "one-way": "https://localhost",
    "two-way": "https://localhost:444",
}
LISTENERS: Mapping[ListenerName, Listener] = {
    "one-way": Listener.ONE_WAY,
    "two-way": Listener.TWO_WAY,
}
OWN: Mapping[str, str] = {
    "client_credentials": "svc-demo",
    "authorization_code": "svc-web",
    "password": "svc-internal",
}
APPLICATIONS: Mapping[str, str] = {
    "client_credentials": "demo-server",
    "authorization_code": "demo-web",
    "password": "demo-internal",
}
"""The application of each grant."""
REDIRECT_URI = "https://localhost:9443/callback"
EVERY_NEED = frozenset(ProbeNeed)


class InProcessUpstream:
    """Sends requests to a mock in this process."""

    def __init__(self, served: Served, account: str) -> None:
        self._served = served
        self.asked: list[ProbeAsk] = []
        self._identities: Mapping[ProbeIdentity, Identity | None] = {
            ProbeIdentity.OWN: served.identity(account),
            ProbeIdentity.OTHER: served.identity("svc-limited"),
            ProbeIdentity.NONE: None,
        }
        self._account = account

    def send(self, ask: ProbeAsk) -> RecordedExchange:
        self.asked.append(ask)
        origin = ORIGINS[ask.listener]
        headers = sent_headers(ask, origin.partition("://")[2])
        identity = self._identities[ask.identity]
        names = {ProbeIdentity.OWN: self._account, ProbeIdentity.OTHER: "svc-limited"}
        common_name = names.get(ask.identity)
        started = self._served.platform.clock.now()
        response, alert = None, None
        if ask.listener == "two-way" and identity is None:
            alert = "certificate_required"
        else:
            shown = identity if ask.listener == "two-way" else None
            response = self._answer(ask, headers, shown)
        return RecordedExchange(
            started=started,
            milliseconds=1,
            listener=ask.listener,
            request=RecordedRequest(
                method=ask.method,
                url=f"{origin}{ask.target}",
                headers=headers,
                body=request_body(ask),
            ),
            response=response,
            tls=RecordedTls(client_common_name=common_name, alert=alert),
            failure=f"refused with the TLS alert {alert}" if alert else None,
        )

    def _answer(
        self, ask: ProbeAsk, headers: tuple[tuple[str, str], ...], identity: Identity | None
    ) -> RecordedResponse:
        with self._served.client(identity, listener=LISTENERS[ask.listener]) as http:
            http.follow_redirects = False
            http.headers.clear()
            sent = [(name, value) for name, value in headers if name not in ("Host", "Connection")]
            answer = http.request(
                ask.method,
                f"{ORIGINS[ask.listener]}{ask.target}",
                headers=sent,
                content=ask.body,
            )
        data = answer.content
        media_type = answer.headers.get("Content-Type", "")
        return RecordedResponse(
            status=answer.status_code,
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in answer.headers.raw
            ),
            body=RecordedBody(media_type=media_type, size=len(data), data=data)
            if data
            else NO_BODY,
        )


def subject_of(platform: Platform, grant: str = "client_credentials", **changes: Any) -> Subject:
    """The application of a grant, as the options of the command would describe it."""
    registry = platform.state.registry
    application = registry.find_application(APPLICATIONS[grant])
    assert application is not None
    assert application.app_secret is not None
    known = {
        KnownValue.APP_KEY: application.app_key,
        KnownValue.APP_SECRET: application.app_secret,
        KnownValue.USERNAME: OWN[grant],
        KnownValue.PASSWORD: registry.service_accounts[OWN[grant]].password,
        KnownValue.END_USER: "alice@example.com",
        KnownValue.END_USER_PASSWORD: "alice-password",
        KnownValue.REDIRECT_URI: REDIRECT_URI,
    }
    values: dict[str, Any] = {
        "grant": grant,
        "operation": "/v1/order/tradetickets",
        "listener": "two-way",
        "paths": DEFAULTS.path,
        "paging": DEFAULTS.paging,
        "origins": ORIGINS,
        "has_other_certificate": True,
        "known": known,
    }
    return Subject(**(values | changes))


def run_on(
    served: Served,
    folder: Path,
    grant: str = "client_credentials",
    *,
    flags: frozenset[ProbeFlag] = frozenset(),
    bodies: Bodies = Bodies.FULL,
    **changes: Any,
) -> ProbeRun:
    """A run against a mock whose clock moves where the run waits."""
    clock = served.platform.clock

    def pass_time(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    values: dict[str, Any] = {
        "subject": subject_of(served.platform, grant),
        "transport": InProcessUpstream(served, OWN[grant]),
        "writer": RecordingWriter(folder, version="test", bodies=bodies),
        "attempts": Attempts(folder),
        "pace": Pace(timedelta(0), pass_time),
        "flags": flags,
        "needs": EVERY_NEED,
        "hosts": {"one-way": "localhost", "two-way": "localhost"},
    }
    return ProbeRun(**(values | changes))
