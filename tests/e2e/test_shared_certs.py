"""Servers that share only a certs folder: tokens and certificates of one are valid at all.

What each keeps for itself is listed in docs/architecture.md, "Several servers"; the second half of
this module is that list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from mock_sei import Attached
from mock_sei.oauth.metadata import JWKS_PATH, REVOKE_PATH, TOKEN_INFO_PATH
from mock_sei.rules.records import DEFAULT_USER
from mock_sei.testing.workbench import Workbench
from tests.e2e.handshakes import alert, is_let_in
from tests.e2e.serving import Serving
from tests.support import TICKETS, TOKEN_PATH

KEYS = {
    "svc-demo": ("demo-server-key", "demo-server-secret"),
    "svc-web": ("demo-web-key", "demo-web-secret"),
    "svc-internal": ("demo-internal-key", "demo-internal-secret"),
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Serving]]:
    """Two processes, one after the other: the second finds the folder of the first."""
    folder = tmp_path_factory.mktemp("shared")
    certs = str(folder / "certs")
    for name in ("one", "other"):
        (folder / name).mkdir()
    with (
        Serving.start(folder / "one", "--certs-dir", certs) as one,
        Serving.start(folder / "other", "--certs-dir", certs) as other,
    ):
        yield [one, other]


@pytest.fixture
def one(servers: list[Serving]) -> Iterator[Workbench]:
    with Attached(servers[0].ready["control_url"]) as bench:
        bench.reset()
        yield bench


@pytest.fixture
def other(servers: list[Serving]) -> Iterator[Workbench]:
    with Attached(servers[1].ready["control_url"]) as bench:
        bench.reset()
        yield bench


def call(bench: Workbench, token: str, account: str = "svc-demo") -> int:
    headers = {"AppKey": KEYS[account][0], "Authorization": f"Bearer {token}"}
    with bench.client(account) as http:
        return http.get(TICKETS, headers=headers).status_code


def ask(bench: Workbench, account: str, path: str = TOKEN_PATH, **form: str) -> httpx2.Response:
    with bench.client(account) as http:
        return http.post(path, auth=KEYS[account], data=form)


# What is common


@pytest.mark.parametrize("account", KEYS)
def test_a_token_of_one_is_honoured_by_the_other(
    one: Workbench, other: Workbench, account: str
) -> None:
    assert call(other, one.token(account), account) == 200
    assert call(one, other.token(account), account) == 200


def test_the_certificates_are_the_same_for_both(one: Workbench, other: Workbench) -> None:
    mine, yours = one.certificate("svc-demo"), other.certificate("svc-demo")
    assert mine.serial_number == yours.serial_number
    assert one.ca_file.read_bytes() == other.ca_file.read_bytes()
    with httpx2.Client(verify=one.ssl_context(mine), trust_env=False) as http:
        assert http.get(f"{other.two_way_url}{TICKETS}").status_code == 401  # it is let in


def test_both_publish_the_same_keys(one: Workbench, other: Workbench) -> None:
    told = []
    for bench in (one, other):
        with bench.client() as http:
            told.append(http.get(JWKS_PATH).json())
    assert told[0] == told[1]


def test_a_further_certificate_of_one_is_let_in_by_the_other(
    one: Workbench, other: Workbench
) -> None:
    further = one.certificate("svc-demo", "valid")
    with httpx2.Client(verify=one.ssl_context(further), trust_env=False) as http:
        assert http.get(f"{other.two_way_url}{TICKETS}").status_code == 401


def test_the_other_goes_on_when_one_is_killed(tmp_path: Path) -> None:
    certs = str(tmp_path / "certs")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with Serving.start(tmp_path / "one", "--certs-dir", certs) as first:
        with Attached(first.ready["control_url"]) as bench:
            token = bench.token("svc-demo")
        first.kill()
    with (
        Serving.start(tmp_path / "other", "--certs-dir", certs) as second,
        Attached(second.ready["control_url"]) as bench,
    ):
        assert call(bench, token) == 200


# What is each server's own


def test_codes_and_refresh_tokens(one: Workbench, other: Workbench) -> None:
    login = one.login("demo-web", DEFAULT_USER)
    form = {
        "grant_type": "authorization_code",
        "code": login.code,
        "redirect_uri": "https://localhost:9443/callback",
    }
    assert ask(other, "svc-web", **form).json()["error"] == "invalid_grant"
    given = ask(one, "svc-web", **form).json()
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert ask(other, "svc-web", **form).json()["error"] == "invalid_grant"
    assert ask(one, "svc-web", **form).status_code == 200


def test_token_information_lacks_what_the_other_remembers(one: Workbench, other: Workbench) -> None:
    token = one.token("svc-internal")
    headers = {"AppKey": KEYS["svc-internal"][0], "Authorization": f"Bearer {token}"}
    told = {}
    for bench in (one, other):
        with bench.client("svc-internal") as http:
            told[bench] = http.get(
                TOKEN_INFO_PATH, params={"client_id": KEYS["svc-internal"][0]}, headers=headers
            ).json()
    assert told[one].keys() - told[other].keys() >= {"refresh_token"}


def test_revoked_tokens(one: Workbench, other: Workbench) -> None:
    token = one.token("svc-demo")
    assert ask(one, "svc-demo", REVOKE_PATH, token=token).status_code == 200
    assert (call(one, token), call(other, token)) == (401, 200)


def test_ended_sessions(one: Workbench, other: Workbench) -> None:
    token = one.token("svc-internal")
    form = {"username": DEFAULT_USER, "password": "alice-password", "endOtherSessions": "true"}
    assert ask(other, "svc-internal", grant_type="password", **form).status_code == 200
    assert call(one, token, "svc-internal") == 200
    assert ask(one, "svc-internal", grant_type="password", **form).status_code == 200
    assert call(one, token, "svc-internal") == 401
    assert call(other, token, "svc-internal") == 200


def test_the_time_of_a_tokens_last_use(one: Workbench, other: Workbench) -> None:
    token = one.token("svc-demo")
    for bench in (one, other):
        bench.clock.advance(minutes=20)
    assert call(one, token) == 200
    for bench in (one, other):
        bench.clock.advance(minutes=20)
    assert (call(one, token), call(other, token)) == (200, 401)


def test_the_clock(one: Workbench, other: Workbench) -> None:
    token = one.token("svc-demo")
    one.clock.advance(minutes=61)
    assert (call(one, token), call(other, token)) == (401, 200)


def test_new_signing_keys(one: Workbench, other: Workbench) -> None:
    one.rotate_signing_key()
    token = one.token("svc-demo")
    assert (call(one, token), call(other, token)) == (200, 401)


def test_revoked_certificates(one: Workbench, other: Workbench) -> None:
    further = one.certificate("svc-demo", "valid")
    context = one.ssl_context(further)
    further.revoke()
    with httpx2.Client(verify=context, trust_env=False) as http:
        with pytest.raises(httpx2.HTTPError):
            http.get(f"{one.two_way_url}{TICKETS}")
        assert http.get(f"{other.two_way_url}{TICKETS}").status_code == 401


def test_registered_applications(one: Workbench, other: Workbench) -> None:
    assert one.new_application(name="here").name in one.applications
    assert "here" not in other.applications


def test_one_time_links_and_mails(one: Workbench, other: Workbench) -> None:
    link = one.certificate_link("svc-demo")
    elsewhere = link.replace(one.url, other.url)
    assert elsewhere != link
    with other.client() as http:
        assert http.get(elsewhere).status_code == 404
    with one.client() as http:
        assert http.get(link).status_code == 200
    assert (len(list(one.mailbox)), len(list(other.mailbox))) == (1, 0)


def records(bench: Workbench) -> None:
    bench.data["investors"].clear()


def faults(bench: Workbench) -> None:
    bench.faults.add(f"GET {TICKETS}", status=503)


def scripts(bench: Workbench) -> None:
    bench.enqueue(f"GET {TICKETS}", status=418)


def server_certificate(bench: Workbench) -> None:
    bench.server_certificate("expired")


@pytest.mark.parametrize("change", [records, faults, scripts, server_certificate])
def test_the_bench_and_its_records(
    one: Workbench, other: Workbench, change: Callable[[Workbench], None]
) -> None:
    change(one)
    assert call(other, other.token("svc-demo")) == 200
    assert len(other.data["investors"])
    assert len(other.faults) == 0


def test_the_journal_and_a_reset(one: Workbench, other: Workbench) -> None:
    one.token("svc-demo")
    assert (len(one.journal), len(other.journal)) == (1, 0)
    other.reset()
    assert len(one.journal) == 1


def test_servers_that_start_at_once_on_a_fresh_folder_revoke_what_lies_in_it(
    tmp_path: Path,
) -> None:
    """Each server held a certificate of its own, and revoked that one."""
    certs = str(tmp_path / "certs")
    folders = [tmp_path / str(number) for number in range(3)]
    for each in folders:
        each.mkdir()
    with ExitStack() as stack:
        with ThreadPoolExecutor(len(folders)) as pool:
            servings = list(
                pool.map(lambda folder: Serving.start(folder, "--certs-dir", certs), folders)
            )
        for serving in servings:
            stack.enter_context(serving)
        on_file = tmp_path / "certs/svc-demo"
        for serving in servings:
            with Attached(serving.ready["control_url"]) as bench:
                context = bench.ssl_context()
                context.load_cert_chain(on_file / "certificate.crt", on_file / "privatekey.key")
                assert is_let_in(bench.two_way_url, context)

                bench.certificate("svc-demo").revoke()

                assert alert(bench.two_way_url, context) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
