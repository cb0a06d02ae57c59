"""docs/ci.md, compose.yaml, our own workflow: their syntax; and commands against a server."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_sei.settings import Settings
from tests.e2e.networks import own_network
from tests.e2e.serving import BIN, MOCK_SEI, Serving, environment, run
from tests.e2e.snippets import read, snippets
from tests.e2e.suites import USERS_PLUGINS
from tests.patience import PATIENCE

COMPOSE = read("compose.yaml")
WORKFLOW = read(".github/workflows/tests.yml")
DEPENDABOT = read(".github/dependabot.yml")
ISSUE_FORMS = [read(f".github/ISSUE_TEMPLATE/{each}.yml") for each in ("bug", "fidelity", "wish")]
NIGHTLY = read(".github/workflows/nightly.yml")
PAGES = read(".github/workflows/docs.yml")
GITHUB, GITLAB = snippets(read("docs/ci.md"), "yaml")
CHECK_JSONSCHEMA = BIN / "check-jsonschema"
OF_THE_IMAGE = {"IMAGE"}
"""Variables that the Dockerfile sets and that are not settings of the server."""
OF_CLIENTS = {"URL", "ONE_WAY_URL", "TWO_WAY_URL", "CONTROL_URL"}
"""Variables that are read where the server is looked for."""
FIXTURE_TEST = "def test_it(mock_sei): assert mock_sei.token('svc-demo')"


def check(
    folder: Path, texts: Sequence[str], schema: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Of all texts at once: to start it takes longer than to check."""
    files = [folder / f"{number}.yml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return run(CHECK_JSONSCHEMA, "--builtin-schema", f"vendor.{schema}", *options, *files)


@pytest.mark.parametrize(
    ("texts", "schema", "options"),
    [
        ([COMPOSE], "compose-spec", ()),
        ([GITHUB, WORKFLOW, NIGHTLY, PAGES], "github-workflows", ()),
        ([GITLAB], "gitlab-ci", ("--data-transform", "gitlab-ci")),
        ([DEPENDABOT], "dependabot", ()),
        (ISSUE_FORMS, "github-issue-forms", ()),
    ],
    ids=["compose", "workflows", "gitlab", "dependabot", "issue forms"],
)
def test_it_is_what_its_reader_takes(
    tmp_path: Path, texts: Sequence[str], schema: str, options: tuple[str, ...]
) -> None:
    sound = check(tmp_path, texts, schema, *options)
    assert sound.returncode == 0, sound.stdout
    broken = [re.sub(r"\b(image|uses|type|directory):", "imagine:", each) for each in texts]
    assert set(broken).isdisjoint(texts)
    said = check(tmp_path, broken, schema, *options)
    assert said.returncode == 1, "the check checks nothing"
    assert [each for each in range(len(texts)) if f"{each}.yml" not in said.stdout] == []


@pytest.mark.needs("node", "npm")
def test_the_expressions_and_jobs_of_each_workflow_are_there(npm_packages: Path) -> None:
    """Of all workflows at once: the linter takes a second to start."""
    workflows = {"github": GITHUB, "own": WORKFLOW, "nightly": NIGHTLY, "pages": PAGES}
    missing = GITHUB.replace("    runs-on:", "    needs: nobody\n    runs-on:", 1)
    typed = json.dumps([missing, *workflows.values()])

    finished = run("node", "workflow.js", cwd=npm_packages, typed=typed)

    assert finished.returncode == 0, finished.stderr
    of_the_wrong_one, *others = json.loads(finished.stdout)
    assert dict(zip(workflows, others, strict=True)) == dict.fromkeys(workflows, "")
    assert "does not exist in this workflow" in of_the_wrong_one


def test_what_is_left_out_of_every_change_runs_every_night() -> None:
    workflow = yaml.safe_load(NIGHTLY)
    (job,) = workflow["jobs"].values()

    assert "schedule" in workflow[True]  # YAML 1.1 reads "on" as true
    assert {"run": "make nightly"} in job["steps"]


def test_our_workflow_tests_builds_and_publishes_by_tag_alone() -> None:
    jobs = yaml.safe_load(WORKFLOW)["jobs"]
    commands = [step.get("run") for job in jobs.values() for step in job["steps"]]
    image = next(
        step["with"]
        for step in jobs["image"]["steps"]
        if step.get("uses", "").startswith("docker/build-push-action")
    )

    assert {".ci/run", "make lowest", "make dist", "make audit", "make coverage"} <= set(commands)
    assert image["platforms"] == "linux/amd64,linux/arm64"
    assert image["push"] == "${{ github.ref_type == 'tag' }}"
    assert jobs["publish"]["if"] == "github.ref_type == 'tag'"
    assert set(jobs["publish"]["needs"]) == jobs.keys() - {"publish"}


def test_the_site_is_published_from_main_only_by_actions_of_a_fixed_commit() -> None:
    workflow = yaml.safe_load(PAGES)
    jobs = workflow["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]

    assert {"run": "make docs"} in steps
    assert workflow[True]["push"] == {"branches": ["main"]}  # YAML 1.1 reads "on" as true
    assert workflow["permissions"] == {"contents": "read"}
    assert jobs["publish"]["if"] == "github.event_name == 'push'"
    assert [each for each in actions if not re.search(r"@[0-9a-f]{40}$", each)] == []


def github() -> tuple[dict[str, str], list[str]]:
    job = yaml.safe_load(GITHUB)["jobs"]["tests"]
    return job["env"], [step["run"] for step in job["steps"] if "run" in step]


def gitlab() -> tuple[dict[str, str], list[str]]:
    job = yaml.safe_load(GITLAB)["tests"]
    return job["variables"], job["script"]


def play(
    script: Sequence[str], variables: Mapping[str, str], folder: Path, *within: str
) -> subprocess.CompletedProcess[str]:
    """A job's commands in one shell, where a test that uses the fixtures was checked out."""
    (folder / "test_suite.py").write_text(FIXTURE_TEST)
    return subprocess.run(
        [*within, "bash", "-euo", "pipefail", "-c", "\n".join(script)],
        cwd=folder,
        env=environment() | dict(variables) | {"PYTEST_ADDOPTS": shlex.join(USERS_PLUGINS)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )


def assert_played(finished: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "1 passed" in finished.stdout
    assert json.loads((folder / "token.json").read_text())["token_type"] == "BearerToken"
    assert (folder / "privatekey.key").stat().st_mode & 0o077 == 0


@pytest.mark.needs("bash", "curl")
@pytest.mark.parametrize("job", [github, gitlab])
def test_its_commands_work_as_printed(running: Serving, tmp_path: Path, job: Any) -> None:
    """The variables, which the reader changes too, name the server that is here."""
    variables, script = job()
    assert variables.keys() == {"MOCK_SEI_URL", "SEI_URL"}
    here = {"MOCK_SEI_URL": running.ready["control_url"], "SEI_URL": running.ready["two_way_url"]}
    assert_played(play(script, here, tmp_path), tmp_path)


@pytest.mark.nightly  # the commands of each service are run beside it
@pytest.mark.needs("bash", "curl")
def test_a_service_is_reached_by_its_name(tmp_path: Path) -> None:
    """With its own variables; over loopback, as in a pod, and from another address."""
    variables, script = gitlab()
    alias = yaml.safe_load(GITLAB)["tests"]["services"][0]["alias"]
    with own_network() as network:
        as_in_a_container = environment() | {
            "MOCK_SEI_HOST": "0.0.0.0",  # noqa: S104  # in a network of its own
            "MOCK_SEI_CONTROL_HOST": "0.0.0.0",  # noqa: S104
        }
        command = (*network.inside, MOCK_SEI)
        with Serving.start(tmp_path, command=command, ports=(), environ=as_in_a_container):
            for address in ("127.0.0.1", network.address):
                job = tmp_path / address
                job.mkdir()
                within = network.knowing(job, address, alias)
                assert_played(play(script, variables, job, *within), job)


def test_the_second_container_of_compose_gets_its_token(tmp_path: Path) -> None:
    """Its command and variables, where the aliases of the first lead to it."""
    services = yaml.safe_load(COMPOSE)["services"]
    aliases = services["mock-sei"]["networks"]["default"]["aliases"]
    tests = services["tests"]
    with own_network() as network:
        listening = environment() | {
            "MOCK_SEI_HOST": network.address,
            "MOCK_SEI_CONTROL_HOST": network.address,
        }
        command = (*network.inside, MOCK_SEI)
        with Serving.start(tmp_path, command=command, ports=(), environ=listening):
            within = network.knowing(tmp_path, network.address, *aliases)
            finished = run(
                *(*within, MOCK_SEI, *tests["command"]),
                environ=environment() | tests["environment"],
            )
            assert finished.returncode == 0, finished.stderr
            assert finished.stdout.count(".") == 2, "no token"
            journal = run(
                *within, MOCK_SEI, "journal", environ=environment() | tests["environment"]
            )
            assert "two-way POST /v2/oauthtoken 200 demo-server/svc-demo" in journal.stdout
    assert tests["environment"]["MOCK_SEI_URL"] == tests["environment"]["MOCK_SEI_CONTROL_URL"]


def test_compose_publishes_on_loopback_alone() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    published = services["mock-sei"]["ports"]

    assert published == [f"127.0.0.1:{port}:{port}" for port in (443, 444, 8044)]
    assert services["tests"]["depends_on"] == {"mock-sei": {"condition": "service_healthy"}}
    assert services["mock-sei"]["image"] == services["tests"]["image"]
    assert services["mock-sei"]["volumes"] == ["certs:/certs"]
    assert services["mock-sei"]["environment"] == {"MOCK_SEI_PORTAL_CONTROLS": "true"}


@pytest.mark.parametrize(
    "file", ["Dockerfile", "compose.yaml", "docs/container.md", "docs/ci.md", "docs/testing.md"]
)
def test_every_variable_that_is_named_is_one(file: str) -> None:
    named = set(re.findall(r"\bMOCK_SEI_([A-Z_]+[A-Z])", read(file)))

    assert named
    assert {
        each
        for each in named - OF_CLIENTS - OF_THE_IMAGE
        if each.lower() not in Settings.model_fields
    } == set()
