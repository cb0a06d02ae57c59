"""The own data of applications: when it begins and ends, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from mock_sei.apis.api_state import ApiState, Contents, Shelf
from mock_sei.apis.collections import Collections, Seed
from mock_sei.apis.jobs import Jobs
from mock_sei.apis.own_data import OwnData
from mock_sei.apis.spooled import Content
from mock_sei.apis.times import find_zone
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Actor, ApplicationType
from tests.growth import Action, assert_flat

ONE = Application(
    name="one",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="one-key",
    app_secret="one-secret",
    service_account="svc-one",
    own_data=True,
)
SHARING = replace(ONE, name="sharing", app_key="sharing-key", own_data=False)


class Making:
    """Makes data from one seed, on one shelf."""

    def __init__(self, count: int = 3) -> None:
        self.shelf = Shelf()
        self.seed = Seed({"widgets": tuple({"id": f"w{number}"} for number in range(count))})

    def __call__(self, name: str = "apis") -> ApiState:
        random = Random(1)  # noqa: S311  # equal results in each run
        return ApiState(
            collections=Collections(self.seed, name=f"{name}/records"),
            jobs=Jobs(random, name=name),
            random=random,
            zone=find_zone("America/New_York"),
            contents=Contents(self.shelf),
            is_own=True,
        )


@pytest.fixture
def making() -> Making:
    return Making()


def required(own: OwnData, application: Application) -> ApiState:
    found = own.find(application)
    assert found is not None
    return found


def test_only_an_application_with_own_data_has_some(making: Making) -> None:
    own = OwnData(making, [])
    own.follow(None, ONE)
    own.follow(None, SHARING)

    assert own.find(ONE) is not None
    assert own.find(SHARING) is None
    assert len(own) == 1


def test_the_applications_of_the_start_have_theirs_at_once(making: Making) -> None:
    own = OwnData(making, [ONE])

    assert own.find(ONE) is not None


def test_a_change_and_a_new_key_keep_the_data(making: Making) -> None:
    own = OwnData(making, [ONE])
    data = own.find(ONE)
    renamed = replace(ONE, name="renamed")
    with_new_key = replace(renamed, app_key="new-key")

    own.follow(ONE, renamed)
    own.follow(renamed, with_new_key)

    assert own.find(with_new_key) is data
    assert own.find(ONE) is None
    assert len(own) == 1


def test_a_record_that_is_registered_anew_with_own_data_gets_some_and_without_loses_it(
    making: Making,
) -> None:
    own = OwnData(making, [])
    with_data = replace(SHARING, own_data=True)

    own.follow(SHARING, with_data)
    assert own.find(with_data) is not None

    own.follow(with_data, SHARING)
    assert len(own) == 0


def test_a_removal_frees_its_files_and_keeps_no_later_ones(making: Making) -> None:
    own = OwnData(making, [ONE])
    data = required(own, ONE)
    data.contents["a"] = Content.of(b"1234")
    shared = Contents(making.shelf)
    shared["b"] = Content.of(b"12")

    own.follow(ONE, None)
    data.contents["late"] = Content.of(b"123")

    assert own.find(ONE) is None
    assert (list(data.contents), list(shared)) == ([], ["b"])
    assert (len(making.shelf), making.shelf.size) == (1, 2)


def test_the_end_of_a_platform_state_frees_the_files_of_all(making: Making) -> None:
    two = replace(ONE, app_key="two-key")
    own = OwnData(making, [ONE, two])
    required(own, ONE).contents["a"] = Content.of(b"1")
    required(own, two).contents["a"] = Content.of(b"1")

    own.end()

    assert (len(making.shelf), making.shelf.size) == (0, 0)


def test_the_oldest_file_of_all_records_is_let_go_of_first(making: Making) -> None:
    own = OwnData(making, [ONE])
    data, shared = required(own, ONE), Contents(making.shelf)
    shared["first"] = Content.of(b"1")
    data.contents["second"] = Content.of(b"2")
    shared["third"] = Content.of(b"3")

    making.shelf.let_go_of_oldest()
    making.shelf.let_go_of_oldest()

    assert (list(shared), list(data.contents)) == (["third"], [])
    assert making.shelf.let_go_of_oldest()
    assert not making.shelf.let_go_of_oldest()


def test_equal_keys_of_two_applications_are_two_files(making: Making) -> None:
    one, other = Contents(making.shelf), Contents(making.shelf)
    one["k"], other["k"] = Content.of(b"1"), Content.of(b"22")

    one.drop("k")

    assert other["k"].read() == b"22"
    assert making.shelf.size == 2


def test_what_one_writes_is_not_in_the_seed_nor_with_another(making: Making) -> None:
    two = replace(ONE, app_key="two-key")
    own = OwnData(making, [ONE, two])

    required(own, ONE).collections.add("widgets", [{"id": "new"}])
    required(own, two).collections.change("widgets", lambda _: ())

    assert len(required(own, ONE).collections.table("widgets")) == 4
    assert len(required(own, two).collections.table("widgets")) == 0
    assert len(making.seed.table("widgets")) == 3


@pytest.mark.long
def test_a_registration_copies_no_records() -> None:
    def make(count: int) -> Action:
        making = Making(count)
        making().collections.find("widgets", "id", "w1")
        own = OwnData(making, [])

        def act() -> None:
            own.follow(None, ONE)
            required(own, ONE).collections.add_new("widgets", "id", {"id": "new"})
            own.follow(ONE, None)

        return act

    assert_flat(make, many=20_000)


@pytest.mark.long
def test_finding_registering_and_removing_cost_the_same_among_many(making: Making) -> None:
    def make(count: int) -> Action:
        own = OwnData(making, [replace(ONE, app_key=f"key-{each}") for each in range(count)])

        def act() -> None:
            own.follow(None, ONE)
            required(own, ONE).contents["a"] = Content.of(b"1")
            own.follow(ONE, None)

        return act

    assert_flat(make)
