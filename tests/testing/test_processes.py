"""What a forked child must leave as it is, without a fork: a child is told by its number."""

from __future__ import annotations

import gc
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mock_sei.errors import MockSeiError
from mock_sei.testing.processes import TemporaryFolder, close_off, is_patched_by_gevent
from tests.patience import PATIENCE

pytestmark = pytest.mark.long


@pytest.fixture
def folder() -> TemporaryFolder:
    return TemporaryFolder()


def become_child(monkeypatch: pytest.MonkeyPatch) -> None:
    child = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: child)


def test_a_folder_is_removed_once_by_whoever_asks_first(folder: TemporaryFolder) -> None:
    (folder.here / "file").touch()

    folder.remove()
    folder.remove()

    assert not folder.path.exists()
    with pytest.raises(MockSeiError, match="was stopped"):
        _ = folder.here


def test_a_folder_that_nobody_removes_goes_with_its_object() -> None:
    path = TemporaryFolder().path
    gc.collect()

    assert not path.exists()


def test_a_child_writes_into_a_part_of_its_own_and_removes_no_more(
    folder: TemporaryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = folder.here / "file"
    kept.touch()
    with monkeypatch.context() as patch:
        become_child(patch)
        own = folder.here
        (own / "file").touch()
        folder.remove()

        assert own.parent == folder.path
        assert not own.exists()
    assert kept.exists()
    folder.remove()


def test_what_a_child_leaves_goes_with_the_whole(
    folder: TemporaryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        become_child(patch)
        own: Path = folder.here
    assert own.exists()

    folder.remove()

    assert not own.exists()


@dataclass
class Part:
    lock: Any = field(default_factory=threading.Lock)
    whole: Any = None


Part.__module__ = "mock_sei.of_a_test"


def test_every_lock_of_what_is_closed_off_is_an_error() -> None:
    inner = Part(threading.RLock())
    whole = Part(threading.Condition(), inner)
    inner.whole = whole
    inner.lock.acquire()

    close_off([whole], "of another process")

    for each in (whole, inner):
        with pytest.raises(MockSeiError, match="of another process"), each.lock:
            pass
        with pytest.raises(MockSeiError, match="of another process"):
            each.lock.acquire(timeout=PATIENCE)
        with pytest.raises(MockSeiError, match="of another process"):
            each.lock.notify_all()


def test_what_others_share_is_left_open() -> None:
    shared = Part()

    close_off([Part(whole=shared)], "of another process", but=[shared])

    with shared.lock:
        pass


@pytest.mark.parametrize("patched", [[], ["os"], ["socket"], ["thread"], ["ssl", "select"]])
def test_a_process_whose_sockets_or_threads_are_gevent_s_is_known(
    monkeypatch: pytest.MonkeyPatch, patched: list[str]
) -> None:
    monkey = ModuleType("gevent.monkey")
    monkey.__dict__["is_module_patched"] = patched.__contains__
    monkeypatch.setitem(sys.modules, "gevent.monkey", monkey)

    assert is_patched_by_gevent() == bool(set(patched) - {"os"})


def test_a_process_without_gevent_is_not_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gevent.monkey", raising=False)

    assert not is_patched_by_gevent()
