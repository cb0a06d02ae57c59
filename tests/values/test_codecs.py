"""Records as JSON text for a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mock_sei.values.codecs import codec_of
from tests.cases import every_case


@dataclass(frozen=True, kw_only=True)
class Note:
    text: str
    at: datetime
    tags: tuple[str, ...] = ()


@every_case("text", ["plain", "päper 🖖", r"a \ud83d in it", "half \ud83d of a pair", ""])
def test_every_text_survives(text: str) -> None:
    codec = codec_of(Note)
    note = Note(text=text, at=datetime(2026, 3, 31, tzinfo=UTC), tags=(text, "x"))

    written = codec.write(note)

    assert codec.read(written) == note
    written.encode()  # as a store does
