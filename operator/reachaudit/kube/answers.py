"""From the answers and failures of HTTP to the exceptions of this package."""

import os

import aiohttp
import msgspec

from reachaudit.kube.errors import ApiError, Silent, Unreachable, one_line


class _Details(msgspec.Struct, rename="camel"):
    retry_after_seconds: int = 0


class Status(msgspec.Struct):
    """The API server's own words for why it said no."""

    reason: str = ""
    message: str = ""
    code: int = 0
    details: _Details | None = None

    def error(self) -> ApiError:
        """As an exception."""
        wait = float(self.details.retry_after_seconds) if self.details else 0.0
        return ApiError(self.code, self.reason, self.message, wait)


def refusal(response: aiohttp.ClientResponse, body: bytes) -> ApiError:
    """What an answer other than success means; a proxy's answer has no Status in it."""
    try:
        error = msgspec.json.decode(body, type=Status).error()
    except (msgspec.MsgspecError, UnicodeError):
        error = Status().error()
    error.status = response.status
    error.reason = error.reason or response.reason or ""
    after = response.headers.get("Retry-After", "")
    error.retry_after = float(after) if after.isdecimal() else error.retry_after
    return error


def unreachable(server: str, error: Exception) -> Unreachable:
    """A failure of the connection, in plain words."""
    kind = Silent if isinstance(error, aiohttp.SocketTimeoutError) else Unreachable
    return kind(f"no connection to the API server at {one_line(server)}: {_cause(error)}")


def _cause(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"its certificate is not trusted: {one_line(error.certificate_error)}"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case TimeoutError():
            return "no answer in time"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case _:
            return one_line(error) or type(error).__name__
