"""The local control plane's programs, and helm: `python -m cluster.build [controlplane] [helm]`.

They are built with Go, unless KUBEBUILDER_ASSETS names a folder that holds a control plane.
"""

import hashlib
import os
import platform
import sys
from pathlib import Path

from cluster.gobuild import BuildError, cached_program

SOURCE = Path(__file__).parent / "binary"
HELM = "helm.sh/helm/v4/cmd/helm@v4.3.1"
# Without these a hand-made kube-apiserver calls itself v0.0.0, which charts and clients turn away.
_VERSION = "k8s.io/component-base/version"
_LDFLAGS = (
    f"-s -w -X {_VERSION}.gitVersion=v1.36.3 -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=36"
)
_FLAGS = ("-trimpath", "-buildvcs=false")
_NEEDED_BY = {
    "etcd": "the API server",
    "kube-apiserver": "all others",
    "kube-controller-manager": "endpoint slices, service accounts and the ends of namespaces",
    "kube-scheduler": "pods that wait for a node",
    "kube-proxy": "the packets of Services",
}


def command(program: str) -> list[str]:
    """What starts `program` (etcd, kube-apiserver …), without its flags."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        return [str(controlplane()), program]
    path = Path(assets).resolve() / program
    if not os.access(path, os.X_OK):
        raise BuildError(
            f"KUBEBUILDER_ASSETS={assets} has no {program}, needed by {_NEEDED_BY[program]}: "
            "add it there, or unset the variable and the control plane is built."
        )
    return [str(path)]


def controlplane() -> Path:
    """The control plane in one file: its first argument names the program."""
    arguments = [*_FLAGS, f"-ldflags={_LDFLAGS}"]
    digest = hashlib.sha256(f"{arguments} {platform.system()} {platform.machine()}".encode())
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((SOURCE / name).read_bytes())
    return cached_program(f"controlplane-{digest.hexdigest()[:16]}", arguments, SOURCE)


def helm() -> Path:
    """The helm command, at a pinned version."""
    version = HELM.rpartition("@")[2]
    return cached_program(f"helm-{version}", [*_FLAGS, "-ldflags=-s -w", HELM], SOURCE)


def main(names: list[str]) -> int:
    """Build what is named, the control plane by default, and print the paths."""
    try:
        for name in names or ["controlplane"]:
            match name:
                case "helm":
                    print(helm())
                case "controlplane" if assets := os.environ.get("KUBEBUILDER_ASSETS"):
                    command("kube-controller-manager")
                    print(assets)
                case "controlplane":
                    print(controlplane())
                case _:
                    raise BuildError(f"{name!r} is not built here: name controlplane or helm.")
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
