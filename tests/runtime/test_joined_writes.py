"""What one turn of the event loop writes leaves as one; nothing of it is lost at an end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from mock_sei.runtime.protocol import JoinedWrites


class Recorder(asyncio.Transport):
    """A transport that keeps what was done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[bytes | str] = []
        self.socket, self.peer = socket.socketpair()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.done.append(bytes(data))

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self.socket if name == "socket" else default


def run(steps: Callable[[JoinedWrites], None], *, turns: int = 0) -> list[bytes | str]:
    async def main() -> list[bytes | str]:
        transport = Recorder()
        with transport.socket, transport.peer:
            steps(JoinedWrites(transport, asyncio.get_running_loop()))
            for _ in range(turns):
                await asyncio.sleep(0)
            return list(transport.done)

    return asyncio.run(main())


def head_and_body(joined: JoinedWrites) -> None:
    joined.write(b"head ")
    joined.write(b"body")


def test_writes_of_one_turn_leave_as_one_when_it_ends() -> None:
    assert run(head_and_body) == []
    assert run(head_and_body, turns=1) == [b"head body"]


def test_a_flush_does_not_wait_for_the_turn_and_nothing_leaves_twice() -> None:
    def steps(joined: JoinedWrites) -> None:
        head_and_body(joined)
        joined.flush()

    assert run(steps) == run(steps, turns=2) == [b"head body"]


@pytest.mark.parametrize(("end", "ended"), [("close", "close"), ("reset", "abort")])
def test_what_was_written_goes_before_the_end(end: str, ended: str) -> None:
    def steps(joined: JoinedWrites) -> None:
        head_and_body(joined)
        getattr(joined, end)()

    assert run(steps, turns=1) == [b"head body", ended]
