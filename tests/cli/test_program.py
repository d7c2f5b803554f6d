"""The program as a process: how it begins, what it writes where, and how it ends."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.program import BIN, ROOT, SECONDS, on_terminal, reachaudit
from reachaudit.cli.command import INPUT
from reachaudit.cli.entry import CODES, COMMANDS, parser

HEAVY = ("kopf", "kubernetes", "aiohttp", "prometheus_client", "asyncio")
PLUGIN = "kubectl-reachaudit"
COLOUR = "\x1b["


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_all_of_a_command(name: str) -> None:
    command = COMMANDS[name]
    done = reachaudit(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: reachaudit {name} ")
    assert CODES in " ".join(done.out.split())
    for action in parser(command)._actions:
        assert action.help, f"{name} {action.dest} says nothing of itself"
    assert reachaudit("--help").out.count(f"\n  {name} ") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["assumptions"], ["scan", "-"]])
def test_what_only_a_cluster_needs_is_not_imported(arguments: list[str]) -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reachaudit", *arguments],
        cwd=ROOT,
        input="",
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    ).stderr
    imported = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "reachaudit.cli.entry" in imported
    assert not imported & {*HEAVY}


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    ours, its = os.pipe()
    os.close(ours)
    with os.fdopen(its, "wb") as pipe:
        done = subprocess.run(
            [BIN / "reachaudit", "assumptions"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
        )
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [BIN / "reachaudit", "assumptions"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=SECONDS,
        )
    assert done.returncode == INPUT
    said = "the output cannot be written: No space left on device"
    assert done.stderr == f"reachaudit: {said}\n"


def test_a_locale_without_the_characters_ends_nothing() -> None:
    done = subprocess.run(
        [BIN / "reachaudit", "--help"],
        env={"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0
    assert "[ARGUMENT…]" in done.stdout.decode()


def test_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = tmp_path / "config"
        config.write_text(KUBECONFIG % port)
        with subprocess.Popen(
            [BIN / "reachaudit", "scan", "--live", "--kubeconfig", config],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            connection, _ = server.accept()  # it waits for an answer now
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
            connection.close()
    assert (process.returncode, out, err) == (128 + signal.SIGINT, b"", b"")


def test_colour_is_for_terminals_whose_user_wants_it() -> None:
    assert COLOUR in on_terminal("assumptions")
    assert COLOUR not in on_terminal("assumptions", NO_COLOR="1")
    assert COLOUR not in on_terminal("assumptions", TERM="dumb")
    assert COLOUR in on_terminal("assumptions", NO_COLOR="")
    assert COLOUR not in reachaudit("assumptions").out


def test_lines_fold_at_the_width_of_a_terminal() -> None:
    lines = on_terminal("assumptions", columns=50, NO_COLOR="1").splitlines()
    assert max(map(len, lines)) <= 50


def test_as_a_plugin_of_kubectl_it_calls_itself_by_what_is_typed() -> None:
    for arguments in (["--help"], ["scan", "--help"]):
        told = reachaudit(*arguments, program=PLUGIN).out
        name = " ".join(["kubectl reachaudit", *arguments[:-1]])
        assert told.startswith(f"usage: {name} ")
        assert not re.search(r"(?<!kubectl )reachaudit [a-z]+ (\[|--help)", told)
    same = reachaudit("assumptions").out
    assert reachaudit("assumptions", program=PLUGIN).out == same


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_kubectl_finds_the_plugin() -> None:
    def kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", "reachaudit", *arguments],
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )

    assert kubectl("--help").stdout.startswith("usage: kubectl reachaudit COMMAND")
    assert kubectl("assumptions").stdout == reachaudit("assumptions").out
    assert kubectl("scan").returncode == INPUT


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: u, user: {token: t}}]
"""
