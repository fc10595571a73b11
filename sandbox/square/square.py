"""The square as one object: start it on a free port of its own, or mount it on another application."""

from collections import deque
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.clock import Time
from sandbox.keeping import KeptFile
from sandbox.square import storage
from sandbox.square.config import SquareConfig
from sandbox.square.dispatch import Call, Dispatcher
from sandbox.square.model import Json, Person
from sandbox.square.page_api import PageApi, state
from sandbox.square.people import Acts
from sandbox.square.seed import fill, people
from sandbox.square.world import Listener, World


class SquareSandbox(Acts):
    """A running square. The acts of people (`post`, `edit`, `delete`, `like`, `message`, ...) are its methods.

    Use `async with SquareSandbox(clock) as square:` for a server of its own, or `mount`, `open` and `close` inside
    another one.
    """

    def __init__(self, clock: Time, config: SquareConfig | None = None) -> None:
        super().__init__(World(clock))
        self._config = config or SquareConfig()
        self.world.people.update({person.did: person for person in people()})
        self._dispatcher = Dispatcher(self.world, self._config)
        self.set_fault = self._dispatcher.faults.plan
        self._runner: web.AppRunner | None = None
        path = self._config.data_file
        self._kept = KeptFile(path, storage.Saved, lambda: storage.saved(self.world)) if path else None
        self._url = ""

    # --- life -----------------------------------------------------------------------------------------------------

    def mount(self, app: web.Application) -> None:
        """Add the square's routes (`/xrpc/...`, `/sandbox/square/...`) to an application; call `open` before use."""
        app.router.add_get("/xrpc/_health", _health)
        app.router.add_route("*", "/xrpc/{method}", self._dispatcher.handle)
        PageApi(self.world, self).add_routes(app.router)

    def open(self) -> None:
        """Load the kept state or start afresh; a broken file is set aside. Needs a running event loop."""
        kept = self._kept.read() if self._kept else None
        if kept is not None:
            storage.restore(self.world, kept)
        elif self._config.seeded:
            fill(self.world)
        if self._kept is not None:
            self.world.listeners.append(self._kept.changed)
            self._kept.changed()

    def close(self) -> None:
        """Write what is not yet written."""
        if self._kept is not None:
            self._kept.close()

    async def start(self, port: int = 0) -> None:
        """Serve on loopback; port 0 takes a free one."""
        self.open()
        app = web.Application()
        self.mount(app)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop serving and write what is not yet written."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # --- looking --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address to give to a client as the service URL; only after `start`."""
        if not self._url:
            raise LookupError("the square has no address of its own before start")
        return self._url

    @property
    def brand(self) -> Person:
        """The company's account."""
        return next(person for person in self.world.people.values() if person.brand)

    @property
    def calls(self) -> deque[Call]:
        """The last 10,000 XRPC calls, oldest first; tests may clear it."""
        return self._dispatcher.calls

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method so far."""
        return [call for call in self.calls if call.method == method]

    def state(self) -> Json:
        """The same picture that the page gets."""
        return state(self.world)

    def on_change(self, listener: Listener) -> None:
        """Have a function called after every change."""
        self.world.listeners.append(listener)

    # --- switches for tests and visitors ---------------------------------------------------------------------------

    def expire_access_tokens(self) -> None:
        """Let every access token given out so far count as expired; refresh tokens still work."""
        self.world.token_round += 1
        self.world.changed()

    def revoke_sessions(self, name: str) -> None:
        """Take back all refresh tokens of a person, as when the app password was removed."""
        did = self.who(name).did
        tokens = self.world.refresh_tokens
        for token_id in [token.id for token in tokens.values() if token.did == did]:
            del tokens[token_id]
        self.world.changed()


async def _health(_http: web.Request) -> web.Response:
    return web.json_response({"version": "square"})
