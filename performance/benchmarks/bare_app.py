"""The baseline: a bare FastAPI application that only creates the same token.

It takes a plain ``Request`` and returns a ready response. uvicorn with httptools serves it, with
its own TLS settings, a required client certificate and no access log. It checks and stores nothing.
The token has the same claims, key and algorithm as ours. python-jose signs it with a prepared key.

Run as ``python -m performance.benchmarks.bare_app LOOP CERTS CLIENT_CA [PAGE]``; it prints its port
when it answers. LOOP is ``asyncio`` or ``uvloop``. With PAGE, it is only uvicorn without a
framework, and sends this file each time.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
import uuid
from pathlib import Path
from typing import Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from jose import jwk, jws
from starlette.types import ASGIApp, Receive, Scope, Send

ALGORITHM = "ES256"
LIFETIME = 3600


def bare_app(signing_key_pem: str) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    key = jwk.construct(signing_key_pem, ALGORITHM)

    @app.post("/v2/oauthtoken")
    async def token(_: Request) -> Response:
        now, identifier = int(time.time()), str(uuid.uuid4())
        claims = {
            "iss": "https://localhost:8443",
            "sub": "svc-demo",
            "client_id": "demo-server-key",
            "scope": "ilservices",
            "iat": now,
            "exp": now + LIFETIME,
            "jti": identifier,
            "fam": identifier,
            "svc": "svc-demo",
        }
        body = {
            "access_token": jws.sign(claims, key, {"kid": "0123456789abcdef"}, ALGORITHM),
            "token_type": "BearerToken",
            "expires_in": LIFETIME,
            "scope": "ilservices",
        }
        return Response(json.dumps(body).encode(), media_type="application/json")

    return app


def bare_page(body: bytes) -> ASGIApp:
    head = {
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }

    async def application(_: Scope, __: Receive, send: Send) -> None:
        await send(head)
        await send({"type": "http.response.body", "body": body})

    return application


class _Server(uvicorn.Server):
    """A uvicorn server that prints its port when it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for each in sockets or ():
            print(each.getsockname()[1], flush=True)


def main(
    loop: Literal["asyncio", "uvloop"], certs: Path, client_ca: Path, page: Path | None = None
) -> None:
    key = (certs / "signing.key").read_text(encoding="ascii")
    config = uvicorn.Config(
        bare_app(key) if page is None else bare_page(page.read_bytes()),
        lifespan="off",
        loop=loop,
        http="httptools",
        access_log=False,
        log_level="warning",
        ssl_certfile=certs / "server.pem",
        ssl_keyfile=certs / "server.key",
        ssl_ca_certs=str(client_ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )
    # With an explicit protocol, asyncio sets TCP_NODELAY (Kludex/uvicorn issue 3149).
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    _Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main("uvloop" if sys.argv[1] == "uvloop" else "asyncio", *map(Path, sys.argv[2:]))
