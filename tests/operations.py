"""Operations of :mod:`mock_sei.operations`, as tests perform them on a platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from mock_sei.certificates.profiles import ServerVariant
from mock_sei.faults.faults import ArmedFault
from mock_sei.operations.clock import AdvanceClock, ResetClock, SetClock
from mock_sei.operations.faults import AddFault
from mock_sei.operations.journal import ClearJournal
from mock_sei.operations.requests import Request
from mock_sei.operations.scripts import EnqueueAnswer, RequireScripts
from mock_sei.operations.server import (
    RetireSigningKey,
    RotateSigningKey,
    SetServerCertificate,
    ShowConnection,
)
from mock_sei.platform import Platform
from mock_sei.portal.links import Delivery, Link

A = TypeVar("A")


class InProcess:
    """Performs requests on a platform, as ``MockSei`` does."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def perform(self, request: Request[A]) -> A:
        return request.perform(self._platform.pinned())


def arm_fault(platform: Platform, fields: Mapping[str, Any]) -> ArmedFault:
    return AddFault(fields=fields).perform(platform)


def enqueue(platform: Platform, operation: str, **fields: Any) -> None:
    EnqueueAnswer(operation=operation, **fields).perform(platform)


def only_scripted(platform: Platform, *, strict: bool = True) -> None:
    RequireScripts(strict=strict).perform(platform)


def set_server_certificate(platform: Platform, variant: ServerVariant) -> None:
    SetServerCertificate(variant=variant).perform(platform)


def rotate_signing_key(platform: Platform) -> str:
    return RotateSigningKey().perform(platform).kid


def retire_signing_key(platform: Platform, kid: str) -> None:
    RetireSigningKey(kid=kid).perform(platform)


def set_clock(
    platform: Platform, *, now: datetime | None = None, frozen: bool | None = None
) -> None:
    SetClock(now=now, frozen=frozen).perform(platform)


def advance_clock(platform: Platform, seconds: float) -> None:
    AdvanceClock(seconds=seconds).perform(platform)


def reset_clock(platform: Platform) -> None:
    ResetClock().perform(platform)


def clear_journal(platform: Platform) -> None:
    ClearJournal().perform(platform)


def send_certificate_link(
    platform: Platform, account: str, delivery: Delivery, *, renew: bool = False
) -> Link:
    portal = platform.portal
    return (portal.renew if renew else portal.send_link)(account, delivery)


def certificate_link(
    platform: Platform, account: str, delivery: Delivery, *, renew: bool = False
) -> str:
    return platform.portal.link_url(send_certificate_link(platform, account, delivery, renew=renew))


def connection_details(
    platform: Platform, host: str | None = None, *, limit: int = 1000
) -> dict[str, Any]:
    return ShowConnection(host=host, limit=limit).perform(platform)
