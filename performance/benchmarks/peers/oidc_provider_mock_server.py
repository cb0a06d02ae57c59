"""Starts oidc-provider-mock as its README does in a test, and prints its port."""

from __future__ import annotations

import signal

import oidc_provider_mock

if __name__ == "__main__":
    with oidc_provider_mock.run_server_in_thread() as server:
        print(server.server_port, flush=True)
        signal.sigwait([signal.SIGTERM, signal.SIGINT])
