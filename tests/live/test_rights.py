"""The operator may do what it needs and no more, and on what it audits it never writes."""

from collections.abc import Iterator
from contextlib import closing
from itertools import product

import pytest

from cluster.api import Api
from cluster.objects import KubeObject, objects, text
from cluster.waiting import wait_for
from live.audited import READ, requests, resource
from live.identity import may
from live.operatorprocess import whole
from live.props import service
from live.stage import Stage
from live.transitions import events
from reachaudit.model.kinds import KINDS

pytestmark = pytest.mark.live

EVENTS = ("events.k8s.io", "events")
AT_HOME = {("", "configmaps"), ("coordination.k8s.io", "leases")}
MANAGER = "reachaudit"


@pytest.fixture(scope="module")
def busy(stage: Stage) -> Stage:
    """The stage, after an Event was posted and repeated, and what was told was kept twice."""
    scene = stage.furnished("rights", "web")
    stage.served(scene, "web")
    none, dead = service(scene.namespace, "web", "none"), "RA022 Service/web"
    scene.after(lambda: stage.api.apply(none), opens=[dead])
    wait_for(lambda: ("configmaps", "update") in _asked_at_home(stage), "the memory is kept", 30)
    return stage


@pytest.fixture
def identity(stage: Stage) -> Iterator[Api]:
    """The API server as the operator's own identity."""
    with closing(Api(stage.kubeconfig)) as api:
        yield api


def test_all_that_it_asks_for_is_allowed(busy: Stage) -> None:
    asked = requests(busy.controlplane)
    assert {text(each, "annotations", "authorization.k8s.io/decision") for each in asked} == {
        "allow"
    }
    # Vendors' kinds are not there; all else is answered well.
    assert {whole(each, "responseStatus", "code") for each in asked} <= {200, 201, 404}
    read = {resource(each) for each in asked if each["verb"] in ("list", "watch")}
    assert read == {(kind.group, kind.resource) for kind in KINDS}


def test_each_right_is_used_and_nothing_else_is_asked_for(busy: Stage) -> None:
    asked = [each for each in requests(busy.controlplane) if "objectRef" in each]
    used = {(*resource(each), text(each, "verb")) for each in asked}
    rights = set(granted(busy.api))
    assert used <= rights
    # Lists take a stream's place where there is none, or it breaks (test_lister.py).
    assert {verb for _, _, verb in rights - used} <= {"list"}
    lists = {kind for kind in rights if kind[2] == "list"}
    assert lists == {(kind.group, kind.resource, "list") for kind in KINDS}


def test_it_writes_events_and_at_home_its_lease_and_memory_and_nothing_else(busy: Stage) -> None:
    written = [each for each in requests(busy.controlplane) if each["verb"] not in READ]
    verbs = {of: {text(each, "verb") for each in written if resource(each) == of} for of in AT_HOME}
    assert {resource(each) for each in written} == {EVENTS, *AT_HOME}
    assert {text(each, "verb") for each in written if resource(each) == EVENTS} == {
        "create",
        "patch",
    }
    assert verbs == {of: {"create", "update"} for of in AT_HOME}
    own = [text(each, "objectRef", "namespace") for each in written if resource(each) in AT_HOME]
    assert set(own) == {"reachaudit"}


def test_no_audited_object_has_a_field_of_it(busy: Stage) -> None:
    for kind in KINDS:
        if not kind.optional:
            for item in busy.api.request("GET", kind.path).items:
                assert MANAGER not in managers(item)
    assert all(managers(event) == {MANAGER} for event in events(busy.api))


def test_secrets_and_all_that_changes_the_cluster_are_out_of_its_reach(identity: Api) -> None:
    for verb in READ:
        assert not may(identity, verb, "secrets", "default")
        assert not may(identity, verb, "secrets", "reachaudit")
    for verb in ("create", "update", "patch", "delete"):
        for kind in KINDS:
            assert not may(identity, verb, kind.resource, "default", kind.group)
    assert not may(identity, "create", "pods/exec", "default")
    assert may(identity, "list", "pods")
    assert may(identity, "create", "events", "default", "events.k8s.io")


def granted(api: Api) -> Iterator[tuple[str, str, str]]:
    """The operator's rights, as (API group, resource, verb)."""
    for kind in "ClusterRole", "Role":
        role = api.get("rbac.authorization.k8s.io/v1", kind, "reachaudit", "reachaudit").body
        for rule in objects(role, "rules"):
            yield from product(
                *(_texts(rule[name]) for name in ("apiGroups", "resources", "verbs"))
            )


def _texts(found: object) -> list[str]:
    assert isinstance(found, list)
    return [str(each) for each in found]


def _asked_at_home(stage: Stage) -> set[tuple[str, str]]:
    return {(resource(each)[1], text(each, "verb")) for each in requests(stage.controlplane)}


def managers(item: KubeObject) -> set[str]:
    return {text(each, "manager") for each in objects(item, "metadata", "managedFields")}
