"""The check before the start: one plain sentence for whatever keeps the audit from beginning."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from cluster.controlplane import ControlPlane
from live.faultyproxy import FaultyProxy
from live.grants import Grant
from live.vendors import antrea, served
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ClusterError
from reachaudit.watch.access import check_access

pytestmark = pytest.mark.live


async def refusal(config: Path) -> str:
    async with await Client.connect(Credentials(str(config))) as client:
        with pytest.raises(ClusterError) as caught:
            await check_access(client)
    message = str(caught.value)
    assert message.isprintable()
    return message


def changed(controlplane: ControlPlane, folder: Path, **cluster: object) -> Path:
    config = json.loads(controlplane.admin_kubeconfig.read_text())
    config["clusters"][0]["cluster"] |= cluster
    path = folder / "changed.kubeconfig"
    path.write_text(json.dumps(config))
    return path


@asynccontextmanager
async def portal(text: str, content_type: str) -> AsyncIterator[str]:
    """A server that answers everything with the same page."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_admin_may_begin(controlplane: ControlPlane) -> None:
    credentials = Credentials(str(controlplane.admin_kubeconfig))
    async with await Client.connect(credentials) as client:
        await check_access(client)


async def test_nobody_listens(controlplane: ControlPlane, tmp_path: Path) -> None:
    config = changed(controlplane, tmp_path, server="https://127.0.0.1:1")
    assert await refusal(config) == (
        "There is no connection to the API server at https://127.0.0.1:1: connection refused."
    )


async def test_a_name_that_is_not_known(controlplane: ControlPlane, tmp_path: Path) -> None:
    config = changed(controlplane, tmp_path, server="https://cluster.invalid")
    assert (await refusal(config)).endswith("its name is not known.")


async def test_a_certificate_that_is_not_trusted(
    controlplane: ControlPlane, tmp_path: Path
) -> None:
    config = json.loads(changed(controlplane, tmp_path).read_text())
    del config["clusters"][0]["cluster"]["certificate-authority"]
    path = tmp_path / "untrusting.kubeconfig"
    path.write_text(json.dumps(config))
    assert "its certificate is not trusted" in await refusal(path)


async def test_credentials_that_are_not_accepted(
    controlplane: ControlPlane, tmp_path: Path
) -> None:
    config = json.loads(controlplane.admin_kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "wrong"
    path = tmp_path / "wrong.kubeconfig"
    path.write_text(json.dumps(config))
    assert "does not accept the credentials of the kubeconfig" in await refusal(path)


@pytest.mark.parametrize(
    ("text", "content_type"), [("<html>", "text/html"), ("{}", "application/json")]
)
async def test_a_server_of_another_kind(
    controlplane: ControlPlane, tmp_path: Path, text: str, content_type: str
) -> None:
    async with portal(text, content_type) as url:
        message = await refusal(changed(controlplane, tmp_path, server=url))
    assert message == f"{url} does not answer as a Kubernetes API server."


async def test_a_server_that_is_not_ready(controlplane: ControlPlane, tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"reason": "Busy", "message": "so\x1b[31mon\n"}, status=503)

    async with FaultyProxy(controlplane.admin_kubeconfig) as proxy:
        proxy.answer = refuse
        message = await refusal(proxy.kubeconfig(tmp_path))
    assert message == f"The API server at {proxy.url} answers 503 Busy: so\\x1b[31mon\\n."


async def test_all_rights_that_are_missing_are_named_at_once(controlplane: ControlPlane) -> None:
    message = await refusal(controlplane.kubeconfig_for("default", "default"))
    assert "pods, services" in message
    assert "networkpolicies.networking.k8s.io" in message
    assert "cilium" not in message
    assert "ClusterRole reachaudit" in message


async def test_kinds_that_verdicts_may_lack_keep_nobody_from_beginning(
    controlplane: ControlPlane, without: Grant
) -> None:
    theirs = antrea("NetworkPolicy")
    names = "Namespace", "IngressClass", "ServiceCIDR", "ReplicaSet", "Job", theirs.name
    with served(controlplane.api, theirs):
        async with await Client.connect(Credentials(str(without(*names)))) as client:
            await check_access(client)
    message = await refusal(without(*names, "Pod"))
    assert " list pods: bind the ClusterRole reachaudit" in message
