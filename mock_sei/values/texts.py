"""Which Python texts are text that can be sent, and how a message spells a value.

Half a surrogate pair is no text (RFC 3629 section 3). JSON can spell one (``"\\ud800"``), and
Python keeps it until somebody encodes it.
"""

from __future__ import annotations

import reprlib
from typing import Any

MOST_REPEATED = 4096
"""Characters of a client's value that a message may repeat: the journal hides the secrets of a
message, and then shows fewer of its characters. A message with less of a value could end with the
beginning of a secret, which nobody recognises."""


def beginning(text: str) -> str:
    """The beginning of a text, as much of it as a message may repeat."""
    return text if len(text) <= MOST_REPEATED else text[:MOST_REPEATED]


def is_text(value: object) -> bool:
    """Whether it is a text that can be sent as UTF-8."""
    return isinstance(value, str) and sendable(value) == value


def sendable(text: str) -> str:
    """The text with an escape such as ``\\ud800`` for what cannot be sent."""
    return text.encode(errors="backslashreplace").decode()


class _Speller(reprlib.Repr):
    """Values in JSON's words.

    Lists and objects are shortened; of a text the middle is never left out: the parts of a secret
    that would be left are not recognised as one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.maxother = self.maxlong = 80
        self.maxlist = self.maxdict = 4
        self.maxlevel = 3

    def repr_str(self, x: str, level: int) -> str:  # noqa: ARG002  # as its base
        return repr(beginning(x)).replace("\\\\", "\\")

    def repr_int(self, x: int, level: int) -> str:
        return _MANY_DIGITS if x.bit_length() > _MOST_BITS else super().repr_int(x, level)

    def repr_tuple(self, x: tuple[Any, ...], level: int) -> str:
        return self.repr_list(list(x), level)

    def repr_NoneType(self, _: None, __: int) -> str:  # noqa: N802  # its base calls it so
        return "null"

    def repr_bool(self, x: bool, _: int) -> str:
        return "true" if x else "false"


_MOST_BITS = 300
_MANY_DIGITS = "a whole number of many digits"


def spelled(value: object) -> str:
    """A value as a message shows it: shortened, in JSON's words, a backslash as it is written."""
    return _Speller().repr(value)
