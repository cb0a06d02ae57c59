"""``MockSei``: a whole platform for a test, and the client's side of talking to it."""

from __future__ import annotations

import contextlib
import itertools
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import httpx2

from mock_sei.bench.journal import Journal
from mock_sei.bench.scripts import make_answer
from mock_sei.certificates.profiles import ServerVariant, Variant
from mock_sei.certificates.store import write_whole
from mock_sei.clock import Clock
from mock_sei.errors import MockSeiBug, UnknownAccount
from mock_sei.flows import DEFAULT_USER, Flows, LogIn
from mock_sei.handles import Account, Applications, Certificate, Collections, FaultDesk
from mock_sei.portal.links import Delivery
from mock_sei.portal.mailbox import Mailbox
from mock_sei.records import Application
from mock_sei.runtime.launch import launch
from mock_sei.runtime.server import ServerThread
from mock_sei.settings import make_settings

ServerVariantName = Literal["valid", "expired", "wrong-host", "self-signed", "untrusted"]
VariantName = Literal["valid", "expired", "not-yet-valid", "untrusted", "self-signed", "wrong-cn"]


class MockSei:
    """The SEI API Platform on free ports of this machine, for the length of a ``with``.

    Takes the settings of :class:`~mock_sei.settings.Settings` as keywords; ports default to free
    ones and certificates to a temporary folder. Neither ``mock-sei.toml`` nor ``MOCK_SEI_…``
    variables are read. Raises :class:`~mock_sei.errors.ConfigurationError`.
    """

    def __init__(self, **settings: Any) -> None:
        # For good
        self._undo = contextlib.ExitStack()
        self._folder = Path(
            self._undo.enter_context(tempfile.TemporaryDirectory(prefix="mock-sei-"))
        )
        self._numbers = itertools.count(1)
        ports = {"one_way_port": 0, "two_way_port": 0, "control_port": 0}
        try:
            self.settings = make_settings(
                **{"certs_dir": self._folder / "certs", **ports, **settings}
            )
            launched = launch(self.settings)
        except BaseException:
            self._undo.close()
            raise
        self.sandbox = launched.sandbox
        self._thread = ServerThread(launched.server)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Closes every socket and removes the temporary folder."""
        self._thread.stop()
        self._undo.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """One-way listener: authorize, SPA and native applications."""
        return self.sandbox.addresses.one_way

    @property
    def two_way_url(self) -> str:
        """Two-way listener: client-server applications, with their certificate."""
        return self.sandbox.addresses.two_way

    @property
    def control_url(self) -> str:
        return self.sandbox.addresses.control

    @property
    def ca_file(self) -> Path:
        """The root CA a client must trust, PEM."""
        return self.sandbox.store.ca_file

    @property
    def clock(self) -> Clock:
        return self.sandbox.clock

    @property
    def journal(self) -> Journal:
        return self.sandbox.journal

    @property
    def mailbox(self) -> Mailbox:
        """Every mail the platform would have sent, renewal notices included."""
        return self.sandbox.portal.mailbox

    @property
    def faults(self) -> FaultDesk:
        """Trouble on purpose: ``faults.add("GET /v2/investors", status=503, times=2)``."""
        return FaultDesk(self.sandbox)

    def enqueue(
        self,
        operation: str,
        *,
        status: int = 200,
        json: Any = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Scripts the answer to an operation's next call, after the gateway let it in.

        Raises :class:`~mock_sei.errors.Rejected` for what cannot be sent.
        """
        self.sandbox.scripts.enqueue(
            make_answer(operation, status=status, json_body=json, text=text, headers=headers)
        )

    def only_scripted(self) -> None:
        """From now on, until a reset, a functional call without a script fails the test."""
        self.sandbox.scripts.strict = True

    def server_certificate(self, variant: ServerVariantName | ServerVariant = "valid") -> None:
        """What both listeners show from the next connection on: does the client check it?"""
        self.sandbox.set_server_certificate(ServerVariant(variant))

    @property
    def data(self) -> Collections:
        """The records behind the functional APIs: ``data["investors"].add({...})``."""
        return Collections(self.sandbox)

    @property
    def applications(self) -> Applications:
        """The registered ones, and registering, approving, changing, deleting."""
        return Applications(self.sandbox)

    def new_application(self, **fields: Any) -> Application:
        """An approved application with keys and account of its own, until the next reset.

        Server-server unless ``type``, ``actor`` and ``owner`` say otherwise; its name is one that
        no other has. Raises :class:`~mock_sei.errors.Rejected`.
        """
        name = f"application-{self.sandbox.new_tracking_id()[:8]}"
        defaults = {"name": name, "type": "server-server", "actor": "server"}
        application = self.applications.register(**(defaults | fields))
        return self.applications.approve(application.app_key)

    def reset(self, **changes: Any) -> None:
        """The state as seeded; ``changes`` are the marker's keywords, until the next reset."""
        self.sandbox.reset(changes)

    def rotate_signing_key(self) -> str:
        """A new key signs tokens from now on; returns its ``kid``. The old one stays accepted."""
        return self.sandbox.rotate_signing_key()

    def retire_signing_key(self, kid: str) -> None:
        """Tokens of an old key are refused from now on. ``ValueError`` for the signing one."""
        self.sandbox.retire_signing_key(kid)

    def check(self) -> None:
        """What the fixture asks after each test.

        Raises :class:`MockSeiBug` with its traceback if mock-sei failed since the reset, and
        ``AssertionError`` for a required fault nobody met or a call that wanted a script.
        """
        if self.sandbox.bugs:
            raise MockSeiBug("\n".join(self.sandbox.bugs))
        unmet = [f"{each.fault.operation}: {each.fault}" for each in self.sandbox.faults.unmet]
        if unmet:
            raise AssertionError(f"required faults that nobody met: {'; '.join(unmet)}")
        if self.sandbox.scripts.unscripted:
            calls = ", ".join(self.sandbox.scripts.unscripted)
            raise AssertionError(f"calls without a script: {calls}")

    def service_account(self, account: Application | str) -> Account:
        """By user name, or the application's own. Raises :class:`UnknownAccount`."""
        username = account if isinstance(account, str) else account.service_account or account.name
        self.sandbox.certificates.require_account(username)
        registry = self.sandbox.state.registry
        application = registry.find_application_of(username)
        if application is None or application.app_secret is None:
            raise UnknownAccount(f"no application has the service account {username!r}")
        return Account(
            username=username,
            password=registry.service_accounts[username].password,
            application=application.name,
            app_key=application.app_key,
            app_secret=application.app_secret,
        )

    def certificate(
        self, account: Account | str, variant: VariantName | Variant = "valid"
    ) -> Certificate:
        """The account's current certificate, or a new one that is wrong in one way."""
        username = account if isinstance(account, str) else account.username
        wanted = Variant(variant)
        if wanted is Variant.VALID:
            identity = self.sandbox.identity(username)
        else:
            identity = self.sandbox.issue_certificate(username, wanted)
        folder = self._folder / f"{username}-{wanted}-{next(self._numbers)}"
        folder.mkdir(mode=0o700)
        key_file, cert_file = folder / "privatekey.key", folder / "certificate.crt"
        write_whole(key_file, identity.key_pem)
        write_whole(cert_file, identity.certificate_pem)
        return Certificate(
            cert_file=cert_file,
            key_file=key_file,
            identity=identity,
            sandbox=self.sandbox,
            account=username,
        )

    def certificate_link(
        self,
        account: Account | str,
        *,
        format: str | None = None,  # noqa: A002  # the link's own word for it
        passphrase: str = Delivery.passphrase,
        legacy: bool = False,
        renew: bool = False,
    ) -> str:
        """The address of a one-time download of the account's certificate, which is mailed too.

        With ``renew`` of a second certificate, made for it; the first works until it ends.
        """
        username = account if isinstance(account, str) else account.username
        portal = self.sandbox.portal
        delivery = Delivery(format=format, passphrase=passphrase, legacy=legacy)
        return portal.link_url((portal.renew if renew else portal.send_link)(username, delivery))

    def sign_request(self, account: Account | str, request: str) -> str:
        """A certificate for a key of your own, PEM; ``request`` is a CSR, PEM.

        Raises :class:`~mock_sei.errors.Rejected`.
        """
        username = account if isinstance(account, str) else account.username
        return self.sandbox.certificates.sign(username, request).certificate_pem

    def register_certificate(self, account: Account | str, certificate: str, ca: str) -> None:
        """Lets in a certificate of your own CA; both PEM, ``ca`` up to the root.

        Raises :class:`~mock_sei.errors.Rejected`.
        """
        username = account if isinstance(account, str) else account.username
        self.sandbox.certificates.register_own(username, certificate, ca)

    def ssl_context(self, account: Account | Certificate | str | None = None) -> ssl.SSLContext:
        """Trusts this platform's CA alone, and shows the account's certificate if one is named."""
        if account is not None and not isinstance(account, Certificate):
            account = self.certificate(account)
        return client_context(
            self.ca_file.read_text(), (account.cert_file, account.key_file) if account else None
        )

    def client(
        self, account: Account | Certificate | str | None = None, **options: Any
    ) -> httpx2.Client:
        """An httpx2 client: two-way with the account's certificate, one-way without an account.

        ``options`` go to ``httpx2.Client``. Proxies and CA variables of the environment are left
        out of it.
        """
        base = self.url if account is None else self.two_way_url
        defaults: dict[str, Any] = {"base_url": base, "trust_env": False}
        if "verify" not in options:
            defaults["verify"] = self.ssl_context(account)
        return httpx2.Client(**(defaults | options))

    def token(
        self, account_or_application: Account | Application | str, user: str = DEFAULT_USER
    ) -> str:
        """An access token by real requests, whatever the application's grant.

        Takes a service account, its user name, an application or its name; ``user`` logs in
        where the grant has an end user. Raises :class:`~mock_sei.errors.MockSeiError`.
        """
        return str(self.token_response(account_or_application, user)["access_token"])

    def token_response(
        self, account_or_application: Account | Application | str, user: str = DEFAULT_USER
    ) -> dict[str, Any]:
        """The whole answer, refresh token included where there is one."""
        asked = account_or_application
        if isinstance(asked, Account):
            asked = asked.application
        name = asked.app_key if isinstance(asked, Application) else asked
        return self._flows.token_response(name, user)

    def login(
        self, application: str = "demo-web", user: str = DEFAULT_USER, **parameters: str | None
    ) -> LogIn:
        """Logs a user in and consents, without a page: what comes back to the redirect address.

        ``parameters`` are added to the authorization request, or left out of it where None.
        """
        return self._flows.log_in(application, user, **parameters)

    @property
    def _flows(self) -> Flows:
        return Flows(registry=lambda: self.sandbox.state.registry, connect=self.client)


def client_context(ca_pem: str, certificate: tuple[Path, Path] | None) -> ssl.SSLContext:
    """A client's TLS context that trusts one CA and nothing of the system's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_pem)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context
