"""Who acts in a recording: applications, service accounts and end users, as far as it shows them.

Each AppKey that the real platform accepted gets an application of its own. Its row of the security
standards follows from its grant, or else from its listener. An AppKey that was never accepted is an
unknown one, unless the user's map says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mock_sei.comparison.facts import (
    RequestFacts,
    given_code,
    is_accepted,
    is_counted,
    read_facts,
)
from mock_sei.comparison.mapping import RecordingMap
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.rules.records import (
    DEFAULT_SCOPE,
    Application,
    EndUser,
    ServiceAccount,
    find_redirect_problem,
    is_account_name,
)
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Actor, ApplicationType, GrantType, Owner

USER = "user@example.com"
"""The end user who logs in where the recording names nobody."""
_REDIRECT = "https://localhost/callback"
_AFTER_THE_GATEWAY = frozenset({400, 404, 405, 409, 413, 415, 422})
"""Statuses that say little about the AppKey, but mostly come after it was found good."""

_Row = tuple[ApplicationType, Actor, Owner]
_SERVER: _Row = (ApplicationType.SERVER_SERVER, Actor.SERVER, Owner.ANYONE)
_WEB: _Row = (ApplicationType.CLIENT_SERVER, Actor.END_USER, Owner.SEI_CLIENT)
_INTERNAL: _Row = (ApplicationType.CLIENT_SERVER, Actor.END_USER, Owner.SEI_INTERNAL)
_PAGE: _Row = (ApplicationType.SINGLE_PAGE, Actor.END_USER, Owner.ANYONE)
_NATIVE: _Row = (ApplicationType.NATIVE, Actor.END_USER, Owner.ANYONE)
_IMPLICIT = "implicit"
_WITH_CODE = frozenset({GrantType.AUTHORIZATION_CODE.value, GrantType.REFRESH_TOKEN.value})
_ROWS: Mapping[str, _Row] = {
    GrantType.CLIENT_CREDENTIALS.value: _SERVER,
    GrantType.PASSWORD.value: _INTERNAL,
    GrantType.SESSION_TOKEN.value: _WEB,
    GrantType.SAML2_BEARER.value: _WEB,
    _IMPLICIT: _PAGE,
}
"""By a grant that was accepted, the first of them counts."""


@dataclass(kw_only=True)
class SeenApplication:
    """What a recording shows of one AppKey."""

    app_key: str
    """As the recording has it: a placeholder."""
    secrets: dict[str, None] = field(default_factory=dict)
    """AppSecrets that were accepted with it, in their order."""
    grants: dict[str, bool] = field(default_factory=dict)
    """Grants that were tried, and whether one was accepted."""
    listeners: set[str] = field(default_factory=set)
    common_names: dict[str, None] = field(default_factory=dict)
    accounts: dict[str, None] = field(default_factory=dict)
    """User names of client_credentials requests that were accepted."""
    redirect_addresses: dict[str, None] = field(default_factory=dict)
    scopes: dict[str, None] = field(default_factory=dict)
    has_secret: bool = False
    is_accepted: bool = False
    is_perhaps_accepted: bool = False

    @property
    def is_known(self) -> bool:
        return self.is_accepted or self.is_perhaps_accepted

    @property
    def row(self) -> _Row:
        """The application's row of the security standards, by its grant, or else its listener."""
        is_two_way = self.has_secret or self.listeners == {"two-way"}
        good = [each for each, accepted in self.grants.items() if accepted]
        for grant in good or self.grants:
            if grant in _WITH_CODE:
                return _WEB if is_two_way else _NATIVE
            if grant in _ROWS:
                return _ROWS[grant]
        return _SERVER if is_two_way else _NATIVE


@dataclass(frozen=True, kw_only=True)
class Player:
    """The application of the mock that plays a recorded one."""

    application: Application
    secret: str | None
    """Its AppSecret."""
    recorded_account: str | None
    """The name of its service account in the recording."""


class Casting:
    """Reads exchange by exchange who acts in a recording."""

    def __init__(self) -> None:
        self.applications: dict[str, SeenApplication] = {}
        self.passwords: dict[tuple[str, str], bool] = {}
        """User names of end users with passwords that were accepted."""
        self.account_passwords: dict[tuple[str, str], bool] = {}
        self.seen = 0

    def note(self, exchange: RecordedExchange) -> None:
        """Takes in one exchange. The order does not matter."""
        if not is_counted(exchange):
            return
        self.seen += 1
        facts = read_facts(exchange.request)
        if facts.app_key is None:
            return
        application = self.applications.setdefault(
            facts.app_key, SeenApplication(app_key=facts.app_key)
        )
        accepted = is_accepted(exchange)
        status = exchange.response.status if exchange.response else 0
        application.is_accepted |= accepted
        application.is_perhaps_accepted |= status in _AFTER_THE_GATEWAY and facts.token is not None
        application.has_secret |= facts.app_secret is not None and accepted
        if accepted or not application.listeners:
            application.listeners.add(exchange.listener)
        if accepted and facts.app_secret is not None:
            application.secrets[facts.app_secret] = None
        if accepted and exchange.tls.client_common_name is not None:
            application.common_names[exchange.tls.client_common_name] = None
        self._note_grant(exchange, facts, application, accepted=accepted)

    def _note_grant(
        self,
        exchange: RecordedExchange,
        facts: RequestFacts,
        application: SeenApplication,
        *,
        accepted: bool,
    ) -> None:
        sent = facts.parameters
        grant = facts.grant
        if grant is None and sent.get("response_type") == "token":
            grant = _IMPLICIT
        elif grant is None and "response_type" in sent:
            grant = GrantType.AUTHORIZATION_CODE.value
        if grant is not None:  # a log-in page is not yet a grant
            is_given = accepted and (facts.grant is not None or given_code(exchange) is not None)
            application.grants[grant] = application.grants.get(grant, False) or is_given
        for name in ("redirect_uri", "redirect_url"):
            if name in sent and (accepted or not application.redirect_addresses):
                application.redirect_addresses[sent[name]] = None
        if not accepted or facts.grant is None:
            return
        value = exchange.response.body.find_json() if exchange.response else None
        scope = value.get("scope") if isinstance(value, dict) else None
        for each in (scope if isinstance(scope, str) else sent.get("scope", "")).split():
            if each.isascii() and each.isprintable() and not {'"', "\\"} & {*each}:
                application.scopes[each] = None
        username = sent.get("username") or sent.get("email")
        if username is not None and "password" in sent:
            pair = (username, sent["password"])
            if grant == GrantType.CLIENT_CREDENTIALS:
                application.accounts[username] = None
                self.account_passwords[pair] = True
            else:
                self.passwords[pair] = True


class Cast:
    """The applications, accounts and users of the mock that play those of a recording."""

    def __init__(self, casting: Casting, chosen: RecordingMap, known: Registry) -> None:
        """``known`` has the applications that the user's map may name.

        Raises :class:`~mock_sei.errors.ConfigurationError` if it names another one.
        """
        self._casting = casting
        self._map = chosen
        self.players: dict[str, Player] = {}
        self.unknown: list[str] = []
        """AppKeys that were never accepted."""
        self.registry = Registry()
        for number, seen in enumerate(casting.applications.values(), 1):
            named = chosen.application_of(seen.app_key)
            if named is not None:
                self._use_existing(seen, named, known)
            elif seen.is_known:
                self._make(seen, number)
            else:
                self.unknown.append(seen.app_key)
        for user in dict.fromkeys([USER, *(name for name, _ in casting.passwords)]):
            self.registry.end_users[user] = EndUser(email=user, password=f"password of {user}")

    def player_of(self, app_key: str | None) -> Player | None:
        """The application that plays the one of this AppKey, None if it is unknown."""
        return None if app_key is None else self.players.get(app_key)

    def secret_of(self, app_key: str | None, sent: str) -> str | None:
        """Our AppSecret for one of the recording; None if it was never accepted with the AppKey."""
        player = self.player_of(app_key)
        seen = self._casting.applications.get(app_key or "")
        is_good = seen is not None and sent in seen.secrets
        return player.secret if player is not None and is_good else None

    def password_of(self, username: str | None, sent: str, player: Player | None) -> str | None:
        """Our password for one of the recording; None if it was never accepted for the name."""
        if username is None:
            return None
        if (username, sent) in self._casting.account_passwords:
            account = player.application.service_account if player else None
            found = self.registry.service_accounts.get(account or "")
            return None if found is None else found.password
        if (username, sent) in self._casting.passwords:
            user = self.registry.end_users.get(username)
            return None if user is None else user.password
        return None

    def account_of(self, name: str, player: Player | None) -> str:
        """Our name of a service account, which a CN or a user name gives in the recording."""
        mapped = self._map.account_of(name)
        if mapped is not None:
            return mapped
        if player is not None and name == player.recorded_account:
            return player.application.service_account or name
        return name

    def _use_existing(self, seen: SeenApplication, name: str, known: Registry) -> None:
        found = known.find_application(name)
        if found is None:
            raise self._map.unknown_application(seen.app_key, name, known)
        if self.registry.find_application(found.name) is None:
            account = found.service_account
            self.registry.register(
                found, None if account is None else known.service_accounts[account]
            )
        recorded = next(iter([*seen.accounts, *seen.common_names]), found.service_account)
        self.players[seen.app_key] = Player(
            application=found, secret=found.app_secret, recorded_account=recorded
        )

    def _make(self, seen: SeenApplication, number: int) -> None:
        kind, actor, owner = seen.row
        name = f"recorded-{number}"
        application = Application(
            name=name,
            type=kind,
            actor=actor,
            owner=owner,
            app_key=f"key-of-{name}",
            redirect_addresses=tuple(_addresses(seen.redirect_addresses, actor)),
            scopes=tuple(dict.fromkeys([DEFAULT_SCOPE, *seen.scopes])),
        )
        recorded, account = None, None
        if application.standard.two_way_tls:
            recorded = next(iter([*seen.accounts, *seen.common_names]), None)
            username = self._free_account(recorded, number)
            account = ServiceAccount(username=username, password=f"password-of-{name}")
            application = replace(
                application, app_secret=f"secret-of-{name}", service_account=username
            )
        self.registry.register(application, account)
        self.players[seen.app_key] = Player(
            application=application, secret=application.app_secret, recorded_account=recorded
        )

    def _free_account(self, recorded: str | None, number: int) -> str:
        """The recorded name, if it is one here and no other application has it."""
        mapped = None if recorded is None else self._map.account_of(recorded)
        for name in (mapped, recorded):
            is_good = name is not None and is_account_name(name)
            if name is not None and is_good and name not in self.registry.service_accounts:
                return name
        return f"account-{number}"


def _addresses(seen: Iterable[str], actor: Actor) -> list[str]:
    if actor is Actor.SERVER:
        return []
    return [each for each in seen if find_redirect_problem(each) is None] or [_REDIRECT]
