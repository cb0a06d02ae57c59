"""The two accounts whose certificates are tested, and whether one would get in."""

from __future__ import annotations

from mock_sei.peer import PeerCertificate
from mock_sei.sandbox import Sandbox

DEMO, TEAM = "svc-demo", "svc-nightly"


def is_let_in(sandbox: Sandbox, peer: PeerCertificate) -> bool:
    """By our own check, which a kept-alive connection meets at its next request."""
    return sandbox.judge_certificate(peer) is None
