"""Explains how a redirect address differs from a registered one.

Parts of the sent address are shown only if they are a port or a name of this machine, because a
client may have put a secret in their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult, urlsplit

from mock_sei.reasons.values import find_difference

LONGEST = 2048
_LOOKED_AT = 100
"""How many registered addresses are compared."""
_MOST_PARTS = 2
"""In how many parts two addresses may differ and still count as nearly equal."""
_OTHER_HOST = "its host"
_OTHER_PATH = "its path"
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS = {"https": 443, "http": 80}


def find_address_difference(sent: str, registered: Sequence[str]) -> str | None:
    """How an address differs from the most similar registered one; None if none is similar."""
    if len(sent) > LONGEST:
        return None
    known = registered[:_LOOKED_AT]
    folded = {each.casefold() for each in known}
    difference = find_difference(
        sent, known.__contains__, fits_in_other_case=lambda text: text.casefold() in folded
    )
    if difference is not None or not sent.isascii():  # urlsplit is slow for others
        return difference
    if sent.rstrip("?#") in known:
        return "an empty query or fragment at its end"
    found = [parts for each in known if (parts := _differing_parts(sent, each))]
    nearest = min(found, key=len, default=[])
    most = 1 if {_OTHER_HOST, _OTHER_PATH}.intersection(nearest) else _MOST_PARTS
    return " and ".join(nearest) if len(nearest) <= most and nearest else None


def _differing_parts(sent: str, known: str) -> list[str]:
    try:
        one, other = urlsplit(sent), urlsplit(known)
        return [*_differing_places(one, other), *_differing_rest(one, other)]
    except ValueError:  # the port is not a number, or the host is not valid
        return []


def _differing_places(sent: SplitResult, known: SplitResult) -> Iterator[str]:
    if sent.scheme != known.scheme:
        yield f"its scheme, which is not {known.scheme}"
    if sent.hostname != known.hostname:
        if {sent.hostname, known.hostname} <= _THIS_MACHINE:
            yield f"its host ({sent.hostname}, not {known.hostname}: clients compare the names)"
        else:
            yield _OTHER_HOST
    elif sent.port != known.port:
        default = _DEFAULT_PORTS.get(known.scheme)
        ports = (sent.port, known.port)
        if {*ports} == {None, default}:
            yield f"the port {default}, which only one of them spells out"
        else:
            yield f"its port ({sent.port or 'none'}, not {known.port or 'none'})"
    if (sent.username, sent.password) != (known.username, known.password):
        yield "a user name before its host"


def _differing_rest(sent: SplitResult, known: SplitResult) -> Iterator[str]:
    if sent.path != known.path:
        if sent.path.rstrip("/") == known.path.rstrip("/"):
            yield "a slash at its end"
        elif sent.path.casefold() == known.path.casefold():
            yield "upper and lower case of its path"
        else:
            yield _OTHER_PATH
    if sent.query != known.query:
        yield "its query"
    if sent.fragment != known.fragment:
        yield "its fragment"
