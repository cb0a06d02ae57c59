"""In a forked child no lock of the parent's platform can be waited for: each is an error there."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.platform import Platform
from mock_sei.testing.processes import close_off
from tests.replay.made import answered, platform_with, write
from tests.support import Served, control_client, registration

LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.Event)
ELSEWHERE = (ModuleType, type, FrameType)
"""Nothing is a part of a platform because one of these leads to it."""


def find_locks(platform: Platform) -> dict[str, Any]:
    """Every lock of our own objects that a platform leads to, by the object that has it."""
    shared = (platform.fixtures, platform.fixtures.registry, platform.catalogue)
    skipped = {id(each) for each in shared}
    seen: set[int] = set()
    waiting: list[Any] = [platform]
    found: dict[str, Any] = {}
    while waiting:
        each = waiting.pop()
        if id(each) in seen or id(each) in skipped or isinstance(each, ELSEWHERE):
            continue
        seen.add(id(each))
        if isinstance(each, dict) and "__builtins__" in each:
            continue  # the names of a module
        if isinstance(each, FunctionType):
            waiting += each.__closure__ or ()
            continue
        parts = gc.get_referents(each)
        if type(each).__module__.startswith("mock_sei."):
            named = {**getattr(each, "__dict__", {})}
            slots = getattr(type(each), "__slots__", ())
            named |= {name: getattr(each, name) for name in slots if hasattr(each, name)}
            for name, part in named.items():
                if isinstance(part, LOCKS):
                    found[f"{type(each).__module__}.{type(each).__name__}.{name}"] = part
            parts += named.values()
        waiting += parts
    return found


@pytest.mark.long
def test_every_lock_of_a_platform_is_closed_off(served: Served) -> None:
    platform = served.platform
    control = control_client(platform)
    assert control.post("/applications", json=registration(own_data=True)).status_code == 201
    assert control.post("/data/investors", json=[{"id": "x"}]).status_code < 500
    account = served.application("Nightly").service_account
    platform.certificates.issue(account or "")
    platform.portal.send_link(account or "")
    served.token()
    served.get("/v2/investors")
    platform.data_of("Nightly").add("investors", [{"externalId": "x"}])
    known = find_locks(platform)
    assert len(known) > 12

    close_off([platform], "of another process", but=[platform.fixtures, platform.catalogue])

    left = find_locks(platform)
    assert sorted(left) == []


@pytest.mark.long
def test_the_lock_of_a_replayed_recording_is_closed_off(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    platform = platform_with(write(tmp_path, [answered()]), shared_store)
    name = "mock_sei.replay.kept_bodies.KeptBodies._lock"
    assert name in find_locks(platform)

    close_off([platform], "of another process", but=[platform.fixtures, platform.catalogue])

    assert name not in find_locks(platform)
