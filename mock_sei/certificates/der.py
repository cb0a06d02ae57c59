"""A small DER reader: it reads elements and their contents without a library.

It never raises an error: if bytes are not an element, the result is None. Source: X.690 section
8.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

INTEGER, OCTETS, IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x06, 0x30

_LONGEST_LENGTH = 4
"""The longest length field in bytes: no file has over 4 GB."""
_MOST_CHILDREN = 1000
_LARGEST_NUMBER = 16
"""So many bytes of a number are read."""


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element: its tag and its content. ``raw`` has the tag and the length, too."""

    tag: int
    content: bytes
    raw: bytes

    @property
    def children(self) -> tuple[Element, ...]:
        """The elements of a sequence, up to the first that cannot be read."""
        return tuple(islice(_elements(self.content), _MOST_CHILDREN))

    def child(self, number: int, tag: int) -> Element | None:
        """The element at this place, from 0, if it has this tag; None otherwise."""
        children = self.children
        if number < len(children) and children[number].tag == tag:
            return children[number]
        return None

    @property
    def identifier(self) -> str:
        """An object identifier, written with dots; empty if the element is something else."""
        if self.tag != IDENTIFIER or not self.content:
            return ""
        numbers, value = [], 0
        for byte in self.content[:64]:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(value)
                value = 0
        if not numbers:
            return ""
        first = min(numbers[0] // 40, 2)
        return ".".join(str(each) for each in (first, numbers[0] - 40 * first, *numbers[1:]))

    @property
    def number(self) -> int:
        """The value of an integer; 0 if the element is something else. Only the first 16 bytes of a
        longer integer count."""
        if self.tag != INTEGER:
            return 0
        return int.from_bytes(self.content[:_LARGEST_NUMBER], signed=True)


def find_element(content: bytes) -> Element | None:
    """The first element of some bytes, None if they do not begin with one. The rest is ignored."""
    if len(content) < 2:
        return None
    start, length = 2, content[1]
    if length & 0x80:
        size = length & 0x7F
        start += size
        if not 0 < size <= _LONGEST_LENGTH or len(content) < start:
            return None
        length = int.from_bytes(content[2:start])
    if len(content) < start + length:
        return None
    end = start + length
    return Element(tag=content[0], content=content[start:end], raw=content[:end])


def find_sequence(content: bytes) -> Element | None:
    """The first element of some bytes, if it is a sequence; None otherwise."""
    element = find_element(content)
    return element if element is not None and element.tag == SEQUENCE else None


def _elements(content: bytes) -> Iterator[Element]:
    """The elements in some bytes. Each is copied once, so that the cost grows with the bytes
    only."""
    view, offset = memoryview(content), 0
    while offset < len(content):
        head = bytes(view[offset : offset + 2 + _LONGEST_LENGTH])
        size = _size(head)
        if size is None or offset + size > len(content):
            return
        element = find_element(bytes(view[offset : offset + size]))
        if element is None:
            return
        yield element
        offset += size


def _size(head: bytes) -> int | None:
    """The size in bytes of the element that begins with ``head``, None if that is not an
    element."""
    if len(head) < 2:
        return None
    if not head[1] & 0x80:
        return 2 + head[1]
    size = head[1] & 0x7F
    if not 0 < size <= _LONGEST_LENGTH or len(head) < 2 + size:
        return None
    return 2 + size + int.from_bytes(head[2 : 2 + size])
