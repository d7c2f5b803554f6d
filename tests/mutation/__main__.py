"""`make mutants`: which changes of the engine's core would no test notice?

A *mutant* is the code with one thing changed. mutmut makes them, as `[tool.mutmut]` says, and runs
for each the tests that reach the changed function. Prints how many are killed, that is noticed, and
each that is not. Exit codes: 0 enough are killed, 1 too few, 2 it could not be run.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / ".mutants"
# mutmut names a mutant by its file's path, and Python by its module: here the two are one.
_LINKS = {
    "reachaudit": _ROOT / "operator" / "reachaudit",
    **{name: _ROOT / name for name in ("tests", "deploy", "docs", "pyproject.toml")},
}
_WANTED = 85.0
_KILLED = ("killed", "timeout", "segfault")
_RESULT = re.compile(r"\s+(\S+): ([a-z ]+)")


def main() -> int:
    """Run; answer the exit code."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("only", nargs="*", help="mutants by name, as reachaudit.reach.ports.*")
    only = parser.parse_args().only
    _lay_out(anew=not only)
    if _mutmut("run", "--max-children", "2", *only).returncode:
        return 2
    results = _mutmut("results", "--all", "true", capture=True).stdout
    return _tell(dict(_RESULT.findall(results)))


def _lay_out(*, anew: bool) -> None:
    """The place that mutmut works in. What it found before stands only where some are run again."""
    _FOLDER.mkdir(exist_ok=True)
    if anew:
        shutil.rmtree(_FOLDER / "mutants", ignore_errors=True)
    for name, place in _LINKS.items():
        link = _FOLDER / name
        if not link.is_symlink():
            link.symlink_to(place)


def _mutmut(*words: str, capture: bool = False) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("mutmut")), *words]
    out = subprocess.PIPE if capture else None
    return subprocess.run(command, cwd=_FOLDER, check=False, text=True, stdout=out)


def _tell(results: dict[str, str]) -> int:
    """Print what became of the mutants; answer the exit code."""
    modules: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, status in results.items():
        modules[name.rpartition(".")[0]][status] += 1
        if status not in _KILLED:
            print(f"{status}: {name}")
    for module, counts in sorted(modules.items()):
        print(f"{_share([counts]):6.1f} % of {counts.total():4} killed in {module}")
    share, total = _share(modules.values()), len(results)
    print(f"{share:6.1f} % of {total:4} killed; {_WANTED} % are wanted")
    print(f"Read one: cd {_FOLDER.name} && mutmut show NAME")
    return int(share < _WANTED)


def _share(counted: Iterable[Counter[str]]) -> float:
    """The part that is killed, in per cent. A mutant that never ends is noticed as well."""
    found = sum(counted, Counter[str]())
    return 100 * sum(found[status] for status in _KILLED) / max(found.total(), 1)


if __name__ == "__main__":
    sys.exit(main())
