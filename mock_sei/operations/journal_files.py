"""The journal as files: a HAR document, lines for a shell, a test for pytest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mock_sei import __version__
from mock_sei.errors import UnknownAccount, UnknownCertificate
from mock_sei.journal.as_pytest import test_module
from mock_sei.journal.curl import CurlLines
from mock_sei.journal.entries import Entry
from mock_sei.journal.fixture_variables import KnownApplications
from mock_sei.journal.har import PIECE, har_pieces
from mock_sei.journal.surroundings import downloaded
from mock_sei.journal.targets import Origins
from mock_sei.operations.certificates import ShowIdentity
from mock_sei.operations.journal import WantedInQuery
from mock_sei.operations.requests import Fields, Place, Request
from mock_sei.rules.addresses import Addresses

if TYPE_CHECKING:
    from mock_sei.platform import Platform


class JournalFile(Fields):
    """Entries of the journal, written as a file."""

    name: str
    """Its ending says what it holds."""
    pieces: Iterable[str]
    """Its text. It is made while it is read."""


class EntriesOfFile(WantedInQuery):
    """Which entries are written into a file."""

    after: Annotated[int, Field(examples=[0])] = 0
    """Only entries with a higher number are written."""
    limit: Annotated[int | None, Field(ge=1, examples=[100])] = None
    """How many entries are written at most: the newest ones."""
    host: Annotated[str | None, Place.HOST] = None
    """The name by which the caller reaches this machine."""

    def entries(self, platform: Platform) -> list[Entry]:
        """The entries, oldest first. Raises :class:`~mock_sei.errors.UnknownApplication`."""
        told = self.find(platform, after=self.after, limit=self.limit)
        return [entry for _, entry in told.entries]

    def addresses(self, platform: Platform) -> Addresses:
        """The addresses of the listeners, as the caller reaches them."""
        return platform.addresses.seen_by(self.host)


class DownloadHar(EntriesOfFile, Request[JournalFile]):
    """The exchanges as a HAR 1.2 document, oldest first, with secrets hidden.

    A failed handshake has no request, so it is left out; the comment of the log says how many were.
    """

    knows_its_query = True

    def perform(self, platform: Platform) -> JournalFile:
        origins = origins_of(self.addresses(platform))
        pieces = har_pieces(self.entries(platform), origins, version=__version__)
        return JournalFile(name="journal.har", pieces=pieces)


class DownloadCurl(EntriesOfFile, Request[JournalFile]):
    """The exchanges as lines for a shell, oldest first: each repeats its request with curl.

    A secret is a variable; comments say how to set each. The first line downloads the CA and the
    client certificates.
    """

    knows_its_query = True

    def perform(self, platform: Platform) -> JournalFile:
        lines = curl_lines(self.entries(platform), platform, self.addresses(platform))
        return JournalFile(name="journal.sh", pieces=in_pieces(lines))


class DownloadTest(EntriesOfFile, Request[JournalFile]):
    """The exchanges as a module for pytest: one test that makes the same calls, in their order.

    It uses the ``mock_sei`` fixture, which has the secrets. A call whose secrets no fixture has is
    left out, and a comment says so.
    """

    knows_its_query = True

    def perform(self, platform: Platform) -> JournalFile:
        lines = lines_of_test(self.entries(platform), platform)
        return JournalFile(name="test_journal.py", pieces=in_pieces(lines))


def curl_lines(entries: Iterable[Entry], platform: Platform, addresses: Addresses) -> list[str]:
    """The lines for a shell that repeat entries, with the addresses as the caller reaches them."""

    def current(username: str) -> int | None:
        return serial_number_of(username, platform)

    return CurlLines(downloaded(origins_of(addresses), addresses.control, current)).write(entries)


def lines_of_test(entries: Iterable[Entry], platform: Platform) -> list[str]:
    """The lines of a module for pytest that makes the calls of entries."""
    seeded, registry = platform.fixtures.registry, platform.state.registry
    known = KnownApplications(
        find_application=registry.find_named,
        is_seeded=lambda each: seeded.find_application(each.name) is not None,
    )
    return test_module(entries, known)


def origins_of(addresses: Addresses) -> Origins:
    return Origins(one_way=addresses.one_way, two_way=addresses.two_way)


def serial_number_of(username: str, platform: Platform) -> int | None:
    """The number of the certificate that the platform gives out for an account.

    None if there is no such account, or if only the client has the private key.
    """
    try:
        return ShowIdentity(username=username).perform(platform).serial_number
    except (UnknownAccount, UnknownCertificate):
        return None


def in_pieces(lines: Iterable[str]) -> Iterator[str]:
    """Lines in pieces of about :data:`PIECE`."""
    piece = ""
    for each in lines:
        piece += f"{each}\n"
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    yield piece
