"""Which exchanges a fault or a scripted answer is for: an operation, an application, a listener."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mock_sei.registry import Registry
from mock_sei.standards import Listener

_OPERATION = re.compile(r"(\*|[A-Z]{3,10}) (/\S*|\*)")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is left out matches everything."""

    operation: str | None = None
    """``METHOD /path``; ``{name}`` stands for a segment, ``*`` for anything."""
    application: str | None = None
    """Name, AppKey or service account."""
    listener: Listener | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong with the operation's form, None where nothing is."""
        if self.operation is None or _OPERATION.fullmatch(self.operation):
            return None
        return "not a method and a path, such as GET /v2/investors"

    def fits(self, exchange: Caller) -> bool:
        return (
            (self.listener is None or self.listener is exchange.listener)
            and self.matches(exchange.operation)
            and (self.application is None or self.application in exchange.names)
        )

    def matches(self, operation: str) -> bool:
        """By the operation alone."""
        return self._pattern is None or self._pattern.fullmatch(operation) is not None

    def is_known(self, operations: Iterable[str]) -> bool:
        """Whether there is any operation it can be met at."""
        if self._pattern is None or "*" in str(self.operation):
            return True
        return any(
            each == self.operation or _compiled(each).fullmatch(str(self.operation)) is not None
            for each in operations
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return None if self.operation is None else _compiled(self.operation)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An exchange as far as it is known when it begins."""

    method: str
    path: str
    listener: Listener
    app_key: str | None
    registry: Registry

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def names(self) -> frozenset[str | None]:
        """Whatever the application may be called by."""
        application = self.registry.applications.get(self.app_key or "")
        if application is None:
            return frozenset()
        return frozenset((application.name, application.app_key, application.service_account))


def _compiled(operation: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]*\}|\*)", operation)
    return re.compile(
        "".join(
            ".*" if part == "*" else "[^/]+" if part.startswith("{") else re.escape(part)
            for part in parts
        )
    )
