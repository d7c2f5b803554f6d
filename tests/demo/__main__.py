"""`make demo`: a cluster, the operator, a sample shop, five changes, and what came of each.

The last line is one JSON object. Exit codes: 0 all as it should be, 1 something was not,
2 no way to begin.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

from rich.console import Console

from cluster.controlplane import StartError
from cluster.gobuild import BuildError
from demo.story import Story
from demo.targets import Target, in_kind, local
from demo.telling import Teller
from deploy.kind import KindError

TARGETS: dict[str, Callable[[], AbstractContextManager[Target]]] = {
    "local": local,
    "kind": in_kind,
}
_WIDTH = 160  # of what is not read on a terminal


def main() -> int:
    """Play; answer the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--target", choices=tuple(TARGETS), default="local")
    parser.add_argument("--keep", action="store_true", help="stay up afterwards")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _play(TARGETS[given.target], keep=given.keep)
    except (BuildError, KindError, StartError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _play(open_target: Callable[[], AbstractContextManager[Target]], *, keep: bool) -> int:
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    teller = Teller(console)
    teller.step("A cluster, and a small shop in it")
    with open_target() as target, target.operator as operator:
        story = Story(target, teller)
        result = story.tell()
        if keep:
            _stay(teller, target)
        else:
            assert operator is target.operator
    print(json.dumps(result._asdict()))
    return 1 if result.errors else 0


def _stay(teller: Teller, target: Target) -> None:
    try:
        teller.step("It stays up until Ctrl-C")
        for what, where in target.operator.urls.items():
            teller.say(f"{what:9} {where}")
        teller.say(f"cluster   export KUBECONFIG={target.kubeconfig}")
        signal.pause()
    except KeyboardInterrupt:
        teller.say("stopping")


if __name__ == "__main__":
    sys.exit(main())
