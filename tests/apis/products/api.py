"""Calls of one product whose answers are held to its document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from mock_sei.apis.operations import Operation
from tests.support import Platform

Record = dict[str, Any]


class Api:
    """A client with good credentials; every answer must be declared, and fit its schema."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._http = platform.client()
        self._headers = platform.headers()
        self._read: dict[str, list[Record]] = {}

    def call(
        self,
        path: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        **body: Any,
    ) -> httpx2.Response:
        answer = self._http.request(
            method, path, headers={**self._headers, **(headers or {})}, **body
        )
        self._hold_to_document(method, urlsplit(path).path, answer)
        return answer

    def _hold_to_document(self, method: str, path: str, answer: httpx2.Response) -> None:
        operation, _ = self.platform.sandbox.catalogue.find(method, path)
        assert str(answer.status_code) in operation.raw["responses"], answer.text
        if answer.headers["content-type"].startswith("application/json"):
            validator = operation.document.validator(_schema_of(operation, answer.status_code))
            validator.validate(answer.json())

    def stop_clock(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> None:
        """At a moment in UTC, with a token of that time."""
        self.platform.sandbox.clock.set(
            datetime(year, month, day, hour, minute, tzinfo=UTC), frozen=True
        )
        self._headers = self.platform.headers()

    def get(self, path: str) -> Any:
        answer = self.call(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def every(self, path: str) -> list[Record]:
        """The records of all pages."""
        if path not in self._read:
            records: list[Record] = []
            link: str | None = path
            while link is not None:
                body = self.get(link)
                records += body["data"]
                link = body.get("paging", {}).get("next")
            self._read[path] = records
        return self._read[path]

    def picks(self, path: str, query: str, fits: Callable[[Record], bool]) -> None:
        """A filter answers exactly the records that fit: some, and not all."""
        mark = "&" if "?" in path else "?"
        everything, found = self.every(path), self.every(f"{path}{mark}{query}")
        assert found == [each for each in everything if fits(each)]
        assert 0 < len(found) < len(everything)

    def faults(self, path: str, method: str = "GET", **body: Any) -> list[tuple[str, str]]:
        """Field and location of each entry of a 400."""
        answer = self.call(path, method, **body)
        assert answer.status_code == 400, answer.text
        assert all(each["reason"] for each in answer.json()["errors"])
        return [(each["field"], each["location"]) for each in answer.json()["errors"]]

    def missing(self, path: str, method: str = "GET", **body: Any) -> str:
        """What the journal says about a 404."""
        answer = self.call(path, method, **body)
        assert answer.status_code == 404, answer.text
        return self.platform.sandbox.journal.last.refused_because or ""

    def add(self, collection: str, *records: Record) -> None:
        self.platform.sandbox.state.apis.collections.add(collection, records)


def _schema_of(operation: Operation, status: int) -> str:
    """A JSON pointer."""
    answer = operation.raw["responses"][str(status)]
    place = answer.get("$ref", "").removeprefix("#") or f"{operation.pointer}/responses/{status}"
    return f"{place}/content/application~1json/schema"


def walked(api: Api, path: str, key: str, limit: int) -> list[Any]:
    """The keys of all records by pages of a size; a page but the last is full."""
    mark = "&" if "?" in path else "?"
    keys: list[Any] = []
    link: str | None = f"{path}{mark}limit={limit}"
    while link is not None:
        body = api.get(link)
        assert len(body["data"]) == limit or body["paging"]["next"] is None
        keys += [each[key] for each in body["data"]]
        assert body["paging"]["totalCount"] >= len(keys)
        link = body["paging"]["next"]
    return keys
