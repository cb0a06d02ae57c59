"""An exchange whose client leaves in the middle of its request."""

from __future__ import annotations

import pytest
from starlette.types import Message

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.app import platform_app
from mock_sei.web.listener import PlatformListener
from tests.operations import arm_fault
from tests.support import TICKETS, InProcess

FORM = (b"content-type", b"application/x-www-form-urlencoded")


def leave_in_the_middle(platform: Platform, path: str, headers: list[tuple[bytes, bytes]]) -> None:
    """Ten of a hundred bytes come, then the connection ends."""
    pieces: list[Message] = [
        {"type": "http.request", "body": b"x" * 10, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return pieces.pop(0) if len(pieces) > 1 else pieces[0]

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", b"100"), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 443),
        "scheme": "https",
    }
    listener = PlatformListener(platform_app(), platform, Listener.ONE_WAY)
    assert InProcess.portal is not None
    InProcess.portal.call(listener, scope, receive, send)


@pytest.mark.parametrize("path", ["/v2/oauthtoken", "/v2/oauth/authorize", TICKETS])
@pytest.mark.parametrize("fault", [None, {"latency": 0.001}])
def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_bug(
    platform: Platform, path: str, fault: dict[str, float] | None
) -> None:
    if fault:
        arm_fault(platform, {"operation": f"POST {path}", **fault})

    leave_in_the_middle(platform, path, [FORM])

    assert platform.bugs == []
    (entry,) = platform.journal.entries
    assert entry.status == 0
    assert entry.refused_by == "request"
    assert (entry.expected, entry.actual) == ("100 bytes", "10 bytes")
