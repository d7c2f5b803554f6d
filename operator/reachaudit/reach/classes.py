"""Classes: pods that nothing in use tells apart, by number, and sets of them as bits.

A *class* is the pods of one workload that no policy selector and no named port in use tells apart.
It never splits by node, address, Service or an unmentioned label.

Pods of one owner with equal labels and ports share a *template*: what can be told of its pods is
worked out for it once. A class is made of templates.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import ContainerPort, Labels, Owner, Pod
from reachaudit.model.ip import FAMILIES, Family
from reachaudit.model.names import Ref
from reachaudit.reach.verdict import Reason
from reachaudit.reach.vocabulary import PortName
from reachaudit.reach.workloads import Workload

Ports = tuple[tuple[PortName, int], ...]
Key = tuple[Workload, frozenset[int], Ports, Reason | None]
K = TypeVar("K")


class PodClass:
    """One class. `matched` are the terms that match its pods, `held` counts these by signature.

    `doubt`: why what policies shut for them may be open all the same.
    """

    __slots__ = ("doubt", "held", "matched", "number", "pods", "ports", "templates", "workload")

    def __init__(self, number: int, key: Key) -> None:
        self.number = number
        self.workload, self.matched, self.ports, self.doubt = key
        self.templates: set[Template] = set()
        self.held: defaultdict[int, int] = defaultdict(int)
        self.pods: dict[Family, int] = dict.fromkeys(FAMILIES, 0)

    @property
    def key(self) -> Key:
        """All that makes it one class."""
        return self.workload, self.matched, self.ports, self.doubt

    @property
    def namespace(self) -> str:
        """Where its pods are."""
        return self.workload.namespace

    def port(self, name: PortName) -> int | None:
        """The number that a name has on these pods (NP-39)."""
        return next((number for known, number in self.ports if known == name), None)


class Kin(NamedTuple):
    """What the pods of a template have in common: all that policies could tell of a pod.

    `owner` is a pod's own name where it has none. `selectable`: policies can select them (NP-47).
    `doubt`: why what policies shut for them may be open all the same.
    """

    namespace: str
    owner: Owner | str
    labels: Labels
    ports: tuple[ContainerPort, ...]
    selectable: bool
    doubt: Reason | None


class Template:
    """Pods of one kin. `named` are the named ports in use that they have.

    `held` counts their addresses by (family, signature).
    """

    __slots__ = ("held", "kin", "matched", "named", "own", "pods", "workload")

    def __init__(self, kin: Kin, workload: Workload) -> None:
        self.kin, self.workload = kin, workload
        self.matched: frozenset[int] = frozenset()
        self.named: Ports = ()
        self.held: defaultdict[tuple[Family, int], int] = defaultdict(int)
        self.pods: dict[Ref, Pod] = {}
        self.own: PodClass | None = None

    @property
    def key(self) -> Key:
        """What its class must be like."""
        return self.workload, self.matched, self.named, self.kin.doubt


class Classes:
    """All classes, and the sets of them that share something.

    `generation` counts how often numbers were given to other pods: what was worked out from sets
    before holds no longer. `places` counts how often it changed who is at which signatures.
    `split` are the classes whose workload has others beside them; `stirred` those that came, went
    or got another workload.
    """

    def __init__(self) -> None:
        self.by_number: dict[int, PodClass] = {}
        self.of_workload: defaultdict[Workload, set[int]] = defaultdict(set)
        self.in_namespace: defaultdict[str, int] = defaultdict(int)
        self.with_term: defaultdict[int, int] = defaultdict(int)
        self.with_port: defaultdict[PortName, defaultdict[int, int]] = defaultdict(
            lambda: defaultdict(int)
        )
        self.doubtful = 0
        self.present: dict[Family, int] = dict.fromkeys(FAMILIES, 0)
        self.holding: defaultdict[int, int] = defaultdict(int)
        self.split = self.stirred = 0
        self.generation = self.places = 0
        self._ends: dict[int, str] = {}
        self._lent = False
        self._by_key: dict[Key, PodClass] = {}
        self._free: list[int] = []
        self._dead: list[int] = []

    @property
    def ends(self) -> Mapping[int, str]:
        """The workloads of classes by number, as people name them. What is answered never changes;
        numbers that are gone are in it until `release`.
        """
        self._lent = True
        return self._ends

    def find(self, key: Key) -> PodClass | None:
        """A class by all that makes it one."""
        return self._by_key.get(key)

    def settle(self, templates: Iterable[Template]) -> None:
        """Put templates into the classes that they belong to now."""
        groups: dict[tuple[PodClass | None, Key], list[Template]] = {}
        for template in templates:
            if template.own is None or template.own.key != template.key:
                groups.setdefault((template.own, template.key), []).append(template)
        for (own, key), group in groups.items():
            if own is not None and len(own.templates) == len(group) and key not in self._by_key:
                self._rename(own, key)
            else:
                for template in group:
                    self._move(template, self._by_key.get(key) or self._create(key))

    def remove(self, template: Template) -> None:
        """Forget a template that has no pods."""
        self._leave(template)

    def count(self, template: Template, family: Family, signature: int, by: int) -> None:
        """One pod's address more, or less."""
        place = family, signature
        left = template.held[place] + by
        if left:
            template.held[place] = left
        else:
            del template.held[place]
        assert template.own is not None
        self._count(template.own, family, signature, by)

    def take_stirred(self) -> int:
        """The classes that were stirred since this was last asked."""
        found, self.stirred = self.stirred, 0
        return found

    def release(self) -> None:
        """Let the numbers of classes that are gone be given to others."""
        if self._dead:
            ends = self._own_ends()
            for number in self._dead:
                del ends[number]
            self._free += self._dead
            self._dead.clear()

    def _own_ends(self) -> dict[int, str]:
        """`_ends` to write in: a copy where somebody holds it."""
        if self._lent:
            self._ends, self._lent = dict(self._ends), False
        return self._ends

    def _count(self, own: PodClass, family: Family, signature: int, by: int) -> None:
        bit, had = 1 << own.number, own.held[signature]
        own.held[signature] += by
        own.pods[family] += by
        if not had:
            self.holding[signature] |= bit
            self.places += 1
        elif not own.held[signature]:
            del own.held[signature]
            self.holding[signature] &= ~bit
            self.places += 1
        if own.pods[family]:
            self.present[family] |= bit
        else:
            self.present[family] &= ~bit

    def _create(self, key: Key) -> PodClass:
        number = self._free.pop() if self._free else len(self.by_number) + len(self._dead)
        own = self.by_number[number] = self._by_key[key] = PodClass(number, key)
        self.generation += 1
        self._enlist(own)
        return own

    def _rename(self, own: PodClass, key: Key) -> None:
        """The same pods under another key; most often only terms came or went."""
        del self._by_key[own.key]
        if key == (own.workload, key[1], own.ports, own.doubt):
            for term in key[1] - own.matched:
                self.with_term[term] |= 1 << own.number
            for term in own.matched - key[1]:
                _cut(self.with_term, term, ~(1 << own.number))
            own.matched = key[1]
            self._by_key[key] = own
            return
        self._strike(own)
        own.workload, own.matched, own.ports, own.doubt = key
        self._by_key[key] = own
        self._enlist(own)

    def _move(self, template: Template, target: PodClass) -> None:
        if template.own is not None:
            self.stirred |= 1 << template.own.number | 1 << target.number
            self._leave(template)
        template.own = target
        target.templates.add(template)
        for (family, signature), number in template.held.items():
            self._count(target, family, signature, number)

    def _leave(self, template: Template) -> None:
        own = template.own
        assert own is not None
        for (family, signature), number in template.held.items():
            self._count(own, family, signature, -number)
        own.templates.remove(template)
        template.own = None
        if not own.templates:
            del self.by_number[own.number], self._by_key[own.key]
            self._strike(own)
            self._dead.append(own.number)
            self.stirred |= 1 << own.number
            self.generation += 1

    def _enlist(self, own: PodClass) -> None:
        """Enter a class in the sets that its key puts it in."""
        bit = 1 << own.number
        self.in_namespace[own.namespace] |= bit
        for term in own.matched:
            self.with_term[term] |= bit
        for name, number in own.ports:
            self.with_port[name][number] |= bit
        if own.doubt:
            self.doubtful |= bit
        if self._ends.get(own.number) != (end := str(own.workload)):
            self._own_ends()[own.number] = end
            self.stirred |= bit
        self.of_workload[own.workload].add(own.number)
        self._mark_split(own.workload)

    def _strike(self, own: PodClass) -> None:
        """The reverse of `_enlist`; sets that become empty are dropped."""
        others = ~(1 << own.number)
        _cut(self.in_namespace, own.namespace, others)
        for term in own.matched:
            _cut(self.with_term, term, others)
        for name, number in own.ports:
            _cut(self.with_port[name], number, others)
        self.doubtful &= others
        siblings = self.of_workload[own.workload]
        siblings.discard(own.number)
        self.split &= others
        self._mark_split(own.workload)
        if not siblings:
            del self.of_workload[own.workload]

    def _mark_split(self, workload: Workload) -> None:
        """Keep `split`: the classes whose workload has others beside them."""
        siblings = self.of_workload[workload]
        for number in siblings:
            if len(siblings) > 1:
                self.split |= 1 << number
            else:
                self.split &= ~(1 << number)


def _cut(sets: dict[K, int], key: K, others: int) -> None:
    """Keep of one set only these; drop it if none is left."""
    left = sets[key] & others
    if left:
        sets[key] = left
    else:
        del sets[key]
