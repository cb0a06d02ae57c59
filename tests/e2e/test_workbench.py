"""Every member of the object that the fixtures hand out, in process and attached alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_sei import Answer, Attached, Finding, MockSei, ReceivedRequest
from mock_sei.doctor.setup import CA_VARIABLES
from mock_sei.errors import (
    ConfigurationError,
    MockSeiBug,
    MockSeiError,
    Rejected,
    UnknownAccount,
    UnknownApplication,
    UnknownCertificate,
    UnknownCollection,
    UnknownMessage,
    UnknownUser,
)
from mock_sei.testing.workbench import Workbench
from tests.support import TICKETS

MOMENT = datetime(2027, 5, 1, 12, tzinfo=UTC)


def headers(workbench: Workbench, account: str = "svc-demo") -> dict[str, str]:
    found = workbench.service_account(account)
    return {"AppKey": found.app_key, "Authorization": f"Bearer {workbench.token(account)}"}


def call(workbench: Workbench, account: str = "svc-demo") -> httpx2.Response:
    with workbench.client(account) as http:
        return http.get(TICKETS, headers=headers(workbench, account))


def test_addresses_and_ca_are_the_server_s(workbench: Workbench, server: MockSei) -> None:
    assert workbench.url == server.url
    assert workbench.two_way_url == server.two_way_url
    assert workbench.control_url == server.control_url
    assert workbench.ca_file.read_bytes() == server.ca_file.read_bytes()


@pytest.mark.parametrize(
    "name", ["svc-demo", "demo-web", "demo-internal", "demo-spa", "demo-native"]
)
def test_a_token_of_every_grant(workbench: Workbench, name: str) -> None:
    assert workbench.token_response(name, user="bob@example.com")["access_token"]


@pytest.mark.parametrize(
    "name", ["svc-demo", "demo-web", "demo-internal", "demo-spa", "demo-native"]
)
def test_a_token_of_every_grant_of_a_platform_that_assumes_something_else(
    workbench: Workbench, name: str
) -> None:
    workbench.reset(
        assumptions={
            "path.token": "/oauth2/token",
            "path.authorize": "/oauth2/authorize",
            "path.login": "/login",
            "token.format": "opaque",
            "request.tracking_header": "X-Correlation",
        }
    )

    assert "." not in workbench.token_response(name, user="bob@example.com")["access_token"]

    called = {each.request.wire_path for each in workbench.journal.entries if each.request}
    assert called <= {"/oauth2/token", "/oauth2/authorize", "/login"}


def test_assumptions_that_cannot_be_are_refused_by_name(workbench: Workbench) -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean token\.lifetime"):
        workbench.reset(assumptions={"token.lifetme": 60})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ConfigurationError, match="GET /v2/investors has this path"):
        workbench.reset(assumptions={"path.token": "/v2/investors"})


@pytest.fixture
def _no_cas_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor reads those that the environment names, which can take longer than all else."""
    for name in CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_no_cas_of_the_machine")
def test_the_doctor_finds_nothing_wrong_with_the_account_s_own(workbench: Workbench) -> None:
    findings = workbench.diagnose("svc-demo")

    assert [each.what for each in findings if each.level == "problem"] == []
    assert any(each.check == "token request" and each.level == "right" for each in findings)
    assert all(isinstance(each, Finding) for each in findings)


@pytest.mark.usefixtures("_no_cas_of_the_machine")
def test_the_doctor_takes_what_a_client_is_configured_with(
    workbench: Workbench, tmp_path: Path
) -> None:
    other = workbench.certificate("svc-web")
    locked = tmp_path / "locked.key"
    locked.write_bytes(workbench.certificate("svc-demo").identity.encrypted_key_pem("open sesame"))
    own = workbench.certificate("svc-demo").cert_file

    def found(**given: Any) -> list[str]:
        findings = workbench.diagnose("svc-demo", **given)
        assert "open sesame" not in str(findings)
        return [each.name for each in findings if each.level == "problem"]

    assert found(cert_file=other.cert_file, key_file=str(other.key_file)) == [
        "certificate-name",
        "answer-certificate-name",
    ]
    assert "ca-is-leaf" in found(ca_file=other.cert_file)
    assert found(cert_file=own, key_file=locked, passphrase="open sesame") == []
    assert "passphrase-wrong" in found(cert_file=own, key_file=locked, passphrase="another")
    assert "client-encrypted-key" in found(
        cert_file=own, key_file=locked, passphrase="open sesame", client="go"
    )
    assert found(password="wrong") == ["answer-account"]
    assert found(app_key="demo-server-secret", app_secret="demo-server-key") == ["pair-swapped"]
    assert "certificate-name" in found(username="svc-web")
    assert "key-file-missing" in found(cert_file=own, key_file=tmp_path / "none")
    assert "one-way-listener" in found(url=workbench.url, timeout=20)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"cert": "x"}, "cert: no such keyword"),
        ({"client": "perl"}, "client: must be one of curl, requests"),
        ({"cert_file": 5}, "cert_file: must be a path, not"),
        ({"ca_file": "a" * 300}, "ca_file: a name in it is longer than 255 bytes"),
        ({"passphrase": b"x"}, "passphrase: must be a text"),
        ({"timeout": 0}, "timeout: must be more than 0"),
        ({"timeout": "soon"}, "timeout: must be a number of seconds"),
    ],
)
def test_the_doctor_refuses_what_it_cannot_take(
    workbench: Workbench, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Rejected, match=problem):
        workbench.diagnose("svc-demo", **given)
    with pytest.raises(ConfigurationError, match="not a URL"):
        workbench.diagnose("svc-demo", url="localhost:444")
    with pytest.raises(UnknownAccount):
        workbench.diagnose("svc-nobody")


def test_the_browser_s_part_alone(workbench: Workbench) -> None:
    login = workbench.login("demo-web", state="xyz")

    assert login.parameters["state"] == "xyz"
    assert login.code


def test_the_browser_s_part_goes_over_authorize_and_the_log_in_page(workbench: Workbench) -> None:
    workbench.login("demo-web")

    entries = workbench.journal.entries[-2:]
    assert [(each.operation, each.status) for each in entries] == [
        ("GET /v2/oauth/authorize", 302),
        ("POST /v2/oauth/login", 303),
    ]
    for operation in ("GET /v2/oauth/authorize", "POST /v2/oauth/login"):
        workbench.faults.add(operation, status=503, times=1)
        with pytest.raises(MockSeiError, match=r"no redirect for alice.*: 503"):
            workbench.login("demo-web")


def test_what_authorize_answers_to_the_application_needs_no_log_in(workbench: Workbench) -> None:
    refused = workbench.login("demo-web", scope="x", state="s")
    assert (refused.error, refused.parameters["state"]) == ("invalid_scope", "s")
    like_ours = "https://localhost:9443/v2/oauth/login"
    application = workbench.new_application(
        type="single-page", actor="end-user", redirect_addresses=[like_ours]
    )
    assert workbench.login(application.name, scope="x").location.startswith(f"{like_ours}#error=")
    workbench.reset(auto_login=True)
    assert workbench.login("demo-web", login_hint="bob@example.com").code
    assert workbench.journal.last.operation == "GET /v2/oauth/authorize"


def test_a_request_that_cannot_be_redirected_says_why(workbench: Workbench) -> None:
    with pytest.raises(MockSeiError, match="400 redirect_uri is not registered"):
        workbench.login("demo-web", redirect_uri="https://evil.example/")


def test_a_client_has_its_certificate_or_none(workbench: Workbench) -> None:
    assert call(workbench).status_code == 200
    with workbench.client(base_url=workbench.two_way_url) as bare, pytest.raises(httpx2.HTTPError):
        bare.get("/")
    assert "no certificate" in (workbench.journal.last.refused_because or "")


def test_a_certificate_has_its_facts_and_its_bundle(workbench: Workbench) -> None:
    certificate = workbench.certificate("svc-demo")

    read = x509.load_pem_x509_certificate(certificate.cert_file.read_bytes())
    bundle = pkcs12.load_pkcs12(certificate.pfx("chosen-one").read_bytes(), b"chosen-one")
    assert certificate.common_name == "svc-demo"
    assert certificate.serial_number == read.serial_number
    assert certificate.not_before == read.not_valid_before_utc
    assert certificate.not_after == read.not_valid_after_utc
    assert bundle.cert is not None
    assert bundle.cert.certificate == read
    assert len(bundle.additional_certs) == 2


def test_an_empty_passphrase_is_another_one_than_none(workbench: Workbench) -> None:
    certificate = workbench.certificate("svc-demo")
    with_empty, with_usual = certificate.pfx(""), certificate.pfx()
    assert pkcs12.load_pkcs12(with_empty.read_bytes(), b"").key is not None
    assert pkcs12.load_pkcs12(with_usual.read_bytes(), b"mock-sei").key is not None
    with workbench.client() as http:
        content = http.get(workbench.certificate_link("svc-demo", passphrase="")).content
    assert pkcs12.load_pkcs12(content, b"").key is not None


def test_a_revoked_certificate_is_refused_at_the_next_handshake(workbench: Workbench) -> None:
    certificate = workbench.certificate(workbench.new_application().service_account or "")
    with workbench.client(certificate) as http:
        assert http.get("/nowhere").status_code == 404
    certificate.revoke()

    with workbench.client(certificate) as http, pytest.raises(httpx2.HTTPError):
        http.get("/nowhere")
    last = workbench.journal.last
    assert last.kind == "handshake"
    assert last.certificate is not None
    assert last.certificate.serial_number == certificate.serial_number


@pytest.mark.parametrize("variant", ["expired", "not-yet-valid", "untrusted", "self-signed"])
def test_a_certificate_that_is_wrong_in_one_way(workbench: Workbench, variant: Any) -> None:
    certificate = workbench.certificate("svc-demo", variant)

    with workbench.client(certificate) as http, pytest.raises(httpx2.HTTPError, match="alert"):
        http.get("/")


def test_the_server_s_certificate_can_be_wrong(workbench: Workbench) -> None:
    workbench.server_certificate("untrusted")

    with workbench.client() as http, pytest.raises(httpx2.ConnectError):
        http.get("/")
    workbench.server_certificate("valid")
    with workbench.client() as http:
        assert http.get("/").status_code == 404


def test_an_application_is_registered_changed_and_removed(workbench: Workbench) -> None:
    applications = workbench.applications
    before = len(applications)
    made = applications.register(
        name="mine", type="native", actor="end-user", redirect_addresses=["app:/x"]
    )

    assert applications["mine"] == made
    assert made in list(applications)
    assert "mine" in applications
    assert applications.change("mine", source_addresses=["192.0.2.1"]).source_addresses
    assert applications.refresh_keys("mine").app_key != made.app_key
    applications.remove("mine")
    assert "mine" not in applications
    assert len(applications) == before


def test_a_new_application_has_everything_of_its_own(workbench: Workbench) -> None:
    one, other = workbench.new_application(), workbench.new_application(name="the other's")

    assert one.approved
    assert other.name == "the other's"
    assert len({each.app_key for each in (one, other)}) == 2
    account = workbench.service_account(one)
    assert account.app_key == one.app_key
    assert workbench.token(account)
    assert call(workbench, account.username).status_code == 200


def test_new_applications_are_removed_with_their_faults(workbench: Workbench) -> None:
    made = workbench.new_application()
    workbench.faults.add(f"GET {TICKETS}", application=made, status=503)
    kept = workbench.faults.add(f"GET {TICKETS}", status=503)
    workbench.remove_new_applications()

    assert made.name not in workbench.applications
    assert "demo-server" in workbench.applications
    assert len(workbench.faults) == 1
    kept.remove()
    assert len(workbench.faults) == 0


def test_new_applications_whose_keys_were_refreshed_are_removed(workbench: Workbench) -> None:
    before = len(workbench.applications)
    server = workbench.new_application()
    page = workbench.new_application(
        type="single-page", actor="end-user", redirect_addresses=["http://localhost/callback"]
    )
    for each in (server, page):
        workbench.applications.refresh_keys(each.name)

    workbench.remove_new_applications()

    assert len(workbench.applications) == before


def test_a_fault_is_armed_met_counted_and_removed(workbench: Workbench) -> None:
    fault = workbench.faults.add(f"GET {TICKETS}", status=503, times=2)
    with pytest.raises(AssertionError, match=r"never met:\n.*tradetickets: status 503"):
        workbench.faults.assert_met()

    assert call(workbench).status_code == 503
    assert fault.met == 1
    workbench.faults.assert_met()
    fault.remove()
    assert call(workbench).status_code == 200
    assert fault.met == 1


def test_the_handle_of_a_fault_that_was_reset_away_means_no_other(workbench: Workbench) -> None:
    old = workbench.faults.add(f"GET {TICKETS}", status=503)
    workbench.reset()
    workbench.faults.add(f"GET {TICKETS}", status=500)
    old.remove()

    assert len(workbench.faults) == 1
    assert call(workbench).status_code == 500
    assert old.met == 0
    workbench.faults.clear()
    assert len(workbench.faults) == 0


def test_an_answer_is_scripted_for_the_next_call_of_an_application(workbench: Workbench) -> None:
    workbench.enqueue(f"GET {TICKETS}", status=418, json={"a": 1}, headers={"X-Mine": "yes"})
    workbench.enqueue(f"GET {TICKETS}", application="svc-web", text="for the other", status=299)

    answer = call(workbench)
    assert (answer.status_code, answer.json(), answer.headers["X-Mine"]) == (418, {"a": 1}, "yes")
    assert call(workbench).status_code == 200
    assert call(workbench, "svc-web").text == "for the other"


def test_an_answer_is_given_so_often_then_until_it_is_removed(workbench: Workbench) -> None:
    default = workbench.enqueue(f"GET {TICKETS}", text="default", times=None)
    twice = workbench.enqueue(f"GET {TICKETS}", text="twice", times=2)

    assert [call(workbench).text for _ in range(4)] == ["twice", "twice", "default", "default"]
    assert (twice.used, default.used, len(workbench.answers)) == (2, 2, 1)
    default.remove()
    default.remove()
    assert call(workbench).status_code == 200
    assert (default.used, len(workbench.answers)) == (2, 0)
    workbench.reset()
    workbench.enqueue(f"GET {TICKETS}", text="another", times=None)
    twice.remove()
    assert (call(workbench).text, twice.used) == ("another", 2)


def test_an_answer_is_for_the_requests_that_fit(workbench: Workbench) -> None:
    workbench.enqueue(
        f"GET {TICKETS}",
        listener="two-way",
        query={"kind": re.compile("^a"), "page": 2},
        request={"headers": {"X-Kind": "k"}, "body": b""},
        status=299,
    )

    sent = headers(workbench)
    with workbench.client("svc-demo") as http:
        for query, more, status in (
            ("kind=abc&page=2", {}, 200),
            ("kind=bc&page=2", {"X-Kind": "k"}, 200),
            ("kind=abc&page=2&more=1", {"X-Kind": "k"}, 299),
        ):
            assert http.get(f"{TICKETS}?{query}", headers=sent | more).status_code == status


def test_an_answer_repeats_what_was_sent_and_moves_a_state(workbench: Workbench) -> None:
    workbench.enqueue(
        f"GET {TICKETS}",
        json={"page": "{{request.query.page}}", "step": "{{state.step}}", "n": "{{counter.n}}"},
        headers={"X-Path": "{{request.path}}"},
        times=None,
        when={"step": "zero"},
        then={"step": "one"},
    )
    workbench.enqueue(f"GET {TICKETS}", text="begun", when={"step": None}, then={"step": "zero"})
    workbench.enqueue(f"GET {TICKETS}", text="moved", when={"step": "one"}, then={"step": "zero"})

    sent = headers(workbench)
    assert call(workbench).text == "begun"
    with workbench.client("svc-demo") as http:
        first = http.get(f"{TICKETS}?page=7", headers=sent)
        assert first.json() == {"page": "7", "step": "zero", "n": "1"}
        assert first.headers["X-Path"] == TICKETS
        assert workbench.answers.states == {"step": "one"}
        assert http.get(TICKETS, headers=sent).text == "moved"
        assert workbench.answers.states == {"step": "zero"}
        missing = http.get(TICKETS, headers=sent)
    assert (missing.status_code, missing.json()["code"]) == (500, "gateway.fault")
    entry = workbench.journal.last
    assert entry.refused_by == "scripted answer"
    assert "{{request.query.page}}: the query has no page." in str(entry.refused_because)


def test_a_required_answer_that_was_not_used_speaks_against_the_test(workbench: Workbench) -> None:
    workbench.enqueue(f"GET {TICKETS}", times=2, required=True, query={"page": 1})
    workbench.enqueue(f"GET {TICKETS}", application="svc-web", times=None)

    with pytest.raises(AssertionError, match=r"not used: GET .* used 0 of 2 times"):
        workbench.check()
    with pytest.raises(AssertionError, match="of svc-web: never used"):
        workbench.answers.assert_used()
    workbench.answers.assert_used(application="svc-demo")
    call(workbench, "svc-web")
    with pytest.raises(AssertionError) as left:
        workbench.answers.assert_used()
    assert "svc-web" not in str(left.value)
    workbench.answers.clear()
    workbench.answers.assert_used()
    workbench.check()


def test_answers_go_with_the_application_that_a_test_made(workbench: Workbench) -> None:
    application = workbench.new_application()
    workbench.enqueue(f"GET {TICKETS}", application=application, required=True)
    assert [each.used for each in workbench.answers] == [0]

    workbench.remove_new_applications()

    assert len(workbench.answers) == 0
    workbench.check()


def test_a_function_answers_only_in_the_process_of_the_server(
    server: MockSei, attached: Attached
) -> None:
    server.reset()

    def answer(request: ReceivedRequest) -> Answer:
        return Answer(status=299, json={"inner": call(server).status_code, "of": request.path})

    enqueued = server.enqueue(f"GET {TICKETS}", answer=answer)
    made = call(server)

    assert (made.status_code, made.json()) == (299, {"inner": 200, "of": TICKETS})
    assert enqueued.used == 1
    with pytest.raises(Rejected, match=r"answer: a function works only where .*MockSei"):
        attached.enqueue(f"GET {TICKETS}", answer=answer)
    assert len(server.answers) == 0


def test_all_answers_are_counted_page_by_page(server: MockSei) -> None:
    server.reset()
    for _ in range(1001):
        server.enqueue("GET /x")

    assert len(server.answers) == 1001
    server.reset()


def test_a_required_fault_that_nobody_met_speaks_against_the_test(workbench: Workbench) -> None:
    workbench.check()
    workbench.faults.add(f"GET {TICKETS}", status=503, required=True)

    with pytest.raises(AssertionError, match=f"nobody met: GET {TICKETS}: status 503"):
        workbench.check()


def test_an_unscripted_call_in_strict_mode_speaks_against_the_test(workbench: Workbench) -> None:
    workbench.only_scripted()
    call(workbench)

    with pytest.raises(AssertionError, match=f"without a script: GET {TICKETS}"):
        workbench.check()


def test_a_bug_of_mock_sei_speaks_against_the_test(
    workbench: Workbench, server: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the bug")

    monkeypatch.setattr(type(server.platform), "metadata", broken)
    with workbench.client() as http:
        assert http.get("/.well-known/oauth-authorization-server").status_code == 500

    with pytest.raises(MockSeiBug, match="ZeroDivisionError: the bug"):
        workbench.check()


def test_the_clock_is_read_and_moved(workbench: Workbench) -> None:
    clock = workbench.clock
    assert clock.is_machine
    assert clock.set(MOMENT, frozen=True) == MOMENT
    assert (clock.frozen, clock.is_machine) == (True, False)
    assert clock.advance(minutes=31) == clock.now() == MOMENT + timedelta(minutes=31)
    assert clock.advance(timedelta(seconds=0.5)).timestamp() == clock.timestamp()
    assert clock.unfreeze() >= MOMENT
    assert not clock.frozen
    clock.freeze()
    assert workbench.clock.frozen
    clock.reset()
    assert workbench.clock.is_machine


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda clock: clock.advance(minutes=-1), "only advances"),
        (lambda clock: clock.advance(days=10**10), "further than the clock goes"),
        (lambda clock: clock.advance(days=366_000), "(?s)further|outside"),
        (lambda clock: clock.advance(days=360_000), "outside the years 2001 to 2998"),
        (lambda clock: clock.set(datetime(2027, 1, 1)), "no time zone"),  # noqa: DTZ001
        (
            lambda clock: clock.set(datetime(1066, 1, 1, tzinfo=UTC)),
            "outside the years 2001 to 2998",
        ),
    ],
)
def test_a_time_that_cannot_be_is_a_value_error(
    workbench: Workbench, wrong: Callable[[Any], object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        wrong(workbench.clock)
    assert workbench.clock.is_machine


def test_the_journal_has_the_same_entries(
    workbench: Workbench, server: MockSei, attached: Attached
) -> None:
    with pytest.raises(LookupError, match="the journal is empty"):
        _ = workbench.journal.last
    call(workbench)
    workbench.token("demo-spa")
    with workbench.client(workbench.certificate("svc-web")) as http:
        http.get(TICKETS, params={"token": "x"}, headers=headers(workbench))
    expired = workbench.certificate("svc-demo", "expired")
    with workbench.client(expired) as http, pytest.raises(httpx2.HTTPError):
        http.get("/")

    ours, theirs = server.journal.entries, attached.journal.entries
    assert [each.to_json() for each in ours] == [each.to_json() for each in theirs]
    assert [str(each) for each in ours] == [str(each) for each in theirs]
    assert len(workbench.journal) == len(ours)
    assert workbench.journal.dropped == 0
    refused = workbench.journal.find(f"GET {TICKETS}", status=403)[0]
    assert (refused.expected, refused.actual) == ("svc-demo", "svc-web")
    assert refused.certificate == ours[-2].certificate
    assert refused.request is not None
    assert refused.request.headers["authorization"] == "Bearer ***"
    workbench.journal.assert_called(f"GET {TICKETS}", times=2)
    with pytest.raises(AssertionError, match="recorded: 0"):
        workbench.journal.assert_called("GET /v2/investors")
    workbench.journal.clear()
    assert workbench.journal.entries == []


def test_the_mailbox_has_the_same_mails(workbench: Workbench, server: MockSei) -> None:
    with pytest.raises(LookupError, match="the mailbox is empty"):
        _ = workbench.mailbox.last
    workbench.new_application(name="mailed", distribution_list="team@example.org")
    mailbox = workbench.mailbox

    assert [str(each) for each in mailbox] == [str(each) for each in server.mailbox]
    assert len(mailbox) == len(mailbox.messages) == 3
    assert mailbox.find(to="team@example.org", about="svc-mailed")
    assert mailbox.require(1).subject == mailbox.messages[0].subject
    assert bytes(mailbox.last.message()) == bytes(server.mailbox.last.message())
    link = mailbox.last.link
    assert link is not None
    with workbench.client() as http:
        assert http.get(link.path).status_code == 200
        assert http.get(link.path).status_code == 410
    used = workbench.mailbox.last.link
    assert used is not None
    assert "it was used at" in used.state(workbench.clock.now())
    mailbox.clear()
    assert workbench.mailbox.messages == []


def test_a_link_downloads_once_where_the_platform_is_reached(workbench: Workbench) -> None:
    link = workbench.certificate_link("svc-demo", format="p7s", renew=True)

    assert link.startswith(workbench.url)
    with workbench.client() as http:
        assert http.get(link).headers["content-disposition"].endswith('certificate.p7s"')


def test_a_request_of_the_client_s_own_key_is_signed(workbench: Workbench) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "svc-demo")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = request.public_bytes(serialization.Encoding.PEM).decode()

    signed = x509.load_pem_x509_certificate(workbench.sign_request("svc-demo", pem).encode())
    assert signed.public_key() == key.public_key()


def test_a_certificate_of_the_client_s_own_ca_is_checked(workbench: Workbench) -> None:
    with pytest.raises(Rejected) as refused:
        workbench.register_certificate("svc-demo", "no certificate", "no CA")
    assert refused.value.problems


def test_signing_keys_are_rotated_and_retired(workbench: Workbench) -> None:
    sent = headers(workbench)
    with workbench.client() as http:
        [old] = http.get("/.well-known/jwks.json").json()["keys"]
    new = workbench.rotate_signing_key()
    workbench.retire_signing_key(old["kid"])

    with workbench.client("svc-demo") as http:
        assert http.get(TICKETS, headers=sent).status_code == 401
    with pytest.raises(ValueError, match="sign"):
        workbench.retire_signing_key(new)


def test_records_are_added_replaced_and_cleared(workbench: Workbench) -> None:
    collection = workbench.data[next(iter(workbench.data))]
    records = [dict(each) for each in collection]

    assert len(collection) == len(records)
    collection.clear()
    assert list(collection) == []
    collection.add(*records[:1])
    assert [dict(each) for each in collection] == records[:1]
    collection.replace(records)
    assert [dict(each) for each in collection] == records
    with pytest.raises(Rejected, match="cannot be sent as JSON"):
        collection.add({**records[0], "wrong": object()})


def test_a_reset_takes_the_marker_s_keywords(workbench: Workbench) -> None:
    workbench.reset(dialect="rfc")
    assert workbench.token_response("svc-demo")["token_type"] == "Bearer"
    workbench.reset()
    assert workbench.token_response("svc-demo")["token_type"] == "BearerToken"


MISTAKES: dict[str, Callable[[Workbench], object]] = {
    "account": lambda workbench: workbench.service_account("svc-nobody"),
    "token": lambda workbench: workbench.token("nobody"),
    "user": lambda workbench: workbench.token("demo-web", user="eve@example.com"),
    "certificate": lambda workbench: workbench.certificate("svc-nobody"),
    "variant": lambda workbench: workbench.certificate("svc-nobody", "expired"),
    "revocation": lambda workbench: replace(
        workbench.certificate("svc-demo"), account="svc-web"
    ).revoke(),
    "application": lambda workbench: workbench.applications["nobody"],
    "no name": lambda workbench: workbench.applications.remove("no/body"),
    "no account": lambda workbench: workbench.certificate("svc/demo"),
    "register": lambda workbench: workbench.applications.register(
        name="x",
        kind="native",  # type: ignore[call-arg]
    ),
    "registered": lambda workbench: workbench.new_application(
        name="demo-server", products=["none"]
    ),
    "change": lambda workbench: workbench.applications.change(
        "demo-server",
        type="native",  # type: ignore[call-arg]
    ),
    "fault": lambda workbench: workbench.faults.add("GET /v2/investor", status=42),
    "answer": lambda workbench: workbench.enqueue("investors", status=7, json=object()),
    "answer's placeholder": lambda workbench: workbench.enqueue("GET /x", json="{{request.pth}}"),
    "answer's rules": lambda workbench: workbench.enqueue(
        "GET /x",
        times=0,
        when={"a": 1},  # type: ignore[dict-item]
        required=1,  # type: ignore[arg-type]
        query={"a": {"matches": "("}},
    ),
    "answer's request": lambda workbench: workbench.enqueue(
        "GET /x",
        request={"hedaers": {}},  # type: ignore[arg-type]
    ),
    "collection": lambda workbench: workbench.data["investor"],
    "own records": lambda workbench: workbench.data.of("demo-server"),
    "own records of nobody": lambda workbench: workbench.data.of("demo-sever"),
    "own data later": lambda workbench: workbench.applications.change(
        "demo-server",
        own_data=True,  # type: ignore[call-arg]
    ),
    "own data of another type": lambda workbench: workbench.new_application(
        name="typed",
        own_data="yes",  # type: ignore[arg-type]
    ),
    "mail": lambda workbench: workbench.mailbox.require(99),
    "reset": lambda workbench: workbench.reset(dialekt="rfc"),  # type: ignore[call-arg]
    "reset value": lambda workbench: workbench.reset(dialect="vendor"),  # type: ignore[arg-type]
    "request": lambda workbench: workbench.sign_request("svc-demo", "no request"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_the_same_exception_with_the_same_words(
    server: MockSei, attached: Attached, mistake: str
) -> None:
    server.reset()

    with pytest.raises(MockSeiError) as there:
        MISTAKES[mistake](server)
    with pytest.raises(MockSeiError) as here:
        MISTAKES[mistake](attached)
    assert type(here.value) is type(there.value)
    assert str(here.value) == str(there.value)
    if isinstance(there.value, Rejected) and isinstance(here.value, Rejected):
        assert here.value.problems == there.value.problems


def test_the_mistakes_are_of_every_kind(server: MockSei) -> None:
    kinds = set()
    for mistake in MISTAKES.values():
        with pytest.raises(MockSeiError) as told:
            mistake(server)
        kinds.add(type(told.value))

    assert kinds == {
        ConfigurationError,
        Rejected,
        UnknownAccount,
        UnknownApplication,
        UnknownCertificate,
        UnknownCollection,
        UnknownMessage,
        UnknownUser,
    }
