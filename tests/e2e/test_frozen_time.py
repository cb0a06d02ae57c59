"""A user's test suite that changes the time with freezegun or time-machine.

In any order of tests, the platform continues with the machine's time, and each test passes.
"""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.e2e.serving import THOROUGH
from tests.e2e.suites import IN_RANDOM_ORDER, PATIENT
from tests.patience import patient

TRUE = f"""
import time

TRUE = time.time()


def be_patient():
    "Not when this is imported: libraries are to be loaded while the time is wrong."
{indent(PATIENT, "    ")}
"""
TRUE += """


def is_true(moment):
    return abs(moment.timestamp() - TRUE) < 100_000


def use(platform):
    be_patient()
    account = platform.service_account("svc-demo")
    headers = {"AppKey": account.app_key, "Authorization": f"Bearer {platform.token(account)}"}
    with platform.client(account) as http:
        answer = http.get("/v1/order/tradetickets", headers=headers)
    assert answer.status_code == 200, answer.text
    assert platform.clock.is_machine
    assert is_true(platform.clock.now())
    assert is_true(platform.certificate(account).not_before)
    assert is_true(platform.journal.last.time)
    assert 0 <= platform.journal.last.duration_ms < 100_000
    assert answer.headers["Date"][-17:-13] == time.strftime("%Y", time.gmtime(TRUE))
"""

SUITE = """
import asyncio
import datetime
from datetime import timedelta

import httpx2
import pytest
import time_machine
from freezegun import freeze_time

from true import be_patient, is_true, use

be_patient()
NO_TOKEN = "/v1/order/tradetickets"
WRONG = ["2015-05-05", "2199-09-09"]  # freezegun looks through every module each time


@pytest.fixture(params=WRONG)
def frozen(request):
    with freeze_time(request.param) as clock:
        yield clock


@pytest.fixture(params=WRONG)
def travelling(request):
    with time_machine.travel(request.param, tick=False) as clock:
        yield clock


def test_plain(mock_sei):
    use(mock_sei)


@freeze_time("2030-01-01")
def test_decorated_with_the_future(mock_sei):
    use(mock_sei)


@freeze_time("2015-01-01", tick=True)
def test_decorated_with_a_past_that_ticks(mock_sei):
    use(mock_sei)


@freeze_time("2015-01-01", auto_tick_seconds=600)
def test_decorated_with_a_time_that_leaps(mock_sei):
    assert mock_sei.token("svc-demo")


@time_machine.travel("2030-01-01")
def test_travelling_to_the_future(mock_sei):
    use(mock_sei)


@pytest.mark.time_machine("2015-01-01", tick=False)
def test_marked_with_a_past_that_stands(mock_sei, time_machine):
    use(mock_sei)
    time_machine.move_to("2040-01-01")
    use(mock_sei)


def test_frozen_before_the_fixture(frozen, mock_sei):
    use(mock_sei)


def test_frozen_after_the_fixture(mock_sei, frozen):
    use(mock_sei)
    frozen.tick(timedelta(days=1000))
    use(mock_sei)


def test_travelling_before_the_fixture(travelling, mock_sei):
    use(mock_sei)


def test_travelling_after_the_fixture(mock_sei, travelling):
    use(mock_sei)
    travelling.shift(timedelta(days=-1000))
    use(mock_sei)


def test_one_in_another(mock_sei):
    with freeze_time("2022-02-02"):
        use(mock_sei)
        with freeze_time("2035-02-02"):
            use(mock_sei)
        use(mock_sei)
    with time_machine.travel("2035-02-02"), time_machine.travel("2022-02-02"):
        use(mock_sei)
    use(mock_sei)


def test_a_generator(mock_sei):
    @freeze_time("2022-02-02")
    def steps():
        for _ in range(2):
            use(mock_sei)
            yield

    for _ in steps():
        use(mock_sei)


@pytest.mark.parametrize("asyncio_goes_on", [True, False])
def test_a_coroutine(mock_sei, asyncio_goes_on):
    @freeze_time("2022-02-02", real_asyncio=asyncio_goes_on)
    async def calls():
        context = mock_sei.ssl_context("svc-demo")
        async with httpx2.AsyncClient(base_url=mock_sei.two_way_url, verify=context) as http:
            return [(await http.get(NO_TOKEN)).status_code for _ in range(3)]

    assert asyncio.run(calls()) == [401] * 3


@pytest.mark.parametrize("tool", [freeze_time, time_machine.travel])
def test_a_connection_outlives_the_changes_of_time(mock_sei, mock_sei_client, tool):
    for moment in WRONG:
        assert mock_sei_client.get(NO_TOKEN).status_code == 401
        with tool(moment):
            assert mock_sei_client.get(NO_TOKEN).status_code == 401


@pytest.mark.parametrize("tool", [freeze_time, time_machine.travel])
def test_everything_that_makes_a_certificate(mock_sei, tool):
    with tool("2033-03-03"):
        application = mock_sei.new_application()
        mock_sei.certificate_link("svc-demo", renew=True)
        mock_sei.server_certificate("wrong-host")
        mock_sei.server_certificate("valid")
        mock_sei.certificate("svc-web").revoke()
        made = mock_sei.certificate(mock_sei.service_account(application))
        assert mock_sei.token(application)
    assert is_true(made.not_before)
    assert mock_sei.token(application)


@pytest.mark.parametrize("tool", [freeze_time, time_machine.travel])
@pytest.mark.parametrize("variant", ["expired", "not-yet-valid"])
def test_a_wrong_date_is_there_when_it_is_asked_for(mock_sei, tool, variant):
    with tool("2033-03-03"):
        with mock_sei.client(mock_sei.certificate("svc-demo", variant)) as http:
            with pytest.raises(httpx2.HTTPError, match="alert"):
                http.get("/")
        entry = mock_sei.journal.last
        assert entry.refused_by == "client certificate"
        limit, actual = entry.expected.split()[-1], entry.actual
        assert (actual > limit) == (variant == "expired")


@pytest.mark.parametrize("tool", [freeze_time, time_machine.travel])
def test_every_listener_and_grant(mock_sei, tool):
    with tool("2033-03-03"):
        for application in ("demo-web", "demo-internal", "demo-spa", "demo-native"):
            assert mock_sei.token(application)
        for path in ("/clock", "/openapi.json", "/journal", "/mailbox"):
            answer = httpx2.get(mock_sei.control_url + path, trust_env=False)
            assert answer.status_code == 200, answer.text
        assert is_true(datetime.datetime.fromisoformat(clock(mock_sei)["now"]))


def clock(mock_sei):
    return httpx2.get(f"{mock_sei.control_url}/clock", trust_env=False).json()


@pytest.mark.parametrize("tool", [freeze_time, time_machine.travel])
def test_both_clocks_are_moved_together(mock_sei, tool):
    with tool("2033-03-03"):
        moment = mock_sei.clock.set(datetime.datetime.now(datetime.UTC), frozen=True)
        assert moment == datetime.datetime(2033, 3, 3, tzinfo=datetime.UTC)
        assert clock(mock_sei)["now"] == "2033-03-03T00:00:00Z"
        application = mock_sei.new_application()
        assert mock_sei.token(application)
"""

SESSION = """
import pytest
from freezegun import freeze_time
from time_machine import travel
import true

@pytest.fixture(scope="session", autouse=True)
def frozen_session():
    with {tool}:
        yield
"""
AT_IMPORT = """
from freezegun import freeze_time
import true

freeze_time("2033-03-03").start()
"""


def run(pytester: pytest.Pytester, suite: str, *options: str, conftest: str) -> pytest.RunResult:
    """In random order, warnings as errors."""
    pytester.makepyfile(true=TRUE, test_suite=suite)
    pytester.makeconftest(conftest)
    return pytester.runpytest_subprocess(
        "-W", "error", *IN_RANDOM_ORDER, *options, timeout=patient(300)
    )


@pytest.mark.parametrize("seed", range(3 if THOROUGH else 1))
def test_a_suite_passes_in_any_order(pytester: pytest.Pytester, seed: int) -> None:
    result = run(pytester, SUITE, f"--randomly-seed={seed}", conftest="import true")

    assert result.ret == pytest.ExitCode.OK


PLAIN = """
from true import use

def test_one(mock_sei):
    use(mock_sei)

def test_another(mock_sei, mock_sei_client):
    use(mock_sei)
    assert mock_sei.token("demo-web")
    assert len(mock_sei_client.get(mock_sei.control_url + "/openapi.json").text) > 1000
"""


@pytest.mark.parametrize(
    "conftest",
    [
        pytest.param(
            SESSION.format(tool="freeze_time('2033-03-03')"), id="future", marks=pytest.mark.nightly
        ),
        pytest.param(
            SESSION.format(tool="freeze_time('2003-03-03', tick=True)"),
            id="past",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            SESSION.format(tool="travel('2033-03-03')"),
            id="travel to the future",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            SESSION.format(tool="travel('2003-03-03', tick=False)"), id="travel to the past"
        ),
        pytest.param(AT_IMPORT, id="from the first import"),
    ],
)
def test_a_session_in_another_time_works(pytester: pytest.Pytester, conftest: str) -> None:
    """Everything that the platform is made of is loaded while the time is wrong."""
    result = run(pytester, PLAIN, conftest=conftest)

    result.assert_outcomes(passed=2)


def test_the_time_may_be_frozen_only_while_the_platform_is_made(
    pytester: pytest.Pytester,
) -> None:
    """What was loaded meanwhile must not keep the classes of freezegun."""
    result = run(
        pytester,
        PLAIN
        + """
from cryptography import x509

def test_certificates_of_the_user_s_own(mock_sei):
    assert type(mock_sei.certificate("svc-demo").not_before).__module__ == "datetime"
""",
        conftest="""
import pytest
from freezegun import freeze_time
import true

@pytest.fixture(scope="session", autouse=True)
def frozen_start(request):
    with freeze_time("2033-03-03"):
        request.getfixturevalue("mock_sei_server")
""",
    )

    result.assert_outcomes(passed=3)


SIGN = """
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from freezegun import freeze_time

def sign():
    with freeze_time("2033-03-03"):
        now = datetime.datetime.now(datetime.UTC)
        x509.CertificateRevocationListBuilder(
            x509.Name([]), now, now + datetime.timedelta(1)
        ).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
"""
"""The classes of freezegun, if they are the first, stay the only dates of ``cryptography``."""


def test_a_frozen_test_that_signs_something_does_no_harm_to_those_after_it(
    pytester: pytest.Pytester,
) -> None:
    suite = SIGN + "\ndef test_first(): sign()\n" + PLAIN
    result = run(pytester, suite, "-p", "no:randomly", conftest="import true")

    result.assert_outcomes(passed=3)


def test_a_process_that_can_sign_nothing_any_more_is_told_why(pytester: pytest.Pytester) -> None:
    """The user's own tests spoilt cryptography: it is a line, not a traceback out of a library."""
    result = run(
        pytester,
        "def test_it(mock_sei): pass",
        conftest=SIGN + "\nimport true\nsign()\n",
    )

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["E *MockSeiError: this process cannot sign certificates any more*"]
    )
    result.stdout.fnmatch_lines(["*use cryptography, before the first freeze_time()*"])
