"""The judge: one connection between two parties, by policy alone."""

from msgspec.structs import replace

from reachaudit.model.facts import Direction, NetworkPolicy, OpaquePolicy
from reachaudit.reach.identity import Identity
from reachaudit.reach.party import Party, together
from reachaudit.reach.profiles import Profile, Profiles
from reachaudit.reach.rules import Planes
from reachaudit.reach.verdict import Judgement, Reason, Value
from reachaudit.settings import Assumptions

# What becomes of a process that is not root, of a pod's own node, where policies shut it out (J).
_NOT_ROOT: dict[str, tuple[Value, Reason | None]] = {
    "unknown": (Value.UNKNOWN, Reason.IMPLEMENTATION),
    "kube-router": (Value.ALLOW, None),
    "kube-network-policies": (Value.DENY, None),
}


class Judge:
    """Judges connections by the rows of both ends (NP-10)."""

    def __init__(self, identity: Identity, assumptions: Assumptions) -> None:
        self.identity, self._assumptions = identity, assumptions
        self.ingress = Profiles(identity, "ingress")
        self.egress = Profiles(identity, "egress")

    @property
    def opaque_everywhere(self) -> bool:
        """Whether a policy that is not understood reaches over the whole cluster (UNK-2)."""
        return self.ingress.opaque_everywhere

    def put(self, policy: NetworkPolicy | OpaquePolicy) -> None:
        """A policy is there."""
        for profiles in (self.ingress, self.egress):
            if isinstance(policy, OpaquePolicy):
                if self._heeded(policy):
                    profiles.heed(policy)
            elif self._isolates(policy, profiles.direction):
                profiles.put(policy)

    def drop(self, policy: NetworkPolicy | OpaquePolicy) -> None:
        """The reverse of `put`."""
        for profiles in (self.ingress, self.egress):
            if isinstance(policy, OpaquePolicy):
                if self._heeded(policy):
                    profiles.unheed(policy)
            elif self._isolates(policy, profiles.direction):
                profiles.drop(policy)

    def profiles(self, direction: Direction) -> Profiles:
        """What policies allow in a direction."""
        return self.ingress if direction == "ingress" else self.egress

    def renew(self) -> None:
        """Signatures, or the namespaces that selectors match, are others than before."""
        self.ingress.renew()
        self.egress.renew()

    def _isolates(self, policy: NetworkPolicy, direction: Direction) -> bool:
        return self._assumptions.policies_enforced and policy.isolates(direction)  # UNK-1

    def _heeded(self, policy: OpaquePolicy) -> bool:
        """Whether a policy that is not understood makes verdicts UNKNOWN (UNK-2)."""
        if policy.kind_name == NetworkPolicy.kind:
            return self._assumptions.policies_enforced
        heed_global = self._assumptions.vendor_global != "ignored"
        return not policy.is_view and (heed_global or bool(policy.namespace))

    def connection(self, source: Party, target: Party, position: int) -> Judgement:
        """A new connection from source to target on a port of the line (NP-11)."""
        if source.is_pod(target):  # NP-45
            return Judgement(source, source, target, position, exempt=("egress", "ingress"))
        return self.rewritten(source, source, target, position)

    def rewritten(self, source: Party, seen: Party, target: Party, position: int) -> Judgement:
        """The same where the target's policy sees another source, as after masquerading (EXT-9)."""
        egress, egress_reason = self._egress(source, target, position)
        ingress, ingress_reason = self._ingress(seen, target, position)
        reason = egress_reason or ingress_reason
        exempt: tuple[Direction, ...] = ("ingress",) if self._waved_in(seen, target) else ()
        return Judgement(source, seen, target, position, egress, ingress, reason, exempt=exempt)

    def hairpin(self, pod: Party, position: int, *, by_service: bool = True) -> Judgement:
        """A pod to itself through a Service: plugins agree where both directions do (J, NP-46).

        Else it hangs on the enforcer. kube-router's ingress lets it pass. With ingress denied,
        kube-network-policies denies; what it does with egress alone denied, or what either does
        where it is no Service that leads back, was not measured.
        """
        plain = self.rewritten(pod, pod, pod, position)
        enforcer = self._assumptions.enforcer if by_service else "unknown"
        if enforcer == "kube-router":
            shut = plain.ingress is Value.DENY
            passing = replace(plain, exempt=("ingress",))
            return replace(passing, ingress=Value.ALLOW) if shut else passing
        if plain.egress is plain.ingress:
            return plain
        sure = plain.ingress is Value.DENY or plain.egress is Value.ALLOW
        if enforcer == "kube-network-policies" and sure:
            return plain
        unsure = Value.UNKNOWN
        return replace(plain, egress=unsure, ingress=unsure, reason=Reason.IMPLEMENTATION)

    def other_protocol(self, source: Party, target: Party) -> Judgement:
        """ICMP and alike: open where nothing isolates, UNKNOWN else (NP-43)."""
        if source.is_pod(target):
            return Judgement(source, source, target, None, exempt=("egress", "ingress"))
        egress = source.number is not None and not self._plain(self.egress.of(source.number))
        ingress = target.number is not None and not self._plain(self.ingress.of(target.number))
        exempt: tuple[Direction, ...] = ()
        if source.root and together(source.node, target.node):
            ingress, exempt = False, ("ingress",)
        return Judgement(
            source,
            source,
            target,
            None,
            Value.UNKNOWN if egress else Value.ALLOW,
            Value.UNKNOWN if ingress else Value.ALLOW,
            Reason.PROTOCOL if egress or ingress else None,
            exempt=exempt,
        )

    def side(
        self, direction: Direction, subject: Party, peer: Party, position: int
    ) -> tuple[Value, Reason | None]:
        """What one end's policies say of a peer: its egress or its ingress."""
        if direction == "egress":
            return self._egress(subject, peer, position)
        return self._ingress(peer, subject, position)

    def profile(self, direction: Direction, subject: Party) -> Profile | None:
        """What the policies that select an end allow it; None where none can select it."""
        if subject.number is None:
            return None
        return (self.egress if direction == "egress" else self.ingress).of(subject.number)

    def admitted(self, planes: Planes, peer: Party) -> Value:
        """What a set of peers says of one, as far as ipBlocks surely match it (NP-30)."""
        if planes.must.by_class(peer.number):
            return Value.ALLOW
        for peers in planes:
            self.identity.telling.looks_for(peer, peers.signatures)
            for _, signatures in peers.guarded:
                self.identity.telling.looks_for(peer, signatures)
        heed = self._heed_blocks(peer)
        return planes.value(peer.number, self.identity.signature(peer), heed_blocks=heed)

    def _egress(self, source: Party, target: Party, position: int) -> tuple[Value, Reason | None]:
        if source.number is None:
            return self._unselected(source)
        return self._by_row(self.egress.of(source.number), target, position)

    def _ingress(self, source: Party, target: Party, position: int) -> tuple[Value, Reason | None]:
        if target.number is None:
            return self._unselected(target)
        own_node = together(source.node, target.node) if source.number is None else False
        if own_node and source.root:  # NP-44
            return Value.ALLOW, None
        value, reason = self._by_row(self.ingress.of(target.number), source, position)
        if own_node and value is Value.DENY:  # NP-44: it may not be root
            return _NOT_ROOT[self._assumptions.enforcer]
        if own_node is None and value is Value.DENY:
            return Value.UNKNOWN, Reason.NO_NODE
        return value, reason

    def _waved_in(self, source: Party, target: Party) -> bool:
        """NP-44: whether a source on the target's own node passes whatever policies say."""
        if source.number is not None or target.number is None:
            return False
        always = source.root or _NOT_ROOT[self._assumptions.enforcer][0] is Value.ALLOW
        return always and bool(together(source.node, target.node))

    def _unselected(self, party: Party) -> tuple[Value, Reason | None]:
        """Nobody isolates nodes or the outside (NP-47, NP-61), unless a vendor guards hosts too."""
        if party.node and self.opaque_everywhere:
            return Value.UNKNOWN, Reason.VENDOR_POLICY
        return Value.ALLOW, None

    def _by_row(self, profile: Profile, peer: Party, position: int) -> tuple[Value, Reason | None]:
        planes = profile.at(position)
        value = self.admitted(planes, peer)
        if value is not Value.UNKNOWN:
            return value, None
        by_block = not planes.may.by_class(peer.number) and not profile.opaque
        if by_block:
            return value, Reason.IP_BLOCK if peer.address.placed else Reason.NO_ADDRESS
        return value, profile.reason

    def _heed_blocks(self, peer: Party) -> bool:
        """Whether ipBlocks surely match an address: some plugins go by identity (NP-30)."""
        if peer.number is not None:
            return self._assumptions.ip_blocks_match_pods
        return not peer.node or self._assumptions.ip_blocks_match_nodes

    @staticmethod
    def _plain(profile: Profile) -> bool:
        return not profile.isolated and not profile.opaque
