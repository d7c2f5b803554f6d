"""A client of the API server that never decodes objects: bytes in, bytes out."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from reachaudit import __version__
from reachaudit.kube.answers import refusal, unreachable
from reachaudit.kube.credentials import Credentials, Login
from reachaudit.kube.errors import ClusterError, Malformed
from reachaudit.kube.frames import Frames

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
USER_AGENT = f"reachaudit/{__version__}"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
SILENT_SECONDS = 80.0  # a watch's bookmarks come each minute where etcd tells its progress
RENEWAL_GAP = 5.0  # many requests fail together when credentials expire: one plugin run is enough

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    silence: float
    params: Mapping[str, str] = field(default_factory=dict)
    accept: str = JSON
    body: bytes | None = None
    content_type: str = JSON

    @property
    def headers(self) -> dict[str, str]:
        body = {} if self.body is None else {"Content-Type": self.content_type}
        return {"Accept": self.accept, **body}

    @property
    def timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_SECONDS, sock_read=self.silence
        )


class Client:
    """One API server, one session, credentials that renew themselves.

    Every method raises ApiError for an answer that says no, Unreachable where there is none.
    """

    def __init__(self, credentials: Credentials, login: Login) -> None:
        self._credentials = credentials
        self._login = login
        self._renewed = float("-inf")
        self._renewing = asyncio.Lock()
        self._session = aiohttp.ClientSession(
            # Lists of big clusters cost less CPU on both sides when they are not compressed.
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            connector=aiohttp.TCPConnector(limit=0),
            trust_env=True,
            read_bufsize=2**20,
        )

    @classmethod
    async def connect(cls, credentials: Credentials) -> Self:
        """A client with credentials as read now (ClusterError); no traffic yet."""
        return cls(credentials, await credentials.login())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    @property
    def login(self) -> Login:
        """The credentials in use."""
        return self._login

    @property
    def source(self) -> str:
        """Where the credentials come from, for messages."""
        return self._credentials.source

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, accept: str = JSON
    ) -> bytes:
        """The body of an answer."""
        return await self._read(_Request("GET", path, ANSWER_SECONDS, params or {}, accept))

    async def post(self, path: str, body: object) -> bytes:
        """Create an object."""
        data = msgspec.json.encode(body)
        return await self._read(_Request("POST", path, ANSWER_SECONDS, body=data))

    async def put(self, path: str, body: object) -> bytes:
        """Replace an object, if it is still of the version that the body names."""
        data = msgspec.json.encode(body)
        return await self._read(_Request("PUT", path, ANSWER_SECONDS, body=data))

    async def patch(self, path: str, body: object, content_type: str = MERGE_PATCH) -> bytes:
        """Change an object's fields."""
        data = msgspec.json.encode(body)
        request = _Request("PATCH", path, ANSWER_SECONDS, body=data, content_type=content_type)
        return await self._read(request)

    async def stream(
        self, path: str, params: Mapping[str, str], accept: str = JSON, *, idle: bool = True
    ) -> AsyncGenerator[list[bytes], None]:
        """The complete lines of each read from the socket; none at first: the server answered.

        `idle`: whether the server may have nothing to say for a while.
        """
        frames = Frames()
        silence = SILENT_SECONDS if idle else ANSWER_SECONDS
        request = _Request("GET", path, silence, params, accept)
        async with self._open(request) as response:
            yield []
            async for data in response.content.iter_any():
                if lines := frames.feed(data):
                    yield lines
        if frames.cut:
            raise Malformed("a watch ended within a frame")

    async def _read(self, request: _Request) -> bytes:
        async with self._open(request) as response:
            return await response.read()

    @asynccontextmanager
    async def _open(self, request: _Request) -> AsyncIterator[aiohttp.ClientResponse]:
        login = self._login
        try:
            response = await self._send(login, request)
            if response.status == 401 and await self._renew(login):
                response.release()
                login = self._login
                response = await self._send(login, request)
            async with response:
                try:
                    if response.status >= 300:
                        raise refusal(response, await response.read())
                    yield response
                finally:
                    _abandon(response)
        except aiohttp.ClientSSLError as error:  # the cluster's CA may have been rotated
            await self._renew(login)
            raise unreachable(login.server, error) from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(login.server, error) from error

    async def _send(self, login: Login, request: _Request) -> aiohttp.ClientResponse:
        authorization = await login.authorization()
        return await self._session.request(
            request.method,
            login.server + request.path,
            params=request.params,
            data=request.body,
            headers=request.headers | ({"Authorization": authorization} if authorization else {}),
            timeout=request.timeout,
            allow_redirects=False,
            ssl=login.tls,
            server_hostname=login.configuration.tls_server_name,
            proxy=login.configuration.proxy,
        )

    async def _renew(self, used: Login) -> bool:
        """Read the credentials once for all that failed with these; say whether there are new."""
        async with self._renewing:
            if self._login is not used:
                return True
            if time.monotonic() - self._renewed < RENEWAL_GAP:
                return False
            self._renewed = time.monotonic()
            try:
                self._login = await self._credentials.login()
            except ClusterError as error:
                log.warning("credentials cannot be renewed: %s", error)
                return False
            return True


def _abandon(response: aiohttp.ClientResponse) -> None:
    """Drop the connection of an answer that was not read to its end, without TLS's farewell."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()
