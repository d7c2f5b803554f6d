"""`reachaudit explain`: why somebody can reach something or not, and what would change that."""

import argparse
import re
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import FINE, Command
from reachaudit.cli.source import add_source, line, snapshot
from reachaudit.cli.terminal import BOLD_RED, CYAN, GREEN, YELLOW, painted, width
from reachaudit.settings import SettingError

if TYPE_CHECKING:
    from reachaudit.reach.verdict import Outcome
    from reachaudit.reach.why.explanation import Ports

_PORT = re.compile(r"([0-9]{1,5})(?:/(TCP|UDP|SCTP))?", re.IGNORECASE)
_COLOURS = {"ALLOW": GREEN, "DENY": BOLD_RED, "NO_PATH": CYAN, "PARTIAL": YELLOW, "UNKNOWN": YELLOW}


def _run(given: argparse.Namespace) -> int:
    chosen, ports = assumptions(given), _ports(given)
    found = snapshot(given)
    from reachaudit.outputs.explanation_json import explanation_json
    from reachaudit.outputs.explanation_text import explanation_text
    from reachaudit.reach.why.explanation import Explainer

    explainer = Explainer(found.facts, chosen)
    explanation = explainer.explain(given.source, given.target, ports)
    if given.output == "json":
        assumed = (*chosen.described(), *found.assumptions)
        print(explanation_json(explanation, assumed, tuple(map(line, found.problems))))
    else:
        print(explanation_text(explanation, _paint, width()), end="")
        if found.assumptions:
            print(f"Assumed: {'; '.join(found.assumptions)}.")
    return FINE


def _ports(given: argparse.Namespace) -> "Ports | None":
    """A port on the line; raises SettingError."""
    if given.port is None:
        return None
    if given.target.startswith("ing:"):
        raise SettingError("an Ingress is asked by host and path: its port follows from them")
    if given.port.upper() == "ICMP":
        return (None,)
    from reachaudit.model.facts import PROTOCOLS
    from reachaudit.reach.ports import position

    match = _PORT.fullmatch(given.port)
    if not match or not 1 <= int(match[1]) <= 65535:
        raise SettingError(
            f"--port wants PORT, PORT/PROTOCOL or ICMP, such as 443 or 53/UDP, not {given.port!r}"
        )
    wanted = (match[2] or "TCP").upper()
    protocol = next(protocol for protocol in PROTOCOLS if protocol == wanted)
    return (position(protocol, int(match[1])),)


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
        help="to what: the same, or svc:ns/name, lb:ns/name, nodeport:NODE, externalip:ADDRESS, "
        "ing:host/path",
    )
    parser.add_argument(
        "--port",
        metavar="PORT[/PROTOCOL]",
        help="on which port, TCP unless said; ICMP stands for protocols without ports (default: "
        "all that differ)",
    )
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
    "change of one object would flip the answer. Changes are tried on a copy; nothing is applied.",
    _add,
    _run,
)
