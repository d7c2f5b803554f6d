"""Who we are: the service account with its changing token, a kubeconfig, and plain refusals."""

import json
import shutil
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from cluster.controlplane import ControlPlane
from reachaudit.kube import client as client_module
from reachaudit.kube.client import Client
from reachaudit.kube.credentials import Credentials
from reachaudit.kube.errors import ApiError, ClusterError, Unreachable

Config = dict[str, object]
PLUGIN_VERSION = "client.authentication.k8s.io/v1"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cluster but those that a test names."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def pod(controlplane: ControlPlane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The mounted service account of a pod, and its environment."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", controlplane.host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(controlplane.port))
    mount = controlplane.service_account_dir("default", "default")
    return Path(shutil.copytree(mount, tmp_path / "mount"))


def kubeconfig(
    folder: Path, cluster: Mapping[str, object] | None = None, user: Config | None = None
) -> Path:
    content = {
        "clusters": [
            {"name": "c", "cluster": {"server": "https://127.0.0.1:1", **(cluster or {})}}
        ],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = folder / "config"
    path.write_text(json.dumps(content))
    return path


async def refusal(credentials: Credentials) -> str:
    with pytest.raises(ClusterError) as caught:
        await credentials.login()
    message = str(caught.value)
    assert message.isprintable()
    assert message.endswith(".")
    return message


async def test_no_cluster_at_all() -> None:
    message = await refusal(Credentials())
    assert message.startswith("No cluster is configured: this is not a pod with a service account")


async def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert await refusal(Credentials(str(path))) == f"The kubeconfig {path} does not exist."


TEXTS = {
    "": "lacks what a kubeconfig needs",
    "[1, 2]": "lacks what a kubeconfig needs",
    "{": "is not YAML",
    "a: b\n c: d": "is not YAML",
    "\x1b[31m: \x00": "is not YAML",
    "kind: Config": "cannot be used: Invalid kube-config file",
}


@pytest.mark.parametrize("text", TEXTS)
async def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert TEXTS[text] in await refusal(Credentials(str(path)))


async def test_a_kubeconfig_that_is_a_folder(tmp_path: Path) -> None:
    assert (await refusal(Credentials(str(tmp_path)))).endswith("Is a directory.")


async def test_a_context_that_is_not_in_it(tmp_path: Path) -> None:
    message = await refusal(Credentials(str(kubeconfig(tmp_path)), "other\n"))
    assert message.endswith(r"has no context other\n.")


async def test_certificates_that_are_missing_or_broken(tmp_path: Path) -> None:
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for name, text in ("gone.crt", "gone.crt"), ("broken.crt", "cannot be read"):
        config = kubeconfig(tmp_path, {"certificate-authority": str(tmp_path / name)})
        assert text in await refusal(Credentials(str(config)))
    config = kubeconfig(tmp_path, {"certificate-authority-data": "%%%"})
    await refusal(Credentials(str(config)))


async def test_a_token_that_would_break_a_header(tmp_path: Path) -> None:
    message = await refusal(Credentials(str(kubeconfig(tmp_path, user={"token": "a\r\nb"}))))
    assert "has a token with characters that no token has" in message


PLUGINS = {
    "that is not there": ("no-such-plugin", [], "No such file"),
    "that fails": ("sh", ["-c", "echo no luck >&2; exit 3"], "no luck"),
    "that says nothing": ("true", [], "failed to decode"),
}


@pytest.mark.parametrize("name", PLUGINS)
async def test_a_credential_plugin(tmp_path: Path, name: str) -> None:
    command, arguments, reason = PLUGINS[name]
    plugin = {"apiVersion": PLUGIN_VERSION, "command": command, "args": arguments}
    message = await refusal(Credentials(str(kubeconfig(tmp_path, user={"exec": plugin}))))
    assert message.startswith("The credential plugin failed: ")
    assert reason in message


@pytest.mark.live
async def test_a_plugin_is_asked_again_when_its_token_is_refused(
    controlplane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RENEWAL_GAP", 0.0)
    admin = json.loads(controlplane.admin_kubeconfig.read_text())
    answer = tmp_path / "answer"

    def give(token: str) -> None:
        status = {
            "apiVersion": PLUGIN_VERSION,
            "kind": "ExecCredential",
            "status": {"token": token},
        }
        answer.write_text(json.dumps(status))

    plugin = {"apiVersion": PLUGIN_VERSION, "command": "cat", "args": [str(answer)]}
    admin["users"][0]["user"] = {"exec": plugin}
    config = tmp_path / "exec.kubeconfig"
    config.write_text(json.dumps(admin))
    give("stale")
    async with await Client.connect(Credentials(str(config))) as client:
        with pytest.raises(ApiError, match="401"):
            await client.get("/api/v1/pods")
        give(_token(controlplane.admin_kubeconfig))
        assert await client.get("/api/v1/pods")


@pytest.mark.live
async def test_the_service_account_of_a_pod_comes_first(
    controlplane: ControlPlane, pod: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(controlplane.admin_kubeconfig))
    credentials = Credentials(service_account=pod)
    assert credentials.source == "the pod's service account"
    async with await Client.connect(credentials) as client:
        with pytest.raises(ApiError, match="serviceaccount:default:default"):
            await client.get("/api/v1/pods")
    asked_for = Credentials(str(kubeconfig(tmp_path)), service_account=pod)
    assert asked_for.source == f"the kubeconfig {tmp_path}/config"


@pytest.mark.live
async def test_a_pod_whose_account_is_broken(pod: Path) -> None:
    (pod / "ca.crt").write_text("")
    assert "Cert file exists but empty" in await refusal(Credentials(service_account=pod))
    (pod / "token").write_text("")
    assert "Token file exists but empty" in await refusal(Credentials(service_account=pod))


@pytest.mark.live
async def test_a_token_that_is_rotated_is_taken_over(
    pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RENEWAL_GAP", 0.0)
    good = (pod / "token").read_text()
    (pod / "token").write_text("stale")
    async with await Client.connect(Credentials(service_account=pod)) as client:
        with pytest.raises(ApiError, match="401"):
            await client.get("/apis")
        (pod / "token").write_text(good)
        assert await client.get("/apis")


@pytest.mark.live
async def test_a_rotated_authority_is_taken_over(
    pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "RENEWAL_GAP", 0.0)
    good = (pod / "ca.crt").read_bytes()
    roots = ssl.create_default_context().get_ca_certs(binary_form=True)
    (pod / "ca.crt").write_text(ssl.DER_cert_to_PEM_cert(roots[0]))
    async with await Client.connect(Credentials(service_account=pod)) as client:
        with pytest.raises(Unreachable, match="its certificate is not trusted"):
            await client.get("/apis")
        (pod / "ca.crt").write_bytes(good)
        with pytest.raises(Unreachable):
            await client.get("/apis")
        assert await client.get("/apis")


def _token(config: Path) -> str:
    return str(json.loads(config.read_text())["users"][0]["user"]["token"])
