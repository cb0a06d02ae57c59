"""docs/state.md: its commands are run, in their order, as they are printed."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.e2e.serving import FREE_PORTS, Serving, run_mock_sei
from tests.e2e.snippets import read, snippets

DOCUMENT = read("docs/state.md")


def test_the_commands_of_the_page_work_one_after_the_other(tmp_path: Path) -> None:
    lines = [line for each in snippets(DOCUMENT, "sh") for line in each.splitlines()]
    served = [shlex.split(line)[2:] for line in lines if line.startswith("mock-sei serve")]
    assert len(served) == 3
    *in_a_file, in_redis = served
    assert in_redis == []  # its URL is in a variable: tests/e2e/test_redis.py starts such servers

    for options in in_a_file:  # the state of the first one is that of the second one
        with Serving.start(tmp_path, *options) as serving:
            control = serving.ready["control_url"]
            moved = run_mock_sei("clock", "advance", "31m", "--control-url", control)
            assert moved.returncode == 0, moved.stderr
            assert serving.stop() == 0

    others = [line for line in lines if line.startswith("mock-sei state")]
    assert len(others) == 4
    for line in others:
        words = shlex.split(line.partition("#")[0])[1:]
        done = run_mock_sei(*words, cwd=tmp_path)
        assert done.returncode == 0, (line, done.stderr)


def test_another_configuration_is_refused_as_the_page_prints(tmp_path: Path) -> None:
    state = ("--state", "sqlite:platform.db")
    with Serving.start(tmp_path, *state) as serving:
        assert serving.stop() == 0

    refused = run_mock_sei("serve", *FREE_PORTS, *state, "--dialect", "rfc", cwd=tmp_path)

    assert refused.returncode == 2
    assert refused.stderr.strip() in DOCUMENT
