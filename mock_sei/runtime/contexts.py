"""A TLS context that works even if another library has replaced ``ssl.SSLContext``.

truststore, gevent and others put a class of their own into the module ``ssl``. The property setters
of Python's class look up their own class by its name in that module, so with the replacement they
call themselves without end. All our TLS contexts are :class:`PlainContext`, whose properties use
the base class written in C.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

_ENUMS: dict[str, Callable[[int], int]] = {
    "maximum_version": ssl.TLSVersion,
    "minimum_version": ssl.TLSVersion,
    "options": ssl.Options,
    "verify_flags": ssl.VerifyFlags,
    "verify_mode": ssl.VerifyMode,
}
"""The properties that Python's class wraps, with the enumeration of each property's values."""

if TYPE_CHECKING:
    _PythonContext = ssl.SSLContext
else:
    _PythonContext = next(
        each
        for each in ssl.SSLContext.__mro__
        if (each.__module__, each.__qualname__) == ("ssl", "SSLContext")
    )

IN_C: type = _PythonContext.__mro__[1]
"""The base class written in C, ``_ssl._SSLContext``."""


class PlainContext(_PythonContext):
    """An ``SSLContext`` that does not use any name of the module ``ssl`` that can be replaced."""


def _by_c(name: str, enum: Callable[[int], int]) -> property:
    setting = getattr(IN_C, name)

    def get(context: PlainContext) -> int:
        return enum(setting.__get__(context))

    def put(context: PlainContext, value: Any) -> None:
        setting.__set__(context, value)

    return property(get, put)


for _name, _enum in _ENUMS.items():
    setattr(PlainContext, _name, _by_c(_name, _enum))
