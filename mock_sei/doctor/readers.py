"""Why Java, Go and .NET cannot read a file that OpenSSL can read.

Sources: experiments with Java 17 and Go (``tests/e2e/test_doctor_shapes.py``), and the
documentation of .NET's ``PemEncoding``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mock_sei.certificates.der import SEQUENCE, find_sequence
from mock_sei.certificates.forms import Form, is_certificate
from mock_sei.certificates.pem import BYTE_ORDER_MARK, Block, blocks_of
from mock_sei.certificates.recognition import form_of
from mock_sei.doctor.keys import KeyReading

JAVA, GO, DOTNET = "java", "go", "dotnet"


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """A reason why some clients cannot read a file that OpenSSL can read."""

    clients: tuple[str, ...]
    why: str


_MARK_FIRST = Obstacle(clients=(JAVA, GO), why="a byte order mark is before the first line")
_RETURNS = Obstacle(clients=(GO,), why="each line ends with two carriage returns")
_OTHER_LABEL = "the label is {label}, not CERTIFICATE"
_NOT_FIRST = Obstacle(clients=(JAVA,), why="the file does not begin with a certificate")
_TRUST = Obstacle(clients=(JAVA,), why="trust settings follow the certificate")
_TEXT_FIRST = Obstacle(clients=(JAVA, GO), why="the BEGIN line contains other text")

_SWALLOWED = Obstacle(clients=(JAVA,), why="a BEGIN line has no END line before the next block")
_DAMAGED_FIRST = Obstacle(clients=(GO,), why="a damaged key is before the good one")
_EXPLICIT_CURVE = Obstacle(
    clients=(GO,), why="the curve is given by its parameters and not by its name"
)

_JAVA_HEADER = re.compile(rb"(?:\A|[\r\n])-----")


def obstacles_of_certificates(content: bytes) -> Iterator[Obstacle]:
    """The reasons why clients cannot read the first certificate of a file."""
    blocks = [each for each in blocks_of(content) if each.is_certificate]
    if not blocks:
        return
    first = blocks[0]
    yield from _of_text(content, first)
    if first.label != "CERTIFICATE":
        why = _OTHER_LABEL.format(label=first.label)
        yield Obstacle(clients=(GO, DOTNET), why=why)
    if not content.startswith(BYTE_ORDER_MARK) and not _java_finds(content, first):
        yield _NOT_FIRST
    if first.swallows:
        yield _SWALLOWED
    root = find_sequence(first.content)
    if root is not None and is_certificate(root.raw) and _trust_settings(first, root.raw):
        yield _TRUST


def obstacles_of_key(content: bytes, reading: KeyReading) -> Iterator[Obstacle]:
    """The reasons why clients cannot read the private key of a file.

    Two facts are left out, because the file is not their cause: Java reads no PEM key at all, and
    Go reads no encrypted key. The check of the client reports them.
    """
    block = next((each for each in blocks_of(content) if each.is_key), None)
    if block is None:
        return
    if not reading.is_encrypted and not _is_first(block):
        yield _DAMAGED_FIRST
    if _has_explicit_curve(block):
        yield _EXPLICIT_CURVE
    for obstacle in _of_text(content, block):
        clients = tuple(each for each in obstacle.clients if each != JAVA)
        yield Obstacle(clients=clients, why=obstacle.why)


def _is_first(block: Block) -> bool:
    """Whether the first key block can be read."""
    form = form_of(block.content)
    return form is Form.DER_KEY or block.label == "ENCRYPTED PRIVATE KEY"


def _has_explicit_curve(block: Block) -> bool:
    """Whether a PKCS#8 key gives its curve by parameters, a sequence, and not by its name."""
    root = find_sequence(block.content)
    algorithm = root.child(1, SEQUENCE) if root else None
    if algorithm is None or len(algorithm.children) < 2:
        return False
    return algorithm.children[0].identifier == _EC and algorithm.children[1].tag == SEQUENCE


_EC = "1.2.840.10045.2.1"


def _of_text(content: bytes, block: Block) -> Iterator[Obstacle]:
    begin = f"-----BEGIN {block.label}-----".encode("latin-1")
    place = content.find(begin)
    if content.startswith(BYTE_ORDER_MARK + begin):
        yield _MARK_FIRST
    elif place > 0 and content[place - 1 : place] != b"\n":
        yield _TEXT_FIRST
    if content[place + len(begin) : place + len(begin) + 3] == b"\r\r\n":
        yield _RETURNS


def _java_finds(content: bytes, first: Block) -> bool:
    """Whether Java finds the certificate: it starts at the first line with ``-----``."""
    found = _JAVA_HEADER.search(content)
    if found is None:
        return False
    begin = content.find(b"-----", found.start())
    return content.startswith(f"-----BEGIN {first.label}-----".encode("latin-1"), begin)


def _trust_settings(block: Block, certificate: bytes) -> bytes:
    """The trust settings that ``openssl x509 -trustout`` writes after a certificate, or nothing."""
    rest = block.content[len(certificate) :]
    return b"" if rest in (b"", b"\x30\x00") else rest


def is_refused_for_servers(block: Block) -> bool:
    """Whether trust settings after a certificate forbid OpenSSL to trust servers with it."""
    root = find_sequence(block.content)
    if root is None:
        return False
    settings = find_sequence(_trust_settings(block, root.raw))
    if settings is None:
        return False
    trusted = [each for each in settings.children if each.tag == 0x30]
    rejected = [each for each in settings.children if each.tag == 0xA0]
    if any(_FOR_SERVERS & {use.identifier for use in each.children} for each in rejected):
        return True
    return bool(trusted) and not any(
        _FOR_SERVERS & {use.identifier for use in each.children} for each in trusted
    )


_FOR_SERVERS = {"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"}
"""The object identifiers of serverAuth and anyExtendedKeyUsage."""
