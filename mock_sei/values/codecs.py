"""How a record becomes JSON text for a store of many servers, and is read back. No pickles."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Codec(Generic[R]):
    """Two functions: one writes a record as JSON text, the other reads this text."""

    write: Callable[[R], str]
    read: Callable[[str], R]


def codec_of(kind: Any) -> Codec[Any]:
    """The codec of a type: a dataclass, or what dataclasses consist of.

    pydantic builds it when a record is first written or read: a server with a state of its own
    never needs it.
    """

    def write(record: Any) -> str:
        try:
            return str(adapter(kind).dump_json(record).decode())
        except ValueError:  # half of a surrogate pair: JSON can escape it, but UTF-8 has none
            return json.dumps(adapter(kind).dump_python(record, mode="json"))

    def read(text: str) -> Any:
        if r"\ud" in text:
            return adapter(kind).validate_python(json.loads(text))
        return adapter(kind).validate_json(text)

    return Codec(write=write, read=read)


@cache
def adapter(kind: Any) -> Any:
    """What reads the values of a type (``pydantic.TypeAdapter``). It is made when it is first
    needed: one takes 10 ms and 2 MB."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


PLAIN: Codec[Any] = Codec(write=lambda value: json.dumps(value), read=json.loads)
"""For what is JSON already."""
