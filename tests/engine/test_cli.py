"""The command line: what it makes of arguments, and what it says of wrong ones."""

import json
import logging
import sys
from typing import Protocol

import pytest

from reachaudit import __version__, cli
from reachaudit.cli.command import INPUT
from reachaudit.cli.entry import parse as parse_words
from reachaudit.cli.logs import JsonFormatter
from reachaudit.cli.run import options
from reachaudit.settings import SYSTEM_NAMESPACES, Assumptions, Listen, Options


class Parse(Protocol):
    def __call__(self, *arguments: str) -> Options: ...


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Parse:
    """The options of `reachaudit run` with some arguments, outside a pod."""
    monkeypatch.delenv("POD_NAME", raising=False)
    monkeypatch.delenv("POD_NAMESPACE", raising=False)
    return lambda *arguments: options(parse_words(["run", *arguments])[1])


def test_no_arguments_are_a_safe_beginning(parse: Parse) -> None:
    options = parse()
    assert (options.kubeconfig, options.context) == (None, None)
    assert options.listen == Listen("127.0.0.1", 8080)
    assert options.api is None
    assert options.namespace == "reachaudit"
    assert options.instance.startswith("reachaudit-")
    assert options.excluded == SYSTEM_NAMESPACES
    assert options.assumptions == Assumptions()


def test_a_pod_tells_who_it_is(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POD_NAME", "audit-7")
    monkeypatch.setenv("POD_NAMESPACE", "security")
    assert (parse().instance, parse().namespace) == ("audit-7", "security")
    assert parse("--namespace", "other").namespace == "other"
    monkeypatch.setenv("POD_NAMESPACE", "")
    assert parse().namespace == "reachaudit"


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:0", Listen("127.0.0.1", 0)),
        (":8080", Listen("0.0.0.0", 8080)),
        ("[::1]:65535", Listen("::1", 65535)),
        ("localhost:80", Listen("localhost", 80)),
    ],
)
def test_addresses_to_listen_on(parse: Parse, text: str, listen: Listen) -> None:
    assert parse("--listen", text).listen == listen


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"])
def test_the_api_listens_on_loopback(parse: Parse, text: str) -> None:
    assert parse("--api-listen", text).api is not None


def test_flags_that_may_be_repeated(parse: Parse) -> None:
    options = parse(
        *("--exclude-namespace", "a", "--exclude-namespace", "b"),
        *("--assume", "host-network=applied", "--assume", "pod-range-routed=true"),
    )
    assert options.excluded == SYSTEM_NAMESPACES | {"a", "b"}
    assert options.assumptions == Assumptions(host_network="applied", pod_range_routed="true")


def test_the_enforcer_is_an_assumption(parse: Parse) -> None:
    assert parse("--enforcer", "kube-router").assumptions == Assumptions(enforcer="kube-router")
    assert parse("--assume", "enforcer=kube-router", "--enforcer", "unknown").assumptions == (
        Assumptions()
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--enforcer", "calico"), "enforcer must be one of unknown, kube-router, kube-network-"),
        (("--listen", "8080"), "--listen wants HOST:PORT, not '8080'"),
        (("--listen", "host:"), "--listen wants HOST:PORT, not 'host:'"),
        (("--listen", "host:65536"), "--listen wants HOST:PORT, not 'host:65536'"),
        (("--listen", "host:²"), "--listen wants HOST:PORT, not 'host:²'"),
        (("--listen", "host:" + "9" * 5000), "--listen wants HOST:PORT, not 'host:999"),
        (("--listen", "host:-1"), "--listen wants HOST:PORT, not 'host:-1'"),
        (("--api-listen", ""), "--api-listen wants HOST:PORT, not ''"),
        (("--api-listen", ":1"), "--api-listen takes a loopback address only, not '0.0.0.0'"),
        (("--api-listen", "\x1b:1"), r"--api-listen takes a loopback address only, not '\x1b'"),
        (("--api-listen", "10.0.0.1:1"), "--api-listen takes a loopback address only, not '10."),
        (("--namespace", "A_b"), "--namespace wants the name of a namespace, not 'A_b'"),
        (("--exclude-namespace", ""), "--exclude-namespace wants the name of a namespace, not ''"),
        (("--assume", "host-network"), "host-network must be one of ignored, applied, not ''"),
        (("--assume", "\n=1"), r"no assumption is named '\n'; there are ip-blocks-match-pods, "),
    ],
)
def test_wrong_input_is_one_sentence_and_2(
    arguments: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", *arguments]) == INPUT
    out, err = capsys.readouterr()
    assert out == ""
    [line] = err.splitlines()
    assert line.startswith(f"reachaudit: {said}")
    assert line.isprintable()


@pytest.mark.parametrize(
    "arguments", [[], ["walk"], ["run", "--nope"], ["run", "--log-format", "xml"], ["run", "x"]]
)
def test_unknown_words_are_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == INPUT
    assert "error: " in capsys.readouterr().err


def test_it_says_which_version_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"reachaudit {__version__}\n")


def test_a_line_of_the_json_log_is_one_object_whatever_is_in_it() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, 'said "%s"', ("\n\x1b",), sys.exc_info()
        )
    line = JsonFormatter().format(record)
    assert line.isprintable()
    entry = json.loads(line)
    assert entry["message"] == 'said "\n\x1b"'
    assert entry["level"] == "error"
    assert "ValueError: a\nb" in entry["error"]
