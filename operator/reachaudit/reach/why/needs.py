"""Needs: what it takes where no change of an object is known to flip an answer."""

from dataclasses import dataclass
from enum import Enum

from reachaudit.reach.verdict import Outcome, PathVerdict, Reason
from reachaudit.reach.why.asked import Asked
from reachaudit.reach.why.flips import Goal
from reachaudit.reach.why.hops import Hop, Told


class Kind(Enum):
    """What stands in the way of a flip."""

    BEYOND_POLICY = "beyond-policy"  # no policy can shut it
    NOT_ROUTED = "not-routed"  # clients outside have no route to it
    NOBODY = "nobody-there"  # no pod or node is at an end
    NOT_LISTENING = "not-listening"  # no Service, host port or load balancer listens there
    NO_ENDPOINTS = "no-endpoints"  # a Service has nobody to forward to
    NO_NAME = "no-name"  # a name leads nowhere
    NO_ROUTE = "no-route"  # no rule of an Ingress takes the request
    NO_BACKEND = "no-backend"  # an Ingress names a backend that is no Service's
    NO_CONTROLLER = "no-controller"  # nobody serves an Ingress, or nobody can come to who does
    PENDING = "pending"  # a load balancer has no address yet
    UNKNOWN = "unknown"  # it is not known, and no change is known to settle it


@dataclass(frozen=True, slots=True)
class Need:
    """What it takes to open or shut an answer, in words, and by which rules."""

    goal: Goal
    kind: Kind
    text: str
    rules: tuple[str, ...]


_ROUTES = "Clients outside have no route there: use a NodePort, a load balancer or an Ingress."
_KINDS: dict[str, tuple[Kind, str]] = {
    "EXT-12": (Kind.NOT_ROUTED, _ROUTES),
    "SVC-23": (Kind.NOT_ROUTED, _ROUTES),
    "EXT-1": (Kind.NOBODY, "Use an address that a pod or a node has."),
    "NP-49": (Kind.NOBODY, "A pod must run there and have an address."),
    "NP-50": (Kind.NOBODY, "Both ends need an address of one family."),
    "SVC-20": (Kind.NOT_LISTENING, "The Service needs an address of this family (ipFamilyPolicy)."),
    "SVC-25": (Kind.NOT_LISTENING, "The node needs an address of this family."),
    "SVC-31": (Kind.NOT_LISTENING, "A Service must listen on this port there."),
    "SVC-38": (Kind.NOT_LISTENING, "kube-proxy must program externalIPs."),
    "SVC-40": (Kind.NOT_LISTENING, "A pod on the node must have this host port at this address."),
    "SVC-3": (Kind.NOT_LISTENING, "Dial a port that the Service has, in a family that it has."),
    "SVC-14": (Kind.NO_ENDPOINTS, "It needs an endpoint that is ready."),
    "SVC-16": (Kind.NO_ENDPOINTS, "It needs an endpoint that is ready."),
    "SVC-24": (Kind.NO_ENDPOINTS, "It needs an endpoint on the client's node."),
    "SVC-28": (Kind.NO_ENDPOINTS, "It needs an endpoint on the node that is dialled."),
    "ING-17": (Kind.NO_ENDPOINTS, "The backend needs an endpoint that is ready."),
    "ING-20": (Kind.NO_ENDPOINTS, "The backend needs an endpoint, or a node port."),
    "SVC-17": (Kind.NO_NAME, "externalName must name a Service that exists."),
    "ING-7": (Kind.NO_ROUTE, "An Ingress must have a rule for this host."),
    "ING-10": (Kind.NO_ROUTE, "An Ingress must have a path for this, or a default backend."),
    "ING-11": (Kind.NO_BACKEND, "The Ingress must name a Service, and a port, that exist."),
    "ING-12": (Kind.NO_BACKEND, "A resource backend leads to no pod."),
    "ING-2": (Kind.NO_CONTROLLER, "The Ingress must name a class that exists."),
    "ING-15": (Kind.NO_CONTROLLER, "A Service must expose the controller's pods to the outside."),
    "ING-21": (Kind.PENDING, "The load balancer's provider must give it an address."),
}

# Rules by which a Service has nobody to forward to.
ENDPOINTS = {rule for rule, (kind, _) in _KINDS.items() if kind is Kind.NO_ENDPOINTS}
_NOTHING = (Kind.NOT_LISTENING, "Something must listen there.")

_PORTLESS = Need(
    "shut",
    Kind.BEYOND_POLICY,
    "What policies do to protocols without ports is not defined: none is sure to shut it.",
    ("NP-43",),
)

# What would settle what is not known.
EVIDENCE: dict[Reason, str] = {
    Reason.VENDOR_POLICY: "What the vendor's policies say; they are not read here. Where "
    "cluster-wide ones do not bear on it, say --assume vendor-global=ignored.",
    Reason.UNREADABLE_POLICY: "The NetworkPolicy in a form that can be read.",
    Reason.MISSING_NAMESPACE: "The Namespace object with its labels.",
    Reason.IMPLEMENTATION: "Which enforcer or kube-proxy mode runs: plugins differ here. Name a "
    "measured enforcer by --assume enforcer=NAME.",
    Reason.EXTRA_NETWORK: "By which of the pod's networks the packets come. Where policies hold "
    "for all, say --assume extra-networks=ignored.",
    Reason.PLATFORM: "Whether policies are enforced on this platform. If so, say "
    "--assume other-platforms=ignored.",
    Reason.IP_BLOCK: "Whether the network plugin matches ipBlocks with pods and nodes. If so, say "
    "--assume ip-blocks-match-pods=true or ip-blocks-match-nodes=true.",
    Reason.NO_ADDRESS: "The address, which a file does not tell: ask the live cluster (--live).",
    Reason.NO_NODE: "The node, which a file does not tell: ask the live cluster (--live).",
    Reason.NO_PORT: "The node port, which a cluster gives: name it in spec.ports[].nodePort.",
    Reason.PROTOCOL: "A try in the cluster: Kubernetes does not define it.",
    Reason.SOURCE_NAT: "Which address the far end sees.",
    Reason.PROVIDER: "Whether the load balancer's provider heeds the source ranges.",
    Reason.NAME_RESOLUTION: "The addresses that the name leads to: ask for one of them.",
    Reason.NODE_ADDRESS: "From which of its addresses the node sends.",
    Reason.OTHER_PROXY: "What the proxy does that serves this Service in kube-proxy's place.",
    Reason.CONTROLLER: "Which pods serve the Ingress: an IngressClass whose controller is known.",
    Reason.ANNOTATION: "What the annotations make of the request.",
    Reason.MATCHING: "How the controller matches the path: pathType Prefix or Exact would say.",
}


def need(asked: Asked, verdict: PathVerdict, hops: tuple[Hop, ...], goal: Goal) -> Need:
    """What a goal takes that no change of an object reaches."""
    if goal == "shut" and verdict.outcome is not Outcome.UNKNOWN:
        return _beyond_policy(hops) if asked.spans else _PORTLESS
    outside = all(q.source.blocks for q in asked.questions)
    if verdict.outcome is Outcome.NO_PATH:
        rules = verdict.rules or ("SVC-3",)
        if outside and rules[0] in ("SVC-16", "SVC-17"):
            return Need(goal, Kind.NOT_ROUTED, _ROUTES, rules)
        kind, text = next((_KINDS[rule] for rule in rules if rule in _KINDS), _NOTHING)
        return Need(goal, kind, text, rules)
    reason = verdict.reason or Reason.NAME_RESOLUTION
    unknown = EVIDENCE[reason]
    text = f"Nothing is sure to {goal} it before it is known: {unknown[0].lower()}{unknown[1:]}"
    return Need(goal, Kind.UNKNOWN, text, verdict.rules)


def _beyond_policy(hops: tuple[Hop, ...]) -> Need:
    """NP-44, NP-45, NP-47, NP-61: whom no policy keeps out."""
    free = [hop.sides for hop in hops if all(map(_is_free, hop.sides))]
    sides = [told for pair in free or [hop.sides for hop in hops] for told in pair]
    words = dict.fromkeys(told.because for told in sides if _is_free(told))
    rules = dict.fromkeys(rule for told in sides if _is_free(told) for rule in told.rules)
    text = f"No policy can shut it: {'; '.join(words)}."
    return Need("shut", Kind.BEYOND_POLICY, text, tuple(rules))


def _is_free(told: Told) -> bool:
    return told.side.exempt or told.side.profile is None
