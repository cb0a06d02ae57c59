"""Whose something is: an application, its account, its certificate, or a name of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_sei.rules.arguments import require_text
from mock_sei.rules.records import Application
from mock_sei.testing.account import Account

if TYPE_CHECKING:
    from mock_sei.testing.certificate import Certificate

Owner = Application | Account | str
"""Whose something is: an application, its account, or a name of either."""


def name_of(owner: Owner | Certificate, *, argument: str = "application") -> str:
    """What the platform calls an application by. Raises :class:`~mock_sei.errors.Rejected`."""
    from mock_sei.testing.certificate import Certificate

    if isinstance(owner, Application):
        return owner.name
    if isinstance(owner, Account):
        return owner.application
    if isinstance(owner, Certificate):
        return owner.account
    return require_text(argument, owner, "an Application, an Account or a name of either")


def username_of(owner: Owner | Certificate) -> str:
    """Whose certificate is meant. Raises :class:`~mock_sei.errors.Rejected`."""
    from mock_sei.testing.certificate import Certificate

    if isinstance(owner, Application):
        return owner.service_account or owner.name
    if isinstance(owner, Account):
        return owner.username
    if isinstance(owner, Certificate):
        return owner.account
    return require_text("account", owner, "an Account or its user name")
