"""The metrics of ``mock-sei serve`` for Prometheus, with the extra ``metrics``.

Every label has few values, all known beforehand: from the tables of this package, or from the paths
of its API documents. Nothing that a client sends becomes one. The registry is the server's own. The
workers of a server write into files of one folder, so that each of them gives the sum of all.

Source of the names: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mock_sei import __version__
from mock_sei.errors import STORE_AWAY
from mock_sei.journal.entries import Entry
from mock_sei.journal.observing import Observer
from mock_sei.oauth.metadata import (
    AUTHORIZE_PATH,
    JWKS_PATH,
    LOGIN_PATH,
    METADATA_PATH,
    REVOKE_PATH,
    TOKEN_INFO_PATH,
    TOKEN_PATHS,
)
from mock_sei.rules import checks
from mock_sei.rules.addresses import is_of_portal
from mock_sei.rules.standards import Listener

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder of several processes; the library reads it at its import."""
_OPENMETRICS = "application/openmetrics-text"
OTHER = "other"
"""The label of everything that is in no table."""

_ENDPOINTS: Mapping[str, str] = {
    **dict.fromkeys(TOKEN_PATHS, "token"),
    REVOKE_PATH: "revoke",
    TOKEN_INFO_PATH: "token information",
    AUTHORIZE_PATH: "authorize",
    LOGIN_PATH: "log-in",
    METADATA_PATH: "metadata",
    JWKS_PATH: "jwks",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_COURSES = (
    *(checks.EVERY_CALL, checks.FUNCTIONAL, checks.TOKEN_INFORMATION, checks.TOKEN, checks.REVOKE),
    *(checks.LOG_IN, checks.PORTAL, checks.LINK, *checks.TOKENS.values()),
)
_CHECKS = frozenset(name for each in _COURSES for name in (*each.order, *each.others))
_GRANTS = {id(course): str(grant) for grant, course in checks.TOKENS.items()}
"""By the course's identity: two grants may have the same checks."""
_ALERTS = frozenset(
    each.name.removeprefix("ALERT_DESCRIPTION_").lower() for each in ssl.AlertDescription
) | {"no_application_protocol", "certificate_required", "missing_extension"}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def make_metrics(folder: Path | None = None) -> Observer | None:
    """The metrics of a server that begins; None without the extra.

    ``folder`` is that of its workers. The process must be the server's own: the library keeps for
    good whether it writes files.
    """
    if folder is None:
        os.environ.pop(FOLDER, None)  # that of another program in this environment
    else:
        os.environ[FOLDER] = str(folder)
    try:
        import prometheus_client
    except ImportError:
        return None
    return _Metrics(prometheus_client, folder)


def forget_worker(folder: Path, pid: int) -> None:
    """What a dead worker had open does not count any more; what it counted stays.

    The library does the same in ``multiprocess.mark_process_dead``, and only in its own process.
    """
    for path in folder.glob(f"gauge_live*_{pid}.db"):
        path.unlink(missing_ok=True)


class _Metrics:
    def __init__(self, library: Any, folder: Path | None) -> None:
        from prometheus_client import exposition, multiprocess

        self._choose_encoder = exposition.choose_encoder
        own = self._own = library.CollectorRegistry()
        self._shown = own
        if folder is None:
            library.ProcessCollector(registry=own)
            library.PlatformCollector(registry=own)
            library.GCCollector(registry=own)
        else:
            self._shown = library.CollectorRegistry()
            collect: Any = multiprocess.MultiProcessCollector  # it has no types
            collect(self._shown, path=str(folder))

        def counter(name: str, text: str, *labels: str) -> Any:
            return library.Counter(f"mock_sei_{name}", text, labels, registry=own)

        def gauge(name: str, text: str, *labels: str, mode: str) -> Any:
            return library.Gauge(
                f"mock_sei_{name}", text, labels, registry=own, multiprocess_mode=mode
            )

        def histogram(name: str, text: str, *labels: str) -> Any:
            return library.Histogram(
                f"mock_sei_{name}", text, labels, registry=own, buckets=_SECONDS
            )

        self._requests = counter(
            "requests",
            "Requests that have ended.",
            *("listener", "method", "endpoint", "status"),
        )
        self._durations = histogram(
            "request_duration_seconds", "Seconds from request to answer.", "listener", "endpoint"
        )
        self._grants = counter("token_requests", "Token requests.", "grant", "status")
        self._refusals = counter(
            "refusals", "Refused requests, by check and public code.", "listener", "check", "code"
        )
        self._handshakes = counter("handshakes", "TLS handshakes.", "listener", "result")
        self._alerts = counter(
            "handshake_refusals",
            "Refused handshakes, by check, TLS alert and its sender.",
            *("listener", "check", "alert", "sender"),
        )
        self._open = gauge("open_connections", "Open connections.", "listener", mode="livesum")
        self._entries = counter("journal_entries", "Entries made for the journal.", "kind")
        self._up = gauge("state_up", "1 if the state can be reached, 0 if not.", mode="livemin")
        self._trips = histogram("state_round_trip_seconds", "Seconds of one call of the store.")
        self._retries = counter("state_retries", "Work on the store that was done once more.")
        self._away = counter("state_unavailable", "Requests refused as the state was away.")
        gauge("build_info", "The version of mock-sei.", "version", mode="max").labels(
            __version__
        ).set(1)
        self._children: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._exchanges = self._entries.labels("exchange")
        self._up.set(1)
        for each in Listener:
            self._open.labels(each)

    def _child(self, metric: Any, *labels: str) -> Any:
        """The part of a metric with these labels, kept: the library takes long to find it. There
        are as few as labels."""
        place = (metric, labels)
        found = self._children.get(place)
        if found is None:
            found = self._children[place] = metric.labels(*labels)
        return found

    def exchange(self, entry: Entry, *, endpoint: str | None, code: str | None) -> None:
        request, response = entry.request, entry.response
        if request is None or response is None:
            return
        path = request.path
        name = endpoint or _ENDPOINTS.get(path)
        if name is None:
            name = "portal" if is_of_portal(path) else OTHER
        method = request.method if request.method in _METHODS else OTHER
        status = _class_of(response.status)
        listener = entry.connection.listener
        self._exchanges.inc()
        self._child(self._requests, listener, method, name, status).inc()
        if entry.duration_ms is not None:
            self._child(self._durations, listener, name).observe(entry.duration_ms / 1000)
        grant = _GRANTS.get(id(entry.findings.course))
        if grant is not None or name == "token":
            self._child(self._grants, grant or OTHER, status).inc()
        if entry.refused_by is not None:
            self._child(self._refusals, listener, _check_of(entry), code or OTHER).inc()
            if code == STORE_AWAY.code and entry.refused_by == "state":
                self._away.inc()

    def control_call(self, *, method: str, endpoint: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else OTHER
        self._child(self._requests, Listener.CONTROL, method, endpoint, _class_of(status)).inc()
        self._child(self._durations, Listener.CONTROL, endpoint).observe(seconds)

    def handshake_refused(self, entry: Entry) -> None:
        listener = entry.connection.listener
        alert, _, sender = (entry.alert or "none").partition(", sent by the ")
        alert = alert if alert in _ALERTS or alert == "none" else OTHER
        sender = sender if sender in ("client", "server") else "none"
        self._entries.labels("handshake").inc()
        self._handshakes.labels(listener, "refused").inc()
        self._alerts.labels(listener, _check_of(entry), alert, sender).inc()

    def handshake_accepted(self, listener: Listener) -> None:
        self._child(self._handshakes, listener, "accepted").inc()

    def connections(self, listener: Listener, change: int) -> None:
        self._child(self._open, listener).inc(change)

    def round_trip(self, seconds: float) -> None:
        self._trips.observe(seconds)

    def retried(self) -> None:
        self._retries.inc()

    def store_is_up(self, *, up: bool) -> None:
        self._up.set(int(up))

    def expose(self, accepted: str) -> tuple[bytes, str]:
        kinds = {each.partition(";")[0].strip().lower() for each in accepted.split(",")}
        # Not as the client wrote it: the library repeats its version, and fails at a wrong one.
        write, media_type = self._choose_encoder(_OPENMETRICS if _OPENMETRICS in kinds else "")
        return write(self._shown), media_type


def _class_of(status: int) -> str:
    """``2xx`` and so on; ``none`` where no answer was sent, whose status is 0."""
    if not status:
        return "none"
    return f"{status // 100}xx" if 100 <= status < 600 else OTHER


def _check_of(entry: Entry) -> str:
    return entry.refused_by if entry.refused_by in _CHECKS else OTHER
