"""`reachaudit explain`: why somebody can reach something or not, and what would change that."""

import argparse
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import FINE, Command
from reachaudit.cli.ports import add_port, ports
from reachaudit.cli.source import add_source, line, snapshot
from reachaudit.cli.terminal import BOLD_RED, CYAN, GREEN, YELLOW, painted, width
from reachaudit.settings import SettingError

if TYPE_CHECKING:
    from reachaudit.reach.verdict import Outcome
    from reachaudit.reach.why.explanation import Ports

_COLOURS = {"ALLOW": GREEN, "DENY": BOLD_RED, "NO_PATH": CYAN, "PARTIAL": YELLOW, "UNKNOWN": YELLOW}


def _run(given: argparse.Namespace) -> int:
    chosen, wanted = assumptions(given), _ports(given)
    found = snapshot(given)
    from reachaudit.outputs.explanation_json import explanation_json
    from reachaudit.outputs.explanation_text import explanation_text
    from reachaudit.outputs.folding import assumed
    from reachaudit.reach.why.explanation import Explainer

    explainer = Explainer(found.facts, chosen)
    explanation = explainer.explain(given.source, given.target, wanted)
    if given.output == "json":
        rests = (*chosen.described(), *found.assumptions)
        print(explanation_json(explanation, rests, tuple(map(line, found.problems))))
    else:
        print(explanation_text(explanation, _paint, width()), end="")
        if found.assumptions:
            print(assumed(found.assumptions, width()))
    return FINE


def _ports(given: argparse.Namespace) -> "Ports | None":
    """The ports that were asked for; raises SettingError."""
    if given.port is not None and given.target.startswith("ing:"):
        raise SettingError("an Ingress is asked by host and path: its port follows from them")
    return "other protocols" if (given.port or "").upper() == "ICMP" else ports(given)


def _paint(word: str, outcome: "Outcome") -> str:
    return painted(word, _COLOURS[outcome.value])


def _add(parser: argparse.ArgumentParser) -> None:
    ends = (
        "ns/pod, ns/workload[Kind], node/NAME, an address, a CIDR, or internet, private, metadata"
    )
    parser.add_argument("source", metavar="FROM", help=f"who connects: {ends}")
    parser.add_argument(
        "target",
        metavar="TO",
        help="to what: the same, or svc:ns/name, lb:ns/name, nodeport:ns/name, nodeport:NODE, "
        "externalip:ADDRESS, ing:host/path",
    )
    add_port(parser, "TO")
    add_source(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("text", "json"),
        default="text",
        help="for a person, or for tools (default: text)",
    )


COMMAND = Command(
    "explain",
    "tell why A can reach B or not, and what would change it",
    "Follow a connection hop by hop: which rule of which policy opens or shuts each, and which "
    "change of one object would flip the answer. Changes are tried on a copy; nothing is applied. "
    "Without --port, all ports that differ are told; --port ICMP asks for protocols without ports.",
    _add,
    _run,
)
