"""The platform gets a connection's data as values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime

import pytest

from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.standards import Listener

CERTIFICATE = ClientCertificate(
    common_name="svc-demo",
    serial_number=1,
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2028, 1, 1, tzinfo=UTC),
    fingerprint="00",
)
CONNECTION = Connection(
    listener=Listener.TWO_WAY, source_address="127.0.0.1", certificate=CERTIFICATE
)


@pytest.mark.parametrize("record", [CERTIFICATE, CONNECTION])
def test_a_connections_values_cannot_be_changed(record: ClientCertificate | Connection) -> None:
    for each in fields(record):
        with pytest.raises(FrozenInstanceError):
            setattr(record, each.name, None)


def test_two_requests_do_not_share_their_notes() -> None:
    first, second = Findings(), Findings()
    first.notes.append("a note")

    assert second.notes == []
