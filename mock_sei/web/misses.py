"""Explains a path that a listener does not serve: which listener serves it, and at which URL."""

from __future__ import annotations

from dataclasses import replace

from mock_sei.errors import NOT_FOUND, Refusal
from mock_sei.oauth.metadata import AUTHORIZE_PATH, LOGIN_PATH, OAUTH_OPERATIONS
from mock_sei.platform import Platform
from mock_sei.rules.addresses import CONTROL_WORDS, HOME, Addresses
from mock_sei.rules.standards import Listener
from mock_sei.values.texts import beginning
from mock_sei.web.exchange import Exchange, find_header

CHECK = "path"

_PLATFORM = "this is the control listener; the platform serves this path:"
_ONE_WAY_ONLY = (AUTHORIZE_PATH, LOGIN_PATH, HOME)


def refuse_on_two_way(exchange: Exchange, what: str, path: str) -> None:
    """Raises :class:`Refusal` if a page for browsers is requested on the two-way listener."""
    if exchange.listener is Listener.ONE_WAY:
        return
    raise Refusal(
        NOT_FOUND,
        check=CHECK,
        because=f"{what} is on the one-way listener, because a browser has no client certificate: "
        f"open {addresses_of(exchange).one_way}{beginning(path)}.",
        expected=str(Listener.ONE_WAY),
        actual=str(exchange.listener),
    )


def with_other_listener(refusal: Refusal, exchange: Exchange, path: str) -> Refusal:
    """The refusal of an unknown path; its reason now also names the listener that serves it."""
    place = _other_listener(refusal.why.because, exchange, path)
    if refusal.kind is NOT_FOUND and place is not None:
        refusal.why = replace(refusal.why, because=f"{place} {refusal.why.because}")
    return refusal


def _other_listener(because: str, exchange: Exchange, path: str) -> str | None:
    addresses = addresses_of(exchange)
    if path.lstrip("/").partition("/")[0] in CONTROL_WORDS:
        called = f"{addresses.control}{beginning(path)}"
        return f"This path is served on the control listener: {called} (without TLS)."
    nearest = because.partition("The nearest are: ")[2].partition(" ")[2]
    if exchange.listener is Listener.TWO_WAY and nearest.startswith(_ONE_WAY_ONLY):
        return f"The log-in page and the portal are on the one-way listener: {addresses.one_way}."
    return None


def explain_control_miss(platform: Platform, path: str, host: str | None) -> str | None:
    """What the control API says about a path of the platform; None for any other path.

    ``host`` is the Host header of the request.
    """
    addresses = platform.addresses.seen_by(host)
    if not is_of_platform(platform, path):
        return None
    tail = beginning(path)
    if path.startswith(_ONE_WAY_ONLY):
        return f"{_PLATFORM} {addresses.one_way}{tail}"
    return (
        f"{_PLATFORM} {addresses.two_way}{tail} with a client certificate, "
        f"{addresses.one_way}{tail} without"
    )


def is_of_platform(platform: Platform, path: str) -> bool:
    """Whether a platform listener serves a path, or a path that is misspelt looks like one."""
    known = {each.partition(" ")[2] for each in OAUTH_OPERATIONS}
    first = path.lstrip("/").partition("/")[0].lower()
    moved = platform.state.moved_paths
    if moved is not None and moved.name_of(path) is not None:
        return True
    if path in known or first in ("portal", "openapi", ".well-known"):
        return True
    if first[:1] == "v" and first[1:2].isdigit():
        return True
    recordings = platform.recordings
    if recordings is not None and recordings.calls.methods_of(path):
        return True
    return platform.catalogue.has_path(path)


def addresses_of(exchange: Exchange) -> Addresses:
    """The addresses at which the client of an exchange reaches the listeners."""
    request = exchange.entry.request
    host = find_header(request.raw_headers, b"host") if request else None
    return exchange.platform.addresses.seen_by(host.decode("latin-1") if host else None)
