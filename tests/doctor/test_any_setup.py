"""Whatever the doctor is given to look at: findings, and a report that can be printed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.certificates.bundles import BundleOptions, pkcs12_bundle
from mock_sei.doctor.examination import as_json, as_text, examine
from mock_sei.doctor.observed import Observed, Reached
from mock_sei.doctor.setup import CA_VARIABLES, read_target
from mock_sei.errors import ConfigurationError
from tests.any_values import damaged
from tests.doctor.clients import Clients, file

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
    """Its frame and its lines included."""
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
