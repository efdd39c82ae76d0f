"""TLS before a server that has none: what comes by TLS goes on, in the clear, to another port of loopback.

python tls_front.py PORT BEHIND CERTIFICATE
"""

import asyncio
import ssl
import sys
from contextlib import closing, suppress
from pathlib import Path

HOST = "127.0.0.1"


async def serve(port: int, behind: int, certificate: Path) -> None:
    """Until the process is ended."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(HOST, behind)
        await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))

    async with await asyncio.start_server(pass_on, HOST, port, ssl=context) as server:
        await server.serve_forever()


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All bytes until either side ends."""
    with closing(writer), suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
