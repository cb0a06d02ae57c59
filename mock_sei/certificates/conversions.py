"""Shell commands that convert a file to the PEM that clients need.

A command is only suggested if it works: this module makes the text that it would write, and reads
it. Source of the PKCS#12 commands: Security FAQ, the extraction instructions.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7

from mock_sei.certificates.ciphers import find_encryption, find_legacy_cipher
from mock_sei.certificates.der import find_sequence
from mock_sei.certificates.forms import DER_FORMS, Form, is_certificate
from mock_sei.certificates.pem import REQUEST_LABELS, Block, PemMistake, blocks_of, read_pem
from mock_sei.certificates.recognition import DEEPEST, entries_of_manifest, form_of, unwrap
from mock_sei.certificates.rewriting import write_again

LEGACY = "-provider legacy -provider default"


class Role(StrEnum):
    """What a file should hold."""

    CERTIFICATE = "certificate"
    KEY = "key"
    CA = "ca"
    REQUEST = "request"


_NAMES = {
    Role.CERTIFICATE: ("certificate.crt", "certificate"),
    Role.KEY: ("privatekey.key", "privatekey"),
    Role.CA: ("ca.pem", "ca"),
    Role.REQUEST: ("request.csr", "request"),
}
"""The file that the commands write for each role, and the first part of an intermediate file's
name."""


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file to convert, its role, and the names of files that must not be overwritten."""

    path: str
    role: Role
    taken: Collection[str] = ()
    """Names of files that must not be overwritten."""
    depth: int = field(default=0, repr=False)

    @property
    def shown(self) -> str:
        """The path, quoted for a shell."""
        return shlex.quote(f"./{self.path}" if self.path.startswith("-") else self.path)

    @property
    def out(self) -> str:
        """The name of the file that the commands write."""
        return self.named(_NAMES[self.role][0])

    def named(self, name: str) -> str:
        """``name``, or another name if a file has it already."""
        return f"new-{name}" if name in self.taken else name

    def inner(self, suffix: str) -> SourceFile:
        """An intermediate file that one command writes and the next one reads."""
        name = self.named(f"{_NAMES[self.role][1]}.{suffix}")
        taken = {*self.taken, name}
        return SourceFile(path=name, role=self.role, taken=taken, depth=self.depth + 1)


def find_commands(content: bytes, place: SourceFile) -> tuple[str, ...]:
    """Shell commands that convert a file to PEM; empty if none are known."""
    form = form_of(content)
    if form is Form.PEM or form in _TEXTS:
        return _of_text(content, place)
    if form is Form.MANIFEST:
        return _of_manifest(content, place)
    if form in _UNPACKING:
        return _of_wrapping(content, form, place)
    final = _FINAL.get((form, place.role))
    return final(content, place) if final else ()


def is_usable(content: bytes, role: Role) -> bool:
    """True if OpenSSL can read a text as what its role needs."""
    found = read_pem(content)
    if any(isinstance(each, PemMistake) for each in found):
        return False
    blocks = [each for each in found if isinstance(each, Block)]
    if role is Role.KEY:
        return any(each.is_key and _looks_like_key(each) for each in blocks)
    if role is Role.REQUEST:
        return any(each.label in REQUEST_LABELS for each in blocks)
    return any(each.is_certificate and is_certificate(each.content) for each in blocks)


def _looks_like_key(block: Block) -> bool:
    return "ENCRYPTED" in block.headers or find_sequence(block.content) is not None


_TEXTS = frozenset({Form.ESCAPED, Form.PERCENT, Form.RICH_TEXT, Form.MAIL, Form.JSON})
"""Forms of text that may hold PEM among other text."""


def _of_text(content: bytes, place: SourceFile) -> tuple[str, ...]:
    bundle = next((each for each in blocks_of(content) if each.label == "PKCS7"), None)
    if bundle is not None and place.role in (Role.CERTIFICATE, Role.CA):
        return _print_certificates(bundle.content, place, "")
    if is_usable(content, place.role):
        return _of_good_text(content, place)
    written, program = write_again(content)
    if not is_usable(written, place.role):
        return ()
    command = f"perl -0777 -ne '{program}' {place.shown} > {place.out}"
    return (command, *_private(place, written))


def _of_good_text(content: bytes, place: SourceFile) -> tuple[str, ...]:
    if place.role is Role.REQUEST:
        return (f"openssl req -in {place.shown} -out {place.out}",)
    if place.role is not Role.KEY:
        return (f"openssl x509 -in {place.shown} -out {place.out}",)
    block = next(each for each in blocks_of(content) if each.is_key)
    encryption = find_encryption(block)
    if encryption is not None and encryption.is_legacy:
        return (f"openssl pkcs8 -topk8 {LEGACY} -in {place.shown} -out {place.out}",)
    return (f"openssl pkey -in {place.shown} -out {place.out}",)


def _private(place: SourceFile, written: bytes) -> tuple[str, ...]:
    """A command that protects a private key: unlike openssl, a shell lets others read its file."""
    return (f"chmod 600 {place.out}",) if b"PRIVATE KEY-----" in written else ()


def _of_manifest(content: bytes, place: SourceFile) -> tuple[str, ...]:
    for number, inner in enumerate(entries_of_manifest(content), 1):
        if is_usable(inner, place.role):
            value = f"grep -o 'LS0tLS1CRUdJTi[A-Za-z0-9+/=]*' {place.shown} | sed -n {number}p"
            return (f"{value} | base64 -d > {place.out}", *_private(place, inner))
    return ()


def _utf_16(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16"
    return "UTF-16BE" if content[:1] == b"\0" else "UTF-16LE"


def _base64(content: bytes, place: SourceFile, out: str) -> str:
    if re.fullmatch(rb"[A-Za-z0-9+/=\n]*", content):
        return f"base64 -d {place.shown} > {out}"
    return f"tr -cd 'A-Za-z0-9+/=' < {place.shown} | base64 -d > {out}"


_UNPACKING: Mapping[Form, Callable[[bytes, SourceFile, str], str]] = {
    Form.UTF_16: lambda content, place, out: (
        f"iconv -f {_utf_16(content)} -t UTF-8 {place.shown} > {out}"
    ),
    Form.UTF_32: lambda _, place, out: f"iconv -f UTF-32 -t UTF-8 {place.shown} > {out}",
    Form.BASE64: _base64,
    Form.GZIP: lambda _, place, out: f"gunzip -c < {place.shown} > {out}",
    Form.MISLABELLED: lambda _, place, out: (
        f"sed '/^-----/d' {place.shown} | tr -d '[:space:]' | base64 -d > {out}"
    ),
}
"""The command that unpacks each form of file that holds another one."""

_SUFFIXES: Mapping[Form, str] = {
    Form.PKCS12: "pfx",
    Form.PKCS7: "p7b",
    Form.PEM: "txt",
    Form.KEYSTORE: "jks",
}


def _of_wrapping(content: bytes, form: Form, place: SourceFile) -> tuple[str, ...]:
    inner = unwrap(content)
    if inner is None or place.depth >= DEEPEST:
        return ()
    command = _UNPACKING[form]
    if inner.form is Form.PEM and is_usable(inner.content, place.role):
        return (command(content, place, place.out), *_private(place, inner.content))
    suffix = "der" if inner.form in DER_FORMS else "txt"
    between = place.inner(_SUFFIXES.get(inner.form, suffix))
    rest = find_commands(inner.content, between)
    return (command(content, place, between.path), *rest) if rest else ()


def _of_pkcs12(content: bytes, place: SourceFile) -> tuple[str, ...]:
    """The two commands of the FAQ, with a hyphen for its en dash; one command for a CA."""
    legacy = " -legacy" if find_legacy_cipher(content) else ""
    start = f"openssl pkcs12{legacy} -in {place.shown}"
    if place.role is Role.CA:
        return (f"{start} -nokeys -out {place.out}",)
    certificate, key = (place.named(_NAMES[each][0]) for each in (Role.CERTIFICATE, Role.KEY))
    return (
        f"{start} -clcerts -nokeys -out {certificate}",
        f"{start} -nodes -out {key} -nocerts",
        f"then --cert {certificate} --key {key}",
    )


def _of_keystore(content: bytes, place: SourceFile) -> tuple[str, ...]:
    between = place.inner("p12")
    kind = " -srcstoretype JCEKS" if content[:1] == b"\xce" else ""
    target = f"-destkeystore {between.path} -deststoretype PKCS12"
    command = f"keytool -importkeystore -srckeystore {place.shown}{kind} {target}"
    return (command, *_of_pkcs12(b"", between))


def _of_pkcs7(content: bytes, place: SourceFile) -> tuple[str, ...]:
    return _print_certificates(content, place, " -inform der")


def _print_certificates(der: bytes, place: SourceFile, how: str) -> tuple[str, ...]:
    """A command that prints all certificates for a CA; for a client, it prints the client's own.

    The order of certificates in a PKCS#7 file means nothing.
    """
    start = f"openssl pkcs7{how} -in {place.shown} -print_certs"
    number = _leaf_number(der) if place.role is Role.CERTIFICATE else 1
    if number == 1:
        return (f"{start} -out {place.out}",)
    return (f"{start} | {_NTH.format(number=number)} > {place.out}",)


_NTH = "awk '/-----BEGIN/ {{ n++ }} n == {number}'"


def nth_certificate(number: int, place: SourceFile) -> str:
    """A command that copies one certificate out of a file with several. They count from 1."""
    return f"{_NTH.format(number=number)} {place.shown} > {place.out}"


def _leaf_number(der: bytes) -> int:
    """The place of the first certificate in a PKCS#7 file that is not a CA's, from 1; else 1."""
    try:
        certificates = pkcs7.load_der_pkcs7_certificates(der)
    except (ValueError, UnsupportedAlgorithm):
        return 1
    issuers = {each.issuer for each in certificates}
    leaves = (number for number, each in enumerate(certificates, 1) if each.subject not in issuers)
    return next(leaves, 1)


def _of_der_certificate(_: bytes, place: SourceFile) -> tuple[str, ...]:
    return (f"openssl x509 -inform der -in {place.shown} -out {place.out}",)


def _of_der_request(_: bytes, place: SourceFile) -> tuple[str, ...]:
    return (f"openssl req -inform der -in {place.shown} -out {place.out}",)


def _of_der_key(content: bytes, place: SourceFile) -> tuple[str, ...]:
    encryption = find_encryption(Block(label="ENCRYPTED PRIVATE KEY", line=1, content=content))
    is_encrypted = encryption is not None and _is_encrypted(content)
    legacy = f" {LEGACY}" if is_encrypted and encryption and encryption.is_legacy else ""
    return (f"openssl pkey{legacy} -inform der -in {place.shown} -out {place.out}",)


def _is_encrypted(content: bytes) -> bool:
    root = find_sequence(content)
    return root is not None and len(root.children) == 2 and root.children[1].tag == 0x04


def _of_openssh(content: bytes, place: SourceFile) -> tuple[str, ...]:
    block = next((each for each in blocks_of(content)), None)
    if block is None or b"ssh-ed25519" in block.content[:200]:
        return ()
    return (
        f"cp {place.shown} {place.out}",
        f"chmod 600 {place.out}",
        f"ssh-keygen -p -m PEM -N '' -f {place.out}",
    )


def _of_putty(_: bytes, place: SourceFile) -> tuple[str, ...]:
    return (f"puttygen {place.shown} -O private-openssh -o {place.out}",)


def _of_pvk(content: bytes, place: SourceFile) -> tuple[str, ...]:
    legacy = f" {LEGACY}" if any(content[12:16]) else ""
    return (f"openssl rsa{legacy} -inform PVK -in {place.shown} -out {place.out}",)


def _of_msblob(_: bytes, place: SourceFile) -> tuple[str, ...]:
    return (f"openssl rsa -inform MSBLOB -in {place.shown} -out {place.out}",)


_FINAL: Mapping[tuple[Form, Role], Callable[[bytes, SourceFile], tuple[str, ...]]] = {
    **{(Form.PKCS12, role): _of_pkcs12 for role in (Role.CERTIFICATE, Role.KEY, Role.CA)},
    **{(Form.KEYSTORE, role): _of_keystore for role in (Role.CERTIFICATE, Role.KEY, Role.CA)},
    (Form.PKCS7, Role.CERTIFICATE): _of_pkcs7,
    (Form.PKCS7, Role.CA): _of_pkcs7,
    (Form.DER_CERTIFICATE, Role.CERTIFICATE): _of_der_certificate,
    (Form.DER_CERTIFICATE, Role.CA): _of_der_certificate,
    (Form.DER_REQUEST, Role.REQUEST): _of_der_request,
    (Form.DER_KEY, Role.KEY): _of_der_key,
    (Form.OPENSSH, Role.KEY): _of_openssh,
    (Form.PUTTY, Role.KEY): _of_putty,
    (Form.PVK, Role.KEY): _of_pvk,
    (Form.MSBLOB, Role.KEY): _of_msblob,
}
"""The function that makes the commands for each form that does not hold another file."""
