"""Permissions: the rule that would let a side of a hop through, and as little else as can be."""

from collections.abc import Iterable
from itertools import chain

from reachaudit.model.facts import Labels, Peer, Pod, PolicyPort, PolicyRule, Selector
from reachaudit.model.ip import Address, Block, everything, single
from reachaudit.model.objects.workloads import default_namespace_labels
from reachaudit.reach.addresses import cidrs, merge, minus
from reachaudit.reach.explain import Side
from reachaudit.reach.party import Party
from reachaudit.reach.ports import Span, by_protocol, spans_between
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Judgement
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.zones import METADATA, PRIVATE

# Labels that say which pod it is, or which version: a policy by them would not outlive a rollout.
_PASSING_LABELS = frozenset(
    {
        "pod-template-hash",
        "pod-template-generation",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    }
)
_MANY = 8
_ALL = sum(span.last - span.first + 1 for span in spans_between(()))


def common_labels(pods: Iterable[Pod]) -> Labels:
    """The labels that all of some pods have, less those that pass with a rollout."""
    shared = set.intersection(*(set(pod.labels) for pod in pods))
    return tuple(sorted(pair for pair in shared if pair[0] not in _PASSING_LABELS))


def rule_for(
    reach: Reachability, asked: Asked, way: Judgement, side: Side, spans: Iterable[Span]
) -> PolicyRule | None:
    """A rule for the subject: this peer, on these spans of ports; None where none can be."""
    peers = tuple(peer_items(reach, asked, way, side))
    return PolicyRule(peers, _ports(spans)) if peers and side.port is not None else None


def rule_for_all(spans: Iterable[Span]) -> PolicyRule:
    """A rule for all peers, on these spans of ports alone (NP-13)."""
    return PolicyRule(None, _ports(spans))


def peer_key(way: Judgement, side: Side) -> object:
    """What all peers of sides share for whom one rule is made."""
    return side.peer.address.family if _entered(way, side) else side.peer


def _entered(way: Judgement, side: Side) -> bool:
    """Whether the peer is a node by which somebody else comes in."""
    return bool(side.peer.node) and side.direction == "ingress" and way.seen != way.source


def peer_items(reach: Reachability, asked: Asked, way: Judgement, side: Side) -> list[Peer]:
    """The items that mean the peer: a pod by its labels, all else by addresses, if known."""
    peer, subject = side.peer, side.subject.pod
    assert subject is not None
    if peer.pod is not None and peer.number is not None:
        pods = Selector(common_labels(asked.kin(reach, peer.pod)))
        if peer.pod.namespace == subject.namespace:
            return [Peer(pods)]
        return [Peer(pods, Selector(default_namespace_labels(peer.pod.namespace)))]
    if peer.node:
        addresses = _addresses_of(reach, peer, any_node=_entered(way, side))
        return [Peer(block=block) for block in _blocks(addresses)]
    return _outside(_meant_with(reach, asked, peer)) if peer.address.placed else []


def _meant_with(reach: Reachability, asked: Asked, peer: Party) -> list[Block]:
    """The addresses that are asked about together with somebody's outside, or from which a load
    balancer is known to dial (EXT-14); else his alone.
    """
    dialling = (reach.ingresses.serving(route.ingress).ranges for route in asked.routes(reach))
    for known in (chain.from_iterable(s.blocks for s in asked.spots), chain(*dialling)):
        blocks = merge(known)
        if any(block.holds(peer.address) for block in blocks):
            return blocks
    return [single(peer.address)]


def _addresses_of(reach: Reachability, peer: Party, *, any_node: bool) -> list[Address]:
    """A node that dials, or is dialled, is itself; an entry node may be any node (EXT-9)."""
    nodes = reach.identity.nodes
    meant = nodes.values() if any_node else [nodes[peer.node]] if peer.node in nodes else []
    found = chain((peer.address,), *(node.addresses for node in meant))
    return [a for a in found if a.family == peer.address.family and a.placed]


def _blocks(addresses: Iterable[Address]) -> list[Block]:
    return [cidr for block in merge(map(single, addresses)) for cidr in cidrs(block)]


def _outside(blocks: list[Block]) -> list[Peer]:
    """Addresses as few items; where they are many, all but the private ones and the metadata."""
    parts = [cidr for block in blocks for cidr in cidrs(block)]
    if len(parts) <= _MANY:
        return [Peer(block=part) for part in parts]
    family = blocks[0].family
    whole = everything(family)
    left_out = [b for b in (*PRIVATE, *METADATA) if b.family == family]
    left_out = [b for b in left_out if minus([b], blocks) == [b]]
    return [Peer(block=whole, excepts=tuple(c for b in left_out for c in cidrs(b)))]


def _ports(spans: Iterable[Span]) -> tuple[PolicyPort, ...] | None:
    """Spans as a rule's ports; None where they are all there are."""
    pieces = [piece for span in spans for piece in by_protocol(span)]
    if sum(last - first + 1 for _, first, last in pieces) == _ALL:
        return None
    return tuple(PolicyPort(*piece) for piece in pieces)
