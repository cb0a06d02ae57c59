"""The warning about a socket that was not closed names the test that made the socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

HERE = r"made in .*test_made_in\.py::test_"


def test_a_socket_that_is_not_closed_names_its_test() -> None:
    left, right = socket.socketpair()
    right.close()
    with pytest.warns(ResourceWarning, match=rf"unclosed .* {HERE}a_socket_that"):
        del left


def test_the_sockets_of_an_event_loop_name_its_test() -> None:
    with contextlib.closing(asyncio.SelectorEventLoop()) as loop:
        pair = [each for each in vars(loop).values() if isinstance(each, socket.socket)]
        assert ["the_sockets_of_an_event_loop" in repr(each) for each in pair] == [True, True]
