"""Investments: every investment product at once."""

from __future__ import annotations

from tests.apis.products.calls import Api

ACCOUNTS = "/v1/investments/accounts"


def test_every_investment_product_comes_at_once(reading: Api) -> None:
    body = reading.read(ACCOUNTS)

    assert body.keys() == {"data"}
    keys = [each["externalId"] for each in body["data"]]
    assert keys == [each["externalId"] for each in reading.every("/v1/products")]


def test_it_takes_no_parameters(reading: Api) -> None:
    everything = reading.read(ACCOUNTS)

    assert reading.read(f"{ACCOUNTS}?limit=1&externalId=FND-01") == everything
    notes = reading.served.platform.journal.last.notes
    assert ["limit" in notes[0], "externalId" in notes[1]] == [True, True]
