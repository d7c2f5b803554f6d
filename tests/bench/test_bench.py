"""The benchmark runs, says all that it should, and knows a missed budget when it sees one."""

import json
from itertools import product
from pathlib import Path

import msgspec
import pytest

from bench.__main__ import BUDGETS, RUNS, Result
from bench.budgets import budgets, missed
from bench.children import Failed, python
from bench.clusters import cluster
from bench.figures import FIGURES, Run, quantile
from bench.growth import growth
from bench.questions import Question, answers, questions
from bench.shapes import GROWTH, SHAPES
from reachaudit.model.facts import Namespace, Peer, Pod
from reachaudit.model.store import Facts
from reachaudit.reach.labels import matches
from reachaudit.reach.reachability import Reachability
from reachaudit.reach.verdict import Value
from reachaudit.settings import Assumptions

_OF_LIST = {"cpu_s", "yaml_mb", "listed_flows"}


def test_a_run_says_all_figures_in_one_json_object(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    done = python("bench", "--shapes", "tiny", "--edits", "8", "--check", "--out", str(file))
    said, text = json.loads(done.output.splitlines()[-1]), file.read_text()
    assert said == json.loads(text)
    assert set(said) == set(Result.__struct_fields__)
    assert said["failed"] == []
    assert str(Path(__file__).parent) not in text
    tiny = msgspec.json.decode(text, type=Result).runs["tiny"]
    assert set(tiny.figures) == set(FIGURES) - _OF_LIST
    assert all(value > 0 for value in tiny.figures.values())
    assert len(tiny.kinds) == 1 + 8 + 4
    assert tiny.kinds["one policy changed"].number == 8
    assert tiny.kinds["one policy changed"].flows > 0


def test_a_module_that_fails_is_told_in_one_sentence() -> None:
    with pytest.raises(Failed, match=r"^bench.costs ended with 2: .*invalid choice: 'huge'"):
        python("bench.costs", "huge")


def test_budgets_are_of_figures_and_runs_that_there_are() -> None:
    assert set(budgets(BUDGETS)) <= set(RUNS)
    assert {figure for run in budgets(BUDGETS).values() for figure in run} <= set(FIGURES)


def test_a_figure_above_its_budget_is_told() -> None:
    runs = {"2k": Run(0, {"scratch_s": 0.3, "edit_p99_ms": 15.1}), "tiny": Run(0, {"scratch_s": 9})}
    limits = {"2k": {"scratch_s": 0.3, "edit_p99_ms": 15}}
    assert list(missed(runs, limits, FIGURES)) == [
        "2k: one policy changed: p99: 15.1 ms, budget 15 ms"
    ]


def test_growth_is_the_exponent_of_the_number_of_pods() -> None:
    runs = {
        name: Run(0, {"scratch_s": 2.0 * pods, "edit_median_ms": pods**0.5, "yaml_mb": 0})
        for name in GROWTH
        for pods in [SHAPES[name].pods]
    }
    assert growth(runs) == {"scratch_s": 1.0, "edit_median_ms": 0.5}
    assert growth({"large": runs["large"], "2k": Run(0, {"scratch_s": 1})}) == {}


def test_a_quantile_is_one_of_the_values() -> None:
    values = list(range(240, 0, -1))
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([7], 0.99)) == (120, 238, 7)


def test_questions_are_answered_as_pair_by_pair() -> None:
    made = cluster(SHAPES["tiny"], 3)
    reach = Reachability(Facts(made.facts), Assumptions())
    asked = [q for q in questions(made, 3, 60) if q.ports.first == q.ports.last]
    found = answers(reach, asked)
    assert found == [_open(reach, question) for question in asked]
    assert set(found) == {True, False}


def _open(reach: Reachability, question: Question) -> bool:
    """Whether any of the pods may connect to any other, asked of the judge each time."""
    pairs = product(_selected(reach, question.sources), _selected(reach, question.targets))
    parties, judge = reach.identity.pod_parties, reach.judge
    return any(
        judge.connection(source, target, question.ports.first).value is Value.ALLOW
        for one, other in pairs
        if one is not other
        for source in parties(one, "IPv4")
        for target in parties(other, "IPv4")
    )


def _selected(reach: Reachability, peer: Peer) -> list[Pod]:
    spaces = {s.name: dict(s.labels) for s in reach.facts.of(Namespace)}
    return [
        pod
        for pod in reach.identity.pods
        if not pod.host_network
        and (peer.namespaces is None or matches(peer.namespaces, spaces[pod.namespace]))
        and (peer.pods is None or matches(peer.pods, dict(pod.labels)))
    ]
