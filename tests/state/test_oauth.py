"""OAuth over several servers: one platform, whichever of them takes a request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from mock_sei.errors import Refusal, Rejected
from mock_sei.gateway import Call
from mock_sei.oauth.authorize import approve, read_request, start_session
from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.grants import saml2_bearer
from mock_sei.oauth.proof_key import challenge_of
from mock_sei.oauth.token_request import Credentials, KeyPairPlace, TokenRequest
from mock_sei.operations.server import RetireSigningKey, RotateSigningKey
from mock_sei.platform import Platform
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.rules.stored import Table
from mock_sei.state.sqlite import SqliteStore
from tests.oauth.assertions import GRANT as SAML
from tests.oauth.assertions import assertion_at, encoded, own, sign
from tests.state.conftest import Servers, do, perform

pytestmark = pytest.mark.long

ISSUER = "https://localhost"
ALICE = "alice@example.com"
PASSWORD = {"grant_type": "password", "username": ALICE, "password": "alice-password"}
VERIFIER = "a-verifier-of-forty-three-characters-or-more-1"
Answer = dict[str, Any]


class Time:
    """The machine's time, which all servers of a test read."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    """A time that stands still unless the test moves it."""
    return Time()


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every commit of any server, from now on."""
    found: list[object] = []
    commit = SqliteStore.commit

    def counted(store: SqliteStore, changes: Any) -> int:
        found.append(changes)
        return commit(store, changes)

    monkeypatch.setattr(SqliteStore, "commit", counted)
    return found


@pytest.fixture
def at_rest(time: Time, servers: Servers) -> Servers:
    """Servers that read the test's time. Those that start later read it too."""

    def reading(platform: Platform) -> Platform:
        platform.clock._machine = time  # noqa: SLF001  # moves the clocks of all servers
        return platform

    return Servers(reading(servers.one), reading(servers.other), lambda: reading(servers.start()))


# What a client does


def application_of(platform: Platform, name: str) -> Application:
    return platform.state.registry.require_application(name)


def connection_of(application: Application) -> Connection:
    account = application.service_account
    return Connection(
        listener=application.standard.listener or Listener.TWO_WAY,
        source_address="127.0.0.1",
        certificate=None if account is None else certificate_of(account),
    )


def certificate_of(account: str) -> ClientCertificate:
    return ClientCertificate(
        common_name=account,
        serial_number=1,
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2900, 1, 1, tzinfo=UTC),
        fingerprint="00",
    )


def request_of(application: Application, form: Answer) -> TokenRequest:
    return TokenRequest(
        grant_type=form["grant_type"],
        parameters=form,
        credentials=Credentials(
            app_key=application.app_key,
            app_secret=application.app_secret,
            place=KeyPairPlace.FORM,
        ),
        connection=connection_of(application),
        issuer=ISSUER,
        endpoint=f"{ISSUER}/v2/oauthtoken",
        findings=Findings(),
    )


def ask(platform: Platform, name: str, **form: str) -> Answer:
    """Sends a token request. Raises :class:`Refusal`."""
    return do(platform, lambda: asked(platform, name, **form))


def asked(platform: Platform, name: str, **form: str) -> Answer:
    """As :func:`ask`, inside of a unit of work."""
    return platform.token(request_of(application_of(platform, name), form))


def refresh(platform: Platform, token: str) -> Answer:
    return ask(platform, "demo-internal", grant_type="refresh_token", refresh_token=token)


def redeem(platform: Platform, code: str, **form: str) -> Answer:
    return ask(platform, "demo-web", grant_type="authorization_code", code=code, **form)


def log_in(platform: Platform, **parameters: str) -> tuple[str, str]:
    """Logs Alice in for demo-web, and consents. Returns the code and the session's identifier."""
    return do(platform, lambda: logged_in(platform, **parameters))


def logged_in(platform: Platform, **parameters: str) -> tuple[str, str]:
    oauth = platform.state.oauth
    pairs = [("client_id", "demo-web-key"), *parameters.items()]
    request = read_request(pairs, oauth, issuer=ISSUER)
    session = start_session(request, ALICE, oauth)
    location = approve(request, session, oauth)
    return dict(parse_qsl(urlsplit(location).query))["code"], session.identifier


def use(platform: Platform, token: str, name: str = "demo-web") -> None:
    """Calls with a token. Raises :class:`Refusal`."""
    do(platform, lambda: used(platform, token, name))


def used(platform: Platform, token: str, name: str = "demo-web") -> None:
    application = application_of(platform, name)
    call = Call(
        connection=connection_of(application),
        app_key=application.app_key,
        authorization=f"Bearer {token}",
        product=None,
        findings=Findings(),
    )
    platform.admit(call)


def send_assertion(platform: Platform, document: str) -> Answer:
    """Sends a signed SAML assertion for demo-web, with a certificate that is registered."""
    return do(platform, lambda: sent_assertion(platform, document))


def sent_assertion(platform: Platform, document: str) -> Answer:
    certificate = own().certificate
    application = replace(application_of(platform, "demo-web"), saml_certificate=certificate)
    request = request_of(application, {"grant_type": SAML, "SAMLAssertion": document})
    client = AuthenticatedClient(application=application, service_account=None)
    return saml2_bearer.handle(request, client, platform.state.oauth)


def new_assertion(platform: Platform, identifier: str = "_1") -> str:
    return encoded(sign(assertion_at(platform.clock.now(), identifier=identifier)))


def refused(act: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """Why a call is refused: a sentence of the journal."""
    with pytest.raises(Refusal) as caught:
        act(*arguments, **named)
    return caught.value.why.because


def assert_revoked(servers: Servers, token: str, name: str = "demo-web") -> None:
    for each in (*servers[:2], servers.start()):
        assert "was revoked" in refused(use, each, token, name)


def contents(platform: Platform) -> dict[str, dict[str, str | None]]:
    """Every record of OAuth, as a store keeps it, in order."""
    platform.units.refresh()
    tables = platform.state.stored._tables  # noqa: SLF001  # also what no store was told of
    return {
        name: {key: table.written(key) for key in table}
        for name, table in sorted(tables.items())
        if isinstance(table, Table) and name.startswith("oauth/")
    }


def assert_one_platform(servers: Servers) -> None:
    """All servers have the same, and so has one that starts now."""
    found = contents(servers.one)
    assert any(found.values())
    for each in (servers.other, servers.start()):
        there = contents(each)
        assert there == found
        assert [list(each) for each in there.values()] == [list(each) for each in found.values()]


def in_turn(servers: Servers, number: int) -> Platform:
    """The one server or the other."""
    return (servers.one, servers.other)[number % 2]


def race(servers: Servers, act: Callable[[Platform], object]) -> list[object]:
    """What 20 threads over both servers get, who begin together: an answer, or a refusal."""
    begin, results = threading.Barrier(20), []

    def run(platform: Platform) -> None:
        begin.wait()
        try:
            results.append(act(platform))
        except Refusal as refusal:
            results.append(refusal.why.because)

    threads = [
        threading.Thread(target=run, args=(in_turn(servers, number),)) for number in range(20)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(results) == 20
    return results


def answers(results: list[object]) -> list[Answer]:
    return [each for each in results if isinstance(each, dict)]


# Codes


def test_a_code_of_one_server_gives_tokens_at_another(servers: Servers) -> None:
    code, _ = log_in(servers.one)

    token = redeem(servers.other, code)["access_token"]

    for each in (*servers[:2], servers.start()):
        use(each, token)
    assert_one_platform(servers)


def test_a_second_use_at_another_server_revokes_the_tokens_at_all(servers: Servers) -> None:
    code, _ = log_in(servers.one)
    token = redeem(servers.one, code)["access_token"]
    use(servers.other, token)

    assert "used before" in refused(redeem, servers.other, code)

    assert_revoked(servers, token)


def test_of_many_uses_of_a_code_one_wins_and_its_tokens_are_revoked(servers: Servers) -> None:
    code, _ = log_in(servers.one)

    results = race(servers, lambda each: redeem(each, code))

    (won,) = answers(results)
    assert sum("used before" in each for each in results if isinstance(each, str)) == 19
    assert_revoked(servers, won["access_token"])
    assert_one_platform(servers)


def test_a_code_that_met_a_wrong_verifier_is_dead_at_all_servers(servers: Servers) -> None:
    challenge = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
    code, _ = log_in(servers.one, **challenge)
    assert "does not fit" in refused(redeem, servers.one, code, code_verifier=VERIFIER + "x")

    for each in (servers.other, servers.start()):
        because = refused(redeem, each, code, code_verifier=VERIFIER)
        assert "refused before for a wrong code_verifier" in because


def test_a_code_with_a_challenge_is_redeemed_at_another_server(servers: Servers) -> None:
    challenge = {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
    code, _ = log_in(servers.one, **challenge)

    assert "access_token" in redeem(servers.start(), code, code_verifier=VERIFIER)


# Authorizations and refresh tokens


def test_a_refresh_token_is_rotated_by_any_server(servers: Servers) -> None:
    token = ask(servers.one, "demo-internal", **PASSWORD)["refresh_token"]
    for each in (servers.other, servers.one, servers.start(), servers.one):
        token = refresh(each, token)["refresh_token"]

    assert_one_platform(servers)


def test_of_many_uses_of_a_refresh_token_one_wins_and_its_family_ends(servers: Servers) -> None:
    first = ask(servers.one, "demo-internal", **PASSWORD)

    results = race(servers, lambda each: refresh(each, first["refresh_token"]))

    (won,) = answers(results)
    for each in (first, won):
        assert_revoked(servers, each["access_token"], "demo-internal")
    for platform in (*servers[:2], servers.start()):
        assert "No such refresh token" in refused(refresh, platform, won["refresh_token"])
    assert_one_platform(servers)


def test_a_revoked_token_is_refused_at_all_servers(servers: Servers) -> None:
    answer = ask(servers.one, "demo-internal", **PASSWORD)
    use(servers.other, answer["access_token"], "demo-internal")

    ask(servers.other, "demo-internal", grant_type="invalidate_token", token=answer["access_token"])

    assert_revoked(servers, answer["access_token"], "demo-internal")
    assert "No such refresh token" in refused(refresh, servers.one, answer["refresh_token"])


# Sessions


def test_a_session_of_one_server_gives_tokens_at_another(servers: Servers) -> None:
    _, session = log_in(servers.one)

    for each in (servers.other, servers.start()):
        answer = ask(each, "demo-web", grant_type="sessionToken", sessionToken=session)
        use(servers.one, answer["access_token"])
    assert_one_platform(servers)


def test_a_session_that_is_used_at_another_server_lives_on(at_rest: Servers, time: Time) -> None:
    _, session = log_in(at_rest.one)
    form = {"grant_type": "sessionToken", "sessionToken": session}
    for platform in (at_rest.other, at_rest.one, at_rest.start()):
        time.now += 59 * 60
        ask(platform, "demo-web", **form)
    time.now += 61 * 60

    for platform in at_rest[:2]:
        assert "it has ended" in refused(ask, platform, "demo-web", **form)


def test_another_server_ends_the_other_sessions_of_a_user(servers: Servers) -> None:
    code, session = log_in(servers.one)
    token = redeem(servers.one, code)["access_token"]
    unused, _ = log_in(servers.one)

    log_in(servers.other, endOtherSessions="true")

    assert_revoked(servers, token)
    for each in (*servers[:2], servers.start()):
        form = {"grant_type": "sessionToken", "sessionToken": session}
        assert "it has ended" in refused(ask, each, "demo-web", **form)
        assert "has ended" in refused(redeem, each, unused)
        assert len(each.state.oauth.sessions.live_of(ALICE)) == 1


def test_a_second_session_is_refused_by_whichever_server(servers: Servers) -> None:
    servers.one.reset({"concurrent_sessions": "refuse"})

    results = race(servers, lambda each: ask(each, "demo-internal", **PASSWORD))

    assert len(answers(results)) == 1


# Assertions


def test_an_assertion_gives_tokens_once_whichever_server_gets_it(servers: Servers) -> None:
    document = new_assertion(servers.one)

    results = race(servers, lambda each: send_assertion(each, document))

    assert len(answers(results)) == 1
    assert "used before" in refused(send_assertion, servers.start(), document)
    assert_one_platform(servers)


# Uses


def test_a_use_at_another_server_starts_the_idle_limit_again(at_rest: Servers, time: Time) -> None:
    token = redeem(at_rest.one, log_in(at_rest.one)[0])["access_token"]
    unused = redeem(at_rest.one, log_in(at_rest.one)[0])["access_token"]
    time.now += 29 * 60
    use(at_rest.other, token)
    time.now += 29 * 60

    for each in (*at_rest[:2], at_rest.start()):
        use(each, token)
        assert "not used for 30 minutes" in refused(use, each, unused)


def test_a_token_is_never_refused_early_since_its_last_use_was_not_written(
    at_rest: Servers, time: Time
) -> None:
    kept, idle = (redeem(at_rest.one, log_in(at_rest.one)[0])["access_token"] for _ in range(2))
    for token in (kept, idle):
        use(at_rest.one, token)
    time.now += 0.9
    use(at_rest.other, kept)

    time.now += 30 * 60 - 0.5
    use(at_rest.one, kept)
    time.now += 0.6
    assert "not used for 30 minutes" in refused(use, at_rest.other, idle)


def test_an_unused_token_ends_to_the_second(at_rest: Servers, time: Time) -> None:
    token = redeem(at_rest.one, log_in(at_rest.one)[0])["access_token"]

    time.now += 30 * 60

    assert "not used for 30 minutes" in refused(use, at_rest.other, token)


def test_a_use_is_written_once_in_a_second(
    at_rest: Servers, time: Time, commits: list[object]
) -> None:
    token = redeem(at_rest.one, log_in(at_rest.one)[0])["access_token"]
    commits.clear()
    for step in (0, 0.3, 0.3, 0.3, 0.3, 0.3, -60, 0):  # it is written at 0 and 1.2, and back at -60
        time.now += step
        use(at_rest.one, token)
        use(at_rest.other, token)

    assert len(commits) == 3


# Signing keys


def kids(platform: Platform) -> list[str]:
    platform.units.refresh()
    return [each.kid for each in platform.state.oauth.keys.all]


def test_a_new_signing_key_signs_at_all_servers(servers: Servers) -> None:
    first = servers.one.signing_key.kid
    old = ask(servers.one, "demo-internal", **PASSWORD)["access_token"]
    second = perform(servers.one, RotateSigningKey()).kid
    third = perform(servers.other, RotateSigningKey()).kid

    for each in (*servers[:2], servers.start()):
        assert kids(each) == [third, second, first]
        assert each.state.oauth.keys.signing.kid == third
        use(each, old, "demo-internal")
        use(servers.one, ask(each, "demo-internal", **PASSWORD)["access_token"], "demo-internal")


def test_a_key_that_one_server_retires_is_refused_at_all(servers: Servers) -> None:
    """The first key comes with the certs folder, which every server reads at its start."""
    first = servers.one.signing_key.kid
    old = ask(servers.one, "demo-internal", **PASSWORD)["access_token"]
    use(servers.other, old, "demo-internal")
    second = perform(servers.one, RotateSigningKey()).kid

    perform(servers.other, RetireSigningKey(kid=first))

    for each in (*servers[:2], servers.start()):
        assert kids(each) == [second]
        assert "does not know" in refused(use, each, old, "demo-internal")
        with pytest.raises(Rejected, match="is the signing key"):
            perform(each, RetireSigningKey(kid=second))
        with pytest.raises(Rejected, match="no signing key"):
            perform(each, RetireSigningKey(kid=first))


@pytest.mark.long
def test_the_oldest_key_goes_at_all_servers(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.oauth.tokens.MOST_KEYS", 3)

    made = [perform(in_turn(servers, number), RotateSigningKey()).kid for number in range(5)]

    for each in (*servers[:2], servers.start()):
        assert kids(each) == made[:-4:-1]


def test_a_reset_takes_new_signing_keys_away(servers: Servers) -> None:
    perform(servers.one, RotateSigningKey())

    servers.other.reset()

    for each in (*servers[:2], servers.start()):
        assert kids(each) == [servers.one.signing_key.kid]


# Identifiers


def test_no_identifier_comes_twice(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a seed too: at two servers, after a start, and after the state was loaded anew."""
    servers.one.reset({"seed": 7})
    servers.other.units.refresh()
    seen: list[str] = []

    def take(platform: Platform) -> None:
        seen.extend(platform.new_tracking_id() for _ in range(3))

    take(servers.one)
    take(servers.other)
    take(servers.start())
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "commit", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            log_in(servers.one)
    servers.one.units.refresh()
    take(servers.one)

    assert len(set(seen)) == 12


def test_with_a_seed_the_identifiers_come_again_after_a_reset(servers: Servers) -> None:
    found = []
    for _ in range(2):
        servers.one.reset({"seed": 7})
        servers.other.units.refresh()
        found.append([each.new_tracking_id() for each in servers[:2]])

    assert found[0] == found[1]
    assert found[0][0] != found[0][1]


def test_with_a_seed_two_servers_give_different_secrets(servers: Servers) -> None:
    servers.one.reset({"seed": 7})

    given = [log_in(in_turn(servers, number)) for number in range(4)]

    assert len({secret for pair in given for secret in pair}) == 8


def test_a_token_without_a_user_changes_nothing(servers: Servers, commits: list[object]) -> None:
    """A server whose clients only ask for such tokens never waits for the store."""
    servers.one.reset({"seed": 7})
    account = application_of(servers.one, "demo-server").service_account or ""
    password = servers.one.state.registry.service_accounts[account].password
    form = {"grant_type": "client_credentials", "username": account, "password": password}

    commits.clear()
    token = ask(servers.one, "demo-server", **form)["access_token"]

    assert commits == []
    use(servers.other, token, "demo-server")


# Resets and sweeping


def test_a_reset_forgets_what_all_servers_knew(servers: Servers) -> None:
    code, session = log_in(servers.one)
    answer = ask(servers.other, "demo-internal", **PASSWORD)
    document = new_assertion(servers.one)
    send_assertion(servers.one, document)
    ask(servers.one, "demo-internal", grant_type="invalidate_token", token=answer["access_token"])

    servers.other.reset()

    for each in (*servers[:2], servers.start()):
        assert "No such code" in refused(redeem, each, code)
        assert "No such refresh token" in refused(refresh, each, answer["refresh_token"])
        form = {"grant_type": "sessionToken", "sessionToken": session}
        assert "No session" in refused(ask, each, "demo-web", **form)
        use(each, answer["access_token"], "demo-internal")
    assert "access_token" in send_assertion(servers.one, document)


def sizes(platform: Platform) -> list[int]:
    platform.units.refresh()
    oauth = platform.state.oauth
    stores = (oauth.codes, oauth.authorizations, oauth.sessions, oauth.used_assertions)
    return [*(len(each) for each in stores), oauth.tokens.remembered]


def fill(platform: Platform, name: str) -> None:
    code, _ = log_in(platform)
    use(platform, redeem(platform, code)["access_token"])
    end = platform.clock.now() + timedelta(minutes=5)
    do(platform, lambda: platform.state.oauth.used_assertions.add("key", name, end=end))


def test_what_has_ended_is_deleted_by_whichever_server_adds_more(
    at_rest: Servers, time: Time
) -> None:
    for number in range(8):
        fill(in_turn(at_rest, number), f"old {number}")
    assert sizes(at_rest.one) == sizes(at_rest.other) == [8, 8, 8, 8, 8]

    time.now += 31 * 24 * 3600
    third = at_rest.start()
    for number in range(3):
        fill((third, at_rest.other)[number % 2], f"new {number}")

    for each in (*at_rest[:2], third, at_rest.start()):
        assert sizes(each) == [3, 3, 3, 3, 3]
    assert_one_platform(at_rest)


def test_past_revocations_are_forgotten_over_all_servers(
    at_rest: Servers, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.oauth.tokens._ENDED_KEPT", 10)

    def revoke(number: int) -> None:
        platform = in_turn(at_rest, number)
        do(platform, lambda: platform.state.oauth.tokens.revoke_family(f"family {number}"))

    for number in range(40):
        revoke(number)
    time.now += 3601
    for number in range(40, 80):
        revoke(number)

    for each in (*at_rest[:2], at_rest.start()):
        assert sizes(each)[4] == 50  # ten that have ended, and forty that have not


# Work that runs again


def flows(servers: Servers) -> dict[str, Callable[[], object]]:
    """One work of each kind that changes something."""
    one = servers.one
    code, session = log_in(one)
    answer = ask(one, "demo-internal", **PASSWORD)
    token = answer["access_token"]
    document = new_assertion(one)
    spent, _ = log_in(one)
    redeem(one, spent)
    proof, _ = log_in(one, code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")
    kid = one.signing_key.kid
    perform(one, RotateSigningKey())
    web, internal = partial(asked, one, "demo-web"), partial(asked, one, "demo-internal")
    by_code = partial(web, grant_type="authorization_code")
    refreshed = answer["refresh_token"]
    return {
        "log in": lambda: logged_in(one),
        "log in, and end others": lambda: logged_in(one, endOtherSessions="true"),
        "code": lambda: by_code(code=code),
        "code again": lambda: by_code(code=spent),
        "wrong verifier": lambda: by_code(code=proof, code_verifier=VERIFIER + "x"),
        "refresh token": lambda: internal(grant_type="refresh_token", refresh_token=refreshed),
        "password": lambda: internal(**PASSWORD),
        "session": lambda: web(grant_type="sessionToken", sessionToken=session),
        "assertion": lambda: sent_assertion(one, document),
        "revocation": lambda: internal(grant_type="invalidate_token", token=token),
        "use": lambda: used(one, token, "demo-internal"),
        "new key": lambda: RotateSigningKey().perform(one),
        "retired key": lambda: RetireSigningKey(kid=kid).perform(one),
    }


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize(
    "flow",
    [
        *("log in", "log in, and end others", "code", "code again", "wrong verifier"),
        *("refresh token", "password", "session", "assertion", "revocation", "use"),
        *("new key", "retired key"),
    ],
)
def test_work_that_must_run_again_has_changed_nothing_before(
    servers: Servers, flow: str, seed: int | None
) -> None:
    """Another server changes something else in the middle of it. With a seed, also to take a random
    value is a change."""
    servers.one.reset({"seed": seed})
    work, before = flows(servers)[flow], contents(servers.one)
    found: list[object] = []

    def interrupted() -> None:
        found.append(contents(servers.one))
        if len(found) == 1:
            do(servers.other, lambda: servers.other.state.stored.next_number("x"))
        work()

    is_refused = flow in ("code again", "wrong verifier")
    with pytest.raises(Refusal) if is_refused else nullcontext():
        do(servers.one, interrupted)

    assert found == [before, before]
    assert contents(servers.one) != before
    assert_one_platform(servers)


def test_work_that_runs_again_deletes_what_has_ended(at_rest: Servers, time: Time) -> None:
    """The first run, which was in vain, does not lose sight of it."""
    one, other = at_rest[:2]
    oauth = one.state.oauth
    fill(one, "old")
    time.now += 31 * 24 * 3600
    end = one.clock.now() + timedelta(minutes=5)
    asked_for = read_request([("client_id", "demo-web-key")], oauth, issuer=ISSUER)

    def run_twice(work: Callable[[], Any]) -> Any:
        runs: list[None] = []

        def interrupted() -> Any:
            runs.append(None)
            if len(runs) == 1:
                do(other, lambda: other.state.stored.next_number("x"))
            return work()

        answer = do(one, interrupted)
        assert len(runs) == 2
        return answer

    session = run_twice(lambda: oauth.sessions.start(ALICE))
    run_twice(lambda: approve(asked_for, session, oauth))
    form = {"grant_type": "sessionToken", "sessionToken": session.identifier}
    token = run_twice(lambda: asked(one, "demo-web", **form))["access_token"]
    run_twice(lambda: used(one, token))
    run_twice(lambda: oauth.used_assertions.add("key", "new", end=end))

    assert sizes(one) == sizes(other) == [1, 1, 1, 1, 1]
