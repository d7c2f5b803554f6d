"""Holds the explanation of a cell against counterfactuals: worlds in which one thing is otherwise.

Each world is built from API objects anew. What explanations name is done to the objects by hand, as
a user would; what they do not name is tried as well, to see that it flips nothing.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from cases.apiobject import Object, items, key_of, labels_of, mapping
from cases.engine_answers import FAMILIES, EngineAnswers, letter, line
from cases.hand import changed, without
from cli.schemas import validator
from reachaudit.model.facts import NetworkPolicy
from reachaudit.model.names import Ref
from reachaudit.outputs.explanation_json import explanation_json
from reachaudit.outputs.explanation_text import explanation_text
from reachaudit.reach.ports import Span
from reachaudit.reach.verdict import Outcome, Value
from reachaudit.reach.why.edits import taken_out
from reachaudit.reach.why.explanation import Explainer
from reachaudit.reach.why.flips import goals
from reachaudit.reach.why.needs import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from cases.casefile import Step
    from cases.table import Table
    from reachaudit.reach.explain import Clause
    from reachaudit.reach.party import Party
    from reachaudit.reach.reachability import Reachability
    from reachaudit.reach.why.edits import Edit
    from reachaudit.reach.why.explanation import Answer, Explanation
    from reachaudit.reach.why.flips import Flip, Goal
    from reachaudit.reach.why.hops import Told

OPEN, SHUT = ".", "iex-"
EXPLAIN = validator("explain.v1")
_FRONTENDS = ("svc:", "lb:", "nodeport:", "externalip:", "ing:")


class Cell(NamedTuple):
    """A cell of a table."""

    source: str
    destination: str
    port: int | None
    protocol: str
    family: str
    written: str


def cells(table: Table) -> Iterator[Cell]:
    """All cells of a table."""
    for source, row in zip(table.rows, table.cells, strict=True):
        for destination, written in zip(table.columns, row, strict=True):
            yield Cell(source, destination, table.port, table.protocol, table.family, written)


class Removal(NamedTuple):
    """A world without one policy, or without one rule or peer item of it: `field`, else ""."""

    policy: Ref
    field: str
    world: EngineAnswers


class Explained:
    """The worlds of one step; each is built once."""

    def __init__(self, step: Step) -> None:
        self._objects, self._assumptions = step.objects, step.assumptions
        self.answers = EngineAnswers(step.objects, step.assumptions)
        self.explainer = Explainer(self.answers.reach.facts, self.answers.reach.assumptions)
        self.counted: Counter[str] = Counter()
        self._worlds: dict[object, EngineAnswers] = {}
        self._removals: list[Removal] | None = None

    def check(self, cell: Cell) -> None:
        """All that must be true of the explanation of a cell; raises AssertionError."""
        port = line(cell.port, cell.protocol)
        explanation = self.explainer.explain(
            cell.source,
            cell.destination,
            "other protocols" if port is None else Span(port, port),
            [FAMILIES[cell.family]],
        )
        [answer] = explanation.answers
        assert letter(answer.verdict) == cell.written
        self._check_forms(explanation)
        self._check_names(cell, answer)
        for told in (told for hop in answer.hops for told in hop.sides):
            self._check_clauses(told)
        for goal in goals(answer.outcome):
            self._check_goal(cell, answer, goal)
        self._check_rests(cell, answer)
        if answer.outcome is Outcome.UNKNOWN:
            assert answer.evidence

    @staticmethod
    def _check_forms(explanation: Explanation) -> None:
        """The answer comes first; what tools read keeps to its schema."""
        [answer] = explanation.answers
        first, *_ = explanation_text(explanation).splitlines()
        assert first.startswith(f"{answer.outcome.value}  ")
        EXPLAIN.validate(json.loads(explanation_json(explanation, (), ())))

    def _check_names(self, cell: Cell, answer: Answer) -> None:
        """Who is named as source and target is who was asked about."""
        for hop in answer.hops:
            if hop.way.leg == 0:
                assert self._is(cell.source, hop.way.source), (cell.source, hop.way.source)
            if not hop.on and hop.way.leg == 0 and not cell.destination.startswith(_FRONTENDS):
                assert self._is(cell.destination, hop.way.target), hop.way.target
            hidden = hop.way.seen != hop.way.source
            assert not hidden or (hop.way.seen.root and hop.way.seen.node != hop.way.target.node)
        if cell.destination.startswith("svc:"):
            self._check_endpoints(cell.destination[4:], answer)

    def _is(self, name: str, party: Party) -> bool:
        """Whether a party is what an axis of a table names."""
        prefix, _, rest = name.partition(":")
        if prefix == "node":
            return party.node == rest and party.pod is None
        if party.pod is not None and f"{party.pod.namespace}/{party.pod.name}" == name:
            return True
        spots = self.answers.questions(name, name, "v6" if ":" in name else "v4")
        return any(party in q.source.parties(self.answers.reach) for q in spots)

    def _check_endpoints(self, name: str, answer: Answer) -> None:
        """Behind a Service with a selector, and without slices, stand the pods that it selects."""
        service = self._object("Service", name)
        spec = mapping(service.get("spec"))
        selector, elsewhere = mapping(spec.get("selector")), spec.get("type") == "ExternalName"
        by_hand = any(obj.get("kind") == "EndpointSlice" for obj in self._objects)
        if not selector or elsewhere or by_hand:
            return
        for hop in answer.hops:
            pod = hop.way.target.pod
            assert pod is not None, hop.way.target
            labels = labels_of(self._object("Pod", f"{pod.namespace}/{pod.name}"))
            assert selector.items() <= labels.items()

    def _object(self, kind: str, name: str) -> Object:
        found = (obj for obj in self._objects if obj.get("kind") == kind)
        return next(obj for obj in found if f"{key_of(obj).namespace}/{key_of(obj).name}" == name)

    def _check_clauses(self, told: Told) -> None:
        """All that opens a side is named: without all it shuts, without all but one it does not."""
        named = told.clauses if told.side.value is Value.ALLOW else ()
        if named:
            assert self._side_without(told, named) is not Value.ALLOW, told
            for kept in named if len(named) > 1 else ():
                others = tuple(clause for clause in named if clause != kept)
                assert self._side_without(told, others) is Value.ALLOW, (told, kept)

    def _side_without(self, told: Told, gone: Sequence[Clause]) -> Value:
        side = told.side
        assert side.port is not None
        world = self._world(self._removing(gone)).reach
        value, _ = world.judge.side(
            side.direction, _again(world, side.subject), _again(world, side.peer), side.port
        )
        return value

    def _removing(self, gone: Sequence[Clause]) -> list[Edit]:
        found: dict[NetworkPolicy, list[Clause]] = {}
        for clause in gone:
            policy = self.answers.reach.facts.get(NetworkPolicy, clause.policy)
            assert policy is not None
            found.setdefault(policy, []).append(clause)
        return [taken_out(policy, own) for policy, own in found.items()]

    def _check_goal(self, cell: Cell, answer: Answer, goal: Goal) -> None:
        wanted = Outcome.ALLOW if goal == "open" else None
        flips = [f for f in answer.flips if (f.becomes is Outcome.ALLOW) == (wanted is not None)]
        needs = [need for need in answer.needs if need.goal == goal]
        assert bool(flips) != bool(needs), (goal, flips, needs)
        for flip in flips:
            self._check_flip(cell, flip, goal)
        if goal == "open" and any(map(_lifts, flips)):
            assert cell.port is None or any(map(_permits, flips)), "no permission is named"
        single = {edit.ref: edit for f in flips if len(f.edits) == 1 for edit in f.edits}
        self._check_nothing_else_flips(cell, goal, flips if single else [])
        if needs:
            self._check_need(cell, needs[0].kind, goal)
            self.counted[f"{goal}: {needs[0].kind.value}"] += 1
        else:
            number = len(flips[0].edits)
            self.counted[f"{goal}: {number} change{'s' if number > 1 else ''}"] += 1

    def _check_flip(self, cell: Cell, flip: Flip, goal: Goal) -> None:
        """Its changes flip the cell, and no part of them does."""
        assert self._flipped(cell, self._world(flip.edits), goal), flip.edits
        for size in range(1, len(flip.edits)):
            for fewer in combinations(flip.edits, size):
                assert not self._flipped(cell, self._world(fewer), goal), fewer

    def _check_nothing_else_flips(self, cell: Cell, goal: Goal, flips: list[Flip]) -> None:
        """No policy, rule or peer item flips the cell by its absence unless it is named."""
        edits = [edit for flip in flips for edit in flip.edits]
        named = {(edit.ref, part.field) for edit in edits for part in edit.parts}
        deleted = {edit.ref for edit in edits if edit.new is None}
        named_policies = {ref for ref, _ in named}
        for removal in self.removals:
            if not self._flipped(cell, removal.world, goal):
                continue
            where = f"{removal.policy} {removal.field}"
            if goal == "open":
                assert removal.policy in deleted, f"not named: {where} opens it by going"
            else:
                assert removal.policy in named_policies, f"not named: {where} shuts it by going"
                assert not removal.field or self._covered(removal, named), where

    @staticmethod
    def _covered(removal: Removal, named: Collection[tuple[object, str]]) -> bool:
        """A rule that goes takes its peer items along."""
        return any(
            removal.policy == ref
            and (field.startswith(removal.field) or removal.field.startswith(field))
            for ref, field in named
        )

    def _check_need(self, cell: Cell, kind: Kind, goal: Goal) -> None:
        """Neither shutting all pods off nor lifting all policies reaches the goal."""
        everywhere = self._denied_everywhere if goal == "shut" else self._without_policies
        assert not self._flipped(cell, everywhere, goal), kind

    def _check_rests(self, cell: Cell, answer: Answer) -> None:
        """Another assumption makes the verdict that is told."""
        for rest in answer.rests:
            name, _, value = rest.instead.partition("=")
            world = self._world((), {**self._assumptions, name: value})
            assert {outcome.value for outcome in rest.outcomes} == {
                q.ask(world.reach, line(cell.port, cell.protocol)).outcome.value
                for q in world.questions(cell.source, cell.destination, cell.family)
            }

    def _flipped(self, cell: Cell, world: EngineAnswers, goal: Goal) -> bool:
        answered = world.cell(*cell[:5])
        return answered == OPEN if goal == "open" else answered in SHUT

    @property
    def removals(self) -> list[Removal]:
        """Worlds without one policy, and without one rule or peer item of one."""
        if self._removals is None:
            self._removals = list(self._find_removals())
        return self._removals

    def _find_removals(self) -> Iterator[Removal]:
        for obj in self._objects:
            key = key_of(obj)
            if key.kind != "NetworkPolicy" or "networking.k8s.io" not in str(obj["apiVersion"]):
                continue
            yield Removal(Ref(*key), "", self._build(without(self._objects, key)))
            for direction, peers in (("ingress", "from"), ("egress", "to")):
                for field, less in _lesser(obj, direction, peers):
                    world = [*without(self._objects, key), less]
                    yield Removal(Ref(*key), field, self._build(world))

    @property
    def _without_policies(self) -> EngineAnswers:
        if "free" not in self._worlds:
            policies = [k for k in map(key_of, self._objects) if k.kind == "NetworkPolicy"]
            self._worlds["free"] = self._build(without(self._objects, *policies))
        return self._worlds["free"]

    @property
    def _denied_everywhere(self) -> EngineAnswers:
        if "denied" not in self._worlds:
            free = [obj for obj in self._objects if key_of(obj).kind != "NetworkPolicy"]
            spaces = {key_of(obj).namespace for obj in free} - {""}
            self._worlds["denied"] = self._build([*free, *map(_deny_all, sorted(spaces))])
        return self._worlds["denied"]

    def _world(
        self, edits: Sequence[Edit], assumptions: dict[str, str] | None = None
    ) -> EngineAnswers:
        what = frozenset((edit.ref, edit.new) for edit in edits)
        key = what, tuple(sorted((assumptions or {}).items()))
        if key not in self._worlds:
            objects = changed(self._objects, edits)
            self._worlds[key] = self._build(objects, assumptions)
        return self._worlds[key]

    def _build(
        self, objects: Sequence[Object], assumptions: dict[str, str] | None = None
    ) -> EngineAnswers:
        return EngineAnswers(objects, self._assumptions if assumptions is None else assumptions)


def _lifts(flip: Flip) -> bool:
    """Whether it takes a policy away."""
    return any(isinstance(edit.old, NetworkPolicy) and edit.new is None for edit in flip.edits)


def _permits(flip: Flip) -> bool:
    """Whether it adds a rule, or a policy with one."""
    return any(isinstance(edit.new, NetworkPolicy) for edit in flip.edits)


def _again(reach: Reachability, party: Party) -> Party:
    """A party in another world."""
    if party.pod is not None:
        pod = reach.identity.pod(party.pod.ref)
        assert pod is not None
        own = reach.identity.pod_parties(pod, party.address.family)
        return next(each for each in own if each.address == party.address)
    node = reach.identity.nodes.get(party.node)
    if node is not None:  # not at(): a pod on the node's network has the same address
        own = reach.identity.node_parties(node, party.address.family)
        return next(each for each in own if each.address == party.address)
    return reach.identity.at(party.address)


def _lesser(policy: Object, direction: str, peers: str) -> Iterator[tuple[str, Object]]:
    """A policy less one rule, or less one peer item; the direction stays isolated."""
    types = _types(policy)
    rules = items(mapping(policy["spec"]).get(direction))
    for i, rule in enumerate(rules):
        less = copy.deepcopy(policy)
        spec = mapping(less["spec"])
        spec["policyTypes"] = [*types]
        own = items(spec[direction])
        del own[i]
        yield f"spec.{direction}[{i}]", less
        several = items(mapping(rule).get(peers))
        for k in range(len(several)) if len(several) > 1 else ():
            less = copy.deepcopy(policy)
            del items(mapping(items(mapping(less["spec"])[direction])[i])[peers])[k]
            yield f"spec.{direction}[{i}].{peers}[{k}]", less


def _types(policy: Object) -> list[str]:
    """NP-3."""
    spec = mapping(policy["spec"])
    written = [str(each) for each in items(spec.get("policyTypes"))]
    return written or ["Ingress", *(["Egress"] if items(spec.get("egress")) else [])]


def _deny_all(namespace: str) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny-everything", "namespace": namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
