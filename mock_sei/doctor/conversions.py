"""What a file holds, in words, and the commands that turn it into what a client wants.

Source of the commands: Security FAQ, the extraction instructions; with the user's own file names.
"""

from __future__ import annotations

import shlex

from mock_sei.doctor.material import Form, form_of, has_certificate, has_key, labels
from mock_sei.doctor.setup import File


def contents(file: File | None) -> str:
    """What a file is, in a few words."""
    content = file.content if file else b""
    form = form_of(content)
    if form is not Form.PEM:
        return str(form)
    kinds = [
        word
        for word, there in (
            ("a certificate", has_certificate(content)),
            ("a private key", has_key(content)),
        )
        if there
    ]
    return " and ".join(kinds) or "PEM of another kind"


def from_pkcs12(file: File) -> str:
    """The two commands of the Security FAQ (its en dash read as a hyphen)."""
    path = shlex.quote(str(file.path))
    return (
        f"openssl pkcs12 -in {path} -clcerts -nokeys -out certificate.crt\n"
        f"openssl pkcs12 -in {path} -nodes -out privatekey.key -nocerts\n"
        "then --cert certificate.crt --key privatekey.key"
    )


def to_pem(file: File, out: str = "certificate.crt") -> str | None:
    path, form = shlex.quote(str(file.path)), form_of(file.content)
    if form is Form.PKCS12:
        if out == "ca.pem":
            return f"openssl pkcs12 -in {path} -nokeys -out {out}"
        return from_pkcs12(file)
    if form is Form.PKCS7:
        return f"openssl pkcs7 -inform der -in {path} -print_certs -out {out}"
    if "PKCS7" in labels(file.content):
        return f"openssl pkcs7 -in {path} -print_certs -out {out}"
    if form is Form.DER_CERTIFICATE:
        return f"openssl x509 -inform der -in {path} -out {out}"
    return None
