"""Recordings for the tests of replay, and platforms that replay them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.recordings.exchanges import (
    NO_BODY,
    RecordedBody,
    RecordedExchange,
    RecordedHeaders,
    RecordedRequest,
)
from mock_sei.recordings.har import exchange_json
from mock_sei.replay.recordings import read_recordings
from mock_sei.settings import Behaviour
from mock_sei.state.units import Units
from tests.recordings.made import body, exchange

INVESTORS = "/v2/investors"
UNKNOWN = "/v9/rockets"
"""A path that no document has."""


def answered(
    target: str = INVESTORS,
    answer: Any = "recorded",
    *,
    method: str = "GET",
    sent: RecordedBody = NO_BODY,
    status: int = 200,
    headers: RecordedHeaders = (),
) -> RecordedExchange:
    """An exchange whose answer is JSON."""
    return exchange(
        method,
        target,
        sent=sent,
        status=status,
        answer_headers=(("Content-Type", "application/json"), *headers),
        answer=body(json.dumps(answer)),
    )


def write(
    folder: Path, entries: Iterable[RecordedExchange | dict[str, Any]], name: str = "a.har"
) -> Path:
    """Writes a HAR file and returns its path."""
    told = [each if isinstance(each, dict) else exchange_json(each) for each in entries]
    file = folder / name
    file.write_text(json.dumps({"log": {"version": "1.2", "entries": told}}))
    return file


def platform_with(
    recording: Path,
    store: CertificateStore,
    *,
    is_only: bool = False,
    units: Units | None = None,
) -> Platform:
    return Platform(
        fixtures=load_fixtures(),
        store=store,
        behaviour=Behaviour(seed=1),
        recordings=read_recordings(recording, is_only=is_only),
        units=units,
    )


def request(
    method: str = "GET", target: str = INVESTORS, sent: RecordedBody = NO_BODY
) -> RecordedRequest:
    return exchange(method, target, sent=sent).request
