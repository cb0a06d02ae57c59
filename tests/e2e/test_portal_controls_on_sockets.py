"""Who may use the portal's controls, on real connections from loopback and from another address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.e2e.networks import Network, own_network
from tests.e2e.serving import MOCK_SEI, Serving, environment, run

pytestmark = pytest.mark.needs("curl")

EVERYWHERE = "0.0.0.0"  # noqa: S104  # in a network of its own
TOKEN = re.compile(r'name="page" value="([0-9a-f]+)"')
CLAIMS = (
    "X-Forwarded-For: 127.0.0.1",
    "X-Real-IP: 127.0.0.1",
    "Forwarded: for=127.0.0.1",
)
"""Headers with which a visitor says that it is somebody else."""


class Visitor(NamedTuple):
    """Somebody who reaches the portal by one of its addresses; then the kernel gives the visitor
    the same address."""

    network: Network
    folder: Path
    ready: dict[str, str]
    address: str

    def curl(self, path: str, *options: str) -> str:
        """The answer, with its status on a line of its own at the end."""
        port = urlsplit(self.ready["url"]).port
        jar = self.folder / "cookies.txt"
        finished = run(
            *(*self.network.inside, "curl", "-sS", "--noproxy", "*", "-w", "\n%{http_code}"),
            *("--cacert", self.folder / "certs/ca.pem", "-b", jar, "-c", jar, *options),
            f"https://{self.address}:{port}{path}",
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def freeze(self, *headers: str) -> tuple[str, str]:
        """Sends the form that stops the clock: status and page."""
        found = TOKEN.search(self.curl("/portal/apps/new"))
        assert found is not None
        named = [part for each in headers for part in ("-H", each)]
        page, _, status = self.curl(
            "/portal/controls/freeze", "-d", f"page={found[1]}", *named
        ).rpartition("\n")
        return status, page

    def is_frozen(self) -> bool:
        told = run(*self.network.inside, "curl", "-sS", f"{self.ready['control_url']}/clock")
        return bool(json.loads(told.stdout)["frozen"])


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with own_network() as network:
        yield network


def served(network: Network, folder: Path, *options: str) -> Serving:
    command = (*network.inside, MOCK_SEI)
    names = ("--host", EVERYWHERE, "--hostname", network.address)
    return Serving.start(folder, *names, *options, command=command, environ=environment())


def test_only_a_connection_over_loopback_may_use_them(network: Network, tmp_path: Path) -> None:
    with served(network, tmp_path) as serving:
        elsewhere = Visitor(network, tmp_path, serving.ready, network.address)
        here = elsewhere._replace(address="127.0.0.1")

        assert "/portal/controls/" not in elsewhere.curl("/portal")
        for claims in ((), CLAIMS):
            status, page = elsewhere.freeze(*claims)
            assert status == "403"
            assert "only for connections over loopback" in page
        assert not elsewhere.is_frozen()
        journal = run(
            *(*network.inside, MOCK_SEI, "journal", "--control-url", serving.ready["control_url"])
        )
        assert f"a connection from {network.address} to {network.address}" in journal.stdout

        assert "/portal/controls/freeze" in here.curl("/portal")
        assert here.freeze()[0] == "303"
        assert here.is_frozen()


def test_with_the_option_everybody_may_use_them(network: Network, tmp_path: Path) -> None:
    with served(network, tmp_path, "--portal-controls") as serving:
        elsewhere = Visitor(network, tmp_path, serving.ready, network.address)

        assert "/portal/controls/freeze" in elsewhere.curl("/portal")
        assert elsewhere.freeze()[0] == "303"
        assert elsewhere.is_frozen()
