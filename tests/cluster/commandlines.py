"""The command line of each program of the control plane."""

import json
from pathlib import Path

from cluster.build import command

SERVICE_CIDRS = "10.96.0.0/16,fd00:10:96::/112"
# The endpoint of the Service `kubernetes`. It is an address off the nodes, as of a managed control
# plane: the loopback address, where the server really listens, is not allowed there.
ADVERTISED = "192.168.0.254"
CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "endpointslice-mirroring-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "root-ca-certificate-publisher-controller",
    "service-cidr-controller",
    "serviceaccount-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
)


def etcd(folder: Path, client_port: int, peer_port: int) -> list[str]:
    """A single etcd that does not wait for the disk."""
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    return [
        *command("etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        f"--quota-backend-bytes={8 << 30}",
        "--log-level=warn",
    ]


def api_server(folder: Path, port: int, client_port: int, tokens: Path) -> list[str]:
    """An API server with RBAC on. It makes its own certificate, whose key signs tokens too."""
    return [
        *command("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{client_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--advertise-address={ADVERTISED}",
        f"--cert-dir={folder / 'pki'}",
        f"--service-cluster-ip-range={SERVICE_CIDRS}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={tokens}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={folder / 'pki' / 'apiserver.key'}",
        f"--service-account-signing-key-file={folder / 'pki' / 'apiserver.key'}",
        # The controller that would take the taint away again is off, as no kubelet reports health.
        "--disable-admission-plugins=TaintNodesByCondition",
    ]


def audit(log: Path, user: str) -> list[str]:
    """Options of the API server: log what a user asks for, and how it is answered."""
    rules = [{"level": "Metadata", "users": [user]}, {"level": "None"}]
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}
    path = log.with_suffix(".policy")
    path.write_text(json.dumps({**policy, "omitStages": ["RequestReceived"]}))
    return [f"--audit-policy-file={path}", f"--audit-log-path={log}"]


def controller_manager(folder: Path, kubeconfig: Path) -> list[str]:
    """The controllers that need neither real nodes nor a cloud."""
    return [
        *command("kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(CONTROLLERS)}",
        "--use-service-account-credentials",
        f"--root-ca-file={folder / 'pki' / 'apiserver.crt'}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def scheduler(kubeconfig: Path) -> list[str]:
    """The scheduler."""
    return [
        *command("kube-scheduler"),
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
