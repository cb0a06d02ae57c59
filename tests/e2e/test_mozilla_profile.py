"""sslyze measures both platform listeners against Mozilla's intermediate profile, which it brings.

It wants an older cryptography than the one tested here, so it has a virtual environment of its own.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mock_sei import MockSei
from tests.e2e.handshakes import only, tls
from tests.e2e.other_environments import installed
from tests.e2e.serving import environment
from tests.patience import patient

HERE = Path(__file__).parent / "scanner"
PATIENCE = patient(300)

DEVIATIONS = {
    # What is found -> what it is about; docs/fidelity.md ("TLS and certificates") has the reasons.
    "tls_curves": {"X448", "secp521r1"},
}

VERDICT = re.compile(r"^ +localhost:\d+: (OK|FAILED) - ", re.MULTILINE)
ISSUE = re.compile(r"^ +\* (\w+): (.+)$", re.MULTILINE)


@pytest.fixture(scope="session")
def sslyze() -> Path:
    """The scanner, installed by pip if need be."""
    return installed(HERE, "sslyze")


def running(*command: object, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_a_listener_takes_no_suite_of_tls_1_2_but_those_of_the_profile(mock_sei: MockSei) -> None:
    every = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    every.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    offered = {each["name"] for each in every.get_ciphers() if not each["name"].startswith("TLS_")}
    assert len(offered) > 20
    taken = set()
    for suite in offered:
        context = only(mock_sei.ssl_context("svc-demo"), ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(f"{suite}:@SECLEVEL=0")
        with contextlib.suppress(ssl.SSLError), tls(mock_sei.two_way_url, context):
            taken.add(suite)
    assert taken == {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    }


@pytest.mark.nightly  # a scanner to install
@pytest.mark.parametrize("listener", ["one-way", "two-way"])
def test_a_listener_has_mozillas_intermediate_profile(
    mock_sei: MockSei, sslyze: Path, listener: str
) -> None:
    certificate = mock_sei.certificate("svc-demo")
    client = ("--cert", certificate.cert_file, "--key", certificate.key_file)
    url = mock_sei.two_way_url if listener == "two-way" else mock_sei.url
    done = running(
        sslyze,
        *(client if listener == "two-way" else ()),
        "--mozilla_config=intermediate",
        "--certinfo",
        f"--certinfo_ca_file={mock_sei.ca_file}",
        url.removeprefix("https://"),
        environ=environment(),
    )

    assert VERDICT.findall(done.stdout) == ["FAILED"], done.stdout + done.stderr
    issues = {key: set(re.findall(r"'([^']+)'", text)) for key, text in ISSUE.findall(done.stdout)}
    assert issues == DEVIATIONS, done.stdout
    # The scanner reached the server's suites: a connection refused for want of a certificate, or
    # a host that does not answer, would leave nothing to complain of.
    assert set(re.findall(r"TLS_\w+_(?:GCM|POLY1305)_\w+", done.stdout)) == {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    }
