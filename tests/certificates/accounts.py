"""The two accounts of these tests, and the check that a certificate would be let in."""

from __future__ import annotations

from mock_sei.platform import Platform
from mock_sei.rules.connection import ClientCertificate

DEMO, TEAM = "svc-demo", "svc-nightly"


def is_let_in(platform: Platform, peer: ClientCertificate) -> bool:
    """True if our own check accepts a certificate, as at the next request of an open connection."""
    return platform.judge_certificate(peer) is None
