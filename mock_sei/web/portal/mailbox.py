"""The mailbox's pages: all mails that the platform would have sent."""

from __future__ import annotations

import re

from fastapi import Response

from mock_sei.errors import UnknownMessage
from mock_sei.portal.mailbox import Mail
from mock_sei.rules.addresses import HOME
from mock_sei.values.texts import spelled
from mock_sei.web.downloads import attachment
from mock_sei.web.portal.time_line import stamp
from mock_sei.web.portal.visit import PAGE, Visit, query_of

MAILBOX = f"{HOME}/mailbox"

_ADDRESS = re.compile(r"(https://[^\s<>\"]+)")


def mailbox(visit: Visit) -> Response:
    """One page of the mails, newest first.

    ``before`` and ``after`` give the number of the mail at which the neighbouring page ends.
    """
    now = visit.platform.clock.now()
    asked = visit.request.query_params
    found = visit.portal.mailbox.page(
        limit=PAGE, before=_number(asked.get("before")), after=_number(asked.get("after"))
    )
    mails = [
        {
            "number": each.number,
            "subject": each.subject,
            "recipient": each.recipient,
            "sent": stamp(each.sent_at),
            "link_state": each.link.state(now) if each.link else None,
        }
        for each in reversed(found.mails)
    ]
    newest, oldest = (found.mails[-1].number, found.mails[0].number) if mails else (0, 0)
    return visit.show(
        "mailbox.html",
        mails=mails,
        now=stamp(now),
        count=found.count,
        shown=f"{found.later + 1:,} to {found.later + len(mails):,} of {found.count:,}",
        earlier=MAILBOX + query_of(after=newest) if mails and found.later else None,
        later=MAILBOX + query_of(before=oldest) if mails and found.earlier else None,
    )


def mail(visit: Visit) -> Response:
    """The page of one mail."""
    found = _find(visit)
    link = found.link
    return visit.show(
        "mail.html",
        mail=found,
        sent=stamp(found.sent_at),
        link=link,
        link_state=link.state(visit.platform.clock.now()) if link else None,
        parts=[
            (part, part if _ADDRESS.fullmatch(part) else None)
            for part in _ADDRESS.split(found.text)
        ],
        chrome=visit.uses_chrome,
    )


def eml(visit: Visit) -> Response:
    """Downloads one mail as an .eml file."""
    found = _find(visit)
    return attachment(f"mail-{found.number}.eml", bytes(found.message()))


def clear(visit: Visit) -> Response:
    """Deletes all mails."""
    visit.portal.mailbox.clear()
    return visit.go(MAILBOX)


def _find(visit: Visit) -> Mail:
    text = visit.request.path_params["number"]
    number = _number(text)
    if number is None:
        raise UnknownMessage(f"no mail {spelled(text)}")
    return visit.portal.mailbox.require(number)


def _number(text: str | None) -> int | None:
    """The number of a mail; None if the text is not such a number."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return int(text)
