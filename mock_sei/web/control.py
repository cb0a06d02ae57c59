"""The control API: what a test bench does to the platform, over plain HTTP on its own listener.

Each call is one method of the sandbox. It hands out private keys of a test CA, so
:class:`ControlListener` keeps web pages out: a foreign ``Origin`` is refused, and on loopback a
``Host`` that is not this machine (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Body, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mock_sei import __version__
from mock_sei.addresses import host_name
from mock_sei.certificates.bundles import (
    DEFAULT_PASSPHRASE,
    FORMATS,
    BundleOptions,
    truststore,
)
from mock_sei.certificates.profiles import Variant
from mock_sei.errors import ConfigurationError, MockSeiError, UnknownAccount, UnknownCertificate
from mock_sei.sandbox import Sandbox
from mock_sei.web.exchange import BODY_LIMIT, find_header
from mock_sei.web.reference_page import reference_page

MEDIA_TYPES = {
    ".pem": "application/x-pem-file",
    ".crt": "application/x-pem-file",
    ".key": "application/x-pem-file",
    ".pfx": "application/x-pkcs12",
    ".p12": "application/x-pkcs12",
    ".p7s": "application/pkcs7-mime",
}

FILES = {name: writer for files in FORMATS.values() for name, writer in files.items()} | {
    "certificate.pem": lambda identity, _: identity.certificate_pem + identity.chain_pem
}
"""Every file of an account that can be fetched, and how it is written."""

_STATUS = {UnknownAccount: 404, UnknownCertificate: 404, ConfigurationError: 400}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCertificate(_Model):
    variant: Variant = Field(Variant.VALID, description="valid, or wrong in one way")


class IssuedCertificate(_Model):
    certificate: str = Field(description="the leaf, PEM")
    chain: str = Field(description="the CAs above it, nearest first, PEM")
    private_key: str = Field(description="PKCS#8, PEM, not encrypted")
    serial_number: str = Field(description="hexadecimal")


class ClockState(_Model):
    now: AwareDatetime
    frozen: bool


class ClockChange(_Model):
    now: AwareDatetime | None = Field(None, description="moves the clock there")
    frozen: bool | None = Field(None, description="stops the clock or lets it run on")


class ClockAdvance(_Model):
    seconds: float = Field(ge=0, le=timedelta(days=365_000).total_seconds())


class ResetChanges(BaseModel):
    """Behaviour until the next reset; the keywords of the pytest marker."""

    model_config = ConfigDict(extra="allow")


Username = str
Passphrase = Annotated[str, Query(min_length=1, description="of an encrypted file")]


def control_app(sandbox: Sandbox) -> FastAPI:
    """All calls, with their own reference at ``/docs``."""
    app = FastAPI(
        title="mock-sei control API",
        version=__version__,
        docs_url=None,  # the framework's page loads its script from outside
        redoc_url=None,
    )
    _add_platform_calls(app, sandbox)
    _add_certificate_calls(app, sandbox)
    _add_bench_calls(app, sandbox)
    _add_signing_key_calls(app, sandbox)

    @app.exception_handler(MockSeiError)
    async def explain(_: Request, error: Exception) -> Response:
        return JSONResponse({"detail": str(error)}, _STATUS.get(type(error), 400))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(reference_page(app.openapi()))

    return app


def _add_platform_calls(app: FastAPI, sandbox: Sandbox) -> None:
    @app.get("/health", summary="Healthy or not")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get("/", summary="Connection details: addresses, applications, service accounts")
    async def connection_details() -> dict[str, Any]:
        return sandbox.connection_details()

    @app.get("/ca.pem", summary="The root CA a client must trust")
    async def ca() -> Response:
        return _file("ca.pem", sandbox.authority.pem.root)

    @app.get("/crl.pem", summary="The certificates revoked so far")
    async def crl() -> Response:
        return _file("crl.pem", sandbox.authority.crl_pem())

    @app.get("/truststore.p12", summary="The same CA for Java")
    async def java_truststore(passphrase: Passphrase = DEFAULT_PASSPHRASE) -> Response:
        chain = sandbox.authority.chain[::-1]
        return _file("truststore.p12", truststore(chain, passphrase))


def _add_certificate_calls(app: FastAPI, sandbox: Sandbox) -> None:
    @app.get(
        "/service-accounts/{username}/{file}",
        summary=f"The account's current certificate or key: {', '.join(sorted(FILES))}",
    )
    def certificate_file(
        username: Username,
        file: str,
        passphrase: Passphrase = DEFAULT_PASSPHRASE,
        legacy: Annotated[bool, Query(description="encryption of old importers")] = False,
    ) -> Response:
        if file not in FILES:
            raise HTTPException(404, f"no such file: {file}; there are {', '.join(sorted(FILES))}")
        options = BundleOptions(passphrase=passphrase, legacy=legacy)
        return _file(file, FILES[file](sandbox.identity(username), options))

    @app.post("/service-accounts/{username}/certificates", status_code=201)
    def issue_certificate(
        username: Username, body: Annotated[NewCertificate | None, Body()] = None
    ) -> IssuedCertificate:
        """Issues a further certificate; a valid one becomes the account's current one."""
        variant = body.variant if body else Variant.VALID
        identity = sandbox.issue_certificate(username, variant)
        return IssuedCertificate(
            certificate=identity.certificate_pem.decode(),
            chain=identity.chain_pem.decode(),
            private_key=identity.key_pem.decode(),
            serial_number=f"{identity.serial_number:x}",
        )

    @app.post(
        "/service-accounts/{username}/certificates/{serial_number}/revoke",
        status_code=204,
        summary="Revokes a certificate from the next handshake on",
    )
    async def revoke_certificate(username: Username, serial_number: str) -> None:
        try:
            number = int(serial_number, 16)
        except ValueError:
            detail = f"not a hexadecimal serial number: {serial_number[:100]}"
            raise HTTPException(400, detail) from None
        sandbox.certificates.revoke(username, number)


def _add_bench_calls(app: FastAPI, sandbox: Sandbox) -> None:
    @app.post("/reset", status_code=204, summary="Back to the state as seeded")
    async def reset(body: Annotated[ResetChanges | None, Body()] = None) -> None:
        sandbox.reset(body.model_extra if body else None)

    @app.get("/clock", summary="The platform's time")
    async def clock() -> ClockState:
        return _clock_state(sandbox)

    @app.put("/clock", summary="Sets, stops or starts the clock")
    async def set_clock(body: ClockChange) -> ClockState:
        with _explaining_values():
            sandbox.set_clock(now=body.now, frozen=body.frozen)
        return _clock_state(sandbox)

    @app.post("/clock/advance", summary="Moves the clock forward")
    async def advance_clock(body: ClockAdvance) -> ClockState:
        with _explaining_values():
            sandbox.clock.advance(seconds=body.seconds)
        return _clock_state(sandbox)

    @app.get("/journal", summary="Exchanges and failed handshakes, oldest first")
    async def journal() -> Response:
        return JSONResponse(sandbox.journal.to_json())

    @app.delete("/journal", status_code=204, summary="Clears the journal")
    async def clear_journal() -> None:
        sandbox.journal.clear()


def _add_signing_key_calls(app: FastAPI, sandbox: Sandbox) -> None:
    @app.post("/signing-keys/rotate", status_code=201, summary="A new key signs tokens")
    async def rotate_signing_key() -> dict[str, str]:
        return {"kid": sandbox.rotate_signing_key()}

    @app.delete("/signing-keys/{kid}", status_code=204, summary="Retires a key that signs no more")
    async def retire_signing_key(kid: str) -> None:
        with _explaining_values():
            sandbox.retire_signing_key(kid)


class _explaining_values:  # noqa: N801  # reads as a statement where it is used
    """A ``ValueError`` of the domain becomes a 400 with its sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError):
            raise HTTPException(400, str(error)) from None


def _clock_state(sandbox: Sandbox) -> ClockState:
    return ClockState(now=sandbox.clock.now(), frozen=sandbox.clock.frozen)


def _file(name: str, content: bytes) -> Response:
    suffix = name[name.rindex(".") :]
    return Response(
        content,
        media_type=MEDIA_TYPES[suffix],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class ControlListener:
    """The door of the control API: keeps web pages and oversized bodies out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = _refused_caller(scope)
        if refusal is not None:
            await JSONResponse({"detail": refusal}, 403)(scope, receive, send)
            return
        announced = find_header(scope["headers"], b"content-length") or b"0"
        size = 0

        async def receiving() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_LIMIT:
                raise HTTPException(413, f"the body is larger than {BODY_LIMIT} bytes")
            return message

        if announced.isdigit() and int(announced) > BODY_LIMIT:
            detail = {"detail": f"the body is larger than {BODY_LIMIT} bytes"}
            await JSONResponse(detail, 413, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, receiving, send)


def _refused_caller(scope: Scope) -> str | None:
    """Why a caller is a web page rather than a test, None where it is not."""
    host = (find_header(scope["headers"], b"host") or b"").decode("latin-1")
    origin = (find_header(scope["headers"], b"origin") or b"").decode("latin-1")
    if origin and urlsplit(origin).netloc != host:
        return f"the control API is not for web pages of another origin ({origin[:100]})"
    server = scope.get("server")
    if host and server and _is_loopback(server[0]) and not _is_loopback(host_name(host)):
        return (
            f"Host {host[:100]} is not this machine; call the control API by 127.0.0.1 or localhost"
        )
    return None


def _is_loopback(name: str) -> bool:
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
