"""The journal in the portal: what it shows, what it leaves out."""

from __future__ import annotations

from mock_sei.rules.standards import Listener
from tests.support import TICKETS, Served

PAGE = "/portal/journal"


def page(served: Served, query: str = "") -> str:
    answer = served.client(None, listener=Listener.ONE_WAY).get(PAGE + query)
    assert answer.status_code == 200
    return str(answer.text)


def test_refusals_stand_there_with_their_reason_and_both_values(served: Served) -> None:
    served.post_token(http=served.client("svc-web"))

    shown = page(served)

    assert "POST /v2/oauthtoken 403" in shown
    assert "Refused by certificate name" in shown
    assert "<dd>svc-demo</dd>" in shown
    assert "<dd>svc-web</dd>" in shown
    assert "svc-demo-password" not in shown


def test_refused_ones_can_be_looked_at_alone(served: Served) -> None:
    served.get()
    served.get(f"{TICKETS}?limit=x")

    assert f"GET {TICKETS} 200" in page(served)
    refused = page(served, "?refused=true")
    assert f"GET {TICKETS} 200" not in refused
    assert f"GET {TICKETS} 400" in refused


def test_pages_of_the_portal_are_not_in_the_way(served: Served) -> None:
    page(served)
    assert "There was no request since the last reset" in page(served)

    served.client(None, listener=Listener.ONE_WAY).get("/portal/nowhere")

    assert "GET /portal/nowhere 404" in page(served)


def test_what_a_client_sent_is_escaped(served: Served) -> None:
    served.get("/<script>alert(1)</script>")

    assert "<script>" not in page(served)
