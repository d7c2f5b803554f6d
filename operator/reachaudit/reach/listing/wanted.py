"""Which flows are wanted of all: by their ends, their port, and a namespace of either end."""

from collections.abc import Callable
from dataclasses import dataclass

from reachaudit.model.ip import Block
from reachaudit.reach.listing.peers import Peer
from reachaudit.reach.ports import Span


def _any(_: Peer) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class End:
    """Which peers are wanted at one end of flows.

    `inside` says it of workloads and nodes. Of the outside `blocks` are wanted, None for all of it.
    """

    inside: Callable[[Peer], bool] = _any
    blocks: tuple[Block, ...] | None = None

    @property
    def outside(self) -> bool:
        """Whether any address outside is wanted."""
        return self.blocks is None or bool(self.blocks)


ANY = End()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Flows from one end to another; `ports` on the line; `namespace` "" for all."""

    sources: End = ANY
    targets: End = ANY
    ports: Span | None = None
    namespace: str = ""


EVERYTHING = Wanted()
