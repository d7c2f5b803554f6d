"""What a check is: a document, a unit that it judges, and a judge."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from reachaudit.checks.view import View
from reachaudit.findings.finding import Finding, Severity
from reachaudit.model.facts import Fact, Namespace, NetworkPolicy, Pod
from reachaudit.model.names import Ref

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True)
class About:
    """A check's document. `name` is the reason of its Events; `rule` its id in the rules' list."""

    id: str
    rule: str
    name: str
    title: str
    why: str
    severity: Severity


class Check(Protocol):
    """A check. A unit's findings depend on what its judge reads through the view, and no more."""

    @property
    def about(self) -> About:
        """Its document."""
        ...

    @property
    def kinds(self) -> tuple[type[Fact], ...]:
        """The facts that are, or make, its units."""
        ...

    def unit(self, fact: Fact) -> Ref:
        """The unit that a fact of these kinds is, or makes."""
        ...

    def judge(self, unit: Ref, view: View) -> Iterable[Finding]:
        """A unit's findings; none where it is gone or left out."""
        ...


@dataclass(frozen=True)
class FactCheck(Generic[F]):
    """A check that judges objects of one kind, each by itself."""

    about: About
    kind: type[F]
    judge_fact: Callable[[F, View], Iterable[Finding]]

    @property
    def kinds(self) -> tuple[type[Fact], ...]:
        """The kind that it judges."""
        return (self.kind,)

    def unit(self, fact: Fact) -> Ref:
        """The object itself."""
        return fact.ref

    def judge(self, unit: Ref, view: View) -> Iterable[Finding]:
        """The findings of one object."""
        fact = view.get(self.kind, unit)
        return self.judge_fact(fact, view) if fact is not None else ()


@dataclass(frozen=True)
class NamespaceCheck:
    """A check that judges the pods of a namespace together."""

    about: About
    judge_namespace: Callable[[str, View], Iterable[Finding]]

    @property
    def kinds(self) -> tuple[type[Fact], ...]:
        """What makes a namespace worth a look."""
        return Pod, NetworkPolicy

    def unit(self, fact: Fact) -> Ref:
        """The namespace of a pod or policy."""
        return Ref(Namespace.kind, "", fact.namespace)

    def judge(self, unit: Ref, view: View) -> Iterable[Finding]:
        """The findings of one namespace."""
        return () if view.leaves_out(unit.name) else self.judge_namespace(unit.name, view)


def units(check: Check, facts: Iterable[Fact]) -> Iterator[Ref]:
    """All units of a check, in order of name."""
    return iter(sorted({check.unit(fact) for fact in facts if isinstance(fact, check.kinds)}))
