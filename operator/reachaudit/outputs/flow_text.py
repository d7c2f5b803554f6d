"""Flows for a person, a line for each pair and path: `shop/web[Deployment] → shop/api[Deployment]
8080/TCP IPv4`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reachaudit.model.ip import Block
from reachaudit.outputs.named import named
from reachaudit.reach.listing.alike import Alike
from reachaudit.reach.listing.peers import Peers


def flows_text(peers: Peers, own: Sequence[Block], found: Iterable[Alike]) -> Iterator[str]:
    """Texts of one or more lines each, target by target; `own` are the cluster's addresses."""
    flows = named(peers, own, found)
    for target, group in groupby(flows, key=lambda flow: flow.target.text):
        rows = sorted((source.text, str(flow.said)) for flow in group for source in flow.sources)
        width = max(len(source) for source, _ in rows)
        yield "".join(f"{source:<{width}} → {target}  {line}\n" for source, line in rows)
