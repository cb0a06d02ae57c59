"""What ``MockSei`` hands out: an account, a certificate on file, the registered applications."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mock_sei.certificates.bundles import (
    BundleOptions,
    Identity,
    pkcs12_bundle,
)
from mock_sei.certificates.store import write_whole
from mock_sei.errors import Rejected
from mock_sei.faults.faults import ArmedFault
from mock_sei.rules.arguments import kind_of, named_plainly_throughout, require_text
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE
from mock_sei.rules.records import Application
from mock_sei.testing.controls import Controls

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a server-based application needs besides its certificate."""

    username: str
    password: str = field(repr=False)
    application: str
    app_key: str
    app_secret: str = field(repr=False)


@named_plainly_throughout
@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate on file, as a client is configured with it."""

    cert_file: Path
    """The leaf alone, PEM."""
    key_file: Path
    """PKCS#8, PEM, not encrypted."""
    identity: Identity = field(repr=False)
    controls: Controls = field(repr=False)
    account: str

    @property
    def common_name(self) -> str:
        return self.identity.common_name

    @property
    def serial_number(self) -> int:
        return self.identity.serial_number

    @property
    def not_before(self) -> datetime:
        return self.identity.not_before

    @property
    def not_after(self) -> datetime:
        return self.identity.not_after

    def pfx(self, passphrase: str = DEFAULT_PASSPHRASE, *, legacy: bool = False) -> Path:
        """Key, leaf and chain as a ``.pfx`` file beside the others.

        One that is asked for again is the same file; of another passphrase it is another. With an
        empty passphrase anybody can open the file; the importer must be given the empty text as
        the password, since some find nothing in it when they are given none.
        """
        options = BundleOptions(passphrase=passphrase, legacy=legacy)
        path = self.cert_file.with_suffix(".pfx")
        if options != BundleOptions():
            # Named without telling the passphrase: nobody but the key's holder could try some.
            told = self.identity.key_pem + f"{legacy} {passphrase}".encode(errors="surrogatepass")
            path = path.with_stem(f"certificate-{hashlib.sha256(told).hexdigest()[:16]}")
        if not path.exists():
            write_whole(path, pkcs12_bundle(self.identity, options))
        return path

    def revoke(self) -> None:
        """From the next handshake on, and at the next request of an open connection."""
        self.controls.revoke_certificate(self.account, self.serial_number)


Owner = Application | Account | str
"""Whose something is: an application, its account, or a name of either."""


def name_of(owner: Owner, *, argument: str = "application") -> str:
    """What the platform calls an application by. Raises :class:`~mock_sei.errors.Rejected`."""
    if isinstance(owner, Application):
        return owner.name
    if isinstance(owner, Account | Certificate):
        return owner.application if isinstance(owner, Account) else owner.account
    return require_text(argument, owner, "an Application, an Account or a name of either")


def username_of(owner: Owner | Certificate) -> str:
    """Whose certificate is meant. Raises :class:`~mock_sei.errors.Rejected`."""
    if isinstance(owner, Application):
        return owner.service_account or owner.name
    if isinstance(owner, Account):
        return owner.username
    if isinstance(owner, Certificate):
        return owner.account
    return require_text("account", owner, "an Account or its user name")


@named_plainly_throughout
class FaultHandle:
    """One armed fault."""

    def __init__(self, controls: Controls, armed: ArmedFault) -> None:
        self._controls = controls
        self._armed = armed

    @property
    def met(self) -> int:
        """How often it happened; of one that was removed or reset away, as far as is known."""
        found = self._find()
        if found is not None:
            self._armed = found
        return self._armed.met

    def remove(self) -> None:
        if self._find() is not None:
            self._controls.faults.remove(self._armed.identifier)

    def _find(self) -> ArmedFault | None:
        """None after a reset too, which gives the number to another."""
        found = self._controls.faults.find(self._armed.identifier)
        return found if found is not None and found.fault == self._armed.fault else None


@named_plainly_throughout
class FaultDesk:
    """Trouble on purpose, until the next reset."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def add(
        self, operation: str | None = None, *, application: Owner | None = None, **fields: Any
    ) -> FaultHandle:
        """Arms one: ``add("GET /v2/investors", status=503, times=2)``.

        ``application`` alone meets it, where one is given. ``fields`` are those of
        :class:`~mock_sei.faults.faults.Fault`. Raises :class:`~mock_sei.errors.Rejected` naming
        every field at fault.
        """
        where: dict[str, Any] = {} if operation is None else {"operation": operation}
        if application is not None:
            where["application"] = name_of(application)
        return FaultHandle(self._controls, self._controls.arm_fault(where | fields))

    def clear(self) -> None:
        self._controls.faults.clear()

    def __len__(self) -> int:
        """How many are armed and not over."""
        return self._controls.faults.live

    def assert_met(self, *, application: Owner | None = None) -> None:
        """Raises ``AssertionError`` naming the faults, or an application's, that nobody met."""
        asked = None if application is None else name_of(application)
        unmet = [
            each.fault
            for each in self._controls.faults.armed
            if not each.met and asked in (None, each.fault.application)
        ]
        if unmet:
            lines = [f"  {each.operation or each.listener or 'anything'}: {each}" for each in unmet]
            raise AssertionError("never met:\n" + "\n".join(lines))


@named_plainly_throughout
class Collection:
    """The records of one collection."""

    def __init__(self, controls: Controls, name: str) -> None:
        self._controls = controls
        self.name = name

    def __iter__(self) -> Iterator[Record]:
        return iter(self._controls.data.all(self.name))

    def __len__(self) -> int:
        return self._controls.data.size(self.name)

    def add(self, *records: Record) -> None:
        """Raises :class:`~mock_sei.errors.Rejected` and then adds none of them."""
        self._controls.data.add(self.name, records)

    def replace(self, records: Iterable[Record]) -> None:
        """These instead of all there are. Raises :class:`~mock_sei.errors.Rejected`."""
        if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
            raise Rejected({"records": f"must be a list of records, not {kind_of(records)}"})
        self._controls.data.replace(self.name, list(records))

    def clear(self) -> None:
        self._controls.data.clear(self.name)


@named_plainly_throughout
class Collections:
    """The records behind the functional APIs, until the next reset."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def __getitem__(self, name: str) -> Collection:
        """Raises :class:`~mock_sei.errors.UnknownCollection` naming the nearest ones."""
        self._controls.data.size(require_text("collection", name, "the name of a collection"))
        return Collection(self._controls, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._controls.data.names)


@named_plainly_throughout
class Applications:
    """The registered applications, and what the portal's pages do to them.

    Names and AppKeys both tell which one is meant. Each raises
    :class:`~mock_sei.errors.UnknownApplication` for one that is not there,
    :class:`~mock_sei.errors.Rejected` for fields that cannot be accepted.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def __iter__(self) -> Iterator[Application]:
        return iter(self._controls.registry.applications.values())

    def __len__(self) -> int:
        return len(self._controls.registry.applications)

    def __getitem__(self, name: Owner) -> Application:
        return self._controls.portal.require(name_of(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._controls.registry.find_application(name) is not None

    def register(self, **fields: Any) -> Application:
        """The portal's form: ``name``, ``type``, ``actor`` and what else an application has."""
        return self._controls.portal.register(fields)

    def approve(self, name: Owner) -> Application:
        """Lets it in and mails user name, password and certificate link."""
        return self._controls.portal.approve(name_of(name))

    def change(self, application: Owner, /, **fields: Any) -> Application:
        """Changes some fields of the form, ``name`` among them."""
        return self._controls.portal.change(name_of(application), fields)

    def refresh_keys(self, name: Owner) -> Application:
        """A new key pair; the old one is dead at once."""
        return self._controls.portal.refresh_keys(name_of(name))

    def remove(self, name: Owner) -> None:
        """Its keys, account, tokens and certificates go with it."""
        self._controls.portal.remove(name_of(name))
