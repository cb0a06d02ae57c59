"""The security standards: exactly the five rows of the FAQ."""

from __future__ import annotations

import pytest

from mock_sei.rules.standards import (
    STANDARDS,
    Actor,
    ApplicationType,
    GrantType,
    Listener,
    Owner,
    find_standard,
    standards_table,
)
from tests.cases import every_case

ROWS = [
    ("client-server", "server", "anyone", "client_credentials", "two-way", 444),
    ("server-server", "server", "anyone", "client_credentials", "two-way", 444),
    ("client-server", "end-user", "sei-client", "authorization_code", "two-way", 444),
    ("client-server", "end-user", "sei-internal", "password", "two-way", 444),
    ("single-page", "end-user", "anyone", "implicit", "one-way", 443),
    ("native", "end-user", "anyone", "authorization_code", "one-way", 443),
]


@every_case(("kind", "actor", "owner", "grant", "listener", "port"), ROWS)
def test_each_row_of_the_faq_is_found(
    kind: str, actor: str, owner: str, grant: str, listener: str, port: int
) -> None:
    row = find_standard(ApplicationType(kind), Actor(actor), Owner(owner))

    assert row is not None
    assert row.grant == GrantType(grant)
    assert row.listener == Listener(listener)
    assert row.two_way_tls is (listener == "two-way")
    assert row.port == port


def test_no_other_combination_has_a_row() -> None:
    expected = {(kind, actor, owner) for kind, actor, owner, *_ in ROWS}
    expected |= {  # a row for anyone takes every owner
        (kind, actor, str(owner))
        for kind, actor, anyone, *_ in ROWS
        for owner in Owner
        if anyone == "anyone"
    }

    found = {
        (str(kind), str(actor), str(owner))
        for kind in ApplicationType
        for actor in Actor
        for owner in Owner
        if find_standard(kind, actor, owner)
    }

    assert found == expected


@pytest.mark.parametrize("owner", Owner)
def test_a_row_for_anyone_takes_every_owner(owner: Owner) -> None:
    row = find_standard(ApplicationType.NATIVE, Actor.END_USER, owner)

    assert row is not None
    assert row.owner is Owner.ANYONE


def test_an_end_users_client_server_application_must_say_whose_it_is() -> None:
    assert find_standard(ApplicationType.CLIENT_SERVER, Actor.END_USER) is None


def test_only_the_native_row_demands_a_proof_key() -> None:
    assert [row.application_types for row in STANDARDS if row.proof_key] == [
        (ApplicationType.NATIVE,)
    ]


@every_case(
    ("grant", "refreshable"),
    [
        (GrantType.CLIENT_CREDENTIALS, False),
        (GrantType.AUTHORIZATION_CODE, True),
        (GrantType.PASSWORD, True),
        (GrantType.IMPLICIT, False),
    ],
)
def test_refreshing_belongs_to_the_end_users_grants_but_for_implicit(
    grant: GrantType, refreshable: bool
) -> None:
    rows = [row for row in STANDARDS if row.grant is grant]

    assert rows
    assert all((GrantType.REFRESH_TOKEN in row.token_grants) is refreshable for row in rows)


def test_each_row_has_its_own_grant_and_no_other_rows() -> None:
    primary = {row.grant for row in STANDARDS}
    for row in STANDARDS:
        own = set() if row.grant is GrantType.IMPLICIT else {row.grant}
        assert primary & set(row.token_grants) == own


def test_the_printed_table_has_every_row() -> None:
    lines = standards_table().splitlines()

    assert lines[0] == "| application type | actor | who | grant | two-way TLS | port |"
    assert len(lines) == 2 + len(STANDARDS)
    assert lines[2] == (
        "| client-server, server-server | server | anyone | client_credentials | required | 444 |"
    )
    assert lines[-1] == ("| native | end-user | anyone | authorization_code with PKCE | no | 443 |")
