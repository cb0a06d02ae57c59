"""The addresses in answers, in metadata and in printed lines."""

from __future__ import annotations

from dataclasses import replace

from mock_sei.rules.addresses import Addresses, host_name, host_to_call, url
from mock_sei.rules.standards import Listener
from tests.cases import every_case

DOCUMENTED = Addresses(one_way_port=443, two_way_port=444, control_port=8044)
FREE = Addresses(one_way_port=18443, two_way_port=18444, control_port=18044)
MAPPED = Addresses(
    one_way_port=8443,
    two_way_port=8444,
    control_port=8044,
    public_url="https://sei.example",
    public_two_way_url="https://mtls.sei.example:444",
)


def test_the_documented_ports_make_the_shortest_addresses() -> None:
    assert DOCUMENTED.one_way == "https://localhost"
    assert DOCUMENTED.two_way == "https://localhost:444"
    assert DOCUMENTED.control == "http://127.0.0.1:8044"


def test_other_ports_are_named() -> None:
    assert FREE.one_way == "https://localhost:18443"
    assert FREE.two_way == "https://localhost:18444"
    assert FREE.control == "http://127.0.0.1:18044"


def test_public_addresses_stand_in_for_the_ports_and_the_host_of_the_request() -> None:
    assert MAPPED.one_way == "https://sei.example"
    assert MAPPED.two_way == "https://mtls.sei.example:444"
    assert MAPPED.issuer("localhost:8444") == "https://sei.example"
    assert MAPPED.called(Listener.ONE_WAY, "localhost:8443") == "https://sei.example"
    assert MAPPED.called(Listener.TWO_WAY, "localhost:8444") == "https://mtls.sei.example:444"


def test_the_issuer_is_the_one_way_address_with_the_host_of_the_request() -> None:
    assert FREE.issuer("api.seic.com:18444") == "https://api.seic.com:18443"
    assert DOCUMENTED.issuer("api.seic.com:444") == "https://api.seic.com"


@every_case("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
def test_links_name_the_host_and_the_port_that_were_called(listener: Listener) -> None:
    """A container's ports may be mapped, and the server does not know to which."""
    assert FREE.called(listener, "mock-sei:49213") == "https://mock-sei:49213"
    assert FREE.called(listener, "[::1]:443") == "https://[::1]"


@every_case("host", ["localhost", None, "", "evil/path", "a b", "localhost:", "localhost:9x"])
def test_where_the_host_names_no_port_a_link_names_the_listeners(host: str | None) -> None:
    assert FREE.called(Listener.TWO_WAY, host) == "https://localhost:18444"
    assert FREE.called(Listener.ONE_WAY, host) == "https://localhost:18443"


def test_the_metadata_name_the_two_way_listener_whichever_was_called() -> None:
    assert FREE.two_way_at("mock-sei:18443") == "https://mock-sei:18444"
    assert MAPPED.two_way_at("mock-sei:18443") == "https://mtls.sei.example:444"


@every_case(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("api.seic.com:444", "api.seic.com"),
        ("[::1]:444", "[::1]"),
        ("127.0.0.1", "127.0.0.1"),
        (None, "localhost"),
        ("", "localhost"),
        ("evil/path", "localhost"),
        ("a b", "localhost"),
        ("user@host", "localhost"),
        ("x" * 300, "localhost"),
        ("host:123456", "localhost"),
        ("host\r\nX: y", "localhost"),
    ],
)
def test_only_a_plain_host_header_is_repeated(header: str | None, name: str) -> None:
    assert host_name(header) == name


def test_an_ipv6_address_goes_in_brackets() -> None:
    assert url("https", "::1", 443) == "https://[::1]"
    assert url("https", "[::1]", 444) == "https://[::1]:444"
    assert url("http", "::1", 80) == "http://[::1]"


@every_case(
    ("listening", "called"),
    [
        ("127.0.0.1", "localhost"),
        ("0.0.0.0", "localhost"),  # noqa: S104  # compared, not bound
        ("::", "::1"),
        ("127.0.0.2", "127.0.0.2"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_listener_on_an_address_of_its_own_is_called_by_it(listening: str, called: str) -> None:
    """Two listeners on the same port differ only in their addresses."""
    assert host_to_call(listening, loopback="localhost") == called


@every_case("host", [None, "localhost:8044", "127.0.0.1:8044", "[::1]:8044", "a b"])
def test_on_this_machine_they_stay_as_they_are(host: str | None) -> None:
    assert DOCUMENTED.seen_by(host) == DOCUMENTED


def test_from_elsewhere_loopback_becomes_what_the_caller_used() -> None:
    """In a container, localhost is the container itself, and not the machine of its clients."""
    fixed = replace(DOCUMENTED, two_way_host="192.0.2.7", public_url="https://sei.example")

    seen = DOCUMENTED.seen_by("mock-sei:8044")
    assert seen.one_way == "https://mock-sei"
    assert seen.two_way == "https://mock-sei:444"
    assert seen.control == "http://mock-sei:8044"
    assert fixed.seen_by("mock-sei:8044").one_way == "https://sei.example"
    assert fixed.seen_by("mock-sei:8044").two_way == "https://192.0.2.7:444"
