"""What goes wrong before HTTP begins: handshakes that fail or never end, certificates too old."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from cluster import commandlines
from cluster.controlplane import ControlPlane
from live.manifests import policy
from live.relay import Relay
from live.watched import until, watched
from reachaudit.kube import backoff
from reachaudit.kube import client as client_module
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ClusterError
from reachaudit.model.kinds import NETWORK_POLICY
from reachaudit.watch.access import check_access

pytestmark = pytest.mark.live

PAST, LONG_AGO, TO_COME = "20200201000000Z", "20200101000000Z", "20991231000000Z"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "LONGEST", 0.2)
    monkeypatch.setattr(client_module, "RENEWAL_GAP", 0.0)


@pytest.fixture
async def relay(controlplane: ControlPlane) -> AsyncIterator[Relay]:
    async with Relay(controlplane.admin_kubeconfig) as running:
        yield running


async def _plain_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def _nothing_at_all(_: asyncio.StreamWriter) -> None:
    """The connection ends at once."""


async def _silence(writer: asyncio.StreamWriter) -> None:
    await writer.wait_closed()


@pytest.mark.parametrize("greet", [_plain_http, _nothing_at_all, _silence])
async def test_a_handshake_that_fails_is_tried_until_it_succeeds(
    controlplane: ControlPlane,
    relay: Relay,
    tmp_path: Path,
    namespace: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    greet: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> None:
    monkeypatch.setattr(client_module, "CONNECT_SECONDS", 0.2)
    api, ns = controlplane.api, namespace("tls")
    api.create(policy(ns, "goes"))
    async with watched(relay.kubeconfig(tmp_path), [NETWORK_POLICY]) as it:
        await it.synced()
        relay.greet = greet
        relay.cut()
        api.delete("networking.k8s.io/v1", "NetworkPolicy", "goes", ns)
        api.create(policy(ns, "comes"))
        await until(lambda: relay.greeted > 4, "it tries again and again")
        assert "no connection to the API server" in it.state(NETWORK_POLICY).last_error
        relay.greet = None
        monkeypatch.setattr(client_module, "CONNECT_SECONDS", 10.0)
        await it.agrees(api, NETWORK_POLICY)
        await until(lambda: not it.state(NETWORK_POLICY).last_error, "all is well")
        assert it.state(NETWORK_POLICY).relists == 0


class Authority:
    """A maker of client certificates, by openssl."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "ca.crt"
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        lines = (
            "[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=.",
            "certificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\npolicy=any",
            "unique_subject=no\n[any]\norganizationName=optional\ncommonName=supplied\n",
        )
        (folder / "ca.conf").write_text("\n".join(lines))
        self._openssl("req", "-x509", "-subj", "/CN=clients", "-keyout", "ca.key", "-out", "ca.crt")
        subject = "/O=system:masters/CN=certified"
        self._openssl("req", "-subj", subject, "-keyout", "own.key", "-out", "own.csr")

    def issue(self, end: str) -> None:
        """A certificate of an administrator that is good until then, in place of the last."""
        times = ("-startdate", LONG_AGO, "-enddate", end)
        self._openssl("ca", "-batch", "-config", "ca.conf", *times, "-in", "own.csr", "-out", "new")
        (self._folder / "new").rename(self._folder / "own.crt")

    def kubeconfig(self, controlplane: ControlPlane) -> Path:
        """A kubeconfig of him."""
        config = json.loads(controlplane.admin_kubeconfig.read_text())
        files = {"client-certificate": "own.crt", "client-key": "own.key"}
        config["users"][0]["user"] = {k: str(self._folder / name) for k, name in files.items()}
        path = self._folder / "certified.kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def _openssl(self, command: str, *arguments: str) -> None:
        keys = ("-newkey", "rsa:2048", "-nodes") if command == "req" else ()
        argv = ["openssl", command, *keys, *arguments]
        subprocess.run(argv, cwd=self._folder, check=True, capture_output=True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def trusting(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlPlane]:
    """A control plane that trusts the authority."""
    plain = commandlines.api_server

    def api_server(folder: Path, port: int, client_port: int, tokens: Path) -> list[str]:
        argv = plain(folder, port, client_port, tokens)
        return [*argv, f"--client-ca-file={authority.certificate}"]

    monkeypatch.setattr(commandlines, "api_server", api_server)
    with ControlPlane() as running:
        yield running


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_a_client_certificate_that_has_expired_is_read_again(
    trusting: ControlPlane, authority: Authority
) -> None:
    authority.issue(PAST)
    config = authority.kubeconfig(trusting)
    async with await Client.connect(Credentials(str(config))) as client:
        with pytest.raises(ClusterError, match="does not accept the credentials of the kubeconfig"):
            await check_access(client)
    async with watched(config, [NETWORK_POLICY]) as it:
        await until(lambda: "401" in it.state(NETWORK_POLICY).last_error, "it is refused")
        assert not it.state(NETWORK_POLICY).synced
        authority.issue(TO_COME)
        await it.synced()
        await it.agrees(trusting.api, NETWORK_POLICY)
        await until(lambda: not it.state(NETWORK_POLICY).last_error, "all is well")
