"""An example of each name of ``docs/reference.md``: a complete test, which our own tests run."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, str] = {
    "mock_sei": """
def test_a_token(mock_sei):
    assert mock_sei.token("svc-demo")
""",
    "mock_sei_server": """
import pytest


@pytest.fixture(scope="module")
def application(mock_sei_server):
    application = mock_sei_server.new_application()
    yield application
    mock_sei_server.applications.remove(application)


def test_a_token_of_its_own(mock_sei_server, application):
    assert mock_sei_server.token(application)
""",
    "mock_sei_client": """
def test_a_call_without_a_token(mock_sei_client):
    assert mock_sei_client.get("/v1/order/tradetickets").status_code == 401
""",
    "mock_sei_settings": """
import pytest


@pytest.fixture(scope="session")
def mock_sei_settings():  # in conftest.py
    return {"journal_size": 5000}


def test_the_journal_is_long(mock_sei):
    assert mock_sei.settings.journal_size == 5000
""",
    "marker": """
import pytest


@pytest.mark.mock_sei(dialect="rfc", seed=7)
def test_the_token_type(mock_sei):
    assert mock_sei.token_response("svc-demo")["token_type"] == "Bearer"
""",
    "MockSei": """
from mock_sei import MockSei


def test_without_the_fixture():
    with MockSei(dialect="rfc") as platform:
        assert platform.token_response("svc-demo")["token_type"] == "Bearer"
        assert platform.ca_file.exists()
        assert platform.addresses.two_way == platform.two_way_url

    platform = MockSei().start()
    platform.stop()
""",
    "Attached": """
from mock_sei import Attached


def test_a_server_elsewhere(mock_sei):
    attached = Attached(mock_sei.control_url)
    attached.start()
    attached.reset(dialect="rfc")
    assert attached.token_response("svc-demo")["token_type"] == "Bearer"
    assert attached.ca_file.exists()
    assert attached.addresses.two_way == attached.two_way_url
    attached.stop()
""",
    "Workbench": """
import ssl

import pytest

import mock_sei as sei


def test_what_a_client_needs(mock_sei: sei.Workbench):
    account = mock_sei.service_account("svc-demo")
    certificate = mock_sei.certificate(account)
    for setting in (mock_sei.url, mock_sei.two_way_url, mock_sei.control_url, mock_sei.ca_file):
        assert setting
    assert isinstance(mock_sei.ssl_context(certificate), ssl.SSLContext)
    with mock_sei.client(account) as http:
        assert http.get("/v1/order/tradetickets").status_code == 401
    assert mock_sei.token_response("demo-web", user="alice@example.com")["refresh_token"]
    assert mock_sei.login("demo-web").code
    assert all(each.level != "problem" for each in mock_sei.diagnose(account))


def test_its_parts(mock_sei: sei.Workbench):
    assert mock_sei.token("svc-demo")
    mock_sei.clock.advance(minutes=31)
    mock_sei.faults.add("GET /v2/investors", status=503)
    mock_sei.data["investors"].add({"externalId": "INV-1"})
    mock_sei.journal.assert_called("POST /v2/oauthtoken", times=1)
    assert len(mock_sei.mailbox) == 0
    assert "demo-server" in mock_sei.applications


def test_what_happens_next(mock_sei: sei.Workbench):
    application = mock_sei.new_application(products=["*"])
    mock_sei.enqueue("GET /v2/investors", json={"data": []})
    mock_sei.only_scripted()
    mock_sei.server_certificate("expired")
    kid = mock_sei.rotate_signing_key()
    mock_sei.rotate_signing_key()
    mock_sei.retire_signing_key(kid)
    assert mock_sei.certificate_link(application).startswith("https://")
    with pytest.raises(sei.Rejected):
        mock_sei.sign_request(application, "no CSR")
    with pytest.raises(sei.Rejected):
        mock_sei.register_certificate(application, "no certificate", "no CA")
    assert [each.name for each in mock_sei.new_applications] == [application.name]
    mock_sei.remove_new_applications()
    mock_sei.reset(approval="manual")
    mock_sei.check()  # the fixture calls it after each test
    mock_sei.check_bugs()


def test_without_a_fixture():
    platform: sei.Workbench = sei.MockSei()
    platform.start()
    assert platform.addresses.one_way == platform.url
    platform.stop()
""",
    "Applications": """
def test_the_life_of_an_application(mock_sei):
    applications = mock_sei.applications
    applications.register(name="ledger", type="server-server", actor="server")
    applications.approve("ledger")
    applications.change("ledger", products=["sma-trade-orders"])
    assert applications["ledger"].products == ("sma-trade-orders",)
    old = applications["ledger"].app_key
    assert applications.refresh_keys("ledger").app_key != old
    applications.remove("ledger")
    assert "ledger" not in applications
    assert len(applications) == len([each.name for each in applications])
""",
    "Clock": """
from datetime import UTC, datetime, timedelta


def test_the_clock(mock_sei):
    clock = mock_sei.clock
    assert clock.is_machine
    clock.set(datetime(2030, 1, 1, tzinfo=UTC), frozen=True)
    assert clock.frozen
    clock.advance(timedelta(days=1))
    assert clock.advance(hours=1) == clock.now() == datetime(2030, 1, 2, 1, tzinfo=UTC)
    assert clock.timestamp() == clock.now().timestamp()
    clock.unfreeze()
    clock.freeze()
    clock.reset()
""",
    "Data": """
def test_the_collections(mock_sei):
    assert "investors" in list(mock_sei.data)
    assert len(mock_sei.data["investors"]) > 0


def test_records_of_one_application(mock_sei):
    application = mock_sei.new_application(own_data=True)
    mock_sei.data.of(application)["investors"].clear()
    assert len(mock_sei.data["investors"]) > 0
""",
    "Collection": """
def test_records(mock_sei):
    collection = mock_sei.data["investors"]
    collection.replace([{"externalId": "INV-1"}])
    collection.add({"externalId": "INV-2"})
    assert [each["externalId"] for each in collection] == ["INV-1", "INV-2"]
    assert len(collection) == 2
    collection.clear()
    assert collection.name == "investors"
""",
    "Faults": """
import pytest


def test_faults(mock_sei):
    mock_sei.faults.add("POST /v2/oauthtoken", application="demo-server", status=503, times=2)
    assert len(mock_sei.faults) == 1
    with pytest.raises(AssertionError, match="never met"):
        mock_sei.faults.assert_met()
    mock_sei.faults.clear()
""",
    "Fault": """
from mock_sei import Fault


def test_one_fault(mock_sei):
    fault: Fault = mock_sei.faults.add("POST /v2/oauthtoken", status=503)
    with mock_sei.client("svc-demo") as http:
        assert http.post("/v2/oauthtoken").status_code == 503
    assert fault.met == 1
    fault.remove()
""",
    "Answers": """
import pytest


def test_answers_that_wait(mock_sei):
    mock_sei.enqueue("GET /v2/investors", application="demo-server", status=503, times=2)
    mock_sei.enqueue("GET /v1/products", json=[], times=None)
    assert len(mock_sei.answers) == 2
    with pytest.raises(AssertionError, match="used 0 of 2 times"):
        mock_sei.answers.assert_used(application="demo-server")
    assert mock_sei.answers.states == {}
    for answer in mock_sei.answers:
        answer.remove()
    mock_sei.answers.clear()
""",
    "EnqueuedAnswer": """
from mock_sei import EnqueuedAnswer


def test_one_answer(mock_sei):
    answer: EnqueuedAnswer = mock_sei.enqueue("POST /v2/oauthtoken", status=503, times=None)
    with mock_sei.client("svc-demo") as http:
        assert http.post("/v2/oauthtoken").status_code == 503
    assert answer.used == 1
    answer.remove()
""",
    "Answer": """
from mock_sei import Answer, MockSei


def test_an_answer_of_a_function():
    with MockSei() as platform:
        platform.enqueue("POST /v2/oauthtoken", answer=lambda _: Answer(status=503, text="down"))
        with platform.client("svc-demo") as http:
            assert http.post("/v2/oauthtoken").text == "down"
""",
    "ReceivedRequest": """
from mock_sei import MockSei, ReceivedRequest


def echo(request: ReceivedRequest) -> list[str]:
    name, first = request.path_values["name"], request.query["first"][0]
    return [request.method, request.path, name, first, request.json()]


def test_a_function_that_reads_the_request():
    with MockSei() as platform:
        platform.enqueue("POST /v2/{name}", answer=echo)
        with platform.client("svc-demo") as http:
            answer = http.post("/v2/oauthtoken?first=1", json="body")
    assert answer.json() == ["POST", "/v2/oauthtoken", "oauthtoken", "1", "body"]
""",
    "Journal": """
def test_the_journal(mock_sei):
    mock_sei.token("svc-demo")
    journal = mock_sei.journal
    assert [each.status for each in journal.entries] == [200]
    assert journal.last.operation == "POST /v2/oauthtoken"
    assert journal.dropped == 0
    assert len(journal.of(mock_sei.applications["demo-server"])) == 1
    journal.assert_not_called("GET /v2/investors")
    assert journal.wait_for("POST /v2/oauthtoken", timeout=10) == journal.last
    mock_sei.token("svc-web")
    journal.assert_order("POST /v2/oauthtoken", {"application": "demo-web", "status": 200})
    journal.clear()
""",
    "JournalView": """
from mock_sei import JournalView


def test_what_one_application_did(mock_sei):
    application = mock_sei.new_application()
    journal: JournalView = mock_sei.journal.of(application)
    mock_sei.token(application)
    journal.assert_called("POST /v2/oauthtoken", status=200, times=1)
    assert journal.find(status=200) == journal.entries == [journal.last]
    assert len(journal) == 1
""",
    "JournalEntry": """
from mock_sei import JournalEntry


def test_why_a_request_was_refused(mock_sei):
    with mock_sei.client("svc-web") as http:  # the certificate of another account
        account = mock_sei.service_account("svc-demo")
        form = {
            "grant_type": "client_credentials",
            "username": account.username,
            "password": account.password,
        }
        http.post("/v2/oauthtoken", data=form, auth=(account.app_key, account.app_secret))

    entry: JournalEntry = mock_sei.journal.last
    assert (entry.kind, entry.operation, entry.status) == ("exchange", "POST /v2/oauthtoken", 403)
    assert (entry.application, entry.service_account) == ("demo-server", "svc-demo")
    assert entry.refused_by == "certificate name"
    assert (entry.expected, entry.actual) == ("svc-demo", "svc-web")
    assert "connect with the certificate of svc-demo" in entry.refused_because
    assert entry.certificate.common_name == "svc-web"
    assert entry.concerns(mock_sei.applications["demo-server"])
    assert entry.request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert entry.tracking_id in entry.response.body
    assert entry.listener == "two-way"
    assert entry.tls_version == "TLSv1.3"
    assert entry.source_address == "127.0.0.1"
    assert abs(entry.time.timestamp() - entry.timestamp) < 1
    assert entry.duration_ms >= 0
    assert [(each.check, each.result) for each in entry.checks][-3:] == [
        ("account", "passed"),
        ("certificate name", "refused"),
        ("scope", "not reached"),
    ]
    assert entry.fault is entry.alert is entry.recorded is None
    assert entry.notes == []
    assert entry.to_json()["response"]["status"] == 403
""",
    "Mailbox": """
def test_the_mailbox(mock_sei):
    mailbox = mock_sei.mailbox
    mock_sei.certificate_link("svc-demo")
    assert len(mailbox) == len(mailbox.messages) == len(list(mailbox)) == 1
    assert mailbox.find(about="certificate") == [mailbox.last] == [mailbox.require(1)]
    assert mailbox.page(limit=10, to=mailbox.last.recipient).count == 1
    mailbox.clear()
""",
    "Mail": """
from mock_sei import Mail


def test_a_mail(mock_sei):
    mock_sei.certificate_link("svc-demo")
    mail: Mail = mock_sei.mailbox.last
    assert mail.number == 1
    assert "svc-demo" in mail.subject + mail.text
    assert "@" in mail.sender and "@" in mail.recipient
    assert mail.sent_at <= mock_sei.clock.now()
    assert mail.link.used_at is None
    assert mail.message()["Subject"] == mail.subject
""",
    "Account": """
from mock_sei import Account


def test_an_account(mock_sei):
    account: Account = mock_sei.service_account("svc-demo")
    assert account.username == "svc-demo"
    assert account.application == "demo-server"
    assert account.password and account.app_key and account.app_secret
""",
    "Application": """
from mock_sei import Application


def test_an_application(mock_sei):
    found: Application = mock_sei.applications["demo-web"]
    assert (found.name, found.type, found.actor) == ("demo-web", "client-server", "end-user")
    assert found.owner == "sei-client"
    assert found.app_key and found.app_secret and found.service_account
    assert found.redirect_addresses and found.scopes and found.environments
    assert found.products == ("*",) and found.is_granted("investors")
    assert found.source_addresses == () and found.accepts_source("203.0.113.7")
    assert found.certificate == "sei" and found.distribution_list and found.approved
    assert not found.own_data
    assert found.saml_certificate is None or "CERTIFICATE" in found.saml_certificate
""",
    "Certificate": """
import httpx2
import pytest

from mock_sei import Certificate


def test_a_certificate(mock_sei):
    certificate: Certificate = mock_sei.certificate("svc-demo")
    assert certificate.account == certificate.common_name == "svc-demo"
    assert certificate.cert_file.exists() and certificate.key_file.exists()
    assert certificate.pfx("a passphrase").suffix == ".pfx"
    assert certificate.not_before < mock_sei.clock.now() < certificate.not_after
    assert certificate.serial_number > 0
    certificate.revoke()
    with mock_sei.client(certificate) as http, pytest.raises(httpx2.HTTPError):
        http.get("/")
""",
    "Finding": """
from mock_sei import Finding


def test_a_wrong_setup(mock_sei):
    found: list[Finding] = mock_sei.diagnose("svc-demo", password="wrong")
    (problem,) = [each for each in found if each.level == "problem"]
    assert problem.name and problem.check and problem.what and problem.cure
    assert (problem.expected, problem.actual) is not None
    assert not problem.detail and problem.unread_by == ()
""",
    "LogIn": """
from mock_sei import LogIn


def test_a_log_in(mock_sei):
    login: LogIn = mock_sei.login("demo-native", user="alice@example.com", state="xyz")
    assert login.location.startswith("http://127.0.0.1/callback?")
    assert login.parameters["state"] == "xyz"
    assert login.code and login.code_verifier
    assert login.error is None


def test_the_implicit_grant(mock_sei):
    assert mock_sei.login("demo-spa").access_token
""",
    "ApplicationFields": """
from mock_sei import ApplicationFields

FORM: ApplicationFields = {"type": "server-server", "actor": "server", "owner": "anyone"}


def test_an_application_of_a_form(mock_sei):
    assert mock_sei.new_application(**FORM).type == "server-server"
""",
    "BehaviourFields": """
from mock_sei import BehaviourFields

BEHAVIOUR: BehaviourFields = {"dialect": "rfc", "approval": "manual"}


def test_another_behaviour(mock_sei):
    mock_sei.reset(**BEHAVIOUR)
    assert mock_sei.token_response("svc-demo")["token_type"] == "Bearer"
""",
    "ChangedFields": """
from mock_sei import ChangedFields

CHANGES: ChangedFields = {"source_addresses": ["127.0.0.0/8"], "scopes": ["ilservices"]}


def test_a_changed_application(mock_sei):
    changed = mock_sei.applications.change("demo-server", **CHANGES)
    assert changed.source_addresses == ("127.0.0.0/8",)
""",
    "ClockParts": """
from mock_sei import ClockParts

BATCH: ClockParts = {"hours": 1, "minutes": 30}


def test_a_long_batch(mock_sei):
    before = mock_sei.clock.freeze()
    assert (mock_sei.clock.advance(**BATCH) - before).total_seconds() == 5400
""",
    "FaultFields": """
from mock_sei import FaultFields

OUTAGE: FaultFields = {"status": 503, "retry_after": 7, "times": 1}


def test_an_outage(mock_sei):
    mock_sei.faults.add("POST /v2/oauthtoken", **OUTAGE)
    with mock_sei.client("svc-demo") as http:
        assert http.post("/v2/oauthtoken").headers["Retry-After"] == "7"
""",
    "SettingFields": """
from mock_sei import MockSei, SettingFields

SETTINGS: SettingFields = {"dialect": "rfc", "journal_size": 5000}


def test_a_platform_with_settings():
    with MockSei(**SETTINGS) as platform:
        assert platform.token_response("svc-demo")["token_type"] == "Bearer"
""",
    "RequestFields": """
from mock_sei import RequestFields

SECOND_PAGE: RequestFields = {"query": {"cursor": "abc"}}


def test_the_second_page_was_not_asked_for(mock_sei):
    mock_sei.journal.assert_not_called("GET /v2/investors", **SECOND_PAGE)
""",
    "WantedCall": """
from mock_sei import WantedCall

SIGN_IN: WantedCall = {"operation": "POST /v2/oauthtoken", "status": 200}


def test_the_token_is_asked_for_first(mock_sei):
    mock_sei.token("svc-demo")
    mock_sei.token("svc-web")
    mock_sei.journal.assert_order(SIGN_IN, {**SIGN_IN, "application": "demo-web"})
""",
    "WantedFields": """
from mock_sei import WantedFields

REFUSED: WantedFields = {"status": 403, "refused_by": "certificate name"}


def test_no_certificate_was_wrong(mock_sei):
    mock_sei.token("svc-demo")
    mock_sei.journal.assert_called(**REFUSED, times=0)
""",
    "ClientName": """
from mock_sei import ClientName

CLIENT: ClientName = "java"


def test_what_java_needs(mock_sei):
    assert mock_sei.diagnose("svc-demo", client=CLIENT)
""",
    "FormatName": """
import pytest

from mock_sei import FormatName


@pytest.mark.parametrize("format", ["pfx", "p12", "p7s", "pem"])
def test_a_link(mock_sei, format: FormatName):
    assert mock_sei.certificate_link("svc-demo", format=format)
""",
    "ServerVariantName": """
import httpx2
import pytest

from mock_sei import ServerVariantName


@pytest.mark.parametrize("variant", ["expired", "wrong-host", "self-signed", "untrusted"])
def test_a_wrong_server(mock_sei, variant: ServerVariantName):
    mock_sei.server_certificate(variant)
    with mock_sei.client("svc-demo") as http, pytest.raises(httpx2.ConnectError):
        http.get("/")
""",
    "VariantName": """
import httpx2
import pytest

from mock_sei import VariantName


@pytest.mark.parametrize("variant", ["expired", "not-yet-valid", "untrusted", "self-signed"])
def test_a_wrong_certificate(mock_sei, variant: VariantName):
    with mock_sei.client(mock_sei.certificate("svc-demo", variant)) as http:
        with pytest.raises(httpx2.HTTPError):
            http.get("/")
""",
    "MockSeiError": """
import pytest

from mock_sei import MockSeiError


@pytest.mark.mock_sei(approval="manual")
def test_no_token_before_the_approval(mock_sei):
    mock_sei.applications.register(name="ledger", type="server-server", actor="server")
    with pytest.raises(MockSeiError, match="invalid_client"):
        mock_sei.token("ledger")
""",
    "ConfigurationError": """
import pytest

from mock_sei import ConfigurationError, MockSei


def test_a_wrong_setting():
    with pytest.raises(ConfigurationError, match="one_way_port") as raised:
        MockSei(one_way_port=70000)
    assert raised.value.key == "one_way_port"
""",
    "MockSeiBug": """
from mock_sei import MockSei, MockSeiBug


def test_no_bug():
    with MockSei() as platform:
        platform.token("svc-demo")
        try:
            platform.check()
        except MockSeiBug as bug:
            raise AssertionError(f"report this: {bug}") from bug
""",
    "NoServer": """
import pytest

from mock_sei import Attached, NoServer


def test_no_server():
    with pytest.raises(NoServer, match="is it running"):
        Attached("http://127.0.0.1:9").start()
""",
    "Rejected": """
import pytest

from mock_sei import Rejected


def test_a_misspelt_keyword(mock_sei):
    with pytest.raises(Rejected, match="did you mean status") as raised:
        mock_sei.faults.add("GET /v2/investors", statsu=503)
    assert list(raised.value.problems) == ["statsu"]
""",
    "StoreAway": """
from mock_sei import StoreAway


def advance_twice_at_most(platform):
    try:
        return platform.clock.advance(minutes=5)
    except StoreAway:  # the disk of the server was full for a moment, for example
        return platform.clock.advance(minutes=5)


def test_a_patient_advance(mock_sei):
    before = mock_sei.clock.now()
    assert (advance_twice_at_most(mock_sei) - before).total_seconds() >= 300
""",
    "UnknownAccount": """
import pytest

from mock_sei import UnknownAccount


def test_an_unknown_account(mock_sei):
    with pytest.raises(UnknownAccount, match="svc-demo"):
        mock_sei.service_account("svc-dmo")
""",
    "UnknownApplication": """
import pytest

from mock_sei import UnknownApplication


def test_an_unknown_application(mock_sei):
    with pytest.raises(UnknownApplication, match="did you mean demo-server"):
        mock_sei.token("demo-sever")
""",
    "UnknownCertificate": """
import pytest

from mock_sei import MockSeiError, UnknownCertificate


def test_a_certificate_of_the_first_life(mock_sei):
    application = mock_sei.new_application()
    certificate = mock_sei.certificate(application)
    mock_sei.reset()
    with pytest.raises(MockSeiError) as raised:
        certificate.revoke()  # its account is gone, or never had it
    assert isinstance(raised.value, UnknownCertificate) or "no service account" in str(raised.value)
""",
    "UnknownCollection": """
import pytest

from mock_sei import UnknownCollection


def test_an_unknown_collection(mock_sei):
    with pytest.raises(UnknownCollection, match="investors"):
        mock_sei.data["investor"]
""",
    "UnknownAnswer": """
import httpx2

from mock_sei import UnknownAnswer


def test_an_unknown_answer_has_the_name_of_the_error(mock_sei):
    answer = httpx2.get(f"{mock_sei.control_url}/answers/7", trust_env=False)
    assert answer.json()["error"] == UnknownAnswer.__name__
""",
    "UnknownFault": """
import httpx2

from mock_sei import UnknownFault


def test_an_unknown_fault_has_the_name_of_the_error(mock_sei):
    answer = httpx2.get(f"{mock_sei.control_url}/faults/7", trust_env=False)
    assert answer.json()["error"] == UnknownFault.__name__
""",
    "UnknownMessage": """
import pytest

from mock_sei import UnknownMessage


def test_no_such_mail(mock_sei):
    with pytest.raises(UnknownMessage, match="no mail 7"):
        mock_sei.mailbox.require(7)
""",
    "UnknownUser": """
import pytest

from mock_sei import UnknownUser


def test_an_unknown_user(mock_sei):
    with pytest.raises(UnknownUser, match="alice@example.com"):
        mock_sei.login("demo-web", user="alcie@example.com")
""",
}
"""By the name; fixtures and the marker by theirs."""
