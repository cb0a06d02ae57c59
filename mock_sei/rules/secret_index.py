"""An index of secrets, which finds each of them anywhere inside a longer text.

The cost does not grow with the number of secrets. A search reads the text once, and looks for the
first characters of any secret; only at such a place it looks up the whole secret. One thread may
write while others read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import compress, count

ANCHOR = 4
"""The number of first characters by which a secret is found. A shorter secret is never found in a
text: to hide it would hide too much else."""
FEW = 32
"""So many different beginnings of secrets are found with one regular expression, which is two to
ten times as fast as to look up every place of a text. With more of them it becomes slower."""

DELIMITERS = frozenset('"=&#')
"""The characters that may stand beside the value of a parameter or of a JSON member."""

Anchor = tuple[str, ...]
Span = tuple[int, int]


class _Layer:
    """Counted texts, and an index of their first characters."""

    __slots__ = ("_additions", "_pattern", "beginnings", "counts")

    def __init__(self) -> None:
        self._additions = 0
        self._pattern: tuple[int, re.Pattern[str]] | None = None
        """Matches the first characters; with the number of additions before it was made."""
        self.counts: dict[str, int] = {}
        self.beginnings: dict[Anchor, tuple[int, frozenset[int]]] = {}
        """By first characters: how many texts begin with them, and the lengths that these texts
        have, or had."""

    def add(self, text: str, times: int) -> None:
        self.counts[text] = times
        for spelling in _spellings(text):
            anchor = tuple(spelling[:ANCHOR])
            number, lengths = self.beginnings.get(anchor, (0, frozenset()))
            if len(spelling) not in lengths:
                lengths |= {len(spelling)}
            self.beginnings[anchor] = number + 1, lengths
        self._additions += 1

    def remove(self, text: str) -> None:
        for spelling in _spellings(text):
            anchor = tuple(spelling[:ANCHOR])
            number, lengths = self.beginnings[anchor]
            if number > 1:
                self.beginnings[anchor] = number - 1, lengths
            else:
                del self.beginnings[anchor]
        del self.counts[text]

    def begins_in(self, text: str) -> list[int]:
        """Positions where a text of this layer may begin. The search runs in C, since every text is
        searched."""
        if not self.beginnings:
            return []
        if len(self.beginnings) > FEW:
            anchors = zip(text, text[1:], text[2:], text[3:], strict=False)
            return list(compress(count(), map(self.beginnings.__contains__, anchors)))
        search, begins = self._beginning().search, []
        found = search(text)
        while found:
            begins.append(found.start())
            found = search(text, found.start() + 1)
        return begins

    def _beginning(self) -> re.Pattern[str]:
        additions, made = self._additions, self._pattern
        if made is None or made[0] != additions:
            any_of = "|".join(re.escape("".join(each)) for each in list(self.beginnings))
            made = self._pattern = additions, re.compile(any_of or "(?!)")
        return made[1]


class SecretIndex(Collection[str]):
    """A counted set of texts: a text that was added twice stays until it is discarded twice."""

    __slots__ = (
        "_base",
        "_delimited",
        "_own",
        "_sizes",
        "harmless",
        "shown_headers",
        "shown_texts",
    )

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._base = _Layer()
        """A layer that copies share. It is never changed."""
        self._own = _Layer()
        """The changes since the last copy. Its counts replace those of the base."""
        self._sizes: dict[int, int] = {}
        self._delimited = 0
        """How many secrets have a character of :data:`DELIMITERS`."""
        self.shown_headers: dict[tuple[bytes, bytes], tuple[str, str]] = {}
        """Headers that are shown as they were sent, as text: name and value are harmless."""
        self.shown_texts: dict[object, tuple[str, Collection[str]]] = {}
        """Long texts as they are shown, with secrets hidden, and with each the words that must be
        hidden, too, once they are issued. It is replaced together with :attr:`harmless`."""
        self.harmless: set[str] = set()
        """Texts in which other code searched and found no secret. When a secret is added, a new
        set replaces this one, so that the result of a search that is still running goes to the old
        set."""
        for each in texts:
            self.add(each)

    def add(self, text: str) -> None:
        before = self._count(text)
        if not before:
            self._sizes[len(text)] = self._sizes.get(len(text), 0) + 1
            self._delimited += not DELIMITERS.isdisjoint(text)
        if before or text in self._base.counts:
            self._own.counts[text] = before + 1
        else:
            self._own.add(text, 1)
        if not before:
            self.harmless, self.shown_headers, self.shown_texts = set(), {}, {}

    def discard(self, text: str) -> None:
        before = self._count(text)
        if before > 1 or text in self._base.counts:
            self._own.counts[text] = max(0, before - 1)
        elif before:
            self._own.remove(text)
        if before == 1:
            self._sizes[len(text)] -= 1
            self._delimited -= not DELIMITERS.isdisjoint(text)
            if not self._sizes[len(text)]:
                del self._sizes[len(text)]

    def copy(self) -> SecretIndex:
        """A copy of this index. It costs next to nothing if nothing was added since the last
        copy."""
        if self._own.counts:
            self._base, self._own = self._merged(), _Layer()
        twin = SecretIndex()
        twin._base = self._base  # a private field of the same class
        twin._sizes = dict(self._sizes)
        twin._delimited = self._delimited
        twin.harmless = self.harmless
        twin.shown_headers, twin.shown_texts = self.shown_headers, self.shown_texts
        return twin

    def find_in(self, text: str) -> list[Span]:
        """The places of secrets in a text, in order, each as begin and end. Overlaps are joined.

        The cost grows with the length of the text, times the number of different lengths that
        secrets with the same first characters have.
        """
        base, own = self._base, self._own
        begins = base.begins_in(text)
        if own.beginnings:
            begins = sorted({*begins, *own.begins_in(text)})
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
        """The length of the shortest secret that can be found, 0 if there is none."""
        return min((each for each in tuple(self._sizes) if each >= ANCHOR), default=0)

    @property
    def has_delimiters(self) -> bool:
        """True if a secret has a character of :data:`DELIMITERS`."""
        return self._delimited > 0

    @property
    def longest(self) -> int:
        """The length of the longest secret, 0 if there is none."""
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


def _spellings(text: str) -> set[str]:
    """A text as it is, and its UTF-8 bytes read as Latin-1, which is how a header shows it."""
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
