"""Which ends somebody means by a name: pods, nodes, and addresses outside."""

from dataclasses import dataclass

from reachaudit.model.facts import Pod
from reachaudit.model.ip import Block
from reachaudit.model.names import Ref
from reachaudit.reach.addresses import minus
from reachaudit.reach.ends import EndError, source
from reachaudit.reach.listing.grouping import SPACE
from reachaudit.reach.listing.peers import Peer, workload_text
from reachaudit.reach.listing.wanted import End
from reachaudit.reach.reachability import Reachability

_SPACE = "namespace/"
_WAYS = ("svc:", "lb:", "nodeport:", "externalip:", "ing:")


@dataclass(frozen=True, slots=True)
class Choice:
    """What one name means. `blocks`: addresses, of which those outside are meant."""

    name: str
    pods: frozenset[Ref] = frozenset()
    nodes: frozenset[str] = frozenset()
    blocks: tuple[Block, ...] = ()

    def end(self, reach: Reachability) -> End:
        """The same as an end of flows, in a state that may group pods otherwise."""
        found = reach.identity.workloads
        names = {workload_text(found[pod].ref) for pod in self.pods if pod in found}
        names |= {f"node/{name}" for name in self.nodes}

        def inside(peer: Peer) -> bool:
            return peer.kind in ("workload", "node") and peer.text in names

        return End(inside, self.blocks)


def choice(text: str, reach: Reachability) -> Choice:
    """What a name means: `namespace/shop`, or any end that `ends.source` knows.

    Raises EndError where it means nothing, or nobody who can be told apart from others.
    """
    if text.startswith(_SPACE):
        return _space(text, reach)
    if text.startswith(_WAYS):
        raise EndError(f"{text} is a way to pods: name these, or ask who-can-reach svc:ns/name")
    group = source(text, reach)
    pods = frozenset(spot.pod for spot in group.spots if spot.pod)
    nodes = frozenset(spot.node for spot in group.spots if spot.node)
    blocks = tuple(minus(group.blocks, reach.outside.cluster))
    if not (pods or nodes or blocks):
        why = f": {group.absent[0]}" if group.absent else ""
        raise EndError(f"nobody is at {text}{why}")
    _check(text, pods, reach)
    return Choice(group.name, pods, nodes, blocks)


def _space(text: str, reach: Reachability) -> Choice:
    name = text.removeprefix(_SPACE)
    pods = frozenset(pod.ref for pod in reach.identity.pods if pod.namespace == name)
    if not pods:
        raise EndError(f"there are no pods in {SPACE} {name}")
    _check(text, pods, reach)
    return Choice(text, pods)


def _check(text: str, pods: frozenset[Ref], reach: Reachability) -> None:
    """Who is on the nodes' network cannot be told apart from them (NP-47)."""
    found = [pod for ref in pods if (pod := reach.facts.get(Pod, ref))]
    if found and all(reach.identity.number(pod) is None for pod in found):
        raise EndError(f"{text} is on its nodes' network, where no policy tells it from them")
