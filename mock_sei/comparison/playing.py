"""Plays a recording, exchange by exchange and in its order, against a fresh platform."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace

from mock_sei.comparison.bindings import Bindings, LostValue
from mock_sei.comparison.calling import InProcessCaller, MockAnswer
from mock_sei.comparison.cast import USER, Cast, Player
from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.comparison.facts import (
    RequestFacts,
    given_code,
    is_accepted,
    is_counted,
    read_facts,
)
from mock_sei.comparison.judging import differences
from mock_sei.comparison.logins import LogIns
from mock_sei.comparison.naming import OperationNames
from mock_sei.comparison.requesting import NotComparable, RequestMaker
from mock_sei.comparison.results import Compared, Outcome
from mock_sei.comparison.seen_records import find_operation
from mock_sei.comparison.timeline import Ages, Timeline
from mock_sei.errors import ConfigurationError, Rejected
from mock_sei.platform import Platform
from mock_sei.recordings.exchanges import BodyKind, RecordedExchange
from mock_sei.rules.records import DEFAULT_SCOPE
from mock_sei.rules.standards import GrantType

_PAGES = ("authorize", "login", "log-in", "signin", "consent")
_USED_UP = frozenset({GrantType.INVALIDATE_TOKEN.value, GrantType.REFRESH_TOKEN.value})
_ASSERTIONS = frozenset({"SAMLResponse", "SAMLAssertion", "assertion"})
_FIRST_REFUSAL = 400


@dataclass(frozen=True, kw_only=True)
class Played:
    """One exchange that was played, with what the assumptions need to know of it."""

    compared: Compared
    facts: RequestFacts
    ages: Ages
    has_identifier_at_end: bool = False
    """Whether the path ends with an identifier that an answer gave before."""


class Play:
    """One run through a recording."""

    def __init__(
        self, platform: Platform, cast: Cast, caller: InProcessCaller, names: OperationNames
    ) -> None:
        self._platform, self._cast, self._caller, self._names = platform, cast, caller, names
        rules = platform.state.assumptions
        self._bindings = Bindings(rules.paging.cursor)
        self._log_ins = LogIns(platform, self._bindings)
        self._maker = RequestMaker(cast, self._bindings, self._log_ins)
        self._timeline = Timeline()
        self._created: dict[str, list[str]] = {}
        """By collection, the keys of records that the mock made and nobody asked for yet."""

    async def run(self, exchanges: Iterable[RecordedExchange]) -> AsyncIterator[Played]:
        """Plays the exchanges. Raises :class:`ConfigurationError` for a time that no clock has."""
        for exchange in exchanges:
            self._set_clock(exchange)
            facts = read_facts(exchange.request)
            ages = self._timeline.ages(exchange, facts)
            compared = await self._play(exchange, facts)
            self._timeline.note(exchange, facts)
            last = exchange.request.path.rpartition("/")[2]
            yield Played(
                compared=compared,
                facts=facts,
                ages=ages,
                has_identifier_at_end=self._bindings.is_bound(last),
            )

    def _set_clock(self, exchange: RecordedExchange) -> None:
        try:
            self._platform.clock.set(exchange.started, frozen=True)
        except Rejected as error:
            raise ConfigurationError(
                f"startedDateTime: {error}",
                source=exchange.source,
                key=f"exchange {exchange.number}",
            ) from None

    async def _play(self, exchange: RecordedExchange, facts: RequestFacts) -> Compared:
        operation = self._names.name_of(exchange.request)
        done = Compared(exchange=exchange, operation=operation, outcome=Outcome.SKIPPED)
        if not is_counted(exchange):
            why = exchange.recorder_answered or exchange.failure or "no answer came"
            return replace(done, reason=why)
        if self._is_log_in(exchange, facts):
            return replace(done, reason="a page of a log-in")
        try:
            return await self._compared(exchange, facts, done)
        except RecursionError:
            return replace(
                done, outcome=Outcome.NOT_COMPARED, reason="its JSON is nested too deeply"
            )
        except (NotComparable, LostValue) as error:
            self._lose(exchange)
            return replace(done, outcome=Outcome.NOT_COMPARED, reason=str(error))

    async def _compared(
        self, exchange: RecordedExchange, facts: RequestFacts, done: Compared
    ) -> Compared:
        self._follow_created(exchange)
        answer, path = await self._answer(exchange, facts)
        rules = self._platform.state.assumptions
        found = differences(
            exchange,
            answer,
            next_link=rules.paging.next,
            tracking_header=rules.request.tracking_header,
        )
        found += self._differ_rotation(exchange, facts, answer)
        is_same_outcome = self._learn(exchange, facts, answer, path)
        if found and self._has_only_shape(exchange):
            found = [each for each in found if not each.where.startswith("/errors/")]
        is_certain = is_same_outcome and (is_accepted(exchange) or _is_of_structure(answer))
        if found and not is_certain and self._has_only_shape(exchange):
            return replace(
                done,
                outcome=Outcome.NOT_COMPARED,
                reason="the recording has only the shape of the body of the request",
            )
        return replace(
            done,
            outcome=Outcome.DIFFERENT if found else Outcome.SAME,
            differences=tuple(found),
            answer=answer,
            source=self._names.source_of(exchange.request, answer),
        )

    def _differ_rotation(
        self, exchange: RecordedExchange, facts: RequestFacts, answer: MockAnswer
    ) -> Iterator[AnswerDifference]:
        """Whether a refresh token stays the same one."""
        sent = facts.parameters.get("refresh_token")
        theirs = exchange.response.body.find_json() if exchange.response else None
        ours = answer.find_json()
        is_refresh = facts.grant == GrantType.REFRESH_TOKEN and sent is not None
        if not is_refresh or not isinstance(theirs, dict) or not isinstance(ours, dict):
            return
        given = theirs.get("refresh_token"), ours.get("refresh_token")
        stays = given[0] == sent, given[1] == self._bindings.find(sent or "")
        if None not in given and stays[0] != stays[1]:
            yield AnswerDifference(
                kind=DifferenceKind.VALUE, where="/refresh_token", theirs=stays[0], ours=stays[1]
            )

    async def _answer(
        self, exchange: RecordedExchange, facts: RequestFacts
    ) -> tuple[MockAnswer, str]:
        player = self._cast.player_of(facts.app_key)
        if facts.grant == GrantType.SAML2_BEARER and _ASSERTIONS & facts.parameters.keys():
            if player is None or not is_accepted(exchange):
                raise NotComparable("nobody can sign the assertion again")
            return self._saml_answer(exchange, player), exchange.request.path
        request = self._maker.make(exchange)
        return await self._caller.call(request), request.path

    def _saml_answer(self, exchange: RecordedExchange, player: Player) -> MockAnswer:
        """The answer to an assertion, which nobody can sign again: without its checks."""
        value = exchange.response.body.find_json() if exchange.response else None
        given = value if isinstance(value, dict) else {}
        user, scope = given.get("email"), given.get("scope")
        tokens = self._log_ins.tokens(
            player,
            user if isinstance(user, str) else USER,
            scope if isinstance(scope, str) else DEFAULT_SCOPE,
        )
        headers = (
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("Pragma", "no-cache"),
            (self._platform.state.assumptions.request.tracking_header, "none"),
        )
        return MockAnswer(status=200, headers=headers, body=json.dumps(tokens).encode())

    # Log-ins

    def _is_log_in(self, exchange: RecordedExchange, facts: RequestFacts) -> bool:
        """True for an exchange of a log-in, of which the mock gives only the outcome."""
        sent = facts.parameters
        is_asked = "response_type" in sent and not facts.is_token_request
        if is_asked:
            self._log_ins.note_request(facts.app_key, sent)
        given = given_code(exchange)
        if given is not None:
            app_key = facts.app_key or self._log_ins.asked(None).get("client_id", "")
            player = self._cast.player_of(app_key)
            if player is not None:
                self._log_ins.came_back(given, player, app_key)
            else:
                self._lose(exchange)
            return True
        if is_asked:
            return True
        last = exchange.request.path.rstrip("/").rpartition("/")[2].lower()
        return last in _PAGES and facts.token is None

    # What an answer gives

    def _learn(
        self, exchange: RecordedExchange, facts: RequestFacts, answer: MockAnswer, path: str
    ) -> bool:
        """Binds what the answer gave. Returns whether both accepted or both refused."""
        ours = bool(answer.status) and answer.status < _FIRST_REFUSAL
        theirs = is_accepted(exchange)
        if theirs:
            self._bindings.learn(exchange, answer if ours else MockAnswer(), path)
            if ours:
                self._note_created(exchange, answer)
        if ours != theirs and (facts.grant in _USED_UP or "token" in facts.parameters):
            for name in ("token", "refresh_token", "access_token"):
                if name in facts.parameters:
                    self._bindings.spoil(facts.parameters[name], exchange.number)
        return ours == theirs

    def _lose(self, exchange: RecordedExchange) -> None:
        if is_accepted(exchange):
            self._bindings.learn(exchange, MockAnswer(), exchange.request.path)

    def _has_only_shape(self, exchange: RecordedExchange) -> bool:
        return exchange.request.body.kind is BodyKind.SHAPE

    def _note_created(self, exchange: RecordedExchange, answer: MockAnswer) -> None:
        """Remembers the key of a new record, where the recording does not have the key."""
        response = exchange.response
        if exchange.request.method != "POST" or response is None or response.body.shape is None:
            return
        found = find_operation(self._platform.catalogue, exchange)
        rule = None if found is None else found[0].rule
        key = None if rule is None else _find_key(answer.find_json(), rule.key)
        if rule is not None and key is not None:
            self._created.setdefault(rule.collection, []).append(key)

    def _follow_created(self, exchange: RecordedExchange) -> None:
        """Binds a key in a path that can only be that of a new record."""
        if not self._created:
            return
        found = find_operation(self._platform.catalogue, exchange)
        if found is None or not is_accepted(exchange):
            return
        operation, values = found
        waiting = self._created.get(operation.rule.collection)
        key = values.get(operation.rule.key)
        if not waiting or key is None or self._bindings.is_bound(key):
            return
        records = self._platform.state.apis.collections
        if records.find(operation.rule.collection, operation.rule.key, key) is None:
            self._bindings.bind_identifier(key, waiting.pop(0))


_STRUCTURE = re.compile(r"not of type|required and missing")


def _is_of_structure(answer: MockAnswer) -> bool:
    """True for a refusal of types and missing members, which a shape has: not of values."""
    value = answer.find_json()
    errors = value.get("errors") if isinstance(value, dict) else None
    reasons = [str(each.get("reason")) for each in errors or () if isinstance(each, dict)]
    return bool(reasons) and all(map(_STRUCTURE.search, reasons))


def _find_key(value: object, name: str) -> str | None:
    """The first value of a member with this name, in an answer with one record."""
    waiting = [value]
    for _ in range(100):
        if not waiting:
            return None
        each = waiting.pop(0)
        if isinstance(each, dict):
            found = each.get(name)
            if isinstance(found, str | int) and not isinstance(found, bool):
                return str(found)
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each[:1]
    return None
