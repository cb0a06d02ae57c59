"""Which addresses are trusted proxies."""

from __future__ import annotations

import pytest

from mock_sei.rules.proxies import TrustedProxies, read_network


@pytest.mark.parametrize(
    ("networks", "address", "is_trusted"),
    [
        ([], "10.0.0.9", False),
        (["10.0.0.9"], "10.0.0.9", True),
        (["10.0.0.9"], "10.0.0.8", False),
        (["192.0.2.1", "10.0.0.0/24"], "10.0.0.255", True),
        (["10.0.0.0/24"], "10.0.1.0", False),
        (["10.0.0.0/24"], "::ffff:10.0.0.9", True),
        (["::ffff:10.0.0.0/120"], "10.0.0.9", True),
        (["::ffff:10.0.0.0/120"], "10.0.1.9", False),
        (["::ffff:10.0.0.9"], "::ffff:10.0.0.9", True),
        (["fd00::/8"], "fd12::1", True),
        (["fd00::/8"], "fe80::1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["::/0"], "10.0.0.9", False),
        (["0.0.0.0/0"], "::1", False),
    ],
)
def test_an_address_is_trusted(networks: list[str], address: str, is_trusted: bool) -> None:
    assert TrustedProxies(networks).trusts(address) is is_trusted


@pytest.mark.parametrize("text", ["", "balancer", "10.0.0.9/24", "10.0.0.256", "fd00::/129"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_network(text)
