"""Base paths from the servers of a document, a path or an operation.

The first server's path is used.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mock_sei.apis.references import mapping
from mock_sei.errors import ConfigurationError


def own_base(found: Iterable[tuple[Any, str]], source: Path) -> str | None:
    """The path of the first servers list that is not empty; None if there is none.

    Each of ``found`` is the value of a ``servers`` field and its place. Raises
    :class:`~mock_sei.errors.ConfigurationError`.
    """
    return next((base_path(each, source, place) for each, place in found if each), None)


def base_path(servers: Any, source: Path, place: str = "servers") -> str:
    """The path of the first server, with the default values of its variables.

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
            "it has a variable without a default", source=source, key=f"{place}.url", value=url
        )
    return f"/{path}" if path else ""
