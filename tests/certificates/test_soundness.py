"""The path from a certificate to its root, and the problems of each certificate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.certificates.soundness import (
    MOST_SENT,
    find_chain_problems,
    find_date_problems,
    path_of,
    path_of_ders,
)
from mock_sei.rules.connection import ChainProblemKind
from tests.cases import every_case
from tests.certificates.chains import CHANGES, ONE_CHANGE, PLACES, chain_of
from tests.certificates.client_ca import NOW, ClientCA
from tests.growth import assert_linear


def ders(*certificates: x509.Certificate) -> list[bytes]:
    return [each.public_bytes(Encoding.DER) for each in certificates]


@pytest.mark.parametrize("order", [1, -1])
def test_the_path_goes_up_to_the_root_in_any_order_and_past_strangers(order: int) -> None:
    own = chain_of().identity
    stranger = ClientCA.create("A stranger").certificate

    assert path_of(own.certificate, [stranger, *own.chain[::order]], NOW) == (
        own.certificate,
        *own.chain,
    )
    assert path_of(own.certificate, [stranger], NOW) == (own.certificate,)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_cas_of_one_name_the_valid_one_is_above(order: int) -> None:
    root = ClientCA.create("Root")
    valid = ClientCA.create("CA", parent=root)
    ended = ClientCA.create("CA", parent=root, key=valid.key, end=NOW - timedelta(days=1))
    own = valid.sign("svc-x")
    others = [valid.certificate, ended.certificate][::order]

    assert path_of(own, others, NOW)[1] == valid.certificate


def key_identified(ca: ClientCA) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    return ((x509.SubjectKeyIdentifier.from_public_key(ca.key.public_key()), False),)


def test_a_key_identifier_tells_cas_of_one_name_apart() -> None:
    plain = ClientCA.create("CA"), ClientCA.create("CA")
    first, second = (
        ClientCA.create("CA", key=each.key, extensions=key_identified(each)) for each in plain
    )
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(second.key.public_key())
    own = second.sign("svc-x", extensions=(above,))

    assert path_of(own, [first.certificate, second.certificate], NOW)[1] == second.certificate


def test_two_cas_above_one_another_end_a_path() -> None:
    first = ClientCA.create("First")
    second = ClientCA.create("Second", parent=first)
    crossed = ClientCA.create("First", parent=second, key=first.key)
    own = second.sign("svc-x")

    path = path_of(own, [second.certificate, crossed.certificate], NOW)

    assert path == (own, second.certificate, crossed.certificate)


@pytest.mark.long
@every_case(("name", "place"), ONE_CHANGE)
def test_each_certificate_is_judged_by_itself(name: str, place: str) -> None:
    identity = chain_of({place: name}).identity
    kind = CHANGES[name].kind

    faults = find_chain_problems((identity.certificate, *identity.chain), NOW)

    assert [(each.kind, PLACES[each.position]) for each in faults] == (
        [(kind, place)] if kind else []
    )
    for each in faults:
        wrong = (identity.certificate, *identity.chain)[each.position]
        assert each.subject == wrong.subject.rfc4514_string()
        assert (each.not_before, each.not_after) == (
            wrong.not_valid_before_utc,
            wrong.not_valid_after_utc,
        )
        assert each.expected != each.actual


@pytest.mark.parametrize("place", PLACES)
def test_only_the_cas_above_are_judged_by_their_dates(place: str) -> None:
    identity = chain_of({place: "expired"}).identity
    faults = find_date_problems(identity.chain, NOW)
    expected = [] if place == "leaf" else [(ChainProblemKind.EXPIRED, PLACES.index(place))]
    assert [(each.kind, each.position) for each in faults] == expected


def test_what_cannot_be_read_is_left_out_and_without_the_own_there_is_no_path() -> None:
    own = chain_of().identity
    sent = ders(own.certificate, *own.chain)

    assert len(path_of_ders([sent[0], b"\x30\x00", *sent[1:]], NOW)) == 3
    assert path_of_ders([b"\x30\x00", *sent], NOW) == ()
    assert path_of_ders([], NOW) == ()
    assert find_chain_problems((), NOW) == []


def test_of_a_long_message_the_first_certificates_are_looked_at() -> None:
    own = chain_of().identity
    strangers = ders(ClientCA.create("A stranger").certificate) * MOST_SENT

    assert len(path_of_ders([*ders(own.certificate), *strangers, *ders(*own.chain)], NOW)) == 1


@pytest.mark.slow
def test_a_path_costs_what_is_there() -> None:
    own, root = ClientCA.create("CA").sign("svc-x"), ClientCA.create("CA").certificate

    def make(count: int) -> Callable[[], object]:
        others = [root] * count
        return lambda: path_of(own, others, NOW)

    assert_linear(make, 200)
