"""A small cluster for scenes: who serves Ingresses, and what was wrong before the audit began."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster.api import Api
from cluster.controlplane import ControlPlane
from cluster.kubelets import Kubelets
from cluster.namespaces import create_namespace
from live.identity import USER, install_identity
from live.operatorprocess import Operator
from live.props import OPEN, ingress_class, policy, run_pod, service
from live.scene import Scene

_CONTROLLER = {
    "app.kubernetes.io/name": "ingress-nginx",
    "app.kubernetes.io/component": "controller",
}


@dataclass
class Stage:
    """A cluster and the operator that audits it, with the operator's kubeconfig."""

    controlplane: ControlPlane
    operator: Operator
    kubeconfig: Path
    scenes: list[Scene] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """The API server, for the administrator."""
        return self.controlplane.api

    def scene(self, prefix: str) -> Scene:
        """A new namespace."""
        self.scenes.append(Scene(self.api, self.operator, create_namespace(self.api, prefix)))
        return self.scenes[-1]

    def furnished(self, prefix: str, app: str) -> Scene:
        """A namespace with a pod whose policy shuts nothing: there is nothing to find."""
        scene = self.scene(prefix)
        api, namespace, no_policies = self.api, scene.namespace, scene.own("RA001")
        scene.after(lambda: run_pod(api, namespace, app), opens=[no_policies])
        manifest = policy(namespace, "open", app, OPEN)
        scene.after(lambda: api.create(manifest), closes=[no_policies])
        return scene

    def served(self, scene: Scene, app: str) -> None:
        """A Service of a scene for an app whose pods run there already."""

        def put(selected: str) -> None:
            self.api.apply(service(scene.namespace, app, selected))

        # In two steps: with the right selector at once, whether there is a moment without
        # endpoints would be up to the endpoint controller.
        scene.after(lambda: put("none"), opens=[f"RA022 Service/{app}"])
        scene.after(lambda: put(app), closes=[f"RA022 Service/{app}"])

    def close(self) -> None:
        """Whatever was told in a scene must have been expected there."""
        if not all(scene.as_expected for scene in self.scenes):
            return  # a test has failed, and told why
        last = self.scene("last")
        # Rounds and Events have an order: after this one, all earlier ones are over.
        last.after(lambda: run_pod(self.api, last.namespace, "web"), opens=[last.own("RA001")])
        for scene in self.scenes:
            scene.assert_nothing_more()


@contextmanager
def open_stage() -> Iterator[Stage]:
    """The cluster with the operator at work."""
    with ControlPlane(audited=USER) as controlplane, Kubelets(controlplane.api, external=1):
        command = install_identity(controlplane.api)
        _set(controlplane.api)
        kubeconfig = controlplane.kubeconfig_for(command.namespace, command.service_account)
        with Operator(command, kubeconfig) as operator:
            stage = Stage(controlplane, operator, kubeconfig)
            yield stage
            stage.close()


def _set(api: Api) -> None:
    """An Ingress controller whose namespace has no policies, and a Service with nothing behind it:
    one finding of RA001 and one of RA022.
    """
    api.create(ingress_class("nginx", "k8s.io/ingress-nginx"))
    run_pod(api, create_namespace(api, "edge"), "controller", _CONTROLLER)
    api.create(service(create_namespace(api, "legacy"), "gone", "gone"))
