"""Calls that a server makes to its own listeners, as a client would.

The target is always the listener's own address, as it is bound; nothing that somebody sends decides
where a call goes. The ``Host`` of each request is the name by which a client on this machine calls.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from mock_sei.certificates.bundles import Identity
from mock_sei.errors import MockSeiError
from mock_sei.operations.flows import Flows
from mock_sei.platform import Platform
from mock_sei.portal.tries import LONGEST
from mock_sei.rules.addresses import url
from mock_sei.rules.proxies import PLAIN_HEADER, TrustedProxies
from mock_sei.rules.records import Application

TIMEOUT = 20.0
"""Seconds for each request of a token's flow."""
BODY_KEPT = 64 * 1024
"""Bytes that are kept of the answer's body. The rest is read and counted."""


_USUAL_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "mock-sei-portal",
}
"""Headers that a request may have with other values."""


@dataclass(frozen=True, kw_only=True)
class OwnListener:
    """How this process reaches one of its own listeners."""

    url: str
    """With the address that is bound; the loopback address if all are."""
    host: str
    """The ``Host`` of a request: what a client on this machine would send."""
    is_trusted: bool
    """Whether the listener takes this process for a trusted proxy, so that it expects a header."""


def own_listener(platform: Platform, *, two_way: bool) -> OwnListener:
    """The one-way or the two-way listener of this server."""
    addresses = platform.addresses
    host, port = addresses.one_way_host, addresses.one_way_port
    if two_way:
        host, port = addresses.two_way_host, addresses.two_way_port
    # A name would be looked up, and could lead to another server on another loopback address.
    bound = "127.0.0.1" if host == "localhost" else host
    return OwnListener(
        url=url("https", bound, port),
        host=url("https", host, port).removeprefix("https://"),
        # The system connects to an address of its own from that address.
        is_trusted=TrustedProxies(platform.settings.trusted_proxy).trusts(bound),
    )


_CONNECTED = "connection.connect_tcp.complete"
"""What httpcore traces when it is connected, before TLS."""


def _announce(event: str, details: Mapping[str, Any]) -> None:
    if event == _CONNECTED:
        details["return_value"].write(PLAIN_HEADER)


async def _announce_later(event: str, details: Mapping[str, Any]) -> None:
    if event == _CONNECTED:
        await details["return_value"].write(PLAIN_HEADER)


def _announced(request: httpx2.Request) -> None:
    request.extensions["trace"] = _announce


def client_context(identity: Identity | None, *, trusted: str | None) -> ssl.SSLContext:
    """TLS of a client with a certificate, or without one.

    ``trusted`` is the CA that must have issued the server's certificate, PEM. None accepts every
    certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if trusted is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(cadata=trusted)
    if identity is not None:
        with tempfile.TemporaryDirectory(prefix="mock-sei-") as name:
            file = Path(name) / "identity.pem"
            file.touch(mode=0o600)
            file.write_bytes(identity.key_pem + identity.certificate_pem)
            context.load_cert_chain(file)
    return context


def own_client(
    platform: Platform,
    context: ssl.SSLContext,
    *,
    two_way: bool,
    timeout: float = TIMEOUT,
    hooks: Sequence[Callable[[httpx2.Request], None]] = (),
) -> httpx2.Client:
    """A client of one of this server's own listeners. ``hooks`` are called before each request."""
    listener = own_listener(platform, two_way=two_way)
    announcing = (_announced,) if listener.is_trusted else ()
    return httpx2.Client(
        base_url=listener.url,
        verify=context,
        trust_env=False,
        timeout=timeout,
        headers={"Host": listener.host},
        event_hooks={"request": [*hooks, *announcing]},
    )


@dataclass(frozen=True, kw_only=True)
class OwnRequest:
    """A functional call, without the headers of its caller."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, kw_only=True)
class SentStep:
    """One request that was sent."""

    method: str
    path: str
    tracking_id: str
    """By which the journal has it."""


@dataclass(frozen=True, kw_only=True)
class OwnAnswer:
    """The answer of a functional call."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = field(repr=False)
    """Its first :data:`BODY_KEPT` bytes."""
    size: int
    """Bytes of the whole body."""
    is_whole: bool
    """False if the connection ended before the body did."""


@dataclass(kw_only=True)
class Attempt:
    """A call with everything that was sent for it."""

    token_steps: list[SentStep] = field(default_factory=list)
    """The requests for the token."""
    call: SentStep | None = None
    """The functional call; None if there was no token for it."""
    answer: OwnAnswer | None = None
    problem: str | None = None
    """Why there is no answer, or no whole one, in a sentence."""


async def make_call(
    platform: Platform, application: Application, user: str, request: OwnRequest
) -> Attempt:
    """Gets a token by the application's own grant, and makes a call with it.

    Takes :data:`~mock_sei.portal.tries.LONGEST` seconds at most. It must run in no unit of work:
    the requests are units of their own.
    """
    attempt = Attempt()
    try:
        async with asyncio.timeout(LONGEST):
            await _make_call(platform, application, user, request, attempt)
    except TimeoutError:
        what = "the answer" if attempt.call else "the token"
        attempt.problem = f"After {LONGEST:.0f} seconds {what} had not come, so the portal gave up."
    except MockSeiError as error:
        attempt.problem = f"The portal got no token. {_sentence(error)}"
        if attempt.token_steps:  # the page shows them with what was wrong
            attempt.problem = "The portal got no token: the last request for it did not bring one."
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        attempt.problem = _broken(platform, attempt, error)
    return attempt


async def _make_call(
    platform: Platform,
    application: Application,
    user: str,
    request: OwnRequest,
    attempt: Attempt,
) -> None:
    two_way = application.service_account is not None
    context = await asyncio.to_thread(_context_of, platform, application)
    token = await asyncio.to_thread(_find_token, platform, application, user, context, attempt)
    listener = own_listener(platform, two_way=two_way)
    step = SentStep(
        method=request.method,
        path=request.target.partition("?")[0],
        tracking_id=platform.new_tracking_id(),
    )
    given = {name.lower() for name in request.headers}
    headers = {
        "Host": listener.host,
        **{name: value for name, value in _USUAL_HEADERS.items() if name.lower() not in given},
        **request.headers,
        "AppKey": application.app_key,
        "Authorization": f"Bearer {token}",
        platform.state.tracking.text: step.tracking_id,
    }
    async with httpx2.AsyncClient(verify=context, trust_env=False, timeout=LONGEST) as client:
        attempt.call = step
        client.headers.clear()
        async with client.stream(
            request.method,
            listener.url + request.target,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
            content=request.body,
            follow_redirects=False,
            extensions={"trace": _announce_later} if listener.is_trusted else None,
        ) as response:
            await _read(response, attempt)


async def _read(response: httpx2.Response, attempt: Attempt) -> None:
    kept, size, is_whole = bytearray(), 0, False
    try:
        async for piece in response.aiter_raw():
            kept += piece[: max(0, BODY_KEPT - len(kept))]
            size += len(piece)
        is_whole = True
    finally:
        attempt.answer = OwnAnswer(
            status=response.status_code,
            headers=tuple(response.headers.raw),
            body=bytes(kept),
            size=size,
            is_whole=is_whole,
        )


def _context_of(platform: Platform, application: Application) -> ssl.SSLContext:
    account = application.service_account
    identity = None
    if account is not None:
        identity = platform.units.run(lambda: platform.certificates.identity(account))
    return client_context(identity, trusted=platform.authority.pem.root.decode())


def _find_token(
    platform: Platform,
    application: Application,
    user: str,
    context: ssl.SSLContext,
    attempt: Attempt,
) -> str:
    """The access token, by the application's own grant. Raises :class:`MockSeiError`."""
    one_way = client_context(None, trusted=platform.authority.pem.root.decode())

    def connect(account: str | None) -> httpx2.Client:
        return own_client(
            platform,
            one_way if account is None else context,
            two_way=account is not None,
            timeout=LONGEST,
            hooks=[_tracked(platform, attempt)],
        )

    flows = Flows(
        registry=lambda: platform.registry,
        connect=connect,
        paths=lambda: platform.state.assumptions.path,
    )
    return str(flows.token_response(application.app_key, user)["access_token"])


def _tracked(platform: Platform, attempt: Attempt) -> Callable[[httpx2.Request], None]:
    def note(request: httpx2.Request) -> None:
        if attempt.problem is not None:
            raise MockSeiError("the portal gave up, so this thread sends no further request")
        step = SentStep(
            method=request.method,
            path=request.url.path,
            tracking_id=platform.new_tracking_id(),
        )
        request.headers[platform.state.tracking.text] = step.tracking_id
        attempt.token_steps.append(step)

    return note


def _broken(platform: Platform, attempt: Attempt, error: Exception) -> str:
    what = "the call" if attempt.call else "a request for the token"
    told = _sentence(error) if str(error) else f"The error is {type(error).__name__}."
    if "CERTIFICATE_VERIFY_FAILED" in told and platform.state.server_identity is not None:
        told = (
            "The server shows a wrong certificate, as a test asked it to, and the portal refused "
            f"it, as every client must. {told}"
        )
    return f"The connection of {what} ended without a whole answer. {told}"


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:500]
    return f"{text[:1].upper()}{text[1:]}." if text and text[-1] not in ".?!" else text
