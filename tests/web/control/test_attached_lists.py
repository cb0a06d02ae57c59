"""What an attached test reads in parts is whole: each part is a call of the control API."""

from __future__ import annotations

from typing import Any, cast

import httpx2
import pytest

from mock_sei.testing.attached_controls import AttachedData
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.mirrors import AttachedFaults


class Calls:
    """The calls of a control API that runs in this process."""

    def __init__(self, control: httpx2.Client) -> None:
        self._control = control
        self.count = 0

    def get(self, path: str, query: Any = None) -> Any:
        self.count += 1
        answer = self._control.get(path, params=query)
        assert answer.status_code == 200
        return answer.json()


@pytest.mark.parametrize(("armed", "calls"), [(0, 1), (2, 1), (3, 2), (7, 3)])
def test_faults_are_read_to_the_last(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch, armed: int, calls: int
) -> None:
    monkeypatch.setattr("mock_sei.testing.mirrors.FAULTS_A_PAGE", 3)
    for number in range(armed):
        control.post("/faults", json={"status": 500 + number})
    api = Calls(control)

    found = AttachedFaults(cast("ControlApi", api)).armed

    assert [each.fault.status for each in found] == [500 + number for number in range(armed)]
    assert api.count == calls


@pytest.mark.parametrize(("stored", "calls"), [(0, 1), (2, 1), (3, 2), (7, 3)])
def test_records_are_read_to_the_last(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch, stored: int, calls: int
) -> None:
    monkeypatch.setattr("mock_sei.testing.attached_controls.RECORDS_A_PAGE", 3)
    records = [{"tradeTicketId": number} for number in range(stored)]
    control.put("/data/trade-tickets", json=records)
    api = Calls(control)
    data = AttachedData(cast("ControlApi", api))

    assert data.all("trade-tickets") == tuple(records)
    assert api.count == calls
    assert data.size("trade-tickets") == stored


def test_one_fault_is_looked_up_by_its_number(control: httpx2.Client) -> None:
    for number in range(3):
        control.post("/faults", json={"status": 500 + number})
    faults = AttachedFaults(cast("ControlApi", Calls(control)))

    found = [faults.find(number) for number in (1, 3, 4)]

    assert [each and each.fault.status for each in found] == [500, 502, None]
    control.delete("/faults/2")
    assert faults.find(2) is None
