"""Flows as a picture, in Graphviz's language: namespaces as boxes, what is UNKNOWN dashed.

Nodes are left out: each reaches its own pods, and every workload that nothing isolates.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from reachaudit.model.ip import Block
from reachaudit.outputs.flow_words import Said
from reachaudit.outputs.named import Name, named
from reachaudit.outputs.text import safe
from reachaudit.reach.listing.alike import Alike
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.verdict import Outcome

_HEAD = """digraph reachaudit {
  rankdir=LR; nodesep=0.15; ranksep=0.8;
  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif", fontsize=11];
  edge [fontname="sans-serif", fontsize=9, color="#4a6785", fontcolor="#4a6785"];
  graph [fontname="sans-serif", fontsize=12];
"""
_OUTSIDE = 'shape=ellipse, fillcolor="#fde8e4", color="#b3412e"'
_UNSURE = 'style=dashed, color="#a8780a", fontcolor="#a8780a"'


def flows_dot(peers: Peers, own: Sequence[Block], found: Iterable[Alike]) -> Iterator[str]:
    """The whole picture, piece by piece; what goes both ways alike is one line.

    `own` are the cluster's addresses. Whoever is outside is there twice: as a client, on the left,
    and as a target, on the right.
    """
    lines: defaultdict[tuple[Name, Name], list[Said]] = defaultdict(list)
    for flow in named(peers, own, found):
        for source in flow.sources:
            if "node" not in (source.kind, flow.target.kind):
                lines[source, flow.target].append(flow.said)
    edges = {ends: _attributes(sorted(own, key=str)) for ends, own in lines.items()}
    yield _HEAD
    yield from _boxes(sorted({end for edge in edges for end in edge}))
    yield from _outside(sorted({source for source, _ in edges}), "from")
    yield from _outside(sorted({target for _, target in edges}), "to")
    for (source, target), attributes in edges.items():
        inside = source.namespace and target.namespace and source != target
        both = inside and edges.get((target, source)) == attributes
        if not both or source < target:
            way = ", dir=both" if both else ""
            yield f"  {_id(source, 'from')} -> {_id(target, 'to')} [{attributes}{way}];\n"
    yield "}\n"


def _boxes(names: Iterable[Name]) -> Iterator[str]:
    spaces: defaultdict[str, list[Name]] = defaultdict(list)
    for name in names:
        if name.namespace:
            spaces[name.namespace].append(name)
    for number, (namespace, own) in enumerate(spaces.items()):
        yield f"  subgraph cluster_{number} {{\n"
        yield f'    label={_quoted(namespace)}; style=filled; color="#eef2f6";\n'
        for name in own:
            label = name.text.removeprefix(f"{namespace}/")
            yield f"    {_quoted(name.text)} [label={_quoted(label)}];\n"
        yield "  }\n"


def _outside(names: Iterable[Name], side: str) -> Iterator[str]:
    for name in names:
        if not name.namespace:
            yield f"  {_id(name, side)} [label={_quoted(name.text)}, {_OUTSIDE}];\n"


def _id(name: Name, side: str) -> str:
    return _quoted(name.text if name.namespace else f"{side} {name.text}")


def _attributes(lines: Sequence[Said]) -> str:
    label = _quoted(*(part for line in lines for part in _parts(line)))
    unsure = all(line.outcome is Outcome.UNKNOWN for line in lines)
    return f"label={label}{f', {_UNSURE}' if unsure else ''}"


def _parts(line: Said) -> list[str]:
    """Ports, and the path hop by hop."""
    return [line.what, *(f"by {line.path}".split(" → ") if line.path else [])]


def _quoted(*lines: str) -> str:
    """A quoted string of one or more lines, with nothing in it that ends it or means more."""
    shown = (safe(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(shown) + '"'
