"""Applications, service accounts and end users: how they must fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mock_sei.errors import RegistryError
from mock_sei.rules.records import (
    Application,
    EndUser,
    Environment,
    ServiceAccount,
    is_account_name,
)
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Actor, ApplicationType, GrantType, Owner
from tests.cases import every_case

ACCOUNT = ServiceAccount(username="svc-one", password="one-password")
SERVER = Application(
    name="one",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="one-key",
    app_secret="one-secret",
    service_account="svc-one",
)
NATIVE = Application(
    name="two", type=ApplicationType.NATIVE, actor=Actor.END_USER, app_key="two-key"
)
ALICE = EndUser(email="alice@example.com", password="alice-password")


def registry(
    *applications: Application, accounts: Sequence[ServiceAccount] = (ACCOUNT,)
) -> Registry:
    return Registry(applications=applications, service_accounts=accounts, end_users=[ALICE])


def test_what_an_entry_leaves_out_is_the_widest() -> None:
    assert SERVER.owner is Owner.ANYONE
    assert SERVER.approved
    assert SERVER.environments == tuple(Environment)
    assert SERVER.scopes == ("ilservices",)
    assert SERVER.is_granted("any-product")
    assert SERVER.accepts_source("203.0.113.9")


def test_records_are_found_by_key_name_and_account() -> None:
    known = registry(SERVER, NATIVE)

    assert known.find_application("one-key") is SERVER
    assert known.find_application("one") is SERVER
    assert known.find_application("three") is None
    assert known.find_application_of("svc-one") is SERVER
    assert known.find_application_of("svc-two") is None
    assert known.end_users == {"alice@example.com": ALICE}


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_is_not_the_app_key_of_another(order: int) -> None:
    """A look-up takes a name or an AppKey, so one text must not name two applications."""
    confusing = replace(NATIVE, name="one-key")

    with pytest.raises(RegistryError, match="it would name both applications"):
        registry(*(SERVER, confusing)[::order])
    assert registry(SERVER, replace(NATIVE, name=NATIVE.app_key)).applications


def test_an_application_knows_its_row_of_the_standards() -> None:
    assert SERVER.standard.grant is GrantType.CLIENT_CREDENTIALS
    assert NATIVE.standard.proof_key


def test_granted_products_are_those_listed() -> None:
    limited = replace(SERVER, products=("sma-trade-orders",))

    assert limited.is_granted("sma-trade-orders")
    assert not limited.is_granted("investors")


@every_case(
    ("address", "accepted"),
    [
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("198.51.100.200", True),
        ("198.51.101.1", False),
        ("::ffff:192.0.2.7", True),
        ("::ffff:192.0.2.8", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
    ],
)
def test_source_addresses_and_networks_are_matched(address: str, *, accepted: bool) -> None:
    """An IPv4 caller of an IPv6 socket counts by its IPv4 address."""
    listed = replace(SERVER, source_addresses=("192.0.2.7", "198.51.100.0/24", "2001:db8::/32"))

    assert listed.accepts_source(address) is accepted


def test_a_copy_has_the_same_records_and_its_own_tables() -> None:
    original = registry(SERVER, NATIVE)
    twin = original.copy()
    del twin.applications["two-key"]
    twin.service_accounts.clear()
    twin.end_users.clear()

    assert original.find_application("two") is NATIVE
    assert original.service_accounts == {"svc-one": ACCOUNT}
    assert original.end_users == {"alice@example.com": ALICE}
    assert twin.find_application("one") is SERVER


def test_secrets_are_all_there_and_in_no_representation() -> None:
    known = registry(SERVER, NATIVE)

    assert set(known.secrets) == {"one-secret", "one-password", "alice-password"}
    for record in (SERVER, ACCOUNT, ALICE):
        assert not any(secret in repr(record) for secret in known.secrets)


BAD_APPLICATIONS: list[tuple[dict[str, Any], str, str, object]] = [
    ({"app_secret": None}, "app_secret", "AppSecret", None),
    ({"service_account": None}, "service_account", "a service account", None),
    ({"service_account": "svc-no"}, "service_account", "no such entry", "svc-no"),
    ({"app_key": ""}, "app_key", "empty", ""),
    ({"type": ApplicationType.NATIVE}, "owner", "no row of the security standards", "anyone"),
    ({"source_addresses": ("10.0.0.1/24",)}, "source_addresses.0", "not an address", "10.0.0.1/24"),
    ({"source_addresses": ("10.0.0.1", "x")}, "source_addresses.1", "not an address", "x"),
    ({"redirect_addresses": ("/cb",)}, "redirect_addresses.0", "absolute", "/cb"),
    (
        {"redirect_addresses": ("https://x/cb#f",)},
        "redirect_addresses.0",
        "without fragment",
        "https://x/cb#f",
    ),
    (
        {"redirect_addresses": ("http://[::1/cb",)},
        "redirect_addresses.0",
        "not an address",
        "http://[::1/cb",
    ),
    (
        {"redirect_addresses": ("http://x:port/",)},
        "redirect_addresses.0",
        "not an address",
        "http://x:port/",
    ),
]


@every_case(("changes", "key", "problem", "value"), BAD_APPLICATIONS)
def test_an_application_that_does_not_fit_is_refused_by_its_key_and_value(
    changes: dict[str, Any], key: str, problem: str, value: object
) -> None:
    with pytest.raises(RegistryError, match=problem) as caught:
        registry(NATIVE, replace(SERVER, **changes))

    assert ".".join(map(str, caught.value.place)) == f"applications.1.{key}"
    assert caught.value.value == value


@pytest.mark.parametrize("key", ["app_secret", "service_account"])
def test_an_application_on_a_users_machine_has_no_secret(key: str) -> None:
    with_secret: dict[str, Any] = {key: "hidden-value"}
    with pytest.raises(RegistryError, match="cannot keep a secret") as caught:
        registry(SERVER, replace(NATIVE, **with_secret))

    assert caught.value.place == ("applications", 1, key)
    assert "hidden-value" not in f"{caught.value}{caught.value.value}"


def test_two_applications_cannot_share_app_key_name_or_account() -> None:
    other = replace(SERVER, name="other", app_key="other-key")
    second = ServiceAccount(username="svc-two", password="two-password")
    for twin, key, value in (
        (replace(other, app_key="one-key"), "app_key", "one-key"),
        (replace(other, name="one"), "name", "one"),
        (other, "service_account", "svc-one"),
    ):
        with pytest.raises(RegistryError) as caught:
            registry(SERVER, twin, accounts=[ACCOUNT, second])
        assert caught.value.place == ("applications", 1, key)
        assert caught.value.value == value


def test_two_applications_with_one_app_key_name_the_holder() -> None:
    with pytest.raises(RegistryError, match="one already has it"):
        registry(SERVER, replace(NATIVE, app_key="one-key"))


def test_accounts_and_users_are_there_once() -> None:
    with pytest.raises(RegistryError) as account:
        registry(SERVER, accounts=[ACCOUNT, ACCOUNT])
    with pytest.raises(RegistryError) as user:
        Registry(end_users=[ALICE, ALICE])

    assert account.value.place == ("service_accounts", 1, "username")
    assert user.value.place == ("end_users", 1, "email")


def test_a_service_account_without_application_is_refused() -> None:
    stray = ServiceAccount(username="svc-stray", password="stray-password")
    with pytest.raises(RegistryError, match="no application has this service account") as caught:
        registry(SERVER, accounts=[ACCOUNT, stray])

    assert caught.value.place == ("service_accounts", 1, "username")
    assert caught.value.value == "svc-stray"


@every_case("username", ["svc-demo", "a", "A.b_c@d-9", "x" * 64])
def test_names_that_fit_a_certificate_and_a_folder_are_account_names(username: str) -> None:
    assert is_account_name(username)


@every_case(
    "username",
    ["", "x" * 65, "../svc", "a/b", "a\\b", ".hidden", "-rf", "a b", "a\n", "\xfc"],
)
def test_other_names_are_refused_before_anything_is_written(username: str) -> None:
    assert not is_account_name(username)
    with pytest.raises(RegistryError, match="not an account name") as caught:
        registry(
            replace(SERVER, service_account=username),
            accounts=[ServiceAccount(username=username, password="p")],
        )
    assert caught.value.place == ("service_accounts", 0, "username")
    assert caught.value.value == username


# Changes while it is read


SECOND_ACCOUNT = ServiceAccount(username="svc-three", password="three-password")
THIRD = replace(SERVER, name="three", app_key="three-key", service_account="svc-three")


def test_a_registered_application_is_known_at_once_and_comes_last() -> None:
    known = registry(SERVER, NATIVE)

    known.register(THIRD, SECOND_ACCOUNT)

    assert list(known.applications) == ["one-key", "two-key", "three-key"]
    assert list(known.service_accounts) == ["svc-one", "svc-three"]
    assert known.find_application_of("svc-three") is THIRD
    assert known.end_users == {"alice@example.com": ALICE}


def test_a_changed_application_keeps_its_place_whatever_its_key() -> None:
    known = registry(SERVER, NATIVE)
    changed = replace(SERVER, app_key="fresh-key", name="renamed")

    known.replace("one-key", changed)

    assert list(known.applications.values()) == [changed, NATIVE]
    assert list(known.applications) == ["fresh-key", "two-key"]
    assert known.find_application("one-key") is None


def test_a_removed_application_takes_its_account_and_nothing_else_with_it() -> None:
    known = registry(SERVER, NATIVE, THIRD, accounts=[ACCOUNT, SECOND_ACCOUNT])

    known.remove("one-key")
    known.remove("two-key")

    assert list(known.applications.values()) == [THIRD]
    assert known.service_accounts == {"svc-three": SECOND_ACCOUNT}


BAD_CHANGES: list[tuple[Application, ServiceAccount | None, str]] = [
    (replace(THIRD, name="one"), SECOND_ACCOUNT, "name"),
    (replace(THIRD, app_key="two-key"), SECOND_ACCOUNT, "app_key"),
    (replace(THIRD, service_account="svc-one"), None, "service_account"),
    (THIRD, None, "service_account"),
    (replace(THIRD, name="a/b"), SECOND_ACCOUNT, "name"),
    (THIRD, replace(SECOND_ACCOUNT, username="not an account"), "username"),
    (THIRD, ACCOUNT, "username"),
    (replace(NATIVE, name="four", app_key="four-key"), SECOND_ACCOUNT, "username"),
]


@every_case(("application", "account", "key"), BAD_CHANGES)
def test_what_does_not_fit_is_not_registered(
    application: Application, account: ServiceAccount | None, key: str
) -> None:
    known = registry(SERVER, NATIVE)
    before = known.copy()

    with pytest.raises(RegistryError) as caught:
        known.register(application, account)

    assert caught.value.place[-1] == key
    assert known == before


@every_case(
    ("changes", "key"),
    [
        ({"name": "two"}, "name"),
        ({"app_key": "two-key"}, "app_key"),
        ({"service_account": "svc-no"}, "service_account"),
        ({"distribution_list": "nobody"}, "distribution_list"),
    ],
)
def test_a_change_that_does_not_fit_changes_nothing(changes: dict[str, Any], key: str) -> None:
    known = registry(SERVER, NATIVE)
    before = known.copy()

    with pytest.raises(RegistryError) as caught:
        known.replace("one-key", replace(SERVER, **changes))

    assert caught.value.place[-1] == key
    assert known == before


def test_whoever_reads_is_not_disturbed_by_a_change() -> None:
    known = registry(SERVER, NATIVE)
    applications, accounts = iter(known.applications.items()), iter(known.service_accounts.items())
    assert next(applications) == ("one-key", SERVER)

    known.register(THIRD, SECOND_ACCOUNT)
    known.replace("two-key", replace(NATIVE, name="renamed"))
    known.remove("one-key")

    assert list(applications) == [("two-key", NATIVE)]
    assert list(accounts) == [("svc-one", ACCOUNT)]
    assert [each.name for each in known.applications.values()] == ["renamed", "three"]


def test_changes_to_a_copy_do_not_reach_the_original() -> None:
    original = registry(SERVER, NATIVE)
    original.copy().remove("one-key")

    assert original.find_application("one") is SERVER


def test_what_is_secret_follows_every_change() -> None:
    known = registry(SERVER)
    before = set(known.secrets)
    assert before == {"one-secret", "one-password", "alice-password"}

    twin = known.copy()
    twin.register(THIRD, SECOND_ACCOUNT)
    assert set(twin.secrets) == before | {SECOND_ACCOUNT.password, THIRD.app_secret}
    assert set(known.secrets) == before

    twin.remove(THIRD.app_key)
    assert set(twin.secrets) == before


def test_registries_are_equal_that_know_the_same() -> None:
    known = registry(SERVER)
    twin = known.copy()
    _ = known.secrets
    assert twin == known
    twin.register(THIRD, SECOND_ACCOUNT)
    assert twin != known
    assert known != vars(known)
