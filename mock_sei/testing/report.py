"""What the report of a failing test says about the journal. Only a failure imports this module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mock_sei.errors import MockSeiError, one_line
from mock_sei.journal.curl import CurlLines
from mock_sei.journal.entries import Entry
from mock_sei.journal.surroundings import ClientFiles, Surroundings, downloaded
from mock_sei.journal.targets import Origins
from mock_sei.operations.journal import ReadJournal
from mock_sei.rules.records import Application
from mock_sei.testing.attached import Attached
from mock_sei.testing.workbench import Workbench

MOST = 10
"""The report has so many entries."""

_WHILE_IT_RUNS = "# The server ends with this test run. With --pdb, run the lines before that."


def tell_last_exchanges(workbench: Workbench, applications: Sequence[Application]) -> str:
    """The newest entries of the journal, oldest first, with curl lines that repeat them.

    Of a test that made ``applications`` only their entries. If the journal cannot be read, the text
    says why.
    """
    try:
        entries = _newest(workbench, applications)
        if not entries:
            return "the journal is empty: the server saw no request and no handshake"
        lines = CurlLines(_surroundings(workbench)).write(entries)
    except MockSeiError as error:
        return f"the journal cannot be read: {one_line(str(error))}"
    return "\n".join(lines if isinstance(workbench, Attached) else [_WHILE_IT_RUNS, *lines])


def _newest(workbench: Workbench, applications: Sequence[Application]) -> list[Entry]:
    if not applications:
        told = workbench.perform(ReadJournal(limit=MOST))
        return [entry for _, entry in told.entries]
    # Not by the name of each: the server may not know an application any more.
    every = workbench.journal.entries
    own = [each for each in every if any(map(each.concerns, applications))]
    return own[-MOST:]


def _surroundings(workbench: Workbench) -> Surroundings:
    """A server that runs elsewhere outlives our files, so lines for it download theirs."""

    def find_files(username: str) -> ClientFiles | None:
        try:
            found = workbench.certificate(username)
        except MockSeiError:  # no such account or key, or the files are gone
            return None
        return ClientFiles(
            cert=str(found.cert_file), key=str(found.key_file), serial_number=found.serial_number
        )

    def current(username: str) -> int | None:
        files = find_files(username)
        return None if files is None else files.serial_number

    origins = Origins(one_way=workbench.url, two_way=workbench.two_way_url)
    made = replace(downloaded(origins, workbench.control_url, current), has_command=True)
    if isinstance(workbench, Attached):
        return made
    return replace(made, ca_file=str(workbench.ca_file), downloads=(), find_files=find_files)
