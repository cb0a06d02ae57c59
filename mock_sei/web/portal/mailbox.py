"""The mailbox: every mail the platform would have sent."""

from __future__ import annotations

import re

from fastapi import Response

from mock_sei.errors import UnknownMessage
from mock_sei.portal.mailbox import Mail
from mock_sei.web.downloads import attachment
from mock_sei.web.portal.applications import stamp
from mock_sei.web.portal.visit import HOME, Visit

MAILBOX = f"{HOME}/mailbox"

_ADDRESS = re.compile(r"(https://[^\s<>\"]+)")


def mailbox(visit: Visit) -> Response:
    now = visit.sandbox.clock.now()
    mails = [
        {
            "number": each.number,
            "subject": each.subject,
            "recipient": each.recipient,
            "sent": stamp(each.sent_at),
            "link_state": each.link.state(now) if each.link else None,
        }
        for each in reversed(visit.portal.mailbox.messages)
    ]
    return visit.show("mailbox.html", mails=mails, now=stamp(now))


def mail(visit: Visit) -> Response:
    found = _find(visit)
    link = found.link
    return visit.show(
        "mail.html",
        mail=found,
        sent=stamp(found.sent_at),
        link=link,
        link_state=link.state(visit.sandbox.clock.now()) if link else None,
        parts=[
            (part, part if _ADDRESS.fullmatch(part) else None)
            for part in _ADDRESS.split(found.text)
        ],
        chrome=visit.uses_chrome,
    )


def eml(visit: Visit) -> Response:
    found = _find(visit)
    return attachment(f"mail-{found.number}.eml", bytes(found.message()))


def clear(visit: Visit) -> Response:
    visit.portal.mailbox.clear()
    return visit.go(MAILBOX)


def _find(visit: Visit) -> Mail:
    number = visit.request.path_params["number"]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise UnknownMessage(f"no mail {number[:20]!r}")
    return visit.portal.mailbox.require(int(number))
