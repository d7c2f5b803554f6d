"""`reachaudit list`: every allowed flow."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reachaudit.cli.assume import assumptions
from reachaudit.cli.command import FINE, Command
from reachaudit.cli.pieces import Basis, basis_of, in_haste, with_assumptions, write
from reachaudit.cli.ports import add_port, ports
from reachaudit.cli.source import add_source, snapshot

if TYPE_CHECKING:
    from reachaudit.reach.listing.listing import Listing

FORMATS = ("text", "json", "csv", "dot")
GROUPS = ("workload", "pod", "namespace")


def _run(given: argparse.Namespace) -> int:
    with in_haste():
        return _answer(given)


def _answer(given: argparse.Namespace) -> int:
    chosen, wanted = assumptions(given), ports(given)
    found = snapshot(given)
    from reachaudit.reach.listing.asking import Request, listing

    request = Request(given.by, given.source, given.target, wanted, given.namespace)
    listed = listing(found.facts, chosen, request)
    write(_written(listed, given.output, basis_of(chosen, found)))
    return FINE


def _written(listing: "Listing", form: str, basis: Basis) -> Iterator[str]:
    peers, found = listing.peers, listing.alike()
    match form:
        case "json":
            from reachaudit.outputs.flow_json import LIST, document, flows_json

            flows = flows_json(peers, found)
            return document(LIST, {}, "flows", flows, basis.assumed, basis.problems)
        case "csv":
            from reachaudit.outputs.flow_csv import flows_csv

            return flows_csv(peers, found)
        case "dot":
            from reachaudit.outputs.flow_dot import flows_dot

            return flows_dot(peers, listing.own, found)
        case _:
            from reachaudit.outputs.flow_text import flows_text

            return with_assumptions(flows_text(peers, listing.own, found), basis)


def _add(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=FORMATS,
        default="text",
        help="lines for a person, JSON or CSV for tools, or a picture for Graphviz (default: text)",
    )
    parser.add_argument(
        "--by", choices=GROUPS, default="workload", help="whose flows are one (default: workload)"
    )
    ends = "ns/name, ns/name[Kind], namespace/NAME, node/NAME, an address, a CIDR, or a zone"
    parser.add_argument("--from", dest="source", metavar="END", help=f"only flows from it: {ends}")
    parser.add_argument("--to", dest="target", metavar="END", help="only flows to it")
    parser.add_argument(
        "--namespace", metavar="NAME", default="", help="only flows from or to it, or within it"
    )
    add_port(parser, "targets")


COMMAND = Command(
    "list",
    "list every allowed flow",
    "List who can reach whom: among workloads, from and to nodes, to addresses outside, and from "
    "outside with the path. What is not listed is shut; what is not known is UNKNOWN, with why.",
    _add,
    _run,
)
