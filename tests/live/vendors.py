"""Kinds of vendors that come and go."""

from collections.abc import Iterator
from contextlib import contextmanager

from cluster.api import Api
from cluster.rest import ApiError
from cluster.waiting import wait_for
from live.manifests import crd
from reachaudit.model.kinds import VENDOR_KINDS, Kind

CRD = "apiextensions.k8s.io/v1", "CustomResourceDefinition"


def antrea(name: str) -> Kind:
    """A kind of Antrea's."""
    [found] = [kind for kind in VENDOR_KINDS if kind.name == f"{name}.crd.antrea.io"]
    return found


@contextmanager
def served(api: Api, kind: Kind) -> Iterator[None]:
    """A vendor's kind, as its CRD has it served."""
    name, scope = kind.name.partition(".")[0], "Namespaced" if kind.namespaced else "Cluster"
    await_absence(api, kind)
    api.create(crd(kind.group, name, kind.resource, kind.version, scope))
    wait_for(lambda: _lists(api, kind), "the CRD is served")
    try:
        yield
    finally:
        api.delete(*CRD, f"{kind.resource}.{kind.group}")
    wait_for(lambda: not _lists(api, kind), "the CRD is gone")


def await_absence(api: Api, kind: Kind) -> None:
    """Wait until there is no CRD of a kind: one that is being deleted stays a while."""
    wait_for(lambda: not _has_crd(api, kind), "the CRD is not there")


def _has_crd(api: Api, kind: Kind) -> bool:
    try:
        return bool(api.get(*CRD, f"{kind.resource}.{kind.group}"))
    except ApiError:
        return False


def _lists(api: Api, kind: Kind) -> bool:
    try:
        return bool(api.request("GET", kind.path))
    except ApiError:
        return False
