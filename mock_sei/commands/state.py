"""``mock-sei state``: shows, copies and empties a state that lasts, without a server."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mock_sei.errors import ConfigurationError
from mock_sei.state.archive import Description, StateFile, import_state
from mock_sei.state.opening import require_redis
from mock_sei.state.urls import RedisAddress, StateUrl, read_state_url

if TYPE_CHECKING:
    from mock_sei.state.redis_archive import RedisArchive

STANDARD = "-"
"""In place of a file: standard input or output."""


class Archive(Protocol):
    """A state that the commands look into."""

    def describe(self) -> Description:
        """What the state has."""

    def export(self) -> Iterator[str]:
        """The lines of an export."""

    def clear(self) -> None:
        """Removes everything, unless a server uses the state."""

    def close(self) -> None:
        """Lets go of the state."""


def require_url(url: str) -> StateUrl:
    """The place of a state that lasts. Raises :class:`ConfigurationError`."""
    found = read_state_url(url, source="URL")
    if found.is_memory:
        raise ConfigurationError(
            "the state in the memory of a server ends with it; name the file of a state, such as "
            "sqlite:state.db",
            source="URL",
            value=url,
        )
    return found


def open_archive(url: StateUrl) -> Archive:
    """A state that is there. Raises :class:`ConfigurationError`."""
    if url.redis is not None:
        return _open_redis(url.redis)
    return StateFile(_require_path(url))


def _open_redis(address: RedisAddress) -> RedisArchive:
    require_redis()
    from mock_sei.state.redis_archive import RedisArchive  # it needs an extra

    return RedisArchive(address)


def _require_path(url: StateUrl) -> Path:
    if url.path is None:
        raise RuntimeError("no file")
    return url.path


def describe(url: str, *, as_json: bool) -> Iterator[str]:
    """The lines that show what is in a state. Raises :class:`ConfigurationError`."""
    named = require_url(url)
    with closing(open_archive(named)) as archive:
        found = archive.describe()
    if as_json:
        told = {"url": str(named), **asdict(found)}
        yield json.dumps(told, indent=2, ensure_ascii=False)
    else:
        yield from _lines(str(named), found)


_IN_USE = {True: "yes", False: "no", None: "unknown"}


def _lines(url: str, found: Description) -> Iterator[str]:
    configuration = found.configuration
    if configuration is not None and not isinstance(configuration, str):
        configuration = json.dumps(configuration, ensure_ascii=False)
    facts = {
        "state": url,
        "version": f"{found.version or 'unknown'}, format {found.format}",
        "size": f"{found.size} bytes",
        "epoch": found.epoch,
        "in use by a server": _IN_USE[found.in_use],
        "configuration": configuration or "unknown",
        "journal entries": found.journal,
        "records": sum(found.records.values()),
    }
    yield from (f"{name}: {value}" for name, value in facts.items())
    yield from (f"{count:>8}  {area}" for area, count in found.records.items())


def export(url: str, out: str) -> None:
    """Writes the state into a file that only its owner can read, or to standard output.

    Raises :class:`ConfigurationError`; then the file is as it was.
    """
    named = require_url(url)
    with closing(open_archive(named)) as archive:
        if out == STANDARD:
            _print(archive.export())
            return
        target, path = Path(out), named.path
        if path is not None and target.exists() and path.exists() and target.samefile(path):
            raise ConfigurationError("this file is the state itself", source=target)
        with _saying_why(target):
            _write(archive.export(), target)


def _print(lines: Iterable[str]) -> None:
    try:
        sys.stdout.writelines(lines)
        sys.stdout.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has enough
            raise
        _discard_output()
        problem = f"cannot be written: {error.strerror or error}"
        raise ConfigurationError(problem, source="standard output") from None


def _discard_output() -> None:
    """What is left in the buffer would fail once more at the end of the process."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def _write(lines: Iterable[str], target: Path) -> None:
    """Writes a file under another name first, so that it is never there in part."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}.export")
    number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "w", encoding="ascii", newline="\n") as text:
            text.writelines(lines)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _saying_why(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"cannot be written: {error.strerror or error}"
        raise ConfigurationError(problem, source=target) from None


def take_over(url: str, source: str, *, replace: bool) -> None:
    """Makes a state of an export. Raises :class:`ConfigurationError`; then nothing has changed."""
    named = require_url(url)
    with closing(_lines_of(source)) as lines:
        if named.redis is None:
            import_state(_require_path(named), lines, _named(source), replace=replace)
            return
        with closing(_open_redis(named.redis)) as archive:
            archive.take_over(lines, _named(source), replace=replace)


def _named(source: str) -> str:
    return "standard input" if source == STANDARD else source


def _lines_of(source: str) -> Generator[str, None, None]:
    """The lines of a file or of standard input. Raises :class:`ConfigurationError`."""
    try:
        if source == STANDARD:
            yield from sys.stdin
        else:
            with Path(source).open(encoding="utf-8") as text:
                yield from text
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise ConfigurationError(problem, source=_named(source)) from None
    except UnicodeDecodeError:
        problem = "no export of a state: it is no text in UTF-8"
        raise ConfigurationError(problem, source=_named(source)) from None


def clear(url: str) -> None:
    """Removes everything from a state. Raises :class:`ConfigurationError`."""
    with closing(open_archive(require_url(url))) as archive:
        archive.clear()
