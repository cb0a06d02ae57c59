"""``mock-sei probe`` up to its first connection: options, permission, dry runs, bad input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mock_sei import cli
from mock_sei.certificates.store import CertificateStore
from mock_sei.commands.probe import DEFAULT_OPERATION, ProbeOptions
from mock_sei.probe.table import PROBES
from mock_sei.rules import machine

SECRETS = {
    "--app-key": "the-app-key",
    "--app-secret": "the-app-secret",
    "--password": "the-password",
    "--passphrase": "the-passphrase",
    "--end-user-password": "the-user-password",
    "--other-passphrase": "the-other-passphrase",
}


@pytest.fixture(autouse=True)
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object, **__: object) -> None:
        raise AssertionError("it connects")

    monkeypatch.setattr("socket.create_connection", connect)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


def probe(out: Path, *words: str, monkeypatch: pytest.MonkeyPatch | None = None) -> Result:
    given = [] if "--upstream" in words else ["--upstream", "https://test.example.com"]
    command = ["probe", *given, "--out", str(out), *words]
    if monkeypatch is not None:
        monkeypatch.setattr("sys.argv", ["mock-sei", *command])
    return CliRunner().invoke(cli.main, command)


def with_secrets() -> list[str]:
    return [word for pair in SECRETS.items() for word in pair]


def test_the_documented_operation_is_the_default() -> None:
    option = next(each for each in cli.main.commands["probe"].params if each.name == "operation")
    assert option.default == DEFAULT_OPERATION


def test_every_option_is_a_field() -> None:
    names = {each.name for each in cli.main.commands["probe"].params}
    assert names == ProbeOptions.__dataclass_fields__.keys()


class TestDryRun:
    @pytest.mark.long
    def test_it_prints_all_and_sends_and_writes_nothing(self, out: Path) -> None:
        result = probe(out, "--dry-run", *with_secrets())

        assert result.exit_code == 0, result.output
        assert all(f"{name}: " in result.stdout for name in PROBES)
        assert not out.exists()

    @pytest.mark.long
    def test_it_has_no_secret(self, out: Path) -> None:
        for grant in ("client_credentials", "password", "authorization_code"):
            result = probe(out, "--dry-run", "--grant", grant, *with_secrets())
            assert [each for each in SECRETS.values() if each in result.output] == []

    @pytest.mark.long
    def test_it_needs_no_permission_even_for_production(self, out: Path) -> None:
        result = probe(out, "--dry-run", "--upstream", "https://api.example.com")

        assert result.exit_code == 0

    @pytest.mark.long
    def test_paths_and_names_of_a_file_are_used(self, out: Path, tmp_path: Path) -> None:
        file = tmp_path / "assumptions.toml"
        file.write_text('[assumptions]\n"path.token" = "/oauth/t"\n"paging.limit" = "size"\n')
        result = probe(out, "--dry-run", "--assumptions", str(file))

        assert "POST /oauth/t HTTP/1.1" in result.stdout
        assert "?size=500" in result.stdout

    def test_one_probe_and_what_it_needs(self, out: Path) -> None:
        result = probe(out, "--dry-run", "--probe", "limit-0")

        named = [each.partition(":")[0] for each in result.stdout.splitlines() if ": " in each]
        assert [each for each in named if each in PROBES] == [
            "metadata",
            "token",
            "log-in",
            "limit-0",
        ]


class TestPermission:
    def test_without_yes_the_line_to_type_is_shown(
        self, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        words = ["--two-way-upstream", "https://mtls.test.example.com:444", *with_secrets()]
        result = probe(out, *words, monkeypatch=monkeypatch)

        assert result.exit_code == 2
        assert result.stderr.endswith(" --yes test.example.com --yes mtls.test.example.com\n")
        assert f"--out {out}" in result.stderr
        assert [each for each in SECRETS.values() if each in result.output] == []
        assert not out.exists()

    def test_production_is_refused(self, out: Path) -> None:
        url = "https://api.example.com"
        result = probe(out, "--upstream", url, "--yes", "api.example.com")

        assert result.exit_code == 2
        assert "--production-i-have-permission" in result.stderr

    def test_another_machine_gets_one_request_a_second(self, out: Path) -> None:
        result = probe(out, "--yes", "test.example.com", "--pause", "0.5")

        assert result.exit_code == 2
        assert "--pause: 0.5: another machine gets at most one request a second" in result.stderr

    @pytest.mark.long
    def test_with_permission_it_connects(self, out: Path) -> None:
        result = probe(out, "--yes", "test.example.com")
        assert "it connects" in str(result.exception)

        url = "https://api.example.com"
        result = probe(
            out,
            *("--upstream", url, "--yes", "api.example.com", "--production-i-have-permission"),
        )
        assert "it connects" in str(result.exception)


class TestBadInput:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--upstream", "test.example.com"], "not a URL; it begins with https://"),
            (["--upstream", "http://test.example.com"], "begins with https://"),
            (["--upstream", "https://"], "begins with https://"),
            (["--upstream", "https://test.example.com/v2"], "only scheme, host and port"),
            (["--upstream", "https://me:secret@test.example.com"], "only scheme, host and port"),
            (["--upstream", "https://test.example.com:99999"], "not a URL"),
            (["--two-way-upstream", "nowhere"], "not a URL"),
            (["--operation", "POST /v1/accounts"], "GET and the path of a list"),
            (["--operation", "/v1/accounts"], "GET and the path of a list"),
            (["--operation", "GET /v1/accounts?limit=1"], "GET and the path of a list"),
            (["--operation", "GET /v1/x\r\nEvil: 1"], "GET and the path of a list"),
            (["--probe", "first-pag"], "no such probe; did you mean first-page?"),
            (["--app-key", "a\r\nEvil: 1"], "--app-key: must be a text in UTF-8 without"),
            (["--username", "sv\udcffc"], "--username: must be a text in UTF-8 without"),
            (["--app-key", ""], "--app-key: must be a text in UTF-8 without"),
            (["--cert", "nowhere.pem"], "--cert: a client certificate is shown to the two-way"),
            (["--assumptions", "nowhere.toml"], "nowhere.toml: cannot be read"),
        ],
    )
    def test_one_line_names_it(self, out: Path, words: Sequence[str], told: str) -> None:
        result = probe(out, "--dry-run", *words)

        assert result.exit_code == 2
        assert told in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert "secret" not in result.stderr

    @pytest.mark.parametrize("option", ["--cacert", "--cert", "--other-cert"])
    def test_a_file_that_cannot_be_used(self, out: Path, tmp_path: Path, option: str) -> None:
        empty = tmp_path / "empty.pem"
        for content, told in ((None, "not there"), (b"", "")):
            if content is not None:
                empty.write_bytes(content)
            words = [option, str(empty), "--two-way-upstream", "https://test.example.com:444"]
            result = probe(out, *words, "--yes", "test.example.com")
            assert result.exit_code == 2
            assert f"{empty}: {told}" in result.stderr
            assert not out.exists()

    @pytest.mark.long
    def test_a_key_of_another_certificate(
        self, out: Path, tmp_path: Path, shared_store: CertificateStore
    ) -> None:
        files = []
        for name in ("one", "two"):
            made = shared_store.authority.issue_identity(name, now=machine.now())
            (tmp_path / f"{name}.crt").write_bytes(made.certificate_pem)
            (tmp_path / f"{name}.key").write_bytes(made.key_pem)
            files.append(name)
        result = probe(
            out,
            *("--two-way-upstream", "https://test.example.com:444", "--yes", "test.example.com"),
            *("--cert", str(tmp_path / "one.crt"), "--key", str(tmp_path / "two.key")),
        )

        assert result.exit_code == 2
        assert "one.crt: OpenSSL cannot use it" in result.stderr

    @pytest.mark.long
    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        result = probe(tmp_path / "file" / "recordings", "--yes", "test.example.com")

        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1

    def test_a_proxy_that_cannot_be_used(self, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "socks5://user:hidden@proxy.example.com")
        result = probe(out, "--dry-run")

        assert result.exit_code == 2
        assert "only a proxy that begins with http://" in result.stderr
        assert "hidden" not in result.stderr
