"""Servers of a document, of a path or of an operation: of the first, the path counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mock_sei.apis.references import mapping
from mock_sei.errors import ConfigurationError


def own_base(found: Iterable[tuple[Any, str]], source: Path) -> str | None:
    """The path by the first servers that there are; None where there are none.

    Each of ``found`` is a ``servers`` and its place. Raises
    :class:`~mock_sei.errors.ConfigurationError`.
    """
    return next((base_path(each, source, place) for each, place in found if each), None)


def base_path(servers: Any, source: Path, place: str = "servers") -> str:
    """The path of the first of some servers, its variables at their defaults.

    Raises :class:`~mock_sei.errors.ConfigurationError`.
    """
    if not isinstance(servers, list):
        raise ConfigurationError("not a list", source=source, key=place)
    place = f"{place}[0]"
    first = mapping(servers[0], source, place)
    url = str(first.get("url", ""))
    variables = f"{place}.variables"
    for name, entry in mapping(first.get("variables") or {}, source, variables).items():
        default = mapping(entry, source, f"{variables}.{name}").get("default", "")
        url = url.replace(f"{{{name}}}", str(default))
    try:
        path = urlsplit(url).path.strip("/")
    except ValueError as error:
        raise ConfigurationError(str(error), source=source, key=f"{place}.url", value=url) from None
    if "\0" in path:
        raise ConfigurationError(
            "holds a NUL character", source=source, key=f"{place}.url", value=url
        )
    if "{" in path:
        raise ConfigurationError(
            "no default for a variable of it", source=source, key=f"{place}.url", value=url
        )
    return f"/{path}" if path else ""
