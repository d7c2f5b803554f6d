"""The sample world on the local control plane."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from cluster.api import Api
from cluster.cloud import IngressAddresses, LoadBalancers
from cluster.kubelets import Kubelets
from cluster.waiting import wait_for
from demo import samples
from demo.settled import address_of, await_settled

# The cloud's load balancer of class `alb`. Class `nginx` has that of its controller's Service.
ALB_ADDRESS = "203.0.113.90"


@contextmanager
def sample_world(api: Api, nodes: int = 3) -> Iterator[Kubelets]:
    """The world before any change: pods run, endpoints are known, load balancers have addresses.

    Every node has an ExternalIP, so that nothing depends on the node that a pod lands on.
    """
    with ExitStack() as stand_ins:
        stand_ins.enter_context(LoadBalancers(api))
        kubelets = stand_ins.enter_context(Kubelets(api, nodes, external=nodes))
        samples.apply(api, (*samples.local(), *samples.base()))
        addresses = {"nginx": _controller_address(api), "alb": ALB_ADDRESS}
        stand_ins.enter_context(IngressAddresses(api, addresses))
        await_settled(api)
        yield kubelets


def _controller_address(api: Api) -> str:
    def address() -> str:
        name = "ingress-nginx-controller"
        return address_of(api.get("v1", "Service", name, "ingress-nginx").body)

    return wait_for(address, "the controller's load balancer has an address")
