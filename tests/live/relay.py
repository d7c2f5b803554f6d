"""A relay of bytes between a client and the API server, which knows nothing of TLS or HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from yarl import URL

Greet = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Relay:
    """Hands on all connections to the API server of a kubeconfig.

    `greet`, where it is set, has new connections instead; they end with it. `cut` ends all.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._config = json.loads(kubeconfig.read_text())
        self._target = URL(self._config["clusters"][0]["cluster"]["server"])
        self.greet: Greet | None = None
        self.greeted = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def kubeconfig(self, folder: Path) -> Path:
        """The same user, through this relay."""
        self._config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.port}"
        path = folder / "relay.kubeconfig"
        path.write_text(json.dumps(self._config))
        return path

    def cut(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(ConnectionError):
            if self.greet is None:
                await self._hand_on(reader, writer)
            else:
                self.greeted += 1
                await self.greet(writer)
        writer.transport.abort()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self._target.host is not None
        there, back = await asyncio.open_connection(self._target.host, self._target.port)
        self._writers.add(back)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    raise ConnectionError
