"""Write what is made of other files: the chart's dashboards and the plain manifests.

    python -m deploy.render [--check]

With --check nothing is written; the exit code is 1 where a file is not what it would become.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from cluster.build import helm
from cluster.gobuild import BuildError
from deploy.dashboards.overview import overview

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "reachaudit"
DASHBOARD = CHART / "dashboards" / "overview.json"
MANIFESTS = ROOT / "deploy" / "manifests" / "reachaudit.yaml"

_HEAD = """\
# Made of charts/reachaudit by deploy/render.py. To install without Helm:
#   kubectl apply -f deploy/manifests/reachaudit.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: reachaudit
  labels:
    pod-security.kubernetes.io/enforce: restricted
"""


def dashboard() -> str:
    """The dashboard as JSON."""
    return JSONEncoder(sort_keys=True, indent=2).encode(overview()) + "\n"


def manifests() -> str:
    """The chart with its default values, as objects that Helm does not manage."""
    argv = [str(helm()), "template", "reachaudit", str(CHART), "--namespace", "reachaudit"]
    rendered = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout
    return _HEAD + "".join(
        line for line in rendered.splitlines(keepends=True) if not _names_helm(line)
    )


def main(arguments: list[str]) -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(prog="deploy.render", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check: bool = parser.parse_args(arguments).check
    try:
        # The manifests hold the dashboard, so it comes first.
        stale = [
            path.relative_to(ROOT)
            for path, render in ((DASHBOARD, dashboard), (MANIFESTS, manifests))
            if not _settle(path, render(), check=check)
        ]
    except (BuildError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for path in stale:
        print(f"{path} is not what it is made of: run python -m deploy.render", file=sys.stderr)
    return 1 if stale else 0


def _settle(path: Path, content: str, *, check: bool) -> bool:
    """Whether the file holds this content, at the latest now."""
    if path.exists() and path.read_text() == content:
        return True
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return not check


def _names_helm(line: str) -> bool:
    return line.strip().startswith(("helm.sh/chart:", "app.kubernetes.io/managed-by: Helm"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
