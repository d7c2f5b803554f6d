"""What anybody may write into objects, as far as the API server takes it, breaks no output."""

import json
import re
import xml.etree.ElementTree
from collections.abc import Iterator
from functools import partial

import pytest

from cli.program import reachaudit
from cluster.objects import KubeObject, text
from live import behind
from live.props import NETWORKING, ingress
from live.scene import Scene
from live.stage import Stage
from live.transitions import events
from reachaudit.checks.catalogue import ABOUT

pytestmark = pytest.mark.live

# What would steer a terminal, turn text round, end a line, a label, a cell, a tag or a string.
ODD = "\x1b[31m\x07\x9b\u202e\u2066\u200b\r\n\t\x00\x7f\u2028\ufeff\"'`,;|<script>&]]>%0A::error::{"
FOR_PATHS = ODD.replace("\x00", "")
ALLOW_LIST = "nginx.ingress.kubernetes.io/whitelist-source-range"
KIB = 1024
FORMS = ("text", "json", "sarif", "junit", "github")
FLOW_FORMS = ("text", "json", "csv", "dot")


def odd(namespace: str, annotation: str) -> KubeObject:
    """An Ingress whose every free text is odd, and whose Service is not there."""
    manifest = ingress(namespace, "odd", {})
    annotations = {ALLOW_LIST: annotation, "example.com/odd": ODD}
    metadata = {"namespace": namespace, "name": "odd", "annotations": annotations}
    backend = {"service": {"name": "none", "port": {"number": 80}}}
    route = {"path": f"/{FOR_PATHS}", "pathType": "ImplementationSpecific", "backend": backend}
    rules = [{"host": "shop.example.com", "http": {"paths": [route]}}]
    return {**manifest, "metadata": metadata, "spec": {"ingressClassName": "nginx", "rules": rules}}


@pytest.fixture(scope="module")
def scene(stage: Stage) -> Iterator[Scene]:
    """A namespace with such an Ingress, told by the operator."""
    found = stage.scene("untrusted")
    manifest = odd(found.namespace, ODD + "," + "x" * 200 * KIB)
    found.after(lambda: stage.api.create(manifest), opens=["RA035 Ingress/odd"])
    yield found
    found.after(
        lambda: stage.api.delete(NETWORKING, "Ingress", "odd", found.namespace),
        closes=["RA035 Ingress/odd"],
    )


def test_metrics_are_those_of_any_cluster(stage: Stage, scene: Scene) -> None:
    exposition = stage.operator.metrics()
    assert all(line.isprintable() for line in exposition.text.split("\n"))
    assert {key[0] for key in exposition.by("reachaudit_findings", "check")} <= ABOUT.keys()
    assert exposition.value("reachaudit_problems", kind="Ingress") >= 1
    assert scene.as_expected


def test_the_log_has_whole_short_lines(stage: Stage, scene: Scene) -> None:
    about = [message for message in stage.operator.messages if scene.namespace in message]
    assert about
    for message in about:
        assert message.isprintable()
        assert len(message) < 4 * KIB


def test_events_and_findings_are_plain_and_short(stage: Stage, scene: Scene) -> None:
    [event] = events(stage.api, scene.namespace)
    assert is_plain(text(event, "note"))
    [finding] = [
        found
        for found in stage.operator.findings()
        if text(found, "cause", "namespace") == scene.namespace
    ]
    assert r"\x1b[31m" in text(finding, "message") + text(finding, "field") + str(finding["path"])
    assert all(map(is_plain, strings(finding)))


@pytest.mark.parametrize("form", FORMS)
def test_a_scan_is_plain_in_each_form(stage: Stage, scene: Scene, form: str) -> None:
    done = reachaudit(
        "scan", "--live", "--kubeconfig", str(stage.controlplane.admin_kubeconfig), "-o", form
    )
    assert done.code == 0
    for line in (done.out + done.err).split("\n"):
        assert line.isprintable(), line
        assert form == "sarif" or len(line) < 4 * KIB, line[:200]
    assert scene.namespace in done.out
    if form in ("json", "sarif"):
        assert all(each.replace("\n", "").isprintable() for each in strings(json.loads(done.out)))
    if form == "junit":
        xml.etree.ElementTree.fromstring(done.out)
    if form == "github":
        assert all(re.match(r"::(error|warning|notice) ", each) for each in done.out.splitlines())


@pytest.mark.parametrize("form", FLOW_FORMS)
def test_a_listing_is_plain_in_each_form(stage: Stage, scene: Scene, form: str) -> None:
    config = str(stage.controlplane.admin_kubeconfig)
    done = reachaudit("list", "--live", "--kubeconfig", config, "-o", form)
    assert done.code == 0
    assert all(line.isprintable() for line in (done.out + done.err).split("\n"))
    assert scene.as_expected


def test_a_mebibyte_of_annotation_is_read_as_any(stage: Stage) -> None:
    """The API server takes a quarter of that; etcd takes it."""
    scene = stage.scene("mebibyte")
    etcd = stage.controlplane.etcd
    for annotation in (
        "x" * KIB * KIB,
        "x," * (KIB * KIB // 2),
        ",".join(map(str, range(KIB * 40))),
    ):
        before = len(stage.operator.records)
        manifest = odd(scene.namespace, annotation)
        scene.after(partial(behind.put, etcd, manifest), opens=["RA035 Ingress/odd"])
        scene.after(partial(behind.delete, etcd, manifest), closes=["RA035 Ingress/odd"])
        said = stage.operator.records[before:]
        assert len(said) < 30
        assert max(len(text(record, "message")) for record in said) < 4 * KIB


def is_plain(said: str) -> bool:
    return said.isprintable() and len(said.encode()) <= KIB


def strings(document: object) -> Iterator[str]:
    """All texts in a JSON document."""
    match document:
        case str():
            yield document
        case dict():
            for key, value in document.items():
                yield from (key, *strings(value))
        case list():
            for each in document:
                yield from strings(each)
