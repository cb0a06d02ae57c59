"""The authorization server of one platform state, which the grants and the log-in page share.

It owns tokens, codes, authorizations and sessions. It has the three rules that need more than one
of them: how a session starts, what ends with it, and what a token response holds.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from mock_sei.assumptions.table import DEFAULTS, Assumptions
from mock_sei.errors import GRANT_INVALID, Refusal
from mock_sei.oauth.authorizations import Authorization, Authorizations
from mock_sei.oauth.codes import Codes
from mock_sei.oauth.revocation_counts import RevocationCounts
from mock_sei.oauth.sessions import Session, Sessions
from mock_sei.oauth.tokens import KeyRing, Tokens, lifetime_of_request
from mock_sei.oauth.used_assertions import UsedAssertions
from mock_sei.reasons.pairs import has_key_pair
from mock_sei.reasons.values import but_for, find_difference, find_difference_from, in_other_case
from mock_sei.rules import checks
from mock_sei.rules.caller_checks import AccessToken
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.records import Application, EndUser, Environment
from mock_sei.rules.registry import Registry
from mock_sei.rules.stored import Stored

TOKEN_TYPES = {"sei": "BearerToken", "rfc": "Bearer"}
"""The ``token_type`` of each dialect: ``BearerToken`` (create-token page), ``Bearer`` (RFC
6750)."""

SESSION_CHECK = checks.SESSIONS
USER_CHECK = checks.USER


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The settings of the authorization server. A reset can change them."""

    dialect: Literal["sei", "rfc"]
    environment: Environment
    concurrent_sessions: Literal["allow", "refuse"]
    auto_login: bool
    assumptions: Assumptions = DEFAULTS


class AuthorizationServer:
    """The tokens, codes, authorizations and sessions of one platform state."""

    def __init__(
        self,
        *,
        registry: Registry,
        keys: KeyRing,
        clock: PlatformClock,
        random: Random,
        rules: Rules,
        stored: Stored,
        identifiers: Random | None = None,
    ) -> None:
        """``identifiers`` gives the identifiers of tokens and calls; ``random`` without it. In a
        shared state it must give other values on each server, without a change of the state."""
        assumed = rules.assumptions
        self.registry = registry
        self.rules = rules
        self.token_type = assumed.token.type or TOKEN_TYPES[rules.dialect]
        """The ``token_type`` of its answers."""
        self._token_rules = assumed.token
        self.clock = clock
        self.keys = keys
        self.tokens = Tokens(
            keys=keys,
            clock=clock,
            random=random if identifiers is None else identifiers,
            rules=assumed.token,
            lifetime=lifetime_of_request,
            stored=stored,
        )
        self.codes = Codes(clock=clock, random=random, rules=assumed.code, stored=stored)
        self.authorizations = Authorizations(
            clock=clock,
            random=random,
            rules=assumed.refresh_token,
            token_lifetime=assumed.token.lifetime,
            stored=stored,
        )
        self.sessions = Sessions(clock=clock, random=random, rules=assumed.session, stored=stored)
        self.used_assertions = UsedAssertions(clock=clock, stored=stored)
        self.revocation_counts = RevocationCounts(clock=clock, stored=stored)

    def has_issued(self, text: str) -> bool:
        """True if a text is a code, a refresh token or a session identifier of this state."""
        return (
            self.codes.find(text) is not None
            or self.authorizations.has_issued(text)
            or self.sessions.find(text) is not None
        )

    def kind_of(self, text: str) -> str | None:
        """What a text is on this platform, such as ``a refresh token``; None if it is unknown.

        Messages use it if a client sent a value of the wrong kind.
        """
        registry = self.registry
        kinds: tuple[tuple[str, Callable[[str], object]], ...] = (
            ("an authorization code", self.codes.find),
            ("a refresh token", lambda each: self.authorizations.has_issued(each) or None),
            ("a sessionToken", self.sessions.find),
            ("an AppKey", registry.applications.get),
            ("an AppSecret", lambda each: registry.is_app_secret(each) or None),
            ("a password", lambda each: each in registry.secrets or None),
            ("the user name of a service account", registry.service_accounts.get),
            ("the e-mail address of an end user", registry.end_users.get),
            ("a key pair in Base64", lambda each: has_key_pair(each, registry.applications.get)),
            ("an access token", self._find_token),
        )
        return next((kind for kind, find in kinds if find(text) is not None), None)

    def _find_token(self, text: str) -> AccessToken | None:
        try:
            return self.tokens.read(text)
        except Refusal:
            return None

    def find_user(self, email: str, password: str) -> EndUser | None:
        """The end user with this e-mail address and password, None if one of them is wrong."""
        user = self.registry.end_users.get(email)
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            return None
        return user

    def require_user(self, email: str, password: str) -> EndUser:
        """The end user with this e-mail address and password.

        Raises ``invalid_grant`` if one of them is wrong.
        """
        user = self.find_user(email, password)
        if user is None:
            known = email in self.registry.end_users
            raise Refusal(
                GRANT_INVALID,
                check=USER_CHECK,
                because=self.explain_log_in(email, password),
                actual=None if known else email,
            )
        return user

    def explain_log_in(self, email: str, password: str) -> str:
        """Why no user has this e-mail address with this password: a sentence for the journal."""
        user = self.registry.end_users.get(email)
        if user is not None:
            difference = find_difference_from(user.password, password)
            other = ""
            if difference is None and password in self.registry.secrets:
                other = ": it is the secret of another user, account or application"
            return f"The password of {email} is wrong{but_for(difference) or other}."
        find = self.registry.end_users.get
        difference = find_difference(
            email, lambda each: find(each) is not None, fits_in_other_case=in_other_case(find)
        )
        other = ""
        if difference is None and self.registry.service_accounts.get(email) is not None:
            other = ": it is the user name of a service account"
        return f"There is no such end user{but_for(difference) or other}."

    def start_session(self, user: str, *, end_others: bool) -> Session:
        """Logs a user in. With ``end_others`` it ends the user's other sessions first.

        Raises ``invalid_grant`` if the user has a session and a second one is refused (assumed).
        """
        alone = end_others or self.rules.concurrent_sessions == "refuse"
        others = self.sessions.live_of(user) if alone else []
        if end_others:
            self.end_sessions(others)
        elif others:
            raise Refusal(
                GRANT_INVALID,
                check=SESSION_CHECK,
                because=f"{user} has a session already, and concurrent sessions are refused; send "
                "endOtherSessions=true to end it.",
                expected="no other session",
                actual=f"{len(others)}",
                description="The user has another session, and endOtherSessions is not true.",
            )
        return self.sessions.start(user)

    def end_sessions(self, sessions: Sequence[Session]) -> None:
        """Ends sessions, and all tokens that were issued in them."""
        ended = {each.identifier for each in sessions}
        for authorization in self.authorizations.of_sessions(ended):
            self.end_family(authorization.family)
        for session in sessions:
            self.sessions.end(session)

    def end_family(self, family: str, app_key: str | None = None) -> None:
        """Revokes all tokens of one consent. ``app_key`` is known for tokens without a consent."""
        found = self.authorizations.find(family)
        owner = app_key if found is None else found.app_key
        if owner is not None and not self.tokens.is_revoked(family):
            self.revocation_counts.note(owner)
        self.tokens.revoke_family(family)
        self.authorizations.remove(family)

    def authorize(
        self,
        application: Application,
        *,
        user: str,
        scope: str,
        session: str,
        redirect_address: str | None = None,
    ) -> Authorization:
        """Stores a user's consent, for which tokens can then be issued."""
        return self.authorizations.grant(
            family=self.tokens.new_identifier(),
            app_key=application.app_key,
            user=user,
            scope=scope,
            redirect_address=redirect_address,
            session=session,
            refreshable=application.standard.refreshable,
        )

    def mint(
        self, application: Application, authorization: Authorization, scope: str, *, issuer: str
    ) -> str:
        """A new access token for a consent, with the application's own service account.

        It also prolongs the user's session.
        """
        session = self.sessions.find(authorization.session)
        if session is not None:
            self.sessions.keep_alive(session)
        return self.tokens.mint(
            issuer=issuer,
            app_key=application.app_key,
            service_account=application.service_account,
            user=authorization.user,
            scope=scope,
            family=authorization.family,
        )

    def token_members(self, token: str, scope: str) -> dict[str, Any]:
        """The members that every token response has (RFC 6749 section 5.1), in the usual order."""
        return self._with_extras(self._members(token), scope)

    def _members(self, token: str) -> dict[str, Any]:
        return {
            "access_token": token,
            "token_type": self.token_type,
            "expires_in": self.spelled(self.tokens.lifetime),
        }

    def _with_extras(self, members: dict[str, Any], scope: str) -> dict[str, Any]:
        if self._token_rules.scope_named:
            members["scope"] = scope
        return {**members, **self._token_rules.extra_members}

    def spelled(self, seconds: int) -> int | str:
        """A number of seconds, as answers write it."""
        return seconds if self._token_rules.expires_in == "integer" else str(seconds)

    def user_token_response(
        self, application: Application, authorization: Authorization, scope: str, *, issuer: str
    ) -> dict[str, Any]:
        """A token response for an end user, with a new access token.

        The members and their order are those of the create-token page; ``scope`` of the RFC
        follows.
        """
        token = self.mint(application, authorization, scope, issuer=issuer)
        return self._with_extras(self._members(token) | self.companions(authorization), scope)

    def companions(self, authorization: Authorization) -> dict[str, Any]:
        """The members about the refresh token and the user, in token responses and information."""
        members: dict[str, Any] = {}
        if authorization.refresh_token is not None:
            members["refresh_token"] = authorization.refresh_token
            left = self.authorizations.seconds_left(authorization)
            members["refresh_token_expires_in"] = self.spelled(left)
        if authorization.redirect_address is not None:
            members["redirect_url"] = authorization.redirect_address
        members["email"] = authorization.user
        return members
