"""docs/real-platform.md: its first section is done, with a second mock as the real platform."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.serving import Serving, environment, run_mock_sei
from tests.e2e.snippets import read, section, snippets

SECTION = section(read("docs/real-platform.md"), "In fifteen minutes")


def commands() -> list[list[str]]:
    """The commands of the section, in their order, as words."""
    lines = "\n".join(snippets(SECTION, "sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


def test_a_reader_comes_from_nothing_to_a_mock_that_answers_as_the_other_platform(
    tmp_path: Path,
) -> None:
    theirs, written = snippets(SECTION, "toml")
    (tmp_path / "theirs.toml").write_text(theirs)
    serve, export, probe, compare, compare_again, serve_again = commands()
    environ = environment() | dict(each.split("=") for each in export[1:])

    with Serving.start(tmp_path, *serve[serve.index("--certs-dir") :]) as serving:
        ready = serving.ready
        addresses = {
            "https://localhost:9443": ready["url"],
            "https://localhost:9444": ready["two_way_url"],
        }
        assert all(each in probe for each in addresses)
        assert {str(urlsplit(each).port) for each in addresses} < set(serve)
        words = [addresses.get(each, each) for each in probe[1:]]
        asked = run_mock_sei(*words, "--pause", "0", cwd=tmp_path, environ=environ)
        assert asked.returncode == 0, asked.stderr
        assert "compare recordings --write assumptions.toml" in asked.stdout

    compared = run_mock_sei(*compare[1:], cwd=tmp_path)
    assert compared.returncode == 1, compared.stderr
    assert (tmp_path / "assumptions.toml").read_text() == written
    assert all(line in compared.stdout for line in written.splitlines())

    again = run_mock_sei(*compare_again[1:], cwd=tmp_path)
    assert again.returncode == 0, again.stdout

    ours = tmp_path / "ours"
    ours.mkdir()
    (ours / "assumptions.toml").write_text(written)
    with Serving.start(ours, *serve_again[2:]) as serving:
        control = serving.ready["control_url"]
        shown = run_mock_sei("assumptions", "--changed", "--control-url", control)
        assert "paging.maximum = 100" in shown.stdout
