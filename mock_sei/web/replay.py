"""A functional call that is answered from a recording, once the gateway has let it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Scope

from mock_sei.apis.spooled import IN_MEMORY
from mock_sei.errors import Refusal
from mock_sei.replay.answers import RecordedAnswer
from mock_sei.replay.nearest import explain, not_recorded
from mock_sei.replay.recorded_calls import RecordedPath
from mock_sei.replay.recordings import ReplayedRecordings
from mock_sei.replay.requests import (
    NO_BODY,
    ComparedBody,
    ComparedRequest,
    compared_body,
    query_of,
    segments_of,
)
from mock_sei.rules.standards import Listener
from mock_sei.values.sendable import WITHOUT_LENGTH
from mock_sei.web.exchange import Exchange
from mock_sei.web.heads import only_looks
from mock_sei.web.misses import addresses_of
from mock_sei.web.received import Received
from mock_sei.web.requests import header_text

HEAD_NOTE = "answered from the recording of the next GET; a HEAD does not use it up"
_BODILESS = ("GET", "HEAD")


@dataclass(frozen=True, kw_only=True)
class ReplayedCall:
    """What the recording has of a call's path. It may have no call that is equal."""

    recordings: ReplayedRecordings
    called: ComparedRequest
    """Without the body."""
    paths: list[RecordedPath]
    only_looks: bool

    @property
    def has_path(self) -> bool:
        """Whether the recording decides about a call that no document knows."""
        return bool(self.paths) or self.recordings.is_only

    def miss(self, refusal: Refusal) -> Refusal:
        """The refusal of a path that neither a document nor the recording has."""
        because, _ = explain(self.recordings, self.called, self.paths)
        refusal.why = replace(refusal.why, because=f"{refusal.why.because} {because}")
        return refusal

    async def response(
        self, exchange: Exchange, scope: Scope, received: Received
    ) -> Response | None:
        """The recorded answer, once the gateway has let the call in; None if there is none.

        It counts as used. Raises :class:`Refusal` if the server answers only what is recorded.
        """
        if not self.paths and not self.recordings.is_only:
            return None
        if self.called.method in _BODILESS or not self.paths:
            found = await exchange.work(lambda: _find(exchange, self, NO_BODY))
        else:
            media_type = header_text(scope["headers"], b"content-type") or ""
            found = await received.apart(
                lambda body: _find(
                    exchange, self, compared_body(media_type, body.size, body.pieces)
                )
            )
        return None if found is None else await _response(exchange, scope, self, found)


def find_replayed(recordings: ReplayedRecordings, scope: Scope) -> ReplayedCall:
    """What the recording has of a call's path.

    A HEAD is answered as a recorded HEAD of its path, or else as the next GET.
    """
    looks = only_looks(scope)
    methods = ("HEAD", "GET") if looks else (scope["method"],)
    segments, calls = segments_of(scope["raw_path"].decode("latin-1")), recordings.calls
    return ReplayedCall(
        recordings=recordings,
        called=ComparedRequest(
            method=methods[-1],
            segments=segments,
            query=query_of(scope["query_string"].decode("latin-1")),
            body=NO_BODY,
        ),
        paths=[each for method in methods for each in calls.find_paths(method, segments)],
        only_looks=looks,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundAnswer:
    """The recorded answer to a call."""

    method: str
    """Of the recorded call."""
    answer: RecordedAnswer


def _find(exchange: Exchange, call: ReplayedCall, body: ComparedBody) -> FoundAnswer | None:
    called, positions = replace(call.called, body=body), exchange.platform.state.replay
    for each in call.paths:
        found = each.find(called)
        if found is not None:
            next_one = positions.foresee if call.only_looks else positions.take
            return FoundAnswer(method=each.method, answer=next_one(found))
    if call.recordings.is_only:
        raise not_recorded(call.recordings, called, call.paths)
    because, _ = explain(call.recordings, called, call.paths)
    note = f"not answered from the recording, which has no equal call. {because}"
    exchange.entry.findings.notes.append(note)
    return None


async def _response(
    exchange: Exchange, scope: Scope, call: ReplayedCall, found: FoundAnswer
) -> Response:
    entry, recordings, answer = exchange.entry, call.recordings, found.answer
    entry.recorded = str(answer)
    if answer.unseen is not None:
        why = f"the recording does not have the body of the request ({answer.unseen})"
        entry.findings.notes.append(f"{why}, so any body fits")
    if call.only_looks and found.method == "GET":
        entry.findings.notes.append(HEAD_NOTE)
    own = partial(_own_origin, exchange, header_text(scope["headers"], b"host"))
    content = b""
    if answer.body is not None:
        read = partial(_content, call, answer, exchange.listener, own)
        is_small = answer.body.size <= IN_MEMORY
        content = read() if is_small else await run_in_threadpool(read)
    headers = recordings.origins.own_headers(answer, exchange.listener, own)
    response = Response(content, answer.status)
    is_head = found.method == "HEAD"  # the length of its GET is not known
    length = () if answer.status in WITHOUT_LENGTH or is_head else (_length(content),)
    response.raw_headers = [*headers, *length]
    return response


def _content(
    call: ReplayedCall, answer: RecordedAnswer, here: Listener, own: Callable[[Listener], str]
) -> bytes:
    if answer.body is None:
        return b""
    data = call.recordings.bodies.read(answer.body)
    return call.recordings.origins.own_body(data, answer, here, own)


def _length(content: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(content)).encode()


def _own_origin(exchange: Exchange, host: str | None, listener: Listener) -> str:
    """The address at which the client reaches a listener."""
    if listener is exchange.listener:
        return exchange.platform.addresses.called(listener, host)
    addresses = addresses_of(exchange)
    return addresses.two_way if listener is Listener.TWO_WAY else addresses.one_way
