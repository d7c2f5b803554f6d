"""Ends: what a person calls the source or the target of a question, and what is meant by it.

shop/web                 a pod, or a workload where only one has the name
shop/web[Deployment]     a workload: all of its pods; shop/web-1[Pod] is a pod
node:n1, node/n1         a node
203.0.113.7, 10.0.0.0/8  addresses, whoever has them
internet                 a zone: internet, private, metadata
svc:shop/web             a Service by its name              (targets only, as all that follow)
lb:shop/web              a Service by its load balancer
externalip:203.0.113.80  a Service by one of its externalIPs
nodeport:n1              node ports and host ports of a node, not the node's own processes
ing:shop.example.com/p   a request to an Ingress
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from reachaudit.model.facts import SOME_NODE, Controller, Ingress, Node, Pod
from reachaudit.model.ip import Address, Block, parse_address, parse_block
from reachaudit.model.names import Ref
from reachaudit.reach.destinations import Destination
from reachaudit.reach.ingresses import Route
from reachaudit.reach.listening import Listening
from reachaudit.reach.named import Named
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.request import Request
from reachaudit.reach.spots import Spot, at_address, in_blocks, inside_block, of_node, of_pods
from reachaudit.reach.standing import Standing
from reachaudit.reach.workloads import Workload, workload_of
from reachaudit.reach.zones import BLOCKS, ZONES
from reachaudit.settings import SettingError

_WORKLOAD = re.compile(r"([^/\s]+)/([^/\s\[\]]+)(?:\[([A-Za-z]+)\])?")
_MEANT = 3
_TARGETS = ("svc", "lb", "nodeport", "externalip", "ing")
FORMS = "ns/name, ns/name[Kind], node/NAME, an address, a CIDR, internet, private, metadata"
TARGET_FORMS = f"{FORMS}, svc:ns/name, lb:ns/name, nodeport:…, externalip:IP, ing:host/path"


class EndError(SettingError):
    """A name that means nothing here; the message is one sentence for its user."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pods, a node or addresses by one name. `absent`: why some or all of it is nowhere (NP-49)."""

    name: str
    spots: tuple[Spot, ...]
    blocks: tuple[Block, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What is reached: destinations by one name, of which each is a question of its own."""

    name: str
    destinations: tuple[Destination, ...]
    group: Group | None = None


def source(text: str, reach: Reachability) -> Group:
    """Who sends; raises EndError."""
    prefix = text.partition(":")[0]
    if prefix in _TARGETS:
        raise EndError(f"{text} receives and never sends; a source is {FORMS}")
    return _group(text, reach, FORMS)


def target(text: str, reach: Reachability) -> Target:
    """What is reached; raises EndError."""
    prefix, colon, rest = text.partition(":")
    if colon and prefix in _TARGETS:
        return Target(text, tuple(_special(prefix, rest, reach)))
    group = _group(text, reach, TARGET_FORMS)
    return Target(group.name, tuple(Standing(spot) for spot in group.spots), group)


def _special(prefix: str, rest: str, reach: Reachability) -> Iterator[Destination]:
    match prefix:
        case "svc":
            yield Named(_service(rest, reach))
        case "lb":
            yield Listening("LoadBalancer", service=_service(rest, reach))
        case "nodeport":
            if "/" in rest:
                yield Listening("NodePort", service=_service(rest, reach))
            else:
                yield Listening("NodePort", node=_node(rest, reach).name)
        case "externalip":
            address = parse_address(rest)
            if address is None:
                raise EndError(f"externalip:{rest} is no address")
            yield Listening("ExternalIP", address=address)
        case _:
            yield from _requests(rest, reach)


def _requests(url: str, reach: Reachability) -> Iterator[Request]:
    """One for each controller that has a rule for it: each goes by its own Ingresses only."""
    host, slash, path = url.partition("/")
    if not any(reach.facts.of(Ingress)):
        raise EndError("there is no Ingress here")
    path = slash + path or "/"
    first: dict[object, Ref] = {}
    for route in reach.ingresses.routes:
        first.setdefault(reach.ingresses.serving(route.ingress), route.ingress.ref)
    found = [Request(host, path, ref).route(reach) for ref in first.values()]
    taking = [route.ingress.ref for route in found if isinstance(route, Route)]
    yield from (Request(host, path, ref) for ref in taking or [*first.values(), None][:1])


def _group(text: str, reach: Reachability, forms: str) -> Group:
    for zone in ZONES:
        if text == zone:
            return Group(text, tuple(in_blocks(reach, BLOCKS[zone])), tuple(BLOCKS[zone]))
    if text.startswith(("node:", "node/")):
        node = _node(text[5:], reach)
        return Group(f"node/{node.name}", tuple(of_node(node)))
    address = parse_address(text)
    if address is not None:
        return _of_address(reach, text, address)
    block = parse_block(text)
    if block is not None and block.first == block.last:
        return _of_address(reach, text, Address(block.family, block.first))
    if block is not None:
        return _of_block(reach, text, block)
    match = _WORKLOAD.fullmatch(text)
    if not match:
        known = (f"{w.namespace}/{w.name}" for w in reach.identity.workloads.values())
        named = sorted({name for name in known if name.partition("/")[2] == text})[:_MEANT]
        meant = f"; did you mean {' or '.join(named)}?" if named else f"; write {forms}"
        raise EndError(f"{text!r} names nothing{meant}")
    if parse_address(match[1]) is not None:
        raise EndError(f"{text} is no CIDR")
    return _workload(text, match[1], match[2], match[3] or "", reach)


def _of_address(reach: Reachability, text: str, address: Address) -> Group:
    blocks = (Block(address.family, address.value, address.value),)
    return Group(text, (at_address(reach, address),), blocks)


def _of_block(reach: Reachability, text: str, block: Block) -> Group:
    spots = [*inside_block(reach, block), *in_blocks(reach, [block])]
    return Group(text, tuple(spots or [Spot(block.family, blocks=(block,))]), (block,))


def _workload(text: str, namespace: str, name: str, kind: str, reach: Reachability) -> Group:
    """A pod by its own name, or all pods of a workload."""
    found: defaultdict[Workload, list[Pod]] = defaultdict(list)
    known: set[str] = set()
    controllers = partial(reach.facts.get, Controller)
    for pod in reach.facts.within(Pod, namespace):
        workload = workload_of(namespace, pod.owner or pod.name, controllers)
        known.add(f"{namespace}/{workload.name}")
        if workload.name == name and kind in ("", workload.kind):
            found[workload].append(pod)
        elif pod.name == name and kind in ("", "Pod"):
            found[Workload(namespace, name, "Pod")].append(pod)
    if len(found) > 1:
        raise EndError(f"{text} may be {' or '.join(map(str, sorted(found)))}: name one of them")
    if not found:
        raise EndError(_unknown(text, f"{namespace}/{name}", known, reach))
    ((workload, pods),) = found.items()
    live = [pod for pod in pods if pod.live]
    absent = tuple(_absent(pod) for pod in pods if not pod.live)
    return Group(str(workload), tuple(of_pods(live)), absent=absent)


def _absent(pod: Pod) -> str:
    """Why a pod neither sends nor receives (NP-49)."""
    if pod.phase in ("Succeeded", "Failed"):
        why = f"has ended ({pod.phase})"
    else:
        why = "has no address yet" if pod.node else "is not scheduled to a node"
    return f"pod {pod.namespace}/{pod.name} {why}"


def _unknown(text: str, name: str, known: Iterable[str], reach: Reachability) -> str:
    namespace, _, own = name.partition("/")
    if reach.services.get(namespace, own) is not None:
        return f"{text} is no pod and no workload; the Service of that name is svc:{name}"
    return f"there is no pod and no workload {text}{_meant(name, known)}"


def _service(name: str, reach: Reachability) -> Ref:
    namespace, slash, own = name.partition("/")
    if not slash or not own:
        raise EndError(f"{name!r} is no Service; write svc:ns/name")
    service = reach.services.get(namespace, own)
    if service is None:
        known = (f"{s.namespace}/{s.name}" for s in reach.services.all)
        raise EndError(f"there is no Service {name}{_meant(name, known)}")
    return service.ref


def _node(name: str, reach: Reachability) -> Node:
    node = reach.facts.get(Node, Ref("Node", "", name))
    if node is None or name == SOME_NODE:
        raise EndError(f"there is no node {name}{_meant(name, reach.identity.nodes)}")
    return node


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name.lower(), sorted(set(known)), n=_MEANT)
    return f"; did you mean {' or '.join(close)}?" if close else ""
