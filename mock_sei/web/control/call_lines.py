"""What the table of operations does not say: each call for a shell, as a command, and in Python.

Tests run all of it: ``tests/e2e/test_references.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.operations import (
    applications,
    certificates,
    clock,
    data,
    faults,
    journal,
    journal_files,
    mailbox,
    people,
    scripts,
    server,
    tokens,
)
from mock_sei.operations.requests import Request

Kind = type[Request[Any]]

COMMANDS: Mapping[Kind, str] = {
    server.ShowLiveness: "mock-sei healthcheck --live",
    server.ShowReadiness: "mock-sei healthcheck",
    server.Reset: "mock-sei reset --dialect rfc",
    tokens.IssueToken: "mock-sei token --application demo-web --user alice@example.com",
    applications.ListApplications: "mock-sei applications list",
    applications.RegisterApplication: "mock-sei applications add ledger --type server-server "
    "--actor server",
    applications.ApproveApplication: "mock-sei applications approve demo-server",
    applications.RemoveApplication: "mock-sei applications remove demo-server",
    clock.ShowClock: "mock-sei clock show",
    clock.SetClock: "mock-sei clock freeze",
    clock.AdvanceClock: "mock-sei clock advance 31m",
    clock.ResetClock: "mock-sei clock reset",
    faults.ListFaults: "mock-sei faults list",
    faults.AddFault: "mock-sei faults add 'POST /v2/oauthtoken' --status 503 --times 2",
    faults.RemoveFault: "mock-sei faults remove 1",
    faults.ClearFaults: "mock-sei faults clear",
    scripts.EnqueueAnswer: "mock-sei answers add 'GET /v2/investors' --status 503 --times 2",
    scripts.ShowScripts: "mock-sei answers list",
    scripts.RemoveAnswer: "mock-sei answers remove 1",
    scripts.ClearAnswers: "mock-sei answers clear",
    journal.ReadJournal: "mock-sei journal",
    journal_files.DownloadHar: "mock-sei journal --as har",
    journal_files.DownloadCurl: "mock-sei journal --as curl",
    journal_files.DownloadTest: "mock-sei journal --as pytest",
    data.CountRecords: "mock-sei data show",
    data.ReadRecords: "mock-sei data show investors",
    data.AddRecords: """mock-sei data add investors '{"externalId": "INV-1"}'""",
    data.ClearRecords: "mock-sei data clear investors",
}
"""The command that performs an operation; the others have none."""

PYTHON: Mapping[Kind, str] = {
    server.ShowHealth: 'httpx2.get(f"{mock_sei.control_url}/health").json()',
    server.ShowLiveness: 'httpx2.get(f"{mock_sei.control_url}/health/live").json()',
    server.ShowReadiness: 'httpx2.get(f"{mock_sei.control_url}/health/ready").json()',
    server.ShowConnection: "(mock_sei.url, mock_sei.two_way_url, mock_sei.control_url)",
    server.ShowMergedDocument: 'httpx2.get(f"{mock_sei.control_url}/apis/openapi.json").json()',
    server.ShowDocuments: 'httpx2.get(f"{mock_sei.control_url}/apis").json()',
    server.DownloadCa: "mock_sei.ca_file",
    server.DownloadRevocations: 'httpx2.get(f"{mock_sei.control_url}/crl.pem").text',
    server.DownloadTruststore: 'httpx2.get(f"{mock_sei.control_url}/truststore.p12").content',
    server.SetServerCertificate: 'mock_sei.server_certificate("expired")',
    server.Reset: 'mock_sei.reset(dialect="rfc")',
    server.CheckTest: "mock_sei.check()",
    server.RotateSigningKey: "mock_sei.rotate_signing_key()",
    server.RetireSigningKey: "mock_sei.retire_signing_key(kid)",
    tokens.IssueToken: 'mock_sei.token("demo-web", user="alice@example.com")',
    applications.ListApplications: "list(mock_sei.applications)",
    applications.RegisterApplication: "mock_sei.applications.register("
    'name="ledger", type="server-server", actor="server")',
    applications.FindApplication: 'mock_sei.applications["demo-server"]',
    applications.ChangeApplication: 'mock_sei.applications.change("demo-server", '
    'source_addresses=["203.0.113.7"])',
    applications.RemoveApplication: 'mock_sei.applications.remove("demo-server")',
    applications.ApproveApplication: 'mock_sei.applications.approve("demo-server")',
    applications.RefreshKeys: 'mock_sei.applications.refresh_keys("demo-server")',
    people.ListAccounts: "[each.service_account for each in mock_sei.applications]",
    people.FindAccount: 'mock_sei.service_account("svc-demo")',
    people.ListUsers: 'httpx2.get(f"{mock_sei.control_url}/end-users").json()',
    people.FindUser: 'httpx2.get(f"{mock_sei.control_url}/end-users/alice@example.com").json()',
    certificates.ListCertificates: 'httpx2.get(f"{mock_sei.control_url}/service-accounts/svc-demo'
    '/certificates").json()',
    certificates.ShowIdentity: 'mock_sei.certificate("svc-demo")',
    certificates.DownloadCertificate: 'mock_sei.certificate("svc-demo").pfx("passphrase")',
    certificates.IssueCertificate: 'mock_sei.certificate("svc-demo", "expired")',
    certificates.RevokeCertificate: 'mock_sei.certificate("svc-demo").revoke()',
    certificates.SendCertificateLink: 'mock_sei.certificate_link("svc-demo", format="pfx")',
    certificates.SignRequest: 'mock_sei.sign_request("svc-demo", request)',
    certificates.RegisterCertificate: 'mock_sei.register_certificate("svc-demo", certificate, ca)',
    clock.ShowClock: "mock_sei.clock.now()",
    clock.SetClock: "mock_sei.clock.freeze()",
    clock.AdvanceClock: "mock_sei.clock.advance(minutes=31)",
    clock.ResetClock: "mock_sei.clock.reset()",
    faults.ListFaults: "len(mock_sei.faults)",
    faults.AddFault: 'mock_sei.faults.add("POST /v2/oauthtoken", status=503, times=2)',
    faults.FindFault: 'mock_sei.faults.add("POST /v2/oauthtoken", status=503).met',
    faults.ClearFaults: "mock_sei.faults.clear()",
    faults.RemoveFault: 'mock_sei.faults.add("POST /v2/oauthtoken", status=503).remove()',
    scripts.EnqueueAnswer: 'mock_sei.enqueue("GET /v2/investors", json={"investors": []})',
    scripts.ShowScripts: "(len(mock_sei.answers), mock_sei.answers.states)",
    scripts.FindAnswer: 'mock_sei.enqueue("GET /v2/investors", status=503).used',
    scripts.RemoveAnswer: 'mock_sei.enqueue("GET /v2/investors", status=503).remove()',
    scripts.ClearAnswers: "mock_sei.answers.clear()",
    scripts.RequireScripts: "mock_sei.only_scripted()",
    journal.ReadJournal: "mock_sei.journal.entries",
    journal.SearchJournal: 'mock_sei.journal.find("POST /v2/oauthtoken", status=200)',
    journal.VerifyOrder: 'mock_sei.token("svc-demo"); mock_sei.token("svc-web"); '
    'mock_sei.journal.assert_order({"application": "demo-server"}, {"application": "demo-web"})',
    journal.WaitForCalls: 'mock_sei.token("svc-demo"); '
    'mock_sei.journal.wait_for("POST /v2/oauthtoken", timeout=10)',
    journal.VerifyJournal: 'mock_sei.journal.assert_called("POST /v2/oauthtoken", times=0)',
    journal_files.DownloadHar: 'httpx2.get(f"{mock_sei.control_url}/journal.har").json()',
    journal_files.DownloadCurl: 'httpx2.get(f"{mock_sei.control_url}/journal.curl").text',
    journal_files.DownloadTest: 'httpx2.get(f"{mock_sei.control_url}/journal.py").text',
    journal.ClearJournal: "mock_sei.journal.clear()",
    mailbox.ReadMailbox: 'mock_sei.mailbox.find(about="certificate")',
    mailbox.DownloadMail: "[bytes(each.message()) for each in mock_sei.mailbox]",
    mailbox.ClearMailbox: "mock_sei.mailbox.clear()",
    data.CountRecords: "{name: len(mock_sei.data[name]) for name in mock_sei.data}",
    data.ListKeys: 'httpx2.get(f"{mock_sei.control_url}/data-keys").json()',
    data.ReadRecords: 'list(mock_sei.data["investors"])',
    data.AddRecords: 'mock_sei.data["investors"].add({"externalId": "INV-1"})',
    data.ReplaceRecords: 'mock_sei.data["investors"].replace([{"externalId": "INV-1"}])',
    data.ClearRecords: 'mock_sei.data["investors"].clear()',
}
"""Each operation in a test, or outside one with ``MockSei`` or ``Attached`` as ``mock_sei``."""

_A_FAULT = "curl -X POST {url}/faults -d '{{\"status\": 503}}'\n"
_AN_ANSWER = (
    'curl -X POST {url}/answers -d \'{{"operation": "GET /v2/investors", "status": 503}}\'\n'
)
_A_MAIL = "curl -X POST {url}/service-accounts/svc-demo/certificate-links -d '{{}}'\n"

PREPARATIONS: Mapping[str, str] = {
    "findFault": _A_FAULT,
    "removeFault": _A_FAULT,
    "findAnswer": _AN_ANSWER,
    "removeAnswer": _AN_ANSWER,
    "downloadMail": _A_MAIL,
}
"""Lines of a shell before the line that makes a call, by the name of the operation."""

_AS_JSON = "python3 -c 'import json; print(json.dumps({members}))'"

LINES: Mapping[str, str] = {
    "reset": 'curl -X POST {url}/reset -d \'{{"dialect": "rfc"}}\'\n'
    "curl -X POST '{url}/reset?by=test_positions'",
    "retireSigningKey": "kid=$(curl -X POST {url}/signing-keys/rotate | cut -d '\"' -f 4)\n"
    "curl -X POST {url}/signing-keys/rotate\n"
    "curl -X DELETE {url}/signing-keys/$kid",
    "revokeCertificate": "number=$(curl {url}/service-accounts/svc-demo/certificates |\n"
    '  sed \'s/.*"serial_number":"\\([0-9a-f]*\\)".*/\\1/\')\n'
    "curl -X POST {url}/service-accounts/svc-demo/certificates/$number/revoke",
    "sendCertificateLink": "curl -X POST {url}/service-accounts/svc-demo/certificate-links "
    '-d \'{{"format": "pfx", "renew": true}}\'',
    "signRequest": "openssl req -new -newkey rsa:2048 -nodes -keyout own.key -subj /CN=svc-demo "
    "-out own.csr\n"
    + _AS_JSON.format(members='{{"request": open("own.csr").read()}}')
    + " |\n  curl -X POST {url}/service-accounts/svc-demo/certificate-requests -d @-",
    "registerCertificate": "echo 'basicConstraints=CA:FALSE' > leaf.ext\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -subj /CN=Our-Root -days 30 "
    "-out root.crt\n"
    "openssl req -new -newkey rsa:2048 -nodes -keyout ours.key -subj /CN=svc-demo -out ours.csr\n"
    "openssl x509 -req -in ours.csr -CA root.crt -CAkey root.key -CAcreateserial -days 20 \\\n"
    "  -extfile leaf.ext -out ours.crt\n"
    + _AS_JSON.format(
        members='{{"certificate": open("ours.crt").read(), "ca": open("root.crt").read()}}'
    )
    + " |\n  curl -X POST {url}/service-accounts/svc-demo/own-certificates -d @-",
    "setClock": 'curl -X PUT {url}/clock -d \'{{"now": "2027-01-31T09:00:00Z"}}\'\n'
    "curl -X PUT {url}/clock -d '{{\"frozen\": true}}'",
    "advanceClock": "curl -X POST {url}/clock/advance -d '{{\"minutes\": 31}}'",
    "enqueueAnswer": "curl -X POST {url}/answers "
    '-d \'{{"operation": "GET /v2/investors", "json": {{"investors": []}}}}\'',
    "readJournal": "curl '{url}/journal?application=demo-server&limit=10'",
    "downloadHar": "curl '{url}/journal.har?application=demo-server' > journal.har",
    "downloadCurl": "curl '{url}/journal.curl?application=demo-server' > journal.sh",
    "downloadTest": "curl '{url}/journal.py?application=demo-server' > test_journal.py",
    "searchJournal": "curl -X POST {url}/journal/search "
    '-d \'{{"operation": "POST /v2/oauthtoken", "status": 200}}\'',
    "verifyJournal": 'curl -X POST {url}/tokens -d \'{{"application": "demo-server"}}\'\n'
    "curl -X POST {url}/journal/verify "
    '-d \'{{"operation": "POST /v2/oauthtoken", "times": 1}}\'',
    "verifyOrder": 'curl -X POST {url}/tokens -d \'{{"application": "demo-server"}}\'\n'
    'curl -X POST {url}/tokens -d \'{{"application": "demo-web"}}\'\n'
    "curl -X POST {url}/journal/verify-order "
    '-d \'{{"calls": [{{"application": "demo-server"}}, {{"application": "demo-web"}}]}}\'',
    "waitForCalls": 'curl -X POST {url}/tokens -d \'{{"application": "demo-server"}}\'\n'
    "curl -X POST {url}/journal/wait "
    '-d \'{{"operation": "POST /v2/oauthtoken", "timeout": 10}}\'',
    "readMailbox": "curl '{url}/mailbox?about=certificate&limit=10'",
    "readRecords": "curl '{url}/data/investors?limit=10'",
    "listApplications": "curl '{url}/applications?after=demo-server-key&limit=10'",
}
"""The lines for a shell where they are not made from the examples of the fields."""

EXAMPLES: Mapping[str, Any] = {
    "application": "demo-server",
    "content_type": "text/html",
    "cut": "in-body",
    "distribution_list": "team@example.com",
    "drip": 100,
    "environments": ["test"],
    "latency": 1.5,
    "listener": "two-way",
    "malformed": True,
    "name": "ledger",
    "now": "2027-01-31T09:00:00Z",
    "operation": "GET /v2/investors",
    "probability": 0.1,
    "products": ["sma-trade-orders"],
    "redirect_addresses": ["http://localhost:8000/callback"],
    "required": True,
    "retry_after": 7,
    "saml_certificate": "-----BEGIN CERTIFICATE-----\n…",
    "scopes": ["ilservices"],
    "seed": 7,
    "source_addresses": ["203.0.113.7"],
    "spread": 0.5,
    "stall": True,
    "text": "not found",
    "times": 2,
    "token_lifetime": 60,
}
"""Examples of fields whose JSON Schema has none."""
