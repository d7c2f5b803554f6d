"""The operator as a node would start it: the command, environment and identity of its pod."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chart.helmchart import ROOT
from cluster.objects import KubeObject, dig, objects, text

CONTAINERFILE = ROOT / "deploy" / "Containerfile"


@dataclass(frozen=True)
class OperatorCommand:
    """What runs in the pod, and as whom.

    `argv[0]` is the program's name, to be found on the PATH. Of a flag that is given twice the
    last counts, so that a test may append `--listen` and `--kubeconfig` of its own.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    namespace: str
    service_account: str


def operator_command(deployment: KubeObject, pod_name: str = "reachaudit-0") -> OperatorCommand:
    """The command of a rendered Deployment, with the downward API resolved for one pod."""
    namespace = text(deployment, "metadata", "namespace")
    spec = dig(deployment, "spec", "template", "spec")
    [container] = objects(spec, "containers")
    assert "command" not in container  # it would replace the image's
    fields = {"metadata.name": pod_name, "metadata.namespace": namespace}
    return OperatorCommand(
        argv=(*entrypoint(), *_texts(dig(container, "args"))),
        env={text(each, "name"): _value(each, fields) for each in objects(container, "env")},
        namespace=namespace,
        service_account=text(spec, "serviceAccountName"),
    )


def entrypoint() -> tuple[str, ...]:
    """What the image starts."""
    [line] = re.findall(r"^ENTRYPOINT (.+)$", CONTAINERFILE.read_text(), re.MULTILINE)
    return _texts(json.loads(line))


def _value(variable: KubeObject, fields: Mapping[str, str]) -> str:
    if "value" in variable:
        return text(variable, "value")
    return fields[text(variable, "valueFrom", "fieldRef", "fieldPath")]


def _texts(found: object) -> tuple[str, ...]:
    return tuple(map(str, found)) if isinstance(found, list) else ()
