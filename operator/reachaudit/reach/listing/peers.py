"""Peers: the ends of listed flows, each with a number, so that many are one set of bits."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from reachaudit.model.ip import Block
from reachaudit.model.names import Ref

PeerKind = Literal["workload", "node", "controller", "service", "outside", "gap"]
CONTROLLER = "{ingress-controller}"


@dataclass(frozen=True, slots=True)
class Peer:
    """An end of flows. `namespace` is that of a workload; `block` the addresses of one outside.

    A gap is a number that stands for nobody.
    """

    text: str
    kind: PeerKind
    namespace: str = ""
    name: str = ""
    block: Block | None = None

    def __str__(self) -> str:
        """`shop/web[Deployment]`, `namespace/shop`, `node/n1`, `203.0.113.0/24`."""
        return self.text


def workload_text(ref: Ref) -> str:
    """`shop/web[Deployment]`; `namespace/shop` where pods are grouped by namespace."""
    if ref.kind == "Namespace":
        return f"namespace/{ref.name}"
    return f"{ref.namespace}/{ref.name}[{ref.kind}]"


def by_name(ref: Ref) -> tuple[str, str, str]:
    """The key that puts workloads in the order of their names."""
    return ref.namespace, ref.name, ref.kind


class Peers:
    """All peers met so far: workloads by their bits in flows, then nodes, then the rest as met."""

    def __init__(self, workloads: Mapping[int, Ref], nodes: Iterable[str]) -> None:
        self.all = [Peer("", "gap")] * (max(workloads, default=-1) + 1)
        self._numbers: dict[Peer, int] = {}
        for number, ref in workloads.items():
            self.all[number] = peer = _of(ref)
            self._numbers[peer] = number
        self._nodes = {name: self._number(_of_node(name)) for name in nodes}
        self.controller = self._number(Peer(CONTROLLER, "controller"))

    def __getitem__(self, number: int) -> Peer:
        """The peer with a number."""
        return self.all[number]

    def __len__(self) -> int:
        """One more than the highest number so far."""
        return len(self.all)

    def workload(self, ref: Ref) -> int:
        """A workload's number; one on its nodes' network has no bit in flows and gets another."""
        return self._number(_of(ref))

    def node(self, name: str) -> int:
        """A node's number."""
        return self._nodes[name]

    def service(self, ref: Ref) -> int:
        """The number of a Service that is dialled by its name."""
        text = f"svc:{ref.namespace}/{ref.name}"
        return self._number(Peer(text, "service", ref.namespace, ref.name))

    def outside(self, block: Block) -> int:
        """The number of a CIDR."""
        return self._number(Peer(str(block), "outside", block=block))

    def those(self, wanted: Callable[[Peer], bool]) -> int:
        """The set of peers met so far that are wanted."""
        found = 0
        for number, peer in enumerate(self.all):
            found |= wanted(peer) << number
        return found

    def _number(self, peer: Peer) -> int:
        number = self._numbers.get(peer)
        if number is None:
            number = self._numbers[peer] = len(self.all)
            self.all.append(peer)
        return number


def _of(ref: Ref) -> Peer:
    return Peer(workload_text(ref), "workload", ref.namespace, ref.name)


def _of_node(name: str) -> Peer:
    return Peer(f"node/{name}", "node", name=name)
