"""A second platform as the real one, and a recorder in this process in front of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.accepting import Accepted
from mock_sei.comparison.comparing import ComparedMock, compare
from mock_sei.comparison.mapping import RecordingMap
from mock_sei.comparison.reading import Recording
from mock_sei.comparison.results import Comparison
from mock_sei.fixtures import Fixtures, load_fixtures
from mock_sei.platform import Platform
from mock_sei.recordings.exchanges import (
    Listener as ListenerName,
)
from mock_sei.recordings.exchanges import (
    RecordedBody,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordedTls,
)
from mock_sei.recordings.files import RecordingWriter
from mock_sei.recordings.kept import Bodies
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.web.app import platform_app
from tests.support import TOKEN_PATH, Served

_NAMES: Mapping[Listener, ListenerName] = {
    Listener.ONE_WAY: "one-way",
    Listener.TWO_WAY: "two-way",
}

_OURS = re.compile(r"https://localhost(?!:9443)(:[0-9]+)?")

Change = Callable[[RecordedExchange], RecordedExchange | None]


class RealPlatform(Served):
    """The stand-in of the real platform: it records each exchange of its clients."""

    def __init__(
        self,
        store: CertificateStore,
        folder: Path,
        assumptions: Mapping[str, Any] | None = None,
        *,
        bodies: Bodies = Bodies.FULL,
    ) -> None:
        platform = Platform(
            fixtures=load_fixtures(),
            store=store,
            behaviour=Behaviour(seed=7, assumptions=dict(assumptions or {})),
        )
        super().__init__(platform)
        self.folder = folder
        self.answer_otherwise: Change = lambda each: each
        """Changes an exchange before it is written, as another platform would answer."""
        self._writer = RecordingWriter(folder, version="test", bodies=bodies)
        self._began = platform.clock.freeze()

    def wait(self, seconds: float) -> None:
        self.platform.clock.advance(timedelta(seconds=seconds))

    @property
    def recording(self) -> Path:
        self._writer.flush()
        return self.folder

    def client(
        self,
        account: Any = "svc-demo",
        *,
        listener: Listener = Listener.TWO_WAY,
        source: str = "127.0.0.1",
    ) -> httpx2.Client:
        http = super().client(account, listener=listener, source=source)
        http.follow_redirects = False
        name = account if isinstance(account, str) else None
        http.event_hooks["response"] = [
            lambda answer: self._note(answer, listener, common_name=name)
        ]
        return http

    def refuse_connection(self, alert: str, path: str = TOKEN_PATH) -> None:
        """Records a connection without a certificate that the real platform refused."""
        self.write(
            RecordedExchange(
                started=self.platform.clock.now(),
                milliseconds=1,
                listener="two-way",
                request=RecordedRequest(method="POST", url=f"https://real.example:444{path}"),
                response=None,
                tls=RecordedTls(version="TLSv1.3", alert=alert),
            )
        )

    def write(self, exchange: RecordedExchange) -> None:
        changed = self.answer_otherwise(exchange)
        if changed is not None:
            self._writer.add(changed)

    def _note(
        self, answer: httpx2.Response, listener: Listener, *, common_name: str | None
    ) -> None:
        request = answer.request
        answer.read()
        port = 444 if listener is Listener.TWO_WAY else 443
        origin = f"https://real.example:{port}"
        sent = request.read()
        self.write(
            RecordedExchange(
                started=self.platform.clock.now(),
                milliseconds=3,
                listener=_NAMES[listener],
                request=RecordedRequest(
                    method=request.method,
                    url=str(request.url.copy_with(host="real.example", port=port)),
                    headers=tuple(_pairs(request.headers.raw)),
                    body=_body(request.headers.get("content-type", ""), sent),
                ),
                response=RecordedResponse(
                    status=answer.status_code,
                    headers=tuple(
                        (name, _OURS.sub(origin, value))
                        for name, value in _pairs(answer.headers.raw)
                    ),
                    body=_body(
                        answer.headers.get("content-type", ""),
                        _OURS.sub(origin, answer.text).encode()
                        if "json" in answer.headers.get("content-type", "")
                        else answer.content,
                    ),
                ),
                tls=RecordedTls(client_common_name=common_name, version="TLSv1.3"),
            )
        )


def _pairs(raw: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]


def _body(media_type: str, data: bytes) -> RecordedBody:
    return RecordedBody(media_type=media_type, size=len(data), data=data)


def compared_mock(
    store: CertificateStore, assumptions: Mapping[str, Any] | None = None
) -> ComparedMock:
    changed = dict(assumptions or {})

    def make(fixtures: Fixtures) -> Platform:
        return Platform(
            fixtures=fixtures, store=store, behaviour=Behaviour(seed=3, assumptions=changed)
        )

    return ComparedMock(
        fixtures=load_fixtures(), assumptions=changed, make=make, app=platform_app()
    )


def compared(
    real: RealPlatform,
    store: CertificateStore,
    assumptions: Mapping[str, Any] | None = None,
    *,
    chosen: RecordingMap | None = None,
    accepted: Accepted | None = None,
) -> Comparison:
    return compare(
        Recording(real.recording),
        compared_mock(store, assumptions),
        chosen=chosen,
        accepted=accepted,
    )
