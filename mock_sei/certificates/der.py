"""The little of DER that is read without a library: elements and what stands in them.

Whatever the bytes are, an element is read or is None; nothing is raised. Source: X.690 section 8.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

INTEGER, OCTETS, IDENTIFIER, SEQUENCE = 0x02, 0x04, 0x06, 0x30

_LONGEST_LENGTH = 4
"""Bytes of a length; more than 4 GB stands in no file."""
_MOST_CHILDREN = 1000
_LARGEST_NUMBER = 16
"""Bytes of a counter that are read."""


@dataclass(frozen=True, kw_only=True)
class Element:
    """One tag with its content; ``raw`` has tag and length too."""

    tag: int
    content: bytes
    raw: bytes

    @property
    def children(self) -> tuple[Element, ...]:
        """Those of a sequence, up to the first that is broken."""
        return tuple(islice(_elements(self.content), _MOST_CHILDREN))

    def child(self, number: int, tag: int) -> Element | None:
        """The child with that number where it has that tag."""
        children = self.children
        if number < len(children) and children[number].tag == tag:
            return children[number]
        return None

    @property
    def identifier(self) -> str:
        """An object identifier with dots; empty for another element."""
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
        """An integer; 0 for another element. Of a larger one than any counter the first bytes."""
        if self.tag != INTEGER:
            return 0
        return int.from_bytes(self.content[:_LARGEST_NUMBER], signed=True)


def find_element(content: bytes) -> Element | None:
    """The element with which some bytes begin; what stands behind it is left out."""
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
    """The element with which some bytes begin, where it is a sequence."""
    element = find_element(content)
    return element if element is not None and element.tag == SEQUENCE else None


def _elements(content: bytes) -> Iterator[Element]:
    """Each in turn. The rest is not copied, so that many small ones cost no more than few."""
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
    """Bytes of the whole element with this head."""
    if len(head) < 2:
        return None
    if not head[1] & 0x80:
        return 2 + head[1]
    size = head[1] & 0x7F
    if not 0 < size <= _LONGEST_LENGTH or len(head) < 2 + size:
        return None
    return 2 + size + int.from_bytes(head[2 : 2 + size])
