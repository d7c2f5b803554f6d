"""The figures as tables for people, budgets beside them, and as JSON for programs."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.budgets import Budgets
from bench.figures import Run

FOLDER = Path("bench-results")
_WIDTH = 160  # of what is not read on a terminal


def tell(
    runs: Mapping[str, Run],
    growth: Mapping[str, float],
    limits: Budgets,
    titles: Mapping[str, str],
) -> None:
    """Print all figures in the order of their titles, then the edits by kind."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(_figures(runs, growth, limits, titles))
    console.print(_kinds(runs))


def write(result: msgspec.Struct, file: Path) -> None:
    """Write a result to a file, and print it as one line."""
    text = msgspec.json.encode(result)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text + b"\n")
    print(text.decode())


def _figures(
    runs: Mapping[str, Run],
    growth: Mapping[str, float],
    limits: Budgets,
    titles: Mapping[str, str],
) -> Table:
    table = Table("figure, ≤ budget", *runs, *(["pods^x"] if growth else []))
    for figure, title in titles.items():
        cells = [_cell(run, figure, limits.get(name, {}).get(figure)) for name, run in runs.items()]
        if any(cells):
            grown = [f"{growth[figure]:.2f}" if figure in growth else ""] if growth else []
            table.add_row(f"{title}, {figure.rpartition('_')[2]}", *cells, *grown)
    return table


def _cell(run: Run, figure: str, most: float | None) -> str:
    value = run.figures.get(figure)
    if value is None:
        return ""
    if most is None:
        return f"{value:g}"
    return f"{value:g} ≤ {most:g}" if value <= most else f"[red]{value:g} > {most:g} ✗[/red]"


def _kinds(runs: Mapping[str, Run]) -> Table:
    measured = {name: run for name, run in runs.items() if run.kinds}
    table = Table("median / p99 / largest, ms", *measured)
    for kind in dict.fromkeys(kind for run in measured.values() for kind in run.kinds):
        found = (run.kinds[kind] for run in measured.values())
        table.add_row(kind, *(f"{s.median_ms:g} / {s.p99_ms:g} / {s.largest_ms:g}" for s in found))
    return table
