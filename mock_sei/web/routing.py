"""Routes that are asked whatever the method: who answers knows which ones its path takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]


class AnyMethod(Route):
    """A path of the platform. The framework's own refusal would name the first route only."""

    def __init__(self, path: str, endpoint: Handler) -> None:
        super().__init__(path, endpoint, include_in_schema=False)
        self.methods = None
