"""The files of a certs folder that all servers of one platform have in common: its CA, its signing
key. This module knows their texts, not where the other servers keep them.

The certificates of the fixtures' accounts are among the records (``seeded.py``); the server's own
certificate is each server's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mock_sei.certificates.store import CertificateStore, complaining_of, locked, write_whole
from mock_sei.errors import ConfigurationError

_CA = "ca.pem"
_OF_CA = ("ca.key", "issuing-ca.key", "issuing-ca.pem", _CA)
"""In the order in which they are written: without the last one, a folder has no CA."""
SHARED = ("signing.key", *_OF_CA)


def make_shared(folder: Path) -> dict[str, str]:
    """The texts of the common files by name. What the folder lacks is made.

    Raises :class:`ConfigurationError` if the folder or a file cannot be used.
    """
    opened = CertificateStore(folder)
    pem = opened.authority.pem
    made = {
        "signing.key": opened.signing_key_pem,
        "ca.key": pem.root_key,
        "issuing-ca.key": pem.issuing_key,
        "issuing-ca.pem": pem.issuing,
        _CA: pem.root,
    }
    return {name: made[name].decode() for name in SHARED}


def write_shared(folder: Path, files: Mapping[str, str], *, store: object) -> None:
    """Writes the common files that a folder lacks. ``store`` is where they are from, for messages.

    Raises :class:`ConfigurationError` if the folder has another CA or signing key, or cannot be
    written.
    """
    with complaining_of(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(folder):
        there = {name: _read(folder / name) for name in SHARED if (folder / name).exists()}
        if (
            _CA not in there
        ):  # a part of a CA is none: a start with this folder would make a new one
            there = {name: text for name, text in there.items() if name not in _OF_CA}
        for name, text in there.items():
            if text.split() != files[name].split():
                raise ConfigurationError(
                    f"its {name} is another one than that of {store}, which all servers share; "
                    "name an empty folder for this server, or another store",
                    source=folder,
                )
        for name in SHARED:
            if name not in there:
                write_whole(folder / name, files[name].encode())


def _read(path: Path) -> str:
    with complaining_of(path, "read"):
        return path.read_text(errors="replace")
