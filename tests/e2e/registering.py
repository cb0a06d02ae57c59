"""A team that registers an application, reads its mails and downloads its certificate.

Everything a team learns comes from an answer of the control listener or from the text of a mail.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from mock_sei import MockSei
from tests.e2e.serving import run

TEAM = "orders-team@example.com"
LET_IN = "200"

_ADDRESS = re.compile(r"https://\S+")
_INDENTED = re.compile(r"^    (\S+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Team:
    """The credentials of a team after its application was approved."""

    name: str
    app_key: str
    app_secret: str
    username: str
    password: str


@contextmanager
def control_of(url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=url, trust_env=False) as control:
        yield control


def register(control: httpx2.Client, name: str = "orders", **fields: Any) -> Team:
    """By the control API; approved at once. Account and password are those of the mails."""
    body = {
        "name": name,
        "type": "server-server",
        "actor": "server",
        "distribution_list": TEAM,
        **fields,
    }
    answer = control.post("/applications", json=body)
    assert answer.status_code == 201, answer.text
    registered = answer.json()
    return Team(
        name=name,
        app_key=registered["app_key"],
        app_secret=registered["app_secret"],
        username=_indented(mail(control, f"user name for {name}")),
        password=_indented(mail(control, f"password for {name}")),
    )


def mail(control: httpx2.Client, about: str) -> str:
    """The text of the newest mail with these words in its subject."""
    found = [
        each for each in control.get("/mailbox").json()["messages"] if about in each["subject"]
    ]
    assert found, f"no mail about {about}"
    assert found[-1]["recipient"] == TEAM
    return str(found[-1]["text"])


def mailed_link(control: httpx2.Client, team: Team) -> str:
    """The address in the newest mail that has one, as a reader copies it."""
    (address,) = _ADDRESS.findall(mail(control, f"Certificate for {team.username}"))
    return str(address)


def new_link(control: httpx2.Client, team: Team, **options: Any) -> str:
    """Requests a link, and reads it from the mail."""
    path = f"/service-accounts/{team.username}/certificate-links"
    answer = control.post(path, json=options)
    assert answer.status_code == 201, answer.text
    assert answer.json()["url"] == mailed_link(control, team)
    return mailed_link(control, team)


def _indented(text: str) -> str:
    (word,) = _INDENTED.findall(text)
    return str(word)


def download(server: MockSei, link: str, folder: Path) -> Path:
    """The file that ``curl -OJ`` saves from a link, with the name that the server gives."""
    before = set(folder.iterdir())
    finished = run("curl", "-sS", "--fail", "-OJ", "--cacert", server.ca_file, link, cwd=folder)
    assert finished.returncode == 0, finished.stderr
    (saved,) = set(folder.iterdir()) - before
    return saved


def printed(command: str, folder: Path, *typed: str) -> str:
    """Runs a command as it is printed, and types the answers to its prompts."""
    finished = run(*shlex.split(command), cwd=folder, typed="".join(f"{line}\n" for line in typed))
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def walk_in(server: MockSei, team: Team, *tls: object, cwd: Path) -> str:
    """A token and a functional call by curl with these options.

    Returns :data:`LET_IN`, or what curl says of the connection it could not make, or the answer
    that refused it.
    """
    curl = ("curl", "-sS", "--cacert", server.ca_file, *tls)
    asked = run(
        *curl,
        *("-u", f"{team.app_key}:{team.app_secret}", "-d", "grant_type=client_credentials"),
        *("-d", f"username={team.username}", "-d", f"password={team.password}"),
        f"{server.two_way_url}/v2/oauthtoken",
        cwd=cwd,
    )
    if asked.returncode:
        return asked.stderr
    if "access_token" not in asked.stdout:
        return asked.stdout
    bearer = f"Authorization: Bearer {json.loads(asked.stdout)['access_token']}"
    called = run(
        *(*curl, "-o", "answer.json", "-w", "%{http_code}", "-H", f"AppKey: {team.app_key}"),
        *("-H", bearer, f"{server.two_way_url}/v1/order/tradetickets"),
        cwd=cwd,
    )
    return called.stdout or called.stderr
