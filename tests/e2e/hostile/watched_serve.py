"""``mock-sei serve`` that notes which files it opens after a SIGUSR1, in ``opened.txt``.

It writes ``watching.txt`` when it begins to note them.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from mock_sei.cli import main

NOTED = Path("opened.txt").absolute()
BEGUN = Path("watching.txt").absolute()


class Watch:
    def __init__(self) -> None:
        self._begun = False
        self._opened: list[str] = []

    def begin(self, *_: object) -> None:
        BEGUN.touch()
        self._begun = True

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if self._begun and event == "open" and isinstance(args[0], str | bytes):
            self._opened.append(f"{os.fsdecode(args[0])} <- {' '.join(self._callers())}")

    def _callers(self) -> list[str]:
        """Where it was opened, nearest first."""
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  # there is no other way
        files = []
        while frame is not None:
            files.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
            frame = frame.f_back
        return files

    def write(self) -> None:
        self._begun = False
        NOTED.write_text("\n".join(self._opened))


if __name__ == "__main__":
    watch = Watch()
    atexit.register(watch.write)
    sys.addaudithook(watch)
    signal.signal(signal.SIGUSR1, watch.begin)
    main()
