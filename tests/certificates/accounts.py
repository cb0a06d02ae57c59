"""The two accounts whose certificates are tested, and whether one would get in."""

from __future__ import annotations

from mock_sei.platform import Platform
from mock_sei.rules.connection import PeerCertificate

DEMO, TEAM = "svc-demo", "svc-nightly"


def is_let_in(platform: Platform, peer: PeerCertificate) -> bool:
    """By our own check, which a kept-alive connection meets at its next request."""
    return platform.judge_certificate(peer) is None
