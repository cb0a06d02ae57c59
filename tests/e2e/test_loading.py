"""A server loads what only some calls need with the first of these calls, and not before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json
import sys

import httpx2

from mock_sei.commands.serve import launch, prepare_answers
from mock_sei.runtime.server import ServerThread
from mock_sei.settings import make_settings

def get(url, status=200, **options):
    answer = httpx2.get(url, **options)
    assert answer.status_code == status, answer.text

settings = make_settings(one_way_port=0, two_way_port=0, control_port=0, certs_dir="certs")
launched = launch(settings)
prepare_answers(launched.platform, lambda: False)
server = ServerThread(launched.server)
server.start()
addresses = launched.platform.addresses
seen = {*sys.modules}
loaded = {"before": sorted(seen)}

def note(name):
    loaded[name] = sorted({*sys.modules} - seen)
    seen.update(sys.modules)

for name in ("health", "health again"):
    for path in ("/health", "/health/live", "/health/ready"):
        get(addresses.control + path)
    note(name)
from mock_sei.testing.attached import Attached
note("client")
with Attached(addresses.control) as platform:
    account = platform.service_account("svc-demo")
    note("control")
    token = platform.token(account)
    note("token")
    headers = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
    with platform.client(account) as http:
        for name in ("calls", "calls again"):
            get(addresses.one_way + "/portal", verify=platform.ssl_context())
            for path, status in (("/v1/order/tradetickets", 200), ("/v1/nowhere", 404)):
                assert http.get(path, headers=headers).status_code == status
            assert http.post("/v1/order/tradetickets", headers=headers, json={}).is_success
            note(name)
server.stop()
print(json.dumps(loaded))
"""
NEEDED_BY_SOME = (
    "jinja2",
    "jsonpatch",
    "jsonschema_rs",
    "lxml",
    "mock_sei.apis.answering",
    "mock_sei.operations.table",
    "mock_sei.web.apis",
    "mock_sei.web.control.app",
    "mock_sei.web.portal.routes",
    "re2",
    "regex",
    "sqlite3",
    "yaml",
)
"""What no token request needs, and no question how the server is."""


def test_a_server_loads_with_the_first_call_what_only_some_calls_need(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    loaded = json.loads(ran.stdout)

    assert [each for each in NEEDED_BY_SOME if each in loaded["before"]] == []
    assert loaded["health again"] == []
    assert [each for each in NEEDED_BY_SOME if each in loaded["health"]] == []
    assert "mock_sei.web.control.app" in loaded["control"]
    assert [each for each in loaded["token"] if each.startswith("mock_sei.web")] == []
    assert {"mock_sei.web.apis", "mock_sei.web.portal.routes", "yaml"} <= {*loaded["calls"]}
    assert loaded["calls again"] == []
