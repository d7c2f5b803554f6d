"""The local control plane is a real one: RBAC, tokens, watches, etcd."""

import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import msgspec
import pytest

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.etcd import registry_key
from cluster.objects import KubeObject, text
from cluster.rest import ApiError
from cluster.waiting import wait_for

pytestmark = pytest.mark.live

POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "kept", "namespace": "default"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}
POLICIES = ("networking.k8s.io/v1", "NetworkPolicy")


@pytest.fixture(scope="module")
def controlplane() -> Iterator[ControlPlane]:
    with ControlPlane() as running:
        yield running


def service_account(api: Api, name: str) -> None:
    metadata = {"name": name, "namespace": "default"}
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})


def policy(name: str) -> KubeObject:
    return {**POLICY, "metadata": {"name": name, "namespace": "default"}}


def test_rbac_decides_what_a_service_account_may(controlplane: ControlPlane) -> None:
    service_account(controlplane.api, "auditor")
    with closing(Api(controlplane.kubeconfig_for("default", "auditor"))) as auditor:
        with pytest.raises(ApiError) as refused:
            auditor.list("v1", "Pod")
        assert refused.value.code == 403

        controlplane.api.apply(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": "auditor", "namespace": "default"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "view",
                },
                "subjects": [{"kind": "ServiceAccount", "name": "auditor", "namespace": "default"}],
            }
        )

        def allowed() -> bool:
            try:
                return auditor.list("v1", "Pod", "default").at > 0
            except ApiError:
                return False

        wait_for(allowed, "the RoleBinding holds")
        with pytest.raises(ApiError):
            auditor.list("v1", "Pod", "kube-system")


def test_a_pods_mount_is_enough_to_log_in(controlplane: ControlPlane) -> None:
    service_account(controlplane.api, "mounted")
    mount = controlplane.service_account_dir("default", "mounted")
    context = ssl.create_default_context(cafile=str(mount / "ca.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # what later Pythons ask for by themselves
    request = urllib.request.Request(
        f"https://{controlplane.host}:{controlplane.port}"
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        data=b'{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}',
        headers={
            "Authorization": f"Bearer {(mount / 'token').read_text()}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, context=context) as response:
        review = msgspec.json.decode(response.read())
    assert text(review, "status", "userInfo", "username") == "system:serviceaccount:default:mounted"
    assert (mount / "namespace").read_text() == "default"


def test_history_lost_behind_the_api_servers_back(controlplane: ControlPlane) -> None:
    api = controlplane.api
    api.apply(policy("kept"))
    version = text(api.list(*POLICIES).body, "metadata", "resourceVersion")
    api.apply(policy("lost"))
    with api.watch(*POLICIES, resourceVersion=version) as watch:
        event, found = next(iter(watch))
    assert (event, text(found, "metadata", "name")) == ("ADDED", "lost")  # resuming works

    controlplane.kill_api_server()
    assert controlplane.etcd.delete(registry_key("networkpolicies", "default", "lost")) == 1
    controlplane.etcd.compact()
    controlplane.start_api_server()

    with pytest.raises(ApiError) as gone, api.watch(*POLICIES, resourceVersion=version) as watch:
        next(iter(watch))
    assert gone.value.code == 410
    left = [text(each, "metadata", "name") for each in api.list(*POLICIES).items]
    assert "kept" in left
    assert "lost" not in left


def test_an_object_written_into_etcd_is_served(controlplane: ControlPlane) -> None:
    key = registry_key("networkpolicies", "default", "written")
    metadata = {
        "name": "written",
        "namespace": "default",
        "uid": "6f0c8a3e-0000-4000-8000-000000000001",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    controlplane.etcd.put(key, msgspec.json.encode({**POLICY, "metadata": metadata}))
    served = wait_for(
        lambda: [
            each
            for each in controlplane.api.list(*POLICIES).items
            if text(each, "metadata", "name") == "written"
        ],
        "the API server sees what etcd has",
    )
    assert text(served[0], "metadata", "uid") == metadata["uid"]
    assert controlplane.etcd.get(key) is not None
    assert controlplane.etcd.delete(registry_key("networkpolicies", "default"), prefix=True) >= 1
