"""Names of namespaces as arguments, and the flag that leaves namespaces out of the checks."""

import argparse
import re

from reachaudit.settings import SYSTEM_NAMESPACES, SettingError

_EXCLUDE = "--exclude-namespace"


def add_exclude(parser: argparse.ArgumentParser) -> None:
    """Let a command's user leave namespaces out."""
    parser.add_argument(
        _EXCLUDE,
        metavar="NAME",
        action="append",
        default=[],
        help="leave a namespace out of the checks, beside the system's own; may be repeated",
    )


def excluded(given: argparse.Namespace) -> frozenset[str]:
    """The namespaces to leave out; raises SettingError."""
    return SYSTEM_NAMESPACES | {namespace(_EXCLUDE, name) for name in given.exclude_namespace}


def namespace(flag: str, text: str) -> str:
    """A name that a namespace can have; raises SettingError."""
    return dns_label(flag, "a namespace", text)


def dns_label(flag: str, what: str, text: str) -> str:
    """A name that is a DNS label, as those of namespaces must be; raises SettingError."""
    if not re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text):
        raise SettingError(f"{flag} wants the name of {what}, not {text!r}")
    return text
