"""How the errors of a machine that has no more of something are recognised."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from mock_sei.errors import ConfigurationError
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.exhausted import find_exhaustion, report
from mock_sei.web.listener import PlatformListener
from tests.support import in_process

NO_FILES = "this process cannot open any more files; raise its limit (ulimit -n)"


def caused_by(cause: BaseException) -> BaseException:
    error = ConfigurationError("cannot be read", source="a file")
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), NO_FILES),
        (caused_by(OSError(errno.EMFILE, "")), NO_FILES),
        # As dlopen(3) says it of an extension module
        (
            ImportError(f"a.so: cannot open shared object file: {os.strerror(errno.EMFILE)}"),
            NO_FILES,
        ),
        (ImportError(f"a.so: failed to map: {os.strerror(errno.ENOMEM)}"), "no memory is left"),
        (MemoryError(), "no memory is left"),
        (RuntimeError("can't start new thread"), "no more threads can be started"),
        (ModuleNotFoundError("No module named 'lxml'"), None),
        (ImportError("a.so: undefined symbol: b"), None),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), None),
        (RuntimeError("anything else"), None),
    ],
    ids=str,
)
def test_what_is_missing_is_named(error: BaseException, missing: str | None) -> None:
    found = find_exhaustion(error)
    assert found is None if missing is None else missing in (found or "")


def test_a_package_that_failed_is_loaded_again_with_its_modules(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "scarce_package"
    package.mkdir()
    (package / "part.py").write_text("")
    (package / "__init__.py").write_text("from scarce_package import part\nimport scarce_missing")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ModuleNotFoundError):
        __import__("scarce_package")
    assert "scarce_package.part" in sys.modules  # as Python leaves it
    (tmp_path / "scarce_missing.py").write_text("")
    report(platform, NO_FILES)
    made = __import__("scarce_package")

    assert made.part is sys.modules.pop("scarce_package.part")
    for name in ("scarce_package", "scarce_missing"):
        del sys.modules[name]
    assert NO_FILES in str(platform.check_result().bugs)


@pytest.mark.parametrize("has_answered", [True, False])
def test_what_is_missing_is_reported_before_and_after_the_answer(
    platform: Platform, *, has_answered: bool
) -> None:
    async def application(_: Scope, __: Receive, send: Send) -> None:
        if has_answered:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    listener = PlatformListener(application, platform, Listener.ONE_WAY)
    answer = in_process(listener, "https://localhost").get("/v2/investors")

    assert answer.status_code == (200 if has_answered else 503)
    assert [each for each in platform.state.shortages if NO_FILES in each]
    assert not [*platform.bugs]
