"""HAProxy in front of two servers on one Redis server, as ``compose.yaml`` starts them.

HAProxy has the project's own configuration file, and the servers have the variables of
``compose.yaml``; only addresses and ports differ, because here are no containers.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from yaml import safe_load

from mock_sei import Attached
from mock_sei.rules.proxies import TrustedProxies
from mock_sei.settings import load_settings
from tests.e2e.containers import ROOT, free_port
from tests.e2e.handshakes import alert, answer, port_of
from tests.e2e.serving import Serving, environment, run_mock_sei, wait_for
from tests.e2e.suites import run_suite
from tests.e2e.test_attached import SHARING
from tests.e2e.test_races import refresh_form, the_one, token_request
from tests.haproxy import HAProxy, check
from tests.patience import PATIENCE
from tests.proxy_headers import line
from tests.redis_server import RedisServer
from tests.support import TICKETS

pytestmark = [
    pytest.mark.needs("haproxy", "redis-server"),
    pytest.mark.skipif(sys.platform != "linux", reason="it calls from several loopback addresses"),
]

FILE = ROOT / "deploy" / "haproxy.cfg"
BALANCER, CLIENT, OTHER = "127.0.0.1", "127.0.0.5", "127.0.0.6"
AS_WRITTEN = "send-proxy-v2"
WITH_TLVS = f"{AS_WRITTEN} proxy-v2-options crc32c,authority,unique-id,ssl"
LISTENERS = ("ONE_WAY", "TWO_WAY", "CONTROL")
REPLICAS = ("ONE", "TWO")

Ports = dict[str, int]


def compose() -> dict[str, Any]:
    document: dict[str, Any] = safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return document


class Cluster:
    """Two replicas behind a balancer."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.folder = folder
        self.redis = redis
        self.bound: Ports = {each: free_port() for each in LISTENERS}
        self.ports: dict[str, Ports] = {
            name: {each: free_port() for each in LISTENERS} for name in REPLICAS
        }
        self.environ = self._environ(redis.url("cluster"))
        self.replicas: dict[str, Serving] = {}

    @property
    def control_url(self) -> str:
        return f"http://localhost:{self.bound['CONTROL']}"

    def _environ(self, state: str) -> dict[str, str]:
        """The variables of a replica in compose.yaml, with the addresses of this test."""
        written: dict[str, str] = compose()["services"]["replica-one"]["environment"]
        here = {
            "MOCK_SEI_STATE": state,
            "MOCK_SEI_PUBLIC_URL": f"https://localhost:{self.bound['ONE_WAY']}",
            "MOCK_SEI_PUBLIC_TWO_WAY_URL": f"https://localhost:{self.bound['TWO_WAY']}",
            "MOCK_SEI_TRUSTED_PROXY": f"{BALANCER},fd00::/8",
        }
        assert here.keys() <= written.keys()
        return {**environment(), **written, **here}

    def variables(self) -> dict[str, str]:
        """What the balancer's file is told."""
        bound = {f"{each}_BIND": f"127.0.0.1:{port}" for each, port in self.bound.items()}
        ports = {
            f"{name}_{each}_PORT": str(port)
            for name, own in self.ports.items()
            for each, port in own.items()
        }
        return bound | ports | {f"{name}_HOST": "127.0.0.1" for name in REPLICAS}

    def launch(self, name: str, *options: str) -> Serving:
        """Starts a replica, and does not wait for it."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        ports = [
            word
            for each, port in self.ports[name].items()
            for word in (f"--{each.lower().replace('_', '-')}-port", str(port))
        ]
        launched = Serving.launch(folder, *options, ports=ports, environ=self.environ)
        self.replicas[name] = launched
        return launched

    def stop(self) -> None:
        for each in self.replicas.values():
            with each:  # its end ends the process
                pass

    def reached(self) -> str:
        """The name of the replica that answers the next call over the balancer."""
        pid = httpx2.get(f"{self.control_url}/", trust_env=False).json()["pid"]
        return next(name for name, each in self.replicas.items() if each.ready["pid"] == pid)

    def are_reached(self, *names: str) -> bool:
        """Whether the next calls over the balancer reach exactly these replicas."""
        try:
            return {self.reached() for _ in range(6)} == set(names)
        except (httpx2.TransportError, StopIteration, FileNotFoundError, KeyError):
            return False  # it is starting, or has no store yet

    def control_of(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]['CONTROL']}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        cluster = Cluster(folder, stack.enter_context(RedisServer(folder)))
        stack.callback(cluster.stop)
        for each in (cluster.launch("ONE", "--workers", "2"), cluster.launch("TWO")):
            wait_for(each.ready_file.exists)
        balancer = HAProxy(FILE, cluster.variables(), folder / "haproxy.log")
        stack.enter_context(balancer)
        wait_for(lambda: cluster.are_reached(*REPLICAS), still=lambda: balancer.is_running)
        yield cluster


@pytest.fixture
def server(cluster: Cluster) -> Iterator[Attached]:
    """A test's view of the cluster: it knows the balancer's control address and nothing else."""
    with Attached(cluster.control_url) as attached:
        attached.reset()
        yield attached


@contextmanager
def connection(port: int, source: str) -> Iterator[socket.socket]:
    place = ("127.0.0.1", port)
    with socket.create_connection(place, PATIENCE, source_address=(source, 0)) as raw:
        yield raw


def status_of(
    server: Attached, raw: socket.socket, request: bytes, account: str | None
) -> tuple[int, dict[str, Any]]:
    context = server.ssl_context(account)
    with context.wrap_socket(raw, server_hostname="localhost") as connected:
        connected.sendall(request)
        return answer(connected)


def at(
    cluster: Cluster, name: str, server: Attached, request: bytes, account: str
) -> tuple[int, dict[str, Any]]:
    """Sends a request to one replica, with the header that the balancer would send."""
    with connection(cluster.ports[name]["TWO_WAY"], BALANCER) as raw:
        raw.sendall(line(CLIENT))
        return status_of(server, raw, request, account)


def call(token: str, application: str) -> bytes:
    fields = {
        "Host": "localhost",
        "AppKey": f"{application}-key",
        "Authorization": f"Bearer {token}",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"GET {TICKETS} HTTP/1.1\r\n{lines}\r\n".encode()


def variant(cluster: Cluster, header: str) -> tuple[Path, Mapping[str, str], Ports]:
    """The balancer's file with another way to send the header, on ports of its own."""
    file = cluster.folder / "other.cfg"
    file.write_text(FILE.read_text().replace(AS_WRITTEN, header))
    bound = {each: free_port() for each in LISTENERS}
    binds = {f"{each}_BIND": f"127.0.0.1:{port}" for each, port in bound.items()}
    return file, {**cluster.variables(), **binds}, bound


def test_the_file_is_good_with_and_without_variables(cluster: Cluster) -> None:
    for variables in ({}, cluster.variables()):
        checked = check(FILE, variables)
        assert checked.returncode == 0, checked.stderr
        assert "Configuration file is valid" in checked.stdout + checked.stderr


def test_an_attached_test_learns_the_balancer_s_addresses(
    server: Attached, cluster: Cluster
) -> None:
    assert server.url == f"https://localhost:{cluster.bound['ONE_WAY']}"
    assert server.two_way_url == f"https://localhost:{cluster.bound['TWO_WAY']}"
    with server.client() as http:
        metadata = http.get("/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"] == server.url
    for each in cluster.replicas.values():
        assert (each.ready["url"], each.ready["two_way_url"]) == (server.url, server.two_way_url)


@pytest.mark.parametrize("header", [AS_WRITTEN, "send-proxy", WITH_TLVS])
def test_the_source_address_check_judges_the_client_of_the_balancer(
    server: Attached, cluster: Cluster, header: str
) -> None:
    token = server.token("demo-server")
    server.applications.change("demo-server", source_addresses=[CLIENT])
    with ExitStack() as stack:
        port = cluster.bound["TWO_WAY"]
        if header != AS_WRITTEN:
            file, variables, bound = variant(cluster, header)
            port = bound["TWO_WAY"]
            log = cluster.folder / "other.log"
            other = stack.enter_context(HAProxy(file, variables, log))
            url = f"http://localhost:{bound['CONTROL']}/health"
            wait_for(lambda: _answers(url), still=lambda: other.is_running)
        for client, wanted in ((CLIENT, 200), (OTHER, 403)) * 2:  # at each of the two replicas
            with connection(port, client) as raw:
                request = call(token, "demo-server")
                assert status_of(server, raw, request, "svc-demo")[0] == wanted
            entry = server.journal.last
            assert entry.source_address == client
    assert entry.refused_by == "source address"
    assert OTHER in str(entry.refused_because)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def test_health_checks_of_the_balancer_leave_no_entry_and_no_line(
    server: Attached, cluster: Cluster
) -> None:
    assert not server.journal.entries
    assert all("refused by PROXY header" not in each.errors for each in cluster.replicas.values())


def test_a_code_of_one_replica_is_redeemed_at_the_other_once(
    server: Attached, cluster: Cluster
) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": server.login("demo-web").code,
        "redirect_uri": "https://localhost:9443/callback",
    }
    request = token_request("demo-web-key", "demo-web-secret", form)
    answers = [at(cluster, name, server, request, "svc-web") for name in ("TWO", "ONE", "TWO")]
    the_one(answers)
    assert answers[0][0] == 200


def test_a_refresh_token_is_redeemed_once_over_the_balancer(server: Attached) -> None:
    first = server.token_response("demo-web")
    with server.client("svc-web") as http:
        answers = [
            http.post("/v2/oauthtoken", auth=("demo-web-key", "demo-web-secret"), data=form)
            for form in [refresh_form(first["refresh_token"])] * 4
        ]
    assert sorted(each.status_code for each in answers) == [200, 400, 400, 400]


def test_a_revocation_at_one_replica_holds_at_the_other(server: Attached, cluster: Cluster) -> None:
    token = server.token("demo-server")
    request = call(token, "demo-server")
    assert at(cluster, "TWO", server, request, "svc-demo")[0] == 200
    revoke = token_request("demo-server-key", "demo-server-secret", {"token": token}).replace(
        b"/v2/oauthtoken", b"/v2/oauth/revoke", 1
    )
    assert at(cluster, "ONE", server, revoke, "svc-demo")[0] == 200
    assert at(cluster, "TWO", server, request, "svc-demo")[0] == 401

    certificate = server.certificate("svc-demo")
    context = server.ssl_context(certificate)
    certificate.revoke()
    assert {alert(server.two_way_url, context) for _ in range(2)} == {
        "SSLV3_ALERT_CERTIFICATE_REVOKED"
    }


@pytest.mark.nightly  # test_redis.py moves the clock of two servers
def test_the_clock_moves_at_both(server: Attached, cluster: Cluster) -> None:
    moved = run_mock_sei("clock", "advance", "31m", "--control-url", server.control_url)
    assert moved.returncode == 0, moved.stderr
    for name in REPLICAS:
        shown = run_mock_sei("clock", "show", "--control-url", cluster.control_of(name))
        assert _time(shown.stdout) >= _time(moved.stdout)


def _time(shown: str) -> datetime:
    return datetime.fromisoformat(shown.split()[0])


@pytest.mark.nightly  # it starts three processes of pytest
def test_a_suite_on_several_workers_passes_through_the_balancer(
    pytester: pytest.Pytester, server: Attached
) -> None:
    result = run_suite(pytester, SHARING, "--mock-sei-url", server.control_url, "-n", "2")
    result.assert_outcomes(passed=6)


def test_a_killed_replica_leaves_the_rotation_and_comes_back(
    server: Attached, cluster: Cluster
) -> None:
    token = server.token("demo-server")
    fields = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}

    def called() -> int:
        with server.client("svc-demo") as http:  # a new connection
            return http.get(TICKETS, headers=fields).status_code

    cluster.replicas["TWO"].kill()
    try:
        assert [called() for _ in range(4)] == [200] * 4
        wait_for(lambda: cluster.are_reached("ONE"))
        assert [called() for _ in range(4)] == [200] * 4
    finally:
        cluster.launch("TWO")
    wait_for(lambda: cluster.are_reached(*REPLICAS))
    assert [called() for _ in range(4)] == [200] * 4
    assert len(server.journal.entries) >= 12


def test_a_replica_that_ends_gets_no_more_connections(server: Attached, cluster: Cluster) -> None:
    ending = cluster.replicas["TWO"].process
    ending.send_signal(signal.SIGTERM)
    try:
        with server.client() as http:
            path = "/.well-known/oauth-authorization-server"
            headers = {"Connection": "close"}
            while ending.poll() is None:
                assert http.get(path, headers=headers).status_code == 200
        assert ending.poll() == 0
    finally:
        cluster.launch("TWO")
    wait_for(lambda: cluster.are_reached(*REPLICAS))


def test_without_the_store_a_client_gets_the_reason_and_then_goes_on(
    server: Attached, cluster: Cluster
) -> None:
    token = server.token("demo-server")
    fields = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}

    def is_ready(name: str) -> bool:
        answer = httpx2.get(f"{cluster.control_of(name)}/health/ready", trust_env=False)
        return answer.status_code == 200

    with server.client("svc-demo") as http:

        def called() -> httpx2.Response:
            return http.get(TICKETS, headers={**fields, "Connection": "close"})

        assert called().status_code == 200
        cluster.redis.freeze()
        try:
            wait_for(lambda: not any(map(is_ready, REPLICAS)))
            refused = [called() for _ in range(4)]
        finally:
            cluster.redis.thaw()
        assert {each.status_code for each in refused} == {503}
        assert all("cannot reach its state" in each.text for each in refused)
        assert all(each.headers["Retry-After"] for each in refused)
        wait_for(lambda: called().status_code == 200)
    wait_for(lambda: cluster.are_reached(*REPLICAS))


def test_the_replicas_of_compose_are_alike_and_only_the_balancer_reaches_them() -> None:
    document = compose()
    services = document["services"]
    cluster = {name: each for name, each in services.items() if each.get("profiles") == ["cluster"]}

    assert cluster.keys() == {"replica-one", "replica-two", "store", "balancer"}
    assert services["replica-one"] == services["replica-two"]
    assert document["networks"]["replicas"] == {"internal": True}
    for name, each in cluster.items():
        assert each["read_only"]
        assert each["cap_drop"] == ["ALL"]
        assert ("ports" in each) == (name == "balancer")
        assert each.get("user") != "root"
        assert "replicas" in each["networks"]
    assert {name for name, each in cluster.items() if "default" in each["networks"]} == {"balancer"}


def test_no_two_services_of_compose_publish_one_port_and_all_are_on_loopback() -> None:
    services = compose()["services"]
    published = [port.split(":") for each in services.values() for port in each.get("ports", ())]
    hosts = [port for _, port, _ in published]

    assert len(hosts) == len(set(hosts)) == 6
    assert {address for address, _, _ in published} == {"127.0.0.1"}
    urls = services["replica-one"]["environment"]
    ports = {
        inside: outside for _, outside, inside in map(tuple, published) if int(outside) > 10000
    }
    assert str(port_of(urls["MOCK_SEI_PUBLIC_URL"])) == ports["443"]
    assert str(port_of(urls["MOCK_SEI_PUBLIC_TWO_WAY_URL"])) == ports["444"]


def test_the_replicas_of_compose_trust_whatever_address_docker_gives_the_balancer() -> None:
    environ = compose()["services"]["replica-one"]["environment"]
    proxies = TrustedProxies(load_settings({}, environ=environ).trusted_proxy)

    for address in ("172.18.0.4", "192.168.16.4", "10.0.1.4", "fd12::4"):
        assert proxies.trusts(address)
    for address in ("127.0.0.1", "::1", "203.0.113.7"):
        assert not proxies.trusts(address)


def test_the_defaults_of_the_balancer_s_file_are_the_names_and_ports_of_compose() -> None:
    defaults = dict(re.findall(r"\$\{(\w+)-([^}]*)\}", FILE.read_text()))
    services = compose()["services"]

    assert {defaults["ONE_HOST"], defaults["TWO_HOST"]} < services.keys()
    inside = {port.split(":")[2] for port in services["balancer"]["ports"]}
    assert {defaults[f"{each}_BIND"].lstrip(":") for each in LISTENERS} == inside
    for name in REPLICAS:
        assert {defaults[f"{name}_{each}_PORT"] for each in LISTENERS} == inside
    assert "/usr/local/etc/haproxy/haproxy.cfg" in json.dumps(services["balancer"]["volumes"])
