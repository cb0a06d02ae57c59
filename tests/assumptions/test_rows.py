"""Every assumption: by default a client sees its default, changed it sees the change."""

from __future__ import annotations

from itertools import permutations

import pytest

from mock_sei.assumptions.groups import APP_KEY, CERTIFICATE_NAME, SCOPE, TOKEN
from mock_sei.assumptions.refusals import MEMBERS
from mock_sei.assumptions.table import ROWS
from mock_sei.errors import ConfigurationError
from tests.assumptions.looking import SIGHTS
from tests.assumptions.provoking import PROVOKED
from tests.support import TICKETS, Served


def assume(served: Served, **rows: object) -> None:
    served.platform.reset({"assumptions": rows})


def test_every_row_is_seen_by_a_test() -> None:
    of_refusals = {f"refusal.{name}.{member}" for name in PROVOKED for member in MEMBERS}

    assert SIGHTS.keys() | of_refusals == ROWS.keys()
    for name, sight in SIGHTS.items():
        assert sight.other != ROWS[name].default


@pytest.mark.long
@pytest.mark.parametrize("name", SIGHTS)
def test_a_client_sees_the_default_of_a_row(served: Served, name: str) -> None:
    sight = SIGHTS[name]

    assert sight.look(served) == (ROWS[name].default or sight.default or ROWS[name].default)


@pytest.mark.parametrize("name", SIGHTS)
def test_a_client_sees_the_changed_value_of_a_row_until_the_next_reset(
    served: Served, name: str
) -> None:
    sight = SIGHTS[name]
    assume(served, **{name: sight.other})

    assert sight.look(served) == sight.other

    served.platform.reset()
    assert served.platform.state.behaviour.assumptions == {}


def test_the_token_type_of_an_assumption_wins_over_the_dialect(served: Served) -> None:
    served.platform.reset({"dialect": "rfc"})
    assert served.post_token().json()["token_type"] == "Bearer"

    served.platform.reset({"dialect": "rfc", "assumptions": {"token.type": "BearerToken"}})

    assert served.post_token().json()["token_type"] == "BearerToken"


@pytest.mark.parametrize("value", ["first", "last", "refuse"])
def test_a_repeated_parameter_counts_once_or_is_refused(served: Served, value: str) -> None:
    assume(served, **{"request.repeated_parameter": value})

    assert SIGHTS["request.repeated_parameter"].look(served) == value
    assert served.get(f"{TICKETS}?limit=2").status_code == 200


@pytest.mark.long
def test_an_unknown_parameter_that_is_refused_is_named_and_known_ones_are_not(
    served: Served,
) -> None:
    assume(served, **{"request.unknown_parameter": "refuse"})

    (error,) = served.get(f"{TICKETS}?limti=2&limit=2").json()["errors"]

    assert (error["field"], error["location"]) == ("limti", "query")


def test_the_usual_name_of_a_renamed_parameter_means_nothing(served: Served) -> None:
    assume(served, **{"paging.limit": "pageSize", "paging.cursor": "page"})

    paging = served.get(f"{TICKETS}?limit=1&cursor=nonsense&pageSize=2").json()["paging"]

    assert paging["pageSize"] == 2
    notes = " ".join(served.platform.journal.last.findings.notes)
    assert "has no parameter limit; ignored" in notes
    wrong = served.get(f"{TICKETS}?page=nonsense!").json()
    assert [each["field"] for each in wrong["errors"]] == ["page"]


ORDERS = list(permutations((APP_KEY, TOKEN, SCOPE, CERTIFICATE_NAME)))


def is_possible(order: tuple[str, ...]) -> bool:
    return order.index(TOKEN) < min(order.index(SCOPE), order.index(CERTIFICATE_NAME))


@pytest.mark.parametrize("order", [each for each in ORDERS if is_possible(each)])
def test_the_gateway_checks_in_every_possible_order(served: Served, order: tuple[str, ...]) -> None:
    assume(served, **{"gateway.order": list(order)})

    assert SIGHTS["gateway.order"].look(served) == list(order)
    assert served.get().status_code == 200


@pytest.mark.parametrize("order", [each for each in ORDERS if not is_possible(each)])
def test_an_order_with_a_check_before_what_it_needs_is_refused_with_the_reason(
    served: Served, order: tuple[str, ...]
) -> None:
    before = served.platform.state

    with pytest.raises(ConfigurationError, match=r"must stand after token: .* from the token"):
        assume(served, **{"gateway.order": list(order)})

    assert served.platform.state is before


@pytest.mark.parametrize(
    "order", [(APP_KEY, TOKEN, SCOPE, CERTIFICATE_NAME), (TOKEN, APP_KEY, SCOPE, CERTIFICATE_NAME)]
)
def test_a_token_of_another_application_is_refused_in_every_order(
    served: Served, order: tuple[str, ...]
) -> None:
    assume(served, **{"gateway.order": list(order)})
    headers = served.headers(token=served.token())
    headers["AppKey"] = "demo-web-key"

    answer = served.get(http=served.client("svc-web"), headers=headers)

    assert answer.status_code == 401
    assert "not issued to the application" in (served.platform.journal.last.refused_because or "")


def test_the_journal_has_the_checks_in_the_order_in_which_they_ran(served: Served) -> None:
    assume(served, **{"gateway.order": [TOKEN, CERTIFICATE_NAME, APP_KEY, SCOPE]})

    served.get()

    way = [each.check for each in served.platform.journal.last.checks]
    assert way[-5:] == ["access token", "certificate name", "AppKey", "scope", "parameters"]
