"""The operator and the sample world in a kind cluster, for those who have Docker.

    python -m deploy.kind

What is there already is brought up to date. `kind delete cluster --name reachaudit` ends it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from cluster.build import helm
from cluster.gobuild import BuildError, cached_program

ROOT = Path(__file__).parents[1]
CLUSTER = "reachaudit"  # its name in kind-config.yaml
METRICS_PORT = 8080  # on this machine, as kind-config.yaml maps it
METRICS_NODE_PORT = 30808
IMAGE, TAG = "reachaudit", "kind"
NAMESPACE = "reachaudit"
_KIND = "v0.33.0"


class KindError(Exception):
    """Why there is no cluster, in one sentence."""


def kind() -> Path:
    """The kind command, at a pinned version."""
    source = f"sigs.k8s.io/kind@{_KIND}"
    return cached_program(f"kind-{_KIND}", ["-trimpath", "-ldflags=-s -w", source], ROOT)


def require_docker() -> None:
    """Raise where no Docker daemon answers."""
    if shutil.which("docker") is None:
        raise KindError("kind needs Docker, and no docker command is installed on this machine.")
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True)
    if asked.returncode != 0:
        raise KindError("kind needs Docker, and no Docker daemon answers: start it and try again.")


def create() -> None:
    """The cluster, where it is not there yet."""
    clusters = subprocess.run(
        [str(kind()), "get", "clusters"], check=True, stdout=subprocess.PIPE, text=True
    )
    if CLUSTER not in clusters.stdout.split():
        _run("the cluster", kind(), "create", "cluster", "--config", ROOT / "kind-config.yaml")


def load_image() -> None:
    """The operator's image of this tree, on all nodes."""
    image = f"{IMAGE}:{TAG}"
    _run("the image", "docker", "build", "-f", ROOT / "deploy/Containerfile", "-t", image, ROOT)
    _run("the image on the nodes", kind(), "load", "docker-image", image, "--name", CLUSTER)


def install() -> None:
    """The chart, until the operator is ready; pods of an earlier image are replaced."""
    _run(
        "the chart",
        *(helm(), "upgrade", "--install", "reachaudit", ROOT / "charts/reachaudit"),
        *("--kube-context", f"kind-{CLUSTER}", "--namespace", NAMESPACE, "--create-namespace"),
        *("--set", f"image.repository={IMAGE},image.tag={TAG}"),
        *("--set", f"service.type=NodePort,service.nodePort={METRICS_NODE_PORT}"),
        *("--set-string", f"podAnnotations.image={_image_id()}"),
        *("--wait", "--timeout", "3m"),
    )


def apply_samples() -> None:
    """The sample world. The node has a kubectl, so that this machine needs none."""
    node = f"{CLUSTER}-control-plane"
    _run("the sample world", "docker", "cp", f"{ROOT}/deploy/samples/.", f"{node}:/samples")
    kubectl = ("docker", "exec", node, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")
    _run("its objects", *kubectl, "apply", "-k", "/samples")


def main() -> int:
    """All of it in order."""
    try:
        require_docker()
        for step in (create, load_image, install, apply_samples):
            step()
    except (KindError, BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"error: `{' '.join(error.cmd)}` failed, see above.", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    print(f"metrics: http://127.0.0.1:{METRICS_PORT}/metrics")
    print(f"to end it: {kind()} delete cluster --name {CLUSTER}")
    return 0


def _image_id() -> str:
    asked = ["docker", "image", "inspect", "--format", "{{.Id}}", f"{IMAGE}:{TAG}"]
    return subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _run(title: str, *argv: str | Path) -> None:
    print(f"==> {title}", flush=True)
    subprocess.run([str(word) for word in argv], check=True)


if __name__ == "__main__":
    sys.exit(main())
