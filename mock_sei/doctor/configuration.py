"""Checks of what is neither file nor network: the URL, the credentials, the environment."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from mock_sei.doctor.findings import CREDENTIALS, ENVIRONMENT, URL, Finding, found, note, right
from mock_sei.doctor.material import certificates_in, is_ca, readable, signs
from mock_sei.doctor.setup import DEFAULT_PORT, Setup, Target
from mock_sei.oauth.metadata import TOKEN_PATHS

QUOTES = "'\"`\u2018\u2019\u201c\u201d"
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
OVERRIDING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What requests reads, the first before the second."""


def check_url(setup: Setup) -> Iterator[Finding]:
    target = setup.target
    shown, wrong = readable(target.url), False
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
            "The URL is not https; the platform speaks nothing else.",
            expected="https://",
            actual=f"{readable(target.scheme)}://",
            cure=f"write {readable(_as_https(target))}.",
        )
    if target.path.strip("/") and target.path not in TOKEN_PATHS:
        wrong = True
        yield found(
            "url-path",
            "The URL has a path where none belongs: clients put their paths behind it.",
            expected=f"no path, or {TOKEN_PATHS[0]}",
            actual=readable(target.path),
            cure="leave the path out of the base URL.",
        )
    if target.extra:
        wrong = True
        yield found(
            "url-extra",
            f"The URL has {target.extra}.",
            expected="scheme, host and port alone",
            actual=target.extra,
            cure="leave it out of the URL; keys and passwords belong into the token request.",
        )
    if not wrong:
        yield right(URL, f"{shown}: host {readable(target.host)}, port {target.port}")


def _as_https(target: Target) -> str:
    """The same host and port, and the path where it is one of the token endpoint's."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == DEFAULT_PORT else f":{target.port}"
    return f"https://{host}{port}{target.path if target.path in TOKEN_PATHS else ''}"


def check_credentials(setup: Setup) -> Iterator[Finding]:
    given = {name: value for name, value in credentials(setup).items() if value is not None}
    if not given:
        return
    problems = [*_shape(given), *_missing(given)]
    yield from problems
    if not problems:
        yield right(CREDENTIALS, f"{', '.join(given)}: nothing wrong with their form")


def credentials(setup: Setup) -> Mapping[str, str | None]:
    given = setup.options
    return {
        "--app-key": given.app_key,
        "--app-secret": given.app_secret,
        "--username": given.username,
        "--password": given.password,
    }


def _shape(given: Mapping[str, str]) -> Iterator[Finding]:
    """Values are described, never shown: any of them may be a secret in the wrong place."""
    for name, value in given.items():
        if value != value.strip():
            yield found(
                "credential-spaces",
                f"{name} has white space around it.",
                expected=f"{len(value.strip())} characters",
                actual=f"{len(value)} characters",
                cure="take the white space off; often a line end of a file or a copied blank.",
            )
        bare = value.strip()
        if len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
            yield found(
                "credential-quotes",
                f"{name} has quotes around it, which are taken for a part of it.",
                expected=f"{len(bare) - 2} characters",
                actual=f"{len(bare)} characters",
                cure="take the quotes off; .env files and YAML often leave them in.",
            )
    for name in ("--app-key", "--app-secret"):
        if _is_encoded_pair(given.get(name, "")):
            yield found(
                "pair-encoded",
                f"{name} is the encoded pair already, and the client would encode it again.",
                expected="AppKey and AppSecret as the portal shows them",
                actual="Base64 of AppKey:AppSecret",
                cure="give the two as they are; the Base64 is made of AppKey, a colon and "
                "AppSecret when the request is sent.",
            )


def _missing(given: Mapping[str, str]) -> Iterator[Finding]:
    """Without a secret it may be an application that has none."""
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


def check_proxies(setup: Setup) -> Iterator[Finding]:
    environ, host = setup.environ, setup.target.host
    for name in PROXY_VARIABLES:
        if not environ.get(name):
            continue
        exempt = next((each for each in ("NO_PROXY", "no_proxy") if environ.get(each)), None)
        if exempt and _is_exempt(host, environ[exempt]):
            yield right(ENVIRONMENT, f"{name} is set, and {exempt} leaves out {readable(host)}")
            continue
        yield found(
            "proxy-set",
            f"{name} is set: most clients go through this proxy, the doctor does not.",
            expected=f"no proxy for {readable(host)}",
            actual=f"{name}={_without_credentials(environ[name])}, "
            f"NO_PROXY={readable(environ[exempt]) if exempt else '(not set)'}",
            cure=f"unset {name}, or add {readable(host)} to NO_PROXY; a proxy that opens TLS "
            "swallows the client certificate (in Postman: Settings, Proxy, both off).",
        )


def _is_exempt(host: str, no_proxy: str) -> bool:
    for entry in no_proxy.split(","):
        name = entry.strip().lower().lstrip(".")
        if name.count(":") == 1:  # a port; more of them are an IPv6 address
            name = name.partition(":")[0]
        if name == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
    return False


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    try:
        name = urlsplit(url if separator else f"//{url}").netloc.rpartition("@")[2]
    except ValueError:
        name = rest.rpartition("@")[2]
    return readable(f"{scheme}{separator}{name}", 100)


def check_ca_variables(setup: Setup) -> Iterator[Finding]:
    wanted = [each for each in certificates_in(setup.ca) if is_ca(each)]
    compared: dict[str, bool] = {}
    for name, file in setup.ca_files.items():
        certificates = certificates_in(file)
        if certificates:
            compared[name] = any(
                each in certificates or signs(certificates, each) for each in wanted
            )
            continue
        yield found(
            "ca-variable-unreadable",
            f"{name} names a file or folder without certificates; clients that read it trust "
            "nobody, or fail at once.",
            expected="a PEM file of CAs",
            actual=f"{readable(str(file.path))} ({file.problem or 'no PEM certificate in it'})",
            cure=f"unset {name}, or let it name the CA's file.",
        )
    if not wanted:
        if compared:
            names = ", ".join(compared)
            yield note(ENVIRONMENT, f"set and, without --cacert, compared with nothing: {names}")
        return
    holding = [name for name, holds in compared.items() if holds]
    if holding:
        yield right(ENVIRONMENT, f"with the CA of --cacert: {', '.join(holding)}")
    yield from _lacking(setup, [name for name, holds in compared.items() if not holds])


def _lacking(setup: Setup, names: list[str]) -> Iterator[Finding]:
    """One finding for what overrides the client's own word, one for what only fills in."""
    ca = readable(str(setup.ca.path)) if setup.ca else ""
    # requests reads the second where the first is not set
    overriding = next((name for name in OVERRIDING if name in setup.ca_files), None)
    if overriding in names:
        yield found(
            "requests-ca-bundle",
            f"{overriding} names a file without the CA of --cacert. requests takes it instead of "
            "session.verify, without a word.",
            expected=f"{overriding} unset, or with the CA of {ca}",
            actual=_setting(setup, overriding),
            cure=f"unset {overriding}, let it name the CA's file (mock-sei env prints the line), "
            "or in Python session.trust_env = False.",
        )
    others = [name for name in names if name != overriding]
    if others:
        yield found(
            "ca-variable-lacks-ca",
            f"Without the CA of --cacert: {', '.join(others)}. A client that is not told the CA "
            "itself does not trust the server.",
            expected=f"the CA of {ca}",
            actual=", ".join(_setting(setup, name) for name in others),
            cure="let them name the CA's file (mock-sei env prints the lines), or tell the client.",
        )


def _setting(setup: Setup, name: str) -> str:
    return f"{name}={readable(setup.environ.get(name, ''), 100)}"
