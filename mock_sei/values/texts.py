"""Which Python strings can be sent as text, and how a message writes a value.

Half of a surrogate pair is not text (RFC 3629 section 3). JSON can write one (``"\\ud800"``), and
Python keeps it until it is encoded.
"""

from __future__ import annotations

import reprlib
from typing import Any

MOST_REPEATED = 4096
"""The most characters of a client's value that a message may repeat. The journal hides the secrets
of a message and then shows fewer characters. If a message had fewer characters of a value, it could
end with the beginning of a secret, which nothing recognises."""


def beginning(text: str) -> str:
    """The beginning of a text, as long as a message may repeat it."""
    return text if len(text) <= MOST_REPEATED else text[:MOST_REPEATED]


def is_text(value: object) -> bool:
    """Whether the value is a text that can be sent as UTF-8."""
    return isinstance(value, str) and sendable(value) == value


def sendable(text: str) -> str:
    """The text with an escape such as ``\\ud800`` for characters that cannot be sent."""
    return text.encode(errors="backslashreplace").decode()


class _Speller(reprlib.Repr):
    """Writes values as JSON does.

    Lists and objects are shortened. The middle of a text is never left out, because the remaining
    parts of a secret would not be recognised.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maxother = self.maxlong = 80
        self.maxlist = self.maxdict = 4
        self.maxlevel = 3

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002  # the base's signature
        return repr(beginning(x)).replace("\\\\", "\\")

    def repr_int(self, x: int, level: int) -> str:
        return _MANY_DIGITS if x.bit_length() > _MOST_BITS else super().repr_int(x, level)

    def repr_tuple(self, x: tuple[Any, ...], level: int) -> str:
        return self.repr_list(list(x), level)

    def repr_NoneType(self, _: None, __: int) -> str:  # noqa: N802  # the name in the base class
        return "null"

    def repr_bool(self, x: bool, _: int) -> str:
        return "true" if x else "false"


_MOST_BITS = 300
_MANY_DIGITS = "a whole number of many digits"


def spelled(value: object) -> str:
    """A value in a message: shortened, in the notation of JSON, but with single backslashes."""
    return _Speller().repr(value)
