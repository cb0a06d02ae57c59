"""Jobs of the only business line."""

from __future__ import annotations

from tests.apis.products.calls import Api, faults


def test_the_jobs_of_the_business_line_are_listed(reading: Api) -> None:
    body = reading.read("/v1/jobs/endClientReporting/metadata")

    assert body.keys() == {"data"}
    assert len({each["jobId"] for each in body["data"]}) == 12


def test_another_business_line_is_wrong(reading: Api) -> None:
    answer = reading.get("/v1/jobs/investorReporting/metadata")

    assert faults(answer) == [("businessLine", "path")]
