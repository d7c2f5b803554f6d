"""`reachaudit run`: the operator."""

import argparse
import os
import re
from collections.abc import Coroutine
from contextlib import suppress

from reachaudit.cli.assume import add_assume, assumptions
from reachaudit.cli.command import CLUSTER, FINE, INPUT, Command, fail
from reachaudit.cli.logs import set_up_logging
from reachaudit.cli.namespaces import add_exclude, dns_label, excluded, namespace
from reachaudit.settings import Listen, Options, SettingError, is_loopback


def _run(given: argparse.Namespace) -> int:
    wanted = options(given)
    set_up_logging(given.log_format)
    import asyncio

    from reachaudit.app import run
    from reachaudit.kube.errors import ClusterError
    from reachaudit.outputs.web import PortError

    try:
        asyncio.run(_until_a_signal(run(wanted)))
    except PortError as error:
        return fail(str(error), INPUT)
    except ClusterError as error:
        return fail(str(error), CLUSTER)
    return FINE


async def _until_a_signal(operator: Coroutine[None, None, None]) -> None:
    """Run the operator, and stop it by a signal from its first question to the API server on.

    A container's first process ignores a signal that it does not handle: until the operator has a
    host that does, an API server that says nothing would hold it up till it is killed.
    """
    import asyncio

    from reachaudit.kube.host import SIGNALS

    task, loop = asyncio.create_task(operator), asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kubeconfig", metavar="FILE", help="use this kubeconfig")
    parser.add_argument("--context", metavar="NAME", help="use this context of the kubeconfig")
    parser.add_argument(
        "--namespace",
        metavar="NAME",
        default=os.environ.get("POD_NAMESPACE") or "reachaudit",
        help="the operator's own namespace (default: $POD_NAMESPACE, else reachaudit)",
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        default="127.0.0.1:8080",
        help="where /metrics, /healthz and /readyz are served (default: %(default)s)",
    )
    parser.add_argument(
        "--api-listen",
        metavar="HOST:PORT",
        help="also serve findings as JSON under /api/v1/, on a loopback address (default: off)",
    )
    parser.add_argument(
        "--lease",
        metavar="NAME",
        help="lead only while this Lease of the operator's namespace is held, and keep what was "
        "told in ConfigMaps beside it (default: lead at once, and keep nothing)",
    )
    add_exclude(parser)
    add_assume(parser)
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="lines for a person, or an object a line for tools (default: text)",
    )


def options(given: argparse.Namespace) -> Options:
    """What the arguments say; raises SettingError."""
    api = None if given.api_listen is None else _address("--api-listen", given.api_listen)
    if api is not None and not is_loopback(api.host):
        raise SettingError(f"--api-listen takes a loopback address only, not {api.host!r}")
    return Options(
        kubeconfig=given.kubeconfig,
        context=given.context,
        namespace=namespace("--namespace", given.namespace),
        instance=os.environ.get("POD_NAME") or f"reachaudit-{os.getpid()}",
        listen=_address("--listen", given.listen),
        api=api,
        lease=None if given.lease is None else dns_label("--lease", "a Lease", given.lease),
        excluded=excluded(given),
        assumptions=assumptions(given),
    )


def _address(flag: str, text: str) -> Listen:
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise SettingError(f"{flag} wants HOST:PORT, not {text!r}")
    return Listen(host.strip("[]") or "0.0.0.0", int(port))


COMMAND = Command(
    "run",
    "audit a live cluster until stopped",
    "Watch a cluster read-only, judge each change, and tell it as metrics and "
    "Events. Uses the pod's service account in a cluster, else the kubeconfig.",
    _add,
    _run,
)
