"""Routes for all methods: the handler of a path decides which methods it allows."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]


class AnyMethod(Route):
    """A path of the platform, for every method.

    The framework's own 405 is not used: its ``Allow`` header has the methods of one route only.
    """

    def __init__(self, path: str, endpoint: Handler) -> None:
        super().__init__(path, endpoint, include_in_schema=False)
        self.methods = None
        # The framework's pattern ends with $, which also matches before a line break.
        self.path_regex = re.compile(self.path_regex.pattern.removesuffix("$") + r"\Z")
