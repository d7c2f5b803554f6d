"""What stands in for kinds that may not be read is true after every change, and never too late."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reachaudit.model.facts import Fact, Ingress, IngressClass, Namespace, OpaquePolicy, Pod
from reachaudit.model.kinds import INGRESS_CLASS, KINDS, VENDOR_KINDS
from reachaudit.model.names import Ref
from reachaudit.model.parse import Item
from reachaudit.model.store import Change, Store
from reachaudit.watch.standins import StandIns
from reachaudit.watch.unread import Grounds, Unread, stand_ins

CLUSTERWIDE, VENDOR = (
    next(kind for kind in VENDOR_KINDS if kind.namespaced == namespaced)
    for namespaced in (False, True)
)
UNREAD = (INGRESS_CLASS, VENDOR, CLUSTERWIDE)

KNOWN: tuple[Fact, ...] = (
    Namespace("", "a"),
    Namespace("", "b"),
    Pod("a", "one"),
    Pod("a", "two"),
    Pod("c", "one"),
    Ingress("a", "one", class_name="x"),
    Ingress("b", "one", class_name="x"),
    Ingress("b", "two", class_name="y"),
    Ingress("b", "three"),
    IngressClass("", "x", controller="k8s.io/ingress-nginx"),
    OpaquePolicy("a", "theirs", kind_name=VENDOR.name),
)


class Told:
    """A store with stand-ins, and the facts as one knows them who heeds all changes."""

    def __init__(self) -> None:
        self.store, self.facts = Store(), dict[Ref, Fact]()
        self.stand_ins = StandIns(self.store, self._take)
        self.last: list[Change] = []

    def turn(self, fact: Fact) -> None:
        """A fact comes where it is not, and goes where it is."""
        if self.store.get(fact.ref) is None:
            self.stand_ins.offer(self.store.put(item(fact), 1.0))
        else:
            self.stand_ins.offer(self.store.drop(fact.ref, 1.0))

    def _take(self, changes: list[Change]) -> None:
        self.last = changes
        for ref, old, new, _ in changes:
            assert self.facts.pop(ref, None) == old != new
            if new is not None:
                self.facts[ref] = new


def item(fact: Fact) -> Item:
    return Item(fact.ref, "", "", fact, ())


@given(
    st.lists(st.one_of(st.sampled_from(KNOWN[:-2]), st.sampled_from(UNREAD)), max_size=30),
)
def test_they_are_those_of_the_facts_that_are_there(steps: Sequence[object]) -> None:
    told, unread = Told(), set[str]()
    for step in steps:
        if isinstance(step, Fact):
            told.turn(step)
            continue
        [kind] = [kind for kind in UNREAD if kind is step]
        if kind.name in unread:
            told.stand_ins.replace(kind.name, [], 1.0)
        else:
            told.stand_ins.begin(Unread(kind, served=True), 1.0)
        unread ^= {kind.name}
    stored = {ref: it.fact for kind in KINDS for ref, it in told.store.items(kind.name).items()}
    assert told.facts == stored
    real = [fact for fact in told.facts.values() if fact in KNOWN]
    expected = {
        fact
        for kind in UNREAD
        if kind.name in unread
        for fact in stand_ins(Unread(kind, served=True), Grounds(real))
    }
    assert set(told.facts.values()) == {*real, *expected}


def test_one_comes_before_what_it_keeps_unknown_and_goes_after_it() -> None:
    told, pod = Told(), Pod("c", "one")
    told.stand_ins.begin(Unread(VENDOR, served=True), 1.0)
    told.turn(pod)
    assert [type(change.new) for change in told.last] == [OpaquePolicy, Pod]
    told.turn(pod)
    assert [type(change.old) for change in told.last] == [Pod, OpaquePolicy]


def test_they_take_the_place_of_what_was_known_and_give_it_back_without_a_gap() -> None:
    told = Told()
    told.turn(Namespace("", "a"))
    theirs = OpaquePolicy("a", "theirs", kind_name=VENDOR.name)
    told.stand_ins.replace(VENDOR.name, [item(theirs)], 1.0)
    told.stand_ins.begin(Unread(VENDOR, served=True), 2.0)
    came, went = told.last
    assert (came.old, went.old, went.new) == (None, theirs, None)
    told.stand_ins.replace(VENDOR.name, [item(theirs)], 3.0)
    back, gone = told.last
    assert (back.new, gone.old, gone.new) == (theirs, came.new, None)


def test_a_kind_that_is_known_gets_none() -> None:
    told = Told()
    for fact in KNOWN:
        told.turn(fact)
    assert set(told.facts.values()) == set(KNOWN)
