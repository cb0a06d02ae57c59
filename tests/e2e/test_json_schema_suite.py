"""JSON Schema's own test suite: bodies are accepted as it says, and answers fit its schemas.

Its schemas stand in OpenAPI documents, each as that of a request body and of an answer. Where we
are not as the suite has it, the table of ``docs/apis.md`` says so: it is held to what happens. The
suite comes with the source distribution of the package ``jsonschema``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.errors import MalformedRequest
from tests.apis.engine import JSON, Document, Engine
from tests.e2e.building import ROOT
from tests.e2e.sources import unpacked

PACKAGE = "jsonschema==4.26.0"
REMOTE = "http://localhost:1234/"
"""Where the suite says that some of its schemas are."""

Group = Mapping[str, Any]
"""A schema of the suite, and values that fit it or do not."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of OpenAPI, and the suite of its schemas."""

    openapi: str
    draft: str
    engine: type[Any]
    """Decides whether a made value fits the schema as the suite has it."""
    has: Callable[[Any], bool] = lambda _: True
    """Whether a schema is one of this version."""


_NOT_OF_3_0 = frozenset(
    ["$ref", "$schema", "additionalItems", "definitions", "dependencies", "id", "patternProperties"]
)


def _is_of_3_0(schema: Any) -> bool:
    """Whether OpenAPI 3.0 has all its keywords; references are those of whole documents there."""
    if isinstance(schema, list):
        return all(map(_is_of_3_0, schema))
    if not isinstance(schema, dict):
        return True
    if _NOT_OF_3_0 & schema.keys() or isinstance(schema.get("items"), list):
        return False
    if isinstance(schema.get("type"), list) or schema.get("type") == "null":
        return False
    return all(_is_of_3_0(each) for key, each in schema.items() if key not in ("enum", "default"))


VERSIONS = {
    "3.1": Version(
        openapi="3.1.1", draft="draft2020-12", engine=jsonschema_rs.Draft202012Validator
    ),
    "3.0": Version(
        openapi="3.0.4", draft="draft4", engine=jsonschema_rs.Draft4Validator, has=_is_of_3_0
    ),
}


@dataclass(kw_only=True)
class Found:
    """Where a file of the suite is not decided as it says."""

    decided: list[str] = field(default_factory=list)
    """Values that are let in and must not be, or the other way round."""
    left_out: list[str] = field(default_factory=list)
    """Schemas that cost their operation; a line of the log says why."""
    made: list[str] = field(default_factory=list)
    """Schemas whose made answer does not fit; its journal entry says so, or a line of the log."""
    silent: list[str] = field(default_factory=list)
    """Schemas whose made answer does not fit, and nothing says so."""

    def counts(self) -> tuple[int, int, int]:
        return len(self.decided), len(self.left_out), len(self.made)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    members = [f"json/tests/{each.draft}/" for each in VERSIONS.values()]
    return unpacked(tmp_path_factory, PACKAGE, [*members, "json/remotes/"]) / "json"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_suite_is_met_but_for_what_the_document_names_and_misfits_are_told(
    suite: Path, version: str
) -> None:
    """One run of the suite for both: it is dear."""
    found = dict(_found(suite, VERSIONS[version]))

    misfits = {name: each for name, each in found.items() if any(each.counts())}
    assert {name: each.counts() for name, each in misfits.items()} == dict(_documented(version)), (
        misfits
    )
    assert {name: each.silent for name, each in found.items() if each.silent} == {}


def _documented(version: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """The rows of the table: a file of the suite, and the counts of one version."""
    text = (ROOT / "docs" / "apis.md").read_text(encoding="utf-8")
    for row in re.findall(rf"^\| {re.escape(version)} \| (.+) \|$", text, re.MULTILINE):
        name, decided, left_out, made, _ = (each.strip() for each in row.split(" | ", 4))
        yield name.strip("`"), (int(decided), int(left_out), int(made))


def _found(suite: Path, version: Version) -> Iterator[tuple[str, Found]]:
    folder = suite / "tests" / version.draft
    remotes = _remotes(suite, version)
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        groups = [
            each for each in json.loads(path.read_text("utf-8")) if version.has(each["schema"])
        ]
        yield name, _tried(groups, version, remotes, formats="format" in name)


def _remotes(suite: Path, version: Version) -> dict[str, Any]:
    """The schemas that others refer to by address, which they have as their ``$id``."""
    found = {}
    for path in sorted((suite / "remotes").rglob("*.json")):
        name = path.relative_to(suite / "remotes").as_posix()
        if "/" not in name or name.startswith((version.draft, "nested", "baseUri")):
            found[REMOTE + name] = json.loads(path.read_text("utf-8"))
    return found


def _tried(
    groups: list[Group], version: Version, remotes: Mapping[str, Any], *, formats: bool
) -> Found:
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), [_document(groups, version, remotes)])
    missing = {each.path for _, each in engine.catalogue.left_out}
    found = Found()
    for number, group in enumerate(groups):
        path, title = f"/{number}", group["description"]
        if path in missing:
            found.left_out.append(title)
            continue
        for test in group["tests"]:
            if _fits(engine, path, test["data"]) is not test["valid"]:
                found.decided.append(f"{title}: {test['description']}")
        if any(test["valid"] for test in group["tests"]):
            engine.findings.notes.clear()
            made = engine.call(path).body
            judge = version.engine(
                group["schema"], retriever=remotes.__getitem__, validate_formats=formats
            )
            if not judge.is_valid(made):
                found.made.append(title)
                places = [f"paths[{path}]", *_mentioned(group["schema"], remotes)]
                is_told = engine.findings.notes or any(
                    place in each for place in places for each in engine.catalogue.problems
                )
                found.silent += [] if is_told else [title]
    return found


def _mentioned(schema: Any, remotes: Mapping[str, Any]) -> list[str]:
    """Where in the document the schemas stand that a schema refers to by address."""
    text = json.dumps(schema)
    return [f"schemas.{_name(each)}." for each in remotes if each.rpartition("/")[2] in text]


def _name(address: str) -> str:
    return re.sub("[^a-z]", "-", address.removeprefix(REMOTE))


def _fits(engine: Engine, path: str, value: Any) -> bool:
    """Whether a request with this body is let in."""
    try:
        engine.call(path, method="POST", headers=JSON, body=json.dumps(value))
    except MalformedRequest:
        return False
    return True


def _document(groups: Iterable[Group], version: Version, remotes: Mapping[str, Any]) -> Document:
    """A path for each schema, to which a value is sent and of which one is made."""
    paths: dict[str, Any] = {}
    for number, group in enumerate(groups):
        schema = group["schema"]
        if version.openapi.startswith("3.1") and isinstance(schema, dict):
            # A part of a document is the whole of a schema, to which its references go, by its $id.
            schema = {"$id": f"https://suite.example/{number}", **schema}
        content: Any = {"application/json": {"schema": schema}}
        sent: Any = {
            "requestBody": {"required": True, "content": content},
            "responses": {"204": {"description": "it fits"}},
        }
        made = {"responses": {"200": {"description": "made", "content": content}}}
        paths[f"/{number}"] = {"post": sent, "get": made}
    named = {
        _name(address): {"$id": address, **schema}
        for address, schema in remotes.items()
        if version.openapi.startswith("3.1") and isinstance(schema, dict)
    }
    components = {"schemas": named}
    return Document(content={"openapi": version.openapi, "paths": paths, "components": components})
