"""``mock-sei serve`` that lacks each file once: after it is ready, the first open of a file fails.

The first argument has parts of the paths of these files, separated by commas; with an empty one
each file is lacked. The paths that could not be opened are written to ``failed.txt``.
"""

from __future__ import annotations

import atexit
import errno
import os
import sys
from pathlib import Path

from mock_sei.cli import main

FAILED = Path("failed.txt").absolute()
_NO_MORE = os.strerror(errno.EMFILE)
_OPENING = ("open", "os.listdir", "os.scandir")


class Scarcity:
    """A hook of the interpreter (PEP 578) that lets the first open of each file fail."""

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._is_ready = False
        self._failed: dict[str, None] = {}

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event == "os.rename" and str(args[1]).endswith("ready.json"):
            self._is_ready = True
        elif not self._is_ready:
            return
        elif event in _OPENING and isinstance(args[0], str | bytes | os.PathLike):
            path = os.fsdecode(args[0])
            if self._is_first(path):
                raise OSError(errno.EMFILE, _NO_MORE, path)
        elif event == "import" and args[1] is not None and self._is_first(str(args[1])):
            # The system's loader opens an extension module; its error has no number.
            raise ImportError(f"{args[1]}: cannot open shared object file: {_NO_MORE}")

    def _is_first(self, path: str) -> bool:
        if path in self._failed or path.endswith("identity.pem"):  # a file for OpenSSL
            return False
        plain = path.replace("__pycache__/", "")
        if not any(each in plain for each in self._parts):
            return False
        self._failed[path] = None
        return True

    def write(self) -> None:
        self._is_ready = False
        FAILED.write_text("\n".join(self._failed).replace("__pycache__/", ""))


if __name__ == "__main__":
    scarcity = Scarcity(sys.argv.pop(1).split(","))
    atexit.register(scarcity.write)
    sys.addaudithook(scarcity)
    main()
