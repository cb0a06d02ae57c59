"""What an attached test asks for: verdict, strict mode, one fault, an application's journal."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.platform import Platform
from tests.support import TICKETS, Served

OPERATION = f"GET {TICKETS}"


def test_the_verdict_names_what_speaks_against_the_test(
    control: httpx2.Client, platform: Platform, served: Served
) -> None:
    assert control.get("/check").json() == {
        "bugs": [],
        "unmet_faults": [],
        "unscripted_calls": [],
        "unused_answers": [],
    }
    control.post("/faults", json={"operation": OPERATION, "status": 500, "required": True})
    control.put("/answers/strict", json={"strict": True})
    control.delete("/faults")
    served.get()
    control.post("/faults", json={"operation": OPERATION, "status": 503, "required": True})
    platform.record_bug("Traceback: the bug")

    assert control.get("/check").json() == {
        "bugs": ["Traceback: the bug"],
        "unmet_faults": [f"{OPERATION}: status 503"],
        "unscripted_calls": [OPERATION],
        "unused_answers": [],
    }
    control.post("/reset")
    assert not any(control.get("/check").json().values())


def test_strict_mode_and_scripts_can_be_looked_at(control: httpx2.Client, served: Served) -> None:
    control.post("/answers", json={"operation": "GET /x", "application": "demo-web"})
    control.put("/answers/strict", json={"strict": True})
    served.get()

    told = control.get("/answers").json()
    assert [each["operation"] for each in told.pop("answers")] == ["GET /x"]
    assert told == {
        "strict": True,
        "waiting": ["GET /x"],
        "unscripted": [OPERATION],
        "states": {},
    }
    control.put("/answers/strict", json={"strict": False})
    served.get()
    assert control.get("/answers").json()["unscripted"] == [OPERATION]
    assert control.put("/answers/strict", json={}).status_code == 422


def test_faults_and_answers_are_listed_page_by_page(control: httpx2.Client) -> None:
    for number in range(5):
        control.post("/faults", json={"status": 500 + number})
        told = control.post("/answers", json={"operation": f"GET /{number}"}).json()
        assert told == {"id": number + 1, "waiting": number + 1}

    first = control.get("/faults", params={"limit": 2}).json()
    rest = control.get("/faults", params={"after": first[-1]["id"]}).json()
    waiting = control.get("/answers", params={"start": 1, "limit": 3}).json()["waiting"]

    assert [each["status"] for each in first + rest] == [500, 501, 502, 503, 504]
    assert waiting == ["GET /1", "GET /2", "GET /3"]
    for bad in ({"limit": 0}, {"limit": 1001}, {"after": -1}):
        assert control.get("/faults", params=bad).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/faults", r'{"application": "\ud800", "status": 503}', "application"),
        ("/faults", r'{"\ud800": 1}', "\ud800"),
        ("/faults", '{"status": 204, "drip": 5}', "drip"),
        ("/faults", '{"status": 503, "probability": NaN}', "probability"),
        ("/answers", r'{"operation": "GET /x", "text": "\ud800"}', "text"),
        ("/answers", r'{"operation": "GET /\ud800"}', "operation"),
        ("/answers", '{"operation": "GET /x", "status": 204, "text": "a"}', "text"),
        ("/answers", '{"operation": "GET /x", "headers": {"": "a"}}', "headers"),
        ("/answers", f'{{"operation": "GET /x", "json": {"[" * 200 + "]" * 200}}}', "body"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_field_and_nothing_is_kept(
    control: httpx2.Client, path: str, body: str, field: str
) -> None:
    sent = {"Content-Type": "application/json"}

    answer = control.post(path, content=body, headers=sent)

    assert answer.status_code in (400, 422)
    assert answer.json()["problems"].keys() == {field.encode(errors="backslashreplace").decode()}
    assert control.get("/faults").json() == []
    assert control.get("/answers").json()["waiting"] == []


def test_an_answer_is_for_one_application_alone(control: httpx2.Client, served: Served) -> None:
    for name, status in (("demo-web", 298), ("svc-demo", 299)):
        scripted = {"operation": OPERATION, "application": name, "status": status}
        control.post("/answers", json=scripted)

    assert served.get().status_code == 299
    assert served.get().status_code == 200


def test_one_fault_is_found_by_its_number(control: httpx2.Client, served: Served) -> None:
    armed = control.post("/faults", json={"operation": OPERATION, "status": 503}).json()
    served.get()

    found = control.get(f"/faults/{armed['id']}").json()
    assert (found["met"], found["operation"]) == (1, OPERATION)
    assert control.get("/faults/99").status_code == 404


@pytest.mark.parametrize("name", ["demo-server", "demo-server-key", "svc-demo"])
def test_the_journal_of_an_application_goes_by_name_key_or_account(
    control: httpx2.Client, served: Served, name: str
) -> None:
    served.get()
    served.post_token("demo-web")
    served.get("/nowhere", headers={})  # with its certificate, and nothing else of it
    served.post_token("demo-web", http=served.client("svc-demo"))

    found = control.get("/journal", params={"application": name}).json()
    shown = [(each["number"], each["application"]) for each in found["entries"]]
    assert shown == [(1, "demo-server"), (2, "demo-server"), (4, None), (5, "demo-web")]
    assert (found["dropped"], found["last"]) == (0, 5)


def test_the_journal_of_nobody_names_who_there_is(control: httpx2.Client) -> None:
    answer = control.get("/journal", params={"application": "nobody"})

    assert answer.status_code == 404
    assert answer.json()["error"] == "UnknownApplication"
    assert "demo-server" in answer.json()["detail"]


def test_the_newest_entries_alone_are_told_where_so_many_are_asked_for(
    control: httpx2.Client, served: Served
) -> None:
    for _ in range(3):
        served.post_token()

    found = control.get("/journal", params={"limit": 2}).json()
    assert [each["number"] for each in found["entries"]] == [2, 3]
    assert control.get("/journal", params={"limit": 0}).status_code == 422


def test_the_clock_says_whether_it_is_the_machine_s_and_becomes_it_again(
    control: httpx2.Client,
) -> None:
    assert control.get("/clock").json()["is_machine"] is True
    assert control.post("/clock/advance", json={"seconds": 60}).json()["is_machine"] is False
    assert control.delete("/clock").status_code == 204
    assert control.get("/clock").json()["is_machine"] is True


def test_the_current_identity_is_one_answer(control: httpx2.Client, platform: Platform) -> None:
    told = control.get("/service-accounts/svc-demo/identity").json()

    identity = platform.certificates.identity("svc-demo")
    assert told["certificate"].encode() == identity.certificate_pem
    assert told["chain"].encode() == identity.chain_pem
    assert told["private_key"].encode() == identity.key_pem
    assert int(told["serial_number"], 16) == identity.serial_number


def test_an_error_names_its_class(control: httpx2.Client) -> None:
    refused = control.post("/faults", json={"status": 7})
    unknown = control.get("/service-accounts/nobody/identity")

    assert refused.json()["error"] == "Rejected"
    assert refused.json()["problems"].keys() == {"status"}
    assert unknown.json()["error"] == "UnknownAccount"


@pytest.mark.parametrize("host", ["127.0.0.1:8044", "localhost:8044", "[::1]:8044"])
def test_on_this_machine_the_listeners_are_told_as_they_call_themselves(
    control: httpx2.Client, host: str
) -> None:
    details = control.get("/", headers={"Host": host}).json()

    assert (details["url"], details["two_way_url"]) == (
        "https://localhost",
        "https://localhost:444",
    )


def test_a_mailed_link_is_told_whole(control: httpx2.Client) -> None:
    made = control.post("/service-accounts/svc-demo/certificate-links", json={"legacy": True})
    control.post("/service-accounts/svc-demo/certificate-links")

    first, second = [each["link"] for each in control.get("/mailbox").json()["messages"]]
    assert first["url"] == made.json()["url"]
    assert (first["account"], first["format"], first["legacy"]) == ("svc-demo", "pfx", True)
    assert (first["used"], first["replaced"], second["replaced"]) == (None, True, False)
    assert first["made"] < first["expires"]
    assert first["serial_number"] == second["serial_number"]


def test_an_entry_has_its_way_through_the_checks(control: httpx2.Client, served: Served) -> None:
    served.get(f"{TICKETS}?limit=x")

    last = control.get("/journal").json()["entries"][-1]
    assert last["alert"] is None
    assert last["checks"][:2] == [
        {"check": "TLS", "result": "passed"},
        {"check": "client certificate", "result": "passed"},
    ]
    assert last["checks"][-2:] == [
        {"check": "certificate name", "result": "passed"},
        {"check": "parameters", "result": "refused"},
    ]
