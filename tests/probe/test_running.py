"""Runs against a mock in this process, and against answers that are made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mock_sei.probe.asking import ProbeAsk
from mock_sei.probe.attempts import FILE_NAME
from mock_sei.probe.questions import WRONG_PASSWORD
from mock_sei.probe.running import Came, Pace, ProbeOutcome
from mock_sei.probe.subject import KnownValue
from mock_sei.probe.table import PROBES, ProbeFlag
from mock_sei.probe.wire import NothingSent
from mock_sei.recordings.exchanges import (
    RecordedBody,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
)
from mock_sei.recordings.files import read_recording
from tests.probe.upstream import APPLICATIONS, InProcessUpstream, run_on, subject_of
from tests.support import Served

pytestmark = pytest.mark.long

EVERYTHING = frozenset(ProbeFlag)
ON_SOCKETS = {"broken-request", "large-head", "slow-head"}
"""Probes whose refusals come before a request is one: ``tests/e2e/test_probe.py`` has them."""
IN_PROCESS = {name: each for name, each in PROBES.items() if name not in ON_SOCKETS}
LOCKED = '{"code": "x", "message": "The account is locked."}'


def outcomes(
    served: Served, folder: Path, grant: str = "client_credentials", *names: str, **changes: object
) -> dict[str, ProbeOutcome]:
    probes = {name: PROBES[name] for name in names} if names else IN_PROCESS
    made = run_on(served, folder, grant, **changes)  # type: ignore[arg-type]
    return {each.probe.name: each for each in made.outcomes(probes)}


def statuses(found: dict[str, ProbeOutcome]) -> dict[str, str]:
    return {name: each.text for name, each in found.items() if each.came is Came.ANSWERED}


SEEN = {
    "metadata": "200",
    "keys": "200",
    "token-information": "200",
    "first-page": "200",
    "next-page": "200, 200",
    "limit-500": "200",
    "limit-0": "200",
    "unknown-parameter": "200",
    "parameter-twice": "400",
    "garbled-cursor": "400",
    "insight-status": "404",
    "unknown-path": "404",
    "wrong-method": "405",
    "no-app-key": "401",
    "unknown-app-key": "401",
    "no-token": "401",
    "garbled-token": "401",
    "two-mistakes": "401, 401, 401",
    "wrong-listener": "403",
    "other-certificate": "403",
    "no-certificate": "refused with the TLS alert certificate_required",
    "no-key-pair": "401",
    "unknown-key-pair": "401",
    "no-grant-type": "400",
    "grant-type-twice": "400",
    "unknown-grant": "400",
    "forbidden-grant": "400",
    "wrong-key-pair": "401",
    "invalid-payload": "422",
    "unknown-opportunity": "404",
    "wrong-method-of-a-list": "405",
    "large-body": "400, 400, 400, 400, 400, 400, 413",
}
"""What a mock with its defaults answers, whatever the grant."""
OF_SERVERS = {
    "token": "200",
    "unknown-scope": "400",
    "no-username": "400",
    "wrong-password": "400",
    "revoked-token": "200, 200, 401",
    "idle-token": ", ".join([*["200"] * 8, *["200"] * 8, *["401", "200"] * 3, "401"]),
}
OF_LOG_INS = {
    "authorize": "302",
    "log-in": "302, 200, 303, 200, 303, 200",
    "unknown-code": "400",
    "refresh": "200, 200",
    "used-refresh-token": "400, 401, 400",
    "late-code": "302, 200, 303, 200, 303, 200, 302, 200, 303, 200, 303, 400",
}


class TestAgainstAMock:
    def test_an_application_with_a_service_account(self, served: Served, tmp_path: Path) -> None:
        found = outcomes(served, tmp_path, flags=EVERYTHING)

        assert {**SEEN, **OF_SERVERS}.items() <= statuses(found).items()
        left = {each.text for each in found.values() if each.came is Came.LEFT_OUT}
        assert left <= {
            "only with --grant authorization_code",
            "only with --grant authorization_code or password",
        }

    def test_an_application_of_end_users(self, served: Served, tmp_path: Path) -> None:
        found = outcomes(served, tmp_path, "authorization_code", flags=EVERYTHING)

        assert {**SEEN, **OF_LOG_INS}.items() <= statuses(found).items()

    def test_an_application_with_the_password_grant(self, served: Served, tmp_path: Path) -> None:
        found = statuses(outcomes(served, tmp_path, "password", flags=EVERYTHING))

        assert SEEN.items() <= found.items()
        assert found["refresh"] == "200, 200"

    def test_without_flags_nothing_is_written_and_nothing_waits(
        self, served: Served, tmp_path: Path
    ) -> None:
        before = served.platform.clock.now()
        found = outcomes(served, tmp_path)

        assert found["revoked-token"].text == "only with --writing"
        assert found["large-body"].text == "only with --large"
        assert found["idle-token"].text == "only with --slow"
        assert served.platform.clock.now() - before < timedelta(minutes=1)

    def test_the_recording_has_every_exchange(self, served: Served, tmp_path: Path) -> None:
        transport = InProcessUpstream(served, "svc-demo")
        outcomes(served, tmp_path, transport=transport)

        kept = [(each.request.method, each.request.path) for each in read_recording(tmp_path)]
        assert kept == [(each.method, each.path) for each in transport.asked]

    @pytest.mark.slow
    @pytest.mark.parametrize("grant", APPLICATIONS)
    def test_no_secret_is_on_disk(self, served: Served, tmp_path: Path, grant: str) -> None:
        made = run_on(served, tmp_path, grant, flags=EVERYTHING)
        list(made.outcomes(IN_PROCESS))

        known = made.subject.known
        public = (KnownValue.USERNAME, KnownValue.END_USER, KnownValue.REDIRECT_URI)
        secrets = [value for name, value in known.items() if name not in public]
        texts = [each.read_text() for each in tmp_path.rglob("*") if each.is_file()]
        assert KnownValue.TOKEN in known
        assert [each for each in secrets for text in texts if each in text] == []

    def test_a_second_run_goes_on_in_the_same_folder(self, served: Served, tmp_path: Path) -> None:
        outcomes(served, tmp_path, "client_credentials", "token", "first-page")
        outcomes(served, tmp_path, "client_credentials", "token", "first-page")

        assert len(list(read_recording(tmp_path))) == 4
        assert len(list(tmp_path.glob("*.har"))) == 2


class TestPathsElsewhere:
    def test_the_metadata_s_paths_are_used(self, served: Served, tmp_path: Path) -> None:
        change(served, {"path.token": "/oauth/token", "path.authorize": "/oauth/begin"})
        transport = InProcessUpstream(served, "svc-web")
        found = outcomes(
            served, tmp_path, "authorization_code", "metadata", "log-in", transport=transport,
            flags=EVERYTHING,
        )  # fmt: skip

        assert found["log-in"].text == "302, 200, 303, 200, 303, 200"
        assert {"/oauth/token", "/oauth/begin"} <= {each.path for each in transport.asked}

    def test_a_path_on_another_host_is_not_used(self, served: Served) -> None:
        subject = subject_of(served.platform)
        subject.learn_path("token", "https://elsewhere.example.com/steal")
        assert subject.paths.token == "/v2/oauthtoken"
        subject.learn_path("token", "https://localhost/moved")
        assert subject.paths.token == "/moved"

    def test_a_path_that_the_user_gave_stays(self, served: Served) -> None:
        subject = subject_of(served.platform, given_paths=frozenset({"token"}))
        subject.learn_path("token", "https://localhost/moved")
        assert subject.paths.token == "/v2/oauthtoken"


def change(served: Served, changed: dict[str, object]) -> None:
    served.platform.reset({"assumptions": changed})


def answered(status: int, text: str = "", **headers: str) -> Callable[[ProbeAsk], RecordedExchange]:
    """An upstream that answers every request with this."""

    def answer(ask: ProbeAsk) -> RecordedExchange:
        data = text.encode()
        body = RecordedBody(media_type="application/json", size=len(data), data=data or None)
        return RecordedExchange(
            started=datetime(2026, 3, 1, tzinfo=UTC),
            milliseconds=1,
            listener=ask.listener,
            request=RecordedRequest(method=ask.method, url=f"https://localhost{ask.target}"),
            response=RecordedResponse(status=status, headers=tuple(headers.items()), body=body),
        )

    return answer


class Scripted:
    """An upstream that answers the first requests in one way, and the others in another one."""

    def __init__(self, *answers: Callable[[ProbeAsk], RecordedExchange]) -> None:
        self._answers = list(answers)
        self.count = 0

    def send(self, ask: ProbeAsk) -> RecordedExchange:
        self.count += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(ask)


def away(_: ProbeAsk) -> RecordedExchange:
    raise NothingSent("https://localhost is not reached: refused")


GOOD = answered(200, "{}")


class TestStops:
    @pytest.mark.parametrize(
        ("bad", "text"),
        [
            (answered(429), "200; 429"),
            (answered(423), "200; 423"),
            (answered(403, LOCKED), "200; 403"),
            (answered(400, '{"error_description": "User locked out"}'), "200; 400"),
            (answered(401, "Too many failed attempts"), "200; 401"),
        ],
        ids=["429", "423", "locked", "locked out", "attempts"],
    )
    def test_the_first_limit_or_lock_out_ends_the_run(
        self,
        served: Served,
        tmp_path: Path,
        bad: Callable[[ProbeAsk], RecordedExchange],
        text: str,
    ) -> None:
        transport = Scripted(GOOD, GOOD, GOOD, bad, GOOD)
        made = run_on(served, tmp_path, transport=transport)
        found = list(made.outcomes(PROBES))

        assert found[-1].came is Came.STOPPED
        assert transport.count == 4
        kept = [each.response and each.response.status for each in read_recording(tmp_path)]
        assert [200, 200, 200, int(text[-3:])] == kept

    @pytest.mark.parametrize(
        "harmless",
        [
            answered(200, "the account is locked"),
            answered(401, "blocked by a policy"),
            answered(403, "unlocked"),
            answered(500, "clockwork"),
        ],
        ids=["good", "blocked", "unlocked", "clock"],
    )
    def test_words_that_only_look_like_it_end_nothing(
        self,
        served: Served,
        tmp_path: Path,
        harmless: Callable[[ProbeAsk], RecordedExchange],
    ) -> None:
        found = outcomes(served, tmp_path, transport=Scripted(harmless))

        assert Came.STOPPED not in {each.came for each in found.values()}

    def test_retry_after_is_shown(self, served: Served, tmp_path: Path) -> None:
        bad = answered(429, **{"Retry-After": "30"})
        found = outcomes(served, tmp_path, transport=Scripted(bad))

        assert found["metadata"].text.endswith(
            "the platform wants fewer requests (429; Retry-After says 30); go on later"
        )

    def test_what_a_platform_says_is_printed_without_control_characters(
        self, served: Served, tmp_path: Path
    ) -> None:
        bad = answered(429, **{"Retry-After": "\x9b31m" + "x" * 1000})
        found = outcomes(served, tmp_path, transport=Scripted(bad))

        assert "\x9b" not in found["metadata"].text
        assert len(found["metadata"].text) < 200

    def test_an_upstream_that_is_not_there_ends_the_run(
        self, served: Served, tmp_path: Path
    ) -> None:
        transport = Scripted(away)
        found = list(run_on(served, tmp_path, transport=transport).outcomes(PROBES))

        assert [(each.came, each.text) for each in found] == [
            (Came.STOPPED, "https://localhost is not reached: refused")
        ]
        assert transport.count == 1

    def test_answers_that_make_no_sense_end_nothing(self, served: Served, tmp_path: Path) -> None:
        for text in ("", "[" * 10_000, "\x00", '{"access_token": [1]}', '"x"', "null", "{"):
            found = outcomes(served, tmp_path, transport=Scripted(answered(200, text)))
            assert found["garbled-token"].came in (Came.ANSWERED, Came.LEFT_OUT)


class TestWhatIsMissing:
    def test_a_probe_without_its_option_names_it(self, served: Served, tmp_path: Path) -> None:
        found = outcomes(served, tmp_path, needs=frozenset())

        assert found["token"].text == "needs --app-key and --app-secret"
        assert found["other-certificate"].text == "needs --app-key and --other-cert and --other-key"
        assert found["metadata"].came is Came.ANSWERED

    def test_without_a_token_the_others_say_so(self, served: Served, tmp_path: Path) -> None:
        found = outcomes(served, tmp_path, transport=Scripted(answered(401, "{}")))

        assert found["first-page"].text == "no access token came"
        assert found["no-token"].text == "401"

    def test_a_value_that_was_not_given_is_named(self, served: Served, tmp_path: Path) -> None:
        subject = subject_of(served.platform)
        del subject.known[KnownValue.PASSWORD]
        found = outcomes(served, tmp_path, subject=subject)

        assert found["token"].text == "--password is not given"


class TestWrongPasswords:
    def test_one_is_sent_for_an_account_and_a_day(self, served: Served, tmp_path: Path) -> None:
        sent = []
        for _ in range(3):
            transport = InProcessUpstream(served, "svc-demo")
            outcomes(served, tmp_path, transport=transport)
            sent.append(wrong_passwords(transport.asked))

        assert sent == [1, 0, 0]

    def test_another_folder_does_not_know_of_it(self, served: Served, tmp_path: Path) -> None:
        first = outcomes(served, tmp_path / "a")
        second = outcomes(served, tmp_path / "a")
        other = outcomes(served, tmp_path / "b")

        assert [each["wrong-password"].came for each in (first, second, other)] == [
            Came.ANSWERED,
            Came.LEFT_OUT,
            Came.ANSWERED,
        ]
        assert [each["wrong-key-pair"].came for each in (first, second, other)] == [
            Came.ANSWERED,
            Came.LEFT_OUT,
            Came.ANSWERED,
        ]

    def test_without_a_readable_count_none_is_sent(self, served: Served, tmp_path: Path) -> None:
        (tmp_path / FILE_NAME).write_text("{")
        transport = InProcessUpstream(served, "svc-demo")
        found = outcomes(served, tmp_path, transport=transport)

        assert found["wrong-password"].came is Came.LEFT_OUT
        assert "does not say when" in found["wrong-password"].text
        assert wrong_passwords(transport.asked) == 0

    def test_it_is_counted_before_it_is_sent(self, served: Served, tmp_path: Path) -> None:
        """A run that is killed meanwhile has counted it."""
        seen: list[int] = []

        def look(ask: ProbeAsk) -> RecordedExchange:
            if f"password={WRONG_PASSWORD}".encode() in ask.body:
                seen.append(len(json.loads((tmp_path / FILE_NAME).read_text())["sent"]))
            return GOOD(ask)

        outcomes(served, tmp_path, transport=Scripted(look))
        assert seen == [1]


def wrong_passwords(asked: Sequence[ProbeAsk]) -> int:
    return sum(f"password={WRONG_PASSWORD}".encode() in each.body for each in asked)


class TestPace:
    def test_requests_are_a_second_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now, slept = [100.0], []

        def sleep(seconds: float) -> None:
            slept.append(round(seconds, 3))
            now[0] += seconds

        monkeypatch.setattr("mock_sei.rules.machine.monotonic", lambda: now[0])
        pace = Pace(timedelta(seconds=1), sleep)
        pace.keep(timedelta(0))
        pace.keep(timedelta(0))
        now[0] += 0.25
        pace.keep(timedelta(0))
        now[0] += 5
        pace.keep(timedelta(0))
        pace.keep(timedelta(minutes=5))
        pace.keep(timedelta(milliseconds=1))

        assert slept == [1, 0.75, 300, 1]
