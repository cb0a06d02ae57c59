"""The variables of OpenSSL, Node, Java and of proxies, and the clients that each affects."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.bundles import truststore
from mock_sei.cli import doctor
from mock_sei.doctor.clients import KNOWN_CLIENTS
from mock_sei.doctor.configuration import check_client
from mock_sei.doctor.environment import ENVIRONMENT_CHECKS, check_ca_variables
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.java_options import has_open_quote, quoted, split_options
from mock_sei.doctor.proxies import check_proxies
from mock_sei.doctor.setup import GivenFile, Options, Setup, read_setup
from mock_sei.testing.inputs import ClientName
from tests.cases import every_case
from tests.doctor.clients import NOW, Clients, certificate, file, names, only

PROXY = "http://proxy.example:3128"


def check(setup: Setup) -> list[Finding]:
    return [finding for each in ENVIRONMENT_CHECKS for finding in each(setup)]


def levels(clients: Clients, **changes: Any) -> dict[str | None, Level]:
    """The level of the only finding for each value of ``--client``, and without it."""
    return {
        client: only(check(clients.setup(client=client, **changes))).level
        for client in (None, *KNOWN_CLIENTS)
    }


def problems(levels: dict[str | None, Level]) -> set[str | None]:
    return {client for client, level in levels.items() if level is Level.PROBLEM}


def test_an_environment_without_any_of_them_says_nothing(clients: Clients) -> None:
    assert check(clients.setup(environ={"PATH": "/bin", "LANG": "C"})) == []


def test_a_client_is_named_by_the_same_words_everywhere() -> None:
    (option,) = (each for each in doctor.params if each.name == "client")
    assert tuple(KNOWN_CLIENTS) == get_args(ClientName) == tuple(option.type.choices)  # type: ignore[attr-defined]  # a click.Choice


# SSLKEYLOGFILE


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("none/at/all", "its folder does not exist"),
        (".", "it is a folder"),
        ("a\0b", "not a path"),
        ("new", ""),
        ("there", ""),
    ],
)
def test_the_key_log_is_judged_without_being_made_or_changed(
    tmp_path: Path, name: str, problem: str
) -> None:
    (tmp_path / "there").write_text("before")
    environ = {"SSLKEYLOGFILE": f"{tmp_path}/{name}"}
    setup = read_setup("https://localhost", Options(), environ=environ, now=NOW)

    assert setup.key_log_problem == problem
    assert sorted(each.name for each in tmp_path.iterdir()) == ["there"]
    assert (tmp_path / "there").read_text() == "before"


@pytest.mark.parametrize(
    ("name", "closed", "problem"),
    [
        ("log", "log", "this user may not write to it"),
        ("new", ".", "this user may not create it"),
        ("new", "log", ""),
    ],
)
def test_a_key_log_that_this_user_may_not_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, closed: str, problem: str
) -> None:
    """The error is the one that a user gets who is not root."""
    (tmp_path / "log").touch()
    allows = os.access
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode: path != tmp_path / closed and allows(path, mode),
    )
    environ = {"SSLKEYLOGFILE": str(tmp_path / name)}

    setup = read_setup("https://localhost", Options(), environ=environ, now=NOW)

    assert setup.key_log_problem == problem


def test_a_key_log_that_cannot_be_written_is_a_problem_of_python_clients(clients: Clients) -> None:
    found = levels(
        clients, environ={"SSLKEYLOGFILE": "/no/k"}, key_log_problem="its folder does not exist"
    )
    assert problems(found) == {None, "requests", "httpx"}


# OPENSSL_CONF


@every_case(
    ("text", "expected", "told_of"),
    [
        ("", False, set()),
        ("[default]\nopenssl_conf = init\n# MaxProtocol = TLSv1\n", False, set()),
        ("[tls]\nMinProtocol = TLSv1.2\n", True, set()),
        ("[tls]\nCipherString = DEFAULT@SECLEVEL=0\n", True, set()),
        (
            "[tls]\n MaxProtocol = TLSv1.1 # old\n",
            True,
            {None, "requests", "httpx", "dotnet"},
        ),
        ("[tls]\nmaxprotocol=TLSv1\r\n", True, {None, "requests", "httpx", "dotnet"}),
        ("[tls]\nMaxProtocol = TLSv1.3\n", True, set()),
    ],
)
def test_a_file_of_openssl_s_settings_is_told_of_where_it_changes_tls(
    clients: Clients, text: str, expected: bool, told_of: set[str | None]
) -> None:
    changes: dict[str, Any] = {"openssl_conf": file(text.encode(), "openssl.cnf")}
    if not expected:
        assert check(clients.setup(**changes)) == []
        return
    assert problems(levels(clients, **changes)) == told_of
    assert only(check(clients.setup(**changes))).name == "openssl-conf"


def test_a_file_of_openssl_s_settings_that_is_not_there_is_a_hint(clients: Clients) -> None:
    found = only(check(clients.setup(openssl_conf=GivenFile(path=Path("x"), missing=True))))
    assert (found.name, found.level) == ("openssl-conf", Level.HINT)


# Java


@every_case(
    ("text", "options"),
    [
        ("", []),
        ("-Da=1  -Db=2\n", ["-Da=1", "-Db=2"]),
        ('-Da="x y" -Db', ["-Da=x y", "-Db"]),
        ("'-Da=x \"y\"'", ['-Da=x "y"']),
        ('-Da=b"c d"e', ["-Da=bc de"]),
        ("-Da=\\ b", ["-Da=\\", "b"]),
    ],
)
def test_java_s_options_are_split_as_the_jvm_splits_them(text: str, options: list[str]) -> None:
    assert split_options(text) == options
    assert not has_open_quote(text)


@every_case("path", ["plain", "a b", "it's", 'a "b" c', 'it\'s "so" b', "tab\there", "back\\slash"])
def test_an_option_that_was_quoted_is_read_as_it_was(path: str) -> None:
    text = f"{quoted(f'-Dx={path}')} -Dy=z"
    assert split_options(text) == [f"-Dx={path}", "-Dy=z"]
    assert not has_open_quote(text)


@pytest.mark.long
@every_case("name", ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"])
@every_case(
    ("text", "piece"),
    [
        ("-Djavax.net.ssl.trustStore=/my certs/truststore.p12", "'certs/truststore.p12'"),
        ("x", "'x'"),
        ("-Da=it's", "a quote in it is not closed"),
        ('-Da="x y', "a quote in it is not closed"),
        ('-Da="x y" -Dpassword=hunter2 z', "a part after a password is not an option"),
        ("-Dx.trustStorePassword=my hunter2", "a part after a password is not an option"),
        ('-Dx.trustStorePassword="my hunter2" z', "a part after a password is not an option"),
        ("-Dx.keyStorePassword='my hunter2", "a quote in it is not closed"),
    ],
)
def test_options_with_which_java_does_not_start(
    clients: Clients, name: str, text: str, piece: str
) -> None:
    found = only(check(clients.setup(environ={name: text})))
    assert found.name == "java-options"
    assert name in found.what
    assert piece in found.what
    assert "hunter2" not in f"{found.what} {found.actual}"
    assert problems(levels(clients, environ={name: text})) == {"java"}


@every_case(
    "text",
    ["", "-Da=1", '-Da="my certs"', "-Da='b\"c'", "-Xmx1g -Djdk.tls.client.protocols=TLSv1.2"],
)
def test_options_with_which_java_starts(clients: Clients, text: str) -> None:
    assert check(clients.setup(environ={"JAVA_TOOL_OPTIONS": text})) == []


def test_an_argument_file_is_an_option_of_the_launcher_s_variable_only(clients: Clients) -> None:
    assert check(clients.setup(environ={"JDK_JAVA_OPTIONS": "@file"})) == []
    assert names(check(clients.setup(environ={"JAVA_TOOL_OPTIONS": "@file"}))) == ["java-options"]


def trust_store(content: bytes, **problem: Any) -> dict[str, Any]:
    text = "-Djavax.net.ssl.trustStore=t.p12 -Djavax.net.ssl.trustStorePassword=secret-word"
    store = GivenFile(path=Path("t.p12"), content=content, **problem)
    return {
        "environ": {"JAVA_TOOL_OPTIONS": text},
        "java_stores": {"JAVA_TOOL_OPTIONS": store},
    }


@pytest.mark.long
def test_a_trust_store_is_looked_into(clients: Clients) -> None:
    root = clients.authority.chain[-1]
    with_ca = truststore((root,), "secret-word")
    without = truststore((certificate(),), "secret-word")

    assert check(clients.setup(**trust_store(with_ca))) == []
    assert check(clients.setup(ca=None, **trust_store(without))) == []
    assert check(clients.setup(**trust_store(b"\xfe\xed\xfe\xed a JKS store"))) == []
    for changes in (trust_store(without), trust_store(b""), trust_store(b"", missing=True)):
        found = only(check(clients.setup(**changes)))
        assert found.name == "java-trust-store"
        assert "secret-word" not in f"{found.what}{found.actual}{found.expected}"
        assert problems(levels(clients, **changes)) == {"java"}


def test_the_trust_store_is_read_from_where_the_variable_says(tmp_path: Path) -> None:
    (tmp_path / "my store").write_bytes(b"content")
    text = f'-Djavax.net.ssl.trustStore="{tmp_path}/my store"'
    setup = read_setup("https://localhost", Options(), environ={"JAVA_TOOL_OPTIONS": text}, now=NOW)
    assert setup.java_stores["JAVA_TOOL_OPTIONS"].content == b"content"


def test_protocols_that_the_platform_does_not_speak(clients: Clients) -> None:
    environ = {"_JAVA_OPTIONS": "-Dhttps.protocols=TLSv1,TLSv1.1"}
    assert only(check(clients.setup(environ=environ))).name == "java-protocols"
    assert problems(levels(clients, environ=environ)) == {"java"}


# Node


@pytest.mark.parametrize(
    ("value", "expected"), [("0", ["node-verification-off"]), ("1", []), ("", [])]
)
def test_node_that_trusts_everybody(clients: Clients, value: str, expected: list[str]) -> None:
    environ = {"NODE_TLS_REJECT_UNAUTHORIZED": value}
    assert names(check(clients.setup(environ=environ))) == expected
    if expected:
        assert problems(levels(clients, environ=environ)) == {"node"}


@pytest.mark.parametrize(
    ("value", "words", "of"),
    [
        ("--use-openssl-ca --inspect", "not its own", set()),
        ('"--tls-cipher-list=a:b"', "only these ciphers", set()),
        ('--require "a b', "not closed", {"node"}),
    ],
)
def test_node_s_options(clients: Clients, value: str, words: str, of: set[str | None]) -> None:
    environ = {"NODE_OPTIONS": value}
    found = only(check(clients.setup(environ=environ)))
    assert found.name == "node-options"
    assert words in found.what
    assert problems(levels(clients, environ=environ)) == of


def test_node_s_other_options_are_its_own_business(clients: Clients) -> None:
    assert check(clients.setup(environ={"NODE_OPTIONS": "--max-old-space-size=4096"})) == []


# The CA


def variable(name: str, content: bytes = b"hello") -> dict[str, Any]:
    return {"environ": {name: "x"}, "ca_files": {name: file(content, "x")}}


@every_case(
    ("name", "readers"),
    [
        ("REQUESTS_CA_BUNDLE", {"requests"}),
        ("CURL_CA_BUNDLE", {"curl", "requests"}),
        ("SSL_CERT_FILE", {"curl", "httpx", "dotnet", "go"}),
        ("SSL_CERT_DIR", {"curl", "httpx", "dotnet", "go"}),
        ("NODE_EXTRA_CA_CERTS", {"node"}),
    ],
)
def test_a_ca_variable_is_about_the_clients_that_read_it(
    clients: Clients, name: str, readers: set[str | None]
) -> None:
    told_the_ca = problems(levels(clients, **variable(name)))
    assert told_the_ca == {None} | ({"requests"} & readers)
    assert problems(levels(clients, ca=None, **variable(name))) == {None, *readers}
    found = only(check(clients.setup(**variable(name))))
    for reader in readers:
        assert KNOWN_CLIENTS[str(reader)].title in found.what


def test_what_overrides_the_word_of_requests_is_a_problem_with_requests_only(
    clients: Clients,
) -> None:
    """Most company laptops set it. Other clients ignore it if they are given the CA."""
    other = certificate().public_bytes(Encoding.PEM)
    found = levels(clients, **variable("REQUESTS_CA_BUNDLE", other))
    assert problems(found) == {"requests"}
    assert problems(levels(clients, **variable("SSL_CERT_FILE", other))) == set()


# Proxies


@every_case(
    ("url", "proxy", "of"),
    [
        ("https://api.seic.com", PROXY, set()),
        ("https://localhost:444", "http://127.0.0.1:3128", set()),
        ("https://localhost:444", PROXY, {"curl", "requests", "httpx", "dotnet", "go"}),
        ("https://[::1]:444", "proxy.example:3128", {"curl", "requests", "httpx", "dotnet", "go"}),
    ],
)
def test_a_proxy_that_cannot_reach_this_machine_s_own_address_is_a_problem_of_who_uses_it(
    clients: Clients, url: str, proxy: str, of: set[str | None]
) -> None:
    found = {
        client: only(
            check_proxies(clients.setup(url=url, client=client, environ={"HTTPS_PROXY": proxy}))
        ).level
        for client in (None, *KNOWN_CLIENTS)
    }
    assert problems(found) == of


@pytest.mark.parametrize("told", [{"NODE_USE_ENV_PROXY": "1"}, {"NODE_OPTIONS": "--use-env-proxy"}])
def test_node_reads_the_proxy_where_it_is_told_to(clients: Clients, told: dict[str, str]) -> None:
    proxy = {"HTTPS_PROXY": PROXY}
    plain, with_node = (
        only(check_proxies(clients.setup(environ=proxy | each))).what for each in ({}, told)
    )
    assert "Node and Java do not read it" in plain
    assert "Node.js" in with_node
    assert "Java does not read it" in with_node


@every_case(
    ("text", "url", "expected"),
    [
        ("-Dhttps.proxyHost=proxy.example", "https://api.seic.com", ["proxy-set"]),
        ("-Dhttps.proxyHost=proxy.example", "https://localhost:444", []),
        ("-Dhttps.proxyHost=proxy.example", "https://[::1]:444", []),
        ("-Dhttps.proxyHost=p -Dhttp.nonProxyHosts=*.seic.com|x", "https://api.seic.com", []),
        ("-Dhttps.proxyHost=p -Dhttp.nonProxyHosts=x", "https://localhost:444", ["proxy-set"]),
        ("-Dhttp.proxyHost=p", "https://api.seic.com", []),
    ],
)
def test_java_has_a_proxy_of_its_own(
    clients: Clients, text: str, url: str, expected: list[str]
) -> None:
    setup = clients.setup(url=url, environ={"JAVA_TOOL_OPTIONS": text})
    assert names(check(setup)) == expected


def test_go_does_not_read_the_proxy_of_all(clients: Clients) -> None:
    environ = {"ALL_PROXY": PROXY}
    found = only(check_proxies(clients.setup(client="go", environ=environ)))
    assert found.level is Level.HINT
    assert "Go" not in found.what.partition("(")[2].partition(")")[0]


@pytest.mark.parametrize(
    ("no_proxy", "expected"),
    [("10.0.0.0/8", []), ("127.0.0.0/8", ["proxy-set"]), ("10.0.0.0/x", ["proxy-set"])],
)
def test_no_proxy_may_name_a_network(clients: Clients, no_proxy: str, expected: list[str]) -> None:
    setup = clients.setup(
        url="https://10.1.2.3:444", environ={"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
    )
    assert names(check_proxies(setup)) == expected


# The named client


@every_case("client", KNOWN_CLIENTS)
def test_the_named_client_s_needs_are_told(clients: Clients, client: str) -> None:
    found = list(check_client(clients.setup(client=client)))
    told = "\n".join(each.what for each in found)
    assert {each.level for each in found} == {Level.NOTE}
    assert KNOWN_CLIENTS[client].files in told
    assert KNOWN_CLIENTS[client].given in told


def test_without_a_name_nothing_is_said_of_clients(clients: Clients) -> None:
    assert list(check_client(clients.setup())) == []


@every_case("client", KNOWN_CLIENTS)
@every_case("passphrase", [None, "pass phrase"])
def test_an_encrypted_key_is_a_problem_of_the_clients_that_cannot_open_one(
    clients: Clients, client: str, passphrase: str | None
) -> None:
    key = file(clients.identity.encrypted_key_pem("pass phrase"), "my key.pem")
    setup = clients.setup(client=client, key=key, options={"passphrase": passphrase})
    found = names(check_client(setup))
    assert found == (["client-encrypted-key"] if client in ("requests", "go") else [])


def test_the_order_is_the_true_cause_first(clients: Clients) -> None:
    """The order of findings: a client that cannot start, then its trust, then its proxy."""
    environ = {
        "SSLKEYLOGFILE": "/no/k",
        "JAVA_TOOL_OPTIONS": "x y",
        "NODE_OPTIONS": "--use-openssl-ca",
        "SSL_CERT_FILE": "x",
        "HTTPS_PROXY": PROXY,
    }
    setup = clients.setup(
        environ=environ,
        key_log_problem="its folder does not exist",
        openssl_conf=file(b"MaxProtocol = TLSv1\n"),
        ca_files={"SSL_CERT_FILE": file(b"hello")},
    )
    assert names(check(setup)) == [
        "key-log-unwritable",
        "openssl-conf",
        "java-options",
        "node-options",
        "ca-variable-unreadable",
        "proxy-set",
    ]


def test_ca_variables_are_compared_once(clients: Clients) -> None:
    setup = clients.setup(**variable("SSL_CERT_FILE", clients.authority.pem.root))
    assert levels_of(list(check_ca_variables(setup))) == [Level.RIGHT]


def levels_of(findings: list[Finding]) -> list[Level]:
    return [each.level for each in findings]
