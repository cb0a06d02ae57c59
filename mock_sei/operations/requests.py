"""What an operation is made of: a request with typed fields, and who performs it.

Classes with fields are made here without ``dataclasses``: sixty of those would add fifty
milliseconds to every import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum, auto
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    NoReturn,
    Protocol,
    TypeVar,
    dataclass_transform,
)

if TYPE_CHECKING:
    from mock_sei.platform import Platform

A = TypeVar("A")


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
class Fields:
    """A frozen value with keyword-only fields, which are the annotations of its class.

    The docstring below a field describes it; ``Annotated`` gives its bounds and examples.
    """

    names: ClassVar[tuple[str, ...]] = ()
    """Names of the fields, in their order."""
    usual: ClassVar[Mapping[str, Any]] = {}
    """Values of the fields that may be left out."""
    needed: ClassVar[frozenset[str]] = frozenset()
    """Names of the other fields."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        annotations = vars(cls).get("__annotations__", {})
        own = [name for name, kind in annotations.items() if "ClassVar" not in str(kind)]
        cls.names = (*cls.names, *own)
        cls.usual = {**cls.usual, **{name: vars(cls)[name] for name in own if name in vars(cls)}}
        cls.needed = frozenset(cls.names) - cls.usual.keys()

    def __init__(self, **values: Any) -> None:
        mine = self.__dict__
        mine.update(self.usual)
        mine.update(values)
        if len(mine) != len(self.names) or not self.needed <= values.keys():
            wrong = sorted({*values}.symmetric_difference(self.names) - self.usual.keys())
            raise TypeError(f"{type(self).__name__} has other fields: {', '.join(wrong)}")

    if not TYPE_CHECKING:  # a type checker knows it as frozen

        def __setattr__(self, name: str, value: object) -> NoReturn:
            raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema

        from mock_sei.operations.schemas import model_of, values_of

        model = model_of(cls)
        return core_schema.no_info_after_validator_function(
            lambda read: cls(**values_of(cls, read)),
            handler(model),
            serialization=core_schema.plain_serializer_function_ser_schema(vars),
        )


class Request(Fields, Generic[A]):
    """One thing that a test can do to a platform."""

    knows_its_query: ClassVar[bool] = False
    """Whether another parameter of the query is refused: a misspelt one would match everything."""
    in_unit: ClassVar[bool] = True
    """Whether it is a unit of work on the platform's state. What sends requests to the platform's
    own listeners is not: they are units of their own, and would wait for this one."""

    def check(self) -> None:
        """Raises :class:`~mock_sei.errors.MockSeiError` for what no platform accepts.

        An attached test calls it before it sends, since JSON cannot carry every wrong value.
        """

    def perform(self, platform: Platform) -> A:
        """Does it, and returns the answer. Raises :class:`~mock_sei.errors.MockSeiError`."""
        raise NotImplementedError


class Wait(Protocol):
    """Something that is waited for."""

    @property
    def done(self) -> Future[None]: ...


class PatientRequest(Request[A]):
    """An operation that waits. The control API keeps no thread busy for it meanwhile."""

    timeout: float
    """The most seconds to wait."""

    def begin(self, platform: Platform) -> Wait:
        """Begins to wait. The caller must :meth:`end` it, also after an error."""
        raise NotImplementedError

    def end(self, platform: Platform, wait: Any) -> A:
        """The answer, whether what was waited for has come or not."""
        raise NotImplementedError

    def perform(self, platform: Platform) -> A:
        wait = self.begin(platform)
        try:
            wait.done.result(self.timeout)
        except TimeoutError:
            pass
        finally:
            answer = self.end(platform, wait)
        return answer


class Performer(Protocol):
    """Who has a platform, in this process or elsewhere, and performs requests there."""

    def perform(self, request: Request[A]) -> A: ...


class Place(Enum):
    """Where a field of a request stands in a call of the control API.

    Without a mark a field named in the path stands there. Of a GET or DELETE the others stand in
    the query, of other methods in the JSON of the body.
    """

    QUERY = auto()
    """In the query, whatever the method."""
    HOST = auto()
    """The ``Host`` that the caller reached this machine by; no client gives it."""
    READS = auto()
    """True for a GET, false for a HEAD, which may use nothing up; no client gives it."""


@dataclass(frozen=True)
class WholeBody:
    """Marks the one field that is the whole JSON of the body."""

    schema: Callable[[], Mapping[str, Any]] | None = None
    """Its JSON Schema, where its type does not say it."""
