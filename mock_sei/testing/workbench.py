"""Everything a test does with a platform, in this process or elsewhere.

Each method performs operations. A subclass starts or finds the platform.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
import os
import secrets
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import httpx2

from mock_sei.certificates.first_date import require_real_dates
from mock_sei.certificates.profiles import ServerVariant, Variant
from mock_sei.certificates.store import write_whole
from mock_sei.errors import MockSeiBug, Rejected, UnknownAccount, UnknownApplication, one_line
from mock_sei.matching.parts import plain_part
from mock_sei.operations.certificates import (
    IssueCertificate,
    RegisterCertificate,
    SendCertificateLink,
    ShowIdentity,
    SignRequest,
)
from mock_sei.operations.flows import Flows, LogIn
from mock_sei.operations.people import FindAccount
from mock_sei.operations.requests import Request
from mock_sei.operations.scripts import EnqueueAnswer, EnqueueFunction, RequireScripts
from mock_sei.operations.server import (
    LONGEST_NAME,
    CheckTest,
    Reset,
    RetireSigningKey,
    RotateSigningKey,
    SetServerCertificate,
    assumptions_of,
)
from mock_sei.portal.links import Delivery
from mock_sei.rules.arguments import (
    find_choice_problem,
    kind_of,
    named_plainly_throughout,
    refuse_unknown,
    require_choice,
    require_flag,
    require_path,
    require_seconds,
    require_text,
)
from mock_sei.rules.records import DEFAULT_USER, Application
from mock_sei.testing.account import Account
from mock_sei.testing.answers import Answers, EnqueuedAnswer
from mock_sei.testing.applications import Applications
from mock_sei.testing.certificate import Certificate
from mock_sei.testing.clock import Clock
from mock_sei.testing.data import Data
from mock_sei.testing.faults import Faults
from mock_sei.testing.journal import Journal
from mock_sei.testing.mailbox import Mailbox
from mock_sei.testing.owners import Owner, name_of, username_of
from mock_sei.testing.processes import TemporaryFolder, after_fork
from mock_sei.testing.registered import Registered
from mock_sei.values.texts import spelled

if TYPE_CHECKING:
    from typing import Unpack

    from mock_sei.doctor.findings import Finding
    from mock_sei.faults.answers import AnswerFunction
    from mock_sei.journal.search import ListenerName
    from mock_sei.matching.fields import PartValues, RequestFields
    from mock_sei.rules.standards import Listener
    from mock_sei.testing.inputs import (
        ApplicationFields,
        BehaviourFields,
        ClientName,
        FormatName,
        ServerVariantName,
        VariantName,
    )

A = TypeVar("A")


class Whereabouts(Protocol):
    """Where the listeners are reached."""

    @property
    def one_way(self) -> str: ...
    @property
    def two_way(self) -> str: ...
    @property
    def control(self) -> str: ...


@named_plainly_throughout
class Workbench(ABC):
    """A platform as a test uses it: the fixtures ``mock_sei`` and ``mock_sei_server`` give one.

    It is a :class:`~mock_sei.testing.in_process.MockSei`, whose platform runs in the process of the
    test, or an :class:`~mock_sei.testing.attached.Attached`, whose platform runs elsewhere.
    """

    def __init__(self) -> None:
        """Raises :class:`~mock_sei.errors.MockSeiError` where this process can sign nothing."""
        require_real_dates()
        # For good
        self._folder = TemporaryFolder()
        after_fork(self._in_child)
        # Until a reset
        self.test: str | None = None
        """The test that has this object now, where pytest's fixture hands it out."""
        self._lock = threading.Lock()
        self._reported: set[str] = set()
        """Failures of mock-sei that a check has raised."""
        self._made: list[Application] = []
        """AppKeys of :meth:`new_application`."""

    def _in_child(self) -> None:
        """Called in a forked child: what this object holds is the parent's from now on."""
        self._lock = threading.Lock()
        self._made = []

    @abstractmethod
    def perform(self, request: Request[A]) -> A:
        """Performs an operation, and returns its answer. Raises :class:`MockSeiError`."""

    @property
    @abstractmethod
    def addresses(self) -> Whereabouts:
        """Where the listeners are reached from here."""

    @property
    @abstractmethod
    def ca_file(self) -> Path:
        """The root CA that a client must trust, PEM."""

    @abstractmethod
    def start(self) -> Self:
        """Starts the platform, or looks for the running one; returns when it can be used."""

    @abstractmethod
    def stop(self) -> None:
        """Ends what :meth:`start` began; a server that runs elsewhere runs on."""

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
        """The address of the one-way listener, for the log-in pages and for single-page and native
        applications: a text such as ``https://localhost:40123``."""
        return self.addresses.one_way

    @property
    def two_way_url(self) -> str:
        """The address of the two-way listener, for clients with a certificate: token endpoint and
        functional APIs."""
        return self.addresses.two_way

    @property
    def control_url(self) -> str:
        """The address of the control listener, for the control API."""
        return self.addresses.control

    @property
    def clock(self) -> Clock:
        """The platform's clock: ``clock.advance(minutes=31)``."""
        return Clock(self)

    @property
    def journal(self) -> Journal:
        """What the server saw: requests, answers, refusals and handshakes that failed."""
        return Journal(self)

    @property
    def mailbox(self) -> Mailbox:
        """Every mail that the platform would have sent, renewal notices included."""
        return Mailbox(self)

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose: ``faults.add("GET /v2/investors", status=503, times=2)``."""
        return Faults(self)

    def enqueue(
        self,
        operation: str,
        *,
        application: Owner | None = None,
        listener: ListenerName | Listener | None = None,
        query: PartValues | None = None,
        request: RequestFields | None = None,
        status: int = 200,
        json: Any = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
        when: Mapping[str, str | None] | None = None,
        then: Mapping[str, str | None] | None = None,
        required: bool = False,
        template: bool = True,
        answer: AnswerFunction | None = None,
    ) -> EnqueuedAnswer:
        """Sets the answer of the next call: ``enqueue("GET /v2/investors", json={"data": []})``.

        The call must pass the usual checks first: token, AppKey, certificate. With ``application``,
        ``listener``, ``query`` or ``request`` only the calls that have these get the answer:
        ``request={"json": {"currency": "USD"}}``. ``times`` calls get it, or with None all until it
        is removed. It is given only while the states of ``when`` have their values, and sets those
        of ``then``. Placeholders such as ``{{request.query.limit}}`` are replaced, unless
        ``template`` is False. Instead of a status, body and headers, ``answer`` is a function that
        takes the request (only with a server in this process). With ``required`` the test fails if
        the answer is left over. Raises :class:`~mock_sei.errors.Rejected` for what cannot be sent.
        """
        wanted = "a method and a path, such as GET /v2/investors"
        which: dict[str, Any] = {
            "operation": require_text("operation", operation, wanted),
            "application": None if application is None else name_of(application),
            "listener": listener,
            "query": plain_part(query),
            "request": plain_part(request),
            "times": times,
            "when": when,
            "then": then,
            "required": required,
        }
        how = {"status": status, "json": json, "text": text, "headers": headers}
        if answer is None:
            return self._enqueue(EnqueueAnswer(**which, **how, template=template))
        given = [name for name, value in how.items() if value not in (None, 200)]
        if given:
            problem = "the function gives the whole answer; use either it or answer"
            raise Rejected(dict.fromkeys(given, problem))
        return self._enqueue(EnqueueFunction(**which, function=answer))

    def _enqueue(self, request: EnqueueAnswer | EnqueueFunction) -> EnqueuedAnswer:
        return EnqueuedAnswer(self, self.perform(request).id, request.answer().digest)

    @property
    def answers(self) -> Answers:
        """The scripted answers that wait: ``mock_sei.answers.assert_used()``."""
        return Answers(self)

    def only_scripted(self) -> None:
        """From now on, until a reset, a functional call without an answer of :meth:`enqueue` fails
        the test."""
        self.perform(RequireScripts(strict=True))

    def server_certificate(self, variant: ServerVariantName | ServerVariant = "valid") -> None:
        """Changes the server's certificate from the next connection on: ``"expired"``, for example.

        So a test sees whether the client checks the server's certificate.
        """
        self.perform(
            SetServerCertificate(variant=require_choice("variant", variant, ServerVariant))
        )

    @property
    def data(self) -> Data:
        """The records behind the functional APIs: ``data["investors"].add({...})``."""
        return Data(self)

    @property
    def applications(self) -> Applications:
        """The registered applications, and what the portal does to them."""
        return Applications(self)

    def new_application(self, **fields: Unpack[ApplicationFields]) -> Application:
        """Registers and approves an application with keys, account and certificate of its own.

        Its type is server-server unless ``type``, ``actor`` and ``owner`` say otherwise, and no
        other application has its name. With ``own_data=True`` it works on its own copy of the
        seeded records, which ``data.of(application)`` shows and changes. The next reset removes it,
        and so does :meth:`remove_new_applications`. Raises :class:`~mock_sei.errors.Rejected`.
        """
        name = f"application-{self._new_identifier()}"
        defaults: ApplicationFields = {"name": name, "type": "server-server", "actor": "server"}
        given: ApplicationFields = {**defaults, **fields}
        application = self.applications.register(**given)
        with self._lock:
            self._made.append(application)
        return self.applications.approve(application.app_key)

    def _new_identifier(self) -> str:
        """Eight characters that no other call gets."""
        return secrets.token_hex(4)

    def remove_new_applications(self) -> None:
        """Removes the applications that :meth:`new_application` made, with their faults and
        scripted answers."""
        with self._lock:
            made, self._made = self._made, []
        if not made:
            return
        applications = [each for each in map(self._find_made, made) if each]
        names = {each.name for each in applications}
        self.faults.remove_of(names)
        self.answers.remove_of(names)
        for application in applications:
            with contextlib.suppress(UnknownApplication):  # somebody was quicker
                self.applications.remove(application.app_key)

    @property
    def new_applications(self) -> list[Application]:
        """The applications that :meth:`new_application` made since the reset, oldest first, as they
        were made."""
        with self._lock:
            return self._made.copy()

    def _find_made(self, made: Application) -> Application | None:
        """An application as it is now: since it was made its keys may have been refreshed."""
        registry, account = self._registered, made.service_account
        found = registry.find_application(made.app_key)
        if found is None and account is not None:
            found = registry.find_application_of(account)
        return found or registry.find_application(made.name)

    def reset(self, **changes: Unpack[BehaviourFields]) -> None:
        """Takes the platform back to its first state: records, tokens, faults, journal, clock.

        ``changes`` are settings that hold until the next reset: ``reset(dialect="rfc")``.
        """
        by = None if self.test is None else one_line(self.test)[:LONGEST_NAME]
        self.perform(Reset(changes=dict(changes), by=by))
        with self._lock:
            self._made = []

    def rotate_signing_key(self) -> str:
        """Signs tokens with a new key from now on; returns its ``kid``.

        Tokens that the old key signed stay valid.
        """
        return self.perform(RotateSigningKey()).kid

    def retire_signing_key(self, kid: str) -> None:
        """Refuses the tokens that an old key signed, from now on.

        Raises :class:`~mock_sei.errors.Rejected` for the key that signs now, and for an unknown
        one.
        """
        self.perform(RetireSigningKey(kid=require_text("kid", kid)))

    def check(self) -> None:
        """Fails the test for what went wrong in the platform; the fixture calls it after each test.

        Raises :class:`~mock_sei.errors.MockSeiBug` with its traceback if mock-sei failed since the
        reset, ``AssertionError`` for a required fault nobody met, a call that wanted a script, or a
        required answer that was not used.
        """
        result = self.perform(CheckTest())
        self._reported = set(result.bugs)
        result.check()

    def check_bugs(self) -> None:
        """Raises :class:`~mock_sei.errors.MockSeiBug` for failures of mock-sei itself that no
        :meth:`check` has reported.
        """
        bugs = [each for each in self.perform(CheckTest()).bugs if each not in self._reported]
        self._reported |= set(bugs)
        if bugs:
            raise MockSeiBug("\n".join(bugs))

    def service_account(self, account: Owner) -> Account:
        """A service account, by its user name or its application: ``service_account("svc-demo")``.

        Raises :class:`~mock_sei.errors.UnknownAccount`.
        """
        username = username_of(account)
        found = self.perform(FindAccount(username=username))
        application = found.application
        if application.app_secret is None:
            raise UnknownAccount(f"no application has the service account {spelled(username)}")
        return Account(
            username=username,
            password=found.password,
            application=application.name,
            app_key=application.app_key,
            app_secret=application.app_secret,
        )

    def certificate(self, account: Owner, variant: VariantName | Variant = "valid") -> Certificate:
        """The account's current certificate, or a new one that is wrong in one way: ``"expired"``.

        Its files stay until this object is stopped; one that is asked for again has the same.
        """
        username = username_of(account)
        wanted = require_choice("variant", variant, Variant)
        if wanted is Variant.VALID:
            identity = self.perform(ShowIdentity(username=username))
        else:
            identity = self.perform(IssueCertificate(username=username, variant=wanted))
        folder = self._folder.here / f"{username}-{wanted}-{identity.serial_number:x}"
        folder.mkdir(mode=0o700, exist_ok=True)
        key_file, cert_file = folder / "privatekey.key", folder / "certificate.crt"
        for file, content in (key_file, identity.key_pem), (cert_file, identity.certificate_pem):
            if not file.exists():
                write_whole(file, content)
        return Certificate(
            cert_file=cert_file,
            key_file=key_file,
            identity=identity,
            performer=self,
            account=username,
        )

    def certificate_link(
        self,
        account: Owner,
        *,
        format: FormatName | None = None,  # noqa: A002  # the link's own word for it
        passphrase: str = Delivery.passphrase,
        legacy: bool = False,
        renew: bool = False,
    ) -> str:
        """The address of a one-time download of the account's certificate, which is mailed too.

        With ``renew`` of a second certificate, made for it; the first works until it ends.
        """
        delivery = Delivery(format=format, passphrase=passphrase, legacy=legacy)
        request = SendCertificateLink(
            username=username_of(account),
            format=format,
            passphrase=delivery.passphrase,
            legacy=delivery.legacy,
            renew=require_flag("renew", renew),
        )
        return f"{self.url}{urlsplit(self.perform(request).url).path}"

    def sign_request(self, account: Owner, request: str) -> str:
        """Signs a certificate request (CSR, PEM) for a key of your own; returns the certificate.

        Raises :class:`~mock_sei.errors.Rejected`.
        """
        require_text("request", request, "a CSR as PEM text")
        signed = self.perform(SignRequest(username=username_of(account), request=request))
        return signed.certificate

    def register_certificate(self, account: Owner, certificate: str, ca: str) -> None:
        """Accepts a certificate of your own CA from now on.

        Both are PEM texts; ``ca`` has the CAs up to the root.

        Raises :class:`~mock_sei.errors.Rejected`.
        """
        require_text("certificate", certificate, "a certificate as PEM text")
        require_text("ca", ca, "the CAs as PEM text")
        username = username_of(account)
        self.perform(RegisterCertificate(username=username, certificate=certificate, ca=ca))

    def diagnose(
        self,
        account: Owner,
        *,
        cert_file: Path | str | None = None,
        key_file: Path | str | None = None,
        ca_file: Path | str | None = None,
        passphrase: str | None = None,
        app_key: str | None = None,
        app_secret: str | None = None,
        username: str | None = None,
        password: str | None = None,
        url: str | None = None,
        timeout: float = 10.0,
        client: ClientName | None = None,
    ) -> list[Finding]:
        """What ``mock-sei doctor`` finds of a client that is configured so, what is right included.

        Whatever is not given is the account's own and right: its pair, name and password, its
        certificate and key where neither file is given, the platform's CA and the two-way URL.
        ``timeout`` is in seconds, for each step of a connection; ``client`` names the client in
        use. The variables of this process are looked at too. The journal has the doctor's
        handshakes and its token request. Raises :class:`UnknownAccount`, and
        :class:`~mock_sei.errors.ConfigurationError` for what is no URL; a file that cannot be read
        is a finding.
        """
        from mock_sei.doctor.clients import KNOWN_CLIENTS
        from mock_sei.doctor.examination import examine
        from mock_sei.doctor.probe import observe
        from mock_sei.doctor.setup import Options, read_setup

        if client is not None:
            problem = find_choice_problem(client, KNOWN_CLIENTS)
            if problem is not None:
                raise Rejected({"client": problem})
        files = {
            name: None if value is None else require_path(name, value)
            for name, value in (("cert_file", cert_file), ("key_file", key_file))
        }
        if cert_file is None and key_file is None:
            own = self.certificate(account)
            files = {"cert_file": own.cert_file, "key_file": own.key_file}
        known = self.service_account(account)
        given = {
            "app_key": known.app_key if app_key is None else app_key,
            "app_secret": known.app_secret if app_secret is None else app_secret,
            "username": known.username if username is None else username,
            "password": known.password if password is None else password,
        }
        options = Options(
            cacert=self.ca_file if ca_file is None else require_path("ca_file", ca_file),
            cert=files["cert_file"],
            key=files["key_file"],
            passphrase=None if passphrase is None else require_text("passphrase", passphrase),
            timeout=timedelta(seconds=require_seconds("timeout", timeout, most=3600)),
            client=client,
            **{name: require_text(name, value) for name, value in given.items()},
        )
        target = self.two_way_url if url is None else require_text("url", url)
        return examine(read_setup(target, options, environ=os.environ), observe)

    def ssl_context(self, account: Owner | Certificate | None = None) -> ssl.SSLContext:
        """A TLS context for a client: it trusts only this platform's CA, and has the account's
        certificate if an account is named."""
        if account is not None and not isinstance(account, Certificate):
            account = self.certificate(account)
        return client_context(
            self.ca_file.read_text(), (account.cert_file, account.key_file) if account else None
        )

    def client(self, account: Owner | Certificate | None = None, **options: Any) -> httpx2.Client:
        """An httpx2 client: two-way with the account's certificate, one-way without an account.

        ``options`` go to ``httpx2.Client``. Proxies and CA variables of the environment are left
        out of it.
        """
        refuse_unknown(options, _CLIENT_OPTIONS, what="keyword")
        base = self.url if account is None else self.two_way_url
        defaults: dict[str, Any] = {"base_url": base, "trust_env": False}
        if "verify" not in options:
            defaults["verify"] = self.ssl_context(account)
        return httpx2.Client(**(defaults | options))

    def token(self, account_or_application: Owner, user: str = DEFAULT_USER) -> str:
        """An access token by real requests, whatever the application's grant.

        Takes a service account, its user name, an application or its name; ``user`` logs in
        where the grant has an end user. Raises :class:`~mock_sei.errors.MockSeiError`.
        """
        return str(self.token_response(account_or_application, user)["access_token"])

    def token_response(
        self, account_or_application: Owner, user: str = DEFAULT_USER
    ) -> dict[str, Any]:
        """The whole answer of the token endpoint, with the refresh token where there is one.

        For the implicit grant it is what came back in the fragment. Takes what :meth:`token` takes,
        and raises :class:`~mock_sei.errors.MockSeiError`.
        """
        asked = account_or_application
        if isinstance(asked, Application):
            name = asked.app_key
        else:
            name = name_of(asked, argument="account_or_application")
        return self._flows.token_response(name, require_text("user", user, _USER))

    def login(
        self, application: Owner = "demo-web", user: str = DEFAULT_USER, **parameters: str | None
    ) -> LogIn:
        """Logs a user in and consents, without a browser; returns what comes back to the redirect
        address.

        ``parameters`` are added to the authorization request, or left out of it where None.
        """
        for name, value in parameters.items():
            _check_parameter(name, value)
        return self._flows.log_in(
            name_of(application), require_text("user", user, _USER), **parameters
        )

    @property
    def _registered(self) -> Registered:
        return Registered(self)

    @property
    def _flows(self) -> Flows:
        return Flows(
            registry=lambda: self._registered,
            connect=self.client,
            paths=lambda: assumptions_of(self).path,
        )


_USER = "an end user's e-mail address"
_CLIENT_OPTIONS = ("account", *inspect.signature(httpx2.Client).parameters)
_OWN_KEYWORDS = ("application", "user")


def _check_parameter(name: str, value: object) -> None:
    """Raises :class:`~mock_sei.errors.Rejected`, for a misspelt keyword of ours too.

    Any other name is a parameter that the test wants to send, known to the platform or not.
    """
    near = difflib.get_close_matches(name[:100], _OWN_KEYWORDS, n=1, cutoff=0.8)
    if near:
        raise Rejected({name: f"no such keyword; did you mean {near[0]}?"})
    if not isinstance(value, str | int | None):
        raise Rejected({name: f"must be a text, a number or None, not {kind_of(value)}"})
    if value is not None:
        require_text(name, str(value))


def client_context(ca_pem: str, certificate: tuple[Path, Path] | None) -> ssl.SSLContext:
    """A client's TLS context that trusts one CA and nothing of the system's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca_pem)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context
