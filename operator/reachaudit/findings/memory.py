"""What was told before, by this operator or by one before it: the memory that outlives both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reachaudit.findings.ledger import Entry, Transition


@dataclass(frozen=True)
class Memory:
    """The findings that were told and not yet taken back.

    `since`: when each opened, by fingerprint, in seconds since the epoch. `checks`: those that
    there were. `saved`: until when all was told, in seconds since the epoch.
    """

    saved: float
    checks: frozenset[str]
    since: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class News:
    """What happened since a memory: transitions to tell, in order, and how many findings closed
    whose words nobody knows any more.
    """

    transitions: tuple[Transition, ...]
    forgotten: int


def news(memory: Memory, standing: Iterable[Entry], seen: Sequence[Transition]) -> News:
    """`seen`: the transitions since the memory, as far as somebody watched.

    What checks find that there were not is no news: the cluster is as it was.
    """
    known = {each.finding.fingerprint for each in seen} | memory.since.keys()
    open_ = {entry.finding.fingerprint: entry.finding for entry in standing}
    opened = [
        Transition("opened", finding)
        for print_, finding in open_.items()
        if print_ not in known and finding.check in memory.checks
    ]
    closed = {each.finding.fingerprint for each in seen if each.kind == "closed"}
    forgotten = memory.since.keys() - open_.keys() - closed
    return News((*seen, *opened), len(forgotten))
