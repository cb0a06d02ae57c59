"""For any input, the doctor returns findings and a report that can be printed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.certificates.bundles import BundleOptions, pkcs12_bundle
from mock_sei.doctor.clients import KNOWN_CLIENTS
from mock_sei.doctor.examination import as_json, as_text, examine
from mock_sei.doctor.observed import Observed, Reached
from mock_sei.doctor.setup import CA_VARIABLES, Options, read_setup, read_target
from mock_sei.errors import ConfigurationError
from tests.any_values import damaged
from tests.doctor.clients import NOW, Clients, file

pytestmark = pytest.mark.long

CLOSED = Observed(reached=Reached.REFUSED)
FIELDS = st.sampled_from(["ca", "certificate", "key"])
PIECES = [
    b"-----BEGIN ",
    b"-----END CERTIFICATE-----",
    b"\r",
    b"\n",
    b"ENCRYPTED ",
    b"-----",
    b"\0",
]
PIECES += [
    b"Proc-Type: 4,ENCRYPTED\n",
    b"\xef\xbb\xbf",
    b"-----BEGIN CERTIFICATE-----\n",
    b"=",
    b" ",
    b"\\n",
    b"%0A",
    b"-----BEGIN EC PRIVATE KEY-----\n",
    b"-----BEGIN TRUSTED CERTIFICATE-----\n",
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n",
    b"DEK-Info: AES-128-CBC,00\n\n",
    b"<html>",
    b"{",
    b"\x1f\x8b",
    b"\xfe\xed\xfe\xed",
    b"LS0tLS1CRUdJTi",
    b"\xe2\x80\x94",
]


def examined(clients: Clients, **changes: object) -> None:
    setup = replace(clients.setup(), **changes)  # type: ignore[arg-type]  # fields of a setup
    findings = examine(setup, lambda _: CLOSED)
    assert findings
    as_text(findings, encoding="ascii", verbose=True).encode("ascii")
    as_json(findings).encode()


@given(field=FIELDS, content=st.binary(max_size=200))
@example(field="key", content=b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")
def test_any_bytes_in_a_file(clients: Clients, field: str, content: bytes) -> None:
    examined(clients, **{field: file(content)})


@given(data=st.data(), field=FIELDS)
def test_any_damage_to_a_whole_file(clients: Clients, data: st.DataObject, field: str) -> None:
    """The length includes the BEGIN and END lines."""
    whole = getattr(clients.setup(), field)
    content = data.draw(damaged(whole.content, pieces=PIECES))
    examined(clients, **{field: replace(whole, content=content)})


@given(data=st.data(), field=FIELDS)
def test_any_damage_to_a_container_given_for_a_file(
    clients: Clients, data: st.DataObject, field: str
) -> None:
    bundle = pkcs12_bundle(clients.identity, BundleOptions(passphrase="x"))
    examined(clients, **{field: file(data.draw(damaged(bundle)), "certificate.pfx")})


@given(
    values=st.dictionaries(
        st.sampled_from(["app_key", "app_secret", "username", "password", "passphrase"]),
        st.text(max_size=30),
    )
)
def test_any_credentials(clients: Clients, values: dict[str, str]) -> None:
    options = replace(clients.setup().options, **values)  # type: ignore[arg-type]  # all are texts
    examined(clients, options=options)


@given(
    environ=st.dictionaries(
        st.sampled_from([*CA_VARIABLES, "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "https_proxy"]),
        st.text(max_size=40) | st.sampled_from(["http://[", "http://a:b@c:99999", "*", ",,"]),
    )
)
def test_any_variables(clients: Clients, environ: dict[str, str]) -> None:
    examined(clients, environ=environ)


ENVIRONMENT = [
    *CA_VARIABLES,
    *("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"),
    *("SSLKEYLOGFILE", "OPENSSL_CONF", "NODE_OPTIONS", "NODE_TLS_REJECT_UNAUTHORIZED"),
    *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"),
]
VALUES = st.text(st.characters(exclude_characters="\0"), max_size=40) | st.sampled_from(
    [
        *("http://[", "http://a:b@c:99999", "*", ",,", "10.0.0.0/8", "/", ".", "ca.pem", "0"),
        *(
            "-Djavax.net.ssl.trustStore=ca.pem",
            '-Da="b c',
            "-Dhttps.protocols=,",
            "--use-openssl-ca",
        ),
    ]
)
CONTENTS = st.binary(max_size=60) | st.sampled_from(PIECES).map(lambda piece: piece * 3)
TEXTS = st.none() | st.text(max_size=12)


@given(
    files=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["ca.pem", "certificate.crt", "privatekey.key"], CONTENTS)
    ),
    sound=st.sets(st.sampled_from(["ca.pem", "certificate.crt", "privatekey.key"])),
    texts=st.fixed_dictionaries(
        dict.fromkeys(["passphrase", "app_key", "app_secret", "username", "password"], TEXTS)
    ),
    client=st.none() | st.sampled_from(sorted(KNOWN_CLIENTS)),
    environ=st.dictionaries(st.sampled_from(ENVIRONMENT), VALUES, max_size=5),
    url=st.sampled_from(["https://localhost:1", "https://[::1]", "http://x", "https://a b\n"]),
)
def test_any_setup_that_is_read_from_files_and_variables(
    clients: Clients,
    tmp_path_factory: pytest.TempPathFactory,
    files: dict[str, bytes],
    sound: set[str],
    texts: dict[str, str | None],
    client: str | None,
    environ: dict[str, str],
    url: str,
) -> None:
    """Reads a setup as the command and ``diagnose`` do; some files do not exist."""
    folder = tmp_path_factory.mktemp("setup")
    good = {
        "ca.pem": clients.authority.pem.root,
        "certificate.crt": clients.identity.certificate_pem,
        "privatekey.key": clients.identity.encrypted_key_pem(texts["passphrase"] or "x"),
    }
    for name, content in {**files, **{name: good[name] for name in sound}}.items():
        (folder / name).write_bytes(content)
    ca, cert, key = (folder / name for name in good)
    options = Options(cacert=ca, cert=cert, key=key, client=client, **texts)  # type: ignore[arg-type]  # texts by name
    placed = {name: value.replace("ca.pem", str(ca)) for name, value in environ.items()}

    setup = read_setup(url, options, environ=placed, now=NOW)
    findings = examine(setup, lambda _: CLOSED)

    assert findings
    as_text(findings, encoding="ascii", verbose=True).encode("ascii")
    as_json(findings).encode()


@given(url=st.text(max_size=40) | st.text("https:/[]@?#%.1a", max_size=20).map("https://".__add__))
@example(url="https://[")
@example(url="https://\ud800")
def test_any_url(clients: Clients, url: str) -> None:
    try:
        target = read_target(url)
    except ConfigurationError:
        return
    examined(clients, target=target)


@pytest.mark.parametrize("content", [b"", b"\n" * 5, b"\xff\xfe-\0-\0"])
def test_a_file_without_anything_in_it_is_a_finding(clients: Clients, content: bytes) -> None:
    findings = examine(replace(clients.setup(), key=file(content)), lambda _: CLOSED)
    assert {each.name for each in findings} - {"port-closed", None}
