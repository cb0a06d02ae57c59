"""What ``MockSei`` hands out: an account, a certificate on file, the registered applications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mock_sei.bench.faults import Armed
from mock_sei.certificates.bundles import (
    DEFAULT_PASSPHRASE,
    BundleOptions,
    Identity,
    pkcs12_bundle,
)
from mock_sei.certificates.store import write_whole
from mock_sei.records import Application
from mock_sei.sandbox import Sandbox

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a server-based application needs besides its certificate."""

    username: str
    password: str = field(repr=False)
    application: str
    app_key: str
    app_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate on file, as a client is configured with it."""

    cert_file: Path
    """The leaf alone, PEM."""
    key_file: Path
    """PKCS#8, PEM, not encrypted."""
    identity: Identity = field(repr=False)
    sandbox: Sandbox = field(repr=False)
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
        """Key, leaf and chain as a ``.pfx`` file beside the others."""
        path = self.cert_file.with_suffix(".pfx")
        options = BundleOptions(passphrase=passphrase, legacy=legacy)
        write_whole(path, pkcs12_bundle(self.identity, options))
        return path

    def revoke(self) -> None:
        """From the next handshake on, and at the next request of an open connection."""
        self.sandbox.certificates.revoke(self.account, self.serial_number)


class FaultHandle:
    """One armed fault."""

    def __init__(self, sandbox: Sandbox, armed: Armed) -> None:
        self._sandbox = sandbox
        self._armed = armed

    @property
    def met(self) -> int:
        """How often it happened."""
        return self._armed.met

    def remove(self) -> None:
        self._sandbox.faults.remove(self._armed.identifier)


class FaultDesk:
    """Trouble on purpose, until the next reset."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def add(self, operation: str | None = None, **fields: Any) -> FaultHandle:
        """Arms one: ``add("GET /v2/investors", status=503, times=2)``.

        ``fields`` are those of :class:`~mock_sei.bench.faults.Fault`. Raises
        :class:`~mock_sei.errors.Rejected` naming every field at fault.
        """
        where = {} if operation is None else {"operation": operation}
        return FaultHandle(self._sandbox, self._sandbox.arm_fault(where | fields))

    def clear(self) -> None:
        self._sandbox.faults.clear()

    def __len__(self) -> int:
        """How many are armed and not over."""
        return sum(not each.is_over for each in self._sandbox.faults.armed)

    def assert_met(self) -> None:
        """Raises ``AssertionError`` naming the faults that nobody met."""
        unmet = [each.fault for each in self._sandbox.faults.armed if not each.met]
        if unmet:
            lines = [f"  {each.operation or each.listener or 'anything'}: {each}" for each in unmet]
            raise AssertionError("never met:\n" + "\n".join(lines))


class Collection:
    """The records of one collection."""

    def __init__(self, sandbox: Sandbox, name: str) -> None:
        self._sandbox = sandbox
        self.name = name

    def __iter__(self) -> Iterator[Record]:
        return iter(self._sandbox.data.all(self.name))

    def __len__(self) -> int:
        return len(self._sandbox.data.all(self.name))

    def add(self, *records: Record) -> None:
        """Raises :class:`~mock_sei.errors.Rejected` and then adds none of them."""
        self._sandbox.data.add(self.name, records)

    def replace(self, records: Iterable[Record]) -> None:
        """These instead of all there are. Raises :class:`~mock_sei.errors.Rejected`."""
        self._sandbox.data.replace(self.name, list(records))

    def clear(self) -> None:
        self._sandbox.data.clear(self.name)


class Collections:
    """The records behind the functional APIs, until the next reset."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __getitem__(self, name: str) -> Collection:
        """Raises :class:`~mock_sei.errors.UnknownCollection` naming the nearest ones."""
        self._sandbox.data.all(name)
        return Collection(self._sandbox, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sandbox.data.names)


class Applications:
    """The registered applications, and what the portal's pages do to them.

    Names and AppKeys both tell which one is meant. Each raises
    :class:`~mock_sei.errors.UnknownApplication` for one that is not there,
    :class:`~mock_sei.errors.Rejected` for fields that cannot be accepted.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __iter__(self) -> Iterator[Application]:
        return iter(self._sandbox.state.registry.applications.values())

    def __len__(self) -> int:
        return len(self._sandbox.state.registry.applications)

    def __getitem__(self, name: str) -> Application:
        return self._sandbox.portal.require(name)

    def __contains__(self, name: object) -> bool:
        return any(name in (each.name, each.app_key) for each in self)

    def register(self, **fields: Any) -> Application:
        """The portal's form: ``name``, ``type``, ``actor`` and what else an application has."""
        return self._sandbox.portal.register(fields)

    def approve(self, name: str) -> Application:
        """Lets it in and mails user name, password and certificate link."""
        return self._sandbox.portal.approve(name)

    def change(self, name: str, **fields: Any) -> Application:
        return self._sandbox.portal.change(name, fields)

    def refresh_keys(self, name: str) -> Application:
        """A new key pair; the old one is dead at once."""
        return self._sandbox.portal.refresh_keys(name)

    def remove(self, name: str) -> None:
        """Its keys, account, tokens and certificates go with it."""
        self._sandbox.portal.remove(name)
