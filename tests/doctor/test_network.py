"""Checks of the network's results, with values that are hard to produce with sockets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.bundles import BundleOptions, pkcs12_bundle
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.network import check_clock, check_connection, check_handshake
from mock_sei.doctor.observed import Ended, Observed, ObservedHandshake, Reached, Trust
from mock_sei.doctor.server import check_host, check_trust, matches
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.wire import Flight
from tests.cases import every_case
from tests.certificates.chains import chain_of
from tests.certificates.client_ca import NOW as CLIENT_NOW
from tests.doctor.clients import NOW, Clients, certificate, file, names, only

GOOD = Observed(
    reached=Reached.CONNECTED,
    addresses=("127.0.0.1",),
    newer=ObservedHandshake(ended=Ended.ANSWERED, version="TLSv1.3", showed_certificate=True),
    older=ObservedHandshake(
        ended=Ended.ANSWERED,
        version="TLSv1.2",
        showed_certificate=True,
        flight=Flight(wants_certificate=True),
    ),
    trust=Trust(),
)


def check(setup: Setup, seen: Observed) -> list[Finding]:
    checks = (check_connection, check_trust, check_host, check_handshake, check_clock)
    return [finding for each in checks for finding in each(setup, seen)]


def both(**changes: object) -> Observed:
    handshake = ObservedHandshake(**({"ended": Ended.ALERT, "showed_certificate": True} | changes))  # type: ignore[arg-type]  # fields by name
    return replace(GOOD, newer=handshake, older=handshake)


def test_a_good_connection_is_right(clients: Clients) -> None:
    found = check(clients.setup(), GOOD)
    assert {each.level for each in found} == {Level.RIGHT}
    assert found[-1].what == "TLSv1.2 and TLSv1.3, the client certificate is accepted"


@every_case(
    ("reached", "name"),
    [
        (Reached.UNRESOLVED, "name-unresolved"),
        (Reached.REFUSED, "port-closed"),
        (Reached.TIMED_OUT, "connection-timeout"),
        (Reached.UNREACHABLE, "unreachable"),
    ],
)
def test_a_connection_that_was_not_made(clients: Clients, reached: Reached, name: str) -> None:
    assert names(check(clients.setup(), Observed(reached=reached, problem="so"))) == [name]


@every_case(
    ("alert", "name"),
    [
        ("certificate_required", "alert-certificate-required"),
        ("unknown_ca", "alert-unknown-ca"),
        ("certificate_expired", "alert-certificate-expired"),
        ("bad_certificate", "alert-bad-certificate"),
        ("certificate_revoked", "alert-certificate-revoked"),
        ("unsupported_certificate", "alert-unsupported-certificate"),
        ("handshake_failure", "alert-handshake-failure"),
        ("internal_error", "alert-other"),
    ],
)
def test_each_alert_has_its_meaning(clients: Clients, alert: str, name: str) -> None:
    found = check(clients.setup(), both(alert=alert))
    assert names(found) == [name]
    assert alert in only(found).what


def test_tls_1_2_says_handshake_failure_where_no_certificate_came(clients: Clients) -> None:
    seen = both(
        alert="handshake_failure",
        showed_certificate=False,
        flight=Flight(wants_certificate=True),
    )
    bare = clients.setup(certificate=None, key=None)
    assert names(check(bare, seen)) == ["alert-certificate-required"]


@pytest.mark.parametrize(("client", "expected"), [("java", []), ("curl", ["alert-"])])
def test_a_client_that_takes_a_pfx_is_not_blamed_for_what_the_doctor_cannot_show(
    clients: Clients, client: str, expected: list[str]
) -> None:
    pfx = file(pkcs12_bundle(clients.identity, BundleOptions()), "certificate.pfx")
    setup = clients.setup(certificate=pfx, key=None, client=client)
    seen = both(alert="certificate_required", showed_certificate=False)
    assert [each[:6] for each in names(check(setup, seen))] == expected


def test_the_accepted_cas_tell_who_was_wanted(clients: Clients) -> None:
    stranger = certificate().issuer.public_bytes()
    own = clients.authority.issuing.subject.public_bytes()
    for accepted, expected in (
        ((stranger,), "certificate-other-ca"),
        ((stranger, own), "alert-unknown-ca"),
        ((), "alert-unknown-ca"),
    ):
        flight = Flight(wants_certificate=True, accepted_cas=accepted)
        found = check(clients.setup(), both(alert="unknown_ca", flight=flight))
        assert names(found) == [expected]
        if expected == "certificate-other-ca":
            assert only(found).expected == "CN=A CA"


@every_case(
    ("ended", "name"),
    [
        (Ended.NO_COMMON_VERSION, "tls-version"),
        (Ended.TIMED_OUT, "handshake-timeout"),
        (Ended.CLOSED, "handshake-closed"),
        (Ended.RESET, "handshake-closed"),
        (Ended.FAILED, "handshake-closed"),
    ],
)
def test_a_handshake_that_ended_otherwise(clients: Clients, ended: Ended, name: str) -> None:
    assert names(check(clients.setup(), both(ended=ended))) == [name]


@pytest.mark.parametrize("which", ["older", "newer"])
def test_one_version_of_tls_is_enough(clients: Clients, which: str) -> None:
    other = ObservedHandshake(ended=Ended.NO_COMMON_VERSION)
    seen = replace(GOOD, **{which: other})  # type: ignore[arg-type]  # a field of two
    assert names(check(clients.setup(), seen)) == []


def test_the_one_way_listener_is_right_for_a_client_without_a_certificate(
    clients: Clients,
) -> None:
    older = replace(GOOD.older, flight=Flight(wants_certificate=False))  # type: ignore[type-var]  # it is there
    seen = replace(GOOD, older=older)
    assert names(check(clients.setup(certificate=None, key=None), seen)) == []
    assert names(check(clients.setup(), seen)) == ["one-way-listener"]


@every_case(
    ("seconds", "expected"),
    [(0, []), (60, []), (-60, []), (61, ["clock-skew"]), (-61, ["clock-skew"])],
)
def test_the_clocks_may_be_a_minute_apart(
    clients: Clients, seconds: int, expected: list[str]
) -> None:
    date = format_datetime(NOW - timedelta(seconds=seconds), usegmt=True)
    seen = both(ended=Ended.ANSWERED, date=date)
    found = check(clients.setup(), seen)
    assert names(found) == expected
    if expected:
        direction = "ahead of" if seconds > 0 else "behind"
        assert f"61 s {direction} the server's" in only(found).what


def test_the_time_the_examination_takes_is_no_skew(clients: Clients) -> None:
    took = timedelta(minutes=5)
    seen = both(ended=Ended.ANSWERED, date=format_datetime(NOW + took, usegmt=True), after=took)
    assert names(check(clients.setup(), seen)) == []


def test_the_skew_is_told_with_what_it_does_to_the_certificate(clients: Clients) -> None:
    end = clients.identity.not_after
    seen = both(ended=Ended.ANSWERED, date=format_datetime(end + timedelta(days=1), usegmt=True))
    (found,) = check_clock(clients.setup(), seen)
    assert "The certificate is valid only by this machine's clock." in found.what


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_a_date_there_is_nothing_to_compare(clients: Clients, date: str | None) -> None:
    assert list(check_clock(clients.setup(), both(ended=Ended.ANSWERED, date=date))) == []


@every_case(
    ("code", "name"),
    [
        (9, "server-not-yet-valid"),
        (10, "server-expired"),
        (18, "server-self-signed"),
        (24, "server-refused"),
        (20, "ca-not-trusted"),
    ],
)
def test_each_reason_to_distrust_the_server(clients: Clients, code: int, name: str) -> None:
    found = list(check_trust(clients.setup(), showing(certificate(), code)))
    assert names(found) == [name]


@every_case(
    ("code", "change", "name"),
    [
        (10, "expired", "server-expired"),
        (9, "not yet valid", "server-not-yet-valid"),
        (68, "signed with SHA-1", "server-refused"),
        (67, "RSA of 1024 bits", "server-refused"),
    ],
)
def test_a_ca_above_the_server_s_certificate_is_told_from_it(
    clients: Clients, code: int, change: str, name: str
) -> None:
    for place, subject in (("intermediate", "CN=Client intermediate"), ("leaf", "CN=svc-nightly")):
        if place == "leaf" and code == 67:
            continue
        identity = chain_of({place: change}).identity
        seen = showing(identity.certificate, code, *identity.chain)
        found = only(check_trust(clients.setup(now=CLIENT_NOW), seen))
        assert found.name == name
        assert subject in (found.actual or "")
        assert ("A CA above" in found.what) is (place == "intermediate" and code < 11)


def test_a_server_that_could_not_be_verified_is_a_finding_and_no_distrust(
    clients: Clients,
) -> None:
    """As if this machine's OpenSSL settings allow no TLS version of the server."""
    seen = replace(showing(certificate(), 0), trust=Trust(failure="no protocols available"))
    found = only(check_trust(clients.setup(), seen))
    assert (found.name, found.level) == ("server-not-verified", Level.PROBLEM)
    assert "no protocols available" in found.what


def test_another_mock_sei_is_told_from_a_stranger(clients: Clients) -> None:
    stranger = Authority(new_authority_pem())
    server = stranger.issue_server(["localhost"], now=NOW).certificate
    seen = showing(server, 20, *stranger.chain)
    assert names(check_trust(clients.setup(), seen)) == ["ca-another-mock-sei"]
    assert names(check_trust(clients.setup(ca=None), seen)) == ["ca-not-trusted"]


def test_a_server_that_sends_its_own_certificate_alone_is_told_so(clients: Clients) -> None:
    server = clients.authority.issue_server(["localhost"], now=NOW).certificate
    found = only(check_trust(clients.setup(), showing(server, 20)))
    assert found.name == "ca-not-trusted"
    assert "The server sends no CA" in found.what


def test_an_intermediate_is_not_the_root(clients: Clients) -> None:
    authority = clients.authority
    server = authority.issue_server(["localhost"], now=NOW).certificate
    alone = clients.setup(ca=file(authority.issuing.public_bytes(Encoding.PEM), "ca.pem"))
    seen = showing(server, 2, *authority.chain)
    assert names(check_trust(alone, seen)) == ["ca-not-root"]


@every_case(
    ("host", "name", "expected"),
    [
        ("localhost", "localhost", True),
        ("LOCALHOST.", "localhost", True),
        ("a.api.seic.com", "*.api.seic.com", True),
        ("api.seic.com", "*.api.seic.com", False),
        ("a.b.api.seic.com", "*.api.seic.com", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "*.0.0.1", False),
    ],
)
def test_names_match_as_tls_clients_match_them(host: str, name: str, expected: bool) -> None:
    assert matches(host, name) is expected


def test_both_names_are_shown_where_they_differ(clients: Clients) -> None:
    seen = showing(certificate(names=("api.seic.com", "*.mtls.seic.com")), 0)
    found = only(check_host(clients.setup(), seen))
    assert found.name == "host-not-in-certificate"
    assert (found.expected, found.actual) == ("api.seic.com, *.mtls.seic.com", "localhost")
    bare = only(check_host(clients.setup(), showing(certificate(), 0)))
    assert bare.expected == "(none)"  # its CN counts no longer


def showing(server: x509.Certificate, code: int, *above: x509.Certificate) -> Observed:
    chain = tuple(each.public_bytes(Encoding.DER) for each in (server, *above))
    older = replace(GOOD.older, flight=Flight(chain=chain, wants_certificate=True))  # type: ignore[type-var]  # it is there
    return replace(GOOD, older=older, trust=Trust(code=code, message="so"))
