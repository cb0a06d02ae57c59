"""The control application is made at its first request, while the other listeners answer."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from mock_sei.platform import Platform
from mock_sei.web.control.listener import ControlListener, LazyApp
from tests.patience import PATIENCE

TEN = 10


class Making:
    """Makes an application when it is let. What ``failing`` has is raised first."""

    def __init__(self, *failing: Exception) -> None:
        self.count = 0
        self.begun, self.let = threading.Event(), threading.Event()
        self._failing = list(failing)

    def __call__(self) -> ASGIApp:
        self.count += 1
        self.begun.set()
        assert self.let.wait(PATIENCE)
        if self._failing:
            raise self._failing.pop(0)
        return PlainTextResponse("made")


def client(app: ASGIApp, platform: Platform) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(ControlListener(app, platform))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1")


def test_it_is_made_once_for_requests_that_come_at_once(platform: Platform) -> None:
    make = Making()

    async def ask() -> list[Any]:
        async with client(LazyApp(make), platform) as http:
            asked = [asyncio.ensure_future(http.get("/applications")) for _ in range(TEN)]
            assert await asyncio.to_thread(make.begun.wait, PATIENCE)
            assert (await http.get("/health")).json()["status"] == "ok"  # the loop is not held up
            assert not any(each.done() for each in asked)
            make.let.set()
            return await asyncio.gather(*asked)

    assert [each.text for each in asyncio.run(ask())] == ["made"] * TEN
    assert make.count == 1


def test_the_next_request_tries_again_after_a_failure(platform: Platform) -> None:
    no_files = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    make = Making(no_files, LookupError("a bug"))
    make.let.set()

    async def ask() -> list[httpx2.Response]:
        async with client(LazyApp(make), platform) as http:
            return [await http.get("/applications") for _ in range(3)]

    exhausted, failed, made = asyncio.run(ask())

    assert exhausted.status_code == 503
    assert "cannot open any more files" in exhausted.json()["detail"]
    assert failed.json()["error"] == "MockSeiBug"
    assert made.text == "made"
    assert any("a bug" in each for each in platform.check_result().bugs)


def test_it_is_made_although_its_first_client_left(platform: Platform) -> None:
    make = Making()

    async def ask() -> httpx2.Response:
        async with client(LazyApp(make), platform) as http:
            first = asyncio.ensure_future(http.get("/applications"))
            assert await asyncio.to_thread(make.begun.wait, PATIENCE)
            first.cancel()
            await asyncio.wait([first])
            make.let.set()
            return await http.get("/applications")

    assert asyncio.run(ask()).text == "made"
    assert make.count == 1


def test_it_is_made_without_a_thread_where_there_is_none(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Making()
    make.let.set()

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def ask() -> httpx2.Response:
        async with client(LazyApp(make), platform) as http:
            monkeypatch.setattr(threading.Thread, "start", start)
            return await http.get("/applications")

    assert asyncio.run(ask()).text == "made"
