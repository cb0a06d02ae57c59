"""The whole examination and its report."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.doctor.examination import as_json, as_text, examine, exit_status
from mock_sei.doctor.findings import CATALOGUE, Finding, Level, found, note, right
from mock_sei.doctor.observed import Observed, Reached
from mock_sei.doctor.setup import CA_VARIABLES, GivenFile, Options, Setup, read_setup, read_target
from mock_sei.errors import ConfigurationError
from tests.cases import every_case
from tests.doctor.clients import NOW, Clients, names

CLOSED = Observed(reached=Reached.REFUSED)


def nobody(setup: Setup) -> Observed:
    pytest.fail(f"connected to {setup.target.url}")


def test_files_and_network_are_looked_at_in_one_go(clients: Clients) -> None:
    setup = clients.setup(url="https://localhost:1", options={"username": "svc-web"})
    assert names(examine(setup, lambda _: CLOSED)) == ["certificate-name", "port-closed"]


@pytest.mark.parametrize("url", ["http://localhost:444", "https://"])
def test_nothing_is_connected_to_where_the_url_does_not_say_where(
    clients: Clients, url: str
) -> None:
    assert examine(clients.setup(url=url), nobody)


@pytest.mark.long
@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(["ca", "certificate", "key"]),
)
def test_no_damage_to_a_file_makes_it_fail(
    clients: Clients, changes: list[tuple[int, int]], field: str
) -> None:
    """Damage in the bytes of certificate or key, within correct BEGIN and END lines."""
    whole = getattr(clients.setup(), field)
    begin, *lines, end = whole.content.strip().splitlines()
    damaged = bytearray(base64.b64decode(b"".join(lines)))
    for place, value in changes:
        damaged[place % len(damaged)] = value
    content = b"\n".join([begin, base64.b64encode(damaged), end])
    broken = replace(whole, content=content)
    assert examine(replace(clients.setup(), **{field: broken}), lambda _: CLOSED)


PROBLEM = found("port-closed", "Nothing listens.", expected="444", actual="1", cure="a\nb")
HINT = found("proxy-set", "A proxy.", cure="unset it")
RIGHT = right("URL", "fine")
DETAIL = note("certificate", "alone: fine", detail=True)


@every_case(
    ("findings", "status"),
    [([], 0), ([RIGHT, DETAIL], 0), ([RIGHT, HINT], 0), ([HINT, PROBLEM], 1)],
)
def test_the_exit_status(clients: Clients, findings: list[Finding], status: int) -> None:
    assert exit_status(clients.setup(), findings) == status


def test_a_file_that_cannot_be_read_is_the_user_s_mistake(clients: Clients) -> None:
    broken = clients.setup(key=GivenFile(path=Path("x"), missing=True, problem="not there"))
    assert exit_status(broken, [PROBLEM]) == 2


def test_the_report_in_full() -> None:
    assert as_text([RIGHT, PROBLEM, HINT, DETAIL], encoding="utf-8", verbose=False) == (
        "\u2713 URL                 fine\n"
        "\u2717 connection          Nothing listens.  [port-closed]\n"
        "    expected          444\n"
        "    actual            1\n"
        "    do                a\n"
        "                      b\n"
        "! environment         A proxy.  [proxy-set]\n"
        "    do                unset it\n"
        "\n"
        "1 problem, 1 hint."
    )


def test_details_are_for_those_who_ask() -> None:
    assert "alone: fine" not in as_text([DETAIL], encoding="utf-8", verbose=False)
    text = as_text([DETAIL, PROBLEM, PROBLEM], encoding="utf-8", verbose=True)
    assert "alone: fine" in text
    assert text.endswith("2 problems.")
    assert as_text([RIGHT], encoding="utf-8", verbose=True).endswith("No problem was found.")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no-such-encoding"])
def test_a_terminal_without_the_marks_gets_plain_ones(encoding: str) -> None:
    foreign = right("URL", "\u0151")
    if encoding == "no-such-encoding":
        encoding = "ascii"
    text = as_text([foreign, PROBLEM], encoding=encoding, verbose=False)
    assert text.startswith("ok URL                 \\u0151\nXX connection")
    assert text.isascii()


def test_json_holds_every_field() -> None:
    first, second = json.loads(as_json([PROBLEM, RIGHT]))["findings"]
    assert first == {
        "check": "connection",
        "name": "port-closed",
        "level": "problem",
        "what": "Nothing listens.",
        "expected": "444",
        "actual": "1",
        "cure": "a\nb",
        "unread_by": [],
        "detail": False,
    }
    assert second["level"] == "right"


def test_a_finding_takes_its_check_and_level_from_the_table() -> None:
    for name, row in CATALOGUE.items():
        made = found(name, "what", cure="do")
        assert (made.check, made.level) == (row.check, row.level)
        assert row.level in (Level.PROBLEM, Level.HINT)


@every_case("url", ["", "localhost:444", "https://localhost:x", "https://[::1"])
def test_what_is_no_url_is_an_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not a URL"):
        read_target(url)


@every_case(
    "url",
    [
        "localhost:444",
        "https:/localhost:444",
        "https:localhost:444",
        "HTTPS//localhost:444",
        "https:\\\\localhost:444",
        "//localhost:444",
        "://localhost:444",
    ],
)
def test_the_error_shows_the_url_as_it_was_meant(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"as in https://localhost:444$"):
        read_target(url)


def test_a_url_that_begins_twice_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="it begins twice"):
        read_target("https://https://localhost:444")
    assert read_target("https://localhost:444?next=https://x").host == "localhost"


def test_a_setup_is_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("content")
    (tmp_path / "ca.pem").chmod(0o640)
    options = Options(cacert=tmp_path / "ca.pem", cert=tmp_path / "none.crt", key=tmp_path)
    setup = read_setup("https://localhost", options, environ={}, now=NOW)
    assert setup.ca is not None
    assert (setup.ca.content, setup.ca.mode, setup.ca.was_read) == (b"content", 0o640, True)
    assert setup.certificate is not None
    assert setup.certificate.missing
    assert setup.key is not None
    assert not setup.key.was_read  # a folder
    assert setup.has_unreadable_file
    assert not replace(setup, certificate=None, key=None).has_unreadable_file


def test_ca_variables_are_read_files_and_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    environ = dict.fromkeys(CA_VARIABLES, str(tmp_path / "a")) | {
        "SSL_CERT_DIR": str(tmp_path),
        "NODE_EXTRA_CA_CERTS": "",
        "CURL_CA_BUNDLE": str(tmp_path / "none"),
    }
    files = read_setup("https://localhost", Options(), environ=environ, now=NOW).ca_files
    assert files["SSL_CERT_FILE"].content == b"a"
    assert files["SSL_CERT_DIR"].content == b"a\nb"
    assert files["CURL_CA_BUNDLE"].missing
    assert "NODE_EXTRA_CA_CERTS" not in files


def test_secrets_stay_out_of_representations(clients: Clients) -> None:
    setup = clients.setup(options={"passphrase": "open sesame"})
    for secret in ("demo-server-secret", "svc-demo-password", "open sesame"):
        assert secret not in repr(setup)
