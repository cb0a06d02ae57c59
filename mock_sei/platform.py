"""One whole platform: builds the parts, owns them, resets them.

Nothing of the platform lives outside a platform, so two servers in one process never meet. What a
reset brings back is in :class:`State`; the CA, the fixtures and the listeners outlive it. What a
test can do to it is in ``operations/``.

A reset is a line: each call works from its first byte to its last on the state that there was at
its beginning, which :meth:`Platform.pinned` keeps for it. A method that needs more than one part of
the state, or works slowly, therefore reads ``self.state`` once.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mock_sei.apis.api_state import ApiState, Contents, Shelf
from mock_sei.apis.collections import REMEMBERED, Collections, Seed
from mock_sei.apis.costs import WHOLE
from mock_sei.apis.data import ServerData
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.jobs import Jobs
from mock_sei.apis.own_data import OwnData
from mock_sei.apis.spooled import Body, Spool
from mock_sei.apis.times import find_zone
from mock_sei.assumptions.moved import MovedPaths, moved_paths
from mock_sei.assumptions.table import Assumptions, Changed
from mock_sei.certificates.accounts import AccountCertificates, TlsProblem
from mock_sei.certificates.bundles import BundleOptions, CertificateFile, Identity
from mock_sei.certificates.seeded import SeededIdentities
from mock_sei.certificates.soundness import find_chain_problems, find_date_problems, path_of_ders
from mock_sei.certificates.store import CertificateStore
from mock_sei.certificates.stored_identities import IDENTITY
from mock_sei.errors import (
    ConfigurationError,
    Explanation,
    Rejected,
    StoreAway,
    UnknownAccount,
    UnknownCertificate,
)
from mock_sei.faults.check_result import CheckResult, Kept, Reported, StoredKept
from mock_sei.faults.faults import FaultRule, read_fault
from mock_sei.faults.scripts import Scripts
from mock_sei.faults.server_faults import ServerFaults
from mock_sei.fixtures import Fixtures
from mock_sei.gateway import Admission, Call, GatewayOrder, admit, refuse_unknown_key
from mock_sei.journal.diagnosis import HandshakeFailure, explain_handshake, judge_certificate
from mock_sei.journal.entries import Entry
from mock_sei.journal.hiding import KnownSecrets, Secrets
from mock_sei.journal.journal import ServerJournal
from mock_sei.journal.observing import Observer
from mock_sei.matching.targets import Operations, names_of
from mock_sei.oauth.client_auth import authenticate
from mock_sei.oauth.endpoint import answer_token_request
from mock_sei.oauth.grants import served_grants
from mock_sei.oauth.metadata import (
    JWKS_PATH,
    METADATA_PATH,
    OAUTH_OPERATIONS,
    TOKEN_PATHS,
    jwks,
    metadata,
)
from mock_sei.oauth.revocation import revoke
from mock_sei.oauth.server import AuthorizationServer, Rules
from mock_sei.oauth.token_info import token_information
from mock_sei.oauth.token_request import TokenRequest
from mock_sei.oauth.tokens import KeyRing, SigningKey
from mock_sei.portal.portal import Portal
from mock_sei.portal.tries import Tries
from mock_sei.replay.positions import ReplayPositions
from mock_sei.rules import checks, machine
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH, PLATFORM_PAGES, Addresses
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.connection import ClientCertificate, Connection
from mock_sei.rules.departed import Departed
from mock_sei.rules.followers import Follower, Followers
from mock_sei.rules.randomness import make_random
from mock_sei.rules.readiness import Readiness
from mock_sei.rules.records import Application
from mock_sei.rules.registry import Registry
from mock_sei.rules.stored import Stored, Table
from mock_sei.settings import Behaviour, Settings
from mock_sei.state.memory import MemoryUnits
from mock_sei.state.units import LASTING, Beginning, Units

if TYPE_CHECKING:
    from mock_sei.apis.answering import ApiRequest
    from mock_sei.apis.calls import ApiAnswer
    from mock_sei.replay.recordings import ReplayedRecordings

logger = logging.getLogger("mock_sei")


_SHOWN = "shown"


class TrackingHeader:
    """The header with the tracking id, in the forms that each request needs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.name = text.encode()
        self.lower = self.name.lower()


@dataclass(kw_only=True)
class State:
    """What a reset replaces."""

    stored: Stored
    """The tables of its records."""
    behaviour: Behaviour
    assumptions: Assumptions
    """What it assumes of the real platform; ``behaviour`` has what of it is changed."""
    moved_paths: MovedPaths | None
    """Paths that are not where the defaults have them; None if all are."""
    gateway: GatewayOrder
    tracking: TrackingHeader
    registry: Registry
    oauth: AuthorizationServer
    apis: ApiState
    """The data that all applications share, but for those with own data."""
    own_data: OwnData
    faults: ServerFaults
    scripts: Scripts
    certificates: AccountCertificates
    portal: Portal
    tries: Tries
    """The calls that the portal is making."""
    replay: ReplayPositions
    """How many of the recorded answers were used."""
    bugs: Kept = field(init=False)
    """Tracebacks of mock-sei's own failures."""
    shortages: Kept = field(init=False)
    """What the machine lacked, a sentence each; a reset forgets them."""
    reported: Reported = field(init=False)
    """How many of the bugs a check has reported; a reset hands the others on."""

    def __post_init__(self) -> None:
        self.bugs = StoredKept(self.stored, "bugs")
        self.shortages = StoredKept(self.stored, "shortages")
        self.reported = Reported(self.stored)
        self._shown = Table(self.stored, "server certificate", IDENTITY)

    @property
    def server_identity(self) -> Identity | None:
        """What the listeners show instead of their own certificate, to see whether clients check.

        It stays one object until it is changed.
        """
        return self._shown.get(_SHOWN)

    @server_identity.setter
    def server_identity(self, identity: Identity | None) -> None:
        if identity is None:
            self._shown.pop(_SHOWN)
        else:
            self._shown[_SHOWN] = identity

    def secrets(self) -> Secrets:
        """What no journal and no log may show."""
        return KnownSecrets(self.registry.secrets, self._has_issued)

    def let_go_of_files(self) -> None:
        """Removes all uploaded files, and keeps no new ones: this state has ended."""
        self.apis.contents.end()
        self.own_data.end()

    def find_data(self, application: Application) -> ApiState | None:
        """The data that the calls of an application work on.

        None if that is its own, and it was removed or got another AppKey meanwhile.
        """
        return self.own_data.find(application) if application.own_data else self.apis

    def _has_issued(self, text: str) -> bool:
        return self.oauth.has_issued(text) or self.portal.links.find(text) is not None


class BeforeReset:
    """Keeps a reset out while it is entered; gives whether no reset came before."""

    __slots__ = ("_line", "_platform", "_present")

    def __init__(self, platform: Platform, present: Platform, line: threading.Lock) -> None:
        self._platform, self._present, self._line = platform, present, line

    def __enter__(self) -> bool:
        self._line.acquire()
        return self._platform.is_of_same_epoch(self._present)

    def __exit__(self, *_: object) -> None:
        self._line.release()


WITHOUT_OWN_DATA = (
    "works on the records that all applications share, and has none of its own; register an "
    "application with own_data=True to get own records"
)
BODIES_AT_ONCE = 16
"""Uploads of the largest size that all bodies together, coming in or stored, may be large."""


class Platform:
    """The platform behind the three listeners."""

    def __init__(
        self,
        *,
        fixtures: Fixtures,
        store: CertificateStore,
        behaviour: Behaviour,
        faults: Sequence[Mapping[str, Any]] = (),
        faults_source: object = "settings",
        assumptions_source: object = "settings",
        journal_size: int = 1000,
        time_zone: str = "America/New_York",
        upload_limit: int = 64 * 1024 * 1024,
        tls_problem: TlsProblem = lambda _: None,
        units: Units | None = None,
        recordings: ReplayedRecordings | None = None,
    ) -> None:
        """``units`` are those of the store that keeps the state; this server's memory without."""
        # For good
        self.units = MemoryUnits() if units is None else units
        self.fixtures = fixtures
        self.store = store
        self.authority = store.authority
        self.catalogue = Catalogue(
            fixtures.documents,
            fixtures.brought,
            oauth=OAUTH_OPERATIONS,
            pages=PLATFORM_PAGES,
            unread=fixtures.problems,
        )
        for problem in fixtures.problems:
            logger.warning("%s; %s", problem, WHOLE)
        for cost in self.catalogue.costs:
            logger.warning("%s", cost.sentence)
        for problem in self.catalogue.unchecked:
            logger.warning("not checked: %s", problem)
        require_free_paths(behaviour.assumptions, self.catalogue, assumptions_source)
        self.recordings = recordings
        """The recorded answers that are given again; None if there are none."""
        if recordings is not None:
            level = logging.WARNING if recordings.is_incomplete else logging.INFO
            logger.log(level, "recordings %s: %s", recordings.source, recordings.summary)
        self.operations = operations_of(self.catalogue, recordings)
        """The operations that a fault can name."""
        """Made here and not when first asked for: each call has a copy of this platform."""
        self.addresses = Addresses(one_way_port=443, two_way_port=444, control_port=8044)
        self.has_listeners = False
        """Whether listeners answer at the addresses; a platform without sockets has none."""
        self.readiness = Readiness()
        """Whether the server takes requests."""
        self.observer: Observer | None = None
        """Who counts what the server does; nobody without the extra ``metrics``."""
        self.settings = Settings()
        """The settings with which the server started; a reset may have changed some since."""
        self._behaviour = behaviour
        self._seeded_faults = read_faults(faults, self.operations, faults_source)
        self._tls_problem = tls_problem
        self._seeded_records = Seed(fixtures.collections)
        self._seeded_with_own_data = [
            each for each in fixtures.registry.applications.values() if each.own_data
        ]
        self._zone = find_zone(time_zone)
        self._keep_for_good(Stored(prefix=LASTING))
        try:
            self.signing_key = SigningKey(store.signing_key_pem)
        except ValueError as error:
            raise ConfigurationError(str(error), source=store.folder / "signing.key") from None
        self.upload_limit = upload_limit
        """Bytes of the body of an upload."""
        self._spool = Spool(BODIES_AT_ONCE * upload_limit)
        # Until the next reset
        self.pid = os.getpid()
        """The process that ends the server; the parent, for a worker."""
        self.server_names: Sequence[str] = ("localhost",)
        """Names and addresses of the server's certificate."""
        self.clock = PlatformClock(self.units.timestamp)
        self.followers = Followers()
        """Who is told when something changes: in the state, in the journal."""
        self.journal = ServerJournal(journal_size, log=self.units.log, followers=self.followers)
        self._line = threading.Lock()
        """Held while a reset changes the state, and by whoever must not meet it half done."""
        self._present = self
        """The platform that a reset changes; a pinned one is another."""
        self._stored = Stored()
        self._server_number = 0
        """The number of this server, and of this start of it, among those of a shared state."""
        self._epoch = 0
        """The epoch of the present state."""
        self._builds: dict[int, int] = {}
        """How often this server made the state of an epoch anew. A reset that was not committed
        leads back to the epoch before it, so no epoch is forgotten."""
        self.units.start(self)

    @property
    def tables(self) -> tuple[Stored, Stored]:
        """The tables of the present state, and those that no reset empties."""
        return self._stored, self._lasting

    def build(self, beginning: Beginning) -> None:
        """Makes a new state, which replaces the present one."""
        behaviour = self._behaviour
        if beginning.changes:
            behaviour = behaviour.with_changes(beginning.changes, source="reset")
        is_shared = self.units.is_shared
        if beginning.lasting is not None:
            self._keep_for_good(Stored(beginning.lasting, is_shared=is_shared, prefix=LASTING))
            if is_shared and beginning.is_new:
                self._seeded_identities.read_files()
            if not self._server_number:
                self._server_number = self._lasting.next_number("servers")
        self._epoch = beginning.epoch
        self._builds[self._epoch] = self._builds.get(self._epoch, 0) + 1
        fresh = self._seeded(behaviour, Stored(beginning.rows, is_shared=is_shared))
        with self._line:
            past: State | None = self.__dict__.get("state")
            if past is not None and beginning.is_new:
                for each in past.bugs[past.reported.bugs :]:
                    fresh.bugs.add(_earlier(each))
            self.clock.keep_in(fresh.stored)
            self.journal.begin(fresh.stored)
            self.state, self._stored = fresh, fresh.stored
        self._stored.announce = self._lasting.announce = self.followers.tell
        self.followers.tell()
        if past is not None:
            past.let_go_of_files()

    def _keep_for_good(self, lasting: Stored) -> None:
        self._lasting = lasting
        """The tables that no reset empties."""
        self._departed = Departed(lasting)
        """Applications that resets and deletions took away."""
        accounts = self.fixtures.registry.service_accounts
        self._seeded_identities = SeededIdentities(self.store, accounts, lasting)

    def _own_random(self, seed: int | None) -> Random:
        """Random values that only this server of a shared state gives, and gives once."""
        number, builds = self._server_number, self._builds[self._epoch]
        return make_random(seed, f"server {number} state {builds}")

    def _seeded(self, behaviour: Behaviour, stored: Stored) -> State:
        assumptions = Assumptions.of(behaviour.assumptions)
        registry = self.fixtures.registry.copy()
        registry.departed = self._departed
        random = make_random(behaviour.seed, stored=stored)
        certificates = AccountCertificates(
            store=self.store,
            seeded=self._seeded_identities,
            registry=registry,
            clock=self.clock,
            tls_problem=self._tls_problem,
            stored=stored,
        )
        # Without other servers faults have values of their own anyway, and keep those they had.
        purpose = "faults" if stored.is_shared else ""
        chance = make_random(behaviour.seed, purpose, stored)
        faults = ServerFaults(chance, self._seeded_faults, stored=stored)
        scripts = Scripts(make_random(behaviour.seed, "scripted answers", stored), stored=stored)

        def forget(application: Application) -> None:
            faults.drop_application(application)
            scripts.drop_application(application)
            release(application=application.name, account=application.service_account)
            self._note_end(application, f"deleted at {_time_of_day()}")

        def release(*, application: str, account: str | None = None) -> None:
            with self._line:
                if self._present.state is state:
                    self.journal.release(application=application, account=account)

        shelf = Shelf()

        def make_data(name: str, *, is_own: bool, remembered: int) -> ApiState:
            return ApiState(
                collections=Collections(
                    self._seeded_records,
                    remembered=remembered,
                    stored=stored,
                    name=f"{name}/records",
                ),
                jobs=Jobs(random, stored=stored, name=name),
                random=random,
                zone=self._zone,
                paging=assumptions.paging,
                requests=assumptions.request,
                contents=Contents(shelf),
                is_own=is_own,
            )

        own_data = OwnData(
            partial(make_data, is_own=True, remembered=REMEMBERED // 4),
            self._seeded_with_own_data,
            stored=stored,
        )
        registry.follow = own_data.follow
        registry.keep_in(stored)
        state = State(
            stored=stored,
            behaviour=behaviour,
            assumptions=assumptions,
            moved_paths=moved_paths(assumptions.path),
            gateway=GatewayOrder.of(assumptions.gateway.order),
            tracking=TrackingHeader(assumptions.request.tracking_header),
            registry=registry,
            oauth=AuthorizationServer(
                registry=registry,
                keys=KeyRing(self.signing_key, stored),
                clock=self.clock,
                random=random,
                rules=Rules(
                    dialect=behaviour.dialect,
                    environment=behaviour.environment,
                    concurrent_sessions=behaviour.concurrent_sessions,
                    auto_login=behaviour.auto_login,
                    assumptions=assumptions,
                ),
                stored=stored,
                identifiers=self._own_random(behaviour.seed) if stored.is_shared else None,
            ),
            faults=faults,
            scripts=scripts,
            replay=ReplayPositions(stored),
            apis=make_data("apis/shared", is_own=False, remembered=REMEMBERED),
            own_data=own_data,
            certificates=certificates,
            portal=Portal(
                registry=registry,
                certificates=certificates,
                products=self.catalogue.products,
                clock=self.clock,
                random=random,
                approval=behaviour.approval,
                link_lifetime=assumptions.certificate.link_lifetime,
                notice_days=assumptions.certificate.renewal_notices,
                url=lambda: self.addresses.one_way,
                forget=forget,
                rename=lambda name: release(application=name),
                stored=stored,
            ),
            tries=Tries(stored),
        )
        return state

    def reset(self, changes: Mapping[str, Any] | None = None, *, by: str | None = None) -> None:
        """The state as seeded, with changed behaviour until the next reset.

        ``changes`` are fields of :class:`~mock_sei.settings.Behaviour`. Raises
        :class:`ConfigurationError` for any other key, and then nothing is reset. Calls that are
        under way end on the state that they began on. A failure of mock-sei that no check has
        reported is handed on, so that the next check does. A certificate of the fixtures' accounts
        that the machine's clock does not find valid is made anew when it is asked for. ``by`` is
        the test that resets, for whoever misses an application afterwards.
        """
        if self._present is not self:
            # A state refers to the platform that made it, and a pinned one to a state of before.
            self._present.reset(changes, by=by)
            return
        changes = dict(changes or {})
        changed = self._behaviour.with_changes(changes, source="reset")  # raises for a wrong one
        require_free_paths(changed.assumptions, self.catalogue, "reset")
        self.units.run(lambda: self._reset(changes, by), changes=True)

    def _reset(self, changes: Mapping[str, Any], by: str | None) -> None:
        self._seeded_identities.drop_invalid()
        past = self.state
        self.units.begin_epoch(changes)
        whose = f"of {by}" if by else f"at {_time_of_day()}"
        for application in past.registry.newcomers():
            if self.state.registry.find_application(application.name) is None:
                self._note_end(application, f"removed by the reset {whose}")

    def _note_end(self, application: Application, end: str) -> None:
        self._departed.note(names_of(application), application.name, end)

    def pinned(self) -> Platform:
        """This platform with the state that it has now, for one call: no reset changes that.

        What the call does after a reset is done to the state that is gone. Of what outlives a
        reset (journal, clock) it can change nothing then.
        """
        if self._present is not self:
            return self
        twin = object.__new__(Platform)
        with self._line:
            twin.__dict__.update(self.__dict__)
        return twin

    def is_of_same_epoch(self, other: Platform) -> bool:
        """True if no reset came between the states of two platforms. A state that was only loaded
        anew from its store is the same."""
        if self.units.is_shared:
            return self._epoch == other._epoch
        return self.state is other.state

    def reloaded(self) -> Platform:
        """This platform; if its state was loaded anew from the store since, one with that state."""
        now = self._present.pinned()
        return now if self.is_of_same_epoch(now) else self

    def follow(self, follower: Follower, *, most: int) -> bool:
        """Calls ``follower`` from now on whenever something may have changed, until
        :meth:`unfollow`. It is called in any thread, and so often that it must cost nothing.
        Returns False if there are ``most`` followers already."""
        if not self.followers.add(follower, most=most):
            return False
        self.journal.look_on()
        return True

    def unfollow(self, follower: Follower) -> None:
        """Ends what :meth:`follow` began."""
        self.followers.remove(follower)

    def before_reset(self) -> BeforeReset:
        """Whether this is the platform of now, which it stays for the length of the ``with``."""
        return BeforeReset(self, self._present, self._line)

    # The platform

    def new_tracking_id(self) -> str:
        """A GUID, as the platform's are (API-standards FAQ)."""
        return str(UUID(self.state.oauth.tokens.new_identifier(), version=4))

    def token(self, request: TokenRequest) -> dict[str, Any]:
        """Answers a token request. Raises :class:`~mock_sei.errors.Refusal`."""
        return answer_token_request(request, self.state.oauth)

    def revoke_token(self, request: TokenRequest) -> dict[str, Any]:
        """Answers a request to the revoke endpoint. Raises :class:`~mock_sei.errors.Refusal`."""
        oauth = self.state.oauth
        client = authenticate(request, oauth.registry, oauth.rules.environment, served=None)
        token = request.find("token") or request.require("token", "refresh_token")
        answer = revoke(token, client, oauth)
        request.findings.passes(checks.REVOCATION)
        return answer

    def token_information(self, call: Call) -> dict[str, Any]:
        """What the token of a call stands for. Raises :class:`~mock_sei.errors.Refusal`."""
        oauth = self.state.oauth
        admitted = self.admit(call)
        text = (call.authorization or "").split()[-1]
        return token_information(
            text, admitted.token, admitted.application, oauth, self.clock.timestamp()
        )

    def metadata(self, host: str | None) -> dict[str, Any]:
        """Authorization server metadata, for a client that called this host."""
        return metadata(
            issuer=self.addresses.issuer(host),
            two_way_url=self.addresses.two_way_at(host),
            grants=served_grants(),
            scopes=self.state.registry.scopes,
            paths=self.state.assumptions.path,
        )

    def jwks(self) -> dict[str, Any]:
        return jwks(self.state.oauth.keys)

    def admit(self, call: Call) -> Admission:
        """The gateway's checks. Raises :class:`~mock_sei.errors.Refusal`."""
        state = self.state
        return admit(
            call,
            registry=state.registry,
            tokens=state.oauth.tokens,
            environment=state.behaviour.environment,
            order=state.gateway,
            what_is=state.oauth.kind_of,
        )

    def new_body(self) -> Body:
        """For the bytes of a request. Stored files are let go of where it needs their room."""
        return Body(self._spool, self.state.apis.contents.shelf.let_go_of_oldest)

    def admit_to_data(self, call: Call) -> tuple[Admission, ApiState]:
        """The gateway's checks, and the data that the call works on, whatever happens to its
        application meanwhile. Raises :class:`~mock_sei.errors.Refusal`."""
        admitted = self.admit(call)
        data = self.state.find_data(admitted.application)
        if data is None:  # the AppKey ended after the checks: as if it had ended before them
            refuse_unknown_key(call.app_key or "", self.state.registry)
        return admitted, data

    def scratch_data(self) -> ApiState:
        """The records of the fixtures once more, for an example: no call sees what changes them."""
        random = make_random(0, "examples")
        return ApiState(
            collections=Collections(self._seeded_records, remembered=0),
            jobs=Jobs(random),
            random=random,
            zone=self._zone,
        )

    def answer(self, request: ApiRequest, data: ApiState) -> ApiAnswer:
        """Answers an admitted call. Raises :class:`~mock_sei.errors.Refusal`."""
        from mock_sei.apis.answering import answer  # loaded with the first functional call

        return answer(request, data, self.clock.now())

    @property
    def faults(self) -> ServerFaults:
        return self.state.faults

    @property
    def scripts(self) -> Scripts:
        return self.state.scripts

    def check_result(self, *, reported: bool = True) -> CheckResult:
        """What speaks against the test since the reset.

        Its bugs count as reported, unless the caller throws it away.
        """
        state = self.state
        bugs = state.bugs.told
        if reported:
            state.reported.note(len(bugs))
        return CheckResult(
            bugs=[*bugs, *state.shortages.told],
            unmet_faults=[f"{each.fault.operation}: {each.fault}" for each in state.faults.unmet],
            unscripted_calls=list(state.scripts.unscripted),
            unused_answers=Kept.of(map(str, state.scripts.unused)).told,
        )

    @property
    def data(self) -> ServerData:
        """The records behind the functional APIs that applications share."""
        return ServerData(self.state.apis.collections, self.catalogue)

    def data_of(self, name: str) -> ServerData:
        """The own records of an application: by its name, AppKey or service account.

        Raises :class:`~mock_sei.errors.UnknownApplication`, and
        :class:`~mock_sei.errors.Rejected` for an application that works on the shared records.
        """
        state = self.state
        with state.registry.unchanging:
            application = state.registry.require_application(name)
            data = state.own_data.find(application)
        if data is None:
            raise Rejected({"application": f"{application.name} {WITHOUT_OWN_DATA}"})
        return ServerData(data.collections, self.catalogue)

    # What the listeners ask and tell

    def judge_certificate(
        self, certificate: ClientCertificate, shown_chain: Sequence[bytes] = ()
    ) -> Explanation | None:
        """Why a certificate that TLS accepted is refused all the same, None where it is not.

        ``shown_chain`` is the certificate and what the client sent with it, DER. OpenSSL judged
        the dates of it, unless the platform's clock shows another time than this machine's.
        """
        certificates, now = self.certificates, self.clock.now()
        is_openssls = not shown_chain or self.clock.is_openssls
        sent = () if is_openssls else path_of_ders(shown_chain, now)[1:]
        return judge_certificate(
            certificate,
            now,
            revoked=certificates.has_revoked(certificate),
            registered=certificates.admits(certificate),
            is_ca=self.authority.is_issuing(certificate),
            problems=find_date_problems((*certificates.chain_of(certificate), *sent), now),
        )

    def explain_handshake(
        self,
        failure: HandshakeFailure,
        certificate: ClientCertificate | None,
        shown_chain: Sequence[bytes] = (),
    ) -> Explanation:
        """``shown_chain`` is what the client sent, DER: a CA in it may be what is wrong."""
        now = self.clock.now()
        problems = (
            find_chain_problems(path_of_ders(shown_chain, now), now) if failure.verify_code else ()
        )
        return explain_handshake(failure, certificate, now, problems=problems)

    def record_handshake(
        self,
        connection: Connection,
        why: Explanation,
        tls_version: str | None,
        *,
        alert: str | None = None,
    ) -> None:
        """A handshake that failed, or a connection ended because of its certificate."""
        entry = Entry(
            kind="handshake",
            timestamp=self.clock.timestamp(),
            connection=connection,
            tls_version=tls_version,
            tracking_id=self.new_tracking_id(),
            alert=alert,
        )
        entry.refuse(why)
        self.record(entry)

    def record_tls_failure(self, problem: str) -> None:
        """A listener refuses everybody, since its TLS cannot be set up; ``check()`` fails then."""

        def add() -> None:
            if problem not in self.state.shortages:
                self.state.shortages.add(problem)

        logger.error(problem)
        self._report(add)

    def record(self, entry: Entry, *, endpoint: str | None = None, code: str | None = None) -> None:
        """Writes into journal and log; into the log only where a reset overtook the call.

        ``endpoint`` is the path template of a functional operation, ``code`` that of the refusal:
        both are only counted.
        """
        if self.observer is not None:
            if entry.kind == "handshake":
                self.observer.handshake_refused(entry)
            else:
                self.observer.exchange(entry, endpoint=endpoint, code=code)
        with self.before_reset() as is_now:
            if is_now:
                self.journal.add(entry)
        level = logging.WARNING if entry.refused_by else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, entry)  # itself: a formatter may want more of it than its line

    @property
    def bugs(self) -> Kept:
        """Tracebacks of mock-sei's own failures that speak against the test that runs now."""
        return self.state.bugs

    def record_bug(self, traceback: str) -> None:
        """mock-sei itself failed: kept, so that the user's test fails with the traceback.

        Of a call that a reset overtook too: no failure of mock-sei goes unreported.
        """

        def add() -> None:
            with self.before_reset() as is_now:
                self._present.bugs.add(traceback if is_now else _earlier(traceback))

        logger.error("mock-sei failed, please report this:\n%s", traceback)
        self._report(add)

    def record_exhaustion(self, missing: str) -> None:
        """The machine ran out of something: no bug, but the user's test cannot be trusted."""
        sentence = f"a call was not answered as it should be: on this machine {missing}"
        logger.error("%s", sentence)
        self._report(lambda: self.state.shortages.add(sentence))

    def _report(self, note: Callable[[], object]) -> None:
        """Notes what the next check reports. Whoever calls this handles an error already, so a
        store that fails is only logged."""

        def noted() -> None:
            try:
                self.units.run(note)
            except Exception as error:
                logger.error("the store failed (%s), so that no check will report this", error)

        self.units.do_soon(noted)

    @property
    def registry(self) -> Registry:
        """Who is registered now."""
        return self.state.registry

    @property
    def portal(self) -> Portal:
        """Applications, mails, certificate links."""
        return self.state.portal

    @property
    def certificates(self) -> AccountCertificates:
        return self.state.certificates

    def take_certificate(self, token: str, format_name: str | None = None) -> CertificateFile:
        """What a one-time link downloads; the link is dead from now on.

        Raises :class:`~mock_sei.errors.Refusal` where it is dead already.
        """
        here = self.pinned()
        file = here.preview_certificate(token, format_name)
        here.portal.links.take(token)
        return file

    def preview_certificate(self, token: str, format_name: str | None = None) -> CertificateFile:
        """What a one-time link would download; the link stays as it is."""
        state = self.state
        link = state.portal.links.require(token)
        try:
            certificate = state.certificates.find(link.account, link.serial_number)
        except (UnknownAccount, UnknownCertificate):
            state.portal.links.require(token)  # dead, where its application was deleted just now
            raise
        delivery = link.delivery
        options = BundleOptions(passphrase=delivery.passphrase, legacy=delivery.legacy)
        return certificate.download(format_name or delivery.format or "pem", options)

    def seed_identities(self, *, until: Callable[[], bool] = lambda: False) -> None:
        """Makes every account's certificate and files ahead of time; none any more once ``until``.

        Raises :class:`ConfigurationError` naming what cannot be written.
        """
        for account in self.fixtures.registry.service_accounts.values():
            if until():
                return
            try:
                self.units.run(partial(self._seeded_identities.require, account))
            except StoreAway as error:
                logger.warning("the certificates are made when they are asked for: %s", error)
                return


def operations_of(catalogue: Catalogue, recordings: ReplayedRecordings | None = None) -> Operations:
    """Everything that can be called."""
    link = f"GET {CERTIFICATE_LINK_PATH}{{token}}"
    recorded = () if recordings is None else recordings.calls.operations
    return Operations((*OAUTH_OPERATIONS, *catalogue.names, *PLATFORM_PAGES, link, *recorded))


def require_free_paths(changed: Changed, catalogue: Catalogue, source: object) -> None:
    """Raises :class:`ConfigurationError` if an operation is moved to a path that another one has.

    ``changed`` are the assumptions that differ from their defaults, ``source`` is where they are
    from.
    """
    for name, path in changed.items():
        if not name.startswith("path."):
            continue
        other = next(_owners_of(name, path, catalogue), None)
        if other is not None:
            raise ConfigurationError(
                f"{other} has this path", source=source, key=f"assumptions.{name}", value=path
            )


def _owners_of(name: str, path: str, catalogue: Catalogue) -> Iterator[str]:
    """Operations and pages that have a path besides the operation of a row."""
    own = "GET /v1/{appName}/status/{key}" if name == "path.insight_status" else None
    sample = path.replace("{key}", "0")
    yield from (each for each in catalogue.operations_at(sample) if each != own)
    if name != "path.token":  # it may be one of the other paths of the token endpoint
        yield from (f"POST {each}" for each in TOKEN_PATHS[1:] if each == path)
    yield from (f"GET {each}" for each in (METADATA_PATH, JWKS_PATH) if each == path)
    if f"{path}/".startswith(_OWN_PAGES):
        yield "a page of this server"


_OWN_PAGES = ("/portal/", "/openapi/", "/.well-known/")


def read_faults(
    seeded: Sequence[Mapping[str, Any]], operations: Operations, source: object
) -> list[FaultRule]:
    """The faults of the settings, which every reset arms.

    Raises :class:`ConfigurationError` naming where they are from, the entry and its field.
    """
    read: list[FaultRule] = []
    for index, fields in enumerate(seeded):
        try:
            read.append(read_fault(fields, operations))
        except Rejected as error:
            field, problem = next(iter(error.problems.items()))
            raise ConfigurationError(
                problem, source=source, key=f"faults[{index}].{field}"
            ) from None
    return read


def _time_of_day() -> str:
    """As the machine has it; the platform's clock may be anywhere."""
    return f"{machine.now():%H:%M:%S} UTC"


def _earlier(bug: str) -> str:
    """The traceback of a failure that no check reported before a reset."""
    return f"{_EARLIER}\n{bug}" if not bug.startswith(_EARLIER) else bug


_EARLIER = "From before the last reset, so perhaps of an earlier test:"
