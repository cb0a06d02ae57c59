"""The pytest plugin in a user's own suite, run by pytest in a process of its own.

What a user writes runs in both modes: the platform in the test process, and ``mock-sei serve``
elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter

import pytest

from tests.e2e.serving import Serving, run
from tests.e2e.suites import USERS_PLUGINS, run_suite
from tests.patience import patient

SETTINGS = """
import pytest

@pytest.fixture(scope="session")
def mock_sei_settings():
    return {"dialect": "rfc", "environment": "build"}
"""


DETAILS = """
import httpx2

def details(mock_sei):
    return httpx2.get(mock_sei.control_url, trust_env=False).json()
"""


USES = """
def test_a_token_and_a_call(mock_sei, mock_sei_client):
    account = mock_sei.service_account("svc-demo")
    headers = {
        "AppKey": account.app_key,
        "Authorization": f"Bearer {mock_sei.token(account)}",
    }
    answer = mock_sei_client.get("/v1/order/tradetickets", headers=headers)
    assert answer.status_code == 200
    assert mock_sei.journal.last.service_account == "svc-demo"

def test_the_client_has_the_certificate_and_another_has_not(mock_sei, mock_sei_client):
    import httpx2
    import pytest
    assert mock_sei_client.get("/v1/order/tradetickets").status_code == 401
    with mock_sei.client(base_url=mock_sei.two_way_url) as bare:
        with pytest.raises(httpx2.HTTPError):
            bare.get("/v1/order/tradetickets")
    assert "no certificate" in mock_sei.journal.last.refused_because
"""

RESETS = """
import pytest

urls = set()

@pytest.mark.parametrize("time", range(2))
def test_it(mock_sei, mock_sei_server, time):
    assert mock_sei is mock_sei_server
    assert not mock_sei.journal.entries
    assert mock_sei.clock.is_machine
    token = mock_sei.token("svc-demo")
    mock_sei.clock.advance(days=800)
    mock_sei.certificate("svc-demo").revoke()
    urls.add(mock_sei.url)

def test_there_was_one(mock_sei_server):
    assert urls == {mock_sei_server.url}
"""

WRONG_MARKERS = """
import pytest

@pytest.mark.mock_sei(dialekt="rfc")
def test_unknown(mock_sei):
    pass

@pytest.mark.mock_sei(host="0.0.0.0")
def test_of_the_server(mock_sei):
    pass

@pytest.mark.mock_sei(certs_dir="certs")
def test_of_the_folder(mock_sei):
    pass

@pytest.mark.mock_sei(dialect="vendor")
def test_value(mock_sei):
    pass

@pytest.mark.mock_sei("rfc")
def test_position(mock_sei):
    pass

def test_plain(mock_sei):
    pass
"""

REMOVED = """
import pytest
from mock_sei import MockSeiError

@pytest.fixture(scope="module")
def shared(mock_sei_server):
    return mock_sei_server.new_application(name="shared")

def test_one(shared, mock_sei_server):
    assert mock_sei_server.token("shared")

def test_two(mock_sei):
    mock_sei.reset()

def test_three(shared, mock_sei_server):
    mock_sei_server.reset()
    with pytest.raises(MockSeiError, match="it was removed by the reset of test_two"):
        mock_sei_server.token("shared")
"""

SUITES = {
    "test_uses.py": USES,
    "test_resets.py": RESETS,
    "test_wrong_markers.py": WRONG_MARKERS,
    "test_removed.py": REMOVED,
}
"""Suites of users who set nothing: one run of pytest for all, since a start is dear."""


class Ran:
    """How a run of every suite ended, file by file."""

    def __init__(self, printed: str) -> None:
        self.printed = printed

    def outcomes(self, file: str) -> dict[str, int]:
        """How many of its tests ended in what way."""
        ended = re.findall(rf"(?m)^{file}::\S+ (PASSED|FAILED|ERROR)", self.printed)
        return dict(Counter(ended))


@pytest.fixture(scope="module", params=["in process", "attached"])
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Their run in either mode."""
    folder = tmp_path_factory.mktemp("suites")
    for file, suite in SUITES.items():
        (folder / file).write_text(suite, encoding="utf-8")
    with contextlib.ExitStack() as stack:
        options: list[str] = []
        if request.param == "attached":
            serving = stack.enter_context(Serving.start(tmp_path_factory.mktemp("serving")))
            options = ["--mock-sei-url", serving.ready["control_url"]]
        done = run(
            *(sys.executable, "-m", "pytest", "-v", "-W", "error", *USERS_PLUGINS, *options),
            cwd=folder,
            environ=os.environ,
            patience=patient(300),
        )
    return Ran(done.stdout)


def test_a_suite_uses_the_platform_over_real_sockets(ran: Ran) -> None:
    assert ran.outcomes("test_uses.py") == {"PASSED": 2}


def test_each_test_finds_the_platform_reset_and_the_server_the_same(ran: Ran) -> None:
    assert ran.outcomes("test_resets.py") == {"PASSED": 3}


def test_an_application_that_another_test_s_reset_removed_is_reported_with_that_test(
    ran: Ran,
) -> None:
    assert ran.outcomes("test_removed.py") == {"PASSED": 3}


def test_a_wrong_marker_stops_its_test_and_no_other(ran: Ran) -> None:
    assert ran.outcomes("test_wrong_markers.py") == {"PASSED": 1, "ERROR": 5}
    for said in (
        "dialekt: unknown key.*did you mean dialect.*mock_sei_settings",
        r"\(host=...\).*cannot change host.*mock_sei_settings",
        r"\(certs_dir=...\).*cannot change certs_dir.*mock_sei_settings",
        "dialect = 'vendor'.*'sei' or 'rfc'",
        "takes keywords only.*'rfc'",
    ):
        assert re.search(said, ran.printed), said


def test_settings_are_overridden_in_a_conftest_and_by_the_nearest_marker(
    pytester: pytest.Pytester, mode: list[str]
) -> None:
    pytester.makepyfile(
        test_unmarked=DETAILS
        + """
def test_it(mock_sei):
    found = details(mock_sei)
    assert (found["dialect"], found["environment"]) == ("rfc", "build")
    mock_sei.reset(seed=3)
    assert details(mock_sei)["dialect"] == "rfc"
"""
    )
    result = run_suite(
        pytester,
        DETAILS
        + """
import pytest

pytestmark = pytest.mark.mock_sei(environment="sandbox", seed=7)

def found(mock_sei, *names):
    return tuple(details(mock_sei)[name] for name in names)

@pytest.mark.mock_sei(environment="production", dialect="sei")
def test_marked(mock_sei):
    assert found(mock_sei, "environment", "dialect", "seed") == ("production", "sei", 7)
    assert mock_sei.token_response("svc-demo")["token_type"] == "BearerToken"

def test_of_the_module(mock_sei):
    assert found(mock_sei, "environment", "dialect", "seed") == ("sandbox", "rfc", 7)
    assert mock_sei.token_response("svc-demo")["token_type"] == "Bearer"

@pytest.mark.mock_sei(
    auto_login=True, approval="manual", concurrent_sessions="refuse", seed=None
)
def test_every_other_keyword(mock_sei):
    assert found(mock_sei, "auto_login", "seed") == (True, None)
    assert found(mock_sei, "approval", "concurrent_sessions") == ("manual", "refuse")
    mine = mock_sei.applications.register(name="x", type="server-server", actor="server")
    assert not mine.approved
""",
        *mode,
        "--strict-markers",
        conftest=SETTINGS,
    )
    result.assert_outcomes(passed=4)


def test_wrong_settings_stop_the_test_with_their_name(
    pytester: pytest.Pytester, mode: list[str]
) -> None:
    result = run_suite(
        pytester,
        "def test_it(mock_sei): pass",
        *mode,
        conftest=SETTINGS.replace('"dialect": "rfc"', '"dialekt": "rfc"'),
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ConfigurationError: *dialekt*did you mean dialect*"])


def test_ten_tests_on_two_workers_run_two_servers(pytester: pytest.Pytester) -> None:
    result = run_suite(
        pytester,
        """
        import os
        from pathlib import Path

        import pytest

        @pytest.mark.parametrize("number", range(10))
        def test_it(mock_sei, number):
            assert not mock_sei.journal.entries
            assert mock_sei.token("svc-demo")
            assert len(mock_sei.journal.entries) == 1
            mock_sei.clock.advance(days=800)
            worker = os.environ["PYTEST_XDIST_WORKER"]
            with Path("seen.txt").open("a") as seen:
                seen.write(f"{worker} {mock_sei.two_way_url} {mock_sei.ca_file}\\n")
        """,
        *("-n", "2"),
    )
    result.assert_outcomes(passed=10)
    seen = (pytester.path / "seen.txt").read_text().splitlines()
    assert len(seen) == 10
    servers = {tuple(line.split()) for line in seen}
    assert len(servers) == 2  # a worker keeps its server, and shares it with none
    assert [len({server[part] for server in servers}) for part in range(3)] == [2, 2, 2]


def test_a_suite_that_does_not_use_it_imports_nothing_of_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        HEAVY = {"fastapi", "uvicorn", "trustme", "jose", "pydantic", "cryptography", "httpx2"}

        def test_it():
            assert "mock_sei.testing.plugin" in sys.modules
            assert not HEAVY & sys.modules.keys()
            assert {name for name in sys.modules if name.startswith("mock_sei.")} == {
                "mock_sei.testing",
                "mock_sei.testing.plugin",
            }
        """
    )
    result = pytester.runpytest_subprocess(*USERS_PLUGINS, timeout=patient(300))
    result.assert_outcomes(passed=1)


def test_a_bug_in_mock_sei_fails_the_user_s_test_with_its_traceback(
    pytester: pytest.Pytester,
) -> None:
    result = run_suite(
        pytester,
        """
        def test_that_meets_it(mock_sei, mock_sei_client, monkeypatch):
            def broken(*_, **__):
                raise ZeroDivisionError("the bug")
            monkeypatch.setattr(type(mock_sei.platform), "token", broken)
            form = {"grant_type": "client_credentials", "username": "svc-demo",
                    "password": "svc-demo-password"}
            answer = mock_sei_client.post(
                "/v2/oauthtoken", auth=("demo-server-key", "demo-server-secret"), data=form
            )
            assert answer.status_code == 500
            assert "mock-sei failed" in answer.text

        def test_after_it(mock_sei):
            assert mock_sei.token("svc-demo")
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*MockSeiBug*",
            "*in broken*",
            "*ZeroDivisionError: the bug*",
            "*ERROR*test_that_meets_it*",
        ]
    )


LATE = """
import pytest

@pytest.fixture
def after(mock_sei_server):
    yield
    mock_sei_server.platform.record_bug("Traceback: after the check")

def test_that_ends(after, mock_sei):
    pass
"""
"""A failure that comes when the test's own check has been."""


def test_a_bug_between_two_tests_is_reported_by_the_next_check(pytester: pytest.Pytester) -> None:
    result = run_suite(
        pytester,
        LATE
        + """
def test_next(mock_sei):
    pass

def test_after_that(mock_sei):
    pass
""",
    )

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["*MockSeiBug: From before the last reset*", "*after the check*", "*ERROR*test_next*"]
    )


def test_a_bug_after_the_last_test_is_reported_at_the_end(pytester: pytest.Pytester) -> None:
    result = run_suite(pytester, LATE)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*MockSeiBug: *after the check*"])


def test_the_marker_and_the_fixtures_are_listed(pytester: pytest.Pytester) -> None:
    markers = pytester.runpytest_inprocess("--markers")
    markers.stdout.fnmatch_lines(["*@pytest.mark.mock_sei(dialect, environment,*"])
    fixtures = pytester.runpytest_inprocess("--fixtures")
    for name in ("mock_sei", "mock_sei_server", "mock_sei_settings", "mock_sei_client"):
        fixtures.stdout.re_match_lines([rf"{name}\b.* -- .*testing/plugin"])
