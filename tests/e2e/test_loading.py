"""A server that is ready needs no file of the package for any request."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys

import httpx2

from mock_sei.runtime.launch import launch
from mock_sei.runtime.server import ServerThread
from mock_sei.settings import make_settings
from mock_sei.testing.attached import Attached

settings = make_settings(one_way_port=0, two_way_port=0, control_port=0, certs_dir="certs")
launched = launch(settings)
launched.platform.seed_identities()
if "load" in sys.argv:
    launched.load()
before = {*sys.modules}
server = ServerThread(launched.server)
server.start()
with Attached(launched.platform.addresses.control) as platform:
    account = platform.service_account("svc-demo")
    headers = {"AppKey": account.app_key, "Authorization": f"Bearer {platform.token(account)}"}
    with platform.client(account) as http:
        assert http.get("/v1/order/tradetickets", headers=headers).status_code == 200
        assert http.get("/v1/nowhere", headers=headers).status_code == 404
        assert http.post("/v1/order/tradetickets", headers=headers, json={}).status_code < 500
        for path in ("/portal", "/portal/journal", "/portal/apps/demo-server", "/portal/apis"):
            page = http.get(f"{platform.addresses.one_way}{path}")
            assert page.status_code == 200, page.text
    for path in ("/docs", "/openapi.json", "/apis/openapi.json", "/journal", "/journal.har"):
        assert httpx2.get(f"{platform.addresses.control}{path}").status_code == 200
server.stop()
late = sorted(each for each in {*sys.modules} - before if each.startswith("mock_sei."))
print(late)
"""


def loaded_late(folder: Path, *arguments: str) -> str:
    """The modules of the package that requests loaded, as a list prints them."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-1]


def test_a_server_that_is_ready_loads_nothing_for_a_request(tmp_path: Path) -> None:
    assert loaded_late(tmp_path, "load") == "[]"


@pytest.mark.nightly  # what is not loaded is looked at without a socket
def test_a_server_of_a_test_loads_what_a_request_needs_with_the_first_one(tmp_path: Path) -> None:
    assert "mock_sei.apis.answering" in loaded_late(tmp_path)
