"""The flag `--port`, shared by commands that ask about flows."""

import argparse
import re
from typing import TYPE_CHECKING

from reachaudit.settings import SettingError

if TYPE_CHECKING:
    from reachaudit.reach.ports import Span

_PORT = re.compile(
    r"(?P<first>[0-9]{1,5})(-(?P<last>[0-9]{1,5}))?(/(?P<protocol>TCP|UDP|SCTP))?", re.I
)


def add_port(parser: argparse.ArgumentParser, whose: str) -> None:
    """Let a command's user ask about one port; `whose` it is, in words."""
    parser.add_argument(
        "--port",
        metavar="PORT[/PROTOCOL]",
        help=f"only this port of {whose}, or FIRST-LAST; the protocol is TCP unless named",
    )


def ports(given: argparse.Namespace) -> "Span | None":
    """The port that was asked for, on the line of ports; raises SettingError."""
    if given.port is None:
        return None
    match = _PORT.fullmatch(given.port)
    first = int(match["first"]) if match else 0
    last = int(match["last"] or first) if match else 0
    if match is None or not 1 <= first <= last <= 65535:
        raise SettingError(f"--port wants PORT, PORT/PROTOCOL or FIRST-LAST, not {given.port!r}")
    from reachaudit.model.facts import PROTOCOLS
    from reachaudit.reach.ports import span

    named = (match["protocol"] or "TCP").upper()
    return span(next(protocol for protocol in PROTOCOLS if protocol == named), first, last)
