"""Finds the operations that an unknown path may have meant, in limited time.

Typical mistakes are an extra slash, wrong case, the version, or a missing or wrong part of the
path, rather than swapped letters. So the words of a path are compared, without their separators.
Among equal candidates the preferred operations win.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import chain, islice
from urllib.parse import unquote

from mock_sei.values.cached import cached_property

NEAREST = 3
LONGEST = 100
"""The most characters of a path that are compared."""
_NEIGHBOURS = 40
"""How many operations before and after a path in alphabetical order are compared with it."""
_SHARING = 20
"""For each word of a path, how many operations with the same word are compared."""
_WORDS = 12
"""How many words of a path are looked up."""
_LIKELY = 12
"""How many operations are compared exactly, after a quick comparison selects them."""

_VERSION = re.compile(r"/v[0-9.]{1,5}(?=/|\Z)", re.IGNORECASE)
_PARAMETER = re.compile(r"\{[^}]*\}")
_NO_LETTERS = re.compile("[^a-z]")
_WORD = re.compile("[a-z]{3,}")


class NearPaths:
    """Operations by their paths, to find the ones nearest to a wrong path.

    ``names`` are written as ``POST /v2/oauthtoken``. Those in ``preferred`` are compared with every
    path, and win among equals.
    """

    def __init__(self, preferred: Iterable[str], names: Iterable[str]) -> None:
        self._preferred = dict.fromkeys(preferred)
        self._plain_paths: dict[str, str] = {}
        self._others = [each for each in dict.fromkeys(names) if each not in self._preferred]

    def load(self) -> None:
        """Sorts the paths now. Otherwise the first search does it."""
        _ = self._by_path, self._by_word

    def nearest(self, method: str, path: str) -> list[str]:
        """The names of the nearest operations, the nearest first."""
        path = path[:LONGEST]
        asked = plain(path)
        candidates = list(dict.fromkeys(chain(self._preferred, self._around(path))))
        plain_paths = {each: self._plain_path(each) for each in candidates}
        matcher = difflib.SequenceMatcher(b=asked)

        measured: dict[tuple[str, str], float] = {}

        def once(kind: str, other: str, measure: Callable[[str], float]) -> float:
            """Compares operations with the same path only once, whatever their methods are."""
            if (kind, other) not in measured:
                measured[kind, other] = measure(other)
            return measured[kind, other]

        def quick_measure(other: str) -> float:
            matcher.set_seq1(other)
            return matcher.quick_ratio()

        def measure(other: str) -> float:
            matcher.set_seq1(other)
            return round(matcher.ratio(), 2)

        def exact_measure(other: str) -> float:
            return _likeness(path, other)

        def quick(name: str) -> float:
            return once("quick", plain_paths[name], quick_measure)

        version = _version(path)

        def near(name: str) -> tuple[float, bool, bool, bool, float]:
            other, is_preferred = _path(name), name in self._preferred
            # Among preferred operations the first in the list wins, regardless of slashes.
            exact = 0.0 if is_preferred else once("exact", other, exact_measure)
            return (
                once("near", plain_paths[name], measure),
                is_preferred,
                name.startswith(f"{method} "),
                version == _version(other),
                exact,
            )

        likely = nlargest(_LIKELY, candidates, key=quick)
        return nlargest(NEAREST, likely, key=near)

    def _plain_path(self, name: str) -> str:
        found = self._plain_paths.get(name)
        if found is None:
            found = self._plain_paths[name] = plain(_path(name))
        return found

    def _around(self, path: str) -> Iterator[str]:
        here = bisect(self._by_path, (path, ""))
        yield from (
            name for _, name in self._by_path[max(0, here - _NEIGHBOURS) : here + _NEIGHBOURS]
        )
        for word in islice(dict.fromkeys(_words(path)), _WORDS):
            yield from self._by_word.get(word, ())

    @cached_property
    def _by_path(self) -> Sequence[tuple[str, str]]:
        """Path and name of every operation, in the order of their paths."""
        return sorted((_path(each), each) for each in self._others)

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        """Some operations for each word of their paths. Short names come first."""
        found: dict[str, list[str]] = {}
        for name in sorted(self._others, key=len):
            for word in set(_words(_path(name))):
                here = found.setdefault(word, [])
                if len(here) < _SHARING:
                    here.append(name)
        return found


def plain(path: str) -> str:
    """The letters of a path in lower case, without parameters and version."""
    text = unquote(path[:LONGEST]).lower()
    return _NO_LETTERS.sub("", _PARAMETER.sub("", _VERSION.sub("", text)))


def find_path_difference(sent: str, right: str) -> str | None:
    """How two paths with the same words differ, such as ``a slash at its end``; None if
    otherwise."""
    found = []
    for differs, mended in _MENDS:
        if sent == right:
            break
        mended_sent, mended_right = mended(sent), mended(right)
        if mended_sent != sent:
            found.append(differs)
        sent, right = mended_sent, mended_right
    return " and ".join(found) if found and sent == right else None


_MENDS: Sequence[tuple[str, Callable[[str], str]]] = (
    ("an invisible character at its end", lambda path: unquote(path[:LONGEST]).rstrip()),
    ("a double slash", lambda path: re.sub("/{2,}", "/", path)),
    ("a slash at its end", lambda path: path.rstrip("/")),
    ("upper and lower case", str.lower),
    ("its version", lambda path: _VERSION.sub("", path)),
)


def _words(path: str) -> list[str]:
    return _WORD.findall(_PARAMETER.sub("", unquote(path).lower()))


def _version(path: str) -> str:
    found = _VERSION.search(path)
    return found[0].lower() if found else ""


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other[:LONGEST]).ratio()


def _path(name: str) -> str:
    return name.partition(" ")[2]
