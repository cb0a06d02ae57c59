"""The CAs that a client sends with its certificate: each is checked, and named in the finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mock_sei.doctor.findings import Level
from mock_sei.doctor.identity import check_chain, check_dates, check_purpose, check_strength
from mock_sei.doctor.network import check_handshake
from mock_sei.doctor.observed import Ended, Observed, ObservedHandshake, Reached
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.wire import Flight
from mock_sei.rules.connection import ChainProblemKind
from tests.cases import every_case
from tests.certificates.chains import ACCOUNT, CHANGES, ONE_CHANGE, Chain, chain_of
from tests.certificates.client_ca import NOW, pem
from tests.doctor.clients import Clients, file, names, only

OF_KIND = {
    ChainProblemKind.EXPIRED: "chain-expired",
    ChainProblemKind.NOT_YET_VALID: "chain-not-yet-valid",
    ChainProblemKind.WEAK_SIGNATURE: "chain-weak",
    ChainProblemKind.WEAK_KEY: "chain-weak",
    ChainProblemKind.NOT_A_CA: "chain-purpose",
    ChainProblemKind.PURPOSE: "chain-purpose",
    ChainProblemKind.PATH_LENGTH: "chain-path-length",
    ChainProblemKind.CRITICAL_EXTENSION: "certificate-critical-extension",
}
OF_THE_LEAF = {
    ChainProblemKind.EXPIRED: "certificate-expired",
    ChainProblemKind.NOT_YET_VALID: "certificate-not-yet-valid",
    ChainProblemKind.WEAK_SIGNATURE: "certificate-weak",
    ChainProblemKind.PURPOSE: "certificate-purpose",
    ChainProblemKind.CRITICAL_EXTENSION: "certificate-critical-extension",
}
SUBJECTS = {"intermediate": "CN=Client intermediate", "root": "CN=Client root"}
CHECKS = (check_dates, check_purpose, check_strength, check_chain)


def setup_of(clients: Clients, chain: Chain) -> Setup:
    identity = chain.identity
    return clients.setup(
        certificate=file(pem(identity.certificate, *identity.chain).encode()),
        key=file(identity.key_pem, "privatekey.key"),
        options={"username": ACCOUNT},
        now=NOW,
    )


@pytest.mark.long
@every_case(("name", "place"), ONE_CHANGE)
def test_the_certificate_that_is_wrong_is_named_and_no_other(
    clients: Clients, name: str, place: str
) -> None:
    chain = chain_of({place: name})
    kind = CHANGES[name].kind
    found = [each for check in CHECKS for each in check(setup_of(clients, chain)) if each.name]

    if kind is None:
        assert names(found) == ([] if CHANGES[name].good else ["chain-refused"])
        return
    assert names(found) == [(OF_THE_LEAF if place == "leaf" else OF_KIND)[kind]]
    assert found[0].level is Level.PROBLEM
    if place != "leaf":
        told_of = f"{found[0].what} {found[0].actual}"
        assert SUBJECTS[place] in told_of
        (other,) = {"intermediate", "root"} - {place}
        assert SUBJECTS[other] not in told_of


def test_a_ca_of_the_issuer_s_name_that_did_not_sign_is_named(clients: Clients) -> None:
    chain, other = chain_of(), chain_of()
    mixed = Chain(leaf=chain.leaf, authorities=other.authorities)

    found = only(check_chain(setup_of(clients, mixed)))

    assert found.name == "chain-signature"
    assert "Client intermediate" in found.what


@pytest.mark.parametrize(
    ("certificates", "expected"), [(1, ["chain-expired"]), (3, [])], ids=["one", "a chain"]
)
def test_the_cas_of_a_certificate_that_comes_alone_are_found_among_the_trusted_ones(
    clients: Clients, certificates: int, expected: list[str]
) -> None:
    """OpenSSL sends trusted CAs if no CA is given with the certificate."""
    good = chain_of()
    setup = setup_of(clients, good)
    identity = good.identity
    shown = pem(*(identity.certificate, *identity.chain)[:certificates])
    ended = chain_of({"intermediate": "expired"}).identity
    trusted = pem(*ended.chain)
    setup = replace(setup, certificate=file(shown.encode()), ca=file(trusted.encode(), "ca.pem"))

    assert [each for each in names(check_chain(setup)) if each == "chain-expired"] == expected


def test_an_expired_ca_that_is_not_above_the_certificate_is_nobody_s_trouble(
    clients: Clients,
) -> None:
    """OpenSSL leaves it out of the chain, and so does the doctor."""
    chain, ended = chain_of(), chain_of({"root": "expired"})
    with_another = replace(chain, authorities=(*chain.authorities, ended.authorities[1]))
    assert names(check_chain(setup_of(clients, with_another))) == []


@every_case(
    ("alert", "name", "row"),
    [
        ("certificate_expired", "expired", "alert-certificate-expired"),
        ("bad_certificate", "not yet valid", "alert-bad-certificate"),
        ("unsupported_certificate", "for servers", "alert-unsupported-certificate"),
        ("certificate_unknown", "a strange critical extension", "alert-other"),
    ],
)
@every_case("place", ["intermediate", "leaf"])
def test_an_alert_is_about_the_certificate_that_is_wrong(
    clients: Clients, alert: str, name: str, row: str, place: str
) -> None:
    setup = setup_of(clients, chain_of({place: name}))
    refused = ObservedHandshake(
        ended=Ended.ALERT,
        alert=alert,
        showed_certificate=True,
        flight=Flight(wants_certificate=True),
    )
    seen = Observed(reached=Reached.CONNECTED, newer=refused, older=refused)

    found = only(check_handshake(setup, seen))

    assert found.name == row
    about_the_ca = "CN=Client intermediate" in found.what
    assert about_the_ca is (place == "intermediate")
    if about_the_ca:
        assert "not the client certificate" in found.what
        assert "CN=Client intermediate" in (found.actual or "")
