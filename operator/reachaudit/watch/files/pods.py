"""The pods that stand for all of a workload's."""

import re
from collections.abc import Collection, Container, Iterator
from itertools import count, islice

from msgspec.structs import replace

from reachaudit.model.facts import Controller, Pod
from reachaudit.model.objects.wire import labels_of
from reachaudit.watch.files.templates import Workload

POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
JOB_INDEX = "batch.kubernetes.io/job-completion-index"
_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
MANY = 2  # of pods that nothing tells apart, two stand for all: itself, and another like it


def pods_of(
    workload: Workload, nodes: int, spoken: Collection[str], taken: Container[tuple[str, str]]
) -> Iterator[Pod]:
    """The pods that stand for all of a workload's.

    `nodes` is how many there are, as far as is known. `spoken` are the label values of selectors,
    which may single out a numbered pod. `taken` are the names of pods, with their namespaces: of
    pods whose names are not known before, it does not matter which they are.
    """
    replicas = workload.replicas if workload.replicas is not None else nodes or MANY
    if workload.first is not None:
        for number in _numbers(workload, workload.first, replicas, spoken):
            yield _numbered(workload, number)
        return
    names = (f"{workload.name}-{number}" for number in count())
    free = (name for name in names if (workload.namespace, name) not in taken)
    for name in islice(free, min(replicas, MANY)):
        yield replace(workload.pod, name=name)


def _numbers(workload: Workload, first: int, replicas: int, spoken: Collection[str]) -> list[int]:
    """Those that selectors may single out, and two of the others."""
    every = range(first, first + replicas)
    digits = (value.removeprefix(f"{workload.name}-") for value in spoken)
    named = {int(d) for d in digits if _NUMBER.fullmatch(d) and int(d) in every}
    return sorted([*named, *islice((n for n in every if n not in named), MANY)])


def _numbered(workload: Workload, number: int) -> Pod:
    name, labels = f"{workload.name}-{number}", dict(workload.pod.labels)
    if workload.kind_name == "StatefulSet":
        labels |= {POD_NAME: name, POD_INDEX: str(number)}
    else:
        labels[JOB_INDEX] = str(number)
    return replace(workload.pod, name=name, labels=labels_of(labels))


def controller_of(workload: Workload) -> Controller:
    """What a live cluster tells of a ReplicaSet or Job."""
    return Controller(
        workload.namespace,
        workload.name,
        kind_name=workload.kind_name,
        owner=workload.owner,
    )
