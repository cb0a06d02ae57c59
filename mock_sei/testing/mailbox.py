"""``mock_sei.mailbox``: the mails that the platform would have sent."""

from __future__ import annotations

from mock_sei.operations.kinds import MOST_LISTED
from mock_sei.operations.mailbox import ClearMailbox, ReadMailbox
from mock_sei.operations.requests import Performer
from mock_sei.portal.mailbox import MailPage, Mails


class Mailbox(Mails):
    """Every mail since the reset, renewal notices that are due by now included."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def page(
        self,
        *,
        limit: int | None = None,
        after: int | None = None,
        before: int | None = None,
        to: str | None = None,
        about: str = "",
    ) -> MailPage:
        """At most ``limit`` mails: the newest ones, or with ``after`` the first ones of a higher
        number, or with ``before`` the last ones of a lower number.

        Only mails ``to`` an address, and with the words of ``about`` in subject or text.
        """

        def read(limit: int, after: int | None) -> MailPage:
            return self._performer.perform(
                ReadMailbox(to=to, about=about, after=after, before=before, limit=limit)
            )

        if limit is not None:
            return read(limit, after)
        first = page = read(MOST_LISTED, after or 0)
        mails = list(first.mails)
        while page.mails and page.later:
            page = read(MOST_LISTED, page.mails[-1].number)
            mails += page.mails
        return MailPage(mails=mails, count=first.earlier + len(mails), earlier=first.earlier)

    def clear(self) -> None:
        """Removes every mail."""
        self._performer.perform(ClearMailbox())
