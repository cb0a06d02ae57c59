"""``mock-sei record`` in front of a mock that stands in for the real platform."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.commands import record as commands
from mock_sei.errors import ConfigurationError
from mock_sei.recorder.upstream import client_context
from mock_sei.recordings.exchanges import BodyKind, RecordedExchange
from mock_sei.recordings.placeholders import placeholders_in
from tests.e2e.libraries import END_USER, SERVER, WEB
from tests.e2e.recorders import (
    RunningRecorder,
    answering,
    exchanges,
    received,
    recording,
    scripted,
)
from tests.e2e.serving import (
    FREE_PORTS,
    MOCK_SEI,
    Serving,
    environment,
    run,
    run_mock_sei,
    wait_for,
)
from tests.patience import PATIENCE

ACCOUNTS = ("svc-demo", "svc-web", "svc-internal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("record")


@contextlib.contextmanager
def recorded(
    server: MockSei, folder: Path, out: Path, *, bodies: str = "full", redact: tuple[str, ...] = ()
) -> Iterator[RunningRecorder]:
    """A recorder in front of the mock, which has another CA and other ports."""
    identities = []
    for account in ACCOUNTS:
        files = server.certificate(account)
        identities.append(f"{account}={files.cert_file},{files.key_file}")
    with recording(
        out,
        server.url,
        two_way_upstream=server.two_way_url,
        identity=identities,
        cacert=Path(server.ca_file),
        certs_dir=folder / "ours",
        bodies=bodies,
        redact=redact,
    ) as recorder:
        yield recorder


def token_of(http: httpx2.Client, **fields: str) -> dict[str, str]:
    answer = http.post("/v2/oauthtoken", data=fields, auth=(WEB.key, WEB.secret or ""))
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def kinds_in(found: RecordedExchange) -> set[str]:
    answer = found.response.body.text if found.response else ""
    return {str(each) for each in placeholders_in(found.request.body.text + answer)}


def test_a_client_of_the_service_account_gets_a_token_and_calls(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    server.reset()
    with (
        recorded(server, folder, tmp_path / "out") as recorder,
        recorder.client("svc-demo") as http,
    ):
        answer = http.post(
            "/v2/oauthtoken",
            data={
                "grant_type": "client_credentials",
                "username": "svc-demo",
                "password": "svc-demo-password",
            },
            auth=(SERVER.key, SERVER.secret or ""),
        )
        token = answer.json()["access_token"]
        called = http.get(
            "/v2/investors?limit=2",
            headers={"Authorization": f"Bearer {token}", "AppKey": SERVER.key},
        )
        revoked = http.post(
            "/v2/oauth/revoke", data={"token": token}, auth=(SERVER.key, SERVER.secret or "")
        )
    first, second, third = exchanges(tmp_path / "out")

    assert (answer.status_code, called.status_code, revoked.status_code) == (200, 200, 200)
    assert first.request.find_header("authorization") == "Basic {{app-key-1}}:{{app-secret-1}}"
    assert ("password", "{{password-1}}") in first.request.body.fields()
    assert first.response is not None
    assert first.response.body.find_json()["access_token"] == "{{token-1}}"
    assert second.request.find_header("Authorization") == "Bearer {{token-1}}"
    assert second.request.find_header("AppKey") == "{{app-key-1}}"
    assert second.request.url == f"{server.two_way_url}/v2/investors?limit=2"
    assert second.response is not None
    ours, theirs = recorder.two_way_url, server.two_way_url
    assert second.response.body.text.replace(theirs, ours) == called.text
    assert third.request.body.fields() == [("token", "{{token-1}}")]
    for each in (first, second, third):
        assert each.listener == "two-way"
        assert (each.tls.client_common_name, each.tls.version) == ("svc-demo", "TLSv1.3")
        assert each.failure is each.recorder_answered is None


def test_the_code_flow_passes_with_its_redirects_and_cookies(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    server.reset()
    redirect = WEB.redirect or ""
    with recorded(server, folder, tmp_path / "out") as recorder:
        with recorder.client() as http:
            query = {"client_id": WEB.key, "redirect_uri": redirect, "state": "s", "scope": ""}
            page = http.get("/v2/oauth/authorize", params=query, follow_redirects=True)
            assert page.status_code == 200
            assert str(page.url).startswith(recorder.url)
            sent = http.post(str(page.url), data={**END_USER, "decision": "allow"})
            assert sent.status_code == 303, sent.text
        (code,) = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
        with recorder.client("svc-web") as http:
            first = token_of(
                http, grant_type="authorization_code", code=code, redirect_uri=redirect
            )
            second = token_of(
                http, grant_type="refresh_token", refresh_token=first["refresh_token"]
            )
    found = exchanges(tmp_path / "out")
    text = "".join(each.read_text() for each in (tmp_path / "out").iterdir())

    names = ("access_token", "refresh_token")
    issued = [each[name] for each in (first, second) for name in names if name in each]
    for secret in (code, *issued, END_USER["password"]):
        assert secret not in text
    answer = next(each for each in found if each.response and each.response.status == 303)
    assert answer.response is not None
    assert "code={{code-1}}" in (answer.response.find_header("Location") or "")
    assert ("code", "{{code-1}}") in found[-2].request.body.fields()
    assert "{{refresh-token-1}}" in kinds_in(found[-2])
    assert ("refresh_token", "{{refresh-token-1}}") in found[-1].request.body.fields()


def test_the_password_grant_and_a_refusal_are_recorded(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    server.reset()
    fields = {"grant_type": "password", **END_USER}
    auth = ("demo-internal-key", "demo-internal-secret")
    with (
        recorded(server, folder, tmp_path / "out") as recorder,
        recorder.client("svc-internal") as http,
    ):
        good = http.post("/v2/oauthtoken", data=fields, auth=auth)
        wrong = fields | {"password": "wrong-password-1"}
        bad = http.post("/v2/oauthtoken", data=wrong, auth=auth)
        missing = http.get("/v2/investors")
    found = exchanges(tmp_path / "out")

    assert (good.status_code, bad.status_code, missing.status_code) == (200, 400, 401)
    assert [dict(each.request.body.fields()).get("password") for each in found] == [
        *("{{password-1}}", "{{password-2}}", None)
    ]
    for each, answer in zip(found[1:], (bad, missing), strict=True):
        assert each.response is not None
        assert each.response.body.find_json() == answer.json()


def test_the_metadata_leads_to_the_recorder(server: MockSei, folder: Path, tmp_path: Path) -> None:
    with recorded(server, folder, tmp_path / "out") as recorder, recorder.client() as http:
        found = http.get("/.well-known/oauth-authorization-server").json()
    (kept,) = exchanges(tmp_path / "out")

    assert found["issuer"] == recorder.url
    assert found["mtls_endpoint_aliases"]["token_endpoint"] == (
        f"{recorder.two_way_url}/v2/oauthtoken"
    )
    assert kept.response is not None
    assert kept.response.body.find_json()["issuer"] == server.url


def test_an_unknown_account_and_no_certificate_are_refused_and_recorded(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    with recorded(server, folder, tmp_path / "out") as recorder:
        run_mock_sei("issue", "svc-x", "--certs-dir", folder / "ours", "--out", tmp_path / "x")
        stranger = recorder.context()
        stranger.load_cert_chain(tmp_path / "x/certificate.crt", tmp_path / "x/privatekey.key")
        answers = [
            httpx2.get(f"{recorder.two_way_url}/v2/investors", verify=context, trust_env=False)
            for context in (stranger, recorder.context())
        ]
        before = len(server.journal.entries)
    found = exchanges(tmp_path / "out")

    assert [each.status_code for each in answers] == [403, 403]
    for answer in answers:
        assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert len(server.journal.entries) == before
    assert [each.recorder_answered for each in found] == [
        "The client shows the CN svc-x, and no --identity has this name.",
        "The client shows no client certificate, and no --identity has this name.",
    ]
    assert [each.tls.client_common_name for each in found] == ["svc-x", None]


def test_a_certificate_of_another_ca_ends_with_an_alert(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    theirs = server.certificate("svc-demo")
    with recorded(server, folder, tmp_path / "out") as recorder:
        context = recorder.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(theirs.cert_file, theirs.key_file)
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            httpx_socket(recorder, context)


def httpx_socket(recorder: RunningRecorder, context: ssl.SSLContext) -> None:
    port = urlsplit(recorder.two_way_url).port
    with (
        socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.recv(1)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_alert_of_the_platform_is_recorded_and_the_client_is_cut_off(
    server: MockSei,
    folder: Path,
    tmp_path: Path,
    version: ssl.TLSVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With TLS 1.3 the alert comes after the handshake, with the first read."""
    make = client_context

    def limited(*files: Any) -> ssl.SSLContext:
        context = make(*files)
        context.maximum_version = version
        return context

    monkeypatch.setattr(commands, "client_context", limited)
    files = server.certificate("svc-demo", variant="expired")
    with (
        recording(
            tmp_path / "out",
            server.url,
            two_way_upstream=server.two_way_url,
            identity=[f"svc-demo={files.cert_file},{files.key_file}"],
            cacert=Path(server.ca_file),
            certs_dir=folder / "ours",
        ) as recorder,
        recorder.connection("svc-demo") as connection,
    ):
        connection.sendall(b"GET /v2/investors HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert received(connection) == b""
    (found,) = exchanges(tmp_path / "out")

    assert found.response is None
    assert found.tls.alert == "certificate_expired"
    assert found.failure == (
        f"{server.two_way_url} refused the connection with the alert certificate_expired"
    )


@pytest.mark.parametrize("what", ["nobody", "unknown CA"])
def test_a_platform_that_cannot_be_called_is_a_502(
    server: MockSei, folder: Path, tmp_path: Path, what: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"https://localhost:{port}" if what == "nobody" else server.url
    with (
        recording(tmp_path / "out", url, certs_dir=folder / "ours") as recorder,
        recorder.client() as http,
    ):
        answer = http.post("/v2/oauthtoken", data={"password": "hidden-secret-1"})
    (found,) = exchanges(tmp_path / "out")

    assert answer.status_code == 502
    said = "cannot be reached" if what == "nobody" else "--cacert names the CA to trust"
    assert said in (found.recorder_answered or "")
    assert found.request.body.text == "password={{password-1}}"


class Proxy:
    """A proxy that lets every CONNECT through, and keeps what it was asked."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connected\r\n\r\n") -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(accepted)
            self._run(functools.partial(self._tunnel, accepted))

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()

    def _tunnel(self, accepted: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += accepted.recv(1)
        self.asked.append(head)
        accepted.sendall(self._answer)
        if b" 200 " in self._answer:
            port = int(head.split(b" ")[1].rpartition(b":")[2])
            far = socket.create_connection(("127.0.0.1", port))
            self._open.append(far)
            self._run(lambda: self._pass(accepted, far))
            self._pass(far, accepted)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()


def test_a_proxy_of_the_environment_is_used(
    server: MockSei, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(Proxy()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.delenv("no_proxy", raising=False)
        with recorded(server, folder, tmp_path / "out") as recorder:
            with recorder.client() as http:
                assert http.get("/.well-known/jwks.json").status_code == 200
            with recorder.client("svc-demo") as http:
                assert http.get("/v2/investors").status_code == 401
        monkeypatch.setenv("NO_PROXY", "localhost")
        with recorded(server, folder, tmp_path / "out") as recorder, recorder.client() as http:
            assert http.get("/.well-known/jwks.json").status_code == 200

    port = urlsplit(server.url).port or 0
    credentials = base64.b64encode(b"me:p@ss")
    assert proxy.asked[0] == (
        b"CONNECT localhost:%d HTTP/1.1\r\nHost: localhost:%d\r\n"
        b"Proxy-Authorization: Basic %s\r\n\r\n" % (port, port, credentials)
    )
    assert len(proxy.asked) == 2


def test_a_proxy_that_refuses_is_a_502(
    server: MockSei, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    with contextlib.closing(Proxy(refusal)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.delenv("no_proxy", raising=False)
        with recorded(server, folder, tmp_path / "out") as recorder, recorder.client() as http:
            assert http.get("/").status_code == 502
    (found,) = exchanges(tmp_path / "out")

    assert found.recorder_answered == "the proxy answers CONNECT with the status 407"


def test_bodies_of_functional_calls_are_shapes_by_default(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    server.reset()
    token = server.token("svc-demo")
    with (
        recorded(server, folder, tmp_path / "out", bodies="shapes") as recorder,
        recorder.client("svc-demo") as http,
    ):
        headers = {"Authorization": f"Bearer {token}", "AppKey": SERVER.key}
        answer = http.get("/v2/investors", headers=headers)
        assert answer.status_code == 200
    (found,) = exchanges(tmp_path / "out")

    assert found.response is not None
    assert found.response.body.kind is BodyKind.SHAPE
    assert found.response.body.size == len(answer.content)


def spellings(secret: str) -> dict[str, tuple[str, str]]:
    """A secret in every encoding: as it is sent, and what must not be left of that."""
    raw = secret.encode()
    same = {
        "plain": secret,
        "percent": quote(secret, safe=""),
        "form": quote_plus(secret),
        "percent twice": quote(quote(secret, safe=""), safe=""),
        "json": json.dumps(secret)[1:-1],
        "json in json": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "base64": base64.b64encode(raw).decode().rstrip("="),
        "hexadecimal": raw.hex(),
    }
    inside = [base64.b64encode(each + raw + b"end").decode() for each in (b"x", b"xy", b"xyz")]
    return {name: (text, text) for name, text in same.items()} | {
        f"base64, {shift} bytes on": (text, text[4:-8]) for shift, text in enumerate(inside, 1)
    }


class Watcher:
    """Reads all files of a folder, again and again, and keeps what they ever held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[tuple[str, int, int], bytes] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.001):  # the recorder is in this process, too
            for path in self._folder.rglob("*"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    key = (str(path), status.st_mtime_ns, status.st_size)
                    if path.is_file() and key not in self._seen:
                        self._seen[key] = path.read_bytes()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def end(self) -> list[str]:
        """All that was ever in a file, names of files included."""
        self.close()
        return [f"{key[0]}\n{data.decode('utf-8', 'replace')}" for key, data in self._seen.items()]


def test_no_secret_is_on_disk_at_any_moment_in_any_spelling(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The platform repeats all secrets, in all spellings, in bodies, headers and addresses."""
    made = {name: f"{name}-ä/+&={secrets.token_urlsafe(9)}" for name in ("password", "secret")}
    made["token"] = secrets.token_urlsafe(24)
    made["cookie"] = secrets.token_urlsafe(15)
    made["refresh_token"] = secrets.token_hex(20)
    made["pin"] = f"pin-{secrets.token_hex(6)}"
    every = [sent for each in made.values() for sent, _ in spellings(each).values()]
    echo = json.dumps({"echo": every, "nested": {"refresh_token": made["refresh_token"]}})
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(echo)}\r\n"
        f"Set-Cookie: session={made['cookie']}; Path=/\r\n"
        f"Location: https://elsewhere.example.com/{quote(made['password'], safe='')}\r\n"
        f"X-Echo: {quote(made['secret'], safe='')}\r\n\r\n"
    )
    out = tmp_path / "out"
    with (
        contextlib.closing(Watcher(tmp_path)) as watcher,
        scripted(folder / "echoing", answering(head.encode() + echo.encode())) as platform,
        recording(
            out,
            platform.url,
            cacert=platform.ca_file,
            certs_dir=folder / "ours",
            redact=("X-Pin",),
        ) as recorder,
        recorder.client() as http,
    ):
        for number in range(105):
            answer = http.get(
                f"/v2/x/{quote(made['token'])}",
                params={
                    "password": made["password"],
                    "secret": made["secret"],
                    "n": str(number),
                },
                headers={
                    "Authorization": f"Bearer {made['token']}",
                    "X-Pin": made["pin"],
                    "X-Client-Secret": quote(made["secret"]),
                    "Client-Secret": quote(made["secret"]),
                    "Cookie": f"session={made['cookie']}",
                },
            )
            assert answer.status_code == 200
            if number == 60:
                wait_for(lambda: list(out.glob("*.har")))
    texts = [*watcher.end(), caplog.text]

    assert len(exchanges(out)) == 105
    assert len(texts) > 2
    shown = {
        (name, kind)
        for name, secret in made.items()
        for kind, (_, left) in spellings(secret).items()
        for text in texts
        if left in text
    }
    assert shown == set()
    kept = exchanges(out)[-1]
    assert kept.response is not None
    assert set(map(str, placeholders_in(kept.response.body.text))) >= {
        *("{{password-1}}", "{{token-1}}", "{{cookie-1}}", "{{refresh-token-1}}"),
    }


def test_the_command_records_what_curl_and_openssl_send_and_ends_with_a_signal(
    server: MockSei, tmp_path: Path
) -> None:
    files = server.certificate("svc-demo")
    options = [
        *("--upstream", server.url, "--two-way-upstream", server.two_way_url),
        *("--identity", f"svc-demo={files.cert_file},{files.key_file}"),
        *("--cacert", str(server.ca_file), "--out", "recording"),
    ]
    ports = FREE_PORTS[:4]
    with Serving.start(tmp_path, *options, verb="record", ports=ports) as running:
        ready = running.ready
        account = Path(ready["certs_dir"]) / "svc-demo"
        curl = run(
            *("curl", "-sS", "--cacert", ready["ca_file"], "--cert", account / "certificate.crt"),
            *("--key", account / "privatekey.key", "-u", "demo-server-key:demo-server-secret"),
            *("-d", "grant_type=client_credentials", "-d", "username=svc-demo"),
            *("-d", "password=svc-demo-password", f"{ready['two_way_url']}/v2/oauthtoken"),
        )
        shown = run(
            *("openssl", "s_client", "-quiet", "-verify_return_error"),
            *("-CAfile", ready["ca_file"], "-connect", ready["url"].removeprefix("https://")),
            typed="GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: close\r\n\r\n",
        )
        assert "access_token" in curl.stdout, curl.stderr
        assert shown.stdout.startswith("HTTP/1.1 200 OK"), shown.stderr
        assert running.stop() == 0
    found = exchanges(tmp_path / "recording")

    assert [each.request.path for each in found] == ["/v2/oauthtoken", "/.well-known/jwks.json"]
    assert "2 exchanges recorded in recording" in running.output
    assert "only shapes are kept" in running.output
    assert not running.ready_file.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminal")
def test_a_count_runs_along_on_a_terminal(server: MockSei, tmp_path: Path) -> None:
    terminal, end = os.openpty()
    try:
        process = subprocess.Popen(
            [
                *(str(MOCK_SEI), "record", "--upstream", server.url, "--cacert", server.ca_file),
                *("--out", "out", "--one-way-port", "0", "--ready-file", "ready.json"),
            ],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=end,
        )
        shown = b""
        try:
            ready = tmp_path / "ready.json"
            wait_for(ready.exists, still=lambda: process.poll() is None)
            told = json.loads(ready.read_text())
            context = ssl.create_default_context(cafile=told["ca_file"])
            httpx2.get(f"{told['url']}/", verify=context, trust_env=False)
            while b"\r1 recorded" not in shown:
                shown += os.read(terminal, 1024)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    finally:
        os.close(end)
        os.close(terminal)


def test_the_recorder_listens_on_this_machine_only(
    server: MockSei, folder: Path, tmp_path: Path
) -> None:
    with recorded(server, folder, tmp_path / "out") as recorder:
        listening = [
            each.getsockname()[0]
            for listener in recorder._made.recorder._listeners  # noqa: SLF001
            for each in listener.sockets
        ]
    assert set(listening) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--upstream", "http://x"), "--upstream = 'http://x': an address that begins with https"),
        (("--upstream", "https://x/v2"), "--upstream: x: only scheme, host and port"),
        (("--upstream", "https://x:99999"), "--upstream = 'https://x:99999': no address"),
        (
            ("--upstream", "https://x", "--two-way-upstream", "https://x:444"),
            "--two-way-upstream and --identity belong together",
        ),
        (
            ("--upstream", "https://x", "--identity", "svc-demo=a,b"),
            "--two-way-upstream and --identity belong together",
        ),
        (
            ("--upstream", "https://x", "--identity", "svc-demo"),
            "--identity = 'svc-demo': write it as ACCOUNT=CERT,KEY",
        ),
        (
            (
                *("--upstream", "https://x", "--two-way-upstream", "https://y"),
                *("--identity", "svc-demo=missing.crt,missing.key"),
            ),
            "missing.crt: No such file or directory",
        ),
        (("--upstream", "https://x", "--cacert", "missing.pem"), "missing.pem: No such file"),
    ],
)
def test_wrong_options_are_one_line(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    found = run_mock_sei("record", *options, "--out", "out", cwd=tmp_path)

    assert found.returncode == 2
    assert said in found.stderr
    assert found.stderr.startswith("mock-sei: ")
    assert found.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_disk_may_be_full_and_the_client_gets_its_answers(
    server: MockSei, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def record_on_a_full_disk() -> None:
        with recorded(server, folder, tmp_path / "out") as recorder, recorder.client() as http:
            monkeypatch.setattr(Path, "replace", replace)
            for _ in range(3):
                assert http.get("/.well-known/jwks.json").status_code == 200

    with pytest.raises(ConfigurationError, match="No space left"):
        record_on_a_full_disk()
    monkeypatch.undo()
    assert list((tmp_path / "out").iterdir()) == []
