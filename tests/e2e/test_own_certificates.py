"""Keys and certificates a team makes with openssl: requests to be signed, its own CA."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.certificates.submitted import read_own_certificate
from mock_sei.errors import Rejected
from tests.certificates.chains import ACCOUNT, ONE_CHANGE, chain_of
from tests.certificates.client_ca import NOW, pem
from tests.e2e.registering import LET_IN, Team, control_of, printed, register, walk_in

pytestmark = [pytest.mark.needs("openssl", "curl"), pytest.mark.usefixtures("either_loop_at_night")]

FILES = ("--cert", "certificate.crt", "--key", "privatekey.key")


@pytest.fixture
def control(mock_sei: MockSei) -> Iterator[httpx2.Client]:
    with control_of(mock_sei.control_url) as client:
        yield client


@pytest.fixture
def team(control: httpx2.Client) -> Team:
    return register(control, certificate="own")


def request(folder: Path, cn: str, key: str = "rsa:2048") -> str:
    printed(
        f"openssl req -new -newkey {key} -nodes -keyout privatekey.key -subj /CN={cn} -out own.csr",
        folder,
    )
    return (folder / "own.csr").read_text()


def submit(control: httpx2.Client, team: Team, **texts: str) -> httpx2.Response:
    call = "certificate-requests" if "request" in texts else "own-certificates"
    return control.post(f"/service-accounts/{team.username}/{call}", json=texts)


@pytest.mark.parametrize(
    "key", ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:prime256v1"], ids=["RSA", "EC"]
)
def test_a_signed_request_opens_444_with_the_key_that_never_left(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path, key: str
) -> None:
    signed = submit(control, team, request=request(tmp_path, team.username, key))
    assert signed.status_code == 201, signed.text
    (tmp_path / "certificate.crt").write_text(signed.json()["certificate"])
    (tmp_path / "chain.pem").write_text(signed.json()["chain"])
    checked = f"openssl verify -CAfile {mock_sei.ca_file} -untrusted chain.pem certificate.crt"
    assert "OK" in printed(checked, tmp_path)
    assert walk_in(mock_sei, team, *FILES, cwd=tmp_path) == LET_IN
    assert "alert" in walk_in(mock_sei, team, cwd=tmp_path)


@pytest.mark.parametrize(
    ("name", "key", "problem"),
    [
        ("svc-somebody-else", "rsa:2048", "its CN is svc-somebody-else; it must be svc-orders"),
        ("svc-orders", "rsa:1024", "its RSA key has 1024 bits"),
        ("svc-orders", "ed25519", "neither RSA nor EC"),
    ],
)
def test_a_request_with_another_name_or_a_weak_key_is_not_signed(
    control: httpx2.Client, team: Team, tmp_path: Path, name: str, key: str, problem: str
) -> None:
    refused = submit(control, team, request=request(tmp_path, name, key))
    assert refused.status_code == 400
    assert problem in refused.json()["problems"]["request"]


class OwnCa:
    """Root and intermediate by openssl, as a company runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\n")
        (folder / "leaf.ext").write_text("basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n")
        printed(
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -subj /CN=Example-Root "
            "-days 30 -out root.crt",
            folder,
        )
        self._sign("issuing", "Example-Issuing", by="root", extensions="ca.ext")
        self.chain = "".join((folder / f"{each}.crt").read_text() for each in ("issuing", "root"))

    def issue(self, file: str, cn: str) -> str:
        """A leaf signed by the intermediate, PEM."""
        self._sign(file, cn, by="issuing", extensions="leaf.ext")
        return (self.folder / f"{file}.crt").read_text()

    def _sign(self, file: str, cn: str, *, by: str, extensions: str) -> None:
        printed(
            f"openssl req -new -newkey rsa:2048 -nodes -keyout {file}.key -subj /CN={cn} "
            f"-out {file}.csr",
            self.folder,
        )
        printed(
            f"openssl x509 -req -in {file}.csr -CA {by}.crt -CAkey {by}.key -CAcreateserial "
            f"-days 20 -extfile {extensions} -out {file}.crt",
            self.folder,
        )


@pytest.fixture(scope="module")
def own_ca(tmp_path_factory: pytest.TempPathFactory) -> OwnCa:
    """One for all teams: each certificate it issues is made anew."""
    return OwnCa(tmp_path_factory.mktemp("own-ca"))


def files(name: str) -> tuple[str, ...]:
    return ("--cert", f"{name}.crt", "--key", f"{name}.key")


def test_a_certificate_of_an_own_ca_opens_444_once_it_was_submitted(
    mock_sei: MockSei, control: httpx2.Client, team: Team, own_ca: OwnCa
) -> None:
    leaf = own_ca.issue("leaf", team.username)
    before = walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder)
    assert "alert unknown ca" in before
    accepted = submit(control, team, certificate=leaf, ca=own_ca.chain)
    assert accepted.status_code == 201, accepted.text
    assert accepted.json()["origin"] == "own"
    assert walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder) == LET_IN


def test_a_sibling_of_the_same_ca_with_the_same_name_stays_outside(
    mock_sei: MockSei, control: httpx2.Client, team: Team, own_ca: OwnCa
) -> None:
    """The certificate is registered, not its CA."""
    leaf = own_ca.issue("leaf", team.username)
    own_ca.issue("sibling", team.username)
    assert submit(control, team, certificate=leaf, ca=own_ca.chain).status_code == 201
    refused = walk_in(mock_sei, team, *files("sibling"), cwd=own_ca.folder)
    assert "alert unknown ca" in refused
    assert walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder) == LET_IN


def test_a_reset_forgets_it(
    mock_sei: MockSei, control: httpx2.Client, team: Team, own_ca: OwnCa
) -> None:
    leaf = own_ca.issue("leaf", team.username)
    assert submit(control, team, certificate=leaf, ca=own_ca.chain).status_code == 201
    assert walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder) == LET_IN
    assert control.post("/reset").status_code == 204
    assert "alert unknown ca" in walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder)


def test_once_revoked_it_is_closed_on_and_the_journal_says_why(
    mock_sei: MockSei, control: httpx2.Client, team: Team, own_ca: OwnCa
) -> None:
    """No alert says so: OpenSSL has no revocation list of a client's own CA."""
    leaf = own_ca.issue("leaf", team.username)
    serial = submit(control, team, certificate=leaf, ca=own_ca.chain).json()["serial_number"]
    assert walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder) == LET_IN
    path = f"/service-accounts/{team.username}/certificates/{serial}/revoke"
    assert control.post(path).status_code == 204
    assert walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder) != LET_IN
    entry = mock_sei.journal.last
    assert (entry.kind, entry.refused_by) == ("handshake", "client certificate")
    assert "was revoked" in str(entry.refused_because)


def test_a_certificate_with_another_name_is_refused_when_it_is_submitted(
    mock_sei: MockSei, control: httpx2.Client, team: Team, own_ca: OwnCa
) -> None:
    leaf = own_ca.issue("leaf", "svc-demo")
    refused = submit(control, team, certificate=leaf, ca=own_ca.chain)
    assert refused.status_code == 400
    assert "its CN is svc-demo" in refused.json()["problems"]["certificate"]
    assert "alert unknown ca" in walk_in(mock_sei, team, *files("leaf"), cwd=own_ca.folder)


@pytest.mark.parametrize(
    ("given", "problem"),
    [("root", "none of these signed the certificate"), ("issuing", "the chain ends below")],
)
def test_a_chain_with_a_gap_is_refused_when_it_is_submitted(
    control: httpx2.Client, team: Team, own_ca: OwnCa, given: str, problem: str
) -> None:
    leaf = own_ca.issue("leaf", team.username)
    ca = (own_ca.folder / f"{given}.crt").read_text()
    refused = submit(control, team, certificate=leaf, ca=ca)
    assert refused.status_code == 400
    assert problem in refused.json()["problems"]["ca"]


def test_openssl_verify_agrees_with_the_upload_about_every_chain(tmp_path: Path) -> None:
    """At the security level of the listeners; one report of all that differ."""
    differing = []
    for name, place in ONE_CHANGE:
        chain = chain_of({place: name})
        intermediate, root = (pem(each) for each in chain.identity.chain)
        (tmp_path / "leaf.crt").write_text(pem(chain.identity.certificate))
        (tmp_path / "intermediate.crt").write_text(intermediate)
        (tmp_path / "root.crt").write_text(root)
        verified = subprocess.run(
            [
                "openssl",
                "verify",
                "-purpose",
                "sslclient",
                "-auth_level",
                "2",
                "-CAfile",
                "root.crt",
                "-untrusted",
                "intermediate.crt",
                "leaf.crt",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            read_own_certificate(
                pem(chain.identity.certificate), intermediate + root, ACCOUNT, now=NOW
            )
            accepted = True
        except Rejected:
            accepted = False
        # What only OpenSSL knows is tried by the server: tests/runtime/test_chains.py
        if name != "names that it may not sign" and accepted is not (verified.returncode == 0):
            differing.append((name, place, verified.stderr))

    assert differing == []
