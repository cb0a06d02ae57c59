"""``pytest --mock-sei-url``: a user's tests against a server that runs elsewhere."""

from __future__ import annotations

import gc
import json
import re
import socket
from collections.abc import Iterator

import httpx2
import pytest

from mock_sei import Attached, MockSei, __version__
from mock_sei.errors import ConfigurationError, MockSeiError, NoServer
from mock_sei.testing.calls import ControlApi
from tests.cases import every_case
from tests.e2e.serving import Serving
from tests.e2e.snippets import read, snippets
from tests.e2e.strangers import answering
from tests.e2e.suites import run_suite
from tests.patience import PATIENCE

USES_IT = "def test_it(mock_sei): assert mock_sei.token('svc-demo')"


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port where nobody listens, held so that nobody begins to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.mark.parametrize("document", ["README.md", "docs/testing.md"])
def test_what_the_documents_print_passes_against_a_server_too(
    pytester: pytest.Pytester, running: Serving, document: str
) -> None:
    printed = snippets(read(document), "python")

    result = run_suite(
        pytester, "\n\n".join(printed), "--mock-sei-url", running.ready["control_url"]
    )

    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= sum("def test_" in each for each in printed)
    result.stdout.fnmatch_lines([f"mock-sei: attached to {running.ready['control_url']}"])


def test_a_variable_names_the_server_as_the_option_does(
    pytester: pytest.Pytester, running: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCK_SEI_URL", running.ready["control_url"])
    result = run_suite(
        pytester,
        f"""
        def test_it(mock_sei, mock_sei_server, mock_sei_client):
            assert mock_sei is mock_sei_server
            assert mock_sei.url == {running.ready["url"]!r}
            assert str(mock_sei_client.base_url).startswith({running.ready["two_way_url"]!r})
        """,
    )
    result.assert_outcomes(passed=1)


def test_mapped_ports_are_named_by_options_or_variables(
    pytester: pytest.Pytester, running: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_way = running.ready["url"].replace("localhost", "127.0.0.1")
    two_way = running.ready["two_way_url"].replace("localhost", "127.0.0.1")
    monkeypatch.setenv("MOCK_SEI_TWO_WAY_URL", two_way)
    result = run_suite(
        pytester,
        f"""
        def test_it(mock_sei):
            assert (mock_sei.url, mock_sei.two_way_url) == ({one_way!r}, {two_way!r})
            assert mock_sei.token("svc-demo")
            assert mock_sei.token("demo-spa")
            assert mock_sei.certificate_link("svc-demo").startswith({one_way!r})
        """,
        *("--mock-sei-url", running.ready["control_url"], "--mock-sei-one-way-url", one_way),
    )
    result.assert_outcomes(passed=1)


def usage_error(result: pytest.RunResult) -> str:
    """The one line of a run that was not begun."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    [line] = [each for each in result.stderr.lines if each]
    return line


def test_a_server_that_is_not_there_is_one_line(pytester: pytest.Pytester, deaf: int) -> None:
    url = f"http://127.0.0.1:{deaf}"
    line = usage_error(run_suite(pytester, USES_IT, "--mock-sei-url", url))

    assert line.startswith(f"ERROR: no mock-sei answers at {url} (")
    assert "--mock-sei-url or MOCK_SEI_URL names another address" in line


@every_case(
    ("body", "words"),
    [
        (
            json.dumps({"version": "0.0.7"}).encode(),
            f"is mock-sei 0.0.7, and this is {__version__}",
        ),
        (b"<html>", "is no control listener of mock-sei"),
        (b"{}", "is no control listener of mock-sei"),
        (b"[]", "is no control listener of mock-sei"),
    ],
)
def test_another_server_is_named(body: bytes, words: str) -> None:
    with (
        answering(200, body) as url,
        pytest.raises(MockSeiError, match=re.escape(words)),
        Attached(url),
    ):
        pass


def test_another_server_is_one_line(pytester: pytest.Pytester) -> None:
    with answering(200, b"<html>") as url:
        line = usage_error(run_suite(pytester, USES_IT, "--mock-sei-url", url))
    assert "is no control listener of mock-sei" in line


def test_an_error_of_another_server_is_one_line(pytester: pytest.Pytester) -> None:
    with answering(404, b"{}") as url:
        line = usage_error(run_suite(pytester, USES_IT, "--mock-sei-url", url))
    assert "is no control listener of mock-sei" in line


@pytest.mark.parametrize("name", ["one-way", "two-way"])
def test_a_listener_that_cannot_be_reached_is_one_line_naming_its_option(
    pytester: pytest.Pytester, running: Serving, deaf: int, name: str
) -> None:
    address = f"https://localhost:{deaf}"
    options = ("--mock-sei-url", running.ready["control_url"], f"--mock-sei-{name}-url", address)
    line = usage_error(run_suite(pytester, USES_IT, *options))

    variable = f"MOCK_SEI_{name.replace('-', '_').upper()}_URL"
    assert f"the {name} listener cannot be reached at {address} (" in line
    assert f"--mock-sei-{name}-url or {variable} names its address" in line


@every_case(
    "url", ["localhost:8044", "https://localhost:8044", "http://h:port", "http://h/path", "http://"]
)
def test_what_is_no_address_is_named(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Attached(url)

    assert repr(url) in str(raised.value)
    assert "not an http:// address" in str(raised.value)


def test_what_is_no_address_is_one_line(pytester: pytest.Pytester) -> None:
    line = usage_error(run_suite(pytester, USES_IT, "--mock-sei-url", "localhost:8044"))

    assert "'localhost:8044': not an http:// address" in line


def test_a_suite_that_does_not_use_it_needs_no_server(pytester: pytest.Pytester, deaf: int) -> None:
    options = ("--mock-sei-url", f"http://127.0.0.1:{deaf}")
    run_suite(pytester, "def test_it(): pass", *options).assert_outcomes(passed=1)
    listed = run_suite(pytester, USES_IT, *options, "--collect-only")
    assert listed.ret == pytest.ExitCode.OK


def test_in_workers_a_missing_server_is_one_line_a_test(
    pytester: pytest.Pytester, deaf: int
) -> None:
    options = ("--mock-sei-url", f"http://127.0.0.1:{deaf}", "-n", "1")
    result = run_suite(pytester, "def test_it(mock_sei_server): pass", *options)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["no mock-sei answers at *"])
    assert "testing/plugin.py" not in result.stdout.str()


SHARING = """
import pytest

@pytest.fixture
def application(mock_sei_server):
    application = mock_sei_server.new_application()
    yield application
    mock_sei_server.applications.remove(application.name)

@pytest.mark.parametrize("number", range(6))
def test_of_its_own(mock_sei_server, application, number):
    account = mock_sei_server.service_account(application)
    fault = mock_sei_server.faults.add(
        "POST /v2/oauthtoken", application=application, status=503, times=1
    )
    form = {"grant_type": "client_credentials", "username": account.username,
            "password": account.password}
    with mock_sei_server.client(account) as http:
        pair = (account.app_key, account.app_secret)
        answers = [http.post("/v2/oauthtoken", auth=pair, data=form) for _ in range(2)]
    assert [each.status_code for each in answers] == [503, 200]
    assert fault.met == 1
    seen = mock_sei_server.journal.of(application)
    assert [each.response.status for each in seen.entries] == [503, 200]
    assert mock_sei_server.new_application()  # goes with the session
"""


def test_several_workers_share_a_server_by_applications_of_their_own(
    pytester: pytest.Pytester, running: Serving
) -> None:
    url = running.ready["control_url"]
    result = run_suite(
        pytester,
        SHARING + "\n\ndef test_reset(mock_sei): pass\n",
        *("--mock-sei-url", url, "-n", "2"),
    )

    result.assert_outcomes(passed=6, errors=1)
    result.stdout.fnmatch_lines(["mock_sei resets the server*mock_sei_server*new_application()*"])
    assert "testing/plugin.py" not in result.stdout.str()
    names = [each["name"] for each in httpx2.get(f"{url}/applications", trust_env=False).json()]
    assert [each for each in names if not each.startswith("demo-")] == []


def test_one_worker_may_reset(pytester: pytest.Pytester, running: Serving) -> None:
    options = ("--mock-sei-url", running.ready["control_url"], "-n", "1")
    run_suite(pytester, USES_IT, *options).assert_outcomes(passed=1)


def test_a_fixture_of_a_failed_check_fails_the_user_s_test(
    pytester: pytest.Pytester, running: Serving
) -> None:
    result = run_suite(
        pytester,
        """
        def test_it(mock_sei):
            mock_sei.faults.add("POST /v2/oauthtoken", status=503, required=True)
        """,
        *("--mock-sei-url", running.ready["control_url"]),
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*required faults that nobody met: POST /v2/oauthtoken*"])


def test_attaching_changes_nothing_and_is_not_in_the_journal() -> None:
    with MockSei() as server:
        server.token("svc-demo")
        with Attached(server.control_url) as attached:
            kept = attached.new_application(name="kept by nobody")
            assert kept.name in server.applications
        assert len(server.journal) == 1
        assert kept.name not in server.applications


def test_a_server_that_stopped_is_named() -> None:
    with MockSei() as server:
        attached = Attached(server.control_url).start()
    with pytest.raises(NoServer, match=re.escape(f"no mock-sei answers at {server.control_url}")):
        attached.reset()
    attached.stop()


def test_it_must_be_entered_before_it_is_used() -> None:
    attached = Attached("http://127.0.0.1:9")
    with pytest.raises(MockSeiError, match="not attached yet"):
        _ = attached.url
    attached.stop()


def test_settings_are_checked_and_a_reset_applies_what_it_can() -> None:
    with MockSei() as server:
        with Attached(server.control_url, settings={"dialect": "rfc", "hostname": ["x"]}) as own:
            own.reset(seed=7)
            assert own.token_response("svc-demo")["token_type"] == "Bearer"
        with pytest.raises(ConfigurationError, match="did you mean dialect"):
            Attached(server.control_url, settings={"dialekt": "rfc"})


def test_no_connection_outlives_its_call() -> None:
    """A socket that was left open would warn when it is collected, and warnings are errors."""
    with MockSei() as server:
        api = ControlApi(server.control_url, timeout=PATIENCE, hint="")
        assert api.get("/health")["version"] == __version__
        del api
        gc.collect()
