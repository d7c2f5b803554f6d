"""The image's recipe fits the tree and the chart; only a build would show more."""

import re
import tomllib

from chart.deployment import CONTAINERFILE, entrypoint
from chart.helmchart import ROOT, container, pod, render
from cluster.objects import dig

RECIPE = CONTAINERFILE.read_text()


def test_copies_what_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", RECIPE, re.MULTILINE)
    sources = [source for each in copied for source in each.split()]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source


def test_installs_what_is_locked_by_hash() -> None:
    assert "--require-hashes -r /src/requirements/run.txt" in RECIPE
    assert "--no-deps /src" in RECIPE


def test_starts_the_program_of_the_package() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    [program] = entrypoint()
    assert program in scripts


def test_user_has_a_name_and_is_the_one_that_the_chart_expects() -> None:
    user = dig(pod(render()), "securityContext", "runAsUser")
    assert re.findall(r"^USER (\d+):(\d+)$", RECIPE, re.MULTILINE) == [(f"{user}", f"{user}")]
    assert f"reachaudit:x:{user}:{user}:" in RECIPE


def test_exposes_the_port_that_the_chart_listens_on() -> None:
    [port] = re.findall(r"^EXPOSE (\d+)$", RECIPE, re.MULTILINE)
    assert dig(container(render()), "ports", 0, "containerPort") == int(port)
    assert f"--listen=0.0.0.0:{port}" in str(dig(container(render()), "args"))
