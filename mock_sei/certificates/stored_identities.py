"""How a store keeps a certificate with its private key: as JSON with PEM texts."""

from __future__ import annotations

import json

from cryptography import x509

from mock_sei.certificates.authority import load_key
from mock_sei.certificates.bundles import Identity
from mock_sei.values.codecs import Codec


def _write(identity: Identity) -> str:
    return json.dumps(
        {
            "certificate": identity.certificate_pem.decode(),
            "key": identity.key_pem.decode(),
            "chain": identity.chain_pem.decode(),
        }
    )


def _read(text: str) -> Identity:
    told = json.loads(text)
    chain = told["chain"].encode()
    return Identity(
        certificate=x509.load_pem_x509_certificate(told["certificate"].encode()),
        key=load_key(told["key"].encode()),
        chain=tuple(x509.load_pem_x509_certificates(chain)) if chain else (),
    )


IDENTITY: Codec[Identity] = Codec(write=_write, read=_read)
