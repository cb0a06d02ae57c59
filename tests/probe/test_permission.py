"""Which hosts are asked, and who must say so."""

from __future__ import annotations

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.probe.permission import (
    PRODUCTION,
    is_for_tests,
    is_loopback,
    require_permission,
)
from tests.cases import every_case

COMMAND = ("mock-sei", "probe", "--out", "a b")


def ask(*hosts: str, yes: tuple[str, ...] = (), production: bool = False) -> None:
    require_permission(hosts, repeated=yes, with_production=production, command=COMMAND)


@every_case("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "a.localhost"])
def test_this_machine_is_for_tests(host: str) -> None:
    assert is_loopback(host)
    assert is_for_tests(host)


@every_case(
    "host",
    [
        *("10.0.0.1", "128.0.0.1", "192.0.2.1", "api.example.com", "localhost.example.com"),
        *("latest.example.com", "contest.example.com", "buildings.example.com", "protester.com"),
    ],
)
def test_other_machines_are_not(host: str) -> None:
    assert not is_loopback(host)
    assert not is_for_tests(host)


@every_case("host", ["test.example.com", "api-BUILD.example.com", "sandbox.example", "test2.com"])
def test_a_name_that_says_so_is_for_tests(host: str) -> None:
    assert is_for_tests(host)
    assert not is_loopback(host)
    ask(host, yes=(host,))
    ask(host, yes=(host.upper(),))


def test_without_the_name_the_line_to_type_is_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        ask("test.example.com", "mtls.test.example.com", "test.example.com")
    assert str(raised.value).endswith(
        "mock-sei probe --out 'a b' --yes test.example.com --yes mtls.test.example.com"
    )


def test_both_names_must_be_repeated() -> None:
    with pytest.raises(ConfigurationError, match=r"--yes b\.test$"):
        ask("a.test", "b.test", yes=("a.test",))
    ask("a.test", "b.test", yes=("a.test", "b.test"))


def test_the_name_of_another_host_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"does not ask other\.test, but a\.test"):
        ask("a.test", yes=("a.test", "other.test"))


def test_production_wants_a_permission_of_its_own() -> None:
    with pytest.raises(ConfigurationError) as raised:
        ask("api.example.com", yes=("api.example.com",))
    assert str(raised.value).endswith(f"mock-sei probe --out 'a b' {PRODUCTION}")
    ask("api.example.com", yes=("api.example.com",), production=True)


def test_the_permission_does_not_replace_the_name() -> None:
    with pytest.raises(ConfigurationError, match="repeat the name"):
        ask("api.example.com", production=True)


def test_one_of_two_hosts_is_enough_for_production() -> None:
    hosts = ("test.example.com", "mtls.example.com")
    with pytest.raises(ConfigurationError, match=r"the name of mtls\.example\.com says neither"):
        ask(*hosts, yes=hosts)
