"""Values under keys of which a part may be a placeholder, found in a few look-ups.

A placeholder fits any text, so a key that has some cannot be looked up as it is. The places of its
placeholders are its mask. A call is looked up as it is, and then once for each mask that the
recording has, with the same places blanked.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mock_sei.recordings.placeholders import PLACEHOLDER

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
M = TypeVar("M", bound=Hashable)

MOST_MASKS = 32
"""So many masks are tried for one call at most. Keys with further ones are found only by their
literal text."""
MOST_ALIKE = 64
"""So many keys that differ only in the text around their placeholders are tried at most."""
BLANK = "\0"
"""Stands in a key for a value that is compared apart."""

Template = tuple[str, ...]
"""The texts around the placeholders of a value. A value without placeholders is one text."""
ANYTHING: Template = ("", "")


def template_of(text: str) -> Template:
    """A recorded value, split at its placeholders."""
    return tuple(PLACEHOLDER.split(text)[::3]) if "{{" in text else (text,)


def fits(template: Template, text: str) -> bool:
    """Whether a value has the texts of a template, in their order, and anything between them."""
    if len(template) == 1:
        return template[0] == text
    first, *between, last = template
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for each in between:
        found = text.find(each, at, end)
        if found < 0:
            return False
        at = found + len(each)
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Masked(Generic[K]):
    """A key whose values at the places of a mask are apart."""

    key: K
    values: Sequence[str]


@dataclass(kw_only=True, slots=True)
class _Alike(Generic[T]):
    templates: tuple[Template, ...]
    value: T


@dataclass(kw_only=True, slots=True)
class TemplateIndex(Generic[K, M, T]):
    """Values by keys, some of which have placeholders."""

    _exact: dict[K, T] = field(default_factory=dict)
    _masks: dict[M, dict[K, list[_Alike[T]]]] = field(default_factory=dict)

    def literal(self, key: K, make: Callable[[], T]) -> T:
        """The value of a key that is compared as it is written."""
        if key not in self._exact:
            self._exact[key] = make()
        return self._exact[key]

    def templated(
        self, mask: M, key: K, templates: Sequence[Template], make: Callable[[], T]
    ) -> T | None:
        """The value of a key with placeholders; None if there are too many masks, or too many
        keys that are alike."""
        if mask not in self._masks and len(self._masks) >= MOST_MASKS:
            return None
        alike = self._masks.setdefault(mask, {}).setdefault(key, [])
        wanted = tuple(templates)
        for each in alike:
            if each.templates == wanted:
                return each.value
        if len(alike) >= MOST_ALIKE:
            return None
        value = make()
        alike.append(_Alike(templates=wanted, value=value))
        return value

    def find_all(self, key: Callable[[], K], masked: Callable[[M], Masked[K]]) -> Iterator[T]:
        """The values whose keys fit, one that has no placeholder first.

        ``masked`` makes the key of the call with the places of a mask blanked.
        """
        found = self._exact.get(key())
        if found is not None:
            yield found
        for mask, by_key in self._masks.items():
            called = masked(mask)
            for each in by_key.get(called.key, ()):
                if len(each.templates) == len(called.values) and all(
                    map(fits, each.templates, called.values)
                ):
                    yield each.value

    def values(self) -> Iterator[T]:
        """All values."""
        yield from self._exact.values()
        for by_key in self._masks.values():
            for alike in by_key.values():
                yield from (each.value for each in alike)
