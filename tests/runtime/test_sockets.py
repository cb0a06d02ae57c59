"""The port that is used if the system refuses the wanted one. The refusals are simulated."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping
from typing import Any

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.runtime import sockets
from mock_sei.runtime.sockets import Ports, bind

DOCUMENTED = Ports(option="--one-way-port", asked=None, documented=443, fallback=8443)
BY_NAME = Ports(option="--one-way-port", asked=443, documented=443, fallback=8443)


class Listening:
    """A replacement of a bound socket."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port, self.closed = host, port, False

    def getsockname(self) -> tuple[str, int]:
        return self.host, self.port

    def close(self) -> None:
        self.closed = True


class System:
    """A system that refuses to bind some ports, or some hosts and ports."""

    def __init__(self, refusals: Mapping[int | tuple[str, int], int]) -> None:
        self.refusals = refusals
        self.free = 50000
        self.bound: list[Listening] = []

    def __call__(self, host: str, port: int) -> Listening:
        if not port:
            self.free += 1
            port = self.free
        code = self.refusals.get(port, self.refusals.get((host, port), 0))
        if code:
            raise OSError(code, os.strerror(code))
        self.bound.append(Listening(host, port))
        return self.bound[-1]

    @property
    def open(self) -> list[tuple[str, int]]:
        return [each.getsockname() for each in self.bound if not each.closed]


@pytest.fixture
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> System:
    refusals: Any = getattr(request, "param", {})
    made = System(refusals)
    monkeypatch.setattr(sockets, "_bind", made)
    return made


def taken(bound: list[Any]) -> list[tuple[str, int]]:
    return [each.getsockname() for each in bound]


@pytest.mark.long
def test_loopback_means_both_families_on_one_port(system: System) -> None:
    assert taken(bind("127.0.0.1", DOCUMENTED)) == [("127.0.0.1", 443), ("::1", 443)]
    assert taken(bind("0.0.0.0", DOCUMENTED)) == [("0.0.0.0", 443)]  # noqa: S104  # what a container asks for
    assert len(system.bound) == 3


@pytest.mark.parametrize("system", [{443: errno.EACCES}, {443: errno.EPERM}], indirect=True)
def test_without_privilege_the_fallback_is_taken_and_said_in_one_line(
    system: System, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert taken(bind("127.0.0.1", DOCUMENTED)) == [("127.0.0.1", 8443), ("::1", 8443)]
    (line,) = caplog.messages
    assert "no privilege for port 443" in line
    assert "using port 8443" in line
    assert "--one-way-port" in line
    assert system.open == [("127.0.0.1", 8443), ("::1", 8443)]


@pytest.mark.parametrize("system", [{443: errno.EACCES}], indirect=True)
def test_a_port_asked_for_by_name_is_never_replaced(system: System) -> None:
    with pytest.raises(ConfigurationError, match=r"--one-way-port: .*port 443.* no privilege"):
        bind("127.0.0.1", BY_NAME)
    assert not system.open


@pytest.mark.long
@pytest.mark.parametrize("system", [{443: errno.EACCES}], indirect=True)
@pytest.mark.parametrize(
    ("platform", "remedy"),
    [("linux", "sysctl net.ipv4.ip_unprivileged_port_start=0"), ("darwin", None)],
)
def test_a_refused_port_comes_with_what_to_do(
    system: System, monkeypatch: pytest.MonkeyPatch, platform: str, remedy: str | None
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    with pytest.raises(ConfigurationError, match=r"port \(MOCK_SEI_ONE_WAY_PORT\)") as caught:
        bind("127.0.0.1", BY_NAME)
    assert ("sysctl" in str(caught.value)) == (remedy is not None)
    assert (remedy or "") in str(caught.value)
    assert not system.open


@pytest.mark.parametrize("system", [{443: errno.EADDRINUSE}], indirect=True)
def test_a_port_in_use_is_never_replaced(system: System) -> None:
    with pytest.raises(ConfigurationError, match=r"port 443: the port is in use"):
        bind("127.0.0.1", DOCUMENTED)
    assert not system.open


@pytest.mark.parametrize("system", [{443: errno.EACCES, 8443: errno.EADDRINUSE}], indirect=True)
def test_a_fallback_in_use_is_an_error_that_names_it(system: System) -> None:
    with pytest.raises(ConfigurationError, match=r"port 8443: the port is in use"):
        bind("127.0.0.1", DOCUMENTED)
    assert not system.open


@pytest.mark.parametrize("system", [{("::1", 444): errno.EADDRINUSE}], indirect=True)
def test_a_port_in_use_on_one_family_is_in_use(system: System) -> None:
    ports = Ports(option="--two-way-port", asked=444, documented=444)
    with pytest.raises(ConfigurationError, match="in use"):
        bind("127.0.0.1", ports)
    assert not system.open, "the other family's socket was left open"


@pytest.mark.parametrize("system", [{("::1", 50001): errno.EADDRINUSE}], indirect=True)
def test_a_free_port_is_free_on_both_families(system: System) -> None:
    ports = Ports(option="--two-way-port", asked=0, documented=444)
    assert taken(bind("127.0.0.1", ports)) == [("127.0.0.1", 50002), ("::1", 50002)]
    assert system.open == [("127.0.0.1", 50002), ("::1", 50002)]


@pytest.mark.parametrize(
    "system",
    [{("::1", 443): errno.EADDRNOTAVAIL}, {("::1", 443): errno.EAFNOSUPPORT}],
    indirect=True,
)
def test_a_machine_without_ipv6_is_served_all_the_same(system: System) -> None:
    assert taken(bind("127.0.0.1", DOCUMENTED)) == [("127.0.0.1", 443)]
    assert system.open == [("127.0.0.1", 443)]


@pytest.mark.parametrize("system", [{443: errno.EADDRNOTAVAIL}], indirect=True)
def test_an_address_of_another_machine_is_named(system: System) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot listen on 192\.0\.2\.1 port 443"):
        bind("192.0.2.1", DOCUMENTED)
    assert not system.open
