"""A small suite of a user, with every type written down."""

import re
from collections.abc import Iterator

import httpx2
import pytest

import mock_sei as sei


@pytest.fixture(scope="session")
def mock_sei_settings() -> sei.SettingFields:
    return {"dialect": "sei", "journal_size": 5000, "assumptions": {"token.lifetime": 3600}}


@pytest.fixture
def application(mock_sei: sei.MockSei) -> sei.Application:
    return mock_sei.new_application(products=["sma-trade-orders"], type="server-server")


@pytest.fixture
def http(mock_sei: sei.MockSei, application: sei.Application) -> Iterator[httpx2.Client]:
    with mock_sei.client(application) as client:
        yield client


@pytest.mark.mock_sei(dialect="rfc", seed=7)
def test_an_outage(mock_sei: sei.MockSei, http: httpx2.Client) -> None:
    fault: sei.Fault = mock_sei.faults.add("POST /v2/oauthtoken", status=503, times=1)
    assert http.post("/v2/oauthtoken").status_code == 503
    assert fault.met == 1
    found: list[sei.JournalEntry] = mock_sei.journal.find(status=503, listener="two-way")
    assert [each.fault is not None for each in found] == [True]


def paid(request: sei.ReceivedRequest) -> sei.Answer:
    return sei.Answer(status=201, json={"of": request.path_values["id"]})


async def later(request: sei.ReceivedRequest) -> dict[str, str]:
    return {"path": request.path}


def test_answers(mock_sei: sei.MockSei) -> None:
    answer: sei.EnqueuedAnswer = mock_sei.enqueue(
        "PATCH /v1/accounts/{id}",
        listener="two-way",
        query={"page": 2, "cursor": re.compile("^a")},
        request={"headers": {"X-Kind": None}, "json": {"currency": "USD"}},
        json={"id": "{{request.path.id}}"},
        times=None,
        when={"paid": None},
        then={"paid": "yes"},
    )
    mock_sei.enqueue("PATCH /v1/accounts/{id}", answer=paid)
    mock_sei.enqueue("PATCH /v1/accounts/{id}", answer=later, required=False)
    assert answer.used == 0
    states: dict[str, str] = mock_sei.answers.states
    assert states == {}
    answer.remove()
    mock_sei.answers.clear()
    mock_sei.answers.assert_used()


@pytest.mark.parametrize("variant", ["expired", "untrusted"])
def test_a_certificate(mock_sei: sei.MockSei, variant: sei.VariantName) -> None:
    certificate: sei.Certificate = mock_sei.certificate("svc-demo", variant)
    with mock_sei.client(certificate) as client, pytest.raises(httpx2.HTTPError):
        client.get("/")


def test_own_records(mock_sei: sei.Workbench) -> None:
    own: sei.Application = mock_sei.new_application(own_data=True)
    records: sei.Data = mock_sei.data.of(own)
    records["investors"].clear()
    assert own.own_data
    assert len(records["investors"]) == 0


def test_the_rest(mock_sei: sei.Workbench) -> None:
    mock_sei.clock.advance(minutes=31)
    mock_sei.reset(approval="manual")
    account: sei.Account = mock_sei.service_account("svc-demo")
    login: sei.LogIn = mock_sei.login("demo-web")
    findings: list[sei.Finding] = mock_sei.diagnose(account, client="java")
    mails: list[sei.Mail] = mock_sei.mailbox.find(about="certificate")
    assert login.code
    assert findings
    assert mails == []
