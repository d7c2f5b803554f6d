"""The ends of a connection."""

from msgspec import Struct

from reachaudit.model.facts import SOME_NODE, Pod
from reachaudit.model.ip import Address


class Party(Struct, frozen=True, gc=False):
    """An end of a connection: a pod, a node, or an address outside.

    `number` is a pod's class; None for what no policy selects. `node` is where it is: a node is on
    itself; "" for what is outside. `root` marks processes that the own-node exemption surely covers
    (NP-44); a hostNetwork pod may not be one.
    """

    address: Address
    number: int | None = None
    node: str = ""
    pod: Pod | None = None
    root: bool = False

    def __hash__(self) -> int:
        """By the address, which all but tells one from another: cheap."""
        return hash(self.address)

    def is_pod(self, other: "Party") -> bool:
        """Whether two parties are one pod."""
        if self.pod is None or other.pod is None or self.pod.name != other.pod.name:
            return False
        return self.pod.namespace == other.pod.namespace

    def __str__(self) -> str:
        """`shop/web-1 (10.244.1.7)`, `node n2 (192.168.0.2)`, `203.0.113.7`."""
        if self.pod is not None:
            return f"{self.pod.namespace}/{self.pod.name} ({self.address})"
        return f"node {self.node} ({self.address})" if self.node else str(self.address)


def together(one: str, other: str) -> bool | None:
    """Whether two nodes are one; None where that is not known. "" is none: outside."""
    if not one or not other:
        return False
    return None if SOME_NODE in (one, other) else one == other
