"""Reset, clock, journal and signing keys over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from mock_sei.platform import Platform
from tests.support import Served


def test_reset_brings_the_seeded_state_back(
    control: httpx2.Client, served: Served, platform: Platform
) -> None:
    platform.state.registry.applications.clear()
    platform.clock.advance(days=1)

    assert control.post("/reset").status_code == 204

    assert platform.clock.is_machine
    assert len(platform.journal) == 0
    assert served.post_token().status_code == 200


def test_identifiers_repeat_under_the_same_seed(control: httpx2.Client, served: Served) -> None:
    def tracking_ids() -> list[str]:
        control.post("/reset", json={"seed": 7})
        return [served.post_token().headers["RequestTrackingId"] for _ in range(3)]

    first = tracking_ids()
    assert len(set(first)) == 3
    assert tracking_ids() == first


def test_reset_changes_behaviour_until_the_next_one(control: httpx2.Client, served: Served) -> None:
    control.post("/reset", json={"dialect": "rfc"})
    changed = served.post_token().json()["token_type"]
    control.post("/reset")

    assert (changed, served.post_token().json()["token_type"]) == ("Bearer", "BearerToken")


@pytest.mark.long
@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"dialect": "pirate"}, "dialect"),
        ({"dialct": "rfc"}, "did you mean dialect"),
        ({"certs_dir": "/elsewhere"}, "a reset cannot change it"),
    ],
)
def test_a_wrong_reset_resets_nothing(
    control: httpx2.Client, served: Served, body: dict[str, str], named: str
) -> None:
    served.post_token()

    answer = control.post("/reset", json=body)

    assert answer.status_code == 400
    assert named in answer.json()["detail"]
    assert len(served.platform.journal) == 1


def test_the_clock_can_be_set_advanced_and_stopped(control: httpx2.Client) -> None:
    moment = datetime(2027, 5, 1, 12, tzinfo=UTC)

    stopped = control.put("/clock", json={"now": moment.isoformat(), "frozen": True}).json()
    advanced = control.post("/clock/advance", json={"seconds": 1860}).json()
    running = control.put("/clock", json={"frozen": False}).json()

    assert datetime.fromisoformat(stopped["now"]) == moment
    assert stopped["frozen"] is True
    assert datetime.fromisoformat(advanced["now"]) == moment + timedelta(seconds=1860)
    assert control.get("/clock").json()["frozen"] is False
    assert datetime.fromisoformat(running["now"]) >= moment + timedelta(seconds=1860)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/clock", {"now": "2027-05-01T12:00:00"}),
        ("PUT", "/clock", {"now": "1066-10-14T09:00:00Z"}),
        ("PUT", "/clock", {"then": "2027-05-01T12:00:00Z"}),
        ("POST", "/clock/advance", {"seconds": -1}),
        ("POST", "/clock/advance", {"seconds": "soon"}),
        ("POST", "/clock/advance", {"seconds": 1e300}),
        ("POST", "/clock/advance", {"seconds": 31_000_000_000}),
    ],
)
def test_a_wrong_time_is_refused(
    control: httpx2.Client, platform: Platform, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = control.request(method, path, json=body)

    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert platform.clock.is_machine


def test_the_journal_is_read_and_cleared(control: httpx2.Client, served: Served) -> None:
    served.post_token(http=served.client("svc-web"))

    journal = control.get("/journal").json()

    (entry,) = journal["entries"]
    assert journal["dropped"] == 0
    assert entry["kind"] == "exchange"
    assert entry["listener"] == "two-way"
    assert entry["tls_version"] == "TLSv1.3"
    assert entry["certificate"]["common_name"] == "svc-web"
    assert entry["request"]["path"] == "/v2/oauthtoken"
    assert entry["response"]["status"] == 403
    assert (entry["expected"], entry["actual"]) == ("svc-demo", "svc-web")
    assert "svc-demo-password" not in str(journal)
    assert control.delete("/journal").status_code == 204
    assert control.get("/journal").json() == {"entries": [], "dropped": 0, "last": 0}


def test_tokens_of_a_rotated_key_live_until_it_is_retired(
    control: httpx2.Client, served: Served
) -> None:
    def kids() -> list[str]:
        keys = served.client().get("/.well-known/jwks.json").json()["keys"]
        return [key["kid"] for key in keys]

    old_token = served.headers()
    (old,) = kids()

    new = control.post("/signing-keys/rotate").json()["kid"]

    assert kids() == [new, old]
    assert served.get(headers=old_token).status_code == 200
    assert served.get().status_code == 200
    assert control.delete(f"/signing-keys/{old}").status_code == 204
    assert served.get(headers=old_token).status_code == 401
    assert served.get().status_code == 200
    control.post("/reset")
    assert kids() == [old]


@pytest.mark.parametrize("which", ["signing", "unknown"])
def test_the_signing_key_cannot_be_retired(
    control: httpx2.Client, platform: Platform, which: str
) -> None:
    kid = platform.state.oauth.keys.signing.kid

    answer = control.delete(f"/signing-keys/{kid if which == 'signing' else which}")

    assert answer.status_code == 400
    assert kid in answer.json()["detail"]
