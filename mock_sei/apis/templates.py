"""Templates in documents: they say what a write adds to its record, and what it answers.

A text that begins with ``$`` is replaced, everything else stays as it is:

- ``$path.name``, ``$query.name``, ``$header.name``: a parameter of the call
- ``$body``, ``$body.member.member``: the request body
- ``$known.name.member``: a member of the record that a ``known`` value names
- ``$file.name``, ``$file.size``, ``$file.type``: an uploaded file
- ``$key``: the new record's key; ``$job``: the key of the job that the write starts
- ``$now``, ``$now.utc``, ``$today``: the platform's time: Eastern, UTC, Eastern date
- ``$each``: the list entry for which a record is made, if a write makes several
- ``$next.member``: one more than the greatest number of this member in the collection
- ``$user``: the end user of the token, or its service account if it has no end user
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Names = Mapping[str, Any]


def fill(template: Any, names: Names) -> Any:
    """The template with its names replaced. A member whose name has no value is left out."""
    if isinstance(template, Mapping):
        filled = {key: fill(value, names) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not MISSING}
    if isinstance(template, list):
        return [value for value in (fill(each, names) for each in template) if value is not MISSING]
    if isinstance(template, str) and template.startswith("$"):
        return _find(template[1:], names)
    return template


def names_in(template: Any) -> Iterator[str]:
    """All names in a template."""
    if isinstance(template, Mapping):
        template = list(template.values())
    if isinstance(template, list):
        for each in template:
            yield from names_in(each)
    elif isinstance(template, str) and template.startswith("$"):
        yield template[1:]


class _Missing:
    """Stands for a name that has no value."""


MISSING = _Missing()


def _find(name: str, names: Names) -> Any:
    if name in names:
        return names[name]
    first, _, rest = name.partition(".")
    value: Any = names
    if callable(names.get(first)):
        return names[first](rest)
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return MISSING
        value = value[part]
    return value
