"""Reads the fixtures folder: ``platform.toml``, ``apis/*.yaml`` and ``data/*.json``.

Each error names the file, the key and the value. In a wheel the bundled folder is inside the
package; in a checkout it is beside the package.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from mock_sei.document_files import DocumentFile, Index, find_documents, read_text
from mock_sei.errors import ConfigurationError, RegistryError, raise_all
from mock_sei.rules.arguments import plain_problem, suggestion
from mock_sei.rules.records import (
    PEM_START,
    Application,
    EndUser,
    ServiceAccount,
    find_certificate_problem,
)
from mock_sei.rules.registry import Registry
from mock_sei.values.json_numbers import plain_reason
from mock_sei.values.paths import find_path_problem

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Fixtures:
    """Everything that a platform starts with. It never changes, so that resets can share it."""

    registry: Registry
    documents: tuple[DocumentFile, ...]
    """The OpenAPI documents of the products."""
    collections: Mapping[str, tuple[Record, ...]]
    """The records of each collection, by the name of their file."""
    brought: tuple[DocumentFile, ...] = ()
    """A user's own OpenAPI documents (``--apis``), in addition to those of the fixtures."""
    problems: tuple[str, ...] = ()
    """The faults of documents that were left out."""


class RecordFiles(Mapping[str, tuple[Record, ...]]):
    """The records of each collection, by the name of their file.

    A bundled file is read when its records are needed, because most runs use two or three of them.
    A user's files are read at once, so that faults are reported.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        """Reads the users' files among ``paths``. Raises :class:`ConfigurationError`."""
        bundled = bundled_folder() / "data"
        self._paths = {path.stem: path for path in paths}
        self._records: dict[str, tuple[Record, ...]] = {}
        wrong: list[ConfigurationError] = []
        for name, path in self._paths.items():
            if path.parent != bundled:
                try:
                    self._records[name] = _parse_records(read_text(path), path)
                except ConfigurationError as error:
                    wrong.append(error)
        raise_all(wrong)

    def __getitem__(self, name: str) -> tuple[Record, ...]:
        found = self._records.get(name)
        if found is None:  # if two threads read it at the same time, both get the same object
            path = self._paths[name]
            read = _parse_records(read_text(path), path)
            found = self._records.setdefault(name, read)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class _PlatformFile(TypedDict, total=False):
    __pydantic_config__ = {"extra": "forbid"}  # type: ignore[misc]  # noqa: RUF012  # pydantic's

    applications: list[Application]
    service_accounts: list[ServiceAccount]
    end_users: list[EndUser]


def bundled_folder() -> Path:
    """The folder of the bundled fixtures: inside the package in a wheel, beside it in a
    checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "bundled_fixtures"
    return inside if inside.is_dir() else here.parent / "fixtures"


def is_demo(record: ServiceAccount | EndUser) -> bool:
    """Whether this record comes with the package. Then the documents print its password."""
    return record in _demo_people()


def has_demo_keys(application: Application) -> bool:
    """Whether its AppKey and AppSecret come with the package. Then the documents print them."""
    known = _bundled().registry.applications.get(application.app_key)
    return known is not None and known.app_secret == application.app_secret


def demo_users() -> list[EndUser]:
    """The end users that come with the package."""
    return [each for each in _demo_people() if isinstance(each, EndUser)]


def _demo_people() -> tuple[ServiceAccount | EndUser, ...]:
    registry = _bundled().registry
    return (*registry.service_accounts.values(), *registry.end_users.values())


def load_fixtures(folder: Path | None = None, apis: Path | None = None) -> Fixtures:
    """Reads a fixtures folder, by default the bundled one. Missing parts come from the bundled one.

    ``apis`` is a folder of further OpenAPI documents. Their faults are reported, and only the
    operations that need the faulty parts are left out. Raises :class:`ConfigurationError`.
    """
    for each in (folder, apis):
        if each is not None:
            require_folder(each)
    fixtures = _bundled() if folder is None else _load(folder, bundled_folder())
    return fixtures if apis is None else _with_brought(fixtures, apis)


def require_folder(folder: Path) -> None:
    """Raises :class:`ConfigurationError` if there is no such folder."""
    problem = find_path_problem(folder)
    if not problem and folder.is_file():
        raise ConfigurationError("is a file; give the folder that contains it", source=folder)
    if problem or not folder.is_dir():
        raise ConfigurationError("no such folder", source=folder)


def _with_brought(fixtures: Fixtures, folder: Path) -> Fixtures:
    brought, problems = find_documents(folder)
    return replace(fixtures, brought=tuple(brought), problems=tuple(map(str, problems)))


@cache
def _bundled() -> Fixtures:
    # The result is remembered. It is not state: the files do not change, and Fixtures are frozen.
    folder = bundled_folder()
    return _load(folder, folder)


def _load(folder: Path, fallback: Path) -> Fixtures:
    platform_file = _first(folder / "platform.toml", fallback / "platform.toml")
    wrong: list[ConfigurationError] = []
    registry, documents, collections = (
        _or_note(wrong, read)
        for read in (
            lambda: read_platform_file(platform_file),
            lambda: _documents(folder, fallback),
            lambda: RecordFiles(_files("data/*.json", folder, fallback)),
        )
    )
    raise_all(wrong)
    return Fixtures(registry=registry, documents=documents, collections=collections)


def _or_note(wrong: list[ConfigurationError], read: Callable[[], Any]) -> Any:
    """The result of ``read``.

    A fault is added to ``wrong``, so that all faults are reported together.
    """
    try:
        return read()
    except ConfigurationError as error:
        wrong.append(error)
    return None


def _documents(folder: Path, fallback: Path) -> tuple[DocumentFile, ...]:
    """The documents.

    Bundled ones are read when needed, a user's at once, so that faults are reported. Raises
    :class:`ConfigurationError`.
    """
    bundled = bundled_folder()
    index = Index(bundled / INDEX)
    wrong: list[ConfigurationError] = []

    def read(path: Path) -> DocumentFile:
        if path.parent == bundled / "apis":
            return DocumentFile(path, bundled=True, index=index)
        return DocumentFile(path, bundled=False)

    found = [
        _or_note(wrong, partial(read, path)) for path in _files("apis/*.yaml", folder, fallback)
    ]
    raise_all(wrong)
    return tuple(found)


INDEX = "index.json"
"""What is known of the bundled documents without parsing them; ``apis/index.py`` makes it."""


def _first(*paths: Path) -> Path:
    return next((path for path in paths if path.exists()), paths[-1])


def _files(pattern: str, folder: Path, fallback: Path) -> Iterable[Path]:
    """The files of both folders.

    A file in ``folder`` replaces the one of the same name in ``fallback``.
    """
    found = {path.name: path for path in fallback.glob(pattern)}
    found |= {path.name: path for path in folder.glob(pattern)}
    return [found[name] for name in sorted(found)]


def read_platform_file(path: Path) -> Registry:
    """Reads the applications, accounts and users of a ``platform.toml``.

    Raises :class:`ConfigurationError`.
    """
    try:
        raw = tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:
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
"""The characters of a private key without its label. A path of that length has a dot in it."""


def _with_certificate(application: Application, index: int, source: Path) -> Application:
    """Reads ``saml_certificate``: PEM text, or the path of a PEM file relative to
    ``platform.toml``."""
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
    """The first error of a pydantic validation, as one line with key and value."""
    first = error.errors(include_url=False)[0]
    place = first["loc"]
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        hint = f"; {suggestion(place[-1], known(place))}" if known else ""
        return ConfigurationError(f"unknown key{hint}", source=source, key=key_path(place))
    value = _shown(first["input"]) if first["type"] != "missing" else None
    secret = any(word in str(part) for part in place for word in ("secret", "password"))
    return ConfigurationError(
        plain_problem(first),
        source=source,
        key=key_path(place),
        value="***" if secret and value is not None else value,
    )


def _shown(value: object) -> str | int | float | None:
    """A value as an error message repeats it; None if it is not shown.

    A whole table is not shown, because it could be long or contain secrets. Python writes integers
    of at most 4,300 digits.
    """
    if isinstance(value, str):
        return value[:200]
    if isinstance(value, int) and abs(value) >= 10**100:
        return f"a number of {value.bit_length()} bits"
    return value if isinstance(value, int | float) else None


def key_path(place: Iterable[str | int]) -> str:
    """The place ``("applications", 1, "app_key")`` as ``applications[1].app_key``."""
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


def _parse_records(text: str, path: Path) -> tuple[Record, ...]:
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        problem = plain_reason(error) if isinstance(error, ValueError) else error
        raise ConfigurationError(f"not valid JSON: {problem}", source=path) from None
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise ConfigurationError("not a list of records", source=path)
    return tuple(records)
