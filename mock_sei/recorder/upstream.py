"""Connections to the real platform, directly or through the proxy of the environment."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import h11

from mock_sei.errors import ConfigurationError
from mock_sei.recorder.rewriting import origin_of
from mock_sei.recorder.streams import PIECE, HttpStream
from mock_sei.recordings.proxies import (
    NO_HTTP,
    EnvironmentProxy,
    connect_request,
    find_connect_problem,
)
from mock_sei.runtime.contexts import PlainContext
from mock_sei.runtime.limits import HANDSHAKE_TIMEOUT
from mock_sei.values.alerts import find_alert

CONNECT_PATIENCE = 20.0
"""Most seconds for a connection to the real platform, or to the proxy."""
VERDICT_PATIENCE = 0.02
"""Seconds before the first request of a connection with a client certificate."""
_PORT = 443


class UpstreamAway(Exception):
    """The real platform cannot be called, or ends the connection; the text says why.

    ``alert`` is the TLS alert with which it refused, if it did.
    """

    def __init__(self, problem: str, *, alert: str | None = None) -> None:
        super().__init__(problem)
        self.alert = alert


@dataclass(frozen=True, kw_only=True)
class UpstreamAddress:
    """The address of one listener of the real platform."""

    host: str
    port: int

    @property
    def origin(self) -> str:
        """As in ``https://test.example.com:444``, without the default port."""
        return origin_of(self.host, self.port)

    @property
    def authority(self) -> str:
        """What ``Host`` says."""
        return self.origin.removeprefix("https://")


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """One listener of the real platform, and how it is reached."""

    target: UpstreamAddress
    contexts: Mapping[str | None, ssl.SSLContext]
    """By service account, None without a client certificate."""
    proxy: EnvironmentProxy | None = None

    async def connect(self, account: str | None) -> HttpStream:
        """A new connection with the identity of an account. Raises :class:`UpstreamAway`."""
        context = self.contexts[account]
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                if self.proxy is None:
                    made = await self._connect_directly(context)
                else:
                    made = await self._connect_through(self.proxy, context)
            if account is not None:
                await _await_verdict(made)
            return made
        except TimeoutError:
            raise UpstreamAway(f"{self.target.origin} does not answer in time") from None
        except ssl.SSLError as error:
            raise away(error, self.target.origin) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UpstreamAway(f"{self.target.origin} cannot be reached: {reason}") from None

    async def _connect_directly(self, context: ssl.SSLContext) -> HttpStream:
        reader, writer = await asyncio.open_connection(
            self.target.host,
            self.target.port,
            ssl=context,
            server_hostname=self.target.host,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
            ssl_shutdown_timeout=1,
        )
        return HttpStream(reader, writer, h11.CLIENT)

    async def _connect_through(
        self, proxy: EnvironmentProxy, context: ssl.SSLContext
    ) -> HttpStream:
        plain, tunnel = await asyncio.open_connection(proxy.host, proxy.port)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=PIECE, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            await _open_tunnel(plain, tunnel, self.target, proxy)
            transport = await loop.start_tls(
                tunnel.transport,
                protocol,
                context,
                server_hostname=self.target.host,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
                ssl_shutdown_timeout=1,
            )
        except BaseException:
            tunnel.transport.abort()
            raise
        if transport is None:  # the proxy ended the connection meanwhile
            raise UpstreamAway("the proxy ended the connection")
        protocol.connection_made(transport)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return HttpStream(reader, writer, h11.CLIENT, inside=tunnel)


async def _await_verdict(made: HttpStream) -> None:
    """Waits a moment for the alert of a server that does not accept the certificate.

    With TLS 1.3 it comes after the handshake. Some servers end the connection at once, and then a
    request that is sent meanwhile would hide the alert. Raises ``OSError`` with the alert.
    """
    try:
        async with asyncio.timeout(VERDICT_PATIENCE):
            received = await made.reader.read(1)
    except TimeoutError:
        return
    made.http.receive_data(received)


async def _open_tunnel(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: UpstreamAddress,
    proxy: EnvironmentProxy,
) -> None:
    """Asks a proxy for a connection. Raises :class:`UpstreamAway`."""
    writer.write(connect_request(target.host, target.port, proxy))
    await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise UpstreamAway(NO_HTTP) from None
    problem = find_connect_problem(head)
    if problem is not None:
        raise UpstreamAway(problem)


def away(error: OSError, origin: str) -> UpstreamAway:
    """Why a connection failed, without what OpenSSL or a peer says in their own words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return UpstreamAway(
            f"the certificate of {origin} is not accepted: {error.verify_message} (--cacert names "
            "the CA to trust)"
        )
    reason = getattr(error, "reason", None) or ""
    alert = find_alert(reason)
    if alert:
        return UpstreamAway(f"{origin} refused the connection with the alert {alert}", alert=alert)
    if isinstance(error, ssl.SSLError):
        return UpstreamAway(f"TLS with {origin} failed: {reason or type(error).__name__}")
    return UpstreamAway(f"{origin} ended the connection ({error.strerror or type(error).__name__})")


def read_target(url: str, option: str) -> UpstreamAddress:
    """The address that an option names. Raises :class:`ConfigurationError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("no address", source=option, value=url) from None
    if parts.scheme != "https" or not host:
        raise ConfigurationError("an address that begins with https://", source=option, value=url)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        problem = "only scheme, host and port, such as https://test.example.com:444"
        raise ConfigurationError(problem, source=option, key=host)
    return UpstreamAddress(host=host, port=_PORT if port is None else port)


def client_context(
    cacert: Path | None, files: tuple[Path, Path] | None = None, passphrase: str | None = None
) -> ssl.SSLContext:
    """How the real platform is called: whom to trust, and with which certificate and key.

    Raises :class:`ConfigurationError`, which names the file.
    """
    context = PlainContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    if cacert is None:
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(cafile=cacert)
        except (OSError, ValueError) as error:
            raise _unusable(error, cacert, "CA certificates in PEM") from None
    if files is not None:
        certificate, key = files
        for each in files:
            try:
                each.open("rb").close()
            except OSError as error:
                raise _unusable(error, each, "PEM") from None
        try:
            context.load_cert_chain(certificate, key, password=lambda: passphrase or "")
        except (OSError, ValueError) as error:
            raise _unusable(error, key, f"the key, in PEM, of {certificate}") from None
    return context


def _unusable(error: Exception, file: Path, wanted: str) -> ConfigurationError:
    if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
        return ConfigurationError(f"OpenSSL cannot read it as {wanted}", source=file)
    return ConfigurationError(error.strerror or str(error), source=file)
