"""Applications of the load that also get tokens with a session or a SAML assertion."""

from __future__ import annotations

from collections import deque
from random import Random

from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType
from performance.soak.applications import ApplicationCaller
from performance.soak.assertions import make_assertion
from performance.soak.callers import Actions, World
from performance.soak.oracle import Assertion, Consent, Session

HELD = 8
"""Most sessions, and most assertions, that a caller continues to use."""


class UserApplicationCaller(ApplicationCaller):
    """An application that may use ``sessionToken`` and SAML, by the security standards."""

    def __init__(self, world: World, random: Random, application: Application) -> None:
        super().__init__(world, random, application)
        self._sessions: deque[Session] = deque(maxlen=HELD)
        self._assertions: deque[Assertion] = deque(maxlen=HELD)

    def actions(self) -> Actions:
        return {
            **super().actions(),
            self.use_session: 8,
            self.assert_user: 5,
            self.assert_by_another_key: 1,
            self.assert_twice: 4,
            self.assert_again: 2,
        }

    def forget(self) -> None:
        """A reset ends all sessions, and the platform forgets which assertions were used."""
        super().forget()
        for session in self._sessions:
            session.ended = True
        for assertion in self._assertions:
            assertion.used = False

    async def _by_code(self, user: str) -> Consent | None:
        consent = await super()._by_code(user)
        if consent is not None and consent.session is not None:
            self._sessions.append(consent.session)
        return consent

    async def use_session(self) -> None:
        """Exchanges the ``sessionToken`` that the log-in page returned."""
        if not self._sessions:
            return
        session = self.random.choice(self._sessions)
        form = {"grant_type": GrantType.SESSION_TOKEN, "sessionToken": session.token}
        reply = await self._judged(form, self.world.oracle.judge_session, session)
        if not reply.happened:
            return
        if reply.answer is None:
            self.world.oracle.prolonged(session, reply.span, surely=False)
        elif reply.answer.status == 200:
            content = self._content(reply.answer)
            text = content.get("refresh_token")
            consent = self.world.oracle.allowed(session, reply.span, refresh_token=text)
            self._hold(content, consent, reply.span)

    async def assert_user(self) -> None:
        """Exchanges a new SAML assertion."""
        assertion = self._new_assertion(is_trusted=True)
        self._assertions.append(assertion)
        await self._assert(assertion)

    async def assert_by_another_key(self) -> None:
        await self._assert(self._new_assertion(is_trusted=False))

    async def assert_twice(self) -> None:
        assertion = self._new_assertion(is_trusted=True)
        await self._assert(assertion)
        await self._assert(assertion)

    async def assert_again(self) -> None:
        """Exchanges an older assertion: it was used, has expired, or is valid after a reset."""
        if self._assertions:
            await self._assert(self.random.choice(self._assertions))

    def _new_assertion(self, *, is_trusted: bool) -> Assertion:
        user = self.random.choice(list(self.world.registry.end_users))
        return make_assertion(user, self.world.platform.clock.read(), is_trusted=is_trusted)

    async def _assert(self, assertion: Assertion) -> None:
        form = {"grant_type": GrantType.SAML2_BEARER, "SAMLAssertion": assertion.text}
        reply = await self._judged(form, self.world.oracle.judge_assertion, assertion)
        if not reply.happened:
            return
        if reply.answer is None:
            assertion.used = assertion.used or None
        elif reply.answer.status == 200:
            assertion.used = True
            content = self._content(reply.answer)
            text = content.get("refresh_token")
            consent = self.world.oracle.log_in(assertion.user, reply.span, refresh_token=text)
            self._hold(content, consent, reply.span)
