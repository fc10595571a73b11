"""A real server that says it is an old one: all passes as it is, but for the version in what INFO tells."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

CHUNK = 65_536


@asynccontextmanager
async def said_to_be_old(url: str) -> AsyncIterator[str]:
    """The address of a door to the server at `url` (unix://), behind which it calls itself Redis 6."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_unix_connection(urlsplit(url).path)
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, questions))
            group.create_task(_copy(answers, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        await server.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK):
        data = data.replace(b"valkey_version", b"another_versio")  # of the same length, as INFO's own length says
        writer.write(re.sub(rb"redis_version:\d", b"redis_version:6", data))
        await writer.drain()
    writer.close()
