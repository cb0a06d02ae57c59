"""``mock_sei.applications``: the registered applications, and what the portal does to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mock_sei.operations.applications import (
    ApproveApplication,
    ChangeApplication,
    FindApplication,
    RefreshKeys,
    RegisterApplication,
    RemoveApplication,
)
from mock_sei.operations.requests import Performer
from mock_sei.rules.arguments import named_plainly_throughout
from mock_sei.rules.records import Application
from mock_sei.testing.owners import Owner, name_of
from mock_sei.testing.registered import Registered

if TYPE_CHECKING:
    from typing import Unpack

    from mock_sei.testing.inputs import ApplicationFields, ChangedFields


@named_plainly_throughout
class Applications:
    """The registered applications, by name or AppKey.

    Each method raises :class:`~mock_sei.errors.UnknownApplication` where there is no such
    application, and :class:`~mock_sei.errors.Rejected` for fields that cannot be accepted.
    """

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._registered = Registered(performer)

    def __iter__(self) -> Iterator[Application]:
        """Every application, in the order of registration."""
        return self._registered.applications()

    def __len__(self) -> int:
        """How many applications there are."""
        return self._registered.count_applications()

    def __getitem__(self, name: Owner) -> Application:
        """One application. Raises :class:`~mock_sei.errors.UnknownApplication`."""
        return self._performer.perform(FindApplication(app_key=name_of(name)))

    def __contains__(self, name: object) -> bool:
        """Whether an application has this name or AppKey."""
        return isinstance(name, str) and self._registered.find_application(name) is not None

    def register(self, **fields: Unpack[ApplicationFields]) -> Application:
        """Registers an application: ``register(name="ledger", type="server-server",
        actor="server")``.

        The fields are those of the portal's form. The application is approved at once, or waits,
        as the setting ``approval`` says.
        """
        return self._performer.perform(RegisterApplication(fields=dict(fields))).application

    def approve(self, name: Owner) -> Application:
        """Approves an application, and mails user name, password and certificate link."""
        return self._performer.perform(ApproveApplication(app_key=name_of(name)))

    def change(self, application: Owner, /, **fields: Unpack[ChangedFields]) -> Application:
        """Changes some fields of an application: ``change("ledger", products=["*"])``.

        A new ``name`` may be one of them. Raises :class:`~mock_sei.errors.Rejected`.
        """
        request = ChangeApplication(app_key=name_of(application), fields=dict(fields))
        return self._performer.perform(request)

    def refresh_keys(self, name: Owner) -> Application:
        """Gives an application a new key pair; the old one stops working at once."""
        return self._performer.perform(RefreshKeys(app_key=name_of(name)))

    def remove(self, name: Owner) -> None:
        """Deletes an application with its keys, account, tokens and certificates."""
        self._performer.perform(RemoveApplication(app_key=name_of(name)))
