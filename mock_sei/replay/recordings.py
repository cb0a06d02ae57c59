"""Reads a recording to be replayed: which exchanges give an answer, and why the others do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import BodyKind, RecordedExchange, RecordedRequest
from mock_sei.recordings.files import recording_files
from mock_sei.recordings.har import read_log
from mock_sei.recordings.kept import is_functional
from mock_sei.replay.answers import (
    BadAnswer,
    RecordedAnswer,
    RecordedOrigins,
    is_compressed,
    sendable_body,
    sendable_headers,
)
from mock_sei.replay.kept_bodies import KeptBodies, ReplayBody
from mock_sei.replay.recorded_calls import RecordedCalls
from mock_sei.replay.requests import ComparedAs, recorded_request
from mock_sei.rules.standards import Listener
from mock_sei.values.sendable import WITHOUT_BODY

_MOST_REASONS = 6
_LARGEST_SHOWN = 64 * 1024
"""Bytes of a request's body up to which a refusal says how a call differs from it."""
_INTERIM = 200
_NOT_MODIFIED, _UNAUTHORIZED, _FORBIDDEN = 304, 401, 403


class Skipped(StrEnum):
    """Why an exchange gives no answer. Each fits after a number of exchanges."""

    RECORDER = "answered by the recorder in place of the real platform"
    FAILED = "without an answer"
    OAUTH = "of the OAuth endpoints or the portal, which this server answers itself"
    PREFLIGHT = "a preflight of a browser, which this server answers itself"
    GATEWAY = "refused by the real platform's gateway; here the gateway of this server decides"
    CACHED = "with status 304, which only a client that has the answer already can use"
    INTERIM = "with an interim status"
    SHAPES = "with only the shapes of their bodies"
    LEFT_OUT = "without the body of the answer"


@dataclass(frozen=True, kw_only=True)
class ReplayedRecordings:
    """The answers of a recording."""

    source: Path
    is_only: bool
    """Whether calls that are not in the recording are refused."""
    calls: RecordedCalls
    bodies: KeptBodies
    origins: RecordedOrigins
    replayed: int
    """How many exchanges give an answer."""
    skipped: Counter[Skipped]

    @property
    def total(self) -> int:
        """How many exchanges the recording has."""
        return self.replayed + self.skipped.total()

    @property
    def is_incomplete(self) -> bool:
        """Whether another recording of the same calls could have more answers."""
        lost = self.skipped[Skipped.SHAPES] + self.skipped[Skipped.LEFT_OUT]
        return bool(lost or self.calls.only_literal)

    @property
    def summary(self) -> str:
        """What the server says about the recording at its start."""
        text = f"{self.replayed} of {self.total} exchanges are replayed"
        if self.skipped:
            text += f"; not: {_listed(self.skipped)}"
        if self.skipped[Skipped.SHAPES]:
            text += f". {_RECORD_AGAIN}"
        if self.calls.only_literal:
            text += (
                f". {self.calls.only_literal} have placeholders at so many different places that "
                "they are found only by the text of the placeholder"
            )
        return text


_RECORD_AGAIN = "To replay bodies, record with: mock-sei record --bodies full"


def read_recordings(path: Path, *, is_only: bool = False) -> ReplayedRecordings:
    """The answers of a folder or of a HAR file.

    Raises :class:`ConfigurationError` for a recording that cannot be read, with file, place and
    value, and for one of which nothing can be replayed.
    """
    reader = _RecordingReader()
    try:
        for file in recording_files(path):
            for exchange in read_log(file):
                reader.add(file, exchange)
    except OSError as error:
        problem = f"its bodies cannot be kept in the folder for temporary files: {error.strerror}"
        raise ConfigurationError(problem, source=path) from None
    reader.bodies.end()
    made = ReplayedRecordings(
        source=path,
        is_only=is_only,
        calls=reader.calls,
        bodies=reader.bodies,
        origins=reader.origins,
        replayed=reader.replayed,
        skipped=reader.skipped,
    )
    if not made.total:
        raise ConfigurationError("the recording has no exchange", source=path)
    if not made.replayed:
        cure = f". {_RECORD_AGAIN}" if made.skipped[Skipped.SHAPES] else ""
        raise ConfigurationError(
            f"none of its exchanges can be replayed: {_listed(made.skipped)}{cure}", source=path
        )
    return made


def _listed(skipped: Counter[Skipped]) -> str:
    return ", ".join(f"{count} {what}" for what, count in skipped.most_common(_MOST_REASONS))


class _RecordingReader:
    """Takes the exchanges of a recording, one after the other."""

    def __init__(self) -> None:
        self.calls = RecordedCalls()
        self.bodies = KeptBodies()
        self.origins = RecordedOrigins()
        self.replayed = 0
        self.skipped: Counter[Skipped] = Counter()

    def add(self, file: Path, exchange: RecordedExchange) -> None:
        # Also of exchanges that are not replayed: answers of others may link to them.
        origin = self.origins.add(exchange.request.url, Listener(exchange.listener))
        reason = find_reason(exchange)
        if reason is not None:
            self.skipped[reason] += 1
            return
        answer = self._answer(file, exchange, origin)
        request = recorded_request(exchange.request)
        sent = self._sent(exchange.request, request.body.kind)
        self.calls.add(request, answer, sent)
        self.replayed += 1

    def _answer(self, file: Path, exchange: RecordedExchange, origin: str | None) -> RecordedAnswer:
        response, request = exchange.response, exchange.request
        assert response is not None  # noqa: S101  # nosec B101  # find_reason() has looked
        try:
            headers = sendable_headers(response)
        except BadAnswer as error:
            place = f"log.entries[{exchange.number - 1}].response.headers"
            raise ConfigurationError(str(error), source=file, key=place) from None
        data = b"" if response.status in WITHOUT_BODY else sendable_body(response.body)
        return RecordedAnswer(
            file=file.name,
            number=exchange.number,
            status=response.status,
            headers=headers,
            body=self.bodies.add(data) if data else None,
            is_json=response.body.is_json and not is_compressed(response),
            origin=origin,
            unseen=request.body.left_out,
        )

    def _sent(self, request: RecordedRequest, kind: ComparedAs) -> ReplayBody | None:
        data = request.body.data
        if not data or kind not in _SHOWN or len(data) > _LARGEST_SHOWN:
            return None
        return self.bodies.add(data)


_SHOWN = (ComparedAs.JSON, ComparedAs.FORM)


def find_reason(exchange: RecordedExchange) -> Skipped | None:
    """Why an exchange gives no answer; None if it gives one."""
    return next((reason for reason, holds in _REASONS if holds(exchange)), None)


def _is_of_this_server(exchange: RecordedExchange) -> bool:
    path = exchange.request.path
    return not is_functional(exchange.request) or f"{path}/".startswith(_OWN_PATHS)


_OWN_PATHS = ("/portal/", "/openapi/")


def _is_preflight(exchange: RecordedExchange) -> bool:
    request = exchange.request
    asks = request.find_header("access-control-request-method") is not None
    return request.method.upper() == "OPTIONS" and asks


def _is_refused_by_gateway(exchange: RecordedExchange) -> bool:
    """Tokens and keys are others than the recorded ones, and the gateway here judges them."""
    status = _status(exchange)
    if status != _FORBIDDEN:
        return status == _UNAUTHORIZED
    value = exchange.response.body.find_json() if exchange.response else None
    code = value.get("code") if isinstance(value, dict) else None
    return isinstance(code, str) and code.startswith("gateway.")


def _has_no_body(exchange: RecordedExchange) -> bool:
    if exchange.response is None or exchange.request.method.upper() == "HEAD":
        return False
    return exchange.response.body.kind is BodyKind.LEFT_OUT


def _status(exchange: RecordedExchange) -> int:
    return 0 if exchange.response is None else exchange.response.status


def _kinds(exchange: RecordedExchange) -> Iterator[BodyKind]:
    yield exchange.request.body.kind
    if exchange.response is not None:
        yield exchange.response.body.kind


_REASONS: tuple[tuple[Skipped, Callable[[RecordedExchange], bool]], ...] = (
    (Skipped.RECORDER, lambda each: each.recorder_answered is not None),
    (Skipped.FAILED, lambda each: each.response is None or each.failure is not None),
    (Skipped.OAUTH, _is_of_this_server),
    (Skipped.PREFLIGHT, _is_preflight),
    (Skipped.INTERIM, lambda each: _status(each) < _INTERIM),
    (Skipped.GATEWAY, _is_refused_by_gateway),
    (Skipped.CACHED, lambda each: _status(each) == _NOT_MODIFIED),
    (Skipped.SHAPES, lambda each: BodyKind.SHAPE in _kinds(each)),
    (Skipped.LEFT_OUT, _has_no_body),
)
"""The first one that holds counts."""
