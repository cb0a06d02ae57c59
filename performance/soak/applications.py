"""The applications of the load. Each gets, uses, refreshes and revokes tokens."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from http.cookies import SimpleCookie
from random import Random
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from mock_sei.oauth.metadata import AUTHORIZE_PATH, RESPONSE_TYPES, REVOKE_PATH, TOKEN_PATH
from mock_sei.oauth.proof_key import challenge_of
from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType, Listener
from mock_sei.web.login import SESSION_COOKIE
from performance.soak.callers import (
    AS_TOLD,
    NOT_HONOURED,
    NOT_REFUSED,
    Actions,
    Caller,
    Reply,
    World,
)
from performance.soak.oracle import Consent, Expectation, Span, Token, may_have_expired
from performance.soak.requests import FORM, basic, choose_call
from performance.soak.wire import Answer

TOKENS_HELD = 30
SURVIVORS = 5
"""Number of tokens that a caller continues to use after a reset."""

Shown = TypeVar("Shown")


class LoggedIn(NamedTuple):
    """The result of a log-in on the page."""

    members: dict[str, str]
    """The parameters that were sent to the redirect address."""
    session_token: str
    span: Span


class ApplicationCaller(Caller):
    """An application that gets tokens by its grant, makes functional calls and revokes tokens."""

    def __init__(self, world: World, random: Random, application: Application) -> None:
        super().__init__(world, random)
        self._application = application
        self._tokens: list[Token] = []
        self._codes = world.connect(Listener.ONE_WAY, world.platform.context())
        account = application.service_account
        context = world.platform.context_of(account) if account else world.platform.context()
        if random.random() < 0.3:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._connection = world.connect(application.standard.listener, context)

    def actions(self) -> Actions:
        return {
            self.obtain: 20,
            self.call: 60,
            self.refresh: 8,
            self.use_refresh_token_twice: 2,
            self.revoke: 5,
            self.connect_again: 3,
        }

    def forget(self) -> None:
        self._tokens = self.world.oracle.survivors(self._tokens[-SURVIVORS:])

    async def connect_again(self) -> None:
        self._connection.drop()

    # Getting a token

    async def obtain(self) -> None:
        user = self.random.choice(list(self.world.registry.end_users))
        how: dict[GrantType, Callable[[str], Awaitable[object]]] = {
            GrantType.CLIENT_CREDENTIALS: self._by_credentials,
            GrantType.PASSWORD: self._by_password,
            GrantType.AUTHORIZATION_CODE: self._by_code,
            GrantType.IMPLICIT: self._by_fragment,
        }
        await how[self._application.standard.grant](user)

    async def _by_credentials(self, _: str) -> None:
        account = self.world.registry.service_accounts[self._application.service_account or ""]
        form = {"username": account.username, "password": account.password}
        await self._exchange(GrantType.CLIENT_CREDENTIALS, form, None)

    async def _by_password(self, user: str) -> None:
        form = {"username": user, "password": self._password(user)}
        await self._exchange(GrantType.PASSWORD, form, user)

    async def _by_code(self, user: str) -> Consent | None:
        verifier = secrets.token_urlsafe(48) if self._application.standard.proof_key else None
        logged_in = await self._log_in(user, verifier)
        if "code" not in logged_in.members:
            return None
        form = {
            "code": logged_in.members["code"],
            "redirect_uri": self._application.redirect_addresses[0],
            **({"code_verifier": verifier} if verifier else {}),
        }
        return await self._exchange(GrantType.AUTHORIZATION_CODE, form, user, logged_in=logged_in)

    async def _by_fragment(self, user: str) -> None:
        logged_in = await self._log_in(user, None)
        if "access_token" in logged_in.members:
            consent = self.world.oracle.log_in(user, logged_in.span)
            self._hold(logged_in.members, consent, logged_in.span)

    async def _log_in(self, user: str, verifier: str | None) -> LoggedIn:
        application = self._application
        query = {
            "client_id": application.app_key,
            "response_type": RESPONSE_TYPES[application.standard.grant],
            "redirect_uri": application.redirect_addresses[0],
        }
        if verifier:
            query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        form = {"username": user, "password": self._password(user), "decision": "allow"}
        path = f"{AUTHORIZE_PATH}?{urlencode(query)}"
        reply = await self.ask(self._codes, "POST", path, FORM, urlencode(form).encode())
        if reply.answer is None or not self.expect(reply, 303, f"log-in of {application.name}"):
            return LoggedIn({}, "", reply.span)
        parts = urlsplit(reply.answer.headers[b"location"].decode())
        members = dict(parse_qsl(parts.fragment or parts.query))
        cookies = SimpleCookie(reply.answer.headers[b"set-cookie"].decode())
        return LoggedIn(members, cookies[SESSION_COOKIE].value, reply.span)

    async def _exchange(
        self,
        grant: GrantType,
        form: Mapping[str, str],
        user: str | None,
        *,
        logged_in: LoggedIn | None = None,
    ) -> Consent | None:
        reply = await self._token_request({"grant_type": grant, **form})
        if logged_in and may_have_expired(logged_in.span, reply.span) and reply.is_refused:
            return None  # the server was away for so long
        if reply.answer is None or not self.expect(reply, 200, f"{grant}"):
            return None
        content = self._content(reply.answer)
        consent = self.world.oracle.log_in(
            user,
            logged_in.span.hull(reply.span) if logged_in else reply.span,
            refresh_token=content.get("refresh_token"),
            session_token=logged_in.session_token if logged_in else "",
        )
        self._hold(content, consent, reply.span)
        return consent

    async def _token_request(self, form: Mapping[str, str]) -> Reply:
        return await self._authenticated(TOKEN_PATH, form)

    async def _authenticated(self, path: str, form: Mapping[str, str]) -> Reply:
        application, headers, sent = self._application, dict(FORM), dict(form)
        if application.app_secret is None:
            sent["client_id"] = application.app_key
        else:
            headers["Authorization"] = basic(application.app_key, application.app_secret)
        return await self.ask(self._connection, "POST", path, headers, urlencode(sent).encode())

    async def _judged(
        self, form: Mapping[str, str], judge: Callable[[Shown, Span], Expectation], shown: Shown
    ) -> Reply:
        """The answer to a token request, compared with what the oracle expects."""
        reply = await self._token_request(form)
        if reply.answer is None or not reply.happened:
            return reply
        expected, grant = judge(shown, reply.span), form["grant_type"]
        what = f"{grant}: {reply.answer.status} for {shown} at {reply.span}"
        if reply.answer.status == 400:
            if expected is Expectation.HONOUR:
                why = self.world.platform.why(reply.answer.tracking_id)
                self.world.report.broken(NOT_REFUSED, f"{why} {what}")
        elif self.expect(reply, 200, what) and expected is Expectation.REFUSE:
            self.world.report.broken(NOT_HONOURED, what)
        return reply

    def _content(self, answer: Answer) -> dict[str, str]:
        """The members of a token response; empty if a fault cut the response off."""
        content: dict[str, str] | None = answer.json
        if content is None and not any(fault.get("malformed") for fault in self.world.armed):
            self.world.report.broken(AS_TOLD, f"no JSON: {answer.body[:300]!r}")
        return content or {}

    def _hold(self, content: Mapping[str, str], consent: Consent, span: Span) -> None:
        if "access_token" in content:
            token = self.world.oracle.mint(content["access_token"], consent, span)
            self._tokens.append(token)
        if len(self._tokens) > TOKENS_HELD:
            self._tokens.pop(self.random.randrange(TOKENS_HELD))

    def _password(self, user: str) -> str:
        return self.world.registry.end_users[user].password

    # Using a token

    async def call(self) -> None:
        if not self._tokens:
            return
        token = self.random.choice(self._tokens)
        wanted, headers, body = choose_call(self.random)
        headers |= {
            "AppKey": self._application.app_key,
            "Authorization": f"Bearer {token.text}",
        }
        reply = await self.ask(self._connection, wanted.method, wanted.path, headers, body)
        if not reply.happened:
            return
        expected = self.world.oracle.judge(token, reply.span)
        if reply.answer is None:
            if expected is not Expectation.REFUSE:
                self.world.oracle.used(token, reply.span, surely=False)
            return
        honoured = reply.answer.status != 401
        what = f"{wanted.method} {wanted.path}: {reply.answer.status} for {token} at {reply.span}"
        if honoured and self.expect(reply, wanted.status, what):
            if expected is Expectation.REFUSE:
                self.world.report.broken(NOT_HONOURED, what)
            self.world.oracle.used(token, reply.span)
        elif not honoured and expected is Expectation.HONOUR:
            why = self.world.platform.why(reply.answer.tracking_id)
            self.world.report.broken(NOT_REFUSED, f"{why} {what}")

    async def refresh(self) -> None:
        consent = self._refreshable()
        if consent is None or consent.refresh_token is None:
            return
        form = {"grant_type": GrantType.REFRESH_TOKEN, "refresh_token": consent.refresh_token}
        reply = await self._judged(form, self.world.oracle.judge_refresh, consent)
        if not reply.happened:
            return
        if reply.answer is None:  # it is not known whether the refresh token was used
            consent.refresh_token = None
            if consent.session is not None:
                self.world.oracle.prolonged(consent.session, reply.span, surely=False)
        elif reply.answer.status == 200:
            content = self._content(reply.answer)
            self.world.oracle.refreshed(consent, content.get("refresh_token"), reply.span)
            self._hold(content, consent, reply.span)

    async def use_refresh_token_twice(self) -> None:
        """Uses a refresh token twice: it is refused, and its consent ends (RFC 9700, 4.14.2)."""
        consent = self._refreshable()
        if consent is None or consent.used_refresh_token is None:
            return
        form = {"grant_type": GrantType.REFRESH_TOKEN, "refresh_token": consent.used_refresh_token}
        reply = await self._token_request(form)
        if reply.answer is None:
            consent.may_have_ended()
        elif self.expect(reply, 400, "a refresh token used twice"):
            consent.ended = True

    def _refreshable(self) -> Consent | None:
        consents = [each.consent for each in self._tokens if each.consent.refresh_token]
        return self.random.choice(consents) if consents else None

    async def revoke(self) -> None:
        if not self._tokens or GrantType.INVALIDATE_TOKEN not in (
            self._application.standard.token_grants
        ):
            return
        token = self.random.choice(self._tokens)
        if token.key.retired:
            return  # the platform no longer knows it, so its consent may live
        text = self.random.choice([token.text, token.consent.refresh_token or token.text])
        if self.random.random() < 0.5:
            reply = await self._authenticated(REVOKE_PATH, {"token": text})
        else:
            form = {"grant_type": GrantType.INVALIDATE_TOKEN, "token": text}
            reply = await self._token_request(form)
        if reply.answer is None:
            token.consent.may_have_ended()
        elif self.expect(reply, 200, "a revocation"):
            token.consent.ended = True
