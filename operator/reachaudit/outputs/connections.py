"""The connections of a server, bounded: neither a slow client nor a crowd keeps others out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

MOST = 64  # a probe and a scrape at a time are what is meant to come
LONGEST_SECONDS = 60.0


@asynccontextmanager
async def bounded(
    accept: Callable[[], asyncio.Protocol], host: str, port: int
) -> AsyncIterator[int]:
    """Listen, with a protocol of `accept` for each connection; gives the port. Raises OSError.

    A connection ends after LONGEST_SECONDS, whether it is its request or the reading of its
    answer that takes so long. Where MOST are open a new one takes the place of the oldest: who
    comes to stay does not keep out who comes and goes.
    """
    loop, crowd = asyncio.get_running_loop(), dict[_Connection, None]()
    server = await loop.create_server(lambda: _Connection(accept(), crowd), host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class _Connection(asyncio.Protocol):
    """One connection, which hands on all that happens to it."""

    def __init__(self, protocol: asyncio.Protocol, crowd: "dict[_Connection, None]") -> None:
        self._protocol, self._crowd = protocol, crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        end = asyncio.get_running_loop().call_later
        self._end = end(LONGEST_SECONDS, transport.abort)
        if len(self._crowd) >= MOST:
            next(iter(self._crowd)).abort()
        self._crowd[self] = None
        self._protocol.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end.cancel()
        self._crowd.pop(self, None)
        self._protocol.connection_lost(exc)

    def abort(self) -> None:
        """Cut it off."""
        self._crowd.pop(self, None)  # the loop tells of the loss later
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
