"""Exchanges for the tests of recordings."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from mock_sei.recordings.exchanges import (
    NO_BODY,
    RecordedBody,
    RecordedExchange,
    RecordedHeaders,
    RecordedRequest,
    RecordedResponse,
    RecordedTls,
)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
ORIGIN = "https://test.example.com:444"
STARTED = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def body(text: str | bytes, media_type: str = JSON) -> RecordedBody:
    data = text.encode() if isinstance(text, str) else text
    return RecordedBody(media_type=media_type, size=len(data), data=data)


def exchange(  # each part of an exchange
    method: str = "GET",
    target: str = "/v2/investors",
    *,
    headers: RecordedHeaders = (),
    sent: RecordedBody = NO_BODY,
    status: int = 200,
    answer_headers: RecordedHeaders = (),
    answer: RecordedBody = NO_BODY,
) -> RecordedExchange:
    return RecordedExchange(
        started=STARTED,
        milliseconds=12.5,
        listener="two-way",
        request=RecordedRequest(method=method, url=f"{ORIGIN}{target}", headers=headers, body=sent),
        response=RecordedResponse(status=status, reason="OK", headers=answer_headers, body=answer),
        tls=RecordedTls(client_common_name="svc-demo", version="TLSv1.3"),
    )


def basic(app_key: str, app_secret: str) -> str:
    return "Basic " + base64.b64encode(f"{app_key}:{app_secret}".encode()).decode()
