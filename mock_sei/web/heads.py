"""HEAD: what a GET would answer, without its body, and nothing changes by it.

RFC 9110 sections 9.2.1 and 9.3.2. A request is given on as a GET with a mark, so that each handler
answers both; one that would use something up asks :func:`only_looks` first.
"""

from __future__ import annotations

from starlette.types import Message, Scope, Send

_LOOKS_KEY = "mock_sei.only_looks"


def only_looks(scope: Scope) -> bool:
    """Whether a request is a HEAD, which must use up and change nothing."""
    return scope["method"] == "HEAD" or _LOOKS_KEY in scope


def as_get(scope: Scope) -> Scope:
    """The GET whose answer a HEAD is shown; any other request as it is."""
    return {**scope, "method": "GET", _LOOKS_KEY: True} if scope["method"] == "HEAD" else scope


def without_body(scope: Scope, send: Send) -> Send:
    """Sends the head of an answer to a HEAD, and of its body nothing but the end."""
    if scope["method"] != "HEAD":
        return send

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending
