"""The CA and the signing key of all servers on one store, which each has in its certs folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mock_sei.certificates.shared_files import SHARED, make_shared, write_shared
from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.state.store import StoreBusy
from mock_sei.state.unit_of_work import reserve_patiently

_PREFIX = "certs/"


class FactStore(Protocol):
    """What this module needs of a store. All methods raise :class:`StoreAway`."""

    def facts(self) -> Mapping[str, str]:
        """What is kept beside the records."""

    def reserve(self) -> None:
        """From now on only this server changes the store. Raises :class:`StoreBusy`."""

    def keep(self, facts: Mapping[str, str]) -> None:
        """Writes facts. It needs a reservation, and ends it."""

    def release(self) -> None:
        """Ends a reservation without a change."""


def share_certificates(folder: Path, store: FactStore, *, name: object = "the store") -> None:
    """Gives a certs folder the CA and the signing key of the servers on a store. The first server
    gives the store those of its folder, which are made if there are none.

    Call it before the folder is opened. ``name`` is the store's, for messages. Raises
    :class:`ConfigurationError` if the folder has another CA, or cannot be used.
    """
    try:
        files = _find(store) or _give(folder, store)
    except StoreAway as error:
        raise ConfigurationError(str(error), source=str(name)) from None
    write_shared(folder, files, store=name)


def _find(store: FactStore) -> dict[str, str]:
    facts = store.facts()
    return {each: facts[_PREFIX + each] for each in SHARED if _PREFIX + each in facts}


def _give(folder: Path, store: FactStore) -> dict[str, str]:
    """Gives the store the files of a folder, unless another server did so meanwhile."""
    reserve_patiently(store)
    try:
        files = _find(store)
        if not files:
            files = make_shared(folder)
            store.keep({_PREFIX + name: text for name, text in files.items()})
            return files
    except StoreBusy:  # the reservation was lost, since to make the files took long
        store.release()
        return _give(folder, store)  # the folder has its files now
    except BaseException:
        store.release()
        raise
    store.release()
    return files
