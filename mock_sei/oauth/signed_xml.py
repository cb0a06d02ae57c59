"""Signed XML: it decodes a Base64 text, and returns the element that the signature covers.

The element is made only from the bytes that the signature covers. This module does not know what a
document means. Only this module uses signxml, which comes with lxml in the extra ``[saml]``; both
are imported when the first document arrives.

Sources: create-token page (Base64 of XML, signed with the client's private key); SAML core section
5.4, which says which parts of XML Signature a SAML message may use.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mock_sei.errors import GRANT_INVALID, Check, Refusal
from mock_sei.oauth.token_request import malformed
from mock_sei.rules import checks

if TYPE_CHECKING:
    from lxml import etree

MAX_SIZE = 128 * 1024
"""The largest XML document, in bytes: ten times the size of an assertion with certificates."""

MAX_PREFIXES = 50
"""A document may have so many different namespace prefixes. With thousands of them, inclusive
canonicalization would take minutes."""

CHECK = checks.SIGNATURE
_refused = Check(
    name=CHECK, kind=GRANT_INVALID, description="The signature of the assertion is not valid."
).refusal

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_PREFIX = re.compile(r"\sxmlns:([^\s=]+)=")


def is_installed() -> bool:
    """True if the libraries of the extra ``[saml]`` are installed. It does not import them."""
    return all(find_spec(name) is not None for name in ("lxml", "signxml"))


def decode_parameter(name: str, text: str) -> bytes:
    """The bytes of a Base64 parameter, which may have line breaks (RFC 2045).

    Raises ``invalid_request``.
    """
    try:
        data = base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
    except ValueError:  # not Base64, not ASCII
        raise malformed(
            f"{name} is not Base64 in its standard alphabet; if it has a space, a plus sign was "
            "sent without percent-encoding.",
            description=f"{name} is not Base64.",
        ) from None
    if len(data) > MAX_SIZE:
        large = f"{name} is too large."
        size = f"{len(data)}"
        raise malformed(large, expected=f"at most {MAX_SIZE} bytes", actual=size, description=large)
    return data


def parse_xml(name: str, data: bytes) -> etree._Element:
    """The root element of an XML document. Raises ``invalid_request``, also if it has a DTD."""
    from lxml import etree

    try:
        root = etree.fromstring(data, _parser())
    except (etree.LxmlError, LookupError, ValueError) as error:
        garbled = f"{name} is not well-formed XML"
        raise malformed(f"{garbled}: {_clipped(error)}", description=f"{garbled}.") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.externalDTD is not None:
        declared = f"{name} has a document type declaration, which SAML does not allow."
        raise malformed(declared, description=declared)
    prefixes = len(set(_PREFIX.findall(etree.tostring(root, encoding="unicode"))))
    if prefixes > MAX_PREFIXES:
        many = f"{name} declares too many namespace prefixes."
        raise malformed(
            many, expected=f"at most {MAX_PREFIXES}", actual=f"{prefixes}", description=many
        )
    return root


def require_signed(
    root: etree._Element, holder: etree._Element, *, certificate: str, now: datetime
) -> etree._Element:
    """A copy of ``holder``, made from the bytes that the signature inside it covers.

    ``holder`` is the root or one of its children. A signature that covers another element is
    refused: so a signature cannot be moved to a forged element (SAML core section 5.4.2). KeyInfo
    is ignored: the signature must fit the PEM ``certificate``, which must be valid at the time
    ``now``. Raises ``invalid_grant``.
    """
    from signxml.algorithms import SignatureMethod
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    _load_schemas()
    place = local_name(holder)
    found = len(holder.findall(SIGNATURE))
    if found != 1:
        raise _refused(
            f"The {place} has {found} signatures." if found else f"The {place} is not signed.",
            expected=f"one Signature, a child of the {place}",
            actual=f"{found}",
        )
    methods = (each for each in SignatureMethod if each.name.startswith(("RSA_", "ECDSA_")))
    config = SignatureConfiguration(
        location="./" if holder is root else f"./{holder.tag}/",
        signature_methods=frozenset(each for each in methods if "SHA1" not in each.name),
        ignore_ambiguous_key_info=True,
        verification_time=now,
    )
    try:
        result = XMLVerifier().verify(
            root, x509_cert=certificate, id_attribute="ID", parser=_parser(), expect_config=config
        )
    except (OSError, ImportError):  # of this machine, and not of the assertion
        raise
    except Exception as error:  # whatever failed in the library: nothing was verified
        raise _unverified(error, place) from None
    signed = None if isinstance(result, list) else result.signed_xml
    if signed is None or (signed.tag, signed.get("ID")) != (holder.tag, holder.get("ID")):
        raise _refused(
            f"The signature in the {place} does not cover this {place}.",
            expected=f"a Reference to #{holder.get('ID', '')}",
            actual="no XML" if signed is None else f"{local_name(signed)} {signed.get('ID')}",
        )
    return signed


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.partition("}")[2] or element.tag


def _parser() -> etree.XMLParser:
    """A parser that reads no DTD, expands no entities, opens no connection and keeps limits."""
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)


@cache
def _load_schemas() -> None:
    """Loads the schemas that every signature must meet. Raises ``OSError`` without enough files.

    libxml2 opens the schemas that a schema imports. If it cannot, its error does not say why.
    """
    from signxml.verifier import XMLVerifier

    with contextlib.ExitStack() as opened:
        for _ in range(_SCHEMA_FILES):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
    XMLVerifier.schemas()  # type: ignore[no-untyped-call]  # signxml has no type for it


_SCHEMA_FILES = 4
"""More than the files that are open at the same time while a schema is loaded."""


def _unverified(error: Exception, place: str) -> Refusal:
    from signxml.exceptions import InvalidCertificate, InvalidDigest, InvalidSignature

    if isinstance(error, InvalidCertificate):
        dates = str(error).partition(". Use")[0]
        return _refused(f"The registered certificate cannot be used now: {dates[:400]}.")
    if isinstance(error, InvalidDigest):
        return _refused(f"The {place} was changed after it was signed: its digest differs.")
    if isinstance(error, InvalidSignature):
        return _refused(
            "The signature does not fit the application's registered certificate: it was made with "
            "another private key, or the assertion was changed since."
        )
    return _refused(f"The signature cannot be checked: {_clipped(error)}")


def _clipped(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
