"""The journal in the portal: what it shows, what it leaves out."""

from __future__ import annotations

from mock_sei.standards import Listener
from tests.support import TICKETS, Platform

PAGE = "/portal/journal"


def page(platform: Platform, query: str = "") -> str:
    answer = platform.client(None, listener=Listener.ONE_WAY).get(PAGE + query)
    assert answer.status_code == 200
    return str(answer.text)


def test_refusals_stand_there_with_their_reason_and_both_values(platform: Platform) -> None:
    platform.post_token(http=platform.client("svc-web"))

    shown = page(platform)

    assert "POST /v2/oauthtoken 403" in shown
    assert "Refused by certificate name" in shown
    assert "<dd>svc-demo</dd>" in shown
    assert "<dd>svc-web</dd>" in shown
    assert "svc-demo-password" not in shown


def test_refused_ones_can_be_looked_at_alone(platform: Platform) -> None:
    platform.get()
    platform.get(f"{TICKETS}?limit=x")

    assert f"GET {TICKETS} 200" in page(platform)
    refused = page(platform, "?refused=true")
    assert f"GET {TICKETS} 200" not in refused
    assert f"GET {TICKETS} 400" in refused


def test_pages_of_the_portal_are_not_in_the_way(platform: Platform) -> None:
    page(platform)
    assert "Nothing since the last reset" in page(platform)

    platform.client(None, listener=Listener.ONE_WAY).get("/portal/nowhere")

    assert "GET /portal/nowhere 404" in page(platform)


def test_what_a_client_sent_is_escaped(platform: Platform) -> None:
    platform.get("/<script>alert(1)</script>")

    assert "<script>" not in page(platform)
