"""In a forked child no lock of the parent's platform can be waited for: each is an error there."""

from __future__ import annotations

import gc
import threading
from types import FrameType, FunctionType, ModuleType
from typing import Any

from mock_sei.processes import close_off
from mock_sei.sandbox import Sandbox
from tests.support import Platform, control_client, registration

LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.Event)
ELSEWHERE = (ModuleType, type, FrameType)
"""Nothing is a part of a platform because one of these leads to it."""


def find_locks(sandbox: Sandbox) -> dict[str, Any]:
    """Every lock of our own objects that a platform leads to, by the object that has it."""
    shared = (sandbox.fixtures, sandbox.fixtures.registry, sandbox.catalogue)
    skipped = {id(each) for each in shared}
    seen: set[int] = set()
    waiting: list[Any] = [sandbox]
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


def test_every_lock_of_a_platform_is_closed_off(platform: Platform) -> None:
    sandbox = platform.sandbox
    control = control_client(sandbox)
    assert control.post("/applications", json=registration()).status_code == 201
    assert control.post("/data/investors", json=[{"id": "x"}]).status_code < 500
    account = platform.application("Nightly").service_account
    sandbox.certificates.issue(account or "")
    sandbox.portal.send_link(account or "")
    platform.token()
    platform.get("/v2/investors")
    known = find_locks(sandbox)
    assert len(known) > 12

    close_off([sandbox], "of another process", but=[sandbox.fixtures, sandbox.catalogue])

    left = find_locks(sandbox)
    assert sorted(left) == []
