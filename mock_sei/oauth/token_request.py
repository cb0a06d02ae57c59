"""Parsing of a token request: it makes a frozen :class:`TokenRequest` from bytes.

This module only decides whether a request can be read. It is as strict as RFC 6749 section 3.2: a
parameter without a value counts as absent, no parameter may be repeated, and the body must be
form-encoded. Sources: token page and create-token page (parameters in the query string), RFC 6749
sections 2.3.1, 3.2 and 5.2.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, unquote_plus

from mock_sei.errors import KEY_PAIR, REQUEST_INVALID, Check
from mock_sei.reasons.forms import explain_content, explain_form
from mock_sei.reasons.names import KNOWN, did_you_mean, explain_absence, find_spoilt
from mock_sei.reasons.pairs import explain_missing_colon, explain_unreadable_pair
from mock_sei.reasons.values import but_for, find_difference_from
from mock_sei.rules import checks
from mock_sei.rules.connection import Connection, Findings

MEDIA_TYPES = ("application/x-www-form-urlencoded", "application/xxx-form-urlencoded")
"""The accepted media types. The token page has the first in its example, the second in its text."""

MAX_PARAMETERS = 100

PARAMETERS = frozenset(
    {
        *("grant_type", "client_id", "client_secret", "username", "email", "password", "scope"),
        *("endOtherSessions", "code", "code_verifier", "redirect_uri", "redirect_url"),
        *("refresh_token", "token", "access_token", "sessionToken", "SAMLResponse"),
        "SAMLAssertion",
    }
)
"""The parameters that this endpoint reads. An ``error_description`` may repeat these names."""

_KNOWN = frozenset(KNOWN)

PARSING = checks.PARSING
KEY_PAIR_CHECK = checks.KEY_PAIR

malformed = Check(name=PARSING, kind=REQUEST_INVALID).refusal
"""The refusal of a request that cannot be read, as ``invalid_request``."""
_unreadable = Check(
    name=KEY_PAIR_CHECK,
    kind=KEY_PAIR,
    description="The Authorization header holds no AppKey and AppSecret that can be read.",
).refusal


class KeyPairPlace(StrEnum):
    """The part of a request in which the key pair was sent."""

    HEADER = "header"
    FORM = "form"
    QUERY = "query"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """AppKey and AppSecret as the client sent them."""

    app_key: str
    app_secret: str | None = field(repr=False)
    place: KeyPairPlace
    client_id: str | None = None
    """The parameter ``client_id``, if it was sent together with the header. It must be the AppKey
    of the header."""


@dataclass(frozen=True, kw_only=True)
class TokenRequest:
    """One request to the token endpoint."""

    grant_type: str
    parameters: Mapping[str, str] = field(repr=False)
    credentials: Credentials | None
    connection: Connection
    issuer: str
    endpoint: str
    """The endpoint's own URL, as the client called it."""
    findings: Findings
    forms: tuple[bytes, ...] = field(default=(), repr=False)
    """The form and the query string from which the parameters were read."""

    def find(self, *names: str) -> str | None:
        """The value of a parameter that may have one of several names, None if it is absent.

        Raises ``invalid_request`` if two of the names have different values.
        """
        values = {self.parameters[name] for name in names if name in self.parameters}
        if len(values) > 1:
            both = f"{' and '.join(names)} were both sent and differ"
            raise malformed(f"{both}; send one of them.", description=f"{both}.")
        return values.pop() if values else None

    def flag(self, name: str) -> bool:
        """The value of a parameter that is ``true`` or ``false``; False if it is absent.

        Raises ``invalid_request`` for any other value.
        """
        value = self.parameters.get(name, "false")
        if value not in ("true", "false"):
            wrong = f"{name} is neither true nor false"
            raise malformed(
                f"{wrong}{did_you_mean(value, ('true', 'false'))}",
                actual=value,
                description=f"{wrong}.",
            )
        return value == "true"

    def require(self, *names: str) -> str:
        """The value of a parameter that may have one of several names.

        Raises ``invalid_request`` if it is absent, or if two of the names have different values.
        """
        value = self.find(*names)
        if value is None:
            raise malformed(
                f"The parameter {' (or '.join(names)}{')' * (len(names) - 1)} is missing; "
                f"grant_type {self.grant_type} needs it."
                f"{_explain_absence(names, self.parameters, self.forms)}",
                description=f"{names[0]} is missing.",
            )
        return value


def parse_token_request(
    *,
    body: bytes,
    content_type: str | None,
    query: bytes,
    authorization: str | None,
    connection: Connection,
    issuer: str,
    endpoint: str,
    findings: Findings,
    query_allowed: bool,
    grant_type: str | None = None,
) -> TokenRequest:
    """Reads the form, the query string and the ``Authorization`` header of a token request.

    ``query_allowed`` is True in the ``sei`` dialect: it allows parameters in the query string, with
    a note in the journal. ``grant_type`` is given for an endpoint that has no such parameter, such
    as revoke. Raises :class:`Refusal`.
    """
    in_query = _parse_form(query, "query string") if query else {}
    if in_query and not query_allowed:
        raise malformed(
            "Token parameters are in the query string, which the rfc dialect refuses "
            "(RFC 6749 section 2.3.1); send them as a form.",
            actual=", ".join(in_query),
            description="Parameters are in the query string.",
        )
    in_form: dict[str, str] = {}
    if body or not in_query:
        _require_form(content_type, body)
        in_form = _parse_form(body, "form")
    repeated = in_form.keys() & in_query.keys()
    if repeated:
        raise malformed(
            f"{', '.join(sorted(repeated))}: sent both in the form and in the query string.",
            description=_repeated(*repeated),
        )
    if in_query:
        findings.notes.append(
            "parameters in the query string: accepted as documented, but access logs store them; "
            f"send a form: {', '.join(in_query)}"
        )
    parameters = in_form | in_query
    if not parameters.keys() <= _KNOWN:
        findings.notes += find_spoilt(parameters, KNOWN)
    credentials = _credentials(authorization, parameters, in_query)
    grant_type = grant_type or parameters.get("grant_type")
    if grant_type is None:
        raise malformed(
            "The parameter grant_type is missing."
            f"{_explain_absence(('grant_type',), parameters, (body, query))}",
            description="grant_type is missing.",
        )
    return TokenRequest(
        grant_type=grant_type,
        parameters=parameters,
        credentials=credentials,
        connection=connection,
        issuer=issuer,
        endpoint=endpoint,
        findings=findings,
        forms=(body, query),
    )


def _explain_absence(
    wanted: Sequence[str], parameters: Mapping[str, str], forms: Iterable[bytes]
) -> str:
    """The end of a sentence about a missing parameter: what was sent, and what was probably meant.

    ``wanted`` are the names of the missing parameter.
    """
    pairs = [
        name
        for form in forms
        for name, _ in parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True)
    ]
    empty = [name for name in pairs if name not in parameters]
    oddity = next(filter(None, map(explain_form, forms)), "")
    return explain_absence(wanted, pairs or parameters, empty, oddity=oddity)


def _require_form(content_type: str | None, body: bytes) -> None:
    media_type = (content_type or "").partition(";")[0].strip()
    if media_type.lower() in MEDIA_TYPES or (not body and not media_type):
        return
    raise malformed(
        f"{explain_content(media_type, body)}; send the parameters as a form: {MEDIA_TYPES[0]}.",
        expected=MEDIA_TYPES[0],
        actual=media_type or "no Content-Type",
        description=f"The body is not of the media type {MEDIA_TYPES[0]}.",
    )


def _parse_form(text: bytes, place: str) -> dict[str, str]:
    """The parameters of a form or query string; those without a value are left out.

    Raises :class:`Refusal` if a parameter is repeated, or if the text cannot be read. ``place`` is
    the word for the text in messages.
    """
    try:
        pairs = parse_qsl(
            text.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except UnicodeDecodeError:
        unreadable = f"The {place} is not UTF-8."
        raise malformed(unreadable, description=unreadable) from None
    except ValueError:
        too_many = f"The {place} has more than {MAX_PARAMETERS} parameters."
        raise malformed(too_many, description=too_many) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if not value:
            continue
        if name in found:
            raise malformed(
                f"The parameter {name} is repeated in the {place}.", description=_repeated(name)
            )
        found[name] = value
    return found


def _repeated(*names: str) -> str:
    """The ``error_description`` for repeated parameters. It does not show unknown names, since a
    secret may have been sent in place of a name."""
    known = sorted(PARAMETERS.intersection(names))
    return f"{', '.join(known) or 'A parameter'} came more than once."


def _credentials(
    authorization: str | None, parameters: Mapping[str, str], in_query: Mapping[str, str]
) -> Credentials | None:
    """The key pair from the header or the parameters, None if none was sent.

    Raises :class:`Refusal` if it was sent in both (RFC 6749 section 2.3), or cannot be read.
    """
    client_id, client_secret = parameters.get("client_id"), parameters.get("client_secret")
    if authorization is None or not authorization.strip(" \t"):
        if client_id is None:
            return None
        place = (
            KeyPairPlace.QUERY
            if {"client_id", "client_secret"} & in_query.keys()
            else KeyPairPlace.FORM
        )
        return Credentials(app_key=client_id, app_secret=client_secret, place=place)
    found = _decode_authorization(authorization)
    if client_secret is not None:
        raise malformed(
            "The key pair was sent in the Authorization header, and client_secret as a parameter; "
            "send one of them (RFC 6749 section 2.3).",
            description="The key pair was sent twice: in the header and as parameters.",
        )
    if client_id is None:
        return found
    found = replace(found, client_id=client_id)
    if next(readings(found), None) is None:
        different = "client_id is not the AppKey of the Authorization header"
        nearly = but_for(find_difference_from(found.app_key, client_id or ""))
        raise malformed(
            f"{different}{nearly}.",
            expected=found.app_key,
            actual=client_id,
            description=f"{different}.",
        )
    return found


def _decode_authorization(header: str) -> Credentials:
    """Reads an ``Authorization`` header: ``Basic`` and the Base64 of ``AppKey:AppSecret``.

    ``Basic`` may be absent, as in the token page's example. Raises :class:`Refusal`.
    """
    scheme, _, rest = header.strip(" \t").partition(" ")
    encoded = rest.strip(" \t") if rest else scheme
    if rest and scheme.lower() != "basic":
        raise _unreadable(
            "The token endpoint needs the key pair: Basic and the Base64 of AppKey:AppSecret. The "
            f"Authorization header has the scheme {scheme}."
        )
    try:
        text = decode_pair(encoded)
    except ValueError:
        raise _unreadable(explain_unreadable_pair(encoded)) from None
    app_key, colon, app_secret = text.partition(":")
    if not colon:
        raise _unreadable(explain_missing_colon(text))
    return Credentials(app_key=app_key, app_secret=app_secret, place=KeyPairPlace.HEADER)


def decode_pair(encoded: str) -> str:
    """The text of a key pair, usually ``AppKey:AppSecret``, from its Base64.

    Raises ``ValueError`` if it is not Base64 of UTF-8 text.
    """
    content = base64.b64decode(encoded, validate=True)
    if base64.b64encode(content).decode() != encoded:
        raise ValueError("its last bits are not zero (RFC 4648 section 3.5)")
    return content.decode("utf-8")


_DECODERS: tuple[Callable[[str], str], ...] = (unquote_plus, unquote)
"""How clients encode a key pair before its Base64, if they do: form-encoded (RFC 6749 section
2.3.1), or percent-encoded with unchanged plus signs (RFC 3986 section 2.2)."""


def readings(credentials: Credentials) -> Iterator[Credentials]:
    """The possible readings of a key pair: first as it was sent, then decoded in two ways.

    If ``client_id`` was sent, too, only readings with this AppKey are returned.
    """
    secret = credentials.app_secret
    if credentials.client_id in (None, credentials.app_key):
        yield credentials
    for decode in _DECODERS:
        app_key = decode(credentials.app_key)
        if credentials.client_id in (None, app_key):
            yield replace(
                credentials,
                app_key=app_key,
                app_secret=None if secret is None else decode(secret),
            )
