"""Which Python texts are text that can be sent: half a surrogate pair is none (RFC 3629 section 3).

JSON can spell one (``"\\ud800"``), and Python keeps it until somebody encodes it.
"""

from __future__ import annotations

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
