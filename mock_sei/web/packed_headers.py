"""Many headers as one text: the journal keeps them for long, and each pair would cost 150 bytes.

Small objects also keep whole regions of Python's memory from being given back after a reset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

FEW = 40
"""Headers that are kept as they came; common clients send fewer."""

Header = tuple[bytes, bytes]


class PackedHeaders(Sequence[Header]):
    """Names and values as they came off the wire, where no line break and no colon is in a name."""

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
    """The headers as they are kept: packed where they are many."""
    return headers if len(headers) <= FEW else PackedHeaders(headers)
