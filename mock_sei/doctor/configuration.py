"""Checks of the URL, the credentials and the client that ``--client`` names."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterator, Mapping

from mock_sei.doctor.clients import KNOWN_CLIENTS
from mock_sei.doctor.findings import CLIENT, CREDENTIALS, URL, Finding, found, note, right
from mock_sei.doctor.material import readable
from mock_sei.doctor.setup import DEFAULT_PORT, ServerUrl, Setup
from mock_sei.oauth.metadata import TOKEN_PATHS

QUOTES = "'\"`\u2018\u2019\u201c\u201d"


def check_url(setup: Setup) -> Iterator[Finding]:
    """Checks the form of the URL."""
    target = setup.target
    shown, wrong = readable(target.url), False
    if target.white_space:
        wrong = True
        yield found(
            "url-white-space",
            f"The URL contains {target.white_space}; curl refuses it, and other clients call "
            "another address.",
            expected=shown,
            actual=f"the same URL with {target.white_space}",
            cure="remove the white space; often it is a line end or a copied blank.",
        )
    if not target.host:
        wrong = True
        yield found(
            "url-no-host",
            "The URL has no host.",
            actual=shown,
            expected="https://HOST:PORT",
            cure="put the platform's host after https://.",
        )
    if target.scheme != "https":
        wrong = True
        yield found(
            "url-not-https",
            "The URL is not https; the platform supports only https.",
            expected="https://",
            actual=f"{readable(target.scheme)}://",
            cure=f"write {readable(_as_https(target))}.",
        )
    if target.path.strip("/") and target.path not in TOKEN_PATHS:
        wrong = True
        yield found(
            "url-path",
            "The base URL must not have a path: clients append their own paths to it.",
            expected=f"no path, or {TOKEN_PATHS[0]}",
            actual=readable(target.path),
            cure="remove the path from the base URL.",
        )
    if target.extra:
        wrong = True
        yield found(
            "url-extra",
            f"The URL has {target.extra}.",
            expected="only scheme, host and port",
            actual=target.extra,
            cure="remove it from the URL; keys and passwords belong in the token request.",
        )
    if not wrong:
        yield right(URL, f"{shown}: host {readable(target.host)}, port {target.port}")


def _as_https(target: ServerUrl) -> str:
    """The URL with https and the same host and port; a path of the token endpoint is kept."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == DEFAULT_PORT else f":{target.port}"
    return f"https://{host}{port}{target.path if target.path in TOKEN_PATHS else ''}"


def check_credentials(setup: Setup) -> Iterator[Finding]:
    """Checks the form of the credentials, and whether one is missing."""
    given = {name: value for name, value in credentials(setup).items() if value is not None}
    if not given:
        return
    problems = [*_shape(given), *_missing(given)]
    yield from problems
    if not problems:
        yield right(CREDENTIALS, f"{', '.join(given)}: nothing wrong with their form")


def credentials(setup: Setup) -> Mapping[str, str | None]:
    """The values of the credentials by their options."""
    given = setup.options
    return {
        "--app-key": given.app_key,
        "--app-secret": given.app_secret,
        "--username": given.username,
        "--password": given.password,
    }


def _shape(given: Mapping[str, str]) -> Iterator[Finding]:
    """Problems with the form of the credentials. Values are not shown: each may be a secret."""
    for name, value in given.items():
        if value != value.strip():
            yield found(
                "credential-spaces",
                f"{name} has white space around it.",
                expected=f"{len(value.strip())} characters",
                actual=f"{len(value)} characters",
                cure="remove the white space; often it is a line end or a copied blank.",
            )
        bare = value.strip()
        if len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
            yield found(
                "credential-quotes",
                f"{name} has quotes around it, which clients send as a part of the value.",
                expected=f"{len(bare) - 2} characters",
                actual=f"{len(bare)} characters",
                cure="remove the quotes; they often come from .env files and YAML.",
            )
    for name in ("--app-key", "--app-secret"):
        if _is_encoded_pair(given.get(name, "")):
            yield found(
                "pair-encoded",
                f"{name} is the Base64 of the pair; the client would encode it again.",
                expected="AppKey and AppSecret as the portal shows them",
                actual="Base64 of AppKey:AppSecret",
                cure="give AppKey and AppSecret unchanged; the client itself encodes them as "
                "Base64 of AppKey, a colon and AppSecret.",
            )


def _missing(given: Mapping[str, str]) -> Iterator[Finding]:
    """Credentials that are missing. Some applications have no AppSecret, so that may be missing."""
    needed = ("--app-key", "--app-secret", "--username", "--password")
    missing = [name for name in needed if name not in given]
    alone = given.keys() <= {"--app-key"} or given.keys() == {"--username"}
    pair = given.keys() == {"--app-key", "--app-secret"}
    if missing and not (alone or pair):
        yield found(
            "pair-incomplete",
            "The token request is not complete.",
            expected=", ".join(needed),
            actual=", ".join(given),
            cure=f"give {' and '.join(missing)} too.",
        )


def _is_encoded_pair(value: str) -> bool:
    value = value.strip()
    if value.lower().startswith("basic "):
        return True
    try:
        text = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    before, colon, after = text.partition(":")
    return bool(before and colon and after) and text.isprintable()


def check_client(setup: Setup) -> Iterator[Finding]:
    """What the client that ``--client`` names needs, and what it lacks."""
    client = KNOWN_CLIENTS.get(setup.client or "")
    if client is None:
        return
    variables = ", ".join(sorted(client.variables))
    yield note(CLIENT, f"{client.title} reads {client.files}")
    yield note(CLIENT, f"how to give {client.title} its files: {client.given}")
    yield note(CLIENT, f"{client.title} reads these variables: {variables}")
    key = setup.key_file
    if client.opens_encrypted_keys or key is None or not setup.key_reading.is_encrypted:
        return
    path = shlex.quote(str(key.path))
    yield found(
        "client-encrypted-key",
        f"The key in {key.path} is encrypted, and {client.title} cannot open it: "
        f"{client.cure_of_encrypted_keys}.",
        expected="a key that is not encrypted",
        actual="an encrypted key",
        cure=f"openssl pkey -in {path} -out privatekey.key\n"
        "then give the client privatekey.key, which only its user may read: chmod 600",
    )
