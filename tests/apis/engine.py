"""Runs only the engine: a small document of a test, its records, and calls without HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from mock_sei.apis.answering import ApiRequest, answer
from mock_sei.apis.api_state import ApiState
from mock_sei.apis.calls import ApiAnswer
from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.jobs import Jobs
from mock_sei.apis.times import find_zone
from mock_sei.document_files import Outline
from mock_sei.errors import ConfigurationError, InvalidValue, MalformedRequest, Refusal
from mock_sei.rules.connection import Findings

NOON = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
"""Noon, Eastern time."""

SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C, where PyYAML was built with it: thousands of documents are read."""

JSON = {"content-type": "application/json"}
PATCH = {"content-type": "application/json-patch+json"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """The file of a document that exists only in memory."""

    content: Mapping[str, Any]
    product: str = "widgets"
    source: Path = Path("widgets.yaml")
    bundled: bool = False
    name: str = "widgets.yaml"
    problems: Sequence[ConfigurationError] = ()
    outline: Outline | None = None

    def read_part(self, name: str) -> tuple[Path, Any]:
        raise ConfigurationError("no such file", source=name)

    @property
    def paths(self) -> Sequence[str]:
        return list(self.content.get("paths", ()))


def document(text: str, *, product: str = "widgets", version: str = "3.1.0") -> Document:
    """A document from its ``paths`` and from further YAML."""
    content = yaml.load(text, Loader=SAFE_LOADER)  # noqa: S506 - it is one
    return Document(content={"openapi": version, **content}, product=product)


def operation(rule: str = "{}", parameters: str = "[]", method: str = "get", more: str = "") -> str:
    """The YAML of a document with one operation."""
    return f"""
paths:
  /v1/widgets:
    {method}:
      x-mock-sei: {{collection: widgets, key: id, ...}}
      parameters: {parameters}
      responses: {{"200": {{description: good}}}}
{more}
""".replace("{collection: widgets, key: id, ...}", rule)


LIST = "{collection: widgets, key: id}"


@dataclass(kw_only=True)
class Engine:
    """The engine with one product and its state."""

    catalogue: Catalogue
    state: ApiState
    now: datetime = NOON
    findings: Findings = field(default_factory=Findings)

    @classmethod
    def of(cls, text: str | Document, **records: Sequence[Mapping[str, Any]]) -> Engine:
        """An engine from YAML and the records of its collections. ``_`` in a name stands for
        ``-``."""
        file = document(text) if isinstance(text, str) else text
        seed = {name.replace("_", "-"): tuple(each) for name, each in records.items()}
        random = Random(1)  # noqa: S311  # equal results in each run
        zone = find_zone("America/New_York")
        state = ApiState(collections=Collections(seed), jobs=Jobs(random), random=random, zone=zone)
        return cls(catalogue=Catalogue([file]), state=state)

    @classmethod
    def vendor(cls, text: str, **records: Sequence[Mapping[str, Any]]) -> Engine:
        """Like :meth:`of`, for a document that we wrote for a product of the vendor."""
        return cls.of(replace(document(text), bundled=True), **records)

    @classmethod
    def brought(cls, text: str, *, version: str = "3.1.0", told: Sequence[str] = ()) -> Engine:
        """An engine with a user's document. Each entry of ``told`` is a part of the report at its
        position."""
        engine = cls.of("paths: {}")
        engine.catalogue = Catalogue((), [document(text, version=version)])
        problems = engine.catalogue.problems
        assert len(problems) == len(told), problems
        assert all(each in problem for each, problem in zip(told, problems, strict=True))
        return engine

    def call(
        self,
        target: str = "/v1/widgets",
        *,
        method: str = "GET",
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> ApiAnswer:
        """Answers a call. Raises :class:`Refusal`."""
        parts = urlsplit(target)
        found, path = self.catalogue.find(method, parts.path, parts.query)
        request = ApiRequest(
            operation=found,
            path=path,
            query=parts.query,
            headers={name: [value] for name, value in (headers or {}).items()},
            body=body.encode() if isinstance(body, str) else body,
            url=f"https://localhost{parts.path}",
            user="svc-demo",
            findings=self.findings,
        )
        found_answer = answer(request, self.state, self.now)
        if found.rule.action != "list":
            return found_answer
        return replace(found_answer, body=json.loads(found_answer.content or b""))

    def post(self, body: bytes | str, target: str = "/v1/widgets", **how: Any) -> ApiAnswer:
        return self.call(target, **{"method": "POST", "headers": JSON, **how}, body=body)

    def ids(self, query: str = "", key: str = "id") -> list[Any]:
        """The keys of the records that a query selects."""
        return [each[key] for each in self.call(f"/v1/widgets?{query}").body["data"]]

    def faults(self, target: str = "/v1/widgets", **how: Any) -> list[InvalidValue]:
        """What is wrong with a call."""
        with pytest.raises(MalformedRequest) as caught:
            self.call(target, **how)
        return list(caught.value.faults)

    def refusal(self, target: str, **how: Any) -> Refusal:
        with pytest.raises(Refusal) as caught:
            self.call(target, **how)
        return caught.value


def complaint(text: str) -> str:
    """The message about a wrong document, after the file's name."""
    with pytest.raises(ConfigurationError) as caught:
        Catalogue([document(text)])
    line = str(caught.value)
    assert line.startswith("widgets.yaml: ")
    assert "\n" not in line
    return line.removeprefix("widgets.yaml: ")


def widgets(count: int) -> list[dict[str, Any]]:
    return [{"id": number} for number in range(1, count + 1)]
