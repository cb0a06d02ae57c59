"""``mock-sei serve``: runs a platform in this process until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

import click

from mock_sei.certificates.store import write_whole
from mock_sei.commands.signals import end_once
from mock_sei.commands.workers import supervise
from mock_sei.errors import ConfigurationError
from mock_sei.journal.entries import LOG_SHOWN, Entry
from mock_sei.platform import Platform
from mock_sei.rules.addresses import HOME
from mock_sei.runtime.launch import Launch, Sockets, launch
from mock_sei.runtime.loops import new_event_loop
from mock_sei.runtime.metrics import make_metrics
from mock_sei.settings import Settings
from mock_sei.web.example_calls import curl_lines, files_here, files_to_fetch, is_in_image
from mock_sei.web.exhausted import KINDS, find_exhaustion

logger = logging.getLogger("mock_sei")

_FILES_NEEDED = 20
"""Files open at the same time: sockets, the event loop's own files, certificates being written."""

_TIDY_EVERY = 1.0


def prepare(settings: Settings) -> Launch:
    """Prepares the server without starting it. Raises :class:`ConfigurationError`."""
    open_output(settings.log_format)
    with _naming_what_is_used_up():
        _require_files()
    if settings.ready_file is not None:
        try:
            settings.ready_file.unlink(missing_ok=True)  # left by an earlier server
        except OSError as error:
            problem = f"cannot be written: {error.strerror}"
            raise ConfigurationError(problem, source=settings.ready_file) from None
        if not settings.ready_file.absolute().parent.is_dir():
            raise ConfigurationError("its folder does not exist", source=settings.ready_file)
    launched = launch(settings)
    if settings.workers == 1:
        _observe(launched.platform, None)
    return launched


def prepare_worker(settings: Settings, sockets: Sockets, metrics: Path | None) -> Launch:
    """As :func:`prepare`, for a worker whose parent has bound the sockets. ``metrics`` is the
    folder in which all workers count."""
    with _naming_what_is_used_up():
        _require_files()
    launched = launch(settings, sockets)
    _observe(launched.platform, metrics)
    return launched


def _observe(platform: Platform, folder: Path | None) -> None:
    """Begins to count what the server does, with the extra ``metrics``."""
    observer = platform.observer = make_metrics(folder)
    if observer is not None:
        platform.units.observe(observer)


def open_output(log_format: str) -> None:
    """Opens the standard streams and the log."""
    _open_standard_streams()
    _configure_log(log_format)


def log_error(message: str) -> None:
    """Writes a line to the log about the error that ends the server."""
    logger.error(message)


def run(launched: Launch, settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises :class:`ConfigurationError` if a file that it announces cannot be written.
    """
    try:
        if settings.workers > 1:
            launched.platform.units.close()  # the workers have their own
            supervise(settings, launched.server, lambda: announce(launched.platform, settings))
        else:
            serve(launched, lambda: announce(launched.platform, settings))
    finally:
        if settings.ready_file is not None:
            with contextlib.suppress(OSError):  # the next start removes the file
                settings.ready_file.unlink(missing_ok=True)
        _discard_what_cannot_be_written()


def serve(
    launched: Launch,
    ready: Callable[[], None],
    *,
    until: Callable[[Callable[[], None]], None] = lambda _: None,
    ending: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM),
) -> None:
    """Serves in this process until one of the signals ``ending``. Then what is in progress may
    end, for a few seconds; a second signal ends at once.

    ``ready`` is called when everything answers. ``until`` gets a function that ends the server,
    which any thread may call.
    """
    try:
        with (
            _naming_what_is_used_up(),
            asyncio.Runner(loop_factory=new_event_loop) as runner,
        ):
            runner.run(_serve(launched, ready, until, ending))
    finally:
        launched.platform.units.close()  # it may wait for a network, so not on the event loop


async def _serve(
    launched: Launch,
    ready: Callable[[], None],
    until: Callable[[Callable[[], None]], None],
    ending: Sequence[signal.Signals],
) -> None:
    stop: asyncio.Event = asyncio.Event()
    at_once = asyncio.Event()
    stopping = threading.Event()
    loop = asyncio.get_running_loop()
    prepared_or_stopped = asyncio.Event()

    def end() -> None:
        stopping.set()
        stop.set()
        prepared_or_stopped.set()

    # Not the event loop's signal handlers: they end with the loop, and a second signal would kill.
    end_soon = functools.partial(_soon, loop, end)
    end_once(end_soon, functools.partial(_soon, loop, at_once.set), ending=ending)
    until(end_soon)
    readiness = launched.platform.readiness
    readiness.load()
    await launched.server.start()
    try:
        # An RSA key takes up to 110 ms, so keys are created while the listeners already answer.
        preparing = _in_thread(
            functools.partial(prepare_answers, launched.platform, stopping.is_set)
        )
        preparing.add_done_callback(lambda _: prepared_or_stopped.set())
        await prepared_or_stopped.wait()
        if not stop.is_set():
            await preparing
            readiness.take_requests()
            ready()
            tidying = asyncio.ensure_future(tidy_after_resets(launched.platform))
            await stop.wait()
            tidying.cancel()
            await launched.server.drain(at_once)
        with contextlib.suppress(ConfigurationError):  # the server stops anyway
            await preparing
    finally:
        await launched.server.stop()


async def tidy_after_resets(platform: Platform) -> None:
    """Returns memory to the system about a second after each reset."""
    state = platform.state
    while True:
        await asyncio.sleep(_TIDY_EVERY)
        if platform.state is not state:
            state = platform.state
            gc.collect()
            _trim()


def _trim() -> None:
    """Returns freed memory to the system. glibc keeps it otherwise if memory above it is in use."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _open_standard_streams() -> None:
    """Opens standard streams that the user closed; otherwise a socket would get their number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one


def _require_files() -> None:
    """Raises ``OSError`` if too few files can be opened. uvloop would end the process silently."""
    with contextlib.ExitStack() as opened:
        for _ in range(_FILES_NEEDED):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))


@contextlib.contextmanager
def _naming_what_is_used_up() -> Iterator[None]:
    """Raises :class:`ConfigurationError` if the machine has no more memory, files or threads."""
    try:
        yield
    except KINDS as error:
        missing = find_exhaustion(error)
        if missing is None or isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(missing, source="cannot serve") from None


def _soon(loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: the server has already ended
        loop.call_soon_threadsafe(act)


def _in_thread(work: Callable[[], None]) -> asyncio.Future[None]:
    """Runs ``work`` in a thread. The loop's own pool is not used: its end needs another thread."""
    pool = ThreadPoolExecutor(1)
    working = asyncio.get_running_loop().run_in_executor(pool, work)
    pool.shutdown(wait=False)
    return working


def prepare_answers(platform: Platform, is_stopping: Callable[[], bool]) -> None:
    """Creates the certificates of the accounts: of all that answers need, this takes longest.

    What only some calls need is imported and read by the first call of its kind: most servers get
    few kinds of calls, and are ready sooner and smaller without the rest. Raises
    :class:`ConfigurationError`.
    """
    platform.seed_identities(until=is_stopping)
    if platform.recordings is not None and not is_stopping():
        platform.recordings.calls.load()


def announce(platform: Platform, settings: Settings) -> None:
    """Prints the addresses and writes the ready file. Raises :class:`ConfigurationError`."""
    try:
        text = announcement(platform, in_image=is_in_image())
        if is_in_image() and settings.log_format == "json":  # both outputs go into one log
            logger.info(text)
        else:
            click.echo(text)
        if sys.stdout is not None:  # it is None if the user closed it
            sys.stdout.flush()
    except OSError as error:  # the server works without this output
        logger.warning("the addresses cannot be printed: %s", error.strerror or error)
    if settings.ready_file is not None:
        write_whole(settings.ready_file, json.dumps(_ready(platform), indent=2).encode())


def _discard_what_cannot_be_written() -> None:
    """Drops buffered output that cannot be written; with it, Python would exit with status 120."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _ready(platform: Platform) -> dict[str, object]:
    return {
        "url": platform.addresses.one_way,
        "two_way_url": platform.addresses.two_way,
        "control_url": platform.addresses.control,
        "ca_file": str(platform.store.ca_file),
        "certs_dir": str(platform.store.folder),
        "pid": os.getpid(),
    }


def announcement(platform: Platform, *, in_image: bool = False) -> str:
    """The text that the server prints at its start: addresses, files, and command lines to copy.

    In a container the lines are for the host: they get the files from the control listener.
    """
    addresses = platform.addresses
    files = files_to_fetch(addresses) if in_image else files_here(platform.store)
    lines = [
        "mock-sei: the SEI API Platform in a box. For tests only: it prints its secrets.",
        "",
        f"  one-way TLS   {addresses.one_way}",
        f"  two-way TLS   {addresses.two_way}",
        f"  portal        {addresses.one_way}{HOME}  (for a browser)",
        f"  control API   {addresses.control}  (reference at /docs)",
        f"  CA to trust   {files.ca}",
        f"  certificates  {files.certificates}",
    ]
    if platform.recordings is not None:
        found = platform.recordings
        counted = f"{found.replayed} of {found.total} exchanges are replayed"
        lines.append(f"  recordings    {found.source}  ({counted})")
    examples = curl_lines(platform, files, addresses)
    if examples:
        lines += ["", files.introduction, "", *examples]
    return "\n".join(lines)


class _Lossy(logging.StreamHandler[TextIO]):
    """Drops a line that cannot be written, so that a full disk does not fail a call."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # its base's name
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class _Lines(logging.Formatter):
    """One readable line for each record. Times are those of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self._second = -1
        self._stamp = ""

    def format(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second:  # once per second, because formatting takes time
            self._stamp = time.strftime("%H:%M:%S", time.localtime(second))
            self._second = second
        line = f"{self._stamp} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonLines(logging.Formatter):
    """One JSON object for each record. An exchange has the fields of its journal entry."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "level": record.levelname.lower(),
            "logged_at": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if isinstance(record.msg, Entry):
            return json.dumps(fields | record.msg.to_json(LOG_SHOWN))
        fields["message"] = record.getMessage()
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields)


def _configure_log(form: str) -> None:
    # These are never shown, but would be looked up for each line (logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  # recommended by the HOWTO; all lines are logged at one place
    handler = _Lossy(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _Lines())
    ours = logging.getLogger("mock_sei")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    # Messages of libraries and of Python are written to this log too, in its format.
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    sys.excepthook = _log_failure
    threading.excepthook = lambda failed: _log_failure(
        failed.exc_type, failed.exc_value, failed.exc_traceback
    )
    sys.unraisablehook = lambda failed: _log_failure(
        failed.exc_type, failed.exc_value, failed.exc_traceback
    )


def _log_failure(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Logs an exception that was not caught."""
    logger.error("mock-sei failed", exc_info=(kind, error or kind(), trace))
