"""`python -m bench.manifests DIR`: a generated cluster as manifests, one file a namespace."""

import argparse
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import yaml

from bench.clusters import cluster
from bench.objects import object_of
from bench.shapes import SHAPES
from reachaudit.model.facts import Controller, Fact

_OWN = "_cluster.yaml"  # what has no namespace


def write(facts: Iterable[Fact], folder: Path) -> int:
    """Write facts as YAML files into a folder; answer how many bytes.

    ReplicaSets are left out, as in an export of pods: a file would need their templates.
    """
    files: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Controller):
            continue
        files[f"{fact.namespace}.yaml" if fact.namespace else _OWN].append(fact)
    folder.mkdir(parents=True, exist_ok=True)
    return sum(_write(found, folder / name) for name, found in files.items())


def _write(facts: Iterable[Fact], file: Path) -> int:
    objects = map(object_of, facts)
    text = yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, explicit_start=True)
    return file.write_text(text)


class _Dumper(yaml.CSafeDumper):
    """Writes equal parts out each time: manifests have no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def main() -> None:
    """Write a cluster of a shape."""
    parser = argparse.ArgumentParser(prog="python -m bench.manifests", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--shape", choices=SHAPES, default="manifests")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    size = write(cluster(SHAPES[given.shape], given.seed).facts, given.folder)
    print(f"{size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
