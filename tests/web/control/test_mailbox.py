"""The mailbox over HTTP: messages, files, and emptying it."""

from __future__ import annotations

import email
import email.policy
from datetime import datetime, timedelta

import httpx2
import pytest

from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Letter
from tests.support import Served, registration


def test_an_empty_mailbox_has_no_messages(control: httpx2.Client) -> None:
    assert control.get("/mailbox").json() == {"messages": []}


def test_every_mail_is_there_oldest_first(control: httpx2.Client, platform: Platform) -> None:
    control.post("/applications", json=registration())

    messages = control.get("/mailbox").json()["messages"]

    assert [each["number"] for each in messages] == [1, 2, 3]
    assert {each["recipient"] for each in messages} == {"team@example.com"}
    assert messages[0]["sender"] == "SEI API Platform (mock-sei) <noreply@seic.com>"
    assert messages[0]["subject"] == "Service account user name for Nightly"
    assert "svc-nightly" in messages[0]["text"]
    sent = datetime.fromisoformat(messages[0]["sent"])
    assert platform.clock.now() - sent < timedelta(minutes=1)
    assert [each["link"] is None for each in messages] == [True, True, False]


def test_a_mailed_link_says_whether_it_lives(control: httpx2.Client, served: Served) -> None:
    link = control.post("/service-accounts/svc-demo/certificate-links").json()

    def mailed() -> dict[str, str]:
        found: dict[str, str] = control.get("/mailbox").json()["messages"][0]["link"]
        return found

    assert (mailed()["url"], mailed()["expires"]) == (link["url"], link["expires"])
    assert mailed()["state"].startswith("live until ")
    control.delete("/applications/demo-server")
    assert mailed()["state"] == "dead: its application was deleted"
    assert served.platform.portal.mailbox.last.number == 1


def test_a_notice_is_there_when_its_time_has_come(control: httpx2.Client) -> None:
    control.post("/applications", json=registration())
    control.post("/clock/advance", json={"seconds": 725 * 86400})

    subjects = [each["subject"] for each in control.get("/mailbox").json()["messages"]]

    assert [each for each in subjects if "svc-nightly ends" in each] == [
        f"Certificate of svc-nightly ends in {days} days" for days in (90, 30, 7)
    ]


def test_one_mail_is_a_file(control: httpx2.Client) -> None:
    control.post("/applications", json=registration(name="Zürich =?utf-8?q?a=0D=0AX-Evil:_1?="))

    answer = control.get("/mailbox/1.eml")

    assert answer.headers["Content-Type"] == "message/rfc822"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mail-1.eml"'
    read = email.message_from_bytes(answer.content, policy=email.policy.default)
    assert str(read["Subject"]).startswith("Service account user name for Zürich")
    assert "X-Evil" not in read


@pytest.mark.parametrize(
    ("number", "status"), [("1", 404), ("0", 404), ("-1", 404), ("one", 422), ("9" * 30, 404)]
)
def test_a_mail_that_is_not_there_is_not_found(
    control: httpx2.Client, number: str, status: int
) -> None:
    answer = control.get(f"/mailbox/{number}.eml")
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_the_mailbox_is_emptied_and_by_a_reset_too(control: httpx2.Client) -> None:
    control.post("/service-accounts/svc-demo/certificate-links")
    assert control.delete("/mailbox").status_code == 204
    assert control.get("/mailbox").json() == {"messages": []}
    control.post("/service-accounts/svc-demo/certificate-links")
    assert control.get("/mailbox").json()["messages"][0]["number"] == 2
    control.post("/reset")
    assert control.get("/mailbox").json() == {"messages": []}


def counts(answer: httpx2.Response) -> tuple[int, int]:
    return int(answer.headers["X-Total-Count"]), int(answer.headers["X-Earlier-Count"])


@pytest.mark.long
def test_the_mailbox_comes_in_parts(control: httpx2.Client, platform: Platform) -> None:
    for number in range(1003):
        letter = Letter(sender="mock-sei", subject=f"mail {number}", text="text")
        platform.portal.mailbox.send(letter, to=f"{number % 2}@x.example", at=platform.clock.now())

    def told(query: str) -> tuple[list[int], tuple[int, int]]:
        answer = control.get(f"/mailbox?{query}")
        return [each["number"] for each in answer.json()["messages"]], counts(answer)

    assert told("") == (list(range(4, 1004)), (1003, 3))
    assert told("after=0") == (list(range(1, 1001)), (1003, 0))
    assert told("after=1000") == ([1001, 1002, 1003], (1003, 1000))
    assert told("limit=2") == ([1002, 1003], (1003, 1001))
    assert told("before=3") == ([1, 2], (1003, 0))
    assert told("before=9&limit=1") == ([8], (1003, 7))
    assert told("after=5&before=8") == ([6, 7], (1003, 5))
    assert told("after=2000") == ([], (1003, 1003))
    assert told("to=1@x.example&limit=2") == ([1000, 1002], (501, 499))
    assert told("about=mail 77&limit=1")[0] == [780]
    assert told("to=nobody") == ([], (0, 0))


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "after=x", "before=-1", "limit="])
def test_a_part_that_cannot_be_meant_is_refused(control: httpx2.Client, query: str) -> None:
    assert control.get(f"/mailbox?{query}").status_code in (400, 422)
