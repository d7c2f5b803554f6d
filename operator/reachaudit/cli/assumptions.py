"""`reachaudit assumptions`: what may be assumed where the platform leaves a rule open."""

import argparse
import json
import textwrap
from collections.abc import Iterator

from reachaudit.cli.assume import add_assume, assumptions
from reachaudit.cli.command import FINE, Command
from reachaudit.cli.terminal import BOLD, painted, width
from reachaudit.settings import OPTIONS, Option

SCHEMA = "reachaudit.assumptions/v1"


def _run(given: argparse.Namespace) -> int:
    pairs = (each.partition("=") for each in assumptions(given).described())
    values = {name: value for name, _, value in pairs}
    if given.output == "json":
        options = [_json(option, values[name]) for name, option in OPTIONS.items()]
        print(json.dumps({"schema": SCHEMA, "assumptions": options}, indent=2))
    else:
        told = (_text(option, values[name]) for name, option in OPTIONS.items())
        print("\n\n".join("\n".join(lines) for lines in told))
    return FINE


def _text(option: Option, value: str) -> Iterator[str]:
    yield painted(f"{option.name}={value}", BOLD)
    notes = f"Choices: {option.choices}. Default: {option.default}. Rule: {option.rule}."
    for text in (option.says, notes):
        yield textwrap.fill(
            text,
            width() or 100,
            initial_indent="  ",
            subsequent_indent="  ",
            break_on_hyphens=False,
        )


def _json(option: Option, value: str) -> dict[str, object]:
    return {
        "name": option.name,
        "value": value,
        "default": option.default,
        "choices": list(option.words),
        "form": option.form,
        "means": option.says,
        "rules": option.rule.split(", "),
    }


def _add(parser: argparse.ArgumentParser) -> None:
    add_assume(parser)
    parser.add_argument(
        "-o",
        "--output",
        choices=("text", "json"),
        default="text",
        help="for a person, or for tools (default: text)",
    )


COMMAND = Command(
    "assumptions",
    "list what may be assumed, and what is",
    "List all that Kubernetes leaves open and reachaudit assumes: the value in force, what else "
    "may be chosen by --assume, what it means, and the rule that leaves it open.",
    _add,
    _run,
)
