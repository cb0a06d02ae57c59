"""The controls of a platform that runs elsewhere: each is a call of its control API.

What can be refused without asking is refused here, in the words of the platform's own parts, since
the API would say it in its own.
"""

from __future__ import annotations

import json as json_module
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mock_sei.certificates.authority import read_identity
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import ServerVariant, Variant
from mock_sei.errors import Rejected
from mock_sei.faults.check_result import CheckResult
from mock_sei.faults.faults import ArmedFault, check_fault, read_armed
from mock_sei.faults.scripts import make_answer
from mock_sei.portal.links import Delivery
from mock_sei.portal.registration import read_changes, read_registration
from mock_sei.rules.records import Application, is_account_name
from mock_sei.settings import Behaviour
from mock_sei.testing.calls import ControlApi, segment
from mock_sei.testing.mirrors import (
    AttachedClock,
    AttachedFaults,
    AttachedJournal,
    AttachedMailbox,
)
from mock_sei.testing.registered import AttachedRegistry, is_segment, read_application
from mock_sei.values.sendable import json_content

RECORDS_A_PAGE = 10_000
"""What the control API lists at once, at most."""


@dataclass(frozen=True, kw_only=True)
class AttachedAddresses:
    """Where the listeners are reached from here."""

    one_way: str
    two_way: str
    control: str


@dataclass(frozen=True, kw_only=True)
class AttachedCertificate:
    """One that was signed from a request."""

    certificate_pem: str


class AttachedDesk:
    """The portal's desk. Names and AppKeys both tell which application is meant."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    @property
    def mailbox(self) -> AttachedMailbox:
        return AttachedMailbox(self._api)

    def require(self, name_or_key: str) -> Application:
        return read_application(self._api.get(self._path(name_or_key)))

    def register(self, fields: Mapping[str, Any]) -> Application:
        registration = read_registration(fields)
        return read_application(self._api.post("/applications", asdict(registration)))

    def approve(self, name_or_key: str) -> Application:
        return read_application(self._api.post(f"{self._path(name_or_key)}/approve"))

    def change(self, name_or_key: str, fields: Mapping[str, Any]) -> Application:
        before = self.require(name_or_key)
        changed = read_changes(before, fields)  # what cannot be sent is refused here
        return read_application(self._api.call("PATCH", self._path(name_or_key), changed).json())

    def refresh_keys(self, name_or_key: str) -> Application:
        return read_application(self._api.post(f"{self._path(name_or_key)}/keys"))

    def remove(self, name_or_key: str) -> None:
        self._api.call("DELETE", self._path(name_or_key))

    def _path(self, name_or_key: str) -> str:
        if not is_segment(name_or_key):
            raise AttachedRegistry(self._api).unknown_application(name_or_key)
        return f"/applications/{segment(name_or_key)}"


class AttachedData:
    """The records behind the functional APIs."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    @property
    def names(self) -> list[str]:
        return list(self._api.get("/data"))

    def all(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Page by page."""
        found: list[Mapping[str, Any]] = []
        while len(found) % RECORDS_A_PAGE == 0:
            window = {"start": len(found), "limit": RECORDS_A_PAGE}
            page = self._api.get(self._path(name), window)
            if not page:
                break
            found += page
        return tuple(found)

    def size(self, name: str) -> int:
        self._api.get(self._path(name), {"limit": 1})  # refuses a name that nobody knows
        return int(self._api.get("/data").get(name, 0))

    def add(self, name: str, records: Sequence[Any]) -> None:
        self._api.post(self._path(name), _sendable(records))

    def replace(self, name: str, records: Sequence[Any]) -> None:
        self._api.call("PUT", self._path(name), _sendable(records))

    def clear(self, name: str) -> None:
        self._api.call("DELETE", self._path(name))

    @staticmethod
    def _path(name: str) -> str:
        return f"/data/{'/'.join(map(segment, name.split('/')))}"


def _sendable(records: Sequence[Any]) -> list[Any]:
    """Raises :class:`Rejected` in the words of :class:`~mock_sei.apis.data.Data`."""
    problems = {}
    for index, record in enumerate(records):
        try:
            json_module.dumps(record, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            problems[f"{index}"] = f"cannot be sent as JSON: {error}"
    if problems:
        raise Rejected(problems)
    return list(records)


class AttachedControls:
    """One server, by its control API."""

    def __init__(self, api: ControlApi, addresses: AttachedAddresses, ca_file: Path) -> None:
        self._api = api
        self.addresses = addresses
        self.ca_file = ca_file
        self.registry = AttachedRegistry(api)
        self.clock = AttachedClock(api)
        self.journal = AttachedJournal(api)
        self.portal = AttachedDesk(api)
        self.data = AttachedData(api)
        self.faults = AttachedFaults(api)

    def arm_fault(self, fields: Mapping[str, Any]) -> ArmedFault:
        try:
            json_content(dict(fields))
        except ValueError as error:  # what cannot be sent there is refused here
            check_fault(fields)
            raise Rejected({"fault": str(error)}) from None
        return read_armed(self._api.post("/faults", dict(fields)))

    def enqueue(
        self,
        operation: str,
        *,
        application: str | None = None,
        status: int = 200,
        json: Any = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        make_answer(
            operation,
            application=application,
            status=status,
            json_body=json,
            text=text,
            headers=headers,
        )
        answer = {"operation": operation, "application": application, "status": status}
        body = {"json": json, "text": text, "headers": dict(headers or {})}
        self._api.post("/answers", answer | body)

    def only_scripted(self) -> None:
        self._api.call("PUT", "/answers/strict", {"strict": True})

    def verdict(self) -> CheckResult:
        return CheckResult(**self._api.get("/check"))

    def identity(self, account: str) -> Identity:
        return _identity(self._api.get(f"{self._account(account)}/identity"))

    def issue_certificate(self, account: str, variant: Variant) -> Identity:
        return _identity(
            self._api.post(f"{self._account(account)}/certificates", {"variant": variant})
        )

    def revoke_certificate(self, account: str, serial_number: int) -> None:
        self._api.post(f"{self._account(account)}/certificates/{serial_number:x}/revoke")

    def certificate_link(self, account: str, delivery: Delivery, *, renew: bool) -> str:
        options = asdict(delivery) | {"renew": renew}
        told = self._api.post(f"{self._account(account)}/certificate-links", options)
        return f"{self.addresses.one_way}{urlsplit(told['url']).path}"

    def sign_request(self, account: str, request: str) -> AttachedCertificate:
        told = self._api.post(
            f"{self._account(account)}/certificate-requests", {"request": request}
        )
        return AttachedCertificate(certificate_pem=told["certificate"])

    def register_certificate(self, account: str, certificate: str, ca: str) -> None:
        body = {"certificate": certificate, "ca": ca}
        self._api.post(f"{self._account(account)}/own-certificates", body)

    def set_server_certificate(self, variant: ServerVariant) -> None:
        self._api.call("PUT", "/server-certificate", {"variant": variant})

    def rotate_signing_key(self) -> str:
        return str(self._api.post("/signing-keys/rotate")["kid"])

    def retire_signing_key(self, kid: str) -> None:
        self._api.call("DELETE", f"/signing-keys/{segment(kid)}")

    def new_tracking_id(self) -> str:
        return str(uuid.uuid4())

    def reset(self, changes: Mapping[str, Any] | None = None, *, by: str | None = None) -> None:
        changed = dict(changes or {})
        Behaviour().with_changes(changed, source="reset")
        self._api.call("POST", "/reset", changed, query={"by": by})

    def _account(self, username: str) -> str:
        if not is_account_name(username):  # nor a segment of a path
            self.registry.require_account(username)
        return f"/service-accounts/{segment(username)}"


def _identity(told: Mapping[str, str]) -> Identity:
    return read_identity(
        told["certificate"].encode(), told["chain"].encode(), told["private_key"].encode()
    )
