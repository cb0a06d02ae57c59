"""``ssl.SSLContext`` as Python made it, whatever took its place since.

truststore, gevent and others put a class of their own into the module ``ssl``. The methods of
Python's class find their own class by its name there, so each setting of an older context then
calls itself without end. What serves or judges TLS is made of :class:`PlainContext`, which sets
them by the class below Python's own, written in C.
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
"""The settings that Python's class wraps, and what it makes of each number."""

if TYPE_CHECKING:
    _PythonContext = ssl.SSLContext
else:
    _PythonContext = next(
        each
        for each in ssl.SSLContext.__mro__
        if (each.__module__, each.__qualname__) == ("ssl", "SSLContext")
    )

IN_C: type = _PythonContext.__mro__[1]
"""The class below, ``_ssl._SSLContext``."""


class PlainContext(_PythonContext):
    """Depends on nothing that can be replaced in the module ``ssl``."""


def _by_c(name: str, enum: Callable[[int], int]) -> property:
    setting = getattr(IN_C, name)

    def get(context: PlainContext) -> int:
        return enum(setting.__get__(context))

    def put(context: PlainContext, value: Any) -> None:
        setting.__set__(context, value)

    return property(get, put)


for _name, _enum in _ENUMS.items():
    setattr(PlainContext, _name, _by_c(_name, _enum))
