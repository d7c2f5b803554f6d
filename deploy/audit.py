"""Ask for known vulnerabilities of what the operator runs with, as requirements/run.txt pins it.

    python -m deploy.audit [OPTION…]    options are pip-audit's, such as --vulnerability-service osv

The exit code is 1 where a vulnerability is known. Where the advisories cannot be asked, one line
says so and the exit code is 0: that nobody answers is no fault of the code. pip-audit itself says
"No known vulnerabilities found" then.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

REQUIREMENTS = Path(__file__).parents[1] / "requirements" / "run.txt"
_SECONDS = 300


class _Vulnerability(msgspec.Struct):
    id: str
    fix_versions: list[str]


class _Dependency(msgspec.Struct):
    name: str
    version: str = ""
    vulns: list[_Vulnerability] = []
    skip_reason: str = ""


class _Report(msgspec.Struct):
    dependencies: list[_Dependency]


def main(options: Sequence[str]) -> int:
    """Audit, and print what was found or not asked."""
    code, lines = told(*_audited(options))
    print("\n".join(lines))
    return code


def told(report: bytes, complaint: str) -> tuple[int, list[str]]:
    """The exit code and the lines that follow from pip-audit's JSON, or its complaint for none."""
    try:
        found = msgspec.json.decode(report, type=_Report).dependencies
    except msgspec.DecodeError:
        return 0, [_unasked(f"all of {REQUIREMENTS.name}", complaint)]
    known = [_known(each, vulnerability) for each in found for vulnerability in each.vulns]
    skipped = [each for each in found if each.skip_reason]
    lines, asked = known, len(found) - len(skipped)
    if asked and not known:
        lines = [f"no vulnerability is known of {asked} dependencies"]
    if skipped:
        reason = skipped[0].skip_reason
        lines = [*lines, _unasked(f"{len(skipped)} of {len(found)} dependencies", reason)]
    return int(bool(known)), lines


def _audited(options: Sequence[str]) -> tuple[bytes, str]:
    """What pip-audit writes, and the last that it complains of."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", REQUIREMENTS, "--require-hashes"),
            *("--disable-pip", "--format", "json", "--progress-spinner", "off", *options),
        ],
        capture_output=True,
        timeout=_SECONDS,
    )
    complaints = done.stderr.decode(errors="replace").strip().splitlines()
    return done.stdout, complaints[-1] if complaints else f"pip-audit ended with {done.returncode}"


def _known(dependency: _Dependency, vulnerability: _Vulnerability) -> str:
    fixed = ", ".join(vulnerability.fix_versions) or "no version yet"
    return f"{dependency.name} {dependency.version}: {vulnerability.id}, fixed in {fixed}"


def _unasked(which: str, reason: str) -> str:
    return f"WARNING: advisories could not be asked for {which}: {reason}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
