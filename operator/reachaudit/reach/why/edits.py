"""Edits: changes of one object each, as facts and as fields that a person changes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from reachaudit.model.facts import Direction, Fact, NetworkPolicy, PolicyRule, Selector
from reachaudit.model.names import Ref
from reachaudit.model.store import Change, Facts
from reachaudit.reach.explain import PEERS, Clause
from reachaudit.reach.why.manifests import (
    Json,
    policy_manifest,
    rule_manifest,
    types_manifest,
)

DIRECTIONS: tuple[Direction, Direction] = ("ingress", "egress")


class Part(NamedTuple):
    """A field of an object that is added to, removed, or set."""

    action: Literal["add", "remove", "set"]
    field: str
    value: Json = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one object: from `old` to `new`, None where it is created or deleted.

    `parts`: the fields that change. `manifest`: what is created. `follows`: what controllers then
    change of their own accord, as a Service's EndpointSlices.
    """

    ref: Ref
    old: Fact | None
    new: Fact | None
    parts: tuple[Part, ...] = ()
    manifest: Json = None
    follows: tuple[Change, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What it means for the facts."""
        return Change(self.ref, self.old, self.new, 0.0), *self.follows


def taken_out(policy: NetworkPolicy, clauses: Collection[Clause]) -> Edit:
    """A policy without some of its peer items or rules.

    A rule goes with its last peer item: without any it would be open to all (NP-13). Where the
    last egress rule goes, policyTypes must say that egress stays isolated (NP-3).
    """
    new, parts = policy, list[Part]()
    for direction in DIRECTIONS:
        own = [clause for clause in clauses if clause.direction == direction]
        kept, removed = _less(policy, direction, own)
        new = _with(new, direction, kept)
        parts += removed
        if direction == "egress" and own and not kept:
            parts.append(Part("set", "spec.policyTypes", types_manifest(policy)))
    return Edit(policy.ref, policy, new, tuple(parts))


def _less(
    policy: NetworkPolicy, direction: Direction, clauses: Collection[Clause]
) -> tuple[tuple[PolicyRule, ...], list[Part]]:
    """The rules that are left of a direction, and the fields that are gone."""
    out: defaultdict[int, set[int | None]] = defaultdict(set)
    for clause in clauses:
        out[clause.rule].add(clause.peer)
    kept, parts = list[PolicyRule](), list[Part]()
    for i, rule in enumerate(policy.rules(direction)):
        left = tuple(peer for k, peer in enumerate(rule.peers or ()) if k not in out[i])
        if not out[i]:
            kept.append(rule)
        elif None in out[i] or not left:
            parts.append(Part("remove", f"spec.{direction}[{i}]"))
        else:
            kept.append(msgspec.structs.replace(rule, peers=left))
            parts += [Part("remove", clause.field) for clause in clauses if clause.rule == i]
    return tuple(kept), parts


def added(policy: NetworkPolicy, rules: Mapping[Direction, Iterable[PolicyRule]]) -> Edit:
    """A policy with rules added at the end of its directions."""
    new, parts = policy, list[Part]()
    for direction, more in rules.items():
        more = tuple(more)
        new = _with(new, direction, (*new.rules(direction), *more))
        field = f"spec.{direction}"
        parts += [Part("add", field, rule_manifest(rule, PEERS[direction])) for rule in more]
    return Edit(policy.ref, policy, new, tuple(parts))


def rules_added(edits: Iterable[Edit]) -> list[PolicyRule]:
    """The rules of policies that were not there before."""
    return [
        rule
        for edit in edits
        for direction in DIRECTIONS
        for rule in _rules(edit.new, direction)
        if rule not in _rules(edit.old, direction)
    ]


def _rules(fact: Fact | None, direction: Direction) -> tuple[PolicyRule, ...]:
    return fact.rules(direction) if isinstance(fact, NetworkPolicy) else ()


def created(policy: NetworkPolicy) -> Edit:
    """A new policy."""
    return Edit(policy.ref, None, policy, manifest=policy_manifest(policy))


def created_object(fact: Fact, api_version: str, rest: Mapping[str, Json]) -> Edit:
    """A new object of any kind; `rest` is its manifest beside what all have."""
    metadata: dict[str, Json] = {"name": fact.name}
    if fact.namespace:
        metadata["namespace"] = fact.namespace
    head: dict[str, Json] = {"apiVersion": api_version, "kind": fact.ref.kind}
    return Edit(fact.ref, None, fact, manifest={**head, "metadata": metadata, **rest})


def deleted(fact: Fact) -> Edit:
    """An object away."""
    return Edit(fact.ref, fact, None)


def new_policy(
    facts: Facts,
    name: str,
    namespace: str,
    subject: Selector,
    rules: Mapping[Direction, Iterable[PolicyRule]],
) -> NetworkPolicy:
    """A policy of a name that is not taken yet, for the directions that `rules` has."""
    free, number = name[:60].rstrip("-."), 1
    while facts.get(NetworkPolicy, Ref(NetworkPolicy.kind, namespace, free)) is not None:
        number += 1
        free = f"{name[:57].rstrip('-.')}-{number}"
    return NetworkPolicy(
        namespace,
        free,
        subject=subject,
        ingress=tuple(rules.get("ingress", ())),
        egress=tuple(rules.get("egress", ())),
        isolates_ingress="ingress" in rules,
        isolates_egress="egress" in rules,
    )


def _with(
    policy: NetworkPolicy, direction: Direction, rules: tuple[PolicyRule, ...]
) -> NetworkPolicy:
    if direction == "ingress":
        return msgspec.structs.replace(policy, ingress=rules)
    return msgspec.structs.replace(policy, egress=rules)
