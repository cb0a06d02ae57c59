"""A handshake between two buffers: both sides of TLS, no socket."""

from __future__ import annotations

import ssl

from mock_sei.certificates.bundles import Identity
from mock_sei.rules.standards import Listener
from mock_sei.runtime.tls import (
    ListenerContext,
    PendingConnection,
    load_identity,
    pending_connection,
)


class Encounter:
    """A client and the two-way listener's side of TLS, talking through buffers."""

    def __init__(self, context: ListenerContext, shown: Identity | None) -> None:
        platform = context.platform
        pending_connection.set(PendingConnection(platform, Listener.TWO_WAY, "127.0.0.1"))
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        own.load_verify_locations(cadata=platform.authority.pem.root.decode())
        if shown is not None:
            own.set_ciphers("DEFAULT@SECLEVEL=0")  # a lax client, so that the listener must judge
            load_identity(own, shown)
        self.server = context.wrap_bio(to_server, to_client, server_side=True)
        self.client = own.wrap_bio(to_client, to_server, server_hostname="localhost")

    def shake_hands(self) -> str | None:
        """The alert that the client reads; None without one. Raises what the listener raises."""
        waiting = [self.client, self.server]
        for _ in range(4):
            for side in list(waiting):
                try:
                    side.do_handshake()
                    waiting.remove(side)
                except ssl.SSLWantReadError:
                    continue
                except ssl.SSLError as error:
                    if side is self.server:
                        raise
                    return str(error.reason)
        try:
            self.client.read(1)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            return str(error.reason)
        raise AssertionError("the listener said something")
