"""Explains why OpenSSL finds no certificate or key in a file, and what to do.

The functions serve all three files of a client. For damaged content there is no command, because
nothing can repair it.
"""

from __future__ import annotations

from mock_sei.certificates.conversions import Role, find_commands
from mock_sei.certificates.forms import WRAPPINGS, Form, is_certificate
from mock_sei.certificates.pem import LAYOUT, Block, PemMistake, blocks_of, read_pem
from mock_sei.certificates.pem_mistakes import find_mistake
from mock_sei.certificates.recognition import DEEPEST, form_of, unwrap
from mock_sei.doctor.advice import (
    CA,
    CERTIFICATE,
    KEY,
    Part,
    advice_for,
    contents,
    file_finding,
    place_of,
)
from mock_sei.doctor.containers import CONTAINERS, container_finding
from mock_sei.doctor.findings import OPENSSL_CLIENTS, Finding
from mock_sei.doctor.keys import has_key
from mock_sei.doctor.material import certificate_of, has_certificate, labels, readable
from mock_sei.doctor.setup import GivenFile, Setup


def holds_only(content: bytes, role: Role) -> bool:
    """Whether a file holds only a certificate or only a key, also if it is in a container."""
    for _ in range(DEEPEST):
        inner = unwrap(content)
        if inner is None:
            break
        content = inner.content
    form = form_of(content)
    forms = (
        {Form.DER_CERTIFICATE}
        if role is Role.CERTIFICATE
        else {Form.DER_KEY, Form.OPENSSH, Form.PUTTY, Form.PVK, Form.MSBLOB}
    )
    if form in forms:
        return True
    kinds = (has_certificate(content), has_key(content))
    return form is Form.PEM and kinds == (
        (True, False) if role is Role.CERTIFICATE else (False, True)
    )


def find_obstacle(setup: Setup, file: GivenFile, part: Part) -> Finding | None:
    """The finding for a file that OpenSSL cannot read; None if it can."""
    content = file.content
    form = form_of(content)
    if form is not Form.PEM:
        if _reads_all_the_same(content, part):
            return None
        return _other_form(setup, file, part, form)
    fault = _fault(content, part)
    if fault is not None:
        return _faulty(setup, file, part, fault)
    if part.role is Role.KEY:
        return None if _has_key_block(content) else _nothing(setup, file, part)
    blocks = [each for each in blocks_of(content) if each.is_certificate]
    if not blocks:
        return _nothing(setup, file, part)
    damaged = next((each for each in blocks if certificate_of(each) is None), None)
    if damaged is None or _loads(setup, part):
        return None
    if not is_certificate(damaged.content) and len(blocks) == 1:
        return _nothing(
            setup, file, part, "a BEGIN line with CERTIFICATE, but no certificate in it"
        )
    where = f"line {damaged.line}: the certificate there cannot be read: cut short or changed"
    return _damaged(setup, file, part, where)


def _loads(setup: Setup, part: Part) -> bool:
    """Whether OpenSSL has loaded the file."""
    said = {
        Role.CERTIFICATE: setup.loading.certificate,
        Role.KEY: setup.loading.key,
        Role.CA: setup.loading.ca,
    }
    return setup.loading.was_tried and not said[part.role]


def _reads_all_the_same(content: bytes, part: Part) -> bool:
    """Whether a page or a mail contains valid PEM: OpenSSL ignores everything else in it."""
    found_blocks = read_pem(content)
    if not found_blocks or any(isinstance(each, PemMistake) for each in found_blocks):
        return False
    if part.role is Role.KEY:
        return _has_key_block(content)
    return any(
        isinstance(each, Block) and each.is_certificate and certificate_of(each) is not None
        for each in found_blocks
    )


def _has_key_block(content: bytes) -> bool:
    return any(each.is_key for each in blocks_of(content))


def _fault(content: bytes, part: Part) -> PemMistake | None:
    """The first fault that stops OpenSSL. In a key file, only content before the key counts."""
    stops = None
    for each in read_pem(content):
        if isinstance(each, PemMistake):
            stops = each
            break
        if part.role is Role.KEY and each.is_key:
            return None
    mistake = find_mistake(content)
    if stops is None:
        wanted = any(
            each.is_key if part.role is Role.KEY else each.is_certificate
            for each in blocks_of(content)
        )
        return None if wanted else mistake
    return mistake or stops


def _faulty(setup: Setup, file: GivenFile, part: Part, fault: PemMistake) -> Finding:
    if fault.mistake not in LAYOUT:
        return _damaged(setup, file, part, str(fault))
    if not _may_hold(file.content, part):
        return _nothing(setup, file, part)
    commands = find_commands(file.content, place_of(setup, file, part.role))
    return file_finding(
        setup,
        part,
        "layout",
        f"{file.path} is PEM, but its lines break the rules of PEM; Python, curl and Node cannot "
        "read it.",
        actual=str(fault),
        cure="\n".join(commands)
        if commands
        else "copy or download the file again; each BEGIN and END must be on a line of its own.",
    )


def _may_hold(content: bytes, part: Part) -> bool:
    named = content.upper()
    return b"PRIVATE KEY" in named if part.role is Role.KEY else b"CERTIFICATE" in named


def _damaged(setup: Setup, file: GivenFile, part: Part, where: str) -> Finding:
    return file_finding(
        setup,
        part,
        "not-pem",
        f"{file.path} holds a damaged {part.thing}.",
        actual=where,
        cure="copy or download the file again, whole; " + part.give,
    )


def _nothing(setup: Setup, file: GivenFile, part: Part, actual: str | None = None) -> Finding:
    """The finding for content of any kind without the certificate or key that is needed."""
    content = file.content
    holds = actual or contents(file)
    if form_of(content) is Form.PEM and "PKCS7" in labels(content) and part is CERTIFICATE:
        return container_finding(setup, file, part, Form.PKCS7)
    commands = find_commands(content, place_of(setup, file, part.role))
    return file_finding(
        setup,
        part,
        "not-pem",
        f"{part.option} {'holds no PEM' if part is CA else f'{file.path} holds no'} {part.thing}.",
        actual=holds,
        cure="\n".join(commands) if commands else advice_for(holds, part),
    )


_OF_PROGRAMS = frozenset(
    {Form.OPENSSH, Form.PUTTY, Form.PVK, Form.MSBLOB, Form.WEB_KEY, Form.SSH2_KEY}
)


def _other_form(setup: Setup, file: GivenFile, part: Part, form: Form) -> Finding:
    inner, last = unwrap(file.content), form
    for _ in range(DEEPEST):
        if inner is None:
            break
        last, inner = inner.form, unwrap(inner.content)
    if last in CONTAINERS and _suits(last, part):
        return container_finding(setup, file, part, last)
    if part is KEY and form in _OF_PROGRAMS:
        commands = find_commands(file.content, place_of(setup, file, part.role))
        return file_finding(
            setup,
            part,
            "form",
            f"{file.path} is {form}, which TLS clients cannot read.",
            actual=str(form),
            cure="\n".join(commands) if commands else advice_for(str(form), part),
        )
    commands = find_commands(file.content, place_of(setup, file, part.role))
    packed = form in WRAPPINGS or bool(commands)
    if packed and (commands or (last is Form.PEM and form is not Form.MISLABELLED)):
        return file_finding(
            setup,
            part,
            "encoding",
            f"{file.path} is {form}; clients need plain PEM.",
            actual=contents(file),
            cure="\n".join(commands) if commands else advice_for(str(form), part),
        )
    return _nothing(setup, file, part)


def _suits(form: Form, part: Part) -> bool:
    if form is Form.DER_KEY or form is Form.DER_CERTIFICATE:
        return (form is Form.DER_KEY) == (part is KEY)
    return form is not Form.PKCS7 or part is not KEY


def find_refusal(setup: Setup, file: GivenFile, part: Part) -> Finding | None:
    """OpenSSL's reason for refusing a file in which the checks found no problem."""
    said = {
        Role.CERTIFICATE: setup.loading.certificate,
        Role.KEY: setup.loading.key or setup.loading.pair,
        Role.CA: setup.loading.ca,
    }[part.role]
    if not said:
        return None
    with_what = " with --cert" if part is KEY and not setup.loading.key else ""
    return file_finding(
        setup,
        part,
        "refused",
        f"OpenSSL does not load {file.path}{with_what}, so Python, curl and Node do not either.",
        actual=readable(said, 200),
        cure="create the file again; " + part.give,
        unread_by=OPENSSL_CLIENTS,
    )
