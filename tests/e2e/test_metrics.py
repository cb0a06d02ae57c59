"""What ``mock-sei serve`` counts: one scrape has the sum of all its workers."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mock_sei.oauth.metadata import JWKS_PATH
from tests.e2e.serving import Serving
from tests.patience import PATIENCE

CALLS = 12
"""Each over a connection of its own, so that both workers get some."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with Serving.start(tmp_path, "--workers", "2", "--state", "sqlite:platform.db") as serving:
        yield serving


def scrape(server: Serving) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    where = urlsplit(server.ready["control_url"]).netloc
    connection = http.client.HTTPConnection(where, timeout=PATIENCE)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def test_each_scrape_has_the_sum_of_all_workers(server: Serving) -> None:
    trusting = ssl.create_default_context(cafile=server.ready["ca_file"])
    where = urlsplit(server.ready["url"]).netloc
    for _ in range(CALLS):
        connection = http.client.HTTPSConnection(where, context=trusting, timeout=PATIENCE)
        connection.request("GET", JWKS_PATH)
        assert connection.getresponse().read()
        connection.close()

    scrapes = [scrape(server) for _ in range(6)]

    called = {"listener": "one-way", "method": "GET", "endpoint": "jwks", "status": "2xx"}
    requests = "mock_sei_requests_total", frozenset(called.items())
    shaken = {"listener": "one-way", "result": "accepted"}
    handshakes = "mock_sei_handshakes_total", frozenset(shaken.items())
    assert [each[requests] for each in scrapes] == [CALLS] * len(scrapes)
    assert [each[handshakes] for each in scrapes] == [CALLS] * len(scrapes)
    assert scrapes[-1]["mock_sei_state_up", frozenset()] == 1
    assert scrapes[-1]["mock_sei_state_round_trip_seconds_count", frozenset()] > 0
    assert server.stop() == 0
