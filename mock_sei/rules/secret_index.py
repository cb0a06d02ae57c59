"""Texts that must not be shown, to be found wherever they stand in a longer text.

Neither adding nor finding goes through all of them: a text is looked at once for the places where
any secret may begin, and the candidates there are looked up. One thread may write while others
read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import compress, count

ANCHOR = 4
"""Characters by which the beginning of a secret is known. A shorter one is never found in a text:
it would hide half of everything."""

Anchor = tuple[str, ...]
Span = tuple[int, int]


class _Layer:
    """Texts with how often each was added, and by each beginning how many there are."""

    __slots__ = ("beginnings", "counts")

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.beginnings: dict[Anchor, tuple[int, frozenset[int]]] = {}
        """How many texts begin so, and the lengths that such texts have, or had."""

    def add(self, text: str, times: int) -> None:
        self.counts[text] = times
        for spelling in _spellings(text):
            anchor = tuple(spelling[:ANCHOR])
            number, lengths = self.beginnings.get(anchor, (0, frozenset()))
            if len(spelling) not in lengths:
                lengths |= {len(spelling)}
            self.beginnings[anchor] = number + 1, lengths

    def remove(self, text: str) -> None:
        for spelling in _spellings(text):
            anchor = tuple(spelling[:ANCHOR])
            number, lengths = self.beginnings[anchor]
            if number > 1:
                self.beginnings[anchor] = number - 1, lengths
            else:
                del self.beginnings[anchor]
        del self.counts[text]


class SecretIndex(Collection[str]):
    """A counted set of texts: one that was added twice stays until it is discarded twice."""

    __slots__ = ("_base", "_own", "_sizes", "harmless")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._base = _Layer()
        """Shared with copies, and never changed."""
        self._own = _Layer()
        """What changed since; its counts win over those of the base."""
        self._sizes: dict[int, int] = {}
        self.harmless: set[str] = set()
        """Texts that others have looked through and found none of these in. Another set takes its
        place when a text is added: who has looked meanwhile notes it in the former one."""
        for each in texts:
            self.add(each)

    def add(self, text: str) -> None:
        before = self._count(text)
        if not before:
            self._sizes[len(text)] = self._sizes.get(len(text), 0) + 1
        if before or text in self._base.counts:
            self._own.counts[text] = before + 1
        else:
            self._own.add(text, 1)
        if not before:
            self.harmless = set()

    def discard(self, text: str) -> None:
        before = self._count(text)
        if before > 1 or text in self._base.counts:
            self._own.counts[text] = max(0, before - 1)
        elif before:
            self._own.remove(text)
        if before == 1:
            self._sizes[len(text)] -= 1
            if not self._sizes[len(text)]:
                del self._sizes[len(text)]

    def copy(self) -> SecretIndex:
        """An index of its own with the same texts. It takes no time where nothing was added to
        this one since its last copy."""
        if self._own.counts:
            self._base, self._own = self._merged(), _Layer()
        twin = SecretIndex()
        twin._base = self._base  # of its own class
        twin._sizes = dict(self._sizes)
        twin.harmless = self.harmless
        return twin

    def find_in(self, text: str) -> list[Span]:
        """Where secrets stand in a text, in order. Spans that overlap are one.

        Costs the size of the text, times the number of lengths that secrets of one beginning have.
        """
        base, own = self._base, self._own
        begins = _anchored(text, base)
        if own.beginnings:
            begins = sorted({*begins, *_anchored(text, own)})
        spans: list[Span] = []
        for begin in begins:
            length = self._longest_at(text, begin, (base, own))
            if not length:
                continue
            end = begin + length
            if spans and spans[-1][1] > begin:
                begin, end = spans[-1][0], max(spans[-1][1], end)
                spans.pop()
            spans.append((begin, end))
        return spans

    @property
    def shortest(self) -> int:
        """Characters of the shortest that can be found, 0 where there is none."""
        return min((each for each in tuple(self._sizes) if each >= ANCHOR), default=0)

    @property
    def longest(self) -> int:
        return max(tuple(self._sizes), default=0)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self._count(text) > 0

    def __iter__(self) -> Iterator[str]:
        texts = {**self._base.counts, **self._own.counts}
        return iter([text for text, times in texts.items() if times])

    def __len__(self) -> int:
        return sum(self._sizes.values())

    def _count(self, text: str) -> int:
        own = self._own.counts.get(text)
        return self._base.counts.get(text, 0) if own is None else own

    def _merged(self) -> _Layer:
        merged = _Layer()
        for text in self:
            merged.add(text, self._count(text))
        return merged

    def _longest_at(self, text: str, begin: int, layers: tuple[_Layer, _Layer]) -> int:
        anchor = tuple(text[begin : begin + ANCHOR])
        known: frozenset[int] = frozenset()
        for layer in layers:
            found = layer.beginnings.get(anchor)
            if found is not None:
                known |= found[1]
        for length in sorted(known, reverse=True):
            candidate = text[begin : begin + length]
            if candidate in self or _read_as_utf8(candidate) in self:
                return len(candidate)
        return 0


def _anchored(text: str, layer: _Layer) -> list[int]:
    """Positions where the beginning of a secret stands; in C, since every text is looked at."""
    if not layer.beginnings:
        return []
    anchors = zip(text, text[1:], text[2:], text[3:], strict=False)
    return list(compress(count(), map(layer.beginnings.__contains__, anchors)))


def _spellings(text: str) -> set[str]:
    """A text, and its UTF-8 bytes read as Latin-1: so a header shows it, and what was decoded."""
    if len(text) < ANCHOR:
        return set()
    return {text, text.encode("utf-8", "surrogatepass").decode("latin-1")}


def _read_as_utf8(text: str) -> str | None:
    if text.isascii():
        return None
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None
