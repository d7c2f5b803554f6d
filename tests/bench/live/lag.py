"""How far behind the verdict is, from outside: a pod comes and goes, and a finding hangs on it.

It is written like all other pods, and stands in the same line as they.
"""

import time
from threading import Event

from bench.clusters import Cluster
from bench.live.follower import Finding, Follower, Object, Round
from bench.live.stored import key_of, value_of
from bench.policies import by
from cluster.etcd import Etcd
from reachaudit.model.facts import ContainerPort, Fact, Namespace, NetworkPolicy, Pod
from reachaudit.model.ip import Address
from reachaudit.model.objects.workloads import NAME_LABEL

_HOME = "bench-probe"
_EACH_SECONDS = 0.5
_POLICY = NetworkPolicy(_HOME, "probe", subject=by("app", "probe"))
_FINDING = Finding("RA005", Object("NetworkPolicy", _HOME, "probe"))  # it selects no pod


class Probe:
    """A pod that a policy selects, and the policy. `facts`: what must be there to begin with."""

    def __init__(self, cluster: Cluster) -> None:
        node = cluster.nodes.all[0]
        self._pod = Pod(
            _HOME,
            "probe",
            labels=(("app", "probe"),),
            addresses=(Address("IPv4", node.pod_blocks[0].last),),
            node=node.name,
            phase="Running",
            ready=True,
            ports=(ContainerPort("", 80, "TCP"),),
        )
        space = Namespace("", _HOME, ((NAME_LABEL, _HOME),))
        self.facts: tuple[Fact, ...] = (space, _POLICY, self._pod)

    def lags(self, etcd: Etcd, follower: Follower, ended: Event) -> list[float]:
        """Seconds from a write until its verdict is told, again and again until the end."""
        found: list[float] = []
        while not ended.is_set() or len(found) % 2:  # an even number: the pod is there again
            gone = len(found) % 2 == 0
            found.append(self._lag(etcd, follower, gone=gone))
            ended.wait(_EACH_SECONDS)
        return found

    def _lag(self, etcd: Etcd, follower: Follower, *, gone: bool) -> float:
        def told(round_: Round) -> bool:
            return _FINDING in (round_.opened if gone else round_.closed)

        value = None if gone else value_of(self._pod)
        since, began = follower.count, time.monotonic()
        etcd.write({key_of(self._pod.ref): value})
        return follower.wait(told, since, "the probe").at - began
