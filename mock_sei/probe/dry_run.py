"""What a run would send, as text, without sending anything. Secrets are placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_plus

from mock_sei.probe.asking import ProbeAnswer, ProbeAsk, ProbeIdentity
from mock_sei.probe.running import reason_to_leave_out
from mock_sei.probe.subject import Subject
from mock_sei.probe.table import Probe, ProbeFlag, ProbeNeed
from mock_sei.probe.wire import sent_headers
from mock_sei.recordings.exchanges import Listener

_SHOWN = 400
"""Characters of a value or body that are printed."""
_CERTIFICATES = {
    ProbeIdentity.OWN: "with the certificate of --cert",
    ProbeIdentity.OTHER: "with the certificate of --other-cert",
    ProbeIdentity.NONE: "without a certificate",
}


def lines(
    probes: Mapping[str, Probe],
    subject: Subject,
    authorities: Mapping[Listener, str],
    *,
    flags: frozenset[ProbeFlag],
    needs: frozenset[ProbeNeed],
) -> Iterator[str]:
    """The lines of a dry run: each probe with its requests, or why it is left out.

    ``subject`` must be an imagined one: then no secret can be among its values. A probe that lacks
    only an option is shown with placeholders.
    """
    for probe in probes.values():
        yield f"{probe.name}: {probe.sentence}"
        reason = reason_to_leave_out(probe, grant=subject.grant, flags=flags, needs=needs)
        if reason is not None:
            yield f"  (left out: {reason})"
        if probe.shows:
            yield f"  (shows {', '.join(_grouped(probe.shows))})"
        for ask in _asks(probe, subject, authorities):
            yield ""
            for line in _request_lines(ask, authorities[ask.listener]):
                yield f"  {line}".rstrip()
        yield ""


def _grouped(names: tuple[str, ...]) -> list[str]:
    """Names of assumptions, those of one refusal in one."""
    short = (re.sub(r"(?<=^refusal\.)(\w+)\..*", r"\1.*", each) for each in names)
    return list(dict.fromkeys(short))


def _asks(
    probe: Probe, subject: Subject, authorities: Mapping[Listener, str]
) -> Iterator[ProbeAsk]:
    steps = probe.steps(subject)
    answer: ProbeAnswer | None = None
    while True:
        try:
            ask = next(steps) if answer is None else steps.send(answer)
        except StopIteration:
            return
        if ask.listener in authorities:
            yield ask
        answer = ProbeAnswer(status=200, is_imagined=True)


def _request_lines(ask: ProbeAsk, authority: str) -> Iterator[str]:
    if ask.wait:
        yield f"-- after {ask.wait}"
    query = f"?{'&'.join(f'{name}={value}' for name, value in ask.query)}" if ask.query else ""
    how = f", {_CERTIFICATES[ask.identity]}" if ask.listener == "two-way" else ""
    yield f"{ask.method} {ask.path}{_cut(query)} HTTP/1.1   ({ask.listener} listener{how})"
    for name, value in sent_headers(ask, authority):
        is_length = name == "Content-Length" and len(ask.body) <= _SHOWN
        # The real values that stand in place of the placeholders have another length.
        yield f"{name}: {'...' if is_length else _cut(value)}"
    if ask.is_cut:
        yield "-- the head does not end"
    if ask.body:
        body = ask.body.decode()
        is_form = any(value.endswith("urlencoded") for _, value in ask.headers)
        yield ""
        yield _cut(unquote_plus(body) if is_form else body)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
