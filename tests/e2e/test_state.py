"""``mock-sei serve --state``: it survives a kill, and several servers are one platform."""

from __future__ import annotations

import contextlib
import html
import re
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei import Attached
from tests.e2e.handshakes import alert, answer, is_let_in, status, tls
from tests.e2e.registering import control_of, register
from tests.e2e.serving import Serving, run_mock_sei, wait_for
from tests.e2e.snippets import read, snippets
from tests.e2e.suites import run_suite
from tests.e2e.test_attached import SHARING
from tests.e2e.test_own_certificates import OwnCa
from tests.e2e.test_races import refresh_form, the_one, token_request
from tests.oauth.assertions import GRANT as SAML
from tests.oauth.assertions import assertion_at, encoded, own, sign
from tests.patience import PATIENCE
from tests.support import TICKETS

STATE = "--state"
CROWD = 24
A = TypeVar("A")


class Servers(NamedTuple):
    """Two servers on one state, with addresses of their own."""

    one: Attached
    other: Attached

    def at(self, number: int) -> Attached:
        """The two in turn."""
        return self.other if number % 2 else self.one


@pytest.fixture(scope="module")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    common = ("--state", f"sqlite:{folder / 'platform.db'}", "--certs-dir", str(folder / "certs"))
    with contextlib.ExitStack() as stack:
        begun = []
        for name in ("one", "other"):
            (folder / name).mkdir()
            serving = stack.enter_context(Serving.start(folder / name, *common))
            begun.append(stack.enter_context(Attached(serving.ready["control_url"])))
        yield Servers(begun[0], begun[1])


@pytest.fixture
def servers(_servers: Servers) -> Servers:
    _servers.one.reset()
    return _servers


def control(server: Attached, method: str, path: str, **options: Any) -> httpx2.Response:
    url = f"{server.control_url}{path}"
    return httpx2.request(method, url, trust_env=False, timeout=PATIENCE, **options)


def race(servers: Servers, act: Callable[[Attached, int], A], *, count: int = CROWD) -> list[A]:
    """Acts in many threads at once, at both servers in turn."""
    together = threading.Barrier(count, timeout=PATIENCE)

    def begin(number: int) -> A:
        together.wait()
        return act(servers.at(number), number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def at_both(
    servers: Servers, account: str | None, requests: Sequence[bytes]
) -> list[tuple[int, dict[str, Any]]]:
    """Sends requests at once, each on a connection of its own, at both servers in turn."""
    with contextlib.ExitStack() as stack:
        connections = []
        for number, _ in enumerate(requests):
            server = servers.at(number)
            url = server.url if account is None else server.two_way_url
            connections.append(stack.enter_context(tls(url, server.ssl_context(account))))
        together = threading.Barrier(len(requests), timeout=PATIENCE)

        def ask(connected: ssl.SSLSocket, request: bytes) -> tuple[int, dict[str, Any]]:
            together.wait()
            connected.sendall(request)
            return answer(connected)

        pool = stack.enter_context(ThreadPoolExecutor(len(requests)))
        return list(pool.map(ask, connections, requests, timeout=PATIENCE))


def redeem(form: dict[str, str], application: str = "demo-web") -> bytes:
    return token_request(f"{application}-key", f"{application}-secret", form)


def call(server: Attached, token: str, application: str, account: str | None = None) -> int:
    headers = {"AppKey": f"{application}-key", "Authorization": f"Bearer {token}"}
    with server.client(account) as http:
        return http.get(TICKETS, headers=headers).status_code


def account_of(server: Attached, application: str) -> str | None:
    found = control(server, "GET", f"/applications/{application}").json()["service_account"]
    return None if found is None else str(found)


class TestOneWinner:
    def test_a_code(self, servers: Servers) -> None:
        account = account_of(servers.one, "demo-web")
        form = {
            "grant_type": "authorization_code",
            "code": servers.one.login("demo-web").code,
            "redirect_uri": "https://localhost:9443/callback",
        }
        the_one(at_both(servers, account, [redeem(form)] * CROWD))

    def test_a_code_of_one_server_is_redeemed_at_the_other_once(self, servers: Servers) -> None:
        account = account_of(servers.one, "demo-web")
        form = {
            "grant_type": "authorization_code",
            "code": servers.one.login("demo-web").code,
            "redirect_uri": "https://localhost:9443/callback",
        }
        nobody_else = Servers(servers.other, servers.one)
        ((first, body),) = at_both(nobody_else, account, [redeem(form)])
        assert first == 200
        assert call(servers.one, body["access_token"], "demo-web", account) == 200
        ((second, _),) = at_both(servers, account, [redeem(form)])
        assert second == 400
        assert call(servers.other, body["access_token"], "demo-web", account) == 401

    def test_a_refresh_token(self, servers: Servers) -> None:
        account = account_of(servers.one, "demo-web")
        first = servers.one.token_response("demo-web")
        request = redeem(refresh_form(first["refresh_token"]))
        the_one(at_both(servers, account, [request] * CROWD))
        assert call(servers.other, first["access_token"], "demo-web", account) == 401

    def test_an_assertion(self, servers: Servers) -> None:
        account = account_of(servers.one, "demo-web")
        changed = control(
            servers.one,
            "PATCH",
            "/applications/demo-web",
            json={"saml_certificate": own().certificate},
        )
        assert changed.is_success, changed.text
        text = encoded(sign(assertion_at(servers.one.clock.now())))
        request = redeem({"grant_type": SAML, "SAMLAssertion": text})
        the_one(at_both(servers, account, [request] * CROWD))

    def test_a_link(self, servers: Servers) -> None:
        path = urlsplit(servers.one.certificate_link("svc-demo")).path
        with servers.one.client() as one, servers.other.client() as other:
            answers = race(
                servers, lambda _, number: (one, other)[number % 2].get(path).status_code
            )
        assert Counter(answers) == {200: 1, 410: CROWD - 1}

    def test_a_fault_for_one_call(self, servers: Servers) -> None:
        servers.one.faults.add(f"GET {TICKETS}", status=503, times=1)
        with servers.one.client() as one, servers.other.client() as other:
            answers = race(
                servers, lambda _, number: (one, other)[number % 2].get(TICKETS).status_code
            )
        assert Counter(answers) == {503: 1, 401: CROWD - 1}

    def test_a_scripted_answer(self, servers: Servers) -> None:
        token = servers.one.token("svc-demo")
        servers.one.enqueue(f"GET {TICKETS}", json={"of": "one"})
        headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
        with servers.one.client("svc-demo") as one, servers.other.client("svc-demo") as other:
            answers = race(
                servers,
                lambda _, number: (one, other)[number % 2].get(TICKETS, headers=headers).json(),
            )
        assert answers.count({"of": "one"}) == 1

    def test_the_name_of_an_application(self, servers: Servers) -> None:
        body = {"name": "wanted", "type": "server-server", "actor": "server"}
        answers = race(
            servers,
            lambda server, _: control(server, "POST", "/applications", json=body).status_code,
            count=8,
        )
        assert Counter(answers) == {201: 1, 400: 7}


class TestOnePlatform:
    def test_a_certificate_that_one_revokes_is_refused_by_the_other(self, servers: Servers) -> None:
        certificate = servers.one.certificate("svc-demo")
        context = servers.other.ssl_context(certificate)
        url = servers.other.two_way_url
        assert is_let_in(url, context)
        with tls(url, context) as open_before:
            assert status(open_before) == 401
            certificate.revoke()
            assert "REVOKED" in alert(url, context)
            with pytest.raises(OSError, match=r".*"):
                status(open_before)
        wanted = [each for each in servers.one.journal.entries if each.kind == "handshake"]
        assert len(wanted) == 2
        assert all("revoked" in str(each.refused_because) for each in wanted)

    @pytest.mark.needs("openssl", "curl")
    def test_a_certificate_of_an_own_ca_that_one_got_opens_the_other(
        self, servers: Servers, tmp_path: Path
    ) -> None:
        own_ca = OwnCa(tmp_path)
        with control_of(servers.one.control_url) as http:
            team = register(http, certificate="own")
            leaf = own_ca.issue("leaf", team.username)
            url = servers.other.two_way_url
            context = servers.other.ssl_context()
            context.load_cert_chain(tmp_path / "leaf.crt", tmp_path / "leaf.key")
            assert "UNKNOWN_CA" in alert(url, context)
            sent = http.post(
                f"/service-accounts/{team.username}/own-certificates",
                json={"certificate": leaf, "ca": own_ca.chain},
            )
            assert sent.status_code == 201, sent.text
        assert is_let_in(url, context)
        servers.other.reset()
        assert "UNKNOWN_CA" in alert(servers.one.two_way_url, context)

    def test_a_call_under_way_ends_on_the_state_on_which_it_began(self, servers: Servers) -> None:
        fault = {"operation": f"GET {TICKETS}", "latency": 1.5, "times": 1}
        assert control(servers.one, "POST", "/faults", json=fault).status_code == 201
        token = servers.one.token("svc-demo")
        headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
        with ThreadPoolExecutor(1) as pool, servers.other.client("svc-demo") as http:
            slow = pool.submit(http.get, TICKETS, headers=headers)
            wait_for(lambda: has_met(servers.one))
            servers.one.reset()
            assert slow.result(PATIENCE).status_code == 200
        assert list(servers.one.journal.entries) == []

    def test_a_wrong_server_certificate_is_shown_by_both(self, servers: Servers) -> None:
        context = servers.other.ssl_context()
        servers.one.server_certificate("expired")
        with pytest.raises(ssl.SSLCertVerificationError), tls(servers.other.url, context):
            pass
        servers.other.server_certificate("valid")
        with tls(servers.one.url, servers.one.ssl_context()):
            pass

    def test_a_reset_is_a_line_for_both(self, servers: Servers) -> None:
        token = servers.one.token("svc-demo")
        body = {"name": "gone", "type": "server-server", "actor": "server"}
        assert control(servers.one, "POST", "/applications", json=body).status_code == 201
        assert call(servers.other, token, "demo-server", "svc-demo") == 200
        servers.other.reset()
        assert control(servers.one, "GET", "/applications/gone").status_code == 404
        assert list(servers.one.journal.entries) == []
        servers.one.token("svc-demo")
        assert len(servers.other.journal.entries) == 1

    def test_the_clock_the_journal_and_the_faults_of_the_commands_are_common(
        self, servers: Servers
    ) -> None:
        one, other = (("--control-url", each.control_url) for each in servers)

        def ended(*words: str) -> str:
            done = run_mock_sei(*words)
            assert done.returncode == 0, done.stderr
            return done.stdout

        before = servers.other.clock.now()
        ended("clock", "advance", "2h", *one)
        assert servers.other.clock.now() - before >= timedelta(hours=2)
        ended("faults", "add", f"GET {TICKETS}", "--status", "503", "--times", "1", *one)
        with servers.other.client() as http:
            assert http.get(TICKETS).status_code == 503
        assert TICKETS in ended("journal", *one)
        assert TICKETS in ended("journal", *other)

    def test_a_wait_at_one_ends_by_a_call_of_the_other(self, servers: Servers) -> None:
        body = {"operation": f"GET {TICKETS}", "timeout": min(PATIENCE, 250)}
        with ThreadPoolExecutor(1) as pool, servers.other.client() as http:
            waiting = pool.submit(control, servers.one, "POST", "/journal/wait", json=body)
            http.get(TICKETS)
            found = waiting.result(PATIENCE)
        assert found.status_code == 200, found.text

    def test_the_journal_is_numbered_and_ordered_in_one_way(self, servers: Servers) -> None:
        with servers.one.client() as one, servers.other.client() as other:
            for number in range(6):
                (one, other)[number % 2].get(f"/v1/number/{number}")
        paths = [
            [each.request.path for each in server.journal.entries if each.request]
            for server in servers
        ]
        assert paths[0] == paths[1] == [f"/v1/number/{number}" for number in range(6)]


def form_of(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of the form of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: html.unescape(value) for name, value in found}


def test_everything_is_there_after_a_kill(tmp_path: Path) -> None:
    state = ("--state", "sqlite:platform.db")
    (tmp_path / "second").mkdir()
    with Serving.start(tmp_path, *state) as serving:
        with Attached(serving.ready["control_url"]) as server:
            registered = register_in_portal(server)
            link = link_of(server, registered)
            with server.client() as http:
                assert http.get(urlsplit(link).path).status_code == 200
            token = server.token(registered)
            other = server.certificate("svc-internal")
            other.revoke()
            revoked = (other.cert_file.read_bytes(), other.key_file.read_bytes())
            server.rotate_signing_key()
            second = server.token("svc-demo")
            server.faults.add("GET /v2/investors", status=503, times=2)
            with server.client() as http:
                assert http.get("/v2/investors").status_code == 503
            server.enqueue(f"GET {TICKETS}", json={"kept": True})
            put = control(server, "PUT", "/data/investors", json=[{"externalId": "INV-1"}])
            assert put.status_code == 200, put.text
            server.clock.advance(minutes=1)
            now = server.clock.now()
            entries = len(server.journal.entries)
        serving.kill()
    serving.ready_file.unlink()
    with (
        Serving.start(tmp_path, *state) as serving,
        Attached(serving.ready["control_url"]) as server,
    ):
        found = control(server, "GET", f"/applications/{registered}").json()
        assert found["name"] == registered
        headers = {"AppKey": found["app_key"], "Authorization": f"Bearer {token}"}
        with server.client(found["service_account"]) as http:
            scripted = http.get(TICKETS, headers=headers)
            assert scripted.json() == {"kept": True}
        assert control(server, "GET", "/data").json()["investors"] == 1
        assert call(server, second, "demo-server", "svc-demo") == 200
        with server.client() as http:
            assert [http.get("/v2/investors").status_code for _ in range(2)] == [503, 401]
            assert http.get(urlsplit(link).path).status_code == 410
        assert server.clock.now() >= now
        assert len(server.journal.entries) > entries
        files = [tmp_path / name for name in ("revoked.crt", "revoked.key")]
        for path, content in zip(files, revoked, strict=True):
            path.write_bytes(content)
        context = server.ssl_context()
        context.load_cert_chain(files[0], files[1])
        assert "REVOKED" in alert(server.two_way_url, context)


def register_in_portal(server: Attached) -> str:
    """Registers an application by the portal's own form, and approves it."""
    with server.client() as browser:
        form = form_of(browser.get("/portal/apps/new"))
        made = browser.post(
            "/portal/apps",
            data={
                **form,
                "name": "orders",
                "kind": "server-server/server/anyone",
                "distribution_list": "team@example.com",
                "products": "*",
                "environments": ["build", "sandbox", "test", "production"],
            },
        )
        assert made.status_code < 400, made.text
        page = browser.get("/portal/apps/orders")
        approved = browser.post("/portal/apps/orders/approve", data=form_of(page))
        assert approved.status_code < 400, approved.text
    return "orders"


def link_of(server: Attached, application: str) -> str:
    texts = [
        each["text"]
        for each in control(server, "GET", "/mailbox").json()["messages"]
        if application in each["subject"]
    ]
    (link,) = re.findall(r"https://\S+/portal/certificates/\S+", "\n".join(texts))
    return str(link)


def has_met(server: Attached) -> bool:
    """Whether the only fault of a server was met."""
    (fault,) = control(server, "GET", "/faults").json()
    return bool(fault["met"])


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("workers")
    with Serving.start(folder, "--state", "sqlite:platform.db", "--workers", "2") as serving:
        yield serving


@pytest.mark.nightly  # tests/e2e/test_attached.py runs the documents against one process
@pytest.mark.parametrize("document", ["README.md", "docs/testing.md"])
def test_what_the_documents_print_passes_against_two_workers(
    pytester: pytest.Pytester, workers: Serving, document: str
) -> None:
    printed = snippets(read(document), "python")
    result = run_suite(
        pytester, "\n\n".join(printed), "--mock-sei-url", workers.ready["control_url"]
    )
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= sum("def test_" in each for each in printed)


@pytest.mark.nightly  # as the test before, and it starts three processes of pytest
def test_processes_of_a_suite_share_two_workers_by_applications_of_their_own(
    pytester: pytest.Pytester, workers: Serving
) -> None:
    url = workers.ready["control_url"]
    result = run_suite(pytester, SHARING, "--mock-sei-url", url, "-n", "2")
    result.assert_outcomes(passed=6)
    names = [each["name"] for each in httpx2.get(f"{url}/applications", trust_env=False).json()]
    assert [each for each in names if not each.startswith("demo-")] == []
