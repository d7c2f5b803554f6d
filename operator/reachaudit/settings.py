"""What a user may set, as plain frozen values. The lowest layer: it imports nothing of ours."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple, TypeVar

SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})

T = TypeVar("T", bound=bool | str)


class SettingError(ValueError):
    """A setting that cannot be; the message is one sentence for its user."""


class ControllerPods(NamedTuple):
    """The pods that serve an ingress class, as a user names them (ING-19)."""

    class_name: str
    namespace: str
    labels: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """`nginx:ingress/app=proxy,tier=edge`."""
        labels = ",".join(f"{key}={value}" for key, value in self.labels)
        return f"{self.class_name}:{self.namespace}/{labels}"


class Option(NamedTuple):
    """One thing that may be assumed: `name` as `--assume NAME=VALUE` takes it.

    `rule`: the rule that leaves it open. `says`: a sentence for people. `words`: what each value
    means, the default first. `form`: how values of the user's own look, "" where there are none;
    `read` gives such a value in one way of writing, or raises ValueError.
    """

    name: str
    rule: str
    says: str
    words: Mapping[str, bool | str]
    form: str = ""
    read: Callable[[str], str] | None = None

    @property
    def default(self) -> str:
        """The value that holds unless a user chooses."""
        return next(iter(self.words))

    @property
    def choices(self) -> str:
        """All that may be chosen, for people: `true, false`."""
        return ", ".join([*self.words, *([self.form] if self.form else [])])

    def meaning(self, text: str) -> bool | str:
        """What a value means; raises SettingError."""
        if text in self.words:
            return self.words[text]
        try:
            if self.read is not None:
                return self.read(text)
        except ValueError:
            pass
        raise SettingError(f"{self.name} must be one of {self.choices}, not {text!r}")


def _option(
    rule: str,
    says: str,
    words: Mapping[str, T],
    form: str = "",
    read: Callable[[str], str] | None = None,
) -> T:
    default = next(iter(words.values()))
    return field(default=default, metadata={"option": Option("", rule, says, words, form, read)})


def _words(*words: str) -> dict[str, str]:
    return {word: word for word in words}


_TRUE = {"true": True, "false": False}
_CLASS = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_FOUND = "found"


def _cidrs(text: str) -> str:
    return ",".join(str(ipaddress.ip_network(part)) for part in text.split(","))


def _class_name(text: str) -> str:
    if not re.fullmatch(_CLASS, text):
        raise ValueError
    return text


def controller_pods(text: str) -> list[ControllerPods]:
    """What a value of `ingress_controllers` says; raises ValueError."""
    found = []
    for part in text.split(";") if text != _FOUND else ():
        match = re.fullmatch(rf"({_CLASS}):([-a-z0-9]+)/(\S+)", part)
        if not match:
            raise ValueError
        pairs = [pair.partition("=") for pair in match[4].split(",")]
        if not all(key and equals for key, equals, _ in pairs):
            raise ValueError
        labels = tuple(sorted((key, value) for key, _, value in pairs))
        found.append(ControllerPods(match[1], match[3], labels))
    return found


def _controllers(text: str) -> str:
    return ";".join(map(str, controller_pods(text)))


@dataclass(frozen=True)
class Assumptions:
    """Choices where the platform leaves a rule open (basis C), printed with what rests on them.

    This is their one table: `OPTIONS`, `--assume` and all that is printed come from it.
    """

    ip_blocks_match_pods: bool = _option(
        "NP-30",
        "An ipBlock that covers a pod's address matches the pod; else what it allows is UNKNOWN.",
        _TRUE,
    )
    ip_blocks_match_nodes: bool = _option(
        "NP-30",
        "An ipBlock that covers a node's address matches the node; else what it allows is UNKNOWN.",
        _TRUE,
    )
    host_network: str = _option(
        "NP-47, NP-48",
        "Policies have no effect on pods of their node's network, or are applied to them.",
        _words("ignored", "applied"),
    )
    sidecar_port_names: str = _option(
        "NP-40",
        "Policies' named ports are found on restartable init containers too, as Services' are, or "
        "on containers alone.",
        _words("matched", "ignored"),
    )
    extra_networks: str = _option(
        "NP-51",
        "What policies shut for pods with further network interfaces is UNKNOWN, or these are as "
        "if not there.",
        _words("unknown", "ignored"),
    )
    other_platforms: str = _option(
        "UNK-13",
        "What policies shut for pods on Windows and for virtual machines is UNKNOWN, or they are "
        "taken for pods like others.",
        _words("unknown", "ignored"),
    )
    policies_enforced: bool = _option(
        "UNK-1", "A plugin enforces NetworkPolicies; else they shut nothing.", _TRUE
    )
    enforcer: str = _option(
        "NP-44, NP-46",
        "Which plugin enforces NetworkPolicies: where measured ones differ, verdicts are UNKNOWN "
        "unless it is named.",
        _words("unknown", "kube-router", "kube-network-policies"),
    )
    pod_ranges: str = _option(
        "EXT-3",
        "Pods of unknown address, as those of manifests, may have any, or one in certain ranges.",
        _words("unknown"),
        "CIDR[,CIDR...]",
        _cidrs,
    )
    unreported_pods_ready: bool = _option(
        "SVC-12",
        "Pods without a status, as those of manifests, are ready to serve their Services.",
        _TRUE,
    )
    pod_range_routed: str = _option(
        "EXT-12",
        "Pod addresses can be dialled from outside: by nobody, from private networks, by everyone.",
        _words("false", "private", "true"),
    )
    service_range_routed: str = _option(
        "SVC-23",
        "ClusterIPs can be dialled from outside: by nobody, from private networks, by everyone.",
        _words("false", "private", "true"),
    )
    external_ips_programmed: bool = _option(
        "SVC-38", "kube-proxy captures packets to externalIPs of Services.", _TRUE
    )
    node_port_addresses: str = _option(
        "SVC-25, UNK-5",
        "Node ports are open on all addresses of a node, or on its primary one of each family.",
        _words("all", "primary"),
    )
    node_port_clients: str = _option(
        "UNK-4",
        "Node ports are dialled from wherever an address of a node lets clients come, or, whatever "
        "its addresses, from private networks only, or from the internet.",
        _words("by-address", "private", "internet"),
    )
    classed_balancers: str = _option(
        "SVC-33",
        "How load balancers of a loadBalancerClass reach the nodes is UNKNOWN, or their packets "
        "arrive with the load balancer's address still on, as those of a VIP.",
        _words("unknown", "vip"),
    )
    named_balancers: str = _option(
        "EXT-15",
        "Load balancers of which only a name is known face the internet, or private networks.",
        _words("internet", "private"),
    )
    ingress_controllers: str = _option(
        "ING-19",
        "The pods of ingress controllers are found by their labels, addresses or arguments, or a "
        "class's are those with certain labels in a namespace.",
        _words(_FOUND),
        "CLASS:NAMESPACE/KEY=VALUE[,...][;...]",
        _controllers,
    )
    classless_ingress: str = _option(
        "ING-5",
        "Whether an Ingress without a class is served is UNKNOWN, it is not, or it is served as of "
        "that class.",
        _words("unknown", "ignored"),
        "CLASS",
        _class_name,
    )
    unread_annotations: str = _option(
        "ING-23",
        "What passes by an Ingress with annotations that may refuse it, and are not read here, is "
        "UNKNOWN, or such annotations are as if not there.",
        _words("unknown", "ignored"),
    )
    vendor_global: str = _option(
        "UNK-2",
        "Vendors' cluster-wide policies make all verdicts UNKNOWN, or are as if not there.",
        _words("unknown", "ignored"),
    )

    def described(self) -> tuple[str, ...]:
        """`name=value` of each, in the form that `--assume` takes."""
        return tuple(f"{name}={text_of(getattr(self, _field(name)))}" for name in OPTIONS)


def text_of(value: object) -> str:
    """The text by which `--assume` takes a value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _field(flag: str) -> str:
    return flag.replace("-", "_")


OPTIONS: dict[str, Option] = {
    _flag(f.name): f.metadata["option"]._replace(name=_flag(f.name)) for f in fields(Assumptions)
}


def assume(assumptions: Assumptions, setting: str) -> Assumptions:
    """Assumptions with one `name=value` taken over; raises SettingError."""
    name, _, text = setting.partition("=")
    option = OPTIONS.get(name)
    if option is None:
        raise SettingError(f"no assumption is named {name!r}; there are {', '.join(OPTIONS)}")
    values = {f.name: getattr(assumptions, f.name) for f in fields(assumptions)}
    return Assumptions(**{**values, _field(name): option.meaning(text)})


class Listen(NamedTuple):
    """Where to listen."""

    host: str
    port: int


def is_loopback(host: str) -> bool:
    """Whether a name or address means the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Options:
    """How the operator runs. `namespace` is its own; `instance` names it in Events.

    `api`: where findings are served as JSON, None for nowhere. `lease`: the Lease that says which
    of several replicas leads, None for one that is alone and remembers nothing.
    """

    kubeconfig: str | None
    context: str | None
    namespace: str
    instance: str
    listen: Listen
    api: Listen | None
    lease: str | None
    excluded: frozenset[str]
    assumptions: Assumptions
