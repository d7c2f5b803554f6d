"""The command line: arguments in, exit codes out.

0 fine, 1 findings or differences, 2 wrong input, 3 the cluster.
"""

import argparse
import asyncio
import ipaddress
import json
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from functools import reduce

from reachaudit import __version__
from reachaudit.settings import (
    SYSTEM_NAMESPACES,
    Assumptions,
    Listen,
    Options,
    SettingError,
    assume,
)

INPUT, CLUSTER = 2, 3
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; answer its exit code."""
    given = _parser().parse_args(arguments)
    try:
        options = _options(given)
    except SettingError as error:
        return _fail(str(error), INPUT)
    _set_up_logging(given.log_format)
    try:
        return _run(options)
    except KeyboardInterrupt:  # before the operator itself listens to signals
        return INTERRUPTED


def _run(options: Options) -> int:
    from reachaudit.app import run
    from reachaudit.kube.errors import ClusterError
    from reachaudit.outputs.web import PortError

    try:
        asyncio.run(run(options))
    except PortError as error:
        return _fail(str(error), INPUT)
    except ClusterError as error:
        return _fail(str(error), CLUSTER)
    return 0


def _fail(message: str, code: int) -> int:
    print(f"reachaudit: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reachaudit", description="Always knows who can reach what in a Kubernetes cluster."
    )
    parser.add_argument("--version", action="version", version=f"reachaudit {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="audit a live cluster until stopped",
        description="Watch a cluster read-only, judge each change, and tell it as metrics and "
        "Events. Uses the pod's service account in a cluster, else the kubeconfig.",
    )
    run.add_argument("--kubeconfig", metavar="FILE", help="use this kubeconfig")
    run.add_argument("--context", metavar="NAME", help="use this context of the kubeconfig")
    run.add_argument(
        "--namespace",
        metavar="NAME",
        default=os.environ.get("POD_NAMESPACE") or "reachaudit",
        help="the operator's own namespace (default: $POD_NAMESPACE, else reachaudit)",
    )
    run.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:8080",
        help="where /metrics, /healthz and /readyz are served (default: %(default)s)",
    )
    run.add_argument(
        "--api-listen",
        metavar="HOST:PORT",
        help="also serve findings as JSON under /api/v1/, on a loopback address (default: off)",
    )
    run.add_argument(
        "--exclude-namespace",
        metavar="NAME",
        action="append",
        default=[],
        help="leave a namespace out of the checks, beside the system's own; may be repeated",
    )
    run.add_argument(
        "--assume",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="choose where the platform leaves a rule open; "
        f"defaults: {', '.join(Assumptions().described())}",
    )
    run.add_argument("--log-format", choices=("text", "json"), default="text")
    return parser


def _options(given: argparse.Namespace) -> Options:
    api = None if given.api_listen is None else _address("--api-listen", given.api_listen)
    if api is not None and not _is_loopback(api.host):
        raise SettingError(f"--api-listen takes a loopback address only, not {api.host!r}")
    return Options(
        kubeconfig=given.kubeconfig,
        context=given.context,
        namespace=_namespace("--namespace", given.namespace),
        instance=os.environ.get("POD_NAME") or f"reachaudit-{os.getpid()}",
        listen=_address("--listen", given.listen),
        api=api,
        excluded=SYSTEM_NAMESPACES
        | {_namespace("--exclude-namespace", name) for name in given.exclude_namespace},
        assumptions=reduce(assume, given.assume, Assumptions()),
    )


def _namespace(flag: str, text: str) -> str:
    if not re.fullmatch("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text):
        raise SettingError(f"{flag} wants the name of a namespace, not {text!r}")
    return text


def _address(flag: str, text: str) -> Listen:
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise SettingError(f"{flag} wants HOST:PORT, not {text!r}")
    return Listen(host.strip("[]") or "0.0.0.0", int(port))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, so that no text in it can break a line."""
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _set_up_logging(style: str) -> None:
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(_JsonFormatter() if style == "json" else plain)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
