"""The samples keep their promises: complete, and consistent with their READMEs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster.objects import KubeObject, dig, objects, text
from demo import expected, samples

MANIFESTS = sorted(samples.SAMPLES.rglob("*.yaml"))
LEFT = {
    ("RA025", "Service", "partners/portal"),
    ("RA026", "Service", "ingress-nginx/ingress-nginx-controller"),
}


def test_the_kustomization_lists_every_file_of_the_world() -> None:
    [kustomization] = samples.read(samples.SAMPLES / "kustomization.yaml")
    files = {path.name for path in samples.SAMPLES.glob("*.yaml")} - {"kustomization.yaml"}
    listed = dig(kustomization, "resources")
    assert isinstance(listed, list)
    assert set(listed) == files


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.relative_to(samples.SAMPLES))
def test_no_key_is_written_twice(path: Path) -> None:
    for mapping in _mappings(yaml.compose_all(path.read_text(), yaml.SafeLoader)):
        keys = [key.value for key, _ in mapping.value]
        assert len(keys) == len(set(keys)), f"{path}: {mapping.start_mark}"


def test_every_type_of_service_is_there() -> None:
    services = [each for each in samples.base() if each["kind"] == "Service"]
    types = {text(each, "spec", "type") or "ClusterIP" for each in services}
    assert types == {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"}
    assert any(dig(each, "spec", "clusterIP") == "None" for each in services), "headless"
    assert any(dig(each, "spec", "externalIPs") for each in services), "externalIPs"
    assert {"EndpointSlice", "Ingress", "IngressClass"} <= {text(e, "kind") for e in samples.base()}


def test_pods_ask_for_little_and_have_no_rights() -> None:
    for each in samples.base():
        pod = dig(each, "spec", "template", "spec")
        if pod is None:
            continue
        assert dig(pod, "securityContext", "runAsNonRoot") is True, _name(each)
        assert dig(pod, "automountServiceAccountToken") is False, _name(each)
        for container in objects(pod, "containers"):
            assert dig(container, "resources", "requests"), _name(each)
            assert dig(container, "securityContext", "capabilities", "drop") == ["ALL"], _name(each)


def test_the_changes_are_numbered_and_none_is_empty() -> None:
    changes = samples.changes()
    assert [each.number for each in changes] == [1, 2, 3, 4, 5]
    for each in changes:
        assert each.title
        assert each.apply or each.delete


def test_the_last_change_restores_what_the_first_three_did() -> None:
    base = {_name(each): each for each in samples.base()}
    *changed, _, last = samples.changes()
    mended = {_name(each): each for each in last.apply}
    for each in changed:
        for touched in (*each.delete, *each.apply):
            assert mended[_name(touched)] == base[_name(touched)]


def test_what_opens_closes_but_for_what_is_meant_so() -> None:
    base, *after = expected.steps()
    assert 10 <= len(base.open) <= 15, "a list that can be read on one screen"
    assert after[-1].open == LEFT
    assert all(each.opened or each.closed for each in after)


def test_findings_are_of_objects_that_are_there() -> None:
    present = {_name(each) for each in samples.base()}
    for step, change in zip(expected.steps()[1:], samples.changes(), strict=True):
        present |= {_name(each) for each in change.apply}
        assert {(each.kind, each.name) for each in step.opened} <= present
    assert {(each.kind, each.name) for each in expected.steps()[0].open} <= present


def _name(manifest: KubeObject) -> tuple[str, str]:
    namespace, name = text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name")
    return text(manifest, "kind"), f"{namespace}/{name}" if namespace else name


def _mappings(nodes: Iterator[yaml.Node]) -> Iterator[yaml.MappingNode]:
    for node in nodes:
        if isinstance(node, yaml.MappingNode):
            yield node
            yield from _mappings(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            yield from _mappings(iter(node.value))
