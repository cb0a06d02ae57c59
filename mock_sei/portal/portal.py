"""The developer portal: it registers, approves, changes and deletes applications.

Each platform state has one portal. It writes to the registry, sends mails and makes certificate
links. It knows certificates only by a Protocol.

Sources: registration FAQ (keys after approval, refresh, delete), Getting Started (mails to the
distribution list), Security FAQ (certificate link, notices). Steps that take days on the real
platform are instant here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, Protocol

from mock_sei.errors import RegistryError, Rejected, UnknownAccount
from mock_sei.portal.ends import CertificateEnds, NextEnds
from mock_sei.portal.letters import (
    link_letter,
    own_certificate_letter,
    password_letter,
    renewal_letter,
    username_letter,
)
from mock_sei.portal.links import CertificateLinks, Delivery, Link
from mock_sei.portal.mailbox import Letter, ServerMailbox
from mock_sei.portal.notices import RenewalNotices
from mock_sei.portal.registration import (
    changed_application,
    describe,
    new_application,
    new_keys,
    read_registration,
)
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import new_secret
from mock_sei.rules.records import Application, CertificateSource, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.rules.stored import Stored

logger = logging.getLogger("mock_sei")

DEFAULT_DELIVERY = Delivery()


class PortalCertificate(Protocol):
    """The fields of a certificate that the portal needs."""

    @property
    def account(self) -> str: ...
    @property
    def serial_number(self) -> int: ...
    @property
    def not_before(self) -> datetime: ...
    @property
    def not_after(self) -> datetime: ...
    @property
    def has_key(self) -> bool:
        """True if the platform has its private key."""

    @property
    def is_renewed_here(self) -> bool:
        """True if the platform can issue the next one, so that notices are sent."""


class PortalCertificates(Protocol):
    """The methods of a store of certificates that the portal needs."""

    def prepare(self) -> None:
        """Does ahead what takes long for a new certificate. Call it before the first change."""

    def provide(self, username: str) -> PortalCertificate:
        """The current certificate of an account. If there is none, a new one is made."""

    def renew(self, username: str) -> PortalCertificate:
        """Issues a new certificate, which is then the current one."""

    def sign(self, username: str, request: str) -> PortalCertificate:
        """Signs a CSR in PEM. Raises :class:`~mock_sei.errors.Rejected` for a bad one."""

    def take_replaced(self) -> Mapping[str, PortalCertificate | None]:
        """The new current certificate of each account for which it changed since the last call.

        It is None if the account has no current certificate.
        """

    def revoke_all(self, username: str) -> None:
        """Revokes all certificates of an account that is being deleted. It gets no new ones."""


class Portal:
    """Applications, mails, links and notices of one platform state."""

    def __init__(
        self,
        *,
        registry: Registry,
        certificates: PortalCertificates,
        products: Collection[str],
        clock: PlatformClock,
        random: Random,
        approval: Literal["auto", "manual"],
        link_lifetime: timedelta,
        notice_days: Collection[int],
        url: Callable[[], str],
        forget: Callable[[Application], None] = lambda _: None,
        rename: Callable[[str], None] = lambda _: None,
        stored: Stored | None = None,
    ) -> None:
        """``forget`` is called with an application that was deleted, so that other parts of the
        platform forget it; ``rename`` is called with the old name of a renamed application."""
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
        stored = Stored() if stored is None else stored
        self.links = CertificateLinks(
            clock=clock, random=random, lifetime=link_lifetime, stored=stored
        )
        self._mailbox = ServerMailbox(stored=stored, find_link=self.links.find)
        self._notices = RenewalNotices(sorted(notice_days), stored=stored)
        self._ends = CertificateEnds()

    @property
    def notice_days(self) -> Sequence[int]:
        """The days before a certificate's end on which renewal notices are sent."""
        return self._notices.days_ahead

    def has_notified(self, certificate: PortalCertificate, days: int) -> bool:
        """True if the renewal notice so many days before the certificate's end was sent."""
        self._send_due_notices()
        return self._notices.was_sent(certificate, days)

    @property
    def mailbox(self) -> ServerMailbox:
        """The mailbox, after all renewal notices that are due were sent."""
        self._send_due_notices()
        return self._mailbox

    def certificates_around(self, moment: datetime, *, before: int, after: int) -> NextEnds:
        """The accounts' current certificates that ended last before a moment, and those that end
        next."""
        with self._lock:
            self._send_due_notices()
            return self._ends.around(moment, before=before, after=after)

    def new_form_secret(self) -> str:
        """A secret that ties the portal's forms to one browser, against forged requests."""
        return new_secret(self._random)

    def require(self, name_or_key: str) -> Application:
        """An application by AppKey or name. Raises :class:`UnknownApplication`."""
        found = self._registry.find_application(name_or_key)
        if found is None:
            raise self._registry.unknown_application(name_or_key)
        return found

    def register(self, fields: Mapping[str, Any]) -> Application:
        """Registers an application with the form's fields, and approves it if approval is
        automatic.

        Raises :class:`~mock_sei.errors.Rejected`, which names every wrong field.
        """
        registration = read_registration(fields)
        self._certificates.prepare()
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
        """Approves an application, and sends its mails. If it is approved already, nothing happens.

        Raises :class:`UnknownApplication`.
        """
        self._certificates.prepare()
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
        """Gives an application a new key pair. The old one, and all its tokens, end at once."""
        with self._lock:
            application = self.require(name_or_key)
            keys = new_keys(secret=application.app_secret is not None, random=self._random)
            changed = replace(application, **keys)
            self._registry.replace(application.app_key, changed)
            return changed

    def remove(self, name_or_key: str) -> None:
        """Deletes an application with its keys, its account and its links.

        Its certificates are revoked. Raises :class:`UnknownApplication`.
        """
        with self._lock:
            application = self.require(name_or_key)
            self._send_due_notices()  # before the application's notices are forgotten
            account = application.service_account
            if account is not None:
                self._certificates.revoke_all(account)
                self.links.drop_account(account)
                self._notices.forget(account)
            self._registry.remove(application.app_key)
            self._forget(application)

    def send_link(self, account: str, delivery: Delivery = DEFAULT_DELIVERY) -> Link:
        """Makes a new link to the account's current certificate, and mails it to the team.

        Raises :class:`~mock_sei.errors.Rejected` if the application is not approved yet, and
        :class:`~mock_sei.errors.UnknownAccount` if the account does not exist, or if it is deleted
        while its certificate is made.
        """
        holder = self._require_approved(account)
        return self._mail_link(holder, self._certificates.provide(account), delivery)

    def renew(self, account: str, delivery: Delivery = DEFAULT_DELIVERY) -> Link:
        """Issues a new certificate, and mails a link to it. The old certificate still works.

        Raises what :meth:`send_link` raises.
        """
        holder = self._require_approved(account)
        self._send_due_notices()  # before the old certificate's notices end
        return self._mail_link(holder, self._certificates.renew(account), delivery)

    def sign(self, account: str, request: str) -> Link:
        """Signs a certificate signing request in PEM, and mails a link to the certificate.

        Raises what :meth:`send_link` raises, and :class:`~mock_sei.errors.Rejected` for a request
        that cannot be signed.
        """
        holder = self._require_approved(account)
        return self._mail_link(holder, self._certificates.sign(account, request), DEFAULT_DELIVERY)

    def _require_approved(self, username: str) -> ServiceAccount:
        """The account that has this name now, if its application is approved.

        Another account may have the name when the certificate is ready.
        """
        account = self._registry.require_account(username)
        application = self._registry.find_application_of(username)
        if application is not None and not application.approved:
            raise Rejected(
                {"name": f"{application.name} waits for approval; it gets its certificate then"}
            )
        return account

    def _require_still_there(self, account: ServiceAccount) -> Application:
        """The account's application, if both still exist. Call this with the lock."""
        holder = self._registry.service_accounts.get(account.username)
        application = self._registry.find_application_of(account.username)
        if application is None or holder is not account:
            raise UnknownAccount(
                f"the application of {account.username} was deleted while its certificate was made;"
                " no link was made, and no mail was sent"
            )
        return application

    def link_url(self, link: Link) -> str:
        """The URL of a certificate link."""
        return self._url() + link.path

    def _mail_link(
        self, account: ServiceAccount, certificate: PortalCertificate, delivery: Delivery
    ) -> Link:
        """Makes a link and mails it, if the account still exists.

        It takes time to make a certificate: the account may have been deleted, and another one may
        have its name.
        """
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
        """Approves an application, and sends all mails but the certificate link. Needs the lock."""
        approved = replace(application, approved=True)
        self._registry.replace(application.app_key, approved)
        if approved.service_account is None:
            return approved  # it only has an AppKey, which the portal shows
        account = self._registry.service_accounts[approved.service_account]
        self._send(approved, username_letter(approved, account))
        self._send(approved, password_letter(approved, account))
        if approved.certificate is CertificateSource.OWN:
            self._send(approved, own_certificate_letter(approved))
        return approved

    def _send_first_link(self, application: Application, account: ServiceAccount | None) -> None:
        """Makes an application's first certificate, and mails the link.

        That takes a while, so it is done without the lock.
        """
        if account is None or not application.approved:
            return
        if application.certificate is CertificateSource.OWN:
            return
        with suppress(UnknownAccount):  # it was deleted meanwhile, so there is nobody to inform
            certificate = self._certificates.provide(account.username)
            self._mail_link(account, certificate, DEFAULT_DELIVERY)

    def _send_due_notices(self) -> None:
        with self._lock:
            now = self._clock.now()
            for account, certificate in self._certificates.take_replaced().items():
                self._ends.watch(account, certificate)
                is_renewed = certificate is not None and certificate.is_renewed_here
                self._notices.watch(account, certificate if is_renewed else None)
            for each in self._notices.take_due(now):
                application = self._registry.find_application_of(each.account)
                if application is not None:
                    letter = renewal_letter(application, each.account, each.end, each.days)
                    self._mailbox.send(letter, to=application.distribution_list, at=each.due_at)

    def _send(self, application: Application, letter: Letter) -> None:
        self._send_due_notices()  # first, since they were due before this mail
        to = application.distribution_list
        self._mailbox.send(letter, to=to, at=self._clock.now())
        logger.info("mail to %s: %s", to, letter.subject)


class _explaining:  # noqa: N801  # it is used like a statement: with _explaining()
    """Turns :class:`RegistryError` into :class:`Rejected`, which names the form's field."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RegistryError):
            raise Rejected({str(error.place[-1]): describe(error)}) from None
