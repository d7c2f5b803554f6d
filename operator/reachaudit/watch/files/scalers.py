"""HorizontalPodAutoscalers: how many pods a workload may come to have."""

from typing import ClassVar

from reachaudit.model.facts import Fact
from reachaudit.model.kinds import Kind
from reachaudit.model.names import Ref
from reachaudit.model.objects.wire import Object, Reading, Wire
from reachaudit.model.parse import parser


class Scaler(Fact, frozen=True, gc=False):
    """An autoscaler: the workload that it scales, and to how many pods at most."""

    kind: ClassVar[str] = "HorizontalPodAutoscaler"
    target: Ref = Ref("", "", "")
    most: int = 1


class ScaleTarget(Wire):
    """`spec.scaleTargetRef`."""

    kind: str = ""
    name: str = ""


class ScalerSpec(Wire):
    """A HorizontalPodAutoscaler's `spec`."""

    scale_target_ref: ScaleTarget | None = None
    max_replicas: int = 1


class WireScaler(Object):
    """A HorizontalPodAutoscaler on the wire."""

    spec: ScalerSpec | None = None


def read_scaler(scaler: WireScaler) -> Reading:
    """An autoscaler's fact."""
    spec = scaler.spec or ScalerSpec()
    namespace, target = scaler.metadata.namespace, spec.scale_target_ref or ScaleTarget()
    return Reading(
        Scaler(
            namespace,
            scaler.metadata.name,
            target=Ref(target.kind, namespace, target.name),
            most=spec.max_replicas,
        )
    )


SCALERS = tuple(
    Kind(
        Scaler.kind,
        "autoscaling",
        version,
        "horizontalpodautoscalers",
        parser(Scaler.kind, WireScaler, read_scaler),
    )
    for version in ("v1", "v2")
)
