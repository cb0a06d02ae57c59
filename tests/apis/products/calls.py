"""Calls of the functional APIs, with common checks of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.patterns import Budget
from tests.support import Served

Record = dict[str, Any]
Fits = Callable[[Record], bool]
Place = tuple[str, str]

OVERSIZE = 413
"""The gateway's own status, which no product declares."""

PATCH_TYPE = "application/json-patch+json"


class Api:
    """A client with its token. Each call of a test costs only one request."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._http = served.client()
        self._headers = served.headers()
        self._held: set[Any] = set()
        """Operations, statuses and parameters whose answers were already checked."""

    def call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx2.Response:
        """Calls an operation. The product's document must declare the answer, and its schema must
        fit."""
        sent = self._headers | dict(headers or {})
        answer = self._http.request(method, path, headers=sent, **options)
        self._hold_to_document(method, path, answer)
        return answer

    def _hold_to_document(self, method: str, url: str, answer: httpx2.Response) -> None:
        parts, status = urlsplit(url), str(answer.status_code)
        operation, _ = self.served.platform.catalogue.find(method, parts.path)
        if answer.status_code == OVERSIZE:
            return
        declared = operation.raw["responses"]
        assert status in declared, answer.text
        kind = operation.name, status, frozenset(parse_qs(parts.query))
        if kind in self._held or not answer.headers["content-type"].startswith("application/json"):
            return
        self._held.add(kind)
        place = f"{operation.pointer}/responses/{status}"
        pointer = declared[status].get("$ref", "").removeprefix("#") or place
        document = operation.document
        schema = document.find(f"#{pointer}/content/application~1json/schema", operation.name)
        assert find_misfits(document, schema, answer.json(), Budget()) == []

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        return self.call("GET", path, headers)

    def read(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """The body of a successful call."""
        answer = self.get(path, headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def every(self, path: str) -> list[Record]:
        """The records of all pages."""
        found: list[Record] = []
        url: str | None = path
        while url:
            body = self.read(url)
            found += body["data"]
            url = body.get("paging", {}).get("next")
        return found

    def faults(self, path: str, method: str = "GET", **options: Any) -> list[Place]:
        """Field and location of each entry of a 400."""
        return faults(self.call(method, path, **options))

    def missing(self, path: str, method: str = "GET", **options: Any) -> str:
        """The journal's explanation of a 404."""
        answer = self.call(method, path, **options)
        assert answer.status_code == 404, answer.text
        return self.served.platform.journal.last.refused_because or ""

    def add(self, collection: str, *records: Record) -> None:
        self.served.platform.state.apis.collections.add(collection, records)

    def stop_clock(self, year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> None:
        """Stops the clock at a moment in UTC, and gets a token of that time."""
        moment = datetime(year, month, day, hour, minute, tzinfo=UTC)
        self.served.platform.clock.set(moment, frozen=True)
        self._headers = self.served.headers()

    def patch(self, path: str, operations: Any) -> httpx2.Response:
        return self.call("PATCH", path, {"Content-Type": PATCH_TYPE}, json=operations)

    def upload(
        self, path: str, file: tuple[str, bytes, str], part: str, headers: Any = None
    ) -> httpx2.Response:
        return self.call("POST", path, headers, files={part: file})

    def check_filters(self, path: str, filters: Mapping[str, Fits]) -> None:
        """Each filter selects the records that it names, in order: some records, but never all."""
        everything = self.every(path)
        mark = "&" if "?" in path else "?"
        for query, fits in filters.items():
            found = self.every(f"{path}{mark}{query}")
            assert found == [each for each in everything if fits(each)], query
            assert 0 < len(found) < len(everything), query

    def check_wrong(self, path: str, wrong: Mapping[str, Place | list[Place]]) -> None:
        """Each query is refused with an entry for every wrong value, and no other entry."""
        mark = "&" if "?" in path else "?"
        for query, places in wrong.items():
            wanted = places if isinstance(places, list) else [places]
            assert faults(self.get(f"{path}{mark}{query}")) == wanted, query

    def check_walk(self, path: str, key: str, limit: int) -> None:
        """The pages contain every record once, in the order of the key."""
        mark = "&" if "?" in path else "?"
        keys = [each[key] for each in self.every(f"{path}{mark}limit={limit}")]
        total = self.read(path)["paging"]["totalCount"]
        assert len(keys) == total
        assert keys == sorted(set(keys))


def faults(answer: httpx2.Response) -> list[Place]:
    """Field and location of each entry of a 400. Each entry has a reason."""
    assert answer.status_code == 400, answer.text
    entries = answer.json()["errors"]
    assert all(entry["reason"] for entry in entries)
    return [(entry["field"], entry["location"]) for entry in entries]


DATE_FILTERS: dict[str, Fits] = {
    "createStartDate=2026-01-01": lambda each: each["createDate"] >= "2026-01-01",
    "createEndDate=2025-06-30": lambda each: each["createDate"] < "2025-07-01",
    "changeStartDate=2026-03-15T12:00:00.000": lambda each: (
        each["changeDate"] >= "2026-03-15T12:00:00.000"
    ),
    "changeEndDate=2025-12-31": lambda each: each["changeDate"] < "2026-01-01",
    "createStartDate=2025-03-01&createEndDate=2025-09-30": lambda each: (
        "2025-03-01" <= each["createDate"] < "2025-10-01"
    ),
}
"""Filters of every product whose records have both dates."""

WRONG_DATES: dict[str, Place | list[Place]] = {
    "createStartDate=2026-13-01": ("createStartDate", "query"),
    "createEndDate=yesterday": ("createEndDate", "query"),
    "changeStartDate=2026-01-01T10": ("changeStartDate", "query"),
    "changeEndDate=01/02/2026": ("changeEndDate", "query"),
    "active=yes&changeEndDate=x": [("active", "query"), ("changeEndDate", "query")],
}
