"""One worker of ``mock-sei serve --workers``, started by :mod:`mock_sei.commands.workers`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from mock_sei.commands.collector import kept
from mock_sei.commands.serve import open_output, prepare_worker, serve
from mock_sei.commands.workers import READY
from mock_sei.errors import MockSeiError
from mock_sei.rules.standards import Listener
from mock_sei.settings import Settings

STDIN = 0


def main() -> None:
    """Serves on the sockets that the parent passes, until the parent ends."""
    orders = json.loads(_first_line())
    settings = Settings.model_validate(orders["settings"])
    report_to: int = orders["report_to"]
    sockets = {
        Listener(name): [socket.socket(fileno=each) for each in numbers]
        for name, numbers in orders["sockets"].items()
    }
    open_output(settings.log_format)
    try:
        with kept():
            launched = prepare_worker(settings, sockets, Path(orders["metrics"]))
        launched.platform.pid = orders["pid"]
        serve(
            launched,
            lambda: _report(report_to, READY),
            until=_until_parent_ends,
            ending=(signal.SIGTERM,),  # the parent passes on what a terminal sends to all
        )
    except MockSeiError as error:
        _report(report_to, str(error))  # the parent writes it to the log
        sys.exit(2)


def _first_line() -> bytes:
    """What the parent wrote. It is read without a buffer, which a thread would hold at the end."""
    read = bytearray()
    while not read.endswith(b"\n"):
        piece = os.read(STDIN, 65536)
        if not piece:
            sys.exit(0)  # the parent has ended
        read += piece
    return bytes(read)


def _report(report_to: int, text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent was killed, so this process ends too
        os.write(report_to, f"{' '.join(text.splitlines())}\n".encode())


def _until_parent_ends(end: Callable[[], None]) -> None:
    """Ends the server when the standard input ends: the parent holds its other side."""

    def wait() -> None:
        while os.read(STDIN, 1024):
            pass
        end()

    threading.Thread(target=wait, name="mock-sei-parent", daemon=True).start()


if __name__ == "__main__":
    main()
