"""`make audit`: what it says where something is known, where nothing is, and nobody to ask."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from deploy import audit

PINNED = re.findall(r"^([\w-]+)==", audit.REQUIREMENTS.read_text(), re.MULTILINE)
FIXED = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}]


@contextmanager
def advisories(about: str = "", status: int = 200) -> Iterator[str]:
    """A service that knows one vulnerability of one dependency, or none."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": FIXED}]
            vulnerability = {"id": "PYSEC-2026-1", "summary": "bad", "affected": affected}
            answer = {"vulns": [vulnerability]} if name == about else {}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """The tests' output is no place for it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()
        thread.join()


def said(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = audit.main(["--vulnerability-service", "osv", "--osv-url", url])
    return code, capsys.readouterr().out.splitlines()


def test_a_known_vulnerability_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with advisories("aiohttp") as url:
        code, [line] = said(url, capsys)
    assert code == 1
    assert re.fullmatch(r"aiohttp [\d.]+: PYSEC-2026-1, fixed in 99\.1", line)


def test_none_known(capsys: pytest.CaptureFixture[str]) -> None:
    with advisories() as url:
        told = said(url, capsys)
    assert told == (0, [f"no vulnerability is known of {len(PINNED)} dependencies"])


def test_nobody_to_ask_is_told_and_does_not_pass_for_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with advisories(status=500) as url:
        code, [line] = said(url, capsys)
    assert code == 0
    assert line.startswith("WARNING: advisories could not be asked for all of run.txt: ")


def test_dependencies_that_were_left_out_are_told() -> None:
    skipped = {"name": "a", "skip_reason": "not found"}
    asked = {"name": "b", "version": "1", "vulns": []}
    of_one, of_two = (
        f"WARNING: advisories could not be asked for 1 of {number} dependencies: not found"
        for number in (1, 2)
    )
    assert _told(skipped) == (0, [of_one])
    assert _told(skipped, asked) == (
        0,
        [
            "no vulnerability is known of 1 dependencies",
            of_two,
        ],
    )
    bad = {"name": "c", "version": "1", "vulns": [{"id": "X-1", "fix_versions": []}]}
    assert _told(skipped, bad) == (
        1,
        ["c 1: X-1, fixed in no version yet", of_two],
    )


def _told(*dependencies: object) -> tuple[int, list[str]]:
    return audit.told(json.dumps({"dependencies": dependencies, "fixes": []}).encode(), "")
