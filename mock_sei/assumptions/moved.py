"""Paths on the wire that differ from the names of their operations, and the way between both.

Everything behind the listener knows an operation by the path that the table has as its default:
faults, scripted answers, routes, the journal. Only the listener and what is shown to clients know
the path on the wire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from mock_sei.assumptions.groups import Paths

_KEY = "{key}"
_DEFAULTS = Paths()


class MovedPaths:
    """The paths of one platform that are not where the defaults have them."""

    def __init__(self, paths: Paths) -> None:
        self._names: dict[str, str] = {}
        """The default path of each path on the wire."""
        self._gone: dict[str, tuple[str, str]] = {}
        """For a default path that nobody answers now: the row, and the path on the wire."""
        self._keyed: list[tuple[str, str, str]] = []
        """For paths with a key: the row, the template on the wire, the default template."""
        for row, default, wire in _moved(paths):
            if _KEY in wire:
                self._keyed.append((row, wire, default))
            else:
                self._names[wire] = default
                self._gone[default] = row, wire
        for wire in self._names:
            self._gone.pop(wire, None)  # another operation moved there

    def name_of(self, path: str) -> str | None:
        """The default path of a path on the wire, None if the path is not one of a moved one."""
        found = self._names.get(path)
        if found is None:
            for _, wire, default in self._keyed:
                key = _key_in(path, wire)
                if key is not None:
                    return default.replace(_KEY, key)
        return found

    def find_new(self, path: str) -> tuple[str, str] | None:
        """For a path that was moved: the row that moved it, and where it is now; otherwise None."""
        found = self._gone.get(path)
        if found is None:
            for row, wire, default in self._keyed:
                key = _key_in(path, default)
                if key is not None:
                    return row, wire.replace(_KEY, key)
        return found


def moved_paths(paths: Paths) -> MovedPaths | None:
    """What is not at its default path; None if everything is, so that requests cost nothing."""
    return MovedPaths(paths) if paths != _DEFAULTS else None


def _moved(paths: Paths) -> Iterator[tuple[str, str, str]]:
    """Name of the row, default and path on the wire of each moved path."""
    for each in fields(Paths):
        default, wire = getattr(_DEFAULTS, each.name), getattr(paths, each.name)
        if default != wire:
            yield f"path.{each.name}", default, wire


def _key_in(path: str, template: str) -> str | None:
    """The key in a path of this template, None if the path does not fit."""
    before, _, behind = template.partition(_KEY)
    key = path[len(before) : len(path) - len(behind)]
    fits = path.startswith(before) and path.endswith(behind) and key and "/" not in key
    return key if fits and len(path) == len(before) + len(key) + len(behind) else None
