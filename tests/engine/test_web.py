"""The HTTP server stands slow clients, crowds and nonsense: on loopback, with real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from reachaudit.outputs import connections
from reachaudit.outputs.api import State
from reachaudit.outputs.web import documents, public, serve

SECONDS = 20.0  # to the end of a wait that must end sooner
HOST = "127.0.0.1"
HUGE = b"x" * 2**24  # more than the system's buffers take
ASK = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(HOST, port, limit=2**16)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(client: Client, request: bytes) -> str:
    """All that comes after a request until the server hangs up."""
    reader, writer = client
    writer.write(request)
    async with asyncio.timeout(SECONDS):
        try:
            return (await reader.read(-1)).decode()
        except ConnectionError:
            return ""


async def ask(port: int, path: str = "healthz", host: str = "localhost") -> str:
    async with connected(port) as client:
        request = f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"
        return await answer(client, request.encode())


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server whose metrics are huge."""
    async with serve(public(lambda: HUGE, lambda: "", lambda: False), HOST, 0) as bound:
        yield bound


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections end soon."""
    monkeypatch.setattr(connections, "LONGEST_SECONDS", 0.2)


async def test_an_answer_ends_its_connection(port: int) -> None:
    said = await ask(port)
    assert said.startswith("HTTP/1.1 200 OK\r\n")
    assert "\r\nConnection: close\r\n" in said
    assert "\r\nX-Content-Type-Options: nosniff\r\n" in said
    assert said.endswith("\r\n\r\nok\n")


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: lo"])
@pytest.mark.usefixtures("hasty")
async def test_a_client_that_never_ends_its_request_is_cut_off(port: int, sent: bytes) -> None:
    async with connected(port) as client:
        assert await answer(client, sent) == ""


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_trickles_its_request_is_cut_off(port: int) -> None:
    async with connected(port) as (reader, writer), asyncio.timeout(SECONDS):
        writer.write(b"GET /healthz HTTP/1.1\r\nX-More: ")
        while not reader.at_eof():
            writer.write(b"x")
            try:
                await asyncio.wait_for(reader.read(1), 0.02)
            except TimeoutError:
                continue
            except ConnectionError:
                break


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_does_not_read_is_cut_off(port: int) -> None:
    """Nor is there room in the stream for what it does not read."""
    async with connected(port) as (reader, writer), asyncio.timeout(SECONDS):
        writer.write(ASK % b"metrics")
        assert await reader.read(1) == b"H"
        await gone(writer)


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_never_ends_its_body_is_cut_off(port: int) -> None:
    head = b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    async with connected(port) as client:
        assert (await answer(client, head)).startswith("HTTP/1.1 405 ")


async def test_a_crowd_that_stays_keeps_nobody_out(port: int) -> None:
    loris = [await asyncio.open_connection(HOST, port) for _ in range(3 * connections.MOST)]
    for _, writer in loris:
        writer.write(b"GET /healthz HTTP/1.1\r\n")
    for _ in range(5):
        assert (await ask(port)).endswith("ok\n")
    first, last = loris[0], loris[-1]
    assert await answer(first, b"Host: localhost\r\n\r\n") == ""
    assert (await answer(last, b"Host: localhost\r\n\r\n")).endswith("ok\n")
    for _, writer in loris:
        writer.transport.abort()


@pytest.mark.parametrize(
    "request_",
    [
        ASK % (b"x" * 9000),
        b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 1000 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 2**20,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 2**16,
        b"<script>\x1b[31m\xff\r\n\r\n",
    ],
)
async def test_what_is_too_big_or_no_http_is_refused_and_not_logged(
    port: int, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(port) as client:
        assert (await answer(client, request_))[:13] in ("HTTP/1.0 400 ", "HTTP/1.1 400 ", "")
    assert (await ask(port)).endswith("ok\n")
    assert not caplog.records


async def test_our_own_faults_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> bytes:
        raise ArithmeticError("ours")

    async with serve(public(fail, lambda: "", lambda: False), HOST, 0) as port:
        assert (await ask(port, "metrics")).startswith("HTTP/1.1 500 ")
    assert [record.exc_info is not None for record in caplog.records] == [True]


async def test_it_stops_at_once_whoever_is_connected() -> None:
    async with asyncio.timeout(SECONDS):
        async with serve(public(lambda: HUGE, lambda: "", lambda: False), HOST, 0) as port:
            silent = await asyncio.open_connection(HOST, port)
            deaf = await asyncio.open_connection(HOST, port, limit=2**10)
            deaf[1].write(ASK % b"metrics")
            await deaf[0].read(1)
    for _, writer in (silent, deaf):
        writer.transport.abort()


HOSTS = {
    "localhost:8081": 200,
    "127.0.0.1": 200,
    "127.7.7.7:1": 200,
    "[::1]:8081": 200,
    "[::1]": 200,
    "evil.example:8081": 421,
    "localhost.evil.example": 421,
    "10.0.0.1:8081": 421,
    "": 421,
    "[::1": 421,
}


@pytest.mark.parametrize("host", HOSTS)
async def test_findings_are_told_to_those_alone_who_ask_by_a_loopback_name(host: str) -> None:
    async with serve(documents(State()), HOST, 0) as port:
        said = await ask(port, "api/v1/findings", host)
    assert said.startswith(f"HTTP/1.1 {HOSTS[host]} ")
    assert ("findings" in said) == (HOSTS[host] == 200)


async def gone(writer: asyncio.StreamWriter) -> None:
    """Wait until the other end has cut the connection off."""
    while not writer.transport.is_closing():
        writer.write(b"x")
        await asyncio.sleep(0.01)
