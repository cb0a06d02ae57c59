"""``mock-sei`` on the command line: served, asked, stopped and killed, as its users do it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509 import load_pem_x509_certificate

from mock_sei import __version__
from tests.e2e.serving import (
    BIN,
    FREE_PORTS,
    MOCK_SEI,
    THOROUGH,
    Serving,
    environment,
    run,
    run_mock_sei,
    wait_for,
)
from tests.e2e.strangers import answering
from tests.patience import PATIENCE

KILL_AFTER_WRITES = """
import os, signal, sys
from mock_sei.certificates import store
from mock_sei.cli import main

write, left = store.write_whole, int(sys.argv.pop(1))

def write_some(path, content):
    global left
    if left == 0:  # half-written, under its temporary name
        path.with_name(".part-0123456789abcdef").write_bytes(content[:10])
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    write(path, content)

store.write_whole = write_some
sys.argv[0] = "mock-sei"
main()
"""
"""The command line, killed at its n-th file: the certs folder as any moment would leave it."""

NOISY = """
import logging, sys, threading, warnings
from mock_sei.commands import serve
from mock_sei.cli import main

announce = serve.announce

def announce_with_noise(*arguments):
    announce(*arguments)
    warnings.warn("of a library, in\\ntwo lines")
    logging.getLogger("library").error("of another logger", exc_info=ValueError("why"))
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

serve.announce = announce_with_noise
sys.argv[0] = "mock-sei"
main()
"""
"""The command line, in whose process libraries complain and a thread fails."""

WITHOUT_UVLOOP = (
    sys.executable,
    "-c",
    "import sys; sys.modules['uvloop'] = None; from mock_sei.cli import main; main()",
)


STOPS: dict[str, tuple[signal.Signals, Sequence[object]]] = {
    "SIGTERM, uvloop": (signal.SIGTERM, [MOCK_SEI]),
    "SIGINT, asyncio": (signal.SIGINT, WITHOUT_UVLOOP),
}
"""Each signal, and each event loop: they know nothing of one another."""
if THOROUGH:
    STOPS["SIGTERM, asyncio"] = signal.SIGTERM, WITHOUT_UVLOOP
    STOPS["SIGINT, uvloop"] = signal.SIGINT, [MOCK_SEI]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def pasted(line: str, *, on_path: bool = True, cwd: Path | None = None) -> dict[str, object]:
    """What a printed line answers in a shell of its own, in a folder of its own."""
    finished = run("bash", "-c", line, environ=environment(on_path=on_path), cwd=cwd)
    assert finished.returncode == 0, finished.stderr
    answered: dict[str, object] = json.loads(finished.stdout)
    return answered


def control_url(serving: Serving) -> tuple[str, str]:
    return ("--control-url", serving.ready["control_url"])


class TestReady:
    def test_the_ready_file_says_where_everything_is(self, running: Serving) -> None:
        ready = running.ready
        assert sorted(ready) == sorted(
            ["url", "two_way_url", "control_url", "ca_file", "certs_dir", "pid"]
        )
        certs = running.folder / "certs"
        assert (ready["certs_dir"], ready["ca_file"]) == (str(certs), str(certs / "ca.pem"))
        assert ready["pid"] == running.process.pid
        assert re.fullmatch(r"https://localhost:\d+", ready["url"])
        assert re.fullmatch(r"https://localhost:\d+", ready["two_way_url"])
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", ready["control_url"])
        details = httpx2.get(ready["control_url"], trust_env=False).json()
        assert (details["url"], details["two_way_url"]) == (ready["url"], ready["two_way_url"])

    def test_addresses_and_files_are_printed(self, running: Serving) -> None:
        for key in ("url", "two_way_url", "control_url", "ca_file", "certs_dir"):
            assert running.ready[key] in running.output

    def test_the_portal_s_address_is_printed(self, running: Serving) -> None:
        portal = f"{running.ready['url']}/portal"
        assert re.search(rf"(?m)^  portal +{re.escape(portal)} ", running.output)

    def test_keys_are_for_their_owner_alone(self, running: Serving) -> None:
        certs = running.folder / "certs"
        assert stat.S_IMODE(certs.stat().st_mode) == 0o700
        secret = [*certs.rglob("*.key"), *certs.rglob("*.pfx"), *certs.rglob("*.p12")]
        assert {path.name for path in secret} >= {"ca.key", "signing.key", "privatekey.key"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


@pytest.mark.needs("curl", "bash")
class TestPrintedLines:
    @pytest.mark.parametrize("on_path", [True, False], ids=["on the path", "not on the path"])
    def test_pasted_they_obtain_a_token_and_an_answer(self, tmp_path: Path, on_path: bool) -> None:
        """Whatever is in the name of the folder of certificates."""
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        certs = ("--certs-dir", str(tmp_path / "my certs; it's $HOME"))
        with Serving.start(tmp_path, *certs, environ=environment(on_path=on_path)) as serving:
            token_line, call_line = serving.curl_lines
            assert ("$(mock-sei token" in call_line) is on_path
            token = pasted(token_line, on_path=on_path, cwd=elsewhere)
            records = pasted(call_line, on_path=on_path, cwd=elsewhere)
        assert token["token_type"] == "BearerToken"
        assert token["access_token"]
        assert "code" not in records, records

    def test_those_of_a_container_work_on_a_host_that_has_neither_files_nor_commands(
        self, tmp_path: Path
    ) -> None:
        host = tmp_path / "host"
        host.mkdir()
        environ = environment(on_path=False)
        with Serving.start(tmp_path, environ=environ | {"MOCK_SEI_IMAGE": "1"}) as serving:
            files, token, call = serving.curl_lines
            assert str(tmp_path) not in serving.output
            fetched = run("bash", "-c", files, environ=environ, cwd=host)
            assert fetched.returncode == 0, fetched.stderr
            assert pasted(token, on_path=False, cwd=host)["access_token"]
            records = pasted(call, on_path=False, cwd=host)
        assert "code" not in records, records
        assert {each.name for each in host.iterdir()} == {
            "ca.pem",
            "certificate.crt",
            "privatekey.key",
        }

    def test_as_a_module_they_work_too(self, tmp_path: Path) -> None:
        environ = environment(on_path=False)
        command = (sys.executable, "-m", "mock_sei")
        with Serving.start(tmp_path, environ=environ, command=command) as serving:
            for line in serving.curl_lines:
                assert "code" not in pasted(line, on_path=False)

    def test_without_the_certificate_the_token_line_fails(self, running: Serving) -> None:
        words = shlex.split(running.curl_lines[0])
        for option in ("--cert", "--key"):
            at = words.index(option)
            del words[at : at + 2]
        finished = run(*words)
        assert finished.returncode != 0
        assert "alert certificate required" in finished.stderr


class TestStopping:
    @pytest.mark.parametrize(("number", "command"), STOPS.values(), ids=STOPS)
    def test_a_signal_stops_it_with_status_0(
        self, tmp_path: Path, number: signal.Signals, command: Sequence[object]
    ) -> None:
        with Serving.start(tmp_path, command=command) as serving:
            address = ("127.0.0.1", int(serving.ready["control_url"].rpartition(":")[2]))
            with socket.create_connection(address, timeout=PATIENCE) as kept:
                kept.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert kept.recv(12) == b"HTTP/1.1 200"
                serving.process.send_signal(number)
                assert (
                    serving.process.wait(timeout=PATIENCE) == 0
                )  # an open client does not hold it
            assert not serving.ready_file.exists()
            assert "Traceback" not in serving.errors

    def test_a_signal_while_it_starts_stops_it_too(self, tmp_path: Path) -> None:
        with Serving.launch(tmp_path, command=[MOCK_SEI]) as serving:
            certs = tmp_path / "certs" / "server.pem"
            wait_for(certs.exists, still=lambda: serving.process.poll() is None)
            serving.process.send_signal(signal.SIGTERM)
            assert serving.process.wait(timeout=PATIENCE) in (0, -signal.SIGTERM)
            assert not serving.ready_file.exists()

    def test_a_start_that_is_called_off_ends_as_a_stop_does(self, tmp_path: Path) -> None:
        """The first process of a container would not be ended by a signal it does not handle."""
        settings = tmp_path / "slow.toml"
        os.mkfifo(settings)
        serving = Serving.launch(tmp_path, "--config", str(settings), command=[MOCK_SEI])
        with serving:
            writer = wait_for(
                lambda: find_writer(settings), still=lambda: serving.process.poll() is None
            )
            assert serving.stop() == 0
        assert writer is not None
        os.close(writer)
        assert serving.errors == ""


def find_writer(pipe: Path) -> int | None:
    """The other end of a named pipe, once somebody has opened it to read."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


class TestBadInput:
    def refused(
        self, folder: Path, *options: str, variables: Mapping[str, str] | None = None
    ) -> str:
        """The one line on the error output of a start that failed."""
        before = sorted(folder.rglob("*"))
        finished = run_mock_sei(
            "serve", *options, cwd=folder, environ=environment() | dict(variables or {})
        )
        assert finished.returncode == 2
        assert finished.stdout == ""
        assert finished.stderr.startswith("mock-sei: ")
        assert finished.stderr.count("\n") == 1
        assert sorted(folder.rglob("*")) == before, "something was written"
        return finished.stderr

    @pytest.mark.parametrize("option", ["--one-way-port", "--two-way-port", "--control-port"])
    def test_a_port_in_use(self, tmp_path: Path, taken_port: int, option: str) -> None:
        ports = list(FREE_PORTS)
        ports[ports.index(option) + 1] = str(taken_port)
        line = self.refused(tmp_path, *ports)
        assert f"{option}: cannot listen on 127.0.0.1 port {taken_port}: the port is in use" in line
        assert "in use by another program; choose another port" in line

    @pytest.mark.parametrize("key", ["url", "two_way_url", "control_url"])
    def test_a_port_that_another_mock_sei_has(
        self, tmp_path: Path, running: Serving, key: str
    ) -> None:
        control = urlsplit(running.ready["control_url"]).port
        taken = urlsplit(running.ready[key]).port
        option = "--control-port" if key == "control_url" else "--two-way-port"
        ports = {"--one-way-port": 0, "--two-way-port": 0, "--control-port": control, option: taken}
        line = self.refused(tmp_path, *(str(each) for pair in ports.items() for each in pair))
        assert (
            f"port {taken}: the port is in use by the mock-sei with pid {running.process.pid} "
            f"whose control URL is http://127.0.0.1:{control}; choose"
        ) in line

    def test_a_fault_of_the_settings_file_names_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "mock-sei.toml").write_text('[[faults]]\nstatus = "often"')
        line = self.refused(tmp_path, *FREE_PORTS)
        problem = "faults[0].status: input should be a valid integer, not a text"
        assert line == f"mock-sei: mock-sei.toml: {problem}\n"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("two_way_prot = 444", ["mock-sei.toml: two_way_prot", "did you mean two_way_port"]),
            ("dialect = 'vendor'", ["mock-sei.toml: dialect = 'vendor'", "'sei' or 'rfc'"]),
            ("control_port = 70000", ["mock-sei.toml: control_port = 70000"]),
            ("control_port = ", ["mock-sei.toml: not valid TOML"]),
        ],
    )
    def test_a_bad_settings_file(self, tmp_path: Path, content: str, words: list[str]) -> None:
        (tmp_path / "mock-sei.toml").write_text(content)
        line = self.refused(tmp_path, *FREE_PORTS[:4])
        assert all(each in line for each in words), line

    def test_a_bad_variable_and_a_bad_option(self, tmp_path: Path) -> None:
        line = self.refused(tmp_path, variables={"MOCK_SEI_CONTROL_PORT": "many"})
        assert "MOCK_SEI_CONTROL_PORT" in line
        assert "--dialect" in self.refused(tmp_path, "--dialect", "vendor")

    def test_variables_of_an_orchestrator_are_ignored(self, tmp_path: Path) -> None:
        environ = environment() | {
            "MOCK_SEI_PORT": "tcp://10.0.0.7:444",
            "MOCK_SEI_SERVICE_HOST": "10.0.0.7",
        }
        with Serving.start(tmp_path, environ=environ) as serving:
            assert serving.stop() == 0

    def test_a_certs_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "certs").write_text("not a folder")
        assert str(tmp_path / "certs") in self.refused(tmp_path, *FREE_PORTS)

    def test_a_certs_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o500)
        if os.access(closed, os.W_OK):  # the superuser writes anywhere but here
            closed = Path("/proc")
        line = self.refused(tmp_path, *FREE_PORTS, "--certs-dir", str(closed / "certs"))
        assert f"{closed / 'certs'}: cannot be written" in line

    def test_a_ca_file_cut_short(self, tmp_path: Path) -> None:
        issued = run_mock_sei("issue", "svc-demo", cwd=tmp_path)
        assert issued.returncode == 0
        for file in ("ca.pem", "ca.key", "issuing-ca.pem", "issuing-ca.key"):
            path = tmp_path / "certs" / file
            whole = path.read_bytes()
            path.write_bytes(whole[:100])
            line = self.refused(tmp_path, *FREE_PORTS)
            assert line.startswith(f"mock-sei: {path}: cannot be read")
            path.write_bytes(whole)

    def test_a_ready_file_where_there_is_no_folder(self, tmp_path: Path) -> None:
        line = self.refused(tmp_path, *FREE_PORTS, "--ready-file", "missing/ready.json")
        assert "missing/ready.json" in line


class TestCertsFolder:
    @pytest.mark.needs("curl", "bash")
    def test_the_second_start_keeps_the_first_one_s(self, tmp_path: Path) -> None:
        def contents() -> dict[Path, bytes]:
            return {
                path: path.read_bytes()
                for path in (tmp_path / "certs").rglob("*")
                if path.is_file()
            }

        with Serving.start(tmp_path) as first:
            kept = contents()
            token = pasted(first.curl_lines[0])["access_token"]
            assert first.stop() == 0
        with Serving.start(tmp_path) as second:
            assert contents() == kept
            # The signing key is kept too: a token of before is good after.
            call = re.sub(r"Bearer [^\"]*", f"Bearer {token}", second.curl_lines[1])
            assert "code" not in pasted(call)

    @pytest.mark.needs("curl", "bash", "openssl")
    @pytest.mark.parametrize("writes", range(11) if THOROUGH else [0, 3, 9])
    def test_a_start_after_a_kill_repairs_the_folder(self, tmp_path: Path, writes: int) -> None:
        killed = run(
            *(sys.executable, "-c", KILL_AFTER_WRITES, writes, "serve", *FREE_PORTS), cwd=tmp_path
        )
        assert killed.returncode == -signal.SIGKILL
        certs, account = tmp_path / "certs", tmp_path / "certs" / "svc-demo"
        ca = (certs / "ca.pem").read_bytes() if (certs / "ca.pem").exists() else None
        with Serving.start(tmp_path) as serving:
            assert "code" not in pasted(serving.curl_lines[0])
        assert ca in (None, (certs / "ca.pem").read_bytes())
        assert not list(certs.rglob(".part-*"))
        for leaf in (certs / "server.pem", account / "certificate.crt"):
            verified = run(
                *("openssl", "verify", "-CAfile", certs / "ca.pem"),
                *("-untrusted", certs / "issuing-ca.pem", leaf),
            )
            assert verified.returncode == 0, verified.stderr
        bundle = load_pkcs12((account / "certificate.pfx").read_bytes(), b"mock-sei")
        assert bundle.cert is not None
        in_file = load_pem_x509_certificate((account / "certificate.crt").read_bytes())
        assert bundle.cert.certificate == in_file


class TestOtherCommands:
    def test_token_prints_a_token_and_nothing_else(self, running: Serving) -> None:
        finished = run_mock_sei("token", *control_url(running))
        assert finished.returncode == 0
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", finished.stdout)
        assert finished.stderr == ""
        limited = run_mock_sei("token", "--account", "svc-limited", *control_url(running))
        assert limited.returncode == 2  # not granted anything in this environment
        unknown = run_mock_sei("token", "--account", "svc-unknown", *control_url(running))
        assert unknown.returncode == 2
        assert "svc-demo" in unknown.stderr

    def test_the_control_address_comes_from_the_environment_too(self, running: Serving) -> None:
        environ = environment() | {"MOCK_SEI_CONTROL_URL": running.ready["control_url"]}
        assert run_mock_sei("token", environ=environ).returncode == 0

    @pytest.mark.needs("curl", "bash")
    def test_env_makes_curl_trust_the_ca(self, running: Serving) -> None:
        call = f'curl -sS -o /dev/null -w "%{{http_code}}" {running.ready["url"]}/v2/oauthtoken'
        without = run("bash", "-c", call, cwd=running.folder)
        assert without.returncode == 60  # the peer's certificate cannot be verified
        trusting = run("bash", "-c", f'eval "$(mock-sei env)"; {call}', cwd=running.folder)
        assert (trusting.returncode, trusting.stdout) == (0, "405")

    def test_env_without_a_ca_says_how_to_make_one(self, tmp_path: Path) -> None:
        finished = run_mock_sei("env", cwd=tmp_path)
        assert (finished.returncode, finished.stdout) == (2, "")
        assert "mock-sei serve" in finished.stderr
        assert not list(tmp_path.iterdir())

    def test_healthcheck_is_0_for_a_running_server_and_1_for_none(self, running: Serving) -> None:
        assert run_mock_sei("healthcheck", *control_url(running)).returncode == 0
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
            finished = run_mock_sei("healthcheck", "--control-url", nobody)
        assert finished.returncode == 1
        assert nobody in finished.stderr
        assert finished.stderr.count("\n") == 1

    @pytest.mark.parametrize("port", ["{port}", "tcp://10.0.0.7:{port}"])
    def test_the_server_of_this_environment_is_the_default(
        self, running: Serving, port: str
    ) -> None:
        """In a container whose ports are set by variables; an orchestrator's own are no ports."""
        own = running.ready["control_url"].rpartition(":")[2]
        variables = {
            "MOCK_SEI_CONTROL_HOST": "0.0.0.0",  # noqa: S104  # compared, not bound
            "MOCK_SEI_CONTROL_PORT": port.format(port=own),
        }
        finished = run_mock_sei("healthcheck", environ=environment() | variables)
        if port.startswith("tcp:"):
            assert f"127.0.0.1:{own}" not in finished.stderr
        else:
            assert finished.stdout == "healthy\n"

    @pytest.mark.parametrize("body", ["{}", "[]", "3", '{"status": "down"}', "<p>"])
    def test_something_else_that_answers_is_not_healthy(self, body: str) -> None:
        with answering(200, body.encode()) as url:
            finished = run_mock_sei("healthcheck", "--control-url", url)
        assert finished.returncode == 1
        assert "no control listener of mock-sei" in finished.stderr

    def test_a_server_that_takes_no_requests_is_not_healthy(self) -> None:
        body = b'{"status": "not ready", "version": "1", "reason": "it is still loading"}'
        with answering(503, body) as url:
            finished = run_mock_sei("healthcheck", "--control-url", url)
        assert finished.returncode == 1
        assert finished.stderr == f"mock-sei: {url} is not ready: it is still loading\n"

    @pytest.mark.parametrize(("body", "status"), [('{"status": "live"}', 0), ("{}", 1)])
    def test_healthcheck_asks_for_life_only_if_it_is_told_to(self, body: str, status: int) -> None:
        with answering(200, body.encode()) as url:
            asked = ("healthcheck", "--control-url", url)
            assert run_mock_sei(*asked, "--live").returncode == status
            assert run_mock_sei(*asked).returncode == 1

    def test_standards_and_version_need_no_server(self, tmp_path: Path) -> None:
        standards = run_mock_sei("standards", cwd=tmp_path)
        assert standards.returncode == 0
        assert "client_credentials" in standards.stdout
        assert "444" in standards.stdout
        version = run_mock_sei("--version", cwd=tmp_path)
        assert __version__ in version.stdout
        assert not list(tmp_path.iterdir())

    def test_the_module_is_the_command(self, tmp_path: Path) -> None:
        by_module = run(sys.executable, "-m", "mock_sei", "--version", cwd=tmp_path)
        assert by_module.stdout == run(BIN / "mock-sei", "--version", cwd=tmp_path).stdout


class TestLog:
    @pytest.mark.needs("curl", "bash")
    def test_json_lines_are_json_with_the_entries_of_the_journal(self, tmp_path: Path) -> None:
        with Serving.start(tmp_path, "--log-format", "json") as serving:
            pasted(serving.curl_lines[0])
            bare = run("curl", "-sSk", serving.ready["two_way_url"])
            assert bare.returncode != 0
            assert serving.stop() == 0
            entries = [json.loads(line) for line in serving.errors.splitlines()]
        exchange, handshake = (each for each in entries if "kind" in each)
        assert exchange["kind"] == "exchange"
        assert exchange["response"]["status"] == 200
        assert (exchange["application"], exchange["service_account"]) == ("demo-server", "svc-demo")
        assert exchange["level"] == "info"
        assert handshake["kind"] == "handshake"
        assert handshake["level"] == "warning"
        assert "sent no certificate" in handshake["refused_because"]
        secrets = ("svc-demo-password", "demo-server-secret")
        assert not any(secret in serving.errors for secret in secrets)

    def test_json_lines_are_all_there_is_whoever_has_something_to_say(self, tmp_path: Path) -> None:
        command = (sys.executable, "-c", NOISY)
        environ = environment() | {"MOCK_SEI_IMAGE": "1"}
        with Serving.start(
            tmp_path, "--log-format", "json", command=command, environ=environ
        ) as serving:
            assert serving.stop() == 0
            entries = [json.loads(line) for line in serving.errors.splitlines()]
            assert serving.output == ""  # an engine puts both outputs into one log
        messages = [each["message"] for each in entries]
        assert "control API" in messages[0]
        assert "of a library, in\ntwo lines" in messages[1]
        assert messages[2:] == ["of another logger", "mock-sei failed"]
        assert "ValueError: why" in entries[2]["traceback"]
        assert "ZeroDivisionError" in entries[3]["traceback"]

    def test_what_ends_a_start_is_a_json_line_too(self, tmp_path: Path, taken_port: int) -> None:
        ports = [*FREE_PORTS[:4], "--control-port", str(taken_port)]
        ended = run_mock_sei("serve", *ports, "--log-format", "json", cwd=tmp_path)
        assert ended.returncode == 2
        (line,) = ended.stderr.splitlines()
        assert "in use by another program" in json.loads(line)["message"]
        assert json.loads(line)["level"] == "error"

    @pytest.mark.needs("curl")
    def test_text_lines_say_why_in_one_line(self, tmp_path: Path) -> None:
        with Serving.start(tmp_path) as serving:
            run("curl", "-sSk", serving.ready["two_way_url"])
            assert serving.stop() == 0
            (line,) = serving.errors.splitlines()
        assert re.match(r"\d\d:\d\d:\d\d two-way handshake refused by client certificate: ", line)


@pytest.mark.parametrize("application", ["demo-web", "demo-internal", "demo-spa", "demo-native"])
def test_token_walks_the_flow_of_any_application(running: Serving, application: str) -> None:
    ended = run_mock_sei(
        *("token", f"--application={application}", "--user=bob@example.com"),
        *control_url(running),
    )

    assert ended.stdout.count(".") == 2, ended.stderr
