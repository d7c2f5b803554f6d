"""Where the API server is and who we are to it: a pod's service account, or a kubeconfig."""

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reachaudit.kube.errors import ClusterError, Unreachable, one_line

if TYPE_CHECKING:
    from kubernetes.aio.client import Configuration

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PLUGIN_SECONDS = 60


_LoadKubeconfig = Callable[[str, str | None, "Configuration", bool], Awaitable[object]]


class _Loader(Protocol):
    def load_and_set(self, configuration: "Configuration") -> None: ...


@dataclass(frozen=True, eq=False)
class Login:
    """Credentials as read at one time."""

    configuration: "Configuration"
    tls: ssl.SSLContext

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.configuration.host

    async def authorization(self) -> str:
        """The header for a request, "" for none; a service account's token is kept fresh."""
        from kubernetes.aio.config import ConfigException

        try:
            return (await self.configuration.get_api_key_with_prefix("BearerToken") or "").strip()
        except (OSError, ConfigException) as error:
            raise Unreachable(f"the token cannot be read: {one_line(error)}") from error


class Credentials:
    """The service account when there is one and no kubeconfig was asked for, else a kubeconfig."""

    def __init__(
        self,
        kubeconfig: str | None = None,
        context: str | None = None,
        service_account: Path = SERVICE_ACCOUNT,
    ) -> None:
        self._context = context
        self._service_account = service_account
        asked_for = kubeconfig is not None or context is not None
        self._in_cluster = not asked_for and _is_pod(service_account)
        self._asked_for = kubeconfig is not None
        self._kubeconfig = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"

    @property
    def source(self) -> str:
        """Where they come from, for messages."""
        if self._in_cluster:
            return "the pod's service account"
        return f"the kubeconfig {one_line(self._kubeconfig)}"

    async def login(self) -> Login:
        """Read everything afresh; ClusterError says what is missing or wrong."""
        # Imported late: a second of start-up that `reachaudit --help` need not wait for.
        from kubernetes.aio.client import Configuration
        from kubernetes.aio.client.rest import RESTClientObject
        from kubernetes.aio.config import ConfigException

        configuration = Configuration()
        # kubectl accepts CAs without the extensions that Python ≥ 3.13 asks for by default.
        configuration.disable_strict_ssl_verification = True
        try:
            if self._in_cluster:
                self._load_service_account(configuration)
            else:
                await self._load_kubeconfig(configuration)
            tls = RESTClientObject(configuration).ssl_context
        except ConfigException as error:
            raise ClusterError(f"{self._subject} cannot be used: {one_line(error)}.") from error
        except ssl.SSLError as error:
            message = f"{self._subject} has a certificate or key that cannot be read"
            raise ClusterError(f"{message}: {one_line(error)}.") from error
        except OSError as error:
            message = f"{one_line(error.filename)}: {error.strerror}"
            raise ClusterError(f"{self._subject} cannot be read: {message}.") from error
        return await _checked(Login(configuration, tls), self._subject)

    @property
    def _subject(self) -> str:
        return self.source[0].upper() + self.source[1:]

    def _load_service_account(self, configuration: "Configuration") -> None:
        from kubernetes.aio.config.incluster_config import InClusterConfigLoader

        make: Callable[[str, str], _Loader] = InClusterConfigLoader
        token, authority = self._service_account / "token", self._service_account / "ca.crt"
        make(str(token), str(authority)).load_and_set(configuration)

    async def _load_kubeconfig(self, configuration: "Configuration") -> None:
        from kubernetes.aio import config
        from yaml import YAMLError

        load: _LoadKubeconfig = config.load_kube_config
        self._check_presence()
        try:
            with _plugin_complaints():
                async with asyncio.timeout(PLUGIN_SECONDS):
                    await load(self._kubeconfig, self._context, configuration, False)
        except config.ConfigException as error:
            if self._context and f"name {self._context} in" in str(error):
                name = one_line(self._context)
                raise ClusterError(f"{self._subject} has no context {name}.") from error
            raise
        except YAMLError as error:
            message = one_line(" ".join(str(error).split()))
            raise ClusterError(f"{self._subject} is not YAML: {message}.") from error
        except TimeoutError as error:
            message = f"gave no credentials within {PLUGIN_SECONDS} seconds"
            raise ClusterError(f"The credential plugin of {self.source} {message}.") from error
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            # The official loader takes a kubeconfig's shape for granted.
            message = "lacks what a kubeconfig needs: clusters, users, contexts, current-context"
            raise ClusterError(f"{self._subject} {message}.") from error

    def _check_presence(self) -> None:
        if any(Path(p).expanduser().exists() for p in self._kubeconfig.split(os.pathsep) if p):
            return
        if self._asked_for:
            raise ClusterError(f"{self._subject} does not exist.")
        message = "this is not a pod with a service account, and there is no kubeconfig at"
        raise ClusterError(f"No cluster is configured: {message} {one_line(self._kubeconfig)}.")


def _is_pod(service_account: Path) -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (service_account / "token").exists()


async def _checked(login: Login, subject: str) -> Login:
    if not (await login.authorization()).isprintable():
        raise ClusterError(f"{subject} has a token with characters that no token has.")
    return login


class _Complaints(logging.Filter):
    """Keeps the errors that the official loader logs instead of raising them."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            self.messages.append(one_line(record.getMessage()))
        return False


@contextmanager
def _plugin_complaints() -> Iterator[None]:
    complaints = _Complaints()
    logger = logging.getLogger("kubernetes.aio.config.kube_config")
    logger.addFilter(complaints)
    try:
        yield
    finally:
        logger.removeFilter(complaints)
    if complaints.messages:
        raise ClusterError(f"The credential plugin failed: {'; '.join(complaints.messages)}.")
