"""``?application=`` of the calls of the control API that concern records."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.cases import every_case
from tests.support import registration

pytestmark = pytest.mark.long

ONE = {"externalId": "ONE"}
CALLS = [
    ("GET", "/data", None),
    ("GET", "/data-keys", None),
    ("GET", "/data/investors", None),
    ("POST", "/data/investors", ONE),
    ("PUT", "/data/investors", [ONE]),
    ("DELETE", "/data/investors", None),
]
every_call = pytest.mark.parametrize(("method", "path", "body"), CALLS)


@pytest.fixture
def own(control: httpx2.Client, one_key: None) -> dict[str, Any]:
    """An application that was registered with own data."""
    del one_key
    answer = control.post("/applications", json=registration(name="own", own_data=True))
    assert answer.status_code == 201
    return dict(answer.json())


def everything(control: httpx2.Client) -> Any:
    """What can be seen of the shared records."""
    return [control.get(path).json() for path in ("/data", "/data-keys", "/data/investors")]


def test_it_is_registered_and_listed_with_own_data(
    control: httpx2.Client, own: dict[str, Any]
) -> None:
    assert own["own_data"] is True
    assert control.get("/applications/own").json()["own_data"] is True
    assert control.get("/applications/demo-server").json()["own_data"] is False


@pytest.mark.parametrize("known_as", ["name", "app_key", "service_account"])
@every_call
def test_a_call_for_an_application_leaves_the_shared_records_as_they_are(
    control: httpx2.Client,
    own: dict[str, Any],
    method: str,
    path: str,
    body: Any,
    known_as: str,
) -> None:
    before = everything(control)
    query = {"application": own[known_as]}

    answer = control.request(method, path, params=query, json=body)

    assert answer.is_success, answer.text
    assert everything(control) == before


@every_call
def test_a_call_without_an_application_leaves_its_records_as_they_are(
    control: httpx2.Client, own: dict[str, Any], method: str, path: str, body: Any
) -> None:
    query = {"application": own["name"]}
    before = control.get("/data/investors", params=query).json()

    assert control.request(method, path, json=body).is_success

    assert control.get("/data/investors", params=query).json() == before


def test_its_records_are_counted_listed_and_found_by_their_keys(
    control: httpx2.Client, own: dict[str, Any]
) -> None:
    query = {"application": own["app_key"]}

    assert control.put("/data/investors", params=query, json=[ONE]).json() == {"records": 1}
    assert control.post("/data/investors", params=query, json={"externalId": "TWO"}).json() == {
        "records": 2
    }

    assert control.get("/data", params=query).json()["investors"] == 2
    assert control.get("/data-keys", params=query).json()["investors"] == "ONE"
    listed = control.get("/data/investors", params=query | {"limit": "1", "start": "1"})
    assert listed.json() == [{"externalId": "TWO"}]
    assert control.delete("/data/investors", params=query).status_code == 204
    assert control.get("/data", params=query).json()["investors"] == 0
    assert "investors" not in control.get("/data-keys", params=query).json()


@every_case(
    ("query", "status", "error", "told"),
    [
        ({"application": "demo-server"}, 400, "Rejected", "own_data=True"),
        ({"application": "demo-sever"}, 404, "UnknownApplication", "did you mean demo-server?"),
        ({"application": ""}, 404, "UnknownApplication", "no application ''"),
        ({"aplication": "own"}, 400, "Rejected", "did you mean application?"),
        ({"limits": "1"}, 400, "Rejected", "limits"),
    ],
)
@every_call
def test_a_wrong_application_is_refused_and_changes_nothing(
    control: httpx2.Client,
    method: str,
    path: str,
    body: Any,
    query: dict[str, str],
    status: int,
    error: str,
    told: str,
) -> None:
    before = everything(control)

    answer = control.request(method, path, params=query, json=body)

    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["error"] == error
    assert told in problem["detail"]
    assert everything(control) == before


@pytest.mark.parametrize("value", ["true", 1, None, [], {}])
def test_own_data_is_true_or_false(control: httpx2.Client, value: Any) -> None:
    answer = control.post("/applications", json=registration(own_data=value))

    assert answer.status_code == 400
    assert answer.json()["problems"].keys() == {"own_data"}


def test_own_data_cannot_be_changed(control: httpx2.Client, own: dict[str, Any]) -> None:
    answer = control.patch(f"/applications/{own['app_key']}", json={"own_data": False})

    assert answer.status_code == 400
    assert "register another application" in answer.json()["problems"]["own_data"]
