"""HEAD: the answer a GET would get, without its body (RFC 9110 sections 9.2.1 and 9.3.2).

A HEAD reaches the handlers as a GET with a mark, so that each handler answers both. A handler that
would change something calls :func:`only_looks` first, because a HEAD must not change anything.
"""

from __future__ import annotations

from starlette.types import Message, Scope, Send

_LOOKS_KEY = "mock_sei.only_looks"


def only_looks(scope: Scope) -> bool:
    """Whether a request is a HEAD, which must not change or use up anything."""
    return scope["method"] == "HEAD" or _LOOKS_KEY in scope


def as_get(scope: Scope) -> Scope:
    """The scope of a HEAD as a marked GET; the scope of any other request unchanged."""
    return {**scope, "method": "GET", _LOOKS_KEY: True} if scope["method"] == "HEAD" else scope


def without_body(scope: Scope, send: Send) -> Send:
    """A ``send`` that leaves out the body if the request is a HEAD."""
    if scope["method"] != "HEAD":
        return send

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending
