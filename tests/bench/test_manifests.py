"""What is written of a generated cluster says the same as its facts."""

from pathlib import Path

import msgspec
import yaml

from bench.clusters import cluster
from bench.edits import edits, fresh_label_keys
from bench.manifests import write
from bench.objects import kind_of, object_of
from bench.shapes import SHAPES
from reachaudit.model.facts import Controller


def test_every_fact_is_read_again_from_its_object() -> None:
    made = cluster(SHAPES["tiny"], 1)
    changed = [c.new for e in (*edits(made, 1), *fresh_label_keys(made, 1)) for c in e.changes]
    for fact in (*made.facts, *filter(None, changed)):
        read = kind_of(fact).parse(msgspec.json.encode(object_of(fact)))
        assert (read.fact, read.problems) == (fact, ())


def test_the_files_hold_each_object_once(tmp_path: Path) -> None:
    facts = cluster(SHAPES["tiny"], 1).facts
    size = write(facts, tmp_path)
    files = list(tmp_path.glob("*.yaml"))
    assert size == sum(file.stat().st_size for file in files)
    written = [doc for file in files for doc in yaml.safe_load_all(file.read_text())]
    wanted = [object_of(fact) for fact in facts if not isinstance(fact, Controller)]
    assert sorted(map(repr, written)) == sorted(map(repr, wanted))
