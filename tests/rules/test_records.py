"""The checks of a single record: names, mail, redirect and source addresses, scopes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import RegistryError
from mock_sei.rules.records import Application, find_redirect_problem
from mock_sei.rules.standards import Actor, ApplicationType
from tests.cases import every_case

SERVER = Application(
    name="one",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="one-key",
    app_secret="one-secret",
    service_account="svc-one",
)


def problems(**changes: Any) -> dict[str, tuple[str, object]]:
    """The problem and the wrong value at each place."""
    changed = replace(SERVER, **changes)
    return {
        ".".join(map(str, each.place)): (each.problem, each.value) for each in changed.problems()
    }


@every_case(
    "name",
    ["one", "x", "x" * 80, "Nightly batch", "Ünï cödé", "日本", "a<b>&'\"", "a.b", "newer", "=?"],
)
def test_names_a_person_would_choose_are_good(name: str) -> None:
    assert problems(name=name) == {}


@every_case(
    "name",
    [
        "",
        " ",
        " one",
        "one ",
        "x" * 81,
        "a/b",
        "a\\b",
        "/",
        "a\nb",
        "a\rb",
        "one\n",
        "a\tb",
        "a\0b",
        "a\x7fb",
        "a\u202eb",
        "a\u2028b",
        "a\ud800b",
    ],
)
def test_names_that_break_a_header_a_page_or_an_address_are_refused(name: str) -> None:
    assert problems(name=name) == {
        "name": ("not a name: 1 to 80 printable characters, none of them a slash", name[:100])
    }


@pytest.mark.parametrize("name", ["new", ".", ".."])
def test_names_whose_page_in_the_portal_could_not_be_reached_are_refused(name: str) -> None:
    assert problems(name=name) == {"name": ("this name is reserved", name)}


@every_case(
    "address",
    ["team@example.com", "a.b+c_d%e-f@sub.example.co", "t@localhost", "x" * 64 + "@example.com"],
)
def test_a_distribution_list_is_a_mail_address(address: str) -> None:
    assert problems(distribution_list=address) == {}


@every_case(
    "address",
    [
        "",
        "team",
        "@example.com",
        "team@",
        "a@b@c",
        "te am@example.com",
        "team@exa mple.com",
        "team@example.com\n",
        "team@example.com\r\nBcc: x@example.com",
        "\nteam@example.com",
        "team@example..com",
        "team@.example.com",
        "a,b@example.com",
        "Team <team@example.com>",
        "team@example.com, other@example.com",
        "t\xe9am@example.com",
        "team@ex\xe4mple.com",
        "x" * 65 + "@example.com",
        "team@example.com\0",
    ],
)
def test_a_distribution_list_cannot_add_a_header_or_a_recipient(address: str) -> None:
    assert problems(distribution_list=address) == {
        "distribution_list": ("not an e-mail address", address[:100])
    }


@every_case(
    "address",
    [
        "https://localhost:9443/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:8000/callback",
        "HTTPS://Example.COM/cb?x=1&y=%C3%A9",
        "com.example.demo:/callback",
        "https://xn--r8jz45g.example/cb",
        "https://host_with.underscore/",
    ],
)
def test_answers_are_sent_to_absolute_addresses(address: str) -> None:
    assert find_redirect_problem(address) is None
    assert problems(redirect_addresses=(address,)) == {}


@every_case(
    ("address", "words"),
    [
        ("", "absolute"),
        ("/cb", "absolute"),
        ("callback", "absolute"),
        ("//host/cb", "absolute"),
        ("https://host/cb#here", "without fragment"),
        ("https://host/cb#", "without fragment"),
        ("https://host/a b", "absolute"),
        (" https://host/cb", "absolute"),
        ("https://host/cb\n", "absolute"),
        ("https://host/\r\nSet-Cookie: a=b", "absolute"),
        ("java\nscript:alert(1)", "absolute"),
        ("https://", "no host"),
        ("https:///cb", "no host"),
        ("https:cb", "no host"),
        ("https://:443/cb", "no host"),
        ("https://user@/cb", "no host"),
        ("https:\\\\host", "no host"),
        ("https://a;platform/cb", "no host"),
        ("https://*/cb", "no host"),
        ("http://host:port/cb", "not an address"),
        ("http://host:99999/cb", "not an address"),
        ("http://host:-1/cb", "not an address"),
        ("http://[::1/cb", "not an address"),
        ("javascript:alert(1)", "a javascript: address"),
        ("JavaScript:alert(1)", "a javascript: address"),
        ("data:text/html,<script>", "a data: address"),
        ("vbscript:x", "a vbscript: address"),
        ("file:///etc/passwd", "a file: address"),
        ("blob:https://host/1", "a blob: address"),
        ("about:blank", "a about: address"),
        ("https://例え.example/cb", "percent-encode"),
        ("https://host/é", "percent-encode"),
    ],
)
def test_answers_are_not_sent_to_what_runs_shows_or_is_nowhere(address: str, words: str) -> None:
    found = problems(redirect_addresses=("https://host/cb", address))
    assert found.keys() == {"redirect_addresses.1"}
    problem, value = found["redirect_addresses.1"]
    assert words in problem
    assert value == address


@given(address=st.text())
def test_no_text_breaks_the_check_of_a_redirect_address(address: str) -> None:
    problem = find_redirect_problem(address)
    assert problem is None or problem
    if problem is None:
        assert ":" in address
        assert address.isascii()
        assert address.isprintable()


@every_case(
    "network",
    ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "::1", "0.0.0.0/0", "10.0.0.0/255.0.0.0"],
)
def test_source_addresses_are_addresses_and_networks(network: str) -> None:
    assert problems(source_addresses=(network,)) == {}


@every_case(
    ("network", "problem"),
    [
        ("10.0.0.1/24", "not an address or network; its host bits are set"),
        ("10.0.0.0/33", "not an address or network"),
        ("300.0.0.1", "not an address or network"),
        ("host.example", "not an address or network"),
        ("", "not an address or network"),
        ("192.0.2.7\n", "not an address or network"),
        (" 192.0.2.7", "not an address or network"),
        ("2001:db8::1/32", "not an address or network; its host bits are set"),
    ],
)
def test_other_source_addresses_are_refused(network: str, problem: str) -> None:
    found = problems(source_addresses=("::1", network))
    assert found == {"source_addresses.1": (problem, network)}


@pytest.mark.parametrize("scope", ["ilservices", "a:b/c", "!#~[]"])
def test_a_scope_is_a_token_of_the_rfc(scope: str) -> None:
    assert problems(scopes=(scope,)) == {}


@pytest.mark.parametrize("scope", ["", "a b", 'a"b', "a\\b", "a\nb", "\xe9", "\ud800"])
def test_a_scope_that_would_be_two_or_break_a_header_is_refused(scope: str) -> None:
    """The characters of a scope (RFC 6749 section 3.3)."""
    assert problems(scopes=("ilservices", scope)).keys() == {"scopes.1"}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = problems(
        name="",
        distribution_list="team",
        app_secret=None,
        redirect_addresses=("/cb", "https://good.example/cb", "data:x"),
        source_addresses=("10.0.0.1/24",),
        scopes=("a b",),
        saml_certificate="none",
    )

    assert set(found) == {
        "name",
        "distribution_list",
        "app_secret",
        "redirect_addresses.0",
        "redirect_addresses.2",
        "source_addresses.0",
        "scopes.0",
        "saml_certificate",
    }
    with pytest.raises(RegistryError) as first:
        replace(SERVER, name="", distribution_list="team").check()
    assert first.value.place == ("name",)


def test_an_application_of_no_row_is_refused_before_the_rest() -> None:
    found = problems(type=ApplicationType.NATIVE, name="")
    assert found.keys() == {"owner"}
    assert "no row of the security standards is for native, server, anyone" in found["owner"][0]


def test_long_values_are_not_repeated_whole() -> None:
    name, address = "x" * 5000, "https://x/ " * 1000
    assert problems(name=name)["name"][1] == "x" * 100
    assert problems(redirect_addresses=(address,))["redirect_addresses.0"][1] == address[:200]
