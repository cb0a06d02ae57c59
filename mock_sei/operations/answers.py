"""How an answer is written as JSON or as a file, and read back by who called."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import isfunction
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from pydantic_core import to_jsonable_python

from mock_sei.operations.requests import Fields
from mock_sei.operations.schemas import adapter_of, schema_of
from mock_sei.rules.tables import TablePage
from mock_sei.values.cached import cached_property

if TYPE_CHECKING:
    from mock_sei.platform import Platform

A = TypeVar("A")
R = TypeVar("R")
F = TypeVar("F", bound=Fields)

COUNT = "X-Total-Count"
"""The header with how many entries a list has in all."""
EARLIER = "X-Earlier-Count"
"""The header with how many entries stand before the first one of the answer."""


@dataclass(frozen=True, kw_only=True)
class WrittenAnswer:
    """An answer as it is sent."""

    json: Any = None
    """The JSON of the body."""
    pieces: Iterator[str] | None = None
    """The text of the body, piece by piece, of an answer that takes long to write."""
    name: str | None = None
    """The name of the file that the pieces are; None if they are JSON to read."""
    file: File | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    """None for the status of the operation's row."""


@dataclass(frozen=True, kw_only=True)
class ReceivedAnswer:
    """An answer as it came."""

    content: bytes
    headers: Mapping[str, str]
    status: int

    @cached_property
    def json(self) -> Any:
        """Raises ``ValueError`` where it is no JSON."""
        return json.loads(self.content)


class AnswerFormat(Protocol[A]):
    """How one kind of answer is written, read and described."""

    def schema(self) -> Mapping[str, Any] | None:
        """Returns the JSON Schema of the body, or None if the body is no JSON."""

    def write(self, answer: A, platform: Platform | None = None) -> WrittenAnswer: ...
    def read(self, received: ReceivedAnswer) -> A: ...


class Nothing:
    """No body: status 204."""

    def schema(self) -> None:
        """There is no body."""

    def write(self, answer: None, platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002  # as its kind
        return WrittenAnswer()

    def read(self, received: ReceivedAnswer) -> None:
        """Nothing was sent."""


@dataclass(frozen=True, kw_only=True)
class Json(Generic[A]):
    """JSON of a record of the platform, which has functions of its own for it."""

    kind: Any
    """Its type, or a function that makes its JSON Schema."""
    to_json: Callable[[A], Any]
    from_json: Callable[[Any], A]
    example: Any = None

    def schema(self) -> Mapping[str, Any]:
        made = self.kind() if isfunction(self.kind) else schema_of(self.kind)
        return made if self.example is None else {**made, "examples": [self.example]}

    def write(self, answer: A, platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002  # as its kind
        return WrittenAnswer(json=self.to_json(answer))

    def read(self, received: ReceivedAnswer) -> A:
        return self.from_json(received.json)


def values_of(kind: type[F]) -> Json[F]:
    """JSON with the fields of a class."""
    return Json(
        kind=kind,
        to_json=partial(to_jsonable_python, fallback=vars),
        from_json=partial(_read_as, kind),
    )


def _read_as(kind: Any, told: Any) -> Any:
    return adapter_of(kind).validate_python(told)


@dataclass(frozen=True)
class Pages(Generic[R]):
    """A part of a list; headers say how long the list is, and where the part begins."""

    record: Json[R]

    def schema(self) -> Mapping[str, Any]:
        return {"type": "array", "items": self.record.schema()}

    def write(self, answer: TablePage[R], platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002  # as its kind
        counts = {COUNT: str(answer.count), EARLIER: str(answer.earlier)}
        return WrittenAnswer(json=list(map(self.record.to_json, answer.records)), headers=counts)

    def read(self, received: ReceivedAnswer) -> TablePage[R]:
        """Raises ``ValueError`` where the headers are missing."""
        count, earlier = counts_of(received)
        records = list(map(self.record.from_json, received.json))
        return TablePage(records=records, count=count, earlier=earlier)


@dataclass(frozen=True)
class Lists(Generic[R]):
    """A list."""

    record: Json[R]

    def schema(self) -> Mapping[str, Any]:
        return {"type": "array", "items": self.record.schema()}

    def write(self, answer: Sequence[R], platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002
        return WrittenAnswer(json=list(map(self.record.to_json, answer)))

    def read(self, received: ReceivedAnswer) -> list[R]:
        return list(map(self.record.from_json, received.json))


def counts_of(received: ReceivedAnswer) -> tuple[int, int]:
    """How many entries the list has, and how many stand before this part.

    Raises ``ValueError`` where the headers are missing.
    """
    try:
        return int(received.headers[COUNT]), int(received.headers[EARLIER])
    except KeyError as error:
        raise ValueError(f"no header {error}") from None


class File(Fields):
    """A file to be saved."""

    name: str
    """Its ending says what it holds."""
    content: bytes
    """The bytes of the file."""
    warning: str | None = None
    """What to know before it is used."""


WARNING = "X-Warning"
"""The header with what to know of a file, which has no field for it."""


class Files:
    """One of some files."""

    def __init__(self, *names: str) -> None:
        self.names: Sequence[str] = names
        """Examples of the names; the endings give the media types."""

    def schema(self) -> None:
        """It is no JSON."""

    def write(self, answer: File, platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002  # as its kind
        headers = {} if answer.warning is None else {WARNING: answer.warning}
        return WrittenAnswer(file=answer, headers=headers)

    def read(self, received: ReceivedAnswer) -> File:
        warning = received.headers.get(WARNING)
        return File(name=self.names[0], content=received.content, warning=warning)
