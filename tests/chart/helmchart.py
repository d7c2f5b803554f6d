"""The chart by the real helm: what it renders, and what it refuses."""

import subprocess
from functools import cache
from pathlib import Path

import yaml

from cluster.build import helm
from cluster.objects import KubeObject, dig, text

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "reachaudit"
ALL_OPTIONS = Path(__file__).parent / "all-options.yaml"


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The answer of helm, whatever it is."""
    return subprocess.run(
        [str(word) for word in (helm(), *arguments)], capture_output=True, text=True
    )


@cache
def render(
    *options: str | Path, release: str = "reachaudit", namespace: str = "audit"
) -> tuple[KubeObject, ...]:
    """The objects that a release consists of; `options` are those of `helm template`."""
    done = run_helm("template", release, CHART, "--namespace", namespace, *options)
    assert done.returncode == 0, done.stderr
    return tuple(each for each in yaml.safe_load_all(done.stdout) if each)


def refusal(*options: str | Path) -> str:
    """What helm says when it refuses the values."""
    done = run_helm("template", "reachaudit", CHART, *options)
    assert done.returncode != 0, "helm took these values"
    return done.stderr


def one(manifests: tuple[KubeObject, ...], kind: str) -> KubeObject:
    """The only object of a kind."""
    [found] = [each for each in manifests if each["kind"] == kind]
    return found


def container(manifests: tuple[KubeObject, ...]) -> KubeObject:
    """The operator's container."""
    found = dig(pod(manifests), "containers", 0)
    assert isinstance(found, dict)
    return found


def pod(manifests: tuple[KubeObject, ...]) -> KubeObject:
    """The spec of the operator's pod."""
    found = dig(one(manifests, "Deployment"), "spec", "template", "spec")
    assert isinstance(found, dict)
    return found


def name(manifest: KubeObject) -> str:
    return text(manifest, "metadata", "name")
