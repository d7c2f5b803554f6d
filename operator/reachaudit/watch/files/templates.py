"""Workloads of files: the pods that their controllers would make."""

from functools import partial
from typing import ClassVar

import msgspec

from reachaudit.model.facts import Fact, Owner, Pod
from reachaudit.model.kinds import Kind
from reachaudit.model.names import Ref
from reachaudit.model.objects.wire import (
    Invalid,
    Metadata,
    Object,
    OwnerReference,
    Reading,
    Wire,
    owner_of,
)
from reachaudit.model.objects.workloads import Condition, PodSpec, WirePod, read_pod
from reachaudit.model.parse import parser

JOB_NAMES = ("batch.kubernetes.io/job-name", "job-name")


class Workload(Fact, frozen=True, gc=False):
    """A controller of pods in a file. `pod` is what its template says, without a name.

    `replicas`: how many pods there are, None for one a node. `first`: the number of the first
    where they are numbered, None where they are not. `owner`: its own controller, as an exported
    ReplicaSet has one.
    """

    kind: ClassVar[str] = "Workload"
    kind_name: str
    pod: Pod
    replicas: int | None
    first: int | None = None
    owner: Owner | None = None

    @property
    def ref(self) -> Ref:
        """The Deployment, StatefulSet …"""
        return Ref(self.kind_name, self.namespace, self.name)


class WireTemplate(Wire):
    """A pod's template."""

    metadata: Metadata = msgspec.field(default_factory=Metadata)
    spec: PodSpec | None = None


class Ordinals(Wire):
    """`spec.ordinals` of a StatefulSet."""

    start: int | None = None


class WorkloadSpec(Wire):
    """`spec` of a workload: each kind has some of these."""

    replicas: int | None = None
    selector: dict[str, object] | None = None
    template: WireTemplate | None = None
    ordinals: Ordinals | None = None
    parallelism: int | None = None
    completions: int | None = None
    completion_mode: str | None = None
    suspend: bool | None = None


class WorkloadStatus(Wire):
    """`status` of a Job."""

    conditions: list[Condition] | None = None


class WireWorkload(Object):
    """A workload on the wire."""

    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class JobTemplate(Wire):
    """`spec.jobTemplate` of a CronJob."""

    spec: WorkloadSpec | None = None


class CronJobSpec(Wire):
    """`spec` of a CronJob."""

    job_template: JobTemplate | None = None
    suspend: bool | None = None


class WireCronJob(Object):
    """A CronJob on the wire."""

    spec: CronJobSpec | None = None


def read_workload(kind_name: str, workload: WireWorkload) -> Reading:
    """A workload with `spec.replicas`; raises Invalid where there is no template."""
    spec = workload.spec or WorkloadSpec()
    first = None
    if kind_name == "StatefulSet":
        first = (spec.ordinals.start or 0) if spec.ordinals else 0
    replicas = None if kind_name == "DaemonSet" else _count("spec.replicas", spec.replicas)
    reading = _reading(
        kind_name, workload.metadata, spec.template, "spec.template", replicas, first
    )
    if _misses(spec):
        refused = "spec.selector: it does not match the labels of spec.template"
        return reading._replace(problems=(*reading.problems, refused))
    return reading


def _misses(spec: WorkloadSpec) -> bool:
    """Whether the selector surely leaves out the pods of the template, which the API refuses."""
    selector = spec.selector or {}
    wanted = selector.get("matchLabels", selector)
    labels = (spec.template.metadata.labels if spec.template else None) or {}
    return isinstance(wanted, dict) and any(
        isinstance(value, str) and labels.get(key) != value for key, value in wanted.items()
    )


def read_job(job: WireWorkload) -> Reading:
    """A Job: its pods at one time; none once it is over."""
    spec = job.spec or WorkloadSpec()
    conditions = (job.status.conditions or ()) if job.status else ()
    over = any(c.type in ("Complete", "Failed") and c.status == "True" for c in conditions)
    replicas = 0 if over or spec.suspend else _parallel(spec, "spec")
    meta = job.metadata
    named = dict.fromkeys(JOB_NAMES, meta.name)
    first = 0 if spec.completion_mode == "Indexed" else None
    return _reading("Job", meta, spec.template, "spec.template", replicas, first, named)


def read_cron_job(cron: WireCronJob) -> Reading:
    """A CronJob: the pods of one run. A run's Job has a name that nobody knows before."""
    outer = cron.spec or CronJobSpec()
    spec = (outer.job_template.spec if outer.job_template else None) or WorkloadSpec()
    path = "spec.jobTemplate.spec"
    replicas = 0 if outer.suspend or spec.suspend else _parallel(spec, path)
    first = 0 if spec.completion_mode == "Indexed" else None
    return _reading("CronJob", cron.metadata, spec.template, f"{path}.template", replicas, first)


def _parallel(spec: WorkloadSpec, path: str) -> int:
    parallelism = _count(f"{path}.parallelism", spec.parallelism)
    if spec.completions is None:
        return parallelism
    return min(parallelism, _count(f"{path}.completions", spec.completions))


def _count(path: str, written: int | None) -> int:
    """A number of pods, one where none is written (M-9)."""
    if written is not None and written < 0:
        raise Invalid(f"{path}: {written} is less than 0")
    return 1 if written is None else written


def _reading(
    kind_name: str,
    meta: Metadata,
    template: WireTemplate | None,
    path: str,
    replicas: int | None,
    first: int | None,
    labels: dict[str, str] | None = None,
) -> Reading:
    if template is None:
        raise Invalid(f"{path}: missing")
    made = Metadata(
        namespace=meta.namespace,
        labels={**(template.metadata.labels or {}), **(labels or {})},
        annotations=template.metadata.annotations,
        owner_references=[OwnerReference(kind_name, meta.name, controller=True)],
    )
    pod, problems = read_pod(WirePod(made, template.spec))
    assert isinstance(pod, Pod)
    workload = Workload(
        pod.namespace,
        meta.name,
        kind_name=kind_name,
        pod=pod,
        replicas=replicas,
        first=first,
        owner=owner_of(meta),
    )
    return Reading(workload, tuple(f"{path}.{problem}" for problem in problems))


def _kind(name: str, group: str, resource: str) -> Kind:
    read = partial(read_workload, name)
    return Kind(name, group, "v1", resource, parser(name, WireWorkload, read))


TEMPLATES = (
    _kind("Deployment", "apps", "deployments"),
    _kind("StatefulSet", "apps", "statefulsets"),
    _kind("DaemonSet", "apps", "daemonsets"),
    _kind("ReplicaSet", "apps", "replicasets"),
    _kind("ReplicationController", "", "replicationcontrollers"),
    Kind("Job", "batch", "v1", "jobs", parser("Job", WireWorkload, read_job)),
    Kind("CronJob", "batch", "v1", "cronjobs", parser("CronJob", WireCronJob, read_cron_job)),
)
