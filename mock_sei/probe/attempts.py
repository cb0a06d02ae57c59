"""How often a wrong password was sent: at most once a day for each account, over all runs.

The count is a file beside the recordings. It has names of accounts, and no secret.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from pathlib import Path

from mock_sei.errors import ConfigurationError

FILE_NAME = "wrong-passwords.json"
_LARGEST = 1024 * 1024
_KEPT_DAYS = 2
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class UnknownAttempts(Exception):
    """The file does not say how often a wrong password was sent. The text says why."""


class Attempts:
    """The wrong passwords that were sent."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE_NAME

    def take(self, what: str, host: str, account: str, today: dt.date) -> bool:
        """Notes that a wrong password will be sent now. False if one was sent today.

        Raises :class:`UnknownAttempts`, and :class:`ConfigurationError` if it cannot be noted:
        in both cases nothing may be sent.
        """
        entries = self._read()
        key = [what, host, account]
        # A day that is yet to come is that of a clock that was wrong: it counts as today.
        if any(each[:3] == key and each[3] >= today.isoformat() for each in entries):
            return False
        oldest = (today - dt.timedelta(days=_KEPT_DAYS)).isoformat()
        kept = [each for each in entries if each[3] >= oldest]
        self._write([*kept, [*key, today.isoformat()]])
        return True

    def _read(self) -> list[list[str]]:
        try:
            with self.file.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise UnknownAttempts(f"{self.file}: {error.strerror or error}") from None
        try:
            if len(content) > _LARGEST:
                raise ValueError
            entries = json.loads(content)["sent"]
            made = [
                [str(each[name]) for name in ("what", "host", "account", "day")] for each in entries
            ]
            for each in made:
                dt.date.fromisoformat(each[3])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise UnknownAttempts(
                f"{self.file} does not say when a wrong password was sent; delete it if none was "
                "sent today"
            ) from None
        return made

    def _write(self, entries: list[list[str]]) -> None:
        names = ("what", "host", "account", "day")
        content = {"sent": [dict(zip(names, each, strict=True)) for each in entries]}
        part = self.file.with_name(f".{self.file.name}.part")
        try:
            with os.fdopen(os.open(part, _NEW_FILE, 0o600), "w", encoding="utf-8") as out:
                json.dump(content, out, indent=1)
                out.write("\n")
                out.flush()
                os.fsync(out.fileno())
            part.replace(self.file)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise ConfigurationError(error.strerror or str(error), source=self.file) from None
