"""Pictures: what the rows that a change may change are made of, at one moment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reachaudit.model.facts import Direction
from reachaudit.model.ip import FAMILIES, Block, Family
from reachaudit.reach import bits
from reachaudit.reach.classes import PodClass
from reachaudit.reach.delta import End
from reachaudit.reach.flows import outside
from reachaudit.reach.halves import Half, Halving
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.rows import OutRow
from reachaudit.reach.workloads import Workload

Key = tuple[Workload, Family]


@dataclass(frozen=True)
class Scope:
    """Workloads to or from which flows may change.

    `targets` None: all are, and sources are only looked at outside. `moved`: pods or labels are
    others, so that others' rules may name them otherwise; else only the scope's own rules changed.
    `governed`: the classes that other policies select than before, though it may open and shut
    nothing.
    """

    targets: frozenset[Workload] | None = frozenset()
    sources: frozenset[Workload] = frozenset()
    moved: bool = False
    governed: int = 0

    def __bool__(self) -> bool:
        return self.targets is None or bool(self.targets or self.sources)


Halves = Mapping[Key, list[Half]]


@dataclass(frozen=True)
class Picture:
    """What a scope's rows are made of at one moment.

    `ends` names classes by their bits; `split` are those whose workload has several; `sources` are
    those of the scope's sources, at which no row of its targets looks. `classes` are all of these.
    `cluster`: the cluster's own addresses at that moment.
    """

    into: Halves
    out_of: Halves
    outside: Mapping[Key, OutRow]
    cluster: list[Block]
    ends: Mapping[int, End]
    split: int
    sources: int
    classes: int


_BLANK = Picture({}, {}, {}, [], {}, 0, 0, 0)


def take_picture(reach: Reachability, scope: Scope) -> Picture:
    """The rows of a scope now."""
    if not scope:
        return _BLANK
    classes = reach.identity.classes
    targets = classes.of_workload.keys() if scope.targets is None else scope.targets
    sources = scope.sources if scope.targets is not None else frozenset()

    halving = Halving(reach)

    def halves(workloads: Iterable[Workload], direction: Direction, *, whole: bool) -> Halves:
        return {
            key: [halving.half(each, key[1], direction, whole=whole) for each in own]
            for key, own in _classes_of(reach, workloads)
        }

    def numbers(workloads: Iterable[Workload]) -> int:
        return bits.of(n for each in workloads for n in classes.of_workload.get(each, ()))

    return Picture(
        halves(targets, "ingress", whole=scope.moved),
        halves(sources, "egress", whole=scope.moved or bool(scope.targets)),
        {key: outside(reach, own, key[1]) for key, own in _classes_of(reach, scope.sources)},
        reach.outside.cluster,
        classes.ends,
        classes.split,
        numbers(sources),
        numbers({*targets, *scope.sources}),
    )


def _classes_of(
    reach: Reachability, workloads: Iterable[Workload]
) -> Iterator[tuple[Key, list[PodClass]]]:
    classes = reach.identity.classes
    for workload in workloads:
        numbers = sorted(classes.of_workload.get(workload, ()))
        for family in FAMILIES:
            own = [classes.by_number[number] for number in numbers]
            present = [each for each in own if each.pods[family]]
            if present:
                yield (workload, family), present
