"""A run: asks one probe after another, slowly, and records each exchange.

It stops where going on could do harm: at a 429, when an account is locked, or when the platform's
certificate is not accepted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from mock_sei.doctor.material import readable
from mock_sei.probe.asking import ProbeAnswer, ProbeAsk, Steps
from mock_sei.probe.attempts import Attempts, UnknownAttempts
from mock_sei.probe.subject import KnownValue, MissingValue, Subject
from mock_sei.probe.table import Probe, ProbeFlag, ProbeNeed
from mock_sei.probe.wire import UpstreamProblem
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.files import RecordingWriter
from mock_sei.rules import machine

_TOO_MANY, _LOCKED = 429, 423
_LOCKED_WORDS = re.compile(
    r"(?i)\block(?:ed)?[ -]?out\b|\b(?:is|been|was|account|user)[ _-]locked\b|\blocked\b"
    r"|\btoo many (?:\w+ ){0,3}attempts\b"
)
_FIRST_REFUSAL = 400
_LONGEST_WORDS = 64 * 1024
"""Bytes of a refusal that are searched for words of a lock-out."""


class ProbeTransport(Protocol):
    """Sends one request, and returns what happened."""

    def send(self, ask: ProbeAsk) -> RecordedExchange:
        """Raises :class:`UpstreamProblem` if nothing can be sent any more."""


class RunStopped(Exception):
    """The run must not go on. The text says why."""


class Pace:
    """The time between two requests, on the machine's clock that never goes back."""

    def __init__(self, pause: timedelta, sleep: Callable[[float], None] = time.sleep) -> None:
        """``sleep`` gets the seconds to wait."""
        self._pause = pause.total_seconds()
        self._sleep = sleep
        self._last: float | None = None

    def keep(self, wait: timedelta) -> None:
        """Waits until the next request may be sent, and at least ``wait``."""
        left = wait.total_seconds()
        if self._last is not None:
            left = max(left, self._last + self._pause - machine.monotonic())
        if left > 0:
            self._sleep(left)
        self._last = machine.monotonic()


class Came(StrEnum):
    """What came of a probe."""

    ANSWERED = "answered"
    LEFT_OUT = "left out"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class ProbeOutcome:
    """What came of one probe, in words."""

    probe: Probe
    came: Came
    text: str
    """The statuses of its answers, or why it was left out."""


@dataclass(kw_only=True)
class ProbeRun:
    """One run over probes."""

    subject: Subject
    transport: ProbeTransport
    writer: RecordingWriter
    attempts: Attempts
    pace: Pace
    flags: frozenset[ProbeFlag]
    needs: frozenset[ProbeNeed]
    """What the options give."""
    hosts: Mapping[str, str]
    """The host of each listener."""

    def outcomes(self, probes: Mapping[str, Probe]) -> Iterator[ProbeOutcome]:
        """Asks the probes, in their order. The last outcome may be that the run stopped.

        Everything that was asked is on disk when an outcome is given. Raises
        :class:`~mock_sei.errors.ConfigurationError` if it cannot be written.
        """
        for probe in probes.values():
            reason = self._reason_to_leave_out(probe)
            if reason is not None:
                yield ProbeOutcome(probe=probe, came=Came.LEFT_OUT, text=reason)
                continue
            seen: list[str] = []
            try:
                self._ask(probe, seen)
            except MissingValue as missing:
                if not seen:
                    yield ProbeOutcome(probe=probe, came=Came.LEFT_OUT, text=str(missing))
                    continue
                seen.append(str(missing))
            except (RunStopped, UpstreamProblem) as problem:
                self.writer.flush()
                text = "; ".join([*seen, str(problem)])
                yield ProbeOutcome(probe=probe, came=Came.STOPPED, text=text)
                return
            self.writer.flush()
            yield ProbeOutcome(
                probe=probe, came=Came.ANSWERED, text=", ".join(seen) or "nothing to ask"
            )

    def _reason_to_leave_out(self, probe: Probe) -> str | None:
        return reason_to_leave_out(
            probe, grant=self.subject.grant, flags=self.flags, needs=self.needs
        ) or self._reason_of_attempts(probe)

    def _reason_of_attempts(self, probe: Probe) -> str | None:
        if probe.wrong is None:
            return None
        user = (
            KnownValue.USERNAME
            if self.subject.grant == "client_credentials"
            else KnownValue.END_USER
        )
        account = self.subject.known.get(user, "")
        host = self.hosts[self.subject.listener]
        try:
            is_first = self.attempts.take(probe.wrong, host, account, machine.now().date())
        except UnknownAttempts as error:
            return str(error)
        if is_first:
            return None
        return f"a wrong {probe.wrong} was sent today ({self.attempts.file})"

    def _ask(self, probe: Probe, seen: list[str]) -> None:
        """Sends the requests of a probe, and puts what came of each into ``seen``."""
        steps: Steps = probe.steps(self.subject)
        answer: ProbeAnswer | None = None
        while True:
            try:
                ask = next(steps) if answer is None else steps.send(answer)
            except StopIteration:
                return
            self.pace.keep(ask.wait)
            exchange = self.transport.send(ask)
            self.writer.add(exchange)
            answer = answer_of(exchange)
            seen.append(" ".join(filter(None, (str(answer.status or ""), exchange.failure))))
            require_no_limit(answer)


def reason_to_leave_out(
    probe: Probe, *, grant: str, flags: frozenset[ProbeFlag], needs: frozenset[ProbeNeed]
) -> str | None:
    """Why a probe is not asked; None if it is."""
    if grant not in probe.grants:
        return f"only with --grant {' or '.join(sorted(probe.grants))}"
    unset = sorted(probe.flags - flags)
    if unset:
        return f"only with {' and '.join(f'--{each}' for each in unset)}"
    missing = [each for each in probe.needs if each not in needs]
    return f"needs {' and '.join(missing)}" if missing else None


def answer_of(exchange: RecordedExchange) -> ProbeAnswer:
    """What a probe reads of an exchange."""
    response = exchange.response
    if response is None:
        return ProbeAnswer()
    return ProbeAnswer(
        status=response.status, headers=response.headers, body=response.body.data or b""
    )


def require_no_limit(answer: ProbeAnswer) -> None:
    """Raises :class:`RunStopped` if the platform wants no more requests, or has locked somebody."""
    if answer.status == _TOO_MANY:
        after = answer.find_header("Retry-After")
        told = f"; Retry-After says {readable(after, 40)}" if after else ""
        raise RunStopped(f"the platform wants fewer requests (429{told}); go on later")
    if answer.status == _LOCKED:
        raise RunStopped("something is locked (423): look at the account before the next run")
    if answer.status >= _FIRST_REFUSAL:
        words = answer.body[:_LONGEST_WORDS].decode("utf-8", "replace")
        if _LOCKED_WORDS.search(words):
            raise RunStopped(
                "the refusal says that something is locked: look at the account before the next run"
            )
