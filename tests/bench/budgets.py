"""The budgets, and the figures that exceed them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from bench.figures import Run

Budgets = Mapping[str, Mapping[str, float]]


def budgets(file: Path) -> Budgets:
    """The most that each figure of each run may be."""
    text = file.read_text()
    return msgspec.toml.decode(text, type=dict[str, dict[str, float]])


def missed(runs: Mapping[str, Run], limits: Budgets, titles: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each figure above its budget; `titles`: figures by name."""
    for name, run in runs.items():
        for figure, most in limits.get(name, {}).items():
            value = run.figures[figure]
            if value > most:
                unit = figure.rpartition("_")[2]
                yield f"{name}: {titles[figure]}: {value:g} {unit}, budget {most:g} {unit}"
