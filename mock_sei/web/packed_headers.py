"""Stores many headers as one text, because the journal keeps them for a long time.

As pairs, each header would take 150 bytes. Many small objects also keep Python from returning
memory to the system after a reset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

FEW = 40
"""Up to this many headers are kept as pairs; common clients send fewer."""

Header = tuple[bytes, bytes]


class PackedHeaders(Sequence[Header]):
    """A read-only sequence of header names and values, stored as one text.

    This is possible because a name holds no colon and no line break, and a value no line break.
    """

    __slots__ = ("_count", "_text")

    def __init__(self, headers: Sequence[Header]) -> None:
        self._text = b"\n".join(b"%b:%b" % each for each in headers)
        self._count = len(headers)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Header]:
        if self._count:
            for line in self._text.split(b"\n"):
                name, _, value = line.partition(b":")
                yield name, value

    @overload
    def __getitem__(self, index: int) -> Header: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Header]: ...
    def __getitem__(self, index: int | slice) -> Header | Sequence[Header]:
        return list(self)[index]


def kept_headers(headers: Sequence[Header]) -> Sequence[Header]:
    """The headers in the form the journal keeps: packed if there are more than ``FEW``."""
    return headers if len(headers) <= FEW else PackedHeaders(headers)
