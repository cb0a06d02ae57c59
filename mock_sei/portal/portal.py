"""The portal's desk: what happens when an application is registered, approved, changed, deleted.

One for each platform state. It writes to the registry, sends the mails and makes the links; the
certificates themselves are behind a Protocol.

Sources: registration FAQ (keys after approval, refresh, delete), Getting Started (mails to the
distribution list), Security FAQ (certificate link, notices). The real platform takes days for what
happens here at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, Protocol

from mock_sei.errors import Rejected, UnknownAccount
from mock_sei.portal.letters import (
    link_letter,
    own_certificate_letter,
    password_letter,
    renewal_letter,
    username_letter,
)
from mock_sei.portal.links import CertificateLinks, Delivery, Link
from mock_sei.portal.mailbox import Letter, Mailbox
from mock_sei.portal.notices import RenewalNotices
from mock_sei.portal.registration import (
    changed_application,
    describe,
    new_application,
    new_keys,
    read_registration,
)
from mock_sei.rules.clock import Clock
from mock_sei.rules.randomness import new_secret
from mock_sei.rules.records import Application, CertificateSource, RegistryError, ServiceAccount
from mock_sei.rules.registry import Registry

logger = logging.getLogger("mock_sei")

DEFAULT_DELIVERY = Delivery()


class Certificate(Protocol):
    """What the desk must know of a certificate."""

    @property
    def account(self) -> str: ...
    @property
    def serial_number(self) -> int: ...
    @property
    def not_after(self) -> datetime: ...
    @property
    def has_key(self) -> bool:
        """Whether its private key was made here."""


class Certificates(Protocol):
    """What the desk asks of whoever makes certificates."""

    def provide(self, username: str) -> Certificate:
        """The account's current certificate, made where there is none."""

    def renew(self, username: str) -> Certificate:
        """A further one, current from now on."""

    def sign(self, username: str, request: str) -> Certificate:
        """A further one from a request, PEM. Raises :class:`~mock_sei.errors.Rejected`."""

    def take_replaced(self) -> Mapping[str, Certificate | None]:
        """By account: the certificate that the platform gave to it and that is current now, None
        where there is none. Of the accounts for which that changed since the last call."""

    def revoke_all(self, username: str) -> None:
        """None of an account's is let in any more, and it gets no other: it is about to go."""


class Portal:
    """Applications, mails, links and notices of one platform state."""

    def __init__(
        self,
        *,
        registry: Registry,
        certificates: Certificates,
        products: Collection[str],
        clock: Clock,
        random: Random,
        approval: Literal["auto", "manual"],
        link_lifetime: timedelta,
        notice_days: Collection[int],
        url: Callable[[], str],
        forget: Callable[[Application], None] = lambda _: None,
        rename: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``forget`` drops what others keep for an application that was deleted; ``rename`` hears
        the name that an application has no more."""
        self._registry = registry
        self._certificates = certificates
        self._products = products
        self._clock = clock
        self._random = random
        self._approval = approval
        self._url = url
        self._forget = forget
        self._rename = rename
        self._lock = threading.RLock()
        self._mailbox = Mailbox()
        self._notices = RenewalNotices(sorted(notice_days))
        self.links = CertificateLinks(clock=clock, random=random, lifetime=link_lifetime)

    @property
    def mailbox(self) -> Mailbox:
        """With the renewal notices whose time has come."""
        self._send_due_notices()
        return self._mailbox

    def new_form_secret(self) -> str:
        """What a browser of the portal is known by, so that its forms are."""
        return new_secret(self._random)

    def require(self, name_or_key: str) -> Application:
        """An application by AppKey or name. Raises :class:`UnknownApplication`."""
        found = self._registry.find_application(name_or_key)
        if found is None:
            raise self._registry.unknown_application(name_or_key)
        return found

    def register(self, fields: Mapping[str, Any]) -> Application:
        """Takes the form's fields; the application is approved at once where approval is automatic.

        Raises :class:`~mock_sei.errors.Rejected` naming every field at fault.
        """
        registration = read_registration(fields)
        with self._lock:
            application, account = new_application(
                registration, self._registry, self._products, self._random
            )
            with _explaining():
                self._registry.register(application, account)
            if self._approval == "auto":
                application = self._let_in(application)
        self._send_first_link(application, account)
        return application

    def approve(self, name_or_key: str) -> Application:
        """Lets an application in and mails what it needs; once, however often it is asked."""
        with self._lock:
            application = self.require(name_or_key)
            if application.approved:
                return application
            approved = self._let_in(application)
            account = self._registry.service_accounts.get(approved.service_account or "")
        self._send_first_link(approved, account)
        return approved

    def change(self, name_or_key: str, fields: Mapping[str, Any]) -> Application:
        """Changes some of the form's fields. Raises :class:`~mock_sei.errors.Rejected`."""
        with self._lock:
            application = self.require(name_or_key)
            changed = changed_application(application, fields, self._products)
            with _explaining():
                self._registry.replace(application.app_key, changed)
            if changed.name != application.name:
                self._rename(application.name)
            return changed

    def refresh_keys(self, name_or_key: str) -> Application:
        """A new key pair; the old one, and every token obtained with it, is dead at once."""
        with self._lock:
            application = self.require(name_or_key)
            keys = new_keys(secret=application.app_secret is not None, random=self._random)
            changed = replace(application, **keys)
            self._registry.replace(application.app_key, changed)
            return changed

    def remove(self, name_or_key: str) -> None:
        """Deletes it with its keys, its account, its links; its certificates are revoked."""
        with self._lock:
            application = self.require(name_or_key)
            self._send_due_notices()  # those of what goes now
            account = application.service_account
            if account is not None:
                self._certificates.revoke_all(account)
                self.links.drop_account(account)
                self._notices.forget(account)
            self._registry.remove(application.app_key)
            self._forget(application)

    def send_link(self, account: str, delivery: Delivery = DEFAULT_DELIVERY) -> Link:
        """A new link to the account's current certificate, mailed to the team.

        Raises :class:`~mock_sei.errors.Rejected` while the application waits for approval,
        :class:`~mock_sei.errors.UnknownAccount` where the account is not there, or is deleted
        while its certificate is made.
        """
        holder = self._require_approved(account)
        return self._mail_link(holder, self._certificates.provide(account), delivery)

    def renew(self, account: str, delivery: Delivery = DEFAULT_DELIVERY) -> Link:
        """A second certificate while the first still works, and a link to it, mailed.

        Raises what :meth:`send_link` does.
        """
        holder = self._require_approved(account)
        self._send_due_notices()  # those of the first
        return self._mail_link(holder, self._certificates.renew(account), delivery)

    def sign(self, account: str, request: str) -> Link:
        """A certificate from a request, PEM, and a link to it, mailed.

        Raises what :meth:`send_link` does, and :class:`~mock_sei.errors.Rejected` for a request
        that cannot be signed.
        """
        holder = self._require_approved(account)
        return self._mail_link(holder, self._certificates.sign(account, request), DEFAULT_DELIVERY)

    def _require_approved(self, username: str) -> ServiceAccount:
        """Whoever has the name now; another may have it when the certificate is made."""
        account = self._registry.require_account(username)
        application = self._registry.find_application_of(username)
        if application is not None and not application.approved:
            raise Rejected(
                {"name": f"{application.name} waits for approval; its certificate comes after it"}
            )
        return account

    def _require_still_there(self, account: ServiceAccount) -> Application:
        """Its application. Asked with the lock held, so that it stays there."""
        holder = self._registry.service_accounts.get(account.username)
        application = self._registry.find_application_of(account.username)
        if application is None or holder is not account:
            raise UnknownAccount(
                f"the application of {account.username} was deleted while its certificate was made;"
                " no link was made, and nothing was mailed"
            )
        return application

    def link_url(self, link: Link) -> str:
        return self._url() + link.path

    def _mail_link(
        self, account: ServiceAccount, certificate: Certificate, delivery: Delivery
    ) -> Link:
        """Making the certificate took its time: the account may be gone, its name another's."""
        with self._lock:
            application = self._require_still_there(account)
            link = self.links.create(
                account=account.username,
                serial_number=certificate.serial_number,
                delivery=delivery.for_certificate(with_key=certificate.has_key),
            )
            letter = link_letter(
                application, link, self.link_url(link), with_key=certificate.has_key
            )
            self._send(application, letter)
            return link

    def _let_in(self, application: Application) -> Application:
        """Approves it and mails what is there already. Asked with the lock held."""
        approved = replace(application, approved=True)
        self._registry.replace(application.app_key, approved)
        if approved.service_account is None:
            return approved  # its AppKey is in the portal, and it has nothing else
        account = self._registry.service_accounts[approved.service_account]
        self._send(approved, username_letter(approved, account))
        self._send(approved, password_letter(approved, account))
        if approved.certificate is CertificateSource.OWN:
            self._send(approved, own_certificate_letter(approved))
        return approved

    def _send_first_link(self, application: Application, account: ServiceAccount | None) -> None:
        """Makes its certificate, which takes a while: nobody else waits meanwhile."""
        if account is None or not application.approved:
            return
        if application.certificate is CertificateSource.OWN:
            return
        with suppress(UnknownAccount):  # it was deleted already: nobody is left to be told
            certificate = self._certificates.provide(account.username)
            self._mail_link(account, certificate, DEFAULT_DELIVERY)

    def _send_due_notices(self) -> None:
        with self._lock:
            now = self._clock.now()
            for account, certificate in self._certificates.take_replaced().items():
                self._notices.watch(account, certificate)
            for each in self._notices.take_due(now):
                application = self._registry.find_application_of(each.account)
                if application is not None:
                    letter = renewal_letter(application, each.account, each.end, each.days)
                    self._mailbox.send(letter, to=application.distribution_list, at=each.due_at)

    def _send(self, application: Application, letter: Letter) -> None:
        self._send_due_notices()  # they were due before
        to = application.distribution_list
        self._mailbox.send(letter, to=to, at=self._clock.now())
        logger.info("mail to %s: %s", to, letter.subject)


class _explaining:  # noqa: N801  # reads as a statement where it is used
    """A record that does not fit the others is the form's fault."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RegistryError):
            raise Rejected({str(error.place[-1]): describe(error)}) from None
