"""Reads the fixtures folder: ``platform.toml``, ``apis/*.yaml`` and ``data/*.json``.

Every complaint names the file, the key and the value. The folder of the wheel lies inside the
package; in a checkout it lies beside it.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mock_sei.errors import ConfigurationError
from mock_sei.records import (
    PEM_START,
    Application,
    EndUser,
    RegistryError,
    ServiceAccount,
    find_certificate_problem,
)
from mock_sei.registry import Registry

Record = Mapping[str, Any]

_SafeLoader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C one takes a sixth of the time; not every platform has it."""


class _YamlLoader(_SafeLoader):  # type: ignore[misc]  # which of the two is known at run time
    """Reads plain words as YAML 1.2's core schema does: ``NO`` and dates are text.

    Source: YAML 1.2.2 section 10.3.2; PyYAML itself reads YAML 1.1.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def _yaml_integer(loader: Any, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


for _tag, _pattern, _first_characters in (
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
        list("-+.0123456789"),
    ),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
):
    _YamlLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first_characters
    )
_YamlLoader.add_constructor("tag:yaml.org,2002:int", _yaml_integer)


@dataclass(frozen=True, kw_only=True)
class Fixtures:
    """Everything one platform starts with; never changed, so that a reset can share it."""

    registry: Registry
    documents: Mapping[Path, Mapping[str, Any]]
    """OpenAPI documents by the file they came from."""
    collections: Mapping[str, tuple[Record, ...]]
    """Records by the name of their file."""


class _PlatformFile(TypedDict, total=False):
    __pydantic_config__ = {"extra": "forbid"}  # type: ignore[misc]  # noqa: RUF012  # pydantic's

    applications: list[Application]
    service_accounts: list[ServiceAccount]
    end_users: list[EndUser]


def bundled_folder() -> Path:
    """The fixtures that come with the package: in the wheel inside it, in a checkout beside it."""
    here = Path(__file__).resolve().parent
    inside = here / "bundled_fixtures"
    return inside if inside.is_dir() else here.parent / "fixtures"


def load_fixtures(folder: Path | None = None) -> Fixtures:
    """Reads a folder, the bundled one by default; what it lacks comes from the bundled one.

    Raises :class:`ConfigurationError`.
    """
    if folder is None:
        return _bundled()
    if not folder.is_dir():
        raise ConfigurationError("no such folder", source=folder)
    return _load(folder, bundled_folder())


@cache
def _bundled() -> Fixtures:
    # A memo of files that do not change while the process runs, not state: Fixtures are frozen.
    folder = bundled_folder()
    return _load(folder, folder)


def _load(folder: Path, fallback: Path) -> Fixtures:
    platform_file = _first(folder / "platform.toml", fallback / "platform.toml")
    return Fixtures(
        registry=read_platform_file(platform_file),
        documents={path: _read_yaml(path) for path in _files("apis/*.yaml", folder, fallback)},
        collections={
            path.stem: _read_records(path) for path in _files("data/*.json", folder, fallback)
        },
    )


def _first(*paths: Path) -> Path:
    return next((path for path in paths if path.exists()), paths[-1])


def _files(pattern: str, folder: Path, fallback: Path) -> Iterable[Path]:
    """Files of both folders; one of the same name in ``folder`` takes the other's place."""
    found = {path.name: path for path in fallback.glob(pattern)}
    found |= {path.name: path for path in folder.glob(pattern)}
    return [found[name] for name in sorted(found)]


def read_platform_file(path: Path) -> Registry:
    """The applications, accounts and users of a ``platform.toml``. Raises ConfigurationError."""
    try:
        raw = tomllib.loads(_read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"not valid TOML: {error}", source=path) from None
    try:
        entries = TypeAdapter(_PlatformFile).validate_python(raw)
    except ValidationError as error:
        raise complaint(error, source=path, known=_known_keys) from None
    try:
        return Registry(
            applications=[
                _with_certificate(each, index, path)
                for index, each in enumerate(entries.get("applications", ()))
            ],
            service_accounts=entries.get("service_accounts", ()),
            end_users=entries.get("end_users", ()),
        )
    except RegistryError as error:
        raise ConfigurationError(
            error.problem, source=path, key=key_path(error.place), value=error.value
        ) from None


_BARE_KEY = re.compile(r"[A-Za-z0-9+/=\s]{40,}")
"""A private key without its label; a path as long has a dot in it."""


def _with_certificate(application: Application, index: int, source: Path) -> Application:
    """``saml_certificate`` is PEM text, or the path of such a file, seen from ``platform.toml``."""
    written = application.saml_certificate
    if written is None or PEM_START in written:
        return application
    text = ""
    try:
        text = (source.parent / written).read_text(encoding="utf-8")
        problem = find_certificate_problem(text)
    except OSError as error:
        problem = error.strerror
    except ValueError:
        problem = "not the path of a text file in PEM form"
    if problem:
        key = key_path(("applications", index, "saml_certificate"))
        shown = None if _BARE_KEY.fullmatch(written) else written
        raise ConfigurationError(problem, source=source, key=key, value=shown)
    return replace(application, saml_certificate=text)


def complaint(error: ValidationError, *, source: object, known: Any = None) -> ConfigurationError:
    """The first fault of a pydantic validation as a line that names key and value."""
    first = error.errors(include_url=False)[0]
    place = first["loc"]
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        close = difflib.get_close_matches(str(place[-1]), known(place) if known else (), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return ConfigurationError(f"unknown key{hint}", source=source, key=key_path(place))
    # A whole table is not shown: it would be long, and may hold secrets.
    shown = isinstance(first["input"], str | int | float)
    value = first["input"] if shown and first["type"] != "missing" else None
    secret = any(word in str(part) for part in place for word in ("secret", "password"))
    problem = first["msg"].removeprefix("Value error, ")
    return ConfigurationError(
        problem[0].lower() + problem[1:],
        source=source,
        key=key_path(place),
        value="***" if secret and value is not None else value,
    )


def key_path(place: Iterable[str | int]) -> str:
    """``("applications", 1, "app_key")`` as ``applications[1].app_key``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _known_keys(place: tuple[str | int, ...]) -> Iterable[str]:
    tables: dict[str, Any] = {
        "applications": Application,
        "service_accounts": ServiceAccount,
        "end_users": EndUser,
    }
    table = tables.get(str(place[0]))
    return tables if len(place) == 1 or table is None else table.__dataclass_fields__


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.load(_read_text(path), Loader=_YamlLoader)  # noqa: S506  # a safe one
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(
            f"not valid YAML: {' '.join(str(error).split())}", source=path
        ) from None
    if not isinstance(document, dict):
        raise ConfigurationError("not an OpenAPI document: its top is not a mapping", source=path)
    return document


def _read_records(path: Path) -> tuple[Record, ...]:
    try:
        records = json.loads(_read_text(path))
    except ValueError as error:
        raise ConfigurationError(f"not valid JSON: {error}", source=path) from None
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise ConfigurationError("not a list of records", source=path)
    return tuple(records)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=path) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"not UTF-8 text: {error.reason}", source=path) from None
