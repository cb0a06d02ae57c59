"""Where a client that repeats requests is run: which server it calls, and where its files are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mock_sei.journal.targets import Origins

FETCHED_CA = "ca.pem"


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that is downloaded before the lines are run."""

    file: str
    url: str


@dataclass(frozen=True, kw_only=True)
class ClientFiles:
    """The files of a client certificate, as a line names them."""

    cert: str
    key: str
    downloads: Sequence[Download] = ()
    serial_number: int | None = None
    """Of the certificate in the files; None if it is unknown."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the lines need besides the entries: where the server is, and where its files are."""

    origins: Origins
    control: str
    """The address of the control listener."""
    ca_file: str
    downloads: Sequence[Download] = ()
    find_files: Callable[[str], ClientFiles | None]
    """Returns the files of the current certificate of a service account; None if nobody here has
    its private key."""
    has_command: bool = True
    """True if the command ``mock-sei``, which gets tokens, is there."""


def downloaded(
    origins: Origins, control: str, current: Callable[[str], int | None]
) -> Surroundings:
    """Lines for a machine that has neither our files nor our commands.

    ``current`` returns the serial number of an account's current certificate, None if its private
    key cannot be downloaded.
    """

    def find_files(username: str) -> ClientFiles | None:
        serial_number = current(username)
        if serial_number is None:
            return None
        account = f"{control}/service-accounts/{username}"
        cert = Download(file=f"{username}.crt", url=f"{account}/certificate.crt")
        key = Download(file=f"{username}.key", url=f"{account}/privatekey.key")
        return ClientFiles(
            cert=cert.file, key=key.file, downloads=(cert, key), serial_number=serial_number
        )

    return Surroundings(
        origins=origins,
        control=control,
        ca_file=FETCHED_CA,
        downloads=[Download(file=FETCHED_CA, url=f"{control}/ca.pem")],
        find_files=find_files,
        has_command=False,
    )
