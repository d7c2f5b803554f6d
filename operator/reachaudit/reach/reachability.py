"""Effective reachability of one state of the cluster: everything wired, to be asked."""

from collections.abc import Hashable, Iterable, Iterator, Sequence

from reachaudit.model.facts import (
    Controller,
    EndpointSlice,
    Fact,
    Ingress,
    Namespace,
    NetworkPolicy,
    Node,
    OpaquePolicy,
    Pod,
    Service,
)
from reachaudit.model.names import Ref
from reachaudit.model.store import Change, Facts
from reachaudit.reach import bits
from reachaudit.reach.derived import Graph
from reachaudit.reach.entries import EntryBook
from reachaudit.reach.exposure import Exposure, Exposures, Opener
from reachaudit.reach.facing import Facing
from reachaudit.reach.identity import Identity
from reachaudit.reach.ingresses import Ingresses
from reachaudit.reach.judge import Judge
from reachaudit.reach.node_exposure import NodeExposure, node_exposures
from reachaudit.reach.outside import Outside
from reachaudit.reach.paths import Paths
from reachaudit.reach.routing import Routing
from reachaudit.reach.rows import Rows
from reachaudit.reach.services import Services
from reachaudit.reach.vocabulary import Vocabulary, Words, words_of
from reachaudit.reach.ways_in import WaysIn
from reachaudit.settings import Assumptions

# Nothing hangs on the order, but this one does least work: names and labels before who has them.
_ORDER: tuple[type[Fact], ...] = (Namespace, Controller, Node, Pod, NetworkPolicy)
_RANKS: dict[type[Fact | None], int] = {kind: 2 * i for i, kind in enumerate(_ORDER)}
_LAST = 2 * len(_ORDER)


class Reachability:
    """What a snapshot of facts means (M-10). Depends on the facts only, never on their order.

    It follows changes in three steps, so that whoever looks can compare: `learn` tells apart what
    the new facts tell apart, `take` takes the facts over, and `forget` what nobody tells apart any
    longer. Only `take` changes an answer.
    """

    def __init__(self, facts: Facts, assumptions: Assumptions) -> None:
        self.graph = graph = Graph()
        self.facts, self.assumptions = Facts(saw=graph.saw), assumptions
        self._vocabulary = Vocabulary()
        self.identity = Identity(self.facts, assumptions, graph)
        self.judge = Judge(self.identity, assumptions)
        self.rows = Rows(self.identity, self.judge, sure=assumptions.ip_blocks_match_pods)
        self.outside = Outside(self.facts, self.identity)
        self.services = Services(self.facts, self.identity, assumptions)
        self.paths = Paths(self.judge, self.services, self.outside, assumptions)
        self.ingresses = Ingresses(self.facts, self.identity, self.paths)
        self.routing = Routing(self.facts, self.ingresses, graph)
        ways = WaysIn(self.identity, self.paths, self.ingresses)
        self.exposed = Exposures(self.facts, ways, graph)
        self.entries = EntryBook(self.exposed, graph)
        changes = [Change(fact.ref, None, fact, 0.0) for fact in facts]
        self.learn(changes)
        self.take(changes)

    def learn(self, changes: Iterable[Change]) -> None:
        """Tell apart what the new facts tell apart."""
        fresh = [self._vocabulary.use(words) for words in _words(c.new for c in changes)]
        if fresh:
            self.identity.learn(_union(fresh))
            self._hold(fresh)

    def take(self, changes: Sequence[Change]) -> None:
        """Take facts over."""
        for change in sorted(changes, key=_rank):
            self.facts.apply(change)
            self._replace(change.ref, change.old, change.new)

    def touch(self, changes: Iterable[Change], classes: int) -> None:
        """Say what answers that were worked out before may hang on: facts, and classes as bits."""
        touched: list[Hashable] = [*bits.members(classes)]
        for change in changes:
            touched += change.touched
            for fact in (change.old, change.new):
                if isinstance(fact, Pod | Node):
                    touched += self.identity.touched(fact)
        if self.outside.settle():
            touched.append(Outside)
        self.graph.touch(touched)

    def forget(self, changes: Iterable[Change]) -> None:
        """Tell apart no longer what only the old facts told apart."""
        gone = [self._vocabulary.leave(words) for words in _words(c.old for c in changes)]
        if gone:
            self.identity.forget(_union(gone))
            self._hold(gone)

    def _hold(self, changed: Iterable[Words]) -> None:
        if any(words.blocks for words in changed):
            self.identity.hold(self._vocabulary.blocks)
            self._renew()

    def _renew(self) -> None:
        self.judge.renew()
        self.rows.renew()
        self.outside.renew()

    def _replace(self, ref: Ref, old: Fact | None, new: Fact | None) -> None:
        """Tell who follows facts of a type of one that changed."""
        identity = self.identity
        self.outside.change(old, new)
        match new if new is not None else old:
            case Pod():
                assert old is None or isinstance(old, Pod)
                assert new is None or isinstance(new, Pod)
                identity.replace_pod(ref, old, new)
                self._expose(old, new)
            case Service():
                assert old is None or isinstance(old, Service)
                assert new is None or isinstance(new, Service)
                self.services.replace(old, new)
                self._expose(old, new)
            case Ingress():
                assert old is None or isinstance(old, Ingress)
                assert new is None or isinstance(new, Ingress)
                self._expose(old, new)
            case EndpointSlice():
                assert old is None or isinstance(old, EndpointSlice)
                assert new is None or isinstance(new, EndpointSlice)
                self.services.replace_slice(old, new)
            case Node():
                assert old is None or isinstance(old, Node)
                assert new is None or isinstance(new, Node)
                identity.replace_node(old, new)
            case Namespace(name=name):
                identity.spaces.label(name, new.labels if isinstance(new, Namespace) else None)
                self._renew()
            case Controller():
                identity.follow_controller(ref)
            case NetworkPolicy() | OpaquePolicy():
                self._replace_policy(old, new)

    def _replace_policy(self, old: Fact | None, new: Fact | None) -> None:
        if isinstance(old, NetworkPolicy):
            self.rows.drop(old)
        if isinstance(old, NetworkPolicy | OpaquePolicy):
            self.judge.drop(old)
        if isinstance(new, NetworkPolicy | OpaquePolicy):
            self.judge.put(new)
        if isinstance(new, NetworkPolicy):
            self.rows.put(new)

    def _expose(self, old: Opener | None, new: Opener | None) -> None:
        if old is not None:
            self.exposed.drop(old)
        if new is not None:
            self.exposed.put(new)

    @property
    def exposures(self) -> list[Exposure]:
        """All ways in from outside, open or not."""
        return self.exposed.all()

    @property
    def unsure(self) -> bool:
        """Whether a verdict between pods can be UNKNOWN at all."""
        classes, judge = self.identity.classes, self.judge
        return bool(
            not self.assumptions.ip_blocks_match_pods
            or judge.ingress.opaque
            or judge.egress.opaque
            or classes.doubtful
            or self.identity.unplaced
            or any(not self.identity.spaces.known(name) for name in classes.in_namespace)
        )

    @property
    def node_exposures(self) -> list[NodeExposure]:
        """What stands open on nodes themselves."""
        facing = Facing(self.identity, self.assumptions)
        return list(node_exposures(self.identity, self.services, facing))

    def isolation(self, number: int | None) -> str:
        """In which directions a class is isolated: none, ingress, egress, both (NP-5).

        "unknown" where policies that are not understood may concern it. None: no policy can select
        its pods.
        """
        if number is None:
            return "none"
        ingress, egress = self.judge.ingress.of(number), self.judge.egress.of(number)
        if ingress.opaque or egress.opaque:
            return "unknown"
        if ingress.isolated:
            return "both" if egress.isolated else "ingress"
        return "egress" if egress.isolated else "none"


def _rank(change: Change) -> int:
    """What comes is taken before what goes: a class that pods are replaced in lives on."""
    if change.new is not None:
        return _RANKS.get(type(change.new), _LAST)
    return _RANKS.get(type(change.old), _LAST) + 1


def _words(facts: Iterable[Fact | None]) -> Iterator[Words]:
    """What facts speak of: policies, and who else tells clients apart by their address."""
    for fact in facts:
        match fact:
            case Pod() | None:  # by far the most
                pass
            case NetworkPolicy():
                yield words_of(fact)
            case Service(provider_ranges=blocks) | Ingress(source_ranges=blocks) if blocks:
                yield Words(blocks=frozenset(blocks))


def _union(words: Iterable[Words]) -> Words:
    found = list(words)
    return Words(
        frozenset().union(*(each.terms for each in found)),
        frozenset().union(*(each.spaces for each in found)),
        frozenset().union(*(each.names for each in found)),
        frozenset().union(*(each.blocks for each in found)),
    )
