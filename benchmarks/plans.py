"""Loads on a server, and single calls that prepare one."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path

from benchmarks.load import Plan
from benchmarks.processes import ClientFiles, Server
from benchmarks.requests import APP_KEY, TOKEN_PATH, token_request

MANY = 1_000_000
"""A bound that the seconds reach first."""


def make_plan(
    server: Server,
    certs: Path,
    *,
    count: int,
    seconds: float,
    request: str | None = None,
    warm_up: int = 100,
    new_connections: bool = False,
) -> Plan:
    """A load on a server, of token requests unless told otherwise."""
    files = ClientFiles.of(certs)
    return Plan(
        port=server.port,
        ca_file=files.ca,
        cert_file=files.certificate,
        key_file=files.key,
        request=request or token_request(),
        new_connections=new_connections,
        warm_up=warm_up,
        count=count,
        seconds=seconds,
    )


def fetch_token(server: Server, certs: Path) -> str:
    head, _, body = token_request().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return str(json.loads(fetch(server, certs, "POST", TOKEN_PATH, body, headers))["access_token"])


def fetch(
    server: Server,
    certs: Path,
    method: str,
    path: str,
    body: str | None = None,
    headers: dict[str, str] | None = None,
    token: str = "",
) -> bytes:
    files = ClientFiles.of(certs)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=files.ca)
    context.load_cert_chain(files.certificate, files.key)
    if token:
        headers = {"AppKey": APP_KEY, "Authorization": f"Bearer {token}"}
    connection = http.client.HTTPSConnection("localhost", server.port, context=context)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().read()
    finally:
        connection.close()
