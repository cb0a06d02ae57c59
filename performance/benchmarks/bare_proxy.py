"""The baseline of the recorder: a reverse proxy that only passes bytes between two TLS connections.

It asks for a client certificate, calls the upstream with one, and reads no HTTP.

Run as ``python -m performance.benchmarks.bare_proxy CERTS CLIENT_CA PORT``; it prints its port when
it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from pathlib import Path

from mock_sei.runtime.loops import new_event_loop

_PIECE = 65536


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(certs: Path, client_ca: Path, port: int) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certs / "server.pem", certs / "server.key")
    ours.load_verify_locations(client_ca)
    ours.verify_mode = ssl.CERT_REQUIRED
    theirs = ssl.create_default_context(cafile=certs / "ca.pem")
    account = certs / "svc-demo"
    theirs.load_cert_chain(account / "certificate.crt", account / "privatekey.key")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("localhost", port, ssl=theirs)
        await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=ours)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
