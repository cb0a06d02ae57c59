"""Creates plans for the load generator, and makes single calls to prepare them."""

from __future__ import annotations

import json
from dataclasses import replace

from performance.benchmarks.load import Connection, Plan, client_context
from performance.benchmarks.processes import Server
from performance.benchmarks.requests import CODE_REQUEST, CODE_TAKEN, LOGIN_REQUEST

MANY = 1_000_000
"""A number of requests that is never reached before the time is over."""


def make_plan(
    server: Server,
    *,
    count: int,
    seconds: float,
    request: str = "",
    then: str = "",
    warm_up: int = 100,
    new_connections: bool = False,
) -> Plan:
    """A plan for a load on a server, by default of token requests."""
    return Plan(
        port=server.port,
        **(server.files._asdict() if server.files else {}),
        request=request or server.token_request,
        wanted="" if request else '"access_token"',
        then=then,
        new_connections=new_connections,
        warm_up=warm_up,
        count=count,
        seconds=seconds,
    )


def round_plan(server: Server, *, count: int, seconds: float) -> Plan:
    """A plan for the authorization-code round: a log-in, and its code for tokens."""
    plan = make_plan(server, request=LOGIN_REQUEST, then=CODE_REQUEST, count=count, seconds=seconds)
    return replace(
        plan,
        port=server.one_way_port,
        cert_file="",
        key_file="",
        status=303,
        taken=CODE_TAKEN,
        warm_up=20,
    )


def fetch_token(server: Server) -> str:
    return str(json.loads(fetch(server))["access_token"])


def fetch(server: Server, request: str = "") -> bytes:
    """The body of the answer to one request, by default a token request."""
    plan = make_plan(server, count=1, seconds=0, request=request)
    context = client_context(*server.files) if server.files else None
    with Connection(plan, context) as connection:
        connection.send(plan.request.encode())
        return connection.read_answer()
