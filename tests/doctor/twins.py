"""For each finding, a change to a correct setup or to the network's results that causes it.

Its twin is the same setup and network without the change, which causes no finding.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.bundles import BundleOptions, pkcs7_bundle, pkcs12_bundle
from mock_sei.certificates.profiles import Variant
from mock_sei.doctor.observed import (
    Ended,
    Observed,
    ObservedAnswer,
    ObservedHandshake,
    Reached,
    Trust,
)
from mock_sei.doctor.setup import GivenFile, Setup, read_target
from mock_sei.doctor.wire import Flight
from mock_sei.errors import (
    API_KEY,
    CERTIFICATE_NAME,
    GRANT_INVALID,
    GRANT_NOT_ALLOWED,
    KEY_PAIR,
    REQUEST_INVALID,
    SOURCE_ADDRESS,
    TOKEN_EXPIRED,
    TRAFFIC_PATTERN,
    Refusal,
    RefusalKind,
    oauth_error_body,
)
from tests.certificates.chains import ACCOUNT, chain_of
from tests.certificates.client_ca import NOW as CLIENT_NOW
from tests.certificates.client_ca import ClientCA, pem, rsa_key
from tests.doctor.clients import NOW, Clients, certificate, file
from tests.doctor.file_changes import CHANGES

Changes = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The setup and the results to which a change is applied."""

    setup: Setup
    seen: Observed


@dataclass(frozen=True)
class Case:
    """A change that causes one finding."""

    setup: Callable[[Clients], Changes] = lambda _: {}
    options: Changes = field(default_factory=dict)
    seen: Callable[[Observed], Observed] = lambda seen: seen
    chain: bool = False
    """Whether the setup has a client's own chain."""


def sound(clients: Clients, case: Case) -> Sound:
    """A correct setup, with a client's own chain if the case needs one."""
    setup = _own_chain(clients) if case.chain else clients.setup()
    server = clients.authority.issue_server(["localhost"], now=setup.now)
    shown = tuple(each.public_bytes(Encoding.DER) for each in (server.certificate, *server.chain))
    answered = ObservedHandshake(
        ended=Ended.ANSWERED,
        version="TLSv1.2",
        showed_certificate=True,
        flight=Flight(chain=shown, wants_certificate=True),
        date=format_datetime(setup.now, usegmt=True),
    )
    token = {"access_token": "abc.def.ghi", "token_type": "BearerToken", "expires_in": 3600}
    seen = Observed(
        reached=Reached.CONNECTED,
        addresses=("127.0.0.1",),
        newer=answered,
        older=answered,
        trust=Trust(),
        answer=ObservedAnswer(status=200, body=json.dumps(token)),
    )
    return Sound(setup=setup, seen=seen)


def changed(clients: Clients, case: Case) -> Sound:
    begun = sound(clients, case)
    options = replace(begun.setup.options, **case.options)
    setup = replace(begun.setup, options=options, **case.setup(clients))
    return Sound(setup=setup, seen=case.seen(begun.seen))


def _own_chain(clients: Clients, changes: Mapping[str, str] | None = None) -> Setup:
    identity = chain_of(changes).identity
    return clients.setup(
        certificate=file(pem(identity.certificate, *identity.chain).encode()),
        key=file(identity.key_pem, "privatekey.key"),
        options={"username": ACCOUNT},
        now=CLIENT_NOW,
    )


def _url(url: str) -> Case:
    return Case(setup=lambda _: {"target": read_target(url)})


def _file(place: str, content: Callable[[Clients], bytes], **more: Any) -> Case:
    return Case(setup=lambda clients: {place: file(content(clients), f"{place}.pem")} | more)


def _unread(place: str, **problem: Any) -> Case:
    return Case(setup=lambda _: {place: GivenFile(path=Path("somewhere"), **problem)})


def _identity(**changes: Any) -> Case:
    """The certificate of an account that was issued in another way."""

    def make(clients: Clients) -> Changes:
        issued = clients.issue("svc-demo", **changes)
        return {
            "certificate": file(issued.certificate_pem),
            "key": file(issued.key_pem, "privatekey.key"),
        }

    return Case(setup=make)


def _shown(**changes: Any) -> Case:
    """A certificate of an unknown CA, with its key."""

    def make(_: Clients) -> Changes:
        key = rsa_key(changes.pop("bits", 2048))
        made = certificate(key, **changes)
        return {
            "certificate": file(made.public_bytes(Encoding.PEM)),
            "key": file(_pem_of(key), "privatekey.key"),
        }

    return Case(setup=make)


def _pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _chain(name: str, place: str = "intermediate") -> Case:
    def make(clients: Clients) -> Changes:
        setup = _own_chain(clients, {place: name})
        return {"certificate": setup.certificate, "key": setup.key}

    return Case(setup=make, chain=True)


def _environ(files: Mapping[str, GivenFile] | None = None, **values: str) -> Case:
    return Case(setup=lambda _: {"environ": values, "ca_files": files or {}})


def _other_ca() -> bytes:
    return certificate().public_bytes(Encoding.PEM)


def _handshakes(**changes: Any) -> Case:
    def make(seen: Observed) -> Observed:
        assert seen.newer is not None
        shake = replace(seen.newer, **({"ended": Ended.ALERT} | changes))
        return replace(seen, newer=shake, older=shake, answer=None)

    return Case(seen=make)


def _alert(name: str, **changes: Any) -> Case:
    return _handshakes(alert=name, **changes)


def _trust(code: int, **changes: Any) -> Case:
    return Case(seen=lambda seen: replace(seen, trust=Trust(code=code, **changes), answer=None))


def _reached(reached: Reached) -> Case:
    return Case(seen=lambda _: Observed(reached=reached, problem="so"))


def _answer(kind: RefusalKind) -> Case:
    refusal = Refusal(kind, check="test", because="so")
    body = json.dumps(oauth_error_body(refusal, "track-1"))
    return Case(
        seen=lambda seen: replace(seen, answer=ObservedAnswer(status=kind.status, body=body))
    )


def _swapped(seen: Observed) -> Observed:
    refused = _answer(KEY_PAIR).seen(seen)
    return replace(refused, swapped_answer=seen.answer)


def _not_tls(plain: str | None, *, is_control: bool = False) -> Case:
    shake = ObservedHandshake(ended=Ended.NOT_TLS)
    return Case(
        seen=lambda _: Observed(
            reached=Reached.CONNECTED,
            newer=shake,
            older=shake,
            plain=plain,
            is_control=is_control,
        )
    )


def _other_mock_sei(_: Clients) -> Changes:
    return {"ca": file(Authority(new_authority_pem()).pem.root, "ca.pem")}


def _encrypted(clients: Clients) -> bytes:
    return clients.identity.encrypted_key_pem("pass phrase")


CASES: Mapping[str, Case] = {
    "url-not-https": _url("http://localhost:444"),
    "url-no-host": _url("https://"),
    "url-path": _url("https://localhost:444/v1/order"),
    "url-white-space": _url("https://localhost:444\n"),
    "url-extra": _url("https://localhost:444?x=y"),
    "ca-file-missing": _unread("ca", missing=True),
    "ca-file-unreadable": _unread("ca", problem="denied"),
    "ca-file-empty": _file("ca", lambda _: b""),
    "ca-not-pem": _file("ca", lambda clients: clients.identity.key_pem),
    "ca-is-leaf": _file("ca", lambda clients: clients.identity.certificate_pem),
    "ca-expired": Case(
        setup=lambda clients: {
            "now": clients.authority.issuing.not_valid_after_utc + timedelta(days=1)
        }
    ),
    "certificate-file-not-given": Case(setup=lambda _: {"certificate": None}),
    "certificate-file-missing": _unread("certificate", missing=True),
    "certificate-file-unreadable": _unread("certificate", problem="denied"),
    "certificate-file-empty": _file("certificate", lambda _: b""),
    "certificate-is-pkcs12": _file(
        "certificate", lambda clients: pkcs12_bundle(clients.identity, BundleOptions())
    ),
    "certificate-is-pkcs7": _file(
        "certificate",
        lambda clients: pkcs7_bundle(clients.identity.certificate, clients.identity.chain),
    ),
    "certificate-is-der": _file(
        "certificate", lambda clients: clients.identity.certificate.public_bytes(Encoding.DER)
    ),
    "certificate-not-pem": _file("certificate", lambda _: b"hello"),
    "certificate-and-key-swapped": Case(
        setup=lambda clients: {
            "certificate": file(clients.identity.key_pem),
            "key": file(clients.identity.certificate_pem, "privatekey.key"),
        }
    ),
    "certificate-order": _file(
        "certificate",
        lambda clients: clients.authority.pem.issuing + clients.identity.certificate_pem,
    ),
    "key-in-certificate-file": _file(
        "certificate", lambda clients: clients.identity.certificate_pem + clients.identity.key_pem
    ),
    "key-file-not-given": Case(setup=lambda _: {"key": None}),
    "key-file-missing": _unread("key", missing=True),
    "key-file-unreadable": _unread("key", problem="denied"),
    "key-file-empty": _file("key", lambda _: b""),
    "key-is-pkcs12": _file("key", lambda clients: pkcs12_bundle(clients.identity, BundleOptions())),
    "key-is-der": _file(
        "key",
        lambda clients: clients.identity.key.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
        ),
    ),
    "key-not-pem": _file("key", lambda _: b"hello"),
    "passphrase-missing": _file("key", _encrypted),
    "passphrase-wrong": replace(_file("key", _encrypted), options={"passphrase": "another"}),
    "passphrase-unused": Case(options={"passphrase": "another"}),
    "key-not-of-certificate": _file("key", lambda clients: clients.issue("svc-web").key_pem),
    "key-readable-by-others": Case(
        setup=lambda clients: {"key": file(clients.identity.key_pem, "key.pem", mode=0o644)}
    ),
    "certificate-expired": _identity(variant=Variant.EXPIRED),
    "certificate-not-yet-valid": _identity(variant=Variant.NOT_YET_VALID),
    "certificate-expires-soon": Case(
        setup=lambda clients: {"now": clients.identity.not_after - timedelta(days=5)}
    ),
    "certificate-name": Case(options={"username": "svc-web"}),
    "certificate-self-signed": _identity(variant=Variant.SELF_SIGNED),
    "certificate-purpose": _shown(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "certificate-weak": _shown(bits=1024),
    "certificate-critical-extension": _chain("a strange critical extension"),
    "chain-expired": _chain("expired"),
    "chain-not-yet-valid": _chain("not yet valid"),
    "chain-signature": Case(
        setup=lambda _: {
            "certificate": file(
                pem(chain_of().identity.certificate, *chain_of().identity.chain).encode()
            )
        },
        chain=True,
    ),
    "chain-weak": _chain("signed with SHA-1"),
    "chain-purpose": _chain("for servers"),
    "chain-refused": _chain("names that it may not sign"),
    "chain-path-length": _chain("no CA below", "root"),
    "credential-spaces": Case(options={"app_key": " demo-server-key"}),
    "credential-quotes": Case(options={"app_key": "'demo-server-key'"}),
    "pair-encoded": Case(
        options={"app_key": base64.b64encode(b"demo-server-key:demo-server-secret").decode()}
    ),
    "pair-incomplete": Case(options={"password": None}),
    "client-encrypted-key": Case(
        setup=lambda clients: {"key": file(_encrypted(clients), "key.pem"), "client": "go"},
        options={"passphrase": "pass phrase"},
    ),
    "key-log-unwritable": Case(setup=lambda _: {"key_log_problem": "its folder does not exist"}),
    "openssl-conf": Case(
        setup=lambda _: {"openssl_conf": file(b"[a]\nMaxProtocol = TLSv1.1\n", "openssl.cnf")}
    ),
    "java-options": _environ(JAVA_TOOL_OPTIONS="-Da=/my certs/x"),
    "java-trust-store": Case(
        setup=lambda _: {
            "environ": {"JAVA_TOOL_OPTIONS": "-Djavax.net.ssl.trustStore=x"},
            "java_stores": {"JAVA_TOOL_OPTIONS": GivenFile(path=Path("x"), missing=True)},
        }
    ),
    "java-protocols": _environ(JAVA_TOOL_OPTIONS="-Djdk.tls.client.protocols=TLSv1"),
    "node-verification-off": _environ(NODE_TLS_REJECT_UNAUTHORIZED="0"),
    "node-options": _environ(NODE_OPTIONS="--use-openssl-ca"),
    "ca-variable-unreadable": _environ({"SSL_CERT_FILE": file(b"hello")}, SSL_CERT_FILE="x"),
    "requests-ca-bundle": Case(
        setup=lambda _: {"ca_files": {"REQUESTS_CA_BUNDLE": file(_other_ca())}}
    ),
    "ca-variable-lacks-ca": Case(
        setup=lambda _: {"ca_files": {"SSL_CERT_FILE": file(_other_ca())}}
    ),
    "proxy-set": _environ(HTTPS_PROXY="http://proxy.example:3128"),
    "name-unresolved": _reached(Reached.UNRESOLVED),
    "port-closed": _reached(Reached.REFUSED),
    "connection-timeout": _reached(Reached.TIMED_OUT),
    "unreachable": _reached(Reached.UNREACHABLE),
    "port-plain-http": _not_tls("HTTP/1.1 200 OK"),
    "port-control": _not_tls("HTTP/1.1 200 OK", is_control=True),
    "port-not-tls": _not_tls(None),
    "one-way-listener": _handshakes(ended=Ended.ANSWERED, flight=Flight(wants_certificate=False)),
    "ca-not-trusted": replace(
        _trust(20), setup=lambda _: {"ca": file(ClientCA.create().pem.encode())}
    ),
    "ca-not-root": replace(
        _trust(20), setup=lambda clients: {"ca": file(clients.authority.pem.issuing)}
    ),
    "ca-another-mock-sei": replace(_trust(20), setup=_other_mock_sei),
    "server-self-signed": _trust(18),
    "server-expired": _trust(10),
    "server-not-yet-valid": _trust(9),
    "server-refused": _trust(24),
    "server-not-verified": _trust(0, failure="no protocols available"),
    "host-not-in-certificate": _url("https://other.example:444"),
    "alert-certificate-required": _alert("certificate_required"),
    "alert-unknown-ca": _alert("unknown_ca"),
    "certificate-other-ca": _alert(
        "unknown_ca",
        flight=Flight(wants_certificate=True, accepted_cas=(certificate().issuer.public_bytes(),)),
    ),
    "alert-certificate-expired": _alert("certificate_expired"),
    "alert-bad-certificate": _alert("bad_certificate"),
    "alert-certificate-revoked": _alert("certificate_revoked"),
    "alert-unsupported-certificate": _alert("unsupported_certificate"),
    "alert-handshake-failure": _alert("handshake_failure"),
    "alert-other": _alert("internal_error"),
    "tls-version": _handshakes(ended=Ended.NO_COMMON_VERSION),
    "handshake-closed": _handshakes(ended=Ended.CLOSED),
    "handshake-timeout": _handshakes(ended=Ended.TIMED_OUT),
    "clock-skew": _handshakes(
        ended=Ended.ANSWERED, date=format_datetime(NOW - timedelta(hours=1), usegmt=True)
    ),
    "pair-swapped": Case(seen=_swapped),
    "answer-key-pair": _answer(KEY_PAIR),
    "answer-account": _answer(GRANT_INVALID),
    "answer-grant": _answer(GRANT_NOT_ALLOWED),
    "answer-source-address": _answer(SOURCE_ADDRESS),
    "answer-certificate-name": _answer(CERTIFICATE_NAME),
    "answer-listener": _answer(TRAFFIC_PATTERN),
    "answer-api-key": _answer(API_KEY),
    "answer-request": _answer(REQUEST_INVALID),
    "answer-expired": _answer(TOKEN_EXPIRED),
    "answer-other": Case(
        seen=lambda seen: replace(seen, answer=ObservedAnswer(status=502, body="oh"))
    ),
    "no-answer": Case(seen=lambda seen: replace(seen, answer=ObservedAnswer(failure="closed"))),
    **{name: Case(setup=change) for name, change in CHANGES.items()},
}
"""By the name of the finding."""
