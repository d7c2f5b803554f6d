"""Whether what the operator tells is the truth: what is fast and wrong is not measured."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cluster.objects import text
from cluster.waiting import wait_for
from live.operatorprocess import Operator
from reachaudit.model.facts import Fact, Pod
from reachaudit.round.audit import audit
from reachaudit.settings import SYSTEM_NAMESPACES, Assumptions

_SECONDS = 60.0


class Wrong(Exception):
    """The operator tells something else than the objects do."""


def verify_pods(operator: Operator, facts: Iterable[Fact]) -> None:
    """The operator counts all live pods."""
    wanted = sum(isinstance(fact, Pod) and fact.live for fact in facts)
    counted = operator.metrics().value("reachaudit_pods")
    if counted != wanted:
        raise Wrong(f"the operator counts {counted:g} pods of {wanted}")


def verify(operator: Operator, facts: Sequence[Fact]) -> None:
    """The open findings are those of the facts as they are, soon."""
    audited = audit(facts, Assumptions(), SYSTEM_NAMESPACES)
    wanted = Counter(finding.fingerprint for finding in audited)

    def told() -> Counter[str]:
        return Counter(text(finding, "fingerprint") for finding in operator.findings())

    try:
        wait_for(lambda: told() == wanted, "the findings are those of the facts", _SECONDS)
    except TimeoutError:
        more, fewer = (told() - wanted).total(), (wanted - told()).total()
        raise Wrong(f"of {wanted.total()} findings {fewer} are missing, {more} wrong") from None
