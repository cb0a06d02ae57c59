"""One change to a correct setup causes each finding; without the change there is none."""

from __future__ import annotations

import pytest

from mock_sei.doctor.examination import examine
from mock_sei.doctor.findings import CATALOGUE
from tests.cases import every_case
from tests.doctor.clients import Clients, names
from tests.doctor.twins import CASES, Case, Sound, changed, sound


def examined(given: Sound) -> list[str]:
    return names(examine(given.setup, lambda _: given.seen))


def test_every_finding_of_the_table_has_its_case() -> None:
    assert CASES.keys() == CATALOGUE.keys()


@pytest.mark.slow
@every_case("name", CASES)
def test_a_finding_is_made_by_its_change(clients: Clients, name: str) -> None:
    assert name in examined(changed(clients, CASES[name]))


@every_case("chain", [False, True])
def test_without_a_change_there_is_no_finding(clients: Clients, chain: bool) -> None:
    assert examined(sound(clients, Case(chain=chain))) == []
