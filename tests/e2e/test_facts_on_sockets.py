"""Facts of the vendor's public pages that take a connection or a program; one server for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei import MockSei
from tests.facts.sockets import SOCKETS
from tests.facts.table import Fact


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.id, marks=[pytest.mark.needs(*row.needs)])
        for row in SOCKETS
        if row.on_sockets
    ],
)
def test_a_fact_holds_on_sockets(row: Fact, server: MockSei, tmp_path: Path) -> None:
    assert row.on_sockets is not None
    server.reset()

    assert row.on_sockets(server, tmp_path) == row.right, f"{row.id}: {row.fact} ({row.page})"
