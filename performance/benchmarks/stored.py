"""A state in SQLite with many records: authorizations, applications, and entries of the journal."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.platform import Platform
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Actor, ApplicationType
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from performance.benchmarks.requests import CODE_REQUEST, CODE_TAKEN, LOGIN_REQUEST, TOKEN_REQUEST
from performance.benchmarks.worlds import World, make_world

APPLICATIONS_SHARE = 20
"""A state has so many authorizations for each application."""
JOURNAL = 1000
"""Entries of a full journal."""
TOGETHER = 1000
"""So many records are committed together."""


def stored_world(folder: Path, authorizations: int) -> World:
    """A platform on a new state in SQLite with so many authorizations, with a twentieth as many
    applications, and as many entries in the journal, 1000 at most."""
    path = Path(tempfile.mkdtemp(dir=folder)) / "state.db"
    store = SqliteStore(path, journal_size=JOURNAL)
    world = make_world(folder, units=SharedUnits(store))
    fill(world.platform, authorizations, authorizations // APPLICATIONS_SHARE)
    world.get("/v1/order/tradetickets?limit=1")
    ((_, entry),) = store.entries_after(0, 1)
    store.add_entries([(store.begin().epoch, entry)] * min(authorizations, JOURNAL))
    return world


def fill(platform: Platform, authorizations: int, applications: int) -> None:
    """Adds authorizations and applications to the state of a platform."""

    def grant(first: int) -> None:
        for number in range(first, min(first + TOGETHER, authorizations)):
            platform.state.oauth.authorizations.grant(
                family=f"family-{number}",
                app_key="demo-native-key",
                user="alice@example.com",
                scope="ilservices",
                redirect_address="com.example.demo:/callback",
                session=f"session-{number}",
                refreshable=True,
            )

    def register(first: int) -> None:
        for number in range(first, min(first + TOGETHER, applications)):
            page = Application(
                name=f"page-{number}",
                type=ApplicationType.SINGLE_PAGE,
                actor=Actor.END_USER,
                app_key=f"page-key-{number}",
                redirect_addresses=(f"https://page-{number}.example/callback",),
            )
            platform.registry.register(page, None)

    for first in range(0, authorizations, TOGETHER):
        platform.units.run(lambda first=first: grant(first), changes=True)  # type: ignore[misc]
    for first in range(0, applications, TOGETHER):
        platform.units.run(lambda first=first: register(first), changes=True)  # type: ignore[misc]


FORM = "application/x-www-form-urlencoded"


def new_token(world: World) -> str:
    """The access token of a new token request."""
    head, _, form = TOKEN_REQUEST.partition("\r\n\r\n")
    credentials = re.findall("Authorization: (.*?)\r", head)[0]
    headers = {"content-type": FORM, "authorization": credentials}
    _, body = world.two_way.answer("POST", TOKEN_PATH, headers, form.encode())
    return str(json.loads(body)["access_token"])


def authorization_round(world: World) -> None:
    """A log-in, and its code for tokens."""
    first, _, form = LOGIN_REQUEST.partition("\r\n\r\n")
    headers, _ = world.one_way.answer(
        "POST", first.split()[1], {"content-type": FORM}, form.encode()
    )
    address = headers[b"location"].decode()
    (code,) = re.findall(CODE_TAKEN, address)
    path = CODE_REQUEST.split()[1].replace("{taken}", code)
    world.one_way.answer("POST", path, {"content-type": FORM}, b"")
