"""Log-ins of end users in the mock. The pages of the real platform are not compared.

Where the recording shows that a log-in brought a code or a token, or that a code was accepted, the
mock gives one of its own at that moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from mock_sei.comparison.bindings import Bindings
from mock_sei.comparison.cast import USER, Player
from mock_sei.comparison.facts import is_accepted
from mock_sei.oauth.proof_key import Challenge, Method, challenge_of
from mock_sei.oauth.sessions import Session
from mock_sei.platform import Platform
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.placeholders import PLACEHOLDER
from mock_sei.rules.records import DEFAULT_SCOPE


class LogIns:
    """The log-ins of one run through a recording."""

    def __init__(self, platform: Platform, bindings: Bindings) -> None:
        self._platform, self._bindings = platform, bindings
        self._asked: dict[str, Mapping[str, str]] = {}
        """The parameters of the newest authorization request, by AppKey of the recording."""
        self._verifiers: dict[str, str] = {}
        """By placeholder of a code, the verifier that fits its challenge."""

    @property
    def body_limit(self) -> int:
        return self._platform.state.assumptions.request.body_limit

    def note_request(self, app_key: str | None, parameters: Mapping[str, str]) -> None:
        """Notes an authorization request: what its log-in leads to depends on it."""
        if app_key is not None and "response_type" in parameters:
            self._asked[app_key] = parameters

    def asked(self, app_key: str | None) -> Mapping[str, str]:
        """The parameters of the newest authorization request of an application."""
        if app_key is None:
            return next(reversed(self._asked.values()), {})
        return self._asked.get(app_key, {})

    def came_back(self, given: Mapping[str, str], player: Player, app_key: str) -> None:
        """Gives the code or the token that a log-in of the recording brought."""
        asked = self.asked(app_key)
        for name, value in given.items():
            if not PLACEHOLDER.fullmatch(value):
                continue
            if name == "code":
                self.give_code(value, player, asked)
            elif name == "access_token":
                self._bindings.bind(value, self._token(player, asked))

    def give_code(
        self,
        placeholder: str,
        player: Player,
        asked: Mapping[str, str],
    ) -> None:
        """Binds a new code, for the redirect address and the challenge that were asked for."""
        address = asked.get("redirect_uri") or asked.get("redirect_url")
        registered = player.application.redirect_addresses
        has_challenge = "code_challenge" in asked or "code_verifier" in asked
        challenge = None
        if has_challenge or player.application.standard.proof_key:
            verifier = hashlib.sha256(f"verifier of {placeholder}".encode()).hexdigest()
            self._verifiers[placeholder] = verifier
            challenge = Challenge(value=challenge_of(verifier), method=Method.S256)
        code = self._platform.state.oauth.codes.issue(
            app_key=player.application.app_key,
            user=USER,
            scope=asked.get("scope") or DEFAULT_SCOPE,
            redirect_address=address or next(iter(registered), ""),
            redirect_sent=address is not None,
            challenge=challenge,
            session=self._session(USER).identifier,
        )
        self._bindings.bind(placeholder, code)

    def verifier(self, code: str | None, exchange: RecordedExchange) -> str | None:
        """The verifier of a code, None if the recorded one was wrong.

        The recording has only a placeholder of it. If a code was refused that is good here, its
        verifier was wrong.
        """
        found = self._verifiers.get(code or "")
        if found is None or is_accepted(exchange):
            return found
        codes = self._platform.state.oauth.codes
        ours = codes.find(self._bindings.find(code or "") or "")
        limit = self._platform.state.assumptions.code.lifetime.total_seconds()
        is_good = ours is not None and not ours.burnt and codes.age(ours) < limit
        return None if is_good else found

    def session_of(self, user: str) -> str:
        """The identifier of a new session."""
        return self._session(user).identifier

    def tokens(self, player: Player, user: str, scope: str) -> dict[str, object]:
        """A token response without the grant's own checks, for a grant that needs a secret of
        somebody else, as an assertion does."""
        oauth = self._platform.state.oauth
        authorization = oauth.authorize(
            player.application, user=user, scope=scope, session=self._session(user).identifier
        )
        return oauth.user_token_response(
            player.application, authorization, scope, issuer=self._platform.addresses.issuer(None)
        )

    def _token(self, player: Player, asked: Mapping[str, str]) -> str:
        found = self.tokens(player, USER, asked.get("scope") or DEFAULT_SCOPE)
        return str(found["access_token"])

    def _session(self, user: str) -> Session:
        oauth = self._platform.state.oauth
        return oauth.sessions.start(user)
