"""Files, open descriptors and threads do not grow with calls, and all go at ``stop()``."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sei import Attached, MockSei
from mock_sei.testing.workbench import Workbench
from tests.e2e.serving import wait_for

OFTEN = 50


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where every temporary file of this test goes."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture(params=["in process", "attached"])
def bench(
    request: pytest.FixtureRequest,
    temporary: Path,  # noqa: ARG001  # set before anything is made
) -> Iterator[Workbench]:
    with MockSei() as server:
        if request.param == "in process":
            yield server
            return
        with Attached(server.control_url) as attached:
            yield attached


def held(temporary: Path) -> tuple[set[Path], int, int]:
    """Temporary files, open descriptors, threads."""
    files = {each for each in temporary.rglob("*") if each.is_file()}
    return files, len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def use_everything(bench: Workbench) -> None:
    bench.ssl_context("svc-demo")
    certificate = bench.certificate("svc-demo")
    certificate.pfx()
    certificate.pfx("another")
    certificate.pfx(legacy=True)
    bench.ssl_context(certificate)
    with bench.client("svc-demo") as http:
        http.get("/v2/investors")
    bench.token("svc-demo")


def test_calls_and_resets_leave_nothing_more(bench: Workbench, temporary: Path) -> None:
    use_everything(bench)
    bench.reset()
    before = held(temporary)
    for number in range(OFTEN // 5):
        use_everything(bench)
        if number % 5 == 0:
            bench.reset()
    for _ in range(OFTEN):
        bench.client("svc-demo").close()
        bench.reset()

    # The server's side of a connection that its client closed may be a moment in closing.
    wait_for(lambda: held(temporary)[1] <= before[1])
    files, _, threads = held(temporary)
    assert files == before[0]
    assert threads == before[2]


def test_a_certificate_asked_for_again_has_its_files_also_after_a_reset(bench: Workbench) -> None:
    """A fixture of a wider scope holds them."""
    first = bench.certificate("svc-demo")
    content = {each: each.read_bytes() for each in (first.cert_file, first.key_file, first.pfx())}
    bench.reset()

    again = bench.certificate("svc-demo")

    assert (again.cert_file, again.key_file) == (first.cert_file, first.key_file)
    assert again.pfx() == first.pfx()
    assert {each: each.read_bytes() for each in content} == content


def test_another_certificate_has_other_files(bench: Workbench) -> None:
    first = bench.certificate("svc-demo")
    expired = [bench.certificate("svc-demo", "expired") for _ in range(2)]
    bench.certificate_link("svc-demo", renew=True)
    renewed = bench.certificate("svc-demo")

    assert len({each.key_file for each in (first, renewed, *expired)}) == 4
    assert first.key_file.exists()


def test_a_pfx_keeps_its_passphrase_when_another_is_made(bench: Workbench) -> None:
    certificate = bench.certificate("svc-demo")
    first = certificate.pfx("first")
    content = first.read_bytes()

    second = certificate.pfx("second")

    assert second != first
    assert first.read_bytes() == content
    assert not any("first" in str(each) or "second" in str(each) for each in (first, second))


def test_all_of_them_go_when_it_stops(temporary: Path) -> None:
    with MockSei() as server, Attached(server.control_url) as attached:
        use_everything(server)
        use_everything(attached)
        assert held(temporary)[0]

    assert list(temporary.iterdir()) == []
