"""Applications and accounts on two servers of one platform."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from mock_sei.errors import Rejected, UnknownApplication
from mock_sei.operations.applications import ListApplications
from mock_sei.operations.people import ListAccounts
from mock_sei.platform import Platform
from mock_sei.rules.departed import MOST_REMEMBERED, Departed
from mock_sei.rules.records import Application, ServiceAccount
from mock_sei.rules.stored import Stored
from tests.patience import PATIENCE
from tests.state.conftest import Servers, do, perform
from tests.support import registration

pytestmark = pytest.mark.long


def register(platform: Platform, name: str = "Nightly") -> Application:
    """An application with a service account, for which no key is made."""
    return do(
        platform,
        lambda: platform.portal.register(registration(name=name, certificate="own")),
    )


def account_of(platform: Platform, application: Application) -> ServiceAccount:
    return platform.registry.service_accounts[application.service_account or ""]


def names(platform: Platform) -> list[str]:
    return [each.name for each in platform.registry.applications.values()]


def seen(platform: Platform) -> Platform:
    """The platform after it has seen what the other server did."""
    platform.units.refresh()
    return platform


def test_an_application_is_known_at_the_other_server_with_its_keys_and_account(
    servers: Servers,
) -> None:
    made = register(servers.one)

    for other in (seen(servers.other), servers.start()):
        known = other.registry
        assert known.find_application("Nightly") == made
        assert known.find_application(made.app_key) == made
        assert known.find_application_of("svc-nightly") == made
        assert account_of(other, made) == account_of(servers.one, made)
        assert known.is_app_secret(made.app_secret or "")
        assert account_of(other, made).password in known.secrets


def test_a_single_page_application_brings_its_origin_and_scopes(servers: Servers) -> None:
    fields = registration(
        name="Pages",
        type="single-page",
        actor="end-user",
        redirect_addresses=["https://pages.example/done"],
    )
    made = do(servers.one, lambda: servers.one.portal.register(fields))
    changed = replace(made, scopes=("nightly",))
    do(servers.one, lambda: servers.one.registry.replace(made.app_key, changed))

    assert seen(servers.other).registry.is_page_origin("https://pages.example")
    assert "nightly" in servers.other.registry.scopes
    do(servers.one, lambda: servers.one.portal.remove("Pages"))
    assert not seen(servers.other).registry.is_page_origin("https://pages.example")
    assert "nightly" not in servers.other.registry.scopes


def test_all_servers_have_one_order_and_the_same_pages(servers: Servers) -> None:
    register(servers.one, "A")
    register(servers.other, "B")
    register(servers.one, "C")
    do(servers.one, lambda: servers.one.portal.change("A", {"name": "Z"}))
    do(servers.one, lambda: servers.one.portal.refresh_keys("B"))
    do(servers.one, lambda: servers.one.portal.remove("demo-spa"))

    listed = names(seen(servers.one))
    assert listed[-3:] == ["Z", "B", "C"]
    asked = [
        ListApplications(limit=2, after=after)
        for after in list(servers.one.registry.applications)[::2]
    ]
    pages = [perform(servers.one, each) for each in asked]
    accounts = perform(servers.one, ListAccounts())
    for other in (servers.other, servers.start()):
        assert names(seen(other)) == listed
        assert [perform(other, each) for each in asked] == pages
        assert perform(other, ListAccounts()) == accounts


def test_the_order_stays_when_older_records_changed_later_than_newer_ones(
    servers: Servers,
) -> None:
    """The other server gets the changes in the order of their last change."""
    for each in "ABC":
        register(servers.one, each)
    do(servers.one, lambda: servers.one.portal.change("A", {"name": "Z"}))

    assert names(seen(servers.other))[-3:] == ["Z", "B", "C"]
    page = servers.other.registry.applications.page(
        limit=9, after=servers.other.portal.require("Z").app_key
    )
    assert [each.name for each in page.records] == ["B", "C"]


def test_a_new_name_and_new_keys_replace_the_former_ones_everywhere(servers: Servers) -> None:
    before = register(servers.one)
    seen(servers.other)
    do(servers.other, lambda: servers.other.portal.change("Nightly", {"name": "Daily"}))
    after = do(servers.one, lambda: servers.one.portal.refresh_keys("Daily"))

    for each in (servers.one, seen(servers.other), servers.start()):
        known = each.registry
        assert known.find_application("Daily") == after
        assert known.find_application("Nightly") is None
        assert known.find_application(before.app_key) is None
        assert not known.is_app_secret(before.app_secret or "")
        with pytest.raises(UnknownApplication, match="renamed to Daily"):
            known.require_application("Nightly")


def test_names_that_two_applications_swapped_are_right_after_a_restart(servers: Servers) -> None:
    one = servers.one
    for name, new in (("demo-spa", "X"), ("demo-server", "demo-spa"), ("X", "demo-server")):
        do(one, lambda name=name, new=new: one.portal.change(name, {"name": new}))  # type: ignore[misc]

    for other in (seen(servers.other), servers.start()):
        for name in ("demo-spa", "demo-server"):
            assert other.portal.require(name) == one.portal.require(name)
            assert other.portal.require(name).name == name
        assert other.registry.find_application("X") is None


def test_a_deleted_application_is_gone_everywhere_and_for_good(servers: Servers) -> None:
    register(servers.one)
    do(seen(servers.other), lambda: servers.other.portal.remove("Nightly"))
    do(servers.other, lambda: servers.other.portal.remove("demo-server"))

    for each in (seen(servers.one), servers.start()):
        for name in ("Nightly", "demo-server"):
            with pytest.raises(UnknownApplication, match="it was deleted at"):
                each.portal.require(name)
        assert "svc-nightly" not in each.registry.service_accounts


def place_of(platform: Platform) -> int:
    row = platform.registry.service_accounts.find_row("svc-nightly")
    assert row is not None
    return row[0]


def test_no_place_is_given_twice(servers: Servers) -> None:
    """An account is known by its place, so a later one of the same name is another account."""
    register(servers.one)
    first = place_of(servers.one)
    do(servers.one, lambda: servers.one.portal.remove("Nightly"))

    for each in (seen(servers.other), servers.start()):
        register(each)
        assert place_of(each) > first
        first = place_of(each)
        do(each, lambda each=each: each.portal.remove("Nightly"))  # type: ignore[misc]


def test_of_two_servers_that_register_one_name_one_wins(servers: Servers) -> None:
    results: list[str] = []
    refused: list[str] = []
    start = threading.Barrier(8, timeout=PATIENCE)

    def run(platform: Platform) -> None:
        start.wait()
        try:
            results.append(register(platform).app_key)
        except Rejected as error:
            refused.append(str(error))

    threads = [
        threading.Thread(target=run, args=((servers.one, servers.other)[index % 2],))
        for index in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)

    assert len(results) == 1
    assert len(refused) == 7
    assert all("two applications have this name" in each for each in refused)
    for server in (seen(servers.one), seen(servers.other), servers.start()):
        assert names(server).count("Nightly") == 1
        assert server.portal.require("Nightly").app_key == results[0]


def test_a_reset_of_one_server_takes_the_newcomers_of_both(servers: Servers) -> None:
    register(servers.one)
    register(seen(servers.other), "Weekly")
    do(servers.one, lambda: servers.one.portal.remove("demo-server"))

    servers.one.reset(by="test_two")

    for each in (servers.one, seen(servers.other), servers.start()):
        for name in ("Nightly", "Weekly", "svc-nightly"):
            assert each.registry.departed.find(name) is not None
            with pytest.raises(UnknownApplication, match="removed by the reset of test_two"):
                each.registry.require_application(name)
        assert each.portal.require("demo-server").name == "demo-server"


def test_own_data_begins_with_an_application_of_the_other_server(servers: Servers) -> None:
    fields = registration(certificate="own", own_data=True)
    made = do(servers.one, lambda: servers.one.portal.register(fields))

    for other in (seen(servers.other), servers.start()):
        assert other.state.find_data(made) is not None
    do(servers.one, lambda: servers.one.portal.remove("Nightly"))
    assert seen(servers.other).state.find_data(made) is None


def test_the_newest_application_of_the_other_server_is_suggested(servers: Servers) -> None:
    for index in range(12):
        register(servers.one, f"Filler {index}")
    register(servers.one, "Zephyrus")

    with pytest.raises(UnknownApplication, match="did you mean Zephyrus"):
        seen(servers.other).registry.require_application("Zephyrs")


def test_ends_are_remembered_in_order_and_bounded() -> None:
    stored = Stored()
    departed = Departed(stored)
    departed.note(["first"], "first", "deleted")
    for index in range(MOST_REMEMBERED - 1):
        departed.note([str(index)], str(index), "deleted")
    departed.note(["first"], "first", "renamed to last")
    departed.note(["one more"], "one more", "deleted")

    assert departed.find("first") == "it was renamed to last"
    assert departed.find("0") is None
    assert departed.find("1") == "it was deleted"
