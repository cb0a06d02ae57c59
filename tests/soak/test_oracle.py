"""The soak's oracle, at the moments at which the expected answer changes."""

from __future__ import annotations

import pytest

from performance.soak.oracle import (
    IDLE_LIMIT,
    LIFETIME,
    REFRESH_LIFETIME,
    SESSION,
    Assertion,
    Consent,
    Expectation,
    Oracle,
    Session,
    SigningKey,
    Span,
    Token,
)

BORN = 1_000_000.7
HONOUR, REFUSE, EITHER = Expectation.HONOUR, Expectation.REFUSE, Expectation.EITHER


def at(moment: float, width: float = 0) -> Span:
    return Span(moment, moment + width)


@pytest.fixture
def oracle() -> Oracle:
    return Oracle(SigningKey(kid="first", seeded=True))


@pytest.fixture
def token(oracle: Oracle) -> Token:
    return oracle.mint("text", oracle.log_in(None, at(BORN)), at(BORN))


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, HONOUR), (IDLE_LIMIT - 1, HONOUR), (IDLE_LIMIT, REFUSE), (LIFETIME, REFUSE)],
)
def test_an_unused_token_is_idle_from_its_birth(
    oracle: Oracle, token: Token, after: float, expected: Expectation
) -> None:
    assert oracle.judge(token, at(BORN + after)) is expected


def test_a_used_one_lives_on_to_its_end_in_whole_seconds(oracle: Oracle, token: Token) -> None:
    oracle.used(token, at(BORN + IDLE_LIMIT - 1))
    oracle.used(token, at(BORN + LIFETIME - 10))
    assert oracle.judge(token, at(1_000_000 + LIFETIME - 0.01)) is HONOUR
    assert oracle.judge(token, at(1_000_000 + LIFETIME)) is REFUSE


def test_a_request_that_travels_over_the_limit_may_go_either_way(
    oracle: Oracle, token: Token
) -> None:
    assert oracle.judge(token, at(1_000_000 + IDLE_LIMIT - 0.5, 1)) is EITHER


def test_a_use_whose_answer_was_lost_is_in_doubt(oracle: Oracle, token: Token) -> None:
    oracle.used(token, at(BORN + 600), surely=False)
    assert oracle.judge(token, at(BORN + 600)) is HONOUR
    assert oracle.judge(token, at(BORN + IDLE_LIMIT + 300)) is EITHER
    assert oracle.judge(token, at(BORN + IDLE_LIMIT + 700)) is REFUSE


@pytest.mark.parametrize(("ended", "expected"), [(True, REFUSE), (None, EITHER), (False, HONOUR)])
def test_the_end_of_its_consent_is_its_own(
    oracle: Oracle, token: Token, ended: bool | None, expected: Expectation
) -> None:
    token.consent.ended = ended
    assert oracle.judge(token, at(BORN)) is expected


def test_a_revoked_one_stays_refused_when_the_clock_is_set_back(
    oracle: Oracle, token: Token
) -> None:
    token.consent.ended = True
    oracle.clock_moved(BORN + 10 * LIFETIME)
    assert oracle.judge(token, at(BORN)) is REFUSE


def test_a_use_may_be_forgotten_once_the_clock_was_past_its_end(
    oracle: Oracle, token: Token
) -> None:
    oracle.used(token, at(BORN + 1000))
    oracle.clock_moved(BORN + LIFETIME)
    assert oracle.judge(token, at(BORN + 1000)) is HONOUR
    assert oracle.judge(token, at(BORN + IDLE_LIMIT + 500)) is EITHER


def test_a_retired_key_ends_its_tokens_and_no_others(oracle: Oracle, token: Token) -> None:
    oracle.rotated("second")
    newer = oracle.mint("newer", oracle.log_in(None, at(BORN)), at(BORN))
    assert oracle.judge(token, at(BORN)) is HONOUR
    (first,) = oracle.retirable
    oracle.retired(first)
    assert oracle.judge(token, at(BORN)) is REFUSE
    assert oracle.judge(newer, at(BORN)) is HONOUR


def test_a_reset_leaves_alive_what_the_first_key_signed(oracle: Oracle) -> None:
    family = oracle.log_in("alice", at(BORN))
    two = [oracle.mint(text, family, at(BORN)) for text in ("one", "another")]
    ended = oracle.mint("ended", Consent(born=at(BORN), ended=True), at(BORN))
    oracle.rotated("second")
    newer = oracle.mint("newer", family, at(BORN))

    oracle.reset()

    left = oracle.survivors([*two, ended, newer])
    assert [each.text for each in left] == ["one", "another"]
    assert left[0].consent is left[1].consent  # one family still
    assert oracle.key.kid == "first"


class TestSessions:
    @pytest.fixture
    def consent(self, oracle: Oracle) -> Consent:
        return oracle.log_in("alice", at(BORN), refresh_token="r")

    def test_a_live_one_is_ended_with_its_consent(self, oracle: Oracle, consent: Consent) -> None:
        oracle.user_sessions_ended("bob", at(BORN))
        assert consent.ended is False
        oracle.user_sessions_ended("alice", at(BORN))
        assert consent.ended is True

    def test_all_that_stands_on_it_ends_with_it(self, oracle: Oracle, consent: Consent) -> None:
        assert consent.session is not None
        second = oracle.allowed(consent.session, at(BORN + 10))
        oracle.user_sessions_ended("alice", at(BORN + 20))
        assert (consent.ended, second.ended) == (True, True)

    def test_one_that_is_over_ends_nothing_for_sure(self, oracle: Oracle, consent: Consent) -> None:
        oracle.clock_moved(BORN + SESSION)
        oracle.user_sessions_ended("alice", at(BORN + SESSION))
        assert consent.ended is None

    def test_a_refresh_keeps_it_alive(self, oracle: Oracle, consent: Consent) -> None:
        oracle.refreshed(consent, "s", at(BORN + SESSION - 10))
        assert (consent.used_refresh_token, consent.refresh_token) == ("r", "s")
        oracle.clock_moved(BORN + SESSION + 10)
        oracle.user_sessions_ended("alice", at(BORN + SESSION + 10))
        assert consent.ended is True

    @pytest.mark.parametrize(
        ("after", "expected"),
        [(0, HONOUR), (REFRESH_LIFETIME - 1, HONOUR), (REFRESH_LIFETIME, REFUSE)],
    )
    def test_a_refresh_token_lives_thirty_days(
        self, oracle: Oracle, consent: Consent, after: float, expected: Expectation
    ) -> None:
        assert oracle.judge_refresh(consent, at(BORN + after)) is expected


class TestSessionTokens:
    @pytest.fixture
    def session(self, oracle: Oracle) -> Session:
        session = oracle.log_in("alice", at(BORN), session_token="s").session
        assert session is not None
        return session

    @pytest.mark.parametrize(
        ("after", "expected"), [(0, HONOUR), (SESSION - 1, HONOUR), (SESSION, REFUSE)]
    )
    def test_one_is_good_as_long_as_its_session(
        self, oracle: Oracle, session: Session, after: float, expected: Expectation
    ) -> None:
        assert oracle.judge_session(session, at(BORN + after)) is expected

    def test_its_use_keeps_the_session_alive(self, oracle: Oracle, session: Session) -> None:
        oracle.allowed(session, at(BORN + SESSION - 10))
        assert oracle.judge_session(session, at(BORN + SESSION + 10)) is HONOUR

    def test_a_use_whose_answer_was_lost_may_have(self, oracle: Oracle, session: Session) -> None:
        oracle.prolonged(session, at(BORN + SESSION - 10), surely=False)
        assert oracle.judge_session(session, at(BORN + SESSION - 5)) is HONOUR
        assert oracle.judge_session(session, at(BORN + SESSION + 10)) is EITHER
        assert oracle.judge_session(session, at(BORN + 2 * SESSION - 10)) is REFUSE

    def test_it_ends_with_the_users_sessions(self, oracle: Oracle, session: Session) -> None:
        oracle.user_sessions_ended("alice", at(BORN + 10))
        assert oracle.judge_session(session, at(BORN + 20)) is REFUSE

    def test_it_may_be_gone_once_the_clock_was_past_its_end(
        self, oracle: Oracle, session: Session
    ) -> None:
        oracle.clock_moved(BORN + SESSION)
        assert oracle.judge_session(session, at(BORN)) is EITHER


class TestAssertions:
    @pytest.fixture
    def assertion(self) -> Assertion:
        return Assertion(text="a", user="alice", starts=BORN, ends=BORN + 300)

    @pytest.mark.parametrize(
        ("after", "width", "expected"),
        [
            (-1, 0, REFUSE),
            (-1, 2, EITHER),
            (0, 0, HONOUR),
            (299, 0, HONOUR),
            (299, 2, EITHER),
            (300, 0, REFUSE),
        ],
    )
    def test_one_is_good_between_its_dates(
        self,
        oracle: Oracle,
        assertion: Assertion,
        after: float,
        width: float,
        expected: Expectation,
    ) -> None:
        assert oracle.judge_assertion(assertion, at(BORN + after, width)) is expected

    @pytest.mark.parametrize(("used", "expected"), [(True, REFUSE), (None, EITHER)])
    def test_one_gives_tokens_once(
        self, oracle: Oracle, assertion: Assertion, used: bool | None, expected: Expectation
    ) -> None:
        assertion.used = used
        assert oracle.judge_assertion(assertion, at(BORN)) is expected

    def test_its_use_may_be_forgotten_once_the_clock_was_past_its_end(
        self, oracle: Oracle, assertion: Assertion
    ) -> None:
        assertion.used = True
        oracle.clock_moved(BORN + 300)
        assert oracle.judge_assertion(assertion, at(BORN)) is EITHER

    def test_of_another_key_it_is_never_good(self, oracle: Oracle, assertion: Assertion) -> None:
        assertion.trusted = False
        assert oracle.judge_assertion(assertion, at(BORN)) is REFUSE
