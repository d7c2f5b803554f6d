"""Who is who: the pods' classes, and the parties that stand at addresses."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from reachaudit.model.facts import SOME_NODE, Controller, Node, Owner, Pod
from reachaudit.model.ip import FAMILIES, UNPLACED, Address, Block, Family
from reachaudit.model.names import Ref
from reachaudit.model.store import Facts
from reachaudit.reach.addresses import blocks_of
from reachaudit.reach.classes import Classes, Kin, PodClass, Ports, Template
from reachaudit.reach.derived import Graph
from reachaudit.reach.labels import matches
from reachaudit.reach.party import Party
from reachaudit.reach.places import Places
from reachaudit.reach.ports import named
from reachaudit.reach.signatures import Signatures
from reachaudit.reach.spaces import Spaces
from reachaudit.reach.telling import Telling
from reachaudit.reach.terms import Terms, may_match
from reachaudit.reach.verdict import Reason
from reachaudit.reach.vocabulary import PeerSelector, PortName, Term, Words
from reachaudit.reach.workloads import Workload, workload_of
from reachaudit.settings import Assumptions


class Item(NamedTuple):
    """A selector of pods by the numbers of its parts; NONE where it has no such part."""

    home: str
    term: int
    space: int


T = TypeVar("T")
NONE = -1
_SERVING = "pods that serve Ingress classes"


class _Workloads(Mapping[Ref, Workload]):
    """The workload of each live pod."""

    def __init__(self, templates: dict[Ref, Template], graph: Graph) -> None:
        self._templates, self._graph = templates, graph

    def __getitem__(self, pod: Ref) -> Workload:
        template = self._templates[pod]
        self._graph.saw(template)
        return template.workload

    def __iter__(self) -> Iterator[Ref]:
        return iter(self._templates)

    def __len__(self) -> int:
        return len(self._templates)


class Identity:
    """Classes of pods, and the parties that stand at addresses.

    It follows the facts one by one, and the words that policies use; what it answers depends on
    neither's order.
    """

    def __init__(self, facts: Facts, assumptions: Assumptions, graph: Graph) -> None:
        self._facts, self._assumptions = facts, assumptions
        self.graph = graph
        self.pod_ranges = blocks_of(assumptions.pod_ranges)
        self.signatures, self.classes = Signatures(ranges=self.pod_ranges), Classes()
        self.spaces, self._terms = Spaces(self.classes), Terms()
        self._nodes: dict[str, Node] = {}
        self._alike_nodes: dict[Family, list[str]] = {}
        self.telling = Telling(self.signatures.of)
        self._names: set[PortName] = set()
        self._places = Places()
        self._serving: dict[Ref, Pod] = {}
        self._template_of: dict[Ref, Template] = {}
        self.workloads: Mapping[Ref, Workload] = _Workloads(self._template_of, graph)
        self._templates: dict[Kin, Template] = {}
        self._in: defaultdict[str, dict[Template, None]] = defaultdict(dict)
        self._guests: defaultdict[str, dict[Template, None]] = defaultdict(dict)
        self._of_owner: defaultdict[Ref, dict[Template, None]] = defaultdict(dict)
        self._sorted: list[Pod] | None = None

    # Asking

    @property
    def pods(self) -> list[Pod]:
        """All live pods, by name (NP-49)."""
        self.graph.saw(Pod)
        if self._sorted is None:
            self._sorted = sorted(self.live(), key=lambda pod: pod.ref)
        return self._sorted

    def live(self) -> Iterator[Pod]:
        """All live pods, in no order."""
        return (pod for template in self._templates.values() for pod in template.pods.values())

    def pod(self, ref: Ref) -> Pod | None:
        """A live pod."""
        self.graph.saw(ref)
        template = self._template_of.get(ref)
        return template.pods[ref] if template else None

    def labelled(self, labels: Mapping[str, str]) -> list[Pod]:
        """The live pods with some labels, by name."""
        wanted = set(labels.items())
        self.graph.saw(min(wanted))  # who comes or goes has them all
        found = (t.pods for t in self._templates.values() if wanted.issubset(t.kin.labels))
        return [pod for _, pod in sorted(pair for pods in found for pair in pods.items())]

    @property
    def serving(self) -> list[Pod]:
        """The live pods whose arguments name Ingress classes, by name."""
        self.graph.saw(_SERVING)
        return [pod for _, pod in sorted(self._serving.items())]

    @property
    def nodes(self) -> Mapping[str, Node]:
        """All nodes by name."""
        self.graph.saw(Node)
        return self._nodes

    def alike_nodes(self, family: Family) -> list[str]:
        """Nodes with addresses of a family: two of each kind that blocks do not tell apart."""
        self.graph.saw(Node)
        found = self._alike_nodes.get(family)
        if found is None:
            kinds: dict[frozenset[int], list[str]] = {}
            for node in sorted(self._nodes.values(), key=lambda n: n.name):
                held = [self.signatures.of(a) for a in node.addresses if a.family == family]
                kind = kinds.setdefault(frozenset(held), [])
                kind += [node.name] if held and len(kind) < 2 else []
            found = [name for names in kinds.values() for name in names]
            self._alike_nodes[family] = found
        return found

    @property
    def unplaced(self) -> bool:
        """Whether some pod's address is not known."""
        holding = self.classes.holding
        return any(holding.get(self.signatures.of(Address(f, UNPLACED)), 0) for f in FAMILIES)

    def number(self, pod: Pod) -> int | None:
        """A pod's class; None where no policy can select it (NP-47, NP-49)."""
        return self._number(self._template_of.get(pod.ref))

    def _number(self, template: Template | None) -> int | None:
        if template is None or template.own is None:
            return None
        self.graph.saw(template.own.number)
        return template.own.number

    def crowds(self, namespace: str) -> Counter[tuple[int, Workload]]:
        """The live pods of a namespace that policies can select: how many by class and workload."""
        self.graph.saw((Pod, namespace))
        found = Counter[tuple[int, Workload]]()
        for template in self._in.get(namespace, ()):
            number = self._number(template)
            if number is not None:
                self.graph.saw(template)
                found[number, template.workload] += len(template.pods)
        return found

    def guests(self, namespace: str) -> int:
        """How many live pods of a namespace no policy can select (NP-47)."""
        self.graph.saw((Pod, namespace))
        return sum(len(template.pods) for template in self._guests.get(namespace, ()))

    def selectable(self, pod: Pod) -> bool:
        """Whether policies can select a pod at all (NP-47)."""
        return not pod.host_network or self._assumptions.host_network == "applied"

    def alike(self, old: Pod, new: Pod) -> bool:
        """Whether a pod that changed is the same to all policies, at the same addresses."""
        same = old.live and new.live and old.addresses == new.addresses
        return same and self._kin(old) == self._kin(new)

    def class_for(self, pod: Pod) -> PodClass | None:
        """The class that a pod is in, or would come into if it is there already."""
        kin = self._kin(pod)
        template = self._templates.get(kin)
        if template is not None or not kin.selectable:
            return template.own if template else None
        matched = self._terms.matched(kin.namespace, kin.labels)
        return self.classes.find((self._workload(kin), matched, self._named(kin), kin.doubt))

    def owned_by(self, controller: Ref) -> list[Template]:
        """The templates of a controller's pods."""
        return list(self._of_owner.get(controller, ()))

    def endpoint(self, address: Address, named: Ref | None) -> Party:
        """Who an endpoint is: the pod that a slice names, if it is there; else who is there.

        Whoever writes a slice may name any pod, so the address decides (SVC-8).
        """
        template = self._template_of.get(named) if named else None
        if template is not None and named is not None:
            pod = template.pods[named]
            if address in pod.addresses:
                self.graph.saw(address)
                return self._party_of(template, pod, address)
        return self.at(address)

    def at(self, address: Address) -> Party:
        """Who stands there: a live pod first, then a node, else somebody outside (EXT-3)."""
        self.graph.saw(address)
        found = self._places.at(address)
        if isinstance(found, Pod):
            return self._pod_party(found, address)
        if isinstance(found, Node):
            return self._node_party(found, address)
        return Party(address)

    def each(self, parties: Iterable[Party], question: Callable[[Party], T]) -> Iterator[T]:
        """Answers to a question about parties, one for each group that it tells apart."""
        return (answer for _, answer in self.telling.parties(parties, question))

    def alike_to_policies(self, party: Party) -> Hashable:
        """What all parties share of whom policies cannot tell one from another (NP-44 apart)."""
        if party.number is None:
            return party.address
        return party.number, self.signature(party)

    def workload(self, pod: Pod) -> Workload:
        """A live pod's workload."""
        number = self.number(pod)
        return (
            self.workloads[pod.ref] if number is None else self.classes.by_number[number].workload
        )

    def signature(self, party: Party) -> int:
        """What blocks can tell of a party's address."""
        return self.signatures.of(party.address)

    @staticmethod
    def touched(fact: Pod | Node) -> Iterator[Hashable]:
        """What readers may have read of a pod or a node that changed."""
        yield from fact.addresses
        if isinstance(fact, Pod):
            yield from fact.labels
            if fact.ingress_classes:
                yield _SERVING

    def pod_parties(self, pod: Pod, family: Family) -> list[Party]:
        """A live pod at its address of a family: one party or none."""
        return [self._pod_party(pod, a) for a in pod.addresses if a.family == family]

    def nodes_named(self, name: str) -> list[Node]:
        """The node of a name; all of which one is meant where that is not known; or none."""
        if name in self.nodes:
            return [self.nodes[name]]
        return list(self.nodes.values()) if name == SOME_NODE else []

    def node_parties(self, node: Node, family: Family) -> list[Party]:
        """A node at each of its addresses of a family."""
        return [self._node_party(node, a) for a in node.addresses if a.family == family]

    def item(self, selector: PeerSelector) -> Item:
        """A selector in use, by numbers."""
        term, space = selector.term, selector.namespaces
        return Item(
            selector.home,
            self._terms.number(term) if term else NONE,
            self.spaces.number(space) if space is not None else NONE,
        )

    def members(self, item: Item) -> tuple[int, int]:
        """The set of classes that a selector surely matches, and that of those it may match."""
        home, term, space = item
        if term != NONE:
            fitting = self.classes.with_term.get(term, 0)
        elif space != NONE:
            fitting = -1
        else:
            fitting = self.classes.in_namespace.get(home, 0)
        if space == NONE:
            return fitting, fitting
        must, may = self.spaces.members(space)
        return fitting & must, fitting & may

    # Following the facts

    def put_pod(self, ref: Ref, pod: Pod) -> None:
        """A pod is there, or is otherwise than before."""
        if not pod.live:
            return
        kin = self._kin(pod)
        template = self._templates.get(kin) or self._make(kin)
        template.pods[ref], self._template_of[ref] = pod, template
        if pod.ingress_classes:
            self._serving[ref] = pod
        self._sorted = None
        if kin.selectable:
            self._places.put_pod(pod)
            self._count(template, pod, 1)
        else:
            self._places.put_guest(pod)

    def drop_pod(self, ref: Ref, pod: Pod) -> None:
        """The reverse of `put_pod`."""
        template = self._template_of.pop(ref, None)
        if template is None:
            return
        del template.pods[ref]
        self._serving.pop(ref, None)
        self._sorted = None
        if template.kin.selectable:
            self._places.drop_pod(pod)
            self._count(template, pod, -1)
        else:
            self._places.drop_guest(pod)
        if not template.pods:
            self._forget(template)

    def replace_pod(self, ref: Ref, old: Pod | None, new: Pod | None) -> None:
        """A pod came, went, or is otherwise than before."""
        if old and new and self.alike(old, new):
            self._template_of[ref].pods[ref] = new
            self._serving.pop(ref, None)
            if new.ingress_classes:
                self._serving[ref] = new
            self._sorted = None
            self._places.replace(old, new, guest=not self._kin(new).selectable)
            return
        if old is not None:
            self.drop_pod(ref, old)
        if new is not None:
            self.put_pod(ref, new)

    def replace_node(self, old: Node | None, new: Node | None) -> None:
        """A node came, went, or is otherwise than before."""
        self._alike_nodes.clear()
        if old is not None:
            del self._nodes[old.name]
            self._places.drop_node(old)
        if new is not None:
            self._nodes[new.name] = new
            self._places.put_node(new)
        if bool(old and old.other_platform) != bool(new and new.other_platform):
            for pod in self.pods_on((new or old or Node("", "")).name):
                self.drop_pod(pod.ref, pod)
                self.put_pod(pod.ref, pod)

    def pods_on(self, node: str) -> list[Pod]:
        """The live pods of a node."""
        return [pod for pod in self.live() if pod.node == node]

    def follow_controller(self, controller: Ref) -> None:
        """Find the workloads of a controller's pods anew."""
        templates = self.owned_by(controller)
        for template in templates:
            template.workload = self._workload(template.kin)
            self.graph.touch([template])
        self.classes.settle(template for template in templates if template.kin.selectable)

    # Following the words in use

    def learn(self, words: Words) -> None:
        """Tell pods apart by words that were not in use before."""
        for space in words.spaces:
            self.spaces.add(space)
        touched: dict[Template, None] = {}
        for term in words.terms:
            number = self._terms.add(term)
            for template in self._fitting(term):
                template.matched |= {number}
                touched[template] = None
        if words.names:
            self._names |= words.names
            touched |= self._rename(words.names)
        self.classes.settle(touched)

    def forget(self, words: Words) -> None:
        """Tell pods apart no longer by words that nobody uses."""
        for space in words.spaces:
            self.spaces.drop(space)
        touched: dict[Template, None] = {}
        for term in words.terms:
            number = self._terms.drop(term)
            for template in self._in_reach(term):
                if number in template.matched:
                    template.matched -= {number}
                    touched[template] = None
        if words.names:
            self._names -= words.names
            touched |= self._rename(words.names)
        self.classes.settle(touched)

    def hold(self, blocks: Collection[Block]) -> None:
        """Tell addresses apart by these blocks."""
        self._alike_nodes.clear()
        self.graph.touch([Signatures])
        for block, old, new in self.signatures.hold(blocks, self._places.count):
            for _, pod in self._places.within(block):
                template = self._template_of[pod.ref]
                self.classes.count(template, block.family, new, 1)
                self.classes.count(template, block.family, old, -1)

    def _kin(self, pod: Pod) -> Kin:
        owner, selectable = pod.owner or pod.name, self.selectable(pod)
        return Kin(pod.namespace, owner, pod.labels, pod.ports, selectable, self._doubt(pod))

    def _doubt(self, pod: Pod) -> Reason | None:
        """Why a pod may be reached, or reach others, past its policies."""
        if pod.extra_networks and self._assumptions.extra_networks == "unknown":  # NP-51
            return Reason.EXTRA_NETWORK
        node = self._nodes.get(pod.node)
        if not pod.other_platform and (node is None or not node.other_platform):
            return None
        return None if self._assumptions.other_platforms == "ignored" else Reason.PLATFORM  # UNK-13

    def _make(self, kin: Kin) -> Template:
        template = self._templates[kin] = Template(kin, self._workload(kin))
        if isinstance(kin.owner, Owner):
            self._of_owner[_ref(kin.namespace, kin.owner)][template] = None
        if kin.selectable:
            self._in[kin.namespace][template] = None
            template.matched = self._terms.matched(kin.namespace, kin.labels)
            template.named = self._named(kin)
            self.classes.settle([template])
        else:
            self._guests[kin.namespace][template] = None
        return template

    def _forget(self, template: Template) -> None:
        kin = template.kin
        del self._templates[kin]
        if isinstance(kin.owner, Owner):
            owner = _ref(kin.namespace, kin.owner)
            del self._of_owner[owner][template]
            if not self._of_owner[owner]:
                del self._of_owner[owner]
        if kin.selectable:
            del self._in[kin.namespace][template]
            self.classes.remove(template)
        else:
            del self._guests[kin.namespace][template]

    def _count(self, template: Template, pod: Pod, by: int) -> None:
        addresses = pod.addresses
        for address in addresses if len(addresses) < 2 else dict.fromkeys(addresses):
            self.classes.count(template, address.family, self.signatures.of(address), by)

    def _workload(self, kin: Kin) -> Workload:
        return workload_of(kin.namespace, kin.owner, partial(self._facts.get, Controller))

    def _in_reach(self, term: Term) -> Iterable[Template]:
        if term.home:
            return list(self._in.get(term.home, ()))
        return [template for found in self._in.values() for template in found]

    def _fitting(self, term: Term) -> Iterator[Template]:
        for template in self._in_reach(term):
            labels = template.kin.labels
            if may_match(term, labels) and matches(term.pods, dict(labels)):
                yield template

    def _named(self, kin: Kin) -> Ports:
        """The named ports in use that pods have; sidecars' too, unless assumed not (NP-40)."""
        matched = self._assumptions.sidecar_port_names == "matched"
        ports = [port for port in kin.ports if matched or not port.sidecar]
        found = ((name, named(ports, *name)) for name in sorted(self._names))
        return tuple((name, number) for name, number in found if number is not None)

    def _rename(self, names: Collection[PortName]) -> dict[Template, None]:
        """Look the names in use up anew on pods that have a port of one of these names."""
        wanted = {name.name for name in names}
        touched: dict[Template, None] = {}
        for found in self._in.values():
            for template in found:
                if any(port.name in wanted for port in template.kin.ports):
                    template.named = self._named(template.kin)
                    touched[template] = None
        return touched

    def _pod_party(self, pod: Pod, address: Address) -> Party:
        return self._party_of(self._template_of.get(pod.ref), pod, address)

    def _party_of(self, template: Template | None, pod: Pod, address: Address) -> Party:
        return Party(address, self._number(template), pod.node, pod)

    def _node_party(self, node: Node, address: Address) -> Party:
        return Party(address, node=node.name, root=True)


def _ref(namespace: str, owner: Owner) -> Ref:
    return Ref(owner.kind, namespace, owner.name)
