"""Valid certificates, keys and CAs in some hundred file formats and layouts ("shapes").

A shape describes its file and the other files it needs. It does not say which clients read it: the
tests ask the clients. Keys are created when the tests run; the repository has none.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import subprocess
import tempfile
import textwrap
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
)

from mock_sei.certificates.authority import Authority
from mock_sei.certificates.bundles import BundleOptions, Identity, pkcs7_bundle, pkcs12_bundle
from tests.doctor.key_files import JCEKS, STORE_PASSPHRASE, java_keystore, putty_key

CERTIFICATE, KEY, CA, BOTH = "certificate", "key", "ca", "both"
"""Which of the client's files has the shape; ``BOTH`` is one file for certificate and key."""

PASSPHRASE = "open sesame"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One file of a client whose other files are correct."""

    name: str
    role: str
    content: bytes = field(repr=False)
    partner: bytes = field(default=b"", repr=False)
    """The correct key for a certificate, or the correct certificate for a key."""
    passphrase: str | None = field(default=None, repr=False)
    """The file that the client gets."""
    typed: str = field(default=STORE_PASSPHRASE, repr=False)
    """The passphrase of the file, which a user types at a prompt."""

    @property
    def slug(self) -> str:
        """For a file's name."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.role}-{self.name}".lower()).strip("-")


Change = Callable[[bytes], bytes]


def _lines(change: Callable[[str], str]) -> Change:
    return lambda pem: "".join(f"{change(each)}\n" for each in pem.decode().splitlines()).encode()


def _text(change: Callable[[str], str]) -> Change:
    return lambda pem: change(pem.decode()).encode()


def _body(change: Callable[[str], str]) -> Change:
    """Changes the text between the BEGIN and END lines of each block."""

    def changed(pem: bytes) -> bytes:
        return re.sub(
            r"(-----BEGIN [^\n]*\n)(.*?\n)(-----END )",
            lambda block: block[1] + change(block[2]) + block[3],
            pem.decode(),
            flags=re.DOTALL,
        ).encode()

    return changed


def _wrapped(width: int) -> Change:
    def wrap(body: str) -> str:
        joined = body.replace("\n", "")
        return "".join(
            f"{joined[start : start + width]}\n" for start in range(0, len(joined), width)
        )

    return _body(wrap)


def _flipped(body: str) -> str:
    """Changes one character in the middle."""
    middle = len(body) // 2
    while not body[middle].isalnum():
        middle += 1
    return body[:middle] + ("A" if body[middle] != "A" else "B") + body[middle + 1 :]


def _in_the_middle(text: str) -> Change:
    return _body(lambda body: body[:200] + text + body[200:])


def _indented(line: str) -> str:
    return f"    {line}"


def _manifest(pem: bytes) -> bytes:
    data = base64.b64encode(pem).decode()
    return f"apiVersion: v1\nkind: Secret\ndata:\n  tls.crt: {data}\n".encode()


def _block_scalar(pem: bytes) -> bytes:
    return b"tls.crt: |\n" + textwrap.indent(pem.decode(), "  ").encode()


LAYOUTS: Mapping[str, Change] = {
    "as it is": lambda pem: pem,
    "indented": _lines(_indented),
    "indented by tabs": _lines(lambda line: f"\t{line}"),
    "first line indented": lambda pem: b"  " + pem,
    "body indented": _body(lambda body: textwrap.indent(body, "    ")),
    "last line indented": _text(lambda pem: pem.replace("-----END", "  -----END")),
    "blanks behind the lines": _lines(lambda line: f"{line}   "),
    "tabs behind the lines": _lines(lambda line: f"{line}\t"),
    "line ends of Windows": _lines(lambda line: f"{line}\r"),
    "line ends of old Macs": _text(lambda pem: pem.replace("\n", "\r")),
    "two returns in each line end": _lines(lambda line: f"{line}\r\r"),
    "empty lines between": _lines(lambda line: f"{line}\n"),
    "empty lines at the top": lambda pem: b"\n\n\n" + pem,
    "empty line behind BEGIN": _body(lambda body: "\n" + body),
    "empty line in the body": _in_the_middle("\n\n"),
    "no line end at the end": _text(str.rstrip),
    "control Z at the end": lambda pem: pem + b"\x1a",
    "in double quotes": lambda pem: b'"' + pem.rstrip() + b'"\n',
    "in single quotes": lambda pem: b"'" + pem.rstrip() + b"'\n",
    "a variable of .env": lambda pem: b'CERT="' + pem.rstrip() + b'"\n',
    "a name before BEGIN": lambda pem: b"CERT=" + pem,
    "quoted as in a mail": _lines(lambda line: f"> {line}"),
    "with line numbers": lambda pem: "".join(
        f"{number:6}\t{line}\n" for number, line in enumerate(pem.decode().splitlines(), 1)
    ).encode(),
    "lines of a diff": _lines(lambda line: f"+{line}"),
    "blanks for line ends": _text(lambda pem: pem.strip().replace("\n", " ") + "\n"),
    "blanks for line ends, none behind": _text(lambda pem: pem.strip().replace("\n", " ")),
    "no line ends": _text(lambda pem: pem.replace("\n", "")),
    "body on one line": _wrapped(1_000_000),
    "body in lines of 76": _wrapped(76),
    "body in lines of 253": _wrapped(253),
    "body in lines of 254": _wrapped(254),
    "body in lines of 255": _wrapped(255),
    "body in lines of 300": _wrapped(300),
    "body in lines of 10": _wrapped(10),
    "body in lines of 1": _wrapped(1),
    "blanks within the body's lines": _body(
        lambda body: "".join(f"{line[:20]} {line[20:]}\n" for line in body.splitlines())
    ),
    "comment before": lambda pem: b"# the certificate of svc-demo\n" + pem,
    "comment of other letters before": lambda pem: "Schlüssel für Zoë\n".encode() + pem,
    "long line before": lambda pem: b"x" * 1000 + b"\n" + pem,
    "253 characters and BEGIN": lambda pem: b"x" * 253 + pem,
    "254 characters and BEGIN": lambda pem: b"x" * 254 + pem,
    "bag attributes before": lambda pem: (
        b"Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n" + pem
    ),
    "text behind": lambda pem: pem + b"the end\n",
    "text behind END": lambda pem: pem.rstrip() + b" # end\n",
    "full stop behind END": lambda pem: pem.rstrip() + b".\n",
    "text behind BEGIN": _text(lambda pem: pem.replace("-----\n", "----- x\n", 1)),
    "body on BEGIN's line": _text(lambda pem: pem.replace("-----\n", "-----", 1)),
    "END on the body's line": _text(lambda pem: pem.replace("\n-----END", "-----END")),
    "comment in the body": _in_the_middle("\n# comment\n"),
    "header in the body": _body(lambda body: "Comment: mine\n\n" + body),
    "header without an empty line": _body(lambda body: "Comment: mine\n" + body),
    "byte order mark": lambda pem: b"\xef\xbb\xbf" + pem,
    "two byte order marks": lambda pem: b"\xef\xbb\xbf" * 2 + pem,
    "UTF-16, little end first": lambda pem: b"\xff\xfe" + pem.decode().encode("utf-16-le"),
    "UTF-16, big end first": lambda pem: b"\xfe\xff" + pem.decode().encode("utf-16-be"),
    "UTF-16 of PowerShell": lambda pem: (
        b"\xff\xfe" + pem.decode().replace("\n", "\r\n").encode("utf-16-le")
    ),
    "UTF-16 without a mark": lambda pem: pem.decode().encode("utf-16-le"),
    "UTF-32": lambda pem: pem.decode().encode("utf-32"),
    "Base64 of the file": base64.b64encode,
    "Base64 of the file in lines": base64.encodebytes,
    "Base64 of the file in lines of Windows": lambda pem: base64.encodebytes(pem).replace(
        b"\n", b"\r\n"
    ),
    "a manifest of Kubernetes": _manifest,
    "a block of YAML": _block_scalar,
    "literal line ends": _text(lambda pem: pem.replace("\n", "\\n")),
    "literal line ends of Windows": _text(lambda pem: pem.replace("\n", "\\r\\n")),
    "literal line ends in quotes": _text(lambda pem: '"' + pem.replace("\n", "\\n") + '"\n'),
    "literal line ends with real ones": _text(lambda pem: pem.replace("\n", "\\n\n")),
    "a value of JSON": _text(lambda pem: json.dumps({"pem": pem})),
    "percent encoded": _text(urllib.parse.quote),
    "percent encoded, blanks as plus": _text(urllib.parse.quote_plus),
    "lines of HTML": _lines(lambda line: f"{line}<br>"),
    "a backslash behind each line": _lines(lambda line: f"{line}\\"),
    "a saved page around it": lambda pem: (
        b"<!DOCTYPE html>\n<html><pre>\n" + pem + b"</pre></html>"
    ),
    "rich text": _text(lambda pem: "{\\rtf1\\ansi\n" + pem.replace("\n", "\\\n") + "}"),
    "END missing": _text(lambda pem: pem[: pem.rindex("-----END")]),
    "BEGIN missing": _text(lambda pem: pem.split("\n", 1)[1]),
    "bare Base64": _text(lambda pem: "\n".join(pem.strip().split("\n")[1:-1]) + "\n"),
    "bare Base64 on one line": _text(lambda pem: "".join(pem.strip().split("\n")[1:-1])),
    "END of another label": _text(lambda pem: re.sub("-----END [A-Z ]+", "-----END OTHER", pem)),
    "four hyphens": _text(lambda pem: pem.replace("-----", "----")),
    "six hyphens": _text(lambda pem: pem.replace("-----", "------")),
    "dashes of a word processor": _text(lambda pem: pem.replace("-----", "\u2014\u2014-")),
    "en dashes": _text(lambda pem: pem.replace("-----", "\u2013" * 5)),
    "small letters in the labels": _lines(
        lambda line: line.lower() if line.startswith("-") else line
    ),
    "two blanks in the labels": _text(
        lambda pem: pem.replace("BEGIN ", "BEGIN  ").replace("END ", "END  ")
    ),
    "a blank behind the hyphens": _text(
        lambda pem: pem.replace("-----BEGIN", "----- BEGIN").replace("-----END", "----- END")
    ),
    "zero bytes at the end": lambda pem: pem + b"\0" * 8,
    "zero byte in the body": _in_the_middle("\0"),
    "no-break space in the body": _in_the_middle("\u00a0"),
    "zero-width space before BEGIN": lambda pem: "\u200b".encode() + pem,
    "no-break space before BEGIN": lambda pem: "\u00a0".encode() + pem,
    "padding missing": _body(lambda body: body.replace("=", "")),
    "padding too long": _body(lambda body: body.rstrip("\n").rstrip("=") + "====\n"),
    "last line missing": _body(lambda body: body[: body.rstrip("\n").rindex("\n") + 1]),
    "cut short": _body(lambda body: body[:130]),
    "one character missing": _body(lambda body: body[:99] + body[100:]),
    "one character changed": _body(_flipped),
    "body missing": _body(lambda _: ""),
    "a sign that is not Base64": _in_the_middle("!"),
    "a hyphen in the body": _in_the_middle("-"),
    "Base64 for URLs": _body(lambda body: body.replace("+", "-").replace("/", "_")),
    "twice": lambda pem: pem * 2,
    "compressed": lambda pem: gzip.compress(pem, mtime=0),
    "in an archive": lambda pem: _archive(pem),
}
"""The changes to the text of a correct file."""


def _archive(pem: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("certificate.crt", pem)
    return packed.getvalue()


OF_KEYS = (
    *("as it is", "indented", "first line indented", "body indented", "last line indented"),
    *("blanks behind the lines", "line ends of Windows", "line ends of old Macs"),
    *("two returns in each line end", "empty lines between", "in double quotes"),
    *("a name before BEGIN", "a variable of .env", "blanks for line ends", "no line ends"),
    *("body on one line", "body in lines of 300", "comment before", "254 characters and BEGIN"),
    *("text behind END", "comment in the body", "header in the body", "byte order mark"),
    *("UTF-16 of PowerShell", "UTF-16 without a mark", "Base64 of the file", "a block of YAML"),
    *("a manifest of Kubernetes", "literal line ends", "a value of JSON", "percent encoded"),
    *("END missing", "BEGIN missing", "bare Base64", "END of another label", "four hyphens"),
    *("en dashes", "two blanks in the labels", "no-break space in the body", "padding missing"),
    *("padding too long", "cut short", "one character missing", "one character changed"),
    *("body missing", "a sign that is not Base64", "twice", "compressed", "rich text"),
)
OF_CAS = (
    *("as it is", "indented", "first line indented", "body indented", "line ends of Windows"),
    *("line ends of old Macs", "in double quotes", "a name before BEGIN", "blanks for line ends"),
    *("no line ends", "body on one line", "comment before", "text behind", "text behind END"),
    *("byte order mark", "UTF-16 of PowerShell", "Base64 of the file", "literal line ends"),
    *("bare Base64", "END missing", "four hyphens", "one character changed", "cut short"),
    *("a sign that is not Base64", "compressed", "twice", "header without an empty line"),
    *("empty line in the body", "padding missing", "en dashes", "quoted as in a mail"),
)

NOT_FILES_OF_KEYS: Mapping[str, bytes] = {
    "blanks only": b"  \n\n",
    "words": b"hello, this is the certificate\n",
    "random bytes": bytes(range(7, 250)) * 3,
    "a page": b"<!DOCTYPE html>\n<html><head><title>410 Gone</title></head><body></body></html>",
    "a page without a head": b"<html><body>Link was used already</body></html>",
    "an error in JSON": b'{"code":"resource.gone","message":"The link was used already"}',
    "an error in XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "a path": b"/etc/ssl/certs/certificate.crt\n",
    "a public SSH key": b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC1 user@host\n",
    "a PGP block": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF==\n=abcd\n"
    b"-----END PGP PUBLIC KEY BLOCK-----\n",
    "a public key of SSH2": b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n"
    b"---- END SSH2 PUBLIC KEY ----\n",
    "a mail": b"From: pki@example.com\nSubject: your certificate\nMIME-Version: 1.0\n\nhello\n",
    "a JSON web key": b'{"kty":"RSA","n":"AQAB","e":"AQAB"}',
    "a text of Word": b"PK\x03\x04\x14\0\0\0\0\0" + b"word/document.xml" * 3,
}

PKCS8_CIPHERS = (
    *("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "camellia128", "camellia256", "aria-256-cbc"),
    *("des3", "des-cbc", "rc2", "bf-cbc", "cast5-cbc", "seed-cbc", "sm4-cbc", "aes-256-ecb"),
    *("rc2-40-cbc", "rc2-64-cbc", "aes-256-cfb", "aes-256-ofb", "des-cfb", "rc4"),
)
PKCS5_CIPHERS = (
    *("PBE-MD5-DES", "PBE-SHA1-DES", "PBE-MD5-RC2-64", "PBE-SHA1-RC2-64", "PBE-SHA1-3DES"),
    *("PBE-SHA1-2DES", "PBE-SHA1-RC2-128", "PBE-SHA1-RC2-40", "PBE-SHA1-RC4-128"),
    "PBE-SHA1-RC4-40",
)
PEM_CIPHERS = (
    *("aes128", "aes256", "camellia128", "camellia256", "aria256", "des3", "des", "seed", "bf"),
    *("rc2", "aes-256-cfb", "sm4"),
)
PRFS = ("hmacWithSHA1", "hmacWithSHA256", "hmacWithSHA512", "hmacWithMD5", "hmacWithSHA512-256")


class Maker:
    """Creates the shapes with one identity. Its files are deleted with its folder."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.authority = authority
        now = datetime.now(UTC)
        self.identity = authority.issue_identity("svc-demo", now=now)
        self.folder = folder
        self.certificate, self.key = self.identity.certificate_pem, self.identity.key_pem
        ec_key = ec.generate_private_key(ec.SECP256R1())
        self.ec = Identity(
            certificate=authority.sign_request("svc-demo", ec_key.public_key(), now=now),
            key=ec_key,
            chain=authority.chain,
        )
        self._write("certificate", self.certificate)
        self._write("key", self.key)
        self._write("ec", self.ec.key_pem)
        self._write("ca", authority.pem.root)

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    def made(self, *command: str, typed: bytes = b"") -> bytes:
        """The output of a program that runs in the folder."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            input=typed,
            capture_output=True,
            check=False,
            start_new_session=True,
        )
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def openssl(self, command: str) -> bytes:
        return self.made("openssl", *command.split())

    def shapes(self) -> tuple[Shape, ...]:
        return (
            *self._layouts(),
            *self._certificates(),
            *self._keys(),
            *self._encrypted(),
            *self._authorities(),
            *self._both(),
        )

    def certificate_shape(self, name: str, content: bytes, *, ec: bool = False) -> Shape:
        partner = self.ec.key_pem if ec else self.key
        return Shape(name=name, role=CERTIFICATE, content=content, partner=partner)

    def key_shape(
        self,
        name: str,
        content: bytes,
        passphrase: str | None = None,
        *,
        ec: bool = False,
        typed: str = "",
    ) -> Shape:
        partner = self.ec.certificate_pem if ec else self.certificate
        return Shape(
            name=name,
            role=KEY,
            content=content,
            partner=partner,
            passphrase=passphrase,
            typed=typed or passphrase or STORE_PASSPHRASE,
        )

    def _layouts(self) -> Iterator[Shape]:
        for name, change in LAYOUTS.items():
            yield self.certificate_shape(name, change(self.certificate))
        for name in OF_KEYS:
            yield self.key_shape(name, LAYOUTS[name](self.key))
        for name in OF_CAS:
            changed = LAYOUTS[name](self.authority.pem.root)
            yield Shape(name=name, role=CA, content=changed)
        for name, content in NOT_FILES_OF_KEYS.items():
            yield self.certificate_shape(name, content)
            yield self.key_shape(name, content)

    def _certificates(self) -> Iterator[Shape]:
        identity, leaf, chain = self.identity, self.certificate, self.identity.chain_pem
        request = self.openssl("req -new -key key -subj /CN=svc-demo")
        other = self.authority.issue_identity("svc-web", now=datetime.now(UTC))
        trusted = self.openssl("x509 -in certificate -trustout")
        pfx = pkcs12_bundle(identity, BundleOptions(passphrase="mock-sei"))
        self._write("bundle.pfx", pfx)
        old = self.openssl(
            "pkcs12 -export -legacy -in certificate -inkey key -passout pass:mock-sei"
        )
        three = pkcs12_bundle(identity, BundleOptions(legacy=True))
        bundle = pkcs7_bundle(identity.certificate, identity.chain)
        pem_bundle = pkcs7.serialize_certificates([identity.certificate], Encoding.PEM)
        damaged = LAYOUTS["one character missing"](chain)
        shapes = {
            "TRUSTED CERTIFICATE": trusted,
            "TRUSTED CERTIFICATE behind the certificate": leaf + trusted,
            "X509 CERTIFICATE": leaf.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
            "label of nobody": leaf.replace(b" CERTIFICATE", b" CLIENT CERTIFICATE"),
            "CERTIFICATE REQUEST": request,
            "NEW CERTIFICATE REQUEST": request.replace(b"CERTIFICATE REQ", b"NEW CERTIFICATE REQ"),
            "request labelled CERTIFICATE": request.replace(b" REQUEST", b""),
            "certificate behind its request": request + leaf,
            "a public key": self.openssl("pkey -in key -pubout"),
            "a public RSA key": self.openssl("rsa -in key -RSAPublicKey_out"),
            "PKCS7": pem_bundle,
            "PKCS7 labelled CMS": pem_bundle.replace(b"PKCS7", b"CMS"),
            "PKCS7 labelled CERTIFICATE": pem_bundle.replace(b"PKCS7", b"CERTIFICATE"),
            "PKCS7 in DER": bundle,
            "PKCS7 in bare Base64": base64.encodebytes(bundle),
            "PKCS12": pfx,
            "PKCS12 with RC2": old,
            "PKCS12 with 3DES": three,
            "PKCS12 without encryption": self.openssl(
                "pkcs12 -export -keypbe NONE -certpbe NONE -nomaciter -in certificate -inkey key "
                "-passout pass:mock-sei"
            ),
            "PKCS12 of an EC key": pkcs12_bundle(self.ec, BundleOptions()),
            "PKCS12 as PEM": _pem("PKCS12", pfx),
            "PKCS12 with RC2 as PEM": _pem("PKCS12", old),
            "PKCS12 labelled CERTIFICATE": _pem("CERTIFICATE", pfx),
            "PKCS12 in bare Base64": base64.b64encode(pfx),
            "PKCS12 with RC2 in bare Base64": base64.b64encode(old),
            "PKCS12 cut short": pfx[:-100],
            "DER": identity.certificate.public_bytes(Encoding.DER),
            "DER with a line end": identity.certificate.public_bytes(Encoding.DER) + b"\n",
            "DER cut short": identity.certificate.public_bytes(Encoding.DER)[:-20],
            "DER labelled twice": _pem("CERTIFICATE", leaf),
            "the key": self.key,
            "the EC key": self.ec.key_pem,
            "the key in DER": identity.key.private_bytes(
                Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
            ),
            "a revocation list": self.authority.sign_revocations([], number=1),
            "with its chain": leaf + chain,
            "behind its chain": chain + leaf,
            "with a damaged chain": leaf + damaged,
            "with a chain without its END": leaf + LAYOUTS["END missing"](chain),
            "with an indented chain": leaf + LAYOUTS["indented"](chain),
            "chain joined without a line end": leaf.rstrip() + chain,
            "with the key behind it": leaf + self.key,
            "with the key before it": self.key + leaf,
            "of another key": other.certificate_pem,
            "text of openssl before it": self.openssl("x509 -in certificate -text"),
            "text of openssl and no certificate": self.openssl("x509 -in certificate -text -noout"),
            "Java's keystore": java_keystore(identity),
            "an archive of both": _archive(leaf),
        }
        for name, content in shapes.items():
            yield self.certificate_shape(name, content)
        yield self.certificate_shape("of an EC key", self.ec.certificate_pem, ec=True)
        ec_trusted = self._write("ec.crt", self.ec.certificate_pem)
        yield self.certificate_shape(
            "TRUSTED CERTIFICATE of an EC key",
            self.openssl(f"x509 -in {ec_trusted} -trustout"),
            ec=True,
        )

    def _keys(self) -> Iterator[Shape]:
        rsa, elliptic = self.identity.key, self.ec.key
        assert isinstance(rsa, RSAPrivateKey)
        der = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        old_der = rsa.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        public = rsa.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        sec1 = elliptic.private_bytes(
            Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        )
        old = rsa.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        parameters = self.openssl("ecparam -name prime256v1")
        shapes = {
            "RSA PRIVATE KEY": old,
            "RSA PRIVATE KEY labelled PRIVATE KEY": old.replace(b"RSA PRIVATE", b"PRIVATE"),
            "PRIVATE KEY labelled RSA": self.key.replace(b" PRIVATE", b" RSA PRIVATE"),
            "PRIVATE KEY labelled ENCRYPTED": self.key.replace(b" PRIVATE", b" ENCRYPTED PRIVATE"),
            "ANY PRIVATE KEY": self.key.replace(b" PRIVATE", b" ANY PRIVATE"),
            "DER": der,
            "DER of the old form": old_der,
            "a public RSA key in DER": public,
            "DER in bare Base64": base64.b64encode(der),
            "OPENSSH": self._openssh("key"),
            "PVK": self.openssl("rsa -in key -outform PVK -pvk-none"),
            "MSBLOB": self.openssl("rsa -in key -outform MSBLOB"),
            "the certificate": self.certificate,
            "a CERTIFICATE REQUEST": self.openssl("req -new -key key -subj /CN=svc-demo"),
            "a public key": self.openssl("pkey -in key -pubout"),
            "PKCS12": pkcs12_bundle(self.identity, BundleOptions()),
            "PKCS12 as PEM": _pem("PKCS12", pkcs12_bundle(self.identity, BundleOptions())),
            "behind the certificate": self.certificate + self.key,
            "behind the public key": self.openssl("pkey -in key -pubout") + self.key,
            "before another key": self.key + self.ec.key_pem,
            "behind another key": self.ec.key_pem + self.key,
            "of another certificate": self.openssl("genrsa 2048"),
            "an EC key of another certificate": self.ec.key_pem,
            "a damaged key before it": LAYOUTS["cut short"](self.key) + self.key,
            "text of openssl before it": self.openssl("pkey -in key -text"),
            "Ed25519": self.openssl("genpkey -algorithm ed25519"),
            "SSH2 ENCRYPTED PRIVATE KEY": b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n"
            b"---- END SSH2 ENCRYPTED PRIVATE KEY ----\n",
            "PuTTY": putty_key(rsa),
            "a PGP key": b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQOYBF==\n=abcd\n"
            b"-----END PGP PRIVATE KEY BLOCK-----\n",
        }
        for name, content in shapes.items():
            yield self.key_shape(name, content)
        locked = self._openssh("key", PASSPHRASE)
        yield self.key_shape("OPENSSH, encrypted", locked, PASSPHRASE)
        encryption = BestAvailableEncryption(PASSPHRASE.encode())
        hidden = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
        yield self.key_shape("DER, encrypted", hidden, PASSPHRASE)
        elliptics = {
            "EC": self.ec.key_pem,
            "EC PRIVATE KEY": sec1,
            "EC PRIVATE KEY behind its parameters": parameters + sec1,
            "EC PARAMETERS only": parameters,
            "EC PRIVATE KEY labelled PRIVATE KEY": sec1.replace(b"EC PRIVATE", b"PRIVATE"),
            "OPENSSH of an EC key": self._openssh("ec"),
            "DER of an EC key": elliptic.private_bytes(
                Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            ),
            "EC with explicit parameters": self.openssl("pkey -in ec -ec_param_enc explicit"),
            "EC indented": LAYOUTS["indented"](sec1),
        }
        for name, content in elliptics.items():
            yield self.key_shape(name, content, ec=True)

    def _openssh(self, name: str, passphrase: str = "") -> bytes:
        copy = self._write("ssh", (self.folder / name).read_bytes())
        self.made("ssh-keygen", "-q", "-p", "-f", "ssh", "-N", passphrase)
        return copy.read_bytes()

    def _encrypted(self) -> Iterator[Shape]:
        legacy = "-provider legacy -provider default"
        for cipher in PKCS8_CIPHERS:
            content = self.openssl(
                f"pkcs8 -topk8 -v2 {cipher} {legacy} -in key -passout pass:open_sesame"
            )
            yield self.key_shape(f"PBES2 {cipher}", content, "open_sesame")
        for prf in PRFS:
            content = self.openssl(
                f"pkcs8 -topk8 -v2 aes256 -v2prf {prf} -in key -passout pass:open_sesame"
            )
            yield self.key_shape(f"PBES2 {prf}", content, "open_sesame")
        for cipher in PKCS5_CIPHERS:
            content = self.openssl(
                f"pkcs8 -topk8 -v1 {cipher} {legacy} -in key -passout pass:open_sesame"
            )
            yield self.key_shape(f"PBES1 {cipher}", content, "open_sesame")
        for cipher in PEM_CIPHERS:
            content = self.openssl(
                f"rsa -traditional -{cipher} {legacy} -in key -passout pass:open_sesame"
            )
            yield self.key_shape(f"DEK-Info {cipher}", content, "open_sesame")
        sec1 = self.openssl("ec -aes256 -in ec -passout pass:open_sesame")
        scrypt = self.openssl("pkcs8 -topk8 -scrypt -in key -passout pass:open_sesame")
        good = self.openssl("pkcs8 -topk8 -v2 aes256 -in key -passout pass:open_sesame")
        camellia = self.openssl("pkcs8 -topk8 -v2 camellia256 -in key -passout pass:open_sesame")
        md5 = self.openssl(
            f"pkcs8 -topk8 -v1 PBE-MD5-DES {legacy} -in key -passout pass:open_sesame"
        )
        old = self.openssl("rsa -traditional -aes128 -in key -passout pass:open_sesame")
        right = {
            "PBES2 with scrypt": scrypt,
            "encrypted, line ends of Windows": LAYOUTS["line ends of Windows"](good),
            "encrypted, indented": LAYOUTS["indented"](good),
            "encrypted, cut short": LAYOUTS["cut short"](good),
            "encrypted, one character changed": LAYOUTS["one character changed"](good),
            "encrypted, one character missing": LAYOUTS["one character missing"](good),
            "encrypted, last line missing": LAYOUTS["last line missing"](good),
            "camellia, one character changed": LAYOUTS["one character changed"](camellia),
            "DEK-Info, one character changed": LAYOUTS["one character changed"](old),
            "DEK-Info, without its empty line": old.replace(b"\n\n", b"\n"),
            "DEK-Info, line ends of Windows": LAYOUTS["line ends of Windows"](old),
            "DEK-Info, blanks for line ends": LAYOUTS["blanks for line ends"](old),
            "DEK-Info, literal line ends": LAYOUTS["literal line ends"](old),
            "DEK-Info missing": re.sub(rb"DEK-Info.*\n", b"", old),
            "DEK-Info of an unknown cipher": old.replace(b"AES-128-CBC", b"FOO-128-CBC"),
            "DEK-Info of a short salt": re.sub(rb"(DEK-Info: AES-128-CBC,....).*", rb"\1", old),
            "Proc-Type missing": re.sub(rb"Proc-Type.*\n", b"", old),
        }
        for name, content in right.items():
            yield self.key_shape(name, content, "open_sesame")
        yield self.key_shape("EC PRIVATE KEY, encrypted", sec1, "open_sesame", ec=True)
        for name, content in {
            "PBES2": good,
            "camellia": camellia,
            "PBE-MD5-DES": md5,
            "DEK-Info": old,
        }.items():
            secret = "open_sesame"
            yield self.key_shape(f"{name}, passphrase wrong", content, "wrong", typed=secret)
            yield self.key_shape(f"{name}, passphrase missing", content, typed=secret)
        odd = self.openssl("pkcs8 -topk8 -v2 aes256 -in key -passout pass:Schl\u00fcssel")
        yield self.key_shape("passphrase of other letters", odd, "Schl\u00fcssel")
        yield self.key_shape("passphrase of a long text", good, "x" * 1100)
        yield self.key_shape("passphrase for a plain key", self.key, "open_sesame")

    def _authorities(self) -> Iterator[Shape]:
        root = self.authority.pem.root
        leaf = self.certificate
        shapes = {
            "TRUSTED CERTIFICATE": self.openssl("x509 -in ca -trustout"),
            "TRUSTED CERTIFICATE for clients": self.openssl(
                "x509 -in ca -trustout -addtrust clientAuth"
            ),
            "TRUSTED CERTIFICATE for servers": self.openssl(
                "x509 -in ca -trustout -addtrust serverAuth"
            ),
            "X509 CERTIFICATE": root.replace(b" CERTIFICATE", b" X509 CERTIFICATE"),
            "DER": self.authority.root.public_bytes(Encoding.DER),
            "PKCS7": pkcs7.serialize_certificates([self.authority.root], Encoding.PEM),
            "PKCS7 in DER": pkcs7_bundle(self.authority.root, [self.authority.root]),
            "a key": self.key,
            "a revocation list": self.authority.sign_revocations([], number=1),
            "with a revocation list": root + self.authority.sign_revocations([], number=1),
            "with a key": root + self.key,
            "before a damaged one": root + LAYOUTS["one character missing"](root),
            "behind a damaged one": LAYOUTS["one character missing"](root) + root,
            "behind a cut one": LAYOUTS["END missing"](root) + root,
            "before a cut one": root + LAYOUTS["END missing"](root),
            "behind a leaf": leaf + root,
            "a leaf": leaf,
            "joined without a line end": root.rstrip() + root,
            "before an indented one": root + LAYOUTS["indented"](root),
            "a page": b"<!DOCTYPE html>\n<html></html>",
            "behind a page": b"<!DOCTYPE html>\n<html></html>\n" + root,
            "random bytes": bytes(range(7, 250)) * 3,
            "Java's keystore": java_keystore(None, self.authority.root),
            "Java's other keystore": java_keystore(None, self.authority.root, magic=JCEKS),
            "empty": b"",
        }
        for name, content in shapes.items():
            yield Shape(name=name, role=CA, content=content)

    def _both(self) -> Iterator[Shape]:
        leaf, key = self.certificate, self.key
        for name, content in {
            "certificate and key": leaf + key,
            "key and certificate": key + leaf,
            "joined without a line end": leaf.rstrip() + key,
            "indented": LAYOUTS["indented"](leaf + key),
            "blanks for line ends": LAYOUTS["blanks for line ends"](leaf + key),
            "no line ends": LAYOUTS["no line ends"](leaf + key),
            "Base64 of the file": base64.b64encode(leaf + key),
            "UTF-16 of PowerShell": LAYOUTS["UTF-16 of PowerShell"](leaf + key),
            "only the certificate": leaf,
            "only the key": key,
            "as openssl pkcs12 -nodes writes it": self.openssl(
                "pkcs12 -in bundle.pfx -nodes -passin pass:mock-sei"
            ),
        }.items():
            yield Shape(name=name, role=BOTH, content=content)


def _pem(label: str, der: bytes) -> bytes:
    text = base64.encodebytes(der)
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), text, label.encode())


def make_shapes(authority: Authority) -> tuple[Shape, ...]:
    with tempfile.TemporaryDirectory(prefix="mock-sei-shapes-") as folder:
        return Maker(authority, Path(folder)).shapes()
