"""What findings say, and that they say it of the same thing after a rollout."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
import yaml

from cases.casefile import read_cases
from cases.engine_answers import assumptions_of, findings_of, read_facts
from cases.runner import case_files
from demo import expected
from demo.expected import Expected
from engine.samplestates import running, states, uid_of
from reachaudit.checks.catalogue import ABOUT
from reachaudit.findings.finding import Finding
from reachaudit.model.store import Facts
from reachaudit.reach.reachability import Reachability
from reachaudit.settings import Assumptions

LONGEST = 300
ELSEWHERE = """
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: elsewhere, labels: {app: a}}
spec: {nodeName: node-1, containers: [{name: main, image: a}]}
status:
  phase: Running
  podIPs: [{ip: 10.244.1.240}]
  conditions: [{type: Ready, status: "True"}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: elsewhere}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ranges, namespace: elsewhere}
spec:
  podSelector: {matchLabels: {app: a}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from:
    - ipBlock: {cidr: 64.0.0.0/3, except: [80.0.0.0/5]}
    - ipBlock: {cidr: 203.0.113.0/25}
    - ipBlock: {cidr: "2001:db8::/33"}
  egress:
  - to: [{ipBlock: {cidr: 10.244.0.0/16, except: [10.244.2.0/25]}}]
"""


@dataclass(frozen=True)
class State:
    """A state of a world, and under which assumptions."""

    name: str
    objects: Sequence[Mapping[str, object]]
    assumptions: Assumptions

    def found(self) -> list[Finding]:
        facts = Facts(read_facts(self.objects))
        return findings_of(Reachability(facts, self.assumptions))

    def told(self) -> set[tuple[str, ...]]:
        """All that people see of its findings."""
        return {(f.fingerprint, f.severity.value, f.message, f.fix, f.field) for f in self.found()}


def of_cases() -> Iterator[State]:
    """The cases that are about checks: more variants than a shop has."""
    for file in case_files():
        for case in read_cases(file) if file.name.startswith("checks-") else ():
            for number, step in enumerate(case.steps, 1):
                name = f"{file.stem}: {case.name} ({number})"
                yield State(name, step.objects, assumptions_of(step.assumptions))


MANIFESTS = states()
SAMPLES = [
    State(f"samples ({n})", running(each), Assumptions()) for n, each in enumerate(MANIFESTS)
]
EVERYWHERE = [*SAMPLES, *of_cases()]
TEXTS = sorted(
    {
        (finding.check, text)
        for state in EVERYWHERE
        for finding in state.found()
        for text in (finding.message, finding.fix)
    }
)
of_samples = pytest.mark.parametrize("step", range(len(SAMPLES)))
everywhere = pytest.mark.parametrize("state", EVERYWHERE, ids=lambda state: state.name)


@of_samples
def test_findings_are_those_of_the_readmes(step: int) -> None:
    shown = {
        Expected(f.check, kind, f"{namespace}/{name}" if namespace else name)
        for f in SAMPLES[step].found()
        for kind, namespace, name in [f.cause]
    }
    assert shown == expected.steps()[step].open


def test_every_check_has_its_say_in_the_samples() -> None:
    assert {finding.check for state in SAMPLES for finding in state.found()} == set(ABOUT)


@pytest.mark.parametrize(("check", "text"), TEXTS)
def test_texts_are_short_whole_sentences(check: str, text: str) -> None:
    assert len(text) <= LONGEST
    assert text[0].isupper()
    assert text.endswith(".")
    assert text.isprintable()
    for slip in ("  ", " .", " ,", "..", "()", "None", "[]", check):
        assert slip not in text


@of_samples
def test_nothing_names_a_uid(step: int) -> None:
    uids = {uid_of(each, 1) for each in SAMPLES[step].objects}
    for finding in SAMPLES[step].found():
        said = f"{finding.message} {finding.fix} {finding.field} {finding.target} {finding.path}"
        assert not any(uid in said for uid in uids)


@everywhere
def test_fingerprints_tell_findings_apart(state: State) -> None:
    prints = [finding.fingerprint for finding in state.found()]
    assert len(set(prints)) == len(prints)


@of_samples
def test_a_rollout_changes_nothing(step: int) -> None:
    """Neither fingerprints nor words: an Event with other words would be another Event."""
    after = replace(SAMPLES[step], objects=running(MANIFESTS[step], rollout=2))
    assert after.told() == SAMPLES[step].told()


@everywhere
def test_policies_elsewhere_change_nothing(state: State) -> None:
    """Their ranges divide the addresses anew, and no such address is ever shown."""
    objects = [*state.objects, *yaml.safe_load_all(ELSEWHERE)]
    assert replace(state, objects=objects).told() == state.told()


@everywhere
def test_the_order_of_objects_changes_nothing(state: State) -> None:
    assert replace(state, objects=state.objects[::-1]).told() == state.told()
