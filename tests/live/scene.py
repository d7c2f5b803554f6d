"""A namespace under audit: after each change the operator must tell just what is expected."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from cluster.api import Api
from cluster.objects import KubeObject, text
from cluster.waiting import wait_for
from live.operatorprocess import Operator
from live.transitions import Transition, transitions

# What findings are about; only the test itself writes on these.
_CAUSES = (
    ("v1", "Service"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
)


class _Identity(NamedTuple):
    uid: str
    resource_version: str


@dataclass(frozen=True)
class Told:
    """What the operator tells of one namespace: open findings, and all transitions so far."""

    open: Counter[str] = field(default_factory=Counter)
    transitions: Counter[Transition] = field(default_factory=Counter)


@dataclass
class Scene:
    """One namespace, watched by an operator. Findings are written `RA022 Service/shop`.

    `as_expected`: whether all that was told so far had been expected.
    """

    api: Api
    operator: Operator
    namespace: str
    as_expected: bool = field(default=True, init=False)
    _expected: Told = field(default_factory=Told, init=False)

    def own(self, check: str) -> str:
        """A finding about the namespace itself."""
        return f"{check} Namespace/{self.namespace}"

    def after(
        self,
        act: Callable[[], object],
        *,
        opens: Iterable[str] = (),
        closes: Iterable[str] = (),
        seconds: float = 10.0,
    ) -> None:
        """Act, and wait until these findings have opened and closed, and nothing else has."""
        self.as_expected = False
        known, metric = self._objects(), self._metric()
        act()
        written = self._objects()
        opened, closed = Counter(opens), Counter(closes)
        self._expect(opened, closed, known | written)
        self._await_expected(seconds)
        assert _by_check(self._metric()) == _by_check(metric) + _checks(opened) - _checks(closed)
        assert self._objects() == written, "somebody wrote on an audited object"
        self.as_expected = True

    def assert_nothing_more(self) -> None:
        """Nothing has been told since the last change but what was expected of it."""
        assert self._told() == self._expected

    def _expect(
        self, opened: Counter[str], closed: Counter[str], objects: Mapping[str, _Identity]
    ) -> None:
        told = self._expected.transitions.copy()
        for action, findings in (("Opened", opened), ("Closed", closed)):
            for finding, number in findings.items():
                told[action, finding, objects[finding.partition(" ")[2]].uid] += number
        self._expected = Told(self._expected.open + opened - closed, told)

    def _await_expected(self, seconds: float) -> None:
        """Return as soon as all is as expected; fail with the difference at the deadline."""
        with suppress(TimeoutError):  # the assertions say what differs
            wait_for(self._is_expected, "all is as expected", seconds)
        assert self._told() == self._expected
        assert self._metric() == self._listed()

    def _is_expected(self) -> bool:
        return self._told() == self._expected and self._metric() == self._listed()

    def _told(self) -> Told:
        mine = [found for found in self.operator.findings() if self._concerns(found)]
        return Told(
            Counter(
                f"{text(found, 'check')} {text(found, 'cause', 'kind')}/"
                f"{text(found, 'cause', 'name')}"
                for found in mine
            ),
            transitions(self.api, self.namespace),
        )

    def _concerns(self, finding: KubeObject) -> bool:
        cause = finding["cause"]
        if text(cause, "kind") == "Namespace":
            return text(cause, "name") == self.namespace
        return text(cause, "namespace") == self.namespace

    def _metric(self) -> Mapping[tuple[str, ...], float]:
        """All findings by check and severity, as the metric counts them."""
        return self.operator.metrics().by("reachaudit_findings", "check", "severity")

    def _listed(self) -> Counter[tuple[str, ...]]:
        """The same, as they are listed one by one."""
        findings = self.operator.findings()
        return Counter((text(found, "check"), text(found, "severity")) for found in findings)

    def _objects(self) -> dict[str, _Identity]:
        """The objects that findings may be about, as they are on the API server."""
        found = [
            (kind, item)
            for version, kind in _CAUSES
            for item in self.api.list(version, kind, self.namespace).items
        ]
        found.append(("Namespace", self.api.get("v1", "Namespace", self.namespace).body))
        return {
            f"{kind}/{text(item, 'metadata', 'name')}": _Identity(
                text(item, "metadata", "uid"), text(item, "metadata", "resourceVersion")
            )
            for kind, item in found
        }


def _by_check(metric: Mapping[tuple[str, ...], float]) -> Counter[str]:
    """Without severities: those of findings that stay open may change, too."""
    counts: Counter[str] = Counter()
    for (check, _), number in metric.items():
        counts[check] += int(number)
    return counts


def _checks(findings: Counter[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding, number in findings.items():
        counts[finding.partition(" ")[0]] += number
    return counts
