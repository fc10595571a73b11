"""Redis behind TLS with a certificate that nobody has signed, as Heroku's is: over a real handshake."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.domain.errors import StoreUnavailable
from bot.store.connect import connect
from tests.support.cases import a_raw
from tests.support.stores import a_store

CERTIFICATE = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=redis.example")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and the certificate that it has signed for itself."""
    folder = tmp_path_factory.mktemp("tls")
    names = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run(["openssl", *CERTIFICATE, *names], check=True, capture_output=True)  # noqa: S603, S607 - ours
    return folder


@asynccontextmanager
async def behind_tls(redis_url: str, certificate: Path) -> AsyncIterator[str]:
    """The address of a door with TLS before the server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_unix_connection(urlsplit(redis_url).path)
        async with asyncio.TaskGroup() as group:
            group.create_task(copy(reader, questions))
            group.create_task(copy(answers, writer))

    server = await asyncio.start_server(pass_on, "127.0.0.1", ssl=context)
    try:
        yield f"rediss://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()
        await server.wait_closed()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything that comes, until nothing comes any more."""
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_a_certificate_that_nobody_signed_is_refused(redis_url: str, certificate: Path) -> None:
    """As long as nobody says otherwise."""
    async with behind_tls(redis_url, certificate) as url:
        with pytest.raises(StoreUnavailable, match="CERTIFICATE"):
            await connect(url)


async def test_it_is_taken_where_the_settings_say_so(redis_url: str, certificate: Path) -> None:
    """Questions, scripts, and what waits at the server travel through TLS."""
    async with behind_tls(redis_url, certificate) as url:
        link = await connect(url, tls_verify=False)
        await link.do("SET", "hark:{0}:note:tls", "x" * 300_000, "PX", 10_000)
        assert len(await link.do("GET", "hark:{0}:note:tls")) == 300_000
        await link.close()
        async with a_store(redis_url) as store, a_store(url, instance="other", tls_verify=False) as far:
            await store.inbox.put(a_raw(b"words"))
            (stored,) = await far.inbox.take(10, 200)
            assert stored.raw.body == b"words"
            await far.inbox.done([stored])
