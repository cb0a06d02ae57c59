"""``cached_property`` without a lock, as CPython has it from 3.12 on.

CPython 3.11 holds a lock for all objects of a class while one computes its value. A process that is
forked at that moment has the lock for ever, and its child waits for it without end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")

_MISSING: Any = object()


class cached_property(Generic[T]):  # noqa: N801  # as in functools
    """A property that is computed once for each object. Two threads at once may both compute it."""

    def __init__(self, function: Callable[[Any], T]) -> None:
        self.function = function
        self.__doc__ = function.__doc__
        self._name = function.__name__

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Self | T:
        if instance is None:
            return self
        kept = instance.__dict__
        value: T = kept.get(self._name, _MISSING)
        if value is _MISSING:
            value = kept[self._name] = self.function(instance)
        return value
