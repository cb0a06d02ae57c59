"""The PEM reader accepts exactly the texts that OpenSSL accepts."""

from __future__ import annotations

import ssl

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sei.certificates.der import find_sequence
from mock_sei.certificates.pem import (
    BYTE_ORDER_MARK,
    Block,
    MistakeKind,
    PemMistake,
    blocks_of,
    read_pem,
)
from mock_sei.certificates.pem_mistakes import find_mistake
from mock_sei.certificates.store import CertificateStore

# No byte that is not ASCII: whether OpenSSL drops it at a line's end depends on the machine
PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b" ", b"\t", b":", b"-", b"=", b"A", b"\x0b", b'"', b"\n\n"),
        *(b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"),
        *(b"-----BEGIN OTHER-----\n", b"-----END OTHER-----\n"),
        *(b"Proc-Type: 4,ENCRYPTED\n\n", b"x" * 254, b"x" * 253 + b"\n"),
    ]
)


@st.composite
def spoiled(draw: st.DrawFn, pem: bytes) -> bytes:
    """A PEM file with inserted pieces, removed bytes, and lines of another length."""
    body = b"".join(pem.splitlines()[1:-1])
    width = draw(st.sampled_from([64, 64, 63, 76, 254, 255, 300]))
    lines = [body[start : start + width] for start in range(0, len(body), width)]
    lines = [b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""]
    content = b"\n".join(lines * draw(st.integers(1, 2)))
    for _ in range(draw(st.integers(1, 3))):
        starts = [0, *(at + 1 for at, byte in enumerate(content) if byte == 10)]
        ends = [max(0, each - 1) for each in starts]
        place = draw(st.sampled_from([*starts, *ends]) | st.integers(0, len(content)))
        out = draw(st.sampled_from([0, 0, 1, 2, 30]))
        content = content[:place] + draw(PIECES) + content[place + out :]
    return draw(st.sampled_from([b"", BYTE_ORDER_MARK])) + content


def is_taken(content: bytes) -> bool:
    """True if this reader, and the library for its blocks, accept a file of CAs."""
    found = read_pem(content)
    certificates = [each for each in found if isinstance(each, Block) and each.is_certificate]
    if any(isinstance(each, PemMistake) for each in found):
        return False
    return bool(certificates) and all(is_certificate(each.content) for each in certificates)


def is_certificate(der: bytes) -> bool:
    root = find_sequence(der)
    try:
        x509.load_der_x509_certificate(root.raw if root else b"")
    except ValueError:
        return False
    return True


@pytest.mark.long
@given(data=st.data())
@settings(print_blob=True)
def test_openssl_takes_the_same_files(
    shared_store: CertificateStore, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = data.draw(spoiled(shared_store.authority.pem.root))
    path = tmp_path_factory.getbasetemp() / "spoiled.pem"
    path.write_bytes(content)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        taken = False
    else:
        taken = True
    assert is_taken(content) == taken


BODY = b"QUJD\n"
GOOD = b"-----BEGIN X-----\n%b-----END X-----\n" % BODY

MISTAKES = {
    b" " + GOOD: (MistakeKind.INDENTED, 1),
    b"\n\n" + GOOD.replace(b"-----END", b"  -----END"): (MistakeKind.INDENTED, 5),
    b"A=" + GOOD: (MistakeKind.TEXT_BEFORE, 1),
    GOOD.rstrip() + b";\n": (MistakeKind.TEXT_BEHIND, 3),
    GOOD.replace(b"-----", b"----"): (MistakeKind.HYPHENS, 1),
    GOOD.lower(): (MistakeKind.LETTERS, 1),
    GOOD.replace(b"\n", b"\r"): (MistakeKind.OLD_LINE_ENDS, 1),
    GOOD.replace(b"\n", b" "): (MistakeKind.NO_LINE_ENDS, 1),
    GOOD.rstrip() + GOOD: (MistakeKind.NO_LINE_ENDS, 3),
    BODY + b"-----END X-----\n": (MistakeKind.NO_BEGIN, 2),
    b"-----BEGIN X-----\n" + BODY: (MistakeKind.NO_END, 1),
    GOOD.replace(b"END X", b"END Y"): (MistakeKind.OTHER_END, 1),
    GOOD.replace(BODY, BODY + b"\n" + BODY): (MistakeKind.EMPTY_LINE, 3),
    GOOD.replace(BODY, b"\n" + BODY + BODY): (MistakeKind.LONG_LINE, 4),
    GOOD.replace(b"X", b"CERTIFICATE").replace(BODY, b"a: b\n\n" + BODY): (MistakeKind.HEADER, 2),
    GOOD.replace(BODY, BODY + b"!\n"): (MistakeKind.STRANGE_CHARACTER, 3),
    GOOD.replace(BODY, b"QUJ\n"): (MistakeKind.CUT_SHORT, 1),
    GOOD.replace(BODY, b""): (MistakeKind.NO_BODY, 1),
}


def test_a_good_file_has_no_mistake() -> None:
    assert find_mistake(GOOD) is None
    assert [(each.label, each.content) for each in blocks_of(GOOD)] == [("X", b"ABC")]


def test_each_mistake_is_named_with_its_line() -> None:
    for content, (mistake, line) in MISTAKES.items():
        found = find_mistake(content)
        assert found is not None, content
        assert (found.mistake, found.line) == (mistake, line), content
        assert str(found).startswith(f"line {line}: ")
    assert {mistake for mistake, _ in MISTAKES.values()} == set(MistakeKind)


def test_headers_are_for_encrypted_keys_and_for_what_nobody_looks_at() -> None:
    headers = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
    for label, good in ((b"RSA PRIVATE KEY", True), (b"OTHER", True), (b"CERTIFICATE", False)):
        content = GOOD.replace(b"X", label).replace(BODY, headers + BODY)
        assert (find_mistake(content) is None) == good


def test_what_follows_a_fault_is_read_all_the_same() -> None:
    content = b"-----BEGIN Y-----\n" + GOOD + b"-----BEGIN X-----\n!\n-----END X-----\n" + GOOD
    labels = [each.label for each in read_pem(content) if isinstance(each, Block)]
    assert labels == ["X", "X"]
