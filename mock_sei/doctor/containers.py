"""Findings about containers of certificates and keys, such as PKCS#12, given instead of PEM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mock_sei.certificates.ciphers import is_without_encryption
from mock_sei.certificates.conversions import find_commands
from mock_sei.certificates.forms import Form
from mock_sei.certificates.recognition import form_of
from mock_sei.doctor.advice import CA, KEY, Part, contents, file_finding, place_of
from mock_sei.doctor.findings import CLIENTS, Finding, Level
from mock_sei.doctor.setup import GivenFile, Setup

CONTAINERS: Mapping[Form, str] = {
    Form.PKCS12: "is-pkcs12",
    Form.PKCS7: "is-pkcs7",
    Form.DER_CERTIFICATE: "is-der",
    Form.DER_KEY: "is-der",
    Form.KEYSTORE: "is-keystore",
}
_KEY_CONTAINER = "--key is a PKCS#12 file (.pfx, .p12), which holds both certificate and key."


def container_finding(setup: Setup, file: GivenFile, part: Part, form: Form) -> Finding:
    """The finding about a container: a hint if the client in use can read it, else a problem."""
    commands = find_commands(file.content, place_of(setup, file, part.role))
    if part is CA:
        name, what = "not-pem", "--cacert holds no PEM certificate."
    elif part is KEY:
        name = CONTAINERS[form]
        what = (
            _KEY_CONTAINER
            if form is Form.PKCS12
            else f"{file.path} is {_short(form)}; clients need PEM."
        )
    else:
        name = CONTAINERS[form]
        what = f"{file.path} is {form}; clients need .crt and .key, both PEM."
    finding = file_finding(
        setup,
        part,
        name,
        what,
        actual=contents(file),
        cure="\n".join(commands) if commands else part.give,
        unread_by=_unread_container(file, form),
    )
    if form in STORES and is_read_by(setup.client, file):
        return replace(finding, level=Level.HINT)
    return finding


STORES = frozenset({Form.PKCS12, Form.KEYSTORE})
"""Containers that hold a certificate and its key."""


def has_store(setup: Setup) -> bool:
    """Whether the client in use reads certificate and key from one container, ``--cert``."""
    file = setup.certificate
    return file is not None and form_of(file.content) in STORES and is_read_by(setup.client, file)


def _unread_container(file: GivenFile, form: Form) -> tuple[str, ...]:
    """The clients that cannot read a container. Java and .NET read containers and DER."""
    if form_of(file.content) is not form or form is Form.DER_KEY:
        return CLIENTS
    return tuple(each for each in CLIENTS if not is_read_by(each, file))


def is_read_by(client: str | None, file: GivenFile) -> bool:
    """Whether a client can read such a container directly."""
    form = form_of(file.content)
    if client == "java":
        return form in _OF_JAVA and not is_without_encryption(file.content)
    return client == "dotnet" and form in _OF_DOTNET


_OF_JAVA = frozenset({Form.PKCS12, Form.KEYSTORE, Form.PKCS7, Form.DER_CERTIFICATE})
_OF_DOTNET = frozenset({Form.PKCS12, Form.PKCS7, Form.DER_CERTIFICATE})


def _short(form: Form) -> str:
    return "a DER file" if form is Form.DER_KEY else str(form)
