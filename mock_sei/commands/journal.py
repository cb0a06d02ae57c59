"""``mock-sei journal``: prints the entries of a running server, as readable lines or as a file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mock_sei.errors import MockSeiError, UnknownAccount, UnknownCertificate, one_line
from mock_sei.journal.curl import CurlLines
from mock_sei.journal.entries import Entry
from mock_sei.journal.surroundings import ClientFiles, Surroundings, downloaded
from mock_sei.journal.targets import Origins
from mock_sei.matching.parts import PARTS
from mock_sei.operations.certificates import ShowIdentity
from mock_sei.operations.journal import SearchJournal
from mock_sei.operations.journal_files import DownloadHar, DownloadTest
from mock_sei.operations.server import DownloadCa, ShowConnection
from mock_sei.testing.remote import Remote

PAUSE = 0.3
"""Seconds between two requests for new entries with ``--follow``."""


FILES: Mapping[str, type[DownloadHar | DownloadTest]] = {"har": DownloadHar, "pytest": DownloadTest}
"""Forms that are written as a whole."""


def texts(
    remote: Remote,
    wanted: Mapping[str, Any],
    *,
    form: str | None,
    follow: bool,
    checks: bool = False,
) -> Iterator[str]:
    """The entries that match ``wanted``, as readable lines, or in a form of ``--as``.

    With ``follow``, it waits for further entries until it is interrupted. With ``checks``, a second
    line shows the way of each entry through the checks. Raises
    :class:`~mock_sei.errors.MockSeiError`, also for a form that has no such lines, or that cannot
    be followed.
    """
    if checks and form is not None:
        raise MockSeiError(f"--checks goes with readable lines: --as {form} has no place for them")
    if form is None or form not in FILES:
        curl = CurlLines(surroundings(remote)) if form == "curl" else None
        shown = line_and_way if checks else line
        yield from lines(remote, wanted, follow=follow, curl=curl, shown=shown)
        return
    if follow:
        raise MockSeiError(
            f"--follow goes with lines: --as {form} writes a whole document, which has an end"
        )
    given: dict[str, Any] = {
        name: json.dumps(value) if name in PARTS and value is not None else value
        for name, value in wanted.items()
    }
    yield "".join(remote.perform(FILES[form](**given)).pieces).removesuffix("\n")


def lines(
    remote: Remote,
    wanted: Mapping[str, Any],
    *,
    follow: bool,
    curl: CurlLines | None = None,
    shown: Callable[[Entry], str] | None = None,
) -> Iterator[str]:
    """A line for each entry, or with ``curl`` the lines that repeat it."""
    after = 0
    while True:
        found = remote.perform(SearchJournal(**wanted, after=after))
        if found.last < after:  # the journal was reset or cleared, so its numbers begin again
            after = 0
            yield "# the journal was cleared" if curl else "-- the journal was cleared --"
            continue
        entries = (entry for _, entry in found.entries)
        yield from map(shown or line, entries) if curl is None else curl.write(entries)
        after = found.last
        if not follow:
            return
        time.sleep(PAUSE)


def surroundings(remote: Remote) -> Surroundings:
    """Where the lines are run: on the server's machine its own files are there, elsewhere they are
    downloaded first.
    """
    details = remote.perform(ShowConnection(limit=1))
    origins = Origins(one_way=details["url"], two_way=details["two_way_url"])

    def current(username: str) -> int | None:
        try:
            return remote.perform(ShowIdentity(username=username)).serial_number
        except (UnknownAccount, UnknownCertificate):
            return None

    elsewhere = replace(downloaded(origins, remote.api.url, current), has_command=True)
    ca_file = Path(details["ca_file"])
    if not _is_same(ca_file, remote.perform(DownloadCa()).content):
        return elsewhere
    certs = Path(details["certs_dir"])

    def find_files(username: str) -> ClientFiles | None:
        cert, key = (certs / username / name for name in ("certificate.crt", "privatekey.key"))
        serial_number = current(username)
        if serial_number is None or not (cert.is_file() and key.is_file()):
            return elsewhere.find_files(username)
        return ClientFiles(cert=str(cert), key=str(key), serial_number=serial_number)

    return replace(elsewhere, ca_file=str(ca_file), downloads=(), find_files=find_files)


def _is_same(file: Path, content: bytes) -> bool:
    """True if this machine has the server's file: the same path elsewhere is another file."""
    try:
        return file.read_bytes() == content
    except (OSError, ValueError):
        return False


def line(entry: Entry) -> str:
    """One entry as a readable line. A refused request is shown with the reason."""
    return one_line(f"{entry.time:%H:%M:%S.%f}"[:-3] + f" {entry}")


MARKS: Mapping[str, str] = {"passed": "✓", "refused": "✗", "not reached": "○"}


def line_and_way(entry: Entry) -> str:
    """One entry as a readable line, and below it its way through the checks."""
    way = "  ".join(f"{MARKS[each.result]} {each.check}" for each in entry.checks)
    alert = f"  (TLS alert {entry.alert})" if entry.alert else ""
    return f"{line(entry)}\n    {one_line(way + alert)}"
