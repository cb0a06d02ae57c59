"""Applications over HTTP: register, change, approve, refresh the keys of, delete."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei.platform import Platform
from tests.support import Served, registration


@pytest.fixture
def manual(control: httpx2.Client) -> None:
    control.post("/reset", json={"approval": "manual"})


def test_every_application_is_listed_and_found_by_key_or_name(control: httpx2.Client) -> None:
    listed = control.get("/applications").json()
    assert [each["name"] for each in listed][:2] == ["demo-server", "demo-web"]
    for known_as in ("demo-server", "demo-server-key"):
        one = control.get(f"/applications/{known_as}").json()
        assert one == listed[0]
    assert listed[0]["certificate"] == "sei"
    assert listed[0]["environments"] == ["build", "sandbox", "test", "production"]


def registered_password(served: Served, username: str) -> str:
    return served.platform.registry.require_account(username).password


def test_one_is_registered_and_works(control: httpx2.Client, served: Served) -> None:
    answer = control.post("/applications", json=registration(products=["sma-trade-orders"]))

    assert answer.status_code == 201
    made = answer.json()
    assert made["approved"] is True
    assert made["service_account"] == "svc-nightly"
    assert made["products"] == ["sma-trade-orders"]
    assert made.pop("password") == registered_password(served, "svc-nightly")
    files = made.pop("certificate_files")
    assert [control.get(urlsplit(each).path).status_code for each in files] == [200, 200]
    assert control.get("/applications").json()[-1] == made
    pair = (made["app_key"], made["app_secret"])
    assert served.post_token("Nightly", auth=pair).status_code == 200


def test_manual_approval_waits_and_approving_again_mails_nothing(
    control: httpx2.Client, served: Served, manual: None
) -> None:
    del manual
    waiting = control.post("/applications", json=registration()).json()
    assert waiting["approved"] is False
    assert served.post_token("Nightly").status_code == 401
    assert control.get("/mailbox").json() == {"messages": []}

    for _ in range(2):
        answer = control.post("/applications/Nightly/approve")
        assert answer.status_code == 200
        assert waiting | {"approved": True} == {**waiting, **answer.json()}

    assert served.post_token("Nightly").status_code == 200
    assert len(control.get("/mailbox").json()["messages"]) == 3


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "demo-server"}, "name"),
    ({"name": None}, "name"),
    ({"name": "\ud800"}, "name"),
    ({"name": "new"}, "name"),
    ({"type": "robot"}, "type"),
    ({"actor": "end-user"}, "owner"),
    ({"distribution_list": "a@example.com\nBcc: b@example.com"}, "distribution_list"),
    ({"products": ["nothing"]}, "products"),
    ({"products": "all"}, "products"),
    ({"environments": []}, "environments"),
    ({"source_addresses": ["10.0.0.1/24"]}, "source_addresses"),
    ({"redirect_addresses": ["javascript:alert(1)"]}, "redirect_addresses"),
    ({"scopes": ["\ud800"]}, "scopes"),
    ({"scopes": ["a b"]}, "scopes"),
    ({"certificate": "mine"}, "certificate"),
    ({"saml_certificate": "none"}, "saml_certificate"),
    ({"app_key": "chosen"}, "app_key"),
    ({"approved": True}, "approved"),
    ({"unknown": 1}, "unknown"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_wrong_field_is_named_and_nothing_done(
    control: httpx2.Client,
    platform: Platform,
    method: str,
    changes: dict[str, Any],
    field: str,
) -> None:
    path, body = "/applications", registration(**changes)
    if method == "PATCH":
        control.post("/applications", json=registration())
        path, body = "/applications/Nightly", changes
        field = "actor" if field == "owner" else field  # what is changed is named
    before = platform.state.registry.copy()

    answer = control.request(
        method, path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert field in str(answer.json()["detail"])
    assert platform.state.registry == before


@pytest.mark.parametrize("field", ["name", "type", "actor"])
def test_a_missing_field_is_named(control: httpx2.Client, field: str) -> None:
    body = registration()
    del body[field]
    answer = control.post("/applications", json=body)
    assert answer.status_code == 400
    assert answer.json()["problems"] == {field: "missing"}


def test_problems_are_told_by_field(control: httpx2.Client) -> None:
    answer = control.post("/applications", json=registration(name="a/b", products=[]))
    assert answer.status_code == 400
    assert answer.json()["problems"].keys() == {"name", "products"}


def test_a_change_is_one_field_or_several(control: httpx2.Client, served: Served) -> None:
    control.post("/applications", json=registration())
    made = control.get("/applications/Nightly").json()

    answer = control.patch(
        "/applications/Nightly", json={"name": "Daily", "source_addresses": ["203.0.113.7"]}
    )

    assert answer.status_code == 200
    assert answer.json() == made | {"name": "Daily", "source_addresses": ["203.0.113.7"]}
    assert served.post_token("Daily").status_code == 403
    assert control.patch(f"/applications/{made['app_key']}", json={}).json() == answer.json()
    assert control.get("/applications/Nightly").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"), [("type", "native"), ("actor", "end-user"), ("owner", "sei-internal")]
)
def test_another_kind_is_another_application(
    control: httpx2.Client, field: str, value: str
) -> None:
    answer = control.patch("/applications/demo-server", json={field: value})
    assert answer.status_code == 400
    assert "cannot be changed" in answer.json()["problems"][field]


def test_refreshed_keys_end_the_old_ones(control: httpx2.Client, served: Served) -> None:
    headers = served.headers()

    new = control.post("/applications/demo-server/keys").json()

    assert new["app_key"] != "demo-server-key"
    old = ("demo-server-key", "demo-server-secret")
    assert served.post_token("demo-server", auth=old).status_code == 401
    assert served.get(headers=headers).status_code == 401
    assert control.get("/applications/demo-server-key").status_code == 404
    pair = (new["app_key"], new["app_secret"])
    assert served.post_token("demo-server", auth=pair).status_code == 200


def test_a_deleted_application_is_gone(control: httpx2.Client, served: Served) -> None:
    headers = served.headers()

    answer = control.delete("/applications/demo-server")

    assert (answer.status_code, answer.content) == (204, b"")
    assert control.get("/applications/demo-server").status_code == 404
    assert control.delete("/applications/demo-server").status_code == 404
    assert control.get("/service-accounts/svc-demo/certificates").status_code == 404
    assert len(control.get("/applications").json()) == 5
    http = served.client("svc-web")
    assert served.get(headers=headers, http=http).status_code == 401
    control.post("/reset")
    assert control.get("/applications/demo-server").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/applications/nobody", None),
        ("PATCH", "/applications/nobody", {"name": "x"}),
        ("DELETE", "/applications/nobody", None),
        ("POST", "/applications/nobody/approve", None),
        ("POST", "/applications/nobody/keys", None),
        ("GET", "/applications/%20", None),
        ("GET", "/applications/%00", None),
    ],
)
def test_an_unknown_application_names_those_there_are(
    control: httpx2.Client, method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = control.request(method, path, json=body)
    assert answer.status_code == 404
    assert "there are demo-server, demo-web" in answer.json()["detail"]


def many(platform: Platform, number: int) -> None:
    spa = platform.registry.require_application("demo-spa")
    for each in range(number):
        platform.registry.register(replace(spa, name=f"page {each}", app_key=f"key-{each}"), None)


@pytest.mark.long
def test_applications_come_in_parts_with_how_many_there_are(
    control: httpx2.Client, platform: Platform
) -> None:
    many(platform, 1100)
    there = list(platform.registry.applications)

    def told(query: str) -> tuple[list[str], str, str]:
        answer = control.get(f"/applications?{query}")
        keys = [each["app_key"] for each in answer.json()]
        return keys, answer.headers["X-Total-Count"], answer.headers["X-Earlier-Count"]

    assert told("") == (there[:1000], "1106", "0")
    assert told(f"after={there[999]}") == (there[1000:], "1106", "1000")
    assert told("limit=3&after=demo-server-key") == (there[1:4], "1106", "1")
    answer = control.get("/applications?after=nobody")
    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownApplication")
    assert answer.json()["detail"].endswith("page 3 and 1,096 more")


def test_a_part_goes_on_where_it_ended_whatever_was_changed_meanwhile(
    control: httpx2.Client, platform: Platform
) -> None:
    many(platform, 4)
    platform.portal.remove("page 0")
    platform.portal.refresh_keys("page 1")

    rest = control.get("/applications?after=demo-limited-key").json()

    assert [each["name"] for each in rest] == ["page 1", "page 2", "page 3"]


@pytest.mark.long
def test_connection_details_are_bounded_and_say_how_many_there_are(
    control: httpx2.Client, platform: Platform
) -> None:
    many(platform, 1100)

    details = control.get("/").json()

    assert len(details["applications"]) == 1000
    assert details["counts"] == {"applications": 1106, "service_accounts": 4, "end_users": 2}
    assert len(control.get("/?limit=2").json()["service_accounts"]) == 2


def test_one_account_is_told_with_its_application(control: httpx2.Client) -> None:
    account = control.get("/service-accounts/svc-demo").json()

    assert (account["username"], account["password"]) == ("svc-demo", "svc-demo-password")
    assert account["application"] == control.get("/applications/demo-server").json()
    assert [each["username"] for each in control.get("/service-accounts").json()] == [
        "svc-demo",
        "svc-web",
        "svc-internal",
        "svc-limited",
    ]
    assert [
        each["username"] for each in control.get("/service-accounts?after=svc-web&limit=1").json()
    ] == ["svc-internal"]


def test_one_end_user_is_told(control: httpx2.Client) -> None:
    alice = {"email": "alice@example.com", "password": "alice-password"}

    assert control.get("/end-users/alice@example.com").json() == alice
    assert control.get("/end-users?limit=1").json() == [alice]
    assert len(control.get("/end-users?after=alice@example.com").json()) == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/service-accounts/nobody", "UnknownAccount"),
        ("/service-accounts?after=nobody", "UnknownAccount"),
        ("/end-users/nobody", "UnknownUser"),
        ("/end-users?after=nobody", "UnknownUser"),
    ],
)
def test_who_is_not_there_is_said(control: httpx2.Client, path: str, error: str) -> None:
    answer = control.get(path)

    assert (answer.status_code, answer.json()["error"]) == (404, error)
    assert "'nobody'; there are " in answer.json()["detail"]
