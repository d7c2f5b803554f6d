"""What changed between two states, for a person: a line says of many pairs what is said of each.

Where that are still too many lines, namespaces stand for their workloads.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from reachaudit.model.facts import Protocol
from reachaudit.model.ip import Block, Family
from reachaudit.outputs.flow_words import by_families
from reachaudit.outputs.groups import Groups
from reachaudit.outputs.peer_words import PeerWords
from reachaudit.outputs.rectangles import rectangles
from reachaudit.reach import bits
from reachaudit.reach.listing.alike import Ports
from reachaudit.reach.listing.peers import Peers
from reachaudit.reach.listing.shifts import Change, Changed, Shifted

MANY = 40
_SIGNS = {Change.GAINED: "+", Change.LOST: "-", Change.UNSURE: "?", Change.SETTLED: "="}
_COUNTED = {
    Change.GAINED: "gained",
    Change.LOST: "lost",
    Change.UNSURE: "no longer known",
    Change.SETTLED: "known now",
}
Paint = Callable[[str, Change], str]


def plain(text: str, _: Change) -> str:
    """Without colour."""
    return text


class _Line(NamedTuple):
    """What became of flows of some peers to others."""

    change: Change
    said: str
    sources: str
    targets: str


def diff_text(
    peers: Peers, own: Sequence[Block], changed: Iterable[Changed], paint: Paint = plain
) -> Iterator[str]:
    """A line each, the numbers first; `own` are the cluster's addresses, `paint` colours a line."""
    found = list(changed)
    yield f"{_numbers(found)}.\n"
    lines = _by_workload(peers, own, found)
    if len(lines) > MANY:
        lines = _by_namespace(peers, own, found)
        yield "By namespace, for they are many; -o json tells each.\n"
    for line in sorted({*lines}, key=_order):
        text = f"{_SIGNS[line.change]} {line.sources} → {line.targets}  {line.said}"
        yield paint(text, line.change) + "\n"


def count(changed: Iterable[Changed]) -> Counter[Change]:
    """How many flows changed, by what became of them: one a pair, protocol and family."""
    found = Counter[Change]()
    for each in changed:
        for change, number in Counter(shift.change for shift in each.shifts).items():
            found[change] += number * each.sources.bit_count()
    return found


def _numbers(changed: Iterable[Changed]) -> str:
    found = count(changed)
    told = [f"{found[c]:,} {_COUNTED[c]}" for c in Change if found[c]]
    if not told:
        return "No flow differs"
    return f"Flows: {', '.join(told)}"


def _order(line: _Line) -> tuple[int, bool, _Line]:
    """What has an end outside comes first: it weighs most."""
    inside = "/" in line.sources.split()[0] and "/" in line.targets.split()[0]
    return [*Change].index(line.change), inside, line


def _by_workload(peers: Peers, own: Sequence[Block], changed: Iterable[Changed]) -> list[_Line]:
    pairs: defaultdict[tuple[Change, str], defaultdict[int, int]]
    pairs = defaultdict(lambda: defaultdict(int))
    for sources, target, shifts in changed:
        for change, said in _said(shifts):
            pairs[change, said][target] |= sources
    words = PeerWords(peers, own)
    return [
        _Line(change, said, words.sources(sources), words.targets(targets))
        for (change, said), found in pairs.items()
        for sources, targets in rectangles(found)
    ]


def _by_namespace(peers: Peers, own: Sequence[Block], changed: Iterable[Changed]) -> list[_Line]:
    """The same, with namespaces for their workloads; ports are told where they are all the same."""
    groups = Groups(peers, own)
    said: defaultdict[Change, defaultdict[int, defaultdict[int, set[str]]]]
    said = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for sources, target, shifts in changed:
        for change, words in _said(shifts):
            for ours in groups.of(target):
                for theirs in bits.members(groups.among(sources)):
                    said[change][ours][theirs].add(words)
    lines = []
    for change, found in said.items():
        for sources, targets in rectangles({t: bits.of(own) for t, own in found.items()}):
            corners = product(bits.members(sources), bits.members(targets))
            told = set[str]().union(*(found[t][s] for s, t in corners if s in found[t]))
            ports = told.pop() if len(told) == 1 else "some ports"
            lines.append(_Line(change, ports, groups(sources), groups(targets)))
    return lines


def _said(shifts: Iterable[Shifted]) -> Iterator[tuple[Change, str]]:
    """What is said of a pair: ports and families, and what is or was UNKNOWN instead."""
    found: defaultdict[tuple[Change, str], dict[Family, dict[Protocol, tuple[Ports, ...]]]]
    found = defaultdict(dict)
    for shift in shifts:
        own = found[shift.change, _note(shift)].setdefault(shift.family, {})
        own[shift.protocol] = shift.ports
    for (change, note), families in found.items():
        for ports, names in by_families(families):
            yield change, f"{ports} {names}{note}"


def _note(shift: Shifted) -> str:
    if shift.change is Change.UNSURE:
        return f" UNKNOWN, was {shift.before.value}"
    return f" {shift.after.value}, was UNKNOWN" if shift.change is Change.SETTLED else ""
