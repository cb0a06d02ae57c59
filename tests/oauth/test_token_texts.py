"""Of an access token only the text that was minted is good, and only what this server writes.

The first half is an attacker's who saw a token, the second one's who holds the key.
"""

from __future__ import annotations

import base64
import json
import string
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import Refusal
from mock_sei.oauth.tokens import MOST_KEYS, KeyRing, SigningKey, Tokens, lifetime_of_request
from mock_sei.platform import Platform
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import make_random
from tests.growth import Action, assert_flat, assert_linear
from tests.oauth.test_tokens import assert_invalid_token, decoded, encoded
from tests.support import Served

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
URL_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def other_texts(token: str) -> Iterator[tuple[str, str]]:
    """Texts that a lenient decoder would read as the same token."""
    head, signature = token.rsplit(".", 1)
    last = URL_ALPHABET.index(token[-1])
    for changed in range(1, 16):
        yield f"bits {changed}", token[:-1] + URL_ALPHABET[last ^ changed]
    for junk in ("!!!!", "==", "=", "====", "%", "\x1f", ".", "....", "A", "AA==", "+", "/"):
        yield f"{junk!r} at the end", f"{token}{junk}"
        yield f"{junk!r} within", f"{token[:-9]}{junk}{token[-9:]}"
        yield f"{junk!r} before the signature", f"{head}.{junk}{signature}"
        yield f"{junk!r} before the content", token.replace(".", f".{junk}", 1)
        yield f"{junk!r} at the beginning", f"{junk}{token}"
    content = raw(signature)
    standard = base64.b64encode(content).decode()
    yield "standard alphabet, padded", f"{head}.{standard}"
    yield "the alphabet for URLs, padded", f"{head}.{base64.urlsafe_b64encode(content).decode()}"
    if any(each in standard for each in "+/"):
        yield "standard alphabet", f"{head}.{standard.rstrip('=')}"
    r, s = content[:32], int.from_bytes(content[32:])
    yield "(r, n - s)", f"{head}.{encoded(r + (ORDER - s).to_bytes(32))}"
    yield "(r, s + n) does not fit in, (r, -s)", f"{head}.{encoded(r + (2**256 - s).to_bytes(32))}"
    yield "65 bytes", f"{head}.{encoded(content + bytes(1))}"
    yield "66 bytes, r with two zeros before it", f"{head}.{encoded(bytes(2) + content)}"
    yield "lower case", token.lower()


@pytest.mark.slow
def test_only_the_text_that_was_minted_is_good(served: Served) -> None:
    for _ in range(5):  # a signature of its own each, with other characters
        good = served.token()
        assert served.get(headers=served.headers(token=good)).status_code == 200
        for what, token in other_texts(good):
            answer = served.get(headers={**served.headers(token="x"), **bearer(token)})
            assert answer.status_code == 401, what
            assert served.platform.journal.last.refused_by == "access token", what


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("around", ["{} ", " {}", "\t{}", "  {}\t "])
def test_white_space_around_a_token_is_the_header_s(served: Served, around: str) -> None:
    headers = served.headers() | {"Authorization": f"Bearer {around.format(served.token())}"}

    assert served.get(headers=headers).status_code == 200


@pytest.mark.parametrize("space", [b"\xa0", b"\x85", b"\x1c", b"\x0b"])
def test_other_white_space_is_no_part_of_a_token(served: Served, space: bytes) -> None:
    """``str.strip`` would take it away."""
    header = b"Bearer " + served.token().encode() + space

    headers = {b"AppKey": b"demo-server-key", b"Authorization": header}

    assert served.client().get("/v1/order/tradetickets", headers=headers).status_code == 401


def test_a_signature_is_made_in_the_form_that_is_accepted(served: Served) -> None:
    for _ in range(20):
        assert 2 * int.from_bytes(raw(served.token().rsplit(".", 1)[1])[32:]) < ORDER


def signed_by_us(platform: Platform, header: bytes, content: bytes) -> str:
    text = f"{encoded(header)}.{encoded(content)}"
    signature = platform.signing_key.private.sign(text.encode())
    return f"{text}.{encoded(signature)}"


def with_claims(served: Served, **claims: Any) -> bytes:
    content = decoded(served.token().split(".")[1]) | claims
    return json.dumps({name: each for name, each in content.items() if each != "gone"}).encode()


ODD_VALUES: tuple[Any, ...] = (
    *("gone", None, True, False, [], ["x"], {}, {"a": 1}, "text", "\ud800", -1, 1.5, 1e308),
    *(float("nan"), float("inf"), 10**30, 2**53, 10**4000, [[[]]]),
)
CLAIMS = {"jti": str, "fam": str, "client_id": str, "scope": str, "iat": int, "exp": int}


def odd_claims(served: Served) -> Iterator[tuple[str, bytes]]:
    for name, kind in (CLAIMS | {"svc": str, "usr": str}).items():
        for value in ODD_VALUES:
            text = isinstance(value, str) and value not in ("gone", "\ud800") and kind is str
            left_out = value == "gone" and name not in CLAIMS
            if not (text or left_out):
                yield f"{name}: {str(value)[:20]!r}", with_claims(served, **{name: value})
    for content in (
        *(b"", b"x", b"null", b"1", b'"text"', b"[]", b"[{}]", b"{}", b"\xff\xfe", b"{", b"NaN"),
        *(b'{"jti": 1e999}', b"[" * 20_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"9" * 9_000),
    ):
        yield repr(content[:20]), content


@pytest.mark.slow
def test_odd_claims_under_our_own_signature_are_refused(served: Served, platform: Platform) -> None:
    header = json.dumps(platform.signing_key.headers["jwt"]).encode()
    for what, content in odd_claims(served):
        assert_invalid_token(served, signed_by_us(platform, header, content), what)
    assert platform.bugs == []


def odd_headers(platform: Platform) -> Iterator[tuple[str, bytes]]:
    good = dict(platform.signing_key.headers["jwt"])
    values: dict[str, tuple[Any, ...]] = {
        "kid": (None, 1, True, 1.5, [], [1], {}, {"a": []}, "", "\ud800"),
        "alg": (None, 1, [], {}, "none", "es256", "ES384", "\ud800" * 9),
        "typ": (None, 1, [], {}, "at+jwt", "jwt"),
        "crit": (["b64"], ["exp"], [], "b64", {}, 1),
        "b64": (False,),
        "zip": ("DEF",),
        "cty": ("JWT",),
        "jku": ("https://evil.example/",),
        "enc": ("A128GCM",),
        "x": (10**4000,),
        "x" * 40_000: (1,),
    }
    changes = [{name: each} for name, several in values.items() for each in several]
    for change in changes:
        yield str(change)[:40], json.dumps(good | change).encode()
    for name in good:
        left = {each: value for each, value in good.items() if each != name}
        yield f"no {name}", json.dumps(left).encode()
    for content in (b"null", b"1", b"[]", b'"ES256"', b"", b"\xff", b"[" * 20_000):
        yield repr(content[:20]), content


@pytest.mark.long
def test_odd_headers_under_our_own_signature_are_refused(
    served: Served, platform: Platform
) -> None:
    content = with_claims(served)
    for what, header in odd_headers(platform):
        assert_invalid_token(served, signed_by_us(platform, header, content), what)
    assert platform.bugs == []


def test_the_reason_names_the_claim(served: Served, platform: Platform) -> None:
    header = json.dumps(platform.signing_key.headers["jwt"]).encode()

    assert_invalid_token(served, signed_by_us(platform, header, with_claims(served, exp="1")))

    last = platform.journal.last
    assert "claim exp" in (last.refused_because or "")
    assert (last.expected, last.actual) == ("a whole number", "a text")


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda each: each.decode("latin-1")))
def test_no_text_is_a_token(text: str) -> None:
    tokens = Tokens(
        keys=_ring(1), clock=PlatformClock(), random=make_random(1), lifetime=lifetime_of_request
    )
    with pytest.raises(Refusal):
        tokens.read(text)


@pytest.mark.slow
def test_reading_a_long_token_costs_its_length(platform: Platform) -> None:
    tokens = platform.state.oauth.tokens
    header = json.dumps(platform.signing_key.headers["jwt"]).encode()

    def read(text: str) -> Callable[[], object]:
        def reading() -> object:
            try:
                return tokens.read(text)
            except Refusal as refusal:
                return refusal

        return reading

    for make in (
        lambda n: "eyJ" * n,
        lambda n: "." * n,
        lambda n: f"{encoded(header)}.{'A' * n}.{'A' * n}",
        lambda n: f"{encoded(b'[' * n)}.A.A",
        lambda n: f"{encoded(json.dumps({'kid': 'x' * n, 'alg': 'ES256'}).encode())}.AA.AA",
        lambda n: signed_by_us(platform, header, b'{"jti": "' + b"x" * n + b'"}'),
    ):
        assert_linear(lambda n, make=make: read(make(n)), 30_000)  # type: ignore[misc]


@pytest.mark.slow
def test_a_key_is_found_however_many_there_are() -> None:
    def find(count: int) -> Action:
        ring = _ring(count)
        return lambda: ring.find("kid 0")

    assert_flat(find, 2, MOST_KEYS)


def test_the_oldest_key_goes_when_there_are_too_many() -> None:
    ring = _ring(3 * MOST_KEYS)

    kids = [key.kid for key in ring.all]

    assert len(kids) == MOST_KEYS
    assert kids[0] == ring.signing.kid == f"kid {3 * MOST_KEYS - 1}"
    assert ring.find("kid 0") is None


def _ring(count: int) -> KeyRing:
    keys = [_named(f"kid {number}") for number in range(count)]
    ring = KeyRing(keys[0])
    for key in keys[1:]:
        ring.rotate(key)
    return ring


def _named(kid: str) -> SigningKey:
    key = SigningKey.__new__(SigningKey)
    key.kid = kid
    return key
